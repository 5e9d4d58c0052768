"""Refactoring: lines of a file become a checked patch, which is applied, tested and taken back."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from functools import partial
from pathlib import Path
from typing import Any

from termcoder.edits import Applied, Patch, Undone, UndoStore, apply
from termcoder.edits.patch import unified
from termcoder.engine.base import Engine
from termcoder.errors import RefactorError, WorkspaceError
from termcoder.features.refactor_run import Job, RefactorEvent, RefactorRun
from termcoder.features.session_book import SessionBook
from termcoder.refactoring import asking
from termcoder.refactoring.checking import Found, Proposal
from termcoder.refactoring.ruling import ruled
from termcoder.refactoring.selecting import Selection, Target, select
from termcoder.scratch import Outcome, Scratch
from termcoder.sessions.schema import utc_now
from termcoder.settings import RefactorSettings
from termcoder.workspace import Workspace

PANE = "refactor"
"""Under this name a session keeps the refactorings."""

KEPT_PATCH = 200_000
"""Characters of a patch that are kept in the session."""


class Refactor:
    """Rewrites lines of one project. Methods that are not async block, and are meant for a thread."""

    def __init__(self, workspace: Workspace, book: SessionBook, settings: RefactorSettings) -> None:
        self.workspace = workspace
        self.settings = settings
        self._book = book
        self._undo = UndoStore(workspace.root)

    def path_of(self, file: Path) -> str:
        """A file's path in the project. Raises RefactorError for one outside of it."""
        try:
            return file.resolve().relative_to(self.workspace.root).as_posix()
        except (ValueError, OSError) as error:
            raise RefactorError(
                f"{str(file)!r} is not in the project {self.workspace.root}.",
                remedy="Name the project's folder with -C.",
            ) from error

    def source(self, path: str) -> str:
        """The text of a file. Raises WorkspaceError."""
        return self.workspace.load(path).text

    def select(self, target: Target) -> Selection:
        """The lines that a target means. Raises RefactorError, WorkspaceError."""
        if not self.workspace.is_file(target.path):
            raise WorkspaceError(f"There is no file {target.path!r} in this project.", remedy="Check its name.")
        return select(target, self.source(target.path))

    def templates(self) -> list[tuple[str, str]]:
        """The names of what can be done, and what each does."""
        return [(each.name, each.description) for each in asking.templates()]

    def by_rule(self, job: Job) -> Proposal | None:
        """What needs no model; None where one is needed.

        Raises PromptError or RefactorError where nothing can come of it, with a model or without.
        """
        asking.template_named(job.template)
        return ruled(job.selection, job.template, job.instruction)

    async def run(self, engine: Engine, job: Job, cancel: asyncio.Event) -> AsyncGenerator[RefactorEvent, None]:
        """Rewrite some lines. Every outcome is an event; the last is `RefactorEnded`."""
        async with aclosing(RefactorRun(engine, job, self.settings, cancel).events()) as events:
            async for event in events:
                yield event

    def apply(self, patch: Patch, job: Job) -> Applied:
        """Change the file. Raises EditError."""
        return apply(self.workspace.root, patch, self._undo, job.label)

    def undo(self) -> Undone:
        """Take back the last change of files in this project. Raises EditError."""
        return self._undo.undo_last()

    def record(self, turn_id: str, job: Job, found: Found, applied: Patch | None = None) -> None:
        """Save what came of it in the session, in the place of what is there under `turn_id`. Raises SessionError."""
        self._book.record_other(PANE, {"id": turn_id, "time": utc_now(), **_as_object(job, found, applied)})

    async def run_tests(self, command: str, cancel: threading.Event) -> Outcome:
        """Run the user's tests in a throw-away copy of the project as it is now. Raises ScratchError."""
        scratch = await asyncio.to_thread(Scratch.create, self.workspace.root)
        try:
            run = partial(scratch.run, command, timeout=float(self.settings.test_seconds), cancel=cancel)
            return await asyncio.to_thread(run)
        finally:
            await asyncio.shield(asyncio.to_thread(scratch.remove))


def _as_object(job: Job, found: Found, applied: Patch | None) -> Mapping[str, Any]:
    selection = job.selection
    return {
        "path": selection.path,
        "first": selection.first,
        "last": selection.last,
        "template": job.template,
        "instruction": job.instruction,
        "patches": [
            {"patch": unified(each.patch)[:KEPT_PATCH], "notes": list(each.notes), "votes": each.votes}
            for each in found.proposals
        ],
        "dropped": dict(found.dropped),
        "applied": unified(applied)[:KEPT_PATCH] if applied is not None else None,
    }

"""Diagnosis: an error log becomes a cause, a place, and fixes that were checked and, if wanted, tried."""

import asyncio
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

from termcoder.conversation import Turn
from termcoder.diagnosis.fixes import Checked, Fix, Trial, by_rule, checked, ranked
from termcoder.diagnosis.incident import Incident, incident_of
from termcoder.diagnosis.recipes import rewrites
from termcoder.engine.base import Engine
from termcoder.errors import TermcoderError, WorkspaceError
from termcoder.features.diagnosis_run import DiagnosisEvent, DiagnosisRun
from termcoder.features.session_book import SessionBook
from termcoder.scratch import Outcome, Scratch
from termcoder.sessions.schema import new_id
from termcoder.settings import DiagnoseSettings
from termcoder.workspace import Locator, Workspace

PANE = "traceback"
"""Under this name a session keeps the diagnoses."""

KEPT_LOG = 2_000_000
"""Characters of a log that are kept in the session; of a longer one the part around the error."""


@dataclass(frozen=True, slots=True)
class TrialProgress:
    """The fixes after `done` of `total` runs of the user's command; `note`: what the first run, without a fix, gave."""

    fixes: tuple[Fix, ...]
    done: int
    total: int
    note: str = ""


class Diagnose:
    """Reads logs of one project and diagnoses them. Methods that are not async block, and are meant for a thread."""

    def __init__(self, workspace: Workspace, book: SessionBook, settings: DiagnoseSettings) -> None:
        self.workspace = workspace
        self._book = book
        self.settings = settings

    def read(self, log: str) -> Incident:
        """Read a log and find its frames among the project's files."""
        try:
            files = self.workspace.files()
        except WorkspaceError:
            files = []
        return incident_of(log, Locator(str(self.workspace.root), files))

    def source(self, path: str) -> str | None:
        """The text of a project's file, None where it can't be read."""
        try:
            return self.workspace.load(path).text
        except WorkspaceError:
            return None

    def rule_fixes(self, incident: Incident, index: int) -> Checked:
        """The fixes that need no model."""
        culprit = incident.culprit(index)
        place = culprit.place if culprit and culprit.located else None
        text = self.source(place.path) if place else None
        if place is None or text is None:
            return Checked()
        return checked(by_rule(place.path, text, rewrites(place.path, text, place.line, incident.error(index))))

    def restored(self) -> tuple[str, int] | None:
        """The log that this session looked at last, and the error chosen in it."""
        turns = [turn for turn in self._book.session.other_turns.get(PANE, ()) if isinstance(turn, dict)]
        if not turns or not isinstance(turns[-1].get("log"), str):
            return None
        index = turns[-1].get("error")
        return turns[-1]["log"], index if isinstance(index, int) else -1

    async def run(
        self, engine: Engine, incident: Incident, index: int, cancel: asyncio.Event, turn_id: str = ""
    ) -> AsyncGenerator[DiagnosisEvent, None]:
        """Diagnose one error of a log. Every outcome is an event; the last is `DiagnosisEnded`.

        `turn_id`: under which the session keeps it, where it has one already.
        """
        run = DiagnosisRun(self, engine, incident, index, cancel, turn_id or new_id())
        async with aclosing(run.events()) as events:
            async for event in events:
                yield event

    def record(self, turn: Turn, incident: Incident, index: int) -> None:
        """Save a diagnosis. Raises SessionError."""
        data: dict[str, Any] = {**asdict(turn), "log": _kept(incident, index), "error": index}
        self._book.record_other(PANE, data)

    async def try_fixes(
        self, fixes: Sequence[Fix], command: Sequence[str] | str, cancel: threading.Event
    ) -> AsyncIterator[TrialProgress]:
        """Run the user's command with each fix in a throw-away copy of the project; those that pass come first.

        Raises ScratchError.
        """
        scratch = await asyncio.to_thread(Scratch.create, self.workspace.root)
        try:
            runner = partial(scratch.run, command, timeout=float(self.settings.try_seconds), cancel=cancel)
            tried = list(fixes)
            bare = await asyncio.to_thread(runner)
            if bare.code == 0:
                yield TrialProgress(tuple(tried), 0, 0, "The command passes here without any fix.")
                return
            yield TrialProgress(tuple(tried), 0, len(fixes))
            for number, fix in enumerate(fixes):
                if cancel.is_set():
                    return
                tried[number] = await asyncio.to_thread(_tried, scratch, runner, fix, cancel)
                yield TrialProgress(ranked(tried), number + 1, len(fixes))
        finally:
            await asyncio.shield(asyncio.to_thread(scratch.remove))


def _tried(scratch: Scratch, run: Callable[[], Outcome], fix: Fix, cancel: threading.Event) -> Fix:
    try:
        with scratch.with_patch(fix.patch):
            outcome = run()
    except TermcoderError as error:
        return replace(fix, trial=Trial.FAILED, output=str(error))
    if cancel.is_set():
        return fix
    return replace(fix, trial=Trial.FAILED if outcome.code else Trial.PASSED, output=outcome.output)


def _kept(incident: Incident, index: int) -> str:
    if len(incident.log) <= KEPT_LOG:
        return incident.log
    failure = incident.failure(index)
    lines = incident.log.split("\n")
    return "\n".join(lines[max(0, failure.first - 200) : failure.last + 200])[:KEPT_LOG]

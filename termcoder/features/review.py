"""Review: the hunks of a change become findings, all of them at once; and a commit gets its message."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

from termcoder.diffs.model import ChangeSet, FileDiff, Scope, ScopeKind
from termcoder.engine.base import Engine, Request, Sampling
from termcoder.errors import TermcoderError
from termcoder.features.review_run import (
    ReviewEnded,
    ReviewEvent,
    ReviewGrew,
    ReviewRun,
    ReviewStarted,
)
from termcoder.features.session_book import SessionBook
from termcoder.features.turn import Prompt, fit_prompt, until
from termcoder.repository.committing import recent_subjects
from termcoder.repository.repository import Repository
from termcoder.review import message
from termcoder.review.dismissals import Dismissals
from termcoder.review.finding import Finding, Review
from termcoder.review.progress import Growing, add_by_rule
from termcoder.review.rules import Rules, read_rules
from termcoder.review.saving import findings_of, fingerprint, review_of, to_json
from termcoder.sessions.schema import utc_now
from termcoder.settings import ReviewSettings
from termcoder.workspace import Workspace

__all__ = ["PANE", "ReviewEnded", "ReviewEvent", "ReviewFeature", "ReviewGrew", "ReviewStarted"]

PANE = "review"
"""Under this name a session keeps the reviews."""

MESSAGE_TOKENS = 200
SUBJECTS = 8


class ReviewFeature:
    """Reviews the changes of one project. Methods that are not async block, and are meant for a thread."""

    def __init__(
        self, workspace: Workspace, book: SessionBook, settings: ReviewSettings, index: Path | None = None
    ) -> None:
        """`index`: another index than the repository's own, as git gives one to a hook."""
        self.workspace = workspace
        self.settings = settings
        self._book = book
        self._index = index
        self._dismissals = Dismissals(workspace.root)
        self._readiness: dict[str, dict[str, float]] = {}

    def repository(self) -> Repository:
        """The project's repository, looked for afresh. Raises GitError."""
        return Repository.open(self.workspace.root, index=self._index)

    def changes(self, scope: Scope, cancel: Event | None = None) -> ChangeSet:
        """Every file that changes. Raises GitError."""
        return self.repository().changes(scope, cancel)

    def new_text(self, scope: Scope, file: FileDiff) -> str | None:
        """The whole file on the new side, None where there is none. Raises GitError."""
        return None if scope.kind is ScopeKind.PATCH else self.repository().new_text(scope, file)

    def texts(self, changes: ChangeSet) -> dict[int, tuple[str | None, str | None]]:
        """The old and the new text of each file by its number, from git and never from another version of it.

        Raises GitError.
        """
        if changes.scope.kind is ScopeKind.PATCH:
            return {}
        repository, files = self.repository(), changes.files
        on_disk = changes.scope.kind is ScopeKind.WORKTREE
        ids = {blob for file in files for blob in (file.old_id, None if on_disk else file.new_id) if blob}
        known = repository.texts(ids)
        return {
            number: (
                known.get(file.old_id or ""),
                repository.new_text(changes.scope, file) if on_disk else known.get(file.new_id or ""),
            )
            for number, file in enumerate(files)
        }

    def rules(self) -> Rules:
        """The project's own rules."""
        return read_rules(self.workspace.root)

    def by_rule(self, changes: ChangeSet) -> Review:
        """What can be said without a model. Raises GitError."""
        growing = Growing(changes, self.settings, self.is_dismissed, notes=["by rule only: no model was asked"])
        add_by_rule(growing, self.texts(changes))
        return growing.review

    async def run(
        self, engine: Engine, change_set: ChangeSet, cancel: asyncio.Event
    ) -> AsyncGenerator[ReviewEvent, None]:
        """Review every hunk. Every outcome is an event; the last is `ReviewEnded`."""
        async with aclosing(ReviewRun(self, engine, change_set, cancel).events()) as events:
            async for event in events:
                yield event

    def readiness_of(self, model: str) -> dict[str, float]:
        """What is known of how readily a model says Yes, by question; it is added to."""
        return self._readiness.setdefault(model, {})

    def record(self, changes: ChangeSet, review: Review) -> None:
        """Save a review in the session, in the place of an earlier one of the same changes. Raises SessionError."""
        made = fingerprint(changes)
        data = {"id": made, "scope": str(changes.scope), "reviewed_at": utc_now(), **to_json(review)}
        self._book.record_other(PANE, data)

    def restored(self, change_set: ChangeSet) -> Review | None:
        """What this session said of exactly these changes, if it has reviewed them; dismissed findings folded."""
        made = fingerprint(change_set)
        kept = next((each for each in self._kept() if each.get("id") == made), None)
        if kept is None:
            return None
        try:
            review, findings = review_of(kept, change_set.scope), findings_of(kept)
        except (ValueError, KeyError, TypeError):
            return None
        growing = Growing(change_set, self.settings, self.is_dismissed)
        for finding in findings:
            growing.add(finding)
        return replace(review, findings=growing.review.findings, folded=growing.review.folded)

    def _kept(self) -> Sequence[dict[str, Any]]:
        return [each for each in self._book.session.other_turns.get(PANE, ()) if isinstance(each, dict)]

    def is_dismissed(self, finding: Finding) -> bool:
        """Whether the user has put this finding away, for the line's content."""
        return self._dismissals.has(finding)

    def dismiss(self, finding: Finding) -> None:
        """Don't show this finding again for this content. Raises TermcoderError where that can't be kept."""
        self._dismissals.add(finding)

    def restore_dismissed(self, finding: Finding) -> None:
        """Show a dismissed finding again."""
        self._dismissals.remove(finding)

    async def write_message(
        self, engine: Engine, change_set: ChangeSet, cancel: asyncio.Event
    ) -> AsyncGenerator[str, None]:
        """A commit message for the changes, growing: each text is the whole so far. Raises EngineError."""
        before = await asyncio.to_thread(self._subjects)
        style = self.settings.message_style
        tail = (message.task(change_set, before),)
        fitted, _ = await fit_prompt(engine, Prompt(message.head(style), message.items(change_set), tail, drop_step=1))
        grammar = message.grammar() if style == message.CONVENTIONAL else None
        request = Request(fitted.messages, Sampling(0.2, 0.95, MESSAGE_TOKENS), grammar=grammar)
        written = ""
        async with aclosing(until(cancel, engine.stream(request))) as chunks:
            async for chunk in chunks:
                written += chunk.text
                yield message.tidied(written)

    def _subjects(self) -> list[str]:
        try:
            return recent_subjects(self.repository(), SUBJECTS)
        except TermcoderError:
            return []

"""What the review pane does: reads the changes of a scope, has them reviewed, and shows what comes.

Everything that takes a moment runs in a worker; what touches the repository waits for what did so before. All
methods belong to the event loop.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine
from contextlib import aclosing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from termcoder.diffs.model import ChangeSet, Scope, ScopeKind
from termcoder.edits.patch import unified
from termcoder.engine.base import Engine, EngineState, EngineStatus
from termcoder.errors import GitStoppedError, TermcoderError
from termcoder.features.parts import Parts
from termcoder.features.review import ReviewEnded, ReviewEvent, ReviewGrew, ReviewStarted
from termcoder.review.finding import Finding, Review
from termcoder.ui.inert import inert, one_line
from termcoder.ui.panes.review_acts import Acts
from termcoder.ui.panes.review_reading import Reading, read, stamp_now
from termcoder.ui.panes.review_shelf import Shelf
from termcoder.ui.widgets.diff_notes import as_text
from termcoder.ui.widgets.review_line import count
from termcoder.ui.widgets.status_bar import StatusBar

if TYPE_CHECKING:
    from termcoder.ui.panes.review import ReviewPane

_RECENT = 5
_WAITING = "waiting for the model"
Work = Callable[[], Coroutine[Any, Any, None]]


class Reviewing:
    """Drives one review pane."""

    def __init__(self, pane: "ReviewPane", parts: Parts) -> None:
        self.pane = pane
        self.feature = parts.review
        self.host = parts.host
        self.acts = Acts(self)
        self._scope = Scope()
        self._reading: Reading | None = None
        self._shelf = Shelf()
        self._recent: list[Scope] = []
        self._turn = asyncio.Lock()
        self._cancel = asyncio.Event()
        self._cancel_reading = threading.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._unfollow = self.host.subscribe(self._engine_changed)

    def close(self) -> None:
        """Follow the engine no longer, and end what runs."""
        self._unfollow()
        self._cancel.set()
        self._cancel_reading.set()

    @property
    def busy(self) -> bool:
        """Whether a review is under way, or waits for the model."""
        return not self._idle.is_set()

    @property
    def scope(self) -> Scope:
        """What is shown."""
        return self._scope

    @property
    def changes(self) -> ChangeSet:
        """The changes that are shown; none where they couldn't be read."""
        return self._reading.changes if self._reading else ChangeSet(self._scope)

    @property
    def top(self) -> Path:
        """The folder that paths are relative to."""
        return self._reading.top if self._reading else self.feature.workspace.root

    # Reading

    def look_again(self) -> None:
        """Read if nothing was read yet, or something may have changed since."""
        if not self._turn.locked() and not self.busy:
            self._run(self._look, "review-look")

    async def _look(self) -> None:
        reading = self._reading
        if reading is None or await self._is_stale(reading):
            await self._in_turn(partial(self._show_scope, self._scope))

    async def _is_stale(self, reading: Reading) -> bool:
        """Whether the index or HEAD is another than at the last reading. Files on the disk always may be."""
        if self._scope.kind is ScopeKind.WORKTREE or reading.stamp is None:
            return True
        return await asyncio.to_thread(stamp_now, reading.git_dir) != reading.stamp

    def read_anew(self) -> None:
        """Read the changes again."""
        self.say("")
        self.do(partial(self._show_scope, self._scope))

    def show_session(self) -> None:
        """Show the reviews of the session that was opened, in place of those of the last. Not while `busy`."""
        self._shelf = Shelf()
        if self._reading is not None:
            self.read_anew()

    def toggle_scope(self) -> None:
        """From what is staged to the working tree, and from anything else to what is staged."""
        staged = self._scope.kind is ScopeKind.STAGED
        self.do(partial(self._show_scope, Scope(ScopeKind.WORKTREE if staged else ScopeKind.STAGED)))

    def choose_scope(self) -> None:
        """Ask for another scope; what is chosen there was read there."""
        from termcoder.ui.screens.scope import ScopeScreen

        def decided(chosen: Reading | None) -> None:
            if chosen is not None:
                self._remember(chosen.changes.scope)
                self.do(partial(self._take, chosen))

        self.pane.app.push_screen(ScopeScreen(partial(read, self.feature), self._scope, self._recent), decided)

    def _remember(self, scope: Scope) -> None:
        if scope.kind not in (ScopeKind.STAGED, ScopeKind.WORKTREE):
            self._recent = [scope, *(other for other in self._recent if other != scope)][:_RECENT]

    async def reload(self) -> None:
        """Read the shown scope again, within `do`."""
        await self._show_scope(self._scope)

    async def _show_scope(self, scope: Scope) -> None:
        """Read a scope and show it; what is there stays until that is done."""
        self._cancel_reading = threading.Event()
        if self._reading is None or scope != self._scope:
            self._set("reading the changes")
        try:
            reading = await asyncio.to_thread(read, self.feature, scope, self._cancel_reading)
            await self._take(reading)
        except GitStoppedError:
            self.say("Reading was stopped. R reads again.")
        except TermcoderError as error:
            self._show_failure(scope, error)
        finally:
            self._set("")

    async def _take(self, reading: Reading) -> None:
        if reading.changes.scope != self._scope:
            self.say("")
        self._reading, self._scope = reading, reading.changes.scope
        if reading.restored is not None:
            self._shelf.put(reading.changes, reading.restored)
        self.pane.files.load(reading.changes)
        self.pane.diff.load(reading.changes)
        if (place := self.pane.diff.cursor_place) is not None:
            self.pane.files.follow(place.file)
        if not reading.changes.files:
            self.pane.diff.placeholder = inert(reading.hint)
        self.pane.line.change(changes=reading.changes, error="")
        self.show_findings()

    def _show_failure(self, scope: Scope, error: TermcoderError) -> None:
        self._reading, self._scope = None, scope
        nothing = ChangeSet(scope)
        self.pane.files.load(nothing)
        self.pane.diff.load(nothing)
        self.pane.diff.placeholder = inert(f"{error.message}\n{error.remedy}")
        self.pane.line.change(changes=nothing, review=None, error="")

    def show_context(self, file: int) -> None:
        """Show the lines between the hunks of a file."""
        self._run(partial(self._show_context, file, self.changes), "review-context")

    async def _show_context(self, file: int, changes: ChangeSet) -> None:
        try:
            text = await asyncio.to_thread(self.feature.new_text, changes.scope, changes.files[file])
        except TermcoderError as error:
            self.tell_error(error)
            return
        if text is None:
            self.say(f"The whole of {changes.files[file].path} can't be read.")
        elif changes == self.changes:
            self.pane.diff.show_context(file, text)

    def edit(self, path: str, line: int) -> None:
        """Open a file in the user's editor, and read the changes anew afterwards."""
        self.do(partial(self._edit, path, line), stops=False)

    async def _edit(self, path: str, line: int) -> None:
        from termcoder.ui import editor

        file = self.top / path
        if not await asyncio.to_thread(file.is_file):
            self.say(f"{path} isn't on the disk.")
            return
        await editor.open_file(self.pane.app, file, line)
        if not self.busy:
            await self.reload()

    # Reviewing

    def review(self) -> None:
        """Review what is shown, as it is now."""
        if self.busy:
            self.say("A review is under way. Esc stops it.")
        else:
            self._run(self._review, "review")

    async def _review(self) -> None:
        async with self._turn:
            if self._reading is None or await self._is_stale(self._reading):
                await self._show_scope(self._scope)
            changes = self.changes
            if not any(file.hunks for file in changes.files):
                self.say("There is nothing to review." if self._reading else "")
                return
            self._idle.clear()  # from now on, what would change this stops it first
            self._cancel = asyncio.Event()
        try:
            engine = await self._engine()
            if engine is not None:
                await self._follow(engine, changes)
        except TermcoderError as error:
            self._fail(error)
        finally:
            self._set("")
            self._idle.set()

    def _fail(self, error: TermcoderError) -> None:
        if self.pane.is_attached:
            self.pane.line.change(error=str(error))

    async def _engine(self) -> Engine | None:
        """The engine once it is ready; None where the user stopped waiting. Raises what keeps it from starting."""
        self._set(_WAITING)
        self._engine_changed(self.host.status)
        return await self.host.ready_unless(self._cancel)

    async def _follow(self, engine: Engine, changes: ChangeSet) -> None:
        before = self._shelf.review_of(changes)
        self._set("reading the changes")
        self.pane.line.change(error="", said="")
        async with aclosing(self.feature.run(engine, changes, self._cancel)) as events:
            async for event in events:
                self._show_event(event, changes, before)

    def _show_event(self, event: ReviewEvent, changes: ChangeSet, before: Review | None) -> None:
        match event:
            case ReviewStarted(hunks):
                self._set(f"reading {count(hunks, 'hunk')}")
            case ReviewGrew(review, done, total, activity):
                self._keep(changes, review)
                self._set(activity or "reviewing", done, total)
            case ReviewEnded(review, error):
                came = review.coverage.hunks_read or review.findings or not review.interrupted
                self._keep(changes, review if came or before is None else before)
                self.pane.line.change(error=str(error) if error else "")

    def _keep(self, changes: ChangeSet, review: Review) -> None:
        self._shelf.put(changes, review)
        self.show_findings()

    def cancel(self) -> None:
        """Choose no lines any longer; if none were chosen, stop what runs, keeping what came."""
        if self.pane.diff.clear_marks():
            return
        self._cancel.set()
        self._cancel_reading.set()
        self.pane.line.change(said="")

    async def stop(self) -> None:
        """Stop a review and wait until it has ended."""
        self._cancel.set()
        await self._idle.wait()

    # Findings

    @property
    def shown_review(self) -> Review | None:
        """What was found in the changes that are shown."""
        return self._shelf.review_of(self.changes) if self.changes.files else None

    def show_findings(self) -> None:
        """Show what is known of the changes, where it belongs now."""
        if not self.pane.is_attached:
            return  # the program is being left
        review, line = self.shown_review, self.pane.line
        findings, folded = (review.findings, review.folded) if review else ((), ())
        before = line.state.review
        if before is None or (before.findings, before.folded) != (findings, folded) or not self.busy:
            self.pane.diff.show_findings(findings, folded)
            self.pane.files.show_findings(findings)
        line.change(review=review, stale=self._shelf.is_stale(self.changes))

    def fold(self, finding: Finding, *, folded: bool) -> None:
        """Put all findings of this fingerprint among the folded ones, or back."""
        self._shelf.fold(finding, folded=folded)
        self.show_findings()

    def open_findings(self, scope: Scope) -> tuple[Finding, ...]:
        """The findings that the last review of a scope has left."""
        review = self._shelf.last(scope)
        return review.findings if review else ()

    def copy(self, finding: Finding | None) -> None:
        """Copy a finding as text, and its patch."""
        from termcoder.ui import clipboard

        if finding is None:
            self.say("There is no finding on this line. f goes to the next one.")
            return
        patch = f"\n\n{unified(finding.suggestion)}" if finding.suggestion else ""
        text = (as_text(finding) + patch).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        self.pane.app.notify(clipboard.copy(self.pane.app, text), markup=False)

    # Work, one after the other

    def do(self, work: Work, *, stops: bool = True) -> None:
        """Do something with the repository once what was begun before is done. `stops`: a review is stopped first."""
        self._run(partial(self._in_turn, work, stops=stops), "review-work", exclusive=False)

    async def _in_turn(self, work: Work, *, stops: bool = True) -> None:
        async with self._turn:
            if stops:
                await self.stop()
            try:
                await work()
            except TermcoderError as error:
                self.tell_error(error)

    def _run(self, work: Work, group: str, *, exclusive: bool = True) -> None:
        if self.pane.is_attached:
            self.pane.run_worker(work, group=group, exclusive=exclusive)  # type: ignore[arg-type]  # None isn't inferred

    # Telling

    def say(self, text: str) -> None:
        """Show in a line what was done, until the next thing is."""
        if self.pane.is_attached:
            self.pane.line.change(said=one_line(text))

    def tell_error(self, error: TermcoderError) -> None:
        """Show an error for some seconds."""
        if self.pane.is_attached:
            self.pane.app.notify(inert(str(error)), severity="error", timeout=12, markup=False)

    def _engine_changed(self, status: EngineStatus) -> None:
        if self.pane.is_attached and self.pane.line.state.activity.startswith(_WAITING):
            starting = status.state is EngineState.STARTING
            percent = "" if status.fraction is None else f" {status.fraction:.0%}"
            self._set(f"{_WAITING}: {status.activity}{percent}" if starting else _WAITING)

    def _set(self, activity: str, done: int = 0, total: int = 0) -> None:
        """Tell what is being done, below the changes and in the status bar."""
        if not self.pane.is_attached:
            return  # the program is being left
        line = self.pane.line
        since = line.state.since if line.state.activity and activity else time.monotonic()
        line.change(activity=one_line(activity), since=since, done=done, total=total)
        found = count(len(line.state.review.findings), "finding") if line.state.review and total else ""
        parts = [f"reviewing {done}/{total}" if total else activity, found]
        for bar in self.pane.screen.query(StatusBar):
            bar.change(activity=" · ".join(filter(None, parts)))

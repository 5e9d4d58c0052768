"""A refactoring on its way, and its patch: to be looked at, applied in parts, tested, taken back."""

import asyncio
import threading
from contextlib import aclosing
from typing import NamedTuple

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from termcoder.edits.patch import Patch
from termcoder.engine.base import Engine, EngineState, EngineStatus
from termcoder.errors import TermcoderError
from termcoder.features.engine_host import EngineHost
from termcoder.features.refactor import Refactor
from termcoder.features.refactor_run import Job, RefactorEnded, RefactorEvent, RefactorGrew, RefactorStarted
from termcoder.refactoring.checking import Found, Proposal
from termcoder.scratch import Outcome
from termcoder.sessions.schema import new_id
from termcoder.ui.inert import inert, one_line
from termcoder.ui.screens import rewrite_words as words
from termcoder.ui.screens.apply import chosen_of
from termcoder.ui.widgets.patch_view import PatchView, every_hunk

OUTPUT_LINES = 200
"""Lines of a failed test run that are shown: the last ones."""
CHANGING = "changing the file"


class FailedTests(NamedTuple):
    """What a test run printed, to be diagnosed, and its command."""

    log: str
    command: str


class RewriteScreen(ModalScreen[FailedTests | None]):
    """Rewrites lines, and does with the patch what the user wants. Gives a log to be diagnosed, or None."""

    BINDINGS = [
        Binding("escape", "leave", "Stop, or close"),
        Binding("a", "apply", "Apply"),
        Binding("u", "undo", "Undo"),
        Binding("y", "test", "Run the tests"),
        Binding("d", "diagnose", "Diagnose"),
        Binding("r", "again", "Again"),
        *(Binding(str(number), f"show({number})", f"Answer {number}", show=False) for number in range(1, 10)),
    ]
    DEFAULT_CSS = """
    RewriteScreen { align: center middle; }
    RewriteScreen > Vertical {
        width: 100%; max-width: 130; height: 92%; background: $surface; border: round $primary;
    }
    RewriteScreen Static { height: auto; }
    RewriteScreen #title { text-style: bold; }
    RewriteScreen #activity.error { color: $text-error; }
    RewriteScreen #notes, RewriteScreen #keys { color: $text-muted; }
    RewriteScreen PatchView { height: 2fr; }
    RewriteScreen VerticalScroll { height: 1fr; display: none; border-top: solid $error; }
    RewriteScreen VerticalScroll.shown { display: block; }
    """

    def __init__(self, feature: Refactor, host: EngineHost, job: Job) -> None:
        super().__init__()
        self._feature = feature
        self._host = host
        self._job = job
        self._turn_id = new_id()
        self._found = Found()
        self._shown = 0
        self._applied: Patch | None = None
        self._outcome: Outcome | None = None
        self._working = ""
        self._cancel = asyncio.Event()
        self._cancel_test = threading.Event()
        self._started_notes: tuple[str, ...] = ()
        self._view = PatchView("")
        self._activity = Static("", id="activity", markup=False)
        self._notes = Static("", id="notes", markup=False)
        self._output = Static("", id="output", markup=False)

    def compose(self) -> ComposeResult:
        """The title over the patch, what is to be known of it, what its tests said, and the keys."""
        with Vertical():
            yield Static(one_line(self._job.label), id="title", markup=False)
            yield self._activity
            yield self._view
            yield VerticalScroll(self._output)
            yield self._notes
            yield Static("", id="keys", markup=False)

    def on_mount(self) -> None:
        """Begin."""
        self._unfollow = self._host.subscribe(self._engine_changed)
        self._view.focus()
        self.action_again()

    def on_unmount(self) -> None:
        """End what runs."""
        self._unfollow()
        self._cancel.set()
        self._cancel_test.set()

    # Rewriting

    def action_again(self) -> None:
        """Let it be written anew, unless something is under way or was applied."""
        if not self._working and self._applied is None:
            self._found, self._shown = Found(), 0
            self._work("reading")
            self.run_worker(self._rewrite(), group="rewrite", exclusive=True)

    async def _rewrite(self) -> None:
        self._cancel = asyncio.Event()
        try:
            proposal = await asyncio.to_thread(self._feature.by_rule, self._job)
            if proposal is not None:
                self._show(Found((proposal,)))
                self._end("")
            elif (engine := await self._engine()) is not None:
                await self._follow(engine)
            else:
                self._end("stopped")
        except TermcoderError as error:
            self._end(str(error), error=True)
        await self._keep()

    async def _engine(self) -> Engine | None:
        self._work("waiting for the model")
        self._engine_changed(self._host.status)
        return await self._host.ready_unless(self._cancel)

    async def _follow(self, engine: Engine) -> None:
        async with aclosing(self._feature.run(engine, self._job, self._cancel)) as events:
            async for event in events:
                self._show_event(event)

    def _show_event(self, event: RefactorEvent) -> None:
        match event:
            case RefactorStarted(tokens, asked, notes):
                self._started_notes = notes
                self._work(f"reading {tokens:,} tokens, then writing {words.answers(asked)}")
            case RefactorGrew(found, waiting, asked, tokens) if self._applied is None:
                self._show(found)
                self._work(f"{asked - waiting} of {words.answers(asked)} checked, {tokens:,} tokens written")
            case RefactorEnded(found, error, stopped):
                self._show(found)
                self._end(str(error) if error else "stopped" if stopped else "", error=error is not None)

    def _end(self, text: str, *, error: bool = False) -> None:
        if self._applied is not None:  # the other answers weren't waited for
            return
        nothing = "" if self._found.proposals or text else "No usable change came of it. r tries again."
        self._work("")
        self._tell(text or nothing, error=error)

    async def _keep(self) -> None:
        """Save it in the session."""
        try:
            await asyncio.to_thread(self._feature.record, self._turn_id, self._job, self._found, self._applied)
        except TermcoderError as error:
            self.app.notify(inert(str(error)), severity="error", markup=False)

    def _engine_changed(self, status: EngineStatus) -> None:
        if self._working.startswith("waiting") and status.state is EngineState.STARTING:
            percent = "" if status.fraction is None else f" {status.fraction:.0%}"
            self._work(f"waiting for the model: {one_line(status.activity)}{percent}")

    # What is shown

    @property
    def _proposal(self) -> Proposal | None:
        return self._found.proposals[self._shown] if self._shown < len(self._found.proposals) else None

    def _show(self, found: Found) -> None:
        first = not self._found.proposals
        self._found = found
        if first and found.proposals:
            self._show_patch()
        self._show_notes()

    def _show_patch(self) -> None:
        proposal = self._proposal
        if proposal is not None:
            self._view.show(proposal.patch, every_hunk(proposal.patch))
        self._show_notes()

    def _show_notes(self) -> None:
        before = (*self._started_notes, *(() if self._proposal else self._job.selection.notes))
        self._notes.update(words.notes(self._found, self._proposal, before))
        self._show_keys()

    def _show_keys(self) -> None:
        if self._working:
            text = "Esc stops"
        elif self._applied is not None:
            text = words.keys_after(self._command if self._outcome is None else "", failed=self._failed)
        else:
            text = words.keys_before(self._found, self._shown)
        self.query_one("#keys", Static).update(text)

    def _work(self, activity: str) -> None:
        self._working = activity
        if self.is_attached:
            self._tell(activity)
            self._show_keys()

    def _tell(self, text: str, *, error: bool = False) -> None:
        self._activity.update(inert(text))
        self._activity.set_class(error, "error")

    # Keys

    def action_show(self, number: int) -> None:
        """Show another answer."""
        if number <= len(self._found.proposals) and self._applied is None:
            self._shown = number - 1
            self._show_patch()

    def action_leave(self) -> None:
        """Stop what runs; where nothing does, close."""
        if self._working:
            self._cancel.set()
            self._cancel_test.set()
        else:
            self.dismiss(None)

    def action_apply(self) -> None:
        """Change the file, with the hunks that are taken."""
        proposal = self._proposal
        if proposal is None or self._applied is not None or self._working == CHANGING:
            return
        patch = chosen_of(proposal.patch, self._view.chosen)
        if patch is None:
            self._tell("Every hunk is left out: there is nothing to apply.", error=True)
        else:
            self._cancel.set()  # the other answers are not waited for
            self._work(CHANGING)
            self.run_worker(self._apply(patch), group="apply", exclusive=True)

    async def _apply(self, patch: Patch) -> None:
        try:
            applied = await asyncio.to_thread(self._feature.apply, patch, self._job)
        except TermcoderError as error:
            self._work("")
            self._tell(str(error), error=True)
            return
        self._applied, self._outcome = patch, None
        self._work("")
        offer = f" Run `{one_line(self._command)}`? y" if self._command else ""
        self._tell(f"Changed {', '.join(map(one_line, applied.paths))}.{offer}")
        await self._keep()

    def action_undo(self) -> None:
        """Take the change back."""
        if self._applied is not None and not self._working:
            self.run_worker(self._undo(), group="apply", exclusive=True)

    async def _undo(self) -> None:
        try:
            undone = await asyncio.to_thread(self._feature.undo)
        except TermcoderError as error:
            self._tell(str(error), error=True)
            return
        self._applied, self._outcome = None, None
        self._show_output("")
        self._tell(f"Taken back: {one_line(undone.label)}.")
        self._show_keys()
        await self._keep()

    # The user's tests

    @property
    def _command(self) -> str:
        return self._feature.settings.test_command

    @property
    def _failed(self) -> bool:
        return self._outcome is not None and self._outcome.code != 0

    def action_test(self) -> None:
        """Run the user's tests with the change."""
        if self._command and self._applied is not None and not self._working:
            self._work(f"running `{one_line(self._command)}` in a copy of the project")
            self.run_worker(self._test(), group="test", exclusive=True)

    async def _test(self) -> None:
        self._cancel_test = threading.Event()
        self._show_output("")
        try:
            outcome = await self._feature.run_tests(self._command, self._cancel_test)
        except TermcoderError as error:
            self._work("")
            self._tell(str(error), error=True)
            return
        stopped = self._cancel_test.is_set()
        self._outcome = None if stopped else outcome
        self._work("")
        self._tell("stopped" if stopped else words.outcome(outcome), error=self._failed)
        self._show_output(outcome.output if self._failed else "")

    def _show_output(self, text: str) -> None:
        around = self.query_one(VerticalScroll)
        self._output.update(inert("\n".join(text.rstrip().split("\n")[-OUTPUT_LINES:])))
        around.set_class(bool(text), "shown")
        around.scroll_end(animate=False)

    def action_diagnose(self) -> None:
        """Give the failed tests' log to the Traceback pane."""
        if self._failed and self._outcome is not None:
            self.dismiss(FailedTests(self._outcome.output, self._command))

    @on(PatchView.HunksChosen)
    def _hunks_chosen(self, message: PatchView.HunksChosen) -> None:
        left = len(every_hunk(self._view.patch)) - len(message.chosen)
        self._tell(f"{left} hunk{'s' if left != 1 else ''} left out" if left else "")

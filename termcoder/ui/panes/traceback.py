"""The traceback pane: a pasted log on the left, its errors, their source, the diagnosis and the fixes on the right.

What it does with them is in `diagnosing.py`, which is imported after the first paint.
"""

import asyncio
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import ContentSwitcher

from termcoder.ui.commands import bindings_of
from termcoder.ui.widgets.code_lines import LineScroll
from termcoder.ui.widgets.diagnosis_view import DiagnosisView
from termcoder.ui.widgets.error_list import ErrorList
from termcoder.ui.widgets.fix_list import FixList
from termcoder.ui.widgets.log_view import LogView
from termcoder.ui.widgets.patch_view import PatchView
from termcoder.ui.widgets.source_view import SourceView

if TYPE_CHECKING:
    from termcoder.ui.panes.diagnosing import Diagnosing

EMPTY = (
    "Paste an error log here: a traceback, a test run, a build.\n\n"
    "From the shell:\npytest 2>&1 | termcoder diagnose\ntermcoder run -- pytest -x"
)
NARROW = 100
"""With fewer columns the log stands above the rest instead of beside it."""


class TracebackPane(Vertical):
    """Shows one log. A paste anywhere in it is the next log."""

    BINDINGS: ClassVar[list[BindingType]] = bindings_of("traceback")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._diagnosing: asyncio.Future[Diagnosing] = asyncio.get_running_loop().create_future()

    def compose(self) -> ComposeResult:
        """Log, and beside it all that is known of it."""
        with Horizontal(id="columns"):
            yield LogView(EMPTY, id="log")
            with Vertical(id="findings"):
                yield ErrorList(id="errors")
                with ContentSwitcher(initial="source", id="viewer"):
                    yield SourceView(id="source")
                    yield PatchView(id="patch")
                yield DiagnosisView(id="diagnosis")
                yield FixList(id="fixes")

    def on_resize(self, event: events.Resize) -> None:
        """One column where there is no room for two."""
        self.query_one("#columns").set_class(event.size.width < NARROW, "narrow")

    def attach(self, diagnosing: "Diagnosing") -> None:
        """Work with logs from now on; what was pasted before waits for this."""
        self._diagnosing.set_result(diagnosing)

    async def diagnosing(self) -> "Diagnosing":
        """What works with the log, as soon as it is attached."""
        return await asyncio.shield(self._diagnosing)

    def on_unmount(self) -> None:
        """Follow the engine no longer."""
        if self._diagnosing.done():
            self._diagnosing.result().close()

    @property
    def busy(self) -> bool:
        """Whether a diagnosis or a trial is under way."""
        return self._diagnosing.done() and self._diagnosing.result().busy

    def take_focus(self) -> None:
        """Give the keys to the errors, or to the empty log."""
        errors = self.query_one(ErrorList)
        (errors if errors.row_count else self.query_one(LogView)).focus()

    def show_patch(self, shown: bool) -> None:
        """Show the chosen fix in the place of the source, or the source again."""
        self.query_one(ContentSwitcher).current = "patch" if shown else "source"

    # Keys

    async def on_paste(self, event: events.Paste) -> None:
        """Read what was pasted."""
        event.stop()
        (await self.diagnosing()).paste(event.text)

    async def action_diagnose(self) -> None:
        """Ask the model for the cause and for fixes."""
        (await self.diagnosing()).diagnose()

    async def action_try_fixes(self) -> None:
        """Run a command with each fix."""
        (await self.diagnosing()).ask_and_try()

    async def action_undo(self) -> None:
        """Take the last change of files back."""
        await (await self.diagnosing()).undo()

    async def action_apply_fix(self) -> None:
        """Show the chosen fix before it is applied."""
        self.query_one(FixList).action_apply()

    def action_next_frame(self) -> None:
        """To the next own frame."""
        self.query_one(ErrorList).action_next_frame()

    def action_previous_frame(self) -> None:
        """To the own frame before."""
        self.query_one(ErrorList).action_previous_frame()

    def action_next_error(self) -> None:
        """To the next error."""
        self.query_one(ErrorList).action_next_error()

    def action_previous_error(self) -> None:
        """To the error before."""
        self.query_one(ErrorList).action_previous_error()

    def action_open_editor(self) -> None:
        """Open the shown source at its line."""
        self.query_one(SourceView).action_open_editor()

    def action_copy_error(self) -> None:
        """Copy the chosen error."""
        self.query_one(ErrorList).action_copy()

    async def action_clear_log(self) -> None:
        """Make room for another log."""
        (await self.diagnosing()).load("")

    # What the widgets ask for

    @on(ErrorList.StepChosen)
    async def _step_chosen(self, event: ErrorList.StepChosen) -> None:
        event.stop()
        self.show_patch(False)
        await (await self.diagnosing()).show_step(event.error, event.step)
        if event.entered:
            self.query_one(SourceView).focus()

    @on(LogView.LineChosen)
    async def _line_chosen(self, event: LogView.LineChosen) -> None:
        event.stop()
        (await self.diagnosing()).choose_line(event.line)

    @on(SourceView.EditRequested)
    async def _edit(self, event: SourceView.EditRequested) -> None:
        event.stop()
        await (await self.diagnosing()).edit(event.path, event.line)

    @on(DiagnosisView.PlaceChosen)
    async def _place_chosen(self, event: DiagnosisView.PlaceChosen) -> None:
        event.stop()
        self.show_patch(False)
        await (await self.diagnosing()).show_place(event.path, event.line)

    @on(FixList.FixChosen)
    def _fix_chosen(self, event: FixList.FixChosen) -> None:
        event.stop()
        if event.fix is not None:
            self.query_one(PatchView).show(event.fix.patch, None)
            self.show_patch(self.query_one(FixList).has_focus)

    @on(events.DescendantFocus)
    def _focus_moved(self) -> None:
        """The patch is shown while the keys go to the fixes or to it."""
        in_fixes = self.query_one(FixList).has_focus or self.query_one(PatchView).has_focus
        self.show_patch(in_fixes and bool(self.query_one(FixList).chosen))

    @on(FixList.ApplyRequested)
    async def _apply(self, event: FixList.ApplyRequested) -> None:
        event.stop()
        (await self.diagnosing()).preview(event.fix)

    @on(LineScroll.CopyRequested)
    def _copy(self, event: LineScroll.CopyRequested) -> None:
        """Copy what any of the lists asks for: the message is one class for all of them."""
        from termcoder.ui import clipboard

        event.stop()
        self.app.notify(clipboard.copy(self.app, event.text), markup=False)

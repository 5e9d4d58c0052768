"""Asks for the command that reproduces an error."""

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from termcoder.ui.inert import one_line

EXPLAINED = (
    "Each fix is tried with this command, in a throw-away copy of the project. The command runs the code of the fixes, "
    "which a model wrote, with your rights on this machine."
)


class CommandScreen(ModalScreen[str | None]):
    """Returns the command, None where the user left it."""

    BINDINGS = [Binding("escape", "dismiss(None)", "Close")]
    DEFAULT_CSS = """
    CommandScreen { align: center middle; }
    CommandScreen > Vertical {
        width: 72; max-width: 95%; height: auto; background: $surface; border: round $primary; padding: 1 2;
    }
    CommandScreen Static { height: auto; }
    """

    def __init__(self, command: str) -> None:
        super().__init__()
        self._command = one_line(command)

    def compose(self) -> ComposeResult:
        """What it is for, and a line to write it on."""
        with Vertical():
            yield Static("Which command shows the error?", markup=False)
            yield Input(value=self._command, placeholder="pytest -x", select_on_focus=False)
            yield Static(f"{EXPLAINED}\n\nEnter runs it, Esc closes", markup=False)

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        if event.value.strip():
            self.dismiss(event.value.strip())

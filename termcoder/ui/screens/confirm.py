"""A question with two answers, asked before something is lost."""

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from termcoder.ui.inert import inert


class ConfirmScreen(ModalScreen[bool]):
    """True for `y`; False for `n` and Esc. Enter answers nothing: it is pressed too easily."""

    BINDINGS = [Binding("y", "dismiss(True)", "Yes"), Binding("n,escape", "dismiss(False)", "No")]
    DEFAULT_CSS = """
    ConfirmScreen { align: center middle; }
    ConfirmScreen > Vertical {
        width: 60; max-width: 95%; height: auto; background: $surface; border: round $warning; padding: 1 2;
    }
    ConfirmScreen Static { height: auto; }
    """

    def __init__(self, question: str, verb: str) -> None:
        """`verb`: what `y` does, in a word."""
        super().__init__()
        self._question, self._verb = question, verb

    def compose(self) -> ComposeResult:
        """The question over its keys."""
        with Vertical():
            yield Static(inert(self._question), markup=False)
            yield Static(f"\ny {self._verb} · n keeps it", markup=False)

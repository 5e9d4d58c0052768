"""The line to find words in the conversation with: what is looked for, and which match of how many is shown."""

from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Static

from termcoder.ui.commands import bindings_of


class FindLine(Horizontal):
    """One row. What is done with it is posted to its owner, a widget beside it."""

    BINDINGS: ClassVar[list[BindingType]] = bindings_of("find")
    DEFAULT_CSS = """
    FindLine {
        height: 1; padding: 0 1; background: $panel; color: $foreground;
        & > #find-label { width: auto; text-style: bold; }
        & > #find-count { width: auto; padding-left: 1; }
        & > #find-count.none { color: $warning; text-style: bold; }
        & > Input {
            width: 1fr; height: 1; border: none; padding: 0; background: $panel;
            &:focus { border: none; }
        }
    }
    """

    class Typed(Message):
        """Look for this, from where the user was when the line was opened."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Step(Message):
        """Go to the next match (1) or the previous one (-1)."""

        def __init__(self, by: int) -> None:
            super().__init__()
            self.by = by

    class Closed(Message):
        """The user has found it, or gives up."""

    def __init__(self, owner: Widget, text: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._owner = owner
        self._text = text

    def compose(self) -> ComposeResult:
        """What it is, what is looked for, how it goes."""
        yield Static("Find ", id="find-label", markup=False)
        yield Input(self._text, placeholder="words of a question or an answer", select_on_focus=True, compact=True)
        yield Static("", id="find-count", markup=False)

    @property
    def count(self) -> str:
        """What stands at the right end."""
        return str(self.query_one("#find-count", Static).render())

    def show_count(self, here: int, total: int, *, searching: bool = False) -> None:
        """Say that match `here` (from 1; 0: none yet) of `total` is shown."""
        text = f"{here:,} of {total:,}" if here else f"{total:,} found"
        if searching:
            text = f"{total:,} found, searching…"
        elif not total:
            text = "nothing found"
        self._say(text, none=not total and not searching)

    def clear_count(self) -> None:
        """Say nothing: nothing is looked for."""
        self._say("")

    def _say(self, text: str, *, none: bool = False) -> None:
        count = self.query_one("#find-count", Static)
        count.update(text)
        count.set_class(none, "none")

    def take_focus(self) -> None:
        """Let the user type, in place of what is there."""
        self.query_one(Input).focus()
        self.query_one(Input).select_all()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._owner.post_message(self.Typed(event.value))

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_next_match()

    def action_next_match(self) -> None:
        """Ask for the next match."""
        self._owner.post_message(self.Step(1))

    def action_previous_match(self) -> None:
        """Ask for the one before."""
        self._owner.post_message(self.Step(-1))

    def action_close(self) -> None:
        """Leave the view where it is."""
        self._owner.post_message(self.Closed())

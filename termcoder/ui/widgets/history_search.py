"""Searches what was sent before, letter by letter, in a list above the composer."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from termcoder.history import History
from termcoder.ui.inert import one_line

MAX_ENTRIES = 50
_SHOWN_CHARACTERS = 400


class HistorySearch(ModalScreen[str | None]):
    """Returns the entry taken with Enter, None when left with Esc. Ctrl+R again goes one entry further back."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,ctrl+g,ctrl+c", "leave", "Back to the message"),
        Binding("up", "older", "Older", show=False, priority=True),
        Binding("down", "newer", "Newer", show=False, priority=True),
        Binding("ctrl+r", "older", "Older", show=False, priority=True),
        Binding("ctrl+s", "newer", "Newer", show=False, priority=True),
    ]
    DEFAULT_CSS = """
    HistorySearch {
        align: left bottom;
        background: $background 40%;
        & > Vertical {
            height: auto;
            max-height: 16;
            border: round $primary;
            border-title-color: $text-muted;
            border-subtitle-color: $text-muted;
            background: $surface;
            padding: 0 1;
        }
        & OptionList {
            height: auto;
            max-height: 12;
            border: none;
            padding: 0;
            background: $surface;
            scrollbar-size-vertical: 1;
            &:focus { border: none; }
        }
        & OptionList > .option-list--option-highlighted {
            background: $primary 30%;
            color: $foreground;
            text-style: none;
        }
        & .history--match { color: $accent; text-style: bold; }
        & Input { border: none; height: 1; padding: 0; background: $surface; &:focus { border: none; } }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"history--match"}

    def __init__(self, history: History, height_below: int = 0) -> None:
        """`height_below`: rows to leave free at the bottom, so that the message stays in sight."""
        super().__init__()
        self._past = history
        self._below = height_below
        self._found: list[str] = []

    def compose(self) -> ComposeResult:
        """The list, newest entry at the bottom, and the line to type in."""
        with Vertical() as box:
            box.border_title = Content("sent before")
            box.border_subtitle = Content("enter takes · ctrl+r older · esc leaves")
            yield OptionList(markup=False)
            yield Input(placeholder="type to search")

    def on_mount(self) -> None:
        """Show everything, and take the keys."""
        box = self.query_one(Vertical)
        box.styles.margin = (0, 0, self._below, 0)
        self.query_one(OptionList).can_focus = False
        self.query_one(Input).focus()
        self._show("")

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._show(event.value)

    @on(Input.Submitted)
    def _take(self, event: Input.Submitted) -> None:
        event.stop()
        place = self.query_one(OptionList).highlighted
        self.dismiss(self._found[place] if place is not None and self._found else None)

    @on(OptionList.OptionSelected)
    def _clicked(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.dismiss(self._found[event.option_index])

    def action_leave(self) -> None:
        """Leave the draft as it is."""
        self.dismiss(None)

    def action_older(self) -> None:
        """Choose the entry sent before the chosen one."""
        self._choose(-1)

    def action_newer(self) -> None:
        """Choose the entry sent after the chosen one."""
        self._choose(1)

    def _choose(self, step: int) -> None:
        entries = self.query_one(OptionList)
        if entries.highlighted is not None:
            entries.highlighted = max(0, min(len(self._found) - 1, entries.highlighted + step))

    def _show(self, query: str) -> None:
        self._found = self._past.search(query, MAX_ENTRIES)[::-1]
        entries = self.query_one(OptionList)
        entries.set_options([Option(self._row(entry, query)) for entry in self._found])
        entries.highlighted = len(self._found) - 1 if self._found else None
        entries.display = bool(self._found)

    def _row(self, entry: str, query: str) -> Content:
        text = one_line(entry[:_SHOWN_CHARACTERS])
        start = text.lower().find(query.lower()) if query else -1
        row = Content(text)
        if start >= 0:
            row = row.stylize(self.get_visual_style("history--match", partial=True), start, start + len(query))
        return row.truncate(max(10, self.app.size.width - 6), ellipsis=True)

"""A source file in which lines are chosen: a cursor, a range from a mark to it, the function around it."""

from typing import Any, ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip

from termcoder.refactoring.selecting import definitions
from termcoder.ui.widgets.code_lines import on_background
from termcoder.ui.widgets.source_view import SourceView


class LinePicker(SourceView, inherit_bindings=False):
    """A file with chosen lines: those from the mark to the cursor, or the cursor's alone."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "previous_line", "Up", show=False),
        Binding("down,j", "next_line", "Down", show=False),
        Binding("pageup", "page_up", "A page up", show=False),
        Binding("pagedown", "page_down", "A page down", show=False),
        Binding("home,g", "first_line", "To the beginning", show=False),
        Binding("end,G", "last_line", "To the end", show=False),
        Binding("left,h", "left", "Scroll left", show=False),
        Binding("right,l", "right", "Scroll right", show=False),
        Binding("shift+up", "stretch(-1)", "Choose the line above too", show=False),
        Binding("shift+down", "stretch(1)", "Choose the line below too", show=False),
        Binding("v,space", "mark", "Choose from here on"),
        Binding("f", "choose_function", "The function here"),
        Binding("A", "choose_all", "All lines"),
        Binding("enter", "choose", "Go on"),
    ]

    class Chosen(Message):
        """Enter was pressed; `first` and `last` count from 1."""

        def __init__(self, first: int, last: int) -> None:
            super().__init__()
            self.first, self.last = first, last

    class Moved(Message):
        """Other lines are chosen now."""

    def __init__(self, placeholder: str = "", **kwargs: Any) -> None:
        super().__init__(placeholder, **kwargs)
        self._row = 0
        self._anchor: int | None = None
        self._text = ""

    def open(self, path: str, text: str, line: int = 1) -> None:
        """Show a file with the cursor on a line, from 1. The same file keeps the chosen lines that it still has."""
        stays = path == self.path
        self._text = text
        self.show(path, text, None)
        if not stays:
            self._row, self._anchor = min(max(line, 1), self.row_count) - 1, None
            self.reveal(self._row)
        self._row = min(self._row, self.row_count - 1)
        self._anchor = None if self._anchor is None else min(self._anchor, self.row_count - 1)
        self._changed()

    @property
    def chosen(self) -> tuple[int, int]:
        """The first and last of the chosen lines, from 1."""
        other = self._row if self._anchor is None else self._anchor
        return min(self._row, other) + 1, max(self._row, other) + 1

    def choose(self, first: int, last: int) -> None:
        """Choose these lines, the cursor on the first."""
        self._row, self._anchor = first - 1, last - 1
        self._changed()

    @property
    def focal_row(self) -> int | None:
        """See `LineScroll`."""
        return self._row

    def draw_row(self, row: int, width: int) -> Strip:
        """See `LineScroll`: the chosen lines on a colour, the cursor's with a sign."""
        strip = super().draw_row(row, width)
        first, last = self.chosen
        if not first <= row + 1 <= last:
            return strip
        kind = "chosen" if self.has_focus else "resting"
        return on_background(strip, width, self.ink[kind])

    def _gutter(self, row: int, failing: bool) -> Strip:
        return super()._gutter(row, failing or row == self._row)

    def _changed(self) -> None:
        self.keep_in_view(self._row)
        self.refresh()
        self.post_message(self.Moved())

    # Keys

    def move_by(self, rows: int) -> None:
        """See `LineScroll`: moves the cursor."""
        self._row = min(max(0, self._row + rows), max(0, self.row_count - 1))
        self._changed()

    def action_stretch(self, rows: int) -> None:
        """Move the cursor and choose what it passes."""
        self._anchor = self._row if self._anchor is None else self._anchor
        self.move_by(rows)

    def action_mark(self) -> None:
        """Choose from here on, or no longer."""
        self._anchor = self._row if self._anchor is None else None
        self._changed()

    def action_choose_function(self) -> None:
        """The innermost function or class around what is chosen; again: the one around that."""
        first, last = self.chosen
        around = [
            each
            for each in definitions(self.path or "", self._text)
            if each.first <= first and last <= each.last and (each.first, each.last) != (first, last)
        ]
        if around:
            inner = min(around, key=lambda each: each.last - each.first)
            self.choose(inner.first, inner.last)

    def action_choose_all(self) -> None:
        """The whole file."""
        if self.row_count:
            self.choose(1, self.row_count)

    def action_choose(self) -> None:
        """Go on with the chosen lines."""
        if self.row_count:
            self.post_message(self.Chosen(*self.chosen))

    def on_focus(self) -> None:
        """Show that keys go here."""
        self.refresh()

    def on_blur(self) -> None:
        """Show that they no longer do."""
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on a row."""
        row = self.top + event.y - self.header
        if self.header <= event.y and row < self.row_count:
            self._row = row
            self._changed()

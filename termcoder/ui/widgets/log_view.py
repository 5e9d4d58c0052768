"""An error log as it came, with the lines marked that errors and frames were read out of."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from enum import Enum
from typing import Any, ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from textual.binding import BindingType
from textual.message import Message
from textual.strip import Strip

from termcoder.tracebacks.cleaning import ESCAPE
from termcoder.ui.commands import bindings_of
from termcoder.ui.widgets.code_lines import LONGEST, CursorScroll
from termcoder.ui.widgets.folding import display_line


class LogMark(Enum):
    """What a line of the log tells. The value is its sign."""

    ERROR = "✗"
    OWN = "•"
    LIBRARY = "·"


_SIGN_STYLES = {LogMark.ERROR: "error", LogMark.OWN: "own", LogMark.LIBRARY: "note"}
_TEXT_STYLES = {LogMark.ERROR: "error", LogMark.OWN: "text", LogMark.LIBRARY: "note"}


class LogView(CursorScroll, can_focus=True):
    """A log of any length. Its lines are kept as they are, and made harmless when they are drawn."""

    BINDINGS: ClassVar[list[BindingType]] = bindings_of("log")

    class LineChosen(Message):
        """Enter on a line, from 1."""

        def __init__(self, line: int) -> None:
            super().__init__()
            self.line = line

    def __init__(self, placeholder: str = "", **kwargs: Any) -> None:
        super().__init__(placeholder, **kwargs)
        self._log: list[str] = []
        self._marks: dict[int, LogMark] = {}
        self._errors: list[int] = []

    def load(self, text: str) -> None:
        """Show another log from its beginning, without marks."""
        self._log = text.split("\n")
        if not self._log[-1]:
            self._log.pop()
        self._left = 0
        self._wanted = None
        self.place_cursor(0)
        self.mark({})
        self.rows_changed()
        self.scroll_to_row(0)

    def mark(self, marks: Mapping[int, LogMark]) -> None:
        """Mark these lines, counted from 1, and no others."""
        self._marks = dict(marks)
        self._errors = sorted(line for line, mark in marks.items() if mark is LogMark.ERROR)
        self.refresh()

    def go_to(self, line: int) -> None:
        """Select a line, from 1, with a third of the view above it."""
        if self._log:
            self._left = 0
            self.place_cursor(min(max(line, 1), len(self._log)) - 1)
            self.reveal(self.cursor_row)
            self.refresh()

    @property
    def line(self) -> int | None:
        """The selected line, from 1; None without a log."""
        return self.cursor_row + 1 if self._log else None

    @property
    def row_count(self) -> int:
        """See `LineScroll`."""
        return len(self._log)

    @property
    def _digits(self) -> int:
        return max(3, len(str(len(self._log))))

    def draw_row(self, row: int, width: int) -> Strip:
        """See `LineScroll`."""
        mark, chosen = self._marks.get(row + 1), row == self.cursor_row
        pointer = ("▶" if self.has_focus else "▷") if chosen else " "
        gutter = [
            Segment(pointer, self.ink["sign"]),
            Segment(mark.value if mark else " ", self.ink[_SIGN_STYLES[mark] if mark else "text"]),
            Segment(f"{row + 1:>{self._digits}} ", self.ink["gutter"]),
        ]
        text = Strip([Segment(_drawn(self._log[row]), self.ink[_TEXT_STYLES[mark] if mark else "text"])])
        used = self._digits + 3
        strip = Strip.join([Strip(gutter, used), self.cut(text, max(1, width - used))])
        return self.with_cursor(strip, width) if chosen else strip

    def overhang(self, row: int) -> int:
        """See `LineScroll`."""
        return cell_len(_drawn(self._log[row])) - self.left - (self.size.width - 1 - self._digits - 3)

    # Keys

    def action_next_mark(self) -> None:
        """To the next error."""
        at = bisect_right(self._errors, self.cursor_row + 1)
        if at < len(self._errors):
            self.go_to(self._errors[at])

    def action_previous_mark(self) -> None:
        """To the error before."""
        at = bisect_left(self._errors, self.cursor_row + 1)
        if at > 0:
            self.go_to(self._errors[at - 1])

    def action_choose(self) -> None:
        """Say which line was chosen."""
        if self.line is not None:
            self.post_message(self.LineChosen(self.line))

    def action_copy_line(self) -> None:
        """Ask for a copy of the selected line, without its colours."""
        if self._log:
            self.post_message(self.CopyRequested(_plain(self._log[self.cursor_row]), "line"))


def _plain(line: str) -> str:
    """A line without colours, and without what a progress bar wrote over."""
    shown = line.removesuffix("\r").rpartition("\r")[2]
    return ESCAPE.sub("", shown) if "\x1b" in shown or "\x9b" in shown else shown


def _drawn(line: str) -> str:
    """A line as it is drawn; of an endless one the beginning, and how much more there is."""
    if len(line) <= LONGEST:
        return display_line(_plain(line))
    return f"{display_line(_plain(line[:LONGEST]))} … {len(line) - LONGEST:,} more characters"

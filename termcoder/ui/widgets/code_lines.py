"""Rows in a virtual list, many thousands of them: what the log, a source file and the list of errors share.

A subclass says how many rows there are and draws one of them; only the rows on the screen are ever asked for.
"""

from typing import Any, ClassVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from termcoder.ui.widgets.folding import display_line, fold
from termcoder.ui.widgets.ink import COMPONENTS, STYLE, Ink

SIDEWAYS = 10  # cells that left and right scroll by
LONGEST = 10_000  # characters drawn of one line
_LINES = ("gutter", "sign", "own", "title", "tag", "chosen", "resting", "failing", "fault")
_STYLE = """
LineScroll {
    & > .lines--gutter { color: $text-muted; }
    & > .lines--sign { color: $accent; text-style: bold; }
    & > .lines--own { color: $text-accent; text-style: bold; }
    & > .lines--title { background: $panel; color: $foreground; text-style: bold; }
    & > .lines--tag { color: $text-warning; }
    & > .lines--chosen { background: $accent 25%; }
    & > .lines--resting { background: $foreground 10%; }
    & > .lines--failing { background: $error 20%; }
    & > .lines--fault { text-style: bold underline; }
}
"""


class LineInk(Ink):
    """The transcript's styles, and those of rows ("gutter", "chosen", …)."""

    def __init__(self, lookup: Any) -> None:
        super().__init__(lookup)
        self._styles |= {name: lookup(f"lines--{name}") for name in _LINES}


class LineScroll(ScrollView):
    """A list of rows that scrolls both ways; `header` rows at its top stay where they are."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {*COMPONENTS, *(f"lines--{name}" for name in _LINES)}
    DEFAULT_CSS = STYLE.replace("TurnScroll", "LineScroll") + _STYLE

    class CopyRequested(Message):
        """Copy `text`; `what` names it for people ("line", "place", "error")."""

        def __init__(self, text: str, what: str) -> None:
            super().__init__()
            self.text = text
            self.what = what

    def __init__(self, placeholder: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._placeholder = placeholder
        self._ink: LineInk | None = None
        self._left = 0
        self._height = 0  # rows that fitted before the last resize
        self._told_size = Size()
        self._wanted: int | None = None  # the row to reveal as soon as there is room to

    # What a subclass says

    @property
    def header(self) -> int:
        """Rows at the top that don't scroll."""
        return 0

    @property
    def row_count(self) -> int:
        """How many rows there are; with none, the placeholder is shown."""
        raise NotImplementedError

    def draw_row(self, row: int, width: int) -> Strip:
        """One row, of `width` cells or fewer."""
        raise NotImplementedError

    def draw_header(self, width: int) -> Strip:
        """The row at the top, where there is one."""
        raise NotImplementedError

    def overhang(self, row: int) -> int:
        """Cells of a row that are beyond the right edge."""
        return 0

    @property
    def focal_row(self) -> int | None:
        """The row that must not get lost when the size changes."""
        return None

    # The rest

    @property
    def placeholder(self) -> str:
        """What is shown, centred, while there are no rows."""
        return self._placeholder

    @placeholder.setter
    def placeholder(self, text: str) -> None:
        self._placeholder = text
        self.refresh()

    @property
    def left(self) -> int:
        """How many cells are scrolled out of sight on the left."""
        return self._left

    @property
    def top(self) -> int:
        """The first row in view."""
        return int(self.scroll_offset.y)

    @property
    def body_height(self) -> int:
        """How many rows fit."""
        return max(0, self.size.height - self.header)

    @property
    def ink(self) -> LineInk:
        """The styles of the theme in use."""
        if self._ink is None:
            self._ink = LineInk(self.get_component_rich_style)
        return self._ink

    def notify_style_update(self) -> None:
        """See `_renew_ink`; the component styles are still the old ones here."""
        super().notify_style_update()
        self.call_later(self._renew_ink)

    def _renew_ink(self) -> None:
        if self._ink is None:
            return  # nothing was drawn yet
        ink = LineInk(self.get_component_rich_style)
        if not self._ink.same_as(ink):
            self._ink = ink
            self.refresh()

    def on_resize(self) -> None:
        """Show what was to be shown before there was room, and keep in view what matters and was."""
        self._told_size = self.size
        focal = self.focal_row
        seen = focal is not None and self.top <= focal < self.top + self._height
        self._height = self.body_height
        self.rows_changed()
        if self._wanted is not None:
            self.reveal(self._wanted)
        elif focal is not None and seen:
            self.keep_in_view(focal)

    def rows_changed(self) -> None:
        """Take in another number of rows, without a new layout of the screen: nothing of it depends on this."""
        size = Size(self.size.width, self.row_count + self.header)
        if size != self.virtual_size:
            self.set_reactive(LineScroll.virtual_size, size)
        self.scroll_to_row(self.top)
        self.refresh()

    def scroll_to_row(self, row: int) -> None:
        """Make this the first row in view, as far as the rows reach."""
        if self.is_mounted and self.size.height:
            self.scroll_to(y=max(0, row), animate=False, force=True)

    def reveal(self, row: int) -> None:
        """Scroll so that a third of the view is above this row."""
        self._wanted = None if self.body_height else row
        self.scroll_to_row(row - self.body_height // 3)

    def keep_in_view(self, row: int) -> None:
        """Scroll as little as needed to show this row."""
        if not self.body_height:
            self._wanted = row
        elif row < self.top:
            self.scroll_to_row(row)
        elif row >= self.top + self.body_height:
            self.scroll_to_row(row - self.body_height + 1)

    def refresh_row(self, row: int) -> None:
        """Draw one row again."""
        y = row - self.top + self.header
        if self.header <= y < self.size.height:
            self.refresh(Region(0, y, self.size.width, 1))

    # Drawing

    def render_line(self, y: int) -> Strip:
        """One row of the screen."""
        if self._told_size != self.size:  # shown while another widget scrolls, one isn't told its size
            self._told_size = self.size
            self.call_later(self.on_resize)
        width = self.size.width
        if y < self.header:
            return self._whole(self.draw_header(width), self.ink["title"])
        if not self.row_count:
            return self._whole(self._placeholder_row(y, width))
        row = self.top + y - self.header
        strip = self.draw_row(row, max(1, width - 1)) if row < self.row_count else Strip([])
        return self._with_place(self._whole(strip), y - self.header)

    def _whole(self, strip: Strip, style: Style | None = None) -> Strip:
        base = style or self.ink["text"]
        return strip.apply_style(base).adjust_cell_length(self.size.width, base)

    def _placeholder_row(self, y: int, width: int) -> Strip:
        room = max(8, width - 2)
        rows = [row for line in self._placeholder.split("\n") for row in fold(display_line(line), room, words=True)]
        at = y - max(0, (self.size.height - len(rows)) // 2)
        text = rows[at].strip() if 0 <= at < len(rows) else ""
        return Strip([Segment(" " * max(0, (width - cell_len(text)) // 2) + text, self.ink["note"])])

    def _with_place(self, strip: Strip, y: int) -> Strip:
        """Show at the right edge which part of the rows is in view; it takes the place of a scrollbar."""
        height, total = self.body_height, self.row_count
        first = min(height - 1, self.top * height // total)
        if total <= height or not first <= y <= first + height * height // total:
            return strip
        return Strip.join([strip.crop(0, strip.cell_length - 1), Strip([Segment("▐", self.ink["place"])], 1)])

    def cut(self, strip: Strip, width: int) -> Strip:
        """What the sideways scrolling leaves of a row; a sign at each end says where there is more."""
        piece = strip.crop(self._left, self._left + width)
        if strip.cell_length > self._left + width:
            piece = Strip.join([piece.crop(0, width - 1), Strip([Segment("›", self.ink["gutter"])], 1)])
        if self._left and strip.cell_length:
            piece = Strip.join([Strip([Segment("‹", self.ink["gutter"])], 1), piece.crop(1)])
        return piece

    # Scrolling by keys

    def move_by(self, rows: int) -> None:
        """Scroll; where there is a cursor, move it."""
        self.scroll_to_row(self.top + rows)

    def action_previous_line(self) -> None:
        """Up a row."""
        self.move_by(-1)

    def action_next_line(self) -> None:
        """Down a row."""
        self.move_by(1)

    def action_page_up(self) -> None:
        """Up a page."""
        self.move_by(-max(1, self.body_height - 1))

    def action_page_down(self) -> None:
        """Down a page."""
        self.move_by(max(1, self.body_height - 1))

    def action_first_line(self) -> None:
        """To the first row."""
        self.move_by(-self.row_count)

    def action_last_line(self) -> None:
        """To the last row."""
        self.move_by(self.row_count)

    def action_left(self) -> None:
        """Sideways, back towards the beginning of the lines."""
        self.scroll_sideways_to(self._left - SIDEWAYS)

    def action_right(self) -> None:
        """Sideways, as far as a row in view reaches."""
        rows = range(self.top, min(self.row_count, self.top + self.body_height))
        if any(self.overhang(row) > 0 for row in rows):
            self.scroll_sideways_to(self._left + SIDEWAYS)

    def scroll_sideways_to(self, left: int) -> None:
        """Leave out this many cells on the left of every row."""
        self._left = max(0, left)
        self.refresh()


class CursorScroll(LineScroll):
    """Rows with a cursor on one of them."""

    def __init__(self, placeholder: str = "", **kwargs: Any) -> None:
        super().__init__(placeholder, **kwargs)
        self._cursor = 0

    @property
    def cursor_row(self) -> int:
        """The row that is selected, from 0."""
        return self._cursor

    @property
    def focal_row(self) -> int | None:
        """See `LineScroll`."""
        return self._cursor

    def selectable(self, row: int) -> bool:
        """Whether the cursor stops at this row."""
        return True

    def moved(self) -> None:
        """The user has moved the cursor."""

    def action_choose(self) -> None:
        """Do what Enter does here."""

    def move_by(self, rows: int) -> None:
        """Move the cursor, to the nearest row that it stops at."""
        self.move_to(self._cursor + rows, 1 if rows > 0 else -1)

    def move_to(self, row: int, direction: int = -1) -> None:
        """Move the cursor as the user; beyond a row where it doesn't stop it goes on in this direction."""
        if not self.row_count:
            return
        target = self._stop(min(max(row, 0), self.row_count - 1), direction)
        if target != self._cursor:
            self.place_cursor(target)
            self.moved()
        self.keep_in_view(target)

    def _stop(self, row: int, direction: int) -> int:
        ahead = range(row, self.row_count) if direction > 0 else range(row, -1, -1)
        return next((each for each in ahead if self.selectable(each)), self._cursor)

    def place_cursor(self, row: int) -> None:
        """Put the cursor there, without a word to anybody."""
        self.refresh_row(self._cursor)
        self._cursor = row
        self.refresh_row(row)

    def on_focus(self) -> None:
        """Show that keys go here."""
        self.refresh_row(self._cursor)

    def on_blur(self) -> None:
        """Show that they no longer do."""
        self.refresh_row(self._cursor)

    def on_click(self, event: events.Click) -> None:
        """Select the row under the mouse; a click on the selected one is Enter."""
        row = self.top + event.y - self.header
        if event.y < self.header or row >= self.row_count or not self.selectable(row):
            return
        if row == self._cursor:
            self.action_choose()
        else:
            self.move_to(row)

    def with_cursor(self, strip: Strip, width: int) -> Strip:
        """A row with the cursor's background."""
        return on_background(strip, width, self.ink["chosen" if self.has_focus else "resting"])


def on_background(strip: Strip, width: int, style: Style) -> Strip:
    """A row on another background, from edge to edge."""
    whole = strip.adjust_cell_length(width)
    return Strip(Segment.apply_style(whole, post_style=Style(bgcolor=style.bgcolor)), width)


def crop_end(text: str, width: int) -> str:
    """`text` in at most `width` cells, with `…` for what is left out at its end."""
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, width - 1).rstrip() + "…" if width > 1 else "…"[:width]


def crop_middle(text: str, width: int) -> str:
    """`text` in at most `width` cells, with `…` for what is left out; more is kept of its end."""
    if cell_len(text) <= width:
        return text
    head = set_cell_size(text, max(0, width - 1) // 3) if width > 3 else ""
    return head + "…" + _tail(text, width - 1 - cell_len(head)) if width > 0 else ""


def _tail(text: str, width: int) -> str:
    start, room = len(text), width
    while start and (room := room - cell_len(text[start - 1])) >= 0:
        start -= 1
    return text[start:]

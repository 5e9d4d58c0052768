"""The list that opens above the composer while the name of a file or of a template is typed."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from rich.cells import cell_len
from textual.content import Content
from textual.geometry import Offset, Region
from textual.reactive import reactive
from textual.widgets import Static

from termcoder.ui.inert import inert, one_line
from termcoder.workspace import Hit

MAX_ROWS = 8
_WIDEST = 72
_NARROWEST = 24


class CompletionPopup(Static):
    """Shows hits with their matched letters emphasised; never takes the focus."""

    DEFAULT_CSS = """
    CompletionPopup {
        overlay: screen;
        display: none;
        width: auto;
        height: auto;
        background: $surface;
        border: round $primary;
        border-title-color: $text-muted;
        border-subtitle-color: $text-muted;
        padding: 0 1;
        & .completion--chosen { background: $primary 30%; }
        & .completion--folder { color: $text-muted; }
        & .completion--match { color: $accent; text-style: bold; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"completion--chosen", "completion--folder", "completion--match"}

    hits: reactive[tuple[Hit, ...]] = reactive((), layout=True)
    chosen: reactive[int] = reactive(0)

    def __init__(self) -> None:
        super().__init__("", markup=False)
        self.border_subtitle = Content("tab takes · esc closes")
        self.moved = False
        self._notes: Mapping[str, str] = {}
        self._room = MAX_ROWS
        self._top = 0

    @property
    def is_open(self) -> bool:
        """Whether there is anything to choose from."""
        return self.display and bool(self.hits)

    @property
    def hit(self) -> Hit:
        """The chosen one; only while open."""
        return self.hits[self.chosen]

    def open(self, hits: Sequence[Hit], total: int) -> None:
        """Show `hits`, the first chosen; `total` is how many files there are."""
        self.show_choices(hits, f"{total:,} files" if total != 1 else "1 file")

    def show_choices(
        self, hits: Sequence[Hit], title: str, notes: Mapping[str, str] | None = None, room: int = MAX_ROWS
    ) -> None:
        """Show `hits`, the first chosen; of more than `room` those around the chosen one.

        `notes`: what stands beside each, where there is something.
        """
        self.border_title = Content(title)
        self.moved = False
        self._notes, self._room, self._top = notes or {}, room, 0
        self.chosen = 0
        self.hits = tuple(hits)
        self.display = bool(hits) and room > 0

    def close(self) -> None:
        """Hide it."""
        self.display = False
        self.hits = ()

    def move(self, step: int) -> None:
        """Choose the next one, or with -1 the previous, around the ends."""
        self.moved = True
        self.chosen = (self.chosen + step) % len(self.hits)
        self._top = max(self.chosen - self._room + 1, min(self._top, self.chosen))

    def place(self, composer: Region, cursor_x: int, screen_width: int) -> None:
        """Sit on top of the composer, at the cursor where there is room."""
        height = min(len(self.hits), self._room) + 2
        x = max(0, min(cursor_x - 2, screen_width - self._row_width(screen_width) - 4))
        self.absolute_offset = Offset(x, max(0, composer.y - height))

    def render(self) -> Content:
        """One row a hit."""
        width = self._row_width(self.screen.size.width)
        shown = list(enumerate(self.hits))[self._top : self._top + self._room]
        rows = [self._row(hit, index == self.chosen, width) for index, hit in shown]
        return Content("\n").join(rows)

    def watch_hits(self) -> None:
        """Lay out again: the size follows the hits."""
        self.refresh(layout=True)

    def _row_width(self, screen_width: int) -> int:
        widest = max((cell_len(shown_path(hit.path)) for hit in self.hits), default=0)
        if self._notes:
            return max(_NARROWEST, min(widest + 2 + _WIDEST, screen_width - 4))
        return max(_NARROWEST, min(widest, _WIDEST, screen_width - 4))

    def _row(self, hit: Hit, chosen: bool, width: int) -> Content:
        text = shown_path(hit.path)
        name = text.rstrip("/").rfind("/") + 1
        row = Content(text).stylize(self.get_visual_style("completion--folder"), 0, name)
        match = self.get_visual_style("completion--match", partial=True)
        for offset in hit.offsets:
            row = row.stylize(match, offset, offset + 1)
        row = self._with_note(row, hit.path, width) if self._notes else _shortened(row, width)
        return row.stylize(self.get_visual_style("completion--chosen", partial=True)) if chosen else row

    def _with_note(self, row: Content, path: str, width: int) -> Content:
        """A name, and in a column of its own what it stands for; what doesn't fit is cut off."""
        column = max(cell_len(shown_path(hit.path)) for hit in self.hits) + 2
        note = Content(one_line(self._notes.get(path, ""))).stylize(self.get_visual_style("completion--folder"))
        whole = row.pad_right(column - row.cell_length) + note
        return whole.truncate(width, ellipsis=True).pad_right(max(0, width - whole.cell_length))


def shown_path(path: str) -> str:
    """A path on one line, character for character: what a terminal would obey or can't draw is made visible."""
    text = inert(path).replace("\n", "␊").replace("\t", "␉")
    return "".join(
        "\N{REPLACEMENT CHARACTER}" if "\ud800" <= character <= "\udfff" else character for character in text
    )


def _shortened(row: Content, width: int) -> Content:
    """`row` in exactly `width` cells; of a long path the end, with the file's name, is kept."""
    excess = row.cell_length - width
    if excess > 0:
        kept = row[len(row.plain) - _characters_that_fit(row.plain, width - 1) :]
        row = Content("…") + kept
    return row.pad_right(width - row.cell_length)


def _characters_that_fit(text: str, cells: int) -> int:
    count = 0
    for character in reversed(text):
        cells -= cell_len(character)
        if cells < 0:
            break
        count += 1
    return count

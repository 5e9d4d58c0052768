"""A patch as it will change the files: hunks with line numbers, signs and colours, each to be taken or left out."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from enum import Enum
from itertools import islice
from typing import Any, ClassVar, NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.message import Message
from textual.strip import Strip

from termcoder.diffs.model import Hunk
from termcoder.diffs.words import Spans, changed_words
from termcoder.edits.patch import Patch, hunks
from termcoder.ui.commands import bindings_of
from termcoder.ui.inert import one_line
from termcoder.ui.widgets.code_lines import LONGEST, LineScroll, crop_middle, on_background
from termcoder.ui.widgets.folding import display_line
from termcoder.ui.widgets.highlight import Tokens, lexer_of, tokens_of

NO_PATCH = "No change is shown."
EXACT_ABOVE = 400  # a hunk that ends by this line is lexed from the file's beginning
ABOVE = 60  # lines lexed above a hunk further down
LEXED = 400  # lines of a hunk that are highlighted
NARROW = 50  # below this width there is one line number, not two

HunkAt = tuple[int, int]
"""Which file of the patch, and which of its hunks."""


class _Kind(Enum):
    FILE = "a file's name"
    HUNK = "a hunk's head"
    LINE = "a line of a hunk"


class _Row(NamedTuple):
    """A row of the list. `line`: which of the hunk's rows; `old`, `new`: the numbers it has in the file."""

    kind: _Kind
    file: int
    hunk: int = -1
    line: int = -1
    old: int = 0
    new: int = 0


class PatchView(LineScroll, can_focus=True):
    """Hunks with their surroundings, one of them current. Where hunks can be chosen, each has a checkbox."""

    BINDINGS: ClassVar[list[BindingType]] = bindings_of("patch")
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "patch--added",
        "patch--removed",
        "patch--added-word",
        "patch--removed-word",
    }
    DEFAULT_CSS = """
    PatchView > .patch--added { background: $success 15%; }
    PatchView > .patch--removed { background: $error 15%; }
    PatchView > .patch--added-word { background: $success 40%; color: $foreground; text-style: bold; }
    PatchView > .patch--removed-word { background: $error 40%; color: $foreground; text-style: bold; }
    """

    class HunksChosen(Message):
        """A hunk was taken in or left out; these are taken now."""

        def __init__(self, chosen: frozenset[HunkAt]) -> None:
            super().__init__()
            self.chosen = chosen

    def __init__(self, placeholder: str = NO_PATCH, **kwargs: Any) -> None:
        super().__init__(placeholder, **kwargs)
        self._patch = Patch(())
        self._hunks: list[tuple[Hunk, ...]] = []
        self._choosing = False
        self._chosen: set[HunkAt] = set()
        self._current: HunkAt | None = None
        self._list: list[_Row] = []
        self._starts: dict[HunkAt, int] = {}  # the row of each hunk's head, in order
        self._digits = 1
        self._tokens: dict[tuple[HunkAt, str], list[Tokens]] = {}  # by hunk and side ("-" or "+")
        self._words: dict[HunkAt, dict[int, Spans]] = {}
        self._mixed: set[HunkAt] = set()  # hunks in which not all lines end alike
        self._counts: list[Counter[str]] = []  # of signs, by file

    def show(self, patch: Patch, chosen: Collection[HunkAt] | None = None) -> None:
        """Show a patch with these hunks taken; None: there is nothing to choose. The same one again stays scrolled."""
        stays = patch == self._patch
        self._choosing = chosen is not None
        if not stays:
            self._take(patch)
        self._chosen = set(self._starts).intersection(self._starts if chosen is None else chosen)
        self.rows_changed()
        if not stays:
            self.scroll_sideways_to(0)
            self.scroll_to_row(0)

    @property
    def chosen(self) -> set[HunkAt]:
        """The hunks that are taken."""
        return set(self._chosen)

    @property
    def current(self) -> HunkAt | None:
        """The hunk that keys go to."""
        return self._current

    @property
    def patch(self) -> Patch:
        """What is shown."""
        return self._patch

    # Rows

    def _take(self, patch: Patch) -> None:
        self._patch = patch
        self._hunks = [hunks(change) for change in patch.changes]
        self._tokens.clear()
        self._words.clear()
        self._list = [row for file, found in enumerate(self._hunks) if found for row in _file_rows(file, found)]
        self._starts = {(row.file, row.hunk): at for at, row in enumerate(self._list) if row.kind is _Kind.HUNK}
        self._current = next(iter(self._starts), None)
        self._mixed = {at for at in self._starts if _mixes_ends(self._hunk(at))}
        self._counts = [Counter(sign for hunk in found for sign, _ in hunk.rows) for found in self._hunks]
        self._digits = len(str(max((max(row.old, row.new) for row in self._list), default=0)))

    @property
    def row_count(self) -> int:
        """See `LineScroll`."""
        return len(self._list)

    def _hunk(self, at: HunkAt) -> Hunk:
        return self._hunks[at[0]][at[1]]

    def _rows_of(self, at: HunkAt) -> range:
        """The rows of a hunk, its head included."""
        first = self._starts[at]
        return range(first, first + 1 + len(self._hunk(at).rows))

    # Drawing

    def draw_row(self, row: int, width: int) -> Strip:
        """See `LineScroll`."""
        shown = self._list[row]
        if shown.kind is _Kind.FILE:
            return self._file_row(shown.file, width)
        if shown.kind is _Kind.HUNK:
            return self._hunk_row((shown.file, shown.hunk), width)
        return self._line_row(shown, width)

    def _file_row(self, file: int, width: int) -> Strip:
        """The path, and what happens to the file."""
        change, signs = self._patch.changes[file], self._counts[file]
        what = "new file " if change.before is None else "deleted " if change.after is None else ""
        counts = f" {what}+{signs['+']} -{signs['-']}"
        path = crop_middle(one_line(change.path), max(1, width - 1 - cell_len(counts)))
        title = self.ink["title"]
        text = Strip([Segment(f" {path}", title), Segment(counts, title + Style(bold=False))])
        return text.adjust_cell_length(width, title)

    def _hunk_row(self, at: HunkAt, width: int) -> Strip:
        """The checkbox, where the hunk is, and which one of how many."""
        hunk, current = self._hunk(at), at == self._current
        box = ("[x] " if at in self._chosen else "[ ] ") if self._choosing else ""
        state = "" if at in self._chosen else " · left out"
        text = f"{box}{[*self._starts].index(at) + 1} of {len(self._starts)} · {_lines_of(hunk)}{state}"
        sign = Segment("▶ " if current else "  ", self.ink["sign"])
        strip = Strip([sign, Segment(text, self.ink["heading" if at in self._chosen else "note"])])
        if not current:
            return strip
        return on_background(strip.crop(0, width), width, self.ink["chosen" if self.has_focus else "resting"])

    def _line_row(self, row: _Row, width: int) -> Strip:
        at = (row.file, row.hunk)
        taken = at in self._chosen
        sign, line = self._hunk(at).rows[row.line]
        gutter = self._gutter(row, sign, taken)
        room = max(1, width - gutter.cell_length)
        text = self._code(row, line) if taken else Strip([Segment(_drawn(line), self.ink["note"])])
        code = self.cut(Strip.join([text, self._end_of(at, line)]), room)
        strip = Strip.join([gutter, on_background(code, room, self.ink["code"])]).crop(0, width)
        if sign == " " or not taken:
            return strip
        return self._tinted(strip, row, gutter.cell_length, _side(sign))

    def _gutter(self, row: _Row, sign: str, taken: bool) -> Strip:
        """What the hunk is, the line's numbers, and the sign of a diff."""
        numbers = [row.old, row.new] if self.size.width >= NARROW else [row.new or row.old]
        mark = "▎" if (row.file, row.hunk) == self._current else " "
        text = "".join(f"{number or '':>{self._digits}} " for number in numbers)
        style = {"+": "string", "-": "error"}.get(sign, "gutter") if taken else "gutter"
        return Strip(
            [
                Segment(mark, self.ink["sign"]),
                Segment(text, self.ink["gutter"]),
                Segment(f"{sign} ", self.ink[style] + Style(bold=taken)),
            ]
        )

    def _code(self, row: _Row, line: str) -> Strip:
        """The highlighted text."""
        text = _drawn(line)
        at, sign = (row.file, row.hunk), self._hunk((row.file, row.hunk)).rows[row.line][0]
        found = self._tokens_at(at, "-" if sign == "-" else "+")
        number = row.old - self._hunk(at).first_old if sign == "-" else row.new - self._hunk(at).first_new
        tokens = found[number] if number < len(found) else ()
        if "".join(piece for _, piece in tokens) != text:
            return Strip([Segment(text, self.ink["code"])])
        return Strip([Segment(piece, self.ink.token(kind)) for kind, piece in tokens])

    def _end_of(self, at: HunkAt, line: str) -> Strip:
        r"""A sign for an end of line that may make the difference: `\r\n` among others, or none at all."""
        if not line.endswith("\n"):
            return Strip([Segment(" (no newline at the end)", self.ink["note"])])
        shows = line.endswith("\r\n") and at in self._mixed
        return Strip([Segment("␍", self.ink["note"])] if shows else [])

    def _tinted(self, strip: Strip, row: _Row, start: int, side: str) -> Strip:
        """A changed line on its colour, the words that have changed on a stronger one."""
        tinted = on_background(strip, strip.cell_length, self.get_component_rich_style(f"patch--{side}"))
        words = self._words_at((row.file, row.hunk)).get(row.line, ())
        if not words:
            return tinted
        line = _drawn(self._hunk((row.file, row.hunk)).rows[row.line][1])
        emphasis = self.get_component_rich_style(f"patch--{side}-word")
        style = Style(color=emphasis.color, bgcolor=emphasis.bgcolor, bold=True)
        for first, last in words:
            left = max(start, start + cell_len(line[:first]) - self.left)
            right = min(strip.cell_length, start + cell_len(line[:last]) - self.left)
            if left < right:
                tinted = _restyled(tinted, left, right, style)
        return tinted

    def overhang(self, row: int) -> int:
        """See `LineScroll`."""
        shown = self._list[row]
        if shown.kind is not _Kind.LINE:
            return 0
        line = self._hunk((shown.file, shown.hunk)).rows[shown.line][1]
        numbers = (self._digits + 1) * (2 if self.size.width >= NARROW else 1)
        return cell_len(_drawn(line)) - self.left - max(1, self.size.width - numbers - 4)

    # What is worked out for a hunk once it is on the screen

    def _tokens_at(self, at: HunkAt, side: str) -> list[Tokens]:
        """The tokens of one side of a hunk, line by line."""
        if (at, side) not in self._tokens:
            change, hunk = self._patch.changes[at[0]], self._hunk(at)
            text, first, count = change.after or "", hunk.first_new, hunk.new_lines
            if side == "-":
                text, first, count = change.before or "", hunk.first_old, hunk.old_lines
            lexer = lexer_of("", change.path)
            found = _lexed(lexer, text, first - 1, min(count, LEXED)) if lexer and count else []
            self._tokens[at, side] = found
        return self._tokens[at, side]

    def _words_at(self, at: HunkAt) -> dict[int, Spans]:
        """The characters that have changed in each line that replaces another, or is replaced."""
        if at not in self._words:
            self._words[at] = dict(changed_words(self._hunk(at).rows, _drawn))
        return self._words[at]

    # Keys

    def on_focus(self) -> None:
        """Show that keys go here."""
        self.refresh()

    def on_blur(self) -> None:
        """Show that they no longer do."""
        self.refresh()

    def action_next_hunk(self) -> None:
        """To the next hunk."""
        self._step(1)

    def action_previous_hunk(self) -> None:
        """To the hunk before."""
        self._step(-1)

    def _step(self, by: int) -> None:
        order = [*self._starts]
        if self._current is None:
            return
        target = order.index(self._current) + by
        if 0 <= target < len(order):
            self._go(order[target])

    def _go(self, at: HunkAt) -> None:
        """Make a hunk the current one; of one higher than the view its beginning is shown."""
        self._current = at
        rows = self._rows_of(at)
        self.keep_in_view(rows.stop - 1)
        self.keep_in_view(rows.start - (self._list[rows.start - 1].kind is _Kind.FILE))
        self.refresh()

    def move_by(self, rows: int) -> None:
        """Scroll, and take the cursor along; where there is no further to scroll, go to the next hunk."""
        before = self.top
        super().move_by(rows)
        if self.top == before:
            self._step(1 if rows > 0 else -1)
        elif self._current is not None and not self._in_view(self._current):
            seen = [at for at in self._starts if self._in_view(at)]
            self._current = (seen[0] if rows > 0 else seen[-1]) if seen else self._current
            self.refresh()

    def _in_view(self, at: HunkAt) -> bool:
        rows = self._rows_of(at)
        return rows.start < self.top + self.size.height and rows.stop > self.top

    def action_toggle_hunk(self) -> None:
        """Take the current hunk, or leave it out."""
        if self._choosing and self._current is not None:
            self._chosen ^= {self._current}
            self.refresh()
            self.post_message(self.HunksChosen(frozenset(self._chosen)))

    def on_click(self, event: events.Click) -> None:
        """Make the hunk under the mouse the current one; a click on its head takes it or leaves it out."""
        row = self.top + event.y
        if row >= self.row_count or self._list[row].kind is _Kind.FILE:
            return
        self._current = (self._list[row].file, self._list[row].hunk)
        self.refresh()
        if self._list[row].kind is _Kind.HUNK:
            self.action_toggle_hunk()


def every_hunk(patch: Patch) -> set[HunkAt]:
    """All hunks of a patch, for `PatchView.show`."""
    return {(file, hunk) for file, change in enumerate(patch.changes) for hunk in range(len(hunks(change)))}


def _file_rows(file: int, found: Sequence[Hunk]) -> Iterator[_Row]:
    yield _Row(_Kind.FILE, file)
    for number, hunk in enumerate(found):
        yield _Row(_Kind.HUNK, file, number)
        old, new = hunk.first_old, hunk.first_new
        for line, (sign, _) in enumerate(hunk.rows):
            yield _Row(_Kind.LINE, file, number, line, old if sign != "+" else 0, new if sign != "-" else 0)
            old, new = old + (sign != "+"), new + (sign != "-")


def _lines_of(hunk: Hunk) -> str:
    """The lines that a hunk takes, in the new file where it has any."""
    first, count = (hunk.first_new, hunk.new_lines) if hunk.new_lines else (hunk.first_old, hunk.old_lines)
    if not count:
        return "an empty file"
    return f"line {first}" if count == 1 else f"lines {first}-{first + count - 1}"


def _side(sign: str) -> str:
    return "added" if sign == "+" else "removed"


def _mixes_ends(hunk: Hunk) -> bool:
    r"""Whether some of its lines end with `\r\n` and some with `\n`."""
    return len({line[-2:] == "\r\n" for _, line in hunk.rows if line.endswith("\n")}) > 1


def _drawn(line: str) -> str:
    return display_line(line[:LONGEST]) + (" …" if len(line) > LONGEST else "")


def _lexed(lexer: Any, text: str, first: int, count: int) -> list[Tokens]:
    """The tokens of `count` lines from `first` on, lexed from a line above that hardly is inside a string."""
    lines = text.split("\n")[: first + count]
    start = 0
    if first + count > EXACT_ABOVE:
        above = range(max(0, first - ABOVE), first + 1)
        start = next((at for at in above if lines[at][:1].strip()), above.start)
    shown = [_drawn(line) for line in lines[start:]]
    return [tuple(tokens) for tokens in islice(tokens_of(lexer, shown), first - start, first - start + count)]


def _restyled(strip: Strip, left: int, right: int, style: Style) -> Strip:
    """The strip with another style from one cell to another."""
    inside = Strip(Segment.apply_style(strip.crop(left, right), post_style=style), right - left)
    return Strip.join([strip.crop(0, left), inside, strip.crop(right)])

"""How the rows of a diff look: heads, numbers, signs, code on its colour, findings."""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from termcoder.diffs.model import FileDiff, Hunk, Status
from termcoder.diffs.words import Spans
from termcoder.ui.inert import one_line
from termcoder.ui.widgets.code_lines import LineInk, crop_end, crop_middle
from termcoder.ui.widgets.diff_code import HunkCode, drawn
from termcoder.ui.widgets.diff_notes import NoteRow
from termcoder.ui.widgets.folding import display
from termcoder.ui.widgets.highlight import Tokens

NARROW = 60
"""Below this width there is one line number, not two."""
MARGIN = 3
"""Cells on the left of every line: the cursor, how bad what was found is, whether the line is chosen."""
WORDS = {
    Status.ADDED: "new file",
    Status.COPIED: "copied",
    Status.DELETED: "deleted",
    Status.MODIFIED: "modified",
    Status.RENAMED: "renamed",
    Status.TYPE_CHANGED: "type changed",
    Status.UNMERGED: "unmerged",
}
_NOTHING = "000000"
_SIGNS = {"": "gutter", "added": "string", "removed": "error"}


class DiffInk:
    """The theme's styles for code on the colour of its side ("", "added", "removed"); made once for each."""

    def __init__(self, ink: LineInk, lookup: Callable[[str], Style]) -> None:
        self.ink = ink
        self._sides = {side: lookup(f"diff--{side}") for side in ("added", "removed")}
        self._strong = {side: lookup(f"diff--{side}-word") for side in self._sides}
        self._made: dict[tuple[Any, str, bool], Style] = {}
        self._on_side: dict[tuple[str, str], Style] = {}

    def __getitem__(self, name: str) -> Style:
        return self.ink[name]

    def code(self, kind: Any, side: str = "", *, strong: bool = False) -> Style:
        """The style of a token (None: plain code) on a side; `strong` for words that have changed."""
        key = (kind, side, strong)
        style = self._made.get(key)
        if style is None:
            style = self._made[key] = self._make(*key)
        return style

    def _make(self, kind: Any, side: str, strong: bool) -> Style:
        style = self.ink["code"] if kind is None else self.ink.token(kind)
        if side:
            style += Style(bgcolor=self._sides[side].bgcolor)
        if side and strong:
            word = self._strong[side]
            style += Style(color=word.color, bgcolor=word.bgcolor, bold=True)
        return style

    def on_side(self, name: str, side: str) -> Style:
        """A style of rows ("gutter", "note") on a side's colour."""
        style = self._on_side.get((name, side))
        if style is None:
            style = self._on_side[name, side] = self.ink[name] + Style(bgcolor=self.code(None, side).bgcolor)
        return style

    def sign(self, side: str) -> Style:
        """The style of a side's sign."""
        return self.on_side(_SIGNS[side], side)


class CodeDrawing:
    """Draws the lines of hunks. `digits`: of line numbers; `left`: cells of code that are scrolled out of sight."""

    def __init__(self, ink: DiffInk, digits: int) -> None:
        self.left = 0
        self._ink = ink
        self._digits = digits

    def cell(
        self, code: HunkCode, row: tuple[int, str, str], numbers: Sequence[int | None], width: int
    ) -> list[Segment]:
        """A row of a hunk (its index, sign and text) in exactly `width` cells, with these line numbers before it."""
        at, sign, text = row
        side = side_of(sign)
        shown, end = drawn(text), code.remark(at)
        pieces = segments(shown, code.tokens(at), code.words(at) if side else (), self._ink, side)
        if end:
            pieces.append(Segment(end, self._ink.on_side("note", side)))
        return self._whole(pieces, (sign, numbers, side), cell_len(shown + end), width)

    def plain(self, text: str, tokens: Tokens, numbers: Sequence[int | None], width: int) -> list[Segment]:
        """A line between hunks."""
        shown = drawn(text)
        return self._whole(segments(shown, tokens, (), self._ink), (" ", numbers, ""), cell_len(shown), width)

    def _whole(
        self, pieces: list[Segment], row: tuple[str, Sequence[int | None], str], cells: int, width: int
    ) -> list[Segment]:
        """Numbers and sign, and the code of so many cells, cut or filled up."""
        sign, numbers, side = row
        before = "".join([f"{number or '':>{self._digits}} " for number in numbers])
        gutter = [Segment(before, self._ink.on_side("gutter", side)), Segment(f"{sign} ", self._ink.sign(side))]
        room = width - len(before) - len(sign) - 1
        if room < 1:
            return [*Strip(gutter).crop(0, width)]
        if self.left or cells > room:
            pieces = self._cut(Strip(pieces), room, side)
            cells = sum(piece.cell_length for piece in pieces)
        return [*gutter, *pieces, Segment(" " * (room - cells), self._ink.code(None, side))]

    def _cut(self, code: Strip, room: int, side: str) -> list[Segment]:
        """What the sideways scrolling leaves of a line; a sign at each end says where there is more."""
        more, style = code.cell_length > self.left + room, self._ink.on_side("gutter", side)
        before = bool(self.left and code.cell_length)
        piece = code.crop(self.left + before, self.left + room - more)
        ends = [Segment("‹", style)] * before, [Segment("›", style)] * more
        return [*ends[0], *piece, *ends[1]]


def segments(text: str, tokens: Tokens, words: Spans, ink: DiffInk, side: str = "") -> list[Segment]:
    """`text` in the colours of its tokens, where they are its own, on its side's colour, changed words stronger."""
    if "".join([piece for _, piece in tokens]) != text:
        tokens = ((None, text),)
    if not words:
        return [Segment(piece, ink.code(kind, side)) for kind, piece in tokens]
    return [*_emphasized(tokens, words, ink, side)]


def _emphasized(tokens: Tokens, words: Spans, ink: DiffInk, side: str) -> Iterator[Segment]:
    edges = sorted({edge for span in words for edge in span})
    at = 0
    for kind, piece in tokens:
        inside = [at, *(edge for edge in edges if at < edge < at + len(piece)), at + len(piece)]
        for first, last in pairwise(inside):
            strong = any(start <= first < end for start, end in words)
            yield Segment(piece[first - at : last - at], ink.code(kind, side, strong=strong))
        at += len(piece)


def side_of(sign: str) -> str:
    """The name of a sign's colour; "" for an unchanged line."""
    return "removed" if "-" in sign else "added" if "+" in sign else ""


def file_row(diff: FileDiff, sign: str, facts: Sequence[str], width: int, ink: DiffInk) -> Strip:
    """A file's head: whether it is folded, its path, where it came from, what becomes of it, and these facts."""
    title = ink["title"]
    about = crop_end("  " + " · ".join((becomes(diff), *facts, *_remarks(diff))), width * 2 // 3)
    names = one_line(diff.path) + (f" ← {one_line(diff.old_path)}" if diff.old_path else "")
    room = max(1, width - 2 - cell_len(about))
    shown = _names(diff, names, room)
    strip = Strip([Segment(f"{sign} {display(shown)}", title), Segment(about, title + Style(bold=False))])
    return strip.crop(0, width).adjust_cell_length(width, title)


def _names(diff: FileDiff, names: str, room: int) -> str:
    """Path and old path; where there is no room for both, only the path, from the middle on shortened."""
    return names if cell_len(names) <= room else crop_middle(one_line(diff.path), room)


def becomes(diff: FileDiff) -> str:
    """What has become of a file, in a word."""
    word = WORDS[diff.status]
    return f"{word} {diff.similarity}%" if diff.similarity is not None and diff.similarity < 100 else word


def counts(added: int, deleted: int) -> str:
    """How many lines were added and removed, with signs."""
    return f"+{added:,} −{deleted:,}"


def _remarks(diff: FileDiff) -> Iterator[str]:
    """Why it is not reviewed, and a change of its mode."""
    if diff.skipped and not diff.skipped.startswith(WORDS[diff.status]):
        yield one_line(diff.skipped)
    modes = diff.mode_old, diff.mode_new
    if None not in modes and _NOTHING not in modes and modes[0] != modes[1]:
        yield one_line(f"mode {modes[0]} → {modes[1]}")


def hunk_row(hunk: Hunk, ends: frozenset[str], width: int, ink: DiffInk) -> Strip:
    """A hunk's head: its place as git writes it, and the function it is in."""
    mark = "@" * (len(hunk.rows[0][0]) + 1 if hunk.rows else 2)
    place = f"{mark} -{_range(hunk.first_old, hunk.old_lines)} +{_range(hunk.first_new, hunk.new_lines)} {mark}"
    crlf = " · CRLF" if ends == {"\r\n"} else ""
    heading = crop_end(display(one_line(hunk.heading)), max(0, width - cell_len(place + crlf) - 1))
    pieces = [Segment(place, ink["gutter"]), Segment(f" {heading}" if heading else "", ink["heading"])]
    return Strip([*pieces, Segment(crlf, ink["note"])]).crop(0, width)


def _range(first: int, count: int) -> str:
    return str(first) if count == 1 else f"{first},{count}"


def note_row(pieces: NoteRow, bar: str, width: int, ink: DiffInk, *, muted: bool = False) -> Strip:
    """A row of a finding, behind a bar in the style `bar`; `muted` where the finding is folded."""
    head = Segment("┃ ", ink["note" if muted else bar])
    styled = [Segment(text, ink["note" if muted else name]) for name, text in pieces]
    return Strip([head, *styled]).crop(0, width)

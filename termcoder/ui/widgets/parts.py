"""What a turn is drawn from: its question, the blocks of its answer, its notes. Each knows its rows at a width."""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

from rich.cells import cell_len
from rich.segment import Segment
from textual.strip import Strip

from termcoder.ui.widgets.blocks import Block, BlockKind
from termcoder.ui.widgets.folding import display_line, fold
from termcoder.ui.widgets.highlight import AT_ONCE, CodeTokens, lexer_of
from termcoder.ui.widgets.ink import Ink

FOLD_ABOVE = 24  # lines of a question shown in full
FOLDED = 20  # lines shown of a longer one
GUTTER = 3  # cells on the left: cursor, bar, space
MARGIN = 1
KEPT_ROWS = 300  # drawn rows kept of one part


class Part:
    """Some rows of a turn. `gap`: blank rows above. `settled`: `height` is exact, not an estimate."""

    gap = 1
    selectable = True
    barred = False
    settled = True
    what = "block"

    def __init__(self) -> None:
        self._strips: dict[int, Strip] = {}
        self._drawn_for: tuple[int, Ink] | None = None

    @property
    def text(self) -> str:
        """What copying it gives."""
        raise NotImplementedError

    def height(self, width: int) -> int:
        """Rows it takes where text is `width` cells wide."""
        raise NotImplementedError

    def settle(self, width: int, ink: Ink) -> None:
        """Make the height exact. Called before it is drawn."""

    def content(self, row: int, width: int, ink: Ink) -> Strip:
        """The text of a row, of `width` cells or fewer."""
        raise NotImplementedError

    def texts(self, width: int, ink: Ink) -> list[str]:
        """The text of every row, folded ones too. One with a line break ends a line; others go on in the next."""
        return []

    def left(self, width: int) -> int:
        """The cells of a row that stand before such a text."""
        return 0

    def strip(self, row: int, width: int, ink: Ink) -> Strip:
        """A whole row of the screen, edges included."""
        if self._drawn_for != (width, ink) or len(self._strips) > KEPT_ROWS:
            self._strips.clear()
            self._drawn_for = (width, ink)
        strip = self._strips.get(row)
        if strip is None:
            bar = Segment(" │ " if self.barred else " " * GUTTER, ink["bar"])
            line = Strip.join([Strip([bar], GUTTER), self.content(row, width, ink).crop(0, width)])
            strip = line.apply_style(ink["text"]).adjust_cell_length(GUTTER + width + MARGIN, ink["text"])
            self._strips[row] = strip
        return strip

    def forget(self, from_row: int = 0) -> None:
        """Drop what can be drawn again."""
        for row in [row for row in self._strips if row >= from_row]:
            del self._strips[row]

    def close(self) -> None:
        """No more text will come."""


class PlainPart(Part):
    """Text as it was typed: a question or a note. A long one is folded until `toggle`."""

    def __init__(self, text: str, style: str, *, selectable: bool = False, gap: int = 1) -> None:
        super().__init__()
        self._text = text
        self._style = style
        self.selectable = selectable
        self.barred = selectable
        self.gap = gap
        self.what = "question" if selectable else "note"
        self._lines = text.strip("\n").split("\n")
        self.folded = selectable and len(self._lines) > FOLD_ABOVE
        self._width = 0
        self._rows: list[str] = []

    @property
    def text(self) -> str:
        """All of it, folded or not."""
        return self._text

    def toggle(self) -> bool:
        """Fold or unfold; False where there is nothing to fold."""
        if len(self._lines) <= FOLD_ABOVE:
            return False
        self.folded = not self.folded
        self._width = 0
        self.forget()
        return True

    def height(self, width: int) -> int:
        """See `Part`."""
        return len(self._rows_at(width))

    def content(self, row: int, width: int, ink: Ink) -> Strip:
        """See `Part`."""
        folded_note = self.folded and row == len(self._rows_at(width)) - 1
        return Strip([Segment(self._rows_at(width)[row].rstrip(), ink["note" if folded_note else self._style])])

    def texts(self, width: int, ink: Ink) -> list[str]:
        """See `Part`."""
        return [row for line in self._lines for row in _ended(fold(display_line(line), width, words=True))]

    def hides(self, row: int) -> bool:
        """Whether a row of `texts` is folded away."""
        return self.folded and row >= len(self._rows) - 1

    def _rows_at(self, width: int) -> list[str]:
        if width != self._width:
            self._width = width
            shown = self._lines[:FOLDED] if self.folded else self._lines
            self._rows = [row for line in shown for row in fold(display_line(line), width, words=True)]
            if self.folded:
                self._rows.append(f"… {len(self._lines) - FOLDED:,} more lines (space shows them)")
        return self._rows


class ProsePart(Part):
    """A block of Markdown prose. Its height is estimated from its length until it has to be drawn."""

    def __init__(self, block: Block) -> None:
        super().__init__()
        self.block = block
        self.gap = 0 if block.joined else 1
        self._rows: Sequence[Sequence[Segment]] | None = None
        self._rows_for: tuple[int, Ink] | None = None
        self.stamp = block.stamp
        self._height = 0
        self._height_width = 0
        self._texts: tuple[object, list[str]] = (None, [])

    @property
    def text(self) -> str:
        """Its Markdown."""
        return self.block.text

    @property
    def settled(self) -> bool:  # type: ignore[override]
        """Whether it was drawn at the width last asked for."""
        return self._rows is not None

    def grow(self) -> int:
        """Take in how the block has changed; returns the first row that may look different."""
        self._height_width = 0
        self.forget()
        return 0

    def forget(self, from_row: int = 0) -> None:
        """See `Part`; the height stays known."""
        super().forget(from_row)
        self._rows = None

    def height(self, width: int) -> int:
        """See `Part`."""
        if self._height_width != width:
            self._rows = None
            self._height_width = width
            self._height = sum(1 + len(line) // width for line in self.block.lines if line.strip())
        return self._height

    def settle(self, width: int, ink: Ink) -> None:
        """See `Part`."""
        if self._rows is not None and self._rows_for == (width, ink):
            return
        from termcoder.ui.widgets.prose import prose_rows  # the Markdown parser: not before the first paint

        self._rows = prose_rows(self.block, width - _indent(self.block, width), ink)
        self._rows_for = (width, ink)
        self._height = len(self._rows)
        self._height_width = width

    def texts(self, width: int, ink: Ink) -> list[str]:
        """See `Part`. They are kept, and leave the height as it is known."""
        state = (width, self.block.stamp)
        if self._texts[0] != state:
            from termcoder.ui.widgets.prose import prose_rows

            drawn = self._rows is not None and self._rows_for == (width, ink)
            rows = (self._rows if drawn else None) or prose_rows(self.block, width - self.left(width), ink)
            self._texts = state, ["".join(piece.text for piece in row).rstrip() + "\n" for row in rows]
        return self._texts[1]

    def left(self, width: int) -> int:
        """See `Part`."""
        return _indent(self.block, width)

    def content(self, row: int, width: int, ink: Ink) -> Strip:
        """See `Part`."""
        self.settle(width, ink)
        rows = self._rows or ()
        if row >= len(rows):
            return Strip([])
        return Strip([Segment(" " * _indent(self.block, width)), *rows[row]])


class CodePart(Part):
    """A fenced block on a surface of its own. Only the rows on the screen are ever drawn."""

    what = "code"

    def __init__(self, block: Block) -> None:
        super().__init__()
        self.block = block
        self.tokens = CodeTokens(lexer_of(block.language, block.file_name))
        self._lines: list[str] = []
        self._starts: list[int] = [0]  # the first row of each line, and behind them the number of rows
        self._width = 0
        self._last_fold: tuple[str, int, list[str]] = ("", 0, [""])
        self._ended = False
        self._highlighting = False
        self.stamp = block.stamp
        self.grow()

    @property
    def text(self) -> str:
        """The code without its fence."""
        return self.block.text

    @property
    def lines(self) -> Sequence[str]:
        """The code as it is drawn."""
        return self._lines

    @property
    def title(self) -> str:
        """The line above the code: its language and file."""
        return display_line(" · ".join(filter(None, (self.block.language, self.block.file_name))))

    @property
    def settled(self) -> bool:  # type: ignore[override]
        """Whether nothing is to be done before it is drawn."""
        return self.tokens.complete or self._highlighting or not (self._ended or self.block.end is not None)

    @property
    def needs_highlighting(self) -> bool:
        """Whether `highlight` has to be run, beside other work."""
        return not self.settled

    def settle(self, width: int, ink: Ink) -> None:
        """Highlight what is short; the height is always exact."""
        if not self.settled and len(self._lines) <= AT_ONCE:
            self.tokens.finish_now(self._lines)
            self.forget()

    async def highlight(self) -> None:
        """Highlight all of it, giving way to the keyboard."""
        self._highlighting = True
        await self.tokens.finish(self._lines)
        self._highlighting = False
        self.forget()

    def close(self) -> None:
        """The answer has ended, so its last block has too."""
        self._ended = True

    def grow(self) -> int:
        """See `ProsePart.grow`: the last known line may be another, and new ones may follow."""
        first = max(0, min(len(self._lines), self.block.code_line_count) - 1)
        del self._lines[first:]
        self._lines.extend(display_line(self.block.code_line(i)) for i in range(first, self.block.code_line_count))
        del self._starts[first + 1 :]
        row = self._starts[-1] + bool(self.title)
        self.forget(row)
        if self.block.end is None:
            self.tokens.follow(self._lines, first)
        return row

    def height(self, width: int) -> int:
        """See `Part`."""
        return self._place(width)[-1] + bool(self.title)

    def texts(self, width: int, ink: Ink) -> list[str]:
        """See `Part`."""
        inner = self._inner(width)
        title = [self.title + "\n"] if self.title else []
        return title + [row for line in self._lines for row in _ended(fold(line, inner))]

    def left(self, width: int) -> int:
        """See `Part`."""
        return _indent(self.block, width) + 1

    def _place(self, width: int) -> list[int]:
        if width != self._width:
            self._width = width
            self._starts = [0]
        inner = self._inner(width)
        known = len(self._starts) - 1
        counts = (len(fold(line, inner)) for line in self._lines[known:])
        self._starts[known:] = accumulate(counts, initial=self._starts[known])
        return self._starts

    def _inner(self, width: int) -> int:
        return max(1, width - _indent(self.block, width) - 2)

    def content(self, row: int, width: int, ink: Ink) -> Strip:
        """See `Part`."""
        indent = _indent(self.block, width)
        style = ink["code"]
        if self.title and row == 0:
            text = Strip([Segment(self.title, ink["code-title"])])
        else:
            text = self._code_row(row - bool(self.title), width, ink)
        padded = Strip.join([Strip([Segment(" ", style)]), text]).adjust_cell_length(width - indent, style)
        return Strip.join([Strip([Segment(" " * indent)]), padded]) if indent else padded

    def _code_row(self, row: int, width: int, ink: Ink) -> Strip:
        starts = self._place(width)
        line = bisect_right(starts, row) - 1
        if line >= len(self._lines):
            return Strip([])
        inner, text, tokens = self._inner(width), self._lines[line], self.tokens[line]
        if tokens is None:
            return Strip([Segment(self._folded(text, inner)[row - starts[line]], ink["code"])])
        whole = Strip([Segment(piece, ink.token(kind)) for kind, piece in tokens])
        edges = [0, *accumulate(cell_len(piece) for piece in self._folded(text, inner))]
        return whole.crop(edges[row - starts[line]], edges[row - starts[line] + 1])

    def _folded(self, text: str, inner: int) -> list[str]:
        """`fold`, remembering the last line: it may be long, and is asked for row by row."""
        if self._last_fold[:2] != (text, inner):
            self._last_fold = (text, inner, fold(text, inner))
        return self._last_fold[2]


def _ended(rows: list[str]) -> list[str]:
    """The rows of a line, the last with its end."""
    return [*rows[:-1], rows[-1] + "\n"]


def _indent(block: Block, width: int) -> int:
    """Columns a block below a list item stands in; fewer where there is little room."""
    return min(block.indent, width // 4)


def part_of(block: Block) -> ProsePart | CodePart:
    """The part that draws a block."""
    return CodePart(block) if block.kind is BlockKind.CODE else ProsePart(block)

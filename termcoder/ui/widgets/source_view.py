"""A project's file with the line that failed, highlighted like code in the conversation."""

import re
from collections.abc import Collection
from itertools import islice
from typing import Any, ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import work
from textual.binding import BindingType
from textual.message import Message
from textual.strip import Strip

from termcoder.ui.commands import bindings_of
from termcoder.ui.inert import one_line
from termcoder.ui.widgets.code_lines import LONGEST, LineScroll, crop_end, crop_middle, on_background
from termcoder.ui.widgets.folding import display_line
from termcoder.ui.widgets.highlight import AT_ONCE, CodeTokens, Tokens, lexer_of, tokens_of

EXACT_ABOVE = 200  # lines lexed from the file's beginning for what is on the screen
ABOVE = 60  # lines lexed above the screen further down
_WORD = re.compile(r"\w+|.")


class SourceView(LineScroll, can_focus=True):
    """One file at a time. What is on the screen is highlighted at once, the rest beside other work."""

    BINDINGS: ClassVar[list[BindingType]] = bindings_of("source")

    class EditRequested(Message):
        """Open a file of the project in an editor, at a line from 1."""

        def __init__(self, path: str, line: int) -> None:
            super().__init__()
            self.path = path
            self.line = line

    def __init__(self, placeholder: str = "", **kwargs: Any) -> None:
        super().__init__(placeholder, **kwargs)
        self._file = ""
        self._place: tuple[int | None, int | None] = (None, None)
        self._note = ""
        self._others: frozenset[int] = frozenset()
        self._source: list[str] = []
        self._lexer: Any | None = None
        self._lexed = CodeTokens(None)
        self._nearby: dict[int, Tokens | None] = {}  # what was lexed for the screen, until all of it is

    def show(
        self,
        path: str,
        text: str,
        line: int | None,
        column: int | None = None,
        note: str = "",
        marked: Collection[int] = (),
    ) -> None:
        """Show a file at the line that failed; the same place of the same file again is left scrolled as it is."""
        stays = bool(self._source) and (path, line) == (self._file, self._place[0])
        self._file, self._place, self._note = path, (line, column), note
        self._others = frozenset(marked)
        self._source = text.removesuffix("\n").split("\n")
        self._highlight_anew()
        self.rows_changed()
        if not stays:
            self.action_center()

    def show_message(self, text: str) -> None:
        """Show some words in place of a file."""
        self._file, self._place, self._source = "", (None, None), []
        self._nearby.clear()
        self._wanted = None
        self.placeholder = text
        self.rows_changed()

    @property
    def path(self) -> str | None:
        """The file that is shown."""
        return self._file or None

    @property
    def line(self) -> int | None:
        """The line that failed, as far as the file has it."""
        line = self._place[0]
        return line if line is not None and 1 <= line <= len(self._source) else None

    @property
    def focal_row(self) -> int | None:
        """See `LineScroll`."""
        return self.line - 1 if self.line else None

    @property
    def header(self) -> int:
        """See `LineScroll`: the title."""
        return 1 if self._source else 0

    @property
    def row_count(self) -> int:
        """See `LineScroll`."""
        return len(self._source)

    # Highlighting

    def _highlight_anew(self) -> None:
        self._lexer = lexer_of("", self._file)
        self._lexed = CodeTokens(self._lexer)
        self._nearby = {}
        if len(self._source) <= AT_ONCE:
            self._lexed.finish_now(self._source)
        elif self.is_mounted:
            self._highlight_beside()

    def on_mount(self) -> None:
        """Highlight what was shown before there was a screen."""
        self._highlight_beside()

    def _highlight_beside(self) -> None:
        if not self._lexed.complete:
            self._highlight()

    @work(group="highlight", exclusive=True)
    async def _highlight(self) -> None:
        lexed = self._lexed
        await lexed.finish(self._source)
        if lexed is self._lexed:
            self._nearby.clear()
            self.refresh()

    def _tokens(self, row: int) -> Tokens | None:
        found = self._lexed[row]
        if found is not None or self._lexed.complete:
            return found
        if row not in self._nearby:
            self._lex_nearby()
        return self._nearby.get(row)

    def _lex_nearby(self) -> None:
        """Lex what is on the screen, from a line above it that hardly is inside a string."""
        last = min(len(self._source), self.top + self.body_height)
        first = self._start_above(self.top)
        found = islice(tokens_of(self._lexer, self._source[first:last]), last - first)
        for row, tokens in enumerate(found, first):
            same = "".join(text for _, text in tokens) == self._source[row]
            self._nearby[row] = tuple(tokens) if same else None
        for row in range(self.top, last):
            self._nearby.setdefault(row, None)

    def _start_above(self, row: int) -> int:
        if row <= EXACT_ABOVE:
            return 0
        outer = (above for above in range(row - ABOVE, row + 1) if self._source[above][:1].strip())
        return next(outer, row - ABOVE)

    # Drawing

    def draw_header(self, width: int) -> Strip:
        """The file's path and the note, cut in the middle where there is little room."""
        wanted = self._place[0]
        title = one_line(self._file) + (f":{wanted}" if wanted else "")
        note = one_line(self._note)
        if wanted and not self.line:
            note = f"the file has only {len(self._source):,} lines"
        room = max(width - cell_len(note) - 5, width * 3 // 5) if note else width - 2
        path = crop_middle(title, room)
        left = width - cell_len(path) - 4
        title_style = self.ink["title"]
        rest = f" · {crop_end(note, left)}" if note and left > 4 else ""
        return Strip([Segment(f" {path}", title_style), Segment(rest, title_style + Style(bold=False))])

    def draw_row(self, row: int, width: int) -> Strip:
        """See `LineScroll`."""
        failing = row + 1 == self.line
        gutter = self._gutter(row, failing)
        text = self._code(row)
        if failing:
            text = self._with_fault(text, row)
        room = max(1, width - gutter.cell_length)
        code = self.cut(text, room).adjust_cell_length(room, self.ink["code"])
        strip = Strip.join([gutter, code])
        return on_background(strip, width, self.ink["failing"]) if failing else strip

    def _gutter(self, row: int, failing: bool) -> Strip:
        sign = "▶" if failing else "•" if row + 1 in self._others else " "
        number = f"{row + 1:>{self._digits}} "
        signed = Segment(sign, self.ink["error" if failing else "own"])
        return Strip([signed, Segment(number, self.ink["text" if failing else "gutter"])], self._digits + 2)

    @property
    def _digits(self) -> int:
        return max(3, len(str(len(self._source))))

    @property
    def _room(self) -> int:
        """Cells for code."""
        return max(1, self.size.width - self._digits - 3)

    def _code(self, row: int) -> Strip:
        line = self._source[row]
        tokens = self._tokens(row) if len(line) <= LONGEST else None
        if tokens is None:
            return Strip([Segment(_drawn(line), self.ink["code"])])
        segments, column = [], 0
        for kind, text in tokens:
            expanded = _expanded(text, column)
            segments.append(Segment(display_line(expanded), self.ink.token(kind)))
            column += len(expanded)
        return Strip(segments)

    def _with_fault(self, strip: Strip, row: int) -> Strip:
        """Underline the word that the log's column is at."""
        span = self._fault(row)
        if span is None:
            return strip
        before, inside, after = strip.divide([span[0], span[1], max(span[1], strip.cell_length)])
        fault = self.ink["fault"]
        marked = Strip(Segment.apply_style(inside, post_style=Style(bold=fault.bold, underline=fault.underline)))
        return Strip.join([before, marked, after])

    def _fault(self, row: int) -> tuple[int, int] | None:
        """The cells from the log's column to the end of the word there."""
        column, line = self._place[1], self._source[row][:LONGEST]
        found = _WORD.match(line, column - 1) if column and column <= len(line) else None
        if found is None:
            return None
        return cell_len(_drawn(line[: found.start()])), cell_len(_drawn(line[: found.end()]))

    def overhang(self, row: int) -> int:
        """See `LineScroll`."""
        return cell_len(_drawn(self._source[row])) - self.left - self._room

    # Keys

    def action_center(self) -> None:
        """Back to the line that failed."""
        self.reveal((self.line or 1) - 1 if self.line or not self._place[0] else len(self._source) - 1)

    def reveal(self, row: int) -> None:
        """See `LineScroll`; a column out of sight is brought in view with its line."""
        super().reveal(row)
        self._show_column()

    def _show_column(self) -> None:
        fault = self._fault(self.line - 1) if self.line else None
        beyond = fault is not None and self.size.width > 0 and fault[1] > self._room
        self.scroll_sideways_to(fault[0] - self._room // 3 if fault and beyond else 0)

    def action_open_editor(self) -> None:
        """Ask for an editor at the line that failed; without one, at the first line in view."""
        if self.path:
            self.post_message(self.EditRequested(self.path, self.line or self.top + 1))

    def action_copy_place(self) -> None:
        """Ask for a copy of `path:line`."""
        if self.path:
            self.post_message(self.CopyRequested(f"{self.path}:{self.line}" if self.line else self.path, "place"))


def _expanded(text: str, column: int) -> str:
    """`text` with tabs as spaces, where it begins at a column, from 0."""
    return (" " * column + text).expandtabs(4)[column:] if "\t" in text else text


def _drawn(line: str) -> str:
    """A line as it is drawn, its tabs where the highlighted line has them."""
    return display_line(line[:LONGEST]) + (" …" if len(line) > LONGEST else "")

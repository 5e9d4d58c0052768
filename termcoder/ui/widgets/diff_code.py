"""What is worked out of a hunk once it is on the screen: numbers, tokens, changed words, and how its lines end."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any
from unicodedata import category

from termcoder.diffs.model import Hunk
from termcoder.diffs.words import Spans, changed_words
from termcoder.ui.widgets.code_lines import LONGEST
from termcoder.ui.widgets.folding import display_line
from termcoder.ui.widgets.highlight import Tokens, tokens_of

AT_ONCE = 60
"""Lines that are lexed as one piece."""
PIECES = 80
"""How many of them are kept."""
ABOVE = 20
"""Lines looked at above a piece, for one that hardly is inside a string."""
LONGEST_BLOCK = 400
"""Rows of a block of changes in which changed words are looked for."""


def drawn(line: str) -> str:
    """A line as it is drawn, one beyond all measure cut."""
    return display_line(line[:LONGEST]) + (" …" if len(line) > LONGEST else "")


class CodeTokens:
    """Tokens of many lines, lexed as they are asked for, a piece at a time."""

    def __init__(self, lexer: Any | None, lines: Sequence[str]) -> None:
        self._lexer = lexer
        self._lines = lines
        self._found: dict[int, list[Tokens]] = {}
        self._rest: dict[int, Iterator[Tokens]] = {}

    def __getitem__(self, at: int) -> Tokens:
        """The tokens of a line; their text is the line as it is drawn. None of them: the line is drawn plain."""
        if self._lexer is None or not 0 <= at < len(self._lines):
            return ()
        piece = at // AT_ONCE
        if piece not in self._found:
            while len(self._found) >= PIECES:
                self._forget(next(iter(self._found)))
            self._begin(piece)
        found, wanted = self._found[piece], at - piece * AT_ONCE
        while len(found) <= wanted:
            found.append(tuple(next(self._rest[piece], ())))
        return found[wanted]

    def _forget(self, piece: int) -> None:
        del self._found[piece], self._rest[piece]

    def _begin(self, piece: int) -> None:
        first = piece * AT_ONCE
        above = range(max(0, first - ABOVE), first + 1)
        start = next((at for at in above if self._lines[at][:1].strip()), first) if piece else 0
        rest = tokens_of(self._lexer, [drawn(line) for line in self._lines[start : first + AT_ONCE]])
        for _ in range(first - start):
            next(rest, ())
        self._found[piece], self._rest[piece] = [], rest


class HunkCode:
    """One hunk."""

    def __init__(self, hunk: Hunk, lexer: Any | None) -> None:
        self._hunk = hunk
        self._lexer = lexer
        self._block = range(0)  # changed rows that follow each other, and their words by their places in it
        self._words: dict[int, Spans] = {}

    @cached_property
    def _old_rows(self) -> Sequence[int]:
        return [at for at, (sign, _) in enumerate(self._hunk.rows) if "+" not in sign]

    @cached_property
    def _new_rows(self) -> Sequence[int]:
        return [at for at, (sign, _) in enumerate(self._hunk.rows) if "-" not in sign]

    @cached_property
    def _first_parent(self) -> Sequence[int]:
        """The rows that the first parent has; in a plain diff, those of the old side."""
        if self._hunk.rows and len(self._hunk.rows[0][0]) == 1:
            return self._old_rows
        return [at for at, (sign, _) in enumerate(self._hunk.rows) if sign[0] == (" " if "-" not in sign else "-")]

    def numbers(self, row: int) -> tuple[int | None, int | None]:
        """The numbers of a row on both sides."""
        sign = self._hunk.rows[row][0]
        in_old = sign[0] == (" " if "-" not in sign else "-")
        old = self._hunk.first_old + bisect_left(self._first_parent, row) if in_old else None
        new = self._hunk.first_new + bisect_left(self._new_rows, row) if "-" not in sign else None
        return old, new

    @cached_property
    def _old_tokens(self) -> CodeTokens:
        return CodeTokens(self._lexer, [self._hunk.rows[at][1] for at in self._old_rows])

    @cached_property
    def _new_tokens(self) -> CodeTokens:
        return CodeTokens(self._lexer, [self._hunk.rows[at][1] for at in self._new_rows])

    def tokens(self, row: int) -> Tokens:
        """The tokens of a row, lexed with the lines of its side."""
        if "-" in self._hunk.rows[row][0]:
            return self._old_tokens[bisect_left(self._old_rows, row)]
        return self._new_tokens[bisect_left(self._new_rows, row)]

    def words(self, row: int) -> Spans:
        """The characters of a changed row, as it is drawn, that its new or old form doesn't have."""
        rows = self._hunk.rows
        if len(rows[row][0]) != 1 or rows[row][0] == " ":
            return ()
        if row not in self._block:
            self._block = self._block_around(row)
            few = len(self._block) <= LONGEST_BLOCK
            block = rows[self._block.start : self._block.stop] if few else ()
            self._words = dict(changed_words(block, drawn))
        return self._words.get(row - self._block.start, ())

    def _block_around(self, row: int) -> range:
        """The changed rows around one, looked for only as far as it matters."""
        rows = self._hunk.rows
        above = range(row, max(-1, row - LONGEST_BLOCK - 1), -1)
        below = range(row, min(len(rows), row + LONGEST_BLOCK + 1))
        first = next((at + 1 for at in above if rows[at][0] == " "), above[-1])
        return range(first, next((at for at in below if rows[at][0] == " "), below[-1] + 1))

    def remark(self, row: int) -> str:
        r"""What can't be seen of a row: how it ends, and in a changed one tabs among spaces and invisible characters.

        Of line ends only those are told that others of the hunk don't share.
        """
        sign, text = self._hunk.rows[row]
        end = "␍" if text.endswith("\r\n") and len(self.ends) > 1 else ""
        if sign.strip():
            hidden = [name for name, there in self._hidden(sign, text[:LONGEST].rstrip("\r\n")) if there]
            end += f" ({', '.join(hidden)})" if hidden else ""
        return end if text.endswith("\n") else f"{end} (no newline at the end)"

    def _hidden(self, sign: str, text: str) -> Iterator[tuple[str, bool]]:
        yield "tab", text.startswith("\t") and self._mixes_tabs
        yield "spaces at the end", "+" in sign and text[-1:] in (" ", "\t")
        yield "invisible characters", not text.isascii() and any(category(each) == "Cf" for each in text)

    @cached_property
    def _mixes_tabs(self) -> bool:
        """Whether some of the changed lines begin with tabs and some with spaces."""
        return {text[:1] for sign, text in self._hunk.rows if sign.strip()} >= {"\t", " "}

    @cached_property
    def ends(self) -> frozenset[str]:
        r"""How its lines end: `\n`, `\r\n` or both."""
        return frozenset("\r\n" if line.endswith("\r\n") else "\n" for _, line in self._hunk.rows if line[-1:] == "\n")

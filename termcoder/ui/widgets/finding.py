"""Typed words looked for in rows as they are drawn: where each match is, in cells. Knows nothing of widgets."""

import html
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from rich.cells import cell_len

_MARKUP = dict.fromkeys(map(ord, "*_`~\\"))
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a match: cells `start` to `end` of one row."""

    row: int
    start: int
    end: int


Match = tuple[Span, ...]
"""One match: a piece in every row that it reaches into."""


class Needle:
    """What is looked for. Capitals count only where there is one; any blank stands for any other, and for a new row."""

    def __init__(self, text: str) -> None:
        self.text = text
        words = (re.escape(word) for word in re.split(r"\s+", text))
        self._pattern = re.compile(r"\s+".join(words), 0 if text != text.lower() else re.IGNORECASE)
        self._words = _WORD.findall(text.translate(_MARKUP).casefold())

    @property
    def is_blank(self) -> bool:
        """Whether there is nothing to look for."""
        return not self.text.strip()

    def may_be_in(self, source: str) -> bool:
        """Whether drawing this Markdown is worth the time: whether every word is in it, however it is emphasised."""
        if self.is_blank:
            return False
        if "&" in source:
            source += html.unescape(source)
        plain = source.translate(_MARKUP).casefold()
        return all(word in plain for word in self._words)

    def matches(self, rows: Sequence[str]) -> list[Match]:
        """The matches in these rows, in order. A row with a line break ends there; others go on in the next."""
        if self.is_blank:
            return []
        starts = list(accumulate(map(len, rows), initial=0))
        found = (match.span() for match in self._pattern.finditer("".join(rows)))
        return [tuple(_pieces(rows, starts, *span)) for span in found]


def _pieces(rows: Sequence[str], starts: Sequence[int], start: int, end: int) -> Iterator[Span]:
    """The rows that characters `start` to `end` of the whole lie in, and the cells they take there."""
    row = bisect_right(starts, start) - 1
    while row < len(rows) and starts[row] < end:
        text = rows[row].rstrip("\n")
        first, last = max(0, start - starts[row]), min(len(text), end - starts[row])
        if text[first:last].strip():
            yield Span(row, cell_len(text[:first]), cell_len(text[:last]))
        row += 1

"""What a recipe gives: new text for some lines of a file."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Edit = tuple[int, int, int, str]
"""A line (from 1), the first byte of it that is replaced and the one after the last, and the new text."""


@dataclass(frozen=True, slots=True)
class Rewrite:
    """New text for the lines `first` to `last` of a file, and when it is the right fix."""

    title: str
    when: str
    first: int
    last: int
    lines: tuple[str, ...]


def edited(lines: Sequence[str], edits: Iterable[Edit], title: str, when: str) -> Rewrite:
    """A rewrite of the lines that the edits are in. Columns count UTF-8 bytes, as parsers do."""
    ordered = sorted(edits, reverse=True)
    first, last = ordered[-1][0], ordered[0][0]
    changed = [line.encode() for line in lines[first - 1 : last]]
    for line, start, end, new in ordered:
        old = changed[line - first]
        changed[line - first] = old[:start] + new.encode() + old[end:]
    return Rewrite(title, when, first, last, tuple(line.decode() for line in changed))

"""Source lines made ready to draw: inert, tabs as spaces, cut into rows that fit."""

import re

from rich.cells import cell_len, chop_cells

from termcoder.ui.inert import inert

TAB = 4
_WORD = re.compile(r"\s+|\S+\s*")
_UNDRAWABLE = dict.fromkeys((0x2028, 0x2029, *range(0xD800, 0xE000), *range(0xE0000, 0xE0080)), 0xFFFD)


def display(text: str) -> str:
    """`text` without a character that could steer the terminal, vanish from sight or fail to be written."""
    return inert(text).translate(_UNDRAWABLE)


def display_line(line: str) -> str:
    """One source line as it is drawn: no line ending, tabs as spaces."""
    return display(line.rstrip("\n").removesuffix("\r").expandtabs(TAB))


def fold(line: str, width: int, *, words: bool = False) -> list[str]:
    """`line` cut into rows of at most `width` cells; joined, the rows are the line again.

    With `words`, a row ends after a space where it can (spaces may then hang over the edge).
    """
    if len(line) <= width // 2 or cell_len(line) <= width:
        return [line]
    if words:
        return _fold_words(line, width)
    if line.isascii():
        return [line[start : start + width] for start in range(0, len(line), width)]
    return chop_cells(line, width)


def _fold_words(line: str, width: int) -> list[str]:
    rows = [""]
    used = 0
    for word in _WORD.findall(line):
        cells = cell_len(word.rstrip())
        if used + cells <= width:
            rows[-1] += word
            used += cell_len(word)
            continue
        pieces = fold(word, width)
        rows.extend(pieces)
        used = cell_len(pieces[-1])
    return rows if rows[0] else rows[1:]

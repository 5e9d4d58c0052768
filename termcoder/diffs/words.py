"""Which removed line became which added one, and which words of it have changed."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from difflib import SequenceMatcher
from itertools import accumulate, groupby, zip_longest
from typing import NamedTuple

LONGEST_COMPARED = 200
"""Characters of a line up to which it is compared with others."""
MOST_COMPARED = 1600
"""Pairs of lines up to which the lines of one block are compared."""
ALIKE = 0.5
"""From this share of common text on, a line is another's new form."""

Spans = Sequence[tuple[int, int]]
"""Parts of a line: the first character of each, and the one behind its last."""
Pair = tuple[int | None, int | None]
"""What stands side by side: which row is on the left, and which on the right."""
Rows = Sequence[tuple[str, str]]

_WORD = re.compile(r"\w+|\s+|.")
_MARK = re.compile(r"\w+|[^\w\s]")


class _Marks(NamedTuple):
    """What a line has besides spaces: each word and sign with the characters that all of it take."""

    text: str
    sizes: Counter[str]
    size: int


def aligned(rows: Rows) -> list[Pair]:
    """The rows of a hunk, each once, as they stand side by side: the old text on the left, the new on the right.

    A removed line and an added one of the same block stand beside each other where they are alike; what lies between
    goes in order. A block of more than `MOST_COMPARED` pairs goes in order as a whole.
    """
    return [pair for left, right in _blocks(rows) for pair in _side_by_side(rows, left, right)]


def changed_words(rows: Rows, shown: Callable[[str], str] = str) -> Iterator[tuple[int, Spans]]:
    """The rows that are another's new or old form, with the parts that the other doesn't have.

    The parts are those of the lines as they are `shown`.
    """
    for left, right in _blocks(rows):
        if not left or not right or len(left) * len(right) > MOST_COMPARED or left == right:
            continue
        old, new = ([shown(rows[at][1]) for at in side] for side in (left, right))
        for before, after in alike(old, new):
            if max(len(old[before]), len(new[after])) <= LONGEST_COMPARED:
                spans = different(old[before], new[after])
                yield left[before], spans[0]
                yield right[after], spans[1]


def different(old: str, new: str) -> tuple[Spans, Spans]:
    """The parts of each line that are in words the other doesn't have."""
    left, right = _WORD.findall(old), _WORD.findall(new)
    changes = SequenceMatcher(None, left, right, autojunk=False).get_opcodes()
    kept = [change for change in changes if change[0] != "equal"]
    ends_left, ends_right = ([*accumulate(map(len, words), initial=0)] for words in (left, right))
    return (
        [(ends_left[first], ends_left[last]) for _, first, last, _, _ in kept if first < last],
        [(ends_right[first], ends_right[last]) for _, _, _, first, last in kept if first < last],
    )


def alike(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """Which old line became which new one, in order: of all ways, the one that has most text in common."""
    common = _common(old, new)
    best = _best(common, len(old), len(new))
    pairs = []
    before, after = 0, 0
    while before < len(old) and after < len(new):
        here = best[before][after]
        if (before, after) in common and here == common[before, after] + best[before + 1][after + 1]:
            pairs.append((before, after))
            before, after = before + 1, after + 1
        elif here == best[before + 1][after]:
            before += 1
        else:
            after += 1
    return pairs


def _best(common: dict[tuple[int, int], int], old: int, new: int) -> list[list[int]]:
    """How much text the lines from each place on have at most in common."""
    best = [[0] * (new + 1) for _ in range(old + 1)]
    for before in reversed(range(old)):
        below, here = best[before + 1], best[before]
        for after in reversed(range(new)):
            both = common.get((before, after), 0)
            here[after] = max(below[after], here[after + 1], both + below[after + 1] if both else 0)
    return best


def _common(old: Sequence[str], new: Sequence[str]) -> dict[tuple[int, int], int]:
    """How much text lines have in common that are alike."""
    left, right = [*map(_marks, old)], [*map(_marks, new)]
    found = ((before, after, _shared(a, b)) for before, a in enumerate(left) for after, b in enumerate(right))
    return {(before, after): shared for before, after, shared in found if shared}


def _marks(line: str) -> _Marks:
    sizes: Counter[str] = Counter()
    if len(line) <= LONGEST_COMPARED:
        for mark in _MARK.findall(line):
            sizes[mark] += len(mark)
    return _Marks(line.strip(), sizes, sizes.total())


def _shared(old: _Marks, new: _Marks) -> int:
    """How many characters two lines have in common, and one more where they are the same; 0 where not alike."""
    if old.text == new.text:
        return 2 * old.size + 1
    if 2 * min(old.size, new.size) < ALIKE * (old.size + new.size):
        return 0
    shared = sum(min(size, new.sizes[mark]) for mark, size in old.sizes.items() if mark in new.sizes)
    return 2 * shared if 2 * shared >= ALIKE * (old.size + new.size) else 0


def _blocks(rows: Rows) -> Iterator[tuple[list[int], list[int]]]:
    """The rows of each block that changes, left and right, and of each that stays, on both sides the same ones."""
    for changes, block in groupby(enumerate(rows), lambda row: bool(row[1][0].strip())):
        places = [(at, sign) for at, (sign, _) in block]
        if changes:
            yield [at for at, sign in places if "-" in sign], [at for at, sign in places if "-" not in sign]
        else:
            yield [at for at, _ in places], [at for at, _ in places]


def _side_by_side(rows: Rows, left: list[int], right: list[int]) -> Iterator[Pair]:
    pairs: list[tuple[int, int]] = []
    if left != right and 0 < len(left) * len(right) <= MOST_COMPARED:
        pairs = alike([rows[at][1] for at in left], [rows[at][1] for at in right])
    before, after = 0, 0
    for first, second in [*pairs, (len(left), len(right))]:
        yield from zip_longest(left[before:first], right[after:second])
        yield from zip(left[first : first + 1], right[second : second + 1], strict=True)
        before, after = first + 1, second + 1

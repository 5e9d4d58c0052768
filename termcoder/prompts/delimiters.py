"""Delimiters in a template's text, fences and tags on lines of their own, and how values are put between them safely.

A value can't end its delimiter: where it holds the closing one, the fence gets longer and the tag a number.
"""

import itertools
import re
import string
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

_FENCE = re.compile(r"\s*(?P<mark>`{3,}|~{3,})(?P<rest>[^`]*)")
_TAG = re.compile(r"\s*<(?P<mark>[a-z][\w-]*)(?P<rest>(?:\s[^>]*)?)>")


@dataclass(frozen=True, slots=True)
class Block:
    """What stands between two delimiters: the lines `first` and `last` (from 0) are the delimiters themselves.

    `mark` is the fence's characters or the tag's name.
    """

    first: int
    last: int
    mark: str

    @property
    def is_fence(self) -> bool:
        """Whether it is a fence, not a tag."""
        return self.mark[0] in "`~"

    def holds(self, line: int) -> bool:
        """Whether this line stands between the delimiters."""
        return self.first < line < self.last


def find_blocks(lines: Sequence[str]) -> tuple[Block, ...]:
    """Every block, also those inside others, in the order of their first lines."""
    places: dict[str, list[int]] = {}
    for at, line in enumerate(lines):
        places.setdefault(line.strip(), []).append(at)
    blocks = []
    fences = 0
    for at, line in enumerate(lines):
        fence, tag = _FENCE.fullmatch(line), _TAG.fullmatch(line)
        fences += fence is not None
        if fence and (fences % 2 or line.strip() != fence["mark"]):  # else it closes one: both ends look alike
            blocks += _until(places.get(fence["mark"], []), at, fence["mark"])
        elif tag:
            blocks += _until(places.get(f"</{tag['mark']}>", []), at, tag["mark"])
    return tuple(blocks)


def names_in(text: str) -> frozenset[str]:
    """The variables that `text` uses."""
    return frozenset(string.Template(text).get_identifiers())


def fill(body: str, values: Mapping[str, str]) -> str:
    """Put `values` in place of the variables. Raises KeyError with the name of one that is missing.

    A paragraph is left out where nothing comes between its delimiters, or, if it has none, in the places of its
    variables: so a template needs no second form without them.
    """
    lines = _without_empty_paragraphs(body.split("\n"), values)
    inline = {name: " ".join(value.replace('"', "'").split()) for name, value in values.items()}
    openings = {}
    used = [(at, name) for at, line in enumerate(lines) if "$" in line for name in names_in(line)]
    for block in find_blocks(lines):
        inside = {name for at, name in used if block.holds(at)}
        _guard(lines, block, [values[name] for name in sorted(inside)])
        if not block.is_fence:
            openings[block.first] = inline
    filled = [string.Template(line).substitute(openings.get(at, values)) for at, line in enumerate(lines)]
    return "\n".join(filled)


def _until(ends: Sequence[int], at: int, mark: str) -> list[Block]:
    """The block from this line to the first of `ends` after it."""
    found = bisect_right(ends, at)
    return [Block(at, ends[found], mark)] if found < len(ends) else []


def _guard(lines: list[str], block: Block, values: Sequence[str]) -> None:
    """Change the delimiters of `block` where one of the values inside would end it."""
    if not values:
        return
    inside = "\n".join(values)
    mark = _longer_fence(block.mark, inside) if block.is_fence else _other_tag(block.mark, inside)
    for at in (block.first, block.last):
        lines[at] = lines[at].replace(block.mark, mark, 1)


def _longer_fence(mark: str, inside: str) -> str:
    runs = re.findall(rf"^\s*({re.escape(mark[0])}+)", inside, re.MULTILINE)
    longest = max(map(len, runs), default=0)
    return mark if longest < len(mark) else mark[0] * (longest + 1)


def _other_tag(mark: str, inside: str) -> str:
    taken = {found.lower() for found in re.findall(rf"</({mark}\d*)", inside, re.IGNORECASE)}
    if not taken:
        return mark
    return next(name for number in itertools.count(1) if (name := f"{mark}{number}") not in taken)


def _without_empty_paragraphs(lines: Sequence[str], values: Mapping[str, str]) -> list[str]:
    kept = [part for part in _paragraphs(lines) if not _is_empty(part, values)]
    return [line for at, part in enumerate(kept) for line in ([""] if at else []) + part]


def _paragraphs(lines: Sequence[str]) -> Iterator[list[str]]:
    """Lines between blank ones; a blank line inside a block ends no paragraph."""
    blocks = find_blocks(lines)
    part: list[str] = []
    for at, line in enumerate(lines):
        if line or any(block.holds(at) for block in blocks):
            part.append(line)
        else:
            yield part
            part = []
    yield part


def _is_empty(part: Sequence[str], values: Mapping[str, str]) -> bool:
    """Whether there is nothing between its delimiters, or, where it has none, for its variables."""
    blocks = find_blocks(part)
    inside = [line for at, line in enumerate(part) if any(block.holds(at) for block in blocks)]
    names = names_in("\n".join(inside)) or names_in("\n".join(part))
    return bool(names) and not any(values[name] for name in names)

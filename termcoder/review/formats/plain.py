"""Text from outside on its way into a format: nothing in it moves a cursor, ends a line or hides."""

import re
from collections.abc import Iterable

# Control characters, line ends that aren't "\n", what reorders or hides text, and what no encoding has.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\U000e0000-\U000e007f]",
)


def visible(text: str) -> str:
    """`text` with a sign in the place of each character that can't be seen; tabs and newlines stay."""
    return _UNSEEN.sub("\N{REPLACEMENT CHARACTER}", text)


def one_line(text: str) -> str:
    """`visible` text on a single line."""
    return visible(" ".join(text.split()))


def source_line(text: str) -> str:
    """A line of code without its end, `visible`."""
    return visible(text.rstrip("\n").removesuffix("\r").replace("\n", " "))


def source_lines(text: str) -> list[str]:
    r"""The lines of a text whose lines end at `\n` and nowhere else, without their ends."""
    return [source_line(line) for line in text.removesuffix("\n").split("\n")]


def counted(number: int, noun: str) -> str:
    """A number with its noun: "1 finding", "2 findings"."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def listed(counts: Iterable[tuple[str, int]]) -> str:
    """Counts in words: "1 major, 2 nit"."""
    return ", ".join(f"{number} {one_line(what)}" for what, number in counts)


def percent(fraction: float) -> int:
    """0 to 1 as a whole number of percent."""
    return round(100 * min(1.0, max(0.0, fraction)))

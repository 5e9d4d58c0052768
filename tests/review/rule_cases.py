"""What each rule must find, and what looks like it and must be left alone: read from `rules/*.txt`.

A file holds the cases of the rules of one module. A case begins with `=== found RULE PATH:LINE`, where the alarm must
be at that line of the new side, or with `=== quiet RULE PATH`. The lines below are the whole file as a change: `+ `
before new lines, `- ` before removed ones, two blanks before the others.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_MADE_UP = {  # in pieces, so that nobody who looks for secrets finds these
    "<AWS KEY>": "AKIA" + "Q7GZT3LMWX5RVB2N",
    "<PASSWORD>": "k7Tq9z" + "Rw4mXp",
    "<PRIVATE KEY>": "PRIVATE" + " KEY",
}


@dataclass(frozen=True)
class Case:
    """A change of a file, and the line that the rule finds; None where it must find nothing."""

    rule: str
    path: str
    line: int | None
    old: str | None
    new: str

    def __str__(self) -> str:
        return f"{self.rule}-{self.path}-{self.line or 'quiet'}"


def sides(diff: str) -> tuple[str | None, str]:
    """Both texts of a change; no old one where all of it is new."""
    rows = [(line[:1], f"{line[2:]}\n") for line in diff.split("\n") if line]
    old = "".join(text for sign, text in rows if sign != "+")
    return old or None, "".join(text for sign, text in rows if sign != "-")


def read_cases() -> Iterator[Case]:
    """All cases, in the order of the files' names."""
    for file in sorted(Path(__file__).with_name("rules").glob("*.txt")):
        for block in re.split("^=== ", file.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
            head, _, diff = block.partition("\n")
            kind, rule, place = head.split(" ")
            path, _, line = place.partition(":")
            assert (kind == "found") == bool(line), head
            for name, value in _MADE_UP.items():
                diff = diff.replace(name, value)
            yield Case(f"{file.stem}.{rule}", path, int(line) if line else None, *sides(diff))


CASES = list(read_cases())

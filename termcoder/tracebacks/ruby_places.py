"""Places as Ruby writes them: `app/shop.rb:12:in 'Shop#total'`, with a backquote before Ruby 3.4."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from termcoder.tracebacks.paths import is_library
from termcoder.tracebacks.report import Frame

CONSTANT = r"(?:[A-Z]\w*::)*[A-Z]\w*"
"""A class's name, as part of a regular expression."""

TYPE_AT_END = re.compile(rf"(?:^|[ \t])\((?P<type>{CONSTANT}|#<Class:\w+>)\)\s*$")
"""The type in parentheses at the end of a message's first line."""
UNDERLINE = re.compile(r"\s*[\^~][\^~\s]*$")
"""The line below a line of source that Ruby shows, with marks under what the message is about."""

_FROM = re.compile(r"\s*(?:\d+: )?from (?=\S)")
_ROOTED = re.compile(r"(?:[A-Za-z]:)?[/\\]|\.{1,2}[/\\]|<internal:|\((?:eval|erb|irb)\b")
_BUILT_IN = re.compile(
    r"<internal:|(?:^|[/\\])(?:lib[/\\]ruby|rubies|\.rvm|\.rbenv|\.bundle|bundler)[/\\]|\bbin[/\\](?:bundle|rspec|rake|ruby)$"
)


@dataclass(frozen=True, slots=True)
class Place:
    """File, line and method; what stands before it in its line, and what follows it after a colon."""

    file: str
    line: int | None
    function: str | None
    before: str = ""
    rest: str = ""
    colon: bool = False


def frame_of(place: Place, at: int) -> Frame:
    """The frame of a place that line `at` names."""
    own = not is_library(place.file) and not _BUILT_IN.search(place.file)
    return Frame(place.file, place.line, place.function, own, at=at)


def from_place(line: str) -> Place | None:
    """The place of a `from` line: a caller."""
    found = _FROM.match(line) if "from " in line else None
    if found is None:
        return None
    text = line[found.end() :].rstrip()
    place = _place(text)
    if place is not None:
        return place if not place.rest and not place.before else None
    file, _, number = text.rpartition(":")
    if file and " " not in file and number.isdecimal() and len(number) < 10:
        return Place(file, int(number), None)
    return None


def head_place(line: str) -> Place | None:
    """The place that an exception's first line begins with: a message follows it."""
    place = _place(line)
    if place is None or not place.colon or place.before.lstrip().startswith(("#", "from ")):
        return None
    return place


def bare_place(line: str) -> Place | None:
    """The place of a line that has nothing else, but perhaps the level of a log record."""
    place = _place(line)
    if place is None or place.colon or place.rest or not _may_precede(place.before):
        return None
    return place


def _may_precede(text: str) -> bool:
    return not text or text.rstrip().endswith(("WARN:", "ERROR:", "FATAL:", "INFO:", "DEBUG:"))


def _place(line: str) -> Place | None:
    mark = line.find(":in ")
    while mark >= 0 and line[mark + 4 : mark + 5] not in ("`", "'"):
        mark = line.find(":in ", mark + 1)
    if mark < 0:
        return None
    function, quote, rest = line[mark + 5 :].partition("'")
    before, file = _split_file(line[:mark].strip())
    file, number = _split_line(file)
    if not quote or not file:
        return None
    colon = rest.startswith(":")
    return Place(file, number, function, before, rest[1:].strip() if colon else rest.strip(), colon)


def _split_file(text: str) -> tuple[str, str]:
    """What a log writes before a path, and the path. A path with spaces is one only where it begins a line."""
    if _ROOTED.match(text):
        return "", text
    before, space, file = text.rpartition(" ")
    return before + space, file


def _split_line(text: str) -> tuple[str, int | None]:
    file, _, number = text.rpartition(":")
    if number.isdecimal() and len(number) < 10:
        return file, int(number)
    return ("", None) if file and not text.startswith("<internal:") else (text, None)


def split_message(lines: Sequence[str]) -> tuple[str, tuple[str, ...], str]:
    """A message's text, Ruby's suggestions, and the line of source that Ruby shows below it."""
    code = ""
    told: list[str] = []
    notes: list[str] = []
    for line in lines:
        if UNDERLINE.match(line) and len(told) > 1:
            code = told.pop().strip()
        elif line.startswith("Did you mean?") or (notes and line.startswith("      ")):
            notes.append(line.strip())
        else:
            told.append(line.rstrip())
    return "\n".join(told).strip("\n").rstrip(), tuple(notes), code

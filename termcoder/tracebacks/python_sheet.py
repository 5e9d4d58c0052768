"""The lines of a log as a traceback's reader wants them: without the frames around exception groups, or escapes."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

_OPENING = re.compile(r"(?P<indent>\s*)\+ Exception Group Traceback \(most recent call last\):")
_MARGIN = re.compile(r"(?P<indent>\s*)(?:(?P<open>\+-)?\+-{10,}(?P<number> (?:\d+|\.\.\.) -+)?$|\|(?: (?P<text>.*)|$))")
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))")
_ESCAPED = {'"': re.compile(r'(?:[^"\\]|\\.)*'), "'": re.compile(r"(?:[^'\\]|\\.)*")}
_DIGITS = re.compile(r"\d")
_LONG = 70
_DEEPEST = 20  # Python itself stops after 10


@dataclass(frozen=True, slots=True)
class Sheet:
    """Lines, each with its number in the log.

    - `members`: the sheets of an exception group's members, by how many lines of this one come before them.
    - `bounded`: nothing else follows the error on it, as it is one member's sheet.
    """

    texts: Sequence[str]
    numbers: Sequence[int]
    members: Mapping[int, tuple["Sheet", ...]] = field(default_factory=dict)
    bounded: bool = False


def unboxed(lines: Sequence[str]) -> Sheet:
    """The whole log, with the margins that Python draws around exception groups taken off."""
    if not any("+ Exception Group Traceback" in line for line in lines):
        return Sheet(lines, range(len(lines)))
    return _Unboxing().sheet(lines)


def cut(sheet: Sheet, start: int, margin: str, header: str) -> Sheet:
    """What follows the header before `start` as long as lines begin like `margin`, digits aside; without that."""
    width, shape = len(margin), _shape(margin)
    bare = shape.rstrip()
    texts, numbers = [header], [sheet.numbers[start - 1]]
    for at in range(start, len(sheet.texts)):
        text = sheet.texts[at]
        if _shape(text[:width]) != shape and _shape(text.rstrip()) != bare:
            break
        texts.append(text[width:])
        numbers.append(sheet.numbers[at])
    return Sheet(texts, numbers)


def unescaped(text: str, start: int, number: int) -> Sheet:
    r"""The lines of a traceback that stands in one line of the log, as JSON or `repr` write it: with `\\n`."""
    quoted = _ESCAPED.get(text[start - 1]) if start else None
    match = quoted.match(text, start) if quoted else None
    body = match[0] if match else text[start:]
    lines = _ESCAPE.sub(_plain, body).split("\n")
    return Sheet(lines, [number] * len(lines))


def _plain(match: re.Match[str]) -> str:
    if match[1]:
        return chr(int(match[1], 16))
    return {"n": "\n", "t": "\t", "r": ""}.get(match[2], match[2])


def same_shape(one: str, other: str) -> bool:
    """Whether two prefixes differ in their digits only."""
    return _shape(one) == _shape(other)


def _shape(text: str) -> str:
    return _DIGITS.sub("0", text)


@dataclass(slots=True)
class _Page:
    """One sheet while it is written; `column` is where its margin stands."""

    column: int
    texts: list[str] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    members: dict[int, list["_Page"]] = field(default_factory=dict)

    def add(self, number: int, text: str) -> None:
        self.texts.append(text)
        self.numbers.append(number)

    def sheet(self, bounded: bool = True) -> Sheet:
        members = {at: tuple(page.sheet() for page in pages) for at, pages in self.members.items()}
        return Sheet(self.texts, self.numbers, members, bounded)


class _Unboxing:
    """Sorts lines to the group or the member that they belong to; `open` is the way to the innermost one."""

    def __init__(self) -> None:
        self._whole = _Page(-1)
        self._open: list[_Page] = []
        self._indent = ""

    def sheet(self, lines: Sequence[str]) -> Sheet:
        for number, line in enumerate(lines):
            if not (self._open and self._inside(number, line, lines)):
                self._outside(number, line)
        return self._whole.sheet(bounded=False)

    def _outside(self, number: int, line: str) -> None:
        self._open = []
        opening = _OPENING.match(line) if "+ Exception Group" in line else None
        if opening is None:
            self._whole.add(number, line)
            return
        self._indent = opening["indent"][:-2]
        self._open = [_Page(len(opening["indent"]), self._whole.texts, self._whole.numbers, self._whole.members)]
        self._add(number, line[len(opening["indent"]) + 2 :])

    def _inside(self, number: int, line: str, lines: Sequence[str]) -> bool:
        match = _MARGIN.match(line)
        if match is None:
            return self._rest(number, line, lines)
        self._close(len(match["indent"]))
        if not self._open:
            return False
        if match["open"]:
            self._member(self._open[-1], len(match["indent"]) + 2)
        elif match["number"]:
            self._next_member()
        elif match["text"] is not None or line.rstrip().endswith("|"):
            self._add(number, match["text"] or "")
        else:
            self._open.pop()
        return True

    def _close(self, column: int) -> None:
        while self._open and self._open[-1].column > column:
            self._open.pop()

    def _add(self, number: int, text: str) -> None:
        page = self._open[-1]
        page.add(number, self._indent + text if page.texts is self._whole.texts else text)

    def _member(self, group: _Page, column: int) -> None:
        if len(self._open) > _DEEPEST:
            return
        page = _Page(column)
        group.members.setdefault(len(group.texts), []).append(page)
        self._open.append(page)

    def _next_member(self) -> None:
        column = self._open.pop().column
        if self._open:
            self._member(self._open[-1], column)

    def _rest(self, number: int, line: str, lines: Sequence[str]) -> bool:
        """A line without a margin belongs to the one before when a terminal broke that."""
        page = self._open[-1]
        following = lines[number + 1] if number + 1 < len(lines) else ""
        if not page.texts or len(lines[number - 1]) < _LONG or not _MARGIN.match(following):
            return False
        page.texts[-1] += line
        return True

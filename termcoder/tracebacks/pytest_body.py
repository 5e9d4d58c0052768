"""Reads what pytest shows of one failed test: entries of source with their places, and the lines that begin with E."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from termcoder.tracebacks.exception_lines import chain_link, split_exception
from termcoder.tracebacks.python_lines import owns
from termcoder.tracebacks.report import Frame, LoggedError, Relation

PLACE = re.compile(
    r"(?P<file>(?:[A-Za-z]:)?[^:\s][^:]*):(?P<line>\d{1,9}):(?: in (?P<function>\S.*)| (?P<type>[A-Za-z_][\w.]*)| ?)$"
)
LINE_PLACE = re.compile(r"(?P<file>(?:[A-Za-z]:)?[^:\s][^:]*):(?P<line>\d{1,9}): (?P<said>(?!in )\S.*)$")
"""What --tb=line writes of a failure: it is all there is, but for lines with E before it in newer versions."""
_SAID = re.compile(r"E(?:$|  +)")
_DEFINED = re.compile(r"[ >]\s+(?:async )?def (?P<name>\w+)")
_FIXTURE_PLACE = re.compile(r"file (?P<file>\S.*), line (?P<line>\d{1,9})$")
_SYNTAX_PLACE = re.compile(r'\s*File "(?P<file>[^"]+)", line (?P<line>\d{1,9})')
_LAST_PLACE = re.compile(r"(?:[A-Za-z]:)?[^:\s][^:]*:\d{1,9}$")  # below a missing fixture
_DOCTEST = "DocTestFailure"
_WIDE = 70  # a terminal or a mail program may have broken a line this long
_LOCAL = re.compile(r" {8,}\S+ += ")


@dataclass(frozen=True, slots=True)
class Told:
    """An error with the lines it takes; `link` is what it is to the next one, None where nothing follows from it."""

    error: LoggedError
    first: int
    last: int
    link: Relation | None = None
    whole: bool = True


@dataclass
class _Entry:
    """What was read since the last place."""

    defined: str | None = None
    at_module: bool = False
    code: str = ""
    expected: list[str] = field(default_factory=list)


class BodyReader:
    """Takes the lines of a body one by one; `done` has the errors that are complete.

    `test` is the name that the section's title gives, for an entry whose `def` line isn't shown. `line_style`: these
    are lines of --tb=line.
    """

    def __init__(self, lines: Sequence[str], test: str | None = None, *, line_style: bool = False) -> None:
        self.done: list[Told] = []
        self._lines = lines
        self._test = test
        self._line_style = line_style
        self._restart()

    def _restart(self) -> None:
        self._entry = _Entry()
        self._frames: list[Frame] = []
        self._said: list[str] = []
        self._said_at = -1
        self._first = -1
        self._fixtures: list[Frame] = []
        self._whole = True

    def take(self, at: int, line: str) -> None:
        """Read one line; `line` is `lines[at]` without the indentation of the whole."""
        if not line.strip() and not (self._said and line):
            return
        if line[0] == "E" and _SAID.match(line):
            self._say(at, line)
        elif line[0] == ">" and not self._said:
            self._mark(at, line)
        elif line[0].isspace():
            self._source(at, line)
        else:
            self._flush_left(at, line.rstrip())

    def finish(self) -> None:
        """The lines are over."""
        if self._said:
            self._close(self._said_at)

    def _flush_left(self, at: int, line: str) -> None:
        place = PLACE.match(line) if ":" in line else None
        link = chain_link(self._lines, at)
        if place and not self._line_style:
            self._place(at, place)
        elif self._line_style and (found := LINE_PLACE.match(line)):
            self._only_line(at, found)
        elif link:
            self._link(link)
        elif line.startswith("file "):
            self._fixture_place(at, line)
        elif self._fixtures and _LAST_PLACE.match(line):
            self._close(at)
        elif self._continues(at):
            self._join(at, line)
        elif line in ("Expected:", "Got:", "Expected nothing") or line.startswith("Differences ("):
            self._entry.expected.append(line)

    def _say(self, at: int, line: str) -> None:
        if self._said and at != self._said_at + 1:
            self._close(self._said_at)
        self._begin(at)
        self._said.append(line[1:].rstrip())
        self._said_at = at

    def _mark(self, at: int, line: str) -> None:
        self._begin(at)
        code = line[1:].strip()
        self._entry.code = code
        indent = len(line) - len(line[1:].lstrip())
        self._entry.at_module = indent <= 4 and not code.startswith(("def ", "async def ", "class ", "@"))
        self._source(at, line)

    def _source(self, at: int, line: str) -> None:
        if self._said and at == self._said_at + 1 and line[:4].isspace() and not _LOCAL.match(line):
            self._say(at, line.rstrip() or " ")
            return
        if self._continues(at):
            self._join(at, line)
            return
        if self._entry.expected:
            self._entry.expected.append(line.rstrip())
        if self._entry.defined is None and "def " in line:
            found = _DEFINED.match(line)
            self._entry.defined = found["name"] if found else None
        if self._frames and not self._frames[-1].code and self._frames[-1].at == at - 1:
            self._frames[-1] = replace(self._frames[-1], code=line.strip())
        if self._fixtures and self._fixtures[-1].function is None and self._entry.defined:
            self._fixtures[-1] = replace(self._fixtures[-1], function=self._entry.defined)
            self._entry.defined = None

    def _place(self, at: int, place: re.Match[str]) -> None:
        if self._said and place["function"]:
            self._close(self._said_at)
        self._begin(at)
        file, function = place["file"], place["function"]
        frame = Frame(file, int(place["line"]), function or self._name(), owns(file), code=self._entry.code, at=at)
        self._frames.append(frame)
        if not function and (self._said or place["type"]):
            self._close(at, place["type"] or "")
        else:
            self._entry = _Entry()

    def _only_line(self, at: int, found: re.Match[str]) -> None:
        self._begin(at)
        self._frames.append(Frame(found["file"], int(found["line"]), None, owns(found["file"]), at=at))
        self._said = self._said or [found["said"]]
        self._said_at = self._said_at if self._said_at >= 0 else at
        self._close(at)

    def _name(self) -> str | None:
        if self._entry.at_module:
            return None
        return self._entry.defined or (self._test if not self._frames else None)

    def _fixture_place(self, at: int, line: str) -> None:
        found = _FIXTURE_PLACE.match(line)
        if found:
            self._begin(at)
            self._entry = _Entry()
            self._fixtures.append(Frame(found["file"], int(found["line"]), None, owns(found["file"]), at=at))

    def _continues(self, at: int) -> bool:
        """Whether this line is the rest of an E line that was broken."""
        return bool(self._said) and at == self._said_at + 1 and len(self._lines[at - 1]) >= _WIDE

    def _join(self, at: int, line: str) -> None:
        hard = len(self._lines[at - 1]) % 10 in (0, 9)  # a terminal's width: the break took no blank away
        self._said[-1] += line.rstrip() if hard else " " + line.strip()
        self._said_at = at
        self._whole = False

    def _begin(self, at: int) -> None:
        if self._first < 0:
            self._first = at

    def _link(self, link: Relation) -> None:
        if self._said:
            self._close(self._said_at)
        if self.done and not self._frames:
            self.done[-1] = replace(self.done[-1], link=link, error=replace(self.done[-1].error, relation=link))

    def _close(self, at: int, name: str = "") -> None:
        kind, message, syntax_place = _read_said(self._said, name)
        frames = [*self._frames, *syntax_place]
        if self._fixtures:
            kind, frames = "FixtureLookupError", self._fixtures
        if name == _DOCTEST:
            message = "\n".join(self._entry.expected)
        error_at = self._said_at if self._said_at >= 0 else at
        self.done.append(Told(LoggedError(kind, message, tuple(frames), error_at), self._first, at, whole=self._whole))
        self._restart()


def _read_said(said: Sequence[str], name: str) -> tuple[str, str, list[Frame]]:
    """Type, message and, for source that can't be read, the place, from the lines after their E."""
    if not said:
        return name or "error", "", []
    place = _SYNTAX_PLACE.match(said[0])
    if place:
        for number, text in enumerate(said):
            named = split_exception(text) if text.strip().startswith(("Syntax", "Indentation", "Tab")) else None
            if named:
                frame = Frame(place["file"], int(place["line"]), None, owns(place["file"]), code=_code(said))
                return named[0], _joined(named[1], said[number + 1 :], 0), [frame]
    indent = len(said[0]) - len(said[0].lstrip())
    named = split_exception(said[0], name=name)
    if named:
        return named[0], _joined(named[1], said[1:], indent), []
    kind = name or ("AssertionError" if said[0].lstrip().startswith("assert") else "error")
    return kind, _joined(said[0].strip(), said[1:], indent), []


def _code(said: Sequence[str]) -> str:
    return said[1].strip() if len(said) > 2 else ""


def _joined(first: str, more: Sequence[str], indent: int) -> str:
    rest = (text[indent:] if text[:indent].isspace() else text.strip() for text in more)
    return "\n".join([first, *(text.rstrip() for text in rest)]).rstrip()

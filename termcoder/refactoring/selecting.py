"""Which lines are to be rewritten: as a user names them, made whole statements."""

import difflib
import re
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from termcoder import syntax
from termcoder.errors import RefactorError
from termcoder.refactoring.statements import whole_statements

_NAMES = {
    ".py": "python",
    ".js": "javascript",
    ".mjs": "javascript",
    ".cjs": "javascript",
    ".ts": "typescript",
    ".rs": "rust",
    ".rb": "ruby",
    ".sh": "bash",
    ".cs": "csharp",
    ".h": "c",
    ".hpp": "cpp",
    ".cc": "cpp",
}
_RANGE = re.compile(r"(?P<first>[0-9]{1,9})(?:-(?P<last>[0-9]{1,9}))?")


@dataclass(frozen=True, slots=True)
class Target:
    """What a user names: lines of a file (from 1), or a definition in it by name, or, without either, all of it."""

    path: str
    first: int | None = None
    last: int | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class Definition:
    """A function or class and its lines; `name` is qualified: `Class.method`."""

    name: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Selection:
    """Lines `first` to `last` of a file, which are whole statements; `text` is the whole file.

    `name`: of the definition that they are, or are in. `notes`: what the user should know of how they were found.
    """

    path: str
    text: str
    first: int
    last: int
    name: str = ""
    notes: tuple[str, ...] = ()

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines, without line ends."""
        return lines_of(self.text)[self.first - 1 : self.last]

    @property
    def language(self) -> str:
        """The language's name, as code fences have it."""
        return language_of(self.path)

    @property
    def place(self) -> str:
        """ "path:first-last"."""
        return f"{self.path}:{self.first}-{self.last}"


def lines_of(text: str) -> tuple[str, ...]:
    """The lines of a text, without line ends."""
    return tuple(line.removesuffix("\r") for line in text.removesuffix("\n").split("\n"))


def language_of(path: str) -> str:
    """The language of a file by its name, as code fences have it; the suffix where there is no other name."""
    suffix = PurePosixPath(path).suffix.lower()
    return _NAMES.get(suffix, suffix.removeprefix("."))


def parse_target(text: str) -> Target:
    """Read `FILE`, `FILE:10-40`, `FILE:10` or `FILE:name`. Raises RefactorError."""
    path, colon, what = text.rpartition(":")
    if not colon:
        return Target(text)
    found = _RANGE.fullmatch(what)
    if not path or not what:
        raise RefactorError(f"{text!r} names no lines.", remedy="Write it as app.py:10-40 or app.py:name.")
    if found is None:
        return Target(path, name=what)
    first = int(found["first"])
    last = int(found["last"] or first)
    if not 1 <= first <= last:
        raise RefactorError(f"There are no lines {what}.", remedy="Lines count from 1: app.py:10-40.")
    return Target(path, first, last)


def select(target: Target, text: str) -> Selection:
    """The lines of a file's `text` that a target means. Raises RefactorError where it has no such lines or name."""
    if target.name:
        found = definition_named(target.path, text, target.name)
        return Selection(target.path, text, found.first, found.last, found.name)
    count = len(lines_of(text)) if text else 0
    if not count:
        raise RefactorError(f"{target.path!r} is empty.", remedy="Name another file.")
    first = target.first or 1
    if first > count:
        raise RefactorError(
            f"{target.path!r} has no line {first}: it has {count}.", remedy=f"Name lines from 1 to {count}."
        )
    return _of_lines(Selection(target.path, text, first, min(target.last or count, count)))


def _of_lines(wanted: Selection) -> Selection:
    """The lines as whole statements, without blank lines around them."""
    if not any(line.strip() for line in wanted.lines):
        raise RefactorError(f"{wanted.place} holds nothing but blank lines.", remedy="Name other lines.")
    tight = _without_blank_ends(wanted)
    first, last = whole_statements(tight.path, tight.text, tight.first, tight.last)
    notes: tuple[str, ...] = ()
    if first < tight.first or last > tight.last:
        cut = f"lines {tight.first}-{tight.last} cut" if tight.last > tight.first else f"line {tight.first} cuts"
        notes = (f"{cut} through a statement: lines {first}-{last} are taken",)
    return replace(tight, first=first, last=last, name=name_at(tight.path, tight.text, first, last), notes=notes)


def _without_blank_ends(wanted: Selection) -> Selection:
    full = [number for number, line in enumerate(wanted.lines, wanted.first) if line.strip()]
    return replace(wanted, first=full[0], last=full[-1])


def definition_named(path: str, text: str, name: str) -> Definition:
    """The function or class of this name, qualified or not; the outermost of several.

    Raises RefactorError, with the nearest names.
    """
    known = definitions(path, text)
    exact = [each for each in known if each.name == name] or [
        each for each in known if each.name.rpartition(".")[2] == name
    ]
    if exact:
        return min(exact, key=lambda each: (each.name.count("."), each.first))
    raise RefactorError(f"{path!r} has no function or class {name!r}.", remedy=_nearest(name, known))


def _nearest(name: str, known: tuple[Definition, ...]) -> str:
    short = {each.name.rpartition(".")[2].lower(): each.name for each in reversed(known)}
    near = difflib.get_close_matches(name.rpartition(".")[2].lower(), short, n=3)
    if near:
        return f"Did you mean {' or '.join(short[each] for each in near)}?"
    if known:
        return f"It has {', '.join(each.name for each in known[:8])}{', …' if len(known) > 8 else ''}."
    return "Name its lines: FILE:10-40."


def name_at(path: str, text: str, first: int, last: int) -> str:
    """The name of the innermost definition around some lines, "" outside of any."""
    around = [each for each in definitions(path, text) if each.first <= first and last <= each.last]
    return min(around, key=lambda each: each.last - each.first).name if around else ""


def definitions(path: str, text: str) -> tuple[Definition, ...]:
    """The functions and classes of a text, in order, the outer ones first."""
    found: dict[tuple[int, int, str], None] = {}
    for line in range(1, text.count("\n") + 2):
        scope = syntax.enclosing(path, text, line)
        if scope is not None:
            found.setdefault(scope)
    return tuple(_qualified(sorted(found, key=lambda scope: (scope[0], -scope[1]))))


def _qualified(scopes: list[tuple[int, int, str]]) -> list[Definition]:
    outer: list[Definition] = []
    made = []
    for first, last, name in scopes:
        outer = [each for each in outer if each.first <= first and last <= each.last]
        each = Definition(f"{outer[-1].name}.{name}" if outer else name, first, last)
        outer.append(each)
        made.append(each)
    return made

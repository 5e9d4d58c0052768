"""Reads the failing tests that PHPUnit reports, as a list or drawn as prose (`--testdox`)."""

import re
from collections.abc import Sequence

from termcoder.tracebacks.parser import Parser
from termcoder.tracebacks.php_trace import is_own
from termcoder.tracebacks.report import Certainty, Failure, Frame, LoggedError, Relation

_LONGEST = 400  # lines of one report

_SECTION = re.compile(r"\s*(?:There (?:was|were) \d+ (?P<what>[\w ]+?)s?:|\d+ tests? triggered )")
_TEST = re.compile(r"\s*\d+\) (?P<test>[\w\\]+::\S.*)$")
_DRAWN_TEST = re.compile(r"\s*✘ (?P<test>\S.*)$")
_DRAWN = re.compile(r"\s*[│┐├╵┴|]")
_DECORATION = re.compile(r"\s*[│┐├╵┴|] ?")
_PLACE = re.compile(r"\s*(?P<file>(?:[A-Za-z]:)?[\\/][^\n]*?|(?:phar|vfs|phpvfscomposer)://.*?):(?P<line>\d{1,9})\s*$")
_TYPED = re.compile(r"(?P<type>\\?[A-Za-z_][\w\\]*):(?: (?P<message>.*))?$")
_END = re.compile(r"\s*(?:--|FAILURES!|ERRORS!|WARNINGS!|OK.*|Tests: \d+,.*|Code Coverage.*)\s*$")


def parse(lines: Sequence[str]) -> list[Failure]:
    """Every failing test of a log, each once where it is drawn and listed."""
    listed: list[Failure] = []
    drawn: list[Failure] = []
    at, section = 0, "failure"
    while at < len(lines):
        line = lines[at]
        if (line.lstrip().startswith("There w") or " triggered " in line) and (found := _SECTION.match(line)):
            section = found["what"] or "triggered"
        failure = _listed(lines, at) if ") " in line and section in ("failure", "error") else None
        if failure:
            listed.append(failure)
        elif "✘ " in line and (failure := _drawn(lines, at)):
            drawn.append(failure)
        at = failure.last + 1 if failure else at + 1
    known = {_gist(failure) for failure in listed}
    return sorted([*listed, *(f for f in drawn if _gist(f) not in known)], key=lambda failure: failure.first)


def _gist(failure: Failure) -> tuple[str, tuple[tuple[str | None, int | None], ...]]:
    error = failure.errors[-1]
    return error.type, tuple((frame.file, frame.line) for frame in error.frames)


def _listed(lines: Sequence[str], at: int) -> Failure | None:
    """`1) ShopTest::testTotal`, the message, a blank line, the places, and what it was caused by in the same form."""
    if not _TEST.match(lines[at]):
        return None
    end = next((n for n in range(at + 1, min(at + _LONGEST, len(lines))) if _ends(lines[n])), None)
    end = min(at + _LONGEST, len(lines)) if end is None else end
    return _failure([line.rstrip() for line in lines[at + 1 : end]], at)


def _ends(line: str) -> bool:
    return _TEST.match(line) is not None or _END.match(line) is not None


def _drawn(lines: Sequence[str], at: int) -> Failure | None:
    """The same behind a line that is drawn down the left side."""
    if not _DRAWN_TEST.match(lines[at]):
        return None
    end = at + 1
    while end < min(at + _LONGEST, len(lines)) and _DRAWN.match(lines[end]):
        end += 1
    return _failure([_DECORATION.sub("", line, count=1).rstrip() for line in lines[at + 1 : end]], at)


def _failure(body: Sequence[str], at: int) -> Failure | None:
    """The failure of a test whose report, from the line after its name on, is `body`."""
    errors: list[LoggedError] = []
    start = 0
    for number in range(len(body) + 1):
        if number == len(body) or body[number].strip() == "Caused by":
            errors += _error(body, start, number, at)
            start = number + 1
    if not errors:
        return None
    used = max((number for number, line in enumerate(body) if line.strip()), default=0)
    certainty = Certainty.CERTAIN if errors[0].frames else Certainty.LIKELY
    causes = [LoggedError(e.type, e.message, e.frames, e.at, Relation.CAUSE) for e in errors[:0:-1]]
    return Failure("php", "phpunit", (*causes, errors[0]), at, at + 1 + used, certainty=certainty)


def _error(body: Sequence[str], start: int, end: int, at: int) -> list[LoggedError]:
    """The error of lines `start` to `end`: its places come last."""
    while end > start and not body[end - 1].strip():
        end -= 1
    places = end
    while places > start and (body[places - 1].count(":") and _PLACE.match(body[places - 1])):
        places -= 1
    told = [line for line in "\n".join(body[start:places]).strip().split("\n") if places > start]
    if not told:
        return []
    found = _TYPED.match(told[0])
    typed = found is not None and ("\\" in found["type"] or found["type"].endswith(("Error", "Exception")))
    kind, first = (found["type"], found["message"] or "") if found and typed else ("failure", told[0])
    message = "\n".join([first, *told[1:]]).strip()
    return [LoggedError(kind, message, _frames(body, places, end, at), at + 1 + start)]


def _frames(body: Sequence[str], start: int, end: int, at: int) -> tuple[Frame, ...]:
    frames = []
    for number in range(end - 1, start - 1, -1):
        found = _PLACE.match(body[number])
        if found:
            frames.append(Frame(found["file"], int(found["line"]), None, is_own(found["file"]), at=at + 1 + number))
    return tuple(frames)


PARSER = Parser(
    "phpunit", ("PHPUnit", "Failed asserting", "✘", "FAILURES!", "ERRORS!", "There was 1 ", "There were "), parse
)

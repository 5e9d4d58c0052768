"""The failures of `go test`: its own text, quiet or verbose, testify's blocks, gotestsum's headings, and `-json`."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from termcoder.tracebacks import golang_build, golang_panics
from termcoder.tracebacks.golang_stacks import is_own, to_number
from termcoder.tracebacks.report import Certainty, Failure, Frame, LoggedError

_RESULT = re.compile(
    r"^\s*(?:--- |=== (?=\w+: \S+ \w))(?P<result>FAIL|PASS|SKIP|BENCH): (?:\S+ (?=\w))?(?P<name>\S+)"
    r"(?:\s+\([\d.]+ ?m?s\))?\s*$"
)
_TURN = re.compile(r"^=== (?:RUN|CONT|NAME|PAUSE)\s+(?P<name>\S*)\s*$")
_LOG = re.compile(r"^\s+(?P<file>(?:[A-Za-z]:)?[^\s:]+\.go):(?P<line>\d+): ?(?P<text>.*)$")
_FIELD = re.compile(r"^\s+(?P<key>Error Trace|Error|Test|Messages):(?P<text>\s.*)?$")
_TRACE = re.compile(r"(?P<file>(?:[A-Za-z]:)?[^\s:]+\.go):(?P<line>\d+)")
_UNWELCOME = re.compile(
    r"\b(?:got|want|wanted|expect\w*|unexpected|fail\w*|err|error|not|mismatch|diff\w*|invalid|missing|should|must)\b|!=",
    re.IGNORECASE,
)
_RACE_FOUND = "race detected during execution of test"


@dataclass(slots=True)
class _Entry:
    """One line that a test logged, with those below that belong to it."""

    file: str
    line: int | None
    at: int
    texts: list[str]


@dataclass(slots=True)
class _Test:
    """A test's result and what it logged before it (verbose) or below it."""

    name: str
    at: int
    last: int
    entries: list[_Entry] = field(default_factory=list)
    output: list[str] = field(default_factory=list)


def parse(lines: Sequence[str]) -> Iterable[Failure]:
    """One failure for each failing test that has no failing subtest to tell more."""
    if any('"Action":"' in line for line in lines):
        yield from _parse_events(lines)
    else:
        yield from _parse_text(lines)


def _parse_text(lines: Sequence[str]) -> Iterator[Failure]:
    racing = any("WARNING: DATA RACE" in line for line in lines)
    tests = _failing(lines)
    parents = {name.rpartition("/")[0] for name in {test.name for test in tests}}
    parents |= {name.rpartition("/")[0] for name in parents}
    told: set[tuple[str, str]] = set()
    for test in tests:
        if not test.entries and (test.name in parents or _panics(lines, test.last + 1)):
            continue
        failure = _failure(test)
        key = (test.name, failure.errors[0].message)
        if key not in told and not (racing and failure.errors[0].message == _RACE_FOUND):
            told.add(key)
            yield failure


def _failing(lines: Sequence[str]) -> list[_Test]:
    """Every `--- FAIL`, with the lines that its test logged."""
    logged: dict[str, list[_Entry]] = {}
    failed: list[_Test] = []
    turn, below = "", None
    for at, line in enumerate(lines):
        if line.startswith("=== "):
            turns = _TURN.match(line)
            turn, below = (turns["name"], None) if turns else (turn, below)
        result = _RESULT.match(line) if "--- " in line or "=== FAIL" in line else None
        if result:
            below = _settle(result, at, logged, failed)
        elif below is not None:
            below = below if _add_below(below, line, at) else None
        elif turn:
            _add(logged.setdefault(turn, []), line, at)
    return failed


def _settle(result: re.Match[str], at: int, logged: dict[str, list[_Entry]], failed: list[_Test]) -> _Test | None:
    entries = logged.pop(result["name"], [])
    if result["result"] != "FAIL":
        return None
    test = _Test(result["name"], at, at, entries)
    failed.append(test)
    return test


def _add_below(test: _Test, line: str, at: int) -> bool:
    """Take a line below a result; False where the next thing begins."""
    example = test.name.startswith("Example")
    if line.startswith(("FAIL", "PASS", "ok  \t", "panic: ", "=== ", "exit status", "coverage:")):
        return False
    if not example and line.strip() and not line[0].isspace():
        return False
    if example and line.strip():
        test.output.append(line.rstrip())
    elif not _add(test.entries, line, at):
        return not line.strip()
    if line.strip():
        test.last = at
    return True


def _add(entries: list[_Entry], line: str, at: int) -> bool:
    """Take a line that a test logged, or one that goes on with the line above."""
    log = _LOG.match(line) if ".go:" in line and line[:1].isspace() else None
    if log and not (entries and _is_trace(entries[-1], line)):
        entries.append(_Entry(log["file"], to_number(log["line"]), at, [log["text"]]))
        return True
    if entries and (line[:1].isspace() or not line.strip()) and at - entries[-1].at <= 200:
        entries[-1].texts.append(line)
        return True
    return False


def _is_trace(entry: _Entry, line: str) -> bool:
    """Whether a place is one more of testify's trace, not a line that was logged."""
    return "\t" in line.strip() or (
        any("Error Trace:" in text for text in entry.texts[-1:]) and not line.startswith("    ")
    )


def _panics(lines: Sequence[str], at: int) -> bool:
    return any(line.startswith("panic: ") for line in lines[at : at + 3])


def _failure(test: _Test) -> Failure:
    blocks = [entry for entry in test.entries if any("Error Trace:" in text for text in entry.texts)]
    errors = tuple(_asserted(test, entry) for entry in blocks) or (_logged(test),)
    first = min([test.at, *(entry.at for entry in test.entries)])
    last = max([test.last, *(entry.at + len(entry.texts) - 1 for entry in test.entries)])
    certainty = Certainty.CERTAIN if test.entries or test.output else Certainty.LIKELY
    return Failure("go", "go test", errors, first, last, certainty=certainty)


def _logged(test: _Test) -> LoggedError:
    """What a test without testify logged: all of it is the message; the place is that of the first complaint."""
    if not test.entries:
        return LoggedError("FAIL", "\n".join(test.output), (Frame(function=test.name, at=test.at),), test.at)
    complaints = [entry for entry in test.entries if any(_UNWELCOME.search(text) for text in entry.texts)]
    place = complaints[0] if complaints else test.entries[-1]
    message = "\n".join(_text(entry) for entry in test.entries)
    frame = Frame(place.file, place.line, test.name, is_own(place.file, None), at=place.at)
    return LoggedError("FAIL", message, (frame,), place.at)


def _text(entry: _Entry) -> str:
    rest = [line for line in entry.texts[1:] if not _RESULT.match(line)]
    margin = min((len(line) - len(line.lstrip()) for line in rest if line.strip()), default=0)
    return "\n".join([entry.texts[0].rstrip(), *(line[margin:].rstrip() for line in rest)]).strip("\n")


def _asserted(test: _Test, entry: _Entry) -> LoggedError:
    """One of testify's blocks: its trace is innermost first."""
    fields = _fields(entry)
    places = [(match, at) for text, at in fields.get("Error Trace", []) if (match := _TRACE.search(text))]
    frames = tuple(
        Frame(place["file"], to_number(place["line"]), None, is_own(place["file"], None), at=at)
        for place, at in reversed(places)
    )
    frames = (replace(frames[0], function=test.name), *frames[1:]) if frames else ()
    message = "\n".join(text for text, _ in fields.get("Error", [])).rstrip()
    note = "\n".join(text for text, _ in fields.get("Messages", [])).strip()
    return LoggedError("FAIL", message, frames, entry.at, notes=(note,) if note else ())


def _fields(entry: _Entry) -> dict[str, list[tuple[str, int]]]:
    """The block's fields; the lines of each begin below the field's first line."""
    fields: dict[str, list[tuple[str, int]]] = {}
    key, column = "", 0
    for offset, line in enumerate(entry.texts):
        found = _FIELD.match(line)
        if found:
            key = found["key"]
            column = len(line) - len((found["text"] or "").lstrip())
        if key:
            text = line[column:] if not line[:column].strip() or found else line.lstrip()
            fields.setdefault(key, []).append((text.rstrip(), entry.at + offset))
    return fields


def _parse_events(lines: Sequence[str]) -> Iterator[Failure]:
    """`go test -json`: each package's output is read as the text it was, then counted in the log's own lines."""
    failures = []
    for texts, ats in _unfold(lines):
        for parser in (golang_build.parse, golang_panics.parse, _parse_text):
            failures += [_moved(failure, ats) for failure in parser(texts)]
    yield from sorted(failures, key=lambda failure: failure.first)


def _unfold(lines: Sequence[str]) -> Iterator[tuple[list[str], list[int]]]:
    outputs: dict[str, list[tuple[str, int]]] = {}
    for at, line in enumerate(lines):
        event = _event(line)
        output = event.get("Output")
        if isinstance(output, str):
            package = event.get("Package") or event.get("ImportPath") or ""
            outputs.setdefault(str(package), []).append((output, at))
    for parts in outputs.values():
        yield _joined(parts)


def _joined(parts: Sequence[tuple[str, int]]) -> tuple[list[str], list[int]]:
    texts: list[str] = []
    ats: list[int] = []
    goes_on = False
    for output, at in parts:
        for index, text in enumerate(output.split("\n")[: -1 if output.endswith("\n") else None]):
            if goes_on and not index:
                texts[-1] += text
            else:
                texts.append(text)
                ats.append(at)
        goes_on = not output.endswith("\n")
    return texts, ats


def _event(line: str) -> dict[str, object]:
    if '"Output":"' not in line:
        return {}
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return event if isinstance(event, dict) else {}


def _moved(failure: Failure, ats: Sequence[int]) -> Failure:
    """A failure of unfolded text, counted in the lines that it came from."""
    errors = tuple(
        replace(error, at=ats[error.at], frames=tuple(replace(frame, at=ats[frame.at]) for frame in error.frames))
        for error in failure.errors
    )
    return replace(failure, errors=errors, first=ats[failure.first], last=ats[failure.last])

"""Failing tests of Jest, Mocha and Node's own runner. Vitest is in `javascript_vitest`."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from termcoder.tracebacks.javascript_browser import failure_of
from termcoder.tracebacks.javascript_frames import language_of, v8_frame
from termcoder.tracebacks.javascript_heads import (
    Head,
    indent_of,
    is_caret,
    is_code,
    message_of,
    typed_head,
)
from termcoder.tracebacks.javascript_runtime import read_thrown
from termcoder.tracebacks.javascript_stacks import Reading, read_error, read_frames, with_place_of_message
from termcoder.tracebacks.report import Certainty, Failure, Frame, LoggedError, Relation

MARKS = ("● ", " failing", "✖ ", "not ok ", "  console.")

_LONGEST = 400  # lines of one failing test that are read
_JEST_TITLE = re.compile(
    r"^\s{0,20}● (?!Console|Validation|[\w@.-]+\.(?:service|socket|timer|target)\b|Deprecation|.*\bWarning:)(\S.*)$"
)
_JEST_CONSOLE = re.compile(
    r"^\s{0,20}(?:● Console|console\.(?:error|warn|log|info|debug|trace|assert)(?: \S{1,400}:\d{1,9})?)\s*$"
)
_JEST_ENDS = re.compile(
    r"^\s*(?:PASS|FAIL|RUNS|Test Suites:|Tests:|Snapshots:|Summary of all failing|Ran all test|● |›|A worker|-{5})"
)
_MOCHA_FAILING = re.compile(r"^\s*\d{1,6} failing\s*$")
_MOCHA_TITLE = re.compile(r"^\s{0,20}(\d{1,6})\) (\S.*)$")
_NOT_OK = re.compile(r"^\s*not ok \d{1,6}\b")
_YAML_KEY = re.compile(r"^\s*(\w{1,40}):(?: (.*))?$")


def read(lines: Sequence[str]) -> Iterator[Failure]:
    """Read every failing test; one without errors only says that its lines are told already."""
    yield from without_repeats([*_jest(lines), *_mocha(lines), *_node_spec(lines), *_tap(lines)])


def without_repeats(failures: Iterable[Failure]) -> Iterator[Failure]:
    """The failures, without errors where one is told again: test runners repeat them in their summary."""
    seen: set[object] = set()
    for failure in failures:
        key = tuple((e.type, e.message, tuple((f.file, f.line, f.function) for f in e.frames)) for e in failure.errors)
        yield failure if key not in seen else replace(failure, errors=())
        seen.add(key)


def _jest(lines: Sequence[str]) -> Iterator[Failure]:
    file = None
    floor = 0
    for at, line in enumerate(lines):
        if line.lstrip().startswith("FAIL ") and len(line.split()) > 1:
            file = line.split()[1]
        if at < floor or ("● " not in line and "console." not in line):
            continue
        if _JEST_CONSOLE.match(line[:500]):
            floor = _jest_end(lines, at)
            yield Failure("javascript", "jest", (), at, floor - 1)
            continue
        if "● " not in line or not _JEST_TITLE.match(line[:500]):
            continue
        end = _jest_end(lines, at)
        failure = _jest_section(lines, at, end, file)
        if failure is not None:
            floor = end
            yield failure


def _jest_end(lines: Sequence[str], title: int) -> int:
    """The index after the last line of a test's section: all of it is indented more than its title."""
    indent = indent_of(lines[title])
    end = title + 1
    for at in range(title + 1, min(len(lines), title + _LONGEST)):
        line = lines[at]
        if line.strip() and indent_of(line) <= indent and (len(lines[at - 1]) < 78 or _JEST_ENDS.match(line)):
            break
        end = at + 1 if line.strip() else end
    return end


def _jest_section(lines: Sequence[str], title: int, end: int, file: str | None) -> Failure | None:
    start = _first_text(lines, title + 1, end)
    if start is None:
        return None
    details = next((at for at in range(start, end) if lines[at].strip() == "Details:"), None)
    if details is not None:
        start = _first_text(lines, details + 1, end) or start
        for at in range(start, min(start + 12, end)):
            thrown = read_thrown(lines[:end], at, start) if is_caret(lines[at]) else None
            if thrown is not None:
                return replace(thrown, format="jest", first=title, last=end - 1, ends_program=None)
    errors = _jest_errors(lines, start, end)
    failure = failure_of(Reading(tuple(errors), end - 1), "jest", title)
    return failure if errors[-1].frames else replace(failure, language=language_of(file))


def _jest_errors(lines: Sequence[str], start: int, end: int) -> list[LoggedError]:
    """The error of a section, and before it those under `Cause:`."""
    cause = next((at for at in range(start, end) if lines[at].strip() == "Cause:"), end)
    frames = [frame for at in range(start, cause) if (frame := v8_frame(lines[at], at)) is not None]
    text_end = next((at for at in range(start, cause) if is_code(lines[at]) or v8_frame(lines[at], at)), cause)
    error = error_of(lines, start, text_end, frames)
    inner = _first_text(lines, cause + 1, end)
    if inner is None:
        return [error]
    *before, last = _jest_errors(lines, inner, end) if inner - start < _LONGEST else [error]
    return [*before, replace(last, relation=Relation.CAUSE), error]


def error_of(lines: Sequence[str], start: int, end: int, frames: Sequence[Frame]) -> LoggedError:
    """The error whose text is in `lines[start:end]`; `frames` are innermost first."""
    head = typed_head(lines[start], start)
    if head is None or head.prefix.strip(" ["):
        head = Head("Error", lines[start].strip(), start)
    message = message_of(head.message, lines[start + 1 : end], indent_of(lines[start]))
    return with_place_of_message(LoggedError(head.type, message, tuple(reversed(frames)), start))


def _mocha(lines: Sequence[str]) -> Iterator[Failure]:
    number = 0
    at = 0
    while at < len(lines):
        line = lines[at]
        if "failing" in line and _MOCHA_FAILING.match(line):
            number = 1
        title = _MOCHA_TITLE.match(line[:500]) if number and ") " in line else None
        if title is None or int(title[1]) != number:
            at += 1
            continue
        number += 1
        failure = _mocha_test(lines, at, number)
        at = failure.last + 1 if failure else at + 1
        if failure:
            yield failure


def _mocha_test(lines: Sequence[str], title: int, following: int) -> Failure | None:
    end = min(len(lines), title + _LONGEST)
    named = next((at for at in range(title, min(end, title + 20)) if lines[at].rstrip().endswith(":")), title)
    start = _first_text(lines, named + 1, end)
    if start is None:
        return None
    text_end = start
    while text_end < end and v8_frame(lines[text_end], text_end) is None:
        match = _MOCHA_TITLE.match(lines[text_end][:500])
        if match is not None and int(match[1]) == following:
            break
        text_end += 1
    frames, after = read_frames(lines, text_end)
    if not frames and text_end == end:  # the last test, without a stack: its message ends at a blank line
        text_end = after = next((at for at in range(start, end) if not lines[at].strip()), end)
    diff = next((at for at in range(start, text_end) if lines[at].strip() == "+ expected - actual"), text_end)
    error = error_of(lines, start, max(diff, start + 1), frames)
    return failure_of(Reading((error,), max(after - 1, title)), "mocha", title)


def _node_spec(lines: Sequence[str]) -> Iterator[Failure]:
    """`✖ name (1.2ms)` with an error indented below it, as Node's `spec` reporter writes it."""
    for at, line in enumerate(lines):
        if "✖ " not in line or not line.lstrip().startswith("✖ ") or at + 1 >= len(lines):
            continue
        head = typed_head(lines[at + 1], at + 1)
        if head is None or head.prefix.strip(" ["):
            continue
        reading = read_error(lines, head)
        first = at - 1 if at and lines[at - 1].startswith("test at ") else at
        yield failure_of(reading, "node-test", first)


def _tap(lines: Sequence[str]) -> Iterator[Failure]:
    """`not ok 1 - name` with YAML below it, as Node's `tap` reporter writes it."""
    for at, line in enumerate(lines):
        if (
            "not ok " not in line
            or not _NOT_OK.match(line)
            or lines[at + 1 : at + 2] != [f"{' ' * indent_of(line)}  ---"]
        ):
            continue
        end = next((n for n in range(at + 2, min(len(lines), at + _LONGEST)) if lines[n].strip() == "..."), None)
        if end is None:
            continue
        values = _yaml(lines, at + 2, end)
        if "failureType" in values:
            yield _tap_failure(lines, values, at, end)


def _tap_failure(lines: Sequence[str], values: dict[str, tuple[str, range]], at: int, end: int) -> Failure:
    text = {key: value for key, (value, _) in values.items()}
    if "subtestsFailed" in text["failureType"]:
        return Failure("javascript", "node-test", (), at, end)
    places = values["stack"][1] if "stack" in values else range(0)
    frames = [frame for n in places if (frame := v8_frame(f"at {lines[n].strip()}", n)) is not None]
    error = LoggedError(text.get("name") or "Error", text.get("error", ""), tuple(reversed(frames)), at)
    certainty = Certainty.CERTAIN if frames else Certainty.LIKELY
    return failure_of(Reading((error,), end), "node-test", at, certainty=certainty)


def _yaml(lines: Sequence[str], start: int, end: int) -> dict[str, tuple[str, range]]:
    """The keys of a TAP block with their values, unquoted, and the lines of those that have several."""
    indent = indent_of(lines[start])
    values: dict[str, tuple[str, range]] = {}
    at = start
    while at < end:
        match = _YAML_KEY.match(lines[at])
        at += 1
        if match is None:
            continue
        first = at
        while at < end and (not lines[at].strip() or indent_of(lines[at]) > indent):
            at += 1
        value = (match[2] or "").strip()
        several = value.startswith(("|", ">"))
        text = "\n".join(line.strip() for line in lines[first:at]).strip() if several else _unquoted(value)
        values[match[1]] = text, range(first, at)
    return values


def _unquoted(value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
        return value[1:-1].replace("\\'", "'").replace('\\"', '"').replace("\\n", "\n")
    return value


def _first_text(lines: Sequence[str], start: int, end: int) -> int | None:
    """The first line from `start` on that isn't blank; None where there is none before `end`."""
    return next((at for at in range(start, end) if lines[at].strip()), None)

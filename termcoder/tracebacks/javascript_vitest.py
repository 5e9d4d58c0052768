"""Failing tests of Vitest."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from termcoder.tracebacks.javascript_browser import failure_of
from termcoder.tracebacks.javascript_frames import is_own, language_of, parse_place
from termcoder.tracebacks.javascript_heads import is_code
from termcoder.tracebacks.javascript_stacks import Reading
from termcoder.tracebacks.javascript_tests import error_of, without_repeats
from termcoder.tracebacks.report import Failure, Frame, LoggedError, Relation

MARKS = ("FAIL  ", "⎯")

_LONGEST = 400
_TITLE = re.compile(r"^\s*FAIL\s{2}(\S.*)$")
_UNHANDLED = re.compile(
    r"^\s*⎯+ (?:Uncaught Exception|Unhandled (?:Rejection|Error|Source Error)|Startup Error|Error) ⎯+\s*$"
)
_BELOW_MESSAGE = ("- Expected", "Caused by:", "Serialized Error:", "This error originated", "⎯", "❯ ")


def read(lines: Sequence[str]) -> Iterator[Failure]:
    """Read every failing test, suite, and error outside of tests."""
    yield from without_repeats(_sections(lines))


def _sections(lines: Sequence[str]) -> Iterator[Failure]:
    floor = 0
    for at, line in enumerate(lines):
        if at < floor or ("FAIL  " not in line and "⎯" not in line):
            continue
        title = _TITLE.match(line)
        if title is None and not _UNHANDLED.match(line[:400]):
            continue
        failure = _section(lines, at, title[1].split()[0] if title else None)
        if failure is not None:
            floor = failure.last + 1
            yield failure


def _section(lines: Sequence[str], title: int, file: str | None) -> Failure | None:
    start = title + 1
    while start < min(len(lines), title + 50) and (not lines[start].strip() or _TITLE.match(lines[start])):
        start += 1
    end = start
    while end < min(len(lines), start + _LONGEST) and not _ends(lines[end]):
        end += 1
    if start == end:
        return None
    errors = _errors(lines, start, end)
    last = next(at for at in range(end - 1, title - 1, -1) if lines[at].strip())
    failure = failure_of(Reading(tuple(errors), last), "vitest", title)
    return failure if any(error.frames for error in errors) else replace(failure, language=language_of(file))


def _ends(line: str) -> bool:
    return ("FAIL  " in line and _TITLE.match(line) is not None) or line.lstrip().startswith(
        ("⎯⎯", "RUN  ", "Test Files ")
    )


def _errors(lines: Sequence[str], start: int, end: int) -> list[LoggedError]:
    """The errors of a section, the deepest cause first."""
    starts = [start, *(at for at in range(start + 1, end) if lines[at].lstrip().startswith("Caused by: "))]
    errors = []
    for first, after in zip(starts, [*starts[1:], end], strict=True):
        text_end = next((at for at in range(first + 1, after) if _is_below_message(lines[at])), after)
        frames = [frame for at in range(first, after) if (frame := _frame(lines[at], at)) is not None]
        shown = [*lines[first:text_end]]
        shown[0] = shown[0].replace("Caused by: ", "", 1)
        error = error_of(shown, 0, len(shown), frames)
        errors.append(replace(error, at=first, relation=Relation.CAUSE if first != start else Relation.ALONE))
    return errors[::-1]


def _is_below_message(line: str) -> bool:
    return line.lstrip().startswith(_BELOW_MESSAGE) or is_code(line)


def _frame(line: str, at: int) -> Frame | None:
    text = line.strip()
    if not text.startswith("❯ ") or len(text) > 2000:
        return None
    function, _, place = text[2:].rpartition(" ")
    found = parse_place(place)
    if found is None or found[0] is None or found[1] is None:
        return None
    return Frame(found[0], found[1], function.strip() or None, is_own(found[0]), found[2], at=at)

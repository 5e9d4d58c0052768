"""Reads the failing tests that RSpec, Minitest (alone and in Rails) and test-unit report."""

import re
from collections.abc import Callable, Sequence

from termcoder.tracebacks.parser import Parser
from termcoder.tracebacks.report import Certainty, Failure, Frame, LoggedError, Relation
from termcoder.tracebacks.ruby_places import CONSTANT, Place, bare_place, frame_of, split_message

_LONGEST = 300  # lines of one report

_RSPEC_HEAD = re.compile(r"(?P<indent>\s*)(?:\d+(?:\.\d+)*\) )?Failure/Error:")
_RSPEC_NUMBER = re.compile(r"\s*\d+(?:\.\d+)*\) \S")
_RSPEC_END = re.compile(
    r"\s*(?:\d+(?:\.\d+)*\) |Finished in |Failed examples:|Top \d+ |No examples found|An error occurred)"
)
_RSPEC_FRAME = re.compile(r"\s*#\s+(?P<file>\S.*?):(?P<line>\d{1,9})(?::in [`'](?P<function>[^']*)')?\s*$")
_RSPEC_CAUSE = re.compile(r"\s*# --- Caused by: ---")
_RSPEC_RULE = re.compile(r"\s*# -{10,}\s*$")
_TYPE = re.compile(rf"(?P<indent>\s*)(?P<type>{CONSTANT}):\s*$")

_MINITEST_HEAD = re.compile(r"\s*(?:\d+\) )?(?P<kind>Failure|Error):\s*$")
_MINITEST_TEST = re.compile(r"\s*(?P<test>\S.*?)(?: \[(?P<file>[^\]]+):(?P<line>\d{1,9})\])?:\s*$")
_MINITEST_TYPED = re.compile(rf"\s*(?P<type>{CONSTANT}): ?(?P<message>.*)$")

_UNIT_HEAD = re.compile(
    rf"(?P<kind>Failure|Error): (?P<test>\S+\(\S+?\))(?:: (?:(?P<type>{CONSTANT}): )?(?P<message>.*))?\s*$"
)
_UNIT_SOURCE = re.compile(r"\s*(?:=>\s*)?\d+: ?")


def parse(lines: Sequence[str]) -> list[Failure]:
    """Every failing test of a log."""
    failures: list[Failure] = []
    at = 0
    while at < len(lines):
        reader = _reader(lines[at])
        found = reader(lines, at) if reader else None
        if found:
            failures.append(found)
        at = max(found.last, at) + 1 if found else at + 1
    return failures


def _reader(line: str) -> Callable[[Sequence[str], int], Failure | None] | None:
    if "Failure/Error:" in line:
        return _rspec
    text = line.strip()
    if text.endswith(("Failure:", "Error:")):
        return _minitest
    if text.startswith(("Failure: ", "Error: ")):
        return _test_unit
    return None


# RSpec


def _rspec(lines: Sequence[str], at: int) -> Failure | None:
    """From `Failure/Error:`, the source, the message, and the places behind number signs."""
    head = _RSPEC_HEAD.match(lines[at])
    if head is None:
        return None
    code_end = _until_blank(lines, at)
    end = _rspec_end(lines, code_end)
    places = next((number for number in range(code_end, end) if _RSPEC_FRAME.match(lines[number])), end)
    kind, message = _rspec_message(lines[code_end:places], len(head["indent"]))
    code = lines[at][head.end() :].strip() or lines[min(at + 1, len(lines) - 1)].strip()
    frames, places_end = _rspec_frames(lines, places, end, code)
    causes, last = _rspec_causes(lines, places_end, end)
    error = LoggedError(kind, message, frames, at)
    first = at - 1 if at and (_RSPEC_NUMBER.match(lines[at - 1]) or "An error occurred" in lines[at - 1]) else at
    certainty = Certainty.CERTAIN if frames else Certainty.LIKELY
    return Failure("ruby", "rspec", (*causes[::-1], error), first, max(last, code_end) - 1, certainty=certainty)


def _until_blank(lines: Sequence[str], at: int) -> int:
    """The first blank line from `at` on."""
    end = at
    while end < min(at + _LONGEST, len(lines)) and lines[end].strip():
        end += 1
    return max(end, at + 1)


def _rspec_end(lines: Sequence[str], at: int) -> int:
    for number in range(at, min(at + _LONGEST, len(lines))):
        if _RSPEC_END.match(lines[number]) or "Failure/Error:" in lines[number]:
            return number
    return min(at + _LONGEST, len(lines))


def _rspec_message(lines: Sequence[str], indent: int) -> tuple[str, str]:
    """Type and message: an exception's type stands as far left as `Failure/Error:`, an expectation's text does not."""
    for number, line in enumerate(lines):
        found = _TYPE.match(line)
        if found and len(found["indent"]) <= indent:
            return found["type"], _dedented(lines[number + 1 :], indent + 2)
        if line.strip():
            break
    return "Failure/Error", _dedented(lines, indent + 2)


def _dedented(lines: Sequence[str], indent: int) -> str:
    told = [line[indent:].rstrip() if not line[:indent].strip() else line.strip() for line in lines]
    return split_message("\n".join(told).strip("\n").split("\n"))[0]


def _rspec_frames(lines: Sequence[str], at: int, end: int, code: str) -> tuple[tuple[Frame, ...], int]:
    """The places from line `at` on, outermost first, and the line after them."""
    frames: list[Frame] = []
    while at < end and (found := _RSPEC_FRAME.match(lines[at])):
        frame = frame_of(Place(found["file"], int(found["line"]), found["function"]), at)
        frames.append(Frame(frame.file, frame.line, frame.function, frame.own, code="" if frames else code, at=at))
        at += 1
    return tuple(frames[::-1]), at


def _rspec_causes(lines: Sequence[str], at: int, end: int) -> tuple[list[LoggedError], int]:
    """The causes, the immediate one first, and the line after them."""
    causes: list[LoggedError] = []
    while at + 2 < end and _RSPEC_RULE.match(lines[at]) and _RSPEC_CAUSE.match(lines[at + 1]):
        head = at + 2
        at = next((n for n in range(head + 1, end) if _RSPEC_FRAME.match(lines[n]) or not lines[n].strip()), end)
        kind = lines[head].strip().removeprefix("#").strip().removesuffix(":")
        message = "\n".join(line.strip().removeprefix("#").strip() for line in lines[head + 1 : at])
        frames, at = _rspec_frames(lines, at, end, "")
        causes.append(LoggedError(kind or "error", message.strip(), frames, head, Relation.CAUSE))
    return causes, at


# Minitest


def _minitest(lines: Sequence[str], at: int) -> Failure | None:
    """`Failure:` or `Error:`, the test's name, and what went wrong."""
    head = _MINITEST_HEAD.match(lines[at])
    test = _MINITEST_TEST.match(lines[at + 1]) if head and at + 1 < len(lines) else None
    if head is None or test is None or not ("#" in test["test"] or "(" in test["test"]):
        return None
    return _minitest_error(lines, at) if head["kind"] == "Error" else _minitest_failure(lines, at, test)


def _minitest_failure(lines: Sequence[str], at: int, test: re.Match[str]) -> Failure:
    end = _until_blank(lines, at)
    frames: tuple[Frame, ...] = ()
    if test["file"]:
        frames = (frame_of(Place(test["file"], int(test["line"]), test["test"]), at + 1),)
    message = "\n".join(line.rstrip() for line in lines[at + 2 : end])
    return Failure("ruby", "minitest", (LoggedError("Failure", message, frames, at),), at, end - 1)


def _minitest_error(lines: Sequence[str], at: int) -> Failure | None:
    typed = _MINITEST_TYPED.match(lines[at + 2]) if at + 2 < len(lines) else None
    if typed is None:
        return None
    limit = min(at + _LONGEST, len(lines))
    start = next((number for number in range(at + 3, limit) if _starts_places(lines[number])), at + 3)
    frames, end = _bare_frames(lines, start)
    told = [typed["message"], *(line.rstrip() for line in lines[at + 3 : start])]
    message, notes, _ = split_message(told)
    error = LoggedError(typed["type"], message, frames, at + 2, notes=notes)
    return Failure("ruby", "minitest", (error,), at, end - 1)


def _starts_places(line: str) -> bool:
    return (":in " in line and bare_place(line) is not None) or _MINITEST_HEAD.match(line) is not None


def _bare_frames(lines: Sequence[str], at: int) -> tuple[tuple[Frame, ...], int]:
    frames: list[Frame] = []
    while at < len(lines) and ":in " in lines[at] and (place := bare_place(lines[at])):
        frames.append(frame_of(place, at))
        at += 1
    return tuple(frames[::-1]), at


# test-unit


def _test_unit(lines: Sequence[str], at: int) -> Failure | None:
    """`Failure: test_total(ShopTest)`, the places, the source, and for a failure its message at the end."""
    head = _UNIT_HEAD.match(lines[at])
    if head is None:
        return None
    start = next((n for n in range(at + 1, min(at + 40, len(lines))) if _ends_message(lines[n])), at + 1)
    frames, end = _bare_frames(lines, start)
    if not frames:
        return None
    told = [head["message"] or "", *(line.rstrip() for line in lines[at + 1 : start])]
    while end < min(at + _LONGEST, len(lines)) and lines[end].strip() and not lines[end].startswith("====="):
        if not _UNIT_SOURCE.match(lines[end]):
            told.append(lines[end].rstrip())
        end += 1
    message, notes, _ = split_message(told)
    error = LoggedError(head["type"] or head["kind"], message, frames, at, notes=notes)
    return Failure("ruby", "test-unit", (error,), at, end - 1)


def _ends_message(line: str) -> bool:
    return line.startswith("=====") or (":in " in line and bare_place(line) is not None)


PARSER = Parser("ruby tests", ("Failure/Error:", "Failure:", "Error:"), parse)

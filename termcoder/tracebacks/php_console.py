"""Reads the errors that PHP's consoles draw: Symfony's and Composer's boxes, Laravel's and Pest's excerpts."""

import re
from collections.abc import Sequence

from termcoder.tracebacks.parser import Parser
from termcoder.tracebacks.php_trace import Entry, frames_of, function_of
from termcoder.tracebacks.report import Certainty, Failure, Frame, LoggedError, Relation

_LONGEST = 80  # lines of a message

_IN = re.compile(r"\s*In (?P<file>\S[^:]*?)(?: line (?P<line>\d{1,9}))?:\s*$")
_BOXED_TYPE = re.compile(r"\s+\[(?P<type>[A-Za-z_\\][\w\\]*)(?: \([^)]*\))?\]\s*$")
_AT = re.compile(r"\s*(?P<call>\S.*?\))? ?at (?P<file>.+?):(?P<line>\d{1,9}|n/a)\s*$")
_EXCERPT_AT = re.compile(r"\s+at (?P<file>\S.*?):(?P<line>\d{1,9})\s*$")
_EXCERPT_LINE = re.compile(r"\s*(?:➜\s*)?\d+(?:▕|\|)")
_EXCERPT_CALLER = re.compile(r"\s+\d+\s+(?P<file>\S+):(?P<line>\d{1,9})\s*$")
_BARE_TYPE = re.compile(r"\s{2,}(?P<type>[A-Z][A-Za-z0-9_]*(?:\\\w+)*)\s*$")
_FAILED = re.compile(r"\s*FAILED\s+(?P<test>\S.*?)(?:\s{2,}(?P<type>[A-Z][\w\\]*))?\s*$")
_SUMMARY = re.compile(r"\s*FAIL\s+\w+\\\w")
_UNSOLVED = "Your requirements could not be resolved to an installable set of packages."


def parse(lines: Sequence[str]) -> list[Failure]:
    """Every failure of a log that has these forms."""
    failures: list[Failure] = []
    at = floor = 0
    while at < len(lines):
        found = _failure_at(lines, at, floor)
        if found:
            failures.append(found)
            floor = found.last + 1
        at = max(found.last, at) + 1 if found else at + 1
    return failures


def _failure_at(lines: Sequence[str], at: int, floor: int) -> Failure | None:
    text = lines[at].strip()
    if text.startswith("In ") and text.endswith(":"):
        return _symfony(lines, at)
    if text.startswith("[") and text.endswith("]"):
        return _boxed(lines, at)
    if text.startswith("at ") and _EXCERPT_AT.match(lines[at]):
        return _excerpt(lines, at, floor)
    if text == _UNSOLVED:
        return _unsolved(lines, at)
    return None


# Symfony and Composer


def _symfony(lines: Sequence[str], at: int) -> Failure | None:
    """Boxes headed `In Shop.php line 12:`, an exception's first and below it those it was thrown because of."""
    errors: list[LoggedError] = []
    end = at
    start: int | None = at
    while start is not None:
        error, after = _box(lines, start)
        if error is None:
            break
        errors.append(error)
        end = after
        start = next((n for n in range(end, min(end + 4, len(lines))) if _IN.match(lines[n])), None)
    if not errors:
        return None
    return _failure("symfony", errors, at, end)


def _failure(form: str, errors: Sequence[LoggedError], at: int, end: int) -> Failure:
    """A failure of errors that stand the last one first."""
    causes = [LoggedError(e.type, e.message, e.frames, e.at, Relation.CAUSE) for e in errors[:0:-1]]
    build = any(error.type.startswith("Composer\\") for error in errors)
    return Failure("php", form, (*causes, errors[0]), at, end - 1, build=build, ends_program=True)


def _box(lines: Sequence[str], at: int) -> tuple[LoggedError | None, int]:
    head = _IN.match(lines[at])
    start = _next_text(lines, at + 1)
    if head is None or start is None or not lines[start].startswith("  "):
        return None, at
    kind, start = _boxed_type(lines, start)
    message, end = _boxed_message(lines, start)
    frames, end = _trace(lines, end)
    if not frames:
        line = int(head["line"]) if head["line"] else None
        frames = frames_of(Entry("", head["file"], line, at), [])
    return LoggedError(kind, message, frames, at), end


def _boxed_type(lines: Sequence[str], at: int) -> tuple[str, int]:
    found = _BOXED_TYPE.match(lines[at])
    return (found["type"], at + 1) if found else ("error", at)


def _boxed(lines: Sequence[str], at: int) -> Failure | None:
    """The older box, which names no place: `[RuntimeException]` and the message below it."""
    found = _BOXED_TYPE.match(lines[at])
    if found is None or not (found["type"].endswith(("Exception", "Error"))) or (at and lines[at - 1].strip()):
        return None
    message, end = _boxed_message(lines, at + 1)
    if not message:
        return None
    frames, end = _trace(lines, end)
    return _failure("symfony", [LoggedError(found["type"], message, frames, at)], at, end)


def _next_text(lines: Sequence[str], at: int) -> int | None:
    return next((number for number in range(at, min(at + 3, len(lines))) if lines[number].strip()), None)


def _boxed_message(lines: Sequence[str], at: int) -> tuple[str, int]:
    end = at
    while end < min(at + _LONGEST, len(lines)) and lines[end].startswith("  ") and lines[end].strip():
        end += 1
    return "\n".join(line.strip() for line in lines[at:end]), end


def _trace(lines: Sequence[str], at: int) -> tuple[tuple[Frame, ...], int]:
    """The frames below `Exception trace:`, which very verbose output has."""
    start = next((n for n in range(at, min(at + 4, len(lines))) if lines[n].strip() == "Exception trace:"), None)
    if start is None:
        return (), at
    entries: list[Entry] = []
    end = start + 1
    while end < len(lines) and " at " in lines[end] and (found := _AT.match(lines[end])):
        entries.append(_entry(found, end))
        end += 1
    return (frames_of(entries[0], entries[1:]) if entries else ()), end


def _entry(found: re.Match[str], at: int) -> Entry:
    known = found["line"] != "n/a"
    call = function_of(found["call"] or "")
    return Entry(call, found["file"] if known else None, int(found["line"]) if known else None, at)


def _unsolved(lines: Sequence[str], at: int) -> Failure:
    """Composer found no versions that go together; the numbered problems say why."""
    end = at + 1
    while end < min(at + _LONGEST, len(lines)) and (not lines[end].strip() or lines[end].startswith("  ")):
        end += 1
    told = "\n".join(line.rstrip() for line in lines[at:end]).strip()
    return Failure("php", "composer", (LoggedError("error", told, at=at),), at, end - 1, build=True, ends_program=True)


# Collision, which Laravel and Pest use


def _excerpt(lines: Sequence[str], at: int, floor: int) -> Failure | None:
    """`at app/Shop.php:12` with the source below it; the type and the message stand above."""
    listing = _next_text(lines, at + 1)
    if listing is None or not _EXCERPT_LINE.match(lines[listing]):
        return None
    head = _excerpt_head(lines, at, floor)
    if head is None:
        return None
    kind, first, is_test = head
    message = "\n".join(line.strip() for line in lines[first + 1 : at]).strip()
    entries, end = _excerpt_callers(lines, listing)
    place = _EXCERPT_AT.match(lines[at])
    thrown = Entry("", place["file"], int(place["line"]), at) if place else None
    error = LoggedError(kind, message, frames_of(thrown, entries), first)
    certainty = Certainty.CERTAIN if message else Certainty.LIKELY
    first = _summary_above(lines, first, floor) if is_test else first
    form, ends = ("pest", None) if is_test else ("collision", True)
    return Failure("php", form, (error,), first, end - 1, certainty=certainty, ends_program=ends)


def _excerpt_head(lines: Sequence[str], at: int, floor: int) -> tuple[str, int, bool] | None:
    """Type, line, and whether a test failed."""
    for number in range(at - 1, max(floor, at - _LONGEST) - 1, -1):
        failed = _FAILED.match(lines[number][:500]) if "FAILED" in lines[number] else None
        if failed:
            return failed["type"] or "FAILED", number, True
        found = _BARE_TYPE.match(lines[number])
        if found and number + 1 < len(lines) and not lines[number + 1].strip():
            return found["type"], number, False
    return None


def _summary_above(lines: Sequence[str], at: int, floor: int) -> int:
    """Where the list of tests begins that stands above the first failure."""
    for number in range(max(floor, at - _LONGEST), at):
        if _SUMMARY.match(lines[number]):
            return number
    return at


def _excerpt_callers(lines: Sequence[str], at: int) -> tuple[list[Entry], int]:
    """The numbered places below the source, each with what it calls on the next line; and the line after them."""
    entries: list[Entry] = []
    end = last = at
    while end < len(lines):
        text = lines[end]
        found = _EXCERPT_CALLER.match(text)
        if found:
            entries.append(_caller(lines, end, found))
        elif "vendor frames" in text:
            entries.append(Entry("", None, None, end))
        elif text.strip() and not _EXCERPT_LINE.match(text) and not (entries and text.startswith("      ")):
            break
        end += 1
        last = end if text.strip() else last
    return entries, last


def _caller(lines: Sequence[str], at: int, found: re.Match[str]) -> Entry:
    below = lines[at + 1] if at + 1 < len(lines) else ""
    call = function_of(below.strip()) if "(" in below and not _EXCERPT_CALLER.match(below) else ""
    return Entry(call, found["file"], int(found["line"]), at)


PARSER = Parser("php consoles", ("In ", "Exception]", "Error]", "▕", "➜", _UNSOLVED), parse)

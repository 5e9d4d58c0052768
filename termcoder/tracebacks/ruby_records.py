"""Reads what loggers, Rails, Rake, Sidekiq and Puma make of exceptions: a message, then one place a line."""

import re
from collections.abc import Sequence
from dataclasses import replace

from termcoder.tracebacks.report import Certainty, Failure, Frame, LoggedError, Relation
from termcoder.tracebacks.ruby_places import CONSTANT, TYPE_AT_END, Place, bare_place, frame_of, split_message

_MESSAGE_LINES = 60  # of one message, and so how far above a backtrace its head is sought

_RECORD = re.compile(r"\s*[A-Z], \[[^\]]{10,60}\] +(?P<level>[A-Z]+) -- [^:]{0,60}: ?")
_REQUEST = re.compile(r"\s*(?:\[[0-9a-f]{8}-[0-9a-f-]{20,30}\] ?)+")
_PARENTHESIS = re.compile(rf"\s*(?P<type>{CONSTANT}) \(")
_INSPECTED = re.compile(rf"#<(?P<type>{CONSTANT}): (?P<message>.*)>\s*$")
_COLON = re.compile(rf"(?:^|(?<=[\s:\]]))(?P<type>{CONSTANT}): ")
_ERROR_NAME = re.compile(
    r"(?:Error|Exception|Interrupt|Invalid|NotFound|Timeout|Unknown\w*|Failed|Failure)$|::|^E[A-Z]+$|^[A-Z]\w*[a-z]\w*$"
)
_TEMPLATE = re.compile(r"\s*(?P<file>[^\s:]+\.\w+):(?P<line>\d{1,9})\s*$")
_FILED = re.compile(
    r"\s*(?:\d+ )?File \"(?P<file>[^\"]+\.(?:rb|erb|rake|ru|haml|slim))\",?"
    r" line (?P<line>\d{1,9}),? in (?P<name>.+?)\s*$"
)
_OCCURRED = re.compile(rf"\s*An? (?P<type>{CONSTANT}) occurred in ")
_FRAMELESS = re.compile(rf"\s*(?P<type>{CONSTANT}::(?:\w*Error|RecordNotFound)) \((?P<message>.+)\):\s*$")
_SOURCE = re.compile(r"\s*(?:=> ?|>> ?)?\d+: ")
_WARNING = re.compile(r"\bwarn(?:ing)?\b|DEPRECATION", re.IGNORECASE)


def read_logged(lines: Sequence[str], at: int, floor: int) -> Failure | None:
    """A backtrace of bare places with its message above it."""
    frames, end = _bare_frames(lines, at)
    if not frames:
        return None
    head = _head_above(lines, at, floor)
    if head is None:
        return _headless(lines, at, frames, end)
    error, form = head
    handled = _is_warning_record(lines[error.at])
    errors = (replace(error, frames=frames, handled=handled),)
    causes, end = _listed_causes(lines, end)
    first = _headline(lines, error.at, floor)
    ends = False if handled else None
    return Failure("ruby", form, (*causes[::-1], *errors), first, end - 1, ends_program=ends)


def read_filed(lines: Sequence[str], at: int, floor: int) -> Failure | None:
    """Rollbar's form: `NoMethodError: …`, then `File "/app/shop.rb", line 12, in total`, innermost first."""
    frames: list[Frame] = []
    end = at
    while end < len(lines) and (found := _FILED.match(lines[end])):
        frames.append(frame_of(Place(found["file"], int(found["line"]), found["name"]), end))
        end += 1
    head = _head_above(lines, at, floor) if frames else None
    if head is None:
        return None
    error = replace(head[0], frames=tuple(frames[::-1]))
    return Failure("ruby", "rollbar", (error,), error.at, end - 1)


def read_frameless(lines: Sequence[str], at: int) -> Failure | None:
    """What Rails answers with a page of its own, as a request for what is not there: it tells no place."""
    found = _FRAMELESS.match(lines[at])
    below = next((lines[n] for n in range(at + 1, min(at + 4, len(lines))) if lines[n].strip()), "")
    if found is None or ":in " in below or _SOURCE.match(below):
        return None
    error = LoggedError(found["type"], found["message"], at=at, handled=True)
    return Failure("ruby", "rails", (error,), at, at, certainty=Certainty.LIKELY, ends_program=False)


def _headline(lines: Sequence[str], at: int, floor: int) -> int:
    """Where a report begins: Rails names an error and its causes before it tells of each."""
    if "Information for: " not in lines[at]:
        return at
    name = lines[at].partition("Information for: ")[2].partition(" (")[0]
    return next((n for n in range(at - 1, max(floor, at - 10) - 1, -1) if lines[n].lstrip().startswith(name)), at)


def _listed_causes(lines: Sequence[str], end: int) -> tuple[list[LoggedError], int]:
    """What follows a backtrace under `Caused by:` or `Causes:`, the immediate cause first."""
    causes: list[LoggedError] = []
    while True:
        at = end
        while at < min(end + 3, len(lines)) and not _plain(lines[at]).strip():
            at += 1
        if at + 1 >= len(lines):
            return causes, end
        text = _plain(lines[at]).strip()
        if text not in ("Caused by:", "Causes:") and not text.startswith("Information for cause: "):
            return causes, end
        error, end = _cause(lines, at if text.startswith("Information") else at + 1)
        causes.append(error)


def _cause(lines: Sequence[str], at: int) -> tuple[LoggedError, int]:
    start = next((n for n in range(at, min(at + _MESSAGE_LINES, len(lines))) if bare_place(_plain(lines[n]))), None)
    text = _plain(lines[at]).strip().removeprefix("Information for cause: ")
    head = _head(text, nearest=True)
    typed = head[:2] if head else ("RuntimeError", text)
    if start is None:
        return LoggedError(*typed, at=at, relation=Relation.CAUSE), at + 1
    frames, end = _bare_frames(lines, start)
    told = _without_listing([_plain(lines[number]) for number in range(at + 1, start)])
    message, notes, _ = split_message([typed[1], *told])
    return LoggedError(typed[0], message, frames, at, Relation.CAUSE, notes=notes), end


def _bare_frames(lines: Sequence[str], at: int) -> tuple[tuple[Frame, ...], int]:
    """The places from line `at` on, outermost first, and the line after them."""
    frames: list[Frame] = []
    while at < len(lines) and (place := _listed_place(lines[at], bool(frames))):
        frames.append(frame_of(place, at))
        at += 1
    return tuple(frames[::-1]), at


def _listed_place(line: str, listed: bool) -> Place | None:
    """The place that a line of a backtrace names; a template's own has no method."""
    if ":in " in line:
        return bare_place(_plain(line))
    found = _TEMPLATE.match(_plain(line)) if listed and ":" in line else None
    return Place(found["file"], int(found["line"]), None) if found else None


def _headless(lines: Sequence[str], at: int, frames: tuple[Frame, ...], end: int) -> Failure | None:
    """A backtrace whose message the log has lost; with fewer than three places it may be anything."""
    above = next((lines[number] for number in range(at - 1, max(at - 3, -1), -1) if lines[number].strip()), "")
    if len(frames) < 3 or _WARNING.search(above):
        return None
    mailed = _mailed(lines, at)
    if mailed is not None:
        return Failure("ruby", "mail", (replace(mailed, frames=frames),), mailed.at, end - 1)
    error = LoggedError("error", "", frames, at)
    return Failure("ruby", "backtrace", (error,), at, end - 1, certainty=Certainty.GUESS)


def _mailed(lines: Sequence[str], at: int) -> LoggedError | None:
    """What a mail about an exception begins with: `A NoMethodError occurred in orders#create:`, then the message."""
    for number in range(at - 1, max(at - _MESSAGE_LINES, -1), -1):
        found = _OCCURRED.match(lines[number]) if " occurred in " in lines[number] else None
        if found:
            told = next((line.strip() for line in lines[number + 1 : number + 4] if line.strip()), "")
            return LoggedError(found["type"], told, at=number)
    return None


def _head_above(lines: Sequence[str], at: int, floor: int) -> tuple[LoggedError, str] | None:
    """The message that a backtrace beginning at line `at` is about."""
    told: list[str] = []
    for number in range(at - 1, max(floor, at - _MESSAGE_LINES) - 1, -1):
        text = _plain(lines[number])
        nearest = not any(line.strip() for line in told)
        head = _head(text, nearest)
        if head is not None:
            kind, message, form = head
            message, notes, _ = split_message([message, *_without_listing(told[::-1])])
            return LoggedError(kind, message, at=number, notes=notes), form
        if nearest and _WARNING.search(text):
            return None
        told.append(text)
    return None


def _without_listing(lines: Sequence[str]) -> list[str]:
    """Only what belongs to the message: without the source that Rails lists below it, and the list of causes."""
    told: list[str] = []
    for line in lines:
        if line.startswith(("Causes:", "Caused by:", "Information for")):
            break
        if not _SOURCE.match(line):
            told.append(line.rstrip().removesuffix("):"))
    return told


def _head(text: str, nearest: bool) -> tuple[str, str, str] | None:
    """Type, message and form, where a line is a message in one of the usual forms."""
    text = text.rstrip()
    parenthesis = _parenthesis(text.removeprefix("Information for: ")) if "(" in text else None
    if parenthesis:
        return parenthesis
    if text.endswith(">") and "#<" in text and (found := _INSPECTED.search(text)):
        return found["type"], found["message"], "log"
    if nearest and ")" in text and (found := TYPE_AT_END.search(text)):
        return found["type"], text[: found.start()].strip(), "log"
    typed = _typed(text)
    return (*typed, "log") if typed and (nearest or typed[0].endswith(("Error", "Exception"))) else None


def _parenthesis(text: str) -> tuple[str, str, str] | None:
    """Type and message of `Type (message):`, of which only the first line may be there."""
    found = _PARENTHESIS.match(text)
    if found is None:
        return None
    message = text[found.end() :].removesuffix(":")
    closed = message.endswith(")")
    if not (closed or _ERROR_NAME.search(found["type"])):
        return None
    return found["type"], message[:-1] if closed else message, "rails"


def _typed(text: str) -> tuple[str, str] | None:
    """Type and message of `Type: message`, behind whatever stands before it."""
    if ":" not in text:
        return None
    for found in _COLON.finditer(text.rstrip() + " "):
        if _ERROR_NAME.search(found["type"]) and found["type"] not in ("Error", "Failure", "Caused", "Warning"):
            return found["type"], text[found.end() :].strip()
    return None


def _plain(line: str) -> str:
    """A line without what a logger puts before it."""
    if "[" not in line:
        return line
    found = _RECORD.match(line)
    line = line[found.end() :] if found else line
    found = _REQUEST.match(line)
    return line[found.end() :] if found else line


def _is_warning_record(line: str) -> bool:
    """Whether a record says that the program only warns; job runners log a job's failure as a warning too."""
    found = _RECORD.match(line) if "[" in line else None
    return found is not None and found["level"] in ("WARN", "INFO", "DEBUG")


def read_rake(lines: Sequence[str], at: int) -> Failure | None:
    """`rake aborted!`, a message, the places, and the causes in the same form."""
    head = next((n for n in range(at + 1, min(at + 3, len(lines))) if lines[n].strip()), None)
    if head is None:
        return None
    error, end = _cause(lines, head)
    causes, end = _listed_causes(lines, end)
    errors = (*causes[::-1], replace(error, relation=Relation.ALONE))
    return Failure("ruby", "rake", errors, at, end - 1, ends_program=True)

"""Reads what Ruby itself prints about an exception; ruby_records.py reads what others make of one.

The interpreter's form begins with the place where it happened and goes on with callers (`from ...`); an exception that
was its cause follows at once. Ruby 2.5 to 2.7 printed all of that upside down on terminals.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from termcoder.tracebacks.parser import Parser
from termcoder.tracebacks.report import Certainty, Failure, Frame, LoggedError, Relation
from termcoder.tracebacks.ruby_places import (
    TYPE_AT_END,
    UNDERLINE,
    Place,
    bare_place,
    frame_of,
    from_place,
    head_place,
    split_message,
)
from termcoder.tracebacks.ruby_records import read_filed, read_frameless, read_logged, read_rake

_MESSAGE_LINES = 60  # of one message, and so the distance at which the rest of a form is sought
_WRAPPED_LINES = 3

_LEVELS = re.compile(r"\s*\.\.\. +\d+ levels\.\.\.\s*$|\s*\.{3}\s*$")
_SYNTAX = re.compile(
    r"(?P<file>(?:[A-Za-z]:)?(?:[^\s:]{0,300}\.(?:rb|rake|ru|erb|gemspec|haml|slim|jbuilder)|-e|[^\s:]{0,300}[Ff]ile)):"
    r"(?P<line>\d{1,9}): (?P<message>(?:syntax errors? ?|.*\(SyntaxError\)).*)$"
)
_LIST_ENTRY = re.compile(r"\s*(?:\d+ +\| |> ?\d+ +\| | +\| )")
_WARNING = re.compile(r"\bwarn(?:ing)?\b|DEPRECATION", re.IGNORECASE)
_ABORTED = re.compile(r"\s*[\w./-]+ aborted!\s*$")


@dataclass(frozen=True, slots=True)
class _Block:
    """One exception as the interpreter prints it, and the line after it."""

    error: LoggedError
    first: int
    end: int
    whole: bool


def parse(lines: Sequence[str]) -> list[Failure]:
    """Every failure of a log that has Ruby's forms."""
    texts, numbers = _unwrapped(lines)
    failures = _read(texts)
    return failures if len(texts) == len(lines) else [_renumbered(failure, numbers) for failure in failures]


def _read(lines: Sequence[str]) -> list[Failure]:
    failures: list[Failure] = []
    at = floor = 0
    while at < len(lines):
        found = _failure_at(lines, at, floor)
        if found is None:
            floor = at if ":in " in lines[at] else floor  # nothing above is a message: it is not looked at again
            at += 1
            continue
        if failures and _is_repeated(lines, failures[-1], found):
            found = replace(found, first=failures.pop().first)
        failures.append(found)
        at = floor = max(found.last, at) + 1
    return failures


def _unwrapped(lines: Sequence[str]) -> tuple[list[str], list[int]]:
    """The lines, those put together whose place a terminal has wrapped, and the number of each."""
    texts: list[str] = []
    numbers: list[int] = []
    open_place = False
    for number, line in enumerate(lines):
        if open_place and "'" in line and "from " not in line:
            texts[-1] += line
            open_place = False
            continue
        texts.append(line)
        numbers.append(number)
        open_place = _is_cut_place(line)
    return texts, numbers


def _is_cut_place(line: str) -> bool:
    """Whether a line ends within a place: in its path, or in the name of its method."""
    if ":in `" in line or ":in '" in line:
        return len(line) > 50 and "'" not in line[line.index(":in ") + 5 :]
    return len(line) > 50 and line.lstrip().startswith("from ")


def _renumbered(failure: Failure, numbers: Sequence[int]) -> Failure:
    errors = []
    for error in failure.errors:
        frames = tuple(replace(frame, at=numbers[frame.at]) for frame in error.frames)
        errors.append(replace(error, frames=frames, at=numbers[error.at]))
    last = numbers[failure.last + 1] - 1 if failure.last + 1 < len(numbers) else numbers[failure.last]
    return replace(failure, errors=tuple(errors), first=numbers[failure.first], last=last)


def _failure_at(lines: Sequence[str], at: int, floor: int) -> Failure | None:
    line = lines[at]
    if ":in " in line:
        return _interpreted(lines, at) or read_logged(lines, at, floor) or _beheaded(lines, at)
    if 'File "' in line and line.lstrip(" 0123456789").startswith('File "'):
        return read_filed(lines, at, floor)
    if line.lstrip().startswith("Traceback (most"):
        return _upside_down(lines, at)
    if "SyntaxError" in line or "syntax error" in line:
        return _syntax_error(lines, at)
    return _of_one_line(lines, at)


def _of_one_line(lines: Sequence[str], at: int) -> Failure | None:
    """What a line without a place tells."""
    line = lines[at]
    if line.startswith("ruby: "):
        return _not_started(line, at)
    if line.endswith("):") and "::" in line:
        return read_frameless(lines, at)
    if line.rstrip().endswith("aborted!") and _ABORTED.match(line):
        return read_rake(lines, at)
    return None


# What the interpreter prints


def _interpreted(lines: Sequence[str], at: int) -> Failure | None:
    """An exception and its causes, the outermost first, each followed by its callers."""
    block = _block(lines, at)
    if block is None:
        return None
    blocks = [block]
    while (cause := _block(lines, blocks[-1].end)) and _belongs(cause.error, blocks[-1].error):
        blocks.append(cause)
    return _failure(lines, blocks[::-1], at, blocks[-1].end - 1)


def _failure(lines: Sequence[str], blocks: Sequence[_Block], first: int, last: int) -> Failure:
    """One failure of blocks in the order they happened."""
    errors = [replace(block.error, relation=Relation.CAUSE) for block in blocks]
    errors[-1] = replace(errors[-1], relation=Relation.ALONE)
    place = head_place(lines[blocks[-1].error.at])
    certainty = Certainty.CERTAIN if all(block.whole for block in blocks) else Certainty.LIKELY
    in_thread = first > 0 and "terminated with exception" in lines[first - 1]
    ends = None if in_thread or place is None or place.before else True
    return Failure("ruby", "backtrace", tuple(errors), first, last, certainty=certainty, ends_program=ends)


def _belongs(cause: LoggedError, error: LoggedError) -> bool:
    """Whether an exception right below another one is its cause, and not that of a second run of a program."""
    same = (cause.type, cause.message, cause.frames[-1].line) == (error.type, error.message, error.frames[-1].line)
    return not same and cause.frames[0].file == error.frames[0].file


def _block(lines: Sequence[str], at: int) -> _Block | None:
    """The exception whose first line is `lines[at]`."""
    place = head_place(lines[at]) if at < len(lines) and ":in " in lines[at] else None
    if place is None or _WARNING.match(place.rest.lstrip()):
        return None
    callers = _callers_from(lines, at + 1)
    text, after = _first_line(lines, at, place.rest, callers)
    found = TYPE_AT_END.search(text)
    if found is None and not text.startswith("unhandled exception") and not _is_caller(lines, callers):
        return None
    frames, end = _callers(lines, callers)
    rest = [lines[number] for number in range(after, callers)]
    kind, message = (found["type"], text[: found.start()]) if found else _untyped(text)
    message, notes, code = split_message([message, *rest])
    frame = replace(frame_of(place, at), code=code)
    error = LoggedError(kind, message, (*frames, frame, *_unread_file(kind, message, at)), at, notes=notes)
    return _Block(error, at, end, whole=found is not None or not message)


def _unread_file(kind: str, message: str, at: int) -> tuple[Frame, ...]:
    """The place in a required file that could not be read."""
    found = _SYNTAX.match(message) if kind == "SyntaxError" else None
    return (frame_of(Place(found["file"], int(found["line"]), None), at),) if found else ()


def _untyped(text: str) -> tuple[str, str]:
    if text.startswith("unhandled exception"):
        return "unhandled exception", ""
    return "error", text


def _first_line(lines: Sequence[str], at: int, text: str, end: int) -> tuple[str, int]:
    """The line with the type, put together where a terminal has wrapped it, and the index of the next one."""
    joined = text
    for after in range(at + 1, min(at + 2 + _WRAPPED_LINES, end + 1)):
        if TYPE_AT_END.search(joined):
            return joined, after
        if after < len(lines):
            joined += lines[after]
    return text, at + 1


def _callers_from(lines: Sequence[str], at: int) -> int:
    """Where the callers begin, which a message of several lines and the marked source may keep off.

    Without callers that is the line after what Ruby adds to a message: the marked source and its suggestions.
    """
    for number in range(at, min(at + _MESSAGE_LINES, len(lines))):
        if from_place(lines[number]):
            return number
        if ":in " in lines[number] and (head_place(lines[number]) or bare_place(lines[number])):
            break
    return _after_additions(lines, at)


def _after_additions(lines: Sequence[str], at: int) -> int:
    end = at
    for number in range(at, min(at + 6, len(lines))):
        if UNDERLINE.match(lines[number]) or lines[number].startswith("Did you mean?"):
            end = number + 1
    return end


def _is_caller(lines: Sequence[str], at: int) -> bool:
    return at < len(lines) and from_place(lines[at]) is not None


def _callers(lines: Sequence[str], at: int) -> tuple[tuple[Frame, ...], int]:
    """The frames from line `at` on, outermost first, and the line after them."""
    frames: list[Frame] = []
    while at < len(lines):
        place = from_place(lines[at])
        if place is not None:
            frames.append(frame_of(place, at))
        elif not (frames and _LEVELS.match(lines[at])):
            break
        at += 1
    return tuple(frames[::-1]), at


def _upside_down(lines: Sequence[str], at: int) -> Failure | None:
    """The order of Ruby 2.5 to 2.7: callers from the outermost on, the exception last, its causes before it."""
    blocks: list[_Block] = []
    end = at + 1
    while (block := _upside_down_block(lines, end)) and (not blocks or _belongs(blocks[-1].error, block.error)):
        blocks.append(block)
        end = block.end
    if not blocks:
        return None
    return _failure(lines, blocks, at, end - 1)


def _upside_down_block(lines: Sequence[str], at: int) -> _Block | None:
    callers, head = _callers(lines, at)
    block = _block_without_callers(lines, head)
    if block is None:
        return None
    return replace(block, error=replace(block.error, frames=callers[::-1] + block.error.frames))


def _block_without_callers(lines: Sequence[str], at: int) -> _Block | None:
    block = _block(lines, at)
    if block is None:
        return None
    return replace(block, error=replace(block.error, frames=block.error.frames[-1:]), end=_after_message(lines, at + 1))


def _after_message(lines: Sequence[str], at: int) -> int:
    """The line after a message whose callers stand above it: only what Ruby adds can be told from other text."""
    return _after_additions(lines, at)


def _syntax_error(lines: Sequence[str], at: int) -> Failure | None:
    """A program that could not be read, with the lines of source that Ruby shows (all from the same place)."""
    found = _SYNTAX.search(lines[at])
    if found is None or _WARNING.match(found["message"]):
        return None
    end = at + 1
    while end < len(lines) and end < at + _MESSAGE_LINES and _is_shown_source(lines, end):
        end += 1
    told = [found["message"].replace("(SyntaxError)", "").rstrip(), *(lines[i].rstrip() for i in range(at + 1, end))]
    message, _, code = split_message(told)
    frame = frame_of(Place(found["file"], int(found["line"]), None), at)
    error = LoggedError("SyntaxError", message, (replace(frame, code=code),), at)
    return Failure("ruby", "syntax", (error,), at, end - 1, ends_program=True)


def _is_shown_source(lines: Sequence[str], at: int) -> bool:
    """Whether a line belongs to the excerpt of a syntax error: a listing, or source with an underline below it."""
    line = lines[at]
    if _LIST_ENTRY.match(line) or UNDERLINE.match(line) or line.strip() in ("~~~", "...", "....."):
        return True
    return at + 1 < len(lines) and UNDERLINE.match(lines[at + 1]) is not None


def _beheaded(lines: Sequence[str], at: int) -> Failure | None:
    """The interpreter's callers without the exception, where a log begins in the middle."""
    if not lines[at].lstrip().startswith("from "):
        return None
    frames, end = _callers(lines, at)
    if len(frames) < 2:
        return None
    error = LoggedError("error", "", frames, at)
    return Failure("ruby", "backtrace", (error,), at, end - 1, certainty=Certainty.LIKELY)


def _not_started(line: str, at: int) -> Failure | None:
    """`ruby: No such file or directory -- app.rb (LoadError)`: there is no place to name."""
    found = TYPE_AT_END.search(line)
    if found is None:
        return None
    error = LoggedError(found["type"], line[: found.start()].removeprefix("ruby:").strip(), at=at)
    return Failure("ruby", "backtrace", (error,), at, at, ends_program=True)


def _is_repeated(lines: Sequence[str], earlier: Failure, later: Failure) -> bool:
    """Whether the exception of a thread is reported again by the one that waits for it."""
    if earlier.first == 0 or "terminated with exception" not in lines[earlier.first - 1]:
        return False
    return list(_gist(earlier)) == list(_gist(later))


def _gist(failure: Failure) -> Iterator[tuple[str, str, str | None, int | None]]:
    for error in failure.errors:
        place = error.frames[-1] if error.frames else Frame()
        yield error.type, error.message, place.file, place.line


PARSER = Parser(
    "ruby",
    (
        *(":in `", ":in '", '.rb", line ', '.rb" line ', "::RoutingError (", "::RecordNotFound ("),
        *("syntax error", "SyntaxError", "aborted!", "ruby: "),
    ),
    parse,
)

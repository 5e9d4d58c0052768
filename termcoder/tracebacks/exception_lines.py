"""What the forms of Python's tools share: the line that names an exception, chains, and plain tracebacks inside."""

import re
from collections.abc import Sequence
from dataclasses import replace

from termcoder.tracebacks import python
from termcoder.tracebacks.python_lines import is_foreign, link_of
from termcoder.tracebacks.report import Certainty, Failure, Frame, LoggedError, Relation

TRACEBACK = "Traceback (most recent call last)"

_EXCEPTION = re.compile(r"(?P<type>(?:[^\W\d]\w*\.)*[^\W\d]\w*)(?:: ?(?P<message>.*))?$")
_SURE = re.compile(r"(?:Error|Exception|Warning|Interrupt|Exit|Iteration|Failed|Failure|Group|Timeout|Skipped)\d?$")
_OTHER = re.compile(r"\s*[╭┌┏╔+][─━═-]|In \[|Out\[|Usage: |.{0,40}\b(?:DEBUG|INFO|WARN|WARNING|ERROR|CRITICAL)\b")
_LONGEST_MESSAGE = 60


def split_exception(text: str, *, name: str = "") -> tuple[str, str] | None:
    """The type and the message of a line like `KeyError: 'a'`; None where it is no such line.

    `name`: the type's last part, where it is known; without it only what looks like an exception's name will do.
    """
    found = _EXCEPTION.match(text.strip()) if text and text.lstrip()[:1].isidentifier() else None
    if found is None:
        return None
    last = found["type"].rpartition(".")[2]
    if name:
        return (found["type"], found["message"] or "") if last == name.rpartition(".")[2] else None
    if not (_SURE.search(last) or (found["message"] and last[0].isupper() and last != last.upper())):
        return None
    return found["type"], found["message"] or ""


def chain_link(lines: Sequence[str], at: int) -> Relation | None:
    """What the exception above line `at` is to the one below, if it says so, perhaps wrapped into the next line."""
    if "above exception" not in lines[at]:
        return None
    following = lines[at + 1].strip() if at + 1 < len(lines) else ""
    link = link_of(lines[at].strip()) or link_of(f"{lines[at].strip()} {following}")
    return link[0] if link else None


def message_end(lines: Sequence[str], at: int) -> int:
    """The last line of the message that begins at `at`: up to a blank line, or one that begins something else."""
    last = at
    for index in range(at + 1, min(at + _LONGEST_MESSAGE, len(lines))):
        if not lines[index].strip() or _OTHER.match(lines[index]) or is_foreign(lines[index].strip()):
            break
        last = index
    return last


def join_message(first: str, more: Sequence[str]) -> str:
    """One message of all its lines."""
    return "\n".join([first.rstrip(), *(line.rstrip() for line in more)]).rstrip()


def plain_tracebacks(lines: Sequence[str], first: int) -> list[Failure]:
    """What Python's own form tells in `lines`, which begin at index `first` of the log."""
    found = python.PARSER.parse(lines)
    numbers = range(first, first + len(lines))
    return [renumbered(failure, numbers) for failure in found if failure.certainty > Certainty.GUESS]


def renumbered(failure: Failure, numbers: Sequence[int]) -> Failure:
    """The failure with `numbers[index]` in place of each index."""
    errors = tuple(_renumbered_error(error, numbers) for error in failure.errors)
    return replace(failure, errors=errors, first=numbers[failure.first], last=numbers[failure.last])


def _renumbered_error(error: LoggedError, numbers: Sequence[int]) -> LoggedError:
    frames: tuple[Frame, ...] = tuple(replace(frame, at=numbers[frame.at]) for frame in error.frames)
    return replace(error, at=numbers[error.at], frames=frames)

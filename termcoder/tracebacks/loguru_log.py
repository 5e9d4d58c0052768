"""Reads loguru's tracebacks: a blank line between frames, `>` at the one that caught, values below the source."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from termcoder.tracebacks.exception_lines import TRACEBACK, chain_link, join_message, message_end, split_exception
from termcoder.tracebacks.parser import Parser
from termcoder.tracebacks.python_lines import owns
from termcoder.tracebacks.report import Certainty, Failure, Frame, LoggedError, Relation

_FRAME = re.compile(r'[> ] File "(?P<file>[^"]+)", line (?P<line>\d{1,9})(?:, in (?P<function>\S.*))?$')
_AHEAD = 80  # lines below a frame, of which values may be many
_BETWEEN = 6  # lines between an exception and the next traceback


@dataclass(frozen=True, slots=True)
class _Trace:
    """A traceback that was read: `named` is the exception's line, None where the log ends before."""

    frames: tuple[Frame, ...]
    named: int | None
    last: int


def parse(lines: Sequence[str]) -> Iterable[Failure]:
    """Every traceback of this form, those that follow from each other as one failure."""
    at = 0
    while at < len(lines):
        if TRACEBACK not in lines[at] or not _begins(lines, at):
            at += 1
            continue
        failure = _failure(lines, at)
        at = max(at, failure.last if failure else at) + 1
        if failure:
            yield failure


def _begins(lines: Sequence[str], at: int) -> bool:
    """Whether a blank line and a frame follow, and the frame that caught is marked or values are shown."""
    following = lines[at + 1 : at + 4]
    if not following or following[0].strip() or not any('File "' in line for line in following):
        return False
    shown = lines[at + 2 : at + 2 + _AHEAD]
    return any(line.lstrip().startswith(('> File "', "└ ", "│ ", "-> ")) for line in shown)


def _failure(lines: Sequence[str], first: int) -> Failure | None:
    errors: list[LoggedError] = []
    at, whole = first, True
    while True:
        indent = lines[at].find(TRACEBACK)
        indent = indent if lines[at][:indent].isspace() or not indent else 0
        trace = _read(lines, at + 1, indent)
        whole = whole and trace.named is not None
        if trace.frames:
            errors.append(_error(lines, trace, at, indent))
        last = message_end(lines, trace.named) if trace.named is not None else trace.last
        link, following = _next(lines, last + 1)
        if link is None or not errors:
            break
        errors[-1] = replace(errors[-1], relation=link)
        at = following
    if not errors:
        return None
    certainty = Certainty.CERTAIN if whole else Certainty.LIKELY
    return Failure("python", "loguru", tuple(errors), first, last, certainty=certainty)


def _read(lines: Sequence[str], start: int, indent: int) -> _Trace:
    frames: list[Frame] = []
    last = start - 1
    for at in range(start, len(lines)):
        text = lines[at][indent:].rstrip()
        if not text:
            continue
        found = _FRAME.match(text) if 'File "' in text else None
        if found:
            file = found["file"]
            frames.append(Frame(file, int(found["line"]), found["function"], owns(file), at=at))
            last = at
        elif not text[0].isspace():
            return _Trace(tuple(frames), at if split_exception(text, name=_name(text)) else None, last)
        elif at - last > _AHEAD:
            break
        elif frames and at == frames[-1].at + 1:
            frames[-1] = replace(frames[-1], code=text.strip())
            last = at
    return _Trace(tuple(frames), None, last)


def _name(text: str) -> str:
    """Whatever stands at the left after the frames is the exception's name."""
    return text.partition(":")[0].strip()


def _error(lines: Sequence[str], trace: _Trace, header: int, indent: int) -> LoggedError:
    if trace.named is None:
        return LoggedError("Traceback", "", trace.frames, header)
    text = lines[trace.named][indent:]
    kind, message = split_exception(text, name=_name(text)) or (text.strip(), "")
    more = [line[indent:] for line in lines[trace.named + 1 : message_end(lines, trace.named) + 1]]
    return LoggedError(kind, join_message(message, more), trace.frames, trace.named)


def _next(lines: Sequence[str], start: int) -> tuple[Relation | None, int]:
    """What the error above is to the next traceback, and where that one begins."""
    link = None
    for at in range(start, min(start + _BETWEEN, len(lines))):
        link = link or chain_link(lines, at)
        if link and TRACEBACK in lines[at]:
            return link, at
    return None, start


PARSER = Parser("loguru", ('> File "',), parse)

"""What faulthandler prints when the interpreter itself dies: the stacks of all threads, innermost frame first."""

import re
from collections.abc import Sequence

from termcoder.tracebacks.python_lines import frame_at, owns
from termcoder.tracebacks.python_sheet import Sheet
from termcoder.tracebacks.report import Certainty, Failure, Frame, LoggedError

_CRASH = re.compile(
    r"(?P<type>Fatal Python error|Windows fatal exception): (?P<message>.*)|(?P<late>Timeout) \((?P<after>[\d:.]+)\)!"
)
_THREAD = re.compile(r"\s*(?P<current>Current thread|Thread|Stack)\b.*\(most recent call first\):")
_PLACE = re.compile(r'\s*File "(?P<file>[^"]+)", line (?P<line>\d{1,9}|\?+)(?: in (?P<function>.+))?$')
_SHELL = re.compile(r"(?:^|\s)(?:Segmentation fault|Aborted|Bus error|Illegal instruction)\b(?: +\(core dumped\)|$)")
_MOST_LINES = 2000
_PREAMBLE = 8  # lines between the message and the first thread, at most


def read_crash(sheet: Sheet, start: int) -> tuple[Failure | None, int]:
    """The crash that the line `start` tells of, and the line after it."""
    match = _CRASH.search(sheet.texts[start])
    if match is None:
        return None, start + 1
    threads, end = _threads(sheet, start + 1)
    if match["late"] and not threads:
        return None, start + 1
    frames = _frames_of(sheet, threads)
    kind, message = (match["late"], match["after"]) if match["late"] else (match["type"], match["message"].strip())
    error = LoggedError(kind, message, frames, sheet.numbers[start])
    certainty = Certainty.CERTAIN if threads else Certainty.LIKELY
    first, last = sheet.numbers[start], sheet.numbers[_shell_end(sheet.texts, end) - 1]
    ends = None if match["late"] else True
    return Failure("python", "faulthandler", (error,), first, last, certainty=certainty, ends_program=ends), end


def _shell_end(texts: Sequence[str], end: int) -> int:
    """The line after what the shell says of the same crash."""
    for at in range(end, min(len(texts), end + 3)):
        if texts[at].strip():
            return at + 1 if _SHELL.search(texts[at]) else end
    return end


def skip_stack(texts: Sequence[str], start: int) -> int:
    """The line after a stack that belongs to no error: where an object was made, or what a thread does."""
    at = start + 1
    while at < len(texts) and texts[at] and texts[at][0].isspace() and not texts[at].isspace():
        at += 1
    while at < len(texts) and frame_at(texts, at) and "(most recent call last)" in texts[start]:
        at += 1  # the log's own indentation was lost
    return at


def _threads(sheet: Sheet, start: int) -> tuple[list[tuple[bool, int, int]], int]:
    """For each thread: whether it is the one that crashed, and the lines of its frames."""
    threads: list[tuple[bool, int, int]] = []
    at = end = start
    texts = sheet.texts
    while at < min(len(texts), start + _MOST_LINES):
        match = _THREAD.match(texts[at]) if "most recent call first" in texts[at] else None
        if match:
            stop = _stack_end(texts, at + 1)
            if "C stack trace" not in texts[at]:
                threads.append((match["current"] != "Thread", at + 1, stop))
            at = end = stop
        elif texts[at].startswith("Extension modules: "):
            return threads, at + 1
        elif at - end > (_PREAMBLE if not threads else 1) or "Traceback (most" in texts[at]:
            break
        else:
            at += 1
    return threads, end


def _stack_end(texts: Sequence[str], start: int) -> int:
    at = start
    while at < len(texts) and (texts[at].startswith((" ", "\t")) or _PLACE.match(texts[at])) and texts[at].strip():
        at += 1
    return at


def _frames_of(sheet: Sheet, threads: list[tuple[bool, int, int]]) -> tuple[Frame, ...]:
    """The frames of the thread that crashed; the main thread comes last where none is marked."""
    if not threads:
        return ()
    _, start, stop = next((thread for thread in threads if thread[0]), threads[-1])
    matches = [(sheet.numbers[at], _PLACE.match(sheet.texts[at])) for at in range(start, stop)]
    return tuple(_frame(match, number) for number, match in reversed(matches) if match)


def _frame(match: re.Match[str], number: int) -> Frame:
    line = int(match["line"]) if match["line"].isdecimal() else None
    return Frame(match["file"], line, match["function"], owns(match["file"]), at=number)

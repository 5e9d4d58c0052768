"""Reads stacks that programs print of themselves: glog and absl, Boost.Stacktrace and C++23, backtrace_symbols."""

import re
from collections.abc import Callable, Iterable, Sequence

from termcoder.tracebacks.native_frames import Form, Place, declared_name, language_of, make_frame, scan
from termcoder.tracebacks.parser import Parser
from termcoder.tracebacks.report import Certainty, Failure, Frame, LoggedError

_FATAL = re.compile(
    r"(?:^|\s)F\d{4,8} [\d:.]+ +\d+ (?P<file>[^\s:\]]+):(?P<line>\d+)\] (?P<type>Check failed|)(?:: )?(?P<message>.*)"
)
_SIGNAL = re.compile(
    r"\*\*\* (?P<type>SIG\w+) (?P<message>.*?(?:received|at time).*?)(?:; stack trace: )?(?: ?\*\*\*)$"
)
_AT = re.compile(r"\s*(?:PC: )?@\s+0x[0-9a-f]+ +(?:(?:\d+|\(unknown\)) +(?=\S))?(?P<name>\S.*)$")
_BOOST = re.compile(
    r"\s*(?P<number>\d{1,4})# +(?P<name>\S.*?)(?: at (?P<file>[^\s:]\S*?):(?P<line>\d+)| in (?P<module>\S+)"
    r"|)(?: \[0x[0-9a-f]+\])?$"
)
_SYMBOL = re.compile(
    r"\s*(?:\[?#?\d+\]?:? +)?(?P<module>[^\s()\[\]]+)\((?P<name>[^()+]*(?:\([^()]*\)[^()+]*)?)"
    r"(?:\+0x[0-9a-f]+)?\) ?\[0x[0-9a-f]+\]$"
)
_HEADING = re.compile(
    r"(?P<type>signal \d+|SIG[A-Z]{2,6}|[\w:]*(?:[Ee]rror|[Ee]xception))\b(?:: *(?P<message>.*?))?:? *$"
)
_MOST = 200
_ReadFrame = Callable[[str, int], Frame | None]


def parse(lines: Sequence[str]) -> Iterable[Failure]:
    """The stacks of a log, with what was said above them."""
    return scan(lines, _FORMS)


def _fatal(lines: Sequence[str], index: int) -> Failure | None:
    """A fatal record of glog or absl: `F1124 20:38:25.270788 31227 price.cc:2] Check failed: n > 0`."""
    match = _FATAL.search(lines[index])
    if match is None:
        return None
    start = index + 1
    while start < min(len(lines), index + 4) and not lines[start].lstrip().startswith(("@ ", "PC: @")):
        start += 1
    stack, last = _ats(lines, start)
    place = Place(match["file"], match["line"])
    error = LoggedError(match["type"] or "F", match["message"].strip(), _placed(stack, place, index), at=index)
    return Failure("cpp", "glog", (error,), index, max(last, index), ends_program=True)


def _placed(stack: Sequence[Frame], place: Place, index: int) -> tuple[Frame, ...]:
    """The stack, its innermost frame that isn't the logger's with the place that the record names."""
    for number in range(len(stack) - 1, -1, -1):
        frame = stack[number]
        if frame.own or number == 0:
            known = make_frame(place, frame.function, frame.at)
            return (*stack[:number], known, *stack[number + 1 :])
    return (make_frame(place, None, index),)


def _signal(lines: Sequence[str], index: int) -> Failure | None:
    """`*** SIGSEGV (@0x0) received by PID 12 …; stack trace: ***`, or absl's `received at time=…`."""
    match = _SIGNAL.search(lines[index])
    if match is None:
        return None
    stack, last = _ats(lines, index + 1)
    first = index - 2 if index > 1 and lines[index - 2].startswith("*** Aborted at ") else index
    error = LoggedError(match["type"], match["message"].strip(), stack, at=index)
    name = "absl" if " at time=" in match["message"] else "glog"
    sure = Certainty.CERTAIN if stack else Certainty.LIKELY
    return Failure("cpp", name, (error,), first, max(last, index), certainty=sure, ends_program=True)


def _ats(lines: Sequence[str], start: int) -> tuple[tuple[Frame, ...], int]:
    """Lines `    @     0x55c43494c293  price()`, outermost first, and the last of them."""
    frames: list[Frame] = []
    last = start - 1
    for at in range(start, min(len(lines), start + _MOST)):
        match = _AT.match(lines[at]) if "@ " in lines[at] else None
        if match is None:
            break
        last = at
        if "PC: @" not in lines[at]:
            frames.append(make_frame(Place(), match["name"], at))
    return tuple(reversed(frames)), last


def _boost(lines: Sequence[str], index: int) -> Failure | None:
    return _stack(lines, index, "stacktrace", _boost_frame)


def _symbols(lines: Sequence[str], index: int) -> Failure | None:
    return _stack(lines, index, "backtrace", _symbol_frame)


def _stack(lines: Sequence[str], index: int, name: str, read: _ReadFrame) -> Failure | None:
    """At least two frames in a row; what they are the stack of stands in the line above."""
    frames: list[Frame] = []
    at = index
    while at < min(len(lines), index + _MOST) and (frame := read(lines[at], at)) is not None:
        frames.append(frame)
        at += 1
    if len(frames) < 2:
        return None
    first, kind, message = _heading(lines, index)
    stack = tuple(reversed(frames))
    error = LoggedError(kind or name, message, stack, at=first)
    return Failure(language_of(stack), name, (error,), first, at - 1, certainty=Certainty.LIKELY)


def _heading(lines: Sequence[str], index: int) -> tuple[int, str, str]:
    for at in range(index - 1, max(-1, index - 3), -1):
        match = _HEADING.search(lines[at][:400])
        if match is not None:
            return at, match["type"], (match["message"] or "").strip()
        if lines[at].strip() and "acktrace" not in lines[at]:
            break
    return index, "", ""


def _boost_frame(line: str, at: int) -> Frame | None:
    match = _BOOST.match(line) if "# " in line else None
    if match is None:
        return None
    name = None if match["name"].startswith("0x") else declared_name(match["name"])
    return make_frame(Place(match["file"], match["line"], module=match["module"]), name, at)


def _symbol_frame(line: str, at: int) -> Frame | None:
    match = _SYMBOL.match(line) if "0x" in line else None
    if match is None:
        return None
    return make_frame(Place(module=match["module"]), match["name"] or None, at)


_FORMS = (
    Form("] ", _fatal),
    Form("*** SIG", _signal),
    Form(" 0# ", _boost),
    Form("[0x", _symbols),
)
PARSER = Parser("native-stacks", ("Check failed", "*** SIG", "*** Check failure", " 0# ", ")[0x", ") [0x"), parse)

"""Reads what the debuggers gdb and lldb print when a program stops: the signal, and the stack of `bt`."""

import re
from collections.abc import Callable, Iterable, Sequence

from termcoder.tracebacks.native_frames import Form, Place, language_of, make_frame, scan
from termcoder.tracebacks.parser import Parser
from termcoder.tracebacks.report import Certainty, Failure, Frame, LoggedError

_SIGNAL = re.compile(
    r"(?:Program|Thread \d[\d.]* .{0,200}?) ?(?:received signal|terminated with signal) (\S+?), (.+)|"
    r"Program terminated with signal (\S+?), (.+)"
)
_STOP = re.compile(
    r"stop reason = (?:signal (?P<signal>SIG\w+)|(?P<exception>EXC_\w+)|(?P<other>[A-Z][\w ]*?))"
    r"(?:: ?(?P<why>.*)| ?(?P<how>\(.*))?$"
)
_FRAME = re.compile(
    r"\s*(?:\(gdb\)\s*)?#(?P<number>\d{1,5})\s+(?:0x[0-9a-f]+ in +)?"
    r"(?P<rest>[^\s(].*|\(anonymous.*|\(\) (?:at|from) .*)"
)
_BARE = re.compile(r"(?:0x[0-9a-f]+ in )?(?P<rest>[^\s#].*\).*)")
_AT = re.compile(r" at (?P<file>[^\n]+?):(?P<line>\d+)\s*$")
_FROM = re.compile(r" (?:from|at(?= \S+\.(?:so|dylib|dll)\b)) (?P<module>\S.*?)\s*$")
_LLDB = re.compile(
    r"\s*(?:\* )?frame #(?P<number>\d{1,5}): 0x[0-9a-f]+ (?P<module>[^`]*)`(?P<rest>.*)|"
    r"\s*(?:\* )?frame #(?P<bare>\d{1,5}): 0x[0-9a-f]+(?P<nothing>.*)"
)
_LLDB_AT = re.compile(r" at (?P<file>[^\s:].*?):(?P<line>\d+)(?::(?P<column>\d+))?(?: \[opt\])?$")
_SOURCE = re.compile(r"(\d+)\t(.*)")
_ABORT = re.compile(
    r"terminate called after throwing an instance of '(?P<type>.*)'|(?:^|: )(?P<assertion>Assertion) (?P<why>[`'].*)"
)
_WHAT = "  what():  "
_PAUSES = ("reakpoint ", "stop reason = step", "stop reason = breakpoint", "SIGINT", "SIGSTOP", "SIGTRAP")
_GAP = 60  # lines between a signal and its stack, or between two frames (`bt full` shows the variables)
_WRAPPED = 12  # lines that one frame may be wrapped over
_MOST = 400  # frames of one stack

_Stack = list[tuple[int, Frame]]
_ReadFrame = Callable[[Sequence[str], int], tuple[int, Frame, int] | None]


def parse(lines: Sequence[str]) -> Iterable[Failure]:
    """The failures that gdb and lldb show."""
    return scan(lines, _FORMS)


def _signal(lines: Sequence[str], index: int) -> Failure | None:
    match = _SIGNAL.search(lines[index])
    if match is None or any(pause in lines[index] for pause in _PAUSES):
        return None
    kind, message = match[1] or match[3], (match[2] or match[4]).strip()
    stack, last = _read_stack(lines, index + 1, "#", _gdb_frame)
    if not stack:
        stack, last = _stopped_at(lines, index)
    thrown = _thrown(lines, index) if kind == "SIGABRT" else None
    first, kind, message = thrown or (index, kind, message)
    return _failure("gdb", LoggedError(kind, message, _outermost_first(stack), at=first), first, last)


def _thrown(lines: Sequence[str], index: int) -> tuple[int, str, str] | None:
    """The exception or assertion that the program printed before it aborted."""
    for at in range(index - 1, max(-1, index - 6), -1):
        match = _ABORT.search(lines[at])
        if match and match["assertion"]:
            return at, match["assertion"], match["why"].strip()
        if match:
            what = lines[at + 1]
            return at, match["type"], what.partition(_WHAT)[2].strip()
    return None


def _stopped_at(lines: Sequence[str], index: int) -> tuple[_Stack, int]:
    """The place that gdb shows by itself after a signal: a line without a number, then the source."""
    for at in range(index + 1, min(index + 4, len(lines))):
        match = _BARE.match(lines[at])
        if match:
            text, last = _joined(lines, at, match["rest"])
            source = _SOURCE.match(lines[last + 1]) if last + 1 < len(lines) else None
            frame = _frame_of(text, at, source[2] if source else "")
            return ([(0, frame)] if frame else []), last + bool(source)
    return [], index


def _backtrace(lines: Sequence[str], index: int) -> Failure | None:
    """A stack without the signal: not an error where the program only stopped at a breakpoint."""
    if "#1" not in "".join(lines[index + 1 : index + _GAP]) or _gdb_frame(lines, index) is None:
        return None
    if any(pause in line for line in lines[max(0, index - 6) : index] for pause in _PAUSES):
        return None
    stack, last = _read_stack(lines, index, "#", _gdb_frame)
    if len(stack) < 2 or not any(frame.line or "0x" in lines[frame.at] for _, frame in stack):
        return None
    error = LoggedError("backtrace", "", _outermost_first(stack), at=index)
    return _failure("gdb", error, index, last, Certainty.LIKELY)


def _stop_reason(lines: Sequence[str], index: int) -> Failure | None:
    match = _STOP.search(lines[index])
    if match is None or any(pause in lines[index] for pause in _PAUSES):
        return None
    stack, last = _read_stack(lines, index + 1, "frame #", _lldb_frame)
    if not stack and not match["signal"] and not match["exception"]:
        return None
    kind = match["signal"] or match["exception"] or match["other"]
    message = (match["why"] or match["how"] or "").strip()
    error = LoggedError(kind, message, _outermost_first(stack), at=index)
    return _failure("lldb", error, index, last, Certainty.CERTAIN if stack else Certainty.LIKELY)


def _failure(name: str, error: LoggedError, first: int, last: int, certainty: Certainty = Certainty.CERTAIN) -> Failure:
    language = language_of(error.frames, error.type)
    sure = certainty if error.frames else Certainty.LIKELY
    ends = True if certainty is Certainty.CERTAIN else None
    return Failure(language, name, (error,), first, max(first, last), certainty=sure, ends_program=ends)


def _read_stack(lines: Sequence[str], start: int, mark: str, read: _ReadFrame) -> tuple[_Stack, int]:
    """The frames from `start` on. A single frame and then #0 again: shown at the stop, and once more by `bt`."""
    stack: _Stack = []
    at, last, again = start, start - 1, 0
    while at < min(len(lines), last + _GAP) and len(stack) < _MOST:
        if "received signal" in lines[at] or ("stop reason =" in lines[at] and len(stack) > 1):
            break
        found = read(lines, at) if mark in lines[at] else None
        if found is not None:
            number, frame, end = found
            if number == 0 and (len(stack) > 1 or again > 1):
                break
            again += number == 0
            stack = [] if number == 0 else stack
            stack.append((number, frame))
            at = last = end
        at += 1
    return stack, last


def _gdb_frame(lines: Sequence[str], at: int) -> tuple[int, Frame, int] | None:
    match = _FRAME.match(lines[at])
    if match is None:
        return None
    text, last = _joined(lines, at, match["rest"])
    frame = _frame_of(text, at, "")
    if frame is None:
        return None
    if last + 1 < len(lines) and (source := _SOURCE.match(lines[last + 1])):
        return int(match["number"]), _frame_of(text, at, source[2]) or frame, last + 1
    return int(match["number"]), frame, last


def _joined(lines: Sequence[str], at: int, text: str) -> tuple[str, int]:
    """A frame's text with the lines it was wrapped over: by gdb itself (indented), or by the terminal."""
    last = at
    for following in range(at + 1, min(at + _WRAPPED, len(lines))):
        line = lines[following]
        if not _is_rest(text, line):
            break
        text += f" {line.strip()}" if line[:1].isspace() else line
        last = following
    return text, last


def _is_rest(text: str, line: str) -> bool:
    """Whether `line` goes on with a frame's `text`."""
    if not line.strip() or line.lstrip().startswith(("#", "(gdb)")):
        return False
    if line[:1].isspace():
        return line.lstrip().startswith(("at ", "from ")) or (
            text.count("(") > text.count(")") and not _AT.search(text)
        )
    return not _AT.search(text) and not _FROM.search(text) and len(text) > 55 and not _SOURCE.match(line)


def _frame_of(text: str, at: int, code: str) -> Frame | None:
    """A frame from `name (arguments) at file:line`, `name () from library` or `<signal handler called>`."""
    if text.startswith("<signal handler called>"):
        return Frame(None, None, "<signal handler called>", own=False, at=at)
    name = _name(text)
    if name is None:
        return None
    if match := _AT.search(text):
        return make_frame(Place(match["file"], match["line"]), name, at, code)
    if match := _FROM.search(text):
        return make_frame(Place(module=match["module"]), name, at)
    return make_frame(Place(), name, at)


def _name(text: str) -> str | None:
    """What stands before ` (`, outside of angle brackets; None where there are no arguments at all."""
    place = text.find(" (")
    for _ in range(20):
        if place < 0:
            break
        inside = text.count("<", 0, place) > text.count(">", 0, place) and "operator<" not in text[:place]
        if not inside and not text.startswith("(anonymous", place + 1):
            return text[:place]
        place = text.find(" (", place + 1)
    name, found, _ = text.partition(" (")
    return name if found else None


def _lldb_frame(lines: Sequence[str], at: int) -> tuple[int, Frame, int] | None:
    match = _LLDB.match(lines[at])
    if match is None:
        return None
    if match["number"] is None:
        return int(match["bare"]), make_frame(Place(), None, at), at
    text = match["rest"].strip()
    place = _LLDB_AT.search(text)
    if place is None:
        name = re.sub(r" \+ \d+$", "", text)
        return int(match["number"]), make_frame(Place(module=match["module"]), name, at), at
    name = re.sub(r" \+ \d+$", "", text[: place.start()])
    where = Place(place["file"], place["line"], place["column"])
    return int(match["number"]), make_frame(where, name, at, _lldb_code(lines, at)), at


def _lldb_code(lines: Sequence[str], at: int) -> str:
    """The source line that lldb marks with an arrow below a frame."""
    for line in lines[at + 1 : at + 6]:
        if line.startswith("-> "):
            return re.sub(r"^-> \d+\s*", "", line)
    return ""


def _outermost_first(stack: _Stack) -> tuple[Frame, ...]:
    return tuple(frame for _, frame in reversed(stack))


_FORMS = (
    Form("signal SIG", _signal),
    Form("stop reason = ", _stop_reason),
    Form("#0 ", _backtrace),
)

PARSER = Parser("gdb", ("signal SIG", "stop reason = ", "#0  "), parse)

"""Reads the exceptions of .NET, Mono and Unity.

An exception that was caused by another one has that one inside it: first all their messages, the outermost first, then
the frames of the innermost, and after `--- End of inner exception stack trace ---` those of the one around it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from termcoder.tracebacks.csharp_frames import TYPE, frame_at, is_exception_name, split_head
from termcoder.tracebacks.parser import Parser
from termcoder.tracebacks.report import Certainty, Failure, Frame, LoggedError, Relation

_DETAILS = 40  # lines below the frames of an exception of a database
_LOOK_BACK = 40  # lines in which the messages above the first frame stand

_INNER = re.compile(r"\s*---> (?:\(Inner Exception #\d+\) )?(?P<head>.*)$")
_INNER_END = re.compile(
    r"\s*--- (?:End of inner exception|Ende der internen|Fin de la trace de la pile d'exception interne"
    r"|Fin del seguimiento de la pila de la excepción|内部例外|内部异常|Конец трассировки внутреннего).*$"
)
_BETWEEN = re.compile(
    r"\s*--- (?:End of (?:stack trace|managed)|Ende der Stapel|Fin de la trace|Fin del seg).*$|\s*={3,}.*={3,}\s*$"
)
_UNHANDLED = re.compile(
    r"(?P<before>.*?)(?P<mark>Unhandled exception(?: rendering component)?[.:]|Unhandled Exception:"
    r"|Unbehandelte Ausnahme:|FATAL UNHANDLED EXCEPTION:|Fatal error\."
    r"|Exception non gérée\s?:|Exception Info:)\s*(?P<head>.*)$"
)
_HEAD_WITHIN = re.compile(rf"(?:^|(?<=[\s\]:>|]))(?P<head>(?P<type>{TYPE})(?: \((?:0x[0-9A-Fa-f]+|-?\d+)\))?: )")
_BARE_TYPE = re.compile(rf"\s*(?P<type>{TYPE})\s*$")
_DEBUGGED = re.compile(
    r"^\s*Message=(?P<message>.*?)$(?=\s*^\s*(?:Source|StackTrace)[=:]|\Z)", re.MULTILINE | re.DOTALL
)
_REPEAT = re.compile(r"\s*Repeat \d+ times:|-{20,}\s*$")
_MILD = re.compile(
    r"^\s*(?:warn|info|dbug|trce): |\[(?:\S+ )?(?:WRN|INF|DBG|VRB|WARN|INFO|DEBUG)\]|\|(?:WARN|INFO|DEBUG)\|"
)
_FAIL_RECORD = re.compile(r"^\s*(?:fail|crit|warn|info|dbug): \S+\[\d+\]")


@dataclass(slots=True)
class _Open:
    """An exception whose frames are being read."""

    type: str
    message: list[str]
    at: int
    relation: Relation = Relation.ALONE
    frames: list[Frame] = field(default_factory=list)

    def closed(self) -> LoggedError:
        message = _told(self.message)
        return LoggedError(self.type, message, tuple(self.frames[::-1]), self.at, self.relation)


def _told(lines: Sequence[str]) -> str:
    """The message of these lines; Visual Studio names each thing that it tells of an exception."""
    message = "\n".join(line.rstrip() for line in lines).strip()
    if not message.startswith(("HResult=", "Message=")):
        return message
    found = _DEBUGGED.search(message)
    return found["message"].strip() if found else ""


def parse(lines: Sequence[str]) -> list[Failure]:
    """Every failure of a log that has these forms."""
    failures: list[Failure] = []
    at = floor = 0
    while at < len(lines):
        found = _failure_at(lines, at, floor)
        if found is None:
            floor = at if frame_at(lines[at], at) else floor  # nothing above is a message: it is not looked at again
            at += 1
            continue
        at = floor = max(found.last, at) + 1
        if failures and _is_repeated(failures[-1], found):
            found = replace(failures.pop(), last=found.last)
        failures.append(found)
    return failures


def _failure_at(lines: Sequence[str], at: int, floor: int) -> Failure | None:
    line = lines[at]
    if line.startswith("[xUnit.net "):
        return None
    if "(" in line and frame_at(line, at):
        return _traced(lines, at, floor)
    if line.startswith("Stack overflow") or "Process is terminated due to StackOverflow" in line:
        return _overflow(lines, at)
    if "nhandled" in line or "UNHANDLED" in line or "nbehandelte" in line:
        return _untraced(lines, at)
    return None


def _is_repeated(earlier: Failure, later: Failure) -> bool:
    """Whether a runtime printed the same error twice, as Mono does."""
    if later.first - earlier.last > 3:
        return False
    return [replace(e, at=0, frames=()) for e in earlier.errors] == [replace(e, at=0, frames=()) for e in later.errors]


def _traced(lines: Sequence[str], at: int, floor: int) -> Failure | None:
    """An exception whose first frame is line `at`."""
    first = _first_line(lines, at, floor)
    if first is None:
        return _beheaded(lines, at)
    opened = _heads(lines, first, at)
    if not opened:
        return _beheaded(lines, at)
    errors, last = _read(lines, at, opened)
    handled = _is_mild(lines, first)
    errors = tuple(replace(error, handled=handled) for error in errors)
    before = lines[first - 1].strip() if first else ""
    unhandled = _UNHANDLED.match(lines[first]) or before == "Unhandled Exception:"
    ends = True if unhandled else (False if handled else None)
    return Failure("csharp", _form(lines, first, at), errors, first, last, ends_program=ends)


def _is_mild(lines: Sequence[str], first: int) -> bool:
    """Whether the record that shows an exception is a warning or less. Its level stands some lines above."""
    if _MILD.search(lines[first]):
        return True
    for number in range(first - 1, max(first - 6, -1), -1):
        if _FAIL_RECORD.match(lines[number]):
            return _MILD.search(lines[number]) is not None
        if not lines[number].startswith("      "):
            return first - number == 1 and _MILD.search(lines[number]) is not None
    return False


def _form(lines: Sequence[str], first: int, at: int) -> str:
    if "(at " in lines[at]:
        return "unity"
    return "mono" if "[0x" in lines[at] else "dotnet"


# The lines above the frames


def _first_line(lines: Sequence[str], at: int, floor: int) -> int | None:
    """Where the outermost exception's message begins: above every `--->` there is the one it is inside of."""
    inner: int | None = None
    for number in range(at - 1, max(floor, at - _LOOK_BACK) - 1, -1):
        line = lines[number]
        outer, arrow, _ = line.partition("---> ")
        if arrow and not (outer.strip() and _head_of(outer)):
            inner = number
        elif _head_of(line):
            return number
    return inner


def _head_of(line: str) -> tuple[str, str] | None:
    """Type and message of an exception, behind whatever stands before it in its line."""
    unhandled = _UNHANDLED.match(line) if "xception" in line or "EXCEPTION" in line or "Fatal" in line else None
    if unhandled:
        head = split_head(unhandled["head"])
        return head or ((unhandled["mark"].rstrip(":. "), unhandled["head"]) if unhandled["head"] else None)
    if ": " in line or line.rstrip().endswith(":"):
        for found in _HEAD_WITHIN.finditer(line.rstrip() + " "):
            if is_exception_name(found["type"]):
                return found["type"], line[found.end() :].strip()
    bare = _BARE_TYPE.match(line)
    if bare and bare["type"].endswith("Exception"):
        return bare["type"], ""
    return None


def _heads(lines: Sequence[str], first: int, at: int) -> list[_Open]:
    """The exceptions that lines `first` to `at` name, the outermost first."""
    opened: list[_Open] = []
    for number in range(first, at):
        text, *inner = _split_inner(lines[number])
        if opened:
            opened[-1].message.append(text)
        elif text.strip() and (head := split_head(text) or _head_of(text)):
            opened.append(_Open(head[0], [head[1]], number))
        opened += [_Open(*_inner_head(part), number, Relation.CAUSE) for part in inner]
    return opened


def _split_inner(line: str) -> list[str]:
    """What a line says of the exception before it, and each of those inside that."""
    return line.split("---> ") if "---> " in line else [line]


def _inner_head(text: str) -> tuple[str, list[str]]:
    text = text.partition("(Inner Exception #")[2].partition(") ")[2] or text
    kind, message = split_head(text) or (text.partition(": ")[0], text.partition(": ")[2])
    return kind.strip() or "error", [message]


# The frames


def _read(lines: Sequence[str], at: int, opened: list[_Open]) -> tuple[tuple[LoggedError, ...], int]:
    """The errors in the order they happened, and the last line of the form."""
    outermost = opened[0]
    done: list[_Open] = []
    last = at
    while at < len(lines):
        frame = frame_at(lines[at], at)
        if frame:
            opened[-1].frames.append(frame)
            _close_listed(lines[at], opened, done)
        elif _INNER_END.match(lines[at]):
            if len(opened) > 1:
                done.append(opened.pop())
        elif (inner := _INNER.match(lines[at])) and (head := split_head(inner["head"])):
            opened.append(_Open(head[0], [head[1]], at, Relation.MEMBER))
        elif lines[at].strip() == "<---":
            _close_listed("<---", opened, done)
        elif not (_BETWEEN.match(lines[at]) or (not lines[at].strip() and _inner_follows(lines, at))):
            ended = _end_of_inner(lines, at) if len(opened) > 1 and opened[-1].frames else None
            if ended is not None:
                at = ended
                continue
            if len(opened) == 1 or opened[-1].frames or last < at - 20:
                break
            opened[-1].message.append(lines[at])
        last = at
        at += 1
    done += [error for error in opened[:0:-1]]
    return tuple(_distinct([*done, outermost])), last


def _end_of_inner(lines: Sequence[str], at: int) -> int | None:
    """Where an inner exception ends that tells more below its frames, as those of databases do."""
    for number in range(at, min(at + _DETAILS, len(lines))):
        if _INNER_END.match(lines[number]):
            return number
        if not lines[number].strip() or frame_at(lines[number], number) or "---> " in lines[number]:
            return None
    return None


def _inner_follows(lines: Sequence[str], at: int) -> bool:
    """Whether after blank lines one more member of a group, or more frames, follow."""
    after = next((lines[n] for n in range(at + 1, min(at + 3, len(lines))) if lines[n].strip()), "")
    return _INNER.match(after) is not None


def _close_listed(line: str, opened: list[_Open], done: list[_Open]) -> None:
    """End a member of a group, which `<---` at the end of its last frame does."""
    if "<---" in line and len(opened) > 1:
        done.append(opened.pop())


def _distinct(opened: Sequence[_Open]) -> list[LoggedError]:
    """Each error once: a group's first member is printed as its inner exception too. Members of a group are marked."""
    kept: list[LoggedError] = []
    group = "AggregateException" in opened[-1].type
    for error in (each.closed() for each in opened):
        same = [old for old in kept if (old.type, old.message) == (error.type, error.message)]
        if not any(old.frames[-1:] == error.frames[-1:] or _places(old) == _places(error) for old in same):
            kept.append(error)
    if group:
        members = [replace(error, relation=Relation.MEMBER) for error in kept[:-1]]
        return [*members, replace(kept[-1], relation=Relation.ALONE)]
    return kept


def _places(error: LoggedError) -> list[tuple[str | None, int | None, str | None]]:
    return [(frame.file, frame.line, frame.function) for frame in error.frames]


# Without a message, without frames, or with too many of them


def _beheaded(lines: Sequence[str], at: int) -> Failure | None:
    """Frames whose exception the log has lost; a single one says too little."""
    errors, last = _read(lines, at, [_Open("error", [""], at)])
    if len(errors[0].frames) < 2:
        return None
    return Failure("csharp", _form(lines, at, at), errors, at, last, certainty=Certainty.LIKELY)


def _untraced(lines: Sequence[str], at: int) -> Failure | None:
    """An unhandled exception with nothing below it."""
    found = _UNHANDLED.match(lines[at])
    if found is None or any(frame_at(lines[n], n) for n in range(at + 1, min(at + _LOOK_BACK, len(lines)))):
        return None
    start = at
    text = found["head"]
    if not text and at + 1 < len(lines):
        at, text = at + 1, lines[at + 1]
    head, *inner = _split_inner(text)
    outer = split_head(head)
    if outer is None:
        return None
    opened = [_Open(outer[0], [outer[1]], at), *(_Open(*_inner_head(part), at, Relation.CAUSE) for part in inner)]
    errors = [error.closed() for error in opened]
    return Failure("csharp", "dotnet", tuple(errors[::-1]), start, at, ends_program=True)


def _overflow(lines: Sequence[str], at: int) -> Failure:
    """`Stack overflow.`, with the frames that were there, each once where they repeat."""
    frames: list[Frame] = []
    end = at + 1
    while end < len(lines) and ((frame := frame_at(lines[end], end)) or _REPEAT.match(lines[end])):
        if frame:
            frames.append(frame)
        end += 1
    text = lines[at].strip()
    kind = "StackOverflowException" if "StackOverflowException" in text else "Stack overflow"
    message = "" if kind == "Stack overflow" else text
    error = LoggedError(kind, message, tuple(frames[::-1]), at)
    return Failure("csharp", "stack overflow", (error,), at, end - 1, ends_program=True)


PARSER = Parser(
    "csharp",
    ("Exception", "EXCEPTION", ":line ", "[0x", "Stack overflow", "(at ", "Unhandled", "   at "),
    parse,
)

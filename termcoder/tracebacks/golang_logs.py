"""Errors that a Go program logged with a stack: zap, zerolog and slog's records, pkg/errors' `%+v`, gin and chi."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from termcoder.tracebacks import golang_panics
from termcoder.tracebacks.golang_stacks import PLACE, is_own, to_number
from termcoder.tracebacks.report import Certainty, Failure, Frame, LoggedError, Relation

_FUNCTION = re.compile(r"^\s*(?:->\s+)?(?P<name>[\w./~@%\-]+\.[\w().*\[\]…·\-]*(?<!\)))\s*$")
_STAMPED = re.compile(r"^\s*\[?\d{4}[-/]\d\d[-/]\d\d")
_STAMP = re.compile(r"^\s*(?:\[?\d{4}[-/]\d\d[-/]\d\d[T ]?[\d:.,+Z-]*\]?\s*)?")
_RECORD = re.compile(
    r"^\s*\S+\s+(?:\x1b\[\d+m)?(?P<level>[A-Z]{4,6})(?:\x1b\[0m)?\s+(?:\S+\s+)?(?P<caller>\S+\.go:\d+)\s+(?P<text>.*)$"
)
_GIN = re.compile(r"\[Recovery\] .*panic recovered:\s*$")
_GIN_PLACE = re.compile(r"^\s*(?P<file>(?:[A-Za-z]:)?[^\s:][^:]*\.(?:go|s)):(?P<line>\d+) \(0x[0-9a-f]+\)\s*$")
_GIN_FUNCTION = re.compile(r"^\s+(?P<name>[^\s:]+): ")
_CHI = re.compile(r"^\s*panic: (?P<message>.*)$")
_LEVEL = re.compile(r'"(?:level|L|severity|lvl)":"(?P<level>\w+)"', re.IGNORECASE)
_FATAL = re.compile(
    r"^\s*(?:\d{4}/\d\d/\d\d \d\d:\d\d:\d\d(?:\.\d+)? |(?=\S+\.go:\d+: ))"
    r"(?:(?P<file>[^\s:]+\.go):(?P<line>\d+): )?(?P<text>.+)$"
)
_UNSTAMPED = re.compile(r"^(?:(?P<file>[^\s:]+\.go):(?P<line>\d+): )?(?P<text>\S.*: .+)$")
_LOGFMT = re.compile(r"\blevel=(?:fatal|panic)\b")
_FIELD = re.compile(r'\b(?P<key>msg|error|err)=(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<bare>\S+))')
_QUIET = frozenset(("debug", "info", "warn", "warning", "trace", "notice"))
_REASONS = ("error", "err")
_REACH = 40


def parse(lines: Sequence[str]) -> Iterable[Failure]:
    """Every error that was logged with its stack; `log.Fatal`'s line only where it is all there is."""
    done, found = 0, False
    for at, line in enumerate(lines):
        if at < done or not (".go:" in line or "[Recovery]" in line or '"source":"' in line):
            continue
        failure = _read(lines, at)
        done = failure.last + 1 if failure else at + 1
        if failure is not None and failure.errors:
            found = True
            yield failure
    if not found:
        yield from _fatal(lines)
        yield from _fatal_records(lines)


def _read(lines: Sequence[str], at: int) -> Failure | None:
    line = lines[at]
    if line.lstrip().startswith("{"):
        return _record(line, at) if "tack" in line or "goroutine " in line or "errorVerbose" in line else None
    if "[Recovery]" in line:
        return _gin(lines, at) if _GIN.search(line) else None
    if ".go:" in line and line[:1].isspace() and at and "+0x" not in line and PLACE.match(line):
        return _verbose(lines, at)
    return None


def _verbose(lines: Sequence[str], at: int) -> Failure | None:
    """Messages with stacks below each, as `%+v` prints a wrapped error and zap its record; `at` is the first place."""
    if not _FUNCTION.match(lines[at - 1]):
        return None
    first, message = _message_above(lines, at - 1)
    errors = _cause_above(lines, first)
    first = first - len(errors)
    below = at - 1
    while True:
        frames, end = _named_frames(lines, below)
        errors.append(LoggedError("error", message, tuple(reversed(frames)), max(below - 1, 0)))
        following = _next_stack(lines, end)
        if following is None:
            break
        below = following
        message = "\n".join(line.strip() for line in lines[end:below])
    if len(frames) + len(errors) < 3 and not message:
        return None
    if _is_quiet(lines[first]):
        return Failure("go", "log", (), first, end - 1)
    linked = (*(replace(error, relation=Relation.CAUSE) for error in errors[:-1]), errors[-1])
    form = "zap" if _RECORD.match(lines[first]) else "pkg/errors"
    return Failure("go", form, linked, first, end - 1, certainty=Certainty.LIKELY)


def _cause_above(lines: Sequence[str], at: int) -> list[LoggedError]:
    """The error of another package that was wrapped: it has no stack, and stands above what was said of it."""
    if not at or ": " not in lines[at - 1] or (at > 1 and lines[at - 2].strip()):
        return []
    if any(_RECORD.match(line) or _STAMPED.match(line) for line in lines[at - 1 : at + 1]):
        return []
    return [LoggedError("error", lines[at - 1].strip(), (), at - 1)]


def _message_above(lines: Sequence[str], at: int) -> tuple[int, str]:
    above = next((above for above in range(at - 1, max(at - 4, -1), -1) if lines[above].strip()), None)
    if above is None:
        return at, ""
    record = _RECORD.match(lines[above])
    text = _zap_text(record["text"]) if record else _STAMP.sub("", lines[above], count=1).strip()
    chi = _CHI.match(text)
    return above, (chi["message"] if chi else text).rstrip()


def _zap_text(text: str) -> str:
    """A record's message, with the error among its fields."""
    message, brace, fields = text.partition("\t{")
    reason = _first_text(_loads(brace.strip() + fields) or {}, _REASONS)
    return ": ".join(part for part in (message, reason) if part)


def _is_quiet(line: str) -> bool:
    record = _RECORD.match(line)
    return bool(record) and record["level"].lower() in _QUIET if record else False


def _next_stack(lines: Sequence[str], at: int) -> int | None:
    """Where the next stack of the same error begins, if up to three lines of message lead to one."""
    for below in range(at, min(at + 4, len(lines) - 1)):
        if not lines[below].strip() or _RECORD.match(lines[below]):
            return None
        if _FUNCTION.match(lines[below]) and lines[below + 1][:1].isspace() and PLACE.match(lines[below + 1]):
            return below if below > at else None
    return None


def _named_frames(lines: Sequence[str], at: int) -> tuple[list[Frame], int]:
    """Function lines without arguments, each above the line of its place; innermost first."""
    frames: list[Frame] = []
    while at + 1 < len(lines):
        named, place = _FUNCTION.match(lines[at]), PLACE.match(lines[at + 1])
        if named is None or place is None or not lines[at + 1][:1].isspace():
            if frames and not lines[at].strip() and _FUNCTION.match(lines[at + 1]):
                at += 1
                continue
            break
        file, function = place["file"], named["name"]
        frames.append(Frame(file, to_number(place["line"]), function, is_own(file, function), at=at))
        at += 2
    return frames, at


def _gin(lines: Sequence[str], at: int) -> Failure | None:
    """Gin's Recovery: the request, the value, then places with the function and source line below, innermost first."""
    start = next((i for i in range(at + 1, min(at + _REACH, len(lines))) if _GIN_PLACE.match(lines[i])), None)
    if start is None:
        return None
    frames: list[Frame] = []
    below = start
    while below < len(lines) and (place := _GIN_PLACE.match(lines[below])):
        named = _GIN_FUNCTION.match(lines[below + 1]) if below + 1 < len(lines) else None
        function = named["name"] if named else None
        own = is_own(place["file"], None)
        frames.append(Frame(place["file"], to_number(place["line"]), function, own, at=below))
        below += 2 if named else 1
    message = _gin_message(lines[at + 1 : start])
    error = LoggedError("panic", message, tuple(reversed(frames)), at, handled=True)
    return Failure("go", "gin", (error,), at, below - 1, ends_program=False)


def _gin_message(lines: Sequence[str]) -> str:
    """The value stands below the request, which ends with an empty line."""
    texts = [line.rstrip() for line in lines]
    while texts and not texts[-1]:
        texts.pop()
    empty = [index for index, text in enumerate(texts) if not text]
    return "\n".join(texts[empty[-1] + 1 if empty else 0 :])


def _record(line: str, at: int) -> Failure | None:
    """A JSON record with a stack in it: zap's and slog's are text, zerolog's a list."""
    record = _loads(line[line.index("{") :])
    level = _LEVEL.search(line)
    if record is None or (level and level["level"].lower() in _QUIET):
        return None
    message = _first_text(record, ("msg", "message", "M"))
    reason = _first_text(record, ("error", "err", "panic", "exception"))
    errors = _stack_errors(record, message, reason, at)
    if not errors:
        return None
    ends_program = True if level and level["level"].lower() in ("fatal", "panic") else None
    return Failure("go", "json", errors, at, at, ends_program=ends_program)


def _first_text(record: Mapping[str, Any], keys: Sequence[str]) -> str:
    return next((value for key in keys if isinstance(value := record.get(key), str) and value), "")


def _stack_errors(record: Mapping[str, Any], message: str, reason: str, at: int) -> tuple[LoggedError, ...]:
    text = ": ".join(part for part in (message, reason) if part)
    for key in ("errorVerbose", "stacktrace", "stack", "S", "stack_trace", "trace", "message", "msg"):
        stack = record.get(key)
        if isinstance(stack, list):
            frames = tuple(_listed(entry, at) for entry in reversed(stack) if isinstance(entry, dict))
            return (LoggedError("error", reason or message, frames, at),) if frames else ()
        found = _told(stack, text, at) if isinstance(stack, str) and ".go:" in stack else ()
        if found:
            return found
    return ()


def _told(stack: str, text: str, at: int) -> tuple[LoggedError, ...]:
    """The errors that a stack's text tells, all on the record's one line."""
    errors = tuple([_on_line(error, at) for error in _errors_of(stack)])
    if len(errors) == 1 and "[PANIC" not in text:
        return (replace(errors[0], message=text),)
    return errors


@lru_cache(maxsize=256)
def _errors_of(stack: str) -> tuple[LoggedError, ...]:
    """The errors of the first failure in a stack's text; servers log the same one again and again."""
    lines = stack.replace(" goroutine ", "\ngoroutine ", 1).split("\n")
    failures = [*golang_panics.parse(lines), *_texts(lines)]
    return failures[0].errors if failures else ()


def _on_line(error: LoggedError, at: int) -> LoggedError:
    frames = tuple([Frame(old.file, old.line, old.function, old.own, at=at) for old in error.frames])
    return LoggedError(error.type, error.message, frames, at, error.relation, error.handled, error.notes)


def _texts(lines: Sequence[str]) -> Iterator[Failure]:
    for at in range(1, min(len(lines), _REACH)):
        failure = _verbose(lines, at) if PLACE.match(lines[at]) and lines[at][:1].isspace() else None
        if failure is not None:
            yield failure
            return


def _listed(entry: Mapping[str, Any], at: int) -> Frame:
    """One of zerolog's or slog's frames."""
    file, function = entry.get("source") or entry.get("file"), entry.get("func") or entry.get("function")
    line = str(entry.get("line", ""))
    path, name = (str(file) if file else None), (str(function) if function else None)
    return Frame(path, to_number(line) if line.isdecimal() else None, name, is_own(path, name), at=at)


def _loads(text: str) -> dict[str, Any] | None:
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def _fatal_records(lines: Sequence[str]) -> Iterator[Failure]:
    """Records of the highest level without a stack: those of logrus, and zap's and zerolog's JSON."""
    for at, line in enumerate(lines):
        if "level=" in line and _LOGFMT.search(line):
            fields = {field["key"]: field["quoted"] or field["bare"] or "" for field in _FIELD.finditer(line)}
            told = {key: value.replace('\\"', '"') for key, value in fields.items()}
        elif '"level":"fatal"' in line and (".go:" in line or '"logger":' in line or '"ts":' in line):
            told = _loads(line[line.index("{") :]) or {}
        else:
            continue
        text = ": ".join(part for part in (_first_text(told, ("msg", "message")), _first_text(told, _REASONS)) if part)
        if text:
            error = LoggedError("error", text, (), at)
            yield Failure("go", "record", (error,), at, at, certainty=Certainty.LIKELY, ends_program=True)


def _fatal(lines: Sequence[str]) -> Iterator[Failure]:
    """`log.Fatal` with the go command's line below it."""
    end = next((at for at in range(len(lines) - 1, -1, -1) if lines[at].strip()), 0)
    for at in range(1, len(lines)):
        if lines[at].strip() != "exit status 1":
            continue
        fatal = _FATAL.match(lines[at - 1]) or (_UNSTAMPED.match(lines[at - 1]) if at == end else None)
        if fatal:
            file = fatal["file"]
            frames = (Frame(file, to_number(fatal["line"]), None, is_own(file, None), at=at - 1),) if file else ()
            error = LoggedError("error", fatal["text"].rstrip(), frames, at - 1)
            yield Failure("go", "log", (error,), at - 1, at, certainty=Certainty.GUESS, ends_program=True)

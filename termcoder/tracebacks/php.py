"""Reads PHP's fatal errors, uncaught exceptions with their chains, and exceptions that Monolog and Laravel log."""

import re
from collections.abc import Sequence
from dataclasses import replace

from termcoder.tracebacks.parser import Parser
from termcoder.tracebacks.php_trace import LONGEST_MESSAGE, Entry, Row, frames_of, read_entries, rows_of
from termcoder.tracebacks.report import Certainty, Failure, LoggedError, Relation

_FATAL = re.compile(
    r"(?P<php>PHP )?(?P<kind>(?:Recoverable fatal|Catchable fatal|Fatal|Parse) error): +(?P<text>\S.*)$"
)
_NAME = r"\\?[A-Za-z_\x80-\uffff][\w\\\x80-\uffff]*(?:@anonymous[^\s:]*(?::\d+\$\w+)?)?"
_TYPED = re.compile(rf"(?P<type>{_NAME})(?:: ?(?P<message>.*))?$", re.DOTALL)
_OLD_TYPED = re.compile(rf"exception '(?P<type>{_NAME})'(?: with message '(?P<message>.*)')?$", re.DOTALL)
_INNER_TYPED = re.compile(rf"(?:^|(?<=[\s:\[(\"']))(?P<type>{_NAME}): ")
_EVALUATED = re.compile(r"(?P<file>.+?)\((?P<line>\d{1,9})\) : ")
_WITH_LINE = re.compile(r"(?P<file>.+):(?P<line>\d{1,9})\s*$")
_XDEBUG = re.compile(r"(?:PHP)?\s+(?:\d+\.\d+\s+\d+\s+)?\d+\. (?P<call>\S.*) (?P<file>\S+):(?P<line>\d{1,9})\s*$")
_OBJECT = re.compile(r"\[object\] \((?P<type>[\w\\]+)\(code: (?P<code>[^)]{0,40})\): (?P<text>.*)$", re.DOTALL)
_OBJECT_END = re.compile(r" at (?P<file>(?:(?! at )[^\n\"])+?):(?P<line>\d{1,9})(?:\)|, \w)")
_MILD = re.compile(r"\b\w+\.(?:WARNING|NOTICE|INFO|DEBUG): ")

_TRACE = "Stack trace:"
_LONGEST_TRACE = 100  # rows


def parse(lines: Sequence[str]) -> list[Failure]:
    """Every failure of a log that has PHP's forms."""
    rows = rows_of(lines)
    failures: list[Failure] = []
    at = floor = 0
    while at < len(rows):
        found, end = _failure_at(rows, at, floor)
        if found and failures and _is_copy(lines, failures[-1], found):
            failures[-1] = _covering(failures[-1], found)
        elif found:
            failures.append(found)
        at = max(end, at + 1)
        floor = at if found else floor
    return failures


def _failure_at(rows: Sequence[Row], at: int, floor: int) -> tuple[Failure | None, int]:
    text = rows[at].text
    if _is_fatal(text) and (found := _FATAL.search(text)):
        return _fatal(rows, at, found)
    if _TRACE in text and text.rstrip().endswith(_TRACE):
        return _logged(rows, at, floor)
    if "[object] (" in text:
        return _monolog(rows, at)
    return None, at + 1


def _is_fatal(text: str) -> bool:
    return " error: " in text and ("Fatal error: " in text or "Parse error: " in text or "fatal error: " in text)


def _is_copy(lines: Sequence[str], earlier: Failure, later: Failure) -> bool:
    """Whether the same error was printed twice, to the log with `PHP ` before it and to the page without."""
    if "PHP " in lines[earlier.first] and "PHP " in lines[later.first]:
        return False
    return [_gist(error) for error in earlier.errors] == [_gist(error) for error in later.errors]


def _covering(earlier: Failure, copy: Failure) -> Failure:
    """The failure with the lines of its copy, where that is right below it."""
    return replace(earlier, last=copy.last) if copy.first <= earlier.last + 3 else earlier


def _gist(error: LoggedError) -> tuple[str, str, tuple[tuple[str | None, int | None], ...]]:
    return error.type, error.message, tuple((frame.file, frame.line) for frame in error.frames[-1:])


# What PHP prints


def _fatal(rows: Sequence[Row], at: int, head: re.Match[str]) -> tuple[Failure | None, int]:
    text = head["text"]
    if not text.startswith("Uncaught "):
        return _plain_fatal(rows, at, head)
    errors, end, whole = _chain(rows, at, _completed(rows, at, text.removeprefix("Uncaught ")))
    if not errors:
        return None, at + 1
    if end < len(rows) and rows[end].text.lstrip().startswith(("thrown in ", "in /")):
        end += 1
    certainty = Certainty.CERTAIN if whole else Certainty.LIKELY
    return _failure("uncaught", errors, rows, (at, end), certainty), end


def _completed(rows: Sequence[Row], at: int, text: str) -> str:
    """The first line with its place, where an editor or a pager has cut it: the last line has that once more."""
    cut = text.rstrip()
    if not cut.endswith((">", "…")):
        return text
    message, _, start = cut.rstrip(">…").rpartition(" in ")
    for row in rows[at + 1 : at + _LONGEST_TRACE]:
        if "thrown in " in row.text:
            _, place = _on_line(row.text.replace("thrown", "", 1), row.at)
            known = place is not None and place.file is not None and start and place.file.startswith(start)
            return f"{message} in {place.file}:{place.line}" if place and known else text
    return text


def _plain_fatal(rows: Sequence[Row], at: int, head: re.Match[str]) -> tuple[Failure | None, int]:
    """An error that is no exception: the place follows the message, and from PHP 8.5 on a trace follows that."""
    text = head["text"]
    for after in range(at + 1, min(at + 8, len(rows) + 1)):
        message, place = _on_line(text, rows[at].at)
        if place:
            entries, end = _trace_below(rows, after)
            error = LoggedError(head["kind"], message.rstrip(), frames_of(place, entries), rows[at].at)
            return _failure("fatal", (error,), rows, (at, end), Certainty.CERTAIN), end
        if after < len(rows):
            text += "\n" + rows[after].text
    return None, at + 1


def _on_line(text: str, at: int) -> tuple[str, Entry | None]:
    """A message and the place that it ends with: `in /app/shop.php on line 12`."""
    before, mark, number = text.rpartition(" on line ")
    message, separator, file = before.rpartition(" in ")
    if not (mark and separator and number.strip().isdecimal() and len(number) < 12):
        return text, None
    evaluated = _EVALUATED.match(file)
    if evaluated:
        return message, Entry("", evaluated["file"], int(evaluated["line"]), at)
    return message, Entry("", file, int(number), at)


def _trace_below(rows: Sequence[Row], at: int) -> tuple[list[Entry], int]:
    """The trace that follows a message, PHP's own or Xdebug's, and the row after it."""
    if at < len(rows) and rows[at].text.strip() == _TRACE:
        return read_entries(rows, at + 1)
    for start in range(at, min(at + 5, len(rows))):
        if rows[start].text.strip() in ("PHP Stack trace:", "Call Stack:"):
            return _xdebug(rows, start + 1, at)
    return [], at


def _xdebug(rows: Sequence[Row], at: int, otherwise: int) -> tuple[list[Entry], int]:
    """Xdebug's table, which has the outermost call first: turned round."""
    entries: list[Entry] = []
    while at < len(rows) and (found := _XDEBUG.match(rows[at].text)):
        line = int(found["line"])
        call = found["call"].partition("(")[0]
        entries.append(Entry(call, found["file"] if line else None, line or None, rows[at].at))
        at += 1
    return entries[::-1], at if entries else otherwise


def _chain(rows: Sequence[Row], at: int, text: str) -> tuple[tuple[LoggedError, ...], int, bool]:
    """An exception after those it was thrown because of (`Next ...`), the row after, and whether all is there."""
    errors: list[LoggedError] = []
    whole = True
    while True:
        error, end, complete = _exception(rows, at, text)
        if error is None:
            return tuple(errors), at, False
        errors.append(error)
        whole = whole and complete
        at = end + 1 if end < len(rows) and not rows[end].text.strip() else end
        if at >= len(rows) or not rows[at].text.startswith("Next "):
            return _related(errors), end, whole
        text = rows[at].text.removeprefix("Next ")


def _related(errors: Sequence[LoggedError]) -> tuple[LoggedError, ...]:
    return (*(replace(error, relation=Relation.CAUSE) for error in errors[:-1]), *errors[-1:])


def _exception(rows: Sequence[Row], at: int, text: str) -> tuple[LoggedError | None, int, bool]:
    """One exception of the form `Type: message in file:line`, with its trace."""
    trace = _trace_start(rows, at)
    told = [text, *(rows[number].text for number in range(at + 1, trace or at + 1))]
    message, place = _split_place("\n".join(told), rows[at].at)
    found = _OLD_TYPED.match(message) or _TYPED.match(message)
    if found is None or (place is None and trace is None):
        return None, at + 1, False
    entries, end = read_entries(rows, trace + 1) if trace else _trace_below(rows, at + 1)
    whole = place is not None and bool(entries) and entries[-1].call == "{main}"
    message = (found["message"] or "").removesuffix(" and defined").rstrip()
    return LoggedError(found["type"], message, frames_of(place, entries), rows[at].at), end, whole


def _trace_start(rows: Sequence[Row], at: int) -> int | None:
    for number in range(at + 1, min(at + LONGEST_MESSAGE, len(rows))):
        text = rows[number].text
        if text.strip() == _TRACE:
            return number
        if _is_fatal(text):
            return None
    return None


def _split_place(text: str, at: int) -> tuple[str, Entry | None]:
    """A message and the place that it ends with."""
    message, entry = _on_line(text, at)
    if entry:
        return message, entry
    message, separator, place = text.rpartition(" in ")
    found = _WITH_LINE.match(place.replace("\n", "")) if separator else None
    return (message, Entry("", found["file"], int(found["line"]), at)) if found else (text, None)


def _failure(
    form: str, errors: tuple[LoggedError, ...], rows: Sequence[Row], span: tuple[int, int], certainty: Certainty
) -> Failure:
    last = rows[min(span[1], len(rows)) - 1].at
    ends = True if form != "logged" else None
    return Failure("php", form, errors, rows[span[0]].at, last, certainty=certainty, ends_program=ends)


# What programs log


def _logged(rows: Sequence[Row], at: int, floor: int) -> tuple[Failure | None, int]:
    """An exception turned into text, behind whatever the program wrote before it; row `at` is `Stack trace:`."""
    head = _head_above(rows, at, floor)
    if head is None:
        return _beheaded(rows, at)
    start, text = head
    errors, end, whole = _chain(rows, start, text)
    if not errors:
        return None, at + 1
    return _failure("logged", errors, rows, (start, end), Certainty.CERTAIN if whole else Certainty.LIKELY), end


def _head_above(rows: Sequence[Row], at: int, floor: int) -> tuple[int, str] | None:
    """Where the message above a trace begins: at the nearest line that names a type."""
    if at == 0 or not _WITH_LINE.match(rows[at - 1].text):
        return None
    for number in range(at - 1, max(floor, at - LONGEST_MESSAGE) - 1, -1):
        text = rows[number].text
        for found in _INNER_TYPED.finditer(text) if ": " in text else ():
            if found["type"].endswith(("Error", "Exception")) or "\\" in found["type"]:
                return number, text[found.start() :]
        if not text.strip():
            break
    text = rows[at - 1].text.strip()
    return (at - 1, text) if _TYPED.match(text.partition(" in ")[0]) else None


def _beheaded(rows: Sequence[Row], at: int) -> tuple[Failure | None, int]:
    """A trace whose message the log has lost."""
    entries, end = read_entries(rows, at + 1)
    if not entries:
        return None, at + 1
    error = LoggedError("error", "", frames_of(None, entries), rows[at].at)
    return _failure("logged", (error,), rows, (at, end), Certainty.LIKELY), end


def _monolog(rows: Sequence[Row], at: int) -> tuple[Failure | None, int]:
    """An exception among a record's data, which is JSON; those that it was thrown because of follow it."""
    errors: list[LoggedError] = []
    end = at
    while end < len(rows) and "[object] (" in rows[end].text and (not errors or "[previous" in rows[end].text):
        error, after = _object(rows, end)
        if error is None:
            break
        errors.append(error)
        end = after
        if end + 1 < len(rows) and not rows[end].text.strip() and rows[end + 1].text.startswith("[previous"):
            end += 1
    if not errors:
        return None, at + 1
    if end < len(rows) and rows[end].text.strip().startswith('"}'):
        end += 1
    handled = _MILD.search(rows[at].text) is not None
    related = _related([replace(error, handled=handled) for error in errors[::-1]])
    failure = _failure("logged", related, rows, (at, end), Certainty.CERTAIN)
    return replace(failure, format="monolog", ends_program=False if handled else None), end


def _object(rows: Sequence[Row], at: int) -> tuple[LoggedError | None, int]:
    found = _OBJECT.search(rows[at].text)
    if found is None:
        return None, at + 1
    text, after, end = _object_end(rows, at, found["text"])
    if end is None:
        return LoggedError(_unescaped(found["type"]), _unescaped(text.strip()), at=rows[at].at), at + 1
    entries: list[Entry] = []
    if after < len(rows) and rows[after].text.strip() == "[stacktrace]":
        entries, after = read_entries(rows, after + 1)
        entries = [replace(entry, call=_unescaped(entry.call)) for entry in entries]
    place = Entry("", end["file"], int(end["line"]), rows[at].at)
    message = _unescaped(text[: end.start()].rstrip())
    return LoggedError(_unescaped(found["type"]), message, frames_of(place, entries), rows[at].at), after


def _object_end(rows: Sequence[Row], at: int, text: str) -> tuple[str, int, re.Match[str] | None]:
    """The message of an object, which may have several lines, the row after it, and the place at its end."""
    told = text
    for after in range(at + 1, min(at + 8, len(rows) + 1)):
        last = None
        for found in _OBJECT_END.finditer(told):
            last = found
        if last:
            return told, after, last
        if after == len(rows) or "[object] (" in rows[after].text:
            break
        told += "\n" + rows[after].text
    return text, at + 1, None


def _unescaped(text: str) -> str:
    return text.replace("\\\\", "\\").replace('\\"', '"').replace("\\n", "\n")


PARSER = Parser("php", ("Fatal error", "fatal error", "Parse error", "Stack trace:", "[object] ("), parse)

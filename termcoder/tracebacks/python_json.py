"""Tracebacks as JSON objects: structlog's and Airflow's lists of exceptions, and what AWS Lambda answers."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from termcoder.tracebacks.parser import Parser
from termcoder.tracebacks.python_lines import owns
from termcoder.tracebacks.report import Failure, Frame, LoggedError, Relation

_PLACE = re.compile(r'\s*File "(?P<file>[^"]+)", line (?P<line>\d{1,9}), in (?P<function>[^\n]+)(?:\n\s*(?P<code>.*))?')
_LISTED = '"exc_type"'
_ANSWERED = '"errorType"'
_LONGEST = 300  # lines of one object
_BEFORE = 6
_DEEPEST = 4
_MILD = frozenset({"debug", "info", "notice", "warning", "warn"})


def _parse(lines: Sequence[str]) -> Iterable[Failure]:
    return list(_failures(lines))


def _failures(lines: Sequence[str]) -> Iterator[Failure]:
    floor = 0
    for at, line in enumerate(lines):
        if at < floor or not (_LISTED in line or _ANSWERED in line):
            continue
        for start in range(at, at - 1 if "{" in line else max(floor, at - _BEFORE) - 1, -1):
            found = _object(lines, start) if "{" in lines[start] else None
            if found:
                failure = _failure(found[0], start, found[1])
                floor = found[1] + 1
                if failure:
                    yield failure
                break


def _object(lines: Sequence[str], start: int) -> tuple[dict[str, Any], int] | None:
    """The object that begins in a line, and the line that it ends in."""
    begin = lines[start].index("{")
    end = start if lines[start].rstrip().endswith("}") else _end_of(lines, start)
    try:
        value, _ = json.JSONDecoder().raw_decode("\n".join([lines[start][begin:], *lines[start + 1 : end + 1]]))
    except (ValueError, RecursionError):
        return None
    return (value, end) if isinstance(value, dict) else None


def _end_of(lines: Sequence[str], start: int) -> int:
    """The line of the brace that closes the one in `start`, indented like that."""
    indent = len(lines[start]) - len(lines[start].lstrip())
    for at in range(start + 1, min(len(lines), start + _LONGEST)):
        brace = lines[at][indent : indent + 1]
        if brace == "}":
            return at
        if brace == "{":
            break
    return start


def _failure(value: dict[str, Any], first: int, last: int) -> Failure | None:
    errors = _answered(value, first) if "errorType" in value else _listed(value, first)
    if not errors:
        return None
    mild = str(value.get("level", "")).lower() in _MILD
    failure = Failure("python", "json", errors, first, last, ends_program=False if mild else None)
    return failure


def _answered(value: dict[str, Any], at: int) -> tuple[LoggedError, ...]:
    """What AWS Lambda answers: other languages have places of another form there, or another key."""
    stack = value.get("stackTrace")
    if not isinstance(stack, list) or not isinstance(value["errorType"], str):
        return ()
    frames = [_place(item, at) for item in stack]
    if not all(frames) or not (frames or str(value["errorType"]).startswith("Runtime.")):
        return ()
    message = str(value.get("errorMessage", ""))
    return (LoggedError(value["errorType"], message, tuple(frame for frame in frames if frame), at),)


def _place(item: object, at: int) -> Frame | None:
    """A place as text, or, as Python 2 and 3.6 had it, as a list of file, line, function and source."""
    if isinstance(item, str):
        match = _PLACE.match(item)
        if match is None:
            return None
        code = (match["code"] or "").strip()
        return Frame(
            match["file"], int(match["line"]), match["function"].strip(), owns(match["file"]), code=code, at=at
        )
    if isinstance(item, list) and len(item) == 4 and isinstance(item[0], str) and isinstance(item[1], int):
        return Frame(item[0], item[1], str(item[2]), owns(item[0]), code=str(item[3]).strip(), at=at)
    return None


def _listed(value: object, at: int, depth: int = 0) -> tuple[LoggedError, ...]:
    """The exceptions of the first list of them, which has the last one first."""
    if isinstance(value, list) and value and all(isinstance(item, dict) and "exc_type" in item for item in value):
        links = [Relation.ALONE, *(Relation.CAUSE if item.get("is_cause") else Relation.CONTEXT for item in value[1:])]
        return tuple(_exception(item, link, at) for item, link in zip(value[::-1], links[::-1], strict=True))
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if depth < _DEEPEST:
        for item in items:
            found = _listed(item, at, depth + 1) if isinstance(item, dict | list) else ()
            if found:
                return found
    return ()


def _exception(item: dict[str, Any], relation: Relation, at: int) -> LoggedError:
    frames = item.get("frames")
    named = [frame for frame in frames if isinstance(frame, dict)] if isinstance(frames, list) else []
    return LoggedError(
        str(item["exc_type"]),
        str(item.get("exc_value", "")),
        tuple(_frame(frame, at) for frame in named),
        at,
        relation,
    )


def _frame(item: dict[str, Any], at: int) -> Frame:
    file, line, name = item.get("filename"), item.get("lineno"), item.get("name")
    file = file if isinstance(file, str) and file else None
    number = line if isinstance(line, int) and line > 0 else None
    return Frame(file, number, str(name) if name else None, owns(file) if file else False, at=at)


PARSER = Parser("python-json", (_LISTED, _ANSWERED), _parse)

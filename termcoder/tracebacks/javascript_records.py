"""Stacks escaped inside of structured log records, as pino, winston and others write them."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from termcoder.tracebacks.javascript_browser import failure_of
from termcoder.tracebacks.javascript_heads import any_head
from termcoder.tracebacks.javascript_stacks import Reading, read_error
from termcoder.tracebacks.report import Certainty, Failure, Frame, LoggedError

MARKS = ('"stack', '"exception', '"error')

_STACK = re.compile(
    r'"(?:stack(?:_?[tT]race)?|exception|error|err|errorStack|error\.stack|trace)"\s*:\s*'
    r'(?=\[?\s*"[^"\\]{0,300}\\n\s+at |\[\s*")'
)
_LEVEL = re.compile(r'"(?:level|severity|levelname|lvl)"\s*:\s*(?:"(?P<name>[A-Za-z]{1,12})"|(?P<number>\d{1,3}))')
_CALM = frozenset(("trace", "debug", "verbose", "info", "notice", "warn", "warning", "http", "silly"))
_ESCAPE = re.compile(r"\\(.)")
_DECODER = json.JSONDecoder()


def read(lines: Sequence[str]) -> Iterator[Failure]:
    """Read the stacks that stand escaped in one line."""
    for at, line in enumerate(lines):
        if "\\n" in line or '"stack' in line:
            stack = _stack_in(line)
            failure = None if stack is None else _failure(stack, at, _is_calm(line))
            if failure is not None:
                yield failure


def _stack_in(line: str) -> list[str] | None:
    match = _STACK.search(line)
    if match is None:
        return None
    try:
        value, _ = _DECODER.raw_decode(line, match.end())
    except (ValueError, RecursionError):
        value = _cut_string(line[match.end() :])
    if isinstance(value, list):
        value = "\n".join(part for part in value if isinstance(part, str))
    return value.split("\n") if isinstance(value, str) else None


def _cut_string(text: str) -> str:
    """The text of a JSON string whose end is missing."""
    return _ESCAPE.sub(lambda match: "\n" if match[1] == "n" else match[1], text.lstrip('["'))


def _failure(stack: list[str], at: int, calm: bool) -> Failure | None:
    first = next((number for number, line in enumerate(stack) if line.strip()), None)
    if first is None or not any(line.lstrip().startswith("at ") for line in stack):
        return None
    reading = read_error(stack, any_head(stack[first], first))
    if not reading.errors[-1].frames:
        return None
    errors = tuple(_placed(error, at, calm) for error in reading.errors)
    return failure_of(Reading(errors, at), "json-log", at, ends=False if calm else None, certainty=Certainty.CERTAIN)


def _placed(error: LoggedError, at: int, calm: bool) -> LoggedError:
    frames = tuple(Frame(f.file, f.line, f.function, f.own, f.column, f.code, at) for f in error.frames)
    return replace(error, at=at, handled=calm, frames=frames)


def _is_calm(line: str) -> bool:
    """Whether the record's level is below that of errors (pino counts 50 for them)."""
    match = _LEVEL.search(line)
    if match is None:
        return False
    return match["name"].lower() in _CALM if match["name"] else 10 <= int(match["number"]) < 50

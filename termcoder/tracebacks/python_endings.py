"""Which of a log's tracebacks ended the program: those that it wrote as records before are of errors that it caught."""

import re
from collections.abc import Sequence
from dataclasses import replace

from termcoder.tracebacks.python_leads import level_of
from termcoder.tracebacks.python_lines import HEADER, is_record
from termcoder.tracebacks.report import Failure

_FOLLOWS = frozenset(
    [
        "HaltServer",
        "ChildFailedError",
        "CalledProcessError",
        "SystemExit",
        "KeyboardInterrupt",
        "BrokenProcessPool",
        "WorkerLostError",
        "ProcessRaisedException",
        "ProcessExitedException",
    ]
)
"""Exceptions that only tell that something else went wrong."""
_FATAL = re.compile(
    r"un(?:handled|caught|recoverable|expected(?: error)?, exit)|exiting|aborting|terminat|shutting down|giving up",
    re.IGNORECASE,
)
_OF_OTHER_THINGS = frozenset({"TRACE", "DEBUG", "INFO", "NOTICE"})
_TRIED_AGAIN = re.compile(r"retry|retries|attempt #?\d|try(?:ing)? again|fall(?:ing)? ?back", re.IGNORECASE)
_AFTER = 12  # lines in which no record follows the end


def with_ending(found: list[Failure], lines: Sequence[str]) -> list[Failure]:
    """The failures, the last one marked where the program died of it, those before as handled."""
    if len(found) < 2 or not _is_end(found[-1], lines):
        return found
    *before, last = found
    if not all(failure.ends_program is False or _is_logged(failure, lines) for failure in before):
        return found
    once = [failure for failure in before if not _TRIED_AGAIN.search(lines[failure.first])]
    kinds = {(failure.errors[-1].type, failure.errors[-1].message) for failure in once}
    if any((error.type, error.message) in kinds for error in last.errors):
        return found  # one error, told twice
    return [*(handled(failure) for failure in before), replace(last, ends_program=True)]


def handled(failure: Failure) -> Failure:
    """The failure as one that the program caught."""
    errors = tuple(replace(error, handled=True) for error in failure.errors)
    return replace(failure, errors=errors, ends_program=False)


def _is_end(failure: Failure, lines: Sequence[str]) -> bool:
    if failure.ends_program is not None or failure.errors[-1].type.rpartition(".")[2] in _FOLLOWS:
        return False
    first = lines[failure.first]
    if not _is_bare(first) and not _is_fatal(first):
        return False
    return not any(is_record(line) for line in lines[failure.last + 1 : failure.last + 1 + _AFTER])


def _is_fatal(record: str) -> bool:
    level = level_of(record)
    return level in ("CRITICAL", "FATAL") or (level == "ERROR" and _FATAL.search(record) is not None)


def _is_bare(first: str) -> bool:
    """Whether nothing introduces a traceback but what the program wrote of something else before."""
    return first.startswith(HEADER) or level_of(first[:200]) in _OF_OTHER_THINGS


def _is_logged(failure: Failure, lines: Sequence[str]) -> bool:
    first = lines[failure.first]
    return not _is_bare(first) and level_of(first[:200]) is not None and not _is_fatal(first)

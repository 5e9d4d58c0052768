"""Everything that Go's programs and tests print; what its builds print is `golang_build`'s."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence

from termcoder.tracebacks import golang_logs, golang_panics, golang_tests
from termcoder.tracebacks.parser import Parser
from termcoder.tracebacks.report import Failure


def parse(lines: Sequence[str]) -> Iterable[Failure]:
    """Every panic, failing test and logged error, in the order of the log."""
    found = sorted(golang_panics.parse(lines), key=_first)
    for parse_more in (golang_tests.parse, golang_logs.parse):
        more = [failure for failure in parse_more(lines) if not _overlaps(failure, found)]
        found = sorted([*found, *more], key=_first)
    return found if len(found) == 1 else [failure for failure in found if failure.format != "log"]


def _first(failure: Failure) -> int:
    return failure.first


def _overlaps(failure: Failure, found: Sequence[Failure]) -> bool:
    """Whether one of `found`, which are in order, takes lines of `failure`."""
    index = bisect_right(found, failure.last, key=_first) - 1
    return index >= 0 and found[index].last >= failure.first


PARSER = Parser(
    "go",
    (
        "goroutine ",
        "panic: ",
        "fatal error: ",
        "WARNING: DATA RACE",
        "--- FAIL: ",
        "=== FAIL: ",
        '"Action":"',
        ".go:",
        ".s:",
        '.go\\":',
        '"source":"',
        "exit status 1",
        "level=fatal",
        "level=panic",
        '"level":"fatal"',
    ),
    parse,
)

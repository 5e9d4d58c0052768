"""Everything that Rust's tools and programs print: builds, panics, returned errors, and tests that failed otherwise."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence

from termcoder.tracebacks import rust_panics, rustc
from termcoder.tracebacks.parser import Parser
from termcoder.tracebacks.report import Failure, Frame, LoggedError
from termcoder.tracebacks.rust_frames import is_own, to_number

_NOT_PANICKED = re.compile(
    r"^\s*note: (?P<text>test did not panic as expected)"
    r"(?: at (?P<file>(?:[A-Za-z]:)?[^:]+):(?P<line>\d+):(?P<column>\d+))?\s*$"
)


def parse(lines: Sequence[str]) -> Iterable[Failure]:
    """Every failure, in the order of the log; a panic in a build script is part of cargo's error."""
    text = "\n".join(lines)
    builds = list(rustc.parse(lines)) if "error" in text else []
    starts = [failure.first for failure in builds]
    runs = [failure for failure in rust_panics.parse(lines) if not _is_within(failure.first, builds, starts)]
    if "extest run" in text:
        runs = list(_once(runs))
    others = _not_panicked(lines) if "did not panic as expected" in text else ()
    return sorted([*builds, *runs, *others], key=lambda failure: failure.first)


def _is_within(at: int, builds: Sequence[Failure], starts: Sequence[int]) -> bool:
    index = bisect_right(starts, at) - 1
    return index >= 0 and at <= builds[index].last


def _once(failures: Sequence[Failure]) -> Iterator[Failure]:
    """Nextest shows a failing test's output when it fails, and again at the end."""
    seen = set()
    for failure in failures:
        error = failure.errors[-1]
        key = (error.type, error.message, *[(frame.file, frame.line) for frame in error.frames[-1:]])
        if key not in seen:
            seen.add(key)
            yield failure


def _not_panicked(lines: Sequence[str]) -> Iterator[Failure]:
    for at, line in enumerate(lines):
        found = _NOT_PANICKED.match(line) if "did not panic" in line else None
        if found:
            file = found["file"]
            frames = (Frame(file, to_number(found["line"]), None, is_own(file, None), at=at),) if file else ()
            yield Failure("rust", "cargo test", (LoggedError("FAIL", found["text"], frames, at),), at, at)


PARSER = Parser(
    "rust",
    (
        "panicked at ",
        "panicked (crashed)",
        "error[E",
        "error: ",
        "-->",
        "Error: ",
        "fatal runtime error: ",
        "memory allocation of ",
        '"level":"error"',
        "did not panic as expected",
        ".rs:",
        "has overflowed its stack",
    ),
    parse,
)

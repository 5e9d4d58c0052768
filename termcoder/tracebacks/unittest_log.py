"""Reads unittest's failed tests, Django's test runner and nose among them, and what doctest prints by itself."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from termcoder.tracebacks.exception_lines import TRACEBACK, join_message, message_end, plain_tracebacks, split_exception
from termcoder.tracebacks.parser import Parser
from termcoder.tracebacks.python_lines import owns
from termcoder.tracebacks.report import Certainty, Failure, Frame, LoggedError

_TITLE = re.compile(r"\s*(?P<word>ERROR|FAIL|UNEXPECTED SUCCESS): (?P<test>\S.*)$")
_OUTPUT = re.compile(r"\s*(?:Stdout:|Stderr:|-+ >> begin captured .*)$")
_EXAMPLE = re.compile(r'\s*File "(?P<file>[^"]+)", line (?P<line>\d+), in (?P<function>\S+)$')
_LONGEST_TITLE = 12  # lines between ===== and -----


def parse(lines: Sequence[str]) -> Iterable[Failure]:
    """Each failed test and each failed example of a doctest, in the order of the log."""
    bars = [at for at, line in enumerate(lines) if _bar(line)]
    for number, at in enumerate(bars):
        end = bars[number + 1] if number + 1 < len(bars) else len(lines)
        mark = lines[at].strip()[0]
        if mark == "*":
            yield from _example(lines, at, end)
        elif mark == "=" and number + 1 < len(bars) and _is_title(lines, at, end):
            body_end = bars[number + 2] if number + 2 < len(bars) else len(lines)
            yield from _test(lines, at, end + 1, body_end)


def _bar(line: str) -> bool:
    """Whether this is one of the lines that unittest and doctest draw, 70 characters long."""
    if line[:1] not in "=-* \t" or len(line) < 50:
        return False
    text = line.strip()
    return len(text) >= 50 and text == text[0] * len(text)


def _is_title(lines: Sequence[str], at: int, end: int) -> bool:
    below = end - at - 1
    return 1 <= below <= _LONGEST_TITLE and lines[end].strip()[0] == "-" and _TITLE.match(lines[at + 1]) is not None


def _test(lines: Sequence[str], title: int, start: int, end: int) -> Iterator[Failure]:
    """The failure of one test, between its title and the next bar."""
    stop = next((at for at in range(start, end) if _OUTPUT.match(lines[at])), end)
    found = plain_tracebacks(lines[start:stop], start) or _without_traceback(lines, start, stop)
    last = max((at for at in range(title, end) if lines[at].strip()), default=title)
    for failure in found[:1]:
        yield replace(failure, format="unittest", first=title, last=max(last, failure.last), ends_program=None)


def _without_traceback(lines: Sequence[str], start: int, stop: int) -> list[Failure]:
    for at in range(start, min(stop, start + _LONGEST_TITLE)):
        named = split_exception(lines[at])
        if named:
            last = min(message_end(lines, at), stop - 1)
            error = LoggedError(named[0], join_message(named[1], lines[at + 1 : last + 1]), at=at)
            return [Failure("python", "unittest", (error,), at, last, certainty=Certainty.LIKELY)]
    return []


def _example(lines: Sequence[str], bar: int, end: int) -> Iterator[Failure]:
    """A failed example of a doctest, below a line of stars."""
    place = _EXAMPLE.match(lines[bar + 1]) if bar + 3 < end else None
    if place is None or lines[bar + 2].strip() != "Failed example:":
        return
    last = max(at for at in range(bar, end) if lines[at].strip())
    if any(TRACEBACK in lines[at] for at in range(bar, end)):
        for failure in plain_tracebacks(lines[bar + 3 : end], bar + 3)[:1]:
            yield replace(failure, format="doctest", first=bar, last=last, ends_program=None)
        return
    start = next((at for at in range(bar + 3, end) if lines[at].strip().startswith("Expected")), bar + 3)
    indent = len(lines[start]) - len(lines[start].lstrip())
    message = "\n".join(lines[at][indent:].rstrip() for at in range(start, last + 1))
    frame = Frame(place["file"], int(place["line"]), place["function"], owns(place["file"]), at=bar + 1)
    error = LoggedError("DocTestFailure", message, (frame,), at=bar + 1)
    yield Failure("python", "doctest", (error,), bar, last)


PARSER = Parser("unittest", ("======\nERROR: ", "======\nFAIL: ", "ERROR: ", "FAIL: ", "Failed example:"), parse)

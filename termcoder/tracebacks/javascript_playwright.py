"""Failing tests of Playwright."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from termcoder.tracebacks.javascript_browser import failure_of
from termcoder.tracebacks.javascript_frames import is_own, v8_frame
from termcoder.tracebacks.javascript_heads import is_caret, is_code
from termcoder.tracebacks.javascript_stacks import Reading
from termcoder.tracebacks.javascript_tests import error_of, without_repeats
from termcoder.tracebacks.report import Failure, Frame

MARKS = (" › ",)

_LONGEST = 600
_TITLE = re.compile(r"^\s{0,6}\d{1,5}\) (?:\[[^\]\n]{1,80}\] › )?(\S[^›\n]{0,300}?):(\d{1,9}):(\d{1,9}) › ")
_SUMMARY = re.compile(r"^\s{0,4}\d{1,6} (?:failed|flaky|passed|skipped|interrupted|did not run|errors? )")
_PLACE = re.compile(r"^\s*at (\S{1,400}?):(\d{1,9})$")
_NEXT_TRY = re.compile(r"^\s*Retry #\d+ ")
_ASIDE = (
    "attachment #",
    "Error Context:",
    "Usage:",
    "Retry #",
    "─",
    "npx playwright show-trace",
    "Pending operations:",
)


def read(lines: Sequence[str]) -> Iterator[Failure]:
    """Read every error of every failing test, once where a test failed in the same way again."""
    yield from without_repeats(_sections(lines))


def _sections(lines: Sequence[str]) -> Iterator[Failure]:
    floor = 0
    for at, line in enumerate(lines):
        title = _TITLE.match(line[:600]) if " › " in line and at >= floor else None
        if title is None:
            continue
        test = Frame(title[1], int(title[2]), None, is_own(title[1]), int(title[3]), at=at)
        end = _end(lines, at + 1)
        failures = list(_errors(lines, at + 1, end, test))
        if failures:
            floor = end
            yield replace(failures[0], first=at)
            yield from failures[1:]


def _end(lines: Sequence[str], start: int) -> int:
    for at in range(start, min(len(lines), start + _LONGEST)):
        if " › " in lines[at] and _TITLE.match(lines[at][:600]):
            return at
        if lines[at].strip()[:1].isdigit() and _SUMMARY.match(lines[at]):
            return at
    return min(len(lines), start + _LONGEST)


def _errors(lines: Sequence[str], start: int, end: int, test: Frame) -> Iterator[Failure]:
    at = start
    while at < end:
        text = lines[at].strip()
        if not text or _is_aside(lines[at]) or v8_frame(lines[at], at):
            at += 1
            continue
        text_end = at + 1
        while text_end < end and not _ends_text(lines, text_end):
            text_end += 1
        frames, after = _frames(lines, text_end, end)
        error = error_of(lines, at, text_end, frames or [test])
        yield failure_of(Reading((error,), _last_text(lines, at, after)), "playwright", at)
        at = after


def _is_aside(line: str) -> bool:
    text = line.strip()
    return text.startswith(_ASIDE) or is_code(line) or text.startswith("test-results/")


def _ends_text(lines: Sequence[str], at: int) -> bool:
    return _is_aside(lines[at]) or v8_frame(lines[at], at) is not None or _PLACE.match(lines[at]) is not None


def _frames(lines: Sequence[str], start: int, end: int) -> tuple[list[Frame], int]:
    """The frames below a message and the source shown there, innermost first, and the index after them."""
    frames: list[Frame] = []
    short: list[Frame] = []
    at = start
    while at < end and not _NEXT_TRY.match(lines[at]):
        frame = v8_frame(lines[at], at)
        place = _PLACE.match(lines[at]) if frame is None else None
        if frame is not None:
            frames.append(frame)
        elif place is not None:
            short.append(Frame(place[1], int(place[2]), None, is_own(place[1]), at=at))
        elif lines[at].strip() and not is_code(lines[at]) and not is_caret(lines[at]):
            break
        at += 1
    return frames or short, at


def _last_text(lines: Sequence[str], start: int, after: int) -> int:
    return next((at for at in range(after - 1, start, -1) if lines[at].strip()), start)

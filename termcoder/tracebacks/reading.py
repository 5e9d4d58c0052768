"""From a log's text to its report: cleans it, asks the parsers, puts what they found in order, picks the root."""

import gc
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

from termcoder.tracebacks.cleaning import Stream, clean
from termcoder.tracebacks.languages import PARSERS
from termcoder.tracebacks.parser import Parser
from termcoder.tracebacks.report import Certainty, Failure, Frame, LoggedError, Report

LONGEST_LINE = 16_000
"""Characters of a line that are looked at: more is data, not a log."""
LONGEST_RECORD = 1_000
"""Characters of the lines around an error that are looked at for a word of what the program did then."""
BLOCK_LINES = 256
BLOCKS_BEFORE, BLOCKS_AFTER = 1, 4
"""Around a block of lines with a parser's mark, so many blocks more are given to it."""
FIRST_LINES, LAST_LINES = 15_000, 30_000
"""So many lines with errors in them are read from the beginning and the end of a log that has more."""
MANY_PARSERS = 10
"""A log that twice as many parsers find their marks in has half as many lines read by each."""
BINARY_SAMPLE = 10_000
LONG_LINE = 160
"""Characters; a log whose lines are twice as long on average has half as many of them read."""

_DIGITS = bytes.maketrans(b"123456789", b"0" * 9)
_FALLBACK = re.compile(
    r"fall(?:ing)? ?back|ignor|retry|handled|default|skip|optional|continu|not available|unavailable|disabled|without",
    re.IGNORECASE,
)
_RETRIES = re.compile(r"\b(?:[Rr]etrying\b|will retry|retry in \d)")
_RECORD = re.compile(r"\b(?:DEBUG|INFO|NOTICE|WARN(?:ING)?)\b|\b(?:debug|info|notice|warn(?:ing)?)[:\]]")


def parse(text: str) -> Report:
    """Read a log. Never raises, whatever the text."""
    collects = gc.isenabled()
    gc.disable()  # it would look for garbage in tens of thousands of new errors, and find none
    try:
        return _report(text)
    finally:
        if collects:
            gc.enable()


def _report(text: str) -> Report:
    if _is_binary(text):
        return Report(lines=text.count("\n") + 1, skipped=("bytes that are no text",))
    streams = clean(text)
    failures: list[Failure] = []
    unread = 0
    for stream in streams:
        found, passed_over = _failures_of(stream)
        failures += found
        unread += passed_over
    failures = sorted(_without_guesses(failures), key=lambda failure: (failure.first, failure.last))
    lines = sum(len(stream.lines) for stream in streams)
    return Report(tuple(failures), _root(failures), lines, _skipped(failures, unread))


def _is_binary(text: str) -> bool:
    """Whether much of a long text is what is left of bytes that couldn't be decoded."""
    sample = text[:: len(text) // BINARY_SAMPLE or 1] if len(text) > BINARY_SAMPLE else ""
    return sample.count("\N{REPLACEMENT CHARACTER}") > len(sample) // 5


def _without_guesses(failures: list[Failure]) -> list[Failure]:
    """A lone line that looks like an error counts only where nothing surer is in the log."""
    sure = [failure for failure in failures if failure.certainty > Certainty.GUESS]
    return sure or failures


def _skipped(failures: Sequence[Failure], unread: int) -> tuple[str, ...]:
    told = []
    if unread:
        told.append(f"{unread:,} lines in the middle of very many errors")
    cut = sum(failure.certainty is Certainty.LIKELY for failure in failures)
    if cut:
        told.append(f"parts of {cut} error{'s' if cut > 1 else ''} that the log has cut short or wrapped")
    return tuple(told)


def _failures_of(stream: Stream) -> tuple[list[Failure], int]:
    """What the parsers found in one stream, with the log's line numbers, and how many lines were not read.

    Of what two of them claim, one has it.
    """
    lines = [line if len(line) <= LONGEST_LINE else line[:LONGEST_LINE] for line in stream.lines]
    blocks = ["\n".join(lines[at : at + BLOCK_LINES]) for at in range(0, len(lines), BLOCK_LINES)]
    text = "\n".join(blocks)
    shapes = _shapes(text)
    width = 1 + len(text) // (len(lines) + 1) // LONG_LINE
    asked = [(rank, parser, marks) for rank, parser in enumerate(PARSERS) if (marks := _marks_in(text, shapes, parser))]
    width *= max(1, len(asked) // MANY_PARSERS)
    claims: list[_Claim] = []
    unread = 0
    for rank, parser, marks in asked:
        windows = _windows(blocks, marks, len(lines))
        kept = _ends_of(windows, width)
        unread = max(unread, sum(map(len, windows)) - sum(map(len, kept)))
        for window in kept:
            found = parser.parse(lines[window.start : window.stop])
            claims += [_Claim(rank, _moved(failure, window)) for failure in found]
    kept_failures = _with_handled(_without_overlaps(claims), lines)
    return [_renumbered(failure, stream.numbers) for failure in kept_failures], unread


def _marks_in(text: str, shapes: bytes, parser: Parser) -> list[str]:
    """Those of a parser's marks that the text has."""
    possible = [mark for mark in parser.marks if _shape(mark) in shapes or "\n" in mark]
    return [mark for mark in possible if mark in text]


def _shapes(text: str) -> bytes:
    """Every different line once, as if all digits were the same: most lines of a long log differ in those only."""
    return b"\n".join(set(text.encode("utf-8", "surrogatepass").translate(_DIGITS).split(b"\n")))


@cache
def _shape(mark: str) -> bytes:
    return mark.encode().translate(_DIGITS)


def _windows(blocks: Sequence[str], marks: Sequence[str], count: int) -> list[range]:
    """The lines around those blocks in which a mark stands; all the rest holds nothing for the parser."""
    windows: list[range] = []
    for number, block in enumerate(blocks):
        if any(mark in block for mark in marks):
            start = max(0, number - BLOCKS_BEFORE) * BLOCK_LINES
            stop = min(count, (number + 1 + BLOCKS_AFTER) * BLOCK_LINES)
            if windows and start <= windows[-1].stop:
                windows[-1] = range(windows[-1].start, stop)
            else:
                windows.append(range(start, stop))
    return windows


def _ends_of(windows: Sequence[range], width: int) -> list[range]:
    """The windows; where they are more than anybody reads, only the first and the last lines of them.

    `width`: of how many lines a usual one of the log takes the room.
    """
    first_lines = FIRST_LINES // width
    last_from = sum(map(len, windows)) - LAST_LINES // width
    if last_from <= first_lines:
        return list(windows)
    kept: list[range] = []
    place = 0
    for window in windows:
        kept += [window[: max(0, first_lines - place)], window[max(0, last_from - place) :]]
        place += len(window)
    return [part for part in kept if part]


@dataclass(frozen=True, slots=True)
class _Claim:
    """Lines that the parser at a rank has read a failure from."""

    rank: int
    failure: Failure

    @property
    def weight(self) -> tuple[int, int, int]:
        """Of two that claim the same lines the heavier has them: the surer, then the earlier parser's, the longer."""
        return self.failure.certainty, -self.rank, self.failure.last - self.failure.first


def _without_overlaps(claims: Sequence[_Claim]) -> list[Failure]:
    taken: list[_Claim] = []
    for claim in sorted(claims, key=lambda each: (each.failure.first, -each.failure.last)):
        rival = taken[-1] if taken and claim.failure.first <= taken[-1].failure.last else None
        if rival is None or rival.rank == claim.rank:
            taken.append(claim)
        elif claim.weight > rival.weight:
            taken[-1] = claim
    return [claim.failure for claim in taken]


def _moved(failure: Failure, window: range) -> Failure:
    """A failure found in a window, with the indexes of the whole."""
    return _renumbered(failure, window) if window.start else failure


def _with_handled(failures: list[Failure], lines: Sequence[str]) -> list[Failure]:
    """Mark the errors of failures that the program caught and went on from."""
    last = max((number for number, failure in enumerate(failures) if not failure.build), default=-1)
    return [
        _handled(failure) if not failure.build and _was_handled(failure, lines, number < last) else failure
        for number, failure in enumerate(failures)
    ]


def _handled(failure: Failure) -> Failure:
    return replace(failure, errors=tuple(replace(error, handled=True) for error in failure.errors))


def _was_handled(failure: Failure, lines: Sequence[str], another_follows: bool) -> bool:
    if failure.ends_program is not None:
        return not failure.ends_program
    if not another_follows:
        return False
    before = next((lines[at] for at in range(failure.first - 1, -1, -1) if lines[at].strip()), "")
    after = next((lines[at] for at in range(failure.last + 1, len(lines)) if lines[at].strip()), "")
    around = (before[:LONGEST_RECORD], after[:LONGEST_RECORD])
    return any(_RETRIES.search(line) or (_RECORD.search(line) and _FALLBACK.search(line)) for line in around)


def _renumbered(failure: Failure, numbers: Sequence[int]) -> Failure:
    """The failure with these numbers in place of indexes."""

    def frame(old: Frame) -> Frame:  # `replace` takes five times as long
        return Frame(old.file, old.line, old.function, old.own, old.column, old.code, numbers[old.at], old.path)

    def error(old: LoggedError) -> LoggedError:
        frames = tuple([frame(each) for each in old.frames])
        return LoggedError(old.type, old.message, frames, numbers[old.at], old.relation, old.handled, old.notes)

    errors = tuple([error(each) for each in failure.errors])
    first, last = numbers[failure.first], numbers[failure.last]
    rest = (failure.root, failure.build, failure.certainty, failure.ends_program)
    return Failure(failure.language, failure.format, errors, first, last, *rest)


def _root(failures: Sequence[Failure]) -> int | None:
    """The error to mend first: of what ended the program the last, of builds and tests the first."""
    starts = list(_starts(failures))
    if not starts:
        return None
    unhandled = [entry for entry in starts if not all(error.handled for error in entry[1].errors)]
    start, chosen = _chosen(unhandled or starts)
    return start + chosen.root


def _chosen(candidates: Sequence[tuple[int, Failure]]) -> tuple[int, Failure]:
    fatal = [entry for entry in candidates if entry[1].ends_program]
    if fatal:
        return fatal[-1]
    return candidates[0]


def _starts(failures: Sequence[Failure]) -> Iterator[tuple[int, Failure]]:
    start = 0
    for failure in failures:
        yield start, failure
        start += len(failure.errors)

"""Puts the lines of Java's stack traces together: throwables with their causes, suppressed ones and shared frames."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from termcoder.tracebacks.java_lines import Head, Kind, Line, Omitted, record_head, scan, weak_head
from termcoder.tracebacks.report import Frame, Relation

_LONGEST_MESSAGE = 200  # lines between a throwable's first line and its frames
_NEAR = 12  # lines in which a less plain first line is looked for
_STRAY = 3  # lines of something else that may stand between frames
_DEEPEST = 40
_MOST_SHARED = 50_000  # frames that `... 12 more` may bring back in one trace
_GROUPS = ("MultipleFailuresError", "AssertionErrors")
_BEGINS = (Kind.PLAIN, Kind.UNCAUGHT)


@dataclass(slots=True)
class Thrown:
    """One throwable while it is read; `frames` innermost first, as Java prints them."""

    head: Head
    at: int
    message: str
    frames: list[Frame] = field(default_factory=list)
    omitted: int = 0
    relation: Relation = Relation.ALONE
    enclosing: "Thrown | None" = None
    cause: "Thrown | None" = None
    suppressed: list["Thrown"] = field(default_factory=list)


@dataclass(slots=True)
class Trace:
    """One trace. `outer`: what the others hang on; `whole`: nothing of it is missing."""

    outer: Thrown
    first: int
    last: int
    whole: bool = True

    @property
    def thrown(self) -> list[Thrown]:
        """All throwables in the order they happened: what a throwable hangs on comes after it."""
        found: list[Thrown] = []
        waiting = [self.outer]
        while waiting:
            thrown = waiting.pop()
            found.append(thrown)
            waiting += [thrown.cause] if thrown.cause else []
            waiting += thrown.suppressed
        return found[::-1]

    @property
    def root(self) -> Thrown:
        """The deepest cause, or the first member of a group."""
        thrown = self.outer
        while thrown.cause or (thrown.suppressed and thrown.suppressed[0].relation is Relation.MEMBER):
            thrown = thrown.cause or thrown.suppressed[0]
        return thrown


@dataclass(frozen=True, slots=True)
class _Log:
    """The lines, and which of them are part of a trace for sure."""

    lines: Sequence[str]
    found: dict[int, Line]


def read_traces(lines: Sequence[str]) -> Iterator[Trace]:
    """Every trace, and every throwable without one that is plainly such, in the order of the log."""
    log = _Log(lines, scan(lines))
    end = -1
    for block in _blocks(log):
        trace = _read(log, block, end)
        end = block[-1]
        if trace is not None:
            yield trace


def _blocks(log: _Log) -> Iterator[list[int]]:
    """The lines of each trace."""
    block: list[int] = []
    for at, line in log.found.items():
        if block and _is_message(log, block[-1], at):
            continue
        if block and not _goes_on(log, block[-1], at, line):
            yield block
            block = []
        block.append(at)
    if block:
        yield block


def _is_message(log: _Log, before: int, at: int) -> bool:
    """Whether what looks like a throwable is a line of the message of the one before it."""
    head, line = log.found[before], log.found[at]
    if not isinstance(head, Head) or not isinstance(line, Head) or line.kind is not Kind.PLAIN:
        return False
    announced = head.type.endswith(_GROUPS) or log.lines[at - 1].rstrip().endswith("nested exception is:")
    return at - before <= _NEAR and (line.indent > head.indent or announced)


def _goes_on(log: _Log, before: int, at: int, line: Line) -> bool:
    """Whether the trace that has the line `before` has the line `at` too."""
    if isinstance(line, Head) and line.kind in _BEGINS:
        return False
    if at == before + 1:
        return True
    if isinstance(log.found[before], Head):
        return at - before <= _LONGEST_MESSAGE and not any(record_head(log.lines[i]) for i in range(before + 1, at))
    between = log.lines[before + 1 : min(at, before + 2 + _STRAY)]
    return len(between) <= _STRAY and not any(_starts_other(text) for text in between)


def _starts_other(text: str) -> bool:
    return text.lstrip()[:1] == '"' or ".Thread.State" in text or bool(weak_head(text) or record_head(text))


def _read(log: _Log, block: list[int], after: int) -> Trace | None:
    start = log.found[block[0]]
    if isinstance(start, Head) and start.kind in _BEGINS:
        at, head = block[0], start
        block = block[1:]
    else:
        at, head = _find_head(log, block[0], after)
    if not block and not _stands_alone(log, at, head):
        return None
    if not head.type and not (block and _may_lack_head(log, block)):
        return None
    outer = Thrown(head, at, _message(log, at, block[0] if block else at, head))
    trace = _Reader(log, outer).read(block)
    trace.whole = trace.whole and bool(head.type) and not _is_cut(log, trace, block)
    return None if _is_no_error(trace) else trace


def _find_head(log: _Log, at: int, after: int) -> tuple[int, Head]:
    """The first line of a trace whose frames begin at `at`, and which no earlier trace has."""
    for i in range(at - 1, max(after, at - 1 - _NEAR), -1):
        head = record_head(log.lines[i]) or weak_head(log.lines[i])
        if head is not None:
            return i, head
        if log.lines[i].lstrip()[:1] == '"' and "prio=" in log.lines[i]:
            break
    last = record_head(log.lines[at - 1], any_text=True) if at - 1 > after else None
    return (at - 1, last) if last else (at, Head(Kind.PLAIN, "", "", 0))


def _stands_alone(log: _Log, at: int, head: Head) -> bool:
    """Whether a throwable without frames is reported: an uncaught one, or one with a telling name."""
    if head.kind is Kind.UNCAUGHT:
        return bool(head.type)
    following = log.lines[at + 1] if at + 1 < len(log.lines) else ""
    return head.telling and not following.startswith("Dumping heap to")


def _may_lack_head(log: _Log, block: list[int]) -> bool:
    """Whether frames without a throwable above them are what is left of a trace, not of a thread dump."""
    if any(isinstance(log.found[at], Head) for at in block):
        return True
    before = [text.strip() for text in log.lines[: block[0]][:_NEAR]]
    return block[0] < _NEAR and not any(text and text != "..." for text in before)


def _message(log: _Log, at: int, end: int, head: Head) -> str:
    lines = (text[head.indent :] if text[: head.indent].isspace() else text for text in log.lines[at + 1 : end])
    return "\n".join([head.message, *(text.rstrip() for text in lines)]).strip("\n").rstrip()


def _is_cut(log: _Log, trace: Trace, block: list[int]) -> bool:
    """Whether the log ends before the trace does, or somebody has left lines out."""
    if any(log.lines[i].strip() == "..." for before, at in pairwise(block) for i in range(before + 1, at)):
        return True
    root = trace.root
    if root is trace.outer or root.omitted or root.enclosing is None or not root.enclosing.frames:
        return False
    return not any(text.strip() for text in log.lines[trace.last + 1 : trace.last + 3])


def _is_no_error(trace: Trace) -> bool:
    """`Thread.dumpStack()` prints an exception that nothing threw."""
    frames = trace.outer.frames
    return bool(frames) and (frames[0].function or "").endswith("java.lang.Thread.dumpStack")


class _Reader:
    """Reads the lines of one trace below its first."""

    def __init__(self, log: _Log, outer: Thrown) -> None:
        self._log, self._outer, self._current = log, outer, outer
        self._first = outer.at
        self._open = [outer]  # by indentation: what a `Caused by:` or `Suppressed:` can belong to

    def read(self, block: list[int]) -> Trace:
        """The trace with the lines `block`."""
        for position, at in enumerate(block):
            line = self._log.found[at]
            if isinstance(line, Frame):
                if at and self._log.lines[at - 1].startswith("Driver stacktrace:"):
                    self._restart()
                self._current.frames.append(line)
            elif isinstance(line, Omitted):
                self._current.omitted = line.count
            elif line.kind is not Kind.CIRCULAR:
                self._add(line, at, block[position + 1] if position + 1 < len(block) else at)
        last = max(block[-1] if block else 0, self._first)
        trace = Trace(self._outer, self._first, last)
        trace.whole = _share_frames(trace)
        return trace

    def _restart(self) -> None:
        """Forget the trace so far: Spark writes that of its worker into the message, and its own below that."""
        self._outer.frames.clear()
        self._outer.cause, self._outer.omitted = None, 0
        self._outer.suppressed.clear()
        self._current, self._open = self._outer, [self._outer]

    def _add(self, head: Head, at: int, end: int) -> None:
        thrown = self._current = Thrown(head, at, _message(self._log, at, end, head))
        if head.kind is Kind.WRAPPED:
            self._wrap(thrown)
        elif head.kind is Kind.SUPPRESSED:
            self._suppress(thrown)
        else:
            self._cause(thrown)

    def _cause(self, thrown: Thrown) -> None:
        while len(self._open) > 1 and self._open[-1].head.indent > thrown.head.indent:
            self._open.pop()
        thrown.enclosing, thrown.relation = self._open[-1], Relation.CAUSE
        self._open[-1].cause = thrown
        self._open[-1] = thrown

    def _suppress(self, thrown: Thrown) -> None:
        while len(self._open) > 1 and (self._open[-1].head.indent >= thrown.head.indent or len(self._open) > _DEEPEST):
            self._open.pop()
        thrown.enclosing, thrown.relation = self._open[-1], Relation.SUPPRESSED
        if self._open[-1].head.type.endswith(_GROUPS):
            thrown.relation = Relation.MEMBER
        self._open[-1].suppressed.append(thrown)
        self._open.append(thrown)

    def _wrap(self, thrown: Thrown) -> None:
        inner = self._outer
        inner.enclosing, inner.relation = thrown, Relation.CAUSE
        thrown.cause = inner
        self._outer = self._open[0] = thrown


def _share_frames(trace: Trace) -> bool:
    """Give each throwable the frames that it shares with the one it hangs on; False where those are not there."""
    whole, left = True, _MOST_SHARED
    for thrown in reversed(trace.thrown):
        enclosing = thrown.enclosing
        if not thrown.omitted:
            continue
        if enclosing is None or len(enclosing.frames) < thrown.omitted or left < thrown.omitted:
            whole = False
            continue
        left -= thrown.omitted
        thrown.frames += enclosing.frames[-thrown.omitted :]
    return whole

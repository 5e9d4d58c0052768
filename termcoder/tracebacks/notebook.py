"""Reads IPython's and Jupyter's tracebacks, of every version from 5 on, and those inside a notebook's JSON."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from termcoder.tracebacks.exception_lines import (
    TRACEBACK,
    chain_link,
    join_message,
    message_end,
    renumbered,
    split_exception,
)
from termcoder.tracebacks.parser import Parser
from termcoder.tracebacks.python_lines import owns
from termcoder.tracebacks.report import Certainty, Failure, Frame, LoggedError, Relation

_HEADER = re.compile(r"\s*(?P<type>[^\W\d][\w.]*)\s+Traceback \(most recent call last\):?\s*$")
_CELL = re.compile(
    r"\s*(?P<file>(?:Cell In|Input In|In) ?\[\d+\])(?:, line (?P<line>\d{1,9}))?(?:,? in (?P<function>\S.*?))?:?\s*$"
)
_FILE = re.compile(r'\s*File (?P<file>[^"\s].*?):(?P<line>\d{1,9})(?:,? in (?P<function>\S.*?))?\s*$')
_QUOTED = re.compile(r'\s*File "(?P<file>[^"]+)", line (?P<line>\d{1,9})(?:, in (?P<function>\S.*?))?\s*$')
_OLD = re.compile(r"\s*(?P<file><ipython-input-[^>]*>|[~./A-Za-z<][^()]*?) in (?P<function>[^\s(].*\)|<module>)\s*$")
_CELL_FILE = re.compile(r"<ipython-input-|.*[/\\]ipykernel_\d+[/\\]")
_COLOUR = re.compile(r"\x1b\[[\d;]*m")
_ARROW = re.compile(r"\s*-*> ?(?P<line>\d{1,9})(?: (?P<code>.*))?$")
_NUMBERED = re.compile(r"\s*\d+(?: |$)")
_LINK = re.compile(r"\[([^\]\n]{1,300})\]\((?:https?://|vscode|file:|command:)[^)\s]*\)")
"""Places and line numbers as links, which is how browsers copy them out of Colab and VS Code."""
_SYNTAX = ("SyntaxError", "IndentationError", "TabError")
_BEGINNINGS = (TRACEBACK, "In [", "In[", "File ", "<ipython-input-")
_REACH = 60  # lines of source between a place and the exception, at most


@dataclass
class _Trace:
    """A traceback being read; `header` is the type that its first line names."""

    first: int
    header: str | None = None
    frames: list[Frame] = field(default_factory=list)
    last: int = 0
    arrows: int = 0
    typical: bool = False
    """Whether there is anything in it that only IPython writes."""


def parse(lines: Sequence[str]) -> Iterable[Failure]:
    """Every cell that failed, with what led to its exception."""
    texts, numbers = _unfolded(lines)
    return [renumbered(failure, numbers) for failure in _Reader(texts).failures()]


class _Reader:
    """Goes through the lines once; `_chain` holds errors that the next one followed from."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines
        self._trace: _Trace | None = None
        self._chain: list[LoggedError] = []
        self._first = 0
        self._whole = True
        self._at = 0

    def failures(self) -> Iterator[Failure]:
        """What the lines tell, in their order."""
        while self._at < len(self._lines):
            line = self._lines[self._at]
            if self._trace or self._chain or any(mark in line for mark in _BEGINNINGS):
                yield from self._step(line)
            self._at += 1
        yield from self._cut_off()

    def _step(self, line: str) -> Iterator[Failure]:
        header = _header(line)
        if header is not None:
            if self._trace:
                yield from self._cut_off()
            self._trace = _Trace(self._at, header, last=self._at, typical=bool(header))
            return
        place = _place(self._lines, self._at, self._trace is not None)
        if place:
            self._trace = self._trace or _Trace(self._at)
            self._trace.frames.append(place)
            self._trace.last = self._at
            self._trace.typical = self._trace.typical or _is_typical(line, place)
        elif self._trace:
            yield from self._inside(self._trace, line)
        elif self._chain and line.strip() and chain_link(self._lines, self._at) is None:
            yield from self._cut_off()

    def _inside(self, trace: _Trace, line: str) -> Iterator[Failure]:
        if self._at - trace.last > _REACH:
            yield from self._cut_off()
            return
        arrow = _ARROW.match(line) if ">" in line else None
        if arrow and trace.frames:
            trace.arrows += 1
            trace.last = self._at
            trace.frames[-1] = replace(trace.frames[-1], line=int(arrow["line"]), code=(arrow["code"] or "").strip())
            return
        named = self._exception(trace, line)
        if named:
            yield from self._close(trace, *named)
        elif trace.frames and not trace.frames[-1].code and self._at == trace.last + 1 and line[:4].isspace():
            trace.frames[-1] = replace(trace.frames[-1], code=line.strip())
        elif trace.header and _NUMBERED.match(line):
            trace.last = self._at

    def _exception(self, trace: _Trace, line: str) -> tuple[str, str] | None:
        if not line or (line[0].isspace() and not self._indented(trace, line)):
            return None
        if trace.header:
            return split_exception(line, name=trace.header)
        named = split_exception(line)
        if named is None or not (trace.frames and trace.typical):
            return None
        bare = trace.arrows == 0 and not self._is_plain(trace)
        return named if not bare or named[0] in _SYNTAX else None

    def _indented(self, trace: _Trace, line: str) -> bool:
        """Whether the whole traceback is indented like this line."""
        start = self._lines[trace.first]
        return len(line) - len(line.lstrip()) == len(start) - len(start.lstrip())

    def _is_plain(self, trace: _Trace) -> bool:
        return TRACEBACK in self._lines[trace.first]

    def _close(self, trace: _Trace, kind: str, message: str) -> Iterator[Failure]:
        """The exception is named: the error is complete."""
        last = message_end(self._lines, self._at)
        more = [line.rstrip() for line in self._lines[self._at + 1 : last + 1]]
        while more and more[-1] == self._lines[self._at].rstrip():  # nbconvert names the exception twice
            more.pop()
        error = LoggedError(kind, join_message(message, more), tuple(trace.frames), self._at)
        self._first = self._first if self._chain else trace.first
        self._whole = self._whole and bool(trace.header or self._is_plain(trace) or kind in _SYNTAX)
        self._trace = None
        self._at = last
        link, after = self._link(last + 1)
        if link:
            self._at = after
            self._chain.append(replace(error, relation=link))
        else:
            yield self._failure(error, last)

    def _link(self, start: int) -> tuple[Relation | None, int]:
        """What the error above is to the next one, and where the sentence that says so ends."""
        for at in range(start, min(start + 3, len(self._lines))):
            if self._lines[at].strip():
                wrapped = at + 1 < len(self._lines) and "following exception" in self._lines[at + 1]
                return chain_link(self._lines, at), at + wrapped
        return None, start

    def _cut_off(self) -> Iterator[Failure]:
        """The log ends, or goes on with something else, before the exception's message."""
        trace, self._trace = self._trace, None
        if trace and trace.header and trace.frames:
            self._first = self._first if self._chain else trace.first
            self._whole = False
            yield self._failure(LoggedError(trace.header, "", tuple(trace.frames), trace.first), trace.last)
        elif self._chain and (trace is None or not trace.header):
            *self._chain, error = self._chain
            yield self._failure(error, error.at)

    def _failure(self, error: LoggedError, last: int) -> Failure:
        errors = (*self._chain, error)
        certainty = Certainty.CERTAIN if self._whole else Certainty.LIKELY
        self._chain, self._whole = [], True
        return Failure("python", "notebook", errors, self._first, last, certainty=certainty)


def _header(line: str) -> str | None:
    """The type in a header; "" for a header that names none, where one of IPython's places may follow."""
    if TRACEBACK not in line:
        return None
    found = _HEADER.match(line)
    if found:
        return found["type"]
    return "" if line.strip() == TRACEBACK + ":" else None


def _is_typical(line: str, place: Frame) -> bool:
    return 'File "' not in line or _CELL_FILE.match(place.file or "") is not None


def _place(lines: Sequence[str], at: int, inside: bool) -> Frame | None:
    line = lines[at]
    if "[" not in line and "File " not in line and " in " not in line:
        return None
    found = _CELL.match(line) if "In" in line and "[" in line else None
    if found is None and "File " in line and (inside or ", in " in line):
        found = _FILE.match(line)
    if found is None and (inside or "ipython-input" in line or "ipykernel" in line):
        found = _QUOTED.match(line)
    if found is None and " in " in line and (inside or "<ipython-input-" in line):
        found = _OLD.match(line)
        if found is None or not _arrow_follows(lines, at):
            return None
    if found is None or (not inside and not _starts(lines, at, found)):
        return None
    groups = found.groupdict()
    number = groups.get("line")
    function = _function(groups.get("function"))
    return Frame(found["file"].strip(), int(number) if number else None, function, owns(found["file"]), at=at)


def _starts(lines: Sequence[str], at: int, found: re.Match[str]) -> bool:
    """Whether a traceback may begin with this place, where its header is missing: source must follow."""
    following = lines[at + 1] if at + 1 < len(lines) else ""
    return _arrow_follows(lines, at) or (found.re in (_CELL, _QUOTED) and following.startswith("    "))


def _arrow_follows(lines: Sequence[str], at: int) -> bool:
    for index in range(at + 1, min(at + 12, len(lines))):
        if not lines[index].strip():
            return False
        if "> " in lines[index] and _ARROW.match(lines[index]):
            return True
    return False


def _function(written: str | None) -> str | None:
    """A function's name without its arguments."""
    if not written:
        return None
    if written.startswith("<"):
        return written[: written.find(">") + 1] or written
    return written.partition("(")[0].strip() or None


def _unfolded(lines: Sequence[str]) -> tuple[Sequence[str], Sequence[int]]:
    """The lines, with those of a notebook's file, which are strings of JSON, taken apart; and where each one stood."""
    if any("](" in line for line in lines):
        lines = [_LINK.sub(r"\1", line) if "](" in line else line for line in lines]
    if not any('"traceback": [' in line for line in lines):
        return lines, range(len(lines))
    texts: list[str] = []
    numbers: list[int] = []
    inside = False
    for at, line in enumerate(lines):
        inside = inside or '"traceback": [' in line
        parts = _json_lines(line) if inside else [line]
        texts += parts
        numbers += [at] * len(parts)
        if inside and line.rstrip().endswith(("]", "],", "]}")):
            inside = False
    return texts, numbers


def _json_lines(line: str) -> list[str]:
    """The lines of a JSON string, or of a whole list of them."""
    text = line.partition('"traceback": ')[2] or line
    text = text.strip().rstrip("]},").strip() if text.lstrip().startswith('"') else text.strip().rstrip(",}")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return [line]
    strings = value if isinstance(value, list) else [value]
    return [part for each in strings if isinstance(each, str) for part in _COLOUR.sub("", each).split("\n")] or [line]


PARSER = Parser("notebook", (TRACEBACK, "Cell In", "Input In", "<ipython-input-", "ipykernel_"), parse)

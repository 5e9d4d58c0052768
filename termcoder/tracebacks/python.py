"""Python tracebacks, as the interpreter, `logging`, web frameworks and task queues print them."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from termcoder.tracebacks.parser import Parser
from termcoder.tracebacks.python_blocks import next_text
from termcoder.tracebacks.python_chains import Chain, read_chain
from termcoder.tracebacks.python_crash import read_crash, skip_stack
from termcoder.tracebacks.python_endings import handled, with_ending
from termcoder.tracebacks.python_guesses import guesses
from termcoder.tracebacks.python_leads import NAMED_BEFORE, Lead, is_expected, lead_of
from termcoder.tracebacks.python_lines import HEADER, frame_at, is_foreign, is_header, is_record, link_of, raised
from termcoder.tracebacks.python_sheet import Sheet, cut, same_shape, unboxed, unescaped
from termcoder.tracebacks.report import Certainty, Failure, LoggedError

_DEEPEST = 3
_CRASHES = ("Fatal Python error: ", "Windows fatal exception: ", "Timeout (")
_ESCAPED_HEADER = re.compile(r"(?:\w[^\"'\\]{0,80}: )?Traceback \(most recent call last\):\\n")


def _parse(lines: Sequence[str]) -> Iterable[Failure]:
    found = list(_Scan(unboxed(lines)).failures())
    return with_ending(found, lines) or guesses(lines)


class _Scan:
    """Goes through a log once.

    `_floor` is the line after what was looked at, `_read` that after the last traceback, and `_stack` the lines of the
    last stack that belongs to no error.
    """

    def __init__(self, sheet: Sheet, depth: int = 0) -> None:
        self._sheet = sheet
        self._texts = sheet.texts
        self._depth = depth
        self._floor = 0
        self._read = 0
        self._stack: tuple[int, int] | None = None

    def failures(self) -> Iterator[Failure]:
        at = 0
        for at, text in enumerate(self._texts):
            if at < self._floor:
                continue
            if "(most recent call" in text or "(innermost last)" in text:
                yield from self._header(at, text)
            elif 'File "' in text:
                yield from self._headless(at, text)
            elif text == "Call stack:":
                self._floor = skip_stack(self._texts, at)  # what logging adds where it fails itself
            elif "above exception" in text:
                yield from self._orphan(at, text)
            elif ("atal" in text or "Timeout (" in text) and any(mark in text for mark in _CRASHES):
                failure, self._floor = read_crash(self._sheet, at)
                if failure:
                    yield failure

    def _header(self, at: int, text: str) -> Iterator[Failure]:
        if not is_header(text):
            end = skip_stack(self._texts, at)
            self._stack, self._floor = (at, end), end
            return
        if HEADER + "\\n" in text:
            yield from self._escaped(at, text)
            return
        margin = self._margin(at, text)
        if margin and self._depth < _DEEPEST:
            yield from self._cut(at, margin)
            return
        yield from self._chain(at)

    def _chain(self, at: int) -> Iterator[Failure]:
        chain = self._named_above(read_chain(self._sheet, at), at)
        if not chain.errors:
            return
        start = self._stack[0] if self._stack and self._stack[1] == at else at
        lead = lead_of(self._texts, start, min(self._read, start))
        self._floor = self._read = chain.end
        yield _failure(self._sheet, chain, lead)

    def _named_above(self, chain: Chain, at: int) -> Chain:
        """The exception may stand before its traceback, and nothing after it."""
        if at <= self._floor or [error.type for error in chain.errors] not in ([], ["Traceback"]):
            return chain
        named = NAMED_BEFORE.match(self._texts[at - 1])
        if named is None or (not named["level"] and not chain.errors):
            return chain
        frames = chain.errors[0].frames if chain.errors else ()
        error = LoggedError(named["type"], named["message"].rstrip(), frames, self._sheet.numbers[at - 1])
        return replace(chain, errors=(error,), whole=bool(frames), end=max(chain.end, at + 1))

    def _headless(self, at: int, text: str) -> Iterator[Failure]:
        """Frames without a header: a SyntaxError of the program's own file, or a log that begins in the middle."""
        if not text.lstrip().startswith('File "') or frame_at(self._texts, at) is None:
            return
        if at and self._texts[at - 1].endswith("defined at:"):
            self._floor = skip_stack(self._texts, at)  # where TensorFlow's operation was made
            return
        chain = self._named_above(read_chain(self._sheet, at), at)
        if not chain.errors:
            return
        last = chain.errors[-1]
        if len(chain.errors) == 1 and last.type == "Traceback" and len(last.frames) < 2:
            return
        self._floor = self._read = chain.end
        named_above = chain.errors[0].at < self._sheet.numbers[at]
        yield _failure(self._sheet, chain, Lead(at - 1 if named_above else at))

    def _orphan(self, at: int, text: str) -> Iterator[Failure]:
        """A link whose first traceback has no header: an exception that was never raised, or a cut log."""
        if link_of(text.strip()) is None:
            return
        start = self._unraised(at)
        chain = read_chain(self._sheet, at if start is None else start)
        self._floor = max(at + 1, chain.end)
        if chain.errors and chain.errors[-1].frames:
            yield _failure(self._sheet, chain, Lead(at if start is None else start))

    def _unraised(self, link: int) -> int | None:
        """The line of an exception that was made but never raised, right before the link."""
        at = link - 1
        while at >= self._floor and not self._texts[at].strip():
            at -= 1
        found = None
        for line in range(at, max(self._floor, at - 20) - 1, -1):
            text = self._texts[line]
            if not text.strip() or is_foreign(text.strip()):
                break
            if raised(text.strip()):
                found = line
        return found

    def _escaped(self, at: int, text: str) -> Iterator[Failure]:
        """A traceback in one line, as JSON logs have it."""
        match = _ESCAPED_HEADER.search(text)
        start = text.index(HEADER) if match is None else match.start()
        sheet = unescaped(text, text.index(HEADER), self._sheet.numbers[at])
        self._floor = at + 1
        for failure in _Scan(sheet, self._depth + 1).failures():
            yield handled(failure) if is_expected(text, text[start:]) else failure

    def _margin(self, at: int, text: str) -> str:
        """What stands before the lines of this traceback beside white space."""
        column = text.index("Traceback (")
        following = next_text(self._texts, at + 1, 2)
        if following is None:
            return ""
        name = self._texts[following].find('File "')
        if name == column and same_shape(text[:column], self._texts[following][:column]):
            return text[:column] if text[:column].strip() else ""  # the traceback's own indentation was lost
        margin = self._texts[following][: max(0, name - 2)]
        return margin if name >= 2 and column >= name - 2 and margin.strip() else ""

    def _cut(self, at: int, margin: str) -> Iterator[Failure]:
        sheet = cut(self._sheet, at + 1, margin, HEADER)
        self._floor = at + len(sheet.texts)
        lead = lead_of(self._texts, at, self._read)
        for index, failure in enumerate(_Scan(sheet, self._depth + 1).failures()):
            first = index == 0 and lead.went_on
            yield handled(failure) if first else failure


def _failure(sheet: Sheet, chain: Chain, lead: Lead) -> Failure:
    failure = Failure(
        "python",
        "django" if chain.django else "traceback",
        chain.errors,
        first=sheet.numbers[lead.first],
        last=sheet.numbers[max(chain.end - 1, lead.first)],
        root=chain.root,
        certainty=Certainty.CERTAIN if chain.whole else Certainty.LIKELY,
    )
    return handled(failure) if lead.went_on or (lead.warned and _record_follows(sheet, chain.end)) else failure


def _record_follows(sheet: Sheet, at: int) -> bool:
    following = next_text(sheet.texts, at, 3)
    return following is not None and is_record(sheet.texts[following].strip())


PARSER = Parser(
    "python",
    (
        HEADER,
        "Traceback (innermost last)",
        '", line ',
        "above exception",
        "Fatal Python error",
        "Windows fatal exception",
        "Timeout (",
        "Error",
        "Exception",
        "Exit",
        "Interrupt",
        "Iteration",
        ": error: ",
        "can't open file",
        "No module named ",
        "FAIL Required",
    ),
    _parse,
)

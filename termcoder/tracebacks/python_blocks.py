"""One traceback: its frames, the exception at its end, and how far that exception's message goes."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from termcoder.tracebacks.python_lines import (
    Raised,
    frame_at,
    is_foreign,
    is_header,
    is_trailer,
    link_of,
    raised,
)
from termcoder.tracebacks.python_sheet import Sheet
from termcoder.tracebacks.report import Frame

_MOST_CODE = 20  # lines that Python shows of one frame, at most
_MOST_MESSAGE = 400
_AHEAD = 60
_WIDE = 70  # a terminal or a mail program may have broken a line this long
_MARKERS = re.compile(r"[\s~^|]*\Z")
_MARKED = re.compile(r"\s+[~^]+[\s~^]*\Z")
_GAP = re.compile(
    r"(?:\[?(?:\.\.\.|\u2026)+\]?|<snip>|\[?\(?(?:snip|truncated|omitted)\)?\]?|--- <exception caught here> ---)\s*\Z"
)
REMOTE = ": ray::"
"""What stands before the frames of another process, in the message of Ray's errors."""
_SURE_NAME = re.compile(r"[\w.]*(?:Error|Exception|Exit|Interrupt|Iteration|Warning|Group)\b")
_ONE_LINE = frozenset(
    [
        "KeyError",
        "IndexError",
        "NameError",
        "UnboundLocalError",
        "AttributeError",
        "ModuleNotFoundError",
        "ZeroDivisionError",
        "RecursionError",
        "FileNotFoundError",
        "PermissionError",
        "UnicodeDecodeError",
        "UnicodeEncodeError",
        "KeyboardInterrupt",
        "SyntaxError",
        "TabError",
        "IndentationError",
        "StopIteration",
        "ConnectionRefusedError",
        "BrokenPipeError",
        "IsADirectoryError",
        "NotADirectoryError",
    ]
)


@dataclass(frozen=True, slots=True)
class Block:
    """A traceback as it was read; `end` is the line after it, `whole` says that nothing of it was missing.

    Without `raised`, the log breaks off before it says what happened; `at` is its line otherwise.
    """

    frames: tuple[Frame, ...]
    raised: Raised | None
    at: int
    end: int
    whole: bool


def read_block(sheet: Sheet, start: int, base: int) -> Block:
    """The traceback whose frames begin at `start` (after its header), indented by `base` as a whole."""
    reading = _Frames(sheet, start, base)
    reading.read()
    frames = tuple(
        Frame(frame.file, frame.line, frame.function, frame.own, code=code, at=sheet.numbers[frame.at])
        for frame, code in zip(reading.frames, reading.codes, strict=True)
    )
    found = reading.raised
    if found is None:
        return Block(frames, None, min(reading.at, len(sheet.texts) - 1), reading.at, whole=False)
    lines, end = _message(sheet, reading.at + 1, base, found)
    message = "\n".join((found.message, *lines)).strip("\n").rstrip()
    return Block(frames, Raised(found.type, message.lstrip("\n")), reading.at, end, not reading.gaps)


class _Frames:
    """Goes down the lines of a traceback until its exception; `at` is where it stopped."""

    def __init__(self, sheet: Sheet, start: int, base: int) -> None:
        self.frames: list[Frame] = []
        self.codes: list[str] = []
        self.raised: Raised | None = None
        self.gaps = False
        self.at = start
        self._start = start
        self._texts = sheet.texts
        self._members = sheet.members
        self._base = base
        self._since_frame = 0
        self._flush = False

    def read(self) -> None:
        while self.at < len(self._texts) and self._since_frame <= _MOST_CODE:
            if self.at in self._members and self.at > self._start:
                return
            named = frame_at(self._texts, self.at)
            if named:
                self._take(*named)
            elif not self._step(dedented(self._texts[self.at], self._base)):
                return

    def _take(self, frame: Frame, lines: int) -> None:
        if not self.frames:
            self._flush = indent_of(self._texts[self.at]) <= self._base
        self.frames.append(frame)
        self.codes.append(frame.code)
        self.at += lines
        self._since_frame = 0

    def _step(self, text: str) -> bool:
        """Go over a line that names no frame. False where the traceback ends."""
        self._since_frame += 1
        if not text.strip():
            return self._over_blank()
        if _GAP.match(text.strip()):
            self.gaps = not text.startswith("---")
        elif text[0].isspace():
            self._code(text)
        elif not self._over_unindented(text):
            return False
        self.at += 1
        return True

    def _over_blank(self) -> bool:
        """Code of several lines has blank ones, and messengers put blank lines between all of them."""
        following = next_text(self._texts, self.at, 3)
        if following is None or is_header(self._texts[following]) or link_of(self._texts[following]):
            return False
        text = dedented(self._texts[following], self._base)
        next_frame = self._flush and text.startswith('File "')
        if not text[0].isspace() and not next_frame and not (self.frames and _SURE_NAME.match(text)):
            return False
        self.at = following
        return True

    def _over_unindented(self, text: str) -> bool:
        """False at the exception, or at what can't belong to the traceback."""
        followed = self._frame_follows()
        if self._flush and not _SURE_NAME.match(text):
            return followed or self._since_frame == 1
        if followed and REMOTE in text and (found := raised(text)):
            self.raised = found
            return False
        if followed and (self._long_before() or not raised(text)):
            return True
        if is_header(text) or link_of(text):
            return False
        found = raised(text)
        if found and not followed and (not is_foreign(text) or _SURE_NAME.match(text)):
            self.raised = found
            return False
        return self._long_before() and self._since_frame <= 3

    def _frame_follows(self) -> bool:
        """Whether the line is still about a frame, as the next ones are; a broken line's rest may take a few."""
        reach = 4 if self._long_before() else 2
        for at in range(self.at + 1, min(self.at + reach, len(self._texts))):
            if frame_at(self._texts, at) is not None:
                return True
            if _MARKED.match(self._texts[at]):
                return True
            if is_header(self._texts[at]) or not self._texts[at].strip():
                return False
        return False

    def _long_before(self) -> bool:
        return self.at > 0 and len(self._texts[self.at - 1]) >= _WIDE

    def _code(self, text: str) -> None:
        if self.codes and not self.codes[-1] and not _MARKERS.match(text):
            self.codes[-1] = text.strip()


def dedented(text: str, base: int) -> str:
    """A line without the indentation of the whole traceback."""
    return text[min(base, indent_of(text)) :] if base else text


def indent_of(text: str) -> int:
    """How many white characters a line begins with."""
    return len(text) - len(text.lstrip())


def next_text(texts: Sequence[str], at: int, reach: int) -> int | None:
    """The first line from `at` on that isn't blank, if it comes within `reach` lines."""
    for index in range(at, min(at + reach, len(texts))):
        if texts[index] and not texts[index].isspace():
            return index
    return None


def _message(sheet: Sheet, start: int, base: int, found: Raised) -> tuple[list[str], int]:
    """The further lines of a message, and where they end."""
    end = _known_end(sheet, start, base)
    if end is None:
        end = _likely_end(sheet, start, base, found)
    lines = [dedented(text, base).rstrip() for text in sheet.texts[start:end]]
    while lines and not lines[-1]:
        lines.pop()
    return lines, start + len(lines)


def _known_end(sheet: Sheet, start: int, base: int) -> int | None:
    """Where the message ends for sure: at a group's members, at the link to the next traceback, at a sheet's end."""
    reach = len(sheet.texts) if sheet.bounded else min(len(sheet.texts), start + _AHEAD)
    for at in range(start, reach):
        if at in sheet.members:
            return at
        text = sheet.texts[at].strip()
        if link_of(text):
            return at
        if text.startswith(('File "', '"""')) or "(most recent call" in text:
            return None
        if not sheet.bounded and is_foreign(text):
            return None
    return reach if sheet.bounded or reach in sheet.members else None


def _likely_end(sheet: Sheet, start: int, base: int, found: Raised) -> int:
    """Where a message of several lines most likely ends, for an error that nothing else follows."""
    texts = sheet.texts
    one_line = found.type.rpartition(".")[2] in _ONE_LINE
    at, before = start, found.message
    while at < min(len(texts), start + _MOST_MESSAGE):
        text = dedented(texts[at], base)
        if at in sheet.members or _stops(text, base, texts[at]):
            break
        if not text.strip():
            following = next_text(texts, at, 2)
            if following is None or not _resumes(before, dedented(texts[following], base)):
                break
        elif one_line and not text[0].isspace():
            break
        before = text if text.strip() else before
        at += 1
    return at


def _stops(text: str, base: int, written: str) -> bool:
    stripped = text.strip()
    if not stripped:
        return False
    if stripped.startswith('File "') or "(most recent call" in text:
        return True
    if base and indent_of(written) < base:
        return True
    return not text[0].isspace() and is_foreign(text)


def _resumes(before: str, text: str) -> bool:
    """Whether a message goes on after a blank line: where both sides are indented, or a database's answer follows."""
    if is_trailer(text):
        return True
    return text[:1].isspace() and (before[:1].isspace() or not before)

"""Reads the tracebacks that Rich draws in boxes, for Typer, structlog and many others."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from termcoder.tracebacks.exception_lines import chain_link, message_end, split_exception
from termcoder.tracebacks.parser import Parser
from termcoder.tracebacks.python_lines import owns
from termcoder.tracebacks.report import Certainty, Failure, Frame, LoggedError, Relation

_TITLE = "Traceback (most "  # a narrow box cuts the rest of it
_TOP = re.compile(r"[╭┌┏╔+][─━═-]+ Traceback \(most [a-z )]*[─━═-]*[╮┐┓╗+]?")
_SIDES = "│┃║|"
_BOTTOM = re.compile(r"[╰└┗╚+][─━═-]{3,}")
_SECOND_TOP = re.compile(r"[╭┌┏╔+][─━═-]{3,}[╮┐┓╗+]?\s*$")
_PLACE = re.compile(r"(?P<file>\S.*?):(?P<line>\d{1,9}) in (?P<function>\S.*)$")
_BARE_PLACE = re.compile(r"(?P<file>\S.*?):(?P<line>\d{1,9})$")
_CODE = re.compile(r"(?P<mark>[❱>] +)?(?P<line>\d{1,9})(?: [│|]?(?P<code>.*))?$")
_GUIDES = re.compile(r"^[│|\s]+")
_NOTE = "[NOTE] "
_LONGEST = 3_000  # lines of one box
_LONGEST_PLACE = 8  # lines that a path takes in a narrow box


@dataclass(frozen=True, slots=True)
class _Box:
    """A box that was read: `column` is where its left side stands, `width` how wide it is, `last` its last line."""

    frames: tuple[Frame, ...]
    column: int
    width: int
    last: int
    whole: bool


def parse(lines: Sequence[str]) -> Iterable[Failure]:
    """Every box with the exception below it; boxes that follow from each other are one failure."""
    at, chain, first, whole = 0, list[LoggedError](), 0, True
    while at < len(lines):
        top = _TOP.search(lines[at]) if _TITLE in lines[at] else None
        if top is None:
            at += 1
            continue
        first = at if not chain else first
        error, last, complete = _error(lines, at, top)
        whole = (whole or not chain) and complete
        at = last + 1
        link, after = _link(lines, at)
        if link and after < len(lines) and error:
            chain.append(replace(error, relation=link))
            at = after
            continue
        errors = (*chain, *((error,) if error else ()))
        if errors:
            certainty = Certainty.CERTAIN if whole else Certainty.LIKELY
            yield Failure("python", "rich", errors, first, last, certainty=certainty)
        chain = []


def _error(lines: Sequence[str], at: int, top: re.Match[str]) -> tuple[LoggedError | None, int, bool]:
    """The error of the box at `at`, the last line it takes, and whether nothing was missing."""
    box = _read_box(lines, at, top.start(), top.end() - top.start())
    if box.last + 1 < len(lines) and _SECOND_TOP.match(lines[box.last + 1][box.column :]):
        place = _read_box(lines, box.last + 1, box.column, box.width, bare=True)  # of source that can't be read
        box = replace(place, frames=(*box.frames, *place.frames))
    for index in range(box.last + 1, min(box.last + 3, len(lines))):
        named = _named(lines[index][box.column :])
        if named:
            message, notes, last = _message(lines, index, box, named[1])
            return LoggedError(named[0], message, box.frames, index, notes=notes), last, box.whole
        if lines[index].strip():
            break
    if not box.frames:
        return None, box.last, False
    return LoggedError("Traceback", "", box.frames, at), box.last, False


def _named(text: str) -> tuple[str, str] | None:
    """Whatever its name, the first word below a box is an exception's type."""
    found = split_exception(text)
    if found:
        return found
    word, colon, message = text.strip().partition(": ")
    return (word, message) if word.replace(".", "_").isidentifier() and (colon or text.strip() == word) else None


def _read_box(lines: Sequence[str], top: int, column: int, width: int, *, bare: bool = False) -> _Box:
    frames: list[Frame] = []
    words: list[tuple[int, str]] = []
    last, closed = top, False
    for at in range(top + 1, min(top + _LONGEST, len(lines))):
        line = lines[at]
        if _BOTTOM.match(line[column:]):
            last, closed = at, True
            break
        if line[column : column + 1] not in _SIDES or len(line) <= column:
            if not line.strip() or _TITLE in line:
                break
            continue  # the rest of a line that was broken
        last = at
        _take(frames, words, at, _inner(line, column, width))
    frames += _bare_place(words) if bare else _places(words)
    return _Box(tuple(frames), column, width, last, closed)


def _inner(line: str, column: int, width: int) -> str:
    text = line[column + 1 : column + width] if len(line) >= column + width else line[column + 1 :]
    text = text.rstrip()
    return text[:-1] if text[-1:] and text[-1] in _SIDES else text


def _take(frames: list[Frame], words: list[tuple[int, str]], at: int, inner: str) -> None:
    """Read one line of a box: a place may go on in the next line, code and blanks end it."""
    text = inner.strip()
    code = _CODE.match(text) if text and (text[0].isdigit() or text[0] in "❱>") else None
    if text and code is None and text[0] not in "│┃║|╭╰┌└+":
        words.append((at, inner))
        return
    frames += _places(words)
    words.clear()
    if code and code["mark"] and frames and frames[-1].line == int(code["line"]):
        frames[-1] = replace(frames[-1], code=_GUIDES.sub("", code["code"] or "").strip())


def _places(words: Sequence[tuple[int, str]]) -> list[Frame]:
    """The frames that some lines of a box name, one a line or one in several."""
    found: list[Frame] = []
    start = 0
    while start < len(words):
        taken = 1
        for end in range(start + 1, min(start + _LONGEST_PLACE, len(words)) + 1):
            frame = _place([text for _, text in words[start:end]], words[start][0])
            if frame:
                found.append(frame)
                taken = end - start
                break
        start += taken
    return found


def _place(texts: Sequence[str], at: int) -> Frame | None:
    for joined in (_joined(texts), " ".join(text.strip() for text in texts)):
        match = _PLACE.match(joined) if ":" in joined else None
        if match:
            file = match["file"]
            return Frame(file, int(match["line"]), match["function"], owns(file), at=at)
    return None


def _bare_place(words: Sequence[tuple[int, str]]) -> list[Frame]:
    """The file and the line of source that can't be read, above its code."""
    for at, text in words[:1]:
        match = _BARE_PLACE.match(text.strip())
        if match:
            code = words[1][1].strip() if len(words) > 1 else ""
            return [Frame(match["file"], int(match["line"]), None, owns(match["file"]), code=code, at=at)]
    return []


def _joined(texts: Sequence[str]) -> str:
    """What Rich folded: a line that reaches the box's side was cut anywhere, a shorter one at a blank."""
    text = texts[0].strip()
    for before, after in pairwise(texts):
        text += after.strip() if not before.endswith("  ") else " " + after.strip()
    return text


def _message(lines: Sequence[str], at: int, box: _Box, first: str) -> tuple[str, tuple[str, ...], int]:
    """The message that begins at `at`, its notes, and its last line. Rich breaks long ones between words."""
    end = message_end(lines, at)
    parts, notes = [first.rstrip()], list[str]()
    before, last = lines[at].rstrip(), at
    for index in range(at + 1, end + 1):
        line = lines[index]
        if line[: box.column].strip() or not line[box.column :].strip():
            break
        text = line[box.column :].rstrip()
        if text.startswith(_NOTE):
            notes.append(text.removeprefix(_NOTE))
        elif len(before) - box.column + 1 + len(text.split()[0]) > box.width > len(before) - box.column - 1:
            parts[-1] += " " + text.strip()
        else:
            parts.append(text)
        before, last = line.rstrip(), index
    return "\n".join(parts).rstrip(), tuple(notes), last


def _link(lines: Sequence[str], start: int) -> tuple[Relation | None, int]:
    """What the error above is to the next box, and where that begins."""
    link = None
    for at in range(start, min(start + 8, len(lines))):
        link = link or chain_link(lines, at)
        if link and _TITLE in lines[at]:
            return link, at
    return None, start


PARSER = Parser("rich", (_TITLE,), parse)

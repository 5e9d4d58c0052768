"""Stack traces as PHP writes them, and how they become frames.

Entry `#0 /app/shop.php(20): total()` says that line 20 calls total(): what is thrown was thrown inside total(), and
line 20 itself runs in the function of the next entry. Xdebug and the consoles of Symfony and Laravel mean the same.
"""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from termcoder.tracebacks.paths import is_library
from termcoder.tracebacks.report import Frame

LONGEST_MESSAGE = 60  # lines

_ENTRY = re.compile(
    r"\s*#\d+ (?:(?P<file>.+?)\((?P<line>\d{1,9})\)|(?P<internal>\[internal function\])): (?P<call>.*)$"
)
_MAIN = re.compile(r"\s*#\d+ \{main\}")
_FUNCTION = re.compile(r"(?:\{[^}]*\}|[^({])*")
_BUILT_IN = re.compile(
    r"(?:^|[/\\])(?:wp-includes|wp-admin)[/\\]|^phar:|\.phar(?:[/\\]|$)|(?:^|[/\\])(?:artisan|bin[/\\]console)$"
)
_TAGS = re.compile(r"</?(?:b|br|p|pre|i|font|tr|th|td|table|span)\b[^>]{0,200}>")
_STDERR_OF_POOL = re.compile(
    r".{0,80}?\] child \d+ said into stderr: \"(?:NOTICE: PHP message: )?(?P<text>.*?)\"?(?:, pipe is closed)?$"
)
_ESCAPED_LINE = re.compile(r"\\n(?=#\d+ |\[stacktrace\]|\[previous exception\]|\"\})")
_ON_ONE_LINE = re.compile(
    r"(?:(?<=[\w)])[ ]+(?=Stack[ ]trace:\s*(?:\#0[ ]|$))"
    r"|[ ]+(?=\#\d+[ ](?:/|[A-Za-z]:[\\/]|\[internal[ ]function\]:|\{main\}|phar:))"
    r"|(?<=\{main\})[ ]+(?=(?:thrown[ ])?in[ ]))",
    re.VERBOSE,
)
"""What stands where newlines were, in the log of a server or on a page."""
_LONGEST_ALONE = 30  # characters of a line that has only `Stack trace:`
_SERVER = re.compile(r"\" while (?:reading|sending) .*$|, referer: \S+$")


class Row(NamedTuple):
    """A line of the log without what servers put around it, or a part of one that holds several."""

    text: str
    at: int


@dataclass(frozen=True, slots=True)
class Entry:
    """What a trace says of one call: what is called, and from where."""

    call: str
    file: str | None
    line: int | None
    at: int


def rows_of(lines: Sequence[str]) -> list[Row]:
    """The lines as PHP printed them."""
    rows: list[Row] = []
    for at, line in enumerate(lines):
        if "\\n" in line and ("#0 " in line or "[object]" in line or "Stack trace" in line):
            parts = line.split("\\n") if "Stack trace:\\n" in line else _ESCAPED_LINE.split(line)
            rows += [Row(_bare(part), at) for part in parts]
        elif _may_be_several(line):
            rows += [Row(part, at) for part in _ON_ONE_LINE.split(_bare(line))]
        else:
            rows.append(Row(_bare(line), at))
    return rows


def _may_be_several(line: str) -> bool:
    """Whether newlines may have been lost from a line."""
    if "Stack trace:" in line and len(line) > _LONGEST_ALONE:
        return True
    return "{main} " in line or ("#1 " in line and "#0 " in line)


def _bare(line: str) -> str:
    if "<" not in line and '"' not in line and "referer" not in line:
        return line
    if "said into stderr: " in line and (found := _STDERR_OF_POOL.match(line)):
        return found["text"]
    if '" while ' in line or ", referer: " in line:
        line = _SERVER.sub("", line)
    if "</b>" in line or "<br" in line:
        line = html.unescape(_TAGS.sub("", line))
    return line


def read_entries(rows: Sequence[Row], at: int) -> tuple[list[Entry], int]:
    """The numbered entries from row `at` on, innermost first, and the row after them."""
    entries: list[Entry] = []
    while at < len(rows) and "#" in rows[at].text:
        entry, width = _entry(rows, at)
        if entry is None:
            break
        entries.append(entry)
        at += width
        if entry.call == "{main}":
            break
    return entries, at


def _entry(rows: Sequence[Row], at: int) -> tuple[Entry | None, int]:
    """The entry of a row, put together with the next row where a terminal has wrapped it."""
    entry = _read_entry(rows[at].text, rows[at].at)
    wrapped = at + 1 < len(rows) and _goes_on(rows[at + 1].text)
    if entry is None and wrapped and rows[at].text.lstrip().startswith("#"):
        return _read_entry(rows[at].text + rows[at + 1].text.strip(), rows[at].at), 2
    return entry, 2 if entry and wrapped and entry.call != "{main}" and ")" not in rows[at].text[-3:] else 1


def _goes_on(text: str) -> bool:
    text = text.strip()
    return bool(text) and not text.startswith(("#", "Next ", "thrown in", '"}', "[previous", "[stacktrace"))


def _read_entry(text: str, at: int) -> Entry | None:
    if _MAIN.match(text):
        return Entry("{main}", None, None, at)
    found = _ENTRY.match(text)
    if found is None:
        return None
    line = int(found["line"]) if found["line"] else None
    return Entry(function_of(found["call"]), found["file"], line, at)


def function_of(call: str) -> str:
    """The function of a call as a trace writes it, without its arguments; closures may have brackets in their name."""
    found = _FUNCTION.match(call)
    return (found[0] if found else call).strip() or call.strip()


def frames_of(thrown: Entry | None, entries: Sequence[Entry]) -> tuple[Frame, ...]:
    """The frames, outermost first: the place where it was thrown, then those that the entries were called from."""
    places = [thrown, *entries] if thrown else list(entries)
    names = [entry.call for entry in entries] if thrown else [entry.call for entry in entries[1:]]
    frames = []
    for number, entry in enumerate(places):
        function = names[number] or None if number < len(names) else None
        if entry.file is not None or (function and entry.call):
            frames.append(_frame(entry, function))
    return tuple(frames[::-1])


def _frame(entry: Entry, function: str | None) -> Frame:
    if entry.file is None:
        return Frame(None, None, function, own=False, at=entry.at)
    return Frame(entry.file, entry.line, function, is_own(entry.file), at=entry.at)


def is_own(file: str) -> bool:
    """Whether a path is that of the user's own code."""
    return not is_library(file) and not _BUILT_IN.search(file)

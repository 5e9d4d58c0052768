"""What was typed into the composer, kept between runs: one JSON string a line, private to the user.

Programs that run at once append to one file, each entry in a single write. When the file has grown past its
limit, its newest part is written anew under a lock. A line that can't be read is skipped.
"""

import contextlib
import errno
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from termcoder import atomic, paths

MAX_ENTRIES = 1000
MAX_BYTES = 2_000_000  # of the file, before it is compacted
MAX_ENTRY_CHARS = 100_000  # a longer one (a pasted log) is not written
_FUZZY_CHARS = 200  # letters in order are sought in this much of an entry: further on they mean nothing


class History:
    """The entries of a history file, oldest first, without repeats that follow each other.

    The file is read once, by `load()`; entries that other programs add later come with the next start. Losing
    history loses no work, so a disk that can't be read or written is not an error: `add` says what it kept.
    """

    def __init__(self, file: Path | None = None, *, max_entries: int = MAX_ENTRIES, max_bytes: int = MAX_BYTES) -> None:
        self._file = file
        self._max_entries = max_entries
        self._max_bytes = max_bytes
        self._entries: list[str] = []

    @property
    def file(self) -> Path:
        """Where the entries are kept."""
        return self._file if self._file is not None else paths.history_file()

    @property
    def entries(self) -> tuple[str, ...]:
        """The entries, oldest first."""
        return tuple(self._entries)

    def load(self) -> "History":
        """Read the file; an absent or unreadable one leaves the history empty. Returns itself."""
        self._entries = _read(self.file)[-self._max_entries :]
        return self

    def add(self, text: str) -> bool:
        """Make `text` the newest entry, unless it is blank or the newest already.

        Returns False where it only lives as long as this program: over `MAX_ENTRY_CHARS`, or not to be written.
        """
        if not text.strip() or self._entries[-1:] == [text]:
            return True
        self._entries = [*self._entries, text][-self._max_entries :]
        if len(text) > MAX_ENTRY_CHARS:
            return False
        try:
            self._append(text)
        except OSError:
            return False
        return True

    def search(self, query: str, limit: int = 50) -> list[str]:
        """The entries that hold `query`, then those that hold its letters in order; newest first, each once."""
        return search(self._entries, query, limit)

    def navigator(self, draft: str = "") -> "HistoryNavigator":
        """A navigator over the entries of now, standing on `draft`."""
        return HistoryNavigator(self.entries, draft, len(self._entries), draft)

    def _append(self, text: str) -> None:
        paths.private_dir(self.file.parent)
        with atomic.locked(atomic.lock_beside(self.file)):
            size = _append_line(self.file, _line(text))
            if size > self._max_bytes:
                self._compact()

    def _compact(self) -> None:
        """Write the newest entries, up to half of the limit, into a new file in the old one's place."""
        kept: list[bytes] = []
        room = self._max_bytes // 2
        for entry in reversed(_read(self.file)[-self._max_entries :]):
            line = _line(entry)
            room -= len(line)
            if room < 0:
                break
            kept.append(line)
        atomic.write(self.file, b"".join(reversed(kept)))


@dataclass(frozen=True, slots=True)
class HistoryNavigator:
    """Where up and down have led in the history: a value, each step gives the next one.

    `draft` is what was being typed: stepping below the newest entry brings it back. Its text is also a prefix:
    only entries that begin with it are visited, so that "git" and up finds what was typed after "git".
    `place` counts from the oldest entry; `len(entries)` is the draft. `text` is what to show.
    """

    entries: Sequence[str]
    draft: str
    place: int
    text: str

    @property
    def on_draft(self) -> bool:
        """Whether this is the draft and not an entry."""
        return self.place >= len(self.entries)

    def up(self) -> "HistoryNavigator":
        """The next older entry that fits and differs from what is shown; unchanged at the oldest."""
        for place in range(min(self.place, len(self.entries)) - 1, -1, -1):
            if self._fits(place):
                return replace(self, place=place, text=self.entries[place])
        return self

    def down(self) -> "HistoryNavigator":
        """The next newer entry that fits, after the newest the draft."""
        for place in range(self.place + 1, len(self.entries)):
            if self._fits(place):
                return replace(self, place=place, text=self.entries[place])
        return replace(self, place=len(self.entries), text=self.draft)

    def _fits(self, place: int) -> bool:
        entry = self.entries[place]
        return entry.startswith(self.draft) and entry != self.text


def search(entries: Sequence[str], query: str, limit: int = 50) -> list[str]:
    """See `History.search`. Case counts only where `query` has a capital letter; an empty query finds all."""
    newest_first = list(dict.fromkeys(reversed(entries)))
    fold = str if query != query.lower() else str.lower
    exact = [entry for entry in newest_first if query in fold(entry)]
    if len(exact) >= limit:
        return exact[:limit]
    loose = [e for e in newest_first if query not in fold(e) and _in_order(query, fold(e[:_FUZZY_CHARS]))]
    return [*exact, *loose][:limit]


def _in_order(query: str, text: str) -> bool:
    """Whether the letters of `query`, its blanks aside, come in this order in `text`."""
    letters = iter(text)
    return all(letter in letters for letter in query if not letter.isspace())


def _line(text: str) -> bytes:
    return json.dumps(text, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"


def _read(file: Path) -> list[str]:
    try:
        data = file.read_bytes()
    except OSError:
        return []
    return list(_without_repeats(_parsed(data)))


def _parsed(data: bytes) -> Iterator[str]:
    for line in data.split(b"\n"):
        with contextlib.suppress(ValueError, RecursionError):
            entry = json.loads(line)
            if isinstance(entry, str) and entry.strip():
                yield entry


def _without_repeats(entries: Iterable[str]) -> Iterator[str]:
    last = None
    for entry in entries:
        if entry != last:
            yield entry
        last = entry


def _append_line(file: Path, line: bytes) -> int:
    """Append in one write, on a line of its own even after a line that was cut short. Returns the file's size."""
    descriptor = os.open(file, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        size = os.fstat(descriptor).st_size
        torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
        data = b"\n" + line if torn else line
        if os.write(descriptor, data) < len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return os.fstat(descriptor).st_size
    finally:
        os.close(descriptor)

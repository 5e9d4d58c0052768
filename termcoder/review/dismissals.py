"""Findings that the user doesn't want to see again, kept from one review to the next.

One private JSON file a project. What is kept of a finding is its fingerprint, with its title and the time for people.
"""

import json
from datetime import UTC, datetime
from pathlib import Path

from termcoder import atomic, paths
from termcoder.errors import TermcoderError
from termcoder.review.finding import Finding

KEPT = 5_000
"""How many dismissals a project remembers; the oldest go."""
TITLE_CHARS = 200
"""A longer title is kept cut."""

_VERSION = 1
_MOST_BYTES = 10_000_000

Entries = dict[str, dict[str, str]]
"""Title and time of each fingerprint, the oldest first."""


class Dismissals:
    """What was dismissed in one project. Its methods block for the disk: call them off the event loop.

    Programs that run at once see each other's dismissals. A file that can't be read dismisses nothing; one that is
    damaged is set aside, with `.damaged` behind its name, when the next dismissal is written.
    """

    def __init__(self, project_root: Path) -> None:
        self._root = project_root
        self._stamp: tuple[int, int, int] | None = None
        self._entries: Entries = {}

    @property
    def file(self) -> Path:
        """Where this project's dismissals are written down."""
        return paths.data_dir() / "dismissed" / f"{paths.project_folder(self._root)}.json"

    def has(self, finding: Finding) -> bool:
        """Whether such a finding was dismissed: of the same kind, on the same text of the same file."""
        return finding.fingerprint in self._read()

    def add(self, finding: Finding) -> None:
        """Dismiss a finding; once more, it is the newest. Raises TermcoderError where that can't be written."""
        entry = {
            "title": finding.title[:TITLE_CHARS],
            "path": finding.path,
            "time": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        self._change(finding.fingerprint, entry)

    def remove(self, finding: Finding) -> None:
        """Take a dismissal back, if there is one. Raises TermcoderError where that can't be written."""
        if self.has(finding):
            self._change(finding.fingerprint, None)

    def _change(self, fingerprint: str, entry: dict[str, str] | None) -> None:
        try:
            for folder in (paths.data_dir(), self.file.parent):
                paths.private_dir(folder)
            with atomic.locked(atomic.lock_beside(self.file)):
                entries = dict(self._read(setting_aside=True))
                entries.pop(fingerprint, None)
                if entry is not None:
                    entries[fingerprint] = entry
                atomic.write(self.file, _to_json(entries))
        except OSError as error:
            raise TermcoderError(
                f"The dismissal can't be written to {self.file}: {error.strerror or error}.",
                remedy="Make room or set the folder's permissions.",
            ) from error

    def _read(self, *, setting_aside: bool = False) -> Entries:
        """What the file holds now; it is read again only where it is another than last time."""
        try:
            stamp = _stamp(self.file)
            if stamp != self._stamp:
                self._entries = _from_json(self.file)
                self._stamp = stamp
        except (OSError, ValueError, RecursionError) as damage:
            self._entries, self._stamp = {}, None
            if setting_aside and not isinstance(damage, OSError):
                _set_aside(self.file)
        return self._entries


def _stamp(file: Path) -> tuple[int, int, int]:
    """Changes with every write, since each write is a new file."""
    status = file.stat()
    return status.st_ino, status.st_mtime_ns, status.st_size


def _to_json(entries: Entries) -> bytes:
    newest = dict(list(entries.items())[-KEPT:])
    return json.dumps({"version": _VERSION, "dismissed": newest}, indent=1).encode()


def _from_json(file: Path) -> Entries:
    """Raises ValueError for what no version of this program wrote, or a newer one."""
    with file.open("rb") as opened:
        data = opened.read(_MOST_BYTES + 1)
    document = json.loads(data) if len(data) <= _MOST_BYTES else None
    if not isinstance(document, dict) or document.get("version") != _VERSION:
        raise ValueError("no file of dismissals")
    entries = document.get("dismissed")
    if not isinstance(entries, dict) or not all(isinstance(entry, dict) for entry in entries.values()):
        raise ValueError("no dismissals in it")
    return entries


def _set_aside(file: Path) -> None:
    number, aside = 1, file.with_name(f"{file.name}.damaged")
    while aside.exists():
        number += 1
        aside = file.with_name(f"{file.name}.damaged-{number}")
    file.rename(aside)

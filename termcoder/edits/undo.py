"""Takes changes back, and makes them again, without git and after a restart.

One JSON file a change, private to the user, in `edits/<project>/`: its label and time, and for every file the bytes
before and after. Its name begins with the time, so that names sort as the changes were made. Nothing but the flag
`undone` ever changes in it; whether a change was made as a whole is seen from the files.
"""

import base64
import contextlib
import json
import secrets
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from termcoder import atomic, paths
from termcoder.edits import files
from termcoder.edits.files import Swap
from termcoder.errors import EditError

KEPT = 50
"""How many changes a project remembers."""

_VERSION = 1


@dataclass(frozen=True, slots=True)
class Record:
    """A change that was made: `file` is where it is written down."""

    file: Path
    label: str
    time: str
    swaps: tuple[Swap, ...]
    undone: bool = False

    @property
    def paths(self) -> tuple[str, ...]:
        """The files it changed."""
        return tuple(swap.path for swap in self.swaps)


@dataclass(frozen=True, slots=True)
class Undone:
    """What was taken back, or made again."""

    label: str
    paths: tuple[str, ...]


class UndoStore:
    """The changes made to one project. Its methods block for the disk: call them off the event loop."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    @property
    def folder(self) -> Path:
        """Where this project's changes are written down."""
        return paths.edits_dir() / paths.project_folder(self._root)

    def add(self, label: str, swaps: Sequence[Swap]) -> Record:
        """Write down a change that is about to be made; what was undone can't be made again from now on.

        Raises EditError where it can't be written.
        """
        file = self.folder / f"{time.time_ns():020d}-{secrets.token_hex(4)}.json"
        record = Record(file, label, datetime.now(UTC).isoformat(timespec="seconds"), tuple(swaps))
        self._write(record)
        records = list(self._records())
        for old in [record for record in records if record.undone] + records[KEPT:]:
            old.file.unlink(missing_ok=True)
        return record

    def forget(self, record: Record) -> None:
        """Remove a change that was not made after all."""
        with contextlib.suppress(OSError):
            record.file.unlink(missing_ok=True)

    def last(self) -> Record | None:
        """The change that `undo_last` would take back."""
        return next((record for record in self._records() if not record.undone), None)

    def undo_last(self) -> Undone:
        """Take back the last change that wasn't taken back yet.

        Raises EditError where there is none, ChangedFileError where a file was changed since; nothing is changed then.
        """
        record = self.last()
        if record is None:
            raise EditError("There is no change to take back.")
        return self._turn(record, tuple(replace(swap, before=swap.after, after=swap.before) for swap in record.swaps))

    def redo(self) -> Undone:
        """Make the change again that was taken back last. Raises like `undo_last`."""
        undone = [record for record in self._records() if record.undone]
        if not undone:
            raise EditError("There is no change to make again.")
        return self._turn(undone[-1], undone[-1].swaps)

    def _turn(self, record: Record, swaps: tuple[Swap, ...]) -> Undone:
        files.swap_all(self._root, swaps)
        self._write(replace(record, undone=not record.undone))
        return Undone(record.label, record.paths)

    def _write(self, record: Record) -> None:
        try:
            for folder in (paths.data_dir(), paths.edits_dir(), self.folder):
                paths.private_dir(folder)
            atomic.write(record.file, _to_json(record))
        except OSError as error:
            raise EditError(
                f"What undoing needs can't be written to {self.folder}: {error.strerror or error}.",
                remedy="Make room or set the folder's permissions.",
            ) from error

    def _records(self) -> Iterator[Record]:
        """What is written down, the newest first; a damaged record is passed over."""
        for file in sorted(self.folder.glob("[!.]*.json"), reverse=True):
            with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
                yield _from_json(file, file.read_bytes())


def _to_json(record: Record) -> bytes:
    swaps = [
        {"path": swap.path, "before": _packed(swap.before), "after": _packed(swap.after), "mode": swap.mode}
        for swap in record.swaps
    ]
    document = {"version": _VERSION, "label": record.label, "time": record.time, "undone": record.undone}
    return json.dumps(document | {"files": swaps}).encode()


def _from_json(file: Path, data: bytes) -> Record:
    document: dict[str, Any] = json.loads(data)
    if document["version"] != _VERSION:
        raise ValueError
    swaps = tuple(
        Swap(entry["path"], _unpacked(entry["before"]), _unpacked(entry["after"]), entry["mode"])
        for entry in document["files"]
    )
    return Record(file, document["label"], document["time"], swaps, document["undone"])


def _packed(data: bytes | None) -> str | None:
    return None if data is None else base64.b64encode(data).decode()


def _unpacked(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text, validate=True)

"""What a user does with sessions: look, search, rename, delete, take back, split, export, import.

The session that the program has open is changed through its book, every other one through the library.
"""

import os
import threading
from dataclasses import dataclass
from pathlib import Path

from termcoder import atomic
from termcoder.errors import SessionError
from termcoder.features.session_book import SessionBook
from termcoder.sessions.library import Deleted, Library
from termcoder.sessions.schema import Session
from termcoder.sessions.search import Hit, search
from termcoder.sessions.store import Listing, SessionEntry, SessionStore

MOST_FOUND = 500
"""So many sessions are found at most: nobody reads more, and the last saved come first."""
MOST_HITS = 99
"""So many places of one session are counted."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a search has found in one session: the first place, and how many more there are."""

    hit: Hit
    more: int = 0


class SessionDesk:
    """Works on all sessions for one program, whose own session is in `book`. Blocks for the disk; meant for threads.

    Everything that fails raises SessionError.
    """

    def __init__(self, book: SessionBook) -> None:
        store = book.store
        self.is_kept = store is not None
        self._book = book
        self._store = store if store is not None else SessionStore()
        self._library = Library(self._store)

    @property
    def open_id(self) -> str:
        """The id of the session that the program has open."""
        return self._book.session.id

    @property
    def project(self) -> str:
        """The project that the program works on."""
        return self._book.session.project

    def entries(self, *, all_projects: bool) -> Listing:
        """The sessions of this project, or of all."""
        return self._library.entries(None if all_projects else self.project)

    def search(self, query: str, stop: threading.Event, *, all_projects: bool) -> tuple[Found, ...]:
        """The sessions with a place where all words of the query are; fewer once `stop` is set."""
        found: dict[Path, Found] = {}
        for hit in search(self._store, query, None if all_projects else self.project):
            if stop.is_set():
                break
            path = hit.entry.path
            old = found.get(path)
            if old is None and len(found) == MOST_FOUND:
                break
            if old is None or (not old.hit.turn_id and not old.more):  # the title is shown anyway
                found[path] = Found(hit)
            else:
                found[path] = Found(old.hit, min(old.more + 1, MOST_HITS))
        return tuple(found.values())

    def load(self, path: Path) -> Session:
        """One session, to look at."""
        return self._library.load(path)

    def resume(self, entry: SessionEntry) -> None:
        """Go on with a session of this project, as it is on the disk now."""
        self._save()
        session = self.load(entry.path)
        if session.project != self.project:
            raise SessionError(
                f"This session is about another project: {session.project}.",
                remedy=f"Start termcoder there: cd {session.project} && termcoder",
            )
        self._book.open(session)

    def start_new(self) -> None:
        """Begin an empty session."""
        self._save()
        self._book.start_new()

    def _save(self) -> None:
        """Try again to save the open session, where that failed: it would be lost with its last turns."""
        if self._book.unsaved:
            self._book.record(lambda session: session)

    def rename(self, entry: SessionEntry, title: str) -> None:
        """Give a session another title; an empty one is its first question again."""
        if entry.id == self.open_id:
            self._book.rename(title)
        else:
            self._library.rename(entry.path, title)

    def delete(self, entry: SessionEntry) -> Deleted:
        """Move a session to the trash. In the place of the open one the program begins an empty session."""
        deleted = self._library.delete(entry.path)
        if entry.id == self.open_id:
            self._book.start_new()
        return deleted

    def take_back(self, deleted: Deleted | None) -> Path:
        """Take a deleted session back, without one the last deleted of this project. Returns its file."""
        last = deleted or next(iter(self._library.deleted(self.project)), None)
        if last is None:
            raise SessionError("No deleted session of this project is left to be taken back.")
        return self._library.restore(last)

    def fork(self, turn_id: str) -> None:
        """Go on with a new session that has everything up to this turn, and this turn. The old one stays as it is."""
        self._save()
        forked = self._library.fork(self._book.session, turn_id)
        self._book.open(forked)

    # To a file and back

    def export_path(self, entry: SessionEntry, name: str) -> Path:
        """Where a session is exported to in the format `name`, if the user wants nothing else: beside the project."""
        from termcoder.sessions.exporting import file_name

        beside = Path(self.project).parent
        folder = beside if os.access(beside, os.W_OK) and beside != beside.parent else Path.home()
        return folder / file_name(self.load(entry.path), name)

    def export(self, entry: SessionEntry, name: str, path: Path, *, replace: bool = False) -> bool:
        """Write a session to a file in the format `name`. False where there is one that isn't to be replaced.

        A file that is replaced is the old one or the new one, never a part of it.
        """
        from termcoder.sessions.exporting import export

        data = export(self.load(entry.path), name).encode("utf-8", "backslashreplace")
        try:
            if path.exists() and not replace:
                return False
            path.parent.mkdir(parents=True, exist_ok=True)
            atomic.write(path, data)
        except OSError as error:
            raise SessionError(f"{path} can't be written: {error.strerror or error}.") from error
        return True

    def take_in(self, path: Path) -> Path:
        """Import a session from a JSON file, as one of this project. Returns its file."""
        from termcoder.sessions.importing import moved_to, read_export

        session = moved_to(read_export(path), Path(self.project))
        return self._store.path_of(self._library.adopt(session))

"""The session that all panes of one program write into, kept on the disk.

A turn that is being answered is journalled, so that a sudden end of the program loses no more than a moment of it:

    journal = book.journal(turn)   # TurnJournal; nothing is done yet
    journal.append(text)           # for each piece that is streamed; never blocks
    journal.close()                # once, after the turn was saved or saving it failed; blocks for the disk
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from termcoder.conversation import Turn
from termcoder.errors import SessionError
from termcoder.sessions.journal import JournalFile
from termcoder.sessions.schema import Session, new_session
from termcoder.sessions.store import SessionStore

Change = Callable[[Session], Session]

JOURNAL_SECONDS = 0.5
"""Between two writes of a journal: what is lost at most is this and what one write takes."""

_log = logging.getLogger(__name__)


class TurnJournal:
    """Keeps the text of a turn that is being answered on the disk, at most `JOURNAL_SECONDS` behind.

    A thread of its own writes, from the first `append` on. Where that can't be done (disk full, ...) the log says so,
    and the turn goes on without.
    """

    def __init__(self, book: "SessionBook", turn: Turn) -> None:
        self._book = book
        self._turn = turn
        self._waiting: deque[str] = deque()
        self._written: list[str] = []
        self._file: JournalFile | None = None
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    def append(self, text: str) -> None:
        """Add a piece of the answer. Never blocks."""
        self._waiting.append(text)
        if self._thread is None:
            self._thread = threading.Thread(target=self._keep_writing, name="journal", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """End it. Its file is removed, at once if the turn has been saved, else with the next save that works."""
        self._closed.set()
        if self._thread is not None:
            self._thread.join()
        if self._file is not None:
            self._book.release(self._file)

    def _keep_writing(self) -> None:
        try:
            self._write()
            while not self._closed.wait(JOURNAL_SECONDS):
                self._write()
            if self._book.unsaved:
                self._write()
        except OSError as error:
            _log.warning("The turn can't be journalled: %s", error)

    def _write(self) -> None:
        pieces = [self._waiting.popleft() for _ in range(len(self._waiting))]
        if not pieces:
            return
        self._written += pieces
        text = "".join(pieces)
        if self._file is None or self._file.session_id != self._book.session.id:  # it goes on in a copy
            old, self._file = self._file, self._book.open_journal(self._turn)
            text = "".join(self._written)
            if old is not None:
                old.remove()
        if self._file is not None:
            self._file.append(text)


class SessionBook:
    """One session. Its methods may be called from any thread, and block for the disk."""

    def __init__(self, project: Path, store: SessionStore | None) -> None:
        """`store` None: nothing is saved."""
        self._project = project
        self._store = store
        self._lock = threading.Lock()
        self._session = self._empty()
        self._forked = False
        self._unsaved = False
        self._released: list[JournalFile] = []

    @property
    def session(self) -> Session:
        """The session as it is now."""
        return self._session

    @property
    def store(self) -> SessionStore | None:
        """Where it is kept, None where nothing is saved."""
        return self._store

    @property
    def unsaved(self) -> bool:
        """Whether the last save failed."""
        return self._unsaved

    def restore(self) -> tuple[SessionError, ...]:
        """Go on with the project's last session; returns what could not be read on the way."""
        if self._store is None:
            return ()
        latest = self._store.latest(self._project)
        if latest.session is not None:
            self._session = latest.session
        return latest.problems

    def start_new(self) -> None:
        """Begin an empty session. The old one is on the disk already."""
        self._session = self._empty()

    def open(self, session: Session) -> None:
        """Go on with a saved session, as it is on the disk now. Raises SessionError; ours stays open then."""
        if self._store is not None:
            session = self._store.load(self._store.path_of(session))
        with self._lock:
            self._session = session

    def rename(self, title: str) -> None:
        """Give the session another title. Raises SessionError."""
        self.record(lambda session: session.renamed(title))

    def change(self, change: Change) -> None:
        """Change the session in memory; it is written with the next `record`."""
        with self._lock:
            self._session = change(self._session)

    def record(self, change: Change) -> None:
        """Change the session and save it. Raises SessionError; the change stays in memory then."""
        with self._lock:
            session = self._session = change(self._session)
            if self._store is not None:
                self._unsaved = True
                self._session = self._store.save(session)
                self._unsaved = False
                self._forked = self._forked or self._session.id != session.id
                self._remove_released()

    def record_other(self, pane: str, turn: Mapping[str, Any]) -> None:
        """Save another pane's turn, a JSON object with an "id", in the place of the one with its id."""

        def change(session: Session) -> Session:
            kept = tuple(old for old in session.other_turns.get(pane, ()) if _id_of(old) != turn["id"])
            return replace(session, other_turns={**session.other_turns, pane: (*kept, dict(turn))})

        self.record(change)

    def journal(self, turn: Turn) -> TurnJournal:
        """What keeps the text of `turn` on the disk while it is being answered: see the module."""
        return TurnJournal(self, turn)

    def open_journal(self, turn: Turn) -> JournalFile | None:
        """The file of a journal, None where nothing is saved. Raises OSError. For `TurnJournal`."""
        return None if self._store is None else self._store.open_journal(self._session, turn)

    def release(self, file: JournalFile) -> None:
        """Remove a journal's file as soon as everything is saved. For `TurnJournal`."""
        with self._lock:
            self._released.append(file)
            if not self._unsaved:
                self._remove_released()

    def take_fork(self) -> bool:
        """Whether, since this was last asked, a save went into a copy: another program had saved the session too."""
        forked, self._forked = self._forked, False
        return forked

    def _remove_released(self) -> None:
        while self._released:
            with suppress(OSError):
                self._released.pop().remove()

    def _empty(self) -> Session:
        return new_session(str(self._project), template="chat")


def _id_of(turn: Any) -> Any:
    return turn.get("id") if isinstance(turn, dict) else None

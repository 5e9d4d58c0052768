"""The session that all panes of one program write into, kept on the disk."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from termcoder.errors import SessionError
from termcoder.sessions.schema import Session, new_session
from termcoder.sessions.store import SessionStore

Change = Callable[[Session], Session]


class SessionBook:
    """One session. Its methods may be called from any thread, and block for the disk."""

    def __init__(self, project: Path, store: SessionStore | None) -> None:
        """`store` None: nothing is saved."""
        self._project = project
        self._store = store
        self._lock = threading.Lock()
        self._session = self._empty()
        self._forked = False

    @property
    def session(self) -> Session:
        """The session as it is now."""
        return self._session

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

    def change(self, change: Change) -> None:
        """Change the session in memory; it is written with the next `record`."""
        with self._lock:
            self._session = change(self._session)

    def record(self, change: Change) -> None:
        """Change the session and save it. Raises SessionError; the change stays in memory then."""
        with self._lock:
            session = self._session = change(self._session)
            if self._store is not None:
                self._session = self._store.save(session)
                self._forked = self._forked or self._session.id != session.id

    def record_other(self, pane: str, turn: Mapping[str, Any]) -> None:
        """Save another pane's turn, a JSON object with an "id", in the place of the one with its id."""

        def change(session: Session) -> Session:
            kept = tuple(old for old in session.other_turns.get(pane, ()) if _id_of(old) != turn["id"])
            return replace(session, other_turns={**session.other_turns, pane: (*kept, dict(turn))})

        self.record(change)

    def take_fork(self) -> bool:
        """Whether, since this was last asked, a save went into a copy: another program had saved the session too."""
        forked, self._forked = self._forked, False
        return forked

    def _empty(self) -> Session:
        return new_session(str(self._project), template="chat")


def _id_of(turn: Any) -> Any:
    return turn.get("id") if isinstance(turn, dict) else None

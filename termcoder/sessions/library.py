"""All sessions of the user: found, renamed, thrown away, taken back, split.

Nothing here changes what a program has open: that one goes on with a copy where its file was changed (see `store`).
"""

import contextlib
import difflib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from termcoder import atomic, paths
from termcoder.errors import SessionError
from termcoder.sessions.schema import SET_ASIDE, Session, new_id, utc_now
from termcoder.sessions.store import LOCK, Listing, SessionStore

TRASH = ".trash"
"""A folder in a project's folder. A file in it has the time it was thrown away before its name."""

KEPT_DAYS = 30
"""After so many days a deleted session is gone."""

_T = TypeVar("_T")

_STAMP = "%Y%m%dT%H%M%SZ"
_MARK = "~"


@dataclass(frozen=True, slots=True)
class Deleted:
    """A deleted session: where it lies now, where it was, and when it was deleted (ISO 8601, UTC)."""

    path: Path
    original: Path
    deleted_at: str

    @property
    def id(self) -> str:
        """The session's id."""
        return id_of(self.original)


class Library:
    """Every session there is. Its methods block for the disk, and raise SessionError."""

    def __init__(self, store: SessionStore) -> None:
        self._store = store

    def entries(self, project: Path | str | None = None) -> Listing:
        """The sessions of `project`, or of all projects, the last saved first."""
        for folder in self._folders(project):
            _expire(folder / TRASH)
        return self._store.list_of(project)

    def find(self, prefix: str) -> Path:
        """The file of the session whose id begins with `prefix`, among all projects."""
        return _only_one(prefix, {id_of(path): path for path in self._store.files(None)})

    def load(self, path: Path) -> Session:
        """One session, to be looked at: to go on with it, give it to `SessionBook.open`."""
        self._store.recover(path.parent)
        return self._store.peek(path)

    def rename(self, path: Path, title: str) -> Session:
        """Give a session another title. Not for the session that this program has open: see `SessionBook.rename`."""
        store = SessionStore(self._store.root)  # what the program's own store has seen of the file stays as it is
        return store.save(store.load(path).renamed(title))

    def delete(self, path: Path) -> Deleted:
        """Move a session to the trash, where it is kept for `KEPT_DAYS` days."""
        self._store.recover(path.parent)
        now = datetime.now(UTC)
        trash = path.parent / TRASH
        target = trash / f"{now.strftime(_STAMP)}{_MARK}{path.name}"
        try:
            paths.private_dir(trash)
            with atomic.locked(path.parent / LOCK):
                path.rename(target)
        except OSError as error:
            raise SessionError(f"The session {path} can't be deleted: {error.strerror or error}.") from error
        _expire(trash)
        return Deleted(target, path, now.isoformat(timespec="seconds"))

    def deleted(self, project: Path | str | None = None) -> tuple[Deleted, ...]:
        """What lies in the trash, the last deleted first."""
        found = [each for folder in self._folders(project) for each in _in_trash(folder / TRASH)]
        return tuple(sorted(found, key=lambda each: each.path.name, reverse=True))

    def find_deleted(self, prefix: str) -> Deleted:
        """The deleted session whose id begins with `prefix`; the last deleted where one was deleted twice."""
        return _only_one(prefix, {each.id: each for each in reversed(self.deleted())})

    def restore(self, deleted: Deleted) -> Path:
        """Take a session back from the trash. Returns its file."""
        try:
            with atomic.locked(deleted.original.parent / LOCK):
                if deleted.original.exists():
                    raise SessionError(
                        f"The session {deleted.id} is there again already.", remedy="Delete that one first."
                    )
                deleted.path.rename(deleted.original)
        except OSError as error:
            raise SessionError(f"The session {deleted.id} can't be restored: {error.strerror or error}.") from error
        return deleted.original

    def fork(self, session: Session, turn_id: str) -> Session:
        """A new session with all turns of the chat up to this one, saved. `session` stays as it is."""
        ids = [turn.id for turn in session.turns]
        if turn_id not in ids:
            raise SessionError(f"The session {session.id} has no turn {turn_id}.")
        last = ids.index(turn_id)
        kept = session.before_turn(ids[last + 1]) if last + 1 < len(ids) else session
        others = {pane: turns for pane, turns in kept.other_turns.items() if pane != SET_ASIDE}
        forked = replace(kept, id=new_id(), created_at=utc_now(), forked_from=session.id, other_turns=others)
        return self._store.save(forked)

    def adopt(self, session: Session) -> Session:
        """Save a session from elsewhere, under a new id where its own is taken."""
        taken = {id_of(path) for path in self._store.files(None)} | {each.id for each in self.deleted()}
        return self._store.save(replace(session, id=new_id()) if session.id in taken else session)

    def _folders(self, project: Path | str | None) -> list[Path]:
        return self._store.folders() if project is None else [self._store.folder(project)]


def id_of(path: Path) -> str:
    """The id of the session in a file with that name."""
    return path.stem.rpartition("-")[2]


def _only_one(prefix: str, found: dict[str, _T]) -> _T:
    fitting = [name for name in found if prefix and name.startswith(prefix)]
    if len(fitting) == 1 or prefix in found:
        return found[prefix if prefix in found else fitting[0]]
    if fitting:
        raise SessionError(
            f"{len(fitting)} sessions begin with {prefix!r}: {_some(fitting)}.", remedy="Give more of the id."
        )
    near = difflib.get_close_matches(prefix, found, n=3, cutoff=0.5)
    remedy = f"Did you mean {_some(near)}?" if near else "`termcoder sessions list --all` names them all."
    raise SessionError(f"There is no session {prefix!r}.", remedy=remedy)


def _some(names: Iterable[str]) -> str:
    first, *rest = list(names)[:6]
    return ", ".join([first, *rest[:4]]) + (", …" if len(rest) > 4 else "")


def _in_trash(trash: Path) -> list[Deleted]:
    found = []
    for path in trash.glob(f"*{_MARK}*.json"):
        stamp, _, name = path.name.partition(_MARK)
        with contextlib.suppress(ValueError):  # not one of ours
            at = datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC)
            found.append(Deleted(path, trash.parent / name, at.isoformat(timespec="seconds")))
    return found


def _expire(trash: Path) -> None:
    """Remove what was deleted long ago."""
    oldest = (datetime.now(UTC) - timedelta(days=KEPT_DAYS)).isoformat(timespec="seconds")
    for deleted in _in_trash(trash):
        if deleted.deleted_at < oldest:
            with contextlib.suppress(OSError):
                deleted.path.unlink()

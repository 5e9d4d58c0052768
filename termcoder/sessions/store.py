"""Sessions on disk: `sessions/<project>/<creation time>-<id>.json`, private to the user.

A file is replaced whole (written beside, synced, renamed), so that it is always the old session or the new one.
Programs that share a project take turns through a lock file. A session that another program has saved in the
meantime is not overwritten: ours goes on under a new id, and nothing is lost.
"""

import contextlib
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from termcoder import atomic, paths
from termcoder.errors import DamagedSessionError, SessionError
from termcoder.sessions.schema import Session, from_json, new_id, to_json, utc_now

_LOCK = ".lock"
_SUFFIX = ".json"
_TEMPORARY = ".tmp"
_DAMAGED = ".damaged"

Stamp = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Latest:
    """The session to go on with, None where there is none, and what was passed over on the way to it."""

    session: Session | None
    problems: tuple[SessionError, ...] = ()


@dataclass(frozen=True, slots=True)
class SessionEntry:
    """One line of a listing."""

    path: Path
    id: str
    title: str
    model: str
    created_at: str
    updated_at: str
    turns: int


@dataclass(frozen=True, slots=True)
class Listing:
    """A project's sessions, the last saved first, and what could not be read."""

    entries: tuple[SessionEntry, ...]
    problems: tuple[SessionError, ...] = ()


class SessionStore:
    """Reads and writes sessions. One a program: it remembers which state of each file it has seen.

    Its methods block for the disk (a few ms each): call them off the event loop. They may run in several
    threads at once, but the saves of one session have to follow each other.
    """

    def __init__(self, root: Path | None = None) -> None:
        self._root = root
        self._seen: dict[Path, Stamp] = {}

    @property
    def root(self) -> Path:
        """The folder with one folder a project."""
        return self._root if self._root is not None else paths.sessions_dir()

    def path_of(self, session: Session) -> Path:
        """The file of a session, there or not."""
        created = datetime.fromisoformat(session.created_at).strftime("%Y%m%dT%H%M%S")
        return self._folder(session.project) / f"{created}-{session.id}{_SUFFIX}"

    def save(self, session: Session) -> Session:
        """Write a session and return what was written: go on with that.

        Its `updated_at` is now. It has a new id, and `forked_from`, where another program has saved the same
        session since this store last read or wrote it. Raises SessionError (disk full, no permission, ...); the
        file is then as before.
        """
        folder = self._folder(session.project)
        try:
            _make_private(self._root or paths.data_dir(), self.root, folder)
            with atomic.locked(folder / _LOCK):
                _sweep(folder)
                session = replace(self._unless_taken(session), updated_at=utc_now())
                path = self.path_of(session)
                atomic.write(path, to_json(session).encode("utf-8", "backslashreplace"))
                self._seen[path] = _stamp(path)
        except OSError as error:
            raise SessionError(
                f"The session can't be saved in {folder}: {error.strerror or error}.",
                remedy="Make room or set the folder's permissions; what was saved before is untouched.",
            ) from error
        return session

    def load(self, path: Path) -> Session:
        """Read one session.

        Raises SessionError. A damaged file is set aside first (renamed to `.damaged`), and the error names it; one
        that a newer program wrote, or that can't be read now, stays where it is.
        """
        try:
            stamp = _stamp(path)
            session = from_json(path.read_bytes())
        except FileNotFoundError as error:
            raise SessionError(f"The session {path} doesn't exist.") from error
        except OSError as error:
            raise SessionError(f"The session {path} can't be read: {error.strerror or error}.") from error
        except DamagedSessionError as error:
            raise _set_aside(path, error) from error
        except SessionError as error:
            raise type(error)(f"{path.name}: {error.message}", remedy=error.remedy) from error
        self._seen[path] = stamp
        return session

    def latest(self, project: Path | str) -> Latest:
        """The session of `project` that was saved last; older ones are read only where it can't be."""
        problems: list[SessionError] = []
        for path in self._files(project):
            try:
                return Latest(self.load(path), tuple(problems))
            except SessionError as error:
                problems.append(error)
        return Latest(None, tuple(problems))

    def list_of(self, project: Path | str) -> Listing:
        """Every session of `project`. Reads them all."""
        entries: list[SessionEntry] = []
        problems: list[SessionError] = []
        for path in self._files(project):
            try:
                entries.append(_entry(path, self._peek(path)))
            except SessionError as error:
                problems.append(error)
        return Listing(tuple(entries), tuple(problems))

    def _peek(self, path: Path) -> Session:
        """Read a session without taking it over: what another program saved to ours still counts as unseen."""
        seen = self._seen.get(path)
        session = self.load(path)
        if seen is not None:
            self._seen[path] = seen
        else:
            self._seen.pop(path, None)
        return session

    def _folder(self, project: Path | str) -> Path:
        return self.root / paths.project_folder(project)

    def _files(self, project: Path | str) -> list[Path]:
        """A project's session files, the last written first."""
        found: list[tuple[int, Path]] = []
        for path in self._folder(project).glob(f"[!.]*{_SUFFIX}"):
            with contextlib.suppress(OSError):  # set aside by another program just now
                found.append((path.stat().st_mtime_ns, path))
        return [path for _, path in sorted(found, reverse=True)]

    def _unless_taken(self, session: Session) -> Session:
        """`session`, or a fork of it where its file holds something this store hasn't seen."""
        path = self.path_of(session)
        if not path.exists() or self._seen.get(path) == _stamp(path):
            return session
        return replace(session, id=new_id(), created_at=utc_now(), forked_from=session.id)


def _entry(path: Path, session: Session) -> SessionEntry:
    return SessionEntry(
        path, session.id, session.title, session.model, session.created_at, session.updated_at, len(session.turns)
    )


def _stamp(path: Path) -> Stamp:
    """Changes with every write, since each write is a new file."""
    status = path.stat()
    return status.st_ino, status.st_mtime_ns, status.st_size


def _make_private(*folders: Path) -> None:
    for folder in folders:
        paths.private_dir(folder)


def _sweep(folder: Path) -> None:
    """Remove what a program that was killed while it wrote has left; under the lock nobody else writes."""
    for leftover in folder.glob(f".*{_TEMPORARY}"):
        leftover.unlink(missing_ok=True)


def _set_aside(path: Path, damage: DamagedSessionError) -> DamagedSessionError:
    """Rename a damaged file, to a name that is free, and return the error that says so."""
    number, aside = 1, path.with_name(path.name + _DAMAGED)
    while aside.exists():
        number += 1
        aside = path.with_name(f"{path.name}{_DAMAGED}-{number}")
    try:
        path.rename(aside)
    except OSError:
        return DamagedSessionError(f"The session {path} is damaged. {damage.message}", remedy="Move it away.")
    return DamagedSessionError(f"A damaged session was set aside as {aside}. {damage.message}")

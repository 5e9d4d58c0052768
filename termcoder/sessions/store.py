"""Sessions on disk: `sessions/<project>/<creation time>-<id>.json`, private to the user.

A file is replaced whole (written beside, synced, renamed), so that it is always the old session or the new one.
Programs that share a project take turns through a lock file. A session that another program has saved in the
meantime is not overwritten: ours goes on under a new id, and nothing is lost. What a program that died has left of a
running turn (see `journal`) is taken into its session before that is read.
"""

import contextlib
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from termcoder import atomic, paths
from termcoder.conversation import Turn
from termcoder.errors import DamagedSessionError, SessionError
from termcoder.sessions import journal
from termcoder.sessions.schema import Session, from_json, new_id, to_json, utc_now

LOCK = ".lock"
"""The lock file of a project's folder."""

_SUFFIX = ".json"
_TEMPORARY = ".tmp"
_DAMAGED = ".damaged"

# Bytes of a session's file that can stand in no text: a quotation mark in a text has a backslash before it.
_TURNS = b',"turns":{'
_CHAT = b'"chat":['
_ONE_TURN = b',"started_at":"'
_END = b"]}}\n"

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
    project: str
    title: str
    model: str
    created_at: str
    updated_at: str
    turns: int


@dataclass(frozen=True, slots=True)
class Listing:
    """The sessions of a project, or all of them, the last saved first, and what could not be read."""

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
        return self.folder(session.project) / f"{created}-{session.id}{_SUFFIX}"

    def save(self, session: Session) -> Session:
        """Write a session and return what was written: go on with that.

        Its `updated_at` is now. It has a new id, and `forked_from`, where another program has saved the same
        session since this store last read or wrote it. Raises SessionError (disk full, no permission, ...); the
        file is then as before.
        """
        folder = self.folder(session.project)
        try:
            _make_private(self._root or paths.data_dir(), self.root, folder)
            with atomic.locked(folder / LOCK):
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
        self.recover(path.parent)
        return self._load(path)

    def open_journal(self, session: Session, turn: Turn) -> journal.JournalFile:
        """A journal for a turn that is being answered. Raises OSError."""
        folder = self.folder(session.project)
        _make_private(self._root or paths.data_dir(), self.root, folder)
        with atomic.locked(folder / LOCK):
            return journal.JournalFile(self.path_of(session), session, turn)

    def _load(self, path: Path) -> Session:
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
        for path in self.files(project):
            try:
                return Latest(self._load(path), tuple(problems))
            except SessionError as error:
                problems.append(error)
        return Latest(None, tuple(problems))

    def list_of(self, project: Path | str | None) -> Listing:
        """Every session of `project`; None: of all projects."""
        entries: list[SessionEntry] = []
        problems: list[SessionError] = []
        for path in self.files(project):
            try:
                entries.append(self.entry(path))
            except SessionError as error:
                problems.append(error)
        return Listing(tuple(entries), tuple(problems))

    def entry(self, path: Path, data: bytes | None = None) -> SessionEntry:
        """The line of one session, from its file or what was read of it. Raises SessionError like `load`."""
        with contextlib.suppress(OSError):
            quick = quick_entry(path, path.read_bytes() if data is None else data)
            if quick is not None:
                return quick
        session = self.peek(path)
        return _entry(path, session, len(session.turns))

    def peek(self, path: Path) -> Session:
        """Like `load`, without taking the session over: what another program saved to ours still counts as unseen."""
        seen = self._seen.get(path)
        session = self._load(path)
        if seen is not None:
            self._seen[path] = seen
        else:
            self._seen.pop(path, None)
        return session

    def files(self, project: Path | str | None) -> list[Path]:
        """The session files of a project, or of all projects, the last written first."""
        found: list[tuple[int, Path]] = []
        for folder in self.folders() if project is None else [self.folder(project)]:
            self.recover(folder)
            for path in folder.glob(f"[!.]*{_SUFFIX}"):
                with contextlib.suppress(OSError):  # set aside by another program just now
                    found.append((path.stat().st_mtime_ns, path))
        return [path for _, path in sorted(found, reverse=True)]

    def folders(self) -> list[Path]:
        """The folders of all projects that have sessions."""
        try:
            return sorted(folder for folder in self.root.iterdir() if folder.is_dir())
        except OSError:
            return []

    def folder(self, project: Path | str) -> Path:
        """The folder of a project's sessions, there or not."""
        return self.root / paths.project_folder(project)

    def recover(self, folder: Path) -> None:
        """Take what programs that died have left of running turns into their sessions."""
        if not journal.files_in(folder):
            return
        with contextlib.suppress(OSError), atomic.locked(folder / LOCK):
            for path in journal.files_in(folder):
                with contextlib.suppress(OSError, SessionError):  # it stays, and is tried again
                    self._take_in(path)

    def _take_in(self, path: Path) -> None:
        data = journal.abandoned(path)
        if data is None:
            return
        try:
            left = journal.read(data)
        except DamagedSessionError as error:
            raise _set_aside(path, error) from error
        if left is not None:
            file = self.path_of(left)
            old = from_json(file.read_bytes()) if file.exists() else None
            session = left if old is None else journal.merged(old, left)
            if session is not old:
                session = replace(session, updated_at=utc_now())
                atomic.write(file, to_json(session).encode("utf-8", "backslashreplace"))
        path.unlink()

    def _unless_taken(self, session: Session) -> Session:
        """`session`, or a fork of it where its file holds something this store hasn't seen."""
        path = self.path_of(session)
        if not path.exists() or self._seen.get(path) == _stamp(path):
            return session
        return replace(session, id=new_id(), created_at=utc_now(), forked_from=session.id)


def quick_entry(path: Path, data: bytes) -> SessionEntry | None:
    """The line of a session from the head of its file's `data`, in a fraction of the time of reading it whole.

    None where that can't be done: an older version's, a damaged one, one that another program has written.
    """
    head, found, turns = data.partition(_TURNS)
    chat = turns.rpartition(_CHAT)[2]
    if not found or not data.endswith(_END):
        return None
    try:
        return _entry(path, from_json(head + b"}"), chat.count(_ONE_TURN))
    except SessionError:
        return None


def _entry(path: Path, session: Session, turns: int) -> SessionEntry:
    return SessionEntry(
        path,
        session.id,
        session.project,
        session.title,
        session.model,
        session.created_at,
        session.updated_at,
        turns,
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

"""The journal of a turn that is still being answered: a hidden file beside its session, for the case of a sudden end.

The first line is the session as JSON, with this one turn in it; each further line is a JSON string, a piece of the
answer. The program that writes it holds a lock on it. A journal that nobody holds was left behind, and what is in
it goes into the session as an interrupted turn. A last line that was cut short is left out.
"""

import contextlib
import errno
import fcntl
import json
import os
import secrets
from dataclasses import replace
from pathlib import Path

from termcoder.conversation import Turn, TurnState
from termcoder.errors import DamagedSessionError
from termcoder.sessions.schema import Session, from_json, to_json

SUFFIX = ".journal"

_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
_HELD = (errno.EWOULDBLOCK, errno.EACCES)


class JournalFile:
    """The journal of one turn, open and locked. Its methods block for the disk and raise OSError."""

    def __init__(self, session_file: Path, session: Session, turn: Turn) -> None:
        """Create it beside `session_file`, 0600. Hold the folder's lock, so that nobody takes it for a left one."""
        self.session_id = session.id
        self._path = session_file.with_name(f".{session_file.stem}.{secrets.token_hex(4)}{SUFFIX}")
        self._descriptor = os.open(self._path, _FLAGS, 0o600)
        with contextlib.suppress(OSError):  # a file system without locks
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self._write(to_json(_only(session, turn)))

    def append(self, text: str) -> None:
        """Add a piece of the answer; it is on the disk when this returns."""
        self._write(json.dumps(text, ensure_ascii=False) + "\n")
        os.fdatasync(self._descriptor)

    def remove(self) -> None:
        """Delete it: the turn is saved."""
        with contextlib.suppress(FileNotFoundError):
            self._path.unlink()
        os.close(self._descriptor)

    def _write(self, line: str) -> None:
        data = line.encode("utf-8", "backslashreplace")
        while data:
            data = data[os.write(self._descriptor, data) :]


def files_in(folder: Path) -> list[Path]:
    """The journals in a project's folder, held or left."""
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries if entry.name.startswith(".") and entry.name.endswith(SUFFIX)]
    except OSError:
        return []
    return [folder / name for name in sorted(names)]


def abandoned(path: Path) -> bytes | None:
    """The content of a journal that was left behind; None where a program still writes it. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with open(descriptor, "rb") as file:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in _HELD:
                return None
        return file.read()


def read(data: bytes) -> Session | None:
    """The session with the one turn that a journal tells of; None where nothing came before the end.

    Raises DamagedSessionError, or NewerSessionError for a version this program doesn't know.
    """
    head, *lines = data.split(b"\n")
    if not lines:  # its first line was cut short: the answer hadn't begun
        return None
    session = from_json(head)
    if len(session.turns) != 1:
        raise DamagedSessionError("It is no journal of a turn.")
    answer = "".join(_pieces(lines[:-1]))
    return replace(session, turns=(replace(session.turns[0], answer=answer, state=TurnState.INTERRUPTED),))


def merged(session: Session, left: Session) -> Session:
    """`session` with the turn of a left journal (see `read`), where that has more of its answer."""
    told = left.turns[0]
    old = next((turn for turn in session.turns if turn.id == told.id), None)
    if old is None:
        return session.with_turn(told)
    if old.state is not TurnState.INTERRUPTED or len(old.answer) >= len(told.answer):
        return session
    return session.with_turn(replace(old, answer=told.answer))


def _only(session: Session, turn: Turn) -> Session:
    return replace(session, turns=(turn,), other_turns={}, memory=(), turn_extra={}, extra={})


def _pieces(lines: list[bytes]) -> list[str]:
    pieces: list[str] = []
    for line in lines:
        try:
            piece = json.loads(line)
        except ValueError:
            break  # what follows a gap isn't the answer
        if not isinstance(piece, str):
            break
        pieces.append(piece)
    return pieces

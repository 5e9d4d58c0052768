"""Sessions from elsewhere: a JSON file that was exported, or copied from another machine."""

import os
from dataclasses import replace
from pathlib import Path

from termcoder.errors import DamagedSessionError, SessionError
from termcoder.sessions.schema import Session, from_json

MOST_BYTES = 200_000_000
"""A larger file isn't read: it is no session."""


def read_export(path: Path) -> Session:
    """The session in an exported file. Raises SessionError, which says what the file is not."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise SessionError(f"{path} is too large to be a session.")
        data = path.read_bytes()
    except OSError as error:
        raise SessionError(f"{path} can't be read: {error.strerror or error}.") from error
    return imported(data, str(path))


def imported(data: bytes, name: str) -> Session:
    """The session in the text of an exported file called `name`. Raises SessionError."""
    try:
        session = from_json(data.removeprefix(b"\xef\xbb\xbf"))
    except DamagedSessionError as error:
        raise DamagedSessionError(
            f"{name} is no termcoder session: {error.message}",
            remedy="Give a file that `termcoder sessions export ID --format json` wrote.",
        ) from error
    except SessionError as error:
        raise type(error)(f"{name}: {error.message}", remedy=error.remedy) from error
    if not _is_path(session.project):
        raise DamagedSessionError(f"{name} names no project: {session.project[:80]!r} is no absolute path.")
    return session


def moved_to(session: Session, project: Path) -> Session:
    """The session as one of another project."""
    return replace(session, project=str(project))


def _is_path(project: str) -> bool:
    try:
        return os.path.isabs(project) and b"\0" not in os.fsencode(project)
    except UnicodeEncodeError:
        return False

"""Reads single files of a working tree. No link is followed, nothing is waited for, nothing large is read."""

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

MAX_BYTES = 16 * 1024 * 1024
"""Larger files, and larger blobs, aren't read."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_NOFOLLOW | os.O_CLOEXEC


def read(top: Path, path: str, limit: int = MAX_BYTES) -> bytes | None:
    """The bytes of a file, or where a link leads; None where there is no such file, or one of more than `limit`."""
    *folders, name = path.split("/")
    with contextlib.suppress(OSError, ValueError), _folder(top, folders) as folder:
        mode = os.lstat(name, dir_fd=folder).st_mode
        if stat.S_ISLNK(mode):
            return os.fsencode(os.readlink(name, dir_fd=folder))
        with open(os.open(name, _FILE, dir_fd=folder), "rb") as file:
            status = os.fstat(file.fileno())
            if stat.S_ISREG(status.st_mode) and status.st_size <= limit:
                return file.read(limit)
    return None


@contextlib.contextmanager
def _folder(top: Path, parts: list[str]) -> Iterator[int]:
    """A folder below `top`, open. Raises OSError where a part of the way is none."""
    folder = os.open(top, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in parts:
            if part in ("", ".", ".."):
                raise FileNotFoundError(part)
            inner = os.open(part, _FOLDER, dir_fd=folder)
            os.close(folder)
            folder = inner
        yield folder
    finally:
        os.close(folder)

"""Replaces a file whole: whatever happens in between, it is the old one or the new one."""

import contextlib
import fcntl
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_DEFAULT_MODE = 0o666  # less the umask


def write(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Make `data` the content of `path`. Raises OSError; the file is then as before.

    Written beside it, synced, renamed: a link at `path` is replaced, not followed. A program that is killed in
    between leaves a file whose name begins with a dot and ends with `.tmp`.
    """
    _replace(path, data, mode)
    folder = os.open(path.parent, _FOLDER)
    try:
        _sync(folder)
    finally:
        os.close(folder)


@contextlib.contextmanager
def locked(lock: Path) -> Iterator[None]:
    """Hold the lock file `lock`, waiting for whoever holds it; where the file system has no locks, go on without."""
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def lock_beside(file: Path) -> Path:
    """The lock file of one file."""
    return file.with_name(f".{file.name}.lock")


def write_in(folder: int, name: str, data: bytes, mode: int | None, owner: tuple[int, int] | None = None) -> None:
    """Like `write`, in the folder open as descriptor `folder`.

    `mode` None is what a new file gets. `owner` (user and group) is given to the file where it differs, which may
    raise PermissionError.
    """
    _replace(Path(name), data, mode, folder, owner)
    _sync(folder)


def _replace(
    path: Path, data: bytes, mode: int | None, folder: int | None = None, owner: tuple[int, int] | None = None
) -> None:
    temporary = path.with_name(f".termcoder-{secrets.token_hex(6)}.tmp")
    folders = {} if folder is None else {"src_dir_fd": folder, "dst_dir_fd": folder}
    try:
        created = _DEFAULT_MODE if mode is None else 0o600
        with open(os.open(temporary, _NEW, created, dir_fd=folder), "wb") as file:
            _set_rights(file.fileno(), mode, owner)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path, **folders)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary, dir_fd=folder)
        raise


def _sync(folder: int) -> None:
    with contextlib.suppress(OSError):  # the file itself is safe; some file systems sync no folders
        os.fsync(folder)


def _set_rights(descriptor: int, mode: int | None, owner: tuple[int, int] | None) -> None:
    """Change only what differs: some file systems refuse to set even what is so already."""
    status = os.fstat(descriptor)
    if owner is not None and owner != (status.st_uid, status.st_gid):
        os.fchown(descriptor, *owner)
    if mode is not None and mode != stat.S_IMODE(status.st_mode):
        os.fchmod(descriptor, mode)

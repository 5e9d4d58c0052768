"""Reads and replaces files of a project as bytes: only ordinary files below the root, all of them or none.

Folders are opened step by step from the root and no link is followed in them, so that one swapped in meanwhile leads
nowhere; a link that was there before is resolved first, and the file it leads to is changed.
"""

import codecs
import contextlib
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from termcoder import atomic
from termcoder.edits.patch import FileChange, Patch
from termcoder.errors import ChangedFileError, EditError, WorkspaceError
from termcoder.workspace import reading

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_NOFOLLOW | os.O_CLOEXEC
_BOMS = (  # UTF-32 first: its mark starts like UTF-16's
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@dataclass(frozen=True, slots=True)
class Swap:
    """A file's bytes before and after a change, None where there is no file, and the mode for one that is created."""

    path: str
    before: bytes | None
    after: bytes | None
    mode: int | None = None


@dataclass(frozen=True, slots=True)
class _Found:
    data: bytes
    mode: int
    owner: tuple[int, int]


def swaps_of(root: Path, patch: Patch) -> tuple[Swap, ...]:
    """What a patch does to the bytes of the files as they are now.

    Raises ChangedFileError where a file's text isn't what the patch was made for, EditError where the new text can't
    be written in the file's encoding or two changes are for one file.
    """
    if len({_real(root, change.path) for change in patch.changes}) < len(patch.changes):
        raise EditError("Two of the changes are for the same file.", remedy="Make them one after the other.")
    return tuple(_swap(root, change) for change in patch.changes if change.before != change.after)


def check(root: Path, swaps: Sequence[Swap]) -> None:
    """Raise ChangedFileError where a file is neither as before nor as after a change."""
    for swap in swaps:
        found = _find(root, swap.path)
        if (found.data if found else None) not in (swap.before, swap.after):
            raise _changed(swap.path, "it has been changed since")


def swap_all(root: Path, swaps: Sequence[Swap]) -> None:
    """Make every change, or none. Raises EditError (see `check`); the files are then as they were."""
    done: list[Swap] = []
    check(root, swaps)
    try:
        for swap in swaps:
            check(root, (swap,))  # once more, as late as can be
            put(root, swap.path, swap.after, swap.mode)
            done.append(swap)
    except BaseException:
        for swap in reversed(done):
            put(root, swap.path, swap.before, swap.mode)
        raise


def put(root: Path, path: str, data: bytes | None, mode: int | None = None) -> None:
    """Make `data` the file's bytes; None: remove it, and the folders that are empty then.

    A file that is there keeps its mode and owner. Raises EditError.
    """
    real = _real(root, path)
    found = _find(root, path)
    if (found.data if found else None) == data:
        return
    try:
        with _folder_of(root, real, create=data is not None) as folder:
            if data is None:
                os.unlink(real.name, dir_fd=folder)
            elif found is None:
                atomic.write_in(folder, real.name, data, mode)
            else:
                atomic.write_in(folder, real.name, data, found.mode, found.owner)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        if data is None or found is None:
            _remove_empty(root, real.parent)


def _swap(root: Path, change: FileChange) -> Swap:
    found = _find(root, change.path)
    if found is None:
        if change.before is not None:
            raise _changed(change.path, "there is no such file")
        return Swap(change.path, None, _encoded(change, b"", "utf-8"))
    if change.before is None:
        raise _changed(change.path, "there is such a file already")
    try:
        text, encoding = reading.decode(change.path, found.data)
    except WorkspaceError as error:
        raise _changed(change.path, "it is no text file") from error
    if text != change.before:
        raise _changed(change.path, "its text is another now")
    return Swap(change.path, found.data, _encoded(change, found.data, encoding), found.mode)


def _encoded(change: FileChange, old: bytes, encoding: str) -> bytes | None:
    """The new text in the encoding, and behind the mark, of the old bytes."""
    if change.after is None:
        return None
    mark, encoding = next(((mark, name) for mark, name in _BOMS if old.startswith(mark)), (b"", encoding))
    try:
        return mark + change.after.encode(encoding)
    except UnicodeEncodeError as error:
        raise EditError(
            f"{change.path!r} is written in {encoding}, which has no {change.after[error.start]!r}.",
            remedy="Save the file as UTF-8 first.",
        ) from error


def _real(root: Path, path: str) -> Path:
    try:
        return reading.resolve(root, path)
    except WorkspaceError as error:
        raise ChangedFileError(error.message, remedy="Only files inside the project are changed.") from error


def _find(root: Path, path: str) -> _Found | None:
    """What is at `path` now. Raises ChangedFileError for what is no file, EditError for one not to be replaced."""
    real = _real(root, path)
    try:
        with _folder_of(root, real) as folder:
            descriptor = os.open(real.name, _FILE, dir_fd=folder)
            with open(descriptor, "rb") as file:
                status = os.fstat(descriptor)
                _check_replaceable(path, status, os.access(real.name, os.W_OK, dir_fd=folder))
                return _Found(file.read(), stat.S_IMODE(status.st_mode), (status.st_uid, status.st_gid))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _changed(path, f"it can't be read ({error.strerror})") from error


def _check_replaceable(path: str, status: os.stat_result, writable: bool) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise _changed(path, "it is no ordinary file")
    if status.st_nlink > 1:
        raise EditError(
            f"{path!r} is one of {status.st_nlink} hard links to a file, and a change would part it from the others.",
            remedy="Make it a copy of its own first.",
        )
    if not writable:
        raise EditError(f"{path!r} is write-protected.", remedy="Set its permissions first.")


@contextlib.contextmanager
def _folder_of(root: Path, real: Path, *, create: bool = False) -> Iterator[int]:
    """The folder of a file, open."""
    folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in real.parent.relative_to(root).parts:
            inner = _open_folder(folder, part, create)
            os.close(folder)
            folder = inner
        yield folder
    finally:
        os.close(folder)


def _open_folder(folder: int, name: str, create: bool) -> int:
    if create:
        with contextlib.suppress(FileExistsError):
            os.mkdir(name, dir_fd=folder)
    return os.open(name, _FOLDER, dir_fd=folder)


def _remove_empty(root: Path, folder: Path) -> None:
    """Remove folders that are empty without the file that was, or should have been, in them; git does the same."""
    with contextlib.suppress(OSError):
        while folder != root:
            folder.rmdir()
            folder = folder.parent


def _changed(path: str, why: str) -> ChangedFileError:
    return ChangedFileError(f"{path!r} can't be changed: {why}.", remedy="Ask again, for the file as it is now.")


def _unwritable(path: str, error: OSError) -> EditError:
    if isinstance(error, PermissionError):
        return EditError(
            f"{path!r} can't be replaced: its folder or its owner doesn't allow it.",
            remedy="Set the permissions of its folder, or change the file by hand.",
        )
    return EditError(f"{path!r} can't be written: {error.strerror or error}.", remedy="No file was changed.")

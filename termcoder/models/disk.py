"""Room on the disk: checked before a model is fetched, told with figures when it runs out on the way."""

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from termcoder.errors import DiskFullError, ModelError
from termcoder.models.progress import size_text

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
REMEDY = "Make room, or set XDG_CACHE_HOME to a folder on a larger disk, then try again: it goes on where it was."


def ensure_room(folder: Path, needed: int) -> None:
    """Raise DiskFullError where the disk of `folder` (or of its nearest parent) has less than `needed` bytes free."""
    free = shutil.disk_usage(_existing(folder)).free
    if free < needed:
        raise DiskFullError(
            f"The model needs {size_text(needed)} on the disk at {_disk_of(folder)}, {size_text(free)} are free.",
            remedy=REMEDY,
        )


@contextmanager
def telling_errors(folder: Path) -> Iterator[None]:
    """Turn "no space left" of anything done inside into DiskFullError, any other trouble with files into ModelError."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise disk_full(folder) from error
        what, why = error.filename or folder, error.strerror or error
        raise ModelError(f"{what} can't be used: {why}.", remedy="Check who may read and write there.") from error


def disk_full(folder: Path) -> DiskFullError:
    """The error for a disk that ran full while the model was being written."""
    free = shutil.disk_usage(_existing(folder)).free
    return DiskFullError(f"The disk at {_disk_of(folder)} is full ({size_text(free)} free).", remedy=REMEDY)


def size_of(path: Path) -> int:
    """Bytes of a file, or of the files in a folder and below; what vanishes meanwhile or can't be read is 0."""
    try:
        if not path.is_dir() or path.is_symlink():
            return path.lstat().st_size
        return sum(size_of(entry) for entry in path.iterdir())
    except OSError:
        return 0


def remove(path: Path) -> None:
    """Remove a file, a link (not what it points to) or a whole folder; nothing where it is gone already."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _disk_of(folder: Path) -> Path:
    """Where the disk that holds `folder` begins, which is how people know it."""
    place = _existing(folder.absolute())
    device = place.stat().st_dev
    return [path for path in (place, *place.parents) if path.stat().st_dev == device][-1]


def _existing(folder: Path) -> Path:
    return next(path for path in (folder, *folder.parents) if path.exists())

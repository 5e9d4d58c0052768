"""Opens a project's files safely: only ordinary files below the root, never waiting, never too much."""

import codecs
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import AnyStr, BinaryIO

from termcoder.errors import WorkspaceError

MAX_ATTACHMENT_BYTES = 1024 * 1024
"""Most bytes of one file that can be attached: about 250,000 tokens, more than any model here holds."""
MAX_SCANNED_BYTES = 256 * 1024 * 1024
"""How far into a large file lines are looked for."""

_SNIFFED = 8192
_BOMS = (  # UTF-32 first: its mark starts like UTF-16's
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_WIDE_BOMS = tuple(mark for mark, _ in _BOMS[1:])


def resolve(root: Path, path: str) -> Path:
    """The real place of `path` below `root`. Raises WorkspaceError when it leads outside, or into git's folder."""
    if not path or "\0" in path or path.startswith(("/", "~")) or ".." in path.split("/"):
        raise WorkspaceError(
            f"{path!r} is no path inside the project.", remedy="Name the file as it is seen from the project's root."
        )
    try:
        real = (root / path).resolve()
    except (OSError, RuntimeError, ValueError) as error:
        raise WorkspaceError(f"{path!r} can't be read: {_why(error)}.", remedy="Name another file.") from error
    if not real.is_relative_to(root):
        raise WorkspaceError(
            f"{path!r} is a link that leads out of the project.", remedy="Copy the file into the project first."
        )
    if ".git" in real.relative_to(root).parts:
        raise WorkspaceError(f"{path!r} is git's own file.", remedy="Only the project's files can be attached.")
    return real


def read_text(root: Path, path: str, first: int | None = None, last: int | None = None) -> tuple[str, str]:
    """The text of a file, or of its lines `first` to `last`, and the name of its encoding."""
    with _open(root, resolve(root, path), path) as file:
        try:
            if first is None:
                return decode(path, _read_whole(file, path))
            return _read_range(file, path, first, first if last is None else last)
        except OSError as error:
            raise WorkspaceError(f"{path!r} can't be read: {_why(error)}.", remedy="Name another file.") from error


def decode(path: str, data: bytes) -> tuple[str, str]:
    """The text of a file and the name of its encoding. Raises WorkspaceError for bytes that are no text."""
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return _decode_marked(path, data, encoding)
    if b"\0" in data:
        raise _not_text(path)
    for encoding in ("utf-8", "windows-1252"):
        try:
            return data.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1"), "latin-1"


def count_lines(text: str) -> int:
    """How many lines `text` has; a last one without a newline counts, an empty text has none."""
    return text.count("\n") + (1 if text and not text.endswith("\n") else 0)


def _decode_marked(path: str, data: bytes, encoding: str) -> tuple[str, str]:
    try:
        return data.decode(encoding), encoding.removesuffix("-sig")
    except UnicodeDecodeError as error:
        raise _not_text(path) from error


def _open(root: Path, real: Path, path: str) -> BinaryIO:
    """Open `real` step by step from `root`, following no link, so that a link swapped in meanwhile leads nowhere."""
    folder = -1
    try:
        folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
        *folders, name = real.relative_to(root).parts or (".",)
        for part in folders:
            inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
            os.close(folder)
            folder = inner
        descriptor = os.open(name, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_NOFOLLOW, dir_fd=folder)
    except OSError as error:
        raise WorkspaceError(
            f"{path!r} can't be read: {_why(error)}.", remedy="Check the name, or name another file."
        ) from error
    finally:
        if folder >= 0:
            os.close(folder)
    try:
        _check_kind(os.fstat(descriptor).st_mode, path)
    except WorkspaceError:
        os.close(descriptor)
        raise
    return os.fdopen(descriptor, "rb")


def _check_kind(mode: int, path: str) -> None:
    if stat.S_ISDIR(mode):
        raise WorkspaceError(f"{path!r} is a folder.", remedy="Name a file in it.")
    if not stat.S_ISREG(mode):
        raise WorkspaceError(f"{path!r} is a pipe, socket or device, no file.", remedy="Name an ordinary file.")


def _read_whole(file: BinaryIO, path: str) -> bytes:
    data = file.read(MAX_ATTACHMENT_BYTES + 1)
    if len(data) <= MAX_ATTACHMENT_BYTES:
        return data
    size = max(os.fstat(file.fileno()).st_size, len(data)) / 2**20
    raise WorkspaceError(
        f"{path!r} has {size:.1f} MiB, and at most 1 MiB of a file can be attached.",
        remedy="Attach a part of it by its lines, like @name:1-200.",
    )


def _read_range(file: BinaryIO, path: str, first: int, last: int) -> tuple[str, str]:
    if first < 1 or last < first:
        raise WorkspaceError(f"{first}-{last} is no range of lines.", remedy="Write it like @name:10-40.")
    head = file.read(_SNIFFED)
    file.seek(0)
    if head.startswith(_WIDE_BOMS):  # newlines are two or four bytes there
        text, encoding = decode(path, _read_whole(file, path))
        lines = text.splitlines(keepends=True)
        return "".join(_taken(iter(lines), path, first, last)), encoding
    if b"\0" in head:
        raise _not_text(path)
    return decode(path, b"".join(_taken(iter(lambda: file.readline(MAX_ATTACHMENT_BYTES), b""), path, first, last)))


def _taken(lines: Iterator[AnyStr], path: str, first: int, last: int) -> list[AnyStr]:
    """Lines `first` to `last`, which must exist (the last may lie after the end) and together be small enough."""
    taken: list[AnyStr] = []
    number = size = scanned = 0
    for number, line in enumerate(lines, start=1):
        scanned += len(line)
        if number > last:
            break
        if number >= first:
            taken.append(line)
            size += len(line)
        if size > MAX_ATTACHMENT_BYTES or len(line) >= MAX_ATTACHMENT_BYTES or scanned > MAX_SCANNED_BYTES:
            raise WorkspaceError(f"Lines {first}-{last} of {path!r} are too much text.", remedy="Attach fewer lines.")
    if not taken:
        raise WorkspaceError(f"{path!r} has no line {first}, it ends at line {number}.", remedy="Name lines it has.")
    return taken


def _not_text(path: str) -> WorkspaceError:
    return WorkspaceError(f"{path!r} is no text file.", remedy="Only text can be attached.")


def _why(error: BaseException) -> str:
    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).lower()

"""Takes changes on the disk back: makes the patch for it, in the words of what is on the disk.

Git compares a file in the form that it would keep: with its own line ends, without expanded `$Id$`s, in UTF-8. The
patch is for the file as it is.
"""

import io
import re
from collections.abc import Collection
from dataclasses import replace

from termcoder.diffs.model import FileDiff, Hunk, Kind, Status
from termcoder.diffs.selecting import RowAt, all_rows, deselected
from termcoder.edits.patch import FileChange, Patch
from termcoder.errors import EditError, WorkspaceError
from termcoder.repository import disk, index
from termcoder.repository.command import Git
from termcoder.repository.repository import Repository
from termcoder.workspace import reading

_IDENT = re.compile(r"\$Id:[^$\n]*\$")
_BOM = "\ufeff"
_WIDE = ("utf-8", "utf-16", "utf-32")
_EXECUTABLE = "100755"


def discard(repository: Repository, file: FileDiff, chosen: Collection[RowAt] | None = None) -> Patch:
    """The patch that takes a file of the worktree scope, or the chosen rows of it, back to what the index has.

    A mode stays as it is. Raises ChangedFileError where the disk or the index isn't what the diff was made from,
    EditError for what is no text and what a patch can't bring back.
    """
    git = repository.git.harmless()
    repository.check_as_on_disk(git, file)
    _check_discardable(file)
    rows = all_rows(file) if chosen is None else frozenset(chosen)
    if file.status is Status.DELETED:
        return Patch((_restored(git, file, rows),))
    text, encoding = _on_disk(repository, file)
    is_all_new = rows >= all_rows(file) and file.status is Status.ADDED
    if is_all_new or (chosen is None and file.status is Status.COPIED):
        return Patch((FileChange(file.path, text, None),))
    if chosen is None and file.status is Status.RENAMED and file.old_path:
        old = replace(file, path=file.old_path, status=Status.DELETED)
        return Patch((_restored(git, old, all_rows(old)), FileChange(file.path, text, None)))
    here = replace(file, hunks=_as_on_disk(file, text, encoding))
    return Patch((FileChange(file.path, text, deselected(text, here, rows)),))


def _check_discardable(file: FileDiff) -> None:
    if file.kind not in (Kind.TEXT, Kind.LFS) or file.status is Status.TYPE_CHANGED or file.combined:
        what = "it becomes another kind of file" if file.status is Status.TYPE_CHANGED else file.skipped
        raise EditError(
            f"{file.path!r} can't be taken back here: {what}.", remedy="Use `git restore`, which can't be undone."
        )
    if not file.hunks and file.status not in (Status.ADDED, Status.DELETED, Status.RENAMED):
        raise EditError(f"Nothing but the mode of {file.path!r} differs.", remedy="Set it with `chmod`.")
    if file.status is Status.DELETED and file.mode_old == _EXECUTABLE:
        raise EditError(f"{file.path!r} was executable, and would not be.", remedy="Use `git restore`.")


def _restored(git: Git, file: FileDiff, rows: frozenset[RowAt]) -> FileChange:
    """The change that brings back a file, or some lines of it, with the line ends that it had on the disk."""
    data = git.run("cat-file", "--filters", f"--path={file.path}", file.old_id or "")
    text, encoding = _decoded(file.path, data)
    if encoding != "utf-8":
        raise EditError(f"{file.path!r} is written in {encoding}.", remedy="Use `git restore`.")
    if rows < all_rows(file):
        end = "\r\n" if "\r\n" in text else "\n"
        text = "".join(_ended(line, end) for line in _lines(deselected("", file, rows)))
    return FileChange(file.path, None, text)


def _on_disk(repository: Repository, file: FileDiff) -> tuple[str, str]:
    data = disk.read(repository.top, file.path)
    if data is None:
        raise index.changed(file.path, "it can't be read any longer")
    return _decoded(file.path, data)


def _decoded(path: str, data: bytes) -> tuple[str, str]:
    try:
        return reading.decode(path, data)
    except WorkspaceError as error:
        raise EditError(error.message, remedy="Use `git restore`, which can't be undone.") from error


def _as_on_disk(file: FileDiff, text: str, encoding: str) -> tuple[Hunk, ...]:
    """The hunks of a file with the lines as they are on the disk, and those that were as they would be there."""
    lines = _lines(text)
    return tuple(replace(hunk, rows=_rows_on_disk(file.path, hunk, lines, encoding)) for hunk in file.hunks)


def _rows_on_disk(path: str, hunk: Hunk, lines: list[str], encoding: str) -> tuple[tuple[str, str], ...]:
    there = lines[hunk.first_new - 1 : hunk.first_new - 1 + hunk.new_lines] if hunk.new_lines else []
    end = "\r\n" if all(line.endswith("\r\n") for line in lines[:-1]) and "\r\n" in "".join(lines) else "\n"
    rows = []
    for row in hunk.numbered():
        line = _in_encoding(path, row.text, encoding)
        if row.new is None:
            rows.append((row.sign, _ended(line, end)))
            continue
        place = row.new - hunk.first_new
        if place >= len(there) or _plain(there[place]) != _plain(line):
            raise index.changed(path, "git reads its lines in another way than they are on the disk")
        rows.append((row.sign, there[place]))
    return tuple(rows)


def _in_encoding(path: str, line: str, encoding: str) -> str:
    """A line as git keeps it, as it reads in the file's encoding."""
    if encoding in _WIDE:
        return line
    try:
        return line.encode("utf-8", "surrogateescape").decode(encoding)
    except UnicodeDecodeError as error:
        raise EditError(f"{path!r} had bytes that {encoding} doesn't have.", remedy="Use `git restore`.") from error


def _plain(line: str) -> str:
    """A line without what differs between git's form of it and the disk's."""
    return _IDENT.sub("$Id$", line.replace("\r\n", "\n").removeprefix(_BOM))


def _ended(line: str, end: str) -> str:
    r"""A line that ends with `\n`, with another end; with `\r\n`, or with none, it stays."""
    return line[:-1] + end if line.endswith("\n") and not line.endswith("\r\n") else line


def _lines(text: str) -> list[str]:
    return io.StringIO(text, newline="\n").readlines()

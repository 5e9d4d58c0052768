"""Takes parts of a change into the index and out of it, exact to the byte. The files on the disk stay as they are."""

import re
from collections.abc import Collection, Iterator
from dataclasses import replace

from termcoder.diffs.model import FileDiff, Kind, Status
from termcoder.diffs.selecting import RowAt, all_rows, deselected, selected
from termcoder.errors import EditError
from termcoder.repository import disk, index
from termcoder.repository.command import Git
from termcoder.repository.discarding import discard
from termcoder.repository.index import Entry, Found, IndexChange
from termcoder.repository.repository import Repository

__all__ = ["Chosen", "Entry", "IndexChange", "discard", "revert", "stage", "unstage"]

Chosen = Collection[RowAt]
"""Rows of a file's diff that change something."""

_MAX_STAGED = 1024 * 1024 * 1024
_NO_FILE = "000000"
_EMPTY = (  # the ids of the blob that holds nothing, in both hashes
    "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391",
    "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813",
)
_COMMIT = re.compile(r"Subproject commit ([0-9a-f]{40,64})")
_PARTS = (Kind.TEXT, Kind.LFS)
_NEW_NAMES = (Status.ADDED, Status.COPIED, Status.RENAMED)


def stage(repository: Repository, file: FileDiff, chosen: Chosen | None = None) -> IndexChange:
    """Take a file of the worktree scope, or the chosen rows of it, into the index.

    A whole file comes with its name, mode and kind; rows of one come with its name only. Raises ChangedFileError where
    the disk or the index isn't what the diff was made from, EditError for what can't be staged here.
    """
    git = repository.git.harmless()
    repository.check_as_on_disk(git, file)
    found = index.find(git, _paths(file))
    index.check(found, _base(file, found))
    after = _whole(repository, git, file) if chosen is None else _part(repository, git, file, chosen)
    before = [replace(entry, intent=_is_meant(file, entry)) for entry in found.entries]
    return index.change(git, found, before, after)


def unstage(repository: Repository, file: FileDiff, chosen: Chosen | None = None) -> IndexChange:
    """Take a file of the staged scope, or the chosen rows of it, out of the index: it is again what HEAD has.

    Raises ChangedFileError where the index or HEAD isn't what the diff was made from, EditError for what can't be
    unstaged here.
    """
    repository.check_not_bare()
    if file.status is Status.UNMERGED:
        raise index.unmerged(file.path)
    git = repository.git.harmless()
    found = index.find(git, _paths(file))
    index.check(found, _staged(file))
    _check_head(repository, file)
    after = _old(file) if chosen is None else _rest(repository, file, chosen)
    return index.change(git, found, found.entries, after)


def revert(repository: Repository, change: IndexChange) -> IndexChange:
    """Put the index back as it was before a change; what is returned takes that back again.

    Raises ChangedFileError where the index isn't any longer as the change has left it.
    """
    git = repository.git.harmless()
    found = index.find(git, change.paths)
    index.check(found, change.after)
    return index.change(git, found, change.after, change.before)


def _paths(file: FileDiff) -> list[str]:
    """The paths whose entries take part: a file that only was copied from stays out."""
    old = [file.old_path] if file.old_path and file.status is Status.RENAMED else []
    return [*old, file.path]


def _base(file: FileDiff, found: Found) -> Iterator[Entry]:
    """What the index has where a file of the worktree scope was compared with it."""
    for entry in found.entries:  # a new file is in the index as one that is meant to be added, and empty
        if _is_meant(file, entry) and entry.blob_id in _EMPTY:
            yield entry
    yield from _old(file)


def _old(file: FileDiff) -> Iterator[Entry]:
    """The entry of the old side."""
    if file.old_id and file.mode_old and file.status not in (Status.ADDED, Status.COPIED):
        yield Entry(file.old_path or file.path, file.mode_old, file.old_id)


def _staged(file: FileDiff) -> Iterator[Entry]:
    """The entry of the new side."""
    if file.new_id and file.mode_new and file.status is not Status.DELETED:
        yield Entry(file.path, file.mode_new, file.new_id)


def _is_meant(file: FileDiff, entry: Entry) -> bool:
    return file.status in _NEW_NAMES and entry.path == file.path


def _whole(repository: Repository, git: Git, file: FileDiff) -> list[Entry]:
    if file.status is Status.DELETED:
        return []
    return [Entry(file.path, file.mode_new or "", _new_blob(repository, git, file))]


def _new_blob(repository: Repository, git: Git, file: FileDiff) -> str:
    """The id of what a file of the worktree scope holds; it is kept by git from now on."""
    if file.kind is Kind.SUBMODULE:
        return _new_commit(file)
    if file.kind is Kind.BINARY:
        data = disk.read(repository.top, file.path, _MAX_STAGED)
        if data is None:
            raise index.changed(file.path, "it can't be read any longer")
        output = git.run("hash-object", "-w", "--stdin", f"--path={file.path}", data=data)
        return output.decode("ascii").strip()
    if not file.hunks and file.old_id:
        return file.old_id
    if file.status in (Status.ADDED, Status.TYPE_CHANGED):
        text = "".join(line for hunk in file.hunks for sign, line in hunk.rows if sign == "+")
    else:
        text = selected(_text(repository, file.old_id), file, all_rows(file))
    return _kept(repository, text)


def _new_commit(file: FileDiff) -> str:
    added = [line for hunk in file.hunks for sign, line in hunk.rows if sign == "+"]
    found = _COMMIT.match(added[-1]) if added else None
    if found is None:
        raise EditError(f"{file.path!r} has no new commit to stage.", remedy="Commit inside of the submodule first.")
    return found[1]


def _part(repository: Repository, git: Git, file: FileDiff, chosen: Chosen) -> list[Entry]:
    """The entry with the chosen rows of a file of the worktree scope."""
    if _is_indivisible(file):
        _check_all_chosen(file, chosen)
        return _whole(repository, git, file)
    if file.status is Status.DELETED and set(chosen) >= all_rows(file):
        return []
    text = selected(_text(repository, None if file.status is Status.ADDED else file.old_id), file, chosen)
    mode = file.mode_new if file.status is Status.ADDED else file.mode_old
    return [Entry(file.path, mode or "", _kept(repository, text))]


def _rest(repository: Repository, file: FileDiff, chosen: Chosen) -> list[Entry]:
    """The entry without the chosen rows of a file of the staged scope."""
    everything = set(chosen) >= all_rows(file)
    if _is_indivisible(file):
        _check_all_chosen(file, chosen)
        return list(_old(file))
    if everything and file.status in (Status.ADDED, Status.DELETED):
        return list(_old(file))
    if file.status is Status.DELETED and not chosen:
        return []
    text = deselected(_text(repository, file.new_id), file, chosen)
    mode = file.mode_old if file.status is Status.DELETED else file.mode_new
    return [Entry(file.path, mode or "", _kept(repository, text))]


def _is_indivisible(file: FileDiff) -> bool:
    return file.kind not in _PARTS or file.status is Status.TYPE_CHANGED


def _check_all_chosen(file: FileDiff, chosen: Chosen) -> None:
    if not set(chosen) >= all_rows(file):
        raise EditError(f"{file.path!r} has no parts that could be taken alone.", remedy="Take the whole file.")


def _text(repository: Repository, blob_id: str | None) -> str:
    return repository.text(blob_id) if blob_id else ""


def _kept(repository: Repository, text: str) -> str:
    return index.write_blob(repository.git, text.encode("utf-8", "surrogateescape"))


def _check_head(repository: Repository, file: FileDiff) -> None:
    """Raise ChangedFileError where HEAD has something else than the old side of the diff."""
    path = file.old_path or file.path
    done = repository.git.ask("--literal-pathspecs", "ls-tree", "-z", "--full-tree", "HEAD", "--", path)
    head = done.output.partition(b"\t")[0].decode("ascii", "replace").split(" ")
    there = (head[0], head[2]) if len(head) == 3 and head[1] != "tree" else (_NO_FILE, None)
    if there != (file.mode_old or _NO_FILE, file.old_id):
        raise index.changed(path, "the last commit has another one now")

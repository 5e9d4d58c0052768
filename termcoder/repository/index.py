"""Reads and changes single entries of git's index."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from termcoder.errors import ChangedFileError, EditError
from termcoder.repository.command import Git

_FLAGS = {"S": ("--skip-worktree",), "s": ("--assume-unchanged", "--skip-worktree"), "h": ("--assume-unchanged",)}


@dataclass(frozen=True, slots=True)
class Entry:
    """A file in the index. `intent`: it is only meant to be added (`git add -N`), nothing of it is staged."""

    path: str
    mode: str
    blob_id: str
    intent: bool = False


@dataclass(frozen=True, slots=True)
class IndexChange:
    """What became of `paths` in the index. A path without an entry wasn't, or isn't, in it."""

    paths: tuple[str, ...]
    before: tuple[Entry, ...]
    after: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """The entries of some paths, and the letters by which `git ls-files -v` tells of their flags.

    `below`: entries of files in a folder that has the name of one of the paths.
    """

    entries: tuple[Entry, ...]
    letters: dict[str, str]
    below: tuple[Entry, ...] = ()


def find(git: Git, paths: Sequence[str]) -> Found:
    """What the index has for paths. Raises EditError for one that isn't merged yet."""
    output = git.run("--literal-pathspecs", "ls-files", "-z", "-v", "--stage", "--", *paths)
    entries: list[Entry] = []
    below: list[Entry] = []
    letters = {}
    for line in output.decode("utf-8", "surrogateescape").split("\0")[:-1]:
        head, _, path = line.partition("\t")
        letter, mode, blob_id, stage = head.split(" ")
        if stage != "0":
            raise unmerged(path)
        (entries if path in paths else below).append(Entry(path, mode, blob_id))
        letters[path] = letter
    return Found(tuple(entries), letters, tuple(below))


def change(git: Git, found: Found, before: Iterable[Entry], after: Iterable[Entry]) -> IndexChange:
    """Put the entries `after` in the place of `before`, which the index was found to have.

    A file that stands where a folder is to be, or the other way round, goes.
    """
    after = tuple(after)
    before = (*before, *_in_the_way(git, found, after))
    kept = {entry.path for entry in after if not entry.intent}
    paths = tuple(dict.fromkeys(entry.path for entry in (*before, *after)))
    lines = [f"0 {'0' * len(entry.blob_id)}\t{entry.path}" for entry in before if entry.path not in kept]
    lines += [f"{entry.mode} {entry.blob_id}\t{entry.path}" for entry in after if not entry.intent]
    git.run("update-index", "-z", "--index-info", data=_joined(lines))
    _set_flags(git, found, kept)
    meant = [entry.path for entry in after if entry.intent]
    if meant:
        git.run("--literal-pathspecs", "add", "--intent-to-add", "--force", "--", *meant)
    return IndexChange(paths, before, after)


def check(found: Found, expected: Iterable[Entry]) -> None:
    """Raise ChangedFileError where the index has other entries than expected."""
    now, then = ({(e.path, e.mode, e.blob_id) for e in entries} for entries in (found.entries, expected))
    for path, _, _ in sorted(now ^ then):
        raise changed(path, "the index holds something else of it now")


def changed(path: str, why: str) -> ChangedFileError:
    """The error for a file that isn't what its diff was made from."""
    return ChangedFileError(f"{path!r} can't be changed: {why}.", remedy="Read the changes again.")


def unmerged(path: str) -> EditError:
    """The error for a file with a conflict."""
    return EditError(
        f"{path!r} has a conflict that isn't resolved.", remedy="Resolve it in the file, then run `git add` for it."
    )


def write_blob(git: Git, data: bytes) -> str:
    """Keep bytes as they are; the id that they have from now on."""
    return git.run("hash-object", "-w", "--stdin", "--no-filters", data=data).decode("ascii").strip()


def _in_the_way(git: Git, found: Found, after: Sequence[Entry]) -> list[Entry]:
    known = {entry.path for entry in found.entries}
    new = [entry.path for entry in after if entry.path not in known]
    entries = [entry for entry in found.below if any(entry.path.startswith(f"{path}/") for path in new)]
    for parent in dict.fromkeys(parent for path in new for parent in _parents(path)):
        if parent not in known and git.ask("rev-parse", "--verify", "--quiet", f":0:{parent}").code == 0:
            entries += find(git, (parent,)).entries
    return entries


def _parents(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]


def _set_flags(git: Git, found: Found, paths: Iterable[str]) -> None:
    """Entries that are replaced lose their flags: give them back."""
    for path in paths:
        for flag in _FLAGS.get(found.letters.get(path, ""), ()):
            git.run("update-index", flag, "-z", "--stdin", data=os.fsencode(path) + b"\0")


def _joined(lines: list[str]) -> bytes:
    return "".join(f"{line}\0" for line in lines).encode("utf-8", "surrogateescape")

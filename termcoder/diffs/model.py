r"""What a diff is made of.

Text is what git printed, decoded as UTF-8 with `surrogateescape`, so that its bytes can be had back exactly. Lines end
at `\n` and nowhere else, as for git, and keep their ends: a line without `\n` is the last of a file that doesn't end
with one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Status(StrEnum):
    """What became of a file, in the letters of `git diff --raw`."""

    ADDED = "A"
    COPIED = "C"
    DELETED = "D"
    MODIFIED = "M"
    RENAMED = "R"
    TYPE_CHANGED = "T"
    UNMERGED = "U"


class Kind(StrEnum):
    """What a file is; the new side decides, and the old one where there is no new."""

    TEXT = "text"
    BINARY = "binary"
    SUBMODULE = "submodule"
    SYMLINK = "symlink"
    LFS = "lfs"


class Row(NamedTuple):
    """A row of a hunk with its line numbers, from 1; None on a side that doesn't have it.

    `sign` is " ", "-" or "+"; in a combined diff one of them for each parent ("++", " -").
    """

    sign: str
    text: str
    old: int | None
    new: int | None


@dataclass(frozen=True, slots=True)
class Hunk:
    """One place that changes. Lines count from 1, as in a diff's `@@`: a side without lines has the line before.

    - `rows`: signs and lines with their ends. In a combined diff a sign has one character for each parent, and
      `first_old`, `old_lines` are those of the first parent.
    - `heading`: what git prints behind the second `@@`, the function that the hunk is in.
    """

    first_old: int
    old_lines: int
    first_new: int
    new_lines: int
    rows: tuple[tuple[str, str], ...]
    heading: str = ""

    @property
    def added(self) -> int:
        """How many lines it adds."""
        return sum("+" in sign for sign, _ in self.rows)

    @property
    def deleted(self) -> int:
        """How many lines it removes."""
        return sum("-" in sign for sign, _ in self.rows)

    @property
    def new_numbers(self) -> range:
        """The numbers of its lines on the new side; empty where it has none."""
        return range(self.first_new, self.first_new + self.new_lines)

    def numbered(self) -> Iterator[Row]:
        """Its rows with their line numbers."""
        old, new = self.first_old, self.first_new
        for sign, text in self.rows:
            in_new = "-" not in sign
            in_old = sign[0] == (" " if in_new else "-")
            yield Row(sign, text, old if in_old else None, new if in_new else None)
            old += in_old
            new += in_new


@dataclass(frozen=True, slots=True)
class FileDiff:
    """How one file changes.

    - `path`: its name now (for a deleted file, the one it had). `old_path`: the name it was renamed or copied from.
    - `mode_old`, `mode_new`: as git writes them ("100644"), "000000" where there is no file; None where a patch
      doesn't tell.
    - `old_id`, `new_id`: ids of the blobs, None where not known; one of zeros only is a file that is on the disk only.
    - `skipped`: why it is not reviewed, in a few words; None where it is.
    - `combined`: it is compared with two parents or more, as in a merge.
    - `similarity`: of a renamed or copied file, in percent.
    """

    path: str
    status: Status
    kind: Kind = Kind.TEXT
    old_path: str | None = None
    mode_old: str | None = None
    mode_new: str | None = None
    old_id: str | None = None
    new_id: str | None = None
    similarity: int | None = None
    hunks: tuple[Hunk, ...] = ()
    skipped: str | None = None
    combined: bool = False

    @property
    def added(self) -> int:
        """How many lines it adds, as in `git diff --numstat`."""
        return sum(hunk.added for hunk in self.hunks)

    @property
    def deleted(self) -> int:
        """How many lines it removes, as in `git diff --numstat`."""
        return sum(hunk.deleted for hunk in self.hunks)


class ScopeKind(StrEnum):
    """What is reviewed."""

    STAGED = "staged"  # the index against HEAD
    WORKTREE = "worktree"  # the files on the disk against the index
    COMMIT = "commit"  # one commit against its first parent
    RANGE = "range"  # A..B, or A...B: B against the merge base
    BRANCH = "branch"  # HEAD against the merge base with another branch
    PATCH = "patch"  # a diff that somebody brought


@dataclass(frozen=True, slots=True)
class Scope:
    """What is reviewed. `what`: the revision, range or branch, where the kind needs one."""

    kind: ScopeKind = ScopeKind.STAGED
    what: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.what}".strip()


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """Every changed file of a scope, in git's order. `notes`: what else a reader must know ("3 untracked files")."""

    scope: Scope
    files: tuple[FileDiff, ...] = ()
    notes: tuple[str, ...] = ()

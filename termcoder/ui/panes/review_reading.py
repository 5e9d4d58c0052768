"""Reads what the review pane shows of a repository. Everything here blocks, and is meant for a thread."""

import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from termcoder.diffs.model import ChangeSet, Scope, ScopeKind
from termcoder.errors import GitError, GitStoppedError
from termcoder.repository.repository import Repository
from termcoder.review.finding import Review
from termcoder.ui.widgets.diff_body import NOTHING

if TYPE_CHECKING:
    from termcoder.features.review import ReviewFeature

Stamp = tuple[tuple[int, int, int] | None, ...]
"""Time, size and number of files that git writes when the index or HEAD changes."""

_WATCHED = ("index", "HEAD", "logs/HEAD", "MERGE_HEAD")


@dataclass(frozen=True, slots=True)
class Reading:
    """Changes as they were read.

    - `restored`: what this session has said of exactly these. `hint`: what to do where there are none.
    - `stamp`: of before they were read; None where there is nothing to compare.
    - `top`: the folder that paths are relative to.
    """

    changes: ChangeSet
    restored: Review | None
    hint: str
    stamp: Stamp | None
    top: Path
    git_dir: Path


def read(feature: "ReviewFeature", scope: Scope, cancel: threading.Event) -> Reading:
    """Read a scope. Raises GitError, RevisionError, GitStoppedError once `cancel` is set."""
    repository = feature.repository()
    stamp = stamp_now(repository.git_dir)
    changes = repository.changes(scope, cancel)
    restored = feature.restored(changes) if changes.files else None
    hint = "" if changes.files else _hint(repository, changes, cancel)
    return Reading(changes, restored, hint, stamp, repository.top, repository.git_dir)


def stamp_now(git_dir: Path) -> Stamp:
    """What the stamp is now."""
    return tuple(_stamp(git_dir / name) for name in _WATCHED)


def _stamp(file: Path) -> tuple[int, int, int] | None:
    try:
        status = os.stat(file)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _hint(repository: Repository, changes: ChangeSet, cancel: threading.Event) -> str:
    """What to say and to do where nothing has changed."""
    kind = changes.scope.kind
    if kind is ScopeKind.STAGED:
        return "\n".join(("Nothing is staged.", _elsewhere(repository, cancel), *_sentences(changes)))
    if kind is ScopeKind.WORKTREE:
        lines = ("Nothing on the disk differs from the index.", "t shows what is staged, o offers more.")
        return "\n".join((*lines, *_sentences(changes)))
    return "\n".join((NOTHING.get(kind, "No file differs."), "o offers other scopes.", *_sentences(changes)))


def _elsewhere(repository: Repository, cancel: threading.Event) -> str:
    """What the working tree has, for a user who has staged nothing."""
    unstaged = ChangeSet(Scope(ScopeKind.WORKTREE))
    try:
        unstaged = repository.changes(unstaged.scope, cancel)
    except GitStoppedError:
        raise
    except GitError:
        return "t shows what has changed on the disk."
    if unstaged.files:
        differ = "file differs" if len(unstaged.files) == 1 else "files differ"
        return f"{len(unstaged.files):,} {differ} on the disk: t shows what, and s stages there."
    aside = " ".join(_sentences(unstaged))
    return f"Nothing on the disk differs, either. {aside}\no offers a commit, a range or a branch.".replace(" \n", "\n")


def _sentences(changes: ChangeSet) -> list[str]:
    return [f"{note[:1].upper()}{note[1:]}." for note in changes.notes]

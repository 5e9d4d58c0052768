"""What git keeps in plain files: where a working tree starts and which branch is checked out. Runs no program."""

import os
import re
import stat
from pathlib import Path

_HASH = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_BRANCH = "refs/heads/"
_SHORT_HASH = 8
_SMALL = 4096


def is_top(folder: Path) -> bool:
    """Whether `folder` is the top of a git working tree (a worktree or submodule included)."""
    git_dir = find_git_dir(folder)
    return git_dir is not None and os.path.lexists(git_dir / "HEAD")


def find_git_dir(top: Path) -> Path | None:
    """The git folder of the working tree whose top is `top`: `.git`, or where a `.git` file points."""
    entry = top / ".git"
    if entry.is_dir():
        return entry
    content = _read_small(entry)
    if not content.startswith("gitdir:"):
        return None
    return top / content.removeprefix("gitdir:").strip()


def branch(top: Path) -> str:
    """The branch's name, unborn ones included; a short hash when detached; "" where there is no git."""
    git_dir = find_git_dir(top)
    if git_dir is None:
        return ""
    head = _read_head(git_dir / "HEAD")
    if head.startswith(_BRANCH):
        return "".join(character for character in head.removeprefix(_BRANCH) if character.isprintable())
    return head[:_SHORT_HASH] if _HASH.fullmatch(head) else ""


def _read_head(path: Path) -> str:
    """The full name of the ref that HEAD points to, or the commit's hash. Old gits made HEAD a symlink."""
    try:
        return os.readlink(path)
    except OSError:
        return _read_small(path).removeprefix("ref:").strip()


def _read_small(path: Path) -> str:
    """The start of a small file; "" for what is none, never waiting for a pipe or a device."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
    except (OSError, ValueError):
        return ""
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return ""
        return (file.read(_SMALL) or b"").decode("utf-8", "surrogateescape")

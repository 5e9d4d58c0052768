"""What git keeps in plain files, and how git is run where its repository isn't trusted. Runs no program itself.

A repository may come from anywhere, with a configuration that names programs for nearly everything git does. Whoever
runs git gives it `OPTIONS` and `environment()`.
"""

import os
import re
import stat
from pathlib import Path

OPTIONS = ("--no-pager", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.quotePath=false")
"""What every git is called with, before the command: no monitor, no hook, no pager, names as they are."""
ELSEWHERE = frozenset(
    {
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_COMMON_DIR",
        "GIT_CONFIG",
        "GIT_CONFIG_COUNT",
        "GIT_CONFIG_PARAMETERS",
        "GIT_DIR",
        "GIT_INDEX_FILE",
        "GIT_NAMESPACE",
        "GIT_OBJECT_DIRECTORY",
        "GIT_PREFIX",
        "GIT_WORK_TREE",
    }
)
"""The variables that make git work on another repository than the one it is called in."""

_KEPT_VARIABLES = re.compile(
    r"GIT_(?:AUTHOR|COMMITTER)_(?:NAME|EMAIL|DATE)|GIT_CONFIG_(?:GLOBAL|SYSTEM|NOSYSTEM)"
    r"|GIT_CEILING_DIRECTORIES|GIT_DISCOVERY_ACROSS_FILESYSTEM"
)
_OWN_VARIABLES = {
    "GIT_ALLOW_PROTOCOL": "none",  # a partial clone fetches what it lacks, by whatever program it names
    "GIT_EDITOR": ":",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}
_HASH = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_BRANCH = "refs/heads/"
_SHORT_HASH = 8
_SMALL = 4096


def environment() -> dict[str, str]:
    """This program's variables for git: those for git left out, but who commits and where the user's settings are.

    It asks nothing, reaches no other machine, opens no editor, and speaks English. It is looked for in folders of PATH
    that are named from the root only: others may be the repository's.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GIT_") or _KEPT_VARIABLES.fullmatch(name)
    }
    return kept | _OWN_VARIABLES | {"PATH": search_path()}


def search_path() -> str:
    """PATH without folders that are named from wherever a program is started."""
    return os.pathsep.join(filter(os.path.isabs, os.get_exec_path()))


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

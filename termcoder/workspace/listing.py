"""Which files a project has: git's own list where git is, a walk that heeds `.gitignore` elsewhere."""

import os
import subprocess
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from termcoder.errors import WorkspaceError
from termcoder.workspace import git, reading

MAX_FILES = 200_000
"""More are not listed; they can still be mentioned by name."""

_GIT_SECONDS = 30.0
_MAX_NESTING = 4
_SKIPPED_FOLDERS = frozenset({".git", ".hg", ".svn", "node_modules", "__pycache__", ".venv"})
_GITLINK = "160000"


def list_files(root: Path) -> list[str]:
    """Every file below `root` that isn't ignored, submodules included, sorted."""
    return sorted(islice(_files(root, 0), MAX_FILES))


def _files(root: Path, nesting: int) -> Iterator[str]:
    listed = _git_entries(root) if git.find_git_dir(root) else None
    if listed is None:
        yield from _walk(root)
        return
    for mode, path in listed:
        if mode != _GITLINK and not path.endswith("/"):
            yield path
        elif nesting < _MAX_NESTING and git.is_top(root / path):
            folder = path.rstrip("/")
            yield from (f"{folder}/{inner}" for inner in _files(root / folder, nesting + 1))


def _git_entries(root: Path) -> list[tuple[str, str]] | None:
    """Mode ("" for untracked files) and path of what git knows; None where git can't tell.

    A repository may come from anywhere: nothing that its configuration names is run.
    """
    command = ["git", *git.OPTIONS, "ls-files", "-z", "-t", "--stage"]
    command += ["--cached", "--others", "--deleted", "--exclude-standard"]
    try:
        done = subprocess.run(
            command,
            cwd=root,
            env=git.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_GIT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return _parse_entries(done.stdout) if done.returncode == 0 else None


def _parse_entries(output: bytes) -> list[tuple[str, str]]:
    """Entries look like `H 100644 <hash> 0<tab>path`, `? path` when untracked, `R ...` when deleted."""
    entries: dict[str, str] = {}
    deleted = set()
    for entry in output.decode("utf-8", "surrogateescape").split("\0"):
        tag, _, rest = entry.partition(" ")
        if tag == "?":
            entries[rest] = ""
        elif tag:
            stage, _, path = rest.partition("\t")
            entries[path] = stage.partition(" ")[0]
            if tag == "R":
                deleted.add(path)
    return [(mode, path) for path, mode in entries.items() if path not in deleted and not path.startswith("../")]


def _walk(root: Path) -> Iterator[str]:
    """Files below a folder without git, hiding what its `.gitignore` files hide; follows no links."""
    from pathspec import GitIgnoreSpec  # git's own rules, kept for us (MPL-2.0, used unchanged); 40 ms to import

    specs: dict[str, GitIgnoreSpec] = {}

    def hidden(path: str) -> bool:
        """The nearest `.gitignore` that says anything about `path` decides."""
        folder = path.rstrip("/")
        while folder:
            folder = folder.rpartition("/")[0]
            if folder in specs:
                verdict = specs[folder].check_file(path[len(folder) + 1 if folder else 0 :]).include
                if verdict is not None:
                    return verdict
        return False

    for folder, folders, files in os.walk(root):
        here = os.path.relpath(folder, root) if folder != str(root) else ""
        prefix = f"{here}/" if here else ""
        if ".gitignore" in files:
            specs[here] = GitIgnoreSpec.from_lines(_ignore_lines(Path(folder, ".gitignore")))
        folders[:] = sorted(name for name in folders if name not in _SKIPPED_FOLDERS and not hidden(f"{prefix}{name}/"))
        yield from (path for path in (prefix + name for name in sorted(files)) if not hidden(path))


def _ignore_lines(path: Path) -> list[str]:
    try:
        return reading.read_text(path.parent, path.name)[0].splitlines()
    except WorkspaceError:  # a list that can't be read hides nothing
        return []

"""Small git repositories for tests, and what git itself says of their changes."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from termcoder.diffs.names import quote

FILE, PROGRAM, LINK, SUBMODULE = "100644", "100755", "120000", "160000"

Tree = dict[str, tuple[str, bytes]]
"""Files by path: the mode and the content (of a submodule: the commit)."""


@dataclass(frozen=True)
class Entry:
    """What `git diff --raw --numstat` says of a file. `counts` is None for a binary file."""

    path: str
    status: str
    old_path: str | None
    similarity: int | None
    modes: tuple[str, str]
    counts: tuple[int, int] | None


def git(folder: Path, *arguments: str, data: bytes = b"", fails: bool = False) -> bytes:
    """What git prints, without the user's settings."""
    environment = {
        **os.environ,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CEILING_DIRECTORIES": str(folder.parent),
        "LC_ALL": "C",
    }
    command = ["git", "-c", "core.fsync=none", "-C", str(folder), *arguments]
    done = subprocess.run(command, input=data, capture_output=True, env=environment, check=False)
    assert fails or done.returncode == 0, done.stderr.decode("utf-8", "replace")
    return done.stdout


def make_repository(folder: Path, *trees: Tree) -> Path:
    """A repository with a commit for each tree, one after another, on the branch `main`. Nothing is checked out."""
    folder.mkdir(parents=True)
    git(folder, "init", "-q", "-b", "main")
    git(folder, "fast-import", "--quiet", data=b"".join(_commit(number, tree) for number, tree in enumerate(trees)))
    return folder


def _commit(number: int, tree: Tree) -> bytes:
    message = b"a message\n"
    lines = [
        b"commit refs/heads/main\n",
        f"mark :{number + 1}\n".encode(),
        b"committer A <a@example.org> 1700000000 +0000\n",
        b"data %d\n%s" % (len(message), message),
        b"from :%d\n" % number if number else b"",
        b"deleteall\n",
    ]
    for path, (mode, content) in tree.items():
        name = quote(path).encode("utf-8", "surrogateescape")
        if mode == SUBMODULE:
            lines.append(b"M 160000 %s %s\n" % (content, name))
        else:
            lines.append(b"M %s inline %s\ndata %d\n%s\n" % (mode.encode(), name, len(content), content))
    return b"".join(lines)


def entries(output: bytes) -> list[Entry]:
    """What `git diff --raw --numstat -z` printed."""
    parts = [part.decode("utf-8", "surrogateescape") for part in output.split(b"\0")[:-1]]
    raw: list[tuple[str, list[str], list[str]]] = []
    counts: dict[str, tuple[int, int] | None] = {}
    while parts:
        first = parts.pop(0)
        if first.startswith(":"):
            fields = first[1:].split(" ")
            names = [parts.pop(0) for _ in range(1 + (fields[4][0] in "RC"))]
            raw.append((fields[4], fields, names))
        else:
            added, deleted, path = first.split("\t", 2)
            path = path or [parts.pop(0), parts.pop(0)][1]
            counts[path] = None if added == "-" else (int(added), int(deleted))
    return [
        Entry(
            path=names[-1],
            status=status[0],
            old_path=names[0] if len(names) > 1 else None,
            similarity=int(status[1:]) if len(names) > 1 else None,
            modes=(fields[0], fields[1]),
            counts=counts[names[-1]],
        )
        for status, fields, names in raw
    ]

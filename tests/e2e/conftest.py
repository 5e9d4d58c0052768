"""A terminal and a program in it."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.terminal import Terminal

Open = Callable[..., Terminal]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    root.mkdir()
    (root / "calc.py").write_text("def add(a, b):\n    return a - b\n", encoding="utf-8")
    subprocess.run(["git", "init", "-q", "-b", "main", str(root)], check=True)
    return root


@pytest.fixture
def open_program(tmp_path: Path, project: Path, isolated_home: Path) -> Iterator[Open]:
    """Opens `termcoder` with arguments in a new terminal, HOME being the test's own."""
    opened: list[Terminal] = []

    def open_it(*arguments: str, width: int = 100, height: int = 30, **settings: str) -> Terminal:
        terminal = Terminal(tmp_path / f"tmux-{len(opened)}", width, height)
        opened.append(terminal)
        env = {
            "HOME": str(isolated_home),
            "PATH": os.environ["PATH"],
            "TERM": "tmux-256color",
            "LC_ALL": "C.UTF-8",
            **settings,
        }
        terminal.run([sys.executable, "-m", "termcoder", *arguments], project, env)
        return terminal

    yield open_it
    for terminal in opened:
        terminal.close()


def children_of(pid: int) -> list[int]:
    """Every process below `pid`."""
    listing = subprocess.run(["ps", "-e", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    parents = {int(child): int(parent) for child, parent in (line.split() for line in listing.splitlines())}
    found, wanted = [], {pid}
    while more := [child for child, parent in parents.items() if parent in wanted and child not in found]:
        found += more
        wanted |= set(more)
    return found


def command_of(pid: int) -> str:
    """The command line of a process, "" where it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
    except OSError:
        return ""

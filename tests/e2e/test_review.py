"""The Review pane in a real terminal, with the scripted engine and a real repository."""

import subprocess
from pathlib import Path

import pytest
from rich.cells import cell_len

from tests.e2e.conftest import Open
from tests.e2e.terminal import Terminal

SCRIPTED = ("--engine", "scripted")
BEFORE = "".join(f"def f{number}(x):\n    return x + {number}\n\n\n" for number in range(20))
AFTER = BEFORE.replace("return x + 3\n", "return eval(x)\n").replace("return x + 15\n", "return x - 15\n")


def git(project: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=project, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def staged(project: Path) -> Path:
    """A repository with two hunks staged."""
    git(project, "config", "user.name", "Tester")
    git(project, "config", "user.email", "tester@example.org")
    (project / "sums.py").write_text(BEFORE, encoding="utf-8")
    git(project, "add", "-A")
    git(project, "commit", "-qm", "first")
    (project / "sums.py").write_text(AFTER, encoding="utf-8")
    git(project, "add", "-A")
    return project


def in_review(open_program: Open, width: int = 120, height: int = 36) -> Terminal:
    """The program with the Review pane shown."""
    terminal = open_program(*SCRIPTED, width=width, height=height)
    terminal.wait_for("ready")
    terminal.keys("F2", "F2")
    terminal.wait_for("▸Review", "sums.py")
    return terminal


def test_a_change_is_reviewed_unstaged_committed_and_all_of_it_taken_back(open_program: Open, staged: Path) -> None:
    terminal = in_review(open_program)
    terminal.wait_for("2 hunks in 1 file to review. Press r.")
    terminal.keys("r")
    terminal.wait_for("1 of 1 files read, 2 of 2 hunks", gone="Esc stops")
    terminal.keys("Home", "n", "n", "s")
    terminal.wait_for("Unstaged 2 lines of sums.py. u takes it back.", "it has changed since")
    assert "return x + 15" in git(staged, "show", ":sums.py")
    terminal.keys("u")
    terminal.wait_for("Taken back: unstaged 2 lines of sums.py")
    assert git(staged, "show", ":sums.py") == AFTER
    terminal.keys("C")
    terminal.wait_for("Commit 1 file, +2 −2", "Ctrl+S commits", "Subject: ", gone="Subject: 0 ")  # the draft
    terminal.keys("C-a", "C-k")
    terminal.wait_for("Subject: 0 ")  # Textual lets typed letters overtake such keys
    terminal.type("Count in another way")
    terminal.keys("C-s")
    terminal.wait_for("Committed", "“Count in another way”", "Nothing is staged.")
    assert git(staged, "log", "--format=%s").splitlines()[0].startswith("Count in another way")
    terminal.keys("u")
    terminal.wait_for("Taken back: committed", "sums.py")
    assert git(staged, "log", "--format=%s") == "first\n"
    assert git(staged, "show", ":sums.py") == AFTER
    terminal.keys("C-q")
    terminal.wait_for("EXIT=0")


def test_a_change_on_the_disk_is_discarded_after_a_question_and_brought_back(open_program: Open, staged: Path) -> None:
    git(staged, "reset", "-q")
    terminal = open_program(*SCRIPTED, width=120, height=36)
    terminal.wait_for("ready")
    terminal.keys("F2", "F2")
    terminal.wait_for("Nothing is staged.", "1 file differs on the disk: t shows what")
    terminal.keys("t")
    terminal.wait_for("Worktree · 1 file · +2 −2")
    terminal.keys("n", "x")
    terminal.wait_for("Take 2 lines of sums.py back on the disk?")
    terminal.keys("y")
    terminal.wait_for("Discarded 2 lines of sums.py")
    assert (staged / "sums.py").read_text(encoding="utf-8") == AFTER.replace("return eval(x)\n", "return x + 3\n")
    terminal.keys("u")
    terminal.wait_for("Taken back: discarded 2 lines of sums.py")
    assert (staged / "sums.py").read_text(encoding="utf-8") == AFTER


@pytest.mark.parametrize(("width", "height"), [(60, 20), (200, 50)])
def test_the_key_things_are_visible_in_any_window(open_program: Open, staged: Path, width: int, height: int) -> None:
    terminal = in_review(open_program, width, height)
    screen = terminal.wait_for("Staged · 1 file", "return eval(x)", "2 hunks in 1 file to review", "r Review")
    assert len(screen.splitlines()) <= height
    assert all(cell_len(line) <= width for line in screen.splitlines())
    terminal.keys("o")
    terminal.wait_for("What is to be reviewed?", "This branch since it left another")
    terminal.keys("Escape")
    terminal.wait_for("Staged · 1 file", gone="What is to be reviewed?")
    terminal.keys("C")
    terminal.wait_for("Commit 1 file, +2 −2", "Ctrl+S commits")
    terminal.keys("Escape")
    terminal.wait_for("Staged · 1 file", gone="Ctrl+S commits")
    terminal.keys("C-q")
    terminal.wait_for("EXIT=0")

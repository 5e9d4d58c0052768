"""The Traceback pane in a real terminal, with the scripted engine."""

import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from rich.cells import cell_len

from tests.e2e.conftest import Open
from tests.e2e.terminal import Terminal

SCRIPTED = ("--engine", "scripted")
APP = b"""def owner_of(order):
    return order["user_id"]


print(owner_of({"id": 7}))
"""
COUNTS = b"""def owner_of(order):
    return order["user_id"]
    return 0  # reached with a check before the line above


print(owner_of({"id": 7}) + 1)
"""
"""With a default the sum fails next; only the check makes this pass."""
DEFAULT = 'Use .get("user_id")'
GUARD = 'Check `if "user_id" in order`'
SOURCE_LINE = 'return order["user_id"]'


@pytest.fixture
def app(project: Path) -> Path:
    """A committed program that fails."""
    file = project / "app.py"
    file.write_bytes(APP)
    git(project, "add", "-A")
    git(project, "-c", "user.name=T", "-c", "user.email=t@example.org", "commit", "-qm", "first")
    return file


def git(project: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=project, capture_output=True, text=True, check=True).stdout


def state_of(project: Path) -> tuple[str, ...]:
    """All that git knows of a project, and every file's bytes."""
    files = sorted(path for path in project.rglob("*") if path.is_file() and ".git" not in path.parts)
    contents = "".join(f"{path}:{path.read_bytes()!r}\n" for path in files)
    commands = (("status", "--porcelain", "--ignored"), ("worktree", "list"), ("stash", "list"), ("branch", "-a"))
    return (contents, *(git(project, *words) for words in commands))


def log_of(app: Path) -> str:
    """What the program prints when it fails."""
    command = [sys.executable, app.name]
    return subprocess.run(command, cwd=app.parent, capture_output=True, text=True, check=False).stderr


def with_log(open_program: Open, app: Path, width: int = 130, height: int = 40, **settings: str) -> Terminal:
    """The program with the app's log pasted into the Traceback pane, its fixes found."""
    terminal = open_program(*SCRIPTED, width=width, height=height, **settings)
    terminal.wait_for("ready")
    terminal.keys("F2")
    terminal.wait_for("Paste an error log here")
    terminal.paste(log_of(app))
    terminal.wait_for("KeyError: 'user_id'", "Press d for the cause")
    return terminal


def focus_fixes(terminal: Terminal) -> None:
    """From the errors, with Tab over the source and the diagnosis, to the fixes."""
    terminal.wait_for(DEFAULT)
    terminal.keys("Tab", "Tab", "Tab")
    terminal.wait_for(f"▌ 1 {DEFAULT}")


def diagnosed(terminal: Terminal) -> str:
    """The screen, with the whole diagnosis on it."""
    terminal.keys("d")
    return terminal.wait_for("Cause", "Place", "it fails there as nothing was given", "dropped", gone="reading")


@pytest.fixture
def open_shell(tmp_path: Path, project: Path, isolated_home: Path) -> Iterator[Callable[[str], Terminal]]:
    """Opens a terminal that runs one shell command line; `python` and `termcoder` are there."""
    opened: list[Terminal] = []

    def open_it(line: str) -> Terminal:
        terminal = Terminal(tmp_path / f"tmux-shell-{len(opened)}", 130, 40)
        opened.append(terminal)
        env = {
            "HOME": str(isolated_home),
            "PATH": path_with_commands(tmp_path),
            "TERM": "tmux-256color",
            "LC_ALL": "C.UTF-8",
        }
        terminal.run(["sh", "-c", line], project, env)
        return terminal

    yield open_it
    for terminal in opened:
        terminal.close()


def path_with_commands(tmp_path: Path) -> str:
    """A PATH on which `python` and `termcoder` are those of this test."""
    folder = tmp_path / "bin"
    folder.mkdir(exist_ok=True)
    for name, words in (("python", ""), ("termcoder", "-m termcoder --engine scripted")):
        script = folder / name
        script.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {words} "$@"\n')
        script.chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


# Reading


def test_a_pasted_log_shows_its_root_cause_and_the_source_line(open_program: Open, app: Path) -> None:
    terminal = with_log(open_program, app)
    screen = terminal.wait_for("root cause", DEFAULT, GUARD)
    (cause,) = (line for line in screen.splitlines() if "root cause" in line)
    assert "KeyError: 'user_id'" in cause
    assert "▶  2     " + SOURCE_LINE in screen
    assert "app.py:2" in screen


def test_the_log_is_there_again_after_a_restart(open_program: Open, app: Path) -> None:
    first = with_log(open_program, app)
    first.wait_for(DEFAULT)
    first.keys("C-q")
    first.wait_for("EXIT=0")
    second = open_program(*SCRIPTED, width=130, height=40)
    second.wait_for("ready")
    second.keys("F2")
    second.wait_for("root cause", SOURCE_LINE, DEFAULT, "KeyError: 'user_id'")


def test_a_failing_command_opens_the_pane_and_its_code_is_kept(
    open_shell: Callable[[str], Terminal], app: Path
) -> None:
    terminal = open_shell("termcoder run -- python app.py")
    terminal.wait_for("root cause", SOURCE_LINE, DEFAULT)
    terminal.keys("t")
    terminal.wait_for("Which command shows the error?", "python app.py")
    terminal.keys("Escape")
    terminal.wait_for("root cause", gone="Which command")
    terminal.keys("C-q")
    screen = terminal.wait_for("EXIT=1")
    assert "KeyError: 'user_id'" in screen, "what the command printed is on the terminal again"


def test_a_command_that_passes_opens_nothing(open_shell: Callable[[str], Terminal], app: Path) -> None:
    screen = open_shell("termcoder run -- python -c 'print(\"fine\")'").wait_for("EXIT=0")
    assert "fine" in screen


def test_a_log_in_a_pipe_opens_the_pane_with_the_keyboard(open_shell: Callable[[str], Terminal], app: Path) -> None:
    terminal = open_shell("python app.py 2>&1 | termcoder diagnose")
    terminal.wait_for("root cause", SOURCE_LINE, DEFAULT, "ready")
    diagnosed(terminal)
    terminal.keys("C-q")
    terminal.wait_for("EXIT=0")


# Fixes


def test_a_diagnosis_names_the_cause_and_the_fixes_by_rule_are_listed(open_program: Open, app: Path) -> None:
    terminal = with_log(open_program, app)
    screen = diagnosed(terminal)
    assert DEFAULT in screen
    assert GUARD in screen
    assert screen.count("checked: applies and compiles · by rule") == 2


def test_a_fix_is_looked_at_applied_and_taken_back(open_program: Open, app: Path) -> None:
    terminal = with_log(open_program, app)
    focus_fixes(terminal)
    terminal.wait_for('+     return order.get("user_id")')
    terminal.keys("Enter")
    terminal.wait_for("a or Enter applies", "1 of 1 hunk")
    assert app.read_bytes() == APP, "a look changes nothing"
    terminal.keys("a")
    terminal.wait_for("Changed app.py", gone="a or Enter applies")
    assert app.read_bytes() == APP.replace(b'order["user_id"]', b'order.get("user_id")')
    terminal.keys("u")
    terminal.wait_for("Taken back")
    assert app.read_bytes() == APP


def test_escape_in_front_of_a_fix_applies_nothing(open_program: Open, app: Path) -> None:
    terminal = with_log(open_program, app)
    focus_fixes(terminal)
    terminal.keys("Enter")
    terminal.wait_for("a or Enter applies")
    terminal.keys("Escape")
    terminal.wait_for("root cause", gone="a or Enter applies")
    assert app.read_bytes() == APP


def test_the_fix_that_makes_the_command_pass_comes_first_and_the_project_is_untouched(
    open_program: Open, app: Path, tmp_path: Path
) -> None:
    app.write_bytes(COUNTS)
    before = state_of(app.parent)
    terminal = with_log(open_program, app, PATH=path_with_commands(tmp_path))
    screen = terminal.wait_for(DEFAULT, GUARD)
    assert screen.index(DEFAULT) < screen.index(GUARD)
    terminal.keys("t")
    terminal.wait_for("Which command shows the error?")
    terminal.type("python app.py")
    terminal.keys("Enter")
    screen = terminal.wait_for("verified: `python app.py` passes", "`python app.py` still fails", gone="trying")
    assert screen.index(GUARD) < screen.index("verified:") < screen.index(DEFAULT) < screen.index("still fails")
    terminal.keys("C-q")
    terminal.wait_for("EXIT=0")
    assert state_of(app.parent) == before


# Sizes


def assert_fits(screen: str, width: int, height: int) -> None:
    lines = screen.splitlines()
    assert len(lines) <= height
    assert all(cell_len(line) <= width for line in lines)
    assert "ready" in "".join(lines[-3:]), "the last lines are the status and the keys"


@pytest.mark.parametrize(("width", "height"), [(60, 20), (80, 24), (200, 50)])
def test_the_key_things_are_visible_in_any_window(open_program: Open, app: Path, width: int, height: int) -> None:
    terminal = with_log(open_program, app, width, height)
    screen = terminal.wait_for("KeyError: 'user_id'", "▶  2     " + SOURCE_LINE, DEFAULT, "ready")
    assert_fits(screen, width, height)
    assert "d Diagnose" in screen
    terminal.keys("d")
    screen = terminal.wait_for("Cause  it fails there as nothing was given", gone="writes fixes")
    assert_fits(screen, width, height)
    assert "▶  2     " + SOURCE_LINE in screen

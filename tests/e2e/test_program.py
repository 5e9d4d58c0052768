"""The program in a real terminal, with the scripted engine."""

import os
import signal
from pathlib import Path

from tests.e2e.conftest import Open, children_of, command_of

SCRIPTED = ("--engine", "scripted")


def program_pid(shell: int) -> int:
    """The termcoder process below the window's shell."""
    return next(pid for pid in children_of(shell) if "-m termcoder" in command_of(pid))


def test_a_question_is_answered_and_the_terminal_is_left_as_it_was(open_program: Open) -> None:
    terminal = open_program(*SCRIPTED)
    terminal.wait_for("Ask about this project", "ready", "main")
    terminal.type("hello there")
    terminal.keys("Enter")
    screen = terminal.wait_for("this answer is scripted", "tok/s")
    assert "│ hello there" in screen
    terminal.keys("C-q")
    screen = terminal.wait_for("EXIT=0")
    assert "Ask about this project" not in screen


def test_the_conversation_is_there_again_after_a_restart(open_program: Open) -> None:
    first = open_program(*SCRIPTED)
    first.wait_for("ready")
    first.type("remember me")
    first.keys("Enter")
    first.wait_for("tok/s")
    first.keys("C-q")
    first.wait_for("EXIT=0")
    second = open_program(*SCRIPTED)
    second.wait_for("│ remember me", "this answer is scripted")


def test_a_large_paste_never_sends_and_is_sent_whole(open_program: Open) -> None:
    terminal = open_program(*SCRIPTED, "--context", "200000")
    terminal.wait_for("ready")
    terminal.paste("".join(f"line {number}\n" for number in range(10_000)))
    screen = terminal.wait_for("10,000 lines")
    assert "tok/s" not in screen
    terminal.keys("Enter")
    terminal.wait_for("20000 words and 10000 lines")


def test_ctrl_j_makes_a_new_line(open_program: Open) -> None:
    terminal = open_program(*SCRIPTED)
    terminal.wait_for("ready")
    terminal.type("one")
    terminal.keys("C-j")
    terminal.type("two")
    terminal.wait_for("│ one", "│ two")


def test_a_mentioned_file_is_completed_and_attached(open_program: Open) -> None:
    terminal = open_program(*SCRIPTED)
    terminal.wait_for("ready")
    terminal.type("explain @ca")
    terminal.wait_for("calc.py")
    terminal.keys("Tab")
    terminal.wait_for("explain @calc.py")
    terminal.keys("Enter")
    terminal.wait_for("with calc.py", "return a - b")


def test_a_block_is_copied_to_the_clipboard(open_program: Open) -> None:
    terminal = open_program(*SCRIPTED)
    terminal.wait_for("ready")
    terminal.type("copy this")
    terminal.keys("Enter")
    terminal.wait_for("tok/s")
    terminal.keys("Tab")
    terminal.wait_for("Tab Message")
    terminal.keys("c")
    terminal.wait_for("clipboard (")
    assert terminal.clipboard().strip()


def test_kill_minus_nine_leaves_a_usable_terminal(open_program: Open) -> None:
    terminal = open_program(*SCRIPTED)
    terminal.wait_for("ready")
    os.kill(program_pid(terminal.pane_pid()), signal.SIGKILL)
    screen = terminal.wait_until_restored()
    assert "Ask about this project" not in screen


def test_a_closed_terminal_ends_the_program_and_keeps_the_session(open_program: Open, isolated_home: Path) -> None:
    terminal = open_program(*SCRIPTED)
    terminal.wait_for("ready")
    terminal.type("keep me")
    terminal.keys("Enter")
    terminal.wait_for("tok/s")
    pid = program_pid(terminal.pane_pid())
    os.kill(pid, signal.SIGHUP)
    terminal.wait_for("EXIT=")
    (session,) = (isolated_home / ".local/share/termcoder/sessions").rglob("*.json")
    assert "keep me" in session.read_text(encoding="utf-8")


def test_a_terminal_that_vanishes_takes_the_program_with_it(open_program: Open) -> None:
    terminal = open_program(*SCRIPTED)
    terminal.wait_for("ready")
    pid = program_pid(terminal.pane_pid())
    terminal.close()
    while command_of(pid):
        os.sched_yield()


def test_a_narrow_terminal_shows_the_essentials(open_program: Open) -> None:
    terminal = open_program(*SCRIPTED, width=60, height=20)
    screen = terminal.wait_for("ready", "Send")
    assert all(len(line) <= 60 for line in screen.splitlines())


def test_without_a_terminal_it_says_what_to_do(open_program: Open) -> None:
    terminal = open_program("--model", "x", "--set", "engine.thread=3", "ask", "hi")
    terminal.wait_for("Did you mean 'engine.threads'", "EXIT=1")

"""Sessions in a real terminal: kept, searched, resumed, renamed, deleted, taken back, split, found in, exported."""

from pathlib import Path

from tests.e2e.conftest import Open
from tests.e2e.terminal import Terminal

SCRIPTED = ("--engine", "scripted")


def ask(terminal: Terminal, question: str) -> None:
    terminal.wait_for("Ask about this project")
    terminal.type(question)
    terminal.wait_for(question)
    terminal.keys("Enter")
    terminal.wait_for(f"│ {question}", f"   {question}\n\n   ")  # the answer ends with it, and what it took follows


def test_two_sessions_are_searched_resumed_renamed_deleted_and_taken_back(open_program: Open) -> None:
    terminal = open_program(*SCRIPTED)
    terminal.wait_for("ready")
    ask(terminal, "tell me of apples")
    terminal.keys("C-n")
    terminal.wait_for("Ask about this project", gone="apples")
    ask(terminal, "tell me of pears")
    terminal.keys("F7")
    screen = terminal.wait_for("2 sessions", "today", "tell me of apples", "open · 1 turn")
    assert "▌ tell me of pears" in screen
    terminal.keys("/")
    terminal.type("of apples")
    terminal.wait_for("1 found", "tell me of apples", gone="of pears")
    terminal.keys("Down")
    terminal.wait_for("▌ tell me of apples")
    terminal.keys("Enter")
    terminal.wait_for("│ tell me of apples", "Find apples", "1 of ", gone="of pears")
    terminal.keys("F7")
    terminal.wait_for("2 sessions", "▌ tell me of apples")
    terminal.keys("r")
    terminal.wait_for("Title tell me of apples")
    terminal.type(" and trees")
    terminal.keys("Enter")
    terminal.wait_for("▌ tell me of apples and trees")
    terminal.keys("Down")
    terminal.wait_for("▌ tell me of pears")
    terminal.keys("d")
    terminal.wait_for("Deleted: tell me of pears. u takes it back", "1 session")
    terminal.keys("u")
    terminal.wait_for("It is here again.", "2 sessions", "▌ tell me of pears")
    terminal.keys("Escape")
    terminal.wait_for("│ tell me of apples", "Ask about this project", gone="Sessions ·")


def test_another_session_is_still_open_after_a_restart(open_program: Open) -> None:
    first = open_program(*SCRIPTED)
    first.wait_for("ready")
    ask(first, "tell me of apples")
    first.keys("F7")
    first.wait_for("1 session", "open · 1 turn")
    first.keys("r")
    first.wait_for("Title tell me of apples")
    first.type(" and trees")
    first.keys("Enter")
    first.wait_for("▌ tell me of apples and trees")
    first.keys("Escape")
    first.wait_for("Ask about this project")
    first.keys("C-q")
    first.wait_for("EXIT=0")
    again = open_program(*SCRIPTED)
    again.wait_for("│ tell me of apples", "ready")
    again.keys("F7")
    again.wait_for("tell me of apples and trees", "1 session")


def test_words_are_found_a_turn_is_forked_and_a_session_exported(open_program: Open, project: Path) -> None:
    terminal = open_program(*SCRIPTED)
    terminal.wait_for("ready")
    ask(terminal, "first of two")
    ask(terminal, "second of two")
    terminal.keys("C-f")
    terminal.wait_for("Find", "Down Next")
    terminal.type("of two")
    terminal.wait_for(" of ", "Find of two")
    terminal.keys("Escape")
    terminal.wait_for("Tab Message", gone="Find of two")
    terminal.keys("Home")
    terminal.wait_for("▌│ first of two")
    terminal.keys("f")
    terminal.wait_for("Forked", "│ first of two", gone="│ second of two")
    terminal.keys("F7")
    terminal.wait_for("2 sessions", "2 turns", "open · 1 turn")
    terminal.keys("x")
    terminal.wait_for("Export: first of two", "[Markdown]", ".md")
    terminal.keys("Enter")
    terminal.wait_for("Written to")
    (file,) = project.parent.glob("first-of-two-*.md")
    assert "first of two" in file.read_text(encoding="utf-8")

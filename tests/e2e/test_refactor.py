"""Refactoring in a real terminal, with the scripted engine: rules do the work here, no model is needed."""

from pathlib import Path

from tests.e2e.conftest import Open

CALC = "def add(a, b):\n    total = a + b\n    return total\n"


def test_lines_are_renamed_tested_diagnosed_and_taken_back(open_program: Open, project: Path) -> None:
    (project / "calc.py").write_text(CALC)
    check = "python3 -c 'import calc; calc.add(1, 2); calc.sum_up'"
    terminal = open_program("--engine", "scripted", "--set", f"refactor.test_command={check}")
    terminal.wait_for("ready")
    terminal.keys("F8")
    terminal.wait_for("type to find a file", "calc.py")
    terminal.type("calc")
    terminal.keys("Enter")
    terminal.wait_for("v chooses from here on")
    terminal.keys("f", "Enter")
    terminal.wait_for("extract-function", "rename", "type-hints")
    terminal.keys("Down", "Down", "Enter")
    terminal.wait_for("old -> new")
    terminal.type("total -> result")
    terminal.keys("Enter")
    terminal.wait_for("no model was used", "result = a + b")
    terminal.keys("a")
    terminal.wait_for("Changed calc.py. Run")
    assert (project / "calc.py").read_text() == CALC.replace("total", "result")
    terminal.keys("y")
    terminal.wait_for("The tests fail: exit code 1", "AttributeError")
    terminal.keys("u")
    terminal.wait_for("Taken back: rename add")
    assert (project / "calc.py").read_text() == CALC
    terminal.keys("a")
    terminal.wait_for("Changed calc.py. Run")
    terminal.keys("y")
    terminal.wait_for("d diagnoses the failure")
    terminal.keys("d")
    terminal.wait_for("AttributeError", "Press d for the cause", gone="Esc closes")

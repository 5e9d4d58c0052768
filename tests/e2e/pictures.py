"""Draws the README's pictures: the program in a real terminal, with a real model, as SVG.

python -m tests.e2e.pictures [--model NAME-OR-FOLDER]
"""

import argparse
import os
import subprocess
import sys
import tempfile
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from tests.e2e.terminal import Terminal

FOLDER = Path(__file__).parent / "pictures"
SIZE = (120, 36)
THEME = TerminalTheme((22, 22, 30), (213, 217, 232), [(0, 0, 0)] * 8)
CODE = '''"""Small sums."""


def mean(values):
    return sum(values) / len(values)
'''
GUARDED = (
    CODE
    + '''

def best(values, wanted=()):
    """The largest value, of those that are wanted if any are."""
    if not values:
        return None
    chosen = [value for value in values if value in wanted] or values
    return max(chosen)


def spread(values):
    return max(values) - min(values)
'''
)
UNGUARDED = (
    GUARDED.replace("wanted=()", "wanted=[]")
    .replace("    if not values:\n        return None\n", "    wanted.append(values[0])\n")
    .replace("max(values) - min(values)", "max(values) + min(values)")
)
FAILING = "from sums import mean\n\nWEEKS = [[3, 4], []]\n\nfor week in WEEKS:\n    print(mean(week))\n"


def draw(terminal: Terminal, name: str) -> None:
    """Write what is on the screen as `name`.svg."""
    console = Console(record=True, width=SIZE[0], file=StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text.from_ansi(terminal.screen(colours=True)), soft_wrap=True)
    FOLDER.mkdir(exist_ok=True)
    console.save_svg(str(FOLDER / f"{name}.svg"), title="termcoder", theme=THEME)


def main() -> None:
    """Open the program, go through its screens and draw each."""
    parser = argparse.ArgumentParser(description="Draw the README's pictures.")
    parser.add_argument("--model", default="auto")
    model = parser.parse_args().model
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "statistics"
        project.mkdir()
        (project / "sums.py").write_text(CODE, encoding="utf-8")
        (project / "report.py").write_text(FAILING, encoding="utf-8")
        failed = subprocess.run([sys.executable, "report.py"], cwd=project, capture_output=True, text=True, check=False)
        subprocess.run(["git", "init", "-q", "-b", "main", str(project)], check=True)
        terminal = Terminal(Path(folder) / "tmux", *SIZE)
        env = {name: os.environ[name] for name in ("PATH", "HOME")}
        env |= {"TERM": "tmux-256color", "COLORTERM": "truecolor", "LC_ALL": "C.UTF-8", "XDG_DATA_HOME": folder}
        terminal.run([sys.executable, "-m", "termcoder", "--model", model], project, env)
        try:
            _go_through(terminal)
            _diagnose(terminal, failed.stderr.replace(str(project), "/srv/statistics"))
            _review(terminal, project)
        finally:
            terminal.close()


def _go_through(terminal: Terminal) -> None:
    terminal.wait_for("Ask about this project")
    terminal.type("What happens in @sums.py when the list is empty? Show a fix.")
    terminal.wait_for("importing", seconds=120)
    draw(terminal, "starting")
    terminal.keys("Enter")
    terminal.wait_for("tokens · ", "ready", gone="queued", seconds=600)
    draw(terminal, "chat")
    terminal.keys("F1")
    terminal.wait_for("Search what was sent before")
    terminal.keys("Escape")
    terminal.wait_for("Ask about this project", gone="Search what was sent before")
    terminal.keys("F3")
    terminal.wait_for("smollm2-135m")
    draw(terminal, "models")


def _diagnose(terminal: Terminal, log: str) -> None:
    terminal.keys("Escape")
    terminal.keys("F2")
    terminal.wait_for("Paste an error log here")
    terminal.paste(log)
    terminal.wait_for("ZeroDivisionError", "Press d")
    terminal.keys("d")
    terminal.wait_for("the model writes fixes", seconds=300)
    terminal.wait_for("by the model", gone="the model writes fixes", seconds=300)
    draw(terminal, "traceback")


def _review(terminal: Terminal, project: Path) -> None:
    identity = ["-c", "user.name=n", "-c", "user.email=n@example.org"]
    (project / "sums.py").write_text(GUARDED, encoding="utf-8")
    subprocess.run(["git", "add", "."], cwd=project, check=True)
    subprocess.run(["git", *identity, "commit", "-qm", "Sums and their report"], cwd=project, check=True)
    (project / "sums.py").write_text(UNGUARDED, encoding="utf-8")
    subprocess.run(["git", "add", "."], cwd=project, check=True)
    terminal.keys("F2")
    terminal.wait_for("sums.py", "Press r")
    terminal.keys("r")
    terminal.wait_for("Esc stops", seconds=60)
    terminal.wait_for("finding", "hunks", gone="Esc stops", seconds=600)
    terminal.keys("f")
    terminal.wait_for("% sure")
    draw(terminal, "review")


if __name__ == "__main__":
    main()

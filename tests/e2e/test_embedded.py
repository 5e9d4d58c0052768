"""The program in a real terminal with a real model inside it (SmolLM2-135M)."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.conftest import Open, children_of, command_of
from tests.engine.backends import MODEL, require_model


@pytest.mark.timeout(420)
def test_queue_answer_death_restart_and_no_orphans(open_program: Open) -> None:
    require_model()
    terminal = open_program("--model", str(MODEL), "--context", "2048", "--set", "chat.seed=5")
    terminal.wait_for("Ask about this project")
    terminal.type("Say hello.")
    terminal.keys("Enter")
    terminal.wait_for("1 queued")
    screen = terminal.wait_for("tokens · ", "ready", gone="queued", seconds=240)
    assert "Say hello." in screen

    core = _core_below(terminal.pane_pid())
    os.kill(core, signal.SIGKILL)
    terminal.wait_for("F5 starts it again", "SIGKILL")
    terminal.keys("F5")
    terminal.wait_for("ready", gone="F5 starts it again", seconds=180)
    terminal.type("Write a long story about a river and a mill, in ten chapters.")
    terminal.keys("Enter")
    terminal.wait_for("answering")
    terminal.keys("Escape")
    terminal.wait_for("interrupted", "ready", gone="answering")

    family = children_of(terminal.pane_pid())
    program = next(pid for pid in family if "-m termcoder" in command_of(pid))
    os.kill(program, signal.SIGKILL)
    screen = terminal.wait_until_restored()
    assert "vllm" not in screen.lower()
    _wait_until_gone([pid for pid in family if "termcoder" in command_of(pid) or "vllm" in command_of(pid).lower()])


@pytest.mark.timeout(300)
def test_ask_prints_the_answer_and_nothing_else(isolated_home: Path, tmp_path: Path) -> None:
    require_model()
    command = [sys.executable, "-m", "termcoder", "--model", str(MODEL), "--context", "2048", "ask"]
    done = subprocess.run(
        [*command, "Say hello."], capture_output=True, text=True, cwd=tmp_path, stdin=subprocess.DEVNULL, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
    assert "INFO" not in done.stdout
    assert done.stderr == ""


def _core_below(shell: int) -> int:
    return next(
        pid for pid in children_of(shell) if "EngineCore" in command_of(pid) or "engine.core" in command_of(pid)
    )


def _wait_until_gone(pids: list[int]) -> None:
    for pid in pids:
        while command_of(pid):
            os.sched_yield()


@pytest.mark.timeout(420)
def test_a_diagnosis_by_a_model_that_knows_little_names_only_places_that_exist(tmp_path: Path) -> None:
    """At a temperature at which nothing it says makes sense: the grammar holds all the same."""
    require_model()
    project = tmp_path / "shop"
    project.mkdir()
    (project / "app.py").write_text('def owner(order):\n    return order["user"]\n\n\nprint(owner({}))\n', "utf-8")
    log = subprocess.run([sys.executable, "app.py"], cwd=project, capture_output=True, check=False).stderr
    command = [sys.executable, "-m", "termcoder", "--model", str(MODEL), "--context", "2048"]
    command += ["--set", "diagnose.temperature=1.5", "diagnose", "--json"]
    done = subprocess.run(command, input=log, capture_output=True, cwd=project, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    diagnosis, fixes = told["diagnosis"], told["fixes"]
    assert diagnosis["place"] in ({"path": "app.py", "line": 2}, {"path": "app.py", "line": 5})
    prose = " ".join([diagnosis["cause"], diagnosis["why"], *(f"{fix['title']} {fix['when']}" for fix in fixes)])
    assert set(re.findall(r"[\w./]+:\d+", prose)) <= {"app.py:2", "app.py:5"}
    assert [fix["title"] for fix in fixes[:2]] == ['Use .get("user")', 'Check `if "user" in order`']
    for fix in fixes:
        subprocess.run(["git", "apply", "--check"], input=fix["patch"].encode(), cwd=project, check=True)

"""`termcoder refactor` from the shell: what it prints where, and its exit codes."""

import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from termcoder import cli, composition, refactor_command
from termcoder.engine.base import Engine
from termcoder.engine.scripted import Script, ScriptedEngine
from termcoder.errors import EngineDiedError, RefactorError
from termcoder.features.engine_host import EngineHost
from termcoder.refactor_command import Asked
from termcoder.settings import Settings
from tests.refactoring.samples import SHOP, answer

BETTER = answer("def load(path, default=None):\n    return json.load(open(path)) or default\n")
RENAME = ("--template", "rename", "--instruction", "file -> stream")

Refactor = Callable[..., tuple[int, str, str]]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "shop"
    (root / "src").mkdir(parents=True)
    (root / "src" / "shop.py").write_text(SHOP)
    subprocess.run(["git", "init", "-q", "-b", "main", str(root)], check=True)
    return root


@pytest.fixture
def refactor(project: Path, monkeypatch: pytest.MonkeyPatch) -> Refactor:
    """Runs the command on an engine with these replies; gives its exit code and what it printed."""

    def run(target: str, *replies: str, dies_after: int | None = None, **asked: object) -> tuple[int, str, str]:
        engine: Engine = ScriptedEngine(Script(replies=replies or [""], dies_after=dies_after))
        monkeypatch.setattr(composition, "make_host", lambda _: EngineHost(lambda *_: engine, "scripted"))
        out, err = io.StringIO(), io.StringIO()
        wanted = Asked(project, target, **{"template": "simplify", **asked})  # type: ignore[arg-type]
        return refactor_command.refactor(Settings(), wanted, out, err), out.getvalue(), err.getvalue()

    return run


def termcoder(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "termcoder", "--engine", "scripted", "refactor", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=60)


def test_the_patch_is_one_that_git_applies(refactor: Refactor, project: Path) -> None:
    code, out, err = refactor("src/shop.py:load", "```\n```", BETTER, BETTER)
    assert code == 0
    assert err == "termcoder: 1 of 2 answers was dropped: held no code\n"
    subprocess.run(["git", "apply", "--check"], input=out, text=True, cwd=project, check=True)
    assert (project / "src" / "shop.py").read_text() == SHOP


def test_one_json_object_says_why_there_is_no_patch(refactor: Refactor) -> None:
    code, out, _ = refactor("src/shop.py:23", BETTER, as_json=True)
    made = json.loads(out)
    assert code == 3 and made["patch"] is None
    assert made["dropped"] == {"changed how load is called, or whether it gives a value": 3}


def test_one_json_object_has_the_patch_and_its_checks(refactor: Refactor) -> None:
    code, out, _ = refactor("src/shop.py:load", BETTER, as_json=True)
    made = json.loads(out)
    assert code == 0
    assert (made["path"], made["first"], made["last"], made["template"]) == ("src/shop.py", 22, 24, "simplify")
    assert made["patch"].startswith("diff --git a/src/shop.py") and "applies" in made["checks"]
    assert made["notes"] == [] and made["by_rule"] is False


def test_no_usable_change_is_an_exit_code_of_its_own(refactor: Refactor) -> None:
    code, out, err = refactor("src/shop.py:load", "```python\n```")
    assert (code, out) == (3, "")
    assert err == "termcoder: 3 of 3 answers were dropped: held no code (3)\n"


def test_applying_tells_how_to_take_it_back(refactor: Refactor, project: Path) -> None:
    code, _, err = refactor("src/shop.py:load", BETTER, apply=True)
    assert code == 0 and "changed src/shop.py; `termcoder refactor --undo` takes it back" in err
    assert "json.load(open(path))" in (project / "src" / "shop.py").read_text()
    out = io.StringIO()
    assert refactor_command.undo(Settings(), project, out) == 0
    assert out.getvalue() == "Taken back: simplify load in src/shop.py\n"
    assert (project / "src" / "shop.py").read_text() == SHOP


def test_widened_lines_are_told(refactor: Refactor) -> None:
    _, _, err = refactor("src/shop.py:22-23", BETTER)
    assert err.startswith("termcoder: lines 22-23 cut through a statement: lines 22-24 are taken\n")


def test_a_dead_engine_is_an_error(refactor: Refactor) -> None:
    with pytest.raises(EngineDiedError):
        refactor("src/shop.py:load", BETTER, dies_after=2)


def test_files_outside_of_the_project_are_refused(refactor: Refactor, tmp_path: Path) -> None:
    (tmp_path / "other.py").write_text(SHOP)
    with pytest.raises(RefactorError, match="not in the project"):
        refactor("../other.py:load", BETTER)


def test_a_file_with_a_colon_in_its_name_is_that_file(refactor: Refactor, project: Path) -> None:
    (project / "a:3").write_text("one\n")
    _, out, _ = refactor("a:3", "```\ntwo\n```", as_json=True)
    assert (json.loads(out)["path"], json.loads(out)["last"]) == ("a:3", 1)


def test_control_characters_of_a_file_do_not_reach_a_terminal(refactor: Refactor, project: Path) -> None:
    (project / "src" / "shop.py").write_text("def f(x):\n    y = x  # \x1b[2J\n    return y\n")
    out = _Terminal()
    asked = Asked(project, "src/shop.py:f", "rename", "y -> z")
    assert refactor_command.refactor(Settings(), asked, out, io.StringIO()) == 0
    assert "\x1b[2J" not in out.getvalue() and "\x1b[32m+    z = x" in out.getvalue()


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_rule_needs_no_engine_from_the_shell(project: Path) -> None:
    done = termcoder(project / "src", "shop.py:14", *RENAME[:3], "price -> cost")
    assert done.returncode == 0
    assert "+            total += cost" in done.stdout
    assert "price belongs to lines 8-19" in done.stderr and "made by rule, no model was used" in done.stderr


def test_errors_name_what_is_near(project: Path) -> None:
    done = termcoder(project, "src/shop.py:lod")
    assert (done.returncode, done.stdout) == (1, "")
    assert "Did you mean load?" in done.stderr
    assert termcoder(project, "src/shop.py:load", "--template", "simplfy").returncode == 1


def test_the_command_line_is_checked(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["refactor"], ["refactor", "a.py", "--undo"]):
        with pytest.raises(SystemExit) as left:
            cli.main(words)
        assert left.value.code == 2
    assert "--undo goes with no file" in capsys.readouterr().err


def test_nothing_to_take_back_is_an_error(project: Path) -> None:
    assert termcoder(project, "--undo").returncode == 1

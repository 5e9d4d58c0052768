"""The environment that AutoGPTQ runs in: when it is made, made anew, and what is said where it can't be."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from termcoder.errors import CancelledError, DiskFullError, FetchError, ModelError, NoNetworkError
from termcoder.models import autogptq_environment as environment
from termcoder.models.child import Ended
from termcoder.models.progress import Progress

CONFIG = """global.find-links='/opt/wheels /more'
global.index-url='https://one.example/simple'
install.index-url='https://two.example/simple'
:env:.index-url='https://three.example/simple'
:env:.disable-pip-version-check='1'
"""


class FakeRuns:
    """Takes the place of every child; `ends` says how those end whose command has the word."""

    def __init__(self, **ends: Ended) -> None:
        self.commands: list[Sequence[str]] = []
        self.environments: list[dict[str, str]] = []
        self.ends = ends

    def __call__(self, command: Sequence[str], cwd: Path, env: dict[str, str], tick: Callable[[], None]) -> Ended:
        tick()
        self.commands.append(command)
        self.environments.append(dict(env))
        if "venv" in command:
            (cwd / "bin").mkdir()
            (cwd / "bin" / "python").touch()
        found = [ended for word, ended in self.ends.items() if word in command]
        return found[0] if found else Ended(0, CONFIG if "config" in command else "", "")

    def having(self, word: str) -> list[Sequence[str]]:
        """The commands with that word in them."""
        return [command for command in self.commands if word in command]


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> FakeRuns:
    runs = FakeRuns()
    monkeypatch.setattr(environment, "run_child", runs)
    return runs


def prepare(kind: str = "cpu", steps: list[Progress] | None = None) -> Path:
    return environment.prepare(kind, (steps if steps is not None else []).append, threading.Event())


def test_it_is_made_once(runs: FakeRuns) -> None:
    steps: list[Progress] = []
    python = prepare(steps=steps)
    made = len(runs.commands)
    assert prepare() == python == environment.ready_python("cpu")
    assert len(runs.commands) == made
    assert steps[0].step == "making AutoGPTQ's environment (once): a Python of its own"


def test_packages_come_from_the_pinned_lists_and_where_pip_is_told(
    runs: FakeRuns, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    prepare()
    installs = [command for command in runs.having("install") if "--dry-run" not in command]
    assert [Path(command[-1]).name for command in installs] == ["uv.txt", "autogptq.txt", "autogptq-cpu.txt"]
    assert all("--no-deps" in command for command in installs)
    last = runs.environments[-1]
    assert last["UV_DEFAULT_INDEX"] == "https://three.example/simple"
    assert last["UV_FIND_LINKS"] == "/opt/wheels,/more"
    assert last["BUILD_CUDA_EXT"] == "0"
    assert "PYTHONPATH" not in last


def test_torch_comes_from_its_own_index_where_the_configured_ones_lack_it(runs: FakeRuns) -> None:
    runs.ends["--dry-run"] = Ended(1, "", "no solution")
    prepare()
    assert "--torch-backend=cpu" in runs.commands[-2]


def test_one_left_half_made_is_made_anew(runs: FakeRuns) -> None:
    python = prepare()
    (environment.folder_for("cpu") / environment.READY).unlink()
    assert environment.ready_python("cpu") is None
    (python.parent / "left").touch()
    assert prepare() == python
    assert not (python.parent / "left").exists()


def test_one_made_from_other_lists_is_removed_and_another_kind_is_kept(runs: FakeRuns) -> None:
    prepare("cuda")
    old = environment.folder_for("cpu").with_name("cpu-0ld")
    old.mkdir()
    (old / environment.READY).touch()
    prepare("cpu")
    assert not old.exists()
    assert environment.ready_python("cuda") is not None


def test_what_fails_leaves_nothing_that_looks_ready(runs: FakeRuns) -> None:
    runs.ends["--no-build-isolation-package"] = Ended(2, "", "  × No solution found\n")
    with pytest.raises(FetchError, match="No solution found"):
        prepare()
    assert environment.ready_python("cpu") is None


@pytest.mark.parametrize(
    ("word", "text", "kind", "remedy"),
    [
        ("install", "error sending request for url", NoNetworkError, "network"),
        ("install", "No space left on device", DiskFullError, "room"),
        ("venv", "ensurepip is not available", FetchError, "python3-venv"),
        ("-c", "ImportError: libgomp", FetchError, "pip config"),
    ],
)
def test_why_it_could_not_be_made(runs: FakeRuns, word: str, text: str, kind: type[ModelError], remedy: str) -> None:
    runs.ends[word] = Ended(1, "", text)
    with pytest.raises(kind) as error:
        prepare()
    assert remedy in error.value.remedy


def test_a_full_disk_is_told_before(runs: FakeRuns, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(environment.ROOM, "cpu", 1 << 60)
    with pytest.raises(DiskFullError):
        prepare()
    assert runs.commands == []


def test_a_cancel_stops_it(runs: FakeRuns) -> None:
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(CancelledError):
        environment.prepare("cpu", lambda _: None, cancel)
    assert environment.ready_python("cpu") is None


def test_pip_says_where_packages_come_from() -> None:
    assert environment.uv_variables("") == {}
    assert environment.uv_variables("global.no-index='1'\nfreeze.x='y'\n") == {"UV_NO_INDEX": "1"}


@pytest.mark.parametrize("kind", ["cpu", "cuda"])
def test_the_lists_are_exact_and_complete_enough(kind: str) -> None:
    pins: dict[str, Any] = {}
    for path in environment.lists(kind):
        for line in path.read_text().splitlines():
            if text := line.partition("#")[0].strip():
                item = Requirement(text)
                (specifier,) = item.specifier
                assert specifier.operator in {"==", "==="}, text
                assert item.name not in pins
                pins[item.name] = specifier.version
    assert pins["auto-gptq"] == "0.7.1"
    assert pins["transformers"] == "4.46.3"
    assert pins["torch"].partition("+")[0] == "2.13.0"
    assert int(pins["peft"].split(".")[1]) < 15

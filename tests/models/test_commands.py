"""`termcoder models ...` as a user types it."""

import argparse
import json
import signal
import subprocess
import sys
import threading
from io import StringIO
from pathlib import Path

import pytest

from termcoder import cli, paths
from termcoder.engine.sizing import GIB, Machine
from termcoder.models import actions, commands, fit, store
from termcoder.models.progress import Progress, as_text, duration, size_text
from tests.models.samples import Hub, model_files, safetensors, write_model

NAME = "someone/model"


@pytest.fixture(autouse=True)
def roomy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small machine without a GPU, whatever this one is."""
    monkeypatch.setattr(fit, "read_machine", lambda: Machine(16 * GIB, 8 * GIB, 2, 2))


class Terminal(StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_list_shows_every_known_model_and_the_default(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["models", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["NAME", "STATE", "SIZE", "MEMORY", "LICENCE", "FOR"]
    assert any(line.startswith("qwen2.5-coder-0.5b *") for line in lines)
    [big] = [line for line in lines if line.startswith("qwen2.5-coder-32b")]
    assert "needs 51.0 GB, 8.1 GB free" in big
    starts = {line.index("  Code") for line in lines if "  Code" in line}
    assert len(starts) == 1, "the columns are aligned"


def test_models_alone_lists(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["models"]) == 0
    assert "smollm2-135m" in capsys.readouterr().out


def test_pull_says_where_it_is_and_list_shows_it(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["models", "pull", NAME]) == 0
    said = capsys.readouterr()
    assert f"{NAME} is ready in {paths.models_dir() / 'someone--model'}" in said.out
    assert "fetching" in said.err
    cli.main(["models", "list"])
    assert f"{NAME}  " in capsys.readouterr().out


def test_list_and_info_for_programs(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    store.pull(NAME, lambda _: None, threading.Event())
    cli.main(["models", "list", "--json"])
    models = {item["name"]: item for item in json.loads(capsys.readouterr().out)}
    assert models[NAME]["installed"] is True
    assert models["qwen2.5-coder-7b"]["installed"] is False
    cli.main(["models", "info", NAME, "--json"])
    assert json.loads(capsys.readouterr().out) == models[NAME]


def test_info_names_licence_memory_and_sources(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["models", "info", "llama-3-8b-instruct"]) == 0
    out = capsys.readouterr().out
    assert "Meta Llama 3 Community License" in out
    assert "8,192 tokens" in out
    assert "needs " in out
    assert "Hugging Face Hub" in out
    assert "not fetched" in out


def test_info_without_a_name_is_the_default_of_this_machine(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["models", "info"]) == 0
    assert "qwen2.5-coder-0.5b" in capsys.readouterr().out


def test_info_of_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["models", "info", str(write_model(tmp_path / "mine"))]) == 0
    assert "a folder of yours" in capsys.readouterr().out


def test_remove_says_what_it_freed(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    hub.files["model.safetensors"] = safetensors(bytes(3_000_000))
    store.pull(NAME, lambda _: None, threading.Event())
    assert cli.main(["models", "remove", NAME]) == 0
    assert "3 MB are free again" in capsys.readouterr().out
    assert store.installed() == []


@pytest.mark.parametrize("action", ["pull", "info", "remove"])
def test_a_wrong_name_is_one_line_that_says_what_was_meant(action: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["models", action, "qwen2.5-coder-1.5"]) == 1
    err = capsys.readouterr().err
    assert err == "termcoder: No model is called 'qwen2.5-coder-1.5'. Did you mean 'qwen2.5-coder-1.5b'?\n"


def test_no_network_is_one_line(no_hub: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["models", "pull", NAME]) == 1
    assert "termcoder: The Hugging Face Hub can't be reached. Check the network" in capsys.readouterr().err


def test_what_does_not_fit_is_pulled_with_a_warning(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(fit, "read_machine", lambda: Machine(2 * GIB, GIB, 2, 2))
    assert cli.main(["models", "pull", NAME]) == 0
    assert "It can't run just now: it needs 1.5 GB, 1.0 GB free." in capsys.readouterr().err


def test_ctrl_c_stops_cleanly_and_the_next_pull_goes_on(hub: Hub) -> None:
    hub.files = model_files() | {"model.safetensors": safetensors(bytes(2_000_000))}
    hub.hold["model.safetensors"] = threading.Event()
    command = [sys.executable, "-m", "termcoder", "models", "pull", NAME]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("fetching") and hub.names_asked().count("model.safetensors"):
            break
        if "fetching" in line:
            while "model.safetensors" not in hub.names_asked():
                threading.Event().wait(0.01)
            break
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert err.endswith(f"Stopped. `termcoder models pull {NAME}` goes on from here.\n")
    assert store.installed() == []
    hub.hold.pop("model.safetensors").set()
    assert cli.main(["models", "pull", NAME]) == 0


def test_on_a_terminal_progress_is_one_line_that_goes_away() -> None:
    stream = Terminal()
    line = actions.ProgressLine(stream)
    line.show(Progress("fetching", 10_000_000, 40_000_000, 0.25, 12.0))
    line.show(Progress("fetching", 20_000_000, 40_000_000, 0.5, 8.0))
    line.end()
    line.end()
    assert stream.getvalue() == (
        "\r\x1b[Kfetching 25 %, 10 MB of 40 MB, 12 s left\r\x1b[Kfetching 50 %, 20 MB of 40 MB, 8 s left\r\x1b[K"
    )


def test_elsewhere_progress_is_a_line_now_and_then() -> None:
    stream = StringIO()
    line = actions.ProgressLine(stream)
    for done in range(100):
        line.show(Progress("fetching", done, 100, done / 100))
    line.show(Progress("converting", fraction=0.0))
    line.end()
    assert stream.getvalue().splitlines() == ["fetching 0 %, 0 MB of 0 MB", "converting 0 %"]


@pytest.mark.parametrize(
    ("progress", "text"),
    [
        (Progress("waiting for another termcoder"), "waiting for another termcoder"),
        (Progress("converting", fraction=0.4, seconds_left=75.0), "converting 40 %, 75 s left"),
        (Progress("fetching", 10**9, 2 * 10**9, 0.5, 3700.0), "fetching 50 %, 1.0 GB of 2.0 GB, 1 h 2 min left"),
    ],
)
def test_progress_in_words(progress: Progress, text: str) -> None:
    assert as_text(progress) == text


def test_sizes_and_times_in_words() -> None:
    assert [size_text(count) for count in (0, 93_000_000, 949_000_000, 950_000_000, 19_400_000_000)] == [
        "0 MB", "93 MB", "949 MB", "0.9 GB", "19.4 GB",
    ]  # fmt: skip
    assert [duration(seconds) for seconds in (0, 99, 100, 600, 3600)] == ["0 s", "99 s", "2 min", "10 min", "1 h 0 min"]


def test_the_parser_is_what_the_command_line_expects() -> None:
    parser = argparse.ArgumentParser()
    commands.add_parser(parser.add_subparsers())
    args = parser.parse_args(["models", "pull"])
    assert args.name == "auto"


def test_every_command_has_its_action() -> None:
    parser = argparse.ArgumentParser()
    commands.add_parser(parser.add_subparsers())
    for line in (["list"], ["pull"], ["info"], ["remove", "x"]):
        assert callable(parser.parse_args(["models", *line]).run)
        assert callable(getattr(actions, f"run_{line[0]}"))


def test_the_command_line_alone_loads_no_store() -> None:
    code = "import sys, termcoder.models.commands; sys.exit('termcoder.models.store' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

"""`termcoder quantize` from the shell, with a stand-in for what it runs."""

import signal
import threading
from pathlib import Path
from typing import Any

import pytest

from termcoder import cli, quantize_command
from termcoder.errors import CancelledError, EngineStartError, ModelError
from termcoder.models import autogptq, autogptq_record
from termcoder.models.autogptq import Hear, LayerDone, Made, Options
from termcoder.models.progress import Listener, Progress

RECORD = """{"origin": "Small\\u001b[31m (GGUF)", "method": "AutoGPTQ 0.7.1",
"calibration": {"source": "/home/me/shop"}, "options": {"group_size": 64},
"figures": {"perplexity_before": 3.0, "perplexity_after": 3.3}}"""


class FakeQuantise:
    """Keeps what it was asked for; `error` is what it raises."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: list[tuple[str, Options]] = []
        self.error: Exception | None = None
        self.interrupt = False

    def __call__(self, model: str, options: Options, listener: Listener, cancel: threading.Event, hear: Hear) -> Made:
        self.asked.append((model, options))
        listener(Progress("quantising layer 1 of 2", fraction=0.25, seconds_left=30))
        hear(LayerDone(1, {"self_attn.k_proj": 0.25, "mlp.down_proj": 12345.0}, 12.0))
        if self.interrupt:
            signal.raise_signal(signal.SIGINT)
            assert cancel.is_set()
            raise CancelledError("stopped")
        if self.error:
            raise self.error
        (self.folder / autogptq_record.RECORD).write_text(RECORD)
        figures = {"held_out_tokens": 2048, "layers": 2, "seconds": 200.0}
        return Made("mine", self.folder, 300_000_000, figures, 1)


@pytest.fixture
def quantise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeQuantise:
    fake = FakeQuantise(tmp_path)
    monkeypatch.setattr(autogptq, "quantise", fake)
    monkeypatch.setattr(quantize_command, "first_answer", lambda name: f"hello from {name}")
    return fake


def run(*words: str) -> int:
    return cli.main(["quantize", *words])


def test_what_came_out_is_told(quantise: FakeQuantise, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("small.gguf") == 0
    told = capsys.readouterr()
    assert told.out.splitlines() == [
        f"mine is ready in {quantise.folder} (300 MB).",
        "  int4, groups of 64, by AutoGPTQ 0.7.1, from Small[31m (GGUF)",
        "  calibrated on /home/me/shop",
        "  perplexity 3.000 -> 3.300 (+10.0 %), 2,048 tokens that it did not see",
        "  taken up again after layer 1",
        "  2 layers in 3 min",
        "Use it: termcoder --model mine",
        "It answers: hello from mine",
    ]
    assert "quantising layer 1 of 2 25 %, 30 s left" in told.err
    assert "layer 1: 12 s, loss k 0.25, down 1.23e+04" in told.err


def test_every_option_arrives(quantise: FakeQuantise, tmp_path: Path) -> None:
    words = ["--calibration", str(tmp_path), "--name", "mine", "--group-size", "-1", "--act-order", "--samples", "7"]
    assert run("m", *words, "--tokens", "99", "--damp", "0.2", "--device", "cpu", "--fresh", "--no-answer") == 0
    assert quantise.asked == [("m", Options("mine", tmp_path, -1, True, 7, 99, 0.2, "cpu", True))]


def test_ctrl_c_says_how_to_go_on(quantise: FakeQuantise, capsys: pytest.CaptureFixture[str]) -> None:
    quantise.interrupt = True
    assert run("m") == 130
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.endswith("Stopped. The same command goes on with the layers that are finished.\n")


def test_a_failure_is_one_sentence_and_what_to_do(quantise: FakeQuantise, capsys: pytest.CaptureFixture[str]) -> None:
    quantise.error = ModelError("It failed.", remedy="Try again.")
    assert run("m") == 1
    assert capsys.readouterr().err.endswith("termcoder: It failed. Try again.\n")


def test_a_model_that_does_not_start_is_there_all_the_same(
    quantise: FakeQuantise, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_: str) -> Any:
        raise EngineStartError("No memory.", remedy="Close something.")

    monkeypatch.setattr(quantize_command, "first_answer", fail)
    assert run("m") == 1
    told = capsys.readouterr()
    assert "mine is ready" in told.out
    assert "No memory." in told.err


def test_help_and_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    for words, code in ((["--help"], 0), ([], 2), (["m", "--device", "tpu"], 2)):
        with pytest.raises(SystemExit) as end:
            run(*words)
        assert end.value.code == code
    assert "--calibration" in capsys.readouterr().out

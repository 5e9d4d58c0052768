"""Quantising, with a stand-in for AutoGPTQ's process: what is checked, kept, taken up again and put into the store."""

import json
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from termcoder import paths
from termcoder.engine.sizing import Machine
from termcoder.errors import (
    CancelledError,
    DiskFullError,
    ModelError,
    ModelTooBigError,
    NotAModelError,
    UnknownModelError,
)
from termcoder.models import autogptq, autogptq_environment, catalogue, fit, overview, store
from termcoder.models.autogptq import LayerDone, Made, Options
from termcoder.models.child import Ended
from termcoder.models.progress import Progress
from tests.models import tiny_gguf
from tests.models.samples import write_model
from tests.models.tiny_gguf import Tiny

FAKE = Path(__file__).with_name("fake_autogptq.py")
MACHINE = Machine(memory_total=64 << 30, memory_free=32 << 30, cores=2, physical=2)
QUICK = Options(name="mine", samples=4, tokens=64)

Quantise = Callable[..., Made]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with a little source."""
    folder = tmp_path / "shop"
    folder.mkdir()
    for number in range(10):
        lines = [f"def price_{number}_{line}(count):\n    return count * {line}\n" for line in range(20)]
        (folder / f"part{number}.py").write_text("".join(lines))
    return folder


@pytest.fixture
def gguf(tmp_path: Path) -> Path:
    """A model of two layers."""
    path = tmp_path / "Tiny.Q8_0.gguf"
    tiny_gguf.write(path, Tiny())
    return path


@pytest.fixture
def quantise(gguf: Path, project: Path, monkeypatch: pytest.MonkeyPatch) -> Quantise:
    """Quantise the small model; words are changes to the options."""
    monkeypatch.setattr(autogptq, "WORKER", FAKE)
    monkeypatch.setattr(autogptq_environment, "prepare", lambda *_: Path(sys.executable))
    monkeypatch.setattr(fit, "read_machine", lambda: MACHINE)

    def run(model: str = str(gguf), steps: list[Any] | None = None, **changes: Any) -> Made:
        heard = [] if steps is None else steps
        options = replace(QUICK, calibration=project, **changes)
        return autogptq.quantise(model, options, heard.append, threading.Event(), heard.append)

    return run


def stop_after(layers: int, why: str = "") -> None:
    work = autogptq.work_folder("mine")
    work.mkdir(parents=True, exist_ok=True)
    (work / "stop-after").write_text(str(layers))
    (work / "why").write_text(why or "a fault")


def go_on() -> None:
    (autogptq.work_folder("mine") / "stop-after").unlink()


def test_the_model_is_in_the_store_with_what_it_was_made_from(quantise: Quantise, project: Path) -> None:
    made = quantise()
    assert made.folder == paths.models_dir() / "mine"
    assert [item.name for item in store.installed()] == ["mine"]
    record = json.loads((made.folder / "quantized.json").read_text())
    assert record["origin"] == "Tiny.Q8_0.gguf"
    assert record["calibration"]["source"] == str(project)
    assert record["calibration"]["windows"] == 4
    assert record["figures"]["perplexity_after"] == 3.3
    assert not autogptq.work_folder("mine").exists()


def test_its_files_are_whole(quantise: Quantise) -> None:
    folder = quantise(group_size=64, act_order=True).folder
    config = json.loads((folder / "config.json").read_text())
    how = json.loads((folder / "quantize_config.json").read_text())
    assert config["quantization_config"] == how
    assert (how["group_size"], how["desc_act"], how["static_groups"]) == (64, False, True)
    assert config["rope_theta"] == 10000.0
    raw = (folder / "model.safetensors").read_bytes()
    assert [f"model.layers.{index}.b" in raw[:2000].decode("latin-1") for index in range(3)] == [True] * 3
    assert (folder / "tokenizer.json").exists()


def test_it_is_a_model_like_any_other_from_then_on(quantise: Quantise) -> None:
    quantise()
    assert store.prepare("mine", lambda _: None, threading.Event()) == paths.models_dir() / "mine"
    (entry,) = [entry for entry in overview.entries(MACHINE) if entry.model.name == "mine"]
    facts = dict(overview.facts(entry))
    assert facts["quality"] == "perplexity 3.000 -> 3.300 (+10.0 %)"
    assert facts["weights"] == "int4, groups of 32"
    assert facts["state"].startswith("made here ")
    assert "calibrated on" in facts["for"]
    assert entry.comes_back == "has to be quantised anew"
    assert store.remove("mine") > 0
    with pytest.raises(UnknownModelError):
        catalogue.resolve("mine")


def test_progress_and_losses_are_told(quantise: Quantise) -> None:
    heard: list[Any] = []
    quantise(steps=heard)
    assert [item.layer for item in heard if isinstance(item, LayerDone)] == [1, 2, 3]
    assert [item.losses for item in heard if isinstance(item, LayerDone)][2] == {"mlp.down_proj": 2.5}
    steps = [item for item in heard if isinstance(item, Progress) and item.step.startswith("quantising")]
    assert steps[-1].fraction == pytest.approx(2 / 3)
    assert steps[-1].seconds_left is not None


def test_an_ended_run_goes_on_with_the_texts_it_began_with(quantise: Quantise, project: Path) -> None:
    stop_after(2)
    with pytest.raises(ModelError, match="a fault") as failure:
        quantise()
    assert "goes on" in failure.value.remedy
    assert not (paths.models_dir() / "mine").exists()
    texts = json.loads((autogptq.work_folder("mine") / "begun.json").read_text())
    (project / "part3.py").write_text("changed = True\n" * 400)
    go_on()
    heard: list[Any] = []
    made = quantise(steps=heard)
    assert made.resumed_at == 2
    assert [item.layer for item in heard if isinstance(item, LayerDone)] == [3]
    record = json.loads((made.folder / "quantized.json").read_text())
    assert record["calibration"]["files"] == texts["drawn"]["files"]


def test_finished_layers_of_other_options_are_not_thrown_away_unasked(quantise: Quantise) -> None:
    stop_after(1)
    with pytest.raises(ModelError):
        quantise()
    go_on()
    with pytest.raises(ModelError, match="1 layers of mine are finished") as refusal:
        quantise(damp=0.1)
    assert "--fresh" in refusal.value.remedy
    assert quantise(damp=0.1, fresh=True).resumed_at == 0


def test_unfinished_work_can_be_removed(quantise: Quantise) -> None:
    stop_after(1)
    with pytest.raises(ModelError):
        quantise()
    assert store.remove("mine") > 0
    assert not autogptq.work_folder("mine").exists()
    with pytest.raises(UnknownModelError):
        store.remove("mine")


def test_a_cancel_ends_the_process_and_leaves_no_model(quantise: Quantise, gguf: Path, project: Path) -> None:
    cancel = threading.Event()

    def hear(done: LayerDone) -> None:
        cancel.set()

    with pytest.raises(CancelledError):
        autogptq.quantise(str(gguf), replace(QUICK, calibration=project), lambda _: None, cancel, hear)
    assert not (paths.models_dir() / "mine").exists()
    assert quantise().resumed_at >= 1


def test_a_taken_name_is_refused_before_anything_is_done(quantise: Quantise) -> None:
    quantise()
    with pytest.raises(ModelError, match="already") as refusal:
        quantise()
    assert "--name" in refusal.value.remedy


@pytest.mark.parametrize(
    "name", ["auto", "smollm2-135m", "a/b", "..", "a--b", "A", "-a", "x.partial", "a\nb", "a" * 65]
)
def test_names_that_no_own_model_can_have(name: str) -> None:
    with pytest.raises(ModelError):
        autogptq.check_name(name)


@pytest.mark.parametrize(
    "changes",
    [{"group_size": 16}, {"samples": 0}, {"tokens": 63}, {"damp": 0.0}, {"damp": 1.0}, {"device": "tpu"}],
)
def test_numbers_that_make_no_sense(changes: dict[str, Any]) -> None:
    with pytest.raises(ModelError, match="must be"):
        autogptq.check_options(replace(QUICK, **changes))


def test_the_name_it_gets_by_itself() -> None:
    assert autogptq.default_name("Qwen/Qwen2.5-Coder-0.5B", Options()) == "qwen2.5-coder-0.5b-own-g32"
    assert (
        autogptq.default_name("/a b/My Model.gguf", Options(group_size=-1, act_order=True)) == "my-model-own-rows-act"
    )
    autogptq.check_name(autogptq.default_name("///", Options()))


def test_too_little_memory_is_told_with_figures(quantise: Quantise, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fit, "read_machine", lambda: replace(MACHINE, memory_free=1 << 30))
    with pytest.raises(ModelTooBigError, match=r"takes 1\.2 GB of memory, \d+ MB are free"):
        quantise()


def test_too_small_a_disk_is_told(quantise: Quantise, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(autogptq, "disk_needed", lambda *_: 1 << 60)
    with pytest.raises(DiskFullError):
        quantise()


def test_a_gpu_that_is_not_there_is_not_used(quantise: Quantise) -> None:
    with pytest.raises(ModelError, match="no NVIDIA GPU"):
        quantise(device="cuda")


def test_memory_of_a_real_model() -> None:
    config = {"hidden_size": 896, "intermediate_size": 4864, "vocab_size": 151936}
    assert 2e9 < autogptq.memory_needed(config, 32 * 512) < 3e9


def test_a_newer_configuration_as_the_older_library_reads_it() -> None:
    newer = {"model_type": "llama", "dtype": "bfloat16", "rope_parameters": {"rope_theta": 5e5, "rope_type": "default"}}
    assert autogptq.config_for_worker(newer) == {"model_type": "llama", "rope_theta": 5e5}
    scaled = {"rope_parameters": {"rope_theta": 5e5, "rope_type": "llama3", "factor": 8.0}}
    assert autogptq.config_for_worker(scaled)["rope_scaling"] == {"rope_type": "llama3", "factor": 8.0}
    assert autogptq.config_for_worker({"rope_theta": 1e6}) == {"rope_theta": 1e6}


@pytest.mark.parametrize(
    ("text", "code", "kind", "remedy"),
    [
        ("DefaultCPUAllocator: can't allocate memory", 1, ModelTooBigError, "--samples"),
        ("", -9, ModelTooBigError, "--samples"),
        ("linalg.cholesky: the input is not positive-definite", 1, ModelError, "--damp"),
        ("something else", 1, ModelError, "goes on"),
    ],
)
def test_what_failed_and_what_to_do(text: str, code: int, kind: type[ModelError], remedy: str) -> None:
    error = autogptq.failure({"error": text} if text else {}, Ended(code, "", "last words\n"))
    assert isinstance(error, kind)
    assert remedy in error.remedy


def test_a_model_that_is_quantised_already(quantise: Quantise, tmp_path: Path) -> None:
    folder = write_model(tmp_path / "int4", quantization_config={"quant_method": "gptq"})
    with pytest.raises(NotAModelError, match="quantised already"):
        quantise(str(folder))

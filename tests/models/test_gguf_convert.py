"""The conversion GGUF -> GPTQ-INT4, on small random models."""

import json
import re
import threading
from pathlib import Path

import gguf
import numpy as np
import pytest
import torch
from safetensors import safe_open
from transformers import AutoConfig, AutoTokenizer

from termcoder.errors import CancelledError, DamagedModelError, NotAModelError
from termcoder.models import calibrate, checks
from termcoder.models.gguf_convert import convert
from termcoder.models.gguf_gptq import write_model
from termcoder.models.progress import Progress
from tests.models import tiny_gguf
from tests.models.tiny_gguf import Tiny

Source = tuple[Path, dict[str, np.ndarray]]
NAMES = {"ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj"}


def run(path: Path, folder: Path, cancel: threading.Event | None = None) -> list[Progress]:
    seen: list[Progress] = []
    write_model(path, folder, seen.append, cancel or threading.Event())
    return seen


def load(folder: Path) -> dict[str, torch.Tensor]:
    with safe_open(folder / "model.safetensors", "pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no dict


def weight_of(tensors: dict[str, torch.Tensor], layer: str) -> np.ndarray:
    return tiny_gguf.unpack(*(tensors[f"{layer}.{part}"].numpy() for part in ("qweight", "qzeros", "scales", "g_idx")))


@pytest.fixture
def qwen(tmp_path: Path) -> Source:
    path = tmp_path / "tiny.gguf"
    return path, tiny_gguf.write(path, Tiny())


def test_every_weight_is_within_a_step_of_the_source(qwen: Source, tmp_path: Path) -> None:
    path, weights = qwen
    run(path, tmp_path / "model")
    tensors = load(tmp_path / "model")
    for source, name in NAMES.items():
        layer = f"model.layers.1.{name}"
        scales = np.abs(tensors[f"{layer}.scales"].float().numpy()).T.repeat(32, axis=1)
        found, wanted = weight_of(tensors, layer), weights[f"blk.1.{source}.weight"]
        steps = np.abs(found - wanted) / scales
        assert steps.max() < 4  # to make good the errors of others, a weight may move by more than half a step
        assert steps.mean() < 0.5


def test_attention_norms_and_embeddings_stay_bfloat16(qwen: Source, tmp_path: Path) -> None:
    path, weights = qwen
    run(path, tmp_path / "model")
    tensors = load(tmp_path / "model")
    pairs = {
        "model.embed_tokens.weight": "token_embd.weight",
        "model.layers.0.self_attn.k_proj.bias": "blk.0.attn_k.bias",
        "model.layers.0.self_attn.v_proj.weight": "blk.0.attn_v.weight",
        "model.layers.1.self_attn.o_proj.weight": "blk.1.attn_output.weight",
        "model.layers.1.post_attention_layernorm.weight": "blk.1.ffn_norm.weight",
    }
    for name, source in pairs.items():
        assert torch.equal(tensors[name], torch.from_numpy(weights[source]).bfloat16())


@pytest.mark.parametrize(("separate", "stored"), [("", False), ("equal", False), ("other", True)])
def test_a_tied_head_is_stored_once(separate: str, stored: bool, tmp_path: Path) -> None:
    tiny_gguf.write(tmp_path / "tiny.gguf", Tiny(separate_head=separate))
    run(tmp_path / "tiny.gguf", tmp_path / "model")
    assert ("lm_head.weight" in load(tmp_path / "model")) is stored
    config = json.loads((tmp_path / "model" / "config.json").read_text())
    assert config["tie_word_embeddings"] is not stored


def test_llamas_queries_and_keys_get_their_rotary_halves_back(tmp_path: Path) -> None:
    tiny = Tiny("llama", kind=gguf.GGMLQuantizationType.F16)
    weights = tiny_gguf.write(tmp_path / "tiny.gguf", tiny)
    run(tmp_path / "tiny.gguf", tmp_path / "model")
    tensors = load(tmp_path / "model")
    head_size = tiny.hidden // tiny.heads
    for source, name in {"attn_q": "q_proj", "attn_k": "k_proj"}.items():
        stored = weights[f"blk.0.{source}.weight"]
        found = tensors[f"model.layers.0.self_attn.{name}.weight"].float().numpy()
        for head in range(stored.shape[0] // head_size):
            for row in range(head_size):
                half, place = divmod(row, head_size // 2)
                expected = stored[head * head_size + 2 * place + half]
                assert np.abs(found[head * head_size + row] - expected).mean() < 0.02


def test_the_folder_is_a_model_that_transformers_reads(
    qwen: tuple[Path, dict[str, np.ndarray]], tmp_path: Path
) -> None:
    run(qwen[0], tmp_path / "model")
    checks.check_folder(tmp_path / "model")
    config = AutoConfig.from_pretrained(tmp_path / "model")
    assert (config.model_type, config.num_hidden_layers, config.rms_norm_eps) == ("qwen2", 2, 1e-6)
    assert config.quantization_config["bits"] == 4
    assert config.quantization_config["sym"] is True
    written = json.loads((tmp_path / "model" / "quantize_config.json").read_text())
    assert written["group_size"] == config.quantization_config["group_size"] == 32


def test_it_converts_without_texts_to_calibrate_with(
    qwen: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calibrate, "SAMPLES", ("no such file.py",))
    path, weights = qwen
    run(path, tmp_path / "model")
    found = weight_of(load(tmp_path / "model"), "model.layers.1.mlp.down_proj")
    wanted = weights["blk.1.ffn_down.weight"]
    assert np.linalg.norm(found - wanted) < 0.15 * np.linalg.norm(wanted)


def test_the_config_names_what_is_not_quantised(qwen: Source, tmp_path: Path) -> None:
    run(qwen[0], tmp_path / "model")
    config = json.loads((tmp_path / "model" / "config.json").read_text())
    patterns = [rule.removeprefix("-:") for rule in config["quantization_config"]["dynamic"]]
    tensors = load(tmp_path / "model")
    for layer in {name.rpartition(".")[0] for name in tensors if "_proj." in name}:
        skipped = any(re.match(pattern, layer) for pattern in patterns)
        assert skipped is (f"{layer}.qweight" not in tensors)


def test_the_tokenizer_knows_its_special_tokens(qwen: Source, tmp_path: Path) -> None:
    run(qwen[0], tmp_path / "model")
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "model")
    text = tokenizer.apply_chat_template([{"role": "user", "content": "abc"}], tokenize=False)
    ids = tokenizer.encode(text, add_special_tokens=False)
    assert text == "<|im_start|>user\nabc<|im_end|>\n"
    assert (ids[0], ids[-2]) == (259, 260)
    assert tokenizer.decode(ids, skip_special_tokens=True) == "user\nabc\n"
    assert tokenizer.eos_token == "<|im_end|>"
    ends = json.loads((tmp_path / "model" / "generation_config.json").read_text())["eos_token_id"]
    assert ends == [260, 258]


def test_progress_rises_to_the_end(qwen: Source, tmp_path: Path) -> None:
    fractions = [progress.fraction or 0.0 for progress in run(qwen[0], tmp_path / "model")]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0


def test_a_process_of_its_own_writes_the_same_model(qwen: Source, tmp_path: Path) -> None:
    seen: list[Progress] = []
    convert(qwen[0], tmp_path / "converted", seen.append, threading.Event())
    run(qwen[0], tmp_path / "model")
    for name in ("model.safetensors", "config.json", "tokenizer.json", "generation_config.json"):
        assert (tmp_path / "converted" / name).read_bytes() == (tmp_path / "model" / name).read_bytes()
    assert [seen[0].fraction, seen[-1].fraction] == [0.0, 1.0]


def test_a_cancel_before_it_begins_leaves_nothing(qwen: Source, tmp_path: Path) -> None:
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(CancelledError):
        convert(qwen[0], tmp_path / "model", lambda _: None, cancel)
    assert not (tmp_path / "model").exists()


def test_a_cancel_between_layers_leaves_nothing(tmp_path: Path) -> None:
    tiny_gguf.write(tmp_path / "tiny.gguf", Tiny(layers=200))
    cancel = threading.Event()

    def listener(progress: Progress) -> None:
        if (progress.fraction or 0) > 0:
            cancel.set()

    with pytest.raises(CancelledError):
        convert(tmp_path / "tiny.gguf", tmp_path / "model", listener, cancel)
    assert not (tmp_path / "model").exists()


def test_what_the_process_meets_is_raised_here(qwen: Source, tmp_path: Path) -> None:
    whole = qwen[0].read_bytes()
    qwen[0].write_bytes(whole[: len(whole) - 100])
    with pytest.raises(DamagedModelError, match="beyond its end"):
        convert(qwen[0], tmp_path / "model", lambda _: None, threading.Event())
    assert not (tmp_path / "model").exists()


def test_a_folder_that_can_not_be_written_is_an_os_error(qwen: Source, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(OSError, match="Not a directory"):
        convert(qwen[0], tmp_path / "file" / "model", lambda _: None, threading.Event())


def test_an_unknown_architecture_is_refused(tmp_path: Path) -> None:
    tiny_gguf.write(tmp_path / "tiny.gguf", Tiny("mamba"))
    with pytest.raises(NotAModelError, match="'mamba'"):
        run(tmp_path / "tiny.gguf", tmp_path / "model")


def test_an_unknown_tokenizer_is_refused(tmp_path: Path) -> None:
    tiny_gguf.write(tmp_path / "tiny.gguf", Tiny(pre="klingon"))
    with pytest.raises(NotAModelError, match="klingon"):
        run(tmp_path / "tiny.gguf", tmp_path / "model")


@pytest.mark.parametrize("changes", [{"heads": 3}, {"kv_heads": 64}, {"layers": 9}], ids=str)
def test_metadata_that_does_not_fit_the_tensors_is_damage(changes: dict[str, int], tmp_path: Path) -> None:
    path = tmp_path / "tiny.gguf"
    tiny_gguf.write(path, Tiny(), claimed=Tiny(**changes))
    with pytest.raises(DamagedModelError):
        run(path, tmp_path / "model")


def test_weights_that_are_no_numbers_are_damage(tmp_path: Path) -> None:
    tiny_gguf.write(tmp_path / "tiny.gguf", Tiny(kind=gguf.GGMLQuantizationType.F16, scale=float("nan")))
    with pytest.raises(DamagedModelError):
        run(tmp_path / "tiny.gguf", tmp_path / "model")

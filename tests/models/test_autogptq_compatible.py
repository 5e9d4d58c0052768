"""Checkpoints made here load in AutoGPTQ, and AutoGPTQ's load here: the same weights, the same answers.

Needs AutoGPTQ's own environment, which it makes (1.3 GB, once), and some ten minutes: `make autogptq`.
"""

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from termcoder import paths, quantize_command
from termcoder.models import autogptq, autogptq_environment, autogptq_source, gguf_convert, gptq
from termcoder.models.autogptq import Options
from termcoder.models.autogptq_source import FloatModel

pytestmark = [pytest.mark.autogptq, pytest.mark.timeout(3600)]

MODEL = "smollm2-135m"
READING = Path(__file__).with_name("autogptq_reading.py")
FFN = ("mlp.gate_proj", "mlp.up_proj", "mlp.down_proj")
LINEARS = (*FFN, "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj")
SAME_CHARACTERS = 12  # of an answer: float32 there, bfloat16 in the engine


@dataclass(frozen=True)
class Read:
    """What AutoGPTQ made of a checkpoint."""

    weights: dict[str, Any]
    answer: list[int]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache of the tests' own; AutoGPTQ's environment in it outlives them."""
    if "TERMCODER_TEST_CACHE" not in os.environ:
        pytest.skip("TERMCODER_TEST_CACHE names no folder to keep AutoGPTQ's environment in: run `make autogptq`")
    kept = Path(os.environ["TERMCODER_TEST_CACHE"]) / "autogptq"
    kept.mkdir(parents=True, exist_ok=True)
    folder = tmp_path_factory.mktemp("cache")
    (folder / "autogptq").symlink_to(kept)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(paths, "cache_dir", lambda: folder)
        yield folder


@pytest.fixture(scope="module")
def python(cache: Path) -> Path:
    """The Python of AutoGPTQ's environment."""
    return autogptq_environment.prepare("cpu", lambda _: None, threading.Event())


@pytest.fixture(scope="module")
def source(cache: Path) -> FloatModel:
    return autogptq_source.prepare(MODEL, cache / "source", lambda _: None, threading.Event())


@pytest.fixture(scope="module")
def gguf(source: FloatModel) -> Path:
    return next(source.folder.parent.rglob("model.gguf"))


def prompt_of(folder: Path) -> list[int]:
    """The question that `quantize` asks a new model, as its chat template has it."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    messages = [{"role": "user", "content": quantize_command.QUESTION}]
    text = tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
    return list(tokenizer.encode(text, add_special_tokens=False))


def read_with_autogptq(python: Path, folder: Path, out: Path, modules: Sequence[str] = ()) -> Read:
    from safetensors.torch import load_file

    command = [str(python), "-P", str(READING), str(folder), json.dumps(prompt_of(folder)), str(out), *modules]
    env = dict(autogptq_environment.child_environment(2))
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return Read(load_file(out / "weights.safetensors"), json.loads((out / "answer.json").read_text()))


def read_here(folder: Path) -> tuple[dict[str, Any], list[int]]:
    """The weights as this program unpacks them, and what they answer in float32."""
    import torch

    from termcoder.bench.perplexity import build_model, gptq_weights

    weights = gptq_weights(folder)
    model = build_model(folder, weights)
    ids = torch.tensor([prompt_of(folder)])
    with torch.inference_mode():
        answer = model.generate(ids, max_new_tokens=24, do_sample=False)[0, ids.shape[1] :].tolist()
    return weights, answer


def assert_the_same(read: Read, folder: Path, kinds: Sequence[str], layers: int) -> None:
    import torch

    weights, answer = read_here(folder)
    assert len(read.weights) == layers * len(kinds)
    different = [name for name, values in read.weights.items() if not torch.equal(values, weights[f"{name}.weight"])]
    assert different == []
    assert read.answer == answer


def text_of(folder: Path, tokens: list[int]) -> str:
    from tokenizers import Tokenizer

    text: str = Tokenizer.from_file(str(folder / "tokenizer.json")).decode(tokens)
    return text


def plain_checkpoint(source: FloatModel, folder: Path) -> Path:
    """Every linear rounded by this program's own packer."""
    import torch
    from safetensors.torch import load_file, save_file

    shutil.copytree(source.folder, folder, ignore=shutil.ignore_patterns("*.safetensors"))
    tensors = load_file(source.folder / "model.safetensors")
    for name in [name for name in tensors if any(name.endswith(f"{kind}.weight") for kind in LINEARS)]:
        values = np.ascontiguousarray(tensors.pop(name).float().numpy().T)
        packed = gptq.pack(gptq.quantise(values))
        tensors |= {f"{name.removesuffix('weight')}{part}": torch.from_numpy(array) for part, array in packed.items()}
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    how = autogptq.quantize_config(Options())
    config = source.config() | {"quantization_config": how}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "quantize_config.json").write_text(json.dumps(how))
    return folder


def test_what_is_packed_here_loads_in_autogptq(python: Path, source: FloatModel, tmp_path: Path) -> None:
    folder = plain_checkpoint(source, tmp_path / "packed")
    assert_the_same(read_with_autogptq(python, folder, tmp_path), folder, LINEARS, 30)


def test_what_is_converted_here_loads_in_autogptq(python: Path, gguf: Path, tmp_path: Path) -> None:
    """It has to be told that the attention isn't quantised: it doesn't know rules for single layers."""
    folder = tmp_path / "converted"
    gguf_convert.convert(gguf, folder, lambda _: None, threading.Event())
    assert_the_same(read_with_autogptq(python, folder, tmp_path, FFN), folder, FFN, 30)


@pytest.mark.parametrize(("group_size", "act_order"), [(64, False), (32, True), (-1, False)])
def test_what_autogptq_quantises_loads_here(
    cache: Path, python: Path, gguf: Path, tmp_path: Path, group_size: int, act_order: bool
) -> None:
    options = Options("own", group_size=group_size, act_order=act_order, samples=4, tokens=128, device="cpu")
    made = autogptq.quantise(str(gguf), options, lambda _: None, threading.Event(), lambda _: None)
    folder = made.folder.rename(tmp_path / "own")
    read = read_with_autogptq(python, folder, tmp_path)
    assert_the_same(read, folder, LINEARS, 30)
    answer = quantize_command.first_answer(str(folder))
    assert answer[:SAME_CHARACTERS] == " ".join(text_of(folder, read.answer).split())[:SAME_CHARACTERS]

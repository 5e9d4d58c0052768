"""Quantising with regard to a layer's inputs."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from termcoder.bench.perplexity import build_model, gguf_weights, gptq_weights, perplexity
from termcoder.models import calibrate, gptq
from termcoder.models.calibrate import Attention, Calibration
from termcoder.models.gguf_file import GgufFile
from termcoder.models.gguf_gptq import layer_weights, read_shape
from tests.models import tiny_gguf
from tests.models.test_gguf_convert import run
from tests.models.tiny_gguf import Tiny


def correlated_inputs(seed: int, tokens: int, size: int) -> torch.Tensor:
    """Inputs as a model has them: few directions carry most, some inputs far more than others."""
    random = np.random.default_rng(seed)
    mixed = random.standard_normal((tokens, size)) @ (random.standard_normal((size, size)) * 0.3 + np.eye(size))
    return torch.from_numpy((mixed * np.exp(random.standard_normal(size))).astype(np.float32))


def loss(weights: np.ndarray, found: gptq.Quantised, inputs: torch.Tensor) -> float:
    return float((inputs @ torch.from_numpy(found.values() - weights)).square().sum())


@given(st.integers(0, 10_000))
@settings(max_examples=8, deadline=None)
def test_it_loses_less_of_what_the_layer_puts_out_than_plain_rounding(seed: int) -> None:
    weights = np.random.default_rng(seed).standard_normal((128, 32)).astype(np.float32)
    inputs = correlated_inputs(seed, 512, 128)
    plain, calibrated = gptq.quantise(weights), calibrate.quantise_for(weights, inputs)
    assert loss(weights, calibrated, inputs) < 0.8 * loss(weights, plain, inputs)


def test_it_helps_inputs_that_were_not_seen() -> None:
    weights = np.random.default_rng(1).standard_normal((128, 32)).astype(np.float32)
    seen, unseen = correlated_inputs(7, 2048, 128).chunk(2)
    plain, calibrated = gptq.quantise(weights), calibrate.quantise_for(weights, seen)
    assert loss(weights, calibrated, unseen) < 0.9 * loss(weights, plain, unseen)


@pytest.mark.parametrize("size", [4864, 8960, 11008, 1536, 64])
def test_inputs_are_cut_into_equal_blocks_of_whole_groups(size: int) -> None:
    blocks = calibrate._blocks(size)
    assert size % blocks == 0
    assert size // blocks % gptq.GROUP_SIZE == 0
    assert size // blocks <= calibrate.LARGEST_BLOCK


@pytest.mark.parametrize("tiny", [Tiny("qwen2"), Tiny("llama")], ids=["qwen2", "llama"])
def test_the_states_are_those_of_the_quantised_model(tiny: Tiny, tmp_path: Path) -> None:
    """The forward pass here against transformers' own, with the same quantised weights."""
    tiny_gguf.write(tmp_path / "tiny.gguf", tiny)
    run(tmp_path / "tiny.gguf", tmp_path / "model")
    model = build_model(tmp_path / "model", gguf_weights(tmp_path / "tiny.gguf"))
    with GgufFile(tmp_path / "tiny.gguf") as file:
        shape = read_shape(file)
        ids = np.random.default_rng(3).integers(0, 256, (2, 24))
        states = file.read_rows("token_embd.weight", ids.ravel()).reshape(2, 24, -1)
        calibration = Calibration(states, Attention(shape.heads, shape.kv_heads, shape.head_size, 10000.0, 1e-6))
        patched = {f"model.layers.{index}": layer_weights(file, shape, index) for index in range(shape.layers)}
    found = {}
    for name, weights in patched.items():
        for layer, quantised in calibration.quantise_layer(weights).items():
            found[f"{name}.{layer}"] = quantised
    _use(model, found)
    with torch.inference_mode():
        expected = model.model(inputs_embeds=torch.from_numpy(states)).last_hidden_state
        norm = calibration.states * torch.rsqrt(calibration.states.square().mean(-1, keepdim=True) + 1e-6)
    assert torch.allclose(norm, expected, atol=1e-4)


def _use(model: torch.nn.Module, found: dict[str, gptq.Quantised]) -> None:
    from termcoder.models.gguf_gptq import LINEARS

    for name, quantised in found.items():
        prefix, _, layer = name.rpartition(".")
        module = model.get_submodule(f"{prefix}.{LINEARS[layer]}")
        module.weight = torch.nn.Parameter(torch.from_numpy(quantised.values().T.copy()))


def test_perplexity_tells_the_quantised_from_the_original(tmp_path: Path) -> None:
    tiny_gguf.write(tmp_path / "tiny.gguf", Tiny())
    run(tmp_path / "tiny.gguf", tmp_path / "model")
    windows = [list(range(100)), list(range(50, 150))]
    before = perplexity(build_model(tmp_path / "model", gguf_weights(tmp_path / "tiny.gguf")), windows)
    after = perplexity(build_model(tmp_path / "model", gptq_weights(tmp_path / "model")), windows)
    assert before != after
    assert abs(after / before - 1) < 0.2
    assert 100 < before < 1000  # a random model knows nothing: about one in 262


def test_the_benchs_unpacking_agrees_with_another(tmp_path: Path) -> None:
    packed = gptq.pack(gptq.quantise(np.random.default_rng(5).standard_normal((64, 16)).astype(np.float32)))
    from termcoder.bench.perplexity import unpack

    found = unpack(**{name: torch.from_numpy(values) for name, values in packed.items()})
    assert np.array_equal(found.numpy(), tiny_gguf.unpack(**packed))

"""What a model gets of a machine: always within what is free, and what the user set wins."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from termcoder.engine.sizing import (
    BLOCK_TOKENS,
    CPU_ENGINE_BYTES,
    CPU_WEIGHT_FACTOR,
    GIB,
    GPU_MARGIN_BYTES,
    MIN_CONTEXT_TOKENS,
    Machine,
    ModelShape,
    plan,
    read_machine,
    read_shape,
)
from termcoder.errors import EngineStartError
from termcoder.settings import EngineSettings

CODER_05B = ModelShape(weight_bytes=480_543_304, cache_bytes_per_token=12_288, max_context_tokens=32_768)
CODER_7B = ModelShape(weight_bytes=int(5.2 * GIB), cache_bytes_per_token=57_344, max_context_tokens=32_768)
LAPTOP = Machine(memory_total=8 * GIB, memory_free=5 * GIB, cores=8, physical=4)
RTX_3060 = replace(LAPTOP, gpu_total=12 * GIB, gpu_free=11 * GIB)
AUTO = EngineSettings()

machines = st.builds(
    Machine,
    memory_total=st.just(512 * GIB),
    memory_free=st.integers(0, 512 * GIB),
    cores=st.integers(1, 256),
    physical=st.integers(1, 256),
)
shapes = st.builds(
    ModelShape,
    weight_bytes=st.integers(1, 100 * GIB),
    cache_bytes_per_token=st.integers(512, 1 << 20),
    max_context_tokens=st.integers(128, 1_000_000),
)


@given(machines, shapes)
def test_on_a_cpu_it_fits_into_what_is_free_or_says_that_it_does_not(machine: Machine, shape: ModelShape) -> None:
    try:
        planned = plan(machine, shape, AUTO)
    except EngineStartError as error:
        assert "GB" in error.message
        assert error.remedy
        return
    needed = CPU_ENGINE_BYTES + int(CPU_WEIGHT_FACTOR * shape.weight_bytes) + planned.cache_bytes
    assert needed <= machine.memory_free
    assert planned.cache_bytes >= planned.context_tokens * shape.cache_bytes_per_token
    assert min(MIN_CONTEXT_TOKENS, shape.max_context_tokens) <= planned.context_tokens <= shape.max_context_tokens
    assert 1 <= planned.threads <= machine.cores
    assert not planned.on_gpu


@given(machines, shapes, st.integers(1, 256 * GIB))
def test_more_memory_never_gives_less_context(machine: Machine, shape: ModelShape, more: int) -> None:
    try:
        planned = plan(machine, shape, AUTO)
    except EngineStartError:
        return  # no context: nothing is less
    richer = plan(replace(machine, memory_free=machine.memory_free + more), shape, AUTO)
    assert richer.context_tokens >= planned.context_tokens
    assert richer.cache_bytes >= planned.cache_bytes


@given(machines, shapes, st.integers(1, 80), st.data())
def test_on_a_gpu_a_part_stays_free(machine: Machine, shape: ModelShape, gib: int, data: st.DataObject) -> None:
    free = data.draw(st.integers(0, gib * GIB))
    machine = replace(machine, gpu_total=gib * GIB, gpu_free=free)
    try:
        planned = plan(machine, shape, AUTO)
    except EngineStartError:
        return
    assert planned.on_gpu
    taken = planned.gpu_share * machine.gpu_total
    assert taken <= free - GPU_MARGIN_BYTES + 1
    assert shape.weight_bytes + planned.context_tokens * shape.cache_bytes_per_token <= taken


@given(st.integers(1, 4096), st.integers(1, 64), st.floats(0.01, 1.0))
def test_what_the_user_sets_wins(context: int, number: int, cache: float) -> None:
    settings = EngineSettings(context_tokens=context, kv_cache_gib=cache, threads=number, max_streams=number)
    planned = plan(LAPTOP, CODER_05B, settings)
    assert (planned.context_tokens, planned.threads, planned.max_streams) == (context, number, number)
    assert planned.cache_bytes == int(cache * GIB)
    assert plan(RTX_3060, CODER_7B, EngineSettings(gpu_share=0.75)).gpu_share == 0.75


def test_a_small_model_gets_its_whole_context_on_a_laptop() -> None:
    planned = plan(LAPTOP, CODER_05B, AUTO)
    assert planned.context_tokens == CODER_05B.max_context_tokens
    assert planned.threads == 4


def test_a_7b_model_fits_beside_a_desktop_on_12_gb() -> None:
    planned = plan(RTX_3060, CODER_7B, AUTO)
    assert planned.context_tokens == CODER_7B.max_context_tokens
    assert 0.7 < planned.gpu_share < 0.92


def test_tight_memory_shortens_the_context_by_whole_pages() -> None:
    tight = replace(LAPTOP, memory_free=int(3.2 * GIB))
    planned = plan(tight, CODER_05B, AUTO)
    assert MIN_CONTEXT_TOKENS < planned.context_tokens < CODER_05B.max_context_tokens
    assert planned.context_tokens % BLOCK_TOKENS == 0


@pytest.mark.parametrize(("cores", "physical", "threads"), [(1, 1, 1), (2, 1, 2), (4, 2, 4), (16, 8, 8), (12, 64, 12)])
def test_threads_follow_the_cores(cores: int, physical: int, threads: int) -> None:
    assert plan(replace(LAPTOP, cores=cores, physical=physical), CODER_05B, AUTO).threads == threads


def test_too_little_memory_is_told_with_both_figures() -> None:
    with pytest.raises(EngineStartError, match=r"needs \d+\.\d GB .* and \d+\.\d GB can be used") as raised:
        plan(LAPTOP, CODER_7B, AUTO)
    assert raised.value.remedy


def test_a_context_longer_than_the_model_was_made_for_is_refused() -> None:
    with pytest.raises(EngineStartError, match="32768 at most"):
        plan(LAPTOP, CODER_05B, EngineSettings(context_tokens=40_000))


def write_model(folder: Path, **config: object) -> Path:
    usual = {
        "num_hidden_layers": 24,
        "num_attention_heads": 14,
        "num_key_value_heads": 2,
        "hidden_size": 896,
        "max_position_embeddings": 32_768,
    }
    (folder / "config.json").write_text(json.dumps(usual | config))
    (folder / "model.safetensors").write_bytes(bytes(1000))
    return folder


def test_a_model_is_measured_by_its_files(tmp_path: Path) -> None:
    assert read_shape(write_model(tmp_path)) == ModelShape(1000, 12_288, 32_768)
    assert read_shape(write_model(tmp_path, head_dim=128)).cache_bytes_per_token == 2 * 12_288
    assert read_shape(write_model(tmp_path, num_key_value_heads=None)).cache_bytes_per_token == 7 * 12_288


@pytest.mark.parametrize("bad", [{"num_attention_heads": 0}, {"hidden_size": "wide"}, {"num_hidden_layers": None}])
def test_a_config_that_makes_no_sense_is_told(tmp_path: Path, bad: dict[str, object]) -> None:
    with pytest.raises(EngineStartError, match=r"config\.json"):
        read_shape(write_model(tmp_path, **bad))


@pytest.mark.parametrize("text", ["", "[]", "{"])
def test_a_folder_without_a_readable_config_is_no_model(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(EngineStartError, match="no model"):
        read_shape(tmp_path)


def test_this_machine_can_be_read() -> None:
    machine = read_machine(use_gpu=False)
    assert 0 < machine.memory_free <= machine.memory_total
    assert machine.cores >= 1
    assert machine.gpu_total == 0

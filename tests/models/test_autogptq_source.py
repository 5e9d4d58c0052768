"""What can be quantised, and how it becomes numbers again."""

import json
import threading
from pathlib import Path
from typing import Any

import gguf as gguf_package
import numpy as np
import pytest
from safetensors import safe_open

from termcoder.errors import NotAModelError, UnknownModelError
from termcoder.models import autogptq_source, safetensors_file
from termcoder.models.checks import check_safetensors
from termcoder.models.gptq import from_bfloat16
from tests.models import tiny_gguf
from tests.models.samples import safetensors, write_model
from tests.models.tiny_gguf import Tiny

LLAMA = {"model_type": "llama", "hidden_size": 64, "intermediate_size": 128}


def prepare(name: str, work: Path) -> autogptq_source.FloatModel:
    return autogptq_source.prepare(name, work, lambda _: None, threading.Event())


def test_a_gguf_file_becomes_numbers_again(tmp_path: Path) -> None:
    weights = tiny_gguf.write(
        tmp_path / "a.gguf", Tiny(architecture="llama", kind=gguf_package.GGMLQuantizationType.Q4_1)
    )
    model = prepare(str(tmp_path / "a.gguf"), tmp_path / "work")
    config = model.config()
    assert "quantization_config" not in config
    with safe_open(model.folder / "model.safetensors", framework="numpy") as file:
        names = set(file.keys())
    assert "lm_head.weight" not in names
    assert len(names) == 2 + config["num_hidden_layers"] * 9
    raw = tensor(model.folder / "model.safetensors", "model.layers.1.mlp.up_proj.weight")
    np.testing.assert_allclose(raw, weights["blk.1.ffn_up.weight"], rtol=2**-8)


def tensor(path: Path, name: str) -> np.ndarray:
    """A bfloat16 tensor, which numpy has no type for."""
    header, start = safetensors_file._header(path)
    first, last = header[name]["data_offsets"]
    raw = np.frombuffer(path.read_bytes()[start + first : start + last], np.uint16)
    return from_bfloat16(raw).reshape(header[name]["shape"])


def test_it_is_converted_once_and_anew_where_the_file_has_changed(tmp_path: Path) -> None:
    tiny_gguf.write(tmp_path / "a.gguf", Tiny())
    first = prepare(str(tmp_path / "a.gguf"), tmp_path / "work")
    when = (first.folder / "model.safetensors").stat().st_mtime_ns
    assert prepare(str(tmp_path / "a.gguf"), tmp_path / "work") == first
    assert (first.folder / "model.safetensors").stat().st_mtime_ns == when
    tiny_gguf.write(tmp_path / "a.gguf", Tiny(seed=1))
    assert prepare(str(tmp_path / "a.gguf"), tmp_path / "work").fingerprint != first.fingerprint
    assert (first.folder / "model.safetensors").stat().st_mtime_ns != when


def test_a_folder_is_taken_as_it_is(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "float")
    model = prepare(str(folder), tmp_path / "work")
    assert model.folder == folder
    (folder / "model.safetensors").write_bytes(safetensors(b"\2" * 32))
    assert prepare(str(folder), tmp_path / "work").fingerprint != model.fingerprint


@pytest.mark.parametrize("name", ["qwen2.5-coder-7b", "Qwen/Qwen2.5-7B-Instruct-GPTQ-Int4", "x/model-AWQ"])
def test_int4_models_are_refused_before_they_are_fetched(name: str, tmp_path: Path) -> None:
    with pytest.raises(NotAModelError, match="quantised already"):
        prepare(name, tmp_path)
    assert list(tmp_path.iterdir()) == [tmp_path / "home"]


def test_unknown_names(tmp_path: Path) -> None:
    with pytest.raises(UnknownModelError):
        prepare("qwen9", tmp_path)
    with pytest.raises(NotAModelError):
        prepare("./gone", tmp_path)


@pytest.mark.parametrize(
    ("changes", "group", "message"),
    [
        ({"quantization_config": {}}, 32, "quantised already"),
        ({"model_type": "bert"}, 32, "'bert'"),
        ({"hidden_size": 576}, 128, "576 inputs"),
        ({"hidden_size": 48}, -1, "48 inputs"),
    ],
)
def test_models_that_cannot_be_quantised(changes: dict[str, Any], group: int, message: str) -> None:
    with pytest.raises(NotAModelError, match=message):
        autogptq_source.check_config("it", LLAMA | changes, group)


def test_the_group_sizes_that_would_fit_are_named() -> None:
    with pytest.raises(NotAModelError) as error:
        autogptq_source.check_config("it", LLAMA | {"hidden_size": 576}, 128)
    assert error.value.remedy == "Choose --group-size 32 or 64."
    autogptq_source.check_config("it", LLAMA, 64)


def test_joined_files_hold_the_same_tensors(tmp_path: Path) -> None:
    values = {"a": np.arange(6, dtype=np.float16).reshape(2, 3), "b": np.arange(5, dtype=np.int32)}
    for name, array in values.items():
        with safetensors_file.SafetensorsWriter(tmp_path / f"{name}.safetensors", 200) as out:
            out.add(name, array)
    ticks: list[int] = []
    target = tmp_path / "whole.safetensors"
    parts = [tmp_path / "a.safetensors", tmp_path / "b.safetensors"]
    safetensors_file.join(parts, target, lambda: ticks.append(1))
    check_safetensors(target)
    with safe_open(target, framework="numpy") as file:
        for name, array in values.items():
            np.testing.assert_array_equal(file.get_tensor(name), array)
    assert ticks == [1, 1]
    assert json.loads(target.read_bytes()[8:400].split(b"}}")[0] + b"}}")["__metadata__"] == {"format": "pt"}

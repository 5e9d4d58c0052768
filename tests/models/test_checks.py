"""Which folders are models that may be run."""

import json
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from termcoder.errors import DamagedModelError, ModelError, NotAModelError
from termcoder.models.checks import check_config, check_folder, check_safetensors
from tests.models.samples import safetensors, write_model


def with_header(header: Any, data: bytes = b"\0" * 8, length: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def test_a_model_passes(tmp_path: Path) -> None:
    check_folder(write_model(tmp_path / "m"))


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NotAModelError, match="There is no folder"):
        check_folder(tmp_path / "nothing")


def test_a_folder_that_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(NotAModelError, match=r"no config\.json"):
        check_folder(tmp_path)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "7", '"x"', "\x00", "[" * 100_000], ids=["empty", "cut", "list", "7", "text", "nul", "deep"]
)
def test_a_config_that_is_none(tmp_path: Path, text: str) -> None:
    write_model(tmp_path)
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(DamagedModelError, match=r"config\.json"):
        check_folder(tmp_path)


def test_a_config_of_absurd_size_is_not_even_read(tmp_path: Path) -> None:
    write_model(tmp_path)
    with (tmp_path / "config.json").open("r+b") as file:
        file.truncate(60_000_000)
    with pytest.raises(NotAModelError, match="too large"):
        check_folder(tmp_path)


@pytest.mark.parametrize("architectures", [None, [], "LlamaForCausalLM", [1], {"a": 1}, ["BertModel"], ["T5Encoder"]])
def test_what_writes_no_text_is_refused(tmp_path: Path, architectures: Any) -> None:
    write_model(tmp_path, architectures=architectures)
    with pytest.raises(NotAModelError):
        check_config(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        {"num_hidden_layers": 10**400},
        {"num_attention_heads": 0},
        {"num_attention_heads": float("inf")},
        {"hidden_size": "64"},
        {"head_dim": -1},
        {"max_position_embeddings": True},
        {"text_config": [1]},
        {"text_config": {"hidden_size": float("nan")}},
    ],
    ids=str,
)
def test_measures_that_make_no_sense_are_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    write_model(tmp_path, **change)
    with pytest.raises(DamagedModelError):
        check_config(tmp_path)


def test_a_measure_may_be_left_open(tmp_path: Path) -> None:
    check_config(write_model(tmp_path, num_key_value_heads=None, head_dim=None, text_config=None))


@pytest.mark.parametrize("name", ["config.json", "tokenizer_config.json"])
def test_code_of_its_own_is_refused(tmp_path: Path, name: str) -> None:
    write_model(tmp_path)
    table = json.loads((tmp_path / name).read_text()) | {"auto_map": {"AutoConfig": "x.Y"}}
    (tmp_path / name).write_text(json.dumps(table))
    with pytest.raises(NotAModelError, match="code of its own"):
        check_folder(tmp_path)


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "consolidated.00.pth"])
def test_pickles_alone_are_refused(tmp_path: Path, name: str) -> None:
    write_model(tmp_path)
    (tmp_path / "model.safetensors").rename(tmp_path / name)
    with pytest.raises(NotAModelError, match="pickles"):
        check_folder(tmp_path)


def test_no_weights_at_all(tmp_path: Path) -> None:
    write_model(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(NotAModelError, match="no safetensors"):
        check_folder(tmp_path)


def test_no_tokenizer(tmp_path: Path) -> None:
    write_model(tmp_path)
    (tmp_path / "tokenizer.json").unlink()
    with pytest.raises(NotAModelError, match="tokenizer"):
        check_folder(tmp_path)


@pytest.mark.parametrize("cut", [1, 8, 40])
def test_a_cut_file_is_told_with_both_sizes(tmp_path: Path, cut: int) -> None:
    write_model(tmp_path)
    whole = safetensors(b"\0" * 100)
    (tmp_path / "model.safetensors").write_bytes(whole[:-cut])
    with pytest.raises(DamagedModelError, match=rf"has {len(whole) - cut} bytes.*promises {len(whole)}"):
        check_folder(tmp_path)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\1\2\3",
        with_header({}, length=1 << 62),
        with_header({}, length=0),
        with_header(b"{" * 50_000),
        with_header([]),
        with_header({"a": 1}),
        with_header({"a": {"data_offsets": [0]}}),
        with_header({"a": {"data_offsets": ["0", "8"]}}),
        with_header({"a": {"data_offsets": [4, 8]}}),
        with_header({"a": {"data_offsets": [0, 8]}, "b": {"data_offsets": [4, 8]}}),
        with_header({"a": {"data_offsets": [0, -8]}}),
        with_header({"a": {"data_offsets": [0, 8.0]}}, b"\0" * 9),
        safetensors() + b"more",
    ],
)
def test_a_broken_file_is_damaged(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "x.safetensors"
    file.write_bytes(data)
    with pytest.raises(DamagedModelError, match=r"x\.safetensors is damaged"):
        check_safetensors(file)


@given(data=st.binary(max_size=200), length=st.integers(0, 300))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
def test_no_bytes_cause_another_error(tmp_path: Path, data: bytes, length: int) -> None:
    file = tmp_path / "x.safetensors"
    file.write_bytes(struct.pack("<Q", length) + data)
    try:
        check_safetensors(file)
    except DamagedModelError:
        return
    assert 8 + length <= file.stat().st_size


@pytest.mark.parametrize("shard", ["model-00002.safetensors", "../outside.safetensors", "/etc/passwd"])
def test_a_file_that_the_index_names_must_be_there(tmp_path: Path, shard: str) -> None:
    write_model(tmp_path)
    index = {"weight_map": {"a": "model.safetensors", "b": shard}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(DamagedModelError, match="lacks"):
        check_folder(tmp_path)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"weight_map": 3}', '{"weight_map": {"a": []}}'])
def test_an_index_that_is_none(tmp_path: Path, text: str) -> None:
    write_model(tmp_path)
    (tmp_path / "model.safetensors.index.json").write_text(text)
    with pytest.raises(ModelError):
        check_folder(tmp_path)

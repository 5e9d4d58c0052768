"""Reading GGUF files that are whole, damaged or hostile."""

import struct
from pathlib import Path

import gguf
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from termcoder.errors import DamagedModelError, ModelError, NotAModelError
from termcoder.models.gguf_file import GgufFile
from tests.models import tiny_gguf
from tests.models.tiny_gguf import Tiny


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("gguf") / "tiny.gguf"
    tiny_gguf.write(path, Tiny(layers=1))
    return path


def header(tensors: int, entries: int, rest: bytes = b"") -> bytes:
    return b"GGUF" + struct.pack("<IQQ", 3, tensors, entries) + rest


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value)) + value.encode()


def test_it_reads_what_the_library_reads(whole: Path) -> None:
    reader = gguf.GGUFReader(whole)
    with GgufFile(whole) as file:
        for name, field in reader.fields.items():
            if not name.startswith("GGUF."):
                assert file.metadata[name] == field.contents()
        assert set(file.tensors) == {tensor.name for tensor in reader.tensors}
        for tensor in reader.tensors:
            expected = gguf.dequantize(tensor.data, tensor.tensor_type)
            assert np.array_equal(file.read(tensor.name).ravel(), expected.ravel())


def test_some_rows_can_be_read_alone(whole: Path) -> None:
    with GgufFile(whole) as file:
        name = "token_embd.weight"
        assert np.array_equal(file.read(name, step=7), file.read(name)[::7])


def test_a_missing_tensor_is_named(whole: Path) -> None:
    with GgufFile(whole) as file, pytest.raises(DamagedModelError, match=r"'blk\.9\.attn_q\.weight'"):
        file.read("blk.9.attn_q.weight")


@pytest.mark.parametrize("content", [b"", b"GG", b"PK\x03\x04 something else"])
def test_what_is_no_gguf_is_no_model(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.gguf").write_bytes(content)
    with pytest.raises(NotAModelError):
        GgufFile(tmp_path / "x.gguf")


HUGE = 1 << 60
HOSTILE = {
    "countless tensors": header(HUGE, 0),
    "countless entries": header(0, HUGE),
    "a key without end": header(0, 1, struct.pack("<Q", HUGE) + b"abc"),
    "a list without end": header(0, 1, text("k") + struct.pack("<IIQ", 9, 4, HUGE)),
    "a list of strings without end": header(0, 1, text("k") + struct.pack("<IIQ", 9, 8, HUGE)),
    "lists in lists": header(0, 1, text("k") + struct.pack("<I", 9) + struct.pack("<IQ", 9, 1) * 1000),
    "an unknown type": header(0, 1, text("k") + struct.pack("<I", 77)),
    "a giant tensor": header(1, 0, text("t") + struct.pack("<IQQIQ", 2, 1 << 40, 1 << 40, 0, 0)),
    "countless dimensions": header(1, 0, text("t") + struct.pack("<I", 1 << 30)),
    "an empty dimension": header(1, 0, text("t") + struct.pack("<IQQIQ", 2, 0, 4, 0, 0)),
    "a tensor far away": header(1, 0, text("t") + struct.pack("<IQIQ", 1, 32, 0, HUGE)),
    "an unknown kind of tensor": header(1, 0, text("t") + struct.pack("<IQIQ", 1, 32, 999, 0)),
    "no alignment": header(0, 1, text("general.alignment") + struct.pack("<II", 4, 0)),
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_absurd_metadata_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.gguf").write_bytes(content)
    with pytest.raises(DamagedModelError):
        GgufFile(tmp_path / "x.gguf")


@given(cut=st.integers(4, 9000))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_file_cut_anywhere_is_damaged(whole: Path, tmp_path: Path, cut: int) -> None:
    content = whole.read_bytes()
    (tmp_path / "x.gguf").write_bytes(content[:cut])
    with pytest.raises(DamagedModelError):
        GgufFile(tmp_path / "x.gguf")


@given(place=st.integers(4, 12_000), byte=st.integers(0, 255))
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_changed_byte_raises_nothing_but_our_errors(whole: Path, tmp_path: Path, place: int, byte: int) -> None:
    content = bytearray(whole.read_bytes())
    content[place] = byte
    (tmp_path / "x.gguf").write_bytes(content)
    try:
        with GgufFile(tmp_path / "x.gguf") as file:
            for name in file.tensors:
                file.read(name)
    except ModelError:
        pass

"""Reading GGUF: metadata and tensors of a file that may be damaged or hostile.

A reader of our own, because `gguf.GGUFReader` takes 8 s for a file with a vocabulary of 150,000 (it makes
an array object for every string) and trusts every count in it. The dequantiser is `gguf`'s.
"""

import mmap
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from termcoder.errors import DamagedModelError, NotAModelError
from termcoder.models.gptq import to_bfloat16

MAGIC = b"GGUF"
VERSIONS = (2, 3)
MAX_ENTRIES = 100_000  # metadata entries, or tensors: hundreds in practice
MAX_DIMENSIONS = 4
MAX_NESTING = 2
PIECE_ROWS = 8192
DEFAULT_ALIGNMENT = 32

_STRING, _ARRAY = 8, 9
_SCALARS: Mapping[int, str] = {
    0: "<u1", 1: "<i1", 2: "<u2", 3: "<i2", 4: "<u4", 5: "<i4", 6: "<f4", 7: "?", 10: "<u8", 11: "<i8", 12: "<f8",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """Where a tensor lies. `shape` is (rows, columns) as PyTorch has it, the reverse of what GGUF stores."""

    name: str
    kind: int  # a gguf.GGMLQuantizationType
    shape: tuple[int, ...]
    offset: int
    length: int


class GgufFile:
    """An open GGUF file: `metadata` and `tensors` by name, and `read()` for the numbers.

    Raises NotAModelError for a file that isn't GGUF at all, DamagedModelError for one that is broken.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with path.open("rb") as file:
            if file.read(4) != MAGIC:
                raise NotAModelError(f"{path.name} is not a GGUF file.", remedy="Choose a model file ending in .gguf.")
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        try:
            self.metadata, self.tensors = _parse(self._map)
        except (ValueError, IndexError, KeyError, OverflowError, struct.error) as error:
            self._map.close()
            raise DamagedModelError(
                f"{path.name} is damaged: {error}.", remedy="Remove it and fetch the model again."
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._map.close()

    def read(self, name: str, step: int = 1) -> NDArray[np.float32]:
        """The tensor's numbers as float32, dequantised; with `step`, only every so many-th row of a matrix.

        Raises DamagedModelError where it isn't there.
        """
        return _numbers(self._rows(name)[::step], self.tensors[name])

    def read_rows(self, name: str, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """These rows of a matrix, as float32."""
        return _numbers(self._rows(name)[rows], self.tensors[name])

    def read_bfloat16(self, name: str) -> NDArray[np.uint16]:
        """The tensor rounded to bfloat16, piece by piece: the largest need a gigabyte as float32."""
        raw, info = self._rows(name), self.tensors[name]
        pieces = [
            to_bfloat16(_numbers(raw[start : start + PIECE_ROWS], info)) for start in range(0, len(raw), PIECE_ROWS)
        ]
        return np.concatenate(pieces)

    def _rows(self, name: str) -> NDArray[np.uint8]:
        """The tensor's bytes, a row for each of its first dimension."""
        info = self.tensors.get(name)
        if info is None:
            raise DamagedModelError(f"{self.path.name} has no tensor {name!r}.", remedy="Fetch the model again.")
        raw = np.frombuffer(self._map, dtype=np.uint8, count=info.length, offset=info.offset)
        return raw.reshape(info.shape[0], -1)


def _numbers(raw: NDArray[np.uint8], info: TensorInfo) -> NDArray[np.float32]:
    from gguf import GGMLQuantizationType
    from gguf.quants import dequantize

    kind = GGMLQuantizationType(info.kind)
    plain = {GGMLQuantizationType.F32: np.float32, GGMLQuantizationType.F16: np.float16}.get(kind)
    values = np.ascontiguousarray(raw).view(plain) if plain is not None else dequantize(raw, kind)
    return np.array(values, dtype=np.float32).reshape(-1, *info.shape[1:])


def _parse(data: mmap.mmap) -> tuple[dict[str, Any], dict[str, TensorInfo]]:
    cursor = _Cursor(data, 4)
    version = cursor.scalar("<u4")
    if version not in VERSIONS:
        raise ValueError(f"version {version} of the format is unknown")
    tensor_count, entry_count = cursor.scalar("<u8"), cursor.scalar("<u8")
    if max(tensor_count, entry_count) > MAX_ENTRIES:
        raise ValueError(f"it claims {tensor_count} tensors and {entry_count} entries")
    metadata = {}
    for _ in range(entry_count):
        key = cursor.string()
        metadata[key] = cursor.value(cursor.scalar("<u4"))
    infos = [cursor.tensor_info() for _ in range(tensor_count)]
    alignment = metadata.get("general.alignment", DEFAULT_ALIGNMENT)
    if not isinstance(alignment, int) or alignment <= 0 or alignment & (alignment - 1):
        raise ValueError(f"an alignment of {alignment!r} is impossible")
    start = -(-cursor.offset // alignment) * alignment
    return metadata, {info[0]: _placed(info, start, len(data)) for info in infos}


def _placed(info: tuple[str, tuple[int, ...], int, int], start: int, file_length: int) -> TensorInfo:
    from gguf import GGML_QUANT_SIZES, GGMLQuantizationType

    name, shape, kind, offset = info
    count = 1
    for size in shape:
        count *= size
    block, block_bytes = GGML_QUANT_SIZES[GGMLQuantizationType(kind)]
    if shape[-1] % block:
        raise ValueError(f"tensor {name!r} has {shape[-1]} columns, no multiple of {block}")
    length = count // block * block_bytes
    if start + offset + length > file_length:
        raise ValueError(f"tensor {name!r} reaches beyond its end")
    return TensorInfo(name, kind, shape, start + offset, length)


class _Cursor:
    """Reads forward through the file; nothing is believed that the file is too short for."""

    def __init__(self, data: mmap.mmap, offset: int) -> None:
        self._data = data
        self.offset = offset

    def _take(self, length: int) -> bytes:
        end = self.offset + length
        if end > len(self._data):
            raise ValueError("it ends too early")
        piece = self._data[self.offset : end]
        self.offset = end
        return piece

    def scalar(self, dtype: str) -> Any:
        kind = np.dtype(dtype)
        return np.frombuffer(self._take(kind.itemsize), kind)[0].item()

    def string(self) -> str:
        (length,) = struct.unpack("<Q", self._take(8))
        return self._take(length).decode("utf-8", "replace")

    def value(self, kind: int, depth: int = 0) -> Any:
        if kind == _STRING:
            return self.string()
        if kind != _ARRAY:
            return self.scalar(_SCALARS[kind])
        if depth >= MAX_NESTING:
            raise ValueError("its metadata is nested too deeply")
        item, count = self.scalar("<u4"), self.scalar("<u8")
        if item in _SCALARS:
            dtype = np.dtype(_SCALARS[item])
            return np.frombuffer(self._take(dtype.itemsize * count), dtype).tolist()
        if count > len(self._data) - self.offset:
            raise ValueError(f"it claims a list of {count} items")
        return [self.value(item, depth + 1) for _ in range(count)]

    def tensor_info(self) -> tuple[str, tuple[int, ...], int, int]:
        name = self.string()
        dimensions = self.scalar("<u4")
        if not 1 <= dimensions <= MAX_DIMENSIONS:
            raise ValueError(f"tensor {name!r} has {dimensions} dimensions")
        shape = tuple(reversed([self.scalar("<u8") for _ in range(dimensions)]))
        return name, shape, self.scalar("<u4"), self.scalar("<u8")

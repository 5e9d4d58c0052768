"""Safetensors files: written tensor by tensor, and checked without loading them.

The library's writer wants every tensor in memory at once and raw pointers to them; the format itself is a
length, a JSON header and the bytes.
"""

import json
import shutil
import struct
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

DTYPES = {"float16": "F16", "float32": "F32", "bfloat16": "BF16", "int32": "I32"}


class SafetensorsWriter:
    """Writes `path` in one pass. `room` is what the header may take, in bytes: about 100 a tensor."""

    def __init__(self, path: Path, room: int) -> None:
        self._room = -(-room // 8) * 8
        self._header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
        self._end = 0
        self._file = path.open("wb")
        self._file.write(b"\0" * (8 + self._room))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self._write_header()
        finally:
            self._file.close()

    def add(self, name: str, values: Any, dtype: str = "") -> None:
        """Append a numpy array; `dtype` where numpy has no name for it ("bfloat16" for its bits as uint16)."""
        start, self._end = self._end, self._end + values.nbytes
        kind = DTYPES[dtype or values.dtype.name]
        self._header[name] = {"dtype": kind, "shape": list(values.shape), "data_offsets": [start, self._end]}
        self._file.write(memoryview(values).cast("B"))

    def _write_header(self) -> None:
        text = json.dumps(self._header, separators=(",", ":")).encode()
        if len(text) > self._room:
            raise ValueError(f"the header takes {len(text)} bytes, {self._room} were set aside")
        self._file.seek(0)
        self._file.write(struct.pack("<Q", self._room) + text.ljust(self._room))


def join(parts: Sequence[Path], target: Path, tick: Callable[[], None]) -> None:
    """Write the tensors of several files into one, byte for byte; `tick` is called after each file.

    The files must be whole (`checks.check_safetensors`) and name no tensor twice.
    """
    headers = [_header(part) for part in parts]
    joined: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    end = 0
    for header, _ in headers:
        for name, entry in header.items():
            first, last = entry["data_offsets"]
            joined[name] = entry | {"data_offsets": [end + first, end + last]}
        end += max((entry["data_offsets"][1] for entry in header.values()), default=0)
    text = json.dumps(joined, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with target.open("wb") as out:
        out.write(struct.pack("<Q", len(text)) + text)
        for part, (_, start) in zip(parts, headers, strict=True):
            with part.open("rb") as file:
                file.seek(start)
                shutil.copyfileobj(file, out, 1 << 20)
            tick()


def _header(path: Path) -> tuple[dict[str, Any], int]:
    """A file's tensors, and where their bytes begin."""
    with path.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        entries = json.loads(file.read(length))
    return {name: entry for name, entry in entries.items() if name != "__metadata__"}, 8 + length

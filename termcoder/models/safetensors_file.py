"""Safetensors files: written tensor by tensor, and checked without loading them.

The library's writer wants every tensor in memory at once and raw pointers to them; the format itself is a
length, a JSON header and the bytes.
"""

import json
import struct
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

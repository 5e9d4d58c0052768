"""GGUF -> a float model: what is quantised anew must first be numbers again.

The file's own quantisation has cost what it cost; bfloat16 adds nothing to it that could be measured.
"""

import json
import threading
from pathlib import Path

from termcoder.errors import DamagedModelError
from termcoder.models import gptq
from termcoder.models.gguf_file import GgufFile
from termcoder.models.gguf_gptq import (
    BROKEN,
    HEADER_ROOM,
    LINEARS,
    NORMS,
    Shape,
    config_json,
    outer_tensors,
    read_shape,
    unpermuted,
)
from termcoder.models.gguf_tokenizer import write_tokenizer
from termcoder.models.progress import Listener, Meter
from termcoder.models.safetensors_file import SafetensorsWriter


def write_float(path: Path, folder: Path, listener: Listener, cancel: threading.Event) -> None:
    """Write the model of the GGUF file `path` into `folder`, which must not exist yet, as bfloat16 safetensors.

    Raises NotAModelError, DamagedModelError, CancelledError, OSError; what is in `folder` is then no model.
    """
    folder.mkdir(parents=True)
    try:
        with GgufFile(path) as file:
            shape = read_shape(file)
            config = {key: value for key, value in config_json(file, shape).items() if key != "quantization_config"}
            (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
            write_tokenizer(file.metadata, folder)
            meter = Meter("reading the GGUF file", shape.layers + 1, listener, cancel, is_bytes=False)
            _write_weights(file, shape, folder / "model.safetensors", meter)
    except BROKEN as error:
        raise DamagedModelError(f"{path.name} is damaged: {error}.", remedy="Fetch the model again.") from error


def _write_weights(file: GgufFile, shape: Shape, path: Path, meter: Meter) -> None:
    with SafetensorsWriter(path, HEADER_ROOM * len(file.tensors)) as out:
        for name, source in outer_tensors(file, shape).items():
            out.add(name, file.read_bfloat16(source), "bfloat16")
        meter.add(1)
        for index in range(shape.layers):
            for source, name in (LINEARS | NORMS).items():
                for part in ("weight", "bias"):
                    if (key := f"blk.{index}.{source}.{part}") in file.tensors:
                        values = unpermuted(file.read(key), source, shape)
                        out.add(f"model.layers.{index}.{name}.{part}", gptq.to_bfloat16(values), "bfloat16")
            meter.add(1)

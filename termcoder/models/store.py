"""The models on this machine: `name` -> a folder that an engine can load, fetched and converted where it is missing.

A model is a folder of its own below `paths.models_dir()` with a `termcoder.json` in it that says where it came
from. All work happens beside it, in NAME.partial, and a rename at the end makes it a model.
"""

import json
import os
import threading
import time
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import termcoder
from termcoder import paths
from termcoder.errors import ModelError, UnknownModelError
from termcoder.models import catalogue, checks, fit
from termcoder.models.catalogue import Model
from termcoder.models.disk import remove as remove_path
from termcoder.models.disk import size_of, telling_errors
from termcoder.models.locking import held
from termcoder.models.progress import Listener

RECORD = "termcoder.json"
PARTIAL = ".partial"
REMOVED = ".removed"


@dataclass(frozen=True, slots=True)
class Installed:
    """A model in the store. `size` is bytes on the disk; `fetched` an ISO date."""

    name: str
    folder: Path
    size: int
    source: str = ""
    version: str = ""
    licence: str = ""
    fetched: str = ""


def choose(name: str) -> str:
    """The name of the model that `name` means here: "auto" is the best that fits this machine.

    Raises UnknownModelError with the nearest match.
    """
    if name in ("", "auto"):
        return catalogue.choose_default(fit.read_machine()).name
    return catalogue.resolve(name).name


def prepare(name: str, progress: Listener, cancel: threading.Event) -> Path:
    """The folder of the model, ready to be loaded; fetched and converted first where it is missing.

    Blocking. Raises ModelError: UnknownModelError, ModelTooBigError (before anything is fetched), NotAModelError,
    DamagedModelError, FetchError and its kinds, CancelledError. What was fetched until then is used next time.
    """
    model = catalogue.resolve(choose(name))
    folder = model.folder or folder_of(model)
    if model.folder or is_ready(model):
        checks.check_folder(folder)
    else:
        fit.check(model.title, model.needs(), fit.read_machine())
        pull(model.name, progress, cancel)
    fit.check(model.title, fit.folder_needs(folder), fit.read_machine())
    return folder


def pull(name: str, progress: Listener, cancel: threading.Event, *, keep_source: bool = False) -> Path:
    """Fetch and convert the model, whether it fits into memory now or not; nothing to do where it is there already.

    `keep_source`: keep the GGUF file a model was converted from beside its tensors. Raises as `prepare` does.
    """
    model = catalogue.resolve(choose(name))
    if model.folder:
        checks.check_folder(model.folder)
        return model.folder
    with telling_errors(paths.models_dir()), _locked(model, progress, cancel):
        if not is_ready(model):
            _make(model, progress, cancel, keep_source=keep_source)
    folder = folder_of(model)
    checks.check_folder(folder)
    return folder


def is_ready(model: Model) -> bool:
    """Whether the store has the model, whole."""
    return (folder_of(model) / RECORD).exists()


def folder_of(model: Model) -> Path:
    """Where the store keeps this model, once it is fetched."""
    return paths.models_dir() / model.slug


def installed() -> list[Installed]:
    """The models in the store, by name."""
    root = paths.models_dir()
    with telling_errors(root):
        folders = sorted(root.iterdir()) if root.is_dir() else []
        return [_installed(folder) for folder in folders if _is_model(folder)]


def info(name: str) -> tuple[Model, Installed | None]:
    """What is known about a model, and its state in the store. Raises UnknownModelError."""
    model = catalogue.resolve(choose(name))
    return model, _installed(folder_of(model)) if not model.folder and is_ready(model) else None


def remove(name: str) -> int:
    """Remove a model from the store, with what an interrupted fetch of it left; returns the bytes freed.

    Raises UnknownModelError where the store doesn't have it; folders outside the store are never touched.
    """
    if freed := _discard_unfinished(name):
        return freed
    model = catalogue.resolve(name)
    folder = folder_of(model)
    doomed = [path for path in (folder, _partial(model)) if path.exists() or path.is_symlink()]
    if model.folder or not doomed:
        here = ", ".join(item.name for item in installed()) or "none"
        raise UnknownModelError(f"{name} is not among the fetched models.", remedy=f"Fetched: {here}.")
    with telling_errors(folder), _locked(model, lambda _: None, threading.Event(), wait=False):
        freed = sum(size_of(path) for path in doomed)
        for path in doomed:
            _vanish(path)
    return freed


def _discard_unfinished(name: str) -> int:
    """Remove what an interrupted quantisation under this name left; bytes freed, 0 where the store has such a model."""
    from termcoder.models import autogptq

    return 0 if (paths.models_dir() / name).exists() else autogptq.discard(name)


def _make(model: Model, progress: Listener, cancel: threading.Event, *, keep_source: bool) -> None:
    from termcoder.models.fetch import fetch

    if folder_of(model).exists():
        raise ModelError(
            f"{folder_of(model)} is in the way: it is no model that termcoder fetched.",
            remedy=f"Move it away, or delete it with `termcoder models remove {model.name}`.",
        )
    partial = paths.private_dir(_partial(model))
    fetched = fetch(model, partial, progress, cancel)
    folder = _convert(fetched.path, partial, progress, cancel, keep_source) if fetched.is_gguf else fetched.path
    checks.check_folder(folder)
    write_record(folder, model.name, model.licence, fetched.source, fetched.version)
    os.replace(folder, folder_of(model))
    remove_path(partial)


def _convert(gguf: Path, partial: Path, progress: Listener, cancel: threading.Event, keep_source: bool) -> Path:
    from termcoder.models.gguf_convert import convert

    target = partial / "converted"
    remove_path(target)
    convert(gguf, target, progress, cancel)
    if keep_source:
        os.replace(gguf, target / "source.gguf")
    return target


def write_record(folder: Path, name: str, licence: str, source: str, version: str) -> None:
    """Say in a model's folder what it is and where it came from: that makes it a model of the store."""
    record = {
        "name": name,
        "licence": licence,
        "source": source,
        "version": version,
        "fetched": time.strftime("%Y-%m-%d"),
        "termcoder": termcoder.__version__,
    }
    (folder / RECORD).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def _is_model(folder: Path) -> bool:
    return not folder.name.endswith((PARTIAL, REMOVED)) and (folder / RECORD).exists()


def _installed(folder: Path) -> Installed:
    record: Any = None
    with suppress(OSError, ValueError, RecursionError):
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    values = record if isinstance(record, dict) else {}
    texts = {key: _plain(values.get(key, "")) for key in ("source", "version", "licence", "fetched")}
    return Installed(_plain(values.get("name") or folder.name), folder, size_of(folder), **texts)


def _plain(value: object) -> str:
    """A text without the characters that steer a terminal."""
    return "".join(letter for letter in str(value) if letter.isprintable())


def _partial(model: Model) -> Path:
    return paths.models_dir() / f"{model.slug}{PARTIAL}"


def _vanish(path: Path) -> None:
    """Take a folder out of the store in one step, then remove it: a stop halfway leaves nothing like a model."""
    grave = path.with_name(f".{path.name}{REMOVED}")
    remove_path(grave)
    os.replace(path, grave)
    remove_path(grave)


def _locked(
    model: Model, progress: Listener, cancel: threading.Event, *, wait: bool = True
) -> AbstractContextManager[None]:
    """Hold the model's lock. While another termcoder prepares it: wait (and say so), or raise ModelError."""
    root = paths.private_dir(paths.models_dir())
    busy = "" if wait else f"Another termcoder is fetching {model.name}."
    return held(root / f".{model.slug}.lock", progress, cancel, busy=busy)

"""The models known by name, what else can be named, and which one suits a machine."""

import difflib
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from termcoder import paths
from termcoder.engine.sizing import Machine
from termcoder.errors import NotAModelError, UnknownModelError
from termcoder.models import autogptq_record
from termcoder.models.autogptq_record import Quantised
from termcoder.models.fit import Needs, fits

HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}", re.ASCII)
OWN_NAME = re.compile(r"[a-z0-9](?:[a-z0-9._]|-(?!-)){0,63}", re.ASCII)
"""What a model of the user's own can be called; "--" is in the folders of models from the Hub."""

SMALLEST_CONTEXT = 4096  # tokens a chosen model must have room for


@dataclass(frozen=True, slots=True)
class PackageSource:
    """A GGUF file in parts inside Python packages. `member` is the pattern of the part's name in each."""

    packages: tuple[str, ...]
    member: str
    size: int
    sha256: str

    def __str__(self) -> str:
        return f"Python packages {self.packages[0].partition('==')[0]}…"


@dataclass(frozen=True, slots=True)
class HubSource:
    """A repository of the Hugging Face Hub that holds safetensors; `revision` is a branch, tag or commit."""

    repo: str
    revision: str = "main"

    def __str__(self) -> str:
        return f"Hugging Face Hub {self.repo}"


Source = PackageSource | HubSource


@dataclass(frozen=True, slots=True)
class Model:
    """A model that can be had. Sizes are bytes, 0 where unknown; `folder` is set for one that lies on the disk."""

    name: str
    title: str
    purpose: str = ""
    licence: str = "see its repository"
    context_tokens: int = 0
    download_bytes: int = 0
    weights_bytes: int = 0
    cache_bytes_per_token: int = 0
    min_cpu_cores: int = 0
    rank: int = 0
    sources: tuple[Source, ...] = ()
    folder: Path | None = None
    quantised: Quantised | None = None  # where the user made it

    def needs(self) -> Needs:
        """The memory it takes."""
        return Needs(self.weights_bytes, self.cache_bytes_per_token)

    @property
    def slug(self) -> str:
        """The name of its folder among the models; "_" parts it from a name that the store uses itself."""
        name = self.name.replace("/", "--")
        return f"{name}_" if name.endswith(".partial") else name


@cache
def catalogue() -> Mapping[str, Model]:
    """Every model known by name, in the catalogue's order."""
    text = Path(__file__).with_name("catalogue.toml").read_text(encoding="utf-8")
    models = (_model(table) for table in tomllib.loads(text)["model"])
    return {model.name: model for model in models}


def choose_default(machine: Machine) -> Model:
    """The best model that fits the machine's memory and answers at a bearable speed on it.

    Where none fits, the smallest that could be chosen: its own memory check then says what is missing.
    """
    eligible = [model for model in catalogue().values() if model.rank]
    suited = [model for model in eligible if _suits(model, machine)]
    return max(suited, key=lambda model: model.rank, default=min(eligible, key=lambda model: model.rank))


def resolve(name: str) -> Model:
    """The model that `name` means: of the catalogue, of the user's own making, a folder, or on the Hub ("owner/name").

    Raises UnknownModelError with the nearest match, NotAModelError for a folder that doesn't exist.
    """
    known = catalogue().get(name.lower())
    if known is not None:
        return known
    if (own := _own(name)) is not None:
        return own
    folder = Path(os.path.expanduser(name))  # what it doesn't know, as `~nobody`, it leaves as it is
    if folder.is_dir():
        return Model(name=str(folder.resolve()), title=folder.resolve().name, folder=folder.resolve())
    if name.startswith(("/", "./", "../", "~")):
        raise NotAModelError(f"There is no folder {name}.", remedy="Check the path.")
    if HUB_NAME.fullmatch(name) and ".." not in name:
        return Model(name=name, title=name, sources=(HubSource(name),))
    near = difflib.get_close_matches(name.lower(), catalogue(), n=1, cutoff=0.4)
    remedy = f"Did you mean {near[0]!r}?" if near else f"Known names: {', '.join(catalogue())}."
    raise UnknownModelError(f"No model is called {name!r}.", remedy=remedy)


def _own(name: str) -> Model | None:
    """The model of this name that the user quantised, as long as it is in the store."""
    if OWN_NAME.fullmatch(name) is None:
        return None
    known = autogptq_record.read(paths.models_dir() / name)
    if known is None:
        return None
    purpose = f"Your own: {known.origin}, calibrated on {known.calibration}."
    licence = known.licence or "see its origin"
    return Model(name, name, purpose, licence, context_tokens=known.context_tokens, quantised=known)


def _suits(model: Model, machine: Machine) -> bool:
    if not fits(model.needs(), machine, SMALLEST_CONTEXT):
        return False
    return machine.gpu_total > 0 or 0 < model.min_cpu_cores <= machine.cores


def _model(table: Mapping[str, Any]) -> Model:
    values = {key: value for key, value in table.items() if key != "sources"}
    return Model(**values, sources=tuple(_source(source) for source in table["sources"]))


def _source(table: Mapping[str, Any]) -> Source:
    values = {key: value for key, value in table.items() if key != "kind"}
    if table["kind"] == "hub":
        return HubSource(**values)
    return PackageSource(**values | {"packages": tuple(values["packages"])})

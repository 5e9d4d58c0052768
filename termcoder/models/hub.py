"""A model from the Hugging Face Hub: the wanted files only, resumed, and checked against the Hub's own sums."""

import fnmatch
import hashlib
import json
import os
import re
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from termcoder.errors import ChecksumError, FetchError, NoNetworkError, NotAModelError, UnknownModelError
from termcoder.models import checks
from termcoder.models.catalogue import HubSource
from termcoder.models.child import run_child
from termcoder.models.disk import disk_full, ensure_room, remove, size_of, telling_errors
from termcoder.models.progress import Listener, Meter

WANTED = (
    "*.safetensors", "*.json", "*.jinja", "merges.txt", "vocab.txt", "tokenizer.model", "LICENSE*", "NOTICE*",
)  # fmt: skip
"""No pickles (.bin, .pt): those run code when they are loaded. No Python, no other frameworks' weights."""

SAFE_NAME = re.compile(r"[A-Za-z0-9_][\w.-]{0,200}", re.ASCII)  # a plain name in the folder itself
MAX_SMALL = 100 << 20  # bytes of any file that isn't weights
WORKER = Path(__file__).with_name("hub_worker.py")
NOT_OFFLINE = {"HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"}  # the engine sets these for this very process


@dataclass(frozen=True, slots=True)
class HubFile:
    """A file of a repository. `sha256` is "" for small ones, which have a git `blob` sum instead."""

    name: str
    size: int
    sha256: str
    blob: str

    @property
    def is_weights(self) -> bool:
        """Whether it holds tensors."""
        return self.name.endswith(".safetensors")


class HubFetch:
    """One fetch into `folder`; what an earlier one left there is used."""

    def __init__(self, source: HubSource, folder: Path, listener: Listener, cancel: threading.Event) -> None:
        self._source, self._folder = source, folder
        self._listener, self._cancel = listener, cancel
        self.commit = source.revision

    def run(self) -> Path:
        """Fetch what is missing and return the folder. Raises ModelError.

        The configuration comes before the weights, so that what can't be run is refused before gigabytes come.
        """
        with telling_errors(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
            files = self._list()
            self._enter()
            missing = [file for file in files if not (self._folder / file.name).exists()]
            total, there = sum(file.size for file in files), self._bytes_of(files)
            ensure_room(self._folder, total - there)
            meter = Meter("fetching", total, self._listener, self._cancel, there=there)
            self._get([file for file in missing if not file.is_weights], files, meter)
            checks.check_config(self._folder)
            self._get([file for file in missing if file.is_weights], files, meter)
        return self._folder

    def _list(self) -> list[HubFile]:
        answer = self._ask([], Meter("asking the Hub", 0, self._listener, self._cancel).tick)
        self.commit = str(answer["commit"])
        return wanted_files(self._source, [HubFile(**file) for file in answer["files"]])

    def _get(self, wanted: Sequence[HubFile], everything: Sequence[HubFile], meter: Meter) -> None:
        if not wanted:
            return
        self._ask(
            [{"name": file.name, "size": file.size} for file in wanted],
            lambda: meter.reach(self._bytes_of(everything)),
        )
        meter.reach(self._bytes_of(everything))
        checking = Meter("checking", sum(file.size for file in wanted), self._listener, self._cancel)
        for file in wanted:
            self._accept(file, checking)

    def _accept(self, file: HubFile, meter: Meter) -> None:
        """Give a file that came its name, if it is what the Hub promised."""
        path = self._incomplete(file)
        if path.stat().st_size != file.size or not _sum_fits(path, file, meter):
            path.unlink()
            raise ChecksumError(
                f"{file.name} of {self._source} is not what the Hub promises (its sum differs).",
                remedy="It was removed; fetch the model again.",
            )
        os.replace(path, self._folder / file.name)

    def _enter(self) -> None:
        """Work in a folder of this commit's own; what came of another commit is no use any more."""
        base, name = self._folder, hashlib.sha256(self.commit.encode()).hexdigest()[:16]
        for other in base.iterdir():
            if other.name != name:
                remove(other)
        self._folder = base / name
        self._folder.mkdir(exist_ok=True)

    def _bytes_of(self, files: Sequence[HubFile]) -> int:
        return sum(size_of(self._folder / file.name) + size_of(self._incomplete(file)) for file in files)

    def _incomplete(self, file: HubFile) -> Path:
        return self._folder / f"{file.name}.incomplete"

    def _ask(self, files: list[dict[str, Any]], tick: Callable[[], None]) -> dict[str, Any]:
        """What the worker answers. Raises FetchError, UnknownModelError."""
        job = {"repo": self._source.repo, "revision": self.commit, "files": files, "folder": str(self._folder)}
        env = {name: value for name, value in os.environ.items() if name not in NOT_OFFLINE}
        env |= {"HF_HUB_DISABLE_PROGRESS_BARS": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
        ended = run_child([sys.executable, "-P", str(WORKER)], self._folder, env, tick, json.dumps(job))
        answer: dict[str, Any] | None = None
        with suppress(ValueError):
            answer = json.loads(ended.out)
        if not isinstance(answer, dict):
            reason = (ended.err.strip().splitlines() or [f"it ended with {ended.code}"])[-1]
            answer = {"error": "other", "message": reason}
        if "error" in answer:
            raise self._error(answer["error"], str(answer["message"])[:200])
        return answer

    def _error(self, kind: str, message: str) -> Exception:
        repo = self._source.repo
        if kind == "full":
            return disk_full(self._folder)
        if kind == "missing":
            return UnknownModelError(
                f"The Hugging Face Hub has no repository {repo} (revision {self._source.revision}) for you.",
                remedy="Check the name; for a private one, log in with `hf auth login`.",
            )
        if kind == "gated":
            return FetchError(
                f"{repo} is only for those who accept its licence on the Hugging Face Hub.",
                remedy="Accept it on the repository's page, log in with `hf auth login`, then try again.",
            )
        if kind == "network":
            return NoNetworkError(
                "The Hugging Face Hub can't be reached.", remedy="Check the network, or set HF_ENDPOINT to a mirror."
            )
        return FetchError(f"The Hugging Face Hub didn't give {repo}: {message.rstrip('.')}.", remedy="Try again later.")


def wanted_files(source: HubSource, files: Sequence[HubFile]) -> list[HubFile]:
    """The files of a repository that running the model takes. Raises NotAModelError where there are no weights."""
    wanted = [file for file in files if _is_wanted(file)]
    if not any(file.is_weights for file in wanted):
        has_pickles = any(file.name.endswith((".bin", ".pt", ".pth")) for file in files)
        why = "only pickled weights, which could run code" if has_pickles else "no safetensors weights"
        raise NotAModelError(f"{source.repo} has {why}.", remedy="Choose a repository with safetensors.")
    if not any(file.name == "config.json" for file in wanted):
        raise NotAModelError(f"{source.repo} has no config.json.", remedy="Choose a repository of a whole model.")
    return wanted


def _is_wanted(file: HubFile) -> bool:
    if not SAFE_NAME.fullmatch(file.name) or file.size < 0:
        return False
    if not any(fnmatch.fnmatchcase(file.name, pattern) for pattern in WANTED):
        return False
    return file.is_weights or file.size <= MAX_SMALL


def _sum_fits(path: Path, file: HubFile, meter: Meter) -> bool:
    """Whether the file is the one the Hub names: by its SHA-256, or by git's sum for small files."""
    sum_ = hashlib.sha256() if file.sha256 else hashlib.sha1(f"blob {file.size}\0".encode(), usedforsecurity=False)
    with path.open("rb") as stream:
        while chunk := stream.read(1 << 22):
            sum_.update(chunk)
            meter.add(len(chunk))
    expected = file.sha256 or file.blob
    return not expected or sum_.hexdigest() == expected

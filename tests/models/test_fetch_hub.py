"""Fetching from the Hub: what is asked for, what is kept, what is refused."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from termcoder.errors import (
    CancelledError,
    ChecksumError,
    DiskFullError,
    FetchError,
    ModelError,
    NoNetworkError,
    NotAModelError,
    UnknownModelError,
)
from termcoder.models import disk
from termcoder.models.catalogue import HubSource
from termcoder.models.hub import HubFetch
from termcoder.models.hub_worker import CHUNK
from termcoder.models.progress import Progress
from tests.models.samples import Hub, model_files, safetensors

BIG = safetensors(bytes(range(256)) * 4000)


def fetch(
    tmp_path: Path, listener: Callable[[Progress], None] = lambda _: None, cancel: threading.Event | None = None
) -> Path:
    return HubFetch(HubSource("someone/model"), tmp_path / "work", listener, cancel or threading.Event()).run()


def kept(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_repository_comes_whole_and_says_how_far_it_is(hub: Hub, tmp_path: Path) -> None:
    steps: list[Progress] = []
    assert kept(fetch(tmp_path, steps.append)) == model_files()
    total = sum(len(data) for data in model_files().values())
    fetching = [step for step in steps if step.step == "fetching"]
    assert {step.total_bytes for step in fetching} == {total}
    assert fetching[-1].done_bytes == total
    assert [step.done_bytes for step in fetching] == sorted(step.done_bytes for step in fetching)


def test_it_fetches_although_the_engine_told_this_process_to_stay_offline(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("TRANSFORMERS_OFFLINE", "1")
    assert kept(fetch(tmp_path)) == model_files()


def test_only_what_running_it_takes_is_asked_for(hub: Hub, tmp_path: Path) -> None:
    unwanted = {
        "pytorch_model.bin": b"pickle",
        "model.pt": b"pickle",
        "modeling_x.py": b"import os",
        "onnx/model.json": b"{}",
        "../outside.json": b"{}",
        "/etc/passwd.json": b"{}",
        "a\\b.json": b"{}",
        ".hidden.json": b"{}",
        "x\n.json": b"{}",
    }
    hub.files |= unwanted
    assert kept(fetch(tmp_path)) == model_files()
    assert not set(hub.names_asked()) & set(unwanted)
    assert [path.name for path in tmp_path.iterdir() if path.name != "home"] == ["work"]


def test_a_broken_connection_is_taken_up_where_it_broke(hub: Hub, tmp_path: Path) -> None:
    hub.files["model.safetensors"] = BIG
    hub.cut["model.safetensors"] = 300_000
    assert kept(fetch(tmp_path))["model.safetensors"] == BIG
    assert [wanted for name, wanted in hub.asked if name == "model.safetensors"] == ["", f"bytes={CHUNK}-"]


def test_a_stopped_fetch_goes_on_where_it_was(hub: Hub, tmp_path: Path) -> None:
    hub.files["model.safetensors"] = BIG
    hub.hold["model.safetensors"] = threading.Event()
    cancel, half = threading.Event(), CHUNK

    def stop_halfway(progress: Progress) -> None:
        if progress.step == "fetching" and progress.done_bytes >= half:
            cancel.set()

    with pytest.raises(CancelledError):
        fetch(tmp_path, stop_halfway, cancel)
    hub.hold.pop("model.safetensors").set()
    hub.asked.clear()
    seen: list[Progress] = []
    assert kept(fetch(tmp_path, seen.append))["model.safetensors"] == BIG
    assert [name for name, _ in hub.asked] == ["model.safetensors"]
    assert hub.asked[0][1].startswith("bytes=")
    assert next(step for step in seen if step.step == "fetching").done_bytes >= half


def test_what_came_of_another_commit_is_not_mixed_in(hub: Hub, tmp_path: Path) -> None:
    first = fetch(tmp_path)
    hub.files["config.json"] = model_files(hidden_size=128)["config.json"]
    hub.commit = "d" * 40
    second = fetch(tmp_path)
    assert kept(second)["config.json"] == hub.files["config.json"]
    assert not first.exists()


@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
def test_a_file_that_is_not_what_the_hub_promised_is_removed(hub: Hub, tmp_path: Path, name: str) -> None:
    hub.lie[name] = hub.files[name][:-1] + b"X"
    with pytest.raises(ChecksumError, match=name):
        fetch(tmp_path)
    assert not [path for path in (tmp_path / "work").rglob("*") if path.name.startswith(name)]


def test_code_of_its_own_is_refused_before_the_weights_come(hub: Hub, tmp_path: Path) -> None:
    hub.files["config.json"] = model_files(auto_map={"AutoModel": "evil.Model"})["config.json"]
    with pytest.raises(NotAModelError, match="code of its own"):
        fetch(tmp_path)
    assert "model.safetensors" not in hub.names_asked()


def test_pickles_alone_are_refused(hub: Hub, tmp_path: Path) -> None:
    del hub.files["model.safetensors"]
    hub.files["pytorch_model.bin"] = b"pickle"
    with pytest.raises(NotAModelError, match="pickled"):
        fetch(tmp_path)
    assert hub.asked == []


def test_a_repository_that_does_not_exist(hub: Hub, tmp_path: Path) -> None:
    hub.repo = "someone/else"
    with pytest.raises(UnknownModelError, match="no repository someone/model"):
        fetch(tmp_path)


def test_a_repository_behind_a_licence(hub: Hub, tmp_path: Path) -> None:
    hub.gated = True
    with pytest.raises(FetchError, match=r"accept its licence.*hf auth login"):
        fetch(tmp_path)


def test_no_network(no_hub: None, tmp_path: Path) -> None:
    with pytest.raises(NoNetworkError, match="can't be reached"):
        fetch(tmp_path)


def test_nonsense_instead_of_an_answer(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Hub, "listing", lambda self: {"unexpected": True})
    with pytest.raises(FetchError):
        fetch(tmp_path)


def test_too_little_room_is_told_before_the_weights_come(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 10})())
    with pytest.raises(DiskFullError, match="0 MB are free"):
        fetch(tmp_path)
    assert hub.asked == []


def test_every_error_says_what_to_do(hub: Hub, tmp_path: Path) -> None:
    hub.gated = True
    with pytest.raises(ModelError) as caught:
        fetch(tmp_path)
    assert caught.value.remedy

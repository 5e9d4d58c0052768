import os
import stat
from pathlib import Path

import pytest

from termcoder import atomic


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_file_is_created_private(tmp_path: Path) -> None:
    atomic.write(tmp_path / "a", b"data")
    assert (tmp_path / "a").read_bytes() == b"data"
    assert mode_of(tmp_path / "a") == 0o600


def test_the_mode_is_set_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        atomic.write(tmp_path / "a", b"data", 0o755)
    finally:
        os.umask(before)
    assert mode_of(tmp_path / "a") == 0o755


def test_a_new_file_in_an_open_folder_gets_what_the_umask_leaves(tmp_path: Path) -> None:
    before = os.umask(0o027)
    folder = os.open(tmp_path, os.O_RDONLY)
    try:
        atomic.write_in(folder, "a", b"data", None)
    finally:
        os.close(folder)
        os.umask(before)
    assert mode_of(tmp_path / "a") == 0o640


def test_a_link_is_replaced_and_its_target_left_alone(tmp_path: Path) -> None:
    (tmp_path / "target").write_bytes(b"old")
    (tmp_path / "link").symlink_to("target")
    atomic.write(tmp_path / "link", b"new")
    assert (tmp_path / "target").read_bytes() == b"old"
    assert not (tmp_path / "link").is_symlink()


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_what_fails_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    (tmp_path / "folder").mkdir()
    file = tmp_path / "folder" / "a"
    file.write_bytes(b"old")

    def fails(*_: object, **__: object) -> None:
        raise OSError("no room")

    monkeypatch.setattr(os, step, fails)
    with pytest.raises(OSError, match="no room"):
        atomic.write(file, b"new")
    assert file.read_bytes() == b"old"
    assert os.listdir(file.parent) == ["a"]


def test_a_folder_that_can_t_be_synced_is_no_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.fsync

    def files_only(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError("not here")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", files_only)
    atomic.write(tmp_path / "a", b"data")
    assert (tmp_path / "a").read_bytes() == b"data"

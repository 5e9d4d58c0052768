import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from termcoder.errors import GitError, GitStoppedError, NoRepositoryError, RevisionError
from termcoder.repository import command
from termcoder.repository.command import Git, check_version
from termcoder.repository.complaints import explained
from tests.repository.samples import git, put


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A program in the place of git, that a test writes; it says that it is a new one."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    check_version.cache_clear()
    write(folder, "exit 0")
    yield folder
    check_version.cache_clear()


def write(folder: Path, script: str, version: str = "2.40.1") -> None:
    said = f'case "$*" in *version*) echo "git version {version}"; exit;; esac'
    put(folder, "git", f"#!/bin/sh\n{said}\n{script}\n").chmod(0o755)


def test_output_and_input_are_bytes(small: Path) -> None:
    data = bytes(range(256)) * 10_000
    blob = Git(small).run("hash-object", "-w", "--stdin", data=data).decode().strip()
    assert Git(small).run("cat-file", "blob", blob) == data


def test_codes_that_are_fine(small: Path) -> None:
    put(small, "file", "changed\n")
    assert Git(small).run("diff", "--quiet", fine=(0, 1)) == b""
    with pytest.raises(GitError, match=r"git diff failed \(1\)"):
        Git(small).run("diff", "--quiet")
    assert Git(small).ask("diff", "--quiet").code == 1


def test_the_time_is_limited(fake: Path, tmp_path: Path) -> None:
    write(fake, f"sleep 60 & echo $! > {tmp_path / 'child'}; wait")
    with pytest.raises(GitError, match="longer than"):
        Git(tmp_path).run("diff", seconds=0.5)
    assert_is_gone(int((tmp_path / "child").read_text()))


def test_a_command_is_stopped_with_all_it_started(fake: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    write(fake, f"sleep 60 & echo $! > {pipe}; wait")
    cancel = threading.Event()
    child = []

    def stop() -> None:
        child.append(int(pipe.read_text()))
        cancel.set()

    thread = threading.Thread(target=stop)
    thread.start()
    with pytest.raises(GitStoppedError):
        Git(tmp_path).run("diff", cancel=cancel)
    thread.join()
    assert_is_gone(child[0])


def assert_is_gone(pid: int) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][:1]
        except FileNotFoundError:
            return
        if state == "Z":
            return
        threading.Event().wait(0.01)
    raise AssertionError(pid)


def test_output_is_limited(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "MAX_OUTPUT", 1000)
    blob = Git(small).run("hash-object", "-w", "--stdin", data=b"x" * 10_000_000).decode().strip()
    with pytest.raises(GitError, match="prints more than"):
        Git(small).run("cat-file", "blob", blob)


@pytest.mark.parametrize("version", ["2.17.1", "1.9", "2.30.9"])
def test_an_old_git_is_refused(fake: Path, tmp_path: Path, version: str) -> None:
    write(fake, "exit 0", version)
    with pytest.raises(GitError, match=f"git {version.rpartition('.')[0]}") as raised:
        Git(tmp_path).run("diff")
    assert "2.31" in raised.value.remedy


def test_git_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    check_version.cache_clear()
    with pytest.raises(GitError, match="isn't installed") as raised:
        Git(tmp_path).run("diff")
    assert raised.value.remedy
    check_version.cache_clear()


def test_settings_with_any_name_are_given(small: Path) -> None:
    settings = {"filter.a=b.clean": "x=y", 'filter.c d.e".clean': ""}
    found = Git(small, settings).run("config", "-z", "--get-regexp", r"filter\.").decode()
    assert found == 'filter.a=b.clean\nx=y\0filter.c d.e".clean\n\0'


def test_harmless_turns_off_what_is_configured(small: Path) -> None:
    for name, value in {"filter.a=b.clean": "c", "filter.lfs.process": "p", "filter.off.clean": ""}.items():
        git(small, "config", name, value)
    git(small, "config", "filter.only.smudge", "s")
    harmless = Git(small).harmless()
    assert harmless.filters == {"a=b", "lfs"}
    for name in ("a=b.clean", "lfs.process", "only.smudge"):
        assert harmless.run("config", f"filter.{name}") == b"\n"


@pytest.mark.parametrize(
    ("complaint", "kind", "words", "remedy"),
    [
        (
            "fatal: not a git repository (or any of the parent directories): .git\n",
            NoRepositoryError,
            "no git",
            "git init",
        ),
        (
            "fatal: detected dubious ownership in repository at '/r p'\nTo add an exception...\n",
            NoRepositoryError,
            "/r p",
            "safe.directory '/r p'",
        ),
        ("fatal: Unable to create '/r/.git/index.lock': File exists.\n", GitError, "/r/.git/index.lock", "remove"),
        ("error: object file .git/objects/ab/cd is empty\nfatal: loose object\n", GitError, "is empty", "fsck"),
        ("fatal: unable to read tree 1234\n", GitError, "damaged", "fsck"),
        ("fatal: unknown repository extension found:\n\trefstorage\n", NoRepositoryError, "newer git", "newer"),
        ("fatal: Needed a single revision\n", RevisionError, "no such revision", "git log"),
        ("fatal: this operation must be run in a work tree\n", NoRepositoryError, "bare", "commit"),
        ("error: insufficient permission ...: Permission denied\n", GitError, "can't write", "permissions"),
        ("fatal: something else\nhint: do this\n", GitError, r"git diff failed (128): something else.", "shell"),
        ("", GitError, "git diff failed (128).", "shell"),
        pytest.param("x" * 5000, GitError, "…", "shell", id="long"),
    ],
)
def test_what_git_says_becomes_an_error_with_a_remedy(
    complaint: str, kind: type[GitError], words: str, remedy: str
) -> None:
    error = explained("diff", 128, complaint)
    assert type(error) is kind
    assert words in error.message and remedy in error.remedy
    assert len(str(error)) < 600


def test_a_signal_is_told() -> None:
    assert explained("diff", -9, "").message == "git diff was ended by signal 9."

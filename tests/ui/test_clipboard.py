"""Copying: what reaches the terminal, tmux or a file, and that the sentence claims no more."""

import base64
import os
import shutil
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.app import App

from termcoder.ui import clipboard


class Recorder(App[None]):
    """An app that keeps what would be sent to the terminal."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[str] = []

    def copy_to_clipboard(self, text: str) -> None:
        self.sent.append(text)


@pytest.fixture(autouse=True)
def outside_tmux(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TMUX", raising=False)


def test_a_short_text_goes_to_the_terminal_and_success_is_not_claimed() -> None:
    app = Recorder()
    assert clipboard.copy(app, "a\nb\nc") == "Sent to the terminal's clipboard (3 lines)"
    assert app.sent == ["a\nb\nc"]
    assert clipboard.copy(app, "a") == "Sent to the terminal's clipboard (1 line)"


def test_the_limit_is_what_the_encoded_text_takes() -> None:
    app = Recorder()
    clipboard.copy(app, "é" * (clipboard.LIMIT_BYTES // 2))
    (sent,) = app.sent
    assert len(base64.b64encode(sent.encode())) <= 100_000


def test_a_long_text_goes_to_a_private_file() -> None:
    app = Recorder()
    text = "é\r\n" * clipboard.LIMIT_BYTES
    sentence = clipboard.copy(app, text)
    path = clipboard.copy_file()
    assert app.sent == []
    assert str(path) in sentence
    assert path.read_bytes() == text.encode()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_file_replaces_a_link_and_does_not_follow_it(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("keep")
    clipboard.copy_file().parent.mkdir(parents=True)
    clipboard.copy_file().symlink_to(other)
    clipboard.copy(Recorder(), "x" * (clipboard.LIMIT_BYTES + 1))
    assert other.read_text() == "keep"
    assert not clipboard.copy_file().is_symlink()


def test_a_file_that_cannot_be_written_is_said() -> None:
    clipboard.copy_file().mkdir(parents=True)
    assert "can't be written" in clipboard.copy(Recorder(), "x" * (clipboard.LIMIT_BYTES + 1))


def test_text_that_is_no_valid_unicode_is_sent_all_the_same() -> None:
    app = Recorder()
    clipboard.copy(app, "a\ud800b")
    assert app.sent == ["a?b"]


def test_a_tmux_that_does_not_answer_leaves_the_terminal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TMUX", f"{tmp_path}/no-such-socket,1,0")
    app = Recorder()
    assert clipboard.copy(app, "text").startswith("Sent to the terminal")
    assert app.sent == ["text"]


@pytest.fixture
def tmux_server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[list[str]]:
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not installed")
    socket = tmp_path / "tmux"
    command = ["tmux", "-S", str(socket), "-f", os.devnull]
    subprocess.run([*command, "new-session", "-d", "cat"], check=True)
    monkeypatch.setenv("TMUX", f"{socket},1,0")
    yield command
    subprocess.run([*command, "kill-server"], check=True)


@pytest.mark.parametrize("text", ["one\ntwo é 漢\n\n", "x" * 300_000], ids=["short", "long"])
def test_inside_tmux_its_buffer_has_the_text(tmux_server: list[str], text: str) -> None:
    app = Recorder()
    assert clipboard.copy(app, text).startswith("Copied to tmux's buffer")
    shown = subprocess.run([*tmux_server, "show-buffer"], check=True, capture_output=True)
    assert shown.stdout == text.encode()
    assert app.sent == []

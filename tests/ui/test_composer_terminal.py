"""The composer and the editor on a real terminal: what is typed is bytes, what is drawn is bytes."""

import fcntl
import json
import os
import pty
import select
import signal
import stat
import struct
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

LONG = "\n".join(f"line {number}\twith a tab" for number in range(10_000))


class Terminal:
    """`composer_program` on a pseudo-terminal."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.record, self.log = folder / "record", folder / "log"
        self.output = b""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update(environment, TERM="xterm-256color", TEXTUAL_ANIMATIONS="none")
            program = [sys.executable, "-m", "tests.ui.composer_program", str(self.record), str(self.log)]
            os.execv(sys.executable, program)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        os.set_blocking(self.fd, False)

    def type(self, data: bytes) -> None:
        while data:
            self.read()
            try:
                data = data[os.write(self.fd, data) :]
            except BlockingIOError:
                select.select([], [self.fd], [], 0.1)

    def read(self, seconds: float = 0) -> None:
        while select.select([self.fd], [], [], seconds)[0]:
            self.output += os.read(self.fd, 65536)
            seconds = 0

    def until(self, kind: str, text: str | None = None) -> str:
        """Wait for a record of this kind (and text)."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            self.read(0.02)
            for line in self.record.read_text().splitlines() if self.record.exists() else ():
                found = json.loads(line)
                if found[0] == kind and text in (None, found[1]):
                    return str(found[1])
        raise AssertionError(f"no {kind}: {self.record.read_text()[-500:]} {self.output[-500:]!r}")

    def close(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.fd)


@pytest.fixture
def editor(tmp_path: Path) -> Path:
    """An editor that shows something on its terminal, notes its file's permissions, and adds a line."""
    script = tmp_path / "my editor"
    script.write_text(
        f"#!{sys.executable}\n"
        "import os, stat, sys\n"
        "assert all(os.isatty(fd) for fd in (0, 1, 2)), 'no terminal'\n"
        "print('EDITOR IS HERE', flush=True)\n"
        "path = sys.argv[-1]\n"
        f"out = open({str(tmp_path / 'seen')!r}, 'w')\n"
        "print(sys.argv[1:-1], oct(os.stat(path).st_mode), oct(os.stat(os.path.dirname(path)).st_mode), path, "
        "sep='\\n', file=out)\n"
        "typed = input()\n"
        "open(path, 'a').write('\\n' + typed + '\\n')\n"
    )
    script.chmod(0o755)
    return script


@pytest.fixture
def terminal(tmp_path: Path, editor: Path) -> Iterator[Terminal]:
    terminal = Terminal(tmp_path, VISUAL=f"'{editor}' --wait '$(touch {tmp_path}/trap)'")
    terminal.until("ready")
    yield terminal
    terminal.close()


def test_a_marked_paste_is_sent_exactly_and_only_by_enter(terminal: Terminal) -> None:
    terminal.type(b"\x1b[200~" + LONG.replace("\n", "\r").encode() + b"\x1b[201~")
    terminal.until("draft", LONG)
    assert '"sent"' not in terminal.record.read_text()
    terminal.type(b"\r")
    assert terminal.until("sent") == LONG


def test_an_unmarked_paste_is_sent_exactly_and_only_by_enter(terminal: Terminal) -> None:
    terminal.type(LONG.replace("\n", "\r").encode())
    terminal.until("draft", LONG)
    assert '"sent"' not in terminal.record.read_text()
    terminal.type(b"\r")
    assert terminal.until("sent") == LONG


def test_text_and_enter_in_one_go_are_sent(terminal: Terminal) -> None:
    terminal.type(b"a whole line that a program types, and Enter\r")
    assert terminal.until("sent") == "a whole line that a program types, and Enter"


@pytest.mark.parametrize("code", [b"\n", b"\x1b\r", b"\x1b[13;2u", b"\x1b[13;3u"])
def test_keys_for_a_newline_as_terminals_send_them(terminal: Terminal, code: bytes) -> None:
    for typed, draft in ((b"a", "a"), (code, "a\n"), (b"b", "a\nb")):
        terminal.type(typed)
        terminal.until("draft", draft)
    terminal.type(b"\r")
    assert terminal.until("sent") == "a\nb"


def test_the_editor_has_the_terminal_and_the_file_is_private(terminal: Terminal, tmp_path: Path) -> None:
    terminal.type(b"draft")
    terminal.until("draft", "draft")
    terminal.type(b"\x07")
    while b"EDITOR IS HERE" not in terminal.output:
        terminal.read(1)
    terminal.type(b"typed there\r")
    assert terminal.until("edited") == "draft\ntyped there"
    arguments, file_mode, folder_mode, path = (tmp_path / "seen").read_text().splitlines()
    assert arguments == repr(["--wait", f"$(touch {tmp_path}/trap)"])
    assert stat.S_IMODE(int(file_mode, 8)) == 0o600
    assert stat.S_IMODE(int(folder_mode, 8)) == 0o700
    assert not Path(path).parent.exists()
    assert not (tmp_path / "trap").exists()
    assert "EDITOR" not in terminal.log.read_text()
    terminal.type(b"!\r")
    assert terminal.until("sent") == "draft\ntyped there!"


@pytest.mark.parametrize("editor_command", ["false", "no-such-editor-anywhere", "'unclosed"])
def test_a_failing_editor_keeps_the_draft(tmp_path: Path, editor_command: str) -> None:
    terminal = Terminal(tmp_path, VISUAL=editor_command)
    try:
        terminal.until("ready")
        terminal.type(b"draft")
        terminal.until("draft", "draft")
        terminal.type(b"\x07")
        assert terminal.until("error")
        terminal.type(b"\r")
        assert terminal.until("sent") == "draft"
    finally:
        terminal.close()

"""The log file and the guard of the terminal, on a real pseudo-terminal with a real program behind it."""

import faulthandler
import logging
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from termcoder import logs, paths

REPOSITORY = Path(__file__).parents[1]
PROGRAM = """
import os, subprocess, sys, tty
from termcoder import logs
logs.setup_logging()
with logs.terminal_guard():
    tty.setraw(0)
    os.write(1, b"native noise on 1\\n")
    os.write(2, b"native noise on 2\\n")
    print("python noise")
    subprocess.run(["echo", "noise of a child"], check=True)
    subprocess.run(["echo", "an editor"], stdout=sys.__stdout__, check=True)
    print("\\x1b[?1049h\\x1b[?25lscreen", file=sys.__stderr__, flush=True)
    sys.stdin.readline()
print("after")
"""


@pytest.fixture
def log_cleanup() -> Iterator[None]:
    root, hook = logging.getLogger(), threading.excepthook
    handlers, level = list(root.handlers), root.level
    yield
    for handler in [h for h in root.handlers if h not in handlers]:
        root.removeHandler(handler)
    root.setLevel(level)
    threading.excepthook = hook
    faulthandler.disable()


class Terminal:
    """A program on a pseudo-terminal."""

    def __init__(self, code: str) -> None:
        self._master, slave = pty.openpty()
        self.seen = b""
        self._slave = slave
        self.before = termios.tcgetattr(slave)
        self.process = subprocess.Popen(
            [sys.executable, "-c", code],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=REPOSITORY,
            start_new_session=True,
        )

    def until(self, mark: bytes) -> None:
        """Read until this was on the terminal."""
        deadline = time.monotonic() + 30
        while mark not in self.seen:
            assert time.monotonic() < deadline, self.seen
            if select.select([self._master], [], [], 0.5)[0]:
                self.seen += os.read(self._master, 4096)

    def type(self, text: bytes) -> None:
        """Send keys."""
        os.write(self._master, text)

    def settings(self) -> list[object]:
        """The terminal's settings now."""
        return termios.tcgetattr(self._slave)

    def until_settings(self, wanted: list[object]) -> None:
        """Wait until the terminal is set like this."""
        deadline = time.monotonic() + 30
        while self.settings() != wanted:
            assert time.monotonic() < deadline
            os.sched_yield()

    def close(self) -> None:
        """End everything."""
        self.process.kill()
        self.process.wait()
        os.close(self._slave)
        os.close(self._master)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    made = Terminal(PROGRAM)
    yield made
    made.close()


def test_only_what_is_meant_for_the_screen_reaches_it(terminal: Terminal) -> None:
    terminal.until(b"screen")
    assert b"noise" not in terminal.seen
    assert b"an editor" in terminal.seen
    log = paths.log_file().read_text()
    for noise in ("native noise on 1", "native noise on 2", "python noise", "noise of a child"):
        assert noise in log


def test_after_the_guard_output_goes_to_the_terminal_again(terminal: Terminal) -> None:
    terminal.until(b"screen")
    terminal.type(b"\n")
    terminal.until(b"after")
    assert terminal.process.wait(30) == 0
    assert b"\x1b[?1049l" not in terminal.seen, "the program said goodbye: nothing is restored for it"
    assert b"noise" not in terminal.seen


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM])
def test_a_violent_end_leaves_a_terminal_in_order(terminal: Terminal, ending: signal.Signals) -> None:
    terminal.until(b"screen")
    assert terminal.settings() != terminal.before
    os.killpg(terminal.process.pid, ending)
    terminal.until(b"\x1b[?1049l")
    terminal.until(b"\x1b[?25h")
    terminal.until_settings(terminal.before)


def test_a_native_crash_is_in_the_log(terminal: Terminal) -> None:
    terminal.until(b"screen")
    terminal.process.send_signal(signal.SIGSEGV)
    terminal.process.wait(30)
    assert "Fatal Python error: Segmentation fault" in paths.log_file().read_text()


def test_without_a_terminal_the_guard_still_moves_output() -> None:
    code = PROGRAM.replace("tty.setraw(0)", "pass")
    done = subprocess.run(
        [sys.executable, "-c", code], input="\n", capture_output=True, text=True, check=False, cwd=REPOSITORY
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "an editor\nafter\n"
    assert "screen" in done.stderr
    assert "native noise" in paths.log_file().read_text()


@pytest.mark.usefixtures("log_cleanup")
def test_records_go_to_a_file_for_its_owner_only() -> None:
    path = logs.setup_logging()
    logging.getLogger("some.part").warning("something \udc80 odd")
    assert path == paths.log_file()
    assert path.stat().st_mode & 0o777 == 0o600
    last = logs.tail(path, 1)[0]
    assert "WARNING some.part: something \\udc80 odd" in last
    assert last[:4].isdigit(), "a time stamp begins the line"


@pytest.mark.usefixtures("log_cleanup")
def test_setting_up_twice_writes_each_record_once() -> None:
    logs.setup_logging()
    path = logs.setup_logging()
    logging.getLogger("once").info("only once")
    assert path.read_text().count("only once") == 1


@pytest.mark.usefixtures("log_cleanup")
def test_an_error_that_ends_a_thread_is_logged() -> None:
    path = logs.setup_logging()
    thread = threading.Thread(target=lambda: 1 // 0, name="worker-7")
    thread.start()
    thread.join()
    assert "worker-7 failed" in path.read_text()
    assert "ZeroDivisionError" in path.read_text()


@pytest.mark.usefixtures("log_cleanup")
def test_a_large_log_is_put_aside_and_the_oldest_dropped() -> None:
    path = paths.log_file()
    path.parent.mkdir(parents=True)
    for number in range(6):
        path.write_bytes(bytes([65 + number]) * logs.LARGEST_BYTES)
        logs.setup_logging()
        assert path.stat().st_size == 0
    kept = sorted(path.parent.glob("termcoder.log.*"))
    assert [file.read_bytes()[:1] for file in kept] == [b"F", b"E", b"D"]


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Zl", "Zp")))), st.integers(0, 30))
def test_the_tail_is_the_last_lines(tmp_path_factory: pytest.TempPathFactory, lines: list[str], count: int) -> None:
    path = tmp_path_factory.mktemp("tail") / "log"
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="")
    assert logs.tail(path, count) == (lines[-count:] if count else [])


def test_the_tail_of_a_long_log_is_read_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "TAIL_CHUNK", 7)
    path = tmp_path / "log"
    path.write_text("\n".join(f"line {number}" for number in range(1000)))
    assert logs.tail(path, 3) == ["line 997", "line 998", "line 999"]
    assert logs.tail(tmp_path / "missing", 3) == []

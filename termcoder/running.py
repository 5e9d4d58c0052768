"""Runs a command as if termcoder were not there, and keeps what it printed: for `termcoder run -- CMD`.

On a terminal the command gets one of its own (so that it colours and draws as always); in a pipe its two
streams are handed on as they come.
"""

import contextlib
import errno
import fcntl
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import threading
import tty
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import Any, BinaryIO

from termcoder.errors import TermcoderError

KEPT_BYTES = 20_000_000
_CHUNK = 65_536


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended, as a shell tells it (128 + N for signal N), and the last 20 MB of what it printed."""

    code: int
    output: bytes


def run(command: Sequence[str]) -> Ran:
    """Run a command; its output and its input pass through. Raises TermcoderError where it can't be started."""
    kept = _Kept()
    interactive = sys.stdin.isatty() and sys.stdout.isatty() and sys.stderr.isatty()
    try:
        code = _on_terminal(command, kept) if interactive else _in_pipes(command, kept)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise TermcoderError(f"{command[0]!r} can't be run: {reason}.", remedy="Check the command after --.") from error
    return Ran(128 - code if code < 0 else code, kept.output())


class _Kept:
    """The end of an output."""

    def __init__(self) -> None:
        self._pieces: deque[bytes] = deque()
        self._size = 0
        self._lock = threading.Lock()

    def add(self, piece: bytes) -> None:
        with self._lock:
            self._pieces.append(piece)
            self._size += len(piece)
            while self._size > KEPT_BYTES:
                self._size -= len(self._pieces.popleft())

    def output(self) -> bytes:
        return b"".join(self._pieces)


def _in_pipes(command: Sequence[str], kept: _Kept) -> int:
    sys.stdout.flush()
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process,
        _signals_passed_on(process),
    ):
        assert process.stdout is not None and process.stderr is not None
        pairs = ((process.stdout, sys.stdout.buffer), (process.stderr, sys.stderr.buffer))
        readers = [threading.Thread(target=_hand_on, args=(*pair, kept)) for pair in pairs]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join()
        return process.wait()


def _hand_on(source: BinaryIO, target: BinaryIO, kept: _Kept) -> None:
    """Copy a stream; a reader of ours that has gone doesn't stop the command."""
    while piece := os.read(source.fileno(), _CHUNK):
        kept.add(piece)
        with contextlib.suppress(OSError):
            target.write(piece)
            target.flush()


@contextlib.contextmanager
def _signals_passed_on(process: "subprocess.Popen[bytes]") -> Iterator[None]:
    """Ctrl+C reaches the command by itself, as part of the terminal's group; what is sent to us alone is handed on."""

    def hand_on(number: int, _: FrameType | None) -> None:
        process.send_signal(number)

    ours: dict[int, Any] = {signal.SIGINT: signal.SIG_IGN, signal.SIGTERM: hand_on, signal.SIGHUP: hand_on}
    old = {number: signal.signal(number, handler) for number, handler in ours.items()}
    try:
        yield
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)


def _on_terminal(command: Sequence[str], kept: _Kept) -> int:
    sys.stdout.flush()
    master, slave = pty.openpty()
    _copy_size(master)
    with open(slave, "wb", buffering=0) as terminal:
        termios.tcsetattr(slave, termios.TCSANOW, termios.tcgetattr(0))
        process = subprocess.Popen(
            command,
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            start_new_session=True,
            preexec_fn=_take_terminal,  # noqa: PLW1509 - no thread runs yet
        )
    try:
        with _raw_input(), _following_size(master):
            _exchange(master, process, kept)
    finally:
        os.close(master)
    return process.wait()


def _take_terminal() -> None:
    """In the child: make the new terminal the one that Ctrl+C belongs to."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _copy_size(master: int) -> None:
    with contextlib.suppress(OSError):
        fcntl.ioctl(master, termios.TIOCSWINSZ, fcntl.ioctl(1, termios.TIOCGWINSZ, b"\0" * 8))


@contextlib.contextmanager
def _following_size(master: int) -> Iterator[None]:
    old = signal.signal(signal.SIGWINCH, lambda *_: _copy_size(master))
    try:
        yield
    finally:
        signal.signal(signal.SIGWINCH, old)


@contextlib.contextmanager
def _raw_input() -> Iterator[None]:
    """Keys go to the command as they are: its terminal makes signals and echoes of them."""
    settings = termios.tcgetattr(0)
    tty.setraw(0)
    try:
        yield
    finally:
        termios.tcsetattr(0, termios.TCSAFLUSH, settings)


def _exchange(master: int, process: "subprocess.Popen[bytes]", kept: _Kept) -> None:
    """Keys in, output out, until the command has ended and everything it wrote is read."""
    sources = [master, 0]
    while True:
        ready, _, _ = select.select(sources, [], [], 0.2)
        if 0 in ready and not _copy(0, lambda keys: os.write(master, keys)):
            sources.remove(0)
        if master in ready:
            if not _copy(master, lambda piece: _show(piece, kept)):
                return
        elif process.poll() is not None:
            return


def _copy(source: int, put: Callable[[bytes], object]) -> bool:
    """Hand on what there is; False at the end. A terminal whose last user has gone reads as an input error."""
    try:
        piece = os.read(source, _CHUNK)
    except OSError as error:
        if error.errno != errno.EIO:
            raise
        return False
    if piece:
        put(piece)
    return bool(piece)


def _show(piece: bytes, kept: _Kept) -> None:
    kept.add(piece)
    while piece:
        piece = piece[os.write(1, piece) :]

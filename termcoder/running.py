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
import time
import tty
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import Any, BinaryIO

from termcoder.errors import TermcoderError

KEPT_BYTES = 20_000_000
_CHUNK = 65_536
_MOMENT = 0.2
_LAST_READS = 512  # 4 KB each from a terminal, 64 KB from a pipe: more than either holds


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
        self._data = bytearray()
        self._lock = threading.Lock()

    def add(self, piece: bytes) -> None:
        with self._lock:
            self._data += piece
            if len(self._data) > 2 * KEPT_BYTES:
                del self._data[:-KEPT_BYTES]

    def output(self) -> bytes:
        with self._lock:
            return bytes(self._data[-KEPT_BYTES:])


class _Reading:
    """Waits for what a command prints, until it has ended and all that it wrote has come.

    What it has left running may hold its output open and even go on writing: nobody waits for that. What the command
    itself wrote comes within a moment of waiting, and is no more than a pipe holds.
    """

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process
        self._waits = _MOMENT
        self._reads = _LAST_READS

    def goes_on(self) -> bool:
        return self._waits > 0 and self._reads > 0

    def wait(self, sources: Sequence[int], sinks: Sequence[int] = ()) -> tuple[list[int], list[int]]:
        """What can be read of `sources` now and written of `sinks`; neither after a moment."""
        ended, begun = self._process.poll() is not None, time.monotonic()
        readable, writable, _ = select.select(sources, sinks, [], _MOMENT)
        if ended:
            self._waits -= time.monotonic() - begun
            self._reads -= 1
        return readable, writable


def _in_pipes(command: Sequence[str], kept: _Kept) -> int:
    sys.stdout.flush()
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process,
        _signals_passed_on(process, interrupt=False),
    ):
        assert process.stdout is not None and process.stderr is not None
        pairs = ((process.stdout, sys.stdout.fileno()), (process.stderr, sys.stderr.fileno()))
        readers = [threading.Thread(target=_hand_on, args=(process, *pair, kept)) for pair in pairs]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join()
        return process.wait()


def _hand_on(process: "subprocess.Popen[bytes]", source: BinaryIO, target: int, kept: _Kept) -> None:
    """Copy a stream. Where our reader goes, the command's goes as well: it ends by that as it would without us."""
    reading = _Reading(process)
    with source:
        while reading.goes_on():
            readable, _ = reading.wait([source.fileno()])
            if readable:
                piece = _read(source.fileno())
                kept.add(piece)
                if not piece or not _written(target, piece):
                    return


@contextlib.contextmanager
def _signals_passed_on(process: "subprocess.Popen[bytes]", *, interrupt: bool) -> Iterator[None]:
    """What is sent to us is handed on. `interrupt`: Ctrl+C as well, where the command isn't in our terminal's group."""

    def hand_on(number: int, _: FrameType | None) -> None:
        process.send_signal(number)

    ours: dict[int, Any] = {signal.SIGTERM: hand_on, signal.SIGHUP: hand_on}
    ours[signal.SIGINT] = hand_on if interrupt else signal.SIG_IGN
    old = {number: signal.signal(number, handler) for number, handler in ours.items()}
    try:
        yield
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)


def _on_terminal(command: Sequence[str], kept: _Kept) -> int:
    sys.stdout.flush()
    master, slave = pty.openpty()
    with open(master, "r+b", buffering=0):
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
        with _signals_passed_on(process, interrupt=True):
            with _raw_input(), _following_size(master):
                _exchange(master, process, kept)
            return process.wait()  # it may go on where it has closed its terminal


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
    os.set_blocking(master, False)  # keys that the command doesn't read must not keep its output from being read
    reading = _Reading(process)
    keys, keyboard = b"", [0]
    while reading.goes_on():
        readable, writable = reading.wait([master, *([] if keys else keyboard)], [master] if keys else [])
        if writable:
            keys = _put_in(master, keys)
        if 0 in readable:
            keys = _read(0)
            keyboard = [0] if keys else []
        if master in readable:
            piece = _read(master)
            if not piece:
                return
            kept.add(piece)
            _written(1, piece)


def _put_in(master: int, keys: bytes) -> bytes:
    """Give keys to the command; returns those that it has no room for yet."""
    try:
        return keys[os.write(master, keys) :]
    except BlockingIOError:
        return keys
    except OSError:  # nobody is there to read them any more
        return b""


def _read(source: int) -> bytes:
    """What there is; nothing at the end. A terminal whose last user has gone reads as an input error."""
    try:
        return os.read(source, _CHUNK)
    except OSError as error:
        if error.errno != errno.EIO:
            raise
        return b""


def _written(target: int, piece: bytes) -> bool:
    """Write all of it; False where nobody reads any more."""
    try:
        while piece:
            piece = piece[os.write(target, piece) :]
    except OSError:
        return False
    return True

"""The log file, and what keeps everything but Textual away from the terminal.

vLLM and its native code write to the descriptors 1 and 2, and a native crash leaves a terminal in raw mode. So
`terminal_guard()` points 1 and 2 at the log while the program is on the screen, and has a small process wait
beside it that puts the terminal back in order if the program ends without a word.
"""

import contextlib
import faulthandler
import io
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, TextIO

from termcoder import paths

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
LARGEST_BYTES = 4_000_000
KEPT_FILES = 3
TAIL_CHUNK = 64 * 1024

_RESTORE = (
    r"\033[<u"  # the keyboard protocol that was asked for
    r"\033[?2026l\033[?1000l\033[?1002l\033[?1003l\033[?1006l\033[?1015l\033[?1016l"  # frames held back; mouse
    r"\033[?1004l\033[?2004l\033[?2048l"  # focus, paste and resize reports
    r"\033[?1049l\033[?25h\033[0m\r\n"  # the other screen, the cursor, colours
)
_WATCHER = """
trap '' HUP INT TERM QUIT TSTP TTOU TTIN
if read -r word && [ "$word" = bye ]; then exit 0; fi
printf '%b' "$2"
stty "$1" <&1
"""


def open_log() -> BinaryIO:
    """Open the log file for appending; it is made readable for its owner only."""
    path = paths.log_file()
    paths.private_dir(path.parent)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600), "ab", buffering=0)


def setup_logging(level: int = logging.INFO) -> Path:
    """Send the records of every logger, and the tracebacks of native crashes, to the log file. Returns its path.

    The log starts anew when it is large (a few old ones are kept), but never while the program runs: the engine's
    process writes to the same file.
    """
    path = paths.log_file()
    _rotate(path)
    log = open_log()
    text = io.TextIOWrapper(log, encoding="utf-8", errors="backslashreplace", write_through=True)
    handler = logging.StreamHandler(text)
    handler.setFormatter(logging.Formatter(FORMAT))
    root = logging.getLogger()
    for old in [h for h in root.handlers if getattr(h, "termcoder", False)]:
        root.removeHandler(old)
    handler.termcoder = True  # type: ignore[attr-defined]
    root.addHandler(handler)
    root.setLevel(level)
    faulthandler.enable(log)
    threading.excepthook = _log_thread_error
    return path


def _rotate(path: Path) -> None:
    """termcoder.log -> termcoder.log.1 -> …, where it has grown large."""
    with contextlib.suppress(OSError):
        if path.stat().st_size < LARGEST_BYTES:
            return
        for number in range(KEPT_FILES - 1, 0, -1):
            older = path.with_name(f"{path.name}.{number}")
            if older.exists():
                older.replace(path.with_name(f"{path.name}.{number + 1}"))
        path.replace(path.with_name(f"{path.name}.1"))


def _log_thread_error(error: threading.ExceptHookArgs) -> None:
    name = error.thread.name if error.thread else "a thread"
    details = (error.exc_type, error.exc_value or error.exc_type(), error.exc_traceback)
    logging.getLogger(__name__).error("%s failed", name, exc_info=details)


def tail(path: Path, lines: int) -> list[str]:
    """The last lines of a text file, oldest first, without reading all of it; empty where there is no file."""
    try:
        with path.open("rb") as file:
            position, data = file.seek(0, os.SEEK_END), b""
            while position > 0 and data.count(b"\n") <= lines:
                step = min(TAIL_CHUNK, position)
                position = file.seek(position - step)
                data = file.read(step) + data
    except OSError:
        return []
    return data.decode("utf-8", "replace").splitlines()[-lines:] if lines > 0 else []


@contextlib.contextmanager
def terminal_guard() -> Iterator[None]:
    """Let only Textual reach the terminal while the block runs.

    Descriptors 1 and 2 lead to the log file, for this process and those it starts. `sys.__stdout__` and
    `sys.__stderr__`, on which Textual draws, lead to where 1 and 2 led before: give them to a program that needs the
    terminal, such as an editor (`stdout=sys.__stdout__, stderr=sys.__stderr__`). Enter it early, before any thread.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    farewell = _watch_terminal()
    with _duplicate(1, "stdout") as stdout, _duplicate(2, "stderr") as stderr, open_log() as log:
        kept = sys.__stdout__, sys.__stderr__
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
        sys.__stdout__, sys.__stderr__ = stdout, stderr  # type: ignore[misc, assignment]
        try:
            yield
        finally:
            for stream in (sys.stdout, sys.stderr):
                with contextlib.suppress(OSError, ValueError):
                    stream.flush()
            os.dup2(stdout.fileno(), 1)
            os.dup2(stderr.fileno(), 2)
            sys.__stdout__, sys.__stderr__ = kept  # type: ignore[misc]
            farewell()


@contextlib.contextmanager
def _duplicate(descriptor: int, name: str) -> Iterator[TextIO]:
    """A stream like `sys.stdout`, to where this descriptor leads now."""
    like: TextIO = getattr(sys, f"__{name}__")
    with open(os.dup(descriptor), "w", encoding=like.encoding, errors=like.errors, buffering=1) as stream:
        yield stream


def _watch_terminal() -> Callable[[], None]:
    """Start the process that restores the terminal if this one ends without calling the function returned.

    It is a shell that waits for a line on a pipe, in a session of its own, so that what ends this program and its
    process group doesn't end it. Where there is no terminal, nothing is started.
    """
    terminal = next((descriptor for descriptor in (2, 1, 0) if os.isatty(descriptor)), None)
    settings = _settings_of(terminal)
    if terminal is None or settings is None:
        return lambda: None
    waiting, saying = os.pipe()
    try:
        watcher = subprocess.Popen(
            ["/bin/sh", "-c", _WATCHER, "termcoder", settings, _RESTORE],
            stdin=waiting,
            stdout=terminal,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError:
        os.close(saying)
        return lambda: None
    finally:
        os.close(waiting)

    def farewell() -> None:
        with contextlib.suppress(OSError):
            os.write(saying, b"bye\n")
        os.close(saying)
        watcher.wait()

    return farewell


def _settings_of(terminal: int | None) -> str | None:
    """The terminal's settings as `stty` takes them back, or None where there is none."""
    if terminal is None:
        return None
    try:
        return subprocess.run(["stty", "-g"], stdin=terminal, capture_output=True, check=True, text=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None

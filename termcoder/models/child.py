"""Child processes that can be watched and stopped."""

import os
import selectors
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

TICK_SECONDS = 0.1
END_SECONDS = 3.0  # for a child to end by itself once it is asked to


@dataclass(frozen=True, slots=True)
class Ended:
    """How a child ended, and what it wrote."""

    code: int
    out: str
    err: str


def run_child(
    command: Sequence[str], cwd: Path, env: Mapping[str, str], tick: Callable[[], None], stdin: str = ""
) -> Ended:
    """Run `command` to its end and call `tick` ten times a second; what `tick` raises ends the child first.

    The child is in a session of its own, so that Ctrl+C reaches this program alone. Raises OSError.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, tempfile.TemporaryFile() as given:
        given.write(stdin.encode())
        given.seek(0)
        process = subprocess.Popen(
            command, cwd=cwd, env=dict(env), stdin=given, stdout=out, stderr=err, start_new_session=True
        )
        try:
            code = _watch(process, tick)
        finally:
            _end(process)
        return Ended(code, _written(out), _written(err))


def run_talking_child(
    command: Sequence[str], cwd: Path, env: Mapping[str, str], hear: Callable[[str], None], tick: Callable[[], None]
) -> Ended:
    """Like `run_child`, for a child that reports as it goes: `hear` gets each line of its standard output at once."""
    with tempfile.TemporaryFile() as err:
        process = subprocess.Popen(
            command, cwd=cwd, env=dict(env), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=err,
            start_new_session=True,
        )  # fmt: skip
        try:
            _hear(cast(IO[bytes], process.stdout), hear, tick)
            code = _watch(process, tick)
        finally:
            _end(process)
            cast(IO[bytes], process.stdout).close()
        return Ended(code, "", _written(err))


def _hear(out: IO[bytes], hear: Callable[[str], None], tick: Callable[[], None]) -> None:
    """Read lines until the child closes its standard output."""
    rest = b""
    with selectors.DefaultSelector() as selector:
        selector.register(out, selectors.EVENT_READ)
        while True:
            tick()
            if not selector.select(TICK_SECONDS):
                continue
            if not (piece := os.read(out.fileno(), 65536)):
                return
            *lines, rest = (rest + piece).split(b"\n")
            for line in lines:
                hear(line.decode("utf-8", "replace"))


def _watch(process: subprocess.Popen[bytes], tick: Callable[[], None]) -> int:
    while True:
        tick()
        with suppress(subprocess.TimeoutExpired):
            return process.wait(TICK_SECONDS)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(END_SECONDS)
        process.kill()
        process.wait()


def _written(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode("utf-8", "replace")

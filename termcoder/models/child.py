"""Child processes that can be watched and stopped."""

import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

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

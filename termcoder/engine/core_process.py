"""The program's side of the child that runs the model: starting it early, and lending it to vLLM.

vLLM makes its child by `multiprocessing` when all else is ready. Here the child is already there by then, and
`lent_to_vllm()` puts it in the place of the one vLLM would make.
"""

import contextlib
import json
import os
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Mapping
from typing import Any

from termcoder.engine.core import LENGTH_BYTES
from termcoder.engine.patching import replaced

Report = Callable[[str, float | None, str], None]
"""Takes an activity ("" for none), how far it is, and what failed ("" for nothing)."""

REPORT_SECONDS = 1.0

_BOOT = (
    "import sys, json; sys.path[:] = json.loads(sys.argv[1]); "
    "from termcoder.engine.core import main; main(*map(int, sys.argv[2:]))"
)


class CoreProcess:
    """A child that imports vLLM and waits for orders; to vLLM it looks like a `multiprocessing.Process`.

    The thread that makes it must live as long as the child does: the kernel kills the child with that thread.
    `report` is called on a thread of this object.
    """

    name = "EngineCore"

    def __init__(self, env: Mapping[str, str], log_fd: int, report: Report) -> None:
        orders, self._orders = os.pipe()
        reports, reporting = os.pipe()
        self.sentinel, alive = os.pipe()  # becomes readable when the child's end closes: when it has ended
        weakref.finalize(self, os.close, self.sentinel)  # not sooner: vLLM may be waiting for it
        paths = json.dumps(_import_paths())
        numbers = [str(number) for number in (os.getpid(), orders, reporting)]
        try:
            self._popen = subprocess.Popen(
                [sys.executable, "-P", "-X", "faulthandler", "-c", _BOOT, paths, *numbers],
                stdin=subprocess.DEVNULL,
                stdout=log_fd,
                stderr=log_fd,
                env=dict(env),
                pass_fds=(orders, reporting, alive),
                start_new_session=True,  # no Ctrl+C and no hang-up of the terminal reaches it
            )
        finally:
            for descriptor in (orders, reporting, alive):
                os.close(descriptor)
        self._reader = threading.Thread(target=_read_reports, args=(reports, report), name="reports", daemon=True)
        self._reader.start()
        self._kwargs: Mapping[str, Any] = {}

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._popen.pid

    @property
    def exitcode(self) -> int | None:
        """None while it runs; a negative number is the signal that ended it."""
        return self._popen.poll()

    def is_alive(self) -> bool:
        """Whether it still runs."""
        return self._popen.poll() is None

    def start(self) -> None:
        """Give the child its orders; called by vLLM."""
        from multiprocessing.reduction import ForkingPickler

        order = bytes(ForkingPickler.dumps(dict(self._kwargs)))
        with contextlib.suppress(BrokenPipeError):  # it has died: vLLM sees that by the sentinel
            _write_all(self._orders, len(order).to_bytes(LENGTH_BYTES) + order)

    def terminate(self) -> None:
        """Ask it to end."""
        self._popen.terminate()

    def kill(self) -> None:
        """End it at once."""
        self._popen.kill()

    def join(self, timeout: float | None = None) -> None:
        """Wait for its end, `timeout` seconds at most."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._popen.wait(timeout)

    def close(self) -> None:
        """Kill it if it still runs, wait for its end and its last report, and release the pipes."""
        self.kill()
        self._popen.wait()
        self._reader.join(REPORT_SECONDS)
        with contextlib.suppress(OSError):
            os.close(self._orders)

    def lent_to_vllm(self) -> contextlib.AbstractContextManager[None]:
        """While the block runs, vLLM uses this child where it would make one of its own."""
        return replaced("vllm.v1.engine.utils", "get_mp_context", lambda: _Context(self))

    def _take(self, kwargs: Mapping[str, Any]) -> "CoreProcess":
        self._kwargs = kwargs
        return self


class _Context:
    """The part of a `multiprocessing` context that vLLM uses to make its engine core."""

    def __init__(self, process: CoreProcess) -> None:
        self._process = process

    def Process(self, *, kwargs: Mapping[str, Any], **_: Any) -> CoreProcess:
        return self._process._take(kwargs)

    def __getattr__(self, name: str) -> Any:
        import multiprocessing

        return getattr(multiprocessing.get_context("spawn"), name)


def _import_paths() -> list[str]:
    """Where the child may import from: where this program did, without the folder it was started in.

    That folder is the user's project: a `random.py` in it must not be run. It stays where termcoder itself lies
    there, in a checkout.
    """
    home = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    here = os.path.abspath(os.curdir)
    return [path for path in sys.path if path and (os.path.abspath(path) != here or here == home)]


def _read_reports(descriptor: int, report: Report) -> None:
    with open(descriptor, encoding="utf-8") as pipe:
        for line in pipe:
            report(*json.loads(line))


def _write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]

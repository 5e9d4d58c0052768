"""One program at a time: a lock file that is held while a model, or what makes models, is being prepared."""

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from termcoder.errors import CancelledError, ModelError
from termcoder.models.progress import Listener, Progress

LOCK_SECONDS = 0.2  # between two looks at a lock that another program holds


@contextmanager
def held(file: Path, listener: Listener, cancel: threading.Event, *, busy: str = "") -> Iterator[None]:
    """Hold the lock of `file`, which is made where it is missing; its folder must exist.

    While another program holds it: wait, and say so; with `busy`, raise ModelError with that message instead. Raises
    CancelledError.
    """
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        while not _try_lock(descriptor):
            if busy:
                raise ModelError(busy, remedy="Wait for it, or stop it.")
            listener(Progress("waiting for another termcoder"))
            if cancel.wait(LOCK_SECONDS):
                raise CancelledError("The preparation was stopped.")
        yield
    finally:
        os.close(descriptor)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True

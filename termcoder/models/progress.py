"""Progress of a long step: how far, and how many seconds are left."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from termcoder.errors import CancelledError

REPORT_SECONDS = 0.1
WARM_UP_SECONDS = 1.0  # no guess of the time left before that


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a step is. `total_bytes` 0 and `seconds_left` None: not known; `fraction` None: can't be known."""

    step: str
    done_bytes: int = 0
    total_bytes: int = 0
    fraction: float | None = None
    seconds_left: float | None = None


def as_text(progress: Progress) -> str:
    """One line for people: "fetching 25 %, 120 MB of 478 MB, 40 s left"."""
    step = progress.step if progress.fraction is None else f"{progress.step} {progress.fraction * 100:.0f} %"
    parts = [step]
    if progress.total_bytes:
        parts.append(f"{size_text(progress.done_bytes)} of {size_text(progress.total_bytes)}")
    if progress.seconds_left is not None:
        parts.append(f"{duration(progress.seconds_left)} left")
    return ", ".join(parts)


def size_text(count: int) -> str:
    """Bytes as people read them (decimal): "1.9 GB", or "95 MB" below a gigabyte."""
    return f"{count / 1e9:.1f} GB" if count >= 950_000_000 else f"{count / 1e6:.0f} MB"


def duration(seconds: float) -> str:
    """A time as people read it: "40 s", "3 min", "1 h 5 min"."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


Listener = Callable[[Progress], None]


class Meter:
    """Counts one step and reports it, at most ten times a second; also where a cancel is noticed.

    `total` is in bytes where `is_bytes`, else in anything that grows evenly with time. `there`: what was done
    before, which says nothing about the speed.
    """

    def __init__(
        self,
        step: str,
        total: int,
        listener: Listener,
        cancel: threading.Event,
        *,
        is_bytes: bool = True,
        there: int = 0,
    ) -> None:
        self._step, self._total, self._is_bytes = step, total, is_bytes
        self._listener, self._cancel = listener, cancel
        self._started = time.monotonic()
        self._there = self.done = there
        self._report()

    def add(self, amount: int) -> None:
        """Count, report now and then. Raises CancelledError."""
        self.reach(self.done + amount)

    def reach(self, done: int) -> None:
        """Say how much is done in all, report now and then. Raises CancelledError."""
        self.done = done
        self.tick()

    def tick(self) -> None:
        """Report now and then. Raises CancelledError."""
        if self._cancel.is_set():
            raise CancelledError("The preparation was stopped.")
        if time.monotonic() - self._reported >= REPORT_SECONDS or self.done >= self._total:
            self._report()

    def _report(self) -> None:
        self._reported = time.monotonic()
        fraction = min(1.0, self.done / self._total) if self._total else None
        done, total = (self.done, self._total) if self._is_bytes else (0, 0)
        self._listener(Progress(self._step, done, total, fraction, self._seconds_left()))

    def _seconds_left(self) -> float | None:
        elapsed, moved = time.monotonic() - self._started, self.done - self._there
        if not self._total or moved <= 0 or elapsed < WARM_UP_SECONDS:
            return None
        return max(0.0, (self._total - self.done) * elapsed / moved)

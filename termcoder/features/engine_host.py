"""The one place that knows which engine is in use: prepares its model, starts it, swaps it, restarts it.

Its status covers the whole way, fetching the model included, so that a screen has one thing to show.
"""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from termcoder.engine.base import Engine, EngineState, EngineStatus, StatusBoard, StatusListener
from termcoder.errors import EngineError, EngineStartError, TermcoderError

Report = Callable[[str, float | None], None]


class Preparer(Protocol):
    """Makes a model ready on the disk and an engine for it; blocking, so it runs in a thread."""

    def __call__(self, name: str, report: Report, cancel: threading.Event) -> Engine:
        """`report(activity, fraction)` may be called from that thread. Raises TermcoderError."""
        ...


def label_of(model: str) -> str:
    """The last part of a folder or Hub name."""
    return Path(model).name or model


class EngineHost:
    """Owns the current engine. All methods belong to one event loop."""

    def __init__(self, prepare: Preparer, model: str) -> None:
        self._prepare = prepare
        self._board = StatusBoard()
        self._engine: Engine | None = None
        self._unsubscribe: Callable[[], None] = lambda: None
        self._job: asyncio.Task[None] | None = None
        self._cancel = threading.Event()
        self._changed = asyncio.Event()
        self.model_name = model

    @property
    def status(self) -> EngineStatus:
        """What is happening to the model now."""
        return self._board.status

    @property
    def engine(self) -> Engine | None:
        """The current engine, ready or not."""
        return self._engine

    @property
    def model_label(self) -> str:
        """The model's name, short enough for a status line."""
        return label_of(self._engine.model.name if self._engine else self.model_name)

    def subscribe(self, listener: StatusListener) -> Callable[[], None]:
        """Call `listener` at every change of status."""
        return self._board.subscribe(listener)

    def start(self) -> None:
        """Begin to prepare and start the model in the background; nothing if that is under way or done."""
        if self._job is None or (self._job.done() and self.status.state is not EngineState.READY):
            self._cancel = threading.Event()
            self._job = asyncio.create_task(self._run(), name="engine-host")

    async def ready(self) -> Engine:
        """The engine, as soon as it is ready. Raises the EngineError or ModelError that stops it."""
        while True:
            if self.status.state is EngineState.READY and self._engine is not None:
                return self._engine
            if self.status.state is EngineState.FAILED and self.status.error is not None:
                raise self.status.error
            self._changed.clear()
            await self._changed.wait()

    async def ready_unless(self, cancel: asyncio.Event) -> Engine | None:
        """The engine once it is ready; None where `cancel` is set first. Raises like `ready`."""
        ready, stopped = asyncio.ensure_future(self.ready()), asyncio.ensure_future(cancel.wait())
        try:
            await asyncio.wait({ready, stopped}, return_when=asyncio.FIRST_COMPLETED)
            return ready.result() if ready.done() else None
        finally:
            ready.cancel()
            stopped.cancel()

    async def restart(self) -> None:
        """Stop whatever there is and start again."""
        await self.stop()
        self.start()

    async def switch(self, model: str) -> None:
        """Use another model from now on."""
        await self.stop()
        self.model_name = model
        self._engine = None
        self.start()

    async def stop(self) -> None:
        """Stop the engine, or what is preparing it. Never raises."""
        self._cancel.set()
        if self._job is not None:
            self._job.cancel()
            with suppress(asyncio.CancelledError):
                await self._job
            self._job = None
        self._unsubscribe()
        if self._engine is not None:
            await self._engine.stop()
        self._set(EngineState.STOPPED)

    async def _run(self) -> None:
        try:
            self._set(EngineState.STARTING, "looking for the model")
            if self._engine is None:
                self._engine = await self._prepared()
            self._unsubscribe()
            self._unsubscribe = self._engine.subscribe(self._follow)
            await self._engine.start()
            self._follow(self._engine.status)
        except TermcoderError as error:
            self._set(EngineState.FAILED, error=_as_engine_error(error))

    async def _prepared(self) -> Engine:
        loop = asyncio.get_running_loop()
        cancel = self._cancel

        def report(activity: str, fraction: float | None) -> None:
            if not cancel.is_set():
                loop.call_soon_threadsafe(self._set, EngineState.STARTING, activity, fraction)

        return await asyncio.to_thread(self._prepare, self.model_name, report, cancel)

    def _follow(self, status: EngineStatus) -> None:
        self._set(status.state, status.activity, status.fraction, status.error)

    def _set(
        self, state: EngineState, activity: str = "", fraction: float | None = None, error: EngineError | None = None
    ) -> None:
        self._board.set(state, activity, fraction, error)
        self._changed.set()


def _as_engine_error(error: TermcoderError) -> EngineError:
    if isinstance(error, EngineError):
        return error
    return EngineStartError(error.message, remedy=error.remedy)

"""Many small questions to an engine, some of which wait for others."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

from termcoder.engine.base import BACKGROUND, Chunk, Engine, Request
from termcoder.features.turn import until
from termcoder.review.weighing import YES, log_odds


class Asking:
    """Asks one engine until `cancel` is set; then every answer raises CancelledError.

    All of it is behind whatever the user asks in the chat. `order`: among what waits, the lower goes first.
    """

    def __init__(self, engine: Engine, cancel: asyncio.Event, order: int = 0) -> None:
        self._engine = engine
        self._cancel = cancel
        self._priority = BACKGROUND + order

    async def odds(self, request: Request, of: str = YES) -> float:
        """How much likelier one answer is than the others, as the logarithm of the odds. Raises EngineError."""
        chances = None
        async with aclosing(self._stream(request)) as chunks:
            async for chunk in chunks:
                chances = chunk.chances or chances
        self._check()
        return log_odds(chances, of)

    async def text(self, request: Request) -> str:
        """The whole answer. Raises EngineError."""
        pieces = []
        async with aclosing(self._stream(request)) as chunks:
            async for chunk in chunks:
                pieces.append(chunk.text)
        self._check()
        return "".join(pieces)

    def _stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        return until(self._cancel, self._engine.stream(replace(request, priority=self._priority)))

    def _check(self) -> None:
        if self._cancel.is_set():
            raise asyncio.CancelledError

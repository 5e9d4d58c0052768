"""The model inside this program: vLLM's `AsyncLLM`, which runs the model in a child process of ours.

Nothing heavy is imported here; `start()` does that, off the event loop. See `vllm_life` for how it starts and ends.
"""

import asyncio
import contextlib
import itertools
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from termcoder.conversation import Message, Role, Usage
from termcoder.engine.base import (
    Chunk,
    EngineState,
    EngineStatus,
    FinishReason,
    ModelInfo,
    Request,
    Sampling,
    StatusBoard,
    StatusListener,
    TokenCount,
)
from termcoder.engine.choices import check_choices, likeliest, shared_out
from termcoder.engine.vllm_life import STOPPED, Life, Served
from termcoder.engine.vllm_options import choosing_parameters, sampling_parameters
from termcoder.errors import (
    ContextOverflowError,
    EngineError,
    EngineNotReadyError,
    EngineStartError,
    RequestError,
)
from termcoder.settings import EngineSettings

DEATH_SECONDS = 5.0
"""How long an engine that says it is dead may take to end, before it is ended."""

ABORT_SECONDS = 1.0
"""How long telling the engine of a cancelled request may take."""

_WARM_UP = Request((Message(Role.USER, "Hi"),), Sampling(temperature=0.0, max_tokens=1))


class VllmEngine:
    """Keeps `Engine` with a model folder and vLLM."""

    def __init__(self, model_dir: Path | None, name: str, settings: EngineSettings) -> None:
        """`model_dir`: the prepared model. `name`: what it is called. Raises EngineStartError without a folder."""
        if model_dir is None:
            raise EngineStartError("There is no model to start.", remedy="Run `termcoder models pull`.")
        self._model_dir = model_dir
        self._settings = settings
        self._model = ModelInfo(name, settings.context_tokens)
        self._board = StatusBoard()
        self._life: Life | None = None
        self._served: Served | None = None
        self._changing = asyncio.Lock()
        self._numbers = itertools.count(1)

    @property
    def status(self) -> EngineStatus:
        """See `Engine.status`."""
        return self._board.status

    @property
    def model(self) -> ModelInfo:
        """See `Engine.model`."""
        return self._model

    @property
    def core_pid(self) -> int | None:
        """The process that runs the model, where there is one."""
        return self._life.core_pid if self._life else None

    @property
    def running_requests(self) -> int:
        """How many requests are not finished."""
        return self._served.llm.get_num_unfinished_requests() if self._served else 0

    def subscribe(self, listener: StatusListener) -> Callable[[], None]:
        """See `Engine.subscribe`."""
        return self._board.subscribe(listener)

    async def start(self) -> None:
        """See `Engine.start`. Cancelling it stops the engine."""
        async with self._changing:
            if self.status.state is EngineState.READY:
                return
            self._board.set(EngineState.STARTING, "starting")
            life = Life(self._model_dir, self._model.name, self._settings, self._report)
            self._life = life
            try:
                await self._bring_up(life)
            except asyncio.CancelledError:
                await self._end(life)
                self._board.set(EngineState.STOPPED)
                raise
            except EngineError as error:
                await self._end(life)
                raise self._start_failed(life, error) from error

    async def _bring_up(self, life: Life) -> None:
        life.begin()
        self._served = await asyncio.shield(life.served)
        self._model = ModelInfo(self._model.name, self._served.context_tokens)
        self._board.set(EngineState.STARTING, "warming up")
        async for _ in self._answer(life, self._served, _WARM_UP):
            pass
        if self._life is not life:
            raise EngineStartError(STOPPED)
        life.ended.add_done_callback(lambda _: self._core_ended(life))
        self._board.set(EngineState.READY)

    def _start_failed(self, life: Life, error: EngineError) -> EngineStartError:
        failure = error if isinstance(error, EngineStartError) else EngineStartError(error.message, remedy=error.remedy)
        if self._life is life:
            self._life = None
            self._board.set(EngineState.FAILED, error=failure)
        return failure

    async def stop(self) -> None:
        """See `Engine.stop`."""
        life, self._life = self._life, None
        if life is None and self.status.state is EngineState.STOPPED:
            return
        self._board.set(EngineState.STOPPED)
        if life is not None:
            await self._end(life)

    async def _end(self, life: Life) -> None:
        self._served = None
        await asyncio.shield(life.end())

    def _report(self, activity: str, fraction: float | None) -> None:
        if self.status.state is EngineState.STARTING:
            self._board.set(EngineState.STARTING, activity, fraction)

    def _core_ended(self, life: Life) -> None:
        if self._life is life:
            self._life = self._served = None
            self._board.set(EngineState.FAILED, error=life.ended.result())

    async def stream(self, request: Request) -> AsyncIterator[Chunk]:
        """See `Engine.stream`."""
        life, served = self._ready()
        async with contextlib.aclosing(self._answer(life, served, request)) as chunks:
            async for chunk in chunks:
                yield chunk

    async def count_tokens(self, messages: Sequence[Message]) -> TokenCount:
        """See `Engine.count_tokens`."""
        _, served = self._ready()
        return TokenCount(len(await _encoded(served, messages)))

    def _ready(self) -> tuple[Life, Served]:
        if self.status.state is not EngineState.READY or self._life is None or self._served is None:
            raise EngineNotReadyError("The engine is not running.", remedy="Start it first.")
        return self._life, self._served

    async def _answer(self, life: Life, served: Served, request: Request) -> AsyncGenerator[Chunk, None]:
        clock = _Clock()
        beginnings = _beginnings(served, request)
        tokens = await _encoded(served, request.messages)
        parameters = _parameters(request, _room(served, request, len(tokens)), beginnings)
        prompt, number = {"prompt_token_ids": tokens}, f"request-{next(self._numbers)}"
        outputs = served.llm.generate(prompt, parameters, number, priority=request.priority)
        async with contextlib.aclosing(outputs):
            while (output := await self._next(life, outputs)) is not None:
                chunk = clock.chunk(output, len(tokens))
                yield _chosen(chunk, output, beginnings, request) if beginnings and chunk.finish_reason else chunk
        if clock.finish_reason is None:
            raise await self._gone(life)

    async def _next(self, life: Life, outputs: AsyncGenerator[Any, None]) -> Any:
        """The next output, or None where there are no more. vLLM alone might wait for a dead engine for ever."""
        task = asyncio.ensure_future(_anext(outputs))
        try:
            await asyncio.wait({task, life.ended}, return_when=asyncio.FIRST_COMPLETED)
            return task.result() if task.done() else None
        except EngineError:
            raise
        except Exception as error:
            raise await self._translated(life, error) from error
        finally:
            if not task.done():
                task.cancel()
                await asyncio.wait({task}, timeout=ABORT_SECONDS)

    async def _translated(self, life: Life, error: Exception) -> EngineError:
        """The error to raise in place of one of vLLM's."""
        from vllm.v1.engine.exceptions import EngineDeadError

        if isinstance(error, EngineDeadError) or self._life is not life:
            return await self._gone(life)
        cause = error.__cause__ or error
        return RequestError(f"The engine refused the request: {' '.join(str(cause).split())[:300]}.")

    async def _gone(self, life: Life) -> EngineError:
        """Why a request of this life can't go on."""
        if self._life is not life and self.status.state is EngineState.STOPPED:
            return EngineNotReadyError("The engine was stopped.")
        try:
            return await asyncio.wait_for(asyncio.shield(life.ended), DEATH_SECONDS)
        except TimeoutError:
            await life.end()
            return await life.ended


class _Clock:
    """Makes chunks of vLLM's outputs, counting and timing them."""

    def __init__(self) -> None:
        self._asked = time.monotonic()
        self._first = 0.0
        self._tokens = 0
        self._cached = 0
        self.finish_reason: FinishReason | None = None

    def chunk(self, output: Any, prompt_tokens: int) -> Chunk:
        """The chunk for one output of a request."""
        now = time.monotonic()
        completion = output.outputs[0]
        if completion.token_ids and not self._tokens:
            self._first = now
        self._tokens += len(completion.token_ids)
        self._cached = output.num_cached_tokens or self._cached
        if not output.finished:
            return Chunk(completion.text)
        if completion.finish_reason not in ("stop", "length"):
            return Chunk(completion.text)  # aborted: the answer has no end
        self.finish_reason = FinishReason(completion.finish_reason)
        first = self._first or now
        usage = Usage(prompt_tokens, self._tokens, self._cached, now - first, first - self._asked)
        return Chunk(completion.text, self.finish_reason, usage)


async def _encoded(served: Served, messages: Sequence[Message]) -> list[int]:
    try:
        return await asyncio.to_thread(served.encoder.encode, messages)
    except ValueError as error:
        raise RequestError(f"The messages can't be sent: {error}.") from error


async def _anext(outputs: AsyncGenerator[Any, None]) -> Any:
    return await anext(outputs, None)


def _room(served: Served, request: Request, prompt_tokens: int) -> int:
    """The most tokens the answer may have."""
    room = served.context_tokens - prompt_tokens
    if room < 1:
        raise ContextOverflowError(
            f"The prompt has {prompt_tokens} tokens and the model's context {served.context_tokens}.",
            remedy="Attach less, or start a new session.",
        )
    wanted = request.sampling.max_tokens
    return room if wanted is None else max(1, min(wanted, room))


def _beginnings(served: Served, request: Request) -> dict[int, str]:
    """Which first token means which of the request's choices; nothing for a request without."""
    check_choices(request)
    try:
        return served.encoder.beginnings(request.choices)
    except ValueError as error:
        raise RequestError(f"The engine refused the request: {error}.") from error


def _chosen(chunk: Chunk, output: Any, beginnings: Mapping[int, str], request: Request) -> Chunk:
    """The last chunk of an answer that is one of the request's choices."""
    told: Mapping[int, Any] = next(iter(output.outputs[0].logprobs or ()), {})
    known = [(beginnings[token], float(each.logprob)) for token, each in told.items() if token in beginnings]
    chances = shared_out(known, request.choices)
    if chances is None:
        raise RequestError("The engine could not tell how likely the choices are.")
    return replace(chunk, text=likeliest(chances), finish_reason=FinishReason.STOP, chances=chances)


def _parameters(request: Request, max_tokens: int, beginnings: Mapping[int, str]) -> Any:
    try:
        return choosing_parameters(beginnings) if beginnings else sampling_parameters(request, max_tokens)
    except (ValueError, TypeError) as error:
        raise RequestError(f"The engine refused the request: {error}.") from error

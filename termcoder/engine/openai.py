"""The engine on the other side of a URL: any server that speaks OpenAI's chat API, through the `openai` client.

The client is used because it is kept by those who define the API. It connects to the one URL only: redirects
are not followed, nothing is retried, and settings meant for OpenAI's own service (organisation, project) are not
taken from the environment. Proxy variables are honoured, but not for a server on this machine.
"""

import asyncio
import contextlib
import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from termcoder.conversation import Message, Usage
from termcoder.engine.base import (
    Chunk,
    EngineState,
    EngineStatus,
    FinishReason,
    ModelInfo,
    Request,
    StatusBoard,
    StatusListener,
    TokenCount,
)
from termcoder.engine.choices import check_choices
from termcoder.engine.openai_choices import TOP_LOGPROBS, ChoiceReader, as_chosen
from termcoder.engine.openai_server import (
    ErrorReader,
    PromptEstimator,
    Stopwatch,
    address_of,
    client_of,
    counts_tokens,
    load_client,
    overflows,
    pick_model,
    plain,
    response_format,
    tokenized,
)
from termcoder.errors import ContextOverflowError, EngineDiedError, EngineError, EngineNotReadyError, EngineStartError
from termcoder.settings import EngineSettings

if TYPE_CHECKING:
    from openai import AsyncOpenAI

START_SECONDS = 30.0  # for the answer `start()` needs; a prompt may take minutes on a CPU, so a chat has no limit
_REFUSED_STATUS = frozenset({400, 403, 422})  # 403: OpenAI, asked for the log-probabilities of some models
_BROKEN_OFF = frozenset({"abort", "error"})  # finish reasons of a server that goes down


@dataclass(frozen=True, slots=True)
class _Link:
    """A started engine's connection. `counts`: the server tells the tokens of a prompt (vLLM's `/tokenize`)."""

    client: "AsyncOpenAI"
    errors: ErrorReader
    counts: bool = False
    limit: int = 0  # the user's own limit on the context, where it is below the server's


class OpenAIEngine:
    """Keeps `Engine` for a server.

    `url`: the server, with or without "/v1". `api_key_env`: the variable that holds its key, read at each start.
    `name`: the model; "" or "auto" takes the first the server offers. Of `settings` only `context_tokens` counts.
    Token counts are exact with vLLM servers, elsewhere estimates that follow the last answer's usage.
    """

    def __init__(self, url: str, api_key_env: str, name: str, settings: EngineSettings) -> None:
        self._url = url
        self._key_variable = api_key_env
        self._wanted = "" if name == "auto" else name
        self._settings = settings
        self._board = StatusBoard()
        self._model = ModelInfo(self._wanted)
        self._starting = asyncio.Lock()
        self._link: _Link | None = None
        self._estimator = PromptEstimator()
        self._takes_priority = True
        self._tells_logprobs = True
        self._life = 0  # grows with every start and stop

    @property
    def status(self) -> EngineStatus:
        """See `Engine.status`."""
        return self._board.status

    @property
    def model(self) -> ModelInfo:
        """See `Engine.model`."""
        return self._model

    def subscribe(self, listener: StatusListener) -> Callable[[], None]:
        """See `Engine.subscribe`."""
        return self._board.subscribe(listener)

    async def start(self) -> None:
        """See `Engine.start`. Asks the server for its models, so that a wrong address or key shows here."""
        async with self._starting:
            if self.status.state is EngineState.READY:
                return
            self._life += 1
            life = self._life
            try:
                await self._connect(life)
            except EngineError as error:
                await self._end(life, EngineState.FAILED, error)
                raise
            except BaseException:
                await self._end(life, EngineState.STOPPED)
                raise

    async def _connect(self, life: int) -> None:
        self._board.set(EngineState.STARTING, "preparing the connection")
        address = address_of(self._url)
        key = os.environ.get(self._key_variable, "").strip()
        errors = ErrorReader(address, self._key_variable, key, self._wanted)
        await self._close_link()
        await load_client()
        self._check_life(life)
        self._link = _Link(client_of(address, self._key_variable, key), errors)
        self._board.set(EngineState.STARTING, f"connecting to {address.shown}")
        try:
            await self._greet(self._link, life)
        except EngineError:
            raise
        except Exception as error:
            self._check_life(life)
            read = errors.read(error)
            raise EngineStartError(read.message, remedy=read.remedy) from None
        self._board.set(EngineState.READY)

    async def _greet(self, link: _Link, life: int) -> None:
        """Learn the server's model, its context, and whether it counts tokens."""
        listed = await link.client.models.list(timeout=START_SECONDS)
        name, context = pick_model(
            [model.model_dump() for model in listed.data], self._wanted, link.errors.address.shown
        )
        own = self._settings.context_tokens
        limit = own if own and (not context or own < context) else 0
        counts = await counts_tokens(link.client, link.errors.address, name)
        self._check_life(life)
        self._model = ModelInfo(name, limit or context)
        self._link = replace(link, errors=replace(link.errors, model=name), counts=counts, limit=limit)

    def _check_life(self, life: int) -> None:
        if life != self._life:
            raise EngineStartError("The engine was stopped while it started.")

    async def _end(self, life: int, state: EngineState, error: EngineError | None = None) -> None:
        """Show how start number `life` ended, unless a stop has already."""
        if life == self._life:
            self._board.set(state, error=error)
            await self._close_link()

    async def stream(self, request: Request) -> AsyncIterator[Chunk]:
        """See `Engine.stream`."""
        link, life = self._ready_link(), self._life
        check_choices(request)
        try:
            async with contextlib.aclosing(self._chunks(link, request)) as chunks:
                async for chunk in chunks:
                    yield chunk
        except EngineError as error:
            raise self._noted(error, life) from None
        except Exception as error:
            raise self._noted(link.errors.read(error), life) from None

    def _noted(self, error: EngineError, life: int) -> EngineError:
        """`error`, after the status shows it if the server is gone; another error if the engine was stopped."""
        if life != self._life:
            return EngineNotReadyError("The engine was stopped.", remedy="Start it again.")
        if isinstance(error, EngineDiedError) and self.status.state is EngineState.READY:
            self._board.set(EngineState.FAILED, error=error)
        return error

    async def _chunks(self, link: _Link, request: Request) -> AsyncGenerator[Chunk, None]:
        clock = Stopwatch()
        chosen = ChoiceReader(request) if request.choices else None
        told: Any = None
        reason: str | None = None
        async with await self._open(link, await self._body(link, request)) as events:
            async for event in events:
                told = event.usage or told
                for choice in event.choices[:1]:
                    reason = choice.finish_reason or reason
                    if chosen:
                        chosen.read(choice)
                    if choice.delta.content:
                        clock.tick()
                        if not chosen:
                            yield Chunk(choice.delta.content)
        if reason is None or reason in _BROKEN_OFF:
            raise EngineDiedError(
                f"{link.errors.address.shown} broke off the answer.", remedy="Start the engine again."
            )
        finish = FinishReason.LENGTH if reason == "length" and not chosen else FinishReason.STOP
        last = Chunk(finish_reason=finish, usage=self._usage(request, told, clock))
        yield chosen.chosen(last) if chosen else last

    def _usage(self, request: Request, told: Any, clock: Stopwatch) -> Usage:
        """What the server told; where it tells nothing, the estimate and the number of pieces."""
        if told is None:
            return Usage(self._estimator.estimate(request.messages), clock.ticks, 0, clock.seconds, clock.wait)
        self._estimator.learn(request.messages, told.prompt_tokens)
        details = told.prompt_tokens_details
        cached = (details.cached_tokens if details is not None else 0) or 0
        return Usage(told.prompt_tokens, told.completion_tokens, cached, clock.seconds, clock.wait)

    async def _body(self, link: _Link, request: Request) -> dict[str, Any]:
        """The arguments of the client's call."""
        request = as_chosen(request) if request.choices else request
        tells = bool(request.choices) and self._tells_logprobs
        sampling = request.sampling
        optional = {
            "max_tokens": await self._most_tokens(link, request),
            "stop": list(sampling.stop) or None,
            "seed": sampling.seed,
            "response_format": response_format(request.schema) if request.schema is not None else None,
            "logprobs": True if tells else None,
            "top_logprobs": TOP_LOGPROBS if tells else None,
            "extra_body": self._extensions(link, request) or None,
        }
        return {
            "model": self._model.name,
            "messages": plain(request.messages),
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "stream": True,
            "stream_options": {"include_usage": True},
            **{name: value for name, value in optional.items() if value is not None},
        }

    def _extensions(self, link: _Link, request: Request) -> dict[str, Any]:
        """What goes beyond OpenAI's API. Grammars and choices are for vLLM's servers only, which also count tokens."""
        extensions: dict[str, Any] = {}
        if request.priority and self._takes_priority:
            extensions["priority"] = request.priority
        if request.grammar is not None and link.counts:
            extensions["structured_outputs"] = {"grammar": request.grammar.ebnf}
        if request.choices and link.counts:
            extensions["structured_outputs"] = {"choice": list(request.choices)}
        return extensions

    async def _most_tokens(self, link: _Link, request: Request) -> int | None:
        """The request's limit, or what the user's own limit on the context leaves."""
        wanted = request.sampling.max_tokens
        if not link.limit:
            return wanted
        prompt = (await self._count(link, request.messages)).tokens
        if prompt >= link.limit:
            raise ContextOverflowError(
                f"The prompt has {prompt} tokens and the context {link.limit} (engine.context_tokens).",
                remedy="Attach less, or raise the setting.",
            )
        return link.limit - prompt if wanted is None else min(wanted, link.limit - prompt)

    async def _open(self, link: _Link, body: dict[str, Any]) -> Any:
        """Begin an answer; if the server refuses for a reason that can be mended, again without it."""
        import openai

        while True:
            try:
                return await link.client.chat.completions.create(**body)
            except openai.APIStatusError as error:
                mended = await self._mended(link, body, error) if error.status_code in _REFUSED_STATUS else None
                if mended is None:
                    raise
                body = mended

    async def _mended(self, link: _Link, body: dict[str, Any], error: Exception) -> dict[str, Any] | None:
        if "priority" in (body.get("extra_body") or {}) and "priority" in str(error):
            self._takes_priority = False
            extra = {name: value for name, value in body["extra_body"].items() if name != "priority"}
            return {**body, "extra_body": extra or None}
        if "logprobs" in body and "logprob" in str(error):
            self._tells_logprobs = False
            return {name: value for name, value in body.items() if name not in ("logprobs", "top_logprobs")}
        if "max_tokens" not in body or not link.counts or not overflows(error):
            return None
        room = self._model.context_tokens - await tokenized(
            link.client, link.errors.address, self._model.name, body["messages"]
        )
        return {**body, "max_tokens": room} if 0 < room < body["max_tokens"] else None

    async def count_tokens(self, messages: Sequence[Message]) -> TokenCount:
        """See `Engine.count_tokens`."""
        link, life = self._ready_link(), self._life
        try:
            return await self._count(link, messages)
        except Exception as error:
            raise self._noted(link.errors.read(error), life) from None

    async def _count(self, link: _Link, messages: Sequence[Message]) -> TokenCount:
        if not link.counts:
            return TokenCount(self._estimator.estimate(messages), exact=False)
        return TokenCount(await tokenized(link.client, link.errors.address, self._model.name, plain(messages)))

    async def stop(self) -> None:
        """See `Engine.stop`. Answers in progress end with EngineNotReadyError."""
        self._life += 1
        await self._close_link()
        if self.status.state is not EngineState.STOPPED:
            self._board.set(EngineState.STOPPED)

    async def _close_link(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            await link.client.close()

    def _ready_link(self) -> _Link:
        if self._link is None or self.status.state is not EngineState.READY:
            raise EngineNotReadyError("The engine is not running.", remedy="Start it first.")
        return self._link


def make_openai(model_dir: Path | None, name: str, settings: EngineSettings) -> OpenAIEngine:
    """What the registry calls."""
    return OpenAIEngine(settings.url, settings.api_key_env, name, settings)

"""An engine without a model: it says what a script says. For tests and demonstrations.

Everything a real backend does can be scripted: replies, speed, the statuses of a slow start, a start that
fails, a death in the middle of an answer. Nothing is random; time passes only where the script asks for it.
"""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from termcoder.conversation import Message, Role, Usage
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
from termcoder.engine.choices import check_choices, likeliest, meant
from termcoder.engine.instances import minimal_instance
from termcoder.errors import (
    ContextOverflowError,
    EngineDiedError,
    EngineError,
    EngineNotReadyError,
    EngineStartError,
    RequestError,
)
from termcoder.settings import EngineSettings

DEFAULT_CONTEXT_TOKENS = 4096

_PIECE = re.compile(r"\s*\w+|\s*[^\w\s]|\s+")
_MESSAGE_TOKENS = 3  # what a chat template adds around one message
_HEADER_TOKENS = 2  # the answer's header


def pieces_of(text: str) -> list[str]:
    """The tokens of `text`: a word or one other sign, each with the white space before it. They join to `text`."""
    return _PIECE.findall(text)


def describe_request(request: Request) -> str:
    """The reply of an unscripted engine: Markdown that shows what arrived, the same for the same question."""
    question = next((m.content for m in reversed(request.messages) if m.role is Role.USER), "")
    return (
        "No model is running: this answer is **scripted**.\n\n"
        f"Your message has {len(question.split())} words and {len(question.splitlines())} lines. It begins:\n\n"
        f"```text\n{question[:200].replace('```', '` ` `')}\n```\n"
    )


@dataclass(frozen=True, slots=True)
class Script:
    """What a `ScriptedEngine` does.

    - `replies`: a function of the request, or texts given one after the other, from the first again at the end.
      A request with a schema gets the reply if that is JSON, else the smallest value the schema admits; one with a
      grammar gets a reply from a list as it is, and from an engine without replies of its own the grammar's example.
      One with choices gets the one that the reply means, else the first, with a chance of 1.0.
    - `chances`: how likely the choices of a request are, in numbers of any sum; asked in place of `replies`.
    - `tokens_per_second`: 0.0 is as fast as the event loop turns.
    - `start_delay`, `first_token_delay`: seconds.
    - `activities`: what a start passes through, as (activity, fraction), each for its share of `start_delay`.
    - `failing_starts`: how many starts fail before one works.
    - `dies_after`: the engine dies once, after that many tokens of one answer; a new start brings it back.
    """

    replies: Sequence[str] | Callable[[Request], str] = describe_request
    tokens_per_second: float = 0.0
    start_delay: float = 0.0
    first_token_delay: float = 0.0
    activities: Sequence[tuple[str, float | None]] = (("loading weights", 0.5), ("warming up", None))
    failing_starts: int = 0
    dies_after: int | None = None
    context_tokens: int = DEFAULT_CONTEXT_TOKENS
    chances: Callable[[Request], Mapping[str, float]] | None = None


class ScriptedEngine:
    """Keeps `Engine` with a `Script` in place of a model.

    `requests` lists what was asked, oldest first. `hold()` freezes starts and answers where they are until
    `release()`, and `die()` is the death of a process: tests reach every state without waiting for time.
    """

    def __init__(self, script: Script | None = None, name: str = "scripted") -> None:
        self.script = script or Script()
        self.requests: list[Request] = []
        self._board = StatusBoard()
        self._model = ModelInfo(name, self.script.context_tokens)
        self._open = asyncio.Event()
        self._open.set()
        self._starting = asyncio.Lock()
        self._failing_starts = self.script.failing_starts
        self._dies_after = self.script.dies_after
        self._served = 0  # replies given from a list
        self._life = 0  # grows with every start, stop and death: an answer of an older life has ended

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

    def hold(self) -> None:
        """Freeze: no start ends and no token is given until `release()`."""
        self._open.clear()

    def release(self) -> None:
        """Go on after `hold()`."""
        self._open.set()

    def die(self, reason: str = "The scripted engine died.") -> None:
        """End as a crashed process does: answers in progress raise, the status says why."""
        self._life += 1
        error = EngineDiedError(reason, remedy="Start the engine again.")
        self._board.set(EngineState.FAILED, error=error)

    async def start(self) -> None:
        """See `Engine.start`."""
        async with self._starting:
            if self.status.state is not EngineState.READY:
                await self._start()

    async def _start(self) -> None:
        self._life += 1
        life = self._life
        await self._pass_through_activities(life)
        if self._life != life:
            raise EngineStartError("The engine was stopped while it started.")
        if self._failing_starts > 0:
            self._failing_starts -= 1
            error = EngineStartError("The scripted start failed.", remedy="Start the engine again.")
            self._board.set(EngineState.FAILED, error=error)
            raise error
        self._board.set(EngineState.READY)

    async def _pass_through_activities(self, life: int) -> None:
        activities = self.script.activities or (("starting", None),)
        try:
            for activity, fraction in activities:
                if self._life == life:
                    self._board.set(EngineState.STARTING, activity, fraction)
                    await asyncio.sleep(self.script.start_delay / len(activities))
                    await self._open.wait()
        except asyncio.CancelledError:
            await self.stop()
            raise

    async def stream(self, request: Request) -> AsyncIterator[Chunk]:
        """See `Engine.stream`."""
        self._check_ready()
        check_choices(request)
        life, asked = self._life, time.monotonic()
        self.requests.append(request)
        prompt_tokens = _prompt_tokens(request.messages)
        if prompt_tokens >= self._model.context_tokens:
            raise ContextOverflowError(
                f"The prompt has {prompt_tokens} tokens and the context {self._model.context_tokens}.",
                remedy="Attach less, or start a new session.",
            )
        chances = self._chances(request) if request.choices else None
        tokens, reason = self._answer(request, self._model.context_tokens - prompt_tokens, chances)
        await asyncio.sleep(self.script.first_token_delay)
        first = time.monotonic()
        for number, token in enumerate(tokens):
            await self._turn_of(number, first, life)
            yield Chunk(token)
        await self._turn_of(len(tokens), first, life)
        usage = Usage(prompt_tokens, len(tokens), 0, time.monotonic() - first, first - asked)
        yield Chunk(finish_reason=reason, usage=usage, chances=chances)

    async def _turn_of(self, number: int, first: float, life: int) -> None:
        """Wait until token `number` is due; raise where the engine has ended or dies now."""
        due = first + number / self.script.tokens_per_second if self.script.tokens_per_second > 0 else 0.0
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        await self._open.wait()
        if self._dies_after == number and self._life == life:
            self._dies_after = None
            self.die()
        if self._life != life:
            raise self._end_error()

    def _end_error(self) -> EngineError:
        error = self.status.error
        return error if isinstance(error, EngineDiedError) else EngineNotReadyError("The engine was stopped.")

    def _chances(self, request: Request) -> dict[str, float]:
        """How likely each of the request's choices is, by the script."""
        if self.script.chances is None:
            scripted = self.script.replies is not describe_request
            chosen = (meant(self._reply(request), request.choices) if scripted else None) or request.choices[0]
            return {choice: float(choice == chosen) for choice in request.choices}
        told = self.script.chances(request)
        total = sum(told.get(choice, 0.0) for choice in request.choices)
        return {choice: told.get(choice, 0.0) / total for choice in request.choices}

    def _answer(
        self, request: Request, room: int, chances: Mapping[str, float] | None
    ) -> tuple[list[str], FinishReason]:
        """The tokens of the answer, cut at a stop text and at the limit, and why they end."""
        if chances:
            return [likeliest(chances)], FinishReason.STOP
        text = self._reply(request)
        cuts = [place for stop in request.sampling.stop if stop and (place := text.find(stop)) >= 0]
        tokens = pieces_of(text[: min(cuts, default=len(text))])
        wanted = request.sampling.max_tokens
        limit = room if wanted is None else min(wanted, room)
        return tokens[:limit], FinishReason.LENGTH if len(tokens) > limit else FinishReason.STOP

    def _reply(self, request: Request) -> str:
        replies = self.script.replies
        if replies is describe_request and request.grammar is not None:
            text = request.grammar.example
        elif callable(replies):
            text = replies(request)
        else:
            text = replies[self._served % len(replies)] if replies else ""
            self._served += 1
        return text if request.schema is None else _structured(text, request)

    async def count_tokens(self, messages: Sequence[Message]) -> TokenCount:
        """See `Engine.count_tokens`."""
        self._check_ready()
        return TokenCount(_prompt_tokens(messages))

    async def stop(self) -> None:
        """See `Engine.stop`."""
        self._life += 1
        if self.status.state is not EngineState.STOPPED:
            self._board.set(EngineState.STOPPED)

    def _check_ready(self) -> None:
        if self.status.state is not EngineState.READY:
            raise EngineNotReadyError("The engine is not running.", remedy="Start it first.")


def _prompt_tokens(messages: Sequence[Message]) -> int:
    return sum(_MESSAGE_TOKENS + len(pieces_of(message.content)) for message in messages) + _HEADER_TOKENS


def _structured(reply: str, request: Request) -> str:
    """`reply` where it is JSON, else the smallest value of the request's schema."""
    try:
        json.loads(reply)
        return reply
    except ValueError:
        pass
    try:
        return json.dumps(minimal_instance(request.schema or {}))
    except ValueError as error:
        raise RequestError(f"The schema can't be followed: {error}.") from error


def make_scripted(model_dir: Path | None, name: str, settings: EngineSettings) -> ScriptedEngine:
    """What the registry calls: an engine that describes what it was asked, at a speed that can be read."""
    context = settings.context_tokens or DEFAULT_CONTEXT_TOKENS
    return ScriptedEngine(Script(tokens_per_second=40.0, start_delay=1.0, context_tokens=context), name)

"""The contract every backend keeps, and the values that cross it.

A backend is made from settings without importing anything heavy, started with `start()`, and then serves
any number of `stream()` calls at once. All methods belong to one event loop: the one `start()` ran on.
"""

import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from termcoder.conversation import Message, Usage
from termcoder.errors import EngineError


class EngineState(StrEnum):
    """Where an engine is in its life."""

    STOPPED = "stopped"
    STARTING = "starting"
    READY = "ready"
    FAILED = "failed"  # it could not start, or it died; `EngineStatus.error` says why


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """What an engine is doing now.

    `activity` is a short phrase for people ("importing vLLM", "loading weights", "warming up"),
    `fraction` how far that activity is (0.0 to 1.0) where it can be known, `since` the
    `time.monotonic()` at which the *state* began, so that seconds can be shown without a timer here.
    """

    state: EngineState = EngineState.STOPPED
    activity: str = ""
    fraction: float | None = None
    since: float = field(default_factory=time.monotonic)
    error: EngineError | None = None


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """The model behind an engine. `context_tokens` is 0 until it is known."""

    name: str
    context_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Sampling:
    """How an answer is drawn. `max_tokens` None: as many as the context leaves."""

    temperature: float = 0.2
    top_p: float = 0.95
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class Grammar:
    """What an answer can be, as a grammar in EBNF that begins at `root` (the dialect of XGrammar, close to GBNF).

    `example`: a short text that it admits; what an engine without a model answers.
    """

    ebnf: str
    example: str


PRIORITY_CLASS = 1_000_000
"""Priorities are of one class where `priority // PRIORITY_CLASS` is equal: they differ by their places in the queue."""
BACKGROUND = PRIORITY_CLASS
"""The priority of what nobody waits for at the prompt; it may stand still meanwhile."""


@dataclass(frozen=True, slots=True)
class Request:
    """One question to the engine.

    `schema`: a JSON schema that the answer is decoded under, so that it can't be anything else.
    `grammar`: the same for texts; not beside a schema. A server that knows no grammars answers without one, so whoever
    asks reads the answer with that in mind.
    `choices`: the answer is the likeliest of these short texts, which begin differently; not beside a schema or a
    grammar. How it is drawn (`sampling`) doesn't matter then.
    `copies`: the answer repeats much of the prompt, as a rewritten file does; an engine may guess ahead then.
    `priority`: lower goes first, of those that wait. While a request of a lower class (`PRIORITY_CLASS`) is under way,
    an engine may let those of higher classes stand still.
    """

    messages: tuple[Message, ...]
    sampling: Sampling = Sampling()
    schema: Mapping[str, Any] | None = None
    grammar: Grammar | None = None
    choices: tuple[str, ...] = ()
    copies: bool = False
    priority: int = 0


class FinishReason(StrEnum):
    """Why an answer ended."""

    STOP = "stop"
    LENGTH = "length"


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of an answer. The last one of a stream has `finish_reason` and `usage`, and may have no text.

    `chances`: on the last one, where the request has choices: how likely the model finds each of them, among them (they
    sum to 1), at temperature 1. A server that tells no probabilities is taken at its word: 1.0 for what it chose. None
    where the answer is none of the choices, as it may be from a server that can't be held to them.
    """

    text: str = ""
    finish_reason: FinishReason | None = None
    usage: Usage | None = None
    chances: Mapping[str, float] | None = None


@dataclass(frozen=True, slots=True)
class TokenCount:
    """How many tokens a prompt takes. `exact` is False where the backend can only estimate."""

    tokens: int
    exact: bool = True


StatusListener = Callable[[EngineStatus], None]


class Engine(Protocol):
    """What the rest of the program knows of a backend."""

    @property
    def status(self) -> EngineStatus:
        """What it is doing now."""
        ...

    @property
    def model(self) -> ModelInfo:
        """The model it serves."""
        ...

    def subscribe(self, listener: StatusListener) -> Callable[[], None]:
        """Call `listener` on the event loop at every change of status; returns the function that ends it."""
        ...

    async def start(self) -> None:
        """Return when ready. Raises EngineStartError. After a failure, or a death, it may be called again."""
        ...

    def stream(self, request: Request) -> AsyncIterator[Chunk]:
        """Answer `request` piece by piece; closing the iterator (or cancelling its task) stops the tokens.

        Raises EngineNotReadyError, EngineDiedError, ContextOverflowError, RequestError.
        """
        ...

    async def count_tokens(self, messages: Sequence[Message]) -> TokenCount:
        """Tokens of the prompt that these messages become, chat template and answer header included."""
        ...

    async def stop(self) -> None:
        """End everything it started; the engine can be started again. Never raises, safe to call twice."""
        ...


class StatusBoard:
    """The status of one engine and who listens to it: the part that every backend shares."""

    def __init__(self) -> None:
        self._status = EngineStatus()
        self._listeners: list[StatusListener] = []

    @property
    def status(self) -> EngineStatus:
        """The latest status."""
        return self._status

    def subscribe(self, listener: StatusListener) -> Callable[[], None]:
        """See `Engine.subscribe`."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    def set(
        self,
        state: EngineState,
        activity: str = "",
        fraction: float | None = None,
        error: EngineError | None = None,
    ) -> None:
        """Change the status and tell the listeners. Only on the event loop."""
        since = self._status.since if state is self._status.state else time.monotonic()
        self._status = EngineStatus(state, activity, fraction, since, error)
        for listener in list(self._listeners):
            listener(self._status)

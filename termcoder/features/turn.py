"""One turn, from prompt to saved answer: the pipeline that send, retry, regenerate and `ask` share."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace

from termcoder import context
from termcoder.conversation import Attachment, Message, Turn, TurnState, Usage
from termcoder.engine.base import Chunk, Engine, FinishReason, Grammar, ModelInfo, Request, Sampling
from termcoder.errors import ContextOverflowError, TermcoderError
from termcoder.features.base import (
    AnswerReady,
    ContextReady,
    SaveFailed,
    TextDelta,
    TurnEvent,
    TurnFailed,
    TurnInterrupted,
    TurnSaved,
)

MIN_ANSWER_TOKENS = 512


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is asked: fixed `head`, droppable `history`, and `tail`, the question itself.

    `attachments` names the files that stand in the tail before the question. Of `history`, `drop_step` items go at a
    time. `grammar`, or `schema` (of JSON): what the answer can be.
    """

    head: tuple[Message, ...]
    history: tuple[context.ContextItem, ...]
    tail: tuple[Message, ...]
    attachments: tuple[Attachment, ...] = ()
    drop_step: int = 4
    grammar: Grammar | None = None
    schema: Mapping[str, object] | None = None


Save = Callable[[Turn], None]


async def run_turn(
    engine: Engine, turn: Turn, prompt: Prompt, sampling: Sampling, save: Save, cancel: asyncio.Event
) -> AsyncGenerator[TurnEvent, None]:
    """Answer `turn`. Every outcome is an event; the last is TurnSaved or SaveFailed.

    `save` is called (in a thread) when the turn begins and when it ends, however it ends. Setting
    `cancel` closes the engine's stream and keeps what came until then.
    """
    answer = _Answer(replace(turn, model=engine.model.name, seed=sampling.seed))
    begun = replace(answer.turn, state=TurnState.INTERRUPTED)
    outcome: TurnEvent
    try:
        early = await _saved(save, begun)
        if isinstance(early, SaveFailed):
            yield early
        fitted, ready = await fit_prompt(engine, prompt)
        yield ready
        request = Request(fitted.messages, sampling, schema=prompt.schema, grammar=prompt.grammar)
        async with aclosing(until(cancel, engine.stream(request))) as chunks:
            async for chunk in chunks:
                answer.add(chunk)
                if chunk.text:
                    yield TextDelta(chunk.text)
        outcome = answer.outcome()
    except TermcoderError as error:
        outcome = TurnFailed(answer.ended(TurnState.FAILED, str(error)), error)
    except (asyncio.CancelledError, GeneratorExit):
        with suppress(TermcoderError):
            save(answer.ended(TurnState.INTERRUPTED))
        raise
    yield outcome
    yield await _saved(save, outcome.turn)


async def until(cancel: asyncio.Event, stream: AsyncIterator[Chunk]) -> AsyncGenerator[Chunk, None]:
    """The chunks of `stream` until it ends or `cancel` is set; closes the stream in either case."""
    stopped = asyncio.ensure_future(cancel.wait())
    try:
        while not cancel.is_set():
            step = asyncio.ensure_future(anext(stream))
            try:
                await asyncio.wait({step, stopped}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                if not step.done():
                    step.cancel()
                    with suppress(asyncio.CancelledError, StopAsyncIteration):
                        await step
            if step.cancelled():
                return
            try:
                yield step.result()
            except StopAsyncIteration:
                return
    finally:
        stopped.cancel()
        close = getattr(stream, "aclose", None)
        if close is not None:
            await close()


def prompt_budget(model: ModelInfo) -> int:
    """The tokens that a prompt may take beside an answer; without end where the context isn't known."""
    room = model.context_tokens
    return room - min(MIN_ANSWER_TOKENS, room // 4) if room else 1 << 62


async def count_prompt(engine: Engine, messages: Sequence[Message]) -> int:
    """Tokens of a prompt as a plain number."""
    return (await engine.count_tokens(messages)).tokens


async def fit_prompt(engine: Engine, prompt: Prompt) -> tuple[context.Fitted, ContextReady]:
    """Make `prompt` fit the engine's context. Raises ContextOverflowError where the question alone doesn't."""
    room = engine.model.context_tokens
    budget = prompt_budget(engine.model)
    fitted = await context.fit(
        prompt.head,
        prompt.history,
        prompt.tail,
        budget,
        lambda messages: count_prompt(engine, messages),
        prompt.drop_step,
    )
    if fitted.tokens > budget:
        raise ContextOverflowError(
            f"This question with its files takes {fitted.tokens:,} tokens, and {budget:,} fit beside an answer.",
            remedy="Attach fewer files, or only some lines of one: @file.py:10-80.",
        )
    exact = (await engine.count_tokens(fitted.messages)).exact
    return fitted, ContextReady(fitted.tokens, room, exact, fitted.dropped)


async def _saved(save: Save, turn: Turn) -> TurnSaved | SaveFailed:
    try:
        await asyncio.to_thread(save, turn)
    except TermcoderError as error:
        return SaveFailed(turn, error)
    return TurnSaved(turn)


class _Answer:
    """The answer so far."""

    def __init__(self, turn: Turn) -> None:
        self.turn = turn
        self._pieces: list[str] = []
        self._usage = Usage()
        self._finish: FinishReason | None = None

    def outcome(self) -> AnswerReady | TurnInterrupted:
        if self._finish is None:
            return TurnInterrupted(self.ended(TurnState.INTERRUPTED))
        return AnswerReady(self.ended())

    def add(self, chunk: Chunk) -> None:
        self._pieces.append(chunk.text)
        self._usage = chunk.usage or self._usage
        self._finish = chunk.finish_reason or self._finish

    def ended(self, state: TurnState | None = None, error: str = "") -> Turn:
        if state is None:
            state = TurnState.LENGTH if self._finish is FinishReason.LENGTH else TurnState.COMPLETE
        return replace(self.turn, answer="".join(self._pieces), usage=self._usage, state=state, error=error)

"""One refactoring on its way: several answers at once, each checked as it comes, the first good one first."""

import asyncio
import secrets
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from termcoder.conversation import Message, Role
from termcoder.engine.base import Engine, FinishReason, Request, Sampling
from termcoder.errors import ContextOverflowError, TermcoderError
from termcoder.features.templating import sampling_of
from termcoder.features.turn import until
from termcoder.prompts import PromptTemplate
from termcoder.refactoring import asking
from termcoder.refactoring.asking import Question
from termcoder.refactoring.checking import Found, Proposal, proposal_of, renamed_as, with_answer
from termcoder.refactoring.extracting import Extraction
from termcoder.refactoring.renaming import local_names
from termcoder.refactoring.ruling import ONLY_A_NAME, extracted, free_name, ruled, to_extract
from termcoder.refactoring.selecting import Selection
from termcoder.settings import RefactorSettings

MADE_UP = "made up a secret"
NO_NAME = "gave no name"


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be done with which lines. `instruction`: what the user adds."""

    selection: Selection
    template: str
    instruction: str = ""

    @property
    def label(self) -> str:
        """What it does, for a list of changes."""
        return f"{self.template} {self.selection.name or self.selection.place}"


@dataclass(frozen=True, slots=True)
class RefactorStarted:
    """The model reads `tokens` tokens and gives `asked` answers. `notes`: what it is not shown."""

    tokens: int
    asked: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RefactorGrew:
    """What there is so far; `waiting` of `asked` answers are still being written, `tokens` were by now."""

    found: Found
    waiting: int
    asked: int
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class RefactorEnded:
    """Nothing more comes. `error` says why, where it ended early; `stopped` where the user ended it."""

    found: Found
    error: TermcoderError | None = None
    stopped: bool = False


RefactorEvent = RefactorStarted | RefactorGrew | RefactorEnded


@dataclass(frozen=True, slots=True)
class _Answer:
    text: str
    complete: bool
    tokens: int


class RefactorRun:
    """One refactoring by the model: made, then followed by its `events()` once."""

    def __init__(self, engine: Engine, job: Job, settings: RefactorSettings, cancel: asyncio.Event) -> None:
        self._engine = engine
        self._job = job
        self._settings = settings
        self._cancel = cancel
        self._seed = secrets.randbelow(2**31)
        self._found = Found()
        self._tokens = 0

    async def events(self) -> AsyncGenerator[RefactorEvent, None]:
        """Every outcome is an event; the last is `RefactorEnded`."""
        error = None
        try:
            async with aclosing(self._work()) as events:
                async for event in events:
                    yield event
        except TermcoderError as problem:
            error = problem
        yield RefactorEnded(self._found, error, self._cancel.is_set())

    async def _work(self) -> AsyncGenerator[RefactorEvent, None]:
        job = self._job
        proposal = await asyncio.to_thread(ruled, job.selection, job.template, job.instruction)
        if proposal is not None:
            self._found = Found((proposal,))
            return
        async with aclosing(await self._steps()) as events:
            async for event in events:
                yield event

    async def _steps(self) -> AsyncGenerator[RefactorEvent, None]:
        """What the model is needed for: a name, names, or the lines again."""
        selection, template = self._job.selection, self._job.template
        extraction = await asyncio.to_thread(to_extract, selection, template)
        if extraction is not None:
            return self._name(extraction)
        names = await asyncio.to_thread(local_names, selection) if template == "rename" else ()
        return self._rename(names) if names else self._write()

    # A name for what a rule made

    async def _name(self, extraction: Extraction) -> AsyncGenerator[RefactorEvent, None]:
        request = asking.naming(extraction, self._job.instruction)
        yield RefactorStarted((await self._engine.count_tokens(request.messages)).tokens, 1)
        answer = await self._answer(request)
        name = answer.text.strip().strip("`'\"().").lower()
        if self._cancel.is_set() and not answer.complete:
            return
        proposal = extracted(extraction, free_name(extraction, name), ONLY_A_NAME) if name else NO_NAME
        self._found = with_answer(self._found, proposal)
        yield RefactorGrew(self._found, 0, 1, answer.tokens)

    # The lines again

    async def _write(self) -> AsyncGenerator[RefactorEvent, None]:
        template = asking.template_named(self._job.template)
        asked, sampling, started = await self._fitted(template)
        yield started
        numbers = range(started.asked)
        requests = [asking.request_of(asked, self._drawn(sampling, number)) for number in numbers]
        async with aclosing(self._followed(requests, partial(_checked, asked, self._job))) as events:
            async for event in events:
                yield event

    async def _rename(self, names: Sequence[str]) -> AsyncGenerator[RefactorEvent, None]:
        """Better names by the model, given by the rule."""
        job = self._job
        asked = await asyncio.to_thread(asking.better_names, job.selection, names, job.instruction)
        tokens = (await self._engine.count_tokens(asked.messages)).tokens
        yield (started := self._started(asked, tokens, context=True))
        sampling = Sampling(self._settings.temperature, 0.95)
        requests = [
            asking.names_request(asked, names, self._drawn(sampling, number)) for number in range(started.asked)
        ]
        async with aclosing(self._followed(requests, partial(_named, names, job.selection))) as events:
            async for event in events:
                yield event

    async def _followed(
        self, requests: Sequence[Request], check: Callable[[_Answer], Proposal | str]
    ) -> AsyncGenerator[RefactorEvent, None]:
        """All answers at once, each checked (in a thread) as it comes."""
        count = len(requests)
        writers = [asyncio.create_task(self._answer(request)) for request in requests]
        try:
            for number, done in enumerate(asyncio.as_completed(writers), 1):
                answer = await done
                self._tokens += answer.tokens
                if self._cancel.is_set() and not answer.complete:
                    break
                self._found = with_answer(self._found, await asyncio.to_thread(check, answer))
                yield RefactorGrew(self._found, count - number, count, self._tokens)
        finally:
            await _ended(writers)

    def _drawn(self, sampling: Sampling, number: int) -> Sampling:
        """The first answer is the likeliest one, those after it are to differ."""
        temperature = sampling.temperature if number == 0 else self._settings.sample_temperature
        return replace(sampling, temperature=temperature, seed=self._seed + number)

    async def _fitted(self, template: PromptTemplate) -> tuple[Question, Sampling, RefactorStarted]:
        """The question as it fits the model's context. Raises ContextOverflowError."""
        job, room = self._job, self._engine.model.context_tokens or 1 << 62
        for context in (True, False):
            asked = await asyncio.to_thread(asking.question, job.selection, template, job.instruction, context=context)
            tokens = (await self._engine.count_tokens(asked.messages)).tokens
            code = (await self._engine.count_tokens((Message(Role.USER, asked.code),))).tokens
            answer = template.sampling.max_tokens or 96 + 7 * code // 4
            if tokens + answer <= room:
                return asked, self._sampling(template, answer), self._started(asked, tokens, context=context)
        raise ContextOverflowError(
            f"{job.selection.place} takes {tokens:,} tokens to read and up to {answer:,} to write again, "
            f"and {room:,} fit.",
            remedy="Choose fewer lines: a function by its name, as app.py:name.",
        )

    def _sampling(self, template: PromptTemplate, most: int) -> Sampling:
        return sampling_of(template, Sampling(self._settings.temperature, 0.95, most))

    def _started(self, asked: Question, tokens: int, *, context: bool) -> RefactorStarted:
        hidden = asked.secrets.count
        notes = [f"{hidden} secret{'s were' if hidden > 1 else ' was'} hidden from the model"] if hidden else []
        notes += [] if context else ["what is around the lines was not shown to the model: it doesn't fit"]
        return RefactorStarted(tokens, max(1, self._settings.samples), tuple(notes))

    async def _answer(self, request: Request) -> _Answer:
        text, tokens, finish = "", 0, None
        async with aclosing(until(self._cancel, self._engine.stream(request))) as chunks:
            async for chunk in chunks:
                text += chunk.text
                finish = chunk.finish_reason or finish
                tokens = chunk.usage.completion_tokens if chunk.usage else tokens
        return _Answer(text, finish is FinishReason.STOP, tokens)


def _checked(asked: Question, job: Job, answer: _Answer) -> Proposal | str:
    text = asked.restored(answer.text)
    if text is None:
        return MADE_UP
    return proposal_of(text, job.selection, job.template, complete=answer.complete)


def _named(names: Sequence[str], selection: Selection, answer: _Answer) -> Proposal | str:
    changes = asking.names_in(answer.text, names)
    return renamed_as(selection, changes) if changes else NO_NAME


async def _ended(tasks: Sequence["asyncio.Task[Any]"]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

"""The pipeline of one turn, on the scripted engine."""

import asyncio
from collections.abc import Sequence

import pytest

from termcoder.context import ContextItem
from termcoder.conversation import Message, Role, Turn, TurnState
from termcoder.engine.base import Sampling
from termcoder.engine.scripted import Script, ScriptedEngine
from termcoder.errors import ContextOverflowError, EngineDiedError, SessionError
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
from termcoder.features.turn import Prompt, run_turn

TURN = Turn("t1", "Why?")


def prompt(question: str = "Why?", history: Sequence[ContextItem] = ()) -> Prompt:
    return Prompt((Message(Role.SYSTEM, "Be brief."),), tuple(history), (Message(Role.USER, question),))


async def started(script: Script) -> ScriptedEngine:
    engine = ScriptedEngine(script)
    await engine.start()
    return engine


class Run:
    """One turn: its events and what was saved."""

    def __init__(self) -> None:
        self.saved: list[Turn] = []
        self.events: list[TurnEvent] = []
        self.cancel = asyncio.Event()

    async def of(self, engine: ScriptedEngine, asked: Prompt, cancel_at: int | None = None) -> "Run":
        async for event in run_turn(engine, TURN, asked, Sampling(seed=7), self.saved.append, self.cancel):
            self.events.append(event)
            if cancel_at is not None and len(self.text) >= cancel_at:
                self.cancel.set()
        return self

    @property
    def text(self) -> str:
        return "".join(event.text for event in self.events if isinstance(event, TextDelta))


async def test_an_answer_is_streamed_then_saved_whole() -> None:
    run = await Run().of(await started(Script(replies=["Because of the rain."])), prompt())
    assert run.text == "Because of the rain."
    assert [type(event) for event in run.events if not isinstance(event, TextDelta)] == [
        ContextReady,
        AnswerReady,
        TurnSaved,
    ]
    final = run.saved[-1]
    assert (final.answer, final.state, final.seed) == ("Because of the rain.", TurnState.COMPLETE, 7)
    assert final.usage.completion_tokens == 5


async def test_the_question_is_saved_before_the_first_token() -> None:
    run = await Run().of(await started(Script(replies=["Yes."])), prompt())
    assert run.saved[0].state is TurnState.INTERRUPTED
    assert run.saved[0].question == "Why?"


async def test_cancel_keeps_what_came_and_the_engine_serves_the_next() -> None:
    engine = await started(Script(replies=["one two three four five six seven eight"], tokens_per_second=200))
    run = await Run().of(engine, prompt(), cancel_at=5)
    assert isinstance(run.events[-2], TurnInterrupted)
    assert run.saved[-1].state is TurnState.INTERRUPTED
    assert run.saved[-1].answer == run.text
    assert 0 < len(run.text) < 30
    again = await Run().of(engine, prompt())
    assert isinstance(again.events[-2], AnswerReady)


async def test_a_death_keeps_what_came_and_says_why() -> None:
    run = await Run().of(await started(Script(replies=["one two three four"], dies_after=2)), prompt())
    failed = run.events[-2]
    assert isinstance(failed, TurnFailed)
    assert isinstance(failed.error, EngineDiedError)
    assert run.saved[-1].answer == "one two"
    assert run.saved[-1].error == str(failed.error)


async def test_old_turns_are_left_out_by_name_when_the_context_is_full() -> None:
    history = [
        ContextItem(f"turn {n}", (Message(Role.USER, "word " * 40), Message(Role.ASSISTANT, "yes")))
        for n in range(1, 9)
    ]
    run = await Run().of(await started(Script(replies=["ok"], context_tokens=300)), prompt(history=history))
    ready = next(event for event in run.events if isinstance(event, ContextReady))
    assert ready.dropped == ("turn 1", "turn 2", "turn 3", "turn 4")
    assert ready.prompt_tokens <= 300


async def test_a_question_that_cannot_fit_is_refused_before_it_is_sent() -> None:
    engine = await started(Script(replies=["ok"], context_tokens=100))
    run = await Run().of(engine, prompt("word " * 200))
    failed = run.events[-2]
    assert isinstance(failed, TurnFailed)
    assert isinstance(failed.error, ContextOverflowError)
    assert engine.requests == []


async def test_a_failing_disk_is_told_and_the_answer_is_shown_all_the_same() -> None:
    def refuse(turn: Turn) -> None:
        raise SessionError("The disk is full.")

    engine = await started(Script(replies=["fine"]))
    events = [event async for event in run_turn(engine, TURN, prompt(), Sampling(), refuse, asyncio.Event())]
    assert isinstance(events[0], SaveFailed)
    assert isinstance(events[-1], SaveFailed)
    assert any(isinstance(event, AnswerReady) for event in events)


async def test_a_task_that_is_cancelled_still_saves_the_partial_answer() -> None:
    engine = await started(Script(replies=["one two three four"], tokens_per_second=50))
    run = Run()
    task = asyncio.create_task(run.of(engine, prompt()))
    while not run.text:
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert run.saved[-1].state is TurnState.INTERRUPTED
    assert run.saved[-1].answer.startswith("one")

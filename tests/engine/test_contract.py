"""What every backend promises, tested on each: scripted, a real server on loopback, the model in the program."""

import asyncio
import contextlib
import itertools
import json
import re
import threading
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import jsonschema
import pytest
import pytest_asyncio

from termcoder.conversation import Message, Role, Usage
from termcoder.engine.base import Chunk, Engine, EngineState, FinishReason, Grammar, Request, Sampling
from termcoder.errors import ContextOverflowError, EngineNotReadyError, RequestError
from tests.engine.backends import BACKENDS, CONTEXT_TOKENS, Backend

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(400)]

QUESTION = (Message(Role.SYSTEM, "You are terse."), Message(Role.USER, "Say hello to the three of us."))
LONG_QUESTION = (Message(Role.USER, "Tell a long story about a compiler. " * 30),)
SEEDED = Sampling(temperature=1.0, max_tokens=16, seed=5)
SCHEMA = {
    "type": "object",
    "properties": {
        "severity": {"enum": ["low", "high"]},
        "lines": {"type": "array", "items": {"enum": [3, 7]}, "minItems": 1, "maxItems": 2},
        "certain": {"type": "boolean"},
    },
    "required": ["severity", "lines", "certain"],
    "additionalProperties": False,
}

GRAMMAR = Grammar(
    'root ::= "Place: " place "\\nWhy: " why "\\n"\nplace ::= "app.py:3" | "db.py:7"\nwhy ::= [a-z ]{3,40}\n',
    "Place: db.py:7\nWhy: it is so\n",
)


@pytest_asyncio.fixture(loop_scope="session", scope="session", params=list(BACKENDS))
async def backend(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Backend]:
    folder = tmp_path_factory.mktemp(request.param)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(folder))
        for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
            patch.setenv(name, str(folder / name))
        async with BACKENDS[request.param](folder) as made:
            await made.start()
            yield made
            await made.engine.stop()


@pytest.fixture
def engine(backend: Backend) -> Engine:
    return backend.engine


async def chunks_of(engine: Engine, request: Request) -> list[Chunk]:
    return [chunk async for chunk in engine.stream(request)]


async def answer(engine: Engine, request: Request) -> tuple[str, FinishReason, Usage]:
    chunks = await chunks_of(engine, request)
    assert chunks[-1].finish_reason is not None
    assert chunks[-1].usage is not None
    return "".join(chunk.text for chunk in chunks), chunks[-1].finish_reason, chunks[-1].usage


async def until_idle(backend: Backend) -> None:
    async with asyncio.timeout(60):
        while await backend.running() > 0:
            await asyncio.sleep(0.02)


async def test_a_start_tells_what_it_does_on_the_event_loop(backend: Backend) -> None:
    told = [status for status, _ in backend.statuses]
    assert {status.state for status in told[:-1]} == {EngineState.STARTING}
    assert all(status.activity for status in told[:-1])
    assert all(status.fraction is None or 0.0 <= status.fraction <= 1.0 for status in told)
    assert len({status.since for status in told[:-1]}) == 1, "the state began once"
    assert told[-1].state is EngineState.READY
    assert told[-1].error is None
    assert {thread for _, thread in backend.statuses} == {threading.get_ident()}


async def test_it_knows_its_model(engine: Engine) -> None:
    assert engine.model.name
    assert engine.model.context_tokens == CONTEXT_TOKENS


async def test_starting_a_started_engine_changes_nothing(engine: Engine) -> None:
    before = engine.status
    await engine.start()
    assert engine.status == before


async def test_an_answer_comes_in_pieces_and_ends_with_its_usage(engine: Engine) -> None:
    chunks = await chunks_of(engine, Request(QUESTION, SEEDED))
    assert len([chunk for chunk in chunks if chunk.text]) > 1
    assert all(chunk.finish_reason is None and chunk.usage is None for chunk in chunks[:-1])
    assert chunks[-1].finish_reason is not None
    assert chunks[-1].usage is not None


async def test_usage_is_exact(engine: Engine) -> None:
    counted = await engine.count_tokens(QUESTION)
    _, reason, usage = await answer(engine, Request(QUESTION, Sampling(temperature=0.0, max_tokens=6)))
    assert counted.exact
    assert usage.prompt_tokens == counted.tokens
    assert reason is FinishReason.LENGTH
    assert usage.completion_tokens == 6
    assert usage.total_tokens == counted.tokens + 6
    assert usage.seconds >= 0
    assert usage.first_token_seconds >= 0


async def test_the_count_takes_in_the_whole_prompt(engine: Engine) -> None:
    one = await engine.count_tokens(QUESTION[1:])
    both = await engine.count_tokens((*QUESTION, Message(Role.ASSISTANT, "Hello."), Message(Role.USER, "Again?")))
    assert 0 < one.tokens < both.tokens


async def test_the_prefix_cache_shows_in_the_usage(backend: Backend) -> None:
    request = Request(LONG_QUESTION, Sampling(temperature=0.0, max_tokens=1))
    usages = [(await answer(backend.engine, request))[2] for _ in range(2)]
    assert all(0 <= usage.cached_tokens < usage.prompt_tokens for usage in usages)
    assert (usages[1].cached_tokens > 0) == backend.has_prefix_cache


async def test_a_seed_gives_the_same_text_again(engine: Engine) -> None:
    first, _, _ = await answer(engine, Request(QUESTION, SEEDED))
    second, _, _ = await answer(engine, Request(QUESTION, SEEDED))
    assert first
    assert first == second


async def test_a_stop_text_ends_the_answer_before_it(engine: Engine) -> None:
    whole, _, _ = await answer(engine, Request(QUESTION, SEEDED))
    stop = whole[len(whole) // 2 :][:3]
    sampling = replace(SEEDED, stop=("\0never", stop))
    text, reason, _ = await answer(engine, Request(QUESTION, sampling))
    assert text == whole[: whole.index(stop)]
    assert reason is FinishReason.STOP


async def test_an_answer_under_a_schema_validates(engine: Engine) -> None:
    request = Request(QUESTION, Sampling(temperature=0.7, max_tokens=80, seed=1), schema=SCHEMA)
    text, reason, _ = await answer(engine, request)
    jsonschema.validate(json.loads(text), SCHEMA)
    assert reason is FinishReason.STOP


async def test_a_long_prompt_with_a_seed_is_answered_alike_each_time(engine: Engine) -> None:
    words = " ".join(f"w{number}" for number in range(150))
    for attempt in ("first", "second"):  # another beginning each time: nothing of it is cached
        asked = (Message(Role.USER, f"{attempt} {words} Say hello."),)
        request = Request(asked, Sampling(temperature=1.0, max_tokens=6, seed=11))
        once, _, usage = await answer(engine, request)
        assert usage.prompt_tokens > 150
        again, _, _ = await answer(engine, request)
        assert (once, bool(once)) == (again, True)


async def test_an_answer_that_copies_its_prompt_is_the_same_with_guesses(engine: Engine) -> None:
    code = "\n".join(f"def f{number}(a):\n    return a + {number}" for number in range(8))
    asked = (Message(Role.USER, f"Repeat this code:\n{code}"),)
    sampling = Sampling(temperature=0.0, max_tokens=60)
    plain, _, _ = await answer(engine, Request(asked, sampling))
    guessed, _, usage = await answer(engine, Request(asked, sampling, copies=True))
    assert guessed == plain
    assert usage.completion_tokens <= 60


async def test_an_answer_under_a_grammar_keeps_it(engine: Engine) -> None:
    request = Request(QUESTION, Sampling(temperature=1.0, max_tokens=80, seed=1), grammar=GRAMMAR)
    text, reason, _ = await answer(engine, request)
    assert reason is FinishReason.STOP
    assert re.fullmatch(r"Place: (app\.py:3|db\.py:7)\nWhy: [a-z ]{3,40}\n", text)


async def test_a_schema_that_is_none_is_refused(engine: Engine) -> None:
    with pytest.raises(RequestError):
        await chunks_of(engine, Request(QUESTION, SEEDED, schema={"type": "no such type"}))
    assert engine.status.state is EngineState.READY


def one_word(word: str, *choices: str, **changes: Any) -> Request:
    return Request((Message(Role.USER, f"Repeat after me: {word}"),), choices=choices or ("apple", "stone"), **changes)


async def chosen(engine: Engine, request: Request) -> tuple[str, dict[str, float]]:
    chunks = await chunks_of(engine, request)
    assert all(chunk.chances is None and chunk.finish_reason is None for chunk in chunks[:-1])
    last = chunks[-1]
    assert last.finish_reason is FinishReason.STOP
    assert last.usage is not None
    assert last.usage.completion_tokens >= 1
    assert last.chances is not None
    assert tuple(last.chances) == request.choices
    assert sum(last.chances.values()) == pytest.approx(1.0)
    text = "".join(chunk.text for chunk in chunks)
    assert last.chances[text] == max(last.chances.values())
    return text, dict(last.chances)


@pytest.mark.parametrize("choices", [("yes", "no"), ("holds", "refuted", "unsure"), ("only",)])
async def test_an_answer_with_choices_is_one_of_them(engine: Engine, choices: tuple[str, ...]) -> None:
    text, _ = await chosen(engine, Request(QUESTION, choices=choices))
    assert text in choices


@pytest.mark.parametrize("word", ["apple", "stone"])
async def test_an_easy_choice_is_right_and_quite_sure(backend: Backend, word: str) -> None:
    text, chances = await chosen(backend.engine, one_word(word))
    if backend.thinks:
        assert text == word
        assert chances[word] > 0.9


async def test_chances_do_not_depend_on_how_an_answer_is_drawn(engine: Engine) -> None:
    ways = [Sampling(temperature=0.0), Sampling(1.5, 0.5, seed=3), Sampling(max_tokens=1, stop=("a", "s"))]
    found = [await chosen(engine, one_word("stone", sampling=way)) for way in ways]
    assert found[1] == (found[0][0], pytest.approx(found[0][1], abs=0.02))
    assert found[2] == (found[0][0], pytest.approx(found[0][1], abs=0.02))


async def test_many_choices_at_once_beside_other_answers(engine: Engine) -> None:
    code = "\n".join(f"def f{number}(a):\n    return a + {number}" for number in range(6))
    others = [
        Request(QUESTION, Sampling(temperature=0.0, max_tokens=24)),
        Request(
            (Message(Role.USER, f"Repeat this code:\n{code}"),), Sampling(temperature=0.0, max_tokens=40), copies=True
        ),
    ]
    asked = [one_word("stone", *choices) for choices in (("stone", "apple"), ("apple", "stone", "glass"))]
    alone = [await chosen(engine, request) for request in asked]
    answers = [asyncio.create_task(answer(engine, request)) for request in others]
    rounds = [await asyncio.gather(*(chosen(engine, request) for request in (*asked, *asked))) for _ in range(5)]
    for found in rounds:
        for (text, chances), (text_alone, chances_alone) in zip(found, alone * 2, strict=True):
            assert text == text_alone
            assert chances == pytest.approx(chances_alone, abs=0.02)
    for request, task in zip(others, answers, strict=True):
        assert (await task)[2].completion_tokens <= (request.sampling.max_tokens or 0)


async def test_a_long_prompt_can_end_in_a_choice(engine: Engine) -> None:
    words = " ".join(f"w{number}" for number in range(150))
    request = Request((Message(Role.USER, f"{words} Repeat after me: stone"),), choices=("apple", "stone"))
    once, again = [await chosen(engine, request) for _ in range(2)]  # what was read is in the cache then
    assert once == (again[0], pytest.approx(again[1], abs=0.02))


async def test_a_choice_can_be_cancelled(backend: Backend) -> None:
    task = asyncio.create_task(chunks_of(backend.engine, Request(LONG_QUESTION, choices=("yes", "no"))))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until_idle(backend)
    await chosen(backend.engine, one_word("stone"))


@pytest.mark.parametrize(
    "wrong", [Request(QUESTION, choices=("a", "a")), Request(QUESTION, choices=("a", "b"), schema=SCHEMA)]
)
async def test_choices_that_are_none_are_refused(engine: Engine, wrong: Request) -> None:
    with pytest.raises(RequestError):
        await chunks_of(engine, wrong)
    assert engine.status.state is EngineState.READY


async def test_several_are_answered_at_once(engine: Engine) -> None:
    came: list[int] = []

    async def ask(number: int) -> tuple[str, int]:
        text, tokens = "", 0
        question = (Message(Role.USER, f"Say hello to number {number}."),)
        async for chunk in engine.stream(Request(question, Sampling(temperature=0.0, max_tokens=16))):
            came.append(number)
            text, tokens = text + chunk.text, chunk.usage.completion_tokens if chunk.usage else 0
        return text, tokens

    answers = await asyncio.gather(*(ask(number) for number in range(3)))
    assert all(text and tokens == 16 for text, tokens in answers)
    turns = sum(one != other for one, other in itertools.pairwise(came))
    assert turns > 2, "one was answered after the other"


async def test_closing_the_iterator_stops_the_tokens(backend: Backend) -> None:
    engine = backend.engine
    async with contextlib.aclosing(engine.stream(Request(LONG_QUESTION, Sampling(temperature=0.0)))) as chunks:
        first = await anext(chunks)
        assert first.finish_reason is None
    with pytest.raises(StopAsyncIteration):
        await anext(chunks)
    produced = await backend.produced()
    _, _, usage = await answer(engine, Request(QUESTION, SEEDED))
    await until_idle(backend)
    assert await backend.produced() - produced <= usage.completion_tokens + 20, "it went on after it was closed"


async def test_cancelling_the_task_stops_the_tokens(backend: Backend) -> None:
    engine, began = backend.engine, asyncio.Event()

    async def read() -> None:
        async for chunk in engine.stream(Request(LONG_QUESTION, Sampling(temperature=0.0))):
            assert chunk.finish_reason is None, "it was not cancelled in time"
            began.set()

    task = asyncio.create_task(read())
    await began.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until_idle(backend)
    assert (await answer(engine, Request(QUESTION, SEEDED)))[0]


async def test_one_cancelled_answer_leaves_the_others_whole(engine: Engine) -> None:
    sampling = Sampling(temperature=0.0, max_tokens=12)
    other = asyncio.create_task(answer(engine, Request(QUESTION, sampling)))
    async with contextlib.aclosing(engine.stream(Request(LONG_QUESTION))) as chunks:
        await anext(chunks)
    assert (await other)[2].completion_tokens == 12


async def test_a_prompt_longer_than_the_context_is_refused(engine: Engine) -> None:
    question = (Message(Role.USER, "word " * (CONTEXT_TOKENS + 10)),)
    with pytest.raises(ContextOverflowError) as caught:
        await chunks_of(engine, Request(question))
    assert caught.value.remedy
    assert engine.status.state is EngineState.READY


async def test_an_answer_fills_no_more_than_the_context(engine: Engine) -> None:
    words = 10
    while (await engine.count_tokens((Message(Role.USER, "word " * (words + 10)),))).tokens < CONTEXT_TOKENS - 20:
        words += 10
    request = Request((Message(Role.USER, "word " * words),), Sampling(temperature=0.0, max_tokens=CONTEXT_TOKENS))
    _, _, usage = await answer(engine, request)
    assert usage.total_tokens <= CONTEXT_TOKENS


async def test_before_a_start_nothing_is_answered(backend: Backend) -> None:
    engine = backend.make()
    assert engine.status.state is EngineState.STOPPED
    with pytest.raises(EngineNotReadyError):
        await chunks_of(engine, Request(QUESTION))
    with pytest.raises(EngineNotReadyError):
        await engine.count_tokens(QUESTION)
    await engine.stop()
    assert engine.status.state is EngineState.STOPPED


async def test_after_a_stop_it_starts_again(backend: Backend) -> None:
    """The last one: every engine but this test's is expensive to start."""
    engine, states, deaf = backend.engine, [], []
    unsubscribe = engine.subscribe(lambda status: states.append(status.state))
    engine.subscribe(deaf.append)()
    await engine.stop()
    await engine.stop()
    assert states == [EngineState.STOPPED]
    with pytest.raises(EngineNotReadyError):
        await chunks_of(engine, Request(QUESTION))
    with pytest.raises(EngineNotReadyError):
        await engine.count_tokens(QUESTION)
    await engine.start()
    assert set(states[1:-1]) == {EngineState.STARTING}
    assert states[-1] is EngineState.READY
    unsubscribe()
    unsubscribe()
    assert (await answer(engine, Request(QUESTION, SEEDED)))[0]
    assert deaf == []

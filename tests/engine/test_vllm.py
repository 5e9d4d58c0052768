"""What the engine inside the program does beyond the contract: starts, ends, deaths, and what it leaves behind."""

import asyncio
import json
import math
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psutil
import pytest
import pytest_asyncio

from termcoder import paths
from termcoder.conversation import Message, Role
from termcoder.engine.base import BACKGROUND, EngineState, EngineStatus, Request, Sampling
from termcoder.engine.choices import spellings
from termcoder.engine.vllm import VllmEngine
from termcoder.errors import (
    ContextOverflowError,
    EngineDiedError,
    EngineNotReadyError,
    EngineStartError,
    RequestError,
)
from termcoder.settings import EngineSettings
from tests.engine.backends import MODEL, MODEL_NAME, require_model

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(400)]

WHOLE = {"max_logprobs": -1}  # the probabilities of all tokens may be asked for
SETTINGS = EngineSettings(context_tokens=1024, kv_cache_gib=0.25, max_streams=4, extra=WHOLE)
LONG = Request((Message(Role.USER, "Count to a thousand."),), Sampling(temperature=1.0, max_tokens=900))
SHORT = Request((Message(Role.USER, "Say hello."),), Sampling(temperature=0.0, max_tokens=3))
REPOSITORY = Path(__file__).parents[2]


def make() -> VllmEngine:
    require_model()
    return VllmEngine(MODEL, MODEL_NAME, SETTINGS)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[VllmEngine]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        engine = make()
        yield engine
        await engine.stop()


@pytest_asyncio.fixture(loop_scope="module")
async def engine(shared: VllmEngine) -> VllmEngine:
    """A started engine: the same one in every test that leaves it alive."""
    await shared.start()
    return shared


async def collect(engine: VllmEngine, request: Request) -> str:
    return "".join([chunk.text async for chunk in engine.stream(request)])


async def until_gone(pid: int) -> None:
    async with asyncio.timeout(30):
        while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
            await asyncio.sleep(0.02)


async def until(engine: VllmEngine, state: EngineState) -> EngineStatus:
    changed = asyncio.Event()
    unsubscribe = engine.subscribe(lambda _: changed.set())
    async with asyncio.timeout(60):
        while engine.status.state is not state:
            changed.clear()
            await changed.wait()
    unsubscribe()
    return engine.status


async def test_nothing_listens_on_the_network(engine: VllmEngine) -> None:
    for pid in (engine.core_pid, os.getpid()):
        listening = [c for c in psutil.Process(pid).net_connections("inet") if c.status == psutil.CONN_LISTEN]
        assert listening == []


async def test_signs_of_several_bytes_come_whole(engine: VllmEngine) -> None:
    text = "naïve 猫 🐈 日本語 🇫🇷"
    request = Request(SHORT.messages, Sampling(temperature=0.0, max_tokens=200), schema={"enum": [text]})
    pieces = [chunk.text async for chunk in engine.stream(request)]
    assert len(pieces) > 3
    assert json.loads("".join(pieces)) == text
    assert not any("\ufffd" in piece for piece in pieces)


async def test_a_closed_answer_leaves_no_request(engine: VllmEngine) -> None:
    answer = engine.stream(LONG)
    await anext(answer)
    assert engine.running_requests == 1
    await answer.aclose()
    assert engine.running_requests == 0


async def test_several_answers_at_once_are_those_asked_for(engine: VllmEngine) -> None:
    words = ["ash", "birch", "cedar", "oak"]
    requests = [Request(SHORT.messages, Sampling(max_tokens=50), schema={"const": word}) for word in words]
    texts = await asyncio.gather(*(collect(engine, request) for request in requests))
    assert [json.loads(text) for text in texts] == words


async def whole_distribution(engine: VllmEngine, request: Request) -> dict[str, float]:
    """The probability of each choice in all its spellings, from those of every token there is."""
    from vllm import SamplingParams

    assert engine._served is not None
    prompt = {"prompt_token_ids": engine._served.encoder.encode(request.messages)}
    outputs = engine._served.llm.generate(prompt, SamplingParams(max_tokens=1, logprobs=-1), "whole")
    (told,) = [output async for output in outputs][-1].outputs[0].logprobs
    by_text = {token.decoded_token: math.exp(token.logprob) for token in told.values()}
    found = {choice: sum(by_text.get(text, 0.0) for text in spellings(choice)) for choice in request.choices}
    return {choice: value / sum(found.values()) for choice, value in found.items()}


async def test_chances_are_those_of_the_whole_distribution(engine: VllmEngine) -> None:
    request = Request((Message(Role.USER, "Is the sky blue? Answer yes or no."),), choices=("yes", "no"))
    chunks = [chunk async for chunk in engine.stream(request)]
    assert chunks[-1].chances == pytest.approx(await whole_distribution(engine, request), abs=1e-3)


async def test_choices_that_begin_alike_are_refused(engine: VllmEngine) -> None:
    with pytest.raises(RequestError, match="begin alike"):
        await collect(engine, Request(SHORT.messages, choices=("app.py:3", "app.py:7")))


async def test_an_urgent_question_goes_before_all_that_is_under_way(engine: VllmEngine) -> None:
    made, busy = 0, asyncio.Event()

    async def write(number: int) -> str:
        nonlocal made
        text, question = "", (Message(Role.USER, f"Count from {number} to a thousand."),)
        request = Request(question, Sampling(temperature=0.0, max_tokens=24), priority=BACKGROUND)
        async for chunk in engine.stream(request):
            text, made = text + chunk.text, made + 1
            if made >= 2 * SETTINGS.max_streams:
                busy.set()
        return text

    alone = await write(1)
    made = 0
    tasks = [asyncio.create_task(write(number)) for number in range(1, 9)]
    await busy.wait()
    before = made
    async for _ in engine.stream(Request(SHORT.messages, Sampling(temperature=0.0, max_tokens=6))):
        pass
    assert made - before <= 2 * SETTINGS.max_streams, "no more than the steps that were being made"
    assert (await asyncio.gather(*tasks))[0] == alone, "it goes on where it stood still"


async def test_without_a_limit_an_answer_may_fill_the_context(engine: VllmEngine) -> None:
    messages = (Message(Role.USER, "a b c d " * 240),)
    prompt = (await engine.count_tokens(messages)).tokens
    assert SETTINGS.context_tokens - 100 < prompt < SETTINGS.context_tokens
    schema = {"type": "array", "items": {"const": "on and on"}, "minItems": 100}
    chunks = [chunk async for chunk in engine.stream(Request(messages, Sampling(), schema))]
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.total_tokens == SETTINGS.context_tokens


async def test_a_prompt_too_long_is_refused_with_figures(engine: VllmEngine) -> None:
    with pytest.raises(ContextOverflowError, match=r"\d{4} tokens .* 1024"):
        await collect(engine, Request((Message(Role.USER, "far too long " * 900),)))


async def test_a_killed_core_ends_every_answer_and_a_start_brings_it_back(engine: VllmEngine) -> None:
    answers = [asyncio.create_task(collect(engine, LONG)) for _ in range(2)]
    while engine.running_requests < 2:
        await asyncio.sleep(0.01)
    core = engine.core_pid
    assert core is not None
    os.kill(core, signal.SIGKILL)
    for answer in answers:
        with pytest.raises(EngineDiedError, match="SIGKILL"):
            await answer
    status = await until(engine, EngineState.FAILED)
    assert isinstance(status.error, EngineDiedError)
    with pytest.raises(EngineNotReadyError):
        await collect(engine, SHORT)
    await engine.start()
    assert engine.core_pid != core
    assert await collect(engine, SHORT)


async def test_a_core_that_dies_idle_is_noticed(engine: VllmEngine) -> None:
    assert engine.core_pid is not None
    os.kill(engine.core_pid, signal.SIGSEGV)
    status = await until(engine, EngineState.FAILED)
    assert "SIGSEGV" in str(status.error)


async def test_stopping_ends_answers_and_the_core(engine: VllmEngine) -> None:
    core = engine.core_pid
    assert core is not None
    answer = asyncio.create_task(collect(engine, LONG))
    while not engine.running_requests:
        await asyncio.sleep(0.01)
    await engine.stop()
    await engine.stop()
    with pytest.raises(EngineNotReadyError):
        await answer
    assert engine.status.state is EngineState.STOPPED
    await until_gone(core)


@pytest.mark.parametrize("activity", ["importing vLLM", "loading weights", "warming up"])
async def test_a_start_can_be_stopped_at_any_point(shared: VllmEngine, activity: str) -> None:
    await shared.stop()
    seen: list[int | None] = []
    reached = asyncio.Event()

    def watch(status: EngineStatus) -> None:
        if status.activity == activity:
            seen.append(shared.core_pid)
            reached.set()

    unsubscribe = shared.subscribe(watch)
    starting = asyncio.create_task(shared.start())
    await asyncio.wait_for(reached.wait(), 120)
    unsubscribe()
    await shared.stop()
    with pytest.raises(EngineStartError, match="stopped"):
        await starting
    assert shared.status.state is EngineState.STOPPED
    assert seen[0] is not None
    await until_gone(seen[0])


async def test_a_cancelled_start_leaves_nothing(shared: VllmEngine) -> None:
    await shared.stop()
    starting = asyncio.create_task(shared.start())
    while shared.core_pid is None:
        await asyncio.sleep(0.01)
    core = shared.core_pid
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert shared.status.state is EngineState.STOPPED
    await until_gone(core)


async def test_a_damaged_model_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    require_model()
    broken = tmp_path / "broken"
    shutil.copytree(MODEL, broken)
    weights = broken / "model.safetensors"
    os.truncate(weights, weights.stat().st_size // 2)
    engine = VllmEngine(broken, "broken", SETTINGS)
    with pytest.raises(EngineStartError, match=r"could not be started: .*[Ss]afetensor"):
        await engine.start()
    assert engine.status.state is EngineState.FAILED
    assert isinstance(engine.status.error, EngineStartError)
    assert engine.core_pid is None


async def test_an_empty_folder_is_no_model(tmp_path: Path) -> None:
    engine = VllmEngine(tmp_path, "nothing", SETTINGS)
    with pytest.raises(EngineStartError, match=r"config\.json"):
        await engine.start()


@pytest.fixture
def program(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """A program with an engine, in a terminal-less process of its own."""
    require_model()
    command = [sys.executable, "-m", "tests.engine.programs", str(MODEL)]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=-1, stderr=-1, text=True) as process:
        yield process
        process.kill()


@pytest.mark.parametrize("activity", ["importing vLLM", "preparing memory"])
async def test_no_orphan_when_the_program_is_killed(program: "subprocess.Popen[str]", activity: str) -> None:
    assert program.stdout is not None
    lines = iter(program.stdout.readline, "")
    core = next(said["core"] for said in map(json.loads, lines) if said["activity"] == activity)
    await kill_with_children(program, core)


async def kill_with_children(program: "subprocess.Popen[str]", core: int) -> None:
    children = psutil.Process(program.pid).children(recursive=True)
    program.kill()
    assert core in [child.pid for child in children]
    for child in children:
        await until_gone(child.pid)


async def test_a_killed_program_that_answers_leaves_no_orphan_and_nothing_else_wrote_to_its_output(
    program: "subprocess.Popen[str]",
) -> None:
    assert program.stdout is not None
    lines = iter(program.stdout.readline, "")
    said = map(json.loads, lines)  # every line is one of the program's own
    core = next(each["core"] for each in said if each["activity"] == "answering")
    await kill_with_children(program, core)
    assert program.communicate()[1] == ""
    log = paths.log_file().read_text()
    assert "INFO vllm.config.model: Resolved architecture" in log, "what vLLM says in the program"
    assert "INFO engine vllm.v1.engine.core: Initializing a V1 LLM engine" in log, "and in its child"

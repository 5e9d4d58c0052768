"""The scripted engine does what its script says, and the registry finds every backend."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from termcoder.conversation import Message, Role
from termcoder.engine.base import EngineState, FinishReason, Request, Sampling
from termcoder.engine.openai import OpenAIEngine
from termcoder.engine.registry import BACKENDS, factory_of, make_engine
from termcoder.engine.scripted import Script, ScriptedEngine, pieces_of
from termcoder.errors import EngineDiedError, EngineNotReadyError, EngineStartError, RequestError, SettingsError
from termcoder.settings import EngineSettings, ModelSettings, Settings


def ask(text: str = "Hello", **changes: object) -> Request:
    return Request((Message(Role.USER, text),), **changes)  # type: ignore[arg-type]


async def started(script: Script) -> ScriptedEngine:
    engine = ScriptedEngine(script)
    await engine.start()
    return engine


async def answer(engine: ScriptedEngine, request: Request | None = None) -> str:
    return "".join([chunk.text async for chunk in engine.stream(request or ask())])


@settings(deadline=None)
@given(st.text())
def test_pieces_join_to_the_text(text: str) -> None:
    assert "".join(pieces_of(text)) == text
    assert all(pieces_of(text))


def test_a_piece_is_a_word_or_a_sign() -> None:
    assert pieces_of("def f(x):\n    return 1 ") == ["def", " f", "(", "x", ")", ":", "\n    return", " 1", " "]


async def test_listed_replies_come_in_order_and_again() -> None:
    engine = await started(Script(["one", "two three"]))
    assert [await answer(engine) for _ in range(3)] == ["one", "two three", "one"]


async def test_a_function_replies_to_the_request() -> None:
    engine = await started(Script(lambda request: request.messages[-1].content.upper()))
    assert await answer(engine, ask("loud")) == "LOUD"
    assert [request.messages[0].content for request in engine.requests] == ["loud"]


async def test_unscripted_it_shows_the_question_in_whole_markdown() -> None:
    engine = await started(Script())
    text = await answer(engine, ask("What does\n```python\nx\n```\ndo?"))
    assert "What does" in text
    assert text.count("```") == 2


async def test_a_json_reply_is_kept_under_a_schema_and_another_replaced() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "integer", "minimum": 3}}, "required": ["a"]}
    engine = await started(Script(['{"a": 9}', "no JSON"]))
    assert [json.loads(await answer(engine, ask(schema=schema))) for _ in range(2)] == [{"a": 9}, {"a": 3}]
    with pytest.raises(RequestError):
        await answer(engine, ask(schema={"type": "string", "pattern": "x+"}))
        await answer(engine, ask(schema={"type": "string", "pattern": "x+"}))


async def chosen(engine: ScriptedEngine, *choices: str) -> tuple[str, object]:
    (*pieces, last) = [chunk async for chunk in engine.stream(ask(choices=choices))]
    assert last.finish_reason is FinishReason.STOP
    return "".join(chunk.text for chunk in pieces), last.chances


async def test_a_reply_that_means_a_choice_is_that_choice_and_another_the_first() -> None:
    engine = await started(Script(["No.", "what?"]))
    assert await chosen(engine, "yes", "no") == ("no", {"yes": 0.0, "no": 1.0})
    assert await chosen(engine, "yes", "no") == ("yes", {"yes": 1.0, "no": 0.0})


async def test_unscripted_it_chooses_the_first() -> None:
    assert await chosen(await started(Script()), "maybe so", "no") == ("maybe so", {"maybe so": 1.0, "no": 0.0})


async def test_chances_can_be_scripted() -> None:
    engine = await started(Script(chances=lambda request: {"no": 6.0, "yes": 2.0, "other": 9.0}))
    assert await chosen(engine, "yes", "no") == ("no", {"yes": 0.25, "no": 0.75})


async def test_a_start_passes_through_its_activities() -> None:
    engine = ScriptedEngine(Script(activities=[("reading", 0.1), ("reading", 0.9), ("warming up", None)]))
    told = []
    engine.subscribe(told.append)
    await engine.start()
    assert [(status.activity, status.fraction) for status in told[:-1]] == [
        ("reading", 0.1),
        ("reading", 0.9),
        ("warming up", None),
    ]


async def test_starts_fail_as_often_as_scripted() -> None:
    engine = ScriptedEngine(Script(["x"], failing_starts=2))
    for _ in range(2):
        with pytest.raises(EngineStartError) as caught:
            await engine.start()
        assert engine.status.state is EngineState.FAILED
        assert engine.status.error is caught.value
    await engine.start()
    assert await answer(engine) == "x"


async def test_it_dies_in_the_middle_once() -> None:
    engine = await started(Script(["one two three"], dies_after=2))
    texts = []
    with pytest.raises(EngineDiedError):
        async for chunk in engine.stream(ask()):
            texts.append(chunk.text)
    assert texts == ["one", " two"]
    assert engine.status.state is EngineState.FAILED
    with pytest.raises(EngineNotReadyError):
        await answer(engine)
    await engine.start()
    assert await answer(engine) == "one two three"


async def test_its_death_ends_every_answer() -> None:
    engine = await started(Script(["one two three"]))
    engine.hold()
    answers = [asyncio.create_task(answer(engine)) for _ in range(3)]
    await asyncio.sleep(0)
    engine.die("killed")
    engine.release()
    results = await asyncio.gather(*answers, return_exceptions=True)
    assert [str(result) for result in results] == ["killed Start the engine again."] * 3


async def test_held_it_gives_nothing_until_released() -> None:
    engine = ScriptedEngine(Script(["one two"]))
    engine.hold()
    start = asyncio.create_task(engine.start())
    while engine.status.state is not EngineState.STARTING:
        await asyncio.sleep(0)
    engine.release()
    await start
    chunks = engine.stream(ask())
    assert (await anext(chunks)).text == "one"
    engine.hold()
    second = asyncio.ensure_future(anext(chunks))
    for _ in range(10):
        await asyncio.sleep(0)
    assert not second.done()
    engine.release()
    assert (await second).text == " two"


async def test_a_stop_ends_what_is_being_answered_and_a_start() -> None:
    engine = await started(Script(["one two three"]))
    chunks = engine.stream(ask())
    await anext(chunks)
    await engine.stop()
    with pytest.raises(EngineNotReadyError):
        await anext(chunks)
    engine.hold()
    start = asyncio.create_task(engine.start())
    while engine.status.state is not EngineState.STARTING:
        await asyncio.sleep(0)
    await engine.stop()
    engine.release()
    with pytest.raises(EngineStartError):
        await start
    assert engine.status.state is EngineState.STOPPED


async def test_two_starts_at_once_are_one() -> None:
    engine = ScriptedEngine(Script(activities=[("starting", None)]))
    told = []
    engine.subscribe(told.append)
    await asyncio.gather(engine.start(), engine.start())
    assert [status.state for status in told] == [EngineState.STARTING, EngineState.READY]


async def test_speed_sets_when_a_token_is_due(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    sleep = asyncio.sleep

    async def remember(seconds: float) -> None:
        waits.append(seconds)
        await sleep(0)

    monkeypatch.setattr(asyncio, "sleep", remember)
    engine = await started(Script(["one two three"], tokens_per_second=0.5, start_delay=3, activities=[("a", None)]))
    await answer(engine)
    assert waits[0] == 3
    assert [round(wait) for wait in waits[-4:]] == [0, 2, 4, 6], "due at even distances from the first"


async def test_the_context_limits_the_answer() -> None:
    engine = await started(Script(["word " * 50], context_tokens=20))
    prompt = (await engine.count_tokens(ask().messages)).tokens
    last = [chunk async for chunk in engine.stream(ask(sampling=Sampling(max_tokens=500)))][-1]
    assert last.finish_reason is FinishReason.LENGTH
    assert last.usage is not None
    assert (last.usage.prompt_tokens, last.usage.total_tokens) == (prompt, 20)


# The registry


def settings_for(backend: str) -> Settings:
    return Settings(ModelSettings("m"), EngineSettings(backend=backend, url="http://localhost:1", context_tokens=512))


@pytest.mark.parametrize("backend", BACKENDS)
def test_every_backend_is_made_from_settings(backend: str, tmp_path: Path) -> None:
    engine = make_engine(settings_for(backend), tmp_path, "m")
    assert engine.status.state is EngineState.STOPPED
    assert engine.model.name == "m"


def test_only_local_backends_need_a_folder() -> None:
    assert isinstance(make_engine(settings_for("openai"), None, "m"), OpenAIEngine)
    assert isinstance(make_engine(settings_for("scripted"), None, "m"), ScriptedEngine)
    with pytest.raises(EngineStartError, match="model"):
        make_engine(settings_for("vllm"), None, "m")


def test_an_unknown_backend_names_its_nearest() -> None:
    with pytest.raises(SettingsError) as caught:
        factory_of("vlm")
    assert "'vllm'" in caught.value.remedy
    with pytest.raises(SettingsError) as caught:
        factory_of("nothing like it")
    assert "scripted" in caught.value.remedy


def test_making_an_engine_loads_nothing_heavy() -> None:
    code = """
import sys
from pathlib import Path
from termcoder.engine.registry import BACKENDS, factory_of
from termcoder.settings import EngineSettings
for backend in BACKENDS:
    factory_of(backend)(Path("/nowhere"), "m", EngineSettings(url="http://localhost:1"))
print(sorted({name.split(".")[0] for name in sys.modules} & {"torch", "vllm", "transformers", "openai", "numpy"}))
"""
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


async def test_a_schema_with_references_is_followed() -> None:
    schema = {
        "$defs": {
            "node": {
                "type": "object",
                "properties": {
                    "name": {"type": "string", "minLength": 2},
                    "children": {"type": "array", "items": {"$ref": "#/$defs/node"}, "minItems": 1},
                    "next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]},
                },
                "required": ["name", "next"],
                "additionalProperties": False,
            }
        },
        "allOf": [{"$ref": "#/$defs/node"}],
    }
    engine = await started(Script([""]))
    jsonschema.validate(json.loads(await answer(engine, ask(schema=schema))), schema)

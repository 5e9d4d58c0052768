"""The `openai` backend against servers that misbehave; what a real one does is in the contract."""

import asyncio
import contextlib
import logging
import math
import socket
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import pytest

from termcoder.conversation import Message, Role, Usage
from termcoder.engine.base import Chunk, EngineState, FinishReason, Request, Sampling
from termcoder.engine.openai import OpenAIEngine
from termcoder.engine.openai_server import PromptEstimator, address_of
from termcoder.errors import (
    ContextOverflowError,
    EngineDiedError,
    EngineError,
    EngineNotReadyError,
    EngineStartError,
    RequestError,
)
from termcoder.settings import EngineSettings
from tests.engine.fake_server import Call, FakeServer, Reply, as_json, error, events, models, piece, usage

KEY = "sk-very-secret-0123456789"
CHAT, TOKENIZE, MODELS = "/v1/chat/completions", "/tokenize", "/v1/models"
QUESTION = (Message(Role.USER, "How are you?"),)
ANSWER = events(piece(), piece("I am "), piece("well."), piece("", "stop"), usage(9, 4, 3))


@pytest.fixture
async def server() -> AsyncIterator[FakeServer]:
    replies = {MODELS: models("first", "second", max_model_len=100), TOKENIZE: as_json({"count": 9}), CHAT: ANSWER}
    async with FakeServer(replies).serving() as serving:
        yield serving


@pytest.fixture
def make(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> Callable[..., OpenAIEngine]:
    monkeypatch.setenv("THE_KEY", KEY)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)

    def made(name: str = "auto", url: str = "", context: int = 0) -> OpenAIEngine:
        return OpenAIEngine(url or server.address, "THE_KEY", name, EngineSettings(context_tokens=context))

    return made


@pytest.fixture
async def engine(make: Callable[..., OpenAIEngine]) -> AsyncIterator[OpenAIEngine]:
    started = make()
    await started.start()
    yield started
    await started.stop()


async def answer(engine: OpenAIEngine, request: Request | None = None) -> tuple[str, Chunk]:
    chunks = [chunk async for chunk in engine.stream(request or Request(QUESTION))]
    return "".join(chunk.text for chunk in chunks), chunks[-1]


async def test_an_answer(engine: OpenAIEngine, server: FakeServer) -> None:
    text, last = await answer(engine, Request(QUESTION, Sampling(0.5, 0.9, 7, ("END",), 3)))
    assert text == "I am well."
    assert last.finish_reason is FinishReason.STOP
    assert last.usage is not None
    assert replace(last.usage, seconds=0, first_token_seconds=0) == Usage(9, 4, 3)
    (call,) = server.calls_of(CHAT)
    assert call.headers["authorization"] == f"Bearer {KEY}"
    assert call.body == {
        "model": "first",
        "messages": [{"role": "user", "content": "How are you?"}],
        "temperature": 0.5,
        "top_p": 0.9,
        "max_tokens": 7,
        "stop": ["END"],
        "seed": 3,
        "stream": True,
        "stream_options": {"include_usage": True},
    }


async def test_a_schema_goes_along(engine: OpenAIEngine, server: FakeServer) -> None:
    await answer(engine, Request(QUESTION, schema={"type": "object"}))
    sent = server.calls_of(CHAT)[0].body["response_format"]
    assert sent["type"] == "json_schema"
    assert sent["json_schema"]["schema"] == {"type": "object"}


# Choices


def token(text: str, *others: tuple[str, float], logprob: float = -0.1) -> dict[str, object]:
    def one(said: str, value: float) -> dict[str, object]:
        return {"token": said, "logprob": value, "bytes": None}

    return {**one(text, logprob), "top_logprobs": [one(*other) for other in others]}


def told(text: str, *tokens: dict[str, object]) -> Reply:
    said = piece(text)
    said["choices"][0]["logprobs"] = {"content": list(tokens), "refusal": None}
    return events(piece(), said, piece("", "stop"), usage(9, 1))


async def choose(engine: OpenAIEngine, *choices: str) -> tuple[str, Chunk]:
    return await answer(
        engine, Request(QUESTION, Sampling(0.7, 0.9, 500, ("END",), 3), choices=choices or ("yes", "no"))
    )


async def test_choices_go_along(engine: OpenAIEngine, server: FakeServer) -> None:
    await choose(engine, "yes", "no", "maybe")
    body = server.calls_of(CHAT)[0].body
    assert (body["logprobs"], body["top_logprobs"]) == (True, 20)
    assert (body["temperature"], body["max_tokens"]) == (0.0, 9)
    assert "stop" not in body
    assert body["structured_outputs"] == {"choice": ["yes", "no", "maybe"]}


async def test_a_server_of_another_kind_is_asked_plainly(make: Callable[..., OpenAIEngine], server: FakeServer) -> None:
    del server.replies[TOKENIZE]
    engine = make()
    await engine.start()
    await choose(engine)
    assert "structured_outputs" not in server.calls_of(CHAT)[0].body
    await engine.stop()


async def test_the_chances_are_those_of_the_first_word_in_all_its_spellings(
    engine: OpenAIEngine, server: FakeServer
) -> None:
    first = token(" Yes", (" Yes", -1.0), ("No", -0.9), ("yes", -1.2), ("Not", -0.5), ("y", -3.0), ("No,", -4.0))
    server.replies[CHAT] = told(" Yes", token("\n", ("\n", 0.0), ("no", -0.1)), first, token("!", ("no", -0.1)))
    text, last = await choose(engine)
    yes, no = (sum(math.exp(value) for value in values) for values in ((-1.0, -1.2, -3.0), (-0.9, -4.0)))
    assert last.chances == pytest.approx({"yes": yes / (yes + no), "no": no / (yes + no)})
    assert (text, last.finish_reason) == ("yes", FinishReason.STOP)


async def test_a_word_below_the_top_counts_where_it_was_said(engine: OpenAIEngine, server: FakeServer) -> None:
    server.replies[CHAT] = told("no", token("no", ("I", -0.1), ("The", -2.0), logprob=-9.0))
    text, last = await choose(engine)
    assert (text, last.chances) == ("no", {"yes": 0.0, "no": 1.0})


async def test_the_answer_is_one_chunk(engine: OpenAIEngine, server: FakeServer) -> None:
    server.replies[CHAT] = events(piece("n"), piece("o"), piece("", "length"), usage(9, 2))
    (chunk,) = [chunk async for chunk in engine.stream(Request(QUESTION, choices=("yes", "no")))]
    assert (chunk.text, chunk.finish_reason, chunk.chances) == ("no", FinishReason.STOP, {"yes": 0.0, "no": 1.0})
    assert chunk.usage is not None


@pytest.mark.parametrize(("said", "chosen"), [("**Yes**, it does", "yes"), ('"no"', "no"), ("No.", "no")])
async def test_a_server_that_tells_no_probabilities_is_taken_at_its_word(
    engine: OpenAIEngine, server: FakeServer, said: str, chosen: str
) -> None:
    server.replies[CHAT] = events(piece(said), piece("", "stop"))
    text, last = await choose(engine)
    assert text == chosen
    assert last.chances == {choice: float(choice == chosen) for choice in ("yes", "no")}


async def test_an_answer_that_is_none_of_the_choices_is_shown_as_it_is(
    engine: OpenAIEngine, server: FakeServer
) -> None:
    server.replies[CHAT] = told("I can't say", token("I", ("I", -0.1), ("We", -2.0)))
    text, last = await choose(engine)
    assert (text, last.chances) == ("I can't say", None)


@pytest.mark.parametrize("status", [400, 403, 422])
async def test_a_server_that_refuses_log_probabilities_is_asked_without_from_then_on(
    engine: OpenAIEngine, server: FakeServer, status: int
) -> None:
    def reply(call: Call) -> Reply:
        return error(status, "no logprobs from this model") if "logprobs" in call.body else events(piece("yes", "stop"))

    server.replies[CHAT] = reply
    answers = [await choose(engine) for _ in range(2)]
    assert [(text, last.chances) for text, last in answers] == [("yes", {"yes": 1.0, "no": 0.0})] * 2
    assert ["logprobs" in call.body for call in server.calls_of(CHAT)] == [True, False, False]


async def test_one_refusal_after_another_is_mended(engine: OpenAIEngine, server: FakeServer) -> None:
    def reply(call: Call) -> Reply:
        if "priority" in call.body:
            return error(400, "no priority here (logprobs: true)")
        return error(400, "no logprobs, no priority") if "logprobs" in call.body else events(piece("no", "stop"))

    server.replies[CHAT] = reply
    text, _ = await answer(engine, Request(QUESTION, choices=("yes", "no"), priority=5))
    assert text == "no"


async def test_choices_that_can_not_be_chosen_from_are_not_sent(engine: OpenAIEngine, server: FakeServer) -> None:
    with pytest.raises(RequestError, match="twice"):
        await choose(engine, "yes", "yes")
    assert not server.calls_of(CHAT)


# Models and context


@pytest.mark.parametrize(("name", "picked"), [("auto", "first"), ("", "first"), ("second", "second")])
async def test_the_model_is_the_named_or_the_first(make: Callable[..., OpenAIEngine], name: str, picked: str) -> None:
    engine = make(name)
    await engine.start()
    assert (engine.model.name, engine.model.context_tokens) == (picked, 100)
    await engine.stop()


async def test_a_model_that_is_not_there(make: Callable[..., OpenAIEngine]) -> None:
    engine = make("third")
    with pytest.raises(EngineStartError, match="no model 'third'") as caught:
        await engine.start()
    assert "first, second" in caught.value.remedy
    assert engine.status.state is EngineState.FAILED
    assert engine.status.error is caught.value


async def test_a_server_without_models(make: Callable[..., OpenAIEngine], server: FakeServer) -> None:
    server.replies[MODELS] = models()
    with pytest.raises(EngineStartError, match="offers no model"):
        await make().start()


@pytest.mark.parametrize(("own", "told", "shown"), [(0, None, 0), (50, None, 50), (50, 100, 50), (500, 100, 100)])
async def test_the_context_is_the_lesser_of_both(
    make: Callable[..., OpenAIEngine], server: FakeServer, own: int, told: int | None, shown: int
) -> None:
    server.replies[MODELS] = models("m", max_model_len=told)
    engine = make(context=own)
    await engine.start()
    assert engine.model.context_tokens == shown
    await engine.stop()


async def test_the_users_own_limit_holds(make: Callable[..., OpenAIEngine], server: FakeServer) -> None:
    engine = make(context=50)
    await engine.start()
    await answer(engine)
    await answer(engine, Request(QUESTION, Sampling(max_tokens=5)))
    assert [call.body["max_tokens"] for call in server.calls_of(CHAT)] == [41, 5]
    server.replies[TOKENIZE] = as_json({"count": 50})
    with pytest.raises(ContextOverflowError, match="50"):
        await answer(engine)
    assert len(server.calls_of(CHAT)) == 2
    await engine.stop()


# Counting


async def test_counts_are_the_servers(engine: OpenAIEngine, server: FakeServer) -> None:
    counted = await engine.count_tokens(QUESTION)
    assert (counted.tokens, counted.exact) == (9, True)
    assert server.calls_of(TOKENIZE)[-1].body == {
        "model": "first",
        "messages": [{"role": "user", "content": "How are you?"}],
    }


@pytest.mark.parametrize("reply", [error(404, "no"), as_json({"tokens": [1, 2]}), as_json([]), error(400, "content?")])
async def test_without_the_servers_count_it_is_an_estimate_that_learns(
    make: Callable[..., OpenAIEngine], server: FakeServer, reply: Reply
) -> None:
    server.replies[TOKENIZE] = reply
    server.replies[CHAT] = events(piece("x", "stop"), usage(90, 4))
    engine = make()
    await engine.start()
    counted = await engine.count_tokens(QUESTION)
    assert not counted.exact
    assert 3 <= counted.tokens <= 30
    await answer(engine)
    learnt = await engine.count_tokens(QUESTION)
    assert (learnt.tokens, learnt.exact) == (90, False)
    assert (await engine.count_tokens((*QUESTION, *QUESTION))).tokens > 90
    await engine.stop()


def test_the_estimate_grows_with_the_text() -> None:
    estimator = PromptEstimator()
    sizes = [estimator.estimate((Message(Role.USER, "word " * count),)) for count in (0, 10, 100, 1000)]
    assert sizes == sorted(sizes)
    assert 1000 <= sizes[-1] <= 2000


async def test_without_told_usage_it_is_estimated(engine: OpenAIEngine, server: FakeServer) -> None:
    server.replies[CHAT] = events(piece("a"), piece("b"), piece("", "length"))
    _, last = await answer(engine)
    assert last.finish_reason is FinishReason.LENGTH
    assert last.usage is not None
    assert last.usage.completion_tokens == 2
    assert last.usage.prompt_tokens > 0


# Servers that don't answer as they should


async def test_a_dropped_connection_is_a_death_and_a_start_brings_it_back(
    engine: OpenAIEngine, server: FakeServer
) -> None:
    server.replies[CHAT] = events(piece("I am "), cuts=True)
    pieces = []
    with pytest.raises(EngineDiedError) as caught:
        async for chunk in engine.stream(Request(QUESTION)):
            pieces.append(chunk.text)
    assert pieces == ["I am "]
    assert engine.status.state is EngineState.FAILED
    assert engine.status.error is caught.value
    with pytest.raises(EngineNotReadyError):
        await answer(engine)
    server.replies[CHAT] = ANSWER
    await engine.start()
    assert (await answer(engine))[0] == "I am well."


@pytest.mark.parametrize(
    "reply",
    [
        events(piece("x")),
        events(piece("x", "abort")),
        events(piece("x"), {"error": {"message": "EngineCore died", "code": 500}}),
        error(503, "no upstream"),
        Reply(200, (), (("Content-Type", "text/event-stream"),), cuts=True),
    ],
)
async def test_an_answer_that_breaks_off_is_a_death(engine: OpenAIEngine, server: FakeServer, reply: Reply) -> None:
    server.replies[CHAT] = reply
    with pytest.raises(EngineDiedError):
        await answer(engine)
    assert engine.status.state is EngineState.FAILED


@pytest.mark.parametrize(
    ("reply", "kind", "says"),
    [
        (error(400, "maximum context length is 100 tokens"), ContextOverflowError, "longer than the context"),
        (as_json({"error": {"message": "too long", "code": "context_length_exceeded"}}, 400), ContextOverflowError, ""),
        (error(400, "bad schema"), RequestError, "bad schema"),
        (error(400, "two\nlines\x1b[31m and\x9b2J colours"), RequestError, "two lines [31m and 2J colours."),
        (error(404, "The model does not exist"), RequestError, "'first'"),
        (error(401, f"Incorrect key {KEY}"), RequestError, "THE_KEY"),
        (error(403, f"Forbidden {KEY}"), RequestError, "THE_KEY"),
        (error(400, f"What is {KEY}?"), RequestError, "[key]"),
        (error(429, "slow down"), RequestError, "slow down"),
        (error(500, "oops"), RequestError, "oops"),
        (Reply(418, [b"<html>teapot"]), RequestError, "418"),
        (Reply(200, [b"data: {nonsense\n\n"], (("Content-Type", "text/event-stream"),)), RequestError, "can't be read"),
        (events(piece("x"), {"error": {"message": "bad request", "code": 400}}), RequestError, "bad request"),
        (Reply(302, (), (("Location", "http://localhost:1/v1"),)), RequestError, "302"),
    ],
)
async def test_a_refused_request_leaves_the_engine_ready(
    engine: OpenAIEngine, server: FakeServer, reply: Reply, kind: type[EngineError], says: str
) -> None:
    server.replies[CHAT] = reply
    with pytest.raises(kind) as caught:
        await answer(engine)
    assert type(caught.value) is kind
    assert says in str(caught.value)
    assert KEY not in str(caught.value)
    assert engine.status.state is EngineState.READY


async def test_no_server(make: Callable[..., OpenAIEngine]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        engine = make(url=f"http://127.0.0.1:{taken.getsockname()[1]}/v1")
        with pytest.raises(EngineStartError, match="is not reachable") as caught:
            await engine.start()
    assert caught.value.remedy
    assert engine.status.state is EngineState.FAILED


async def test_a_server_that_went_away(make: Callable[..., OpenAIEngine], server: FakeServer) -> None:
    async with FakeServer(server.replies).serving() as other:
        engine = make(url=other.address)
        await engine.start()
    with pytest.raises(EngineDiedError, match="not reachable"):
        await engine.count_tokens(QUESTION)
    assert engine.status.state is EngineState.FAILED


@pytest.mark.parametrize("url", ["", "localhost:8000", "ftp://x/v1", "http://", "http://[::1", "http://x:port"])
async def test_an_address_that_is_none(make: Callable[..., OpenAIEngine], url: str) -> None:
    engine = OpenAIEngine(url, "THE_KEY", "auto", EngineSettings())
    with pytest.raises(EngineStartError) as caught:
        await engine.start()
    assert "engine.url" in caught.value.message
    assert engine.status.state is EngineState.FAILED


@pytest.mark.parametrize(
    ("url", "base", "root", "shown"),
    [
        ("http://h:8000", "http://h:8000/v1", "http://h:8000", "http://h:8000/v1"),
        ("http://h:8000/v1/ ", "http://h:8000/v1", "http://h:8000", "http://h:8000/v1"),
        ("https://h/api/v1", "https://h/api/v1", "https://h/api", "https://h/api/v1"),
        ("https://h/openai", "https://h/openai", "https://h/openai", "https://h/openai"),
        ("http://u:pw@h:1", "http://u:pw@h:1/v1", "http://u:pw@h:1", "http://h:1/v1"),
        ("http://[::1]:80/v1", "http://[::1]:80/v1", "http://[::1]:80", "http://[::1]:80/v1"),
    ],
)
def test_addresses(url: str, base: str, root: str, shown: str) -> None:
    address = address_of(url)
    assert (address.base, address.root, address.shown) == (base, root, shown)


# The key, and who is spoken to


async def test_a_missing_key_is_told(
    make: Callable[..., OpenAIEngine], server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("THE_KEY")
    server.replies[MODELS] = error(401, "who?")
    with pytest.raises(EngineStartError, match="THE_KEY is not set"):
        await make().start()


async def test_keys_and_names_for_other_services_are_not_sent(
    make: Callable[..., OpenAIEngine], server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("THE_KEY")
    for name in ("OPENAI_API_KEY", "OPENAI_ADMIN_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.setenv(name, f"other-{name}")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://localhost:1/v1")
    engine = make()
    await engine.start()
    await answer(engine)
    assert len(server.calls) == 3
    assert "other-" not in repr(server.calls)
    await engine.stop()


async def test_the_key_is_in_no_log(engine: OpenAIEngine, server: FakeServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    await answer(engine)
    server.replies[CHAT] = error(401, f"Incorrect key {KEY}")
    with pytest.raises(RequestError) as caught:
        await answer(engine)
    assert KEY not in caplog.text
    assert KEY not in str(caught.getrepr(chain=True))


async def test_a_redirect_is_not_followed(make: Callable[..., OpenAIEngine], server: FakeServer) -> None:
    async with FakeServer({MODELS: models("elsewhere")}).serving() as elsewhere:
        server.replies[MODELS] = Reply(307, (), (("Location", elsewhere.address + MODELS),))
        with pytest.raises(EngineStartError):
            await make().start()
        assert elsewhere.calls == []


async def test_a_proxy_is_used_where_the_environment_names_one(
    make: Callable[..., OpenAIEngine], server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", server.address)
    server.replies["http://models.test/v1/models"] = models("behind")
    engine = make(url="http://models.test")
    await engine.start()
    assert engine.model.name == "behind"
    await engine.stop()


async def test_what_goes_to_this_machine_goes_through_no_proxy(
    make: Callable[..., OpenAIEngine], server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with FakeServer({}).serving() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.address)
        monkeypatch.setenv("ALL_PROXY", proxy.address)
        engine = make()
        await engine.start()
        assert (await answer(engine))[0] == "I am well."
        assert proxy.calls == []
        await engine.stop()


@pytest.mark.parametrize(
    ("host", "here"),
    [
        ("localhost", True),
        ("a.localhost", True),
        ("127.0.0.2", True),
        ("[::1]", True),
        ("localhost.example.org", False),
        ("192.168.1.2", False),
        ("0.0.0.0", False),
    ],
)
def test_which_servers_are_this_machine(host: str, here: bool) -> None:
    assert address_of(f"http://{host}:8000/v1").is_this_machine is here


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [("THE_KEY", "ключ", "THE_KEY"), ("THE_KEY", "a\nb", "THE_KEY"), ("HTTP_PROXY", "nonsense://x", "proxy")],
)
async def test_an_environment_that_makes_no_connection(
    make: Callable[..., OpenAIEngine], monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str
) -> None:
    monkeypatch.setenv(name, value)
    engine = make(url="http://models.test")
    with pytest.raises(EngineStartError) as caught:
        await engine.start()
    assert says in str(caught.value)
    assert value not in str(caught.value) or name == "HTTP_PROXY"
    assert engine.status.state is EngineState.FAILED


async def test_without_the_client_it_says_what_to_install(
    make: Callable[..., OpenAIEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "openai", None)
    with pytest.raises(EngineStartError) as caught:
        await make().start()
    assert "termcoder[remote]" in caught.value.remedy


# Cancel and stop


async def test_closing_the_iterator_hangs_up(engine: OpenAIEngine, server: FakeServer) -> None:
    server.replies[CHAT] = events(piece("I"), hangs=True)
    async with contextlib.aclosing(engine.stream(Request(QUESTION))) as chunks:
        assert (await anext(chunks)).text == "I"
        assert not server.left.is_set()
    await asyncio.wait_for(server.left.wait(), 10)
    assert engine.status.state is EngineState.READY
    server.replies[CHAT] = ANSWER
    assert (await answer(engine))[0] == "I am well."


@pytest.mark.parametrize("reply", [events(piece("I"), hangs=True), events(hangs=True)])
async def test_cancelling_the_task_hangs_up(engine: OpenAIEngine, server: FakeServer, reply: Reply) -> None:
    asked = asyncio.Event()

    def reply_then(call: Call) -> Reply:
        asked.set()
        return reply

    server.replies[CHAT] = reply_then
    task = asyncio.create_task(answer(engine))
    await asyncio.wait_for(asked.wait(), 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.wait_for(server.left.wait(), 10)
    assert engine.status.state is EngineState.READY


async def test_a_stop_ends_what_is_being_answered(engine: OpenAIEngine, server: FakeServer) -> None:
    server.replies[CHAT] = events(piece("I"), hangs=True)
    chunks = engine.stream(Request(QUESTION))
    await anext(chunks)
    waiting = asyncio.create_task(anext(chunks))
    await asyncio.sleep(0)
    await engine.stop()
    with pytest.raises(EngineNotReadyError):
        await asyncio.wait_for(waiting, 10)
    assert engine.status.state is EngineState.STOPPED


async def _started_until_asked(engine: OpenAIEngine, server: FakeServer) -> asyncio.Task[None]:
    """A start that waits for a server that doesn't answer."""
    asked = asyncio.Event()

    def silent(call: Call) -> Reply:
        asked.set()
        return Reply(hangs=True)

    server.replies[MODELS] = silent
    task = asyncio.create_task(engine.start())
    await asyncio.wait_for(asked.wait(), 10)
    return task


async def test_a_stop_ends_a_start(make: Callable[..., OpenAIEngine], server: FakeServer) -> None:
    engine = make()
    start = await _started_until_asked(engine, server)
    await engine.stop()
    with pytest.raises(EngineStartError, match="stopped"):
        await asyncio.wait_for(start, 10)
    assert engine.status.state is EngineState.STOPPED
    server.replies[MODELS] = models("first")
    await engine.start()
    assert engine.status.state is EngineState.READY
    await engine.stop()


async def test_a_cancelled_start_can_be_started_again(make: Callable[..., OpenAIEngine], server: FakeServer) -> None:
    engine = make()
    start = await _started_until_asked(engine, server)
    start.cancel()
    with pytest.raises(asyncio.CancelledError):
        await start
    assert engine.status.state is EngineState.STOPPED
    server.replies[MODELS] = models("first")
    await engine.start()
    assert (await answer(engine))[0] == "I am well."
    await engine.stop()


# What some servers don't take


async def test_priority_is_left_out_once_a_server_refuses_it(engine: OpenAIEngine, server: FakeServer) -> None:
    server.replies[CHAT] = lambda call: error(400, "priority?") if "priority" in call.body else ANSWER
    for _ in range(2):
        assert (await answer(engine, Request(QUESTION, priority=5)))[0] == "I am well."
    assert [call.body.get("priority") for call in server.calls_of(CHAT)] == [5, None, None]


async def test_a_limit_over_the_context_is_lowered_to_what_is_left(engine: OpenAIEngine, server: FakeServer) -> None:
    overflow = error(400, "max_tokens and prompt exceed the maximum context length")
    server.replies[CHAT] = lambda call: overflow if call.body["max_tokens"] > 91 else ANSWER
    assert (await answer(engine, Request(QUESTION, Sampling(max_tokens=95))))[0] == "I am well."
    assert [call.body["max_tokens"] for call in server.calls_of(CHAT)] == [95, 91]
    server.replies[TOKENIZE] = as_json({"count": 100})
    with pytest.raises(ContextOverflowError):
        await answer(engine, Request(QUESTION, Sampling(max_tokens=95)))

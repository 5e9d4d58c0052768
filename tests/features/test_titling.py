"""Titles by the model: which are taken, and when one is asked for."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from termcoder.conversation import Attachment, Turn
from termcoder.engine.base import EngineState, Request
from termcoder.engine.scripted import Script, ScriptedEngine
from termcoder.errors import EngineError
from termcoder.features.chat import Chat
from termcoder.features.titling import FEWEST, LONGEST, MOST, PRIORITY, is_good, subject_of, tidied, write_title
from termcoder.sessions.store import SessionStore
from termcoder.settings import ChatSettings
from termcoder.workspace import Workspace

TURN = Turn("t1", "Why does load_config raise KeyError: 'user' when the file is empty?", "Because of the missing key.")
GOOD = "KeyError in load_config on empty file"


async def started(title: str = GOOD, answer: str = "Because.") -> ScriptedEngine:
    engine = ScriptedEngine(Script(replies=lambda request: title if request.grammar else answer))
    await engine.start()
    return engine


@pytest.fixture
def chat(tmp_path: Path) -> Chat:
    return Chat(Workspace(tmp_path), SessionStore(), ChatSettings())


async def say(chat: Chat, engine: ScriptedEngine, question: str = TURN.question) -> None:
    turn, _ = chat.new_turn(question)
    async for _ in chat.run(engine, turn, asyncio.Event()):
        pass


def asked(engine: ScriptedEngine) -> list[Request]:
    return [request for request in engine.requests if request.grammar]


@pytest.mark.parametrize(
    "title",
    [GOOD, "Empty config file raises error", "Leere Datei, load_config, KeyError", "Missing user key in config"],
)
def test_titles_about_the_question_are_taken(title: str) -> None:
    assert is_good(title, TURN)


@pytest.mark.parametrize(
    "title",
    [
        "",
        "KeyError",
        "Title of the KeyError file",
        "Conversation about the KeyError file",
        "KeyError KeyError KeyError file",
        "Empty file in src/cart.py",
        "Recipes for chocolate cake tonight",
        "Why does load_config raise KeyError user when empty",
        "Raise " + "KeyErrorKeyErrorKeyErrorKeyErrorKeyErrorKeyErrorKeyError file",
    ],
)
def test_poor_titles_are_not(title: str) -> None:
    assert not is_good(title, TURN)


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("sorting tuples in python with", "Sorting tuples in python"),
        (" Empty file error. ", "Empty file error"),
        ("Fehler beim Lesen der", "Fehler beim Lesen"),
        ("of the", ""),
        ("", ""),
    ],
)
def test_what_surrounds_a_title_goes(text: str, title: str) -> None:
    assert tidied(text) == title


def test_two_forms_of_one_word_are_two_words() -> None:
    assert is_good("Merge two sorted lists without sort", Turn("t", "Merge two sorted lists without using sort."))


def test_words_that_are_glued_together_at_the_end_go() -> None:
    asked = "Join orders with the latest price before the order date"
    assert tidied("Orders with latest price beforetheorder", asked) == "Orders with latest price"
    assert tidied("Orders before the order date", asked) == "Orders before the order date"


@given(st.text())
def test_whatever_the_model_writes_a_title_is_short_and_of_one_line(text: str) -> None:
    title = tidied(text)
    if is_good(title, Turn("t", text)):
        assert FEWEST <= len(title.split()) <= MOST
        assert len(title) <= LONGEST
        assert len(title.splitlines()) == 1


def test_the_model_is_shown_the_question_without_its_code() -> None:
    assert subject_of(Turn("t", "Why?\n```\nport = 1\n```")) == "Why?"
    assert subject_of(Turn("t", "```\nport = 1\n```")) == "``` port = 1 ```"
    assert subject_of(Turn("t", "```\n1\n```", attachments=(Attachment("a.py", ""),))) == "a.py"


async def test_the_title_is_asked_behind_everything_else() -> None:
    engine = await started()
    assert await write_title(engine, TURN) == GOOD
    (request,) = engine.requests
    assert request.priority == PRIORITY
    assert TURN.question in request.messages[-1].content


async def test_a_title_that_was_cut_off_is_not_taken() -> None:
    engine = await started(title="load_config " * 40)
    assert await write_title(engine, TURN) == ""


async def test_the_first_answer_gives_the_session_a_title_that_is_saved(chat: Chat, tmp_path: Path) -> None:
    engine = await started()
    await say(chat, engine)
    assert chat.book.session.title.startswith("Why does load_config")
    await chat.find_title(engine)
    again = Chat(Workspace(tmp_path), SessionStore(), ChatSettings())
    again.restore()
    assert (again.book.session.title, again.book.session.titled_by) == (GOOD, "model")
    await chat.find_title(engine)
    assert len(asked(engine)) == 1


async def test_a_poor_title_leaves_the_question_and_is_tried_three_times(chat: Chat) -> None:
    engine = await started(title="Recipes for chocolate cake tonight")
    for _ in range(5):
        await say(chat, engine)
        await chat.find_title(engine)
    assert chat.book.session.title.startswith("Why does load_config")
    assert chat.book.session.titled_by == ""
    assert len(asked(engine)) == 3


async def test_a_title_by_the_user_is_never_replaced(chat: Chat) -> None:
    engine = await started()
    await say(chat, engine)
    chat.book.record(lambda old: replace(old, title="Mine", titled_by="user"))
    await chat.find_title(engine)
    assert chat.book.session.title == "Mine"
    assert asked(engine) == []


async def test_a_title_that_the_user_gives_meanwhile_wins(chat: Chat) -> None:
    engine = await started()
    await say(chat, engine)
    engine.hold()
    finding = asyncio.create_task(chat.find_title(engine))
    while not asked(engine):
        await asyncio.sleep(0)
    chat.book.record(lambda old: replace(old, title="Mine", titled_by="user"))
    engine.release()
    await finding
    assert (chat.book.session.title, chat.book.session.titled_by) == ("Mine", "user")


async def test_a_title_for_a_session_that_was_left_is_not_given_to_the_next(chat: Chat) -> None:
    engine = await started()
    await say(chat, engine)
    engine.hold()
    finding = asyncio.create_task(chat.find_title(engine))
    while not asked(engine):
        await asyncio.sleep(0)
    chat.start_new()
    engine.release()
    await finding
    assert chat.book.session.title == ""


async def test_nothing_is_asked_before_something_was_answered(chat: Chat) -> None:
    engine = await started()
    await chat.find_title(engine)
    assert engine.requests == []


async def test_an_engine_that_is_gone_is_told(chat: Chat) -> None:
    engine = await started()
    await say(chat, engine)
    engine.die()
    assert engine.status.state is EngineState.FAILED
    with pytest.raises(EngineError):
        await chat.find_title(engine)

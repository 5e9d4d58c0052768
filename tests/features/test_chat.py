"""The conversation: prompts, attachments, saving, restoring, setting aside."""

import asyncio
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from termcoder.conversation import Attachment, Role, Turn, TurnState
from termcoder.engine.scripted import Script, ScriptedEngine
from termcoder.features.attaching import attached_text
from termcoder.features.chat import Chat
from termcoder.sessions.schema import SET_ASIDE
from termcoder.sessions.store import SessionStore
from termcoder.settings import ChatSettings
from termcoder.workspace import Workspace


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    root.mkdir()
    (root / "a.py").write_text("one = 1\ntwo = 2\nthree = 3\n", encoding="utf-8")
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    return root


def make_chat(project: Path) -> Chat:
    return Chat(Workspace(project), SessionStore(), ChatSettings(seed=3))


async def say(chat: Chat, question: str, reply: str = "Fine.") -> Turn:
    engine = ScriptedEngine(Script(replies=[reply]))
    await engine.start()
    turn, _ = chat.new_turn(question)
    async for _ in chat.run(engine, turn, asyncio.Event()):
        pass
    return chat.turn(turn.id)


async def test_a_turn_is_saved_and_restored(project: Path) -> None:
    chat = make_chat(project)
    await say(chat, "Why?", "Because.")
    again = make_chat(project)
    assert again.restore() == ()
    (turn,) = again.turns
    assert (turn.question, turn.answer, turn.state, turn.seed) == ("Why?", "Because.", TurnState.COMPLETE, 3)


async def test_the_history_is_in_the_prompt_in_order(project: Path) -> None:
    chat = make_chat(project)
    await say(chat, "first")
    await say(chat, "second")
    prompt = chat.draft_prompt("third")
    assert [message.role for message in prompt.head] == [Role.SYSTEM]
    assert [item.messages[0].content for item in prompt.history] == ["first", "second"]
    assert prompt.tail[0].content == "third"


def test_a_mentioned_file_stands_before_the_question(project: Path) -> None:
    content = make_chat(project).draft_prompt("What is @a.py:2 for?").tail[0].content
    assert content == '<file path="a.py:2-2">\ntwo = 2\n</file>\n\nWhat is @a.py:2 for?'


def test_a_mention_that_is_no_file_is_told_and_left_as_text(project: Path) -> None:
    turn, problems = make_chat(project).new_turn("see @gone.py and @a.py")
    assert [attachment.path for attachment in turn.attachments] == ["a.py"]
    assert len(problems) == 1
    assert "gone.py" in problems[0]


async def test_what_is_answered_again_stays_in_the_file(project: Path) -> None:
    chat = make_chat(project)
    await say(chat, "first", "one")
    second = await say(chat, "second", "two")
    assert chat.set_aside_from(second.id) == (second.id,)
    await say(chat, "second", "two, better")
    store = SessionStore()
    session = store.latest(project).session
    assert session is not None
    assert [turn.answer for turn in session.turns] == ["one", "two, better"]
    assert [turn["answer"] for turn in session.other_turns[SET_ASIDE]] == ["two"]


async def test_a_new_session_leaves_the_old_one_on_the_disk(project: Path) -> None:
    chat = make_chat(project)
    await say(chat, "old")
    chat.start_new()
    await say(chat, "new")
    assert len(SessionStore().list_of(project).entries) == 2


@given(st.text())
def test_no_file_can_close_its_own_tag(text: str) -> None:
    for hostile in (text, text + "</file>", "</file1>" + text + "</file>"):
        shown = attached_text(Attachment("x", hostile))
        tag = shown[1 : shown.index(" ")]
        assert shown.count(f"</{tag}>") == 1
        assert shown.endswith(f"</{tag}>\n")


async def test_two_programs_on_one_session_lose_nothing_and_the_second_is_told(project: Path) -> None:
    first = make_chat(project)
    await say(first, "shared", "one")
    second = make_chat(project)
    second.restore()
    await say(first, "from the first", "two")
    await say(second, "from the second", "three")
    assert not first.take_fork()
    assert second.take_fork()
    assert not second.take_fork()
    entries = SessionStore().list_of(project).entries
    assert sorted(entry.turns for entry in entries) == [2, 2]

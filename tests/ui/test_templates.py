"""Templates in the program: picked, sent, answered again, refused; and answers that are translated."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from termcoder.engine.scripted import Script, ScriptedEngine
from termcoder.features.translating import TranslatingChat
from termcoder.settings import ChatSettings
from termcoder.ui.widgets.completion import CompletionPopup
from tests.ui.test_app import app_of, parts_of, running, say, until


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    root.mkdir()
    (root / "a.py").write_text("x = 1\n")
    return root


async def test_what_was_typed_is_shown_and_the_template_is_sent_again(project: Path) -> None:
    engine = ScriptedEngine(Script(replies=["It sets x.", "It is one."]))
    async with running(project, engine) as pilot:
        await say(pilot, "/explain @a.py why?")
        chat = parts_of(pilot).chat
        await until(pilot, lambda: bool(chat.turns) and chat.turns[-1].answer == "It sets x.")
        first = engine.requests[0].messages
        assert "<question>\nwhy?\n</question>" in first[-1].content
        conversation = await app_of(pilot).pane.conversation()
        await until(pilot, lambda: not conversation.answering)
        view = app_of(pilot).pane.transcript.view(chat.turns[-1].id)
        assert view.turn.question == "/explain @a.py why?"
        await conversation.answer_again(chat.turns[-1].id)
        await until(pilot, lambda: bool(chat.turns) and chat.turns[-1].answer == "It is one.")
        assert [request.messages for request in engine.requests].count(first) == 2
        await until(pilot, lambda: not conversation.answering)
        await until(pilot, lambda: all(worker.is_finished for worker in pilot.app.workers))


async def test_an_unknown_template_stays_in_the_message(project: Path) -> None:
    engine = ScriptedEngine(Script(replies=["no"]))
    async with running(project, engine) as pilot:
        composer = app_of(pilot).pane.composer
        await say(pilot, "/explian x")
        await until(pilot, lambda: composer.text_to_send() == "/explian x")
        assert parts_of(pilot).chat.turns == ()
        assert not any(popup.is_open for popup in app_of(pilot).screen.query(CompletionPopup))
        await until(pilot, lambda: all(worker.is_finished for worker in pilot.app.workers))


async def test_the_palette_offers_templates(project: Path) -> None:
    async with running(project, ScriptedEngine(Script())) as pilot:
        app = app_of(pilot)
        titles = {command.title: command for command in app.get_system_commands(app.screen)}
        app.action_next_pane()
        titles["Template: tests"].callback()
        await until(pilot, lambda: app.active_pane == "chat")
        assert app.pane.composer.text_to_send().startswith("/tests")
        await until(pilot, lambda: all(worker.is_finished for worker in pilot.app.workers))


class Shouting:
    def translate(self, sentences: Sequence[str], source: str, target: str) -> list[str]:
        return [sentence.upper() for sentence in sentences]


async def test_a_translation_takes_the_place_of_the_answer(project: Path) -> None:
    engine = ScriptedEngine(Script(replies=["It is `one`."]))
    async with running(project, engine) as pilot:
        parts = parts_of(pilot)
        conversation = await app_of(pilot).pane.conversation()
        chat = TranslatingChat(parts.chat.workspace, None, ChatSettings(), Shouting(), "deu_Latn")
        conversation.chat = chat
        await say(pilot, "warum?")
        await until(pilot, lambda: bool(chat.turns) and chat.turns[-1].answer == "IT IS `one`.")
        view = app_of(pilot).pane.transcript.view(chat.turns[-1].id)
        await until(pilot, lambda: view.turn.answer == "IT IS `one`.")
        assert view.answer == "IT IS `one`."
        assert engine.requests[0].messages[-1].content == "WARUM?"
        await until(pilot, lambda: not conversation.answering)
        await until(pilot, lambda: all(worker.is_finished for worker in pilot.app.workers))

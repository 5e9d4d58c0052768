"""The chat pane between two turns: room is made, a title found, and the user's next key stops it."""

from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from termcoder.engine.base import Request
from termcoder.engine.scripted import Script, ScriptedEngine
from termcoder.ui.panes.conversation import IDLE
from termcoder.ui.screens.memory import MemoryScreen
from termcoder.ui.widgets.draft_area import DraftArea
from tests.ui.test_app import answered, app_of, make_app, notice, parts_of, running, say, until

TITLE = "Port of our service"


def reply(request: Request) -> str:
    return TITLE if request.grammar else "Yes. " + "word " * 150


def idle(pilot: Pilot[Any]) -> bool:
    """Whether nothing is being done between two turns."""
    return not any(worker.group == IDLE and not worker.is_finished for worker in app_of(pilot).workers)


async def test_a_long_chat_makes_room_says_so_and_lets_the_note_be_edited(tmp_path: Path) -> None:
    engine = ScriptedEngine(Script(replies=reply, context_tokens=900))
    async with running(tmp_path, engine) as pilot:
        number = 0
        while "went into the model's note" not in notice(pilot):
            number += 1
            await say(pilot, f"Our port {number} is 80{number}.")
            await until(pilot, answered(pilot, number))
            await until(pilot, lambda: idle(pilot))
        assert number < 6
        await pilot.press("f9")
        await until(pilot, lambda: isinstance(pilot.app.screen, MemoryScreen))
        await pilot.pause()
        area = pilot.app.screen.query_one(DraftArea)
        assert "- Our port 1 is 801." in area.text
        area.insert("- All ports are closed.\n", (0, 0))
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "closed" in parts_of(pilot).chat.book.session.note.text)
        await say(pilot, "Which?")
        await until(pilot, answered(pilot, number + 1))
        assert "- All ports are closed." in engine.requests[-1].messages[0].content


async def test_the_models_title_is_found_between_two_turns(tmp_path: Path) -> None:
    engine = ScriptedEngine(Script(replies=reply))
    app = make_app(tmp_path, engine, backend="vllm")
    async with app.run_test() as pilot:
        await app.pane.conversation()
        await say(pilot, "Which port has our service?")
        session = parts_of(pilot).chat.book
        await until(pilot, lambda: session.session.titled_by == "model")
        assert session.session.title == TITLE
        await parts_of(pilot).host.stop()


async def test_typing_stops_what_is_done_between_two_turns(tmp_path: Path) -> None:
    def hold_the_title(request: Request) -> str:
        if request.grammar:
            engine.hold()
        return reply(request)

    engine = ScriptedEngine(Script(replies=hold_the_title))
    app = make_app(tmp_path, engine, backend="vllm")
    async with app.run_test() as pilot:
        await app.pane.conversation()
        await say(pilot, "Which port has our service?")
        await until(pilot, lambda: any(request.grammar for request in engine.requests))
        assert not idle(pilot)
        await pilot.press("x")
        await until(pilot, lambda: idle(pilot))
        engine.release()
        assert parts_of(pilot).chat.book.session.titled_by == ""
        await parts_of(pilot).host.stop()


async def test_a_template_that_there_is_not_sends_nothing_and_gives_the_text_back(tmp_path: Path) -> None:
    engine = ScriptedEngine(Script(replies=reply))
    async with running(tmp_path, engine) as pilot:
        await say(pilot, "/explian why is it slow?")
        await until(pilot, lambda: "explain" in notice(pilot))
        assert app_of(pilot).pane.composer.text_to_send() == "/explian why is it slow?"
        assert engine.requests == []
        assert parts_of(pilot).chat.turns == ()

"""Going from one session to another in the whole program."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from termcoder.conversation import Turn
from termcoder.engine.scripted import ScriptedEngine
from termcoder.features.session_book import SessionBook
from termcoder.sessions.schema import Session
from termcoder.sessions.store import SessionStore
from termcoder.ui.app import TermcoderApp
from termcoder.ui.screens.sessions import SessionsScreen
from termcoder.ui.switching import why_not
from termcoder.ui.widgets.find_line import FindLine
from termcoder.ui.widgets.log_view import LogView
from tests.ui.test_app import make_app

LOG = 'Traceback (most recent call last):\n  File "a.py", line 1, in <module>\nZeroDivisionError: division by zero\n'


def keep(project: Path, *questions: str, log: str = "") -> Session:
    """Save a session, the last in this project."""
    book = SessionBook(project, SessionStore())
    for question in questions:
        turn = Turn(f"id-{question}", question, f"About {question}.", started_at="2026-03-14T08:00:00Z")
        book.record(lambda session, turn=turn: session.with_turn(turn))
    if log:
        book.record_other("traceback", {"id": "d", "log": log, "error": 0})
    return book.session


async def until(pilot: Pilot[Any], condition: Callable[[], bool]) -> None:
    while not condition():
        await pilot.pause(0.01)


@asynccontextmanager
async def running(project: Path) -> AsyncIterator[tuple[TermcoderApp, Pilot[Any]]]:
    app = make_app(project, ScriptedEngine())
    async with app.run_test(size=(100, 30)) as pilot:
        await app.pane.conversation()
        await until(pilot, lambda: app.traceback is not None and app.review is not None)
        yield app, pilot
        assert app.parts is not None
        await app.parts.host.stop()


def questions(app: TermcoderApp) -> list[str]:
    return [view.turn.question for view in app.pane.transcript.views]


async def open_sessions(app: TermcoderApp, pilot: Pilot[Any]) -> SessionsScreen:
    await pilot.press("f7")
    await until(pilot, lambda: isinstance(app.screen, SessionsScreen) and app.screen.rows.row_count > 0)
    assert isinstance(app.screen, SessionsScreen)
    return app.screen


async def test_resuming_shows_the_chat_and_the_log_of_that_session(tmp_path: Path) -> None:
    old = keep(tmp_path, "old one", log=LOG)
    keep(tmp_path, "new one")
    async with running(tmp_path) as (app, pilot):
        assert questions(app) == ["new one"]
        screen = await open_sessions(app, pilot)
        assert screen.rows.entry is not None
        assert screen.rows.entry.title == "new one"
        screen.action_search()
        await pilot.press(*"old", "enter")
        await until(pilot, lambda: screen.rows.found is not None)
        await pilot.press("enter")
        await until(pilot, lambda: questions(app) == ["old one"])
        assert app.parts is not None
        assert app.parts.chat.book.session.id == old.id
        await until(pilot, lambda: app.screen.query_one(LogView).row_count >= 3)
        await until(pilot, lambda: bool(app.query(FindLine)))
        await until(pilot, lambda: app.query_one(FindLine).count == "1 of 2")
        assert app.pane.transcript.has_focus
        await open_sessions(app, pilot)
        await pilot.press("n")
        await until(pilot, lambda: questions(app) == [])
        await until(pilot, lambda: app.screen.query_one(LogView).row_count <= 1)


async def test_forking_a_turn_goes_on_in_a_new_session(tmp_path: Path) -> None:
    old = keep(tmp_path, "one", "two", "three")
    async with running(tmp_path) as (app, pilot):
        app.pane.transcript.focus()
        await pilot.press("h", "h", "f")
        await until(pilot, lambda: questions(app) == ["one", "two"])
        assert app.parts is not None
        assert app.parts.chat.book.session.forked_from == old.id
        await until(pilot, lambda: any("old session stays as it is" in note.message for note in app._notifications))


async def test_what_runs_keeps_the_program_from_another_session(tmp_path: Path) -> None:
    keep(tmp_path, "one")
    async with running(tmp_path) as (app, pilot):
        conversation = await app.pane.conversation()
        assert why_not(app, conversation) == ""
        conversation._idle.clear()
        assert "An answer is on its way" in why_not(app, conversation)
        app.pane.transcript.focus()
        await pilot.press("f")
        await until(pilot, lambda: any("on its way" in note.message for note in app._notifications))
        assert questions(app) == ["one"]
        conversation._idle.set()


async def test_ctrl_f_finds_from_the_message_and_from_another_pane(tmp_path: Path) -> None:
    keep(tmp_path, "one")
    async with running(tmp_path) as (app, pilot):
        app.pane.composer.focus()
        await pilot.press("ctrl+f", *"one")
        await until(pilot, lambda: app.query_one(FindLine).count == "2 of 2")
        await pilot.press("escape", "f2", "ctrl+f")
        await until(pilot, lambda: app.active_pane == "chat" and bool(app.query(FindLine)))

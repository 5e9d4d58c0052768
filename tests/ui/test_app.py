"""The program as a whole on the scripted engine: what a user does and what is on the screen then."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from termcoder import paths
from termcoder.conversation import TurnState
from termcoder.engine.base import EngineState
from termcoder.engine.scripted import Script, ScriptedEngine
from termcoder.features.chat import Chat
from termcoder.features.diagnose import Diagnose
from termcoder.features.engine_host import EngineHost
from termcoder.features.parts import Parts
from termcoder.features.refactor import Refactor
from termcoder.features.review import ReviewFeature
from termcoder.history import History
from termcoder.opening import Opening
from termcoder.sessions.schema import SET_ASIDE
from termcoder.sessions.store import SessionStore
from termcoder.settings import EngineSettings, Settings
from termcoder.ui.app import TermcoderApp
from termcoder.ui.commands import COMMANDS
from termcoder.ui.panes.review import ReviewPane
from termcoder.ui.panes.traceback import TracebackPane
from termcoder.ui.screens.help import HelpScreen
from termcoder.ui.screens.log import LogScreen
from termcoder.ui.screens.sessions import SessionsScreen
from termcoder.ui.widgets.change_tree import ChangeTree
from termcoder.ui.widgets.composer import Composer
from termcoder.ui.widgets.diagnosis_view import DiagnosisView
from termcoder.ui.widgets.diff_view import DiffView
from termcoder.ui.widgets.error_list import ErrorList
from termcoder.ui.widgets.find_line import FindLine
from termcoder.ui.widgets.fix_list import FixList
from termcoder.ui.widgets.log_view import LogView
from termcoder.ui.widgets.patch_view import PatchView
from termcoder.ui.widgets.session_list import SessionList
from termcoder.ui.widgets.source_view import SourceView
from termcoder.ui.widgets.transcript import Transcript
from termcoder.workspace import Workspace

OWNERS = {
    "app": TermcoderApp,
    "composer": Composer,
    "transcript": Transcript,
    "traceback": TracebackPane,
    "log": LogView,
    "errors": ErrorList,
    "source": SourceView,
    "diagnosis": DiagnosisView,
    "fixes": FixList,
    "patch": PatchView,
    "review": ReviewPane,
    "changes": ChangeTree,
    "diff": DiffView,
    "find": FindLine,
    "sessions": SessionsScreen,
    "session_list": SessionList,
}


def make_app(
    project: Path, engine: ScriptedEngine, backend: str = "scripted", opening: Opening | None = None
) -> TermcoderApp:
    settings = Settings(engine=EngineSettings(backend=backend))

    def make_parts() -> Parts:
        host = EngineHost(lambda name, report, cancel: engine, "scripted")
        chat = Chat(Workspace(project), SessionStore(), settings.chat)
        diagnose = Diagnose(chat.workspace, chat.book, settings.diagnose)
        review = ReviewFeature(chat.workspace, chat.book, settings.review)
        refactor = Refactor(chat.workspace, chat.book, settings.refactor)
        return Parts(settings, host, chat, diagnose, review, refactor, History())

    return TermcoderApp(settings, make_parts, opening)


def parts_of(pilot: Pilot[Any]) -> Parts:
    parts = app_of(pilot).parts
    assert parts is not None
    return parts


@asynccontextmanager
async def running(project: Path, engine: ScriptedEngine) -> AsyncIterator[Pilot[Any]]:
    app = make_app(project, engine)
    async with app.run_test(size=(100, 30)) as pilot:
        await app.pane.conversation()
        yield pilot
        await parts_of(pilot).host.stop()


async def until(pilot: Pilot[Any], condition: Callable[[], bool]) -> None:
    """Let the program go on until `condition` holds; the suite's own time limit ends what never does."""
    while not condition():
        await pilot.pause(0.01)


def app_of(pilot: Pilot[Any]) -> TermcoderApp:
    app = pilot.app
    assert isinstance(app, TermcoderApp)
    return app


async def say(pilot: Pilot[Any], text: str) -> None:
    app_of(pilot).pane.composer.focus()
    app_of(pilot).pane.composer.load_draft(text)
    await pilot.press("enter")
    await pilot.pause()


def turns(pilot: Pilot[Any]) -> list[tuple[str, str, TurnState]]:
    return [(turn.question, turn.answer, turn.state) for turn in parts_of(pilot).chat.turns]


def shown(pilot: Pilot[Any]) -> list[str]:
    return [view.answer for view in app_of(pilot).pane.transcript.views]


def notice(pilot: Pilot[Any]) -> str:
    return str(app_of(pilot).pane.query_one("#notice", Static).render())


def answered(pilot: Pilot[Any], count: int) -> Callable[[], bool]:
    return lambda: len(turns(pilot)) == count and not app_of(pilot).pane.answering


async def test_a_question_is_answered_and_saved(tmp_path: Path) -> None:
    async with running(tmp_path, ScriptedEngine(Script(replies=["It is **red**."]))) as pilot:
        await say(pilot, "Which colour?")
        await until(pilot, answered(pilot, 1))
        assert shown(pilot) == ["It is **red**."]
    saved = SessionStore().latest(tmp_path).session
    assert saved is not None
    assert [turn.answer for turn in saved.turns] == ["It is **red**."]


async def test_what_is_sent_before_the_engine_is_ready_waits_and_is_answered(tmp_path: Path) -> None:
    engine = ScriptedEngine(Script(replies=["one", "two"]))
    engine.hold()
    async with running(tmp_path, engine) as pilot:
        await say(pilot, "first")
        await say(pilot, "second")
        assert app_of(pilot).bar.line.queued == 2
        assert turns(pilot) == []
        engine.release()
        await until(pilot, answered(pilot, 2))
        assert shown(pilot) == ["one", "two"]


async def test_escape_takes_the_newest_queued_question_back(tmp_path: Path) -> None:
    engine = ScriptedEngine()
    engine.hold()
    async with running(tmp_path, engine) as pilot:
        await say(pilot, "not yet")
        await pilot.press("escape")
        assert app_of(pilot).pane.composer.text_to_send() == "not yet"
        assert shown(pilot) == []
        engine.release()


async def test_escape_stops_the_answer_and_keeps_what_came(tmp_path: Path) -> None:
    async with running(tmp_path, ScriptedEngine(Script(replies=["word " * 500], tokens_per_second=100))) as pilot:
        await say(pilot, "Talk.")
        await until(pilot, lambda: bool(shown(pilot)) and bool(app_of(pilot).pane.transcript.views[0].answer))
        await pilot.press("escape")
        await until(pilot, answered(pilot, 1))
        ((_, answer, state),) = turns(pilot)
        assert state is TurnState.INTERRUPTED
        assert answer.startswith("word")


async def test_a_death_is_told_the_turn_kept_and_f5_brings_it_back(tmp_path: Path) -> None:
    async with running(tmp_path, ScriptedEngine(Script(replies=["one two three", "fine"], dies_after=2))) as pilot:
        await say(pilot, "first")
        await until(pilot, answered(pilot, 1))
        assert turns(pilot) == [("first", "one two", TurnState.FAILED)]
        assert "died" in notice(pilot)
        assert "F5" in notice(pilot)
        await say(pilot, "second")
        await pilot.press("f5")
        await until(pilot, answered(pilot, 2))
        assert turns(pilot)[1] == ("second", "fine", TurnState.COMPLETE)
        assert notice(pilot) == ""


async def test_answering_again_replaces_the_answer_and_keeps_the_old_one_in_the_file(tmp_path: Path) -> None:
    async with running(tmp_path, ScriptedEngine(Script(replies=["bad", "good"]))) as pilot:
        await say(pilot, "Well?")
        await until(pilot, answered(pilot, 1))
        await pilot.press("tab", "r")
        await until(pilot, lambda: [answer for _, answer, _ in turns(pilot)] == ["good"])
        await until(pilot, answered(pilot, 1))
        assert shown(pilot) == ["good"]
    session = SessionStore().latest(tmp_path).session
    assert session is not None
    assert [turn["answer"] for turn in session.other_turns[SET_ASIDE]] == ["bad"]


async def test_an_edited_question_replaces_itself_and_what_followed(tmp_path: Path) -> None:
    async with running(tmp_path, ScriptedEngine(Script(replies=["a", "b", "c"]))) as pilot:
        for count, question in enumerate(("first", "second"), 1):
            await say(pilot, question)
            await until(pilot, answered(pilot, count))
        await pilot.press("tab", "home", "e")
        await pilot.pause()
        assert app_of(pilot).pane.composer.text_to_send() == "first"
        await say(pilot, "first, better")
        await until(pilot, lambda: [question for question, _, _ in turns(pilot)] == ["first, better"])
        await until(pilot, answered(pilot, 1))
        assert shown(pilot) == ["c"]


async def test_escape_leaves_editing_without_a_trace(tmp_path: Path) -> None:
    async with running(tmp_path, ScriptedEngine(Script(replies=["a"]))) as pilot:
        await say(pilot, "first")
        await until(pilot, answered(pilot, 1))
        await pilot.press("tab", "e")
        await pilot.pause()
        await pilot.press("escape")
        assert app_of(pilot).pane.composer.text_to_send() == ""
        assert [question for question, _, _ in turns(pilot)] == ["first"]


async def test_the_last_session_is_there_at_the_next_start(tmp_path: Path) -> None:
    async with running(tmp_path, ScriptedEngine(Script(replies=["yes"]))) as pilot:
        await say(pilot, "Remember?")
        await until(pilot, answered(pilot, 1))
    async with running(tmp_path, ScriptedEngine()) as pilot:
        await until(pilot, lambda: shown(pilot) == ["yes"])
        await pilot.press("ctrl+n")
        await until(pilot, lambda: shown(pilot) == [])


async def test_up_recalls_what_was_sent_in_the_last_run(tmp_path: Path) -> None:
    async with running(tmp_path, ScriptedEngine()) as pilot:
        await say(pilot, "from the first run")
        await until(pilot, answered(pilot, 1))
    async with running(tmp_path, ScriptedEngine()) as pilot:
        await until(pilot, lambda: len(shown(pilot)) == 1)
        await until(pilot, lambda: bool(parts_of(pilot).history.entries))
        await pilot.press("up")
        assert app_of(pilot).pane.composer.text_to_send() == "from the first run"


async def test_the_meter_counts_the_draft_exactly(tmp_path: Path) -> None:
    engine = ScriptedEngine()
    async with running(tmp_path, engine) as pilot:
        await until(pilot, lambda: engine.status.state is EngineState.READY)
        await until(pilot, lambda: app_of(pilot).bar.line.used_tokens > 0)
        empty = app_of(pilot).bar.line.used_tokens
        app_of(pilot).pane.composer.load_draft("five more words than before")
        await until(pilot, lambda: app_of(pilot).bar.line.used_tokens == empty + 5)


async def test_help_names_the_keys_of_the_place(tmp_path: Path) -> None:
    async with running(tmp_path, ScriptedEngine()) as pilot:
        await pilot.press("f1")
        assert isinstance(pilot.app.screen, HelpScreen)
        await pilot.press("escape")
        assert not isinstance(pilot.app.screen, HelpScreen)


async def test_the_log_is_shown_inert(tmp_path: Path) -> None:
    paths.private_dir(paths.log_file().parent)
    paths.log_file().write_text("plain\n\x1b[31mred [bold]mark\x07\n", encoding="utf-8")
    async with running(tmp_path, ScriptedEngine()) as pilot:
        await pilot.press("f4")
        screen = pilot.app.screen
        assert isinstance(screen, LogScreen)
        assert screen.lines == ["plain", "␛[31mred [bold]mark␇"]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.id)
def test_every_declared_command_can_be_run(command: Any) -> None:
    owner = OWNERS[command.scope]
    assert callable(getattr(owner, f"action_{command.name.partition('(')[0]}"))


async def test_what_stands_before_the_question_is_read_ahead_once(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("one = 1\n", encoding="utf-8")
    engine = ScriptedEngine()
    app = make_app(tmp_path, engine, backend="vllm")
    async with app.run_test() as pilot:
        await until(pilot, lambda: len(engine.requests) == 1)
        app.pane.composer.load_draft("What is @a.py")
        await until(pilot, lambda: len(engine.requests) == 2)
        tokens = app.bar.line.used_tokens
        app.pane.composer.load_draft("What is @a.py for?")
        await until(pilot, lambda: app.bar.line.used_tokens > tokens)
        assert len(engine.requests) == 2
        assert engine.requests[1].messages[-1].content.startswith('<file path="a.py">')
        assert {request.sampling.max_tokens for request in engine.requests} == {1}
        await parts_of(pilot).host.stop()

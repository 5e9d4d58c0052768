"""The traceback pane as a whole on the scripted engine: what a user does and what is on the screen then."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual.pilot import Pilot

from termcoder.diagnosis.fixes import Origin, Trial
from termcoder.engine.base import EngineState, Request
from termcoder.engine.scripted import Script, ScriptedEngine
from termcoder.features.diagnose import PANE
from termcoder.features.parts import Parts
from termcoder.opening import Opening
from termcoder.sessions.store import SessionStore
from termcoder.ui import clipboard
from termcoder.ui.app import TermcoderApp
from termcoder.ui.panes.diagnosing import Diagnosing
from termcoder.ui.panes.traceback import TracebackPane
from termcoder.ui.screens.apply import ApplyScreen
from termcoder.ui.widgets.diagnosis_view import DiagnosisView
from termcoder.ui.widgets.error_list import ErrorList
from termcoder.ui.widgets.fix_list import FixList
from termcoder.ui.widgets.log_view import LogView
from termcoder.ui.widgets.source_view import SourceView
from tests.ui.test_app import app_of, make_app, until

APP = """def owner_of(order):
    return order["user_id"]


print(owner_of({"id": 7}))
"""
ANSWER = """Cause: `order` has no key `user_id`
Place: app.py:2
Why: the dictionary at app.py:5 was made without it. See other.py:9 for more.
Fix: Give the owner a default
When: an order without an owner is normal
Fix: Refuse such orders
When: an order without an owner is a mistake
"""
REWRITE = '```python\ndef owner_of(order):\n    return order.get("user_id", 0)\n```'


def replies(request: Request) -> str:
    return ANSWER if request.grammar else REWRITE


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "shop"
    root.mkdir()
    (root / "app.py").write_text(APP, encoding="utf-8")
    return root


@pytest.fixture
def log(project: Path) -> str:
    return subprocess.run([sys.executable, "app.py"], cwd=project, capture_output=True, text=True, check=False).stderr


@asynccontextmanager
async def running(
    project: Path, engine: ScriptedEngine, opening: Opening | None = None
) -> AsyncIterator[tuple[Pilot[Any], TracebackPane]]:
    app = make_app(project, engine, opening=opening)
    async with app.run_test(size=(130, 40)) as pilot:
        await until(pilot, lambda: app.traceback is not None)
        if opening is None:
            await pilot.press("f2")
        assert app.traceback is not None
        await app.traceback.diagnosing()
        yield pilot, app.traceback
        assert app.parts is not None
        await app.parts.host.stop()


async def paste(pilot: Pilot[Any], pane: TracebackPane, text: str) -> Diagnosing:
    pane.post_message(events.Paste(text.replace("\n", "\r")))  # as terminals send it
    errors = pane.query_one(ErrorList)
    await until(pilot, lambda: errors.row_count > 0)
    await until(pilot, lambda: pane.query_one(SourceView).path is not None)
    return await pane.diagnosing()


def fixes(pane: TracebackPane) -> list[tuple[Origin, str]]:
    return [(fix.origin, fix.title) for fix in pane.query_one(FixList)._fixes]


def text_of(view: DiagnosisView) -> str:
    return "\n".join("".join(span.text for span in row) for row in view.rows_at(100))


async def test_a_pasted_log_shows_its_root_error_its_source_and_fixes_by_rule(project: Path, log: str) -> None:
    async with running(project, ScriptedEngine()) as (pilot, pane):
        await paste(pilot, pane, f"Please help:\n```\n{log}```\n")
        assert pane.query_one(ErrorList).selection == (0, 1)
        source = pane.query_one(SourceView)
        assert (source.path, source.line) == ("app.py", 2)
        await until(pilot, lambda: len(fixes(pane)) == 2)
        assert fixes(pane) == [(Origin.RULE, 'Use .get("user_id")'), (Origin.RULE, 'Check `if "user_id" in order`')]


async def test_frames_are_walked_with_n_and_p_and_the_log_follows(project: Path, log: str) -> None:
    async with running(project, ScriptedEngine()) as (pilot, pane):
        await paste(pilot, pane, log)
        await pilot.press("p")
        await until(pilot, lambda: pane.query_one(SourceView).line == 5)
        assert log.splitlines()[(pane.query_one(LogView).line or 0) - 1].startswith('  File "')
        await pilot.press("n")
        await until(pilot, lambda: pane.query_one(SourceView).line == 2)


async def test_a_log_without_an_error_says_so(project: Path) -> None:
    async with running(project, ScriptedEngine()) as (pilot, pane):
        pane.post_message(events.Paste("all is well\nnothing happened\n"))
        view = pane.query_one(DiagnosisView)
        await until(pilot, lambda: "No error was found in 2 lines" in view.placeholder)


async def test_a_diagnosis_is_streamed_named_places_exist_and_it_is_saved(project: Path, log: str) -> None:
    async with running(project, ScriptedEngine(Script(replies=replies))) as (pilot, pane):
        diagnosing = await paste(pilot, pane, log)
        await pilot.press("d")
        await until(pilot, lambda: (Origin.MODEL, "Give the owner a default") in fixes(pane) and not diagnosing.busy)
        told = text_of(pane.query_one(DiagnosisView))
        assert "`order` has no key `user_id`" in told
        assert "app.py:2" in told
        assert "other.py" not in told
        assert "taken out" in told
    saved = SessionStore().latest(project).session
    assert saved is not None
    (turn,) = saved.other_turns[PANE]
    assert turn["log"] == log
    assert turn["answer"] == ANSWER


async def test_the_log_is_there_again_at_the_next_start(project: Path, log: str) -> None:
    async with running(project, ScriptedEngine()) as (pilot, pane):
        await paste(pilot, pane, log)
        await until(pilot, lambda: _is_saved(project))
    async with running(project, ScriptedEngine()) as (pilot, pane):
        await until(pilot, lambda: pane.query_one(SourceView).line == 2)


def _is_saved(project: Path) -> bool:
    session = SessionStore().latest(project).session
    return session is not None and PANE in session.other_turns


async def test_escape_stops_a_diagnosis_and_keeps_what_came(project: Path, log: str) -> None:
    engine = ScriptedEngine(Script(replies=replies, tokens_per_second=20))
    async with running(project, engine) as (pilot, pane):
        diagnosing = await paste(pilot, pane, log)
        await pilot.press("d")
        await until(pilot, lambda: "has no key" in text_of(pane.query_one(DiagnosisView)))
        await pilot.press("escape")
        await until(pilot, lambda: not diagnosing.busy)
        told = text_of(pane.query_one(DiagnosisView))
        assert "has no key" in told
        assert "stopped" in told


async def test_waiting_for_the_model_can_be_stopped(project: Path, log: str) -> None:
    engine = ScriptedEngine()
    engine.hold()
    async with running(project, engine) as (pilot, pane):
        diagnosing = await paste(pilot, pane, log)
        await pilot.press("d")
        await until(pilot, lambda: diagnosing.busy)
        await pilot.press("escape")
        await until(pilot, lambda: not diagnosing.busy)
        engine.release()


async def test_an_engine_that_does_not_start_is_told_and_d_can_be_pressed_again(project: Path, log: str) -> None:
    engine = ScriptedEngine(Script(replies=replies, failing_starts=1))
    async with running(project, engine) as (pilot, pane):
        diagnosing = await paste(pilot, pane, log)
        await until(pilot, lambda: engine.status.state is EngineState.FAILED)
        await pilot.press("d")
        await until(pilot, lambda: "The scripted start failed" in text_of(pane.query_one(DiagnosisView)))
        await pilot.press("f5")
        await until(pilot, lambda: engine.status.state is EngineState.READY)
        await pilot.press("d")
        await until(pilot, lambda: len(fixes(pane)) == 3 and not diagnosing.busy)


async def test_a_fix_is_previewed_applied_and_taken_back(project: Path, log: str) -> None:
    async with running(project, ScriptedEngine()) as (pilot, pane):
        await paste(pilot, pane, log)
        await until(pilot, lambda: bool(fixes(pane)))
        await pilot.press("a")
        await until(pilot, lambda: isinstance(pilot.app.screen, ApplyScreen))
        await pilot.press("enter")
        await until(pilot, lambda: 'order.get("user_id")' in (project / "app.py").read_text(encoding="utf-8"))
        await until(pilot, lambda: not isinstance(pilot.app.screen, ApplyScreen))
        await pilot.press("u")
        await until(pilot, lambda: (project / "app.py").read_text(encoding="utf-8") == APP)


async def test_a_file_changed_since_is_not_touched(project: Path, log: str) -> None:
    async with running(project, ScriptedEngine()) as (pilot, pane):
        await paste(pilot, pane, log)
        await until(pilot, lambda: bool(fixes(pane)))
        (project / "app.py").write_text(APP + "# mine\n", encoding="utf-8")
        await pilot.press("a")
        await until(pilot, lambda: isinstance(pilot.app.screen, ApplyScreen))
        await pilot.press("enter")
        await until(pilot, lambda: bool(app_of(pilot)._notifications))
        assert (project / "app.py").read_text(encoding="utf-8") == APP + "# mine\n"


async def test_fixes_are_tried_with_the_command_and_those_that_pass_come_first(project: Path, log: str) -> None:
    command = f'{sys.executable} -c "import app; assert app.owner_of({{}}) == 0"'
    opening = Opening(log, command)
    async with running(project, ScriptedEngine(Script(replies=replies)), opening) as (pilot, pane):
        await until(pilot, lambda: len(fixes(pane)) == 2)
        await pilot.press("d")
        shown = pane.query_one(FixList)
        diagnosing = await pane.diagnosing()
        await until(pilot, lambda: len(fixes(pane)) == 3 and not diagnosing.busy)
        assert [fix.trial for fix in shown._fixes[1:]] == [Trial.FAILED, Trial.FAILED]
        assert shown._fixes[0].trial is Trial.PASSED
        assert shown._fixes[0].origin is Origin.MODEL
        assert (project / "app.py").read_text(encoding="utf-8") == APP


async def test_the_program_opens_on_a_log(project: Path, log: str) -> None:
    async with running(project, ScriptedEngine(), Opening(log)) as (pilot, pane):
        await until(pilot, lambda: pane.query_one(SourceView).line == 2)
        assert app_of(pilot).active_pane == "traceback"
        await until(pilot, lambda: pane.query_one(ErrorList).has_focus)


async def test_keys_and_a_paste_that_come_before_the_pane_is_ready_are_not_lost(
    project: Path, log: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready, attach = asyncio.Event(), TermcoderApp._attach_traceback

    async def attach_later(app: TermcoderApp, parts: Parts) -> None:
        await ready.wait()
        await attach(app, parts)

    monkeypatch.setattr(TermcoderApp, "_attach_traceback", attach_later)
    app = make_app(project, ScriptedEngine())
    async with app.run_test(size=(130, 40)) as pilot:
        await pilot.press("f2")
        app.post_message(events.Paste(log.replace("\n", "\r")))
        await pilot.pause()
        ready.set()
        await until(pilot, lambda: app.traceback is not None)
        pane = app.traceback
        assert pane is not None
        await until(pilot, lambda: pane.query_one(SourceView).line == 2)
        assert app.pane.composer.text_to_send() == ""
        await app.pane.conversation()
        assert app.parts is not None
        await app.parts.host.stop()


async def test_a_fix_is_copied_once(project: Path, log: str, monkeypatch: pytest.MonkeyPatch) -> None:
    copied: list[str] = []
    monkeypatch.setattr(clipboard, "copy", lambda app, text: copied.append(text) or "copied")
    async with running(project, ScriptedEngine()) as (pilot, pane):
        await paste(pilot, pane, log)
        await until(pilot, lambda: bool(fixes(pane)))
        pane.query_one(FixList).focus()
        await pilot.press("c")
        await until(pilot, lambda: bool(copied))
        await pilot.pause()
        assert [text.splitlines()[0] for text in copied] == ["diff --git a/app.py b/app.py"]

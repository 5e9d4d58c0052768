"""Diagnosing and trying fixes, on the scripted engine and with real commands."""

import asyncio
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from termcoder.diagnosis.fixes import Trial
from termcoder.engine.base import Request
from termcoder.engine.scripted import Script, ScriptedEngine
from termcoder.errors import EngineDiedError
from termcoder.features.diagnose import Diagnose
from termcoder.features.diagnosis_run import (
    DiagnosisEnded,
    DiagnosisEvent,
    DiagnosisGrew,
    EvidenceReady,
    FixesFound,
    notes_of,
)
from termcoder.features.session_book import SessionBook
from termcoder.settings import DiagnoseSettings
from termcoder.workspace import Workspace

APP = """SECRET = "sk-live-1234567890abcdefghij"


def price_of(item):
    return item["price"]


print(price_of({"name": "tea"}))
"""
ANSWER = """Cause: `item` has no key `price`
Place: app.py:5
Why: the item at app.py:8 was made without it
Fix: In this line, use a default
When: Right if a price may be missing
Fix: Before this line, check the key
When: Right if a price is needed
"""


def replies(request: Request) -> str:
    if request.grammar:
        return ANSWER
    asked = request.messages[-1].content
    body = 'return item.get("price", 0)' if "use a default" in asked else "return item["
    return f"```python\ndef price_of(item):\n    {body}\n```"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text(APP, encoding="utf-8")
    return tmp_path


@pytest.fixture
def log(project: Path) -> str:
    done = subprocess.run([sys.executable, "app.py"], cwd=project, capture_output=True, text=True, check=False)
    return "Authorization: Bearer abcDEF123456ghiJKL789\n" + done.stderr


def feature_of(project: Path, samples: int = 4) -> Diagnose:
    workspace = Workspace(project)
    return Diagnose(workspace, SessionBook(project, None), DiagnoseSettings(samples=samples))


async def events_of(feature: Diagnose, log: str, script: Script) -> tuple[list[DiagnosisEvent], ScriptedEngine]:
    engine = ScriptedEngine(script)
    await engine.start()
    incident = feature.read(log)
    assert incident.root is not None
    return [event async for event in feature.run(engine, incident, incident.root, asyncio.Event())], engine


async def test_the_answer_streams_then_every_idea_is_written_in_one_batch(project: Path, log: str) -> None:
    events, engine = await events_of(feature_of(project), log, Script(replies=replies, context_tokens=8192))
    kinds = [type(event) for event in events]
    assert kinds[:2] == [FixesFound, EvidenceReady]
    assert kinds[-1] is DiagnosisEnded
    (diagnosis,) = [event.diagnosis for event in events if isinstance(event, DiagnosisGrew)][-1:]
    assert (str(diagnosis.place), diagnosis.removed) == ("app.py:5", 0)
    found = [event for event in events if isinstance(event, FixesFound)][-1]
    assert [fix.title for fix in found.checked.fixes][-1] == "In this line, use a default"
    assert dict(found.checked.dropped) == {"would not compile": 2}
    assert [fix.votes for fix in found.checked.fixes][-1] == 2
    assert len(engine.requests) == 1 + 4
    assert all(request.copies for request in engine.requests[1:])


async def test_secrets_are_hidden_from_the_model_and_counted(project: Path, log: str) -> None:
    events, engine = await events_of(feature_of(project), log, Script(replies=replies, context_tokens=8192))
    sent = "\n".join(message.content for request in engine.requests for message in request.messages)
    assert "abcDEF123456ghiJKL789" not in sent
    (evidence,) = [event for event in events if isinstance(event, EvidenceReady)]
    assert evidence.secrets == 1
    assert notes_of(evidence) == ["1 secret was hidden from the model"]


async def test_what_does_not_fit_is_named(project: Path, log: str) -> None:
    long = "noise about nothing\n" * 300 + log
    events, _ = await events_of(feature_of(project), long, Script(replies=replies, context_tokens=900))
    (evidence,) = [event for event in events if isinstance(event, EvidenceReady)]
    assert any("log lines before the error" in name for name in evidence.left_out)
    assert any("other lines of the log" in name for name in evidence.left_out)


async def test_a_death_while_fixes_are_written_keeps_the_diagnosis_and_the_rules(project: Path, log: str) -> None:
    script = Script(
        replies=lambda request: ANSWER if request.grammar else "word " * 400, dies_after=80, context_tokens=8192
    )
    events, _ = await events_of(feature_of(project), log, script)
    ended = events[-1]
    assert isinstance(ended, DiagnosisEnded)
    assert isinstance(ended.error, EngineDiedError)
    found = [event for event in events if isinstance(event, FixesFound)][-1]
    assert found.checked.fixes


async def test_fixes_are_tried_in_a_copy_and_those_that_pass_come_first(project: Path, log: str) -> None:
    feature = feature_of(project)
    events, _ = await events_of(feature, log, Script(replies=replies, context_tokens=8192))
    found = [event for event in events if isinstance(event, FixesFound)][-1].checked
    check = [sys.executable, "-c", "import app; assert app.price_of({}) == 0"]
    progress = [step async for step in feature.try_fixes(found.fixes, check, threading.Event())]
    assert [step.done for step in progress] == list(range(len(found.fixes) + 1))
    best = progress[-1].fixes[0]
    assert (best.trial, best.title) == (Trial.PASSED, "In this line, use a default")
    assert {fix.trial for fix in progress[-1].fixes[1:]} == {Trial.FAILED}
    assert (project / "app.py").read_text(encoding="utf-8") == APP


async def test_a_command_that_passes_without_a_fix_proves_nothing(project: Path, log: str) -> None:
    feature = feature_of(project)
    fixes = feature.rule_fixes(feature.read(log), 0).fixes
    (only,) = [step async for step in feature.try_fixes(fixes, "true", threading.Event())]
    assert only.note == "The command passes here without any fix."
    assert {fix.trial for fix in only.fixes} == {Trial.UNTRIED}

"""Reviewing on the scripted engine, in real repositories."""

import asyncio
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from termcoder import paths
from termcoder.diagnosis.fixes import Origin
from termcoder.diffs.model import Scope, ScopeKind
from termcoder.engine.base import Request
from termcoder.engine.scripted import Script, ScriptedEngine
from termcoder.errors import EngineDiedError
from termcoder.features.review import ReviewEnded, ReviewFeature, ReviewGrew, ReviewStarted
from termcoder.features.session_book import SessionBook
from termcoder.repository.repository import patch_changes
from termcoder.review.finding import Category, Review, Severity
from termcoder.sessions.store import SessionStore
from termcoder.settings import ReviewSettings
from termcoder.workspace import Workspace

BEFORE = "def first(rows):\n    if len(rows) > 1:\n        return rows[1]\n    return rows[0]\n"
AFTER = BEFORE.replace("len(rows) > 1", "len(rows) > 0")
FINDING = """Problem: `rows[1]` is read though there may be one row
When: `rows` has one row, it raises
Line: {}
Severity: {}
"""


def git(folder: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=n", "-c", "user.email=n@example.org")
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Two files with one staged hunk each; on the disk they have changed again."""
    folder = tmp_path / "project"
    folder.mkdir()
    git(folder, "init", "-q")
    for name in ("one.py", "two.py"):
        (folder / name).write_text(BEFORE)
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "first")
    for name in ("one.py", "two.py"):
        (folder / name).write_text(AFTER)
    git(folder, "add", ".")
    (folder / "one.py").write_text("nothing of this is staged\n")
    return folder


def against(request: Request) -> Mapping[str, float]:
    """The answers of a model that rejects the change, and sees an error in its bounds."""
    asked = request.messages[-1].content
    if "The old code of" in asked:
        return {"Yes": 0.2, "No": 0.8} if asked.index("> 1") < asked.index("> 0") else {"Yes": 0.8, "No": 0.2}
    if "too far" in asked:
        return {"Yes": 0.9, "No": 0.1} if "> 0" in asked else {"Yes": 0.5, "No": 0.5}
    return {"Yes": 0.5, "No": 0.5}


def writes(severity: str = "major", line: int = 2) -> Callable[[Request], str]:
    def reply(request: Request) -> str:
        if request.grammar:
            return FINDING.format(line, severity)
        return "```python\n" + BEFORE + "```"

    return reply


def feature(project: Path, store: SessionStore | None = None, **settings: object) -> ReviewFeature:
    changed = replace(ReviewSettings(), **settings)  # type: ignore[arg-type]
    return ReviewFeature(Workspace(project), SessionBook(project, store), changed)


async def engine_with(script: Script) -> ScriptedEngine:
    engine = ScriptedEngine(script)
    await engine.start()
    return engine


async def reviewed(made: ReviewFeature, engine: ScriptedEngine, scope: Scope | None = None) -> Review:
    events = [event async for event in made.run(engine, made.changes(scope or Scope()), asyncio.Event())]
    assert isinstance(events[0], ReviewStarted)
    assert isinstance(events[-1], ReviewEnded)
    if events[-1].error:
        raise events[-1].error
    return events[-1].review


async def test_every_hunk_is_reviewed_and_its_findings_are_anchored(project: Path) -> None:
    review = await reviewed(feature(project), await engine_with(Script(writes(), chances=against)))
    assert str(review.coverage) == "2 of 2 files read, 2 of 2 hunks"
    assert [(each.path, each.line, each.quoted) for each in review.findings] == [
        (path, 2, "    if len(rows) > 0:") for path in ("one.py", "two.py")
    ]
    first = review.findings[0]
    assert (first.severity, first.category, first.origin) == (Severity.MAJOR, Category.BUG, Origin.MODEL)
    assert first.title == "`rows[1]` is read though there may be one row"
    assert first.scenario == "When `rows` has one row, it raises"
    assert first.confidence > 0.9


async def test_the_context_comes_from_the_index_and_not_from_the_disk(project: Path) -> None:
    engine = await engine_with(Script(writes(), chances=against))
    review = await reviewed(feature(project), engine)
    assert not any("nothing of this" in message.content for each in engine.requests for message in each.messages)
    suggestion = review.findings[0].suggestion
    assert suggestion is not None
    assert (suggestion.changes[0].before, suggestion.changes[0].after) == (AFTER, BEFORE)


async def test_findings_come_as_hunks_are_done(project: Path) -> None:
    made = feature(project)
    engine = await engine_with(Script(writes(), chances=against))
    counts = [
        (event.done, len(event.review.findings))
        async for event in made.run(engine, made.changes(Scope()), asyncio.Event())
        if isinstance(event, ReviewGrew) and event.activity == "reviewing"
    ]
    assert counts[-1] == (2, 2)


async def test_all_hunks_are_asked_about_before_the_first_is_answered(project: Path) -> None:
    made = feature(project)
    engine = await engine_with(Script(writes(), chances=against))
    engine.hold()
    events = made.run(engine, made.changes(Scope()), asyncio.Event())
    task = asyncio.ensure_future(_all(events))
    while len({each.messages[-1].content.split(":")[0] for each in engine.requests}) < 2:
        await asyncio.sleep(0)
    engine.release()
    assert (await task)[-1].review.coverage.hunks_read == 2
    assert all(each.priority > 0 for each in engine.requests)  # a chat goes first


async def _all(events: object) -> list[object]:
    return [event async for event in events]  # type: ignore[attr-defined]


async def test_a_change_that_the_model_likes_is_not_written_about(project: Path) -> None:
    liked = {"Yes": 0.8, "No": 0.2}
    disliked = {"Yes": 0.2, "No": 0.8}

    def likes(request: Request) -> Mapping[str, float]:
        asked = request.messages[-1].content
        forward = "The old code of" in asked and asked.index("> 1") < asked.index("> 0")
        return liked if forward else disliked

    engine = await engine_with(Script(writes(), chances=likes))
    review = await reviewed(feature(project), engine)
    assert not review.findings and not review.folded
    assert not any(each.grammar for each in engine.requests)


async def test_a_hunk_of_nothing_but_imports_is_left_to_the_rules(project: Path) -> None:
    git(project, "reset", "-q", "--hard")
    (project / "one.py").write_text("import os\nimport re\n" + BEFORE, encoding="utf-8")
    git(project, "add", "--all")
    engine = await engine_with(Script(writes(), chances=against))
    review = await reviewed(feature(project), engine)
    assert str(review.coverage) == "1 of 1 files read, 1 of 1 hunks"
    assert not engine.requests


async def test_unsure_findings_are_folded(project: Path) -> None:
    even = await engine_with(Script(writes(), chances=lambda _: {"Yes": 0.5, "No": 0.5}))
    review = await reviewed(feature(project), even)
    assert not review.findings
    assert len(review.folded) == 2


async def test_no_findings_is_an_answer(project: Path) -> None:
    engine = await engine_with(Script(lambda _: "No findings\n", chances=against))
    review = await reviewed(feature(project), engine)
    assert not review.findings and not review.folded


async def test_a_line_that_was_not_shown_is_no_finding(project: Path) -> None:
    engine = await engine_with(Script(writes(line=99), chances=against))
    assert not (await reviewed(feature(project), engine)).findings


async def test_patches_that_are_no_use_are_dropped_and_counted(project: Path) -> None:
    def reply(request: Request) -> str:
        return FINDING.format(2, "major") if request.grammar else "```python\ndef first(rows:\n```"

    review = await reviewed(feature(project), await engine_with(Script(reply, chances=against)))
    assert sum(count for _, count in review.dropped) == 2
    assert all(finding.suggestion is None for finding in review.findings)


async def test_cancelling_keeps_what_is_done(project: Path) -> None:
    made, cancel = feature(project), asyncio.Event()
    engine = await engine_with(Script(writes(), chances=against))
    events = []
    async for event in made.run(engine, made.changes(Scope()), cancel):
        events.append(event)
        if isinstance(event, ReviewGrew) and event.done:
            cancel.set()
    ended = events[-1]
    assert isinstance(ended, ReviewEnded)
    assert ended.error is None
    assert ended.review.interrupted
    assert ended.review.findings


async def test_a_review_that_is_given_up_leaves_nothing_running(project: Path) -> None:
    made = feature(project)
    engine = await engine_with(Script(writes(), chances=against))
    events = made.run(engine, made.changes(Scope()), asyncio.Event())
    async for event in events:
        if isinstance(event, ReviewGrew):
            break
    await events.aclose()
    assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []


async def test_an_engine_that_dies_ends_the_review_with_what_there_is(project: Path) -> None:
    made = feature(project)
    engine = await engine_with(Script(writes(), chances=against, dies_after=3))
    events = [event async for event in made.run(engine, made.changes(Scope()), asyncio.Event())]
    ended = events[-1]
    assert isinstance(ended, ReviewEnded)
    assert isinstance(ended.error, EngineDiedError)
    assert ended.review.interrupted


async def test_a_review_is_kept_in_the_session_for_the_same_changes_only(project: Path) -> None:
    made = feature(project, SessionStore())
    review = await reviewed(made, await engine_with(Script(writes(), chances=against)))
    kept = made.restored(made.changes(Scope()))
    assert kept is not None
    assert kept.findings == review.findings
    git(project, "add", "one.py")
    assert made.restored(made.changes(Scope())) is None


async def test_a_dismissed_finding_stays_dismissed_for_its_content(project: Path) -> None:
    made = feature(project)
    engine = await engine_with(Script(writes(), chances=against))
    first = (await reviewed(made, engine)).findings[0]
    made.dismiss(first)
    again = await reviewed(feature(project), engine)
    assert first.fingerprint in [each.fingerprint for each in again.folded]
    made.restore_dismissed(first)
    assert len((await reviewed(feature(project), engine)).findings) == 2


async def test_the_project_s_rules_are_asked_about(project: Path) -> None:
    (project / ".termcoder").mkdir()
    (project / ".termcoder" / "review.md").write_text("- Never index a list without a check\n")

    def breaks(request: Request) -> Mapping[str, float]:
        broken = "Never index" in request.messages[-1].content and "> 0" in request.messages[-1].content
        return {"Yes": 0.95, "No": 0.05} if broken else {"Yes": 0.3, "No": 0.7}

    review = await reviewed(feature(project), await engine_with(Script(writes(), chances=breaks)))
    assert {each.category for each in (*review.findings, *review.folded)} >= {Category.PROJECT_RULE}


async def test_a_patch_of_no_repository_is_reviewed(tmp_path: Path, project: Path) -> None:
    diff = subprocess.run(["git", "diff", "--cached"], cwd=project, capture_output=True, check=True).stdout
    outside = tmp_path / "elsewhere"
    outside.mkdir()
    changes = patch_changes(diff)
    assert changes.scope.kind is ScopeKind.PATCH
    made = feature(outside)
    engine = await engine_with(Script(writes(), chances=against))
    events = [event async for event in made.run(engine, changes, asyncio.Event())]
    assert isinstance(events[-1], ReviewEnded)
    assert len(events[-1].review.findings) == 2


async def test_a_commit_message_is_written_from_the_change(project: Path) -> None:
    made = feature(project)
    engine = await engine_with(Script(lambda _: "fix(one): compare with nothing\n"))
    texts = [text async for text in made.write_message(engine, made.changes(Scope()), asyncio.Event())]
    assert texts[-1] == "fix(one): compare with nothing"
    asked = engine.requests[-1].messages[-1].content
    assert "M one.py +1 -1" in asked
    assert "first" in asked  # the subject before
    assert "+    if len(rows) > 0:" in asked


async def test_a_template_of_the_user_s_own_writes_the_message(project: Path) -> None:
    folder = paths.config_dir() / "prompts"
    folder.mkdir(parents=True)
    front = '+++\nname = "haiku"\nfeature = "review"\ndescription = "d"\n+++\n'
    (folder / "haiku.md").write_text(front + "Write a haiku.\n")
    made = feature(project, message_style="haiku")
    engine = await engine_with(Script(lambda _: "an old pond\n"))
    assert [text async for text in made.write_message(engine, made.changes(Scope()), asyncio.Event())][
        -1
    ] == "an old pond"
    assert engine.requests[-1].messages[0].content.strip() == "Write a haiku."
    assert engine.requests[-1].grammar is None


async def test_what_rules_find_needs_no_model(project: Path) -> None:
    (project / "one.py").write_text(BEFORE + "\n\nbreakpoint()\n")
    git(project, "add", "one.py")
    review = feature(project).by_rule(feature(project).changes(Scope()))
    assert [(each.path, each.line, each.origin) for each in review.findings] == [("one.py", 7, Origin.RULE)]

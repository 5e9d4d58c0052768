"""Refactoring on the scripted engine: several answers, the first good one first, every failure told."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from termcoder.engine.base import Request
from termcoder.engine.scripted import Script, ScriptedEngine
from termcoder.errors import ContextOverflowError, EditError, EngineDiedError, RefactorError, WorkspaceError
from termcoder.features.refactor import PANE, Refactor
from termcoder.features.refactor_run import Job, RefactorEnded, RefactorGrew, RefactorStarted
from termcoder.features.session_book import SessionBook
from termcoder.refactoring.selecting import parse_target
from termcoder.sessions.store import SessionStore
from termcoder.settings import RefactorSettings
from termcoder.workspace import Workspace
from tests.refactoring.samples import SHOP, answer

BETTER = "def load(path, default=None):\n    return json.load(open(path)) or default\n"
OTHER = "def load(path, default=None):\n    return default or json.load(open(path))\n"

Answers = list[str] | Callable[[Request], str]
Events = list[RefactorStarted | RefactorGrew | RefactorEnded]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "shop.py").write_text(SHOP)
    return folder


def feature(project: Path, store: SessionStore | None = None, **settings: object) -> Refactor:
    return Refactor(Workspace(project), SessionBook(project, store), RefactorSettings(**settings))  # type: ignore[arg-type]


def job(refactor: Refactor, target: str = "shop.py:load", template: str = "simplify", instruction: str = "") -> Job:
    return Job(refactor.select(parse_target(target)), template, instruction)


async def ran(
    refactor: Refactor, wanted: Job, answers: Answers, cancel: asyncio.Event | None = None, context: int = 8192
) -> tuple[ScriptedEngine, Events]:
    engine = ScriptedEngine(Script(replies=answers, context_tokens=context))
    await engine.start()
    return engine, [event async for event in refactor.run(engine, wanted, cancel or asyncio.Event())]


def ended(events: Events) -> RefactorEnded:
    assert isinstance(events[-1], RefactorEnded)
    return events[-1]


async def test_good_answers_come_in_the_order_they_were_written(project: Path) -> None:
    refactor = feature(project)
    engine, events = await ran(refactor, job(refactor), [answer(BETTER), "no code", answer(OTHER)])
    found = ended(events).found
    assert [each.votes for each in found.proposals] == [1, 1]
    assert found.told() == "1 of 3 answers was dropped: would not compile"
    assert [event.waiting for event in events if isinstance(event, RefactorGrew)] == [2, 1, 0]
    assert [request.sampling.temperature for request in engine.requests] == [0.2, 0.7, 0.7]
    assert all(request.copies for request in engine.requests)
    assert len({request.sampling.seed for request in engine.requests}) == 3


async def test_what_is_asked_shows_the_lines_and_what_is_around_them(project: Path) -> None:
    refactor = feature(project, samples=1)
    engine, _ = await ran(refactor, job(refactor, instruction="use json.loads"), [answer(BETTER)])
    asked = engine.requests[0].messages[-1].content
    assert "def load(path, default=None):\n    with open(path) as file:" in asked
    assert "import json" in asked and "def twice(path):" in asked and "use json.loads" in asked
    assert "price" not in asked


async def test_secrets_are_hidden_and_put_back(project: Path) -> None:
    key = "sk-ant-abcdefghijklmnopqrstuvwxyz0123"
    (project / "shop.py").write_text(f'def load(path):\n    key = "{key}"\n    value = key\n    return value\n')
    refactor = feature(project, samples=2)
    replies = [
        answer('def load(path):\n    key = "[secret 1]"\n    return key'),
        answer('def load(path):\n    return "[secret 7]"'),
    ]
    engine, events = await ran(refactor, job(refactor), replies)
    assert key not in engine.requests[0].messages[-1].content
    found = ended(events).found
    assert f'key = "{key}"\n    return key' in (found.proposals[0].patch.changes[0].after or "")
    assert dict(found.dropped) == {"made up a secret": 1}
    assert isinstance(events[0], RefactorStarted) and events[0].notes == ("1 secret was hidden from the model",)


async def test_lines_that_do_not_fit_are_shown_without_what_is_around_them(project: Path) -> None:
    text = "".join(f"def other_function_number_{number}():\n    return {number}\n\n\n" for number in range(40)) + SHOP
    (project / "shop.py").write_text(text)
    refactor = feature(project, samples=1)
    _, (started, *_) = await ran(refactor, job(refactor), [answer(BETTER)])
    assert isinstance(started, RefactorStarted) and not started.notes
    engine, events = await ran(refactor, job(refactor), [answer(BETTER)], context=started.tokens + 100)
    assert "other_function" not in engine.requests[0].messages[-1].content
    assert isinstance(events[0], RefactorStarted) and "doesn't fit" in events[0].notes[0]


async def test_too_many_lines_are_refused_before_anything_is_asked(project: Path) -> None:
    refactor = feature(project)
    engine, events = await ran(refactor, job(refactor, "shop.py"), [answer(BETTER)], context=300)
    assert isinstance(ended(events).error, ContextOverflowError)
    assert not engine.requests


async def test_a_rule_needs_no_model(project: Path) -> None:
    refactor = feature(project)
    made = refactor.by_rule(job(refactor, template="rename", instruction="file -> stream"))
    assert made is not None and made.by_rule and "as stream:" in (made.patch.changes[0].after or "")
    assert refactor.by_rule(job(refactor, template="rename")) is None
    with pytest.raises(RefactorError):
        refactor.by_rule(job(refactor, template="rename", instruction="nothing -> x"))


async def test_the_model_gives_no_more_than_a_name_to_what_a_rule_extracts(project: Path) -> None:
    refactor = feature(project)
    wanted = job(refactor, "shop.py:10-14", "extract-function")
    engine, events = await ran(refactor, wanted, ["sum_prices"])
    proposal = ended(events).found.proposals[0]
    assert "total = sum_prices(rows, total)" in (proposal.patch.changes[0].after or "")
    assert len(engine.requests) == 1 and engine.requests[0].grammar is not None


async def test_a_name_that_is_taken_gets_a_number(project: Path) -> None:
    refactor = feature(project)
    _, events = await ran(refactor, job(refactor, "shop.py:10-14", "extract-function"), ["load"])
    assert "total = load_2(rows, total)" in (ended(events).found.proposals[0].patch.changes[0].after or "")


async def test_a_template_that_rewrites_no_code_is_refused(project: Path) -> None:
    refactor = feature(project)
    with pytest.raises(RefactorError, match="doesn't rewrite code"):
        refactor.by_rule(job(refactor, template="commit-message"))


async def test_every_template_that_is_offered_can_be_asked(project: Path) -> None:
    refactor = feature(project, samples=1)
    names = [name for name, _ in refactor.templates()]
    assert {"simplify", "type-hints", "performance", "rename", "extract-function"} <= set(names)
    for name in names:
        engine, _ = await ran(refactor, job(refactor, template=name), ["nothing"])
        assert "def load" in engine.requests[0].messages[-1].content


async def test_stopping_keeps_what_came(project: Path) -> None:
    refactor, cancel = feature(project), asyncio.Event()
    engine = ScriptedEngine(Script(replies=[answer(BETTER)], tokens_per_second=5.0))
    await engine.start()
    events: Events = []
    async for event in refactor.run(engine, job(refactor), cancel):
        events.append(event)
        cancel.set()
    assert ended(events).stopped and ended(events).found.proposals == ()


async def test_an_engine_that_dies_is_told(project: Path) -> None:
    refactor = feature(project)
    engine = ScriptedEngine(Script(replies=[answer(BETTER)], dies_after=3))
    await engine.start()
    events: Events = [event async for event in refactor.run(engine, job(refactor), asyncio.Event())]
    assert isinstance(ended(events).error, EngineDiedError)


async def test_a_change_is_applied_and_taken_back(project: Path) -> None:
    refactor = feature(project)
    wanted = job(refactor)
    _, events = await ran(refactor, wanted, [answer(BETTER)])
    refactor.apply(ended(events).found.proposals[0].patch, wanted)
    assert "json.load(open(path))" in (project / "shop.py").read_text()
    assert refactor.undo().label == "simplify load"
    assert (project / "shop.py").read_text() == SHOP


async def test_a_file_that_was_changed_meanwhile_stays_as_it_is(project: Path) -> None:
    refactor = feature(project)
    wanted = job(refactor)
    _, events = await ran(refactor, wanted, [answer(BETTER)])
    (project / "shop.py").write_text("mine\n")
    with pytest.raises(EditError):
        refactor.apply(ended(events).found.proposals[0].patch, wanted)
    assert (project / "shop.py").read_text() == "mine\n"


async def test_what_came_of_it_is_kept_in_the_session(project: Path) -> None:
    store = SessionStore()
    refactor = feature(project, store)
    wanted = job(refactor)
    _, events = await ran(refactor, wanted, [answer(BETTER), "no code", answer(OTHER)])
    found = ended(events).found
    refactor.record("turn", wanted, found)
    refactor.record("turn", wanted, found, found.proposals[0].patch)
    session = store.latest(project).session
    assert session is not None
    (turn,) = session.other_turns[PANE]
    assert (turn["path"], turn["first"], turn["last"], turn["template"]) == ("shop.py", 22, 24, "simplify")
    assert len(turn["patches"]) == 2 and turn["applied"] == turn["patches"][0]["patch"]


async def test_tests_are_run_with_the_change_in_a_copy(project: Path) -> None:
    refactor = feature(project)
    outcome = await refactor.run_tests("pwd; cat shop.py; exit 3", threading.Event())
    assert outcome.code == 3 and "class Shop" in outcome.output
    assert str(project) in outcome.output.split("\n")[0]


def test_files_outside_of_the_project_are_refused(project: Path, tmp_path: Path) -> None:
    refactor = feature(project)
    assert refactor.path_of(project / "shop.py") == "shop.py"
    with pytest.raises(RefactorError, match="not in the project"):
        refactor.path_of(tmp_path / "other.py")
    with pytest.raises(WorkspaceError, match="no file"):
        refactor.select(parse_target("other.py"))


async def test_better_names_are_found_by_the_model_and_given_by_the_rule(project: Path) -> None:
    refactor = feature(project)
    wanted = job(refactor, "shop.py:Shop.bill", "rename")
    replies = ["rows -> items\nprice -> cost\n", "nothing", "total -> price\n"]
    engine, events = await ran(refactor, wanted, replies)
    found = ended(events).found
    after = found.proposals[0].patch.changes[0].after or ""
    assert 'cost = row["price"]' in after and "for row in rows:" in after  # a parameter stays as it is
    assert dict(found.dropped) == {"gave no name": 1, "gave names that can't be used": 1}
    grammar = engine.requests[0].grammar
    assert grammar is not None and '"price"' in grammar.ebnf and '"rows"' not in grammar.ebnf

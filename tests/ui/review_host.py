"""The program with a repository in it, and a review that says what a test wants."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from textual import events, on
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.pilot import Pilot

from termcoder.diffs.model import ChangeSet
from termcoder.engine.base import Engine
from termcoder.engine.scripted import ScriptedEngine
from termcoder.features.chat import Chat
from termcoder.features.diagnose import Diagnose
from termcoder.features.engine_host import EngineHost
from termcoder.features.parts import Parts
from termcoder.features.refactor import Refactor
from termcoder.features.review import ReviewEnded, ReviewEvent, ReviewFeature, ReviewGrew, ReviewStarted
from termcoder.history import History
from termcoder.repository.repository import Repository
from termcoder.review.finding import Category, Coverage, Finding, Review, Severity
from termcoder.sessions.store import SessionStore
from termcoder.settings import EngineSettings, Settings
from termcoder.ui import app as app_module
from termcoder.ui.app import TermcoderApp
from termcoder.ui.panes.review import ReviewPane
from termcoder.ui.panes.reviewing import Reviewing
from termcoder.ui.widgets.review_line import lines_of
from termcoder.ui.widgets.status_bar import StatusBar
from termcoder.workspace import Workspace
from tests.repository.samples import git, lines, put
from tests.ui.test_app import until

CHANGED = (10, 50, 90)
"""The lines of `file` that differ from the commit, each in a hunk of its own."""


def finding(line: int, severity: Severity = Severity.MAJOR, **fields: Any) -> Finding:
    given: dict[str, Any] = {
        "path": "file",
        "quoted": f"changed {line}",
        "category": Category.BUG,
        "title": f"Line {line} is wrong",
        "scenario": "When it runs, it fails.",
        "confidence": 0.9,
        "hunk": CHANGED.index(line) if line in CHANGED else 0,
    }
    return Finding(line=line, severity=severity, **(given | fields))


def review(changes: ChangeSet, *findings: Finding, read: int = 3, **fields: Any) -> Review:
    return Review(changes.scope, tuple(findings), coverage=Coverage(1, 1, 3, read), model="scripted", **fields)


class CannedReview(ReviewFeature):
    """Finds what `found` lists, one a step; with `holds` each step waits for `go`, or for the end."""

    found: tuple[Finding, ...] = ()
    message = ("Change", "Change three lines")
    holds = False
    opened = 0

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.go = asyncio.Event()
        self.runs = 0

    def repository(self) -> Repository:
        self.opened += 1
        return super().repository()

    async def run(
        self, engine: Engine, change_set: ChangeSet, cancel: asyncio.Event
    ) -> AsyncGenerator[ReviewEvent, None]:
        self.runs += 1
        yield ReviewStarted(3)
        so_far: tuple[Finding, ...] = ()
        for number, each in enumerate(self.found):
            await self._turn(cancel)
            if cancel.is_set():
                break
            so_far = (*so_far, each)
            yield ReviewGrew(review(change_set, *so_far, read=number + 1), number + 1, len(self.found), "reviewing")
        came = review(change_set, *so_far, read=len(so_far), interrupted=cancel.is_set())
        self.record(change_set, came)
        yield ReviewEnded(came)

    async def _turn(self, cancel: asyncio.Event) -> None:
        if self.holds:
            waits = [asyncio.ensure_future(event.wait()) for event in (self.go, cancel)]
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for wait in waits:
                wait.cancel()
            self.go.clear()

    async def write_message(
        self, engine: Engine, change_set: ChangeSet, cancel: asyncio.Event
    ) -> AsyncGenerator[str, None]:
        for text in self.message:
            yield text


def repository(folder: Path, *, staged: bool = True) -> Path:
    """A repository whose `file` of a hundred lines has changed at three places."""
    folder.mkdir()
    git(folder, "init", "-q")
    put(folder, "file", lines())
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "first")
    put(folder, "file", lines(*CHANGED))
    if staged:
        git(folder, "add", "-A")
    return folder


def parts_on(project: Path, engine: ScriptedEngine | None, feature: type[ReviewFeature]) -> Parts:
    """What a program on a project works with. `feature` is what reviews."""
    settings = Settings(engine=EngineSettings(backend="scripted"))
    engine = engine or ScriptedEngine()
    host = EngineHost(lambda name, report, cancel: engine, "scripted")
    chat = Chat(Workspace(project), SessionStore(), settings.chat)
    diagnose = Diagnose(chat.workspace, chat.book, settings.diagnose)
    review = feature(chat.workspace, chat.book, settings.review)
    refactor = Refactor(chat.workspace, chat.book, settings.refactor)
    return Parts(settings, host, chat, diagnose, review, refactor, History())


class Host(App[None]):
    """A review pane over a status bar, and nothing else."""

    CSS_PATH = app_module.__file__.replace("app.py", "styles/app.tcss")
    BINDINGS = [Binding("escape", "cancel")]

    def __init__(self, project: Path, engine: ScriptedEngine | None, feature: type[ReviewFeature]) -> None:
        super().__init__()
        self._make_parts = partial(parts_on, project, engine, feature)

    def compose(self) -> ComposeResult:
        yield ReviewPane()
        yield StatusBar()

    @property
    def pane(self) -> ReviewPane:
        return self.screen_stack[0].query_one(ReviewPane)

    @property
    def bar(self) -> StatusBar:
        return self.screen_stack[0].query_one(StatusBar)

    def on_mount(self) -> None:
        self.parts = self._make_parts()
        self.parts.chat.restore()
        self.parts.host.start()
        self.pane.attach(Reviewing(self.pane, self.parts))
        self.pane.take_focus()
        self.pane.look_again()

    async def action_cancel(self) -> None:
        (await self.pane.reviewing()).cancel()

    @on(events.AppFocus)
    def _look_again(self) -> None:
        self.pane.look_again()


async def ready(pilot: Pilot[Any], pane: ReviewPane) -> ReviewPane:
    """The pane with what it has read."""
    reviewing = await pane.reviewing()
    await until(pilot, lambda: reviewing._reading is not None or "git" in pane.diff.placeholder)
    await until(pilot, lambda: not pane.line.state.activity)
    return pane


async def press(pilot: Pilot[Any], *keys: str) -> None:
    """Press keys without Textual's pause after each: whoever needs what they do waits for that."""
    for key in keys:
        pilot.app.simulate_key(key)
    await pilot.pause(0)


@asynccontextmanager
async def running(
    project: Path, engine: ScriptedEngine | None = None, feature: type[ReviewFeature] = CannedReview
) -> AsyncIterator[tuple[Pilot[Any], ReviewPane]]:
    """The pane alone, with what it has read."""
    app = Host(project, engine, feature)
    async with app.run_test(size=(80, 30)) as pilot:
        yield pilot, await ready(pilot, app.pane)
        await app.parts.host.stop()


def app_on(
    project: Path, engine: ScriptedEngine | None = None, feature: type[ReviewFeature] = CannedReview
) -> TermcoderApp:
    """The whole program."""
    settings = Settings(engine=EngineSettings(backend="scripted"))
    return TermcoderApp(settings, partial(parts_on, project, engine, feature))


async def go_to_review(app: TermcoderApp, pilot: Pilot[Any]) -> ReviewPane:
    """The review pane of the whole program, with what it has read."""
    await pilot.press("f2", "f2")
    await until(pilot, lambda: app.review is not None)
    assert app.review is not None
    return await ready(pilot, app.review)


@asynccontextmanager
async def in_program(
    project: Path, engine: ScriptedEngine | None = None, feature: type[ReviewFeature] = CannedReview
) -> AsyncIterator[tuple[Pilot[Any], ReviewPane]]:
    """The whole program, with the pane shown."""
    app = app_on(project, engine, feature)
    async with app.run_test(size=(80, 30)) as pilot:
        yield pilot, await go_to_review(app, pilot)
        assert app.parts is not None
        await app.parts.host.stop()


def canned(pane: ReviewPane) -> CannedReview:
    feature = pane._reviewing.result().feature
    assert isinstance(feature, CannedReview)
    return feature


def said(pane: ReviewPane) -> str:
    return pane.line.state.said


def told(pane: ReviewPane) -> str:
    """All that is told below the changes."""
    return "\n".join(text for _, text in lines_of(pane.line.state, time.monotonic()))


def shown_findings(pane: ReviewPane) -> list[tuple[int, str]]:
    """Line and title of each finding that isn't folded."""
    return [(each.line, each.title) for file in pane.diff._rows.files for each in file.findings[: file.kept]]


def go_to_line(pane: ReviewPane, line: int) -> None:
    """Put the cursor on a line of the new side of the first file."""
    for row in range(pane.diff.row_count):
        pane.diff.move_to(row)
        place = pane.diff.cursor_place
        if place is not None and place.row is not None and place.line == line:
            return
    raise AssertionError(f"Line {line} is not shown.")

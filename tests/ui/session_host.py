"""Kept sessions with times that never change, and an app that shows the sessions screen."""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from textual.app import App
from textual.pilot import Pilot
from textual.widgets import Input, Static

from termcoder.conversation import Turn, Usage
from termcoder.features.session_book import SessionBook
from termcoder.features.session_desk import SessionDesk
from termcoder.sessions.schema import Session, to_json
from termcoder.sessions.store import SessionStore
from termcoder.ui.screens.sessions import Left, SessionsScreen
from termcoder.ui.widgets.session_list import SessionList

PROJECT = Path("/home/dev/shop")
OTHER = Path("/home/dev/blog")
ANSWER = "The total is wrong because `discount` is **added**.\n\n```python\nreturn price - discount\n```\n"


def kept(
    number: int,
    question: str = "",
    *,
    when: str = "2026-03-12T09:30:00Z",
    project: Path = PROJECT,
    answers: int = 1,
    **fields: Any,
) -> Path:
    """Write a session to where sessions are kept. Returns its file."""
    turns = tuple(
        Turn(f"t{number}x{at}", question or f"Question {number}", ANSWER, usage=Usage(9, 9), started_at=when)
        for at in range(answers)
    )
    session = Session(f"{number:06d}", str(project), when, when, model="qwen2.5-coder-1.5b", **fields)
    for turn in turns:
        session = session.with_turn(turn)
    path = SessionStore().path_of(session)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(to_json(session), encoding="utf-8")
    os.utime(path, (1_770_000_000 + number, 1_770_000_000 + number))
    return path


def a_shelf() -> None:
    """Some sessions of two projects and several days."""
    kept(1, "Why is the total of an order wrong when a discount is given?", when="2026-03-14T08:05:00Z", answers=3)
    kept(2, "Write a test for the cart", when="2026-03-14T07:40:00Z", answers=12)
    kept(3, "Explain the retry loop\nand its limits", when="2026-03-13T22:10:00Z")
    kept(4, "Parse ISO dates without a library", when="2026-03-09T10:00:00Z", answers=2)
    kept(5, "Make the queue bounded", when="2025-12-24T18:00:00Z")
    kept(6, "Move the blog to another host", when="2026-03-14T09:00:00Z", project=OTHER)
    kept(7, "A feed of the newest posts", when="2026-03-01T09:00:00Z", project=OTHER)


class SessionsHost(App[None]):
    """Keeps what the screen returned."""

    def __init__(self, project: Path = PROJECT, *, busy: str = "", open_id: str = "", kept: bool = True) -> None:
        super().__init__()
        self.book = SessionBook(project, SessionStore() if kept else None)
        self.desk = SessionDesk(self.book)
        self.busy = busy
        self.left: list[Left | None] = []
        if open_id:
            self.book.open(next(self.desk.load(e.path) for e in self.entries() if e.id == open_id))

    def entries(self) -> Any:
        """The project's sessions."""
        return self.desk.entries(all_projects=True).entries

    def on_mount(self) -> None:
        self.push_screen(SessionsScreen(self.desk, lambda: self.busy), self.left.append)

    @property
    def sessions(self) -> SessionsScreen:
        """The screen, also while another is above it."""
        return next(screen for screen in self.screen_stack if isinstance(screen, SessionsScreen))

    @property
    def rows(self) -> SessionList:
        """The sessions as they are drawn."""
        return self.sessions.rows

    def painted(self) -> list[str]:
        """What is painted of the list."""
        return [self.rows.render_line(y).text.rstrip(" ▐") for y in range(self.rows.size.height)]

    def text_of(self, selector: str) -> str:
        """What a line says."""
        return str(self.sessions.query_one(selector, Static).render())

    def field(self, selector: str) -> Input:
        """A field to type into."""
        return self.sessions.query_one(selector, Input)


@asynccontextmanager
async def opened(
    project: Path = PROJECT, *, size: tuple[int, int] = (120, 34), rows: int = 1, **options: Any
) -> AsyncIterator[tuple[SessionsHost, Pilot[None]]]:
    """The screen, as soon as `rows` rows are read."""
    app = SessionsHost(project, **options)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.rows.row_count >= rows)
        await pilot.pause()
        yield app, pilot


async def until(pilot: Pilot[Any], condition: Callable[[], bool]) -> None:
    """Let the program go on until `condition` holds; the suite's own time limit ends what never does."""
    while not condition():
        await pilot.pause(0.01)

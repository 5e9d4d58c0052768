"""What the model remembers: shown, edited, kept or left."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from textual.app import App
from textual.pilot import Pilot
from textual.widgets import Static

from termcoder.conversation import Note, Turn
from termcoder.engine.scripted import Script, ScriptedEngine
from termcoder.sessions.schema import Session, new_session
from termcoder.ui.screens.memory import MemoryScreen, Remembered, summed_up
from termcoder.ui.widgets.draft_area import DraftArea
from tests.ui.test_app import until

TURNS = tuple(Turn(f"t{n}", f"Question {n}?", "Yes.") for n in range(1, 6))


def session(*notes: Note) -> Session:
    made = new_session("/p")
    return Session(made.id, "/p", made.created_at, turns=TURNS, memory=notes)


class Host(App[None]):
    """Shows the screen and keeps what it returned."""

    def __init__(self, remembered: Remembered) -> None:
        super().__init__()
        self.remembered = remembered
        self.left: list[str | None] = []

    def on_mount(self) -> None:
        self.push_screen(MemoryScreen(self.remembered), self.left.append)


@asynccontextmanager
async def shown(host: Host, size: tuple[int, int] = (80, 24)) -> AsyncIterator[Pilot[None]]:
    async with host.run_test(size=size) as pilot:
        await until(pilot, lambda: isinstance(host.screen, MemoryScreen) and bool(host.screen.query(DraftArea)))
        await pilot.pause()
        yield pilot


def area(host: Host) -> DraftArea:
    return host.screen.query_one(DraftArea)


def line(host: Host, name: str) -> str:
    return str(host.screen.query_one(f"#{name}", Static).render())


@pytest.mark.parametrize(
    ("notes", "text"),
    [
        ((), "No turn is in this note yet: the model reads all of them whole. What you write here it is told first."),
        ((Note("- a", "t1"),), "Turn 1 is in this note, 4 follow whole."),
        ((Note("- a", "t4", edited=True),), "Turns 1 to 4 are in this note, 1 follows whole. You have edited it."),
    ],
)
def test_what_is_in_the_note_is_said(notes: tuple[Note, ...], text: str) -> None:
    assert summed_up(Remembered.of(session(*notes))) == text


async def test_what_was_typed_before_the_key_is_kept() -> None:
    host = Host(Remembered.of(session(Note("- old", "t2"))))
    async with shown(host) as pilot:
        assert area(host).text == "- old"
        await pilot.press("n", "e", "w", "enter", "ctrl+s")
        await until(pilot, lambda: bool(host.left))
    assert host.left == ["new\n- old"]


async def test_escape_and_an_unchanged_note_leave_it_as_it_was() -> None:
    for key in ("escape", "f9", "ctrl+s"):
        host = Host(Remembered.of(session(Note("- old", "t2"))))
        async with shown(host) as pilot:
            if key != "ctrl+s":
                await pilot.press("x")
            await pilot.press(key)
            await until(pilot, lambda host=host: bool(host.left))  # type: ignore[misc]
        assert host.left == [None]


async def test_earlier_notes_come_back_one_after_the_other_and_undo_leads_forward() -> None:
    host = Host(Remembered.of(session(Note("- one", "t1"), Note("- two", "t2"), Note("- three", "t3"))))
    async with shown(host) as pilot:
        await pilot.press("ctrl+r")
        assert area(host).text == "- two"
        await pilot.press("ctrl+r")
        assert area(host).text == "- one"
        await pilot.press("ctrl+z")
        assert area(host).text == "- two"


async def test_where_there_is_no_earlier_note_that_is_said() -> None:
    host = Host(Remembered.of(session(Note("- one", "t1"))))
    async with shown(host) as pilot:
        await pilot.press("ctrl+r")
        assert line(host, "size") == "There was no other note before this one."
        assert area(host).text == "- one"


async def test_the_note_is_measured_by_the_model_and_too_long_a_one_warned_of() -> None:
    engine = ScriptedEngine(Script(context_tokens=400))
    await engine.start()
    host = Host(Remembered.of(session(Note("- one", "t1")), engine))
    async with shown(host) as pilot:
        await until(pilot, lambda: line(host, "size").endswith("of 120 tokens"))
        area(host).insert("word " * 200)
        await until(pilot, lambda: "left out" in line(host, "size"))
        assert host.screen.query_one("#size").has_class("warning")


async def test_a_long_and_hostile_note_is_drawn_inert_and_kept_exactly() -> None:
    text = "\n".join(f"- [bold]line {n}[/] \x1b[2J" for n in range(300))
    host = Host(Remembered.of(session(Note(text, "t1"))))
    async with shown(host, (60, 20)) as pilot:
        assert area(host).text == text
        assert "\x1b" not in "".join(str(area(host).get_line(n)) for n in range(20))
        await pilot.press("x", "ctrl+s")
        await until(pilot, lambda: bool(host.left))
    assert host.left == ["x" + text]

"""What the conversation looks like."""

from typing import Any

from textual.pilot import Pilot

from termcoder.conversation import Turn
from tests.ui.transcript_host import EVERY_STATE, TranscriptHost

LONG = Turn("q", "\n".join(f"line {n} of a long question" for n in range(500)), "A short answer.")


async def to_the_code(pilot: Pilot[Any]) -> None:
    await pilot.press("home", *["down"] * 8)


async def streaming(pilot: Pilot[Any]) -> None:
    app = pilot.app
    assert isinstance(app, TranscriptHost)
    view = await app.transcript.add_turn(Turn("new", "Another question"))
    view.set_waiting("reading 1,200 tokens…")
    await app.transcript.add_turn(Turn("next", "And one more"), queued=True)


async def scrolled_up(pilot: Pilot[Any]) -> None:
    await pilot.pause()
    await pilot.press("pageup")


def test_every_state(snap_compare: Any) -> None:
    assert snap_compare(TranscriptHost(*EVERY_STATE), terminal_size=(90, 50))


def test_the_cursor_on_code(snap_compare: Any) -> None:
    assert snap_compare(TranscriptHost(*EVERY_STATE), terminal_size=(90, 50), run_before=to_the_code)


def test_waiting_and_queued(snap_compare: Any) -> None:
    assert snap_compare(TranscriptHost(EVERY_STATE[0]), terminal_size=(90, 30), run_before=streaming)


def test_scrolled_up(snap_compare: Any) -> None:
    assert snap_compare(TranscriptHost(*EVERY_STATE), terminal_size=(90, 24), run_before=scrolled_up)


def test_a_folded_question(snap_compare: Any) -> None:
    assert snap_compare(TranscriptHost(LONG), terminal_size=(60, 32))


def test_a_light_theme(snap_compare: Any) -> None:
    app = TranscriptHost(*EVERY_STATE)
    app.theme = "textual-light"
    assert snap_compare(app, terminal_size=(90, 50))

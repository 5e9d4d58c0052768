"""Finding words in the conversation: the line, the marks, the steps."""

import asyncio
from typing import Any

from rich.style import Style
from textual.pilot import Pilot
from textual.widgets import Input

from termcoder.conversation import Turn
from termcoder.ui.widgets.find_line import FindLine
from tests.ui.transcript_host import ANSWER, TranscriptHost, shown, turn, until

LONG = Turn("q", "\n".join(f"line {n}" for n in range(100)), "A short answer.")


def line(app: TranscriptHost) -> FindLine:
    return app.query_one(FindLine)


async def find(app: TranscriptHost, pilot: Pilot[None], text: str, expected: str) -> None:
    """Type `text` into the line and wait until it says `expected`."""
    await app.transcript.open_find()
    await pilot.pause()
    line(app).query_one(Input).value = text
    await says(app, pilot, expected)


async def says(app: TranscriptHost, pilot: Pilot[None], expected: str) -> None:
    await until(pilot, lambda: line(app).count == expected)


def marked(app: TranscriptHost, *, here: bool) -> list[str]:
    """The pieces that are drawn as matches: as the one that is shown, or as the others. No colour is asked about."""
    transcript = app.transcript
    strips = [transcript.render_line(y) for y in range(transcript.size.height)]
    return [piece.text for strip in strips for piece in strip if _is_marked(piece.style, here)]


def _is_marked(style: Style | None, here: bool) -> bool:
    return bool(style and (style.reverse if here else style.underline and style.bold))


async def test_the_match_nearest_to_the_view_is_shown_first_and_marked_without_colour() -> None:
    async with shown(*(turn(n) for n in range(5))) as (app, pilot):
        await find(app, pilot, "wisdom", "5 of 5")
        assert marked(app, here=True) == ["wisdom"]
        assert "Quoted wisdom" in app.screen_text()


async def test_enter_and_arrows_go_through_all_and_round() -> None:
    async with shown(*(turn(n) for n in range(3))) as (app, pilot):
        await find(app, pilot, "quoted wisdom", "3 of 3")
        for key, expected in (("up", "2"), ("up", "1"), ("up", "3"), ("enter", "1"), ("down", "2")):
            await pilot.press(key)
            await says(app, pilot, f"{expected} of 3")
            assert "".join(marked(app, here=True)) == "Quoted wisdom"
        assert app.transcript.cursor is not None
        assert app.transcript.cursor.view.turn.id == "t1"


async def test_no_key_is_lost_while_a_search_runs() -> None:
    async with shown(*(turn(n) for n in range(40))) as (app, pilot):
        await find(app, pilot, "wisdom", "40 of 40")
        for _ in range(5):
            app.transcript.find_step(-1)
        await says(app, pilot, "35 of 40")


async def test_what_was_found_elsewhere_is_shown_from_its_turn_on() -> None:
    async with shown(*(turn(n) for n in range(9))) as (app, pilot):
        await app.transcript.open_at("t4", '"quoted wisdom"')
        await until(pilot, lambda: bool(app.query(FindLine)))
        await says(app, pilot, "5 of 9")
        assert app.transcript.has_focus
        await app.transcript.open_at("t6", "7 question")
        await until(pilot, lambda: line(app).query_one(Input).value == "question")
        await says(app, pilot, "7 of 9")
        await app.transcript.open_at("gone", "question")
        assert line(app).count == "7 of 9"


async def test_turns_that_were_never_drawn_are_found_and_only_those_with_a_match_are_split() -> None:
    turns = [turn(n, f"the needle {n}" if n == 7 else ANSWER) for n in range(500)]
    async with shown(*turns) as (app, pilot):
        await find(app, pilot, "needle", "1 of 1")
        assert "the needle 7" in app.screen_text()
        assert sum(view.is_built for view in app.transcript.views) < 30


async def test_a_match_in_a_folded_question_opens_it() -> None:
    async with shown(LONG, turn(2)) as (app, pilot):
        await find(app, pilot, "line 77", "1 of 1")
        assert "line 77" in app.screen_text()
        assert marked(app, here=True) == ["line 77"]


async def test_it_stays_folded_where_the_match_is_seen() -> None:
    async with shown(LONG) as (app, pilot):
        await find(app, pilot, "line 5", "11 of 11")
        await pilot.press("enter")
        await says(app, pilot, "1 of 11")
        assert marked(app, here=True) == ["line 5"]


async def test_code_its_title_and_drawn_prose_are_found() -> None:
    async with shown(turn(1)) as (app, pilot):
        for text, expected in (
            ("small example with inline code", "1 of 1"),
            ("class thing", "1 of 1"),
            ("src/thing.py", "2 of 2"),
            ("**example**", "nothing found"),
            ("313 tokens", "nothing found"),
            ("question 1", "1 of 1"),
        ):
            await find(app, pilot, text, expected)
            assert bool(marked(app, here=True)) == (expected != "nothing found")


async def test_other_matches_are_marked_too() -> None:
    async with shown(Turn("a", "red", "red, red and Red")) as (app, pilot):
        await find(app, pilot, "red", "4 of 4")
        assert marked(app, here=True) == ["Red"]
        assert marked(app, here=False) == ["red", "red", "red"]
        await find(app, pilot, "Red", "1 of 1")
        assert marked(app, here=False) == []


async def test_esc_leaves_the_view_and_n_goes_on() -> None:
    async with shown(*(turn(n) for n in range(5))) as (app, pilot):
        await find(app, pilot, "wisdom", "5 of 5")
        await pilot.press("up")
        await says(app, pilot, "4 of 5")
        text = app.screen_text()
        await pilot.press("escape")
        await until(pilot, lambda: not app.query(FindLine))
        assert app.transcript.has_focus
        assert marked(app, here=True) == []
        assert text.split("\n")[5] in app.screen_text()
        await pilot.press("N")
        await until(pilot, lambda: bool(app.query(FindLine)))
        await says(app, pilot, "3 of 5")
        assert app.transcript.has_focus
        await pilot.press("n")
        await says(app, pilot, "4 of 5")
        await pilot.press("escape")
        await until(pilot, lambda: not app.query(FindLine))


async def test_n_without_anything_looked_for_opens_the_line() -> None:
    async with shown(turn(1)) as (app, pilot):
        await pilot.press("n")
        await until(pilot, lambda: bool(app.query(FindLine)))
        await until(pilot, lambda: line(app).query_one(Input).has_focus)
        assert line(app).count == ""


async def test_what_is_typed_narrows_from_where_the_user_was() -> None:
    async with shown(*(Turn(f"t{n}", f"word{n}", "x\n\n" * 9) for n in range(30))) as (app, pilot):
        await find(app, pilot, "word", "30 of 30")
        await find(app, pilot, "word1", "11 of 11")
        await find(app, pilot, "word", "30 of 30")


async def test_a_new_answer_is_counted_when_it_has_ended() -> None:
    async with shown(turn(1)) as (app, pilot):
        await find(app, pilot, "wisdom", "1 of 1")
        view = await app.transcript.add_turn(Turn("new", "more wisdom"))
        await view.append("wis")
        await view.append("dom and wisdom")
        await view.finish(Turn("new", "more wisdom", "wisdom and wisdom"))
        await says(app, pilot, "1 of 4")


async def test_another_width_keeps_the_match() -> None:
    async with shown(*(turn(n) for n in range(9)), size=(80, 20)) as (app, pilot):
        await find(app, pilot, "quoted wisdom", "9 of 9")
        await pilot.press("up", "up")
        await says(app, pilot, "7 of 9")
        await pilot.resize_terminal(40, 20)
        await until(pilot, lambda: app.transcript.size.width == 40)
        await until(pilot, lambda: not any(worker.group == "find" for worker in app.workers))
        assert line(app).count == "7 of 9"
        await pilot.press("down")
        await says(app, pilot, "8 of 9")
        assert marked(app, here=True)


async def test_a_removed_turn_takes_its_matches_with_it() -> None:
    async with shown(turn(1), turn(2)) as (app, pilot):
        await find(app, pilot, "wisdom", "2 of 2")
        await app.transcript.remove_turn("t2")
        app.transcript.render_line(0)
        await pilot.press("enter")
        await says(app, pilot, "1 of 1")
        await app.transcript.load(())
        await until(pilot, lambda: not app.query(FindLine))


async def test_the_keyboard_never_waits_for_a_search_through_everything() -> None:
    """Between two slices of the search other tasks get their turn."""
    async with shown(*(turn(n) for n in range(30))) as (app, pilot):
        await app.transcript.open_find()
        await pilot.pause()
        line(app).query_one(Input).value = "e"
        seen: set[str] = set()
        while not line(app).count.endswith(" of 390"):
            seen.add(line(app).count)
            await asyncio.sleep(0)
        assert any("searching" in text for text in seen)


async def test_the_line_and_hostile_words() -> None:
    async with shown(Turn("h", "[red]x[/nope] \x1b[2J", "a")) as (app, pilot):
        await find(app, pilot, "[red]x[/nope] ␛", "1 of 1")
        await find(app, pilot, "[/", "1 of 1")


async def a_search(pilot: Pilot[Any]) -> None:
    app = pilot.app
    assert isinstance(app, TranscriptHost)
    await find(app, pilot, "thing", "8 of 8")
    await pilot.press("up", "up")
    await says(app, pilot, "6 of 8")


def test_the_marks(snap_compare: Any) -> None:
    assert snap_compare(TranscriptHost(turn(1), turn(2)), terminal_size=(80, 34), run_before=a_search)

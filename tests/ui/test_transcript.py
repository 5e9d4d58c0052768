"""The conversation on the screen: what is painted, where the cursor goes, what is asked for."""

from dataclasses import replace

import pytest
from textual.pilot import Pilot

from termcoder.conversation import Turn, TurnState
from termcoder.ui.widgets.blocks import split
from termcoder.ui.widgets.transcript import Transcript
from tests.ui.transcript_host import ANSWER, EVERY_STATE, TranscriptHost, shown, turn, until


def texts(app: TranscriptHost) -> list[tuple[str, str]]:
    return [(m.text, m.what) for m in app.asked if isinstance(m, Transcript.CopyRequested)]


async def press(pilot: Pilot[None], *keys: str) -> None:
    await pilot.press(*keys)
    await pilot.pause()


def marked_rows(app: TranscriptHost) -> list[str]:
    """The painted rows that have the cursor's mark."""
    return [row[1:].strip(" │") for row in app.screen_text().split("\n") if row.startswith("▌")]


async def test_every_state_is_told_in_words() -> None:
    async with shown(*EVERY_STATE, size=(80, 60)) as (app, _):
        text = app.screen_text()
    assert "with src/thing.py" in text
    assert "313 tokens · 13.0 tok/s · first after 1.2 s" in text
    assert "stopped at the answer's token limit · 313 tokens" in text
    assert "interrupted · 313 tokens" in text
    assert "✗ The engine died. F5 starts it again." in text


async def test_it_opens_at_the_end_and_splits_no_turn_that_is_not_seen() -> None:
    async with shown(*(turn(n) for n in range(500))) as (app, _):
        assert app.transcript.is_following
        assert "That is all." in app.screen_text()
        assert sum(view.is_built for view in app.transcript.views) < 10


async def test_the_cursor_stops_at_every_block_and_is_marked_without_colour() -> None:
    async with shown(turn(1), size=(80, 60)) as (app, pilot):
        await press(pilot, "home")
        seen = [marked_rows(app)]
        for _ in split(ANSWER):
            await press(pilot, "down")
            seen.append(marked_rows(app))
    assert [rows[0] for rows in seen] == [
        "Question 1",
        "Here is a small example with inline code.",
        "What to do",
        "bash",
        "2. Use it",
        "▌ Quoted wisdom",
        "name  value",
        "src/thing.py:",
        "python · src/thing.py",
        "That is all.",
    ]


async def test_copying_each_block_gives_its_source_and_code_without_fence() -> None:
    async with shown(turn(1)) as (app, pilot):
        await press(pilot, "home")
        for _ in range(10):
            await press(pilot, "c", "down")
    copied = texts(app)
    assert copied[0] == ("Question 1", "question")
    assert ("pip install thing", "code") in copied
    assert ('@dataclass\nclass Thing:\n    """Doc."""\n\n    name: str = "x"  # comment', "code") in copied
    assert ("| name | value |\n|------|------:|\n| a    | 1     |", "block") in copied


async def test_copying_the_answer_gives_its_markdown() -> None:
    async with shown(turn(1), turn(2, "second")) as (app, pilot):
        await press(pilot, "y", "h", "h", "enter", "y")
    assert texts(app) == [("second", "answer"), ("Question 1", "question"), (ANSWER, "answer")]


async def test_saving_names_the_file_and_ends_with_a_line_break() -> None:
    async with shown(turn(1)) as (app, pilot):
        await press(pilot, "up", "s")
    (message,) = app.asked
    assert isinstance(message, Transcript.SaveRequested)
    assert message.suggested_name == "src/thing.py"
    assert message.text.endswith("# comment\n")


async def test_the_other_requests_name_the_turn() -> None:
    async with shown(turn(1), turn(2)) as (app, pilot):
        await press(pilot, "r", "h", "h", "e", "i")
    again, edit, focus = app.asked
    assert isinstance(again, Transcript.RegenerateRequested)
    assert again.turn_id == "t2"
    assert isinstance(edit, Transcript.EditRequested)
    assert edit.turn_id == "t1"
    assert isinstance(focus, Transcript.FocusComposerRequested)


async def test_turn_by_turn_and_to_the_ends() -> None:
    async with shown(*(turn(n) for n in range(50))) as (app, pilot):
        await press(pilot, "home")
        assert marked_rows(app) == ["Question 0"]
        await press(pilot, "l", "l")
        assert marked_rows(app) == ["Question 2"]
        await press(pilot, "down", "left")
        assert marked_rows(app) == ["Question 2"]
        await press(pilot, "G")
        assert app.transcript.is_following
        assert marked_rows(app) == ["That is all."]


async def test_going_up_through_everything_never_loses_the_cursor_and_reaches_the_top() -> None:
    async with shown(*(turn(n) for n in range(4)), size=(60, 20)) as (app, pilot):
        stops = 4 * (len(split(ANSWER)) + 1)
        for _ in range(stops - 1):
            await press(pilot, "up")
            assert marked_rows(app)
        assert marked_rows(app) == ["Question 0"]


async def test_an_end_out_of_sight_is_said() -> None:
    async with shown(*(turn(n) for n in range(5))) as (app, pilot):
        assert "↓" not in app.screen_text()
        await press(pilot, "pageup")
        assert app.screen_text().endswith("↓ more below")
        await press(pilot, "end")
        assert "↓" not in app.screen_text()


async def test_what_is_looked_at_stays_while_turns_above_become_exact() -> None:
    """Scrolling up by one row at a time shows every row once, whatever the estimates were."""
    async with shown(*(turn(n) for n in range(4)), size=(70, 12)) as (app, pilot):
        before = app.screen_text().split("\n")
        while app.transcript.scroll_y > 0:
            app.transcript.scroll_relative(y=-1, animate=False, force=True)
            await pilot.pause()
            after = app.screen_text().split("\n")
            assert after[1:-1] == before[:-2]
            before = after
        assert "Question 0" in before[1]


async def test_another_width_keeps_the_place() -> None:
    async with shown(*(turn(n) for n in range(20))) as (app, pilot):
        await press(pilot, *["h"] * 8)
        (mark,) = marked_rows(app)
        await pilot.resize_terminal(50, 30)
        await until(pilot, lambda: app.transcript.size.width == 50)
        await pilot.pause()
        assert marked_rows(app) == [mark]
        await pilot.resize_terminal(120, 40)
        await until(pilot, lambda: app.transcript.size.width == 120)
        await pilot.pause()
        assert marked_rows(app) == [mark]


async def test_a_long_question_folds_and_unfolds() -> None:
    question = "\n".join(f"line {n}" for n in range(10_000))
    async with shown(Turn("q", question, "answer")) as (app, pilot):
        assert "… 9,980 more lines" in app.screen_text()
        await press(pilot, "home", "space")
        assert "more lines" not in app.screen_text()
        assert app.transcript.virtual_size.height > 10_000
        await press(pilot, "end")
        assert "line 9999" in app.screen_text()
        await press(pilot, "home", "c", "space")
        assert texts(app) == [(question, "question")]
        assert "… 9,980 more lines" in app.screen_text()


async def test_a_block_higher_than_the_view_is_scrolled_through() -> None:
    code = "```python\n" + "".join(f"x = {n}\n" for n in range(100)) + "```\n\nEnd\n"
    async with shown(turn(1, code), size=(60, 22)) as (app, pilot):
        await press(pilot, "home", "down")
        seen = set(app.screen_text().split())
        while not app.transcript.is_following:
            await press(pilot, "down")
            seen |= set(app.screen_text().split())
        assert {str(n) for n in range(100)} <= seen


HOSTILE = (
    "[red]no markup[/red] [@click=app.quit()]x[/] [link](javascript:quit) <script>alert(1)</script>\n\n"
    "esc \x1b[31m\x1b]52;c;aGk=\x07 bell \x07 c1 \x9b2J nul \x00 bidi \u202e surrogate \ud800 "
    "entity &#27;[2J &#x202e; &#13; &#12; &#155; &Tab;\n\n"
    "```\x1b[2J\n\x1b]0;title\x07\r\x1bc\n```\n\n<div onclick='x'>\n\n"
    "![image](http://x/y.png)\n\n- \x1b[5m\n\n> \x1b[6m\n"
)


async def test_hostile_text_is_shown_and_inert() -> None:
    async with shown(Turn("h", HOSTILE, HOSTILE), size=(120, 50)) as (app, _):
        transcript = app.transcript
        drawn = [transcript.render_line(y) for y in range(50)]
    text = "\n".join(strip.text for strip in drawn)
    text.replace("\n", "").encode("utf-8")
    assert not any(ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 for c in text.replace("\n", ""))
    assert "\u202e" not in text
    assert text.count("[red]no markup[/red] [@click=app.quit()]x[/]") == 2
    assert text.count("<script>alert(1)</script>") == 2
    assert text.count("<div onclick='x'>") == 2
    assert "␛[31m␛]52;c;aGk=␇" in text
    for strip in drawn:
        for segment in strip:
            assert segment.style is None or segment.style.link is None
            assert segment.style is None or "@click" not in segment.style.meta


HUGE = {
    "one word": "x" * 300_000,
    "one line": "word " * 60_000,
    "wide": "漢字" * 20_000,
    "lines": "a\n" * 20_000,
    "one line of code": "```\n" + "y" * 200_000,
    "code": "```c\n" + "/* y */\n" * 20_000,
}


@pytest.mark.parametrize("answer", HUGE.values(), ids=HUGE)
async def test_huge_answers_are_shown_whole(answer: str) -> None:
    async with shown(turn(1, answer), size=(80, 20)) as (app, pilot):
        await press(pilot, "home", "y")
        assert "Question 1" in app.screen_text()
        assert [text == answer for text, _ in texts(app)] == [True]


SCRIPTS = {
    "right to left": "مرحبا بالعالم `code` שלום",
    "emoji": "👩‍👩‍👧 é 漢字 🇩🇪",
    "wide code": "```\n漢字漢字漢字漢字漢字漢字漢字\n```",
}


@pytest.mark.parametrize("answer", SCRIPTS.values(), ids=SCRIPTS)
@pytest.mark.parametrize("width", [5, 12, 13, 40])
async def test_every_row_is_as_wide_as_the_view(answer: str, width: int) -> None:
    async with shown(turn(1, answer), size=(width, 20)) as (app, _):
        transcript = app.transcript
        widths = {transcript.render_line(y).cell_length for y in range(transcript.size.height)}
        assert widths == {transcript.size.width}


async def test_removing_and_replacing_turns() -> None:
    async with shown(turn(1), turn(2)) as (app, pilot):
        app.transcript.focus()
        await app.transcript.remove_turn("t2")
        await press(pilot, "left")
        assert marked_rows(app) == ["Question 1"]
        with pytest.raises(KeyError):
            app.transcript.view("t2")
        await app.transcript.load(())
        await press(pilot, "up", "down", "home", "end", "c", "y", "s", "r", "e", "space", "pageup")
        assert app.screen_text().strip() == ""
        assert app.asked == []


async def test_a_new_theme_is_drawn_as_if_it_had_been_there_from_the_start() -> None:
    async with shown(turn(1)) as (app, pilot):
        before = [app.transcript.render_line(y) for y in range(25)]
        for theme in ("textual-light", "nord", "textual-light"):
            app.theme = theme
            await pilot.pause()
        after = [app.transcript.render_line(y) for y in range(25)]
    fresh = TranscriptHost(turn(1))
    fresh.theme = "textual-light"
    async with fresh.run_test(size=(80, 30)) as pilot:
        await pilot.pause()
        expected = [fresh.transcript.render_line(y) for y in range(25)]
    assert [strip.text for strip in before] == [strip.text for strip in after]
    assert after == expected
    assert before != expected


async def test_the_mouse_selects_text_and_blocks() -> None:
    async with shown(turn(1, "first words\n\nsecond words\n"), size=(60, 20)) as (app, pilot):
        row = app.screen_text().split("\n").index("   first words")
        await pilot.click(Transcript, offset=(5, row))
        assert marked_rows(app) == ["first words"]
        await pilot.mouse_down(Transcript, offset=(3, row))
        await pilot.hover(Transcript, offset=(9, row + 2))
        await pilot.mouse_up(Transcript, offset=(9, row + 2))
        assert app.screen.get_selected_text() == "first words\n\nsecond"


async def test_an_empty_answer_is_said() -> None:
    async with shown(Turn("e", "Question", "", state=TurnState.COMPLETE)) as (app, _):
        assert "an empty answer" in app.screen_text()


async def test_a_turn_without_counts_has_no_usage_line() -> None:
    async with shown(replace(turn(1, "text"), usage=Turn("", "").usage)) as (app, _):
        assert "tokens" not in app.screen_text()


async def test_nothing_ticks_when_nothing_streams() -> None:
    async with shown(*EVERY_STATE) as (app, pilot):
        await press(pilot, "up")
        assert list(app.transcript._timers) == []

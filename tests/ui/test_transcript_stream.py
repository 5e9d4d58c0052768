"""An answer while it arrives: drawn in few steps, in place, and in the end as if it had been there always."""

import asyncio
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from termcoder.conversation import Turn, TurnState
from termcoder.ui.widgets.parts import CodePart
from termcoder.ui.widgets.transcript import Transcript
from termcoder.ui.widgets.turn_view import TurnView
from tests.ui.test_transcript_blocks import MARKDOWN
from tests.ui.transcript_host import ANSWER, USAGE, TranscriptHost, shown, turn, until

EMPTY = Turn("new", "New question")


def rows(app: TranscriptHost) -> list[str]:
    return app.screen_text().split("\n")


def chunks(text: str, size: int) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text), size)]


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.one_of(MARKDOWN, st.just(ANSWER)), size=st.integers(1, 40))
def test_a_streamed_answer_ends_as_a_loaded_one(text: str, size: int) -> None:
    async def compare() -> None:
        done = replace(EMPTY, answer=text, usage=USAGE)
        async with shown(done, size=(60, 40), focus="Input") as (app, _):
            loaded = [app.transcript.render_line(y) for y in range(40)]
        async with shown(size=(60, 40), focus="Input") as (app, pilot):
            view = await app.transcript.add_turn(EMPTY)
            for number, chunk in enumerate(chunks(text, size)):
                await view.append(chunk)
                if number % 5 == 0:
                    view.flush()
                    app.transcript.turn_changed(view)
            assert view.answer == text
            await view.finish(done)
            await pilot.pause()
            streamed = [app.transcript.render_line(y) for y in range(40)]
        assert streamed == loaded

    asyncio.run(compare())


async def test_many_pieces_are_drawn_in_few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[int] = []
    flush = TurnView.flush
    monkeypatch.setattr(TurnView, "flush", lambda view: bool(drawn.append(1)) or flush(view))
    async with shown() as (app, pilot):
        view = await app.transcript.add_turn(EMPTY)
        for _ in range(1_000):
            await view.append("word ")
        await until(pilot, lambda: not view.has_pending)
        assert len(drawn) < 50
        assert rows(app)[-1].startswith("   word word")


async def test_the_question_is_there_at_once_and_waiting_is_said() -> None:
    async with shown(turn(1)) as (app, pilot):
        view = await app.transcript.add_turn(EMPTY, queued=True)
        await pilot.pause()
        assert rows(app)[-3:] == [" │ New question", "", "   queued"]
        view.set_queued(False)
        view.set_waiting("reading 1,200 tokens…")
        assert rows(app)[-1] == "   reading 1,200 tokens…"
        await view.append("Hello")
        await until(pilot, lambda: not view.has_pending)
        assert rows(app)[-1] == "   Hello"


async def test_text_that_arrives_below_does_not_move_the_view() -> None:
    async with shown(*(turn(n) for n in range(5))) as (app, pilot):
        view = await app.transcript.add_turn(EMPTY)
        app.transcript.focus()
        await pilot.press("pageup", "pageup")
        before = rows(app)
        assert before[-1].endswith("↓ more below")
        await view.append("unseen\n\n" * 200)
        await pilot.pause()
        assert rows(app)[:-1] == before[:-1]
        assert rows(app)[-1].endswith("↓ new text below")
        await pilot.press("end")
        await pilot.pause()
        assert rows(app)[-1] == "▌  unseen"
        assert app.transcript.is_following


async def test_an_end_while_scrolled_up_does_not_move_the_view() -> None:
    async with shown(*(turn(n) for n in range(5))) as (app, pilot):
        view = await app.transcript.add_turn(EMPTY)
        app.transcript.focus()
        await pilot.press("pageup")
        before = rows(app)
        await view.append("unseen " * 100)
        await view.finish(replace(EMPTY, answer="unseen " * 100, usage=USAGE))
        await pilot.pause()
        assert rows(app)[:-1] == before[:-1]


async def test_scrolling_back_to_the_end_follows_again() -> None:
    async with shown(*(turn(n) for n in range(5))) as (app, pilot):
        view = await app.transcript.add_turn(EMPTY)
        app.transcript.scroll_relative(y=-5, animate=False, force=True)
        await pilot.pause()
        assert not app.transcript.is_following
        app.transcript.scroll_relative(y=5, animate=False, force=True)
        await pilot.pause()
        await view.append("new\n\n" * 40)
        await until(pilot, lambda: not view.has_pending)
        assert rows(app)[-1] == "   new"


async def test_moving_the_cursor_to_the_end_follows_again_and_shows_what_came() -> None:
    async with shown(*(turn(n) for n in range(5))) as (app, pilot):
        view = await app.transcript.add_turn(EMPTY)
        await pilot.press("pageup")
        await view.append("one ")
        await view.append("two ")
        while not app.transcript.is_following:
            await pilot.press("down")
        await pilot.pause()
        assert rows(app)[-1].endswith("one two")
        await view.append("three")
        await until(pilot, lambda: not view.has_pending)
        assert rows(app)[-1].endswith("one two three")


async def test_code_is_highlighted_while_it_arrives_and_whole_at_the_end() -> None:
    code = "".join(f'def f_{n}(a):\n    """Doc\n    string."""\n    return {n}\n' for n in range(500))
    answer = f"```python\n{code}```\n"
    async with shown() as (app, pilot):
        view = await app.transcript.add_turn(EMPTY)
        await view.append(answer[:400])
        await until(pilot, lambda: not view.has_pending)
        part = view.parts[1]
        assert isinstance(part, CodePart)
        assert any(str(kind) == "Token.Keyword" for kind, _ in part.tokens[0] or ())
        await view.append(answer[400:])
        await view.finish(replace(EMPTY, answer=answer, usage=USAGE))
        await until(pilot, lambda: part.tokens.complete)
        assert part.text == code.removesuffix("\n")
        assert all(part.tokens[index] for index in range(len(part.lines)))


async def test_an_answer_other_than_what_was_streamed_is_shown() -> None:
    async with shown() as (app, pilot):
        view = await app.transcript.add_turn(EMPTY)
        await view.append("one\n\ntwo\n\nthree\n\nfour")
        await view.finish(replace(EMPTY, answer="ONE\n\nTWO\n\nTHREE\n\nFOUR", state=TurnState.INTERRUPTED))
        await pilot.pause()
        text = app.screen_text()
        assert "ONE" in text
        assert "FOUR" in text
        assert "two" not in text
        assert "interrupted" in text


async def test_a_failure_keeps_what_came_before() -> None:
    async with shown() as (app, pilot):
        view = await app.transcript.add_turn(EMPTY)
        await view.append("Half an ans")
        await view.finish(replace(EMPTY, answer="Half an ans", state=TurnState.FAILED, error="It died. Press F5."))
        await pilot.pause()
        assert [row.strip("▌│ ") for row in rows(app) if row] == ["New question", "Half an ans", "✗ It died. Press F5."]


async def test_copying_while_it_streams_gives_all_that_came() -> None:
    async with shown() as (app, pilot):
        view = await app.transcript.add_turn(EMPTY)
        app.transcript.focus()
        await view.append("one ")
        await until(pilot, lambda: not view.has_pending)
        await view.append("two")
        app.transcript.action_copy_answer()
        await until(pilot, lambda: bool(app.asked))
        (message,) = app.asked
        assert isinstance(message, Transcript.CopyRequested)
        assert message.text == "one two"


async def test_the_cursor_stays_while_the_answer_grows() -> None:
    async with shown(size=(60, 40)) as (app, pilot):
        view = await app.transcript.add_turn(EMPTY)
        app.transcript.focus()
        await view.append("one\n\ntwo\n\n")
        await until(pilot, lambda: not view.has_pending)
        await pilot.press("end", "up")
        await view.append("three\n\nfour\n\n")
        await until(pilot, lambda: not view.has_pending)
        assert [row for row in rows(app) if row.startswith("▌")] == ["▌  one"]


async def test_no_timer_is_left_when_the_stream_ends() -> None:
    async with shown() as (app, pilot):
        view = await app.transcript.add_turn(EMPTY)
        await view.append("word")
        await view.finish(replace(EMPTY, answer="word"))
        await until(pilot, lambda: not list(app.transcript._timers))

"""The log: what is painted of it, where its cursor goes, how long a large one takes."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from textual.app import App, ComposeResult
from textual.message import Message
from textual.pilot import Pilot

from termcoder.ui.widgets.log_view import LogMark, LogView

LOG = "\n".join(
    [
        "INFO starting",
        "\x1b[31mTraceback (most recent call last):\x1b[0m",
        '  File "src/shop/cart.py", line 12, in total',
        "    return sum(item.price for item in items)",
        '  File "/usr/lib/python3.12/json/decoder.py", line 5, in raw_decode',
        "KeyError: 'price'",
        "\ttabbed 日本語 " + "wide " * 60,
        *(f"INFO request {n} took {n} ms" for n in range(60)),
        "ValueError: \x9b1mbad\x07 \u202eevil",
    ]
)
MARKS = {3: LogMark.OWN, 5: LogMark.LIBRARY, 6: LogMark.ERROR, 68: LogMark.ERROR}


class LogHost(App[None]):
    def __init__(self, log: str = LOG) -> None:
        super().__init__()
        self.log_text = log
        self.asked: list[Message] = []

    def compose(self) -> ComposeResult:
        yield LogView("Paste a log here.\n\nOr open a file.")

    def on_mount(self) -> None:
        if self.log_text:
            self.view.load(self.log_text)
            self.view.mark(MARKS)

    @property
    def view(self) -> LogView:
        return self.query_one(LogView)

    def on_log_view_line_chosen(self, message: LogView.LineChosen) -> None:
        self.asked.append(message)

    def on_line_scroll_copy_requested(self, message: LogView.CopyRequested) -> None:
        self.asked.append(message)

    def rows(self) -> list[str]:
        return [self.view.render_line(y).text.rstrip(" ▐") for y in range(self.view.size.height)]

    def chosen_row(self) -> int:
        return next(y for y, row in enumerate(self.rows()) if row.startswith("▶"))


@asynccontextmanager
async def shown(log: str = LOG, size: tuple[int, int] = (60, 20)) -> AsyncIterator[tuple[LogHost, Pilot[None]]]:
    app = LogHost(log)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield app, pilot


async def test_lines_have_numbers_and_marks_and_no_colours_of_their_own() -> None:
    async with shown() as (app, _):
        rows = app.rows()
    assert rows[0] == "▶   1 INFO starting"
    assert rows[1] == "    2 Traceback (most recent call last):"
    assert rows[2].startswith(' •  3   File "src/shop/cart.py"')
    assert rows[4].startswith(" ·  5 ")
    assert rows[5] == " ✗  6 KeyError: 'price'"
    assert rows[6].endswith("›")


async def test_nothing_that_steers_a_terminal_is_painted() -> None:
    async with shown() as (app, _):
        app.view.action_last_line()
        painted = "".join(app.rows())
    assert "bad␇ \N{REPLACEMENT CHARACTER}evil" in painted
    assert not set(painted) & {"\x1b", "\x9b", "\x07", "\u202e"}


@pytest.mark.parametrize("size", [(30, 5), (30, 20), (200, 50)])
async def test_every_row_is_as_wide_as_the_view(size: tuple[int, int]) -> None:
    async with shown(size=size) as (app, _):
        for left in range(0, 60, 7):
            app.view.scroll_sideways_to(left)
            assert {app.view.render_line(y).cell_length for y in range(size[1])} == {size[0]}


async def test_a_line_gone_to_is_selected_with_a_third_of_the_view_above() -> None:
    async with shown() as (app, pilot):
        app.view.go_to(40)
        await pilot.pause()
        assert app.chosen_row() == 6
        assert app.view.line == 40
        app.view.go_to(10_000)
        assert app.view.line == 68
        app.view.go_to(-3)
        assert app.view.line == 1


async def test_a_line_gone_to_before_there_is_a_screen_is_in_view_later() -> None:
    app = LogHost("")
    view = LogView()
    view.load(LOG)
    view.go_to(50)
    async with app.run_test(size=(60, 20)) as pilot:
        await app.query_one(LogView).remove()
        await app.mount(view)
        view.focus()
        await pilot.pause()
        assert app.chosen_row() == 6


async def test_the_cursor_moves_by_lines_pages_and_errors() -> None:
    async with shown() as (app, _):
        view = app.view
        seen = []
        for name in [
            "next_line",
            "next_mark",
            "next_mark",
            "next_mark",
            "previous_mark",
            "previous_line",
            "page_down",
            "page_up",
        ]:
            getattr(view, f"action_{name}")()
            seen.append(view.line)
        view.action_last_line()
        seen.append(view.line)
        view.action_first_line()
        seen.append(view.line)
    assert seen == [2, 6, 68, 68, 6, 5, 24, 5, 68, 1]


async def test_the_selected_line_stays_in_view_when_there_is_less_room() -> None:
    async with shown() as (app, pilot):
        app.view.move_to(18)
        await pilot.resize_terminal(60, 6)
        await pilot.pause()
        assert app.chosen_row() == 5
        app.view.scroll_to_row(40)
        await pilot.resize_terminal(60, 8)
        await pilot.pause()
        assert app.view.top == 40


async def test_the_selected_line_is_marked_without_the_keyboard_too() -> None:
    async with shown() as (app, pilot):
        app.set_focus(None)
        await pilot.pause()
        assert app.rows()[0] == "▷   1 INFO starting"


async def test_sideways_goes_as_far_as_a_line_in_view_reaches() -> None:
    async with shown() as (app, _):
        for _ in range(50):
            app.view.action_right()
        assert "wide" in app.rows()[6]
        assert app.rows()[0] == "▶   1 ‹"
        for _ in range(50):
            app.view.action_left()
        assert app.view.left == 0
        app.view.action_last_line()
        app.view.action_right()
        assert app.view.left == 0


async def test_enter_chooses_and_copying_leaves_the_colours_out() -> None:
    async with shown() as (app, pilot):
        app.view.go_to(2)
        app.view.action_choose()
        app.view.action_copy_line()
        await pilot.pause()
    chosen, copied = app.asked
    assert isinstance(chosen, LogView.LineChosen)
    assert chosen.line == 2
    assert isinstance(copied, LogView.CopyRequested)
    assert (copied.text, copied.what) == ("Traceback (most recent call last):", "line")


async def test_a_click_selects_and_a_second_one_chooses() -> None:
    async with shown() as (app, pilot):
        await pilot.click(LogView, offset=(10, 3))
        await pilot.click(LogView, offset=(10, 3))
        await pilot.pause()
        assert [m.line for m in app.asked if isinstance(m, LogView.LineChosen)] == [4]


async def test_without_a_log_there_are_words_and_no_action_fails() -> None:
    async with shown("", size=(30, 6)) as (app, pilot):
        assert [row.strip() for row in app.rows() if row.strip()] == ["Paste a log here.", "Or open a file."]
        for name in [
            "next_line",
            "previous_line",
            "page_down",
            "last_line",
            "right",
            "next_mark",
            "choose",
            "copy_line",
        ]:
            getattr(app.view, f"action_{name}")()
        await pilot.pause()
        assert app.view.line is None
        assert app.asked == []


async def test_what_a_progress_bar_wrote_over_is_left_out_and_lines_keep_their_numbers() -> None:
    async with shown("10%\r50%\r100%\r\nnext\n") as (app, _):
        assert app.rows()[:3] == ["▶   1 100%", "    2 next", ""]


async def test_a_log_of_ten_megabytes_is_there_at_once() -> None:
    log = "\n".join(f"2026-01-01 12:00:00 INFO request {n:>9} served\x1b[0m" for n in range(200_000))
    async with shown("") as (app, pilot):
        began = time.perf_counter()
        app.view.load(log)
        app.rows()
        loading = time.perf_counter() - began
        app.view.go_to(150_000)
        began = time.perf_counter()
        app.rows()
        drawing = time.perf_counter() - began
        await pilot.pause()
    print(f"{len(log) / 1e6:.0f} MB: loaded in {loading * 1000:.0f} ms, a screen drawn in {drawing * 1000:.1f} ms")
    assert loading < 0.15 * 4  # 4: the machine may be busy
    assert drawing < 0.1


async def test_one_endless_line_is_cut_and_drawn_quickly() -> None:
    async with shown("x" * 10_000_000) as (app, _):
        began = time.perf_counter()
        app.rows()
        assert time.perf_counter() - began < 0.1
        app.view.scroll_sideways_to(9_990)
        assert app.rows()[0].endswith("… 9,990,000 more characters")


async def at_an_error(pilot: Pilot[Any]) -> None:
    app = pilot.app
    assert isinstance(app, LogHost)
    app.view.go_to(6)
    await pilot.pause()


def test_marks_and_cursor(snap_compare: Any) -> None:
    assert snap_compare(LogHost(), terminal_size=(80, 16), run_before=at_an_error)


def test_an_empty_log(snap_compare: Any) -> None:
    assert snap_compare(LogHost(""), terminal_size=(40, 8))

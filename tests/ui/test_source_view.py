"""A source file with its failing line: what is painted, where it starts, what is asked for."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from textual.app import App, ComposeResult
from textual.message import Message
from textual.pilot import Pilot

from termcoder.ui.widgets import source_view
from termcoder.ui.widgets.source_view import SourceView
from tests.ui.transcript_host import until

CODE = '''"""The cart."""

from decimal import Decimal


def total(items):
    """The price of everything."""
    return sum(item["price"] for item in items)


def checkout(cart):
\tamount = total(cart)\x1b[2J
\tname = "日本語"  # wide
\treturn Decimal(amount)
'''
LONG = CODE + "".join(f"\n\ndef f{n}(value: int) -> str:\n    return f'{{value}} {n}'\n" for n in range(500))


class SourceHost(App[None]):
    def __init__(self, text: str = CODE, line: int | None = 8, **options: Any) -> None:
        super().__init__()
        self.arguments = ("src/shop/cart.py", text, line)
        self.options = options
        self.asked: list[Message] = []

    def compose(self) -> ComposeResult:
        yield SourceView("Nothing is shown yet.")

    def on_mount(self) -> None:
        if self.arguments[1]:
            self.view.show(*self.arguments, **self.options)

    @property
    def view(self) -> SourceView:
        return self.query_one(SourceView)

    def on_source_view_edit_requested(self, message: SourceView.EditRequested) -> None:
        self.asked.append(message)

    def on_line_scroll_copy_requested(self, message: SourceView.CopyRequested) -> None:
        self.asked.append(message)

    def rows(self) -> list[str]:
        return [self.view.render_line(y).text.rstrip(" ▐") for y in range(self.view.size.height)]

    def failing_row(self) -> int:
        return next(y for y, row in enumerate(self.rows()) if row.startswith("▶"))

    def colours(self, y: int) -> set[Any]:
        return {segment.style.color for segment in self.view.render_line(y) if segment.style and segment.text.strip()}


@asynccontextmanager
async def shown(
    text: str = CODE, line: int | None = 8, size: tuple[int, int] = (70, 16), **options: Any
) -> AsyncIterator[tuple[SourceHost, Pilot[None]]]:
    app = SourceHost(text, line, **options)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield app, pilot


async def test_a_file_has_a_title_numbers_and_its_failing_line() -> None:
    async with shown(note="found by its last 2 parts", marked={12}) as (app, _):
        rows = app.rows()
    assert rows[0] == " src/shop/cart.py:8 · found by its last 2 parts"
    assert rows[1] == '   1 """The cart."""'
    assert rows[8] == '▶  8     return sum(item["price"] for item in items)'
    assert rows[12] == "• 12     amount = total(cart)␛[2J"
    assert rows[13] == '  13     name = "日本語"  # wide'


async def test_the_failing_line_starts_at_a_third_of_the_height_and_is_found_again() -> None:
    async with shown(LONG, 300) as (app, pilot):
        assert app.failing_row() == 1 + 15 // 3
        app.view.action_last_line()
        app.view.action_right()
        assert app.rows()[-1].startswith(str(LONG.count("\n")), 1)
        app.view.action_center()
        await pilot.pause()
        assert app.failing_row() == 6
        assert app.view.left == 0


async def test_the_same_place_shown_again_stays_scrolled_and_another_does_not() -> None:
    async with shown(LONG, 300) as (app, _):
        app.view.action_page_down()
        top = app.view.top
        app.view.show("src/shop/cart.py", LONG.replace("value", "number"), 300)
        assert app.view.top == top
        assert any("number" in row for row in app.rows())
        app.view.show("src/shop/cart.py", LONG, 301)
        assert app.view.top == 295


async def test_what_is_on_the_screen_is_highlighted_at_once_and_the_rest_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SourceView, "_highlight_beside", lambda self: None)
    async with shown(LONG, 2000) as (app, _):
        assert all(len(app.colours(y)) > 2 for y, row in enumerate(app.rows()) if "def " in row)
        assert len(app.view._nearby) < 200
    monkeypatch.undo()
    async with shown(LONG, 2000) as (app, pilot):
        await until(pilot, lambda: app.view._lexed.complete)
        assert all(len(app.colours(y)) > 2 for y, row in enumerate(app.rows()) if "def " in row)


async def test_the_word_at_the_column_is_underlined() -> None:
    async with shown(line=12, column=2) as (app, _):
        strip = app.view.render_line(app.failing_row())
    assert [s.text for s in strip if s.style and s.style.underline] == ["amount"]


async def test_a_column_far_to_the_right_is_scrolled_to() -> None:
    text = "x = " + "1 + " * 100 + "wrong"
    async with shown(text, 1, column=405) as (app, _):
        row = app.rows()[1]
        assert row.endswith("wrong")
        assert row.startswith("▶  1 ‹")


@pytest.mark.parametrize("size", [(30, 5), (31, 9), (120, 20)])
async def test_every_row_is_as_wide_as_the_view(size: tuple[int, int]) -> None:
    async with shown(line=12, column=4, size=size, note="found by its last 2 parts") as (app, _):
        for left in range(14):
            app.view.scroll_sideways_to(left)
            assert {app.view.render_line(y).cell_length for y in range(size[1])} == {size[0]}


async def test_a_long_path_is_cut_in_the_middle() -> None:
    async with shown(size=(40, 10)) as (app, _):
        app.view.show("src/" + "deeply/" * 10 + "nested/cart.py", CODE, 8, note="≈ found by its name")
        title = app.rows()[0]
    assert title.startswith(" src/")
    assert "nested/cart.py:8 · ≈ found" in title
    assert title.endswith("…")


async def test_words_take_the_place_of_a_file_and_a_file_theirs() -> None:
    async with shown() as (app, pilot):
        app.view.show_message("The log names /usr/lib/x.py,\nwhich is not in this project.")
        for name in ["next_line", "page_down", "last_line", "left", "right", "center", "open_editor", "copy_place"]:
            getattr(app.view, f"action_{name}")()
        await pilot.pause()
        said = [row.strip() for row in app.rows() if row.strip()]
        assert said == ["The log names /usr/lib/x.py,", "which is not in this project."]
        assert app.asked == []
        assert app.view.path is None
        app.view.show("src/shop/cart.py", CODE, 8)
        assert app.failing_row() > 0


async def test_a_line_beyond_the_end_is_said_not_shown() -> None:
    async with shown(line=400) as (app, _):
        assert "the file has only 14 lines" in app.rows()[0]
        assert not any(row.startswith("▶") for row in app.rows())
        assert app.view.line is None


async def test_an_editor_and_a_copy_of_the_place_are_asked_for() -> None:
    async with shown() as (app, pilot):
        app.view.action_open_editor()
        app.view.action_copy_place()
        await pilot.pause()
    edit, copied = app.asked
    assert isinstance(edit, SourceView.EditRequested)
    assert (edit.path, edit.line) == ("src/shop/cart.py", 8)
    assert isinstance(copied, SourceView.CopyRequested)
    assert (copied.text, copied.what) == ("src/shop/cart.py:8", "place")


async def test_a_large_file_is_there_at_once() -> None:
    source_view.lexer_of("", "warm.py")
    text = LONG * 20
    async with shown("") as (app, pilot):
        began = time.perf_counter()
        app.view.show("src/shop/cart.py", text, 20_000)
        app.rows()
        seconds = time.perf_counter() - began
        await pilot.pause()
    print(f"{text.count(chr(10)):,} lines shown in {seconds * 1000:.0f} ms")
    assert seconds < 0.3


def test_a_failing_line(snap_compare: Any) -> None:
    app = SourceHost(column=16, note="found by its last 2 parts", marked={12})
    assert snap_compare(app, terminal_size=(80, 18))


def test_a_failing_line_in_a_light_theme(snap_compare: Any) -> None:
    app = SourceHost(column=16, note="found by its last 2 parts", marked={12})
    app.theme = "textual-light"
    assert snap_compare(app, terminal_size=(50, 12))

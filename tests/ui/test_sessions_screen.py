"""The sessions screen: what it shows, finds and does with a session."""

import json
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from termcoder import paths
from termcoder.sessions.store import SessionEntry, SessionStore
from termcoder.ui.screens.confirm import ConfirmScreen
from termcoder.ui.screens.export import ExportScreen
from termcoder.ui.screens.help import HelpScreen
from termcoder.ui.screens.sessions import Left
from termcoder.ui.screens.sessions_look import NO_SESSIONS, NOT_KEPT
from termcoder.ui.widgets import session_list
from termcoder.ui.widgets.session_list import SessionList, Shelf, day_label, local
from termcoder.ui.widgets.session_preview import SessionPreview
from tests.ui.session_host import PROJECT, SessionsHost, a_shelf, kept, opened, until


@pytest.fixture(autouse=True)
def the_day(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """It is 14 March 2026, on a clock that shows UTC."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    monkeypatch.setattr(session_list, "today", lambda: date(2026, 3, 14))
    yield
    monkeypatch.undo()
    time.tzset()


def titles() -> list[str]:
    """The titles on the disk, the last saved first."""
    return [entry.title for entry in SessionStore().list_of(PROJECT).entries]


async def says(app: SessionsHost, pilot: Pilot[None], part: str) -> None:
    await until(pilot, lambda: part in app.sessions.said)


async def search(app: SessionsHost, pilot: Pilot[None], words: str, count: str) -> None:
    await pilot.press("slash")
    app.field("#search").value = words
    await until(pilot, lambda: f"· {count} ·" in app.text_of("#title"))
    await pilot.pause()


# What is shown


async def test_sessions_are_listed_by_day_with_the_last_first() -> None:
    a_shelf()
    async with opened() as (app, _):
        assert app.text_of("#title") == "Sessions · 5 sessions · /home/dev/shop"
        rows = [row for row in app.painted() if row]
    assert rows[0] == " today"
    assert rows[1].startswith("▌ Why is the total of an order")
    assert rows[1].endswith("3 turns · qwen2.5-coder-1.5b · 08:05")
    assert rows[2].endswith("12 turns · qwen2.5-coder-1.5b · 07:40")
    assert rows[3] == " yesterday"
    assert rows[4].startswith("  Explain the retry loop ")
    assert rows[4].endswith("1 turn · qwen2.5-coder-1.5b · 22:10")
    assert [rows[5], rows[7]] == [" Monday 9 March", " 24 December 2025"]


async def test_all_projects_are_shown_this_one_first() -> None:
    a_shelf()
    async with opened() as (app, pilot):
        await pilot.press("a")
        await until(pilot, lambda: "7 sessions · all projects" in app.text_of("#title"))
        headings = [row.strip() for row in app.painted() if "/home/dev" in row]
        assert headings == ["/home/dev/shop · this project", "/home/dev/blog"]
        await pilot.press("a")
        await until(pilot, lambda: "5 sessions" in app.text_of("#title"))


async def test_the_open_session_is_named_in_words_and_chosen_first() -> None:
    a_shelf()
    async with opened(open_id="000003") as (app, _):
        assert next(row for row in app.painted() if "▌" in row).startswith("▌ Explain the retry loop")
        assert "open · 1 turn" in "\n".join(app.painted())


async def test_the_chosen_session_is_shown_beside_the_list_where_there_is_room() -> None:
    a_shelf()
    async with opened() as (app, pilot):
        preview = app.sessions.query_one(SessionPreview)
        await until(pilot, lambda: "Why is the total" in str(preview.render()))
        text = str(preview.render())
        assert "/home/dev/shop · 000001" in text
        assert "begun 14 Mar 2026 08:05" in text
        assert "return price - discount" in text
        await pilot.press("down")
        await until(pilot, lambda: "Write a test for the cart" in str(preview.render()))
        await pilot.resize_terminal(60, 20)
        await until(pilot, lambda: not preview.display)


async def test_no_sessions_are_told_in_words() -> None:
    async with opened(rows=0) as (app, pilot):
        await until(pilot, lambda: app.rows.placeholder == NO_SESSIONS)
        await pilot.press("r", "d", "x", "enter")
        assert app.sessions.said == "No session is chosen."
    async with opened(rows=0, kept=False) as (app, pilot):
        await until(pilot, lambda: app.rows.placeholder == NOT_KEPT)


async def test_a_damaged_session_is_named_and_the_others_are_shown() -> None:
    a_shelf()
    kept(8).write_text("{ not JSON")
    async with opened() as (app, pilot):
        await says(app, pilot, "A damaged session was set aside")
        assert "5 sessions" in app.text_of("#title")


async def test_hostile_titles_are_harmless() -> None:
    kept(1, "[red]x[/nope] \x1b[2J\u202e", titled_by="user")
    async with opened() as (app, pilot):
        assert "[red]x[/nope] ␛[2J\N{REPLACEMENT CHARACTER}" in "\n".join(app.painted())
        preview = app.sessions.query_one(SessionPreview)
        await until(pilot, lambda: "[red]x[/nope] ␛[2J" in str(preview.render()))
        await search(app, pilot, "nope", "1 found")
        assert "[red]x[/nope] ␛[2J\N{REPLACEMENT CHARACTER}" in app.painted()[2]


class ListHost(App[None]):
    """The list alone, with more sessions than anybody has."""

    def compose(self) -> ComposeResult:
        yield SessionList()

    def on_mount(self) -> None:
        when = "2026-{:02d}-{:02d}T08:00:00Z"
        times = [when.format(1 + number % 2, 1 + number % 28) for number in range(2000)]
        entries = [
            SessionEntry(Path(f"/{at}"), f"{at}", "/p", f"title {at}", "", t, t, 1) for at, t in enumerate(times)
        ]
        self.query_one(SessionList).show(Shelf(entries, "/p"))


async def test_of_two_thousand_sessions_only_what_is_seen_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[int] = []
    draw = SessionList.draw_row

    def counted(self: SessionList, row: int, width: int) -> Any:
        drawn.append(row)
        return draw(self, row, width)

    async with ListHost().run_test(size=(80, 24)) as pilot:
        monkeypatch.setattr(SessionList, "draw_row", counted)
        await pilot.press("end")
        await pilot.pause()
        shown = pilot.app.query_one(SessionList)
        assert shown.cursor_row == shown.row_count - 1 == 2027
        assert 0 < len(drawn) < 100
        await pilot.press("home", "up")
        assert shown.render_line(0).text.strip(" ▐").startswith("Saturday 28 February")


# Searching


async def test_what_is_typed_is_searched_in_the_text_and_marked_in_an_excerpt() -> None:
    a_shelf()
    async with opened() as (app, pilot):
        await search(app, pilot, "retry limits", "1 found")
        row = app.rows.render_line(2)
        assert row.text.strip().startswith("Explain the retry loop and its limits")
        bold = [piece.text for piece in row if piece.style and piece.style.underline]
        assert bold == ["retry", "limits"]
        await search(app, pilot, "price - discount", "5 found")
        assert "(+11)" in "\n".join(app.painted())
        await search(app, pilot, "no such words", "0 found")
        assert app.rows.placeholder == "Nothing is found for no such words.\na searches all projects."
        await pilot.press("escape")
        await until(pilot, lambda: "5 sessions" in app.text_of("#title"))
        assert app.rows.has_focus


async def test_a_newer_search_takes_the_place_of_an_older_one_and_all_projects_can_be_searched() -> None:
    a_shelf()
    async with opened() as (app, pilot):
        await pilot.press("slash", *"bounded", "down")
        await until(pilot, lambda: "1 found ·" in app.text_of("#title"))
        assert "Make the queue bounded" in app.painted()[1]
        assert app.rows.has_focus
        await search(app, pilot, "feed", "0 found")
        await pilot.press("enter", "a")
        await until(pilot, lambda: app.text_of("#title") == "Sessions · 1 found · all projects")


# Resuming


async def test_enter_goes_on_with_a_session() -> None:
    a_shelf()
    async with opened(open_id="000001") as (app, pilot):
        await pilot.press("down", "down", "enter")
        await until(pilot, lambda: bool(app.left))
        assert app.left == [Left(changed=True)]
        assert app.book.session.id == "000003"


async def test_enter_on_the_open_session_changes_nothing() -> None:
    a_shelf()
    async with opened(open_id="000001") as (app, pilot):
        await pilot.press("enter")
        await until(pilot, lambda: bool(app.left))
        assert app.left == [Left(changed=False)]


async def test_what_was_found_is_gone_to() -> None:
    a_shelf()
    async with opened() as (app, pilot):
        await search(app, pilot, "cart", "1 found")
        await pilot.press("enter", "enter")
        await until(pilot, lambda: bool(app.left))
        (left,) = app.left
        assert left is not None
        assert left.found is not None
        assert (left.changed, left.query, left.found.hit.turn_id) == (True, "cart", "t2x11")


async def test_a_session_of_another_project_stays_closed_with_a_reason() -> None:
    a_shelf()
    async with opened() as (app, pilot):
        await pilot.press("a")
        await until(pilot, lambda: "all projects" in app.text_of("#title"))
        await pilot.press("end", "enter")
        await says(app, pilot, "another project: /home/dev/blog. Start termcoder there: cd /home/dev/blog")
        assert app.left == []


async def test_nothing_is_opened_while_something_runs() -> None:
    a_shelf()
    async with opened(busy="An answer is on its way.", open_id="000001") as (app, pilot):
        for key in ("enter", "n", "d"):
            app.sessions.say("")
            await pilot.press(key)
            await says(app, pilot, "An answer is on its way.")
        assert app.left == []
        assert len(titles()) == 5


async def test_a_session_that_has_gone_meanwhile_is_said() -> None:
    a_shelf()
    async with opened() as (app, pilot):
        app.rows.entry.path.unlink()  # type: ignore[union-attr]
        await pilot.press("enter")
        await says(app, pilot, "doesn't exist")
        await until(pilot, lambda: "4 sessions" in app.text_of("#title"))
        assert app.left == []


async def test_n_begins_an_empty_session_and_esc_changes_nothing() -> None:
    a_shelf()
    async with opened(open_id="000001") as (app, pilot):
        await pilot.press("n")
        await until(pilot, lambda: bool(app.left))
        assert app.left == [Left(changed=True)]
        assert app.book.session.turns == ()
    async with opened() as (app, pilot):
        await pilot.press("f7")
        await until(pilot, lambda: bool(app.left))
        assert app.left == [Left()]


# Changing


@pytest.mark.parametrize("open_id", ["000001", "000002"], ids=["open", "another"])
async def test_a_session_is_renamed(open_id: str) -> None:
    a_shelf()
    async with opened(open_id=open_id) as (app, pilot):
        await until(pilot, lambda: app.rows.entry is not None)
        await pilot.press("home", "r")
        assert app.field("#answer").value.startswith("Why is the total")
        app.field("#answer").value = "The wrong total"
        await pilot.press("enter")
        await until(pilot, lambda: "The wrong total" in "\n".join(app.painted()))
        assert app.rows.has_focus
    assert "The wrong total" in titles()


async def test_esc_leaves_a_title_as_it_is() -> None:
    a_shelf()
    async with opened() as (app, pilot):
        await pilot.press("r", *"xyz", "escape")
        assert app.rows.has_focus
        assert app.left == []
    assert "xyz" not in "".join(titles())


async def test_a_deleted_session_is_taken_back() -> None:
    a_shelf()
    before = titles()
    async with opened() as (app, pilot):
        await pilot.press("down", "d")
        await says(app, pilot, "Deleted: Write a test for the cart. u takes it back; after 30 days it is gone.")
        await until(pilot, lambda: "4 sessions" in app.text_of("#title"))
        assert "Explain the retry" in next(row for row in app.painted() if "▌" in row)
        await pilot.press("d")
        await until(pilot, lambda: "3 sessions" in app.text_of("#title"))
        await pilot.press("u")
        await until(pilot, lambda: "4 sessions" in app.text_of("#title"))
        await pilot.press("u")
        await until(pilot, lambda: "5 sessions" in app.text_of("#title"))
        assert "Write a test" in next(row for row in app.painted() if "▌" in row)
        await pilot.press("u")
        await says(app, pilot, "No deleted session of this project")
    assert sorted(titles()) == sorted(before)


async def test_the_open_session_is_deleted_and_an_empty_one_begun() -> None:
    a_shelf()
    async with opened(open_id="000001") as (app, pilot):
        await pilot.press("d")
        await until(pilot, lambda: "4 sessions" in app.text_of("#title"))
        assert app.book.session.turns == ()
        await pilot.press("escape")
        await until(pilot, lambda: bool(app.left))
        assert app.left == [Left(changed=True)]


# To files and back


async def test_export_asks_for_format_and_file_and_never_replaces_unasked(tmp_path: Path) -> None:
    a_shelf()
    async with opened() as (app, pilot):
        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, ExportScreen))
        field = app.screen.query_one("Input")
        await until(pilot, lambda: field.value.endswith(".md"))
        await pilot.press("down", "down")
        assert field.value.endswith(".json")
        file = tmp_path / "out" / "kept.html"
        field.value = str(file)
        await until(pilot, lambda: "[HTML]" in str(app.screen.query_one("#formats").render()))
        await pilot.press("enter")
        await says(app, pilot, f"Written to {file}.")
        assert "<html" in file.read_text()
        file.write_text("mine")
        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, ExportScreen))
        field = app.screen.query_one("Input")
        await until(pilot, lambda: field.value.endswith(".md"))
        field.value = str(file)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.press("n")
        await until(pilot, lambda: "not replaced" in str(app.screen.query_one("#hint").render()))
        assert file.read_text() == "mine"
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.press("y")
        await says(app, pilot, "Written to")
        assert "<html" in file.read_text()


async def test_a_file_that_cannot_be_written_is_told_in_the_dialogue(tmp_path: Path) -> None:
    a_shelf()
    async with opened() as (app, pilot):
        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, ExportScreen))
        (tmp_path / "file").write_text("")
        app.screen.query_one("Input").value = str(tmp_path / "file" / "x.md")
        await pilot.press("enter")
        await until(pilot, lambda: "can't be written" in str(app.screen.query_one("#hint").render()))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.sessions)


async def test_an_exported_session_is_taken_in_as_one_of_this_project(tmp_path: Path) -> None:
    a_shelf()
    source = next(path for path in paths.sessions_dir().rglob("*000007.json"))
    file = tmp_path / "feed.json"
    file.write_text(json.dumps(json.loads(source.read_text()), indent=1))
    async with opened() as (app, pilot):
        await pilot.press("i")
        app.field("#answer").value = str(file)
        await pilot.press("enter")
        await until(pilot, lambda: "6 sessions" in app.text_of("#title"))
        assert app.rows.entry is not None
        assert (app.rows.entry.title, app.rows.entry.project) == ("A feed of the newest posts", str(PROJECT))
        await pilot.press("i")
        app.field("#answer").value = str(tmp_path / "none.json")
        await pilot.press("enter")
        await says(app, pilot, "can't be read")


async def test_the_keys_are_told() -> None:
    async with opened(rows=0) as (app, pilot):
        assert app.text_of("#keys").startswith("Enter resume · / search · r rename")
        await pilot.press("f1")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))


# What it looks like


@pytest.mark.parametrize(
    ("day", "label"),
    [
        (date(2026, 3, 14), "today"),
        (date(2026, 3, 13), "yesterday"),
        (date(2026, 1, 1), "Thursday 1 January"),
        (date(2026, 3, 20), "Friday 20 March"),
        (date(2025, 12, 31), "31 December 2025"),
    ],
)
def test_days_as_people_name_them(day: date, label: str) -> None:
    assert day_label(local(f"{day}T12:00:00Z"), date(2026, 3, 14)) == label


async def settled(pilot: Pilot[Any]) -> None:
    app = pilot.app
    assert isinstance(app, SessionsHost)
    preview = app.sessions.query_one(SessionPreview)
    await until(pilot, lambda: app.rows.row_count > 0)
    await pilot.pause()
    await until(pilot, lambda: not preview.display or "begun" in str(preview.render()))


async def searched(pilot: Pilot[Any]) -> None:
    await settled(pilot)
    app = pilot.app
    assert isinstance(app, SessionsHost)
    await pilot.press("a")
    await search(app, pilot, "discount", "7 found")
    await pilot.press("down", "down")
    preview = app.sessions.query_one(SessionPreview)
    await until(pilot, lambda: not preview.display or "000002" in str(preview.render()))


@pytest.mark.parametrize("size", [(60, 20), (100, 30), (160, 48)], ids=str)
def test_snapshot(snap_compare: Any, size: tuple[int, int]) -> None:
    a_shelf()
    assert snap_compare(SessionsHost(open_id="000001"), terminal_size=size, run_before=settled)


@pytest.mark.parametrize("size", [(60, 20), (100, 30)], ids=str)
def test_snapshot_of_a_search(snap_compare: Any, size: tuple[int, int]) -> None:
    a_shelf()
    assert snap_compare(SessionsHost(open_id="000001"), terminal_size=size, run_before=searched)

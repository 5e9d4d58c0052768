"""The last look at a patch: what comes back for which keys."""

from typing import Any

import pytest
from textual.app import App
from textual.pilot import Pilot

from termcoder.edits.patch import FileChange, Patch
from termcoder.ui.screens.apply import ApplyScreen
from termcoder.ui.widgets.patch_view import PatchView
from tests.ui.test_patch_view import PATCH

NUMBERS = "".join(f"{n}\n" for n in range(40))
TWO_HUNKS = FileChange("numbers.txt", NUMBERS, NUMBERS.replace("5\n", "five\n", 1).replace("37\n", "thirty\n"))
OTHER = FileChange("other.txt", "a\n", "b\n")


class Host(App[None]):
    def __init__(self, patch: Patch = PATCH, title: str = "") -> None:
        super().__init__()
        self.patch, self.heading = patch, title
        self.results: list[Patch | None] = []

    def on_mount(self) -> None:
        self.push_screen(ApplyScreen(self.patch, self.heading), self.results.append)

    @property
    def view(self) -> PatchView:
        return self.screen.query_one(PatchView)

    def title_text(self) -> str:
        return str(self.screen.query_one("#title").render())


@pytest.mark.parametrize("key", ["a", "enter"])
async def test_all_of_it_is_applied(key: str) -> None:
    app = Host()
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.pause()
        assert app.title_text() == "Apply this change? · 3 of 3 hunks"
        await pilot.press(key)
    assert app.results == [PATCH]


async def test_escape_gives_nothing() -> None:
    app = Host()
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.press("escape")
        await pilot.pause()
    assert app.results == [None]


async def test_what_was_left_out_is_not_applied() -> None:
    app = Host(Patch((TWO_HUNKS, OTHER)), "[red]Rename\x1b")
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.pause()
        app.view.action_toggle_hunk()
        app.view.action_next_hunk()
        app.view.action_next_hunk()
        app.view.action_toggle_hunk()
        await pilot.pause()
        assert app.title_text() == "[red]Rename␛ · 1 of 3 hunks"
        await pilot.press("a")
    expected = FileChange("numbers.txt", NUMBERS, NUMBERS.replace("37\n", "thirty\n"))
    assert app.results == [Patch((expected,))]


async def test_with_all_left_out_there_is_nothing_to_apply() -> None:
    app = Host(Patch((OTHER,)))
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.pause()
        app.view.action_toggle_hunk()
        await pilot.press("enter")
    assert app.results == [None]


async def ready(pilot: Pilot[Any]) -> None:
    await pilot.pause()


def test_the_smallest_size(snap_compare: Any) -> None:
    app = Host(title="Return 0 for an empty cart")
    assert snap_compare(app, terminal_size=(60, 20), run_before=ready)

"""The screen that asks for a scope: what is chosen is read there, and what can't be read is told there."""

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from textual.app import App
from textual.pilot import Pilot
from textual.widgets import Input, OptionList, Static

from termcoder.diffs.model import ChangeSet, Scope, ScopeKind
from termcoder.errors import GitStoppedError, RevisionError
from termcoder.ui.panes.review_reading import Reading
from termcoder.ui.screens.scope import ScopeScreen
from tests.ui.test_app import until


class Host(App[None]):
    """Shows one scope screen on a repository that knows `main` only, and keeps what was asked and chosen."""

    def __init__(self, current: Scope | None = None, *recent: Scope) -> None:
        super().__init__()
        self.current, self.recent = current or Scope(), recent
        self.asked: list[Scope] = []
        self.chosen: list[Reading | None] = []
        self.waits = False

    def on_mount(self) -> None:
        self.push_screen(ScopeScreen(self.read, self.current, self.recent), self.chosen.append)

    def read(self, scope: Scope, cancel: threading.Event) -> Reading:
        self.asked.append(scope)
        if self.waits:
            cancel.wait()
            raise GitStoppedError("Git was stopped.")
        if scope.what not in ("", "main", "HEAD"):
            raise RevisionError(f"Git knows no commit '{scope.what}\x1b[2J'.", remedy="`git log` lists what there is.")
        return Reading(ChangeSet(scope), None, "", None, Path(), Path())


@asynccontextmanager
async def shown(host: Host) -> AsyncIterator[Pilot[None]]:
    async with host.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: isinstance(host.screen, ScopeScreen))
        yield pilot


def chosen(host: Host) -> list[Scope | None]:
    return [reading.changes.scope if reading else None for reading in host.chosen]


def told(host: Host) -> str:
    return str(host.screen.query_one("#state", Static).render())


async def test_the_working_tree_takes_one_key_more() -> None:
    host = Host()
    async with shown(host) as pilot:
        assert not host.screen.query_one(Input).display
        await pilot.press("down", "enter")
        await until(pilot, lambda: bool(host.chosen))
    assert chosen(host) == [Scope(ScopeKind.WORKTREE)]


async def test_a_commit_that_is_not_known_is_told_and_can_be_corrected() -> None:
    host = Host(Scope(ScopeKind.COMMIT, "mian"))
    async with shown(host) as pilot:
        await pilot.press("enter")
        assert host.screen.query_one(Input).has_focus
        await pilot.press("enter")
        await until(pilot, lambda: told(host) == "Git knows no commit 'mian␛[2J'. `git log` lists what there is.")
        assert host.chosen == []
        await pilot.press("backspace", "backspace", "backspace")
        await until(pilot, lambda: told(host) == "")
        await pilot.press(*"ain", "enter")
        await until(pilot, lambda: bool(host.chosen))
    assert chosen(host) == [Scope(ScopeKind.COMMIT, "main")]


async def test_a_commit_without_a_name_is_the_last_and_a_branch_has_its_usual_base() -> None:
    for moves, scope in ((2, Scope(ScopeKind.COMMIT, "HEAD")), (4, Scope(ScopeKind.BRANCH))):
        host = Host()
        async with shown(host) as pilot:
            await pilot.press(*["down"] * moves, "tab", "enter")
            await until(pilot, lambda host=host: bool(host.chosen))
        assert chosen(host) == [scope]


async def test_what_was_chosen_before_is_offered_again() -> None:
    host = Host(None, Scope(ScopeKind.BRANCH, "main"))
    async with shown(host) as pilot:
        rows = host.screen.query_one(OptionList)
        assert str(rows.get_option_at_index(5).prompt) == "Again: branch main"
        await pilot.press("end", "enter")
        await until(pilot, lambda: bool(host.chosen))
    assert chosen(host) == [Scope(ScopeKind.BRANCH, "main")]


async def test_tab_goes_to_the_name_and_back() -> None:
    host = Host()
    async with shown(host) as pilot:
        await pilot.press("tab")
        assert host.screen.query_one(OptionList).has_focus
        await pilot.press("down", "down", "down", "tab")
        assert host.screen.query_one(Input).has_focus
        assert host.screen.query_one(Input).placeholder.startswith("A..B")
        await pilot.press("tab")
        assert host.screen.query_one(OptionList).has_focus


async def test_escape_closes_and_ends_what_is_read() -> None:
    host = Host()
    host.waits = True
    async with shown(host) as pilot:
        await pilot.press("enter")
        await until(pilot, lambda: bool(host.asked))
        await pilot.press("escape")
        await until(pilot, lambda: bool(host.chosen))
    assert chosen(host) == [None]


def test_looks(snap_compare: Any) -> None:
    host = Host(Scope(ScopeKind.RANGE, "v1.0..main"), Scope(ScopeKind.COMMIT, "1a2b3c4"))
    assert snap_compare(host, terminal_size=(80, 24))

"""The tree of changed files: folders, counts, findings, what is told, and where the cursor stays."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from textual.app import App, ComposeResult
from textual.message import Message
from textual.pilot import Pilot

from termcoder.diffs.model import ChangeSet, FileDiff, Hunk, Kind, Scope, ScopeKind, Status
from termcoder.review.finding import Finding, Severity
from termcoder.ui.commands import commands_of
from termcoder.ui.widgets.change_tree import ChangeTree
from tests.ui.diff_host import finding


def file(path: str, status: Status = Status.MODIFIED, added: int = 1, deleted: int = 0, **fields: Any) -> FileDiff:
    rows = (("+", "x\n"),) * added + (("-", "y\n"),) * deleted
    return FileDiff(path, status, hunks=(Hunk(1, deleted, 1, added, rows),) if rows else (), **fields)


FILES = (
    file("README.md", added=12, deleted=3),
    file("assets/logo.png", Status.ADDED, added=0, kind=Kind.BINARY, skipped="binary file"),
    file("src/shop/api/views.py", Status.RENAMED, old_path="src/views.py"),
    file("src/shop/cart.py", added=2, deleted=1),
    file("src/shop/old.py", Status.DELETED, added=0, deleted=1200, skipped="deleted file"),
    file("tests/test_cart.py", Status.ADDED, added=40),
)
TREE = """\
 Staged · 6 files · +55 −1,204
▌M README.md                    +12 −3
 A assets/logo.png         binary file
 ▾ src/shop/
   R api/views.py                +1 −0
   M cart.py                     +2 −1
   D old.py               deleted file
 A tests/test_cart.py           +40 −0"""


class TreeHost(App[None]):
    def __init__(self, files: tuple[FileDiff, ...] = FILES, *notes: str, found: tuple[Finding, ...] = ()) -> None:
        super().__init__()
        self.change_set = ChangeSet(Scope(), files, notes)
        self.found = found
        self.told: list[Message] = []

    def compose(self) -> ComposeResult:
        yield ChangeTree()

    def on_mount(self) -> None:
        self.tree.load(self.change_set)
        self.tree.show_findings(self.found)
        self.tree.focus()

    @property
    def tree(self) -> ChangeTree:
        return self.query_one(ChangeTree)

    def on_change_tree_file_chosen(self, message: ChangeTree.FileChosen) -> None:
        self.told.append(message)

    def on_line_scroll_copy_requested(self, message: ChangeTree.CopyRequested) -> None:
        self.told.append(message)

    def rows(self) -> list[str]:
        return [self.tree.render_line(y).text.rstrip(" ▐") for y in range(self.tree.size.height)]

    def chosen(self) -> list[tuple[int, bool]]:
        return [(each.index, each.entered) for each in self.told if isinstance(each, ChangeTree.FileChosen)]


@asynccontextmanager
async def shown(
    files: tuple[FileDiff, ...] = FILES, *notes: str, size: tuple[int, int] = (39, 14), **options: Any
) -> AsyncIterator[tuple[TreeHost, Pilot[None]]]:
    app = TreeHost(files, *notes, **options)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield app, pilot


async def test_folders_files_and_what_changes_in_them() -> None:
    async with shown() as (app, _):
        assert [row for row in app.rows() if row] == TREE.splitlines()


async def test_findings_are_counted_with_their_worst_severity() -> None:
    found = (
        finding(1, Severity.NIT, path="README.md"),
        finding(2, Severity.CRITICAL, path="src/shop/cart.py"),
        finding(3, Severity.MINOR, path="src/shop/cart.py"),
        finding(4, Severity.MAJOR, path="unknown.py"),
    )
    async with shown(found=found) as (app, pilot):
        assert app.rows()[1].endswith("·1 +12 −3")
        assert app.rows()[5].endswith("●2 +2 −1")
        app.tree.follow(3)
        await pilot.press("space")
        assert app.rows()[3].startswith("▌▸ src/shop/")
        assert app.rows()[3].endswith("●2")
        app.tree.show_findings(())
        assert not app.rows()[3].endswith("2")


async def test_the_cursor_tells_files_but_not_folders() -> None:
    async with shown() as (app, pilot):
        await pilot.press("j", "j", "j", "enter", "k", "enter")
        assert app.chosen() == [(1, False), (2, False), (2, True)]
        assert app.tree.file is None
        assert app.rows()[3].startswith("▌▸ src/shop/")
        await pilot.press("G")
        assert app.chosen()[-1] == (5, False)


async def test_a_folder_folds_from_inside_and_opens_again() -> None:
    async with shown() as (app, pilot):
        app.tree.follow(4)
        await pilot.press("space")
        assert app.rows()[3:5] == ["▌▸ src/shop/", " A tests/test_cart.py           +40 −0"]
        await pilot.press("space")
        assert app.rows()[3:5] == ["▌▾ src/shop/", "   R api/views.py                +1 −0"]
        await pilot.press("g", "space")
        assert app.rows()[1].startswith("▌M README.md")


async def test_following_opens_folders_and_says_nothing() -> None:
    async with shown() as (app, pilot):
        app.tree.follow(3)
        await pilot.press("space")
        app.tree.follow(4)
        await pilot.pause()
        assert app.tree.file == 4
        assert app.rows()[6].startswith("▌  D old.py")
        app.tree.follow(99)
        assert app.tree.file == 4
        assert app.told == []


async def test_loaded_again_the_cursor_and_the_folds_stay() -> None:
    async with shown() as (app, pilot):
        app.tree.follow(3)
        await pilot.press("space")
        app.tree.follow(5)
        app.tree.load(ChangeSet(Scope(ScopeKind.WORKTREE), FILES[1:]))
        assert app.rows()[:4] == [
            " Worktree · 5 files · +43 −1,201",
            " A assets/logo.png         binary file",
            " ▸ src/shop/",
            "▌A tests/test_cart.py           +40 −0",
        ]
        app.tree.load(ChangeSet(Scope(), FILES[:1]))
        assert app.tree.file == 0


async def test_notes_stand_below_and_nothing_is_said_to_be_nothing() -> None:
    async with shown(FILES[:1], "3 untracked files") as (app, pilot):
        assert app.rows()[2] == " 3 untracked files"
        await pilot.press("j", "j", "enter")
        assert app.tree.file == 0
        app.tree.load(ChangeSet(Scope(), (), ("3 untracked files",)))
        assert app.rows()[:2] == [" Staged · 0 files", " 3 untracked files"]
        await pilot.press("j", "enter", "space", "c")
        assert app.chosen() == [(0, True)]
        app.tree.load(ChangeSet(Scope()))
        assert "No changed files." in "".join(app.rows())
        await pilot.press("j", "enter", "space", "c")


async def test_paths_are_copied() -> None:
    async with shown((file("a/b\udcff.py"), file("a/c.py"))) as (app, pilot):
        await pilot.press("c", "k", "c")
        copied = [each.text for each in app.told if isinstance(each, ChangeTree.CopyRequested)]
        assert copied == ["a/b\ufffd.py", "a/"]


@pytest.mark.parametrize("width", [1, 3, 8, 14, 22, 30])
async def test_every_row_fits_however_narrow(width: int) -> None:
    deep = tuple(file(f"{'目录/' * depth}very_long_name_of_a_file_{depth}\x1b\n.py") for depth in range(30))
    found = (finding(1, path=deep[3].path),)
    async with shown(deep, "a note", size=(width, 40), found=found) as (app, _):
        rows = [app.tree.render_line(y) for y in range(40)]
        assert {row.cell_length for row in rows} == {width}
        assert not any("\x1b" in row.text for row in rows)
        if width == 30:
            assert app.rows()[1] == "▌M very_l…_file_0␛ .py  +1 −0"


async def test_names_are_shortened_in_the_middle() -> None:
    async with shown((file("a_rather_long_name_of_a_file.py"),), size=(23, 4)) as (app, _):
        assert app.rows()[:2] == [" Staged · 1 file", "▌M a_rat…of_a_file.py"]


async def test_a_file_may_be_named_often_and_lie_deep() -> None:
    files = (*[file("same.py")] * 2000, *(file("d/" * depth + "x") for depth in range(1200)))
    async with shown(files) as (app, _):
        app.tree.follow(1500)
        assert app.tree.file == 1500
        app.tree.follow(3100)
        assert app.tree.file == 3100
        assert "3,200 files" in app.rows()[0]


def test_every_declared_command_can_be_run() -> None:
    for command in commands_of("changes"):
        assert callable(getattr(ChangeTree, f"action_{command.name}"))


async def marked(pilot: Pilot[Any]) -> None:
    await pilot.press("j", "j", "j")


FOUND = (
    finding(1, Severity.NIT, path="README.md"),
    finding(2, Severity.CRITICAL, path="src/shop/cart.py"),
    finding(3, Severity.MINOR, path="src/shop/api/views.py"),
)


def test_looks(snap_compare: Any) -> None:
    host = TreeHost(FILES, "3 untracked files", found=FOUND)
    assert snap_compare(host, terminal_size=(40, 14), run_before=marked)


def test_looks_where_it_is_narrow(snap_compare: Any) -> None:
    assert snap_compare(TreeHost(found=FOUND), terminal_size=(20, 10))

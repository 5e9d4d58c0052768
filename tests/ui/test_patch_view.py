"""A patch on the screen: hunks, numbers, signs, changed words, and which hunks are taken."""

import time
from typing import Any

from textual.app import App, ComposeResult
from textual.pilot import Pilot

from termcoder.edits.patch import FileChange, Patch
from termcoder.ui.widgets.patch_view import NO_PATCH, HunkAt, PatchView, every_hunk

BEFORE = '''"""A cart."""


class Cart:
    """Items and their prices."""

    def __init__(self, items):
        self.items = items

    def total(self):
        return sum(item.price for item in self.items)

    def average(self):
        """The price of one item, on average."""
        return self.total() / len(self.items)

    def names(self):
        return [item.name for item in self.items]

    def first(self):
        return self.items[0]
'''
AFTER = BEFORE.replace("self.items = items", "self.items = list(items)").replace(
    "        return self.total() / len(self.items)\n",
    "        if not self.items:\n            return 0\n        return self.total() / len(self.items)\n",
)
LATER = AFTER.replace("return self.items[0]", "return next(iter(self.items), None)")
CART = FileChange("src/shop/cart.py", BEFORE, LATER)
PATCH = Patch((CART, FileChange("notes.txt", None, "first\nsecond"), FileChange("old.py", "x = 1\n", None)))


class Host(App[None]):
    def __init__(self, patch: Patch = PATCH, *, choosing: bool = True) -> None:
        super().__init__()
        self.patch, self.choosing = patch, choosing
        self.told: list[frozenset[HunkAt]] = []

    def compose(self) -> ComposeResult:
        yield PatchView()

    def on_mount(self) -> None:
        self.view.show(self.patch, every_hunk(self.patch) if self.choosing else None)

    @property
    def view(self) -> PatchView:
        return self.query_one(PatchView)

    def on_patch_view_hunks_chosen(self, message: PatchView.HunksChosen) -> None:
        self.told.append(message.chosen)

    def rows(self) -> list[str]:
        return [self.view.render_line(y).text.rstrip(" ▐") for y in range(self.view.size.height)]


def bold(view: PatchView, y: int) -> list[str]:
    """The words of a row's code that are emphasized."""
    _, *code = view.render_line(y).divide([11, view.size.width])
    return [segment.text for segment in code[0] if segment.style and segment.style.bold]


async def test_hunks_have_numbers_signs_and_heads() -> None:
    app = Host()
    async with app.run_test(size=(80, 60)):
        assert app.rows() == HUNKS.splitlines() + [""] * (60 - len(HUNKS.splitlines()))


HUNKS = """\
 src/shop/cart.py +4 -2
▶ [x] 1 of 3 · lines 5-23
▎ 5  5       \"\"\"Items and their prices.\"\"\"
▎ 6  6
▎ 7  7       def __init__(self, items):
▎ 8    -         self.items = items
▎    8 +         self.items = list(items)
▎ 9  9
▎10 10       def total(self):
▎11 11           return sum(item.price for item in self.items)
▎12 12
▎13 13       def average(self):
▎14 14           \"\"\"The price of one item, on average.\"\"\"
▎   15 +         if not self.items:
▎   16 +             return 0
▎15 17           return self.total() / len(self.items)
▎16 18
▎17 19       def names(self):
▎18 20           return [item.name for item in self.items]
▎19 21
▎20 22       def first(self):
▎21    -         return self.items[0]
▎   23 +         return next(iter(self.items), None)
 notes.txt new file +2 -0
  [x] 2 of 3 · lines 1-2
     1 + first
     2 + second (no newline at the end)
 old.py deleted +0 -1
  [x] 3 of 3 · line 1
  1    - x = 1"""


async def test_the_changed_words_of_a_replaced_line_are_bold() -> None:
    app = Host()
    async with app.run_test(size=(80, 60)):
        removed, added = app.rows().index("▎ 8    -         self.items = items"), 6
        assert bold(app.view, removed) == []
        assert [text for text in bold(app.view, added) if text.strip()] == ["list", "(", ")"]


async def test_hunks_are_taken_and_left_out() -> None:
    app = Host()
    async with app.run_test(size=(80, 60)) as pilot:
        app.view.action_next_hunk()
        app.view.action_toggle_hunk()
        assert "▶ [ ] 2 of 3 · lines 1-2 · left out" in app.rows()
        assert app.view.chosen == {(0, 0), (2, 0)}
        app.view.action_toggle_hunk()
        app.view.action_next_hunk()
        app.view.action_next_hunk()
        app.view.action_toggle_hunk()
        await pilot.click(PatchView, offset=(4, 1))
        await pilot.pause()
    everything = every_hunk(PATCH)
    assert app.told == [everything - {(1, 0)}, everything, everything - {(2, 0)}, {(1, 0)}]


async def test_without_a_choice_there_are_no_checkboxes() -> None:
    app = Host(choosing=False)
    async with app.run_test(size=(80, 60)) as pilot:
        assert "▶ 1 of 3 · lines 5-23" in app.rows()
        app.view.action_toggle_hunk()
        await pilot.pause()
        assert app.view.chosen == every_hunk(PATCH)
        app.view.show(Patch(()))
        assert NO_PATCH in "\n".join(app.rows())
        for action in ("next_hunk", "previous_hunk", "toggle_hunk", "next_line", "page_down", "right"):
            getattr(app.view, f"action_{action}")()
        app.view.show(Patch((FileChange("same.py", "x", "x"), FileChange("empty.py", None, ""))))
        assert app.rows()[:2] == [" empty.py new file +0 -0", "▶ 1 of 1 · an empty file"]
    assert app.told == []


async def test_scrolling_takes_the_cursor_along() -> None:
    before = "".join(f"line {n}\n" for n in range(200))
    patch = Patch((FileChange("a.txt", before, before.replace("line 20\n", "new\n").replace("line 150\n", "new\n")),))
    app = Host(patch)
    async with app.run_test(size=(40, 6)):
        app.view.action_next_hunk()
        assert app.rows()[0].startswith("▶ [x] 2 of 2")
        app.view.action_first_line()
        assert app.view.current == (0, 0)
        app.view.action_page_down()
        app.view.action_page_down()
        assert app.view.current == (0, 1)
        app.view.show(patch, {(0, 1)})
        assert app.view.current == (0, 1)
        assert app.view.chosen == {(0, 1)}


async def test_where_all_is_in_view_up_and_down_go_by_hunk() -> None:
    app = Host()
    async with app.run_test(size=(80, 60)):
        app.view.action_next_line()
        assert app.view.current == (1, 0)
        app.view.action_previous_line()
        app.view.action_previous_line()
        assert app.view.current == (0, 0)


async def test_long_wide_and_hostile_lines_scroll_sideways() -> None:
    line = "\tx = '漢字\x1b[31m[red]'\t# " + "日本" * 100
    patch = Patch((FileChange("目录/" * 20 + "\x1b.py", line + "\n", line + "!" * 300_000 + "\r\n"),))
    app = Host(patch)
    async with app.run_test(size=(30, 5)) as pilot:
        assert "␛[31m" in app.rows()[2]
        for _ in range(30):
            assert all(app.view.render_line(y).cell_length == 30 for y in range(5))
            app.view.action_right()
        assert app.view.left > 100
        app.view.action_left()
        await pilot.resize_terminal(5, 3)
        await pilot.resize_terminal(100, 20)


async def test_a_change_of_line_ends_is_seen() -> None:
    app = Host(Patch((FileChange("a.txt", "one\r\ntwo\r\n", "one\ntwo\r\n"),)))
    async with app.run_test(size=(60, 8)):
        assert app.rows()[2:5] == ["▎1   - one␍", "▎  1 + one", "▎2 2   two␍"]


async def test_a_large_patch_is_shown_and_scrolled_fast() -> None:
    source = "".join(f"def function_{n}(a, b):\n    return a + b * {n}  # number {n}\n\n\n" for n in range(2500))
    changed = source.replace("return a + b * 12", "return b + a * 12")
    app = Host(Patch((FileChange("new.py", None, source), FileChange("old.py", source, changed))))
    async with app.run_test(size=(100, 40)):
        app.rows()
        for action in ("page_down", "last_line", "page_up"):
            began = time.perf_counter()
            getattr(app.view, f"action_{action}")()
            app.rows()
            assert time.perf_counter() - began < 1


async def one_left_out(pilot: Pilot[Any]) -> None:
    app = pilot.app
    assert isinstance(app, Host)
    app.view.focus()
    app.view.action_next_hunk()
    app.view.action_toggle_hunk()
    app.view.action_previous_hunk()
    await pilot.pause()


async def scrolled_right(pilot: Pilot[Any]) -> None:
    app = pilot.app
    assert isinstance(app, Host)
    app.view.action_right()
    await pilot.pause()


def test_three_files(snap_compare: Any) -> None:
    assert snap_compare(Host(), terminal_size=(80, 32), run_before=one_left_out)


def test_where_it_is_narrow(snap_compare: Any) -> None:
    assert snap_compare(Host(), terminal_size=(36, 20), run_before=scrolled_right)


def test_a_light_theme(snap_compare: Any) -> None:
    app = Host(choosing=False)
    app.theme = "textual-light"
    assert snap_compare(app, terminal_size=(80, 32))

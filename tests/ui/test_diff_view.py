"""A change set on the screen: rows and their marks, findings beside lines, what is folded, chosen and asked for."""

import time
from typing import Any

import pytest
from textual.pilot import Pilot

from termcoder.diagnosis.fixes import Origin
from termcoder.diffs.model import ChangeSet, FileDiff, Hunk, Scope, ScopeKind, Status
from termcoder.edits.patch import Patch
from termcoder.review.finding import Severity
from termcoder.ui.commands import commands_of
from termcoder.ui.widgets.diff_view import Choice, DiffView, Place
from tests.ui.diff_host import CART, OTHERS, DiffHost, change_set, finding, shown
from tests.ui.transcript_host import until

UNIFIED = """\
▌▾ src/shop/cart.py  modified · +3 −1
   ⋯ 4 lines
   @@ -5,9 +5,9 @@ class Cart:
    5  5       \"\"\"Items and their prices.\"\"\"
    6  6
    7  7       def __init__(self, items):
    8    -         self.items = items
       8 +         self.items = list(items)
    9  9
   10 10       def total(self):
   11 11           return sum(item.price for item in self.items)
   12 12
   13 13       def average(self):
   ⋯ 26 lines
   @@ -40,4 +40,6 @@ class Cart:
   40 40       def average(self):
   41 41           \"\"\"The price of one item, on average.\"\"\"
      42 +         if not self.items:
      43 +             return 0
   42 44           return self.total() / len(self.items)
   43 45
 ▾ docs/new name.md ← docs/old name.md  renamed 90% · +1 −1
   @@ -1,2 +1,2 @@
    1  1   # Shop
    2    - One line
       2 + Two lines (no newline at the end)
   logo.png  new file · binary file
   run.sh  modified · only its mode changes · mode 100644 → 100755
 ▾ gone.py  deleted · +0 −1
   @@ -1 +0,0 @@
    1    - x = 1"""
SPLIT = """\
   @@ -40,4 +40,6 @@ class Cart:
   40       def average(self):                              │40       def average(self):
   41           'The price of one item, on average.'    │41           'The price of one item, on average.'
                                                            │42 +         if not self.items:
                                                            │43 +             return 0
   42           return self.total() / len(self.items)       │44           return self.total() / len(self.items)"""
MERGE = b"""\
diff --cc m.py
index 1111111,2222222..3333333
--- a/m.py
+++ b/m.py
@@@ -1,2 -1,3 +1,3 @@@ def merged
  a
- b
 -c
++d
+ e
"""
UGLY = """\
diff --git "a/src/\\033[31mx.go" "b/src/\\033[31mx.go"
--- "a/src/\\033[31mx.go"
+++ "b/src/\\033[31mx.go"
@@ -1,5 +1,5 @@ func \x1b[2Jf()
 func f() {\r
-\tx := 1\r
-\ty := "a"
+    x := 1
+\ty := "\u202eb" \t
 \tw := "漢字"\x07 // wide
-last
\\ No newline at end of file
+last
""".encode()


def numbered(count: int, *changed: int, start: int = 1) -> ChangeSet:
    """A file of so many lines, each of the changed ones a hunk of its own without surroundings."""
    hunks = tuple(Hunk(line, 1, line, 1, (("-", f"line {line}\n"), ("+", f"new {line}\n"))) for line in changed)
    return ChangeSet(Scope(), (FileDiff("a.txt", Status.MODIFIED, hunks=hunks),))


def text(count: int) -> str:
    return "".join(f"line {n}\n" for n in range(1, count + 1))


def bold(app: DiffHost, part: str) -> list[str]:
    """The words of a row's code that are emphasized."""
    strip = app.view.draw_row(app.at(part), 90)
    pieces = [each for each in strip if each.style and each.style.bold and each.style.bgcolor and each.text.strip()]
    return [each.text for each in pieces if each.text.strip() not in ("+", "-", "✓")]


# Rows


async def test_files_hunks_and_lines_in_one_column() -> None:
    async with shown() as (app, _):
        assert [row for row in app.rows() if row] == UNIFIED.splitlines()


async def test_old_and_new_side_by_side_where_there_is_room() -> None:
    async with shown(size=(120, 40), split=True) as (app, pilot):
        rows = app.rows()
        first = rows.index("   @@ -40,4 +40,6 @@ class Cart:")
        assert [row.replace('"""', "'") for row in rows[first : first + 6]] == SPLIT.splitlines()
        assert "8 -         self.items = items" in rows[6]
        assert "8 +         self.items = list(items)" in rows[6]
        await pilot.resize_terminal(109, 40)
        assert app.view.split
        assert not app.view.is_split
        assert app.rows()[7] == "       8 +         self.items = list(items)"
        await pilot.resize_terminal(110, 40)
        assert app.view.is_split


async def test_turning_the_columns_keeps_the_cursor_on_its_line() -> None:
    async with shown(size=(120, 8)) as (app, pilot):
        app.go("return 0")
        height = app.view.cursor_row - app.view.top
        await pilot.press("w")
        assert app.view.is_split
        assert app.view.cursor_place == Place(0, 1, 3, 43)
        assert app.view.cursor_row - app.view.top == height
        await pilot.press("w")
        assert app.view.cursor_place == Place(0, 1, 3, 43)


async def test_where_it_is_narrow_there_is_one_number() -> None:
    async with shown(size=(40, 20)) as (app, _):
        assert "    8 -         self.items = items" in app.rows()
        assert "    8 +         self.items = list(item›" in app.rows()


async def test_the_changed_words_are_bold() -> None:
    async with shown() as (app, _):
        assert bold(app, "list(items)") == ["list", "(", ")"]
        assert bold(app, "self.items = items") == []
        assert bold(app, "if not self") == []


async def test_a_merge_shows_the_signs_of_every_parent() -> None:
    async with shown(change_set(MERGE)) as (app, _):
        assert app.rows()[2:7] == [
            "    1  1    a",
            "    2    -  b",
            "          - c",
            "       2 ++ d",
            "       3 +  e",
        ]
        assert app.rows()[1].startswith("   @@@ -1,2 +1,3 @@@ def merged")
        app.view.move_to(5)
        assert app.view.chosen == Choice(0, frozenset({(0, 1), (0, 2), (0, 3), (0, 4)}))


async def test_what_is_hidden_in_text_is_shown_for_what_it_is() -> None:
    async with shown(change_set(UGLY)) as (app, _):
        assert app.rows()[:10] == [
            "▌▾ src/␛[31mx.go  modified · +3 −3",
            "   @@ -1,5 +1,5 @@ func ␛[2Jf()",
            "    1  1   func f() {␍",
            "    2    -     x := 1␍ (tab)",
            '    3    -     y := "a" (tab)',
            "       2 +     x := 1",
            '       3 +     y := "�b"    (tab, spaces at the end, invisible characters)',
            '    4  4       w := "漢字"␇ // wide',
            "    5    - last (no newline at the end)",
            "       5 + last",
        ]


async def test_long_and_wide_lines_scroll_sideways_and_every_row_is_as_wide_as_the_screen() -> None:
    line = "x = '漢字' # " + "日本" * 100
    rows = (("-", line + "\n"), ("+", line + "!" * 300_000 + "\r\n"))
    what = ChangeSet(Scope(), (FileDiff("目录/" * 30 + "x.py", Status.MODIFIED, hunks=(Hunk(1, 1, 1, 1, rows),)),))
    async with shown(what, size=(120, 6)) as (app, pilot):
        for width in (120, 60, 30, 5, 2):
            await pilot.resize_terminal(width, 6)
            for split in (True, False):
                app.view.split = split
                app.view.action_right()
                assert all(app.view.render_line(y).cell_length == width for y in range(6))
        await pilot.resize_terminal(60, 6)
        assert app.view.left > 0
        assert app.rows()[2].endswith("›")
        assert "‹" in app.rows()[2]
        for _ in range(30):
            app.view.action_left()
        assert app.view.left == 0
        assert "‹" not in app.rows()[2]


async def test_without_changes_it_says_why_it_is_empty() -> None:
    empty = change_set(b"", Scope(), "3 untracked files")
    async with shown(empty) as (app, pilot):
        whole = "\n".join(app.rows())
        assert "Nothing is staged." in whole
        assert "3 untracked files" in whole
        for command in commands_of("diff"):
            getattr(app.view, f"action_{command.name}")()
        await pilot.pause()
        view = app.view
        assert (view.cursor_place, view.current_finding, view.chosen, view.clear_marks()) == (None, None, None, False)
        view.go_to_file(3)
        view.go_to_finding(finding())
        view.show_findings([finding()], [finding(8)])
        view.show_context(2, "x")
        view.load(change_set(b"", Scope(ScopeKind.RANGE, "a..b")))
        assert "No file differs." in "\n".join(app.rows())
    assert app.told == []


# Findings


async def test_a_finding_stands_under_its_line() -> None:
    found = finding(severity=Severity.CRITICAL, suggestion=Patch(()), origin=Origin.RULE)
    async with shown(None, found, finding(43, Severity.NIT, title="A magic number", scenario="")) as (app, _):
        at = app.rows().index(" ●    42 +         if not self.items:")
        assert app.rows()[at + 1 : at + 7] == [
            "         ┃ ● critical: An empty cart has no average",
            "         ┃ When the cart is empty, its average is 0 and looks like a price.",
            "         ┃ bug · 80% sure · patch · rule",
            " ·    43 +             return 0",
            "         ┃ · nit: A magic number",
            "         ┃ bug · 80% sure",
        ]
        assert app.rows()[0] == "▌▾ src/shop/cart.py  modified · +3 −1 · 2 findings"


async def test_of_several_findings_on_a_line_the_worst_comes_first() -> None:
    async with shown(None, finding(severity=Severity.MINOR), finding(severity=Severity.MAJOR)) as (app, _):
        heads = [
            row.split()[1] for row in app.rows() if row.startswith("         ┃ ◆") or row.startswith("         ┃ ▲")
        ]
        assert heads == ["◆", "▲"]
        assert any(row.startswith(" ◆    42 +") for row in app.rows())
        app.go("if not self")
        assert app.view.current_finding == finding(severity=Severity.MAJOR)


async def test_long_and_hostile_findings_are_wrapped_and_inert() -> None:
    found = finding(title="漢字 \x1b[31m" * 40, scenario="word " * 100 + "\u202e" + "x" * 5000)
    async with shown(None, found, size=(40, 30)) as (app, pilot):
        app.go("if not self")
        for width in (40, 12, 3):
            await pilot.resize_terminal(width, 30)
            assert all(app.view.render_line(y).cell_length == width for y in range(30))
        whole = "".join(app.rows())
        assert "\x1b" not in whole
        assert "\u202e" not in whole


@pytest.mark.parametrize("size", [(90, 12), (120, 12)])
async def test_what_the_cursor_is_on_stays_where_it_is_as_findings_come_and_go(size: tuple[int, int]) -> None:
    async with shown(size=size, split=True) as (app, _):
        app.go("return self.total()")
        place, height = app.view.cursor_place, app.view.cursor_row - app.view.top
        for findings in ([finding(8)], [finding(8), finding(10), finding(42), finding(43)], [finding(43)], []):
            app.view.show_findings(findings, [finding(41)] if findings else [])
            assert app.view.cursor_place == place
            assert app.view.cursor_row - app.view.top == height
            assert "return self.total()" in app.cursor()


async def test_where_the_cursor_is_out_of_sight_the_first_row_stays() -> None:
    async with shown(size=(90, 6)) as (app, _):
        app.view.scroll_to_row(app.at("@@ -40,4"))
        first = app.rows()[0]
        app.view.show_findings([finding(8), finding(10)])
        assert app.rows()[0] == first
        assert app.view.cursor_row == 0


async def test_the_cursor_stays_on_a_finding_that_is_still_there_and_else_goes_to_its_line() -> None:
    async with shown(None, finding()) as (app, _):
        app.go("When the cart")
        app.view.show_findings([finding(8), finding(severity=Severity.CRITICAL), finding()])
        assert app.view.current_finding == finding()
        assert app.cursor().startswith("┃ When the cart")
        app.view.show_findings([finding(8)])
        assert app.view.current_finding is None
        assert app.view.cursor_place == Place(0, 1, 2, 42)


async def test_folded_findings_are_a_row_that_opens() -> None:
    async with shown() as (app, pilot):
        app.view.show_findings([finding(43)], [finding(42), finding(42, Severity.NIT, title="No")])
        assert "         ▸ 2 folded findings: enter shows them" in app.rows()
        assert not any("An empty cart" in row for row in app.rows()[: app.at("return 0")])
        app.go("2 folded")
        await pilot.press("enter")
        assert app.cursor() == "▾ 2 folded findings"
        assert [row.strip() for row in app.rows() if " No" in row] == ["┃ · nit: No"]
        assert not any(row.startswith(" ◆    42") for row in app.rows())
        await pilot.press("enter")
        assert app.cursor() == "▸ 2 folded findings: enter shows them"


async def test_a_finding_beside_no_line_stands_under_a_head_or_nowhere() -> None:
    lost = (finding(2000, hunk=1), finding(30, hunk=7), finding(path="unknown.py"))
    async with shown(None, *lost) as (app, _):
        rows = app.rows()
        assert "┃ ◆ major" in rows[1]
        assert "┃ ◆ major" in rows[rows.index("   @@ -40,4 +40,6 @@ class Cart:") + 1]
        assert sum("┃ ◆ major" in row for row in rows) == 2


async def test_next_and_previous_finding_open_what_hides_them() -> None:
    first, second = finding(8, title="First"), finding(43, title="Second")
    other = finding(2, path="docs/new name.md", title="Other")
    async with shown(None, other, second, first) as (app, pilot):
        await pilot.press("f")
        assert app.view.current_finding == first
        app.view.go_to_file(1)
        await pilot.press("enter")
        assert app.cursor().startswith("▸ docs/new name.md")
        await pilot.press("F")
        assert app.view.current_finding == second
        await pilot.press("f")
        assert app.view.current_finding == other
        await pilot.press("f")
        assert app.view.current_finding == other
        await pilot.press("F", "F", "F")
        assert app.view.current_finding == first


async def test_going_to_a_finding_shows_it_with_its_line() -> None:
    many = tuple(finding(line, title=f"At {line}") for line in (5, 8, 11, 41))
    async with shown(None, *many, finding(43), size=(90, 9)) as (app, pilot):
        app.view.go_to_finding(finding(43))
        await pilot.pause()
        rows = app.rows()
        first = next(at for at, row in enumerate(rows) if "An empty cart" in row)
        assert "return 0" in rows[first - 1]
        assert "80% sure" in rows[first + 2]
        assert app.last(DiffView.CursorMoved).file == 0
        app.view.show_findings([], [finding(43)])
        app.view.go_to_finding(finding(43))
        assert app.view.current_finding == finding(43)


# Folding


async def test_a_file_folds_at_its_head() -> None:
    async with shown(None, finding()) as (app, pilot):
        await pilot.press("space")
        assert app.rows()[0] == "▌▸ src/shop/cart.py  modified · +3 −1 · 1 finding"
        assert "docs/new name.md" in app.rows()[1]
        await pilot.press("enter")
        assert app.rows()[0].startswith("▌▾")


async def test_unchanged_lines_fold_but_not_those_with_findings() -> None:
    async with shown(None, finding(10)) as (app, pilot):
        app.go("self.items = items")
        await pilot.press("z")
        rows = [row.strip(" ▌") for row in app.rows()]
        assert rows[3:6] == ["⋯ 3 lines", "8    -         self.items = items", "8 +         self.items = list(items)"]
        assert "10 10       def total(self):" in rows[7]
        assert rows[11] == "⋯ 3 lines"
        assert app.cursor() == "8    -         self.items = items"
        app.view.move_to(3)
        await pilot.press("enter")
        assert app.cursor() == '5  5       """Items and their prices."""'
        assert [row.strip() for row in app.rows()][3:6] != rows[3:6]
        await pilot.press("z")
        assert "   12 12" in app.rows()


async def test_lines_between_hunks_are_asked_for_and_shown_from_the_near_end() -> None:
    async with shown(numbered(100, 1, 60), size=(90, 200)) as (app, pilot):
        app.go("58 lines")
        await pilot.press("enter", "enter")
        assert [type(each) for each in app.told[-2:]] == [DiffView.ContextRequested] * 2
        app.view.show_context(0, text(100))
        assert "38 lines" in "".join(app.rows())
        assert app.cursor() == "2  2   line 2"
        app.view.move_to(app.at("60    - line 60") - 1)
        app.view.move_by(-1)
        assert app.cursor() == "⋯ 38 lines"
        await pilot.press("enter")
        assert app.cursor() == "59 59   line 59"
        app.go("⋯ 18 lines")
        await pilot.press("enter")
        assert app.cursor() == "39 39   line 39"
        assert [row for row in range(app.view.row_count) if "⋯" in app.view.draw_row(row, 80).text] == [
            app.view.row_count - 1
        ]


async def test_the_numbers_between_hunks_are_those_of_both_sides() -> None:
    async with shown(size=(120, 80)) as (app, pilot):
        await pilot.press("Z")
        app.view.show_context(0, text(50))
        assert "   20 20   line 20" in app.rows()
        assert "   44 46   line 46" in app.rows()
        assert not any("⋯" in row for row in app.rows())
        await pilot.press("w")
        assert any(row.startswith("   44   line 46") and row.endswith("│46   line 46") for row in app.rows())
        app.go("line 46")
        assert app.view.cursor_place == Place(0, line=46)
        assert app.view.chosen is None
        app.view.show_context(0, text(2))
        assert not any("line 46" in row for row in app.rows())


async def test_behind_the_last_hunk_there_may_be_more_or_not() -> None:
    async with shown(numbered(3, 1)) as (app, pilot):
        app.go("⋯ more lines")
        await pilot.press("enter")
        app.view.show_context(0, "new 1\n")
        assert not any("⋯" in row for row in app.rows())
        assert app.cursor() == "1 + new 1"


# Choosing


async def test_without_marks_the_hunk_or_the_file_is_chosen() -> None:
    async with shown() as (app, _):
        assert app.view.chosen == Choice(0, None)
        app.go("5  5")
        assert app.view.chosen == Choice(0, frozenset({(0, 3), (0, 4)}))
        app.go("@@ -40,4")
        assert app.view.chosen == Choice(0, frozenset({(1, 2), (1, 3)}))
        app.go("logo.png")
        assert app.view.chosen == Choice(2, None)
        app.go("26 lines")
        assert app.view.chosen is None


async def test_lines_are_marked_one_by_one() -> None:
    async with shown() as (app, pilot):
        app.go("self.items = items")
        await pilot.press("space")
        assert "▌ ✓ 8    -         self.items = items" in app.rows()
        app.go("5  5")
        await pilot.press("space")
        app.go("return 0")
        await pilot.press("space")
        assert app.view.chosen == Choice(0, frozenset({(0, 3), (1, 3)}))
        app.go("One line")
        assert app.view.chosen == Choice(1, frozenset({(0, 1), (0, 2)}))
        app.go("@@ -40,4")
        await pilot.press("space")
        assert app.view.chosen == Choice(0, frozenset({(0, 3), (1, 2), (1, 3)}))
        await pilot.press("space")
        assert app.view.chosen == Choice(0, frozenset({(0, 3)}))
        assert app.last(DiffView.MarksChanged).count == 1
        assert app.view.clear_marks()
        assert not app.view.clear_marks()
        assert "✓" not in "".join(app.rows())


async def test_a_range_is_marked_while_the_cursor_moves_and_stays_in_its_file() -> None:
    async with shown() as (app, pilot):
        app.go("8    -")
        await pilot.press("v", "j")
        assert app.view.chosen == Choice(0, frozenset({(0, 3), (0, 4)}))
        await pilot.press("k")
        assert app.view.chosen == Choice(0, frozenset({(0, 3)}))
        await pilot.press("G")
        await pilot.press("v")
        app.view.go_to_file(0)
        assert app.view.chosen == Choice(0, frozenset({(0, 3), (0, 4), (1, 2), (1, 3)}))
        app.go("One line")
        await pilot.press("k", "j")
        assert app.view.chosen == Choice(1, frozenset({(0, 1), (0, 2)}))


async def test_side_by_side_both_lines_are_marked() -> None:
    async with shown(size=(120, 40), split=True) as (app, pilot):
        app.go("self.items = items")
        await pilot.press("space")
        assert app.view.chosen == Choice(0, frozenset({(0, 3), (0, 4)}))
        await pilot.press("space")
        app.go("return 0")
        await pilot.press("v", "k", "space")
        assert app.view.chosen == Choice(0, frozenset({(1, 2), (1, 3)}))


# Going


async def test_commands_go_by_hunk_and_file() -> None:
    async with shown(size=(90, 10)) as (app, pilot):
        heads = []
        for key in ("n", "n", "n", "n", "n", "p", "right_square_bracket", "left_square_bracket", "left_square_bracket"):
            await pilot.press(key)
            heads.append(app.cursor().split("  ")[0])
        assert heads == [
            "@@ -5,9 +5,9 @@ class Cart:",
            "@@ -40,4 +40,6 @@ class Cart:",
            "@@ -1,2 +1,2 @@",
            "@@ -1 +0,0 @@",
            "@@ -1 +0,0 @@",
            "@@ -1,2 +1,2 @@",
            "logo.png",
            "▾ docs/new name.md ← docs/old name.md",
            "▾ src/shop/cart.py",
        ]
        assert [message.file for message in app.told if isinstance(message, DiffView.CursorMoved)][-3:] == [2, 1, 0]


async def test_a_hunk_that_fits_is_shown_whole() -> None:
    async with shown(size=(90, 12)) as (app, pilot):
        await pilot.press("n", "n")
        assert "   43 45" in app.rows()
        assert app.cursor() == "@@ -40,4 +40,6 @@ class Cart:"


async def test_the_owner_goes_to_a_file_without_being_told() -> None:
    async with shown(size=(90, 10)) as (app, pilot):
        app.view.go_to_file(1)
        await pilot.pause()
        assert app.rows()[0].startswith("▌▾ docs/new name.md")
        assert app.view.cursor_place == Place(1)
        assert app.told == []


async def test_places_have_file_hunk_row_and_line() -> None:
    async with shown(None, finding()) as (app, _):
        places = {}
        for what in ("@@ -5,9", "self.items = items", "list(items)", "26 lines", "When the cart", "gone.py"):
            app.go(what)
            places[what] = app.view.cursor_place
        assert places == {
            "@@ -5,9": Place(0, 0),
            "self.items = items": Place(0, 0, 3),
            "list(items)": Place(0, 0, 4, 8),
            "26 lines": Place(0),
            "When the cart": Place(0, 1, 2, 42),
            "gone.py": Place(4),
        }


# Loading again


async def test_the_same_scope_loaded_again_keeps_its_place() -> None:
    async with shown(None, finding(), size=(90, 12)) as (app, pilot):
        app.view.go_to_file(1)
        await pilot.press("enter")
        app.go("return sum")
        await pilot.press("up", "up", "down")
        assert app.cursor() == "10 10       def total(self):"
        height = app.view.cursor_row - app.view.top
        less = CART.replace(b"-        self.items = items\n", b"").replace(b"-5,9", b"-5,8")
        app.view.load(change_set(less + OTHERS))
        assert app.cursor() == "9 10       def total(self):"
        assert app.view.cursor_row - app.view.top == height
        assert app.at("▸ docs/new name.md")
        assert app.at("An empty cart")


async def test_the_same_changes_again_change_nothing() -> None:
    async with shown() as (app, pilot):
        app.go("return 0")
        await pilot.press("space", "Z")
        app.view.show_context(0, text(50))
        rows = app.rows()
        app.view.load(change_set())
        assert app.rows() == rows
        assert app.view.chosen == Choice(0, frozenset({(1, 3)}))


async def test_a_patch_may_name_a_file_twice() -> None:
    async with shown(change_set(CART + CART), finding(file=1)) as (app, _):
        assert app.view.change_set.files[0].path == app.view.change_set.files[1].path
        app.view.load(change_set(CART + CART + OTHERS))
        app.view.action_next_finding()
        assert app.view.cursor_place == Place(1, 1, 2, 42)
        assert sum("An empty cart" in app.view.draw_row(row, 80).text for row in range(app.view.row_count)) == 1


async def test_from_a_staged_hunk_it_goes_to_the_next_hunk() -> None:
    async with shown() as (app, _):
        app.go("@@ -5,9")
        second = CART[: CART.index(b"@@ -5,9")] + CART[CART.index(b"@@ -40,4") :]
        app.view.load(change_set(second + OTHERS))
        assert app.cursor() == "@@ -40,4 +40,6 @@ class Cart:"
        app.view.load(change_set(OTHERS))
        assert app.cursor() == "@@ -1,2 +1,2 @@"
        app.view.load(change_set(b""))
        app.view.load(change_set())
        assert app.view.cursor_row == 0


async def test_from_a_staged_file_it_goes_to_the_next_file() -> None:
    async with shown() as (app, _):
        app.view.load(change_set(OTHERS))
        assert app.view.cursor_place == Place(0)
        app.go("gone.py")
        app.view.load(change_set(OTHERS[: OTHERS.index(b"diff --git a/gone.py")]))
        assert app.view.cursor_place == Place(2)


async def test_another_scope_begins_at_the_top_with_no_findings() -> None:
    async with shown(None, finding()) as (app, pilot):
        app.go("return 0")
        await pilot.press("space")
        app.view.load(change_set(CART, Scope(ScopeKind.COMMIT, "abc")))
        assert app.view.cursor_row == 0
        assert app.view.chosen == Choice(0, None)
        assert not any("An empty cart" in row for row in app.rows())


# Asking


async def test_enter_opens_an_editor_on_a_line() -> None:
    async with shown() as (app, pilot):
        lines = {}
        for what in ("self.items = items", "list(items)", "return 0", "@@ -40,4", "5  5"):
            app.go(what)
            await pilot.press("enter")
            lines[what] = app.last(DiffView.EditRequested).line
        assert lines == {"self.items = items": 8, "list(items)": 8, "return 0": 43, "@@ -40,4": 42, "5  5": 5}
        assert app.last(DiffView.EditRequested).path == "src/shop/cart.py"
        app.told.clear()
        app.go("x = 1")
        await pilot.press("e")
        assert not any(isinstance(each, DiffView.EditRequested) for each in app.told)


async def test_enter_on_a_finding_tells_which() -> None:
    async with shown(None, finding()) as (app, pilot):
        await pilot.press("f", "enter")
        assert app.last(DiffView.FindingChosen).finding == finding()
        await pilot.press("e")
        assert app.last(DiffView.EditRequested).line == 42


async def test_what_is_under_the_cursor_is_copied() -> None:
    async with shown(None, finding()) as (app, pilot):
        copied = {}
        for what in ("src/shop", "@@ -40,4", "list(items)", "When the cart"):
            app.go(what)
            await pilot.press("c")
            message = app.last(DiffView.CopyRequested)
            copied[message.what] = message.text
        assert copied["path"] == "src/shop/cart.py"
        assert copied["line"] == "        self.items = list(items)"
        assert copied["hunk"].startswith('     def average(self):\n         """The price')
        assert copied["finding"] == (
            "src/shop/cart.py:42: major: An empty cart has no average\n"
            "When the cart is empty, its average is 0 and looks like a price.\nbug · 80% sure"
        )


async def test_bytes_that_are_no_text_can_be_copied() -> None:
    async with shown(change_set(OTHERS.replace(b"Two lines", b"Two \xff"))) as (app, pilot):
        app.go("Two")
        await pilot.press("c")
        assert app.last(DiffView.CopyRequested).text.encode() == "Two ?".replace("?", "\ufffd").encode()


async def test_a_click_selects_and_a_second_one_is_enter() -> None:
    async with shown() as (app, pilot):
        await pilot.click(DiffView, offset=(20, 8))
        assert app.view.cursor_place == Place(0, 0, 5, 9)
        assert not any(isinstance(each, DiffView.EditRequested) for each in app.told)
        await pilot.click(DiffView, offset=(20, 8))
        assert app.last(DiffView.EditRequested).line == 9


def test_every_declared_command_can_be_run() -> None:
    for command in commands_of("diff"):
        assert callable(getattr(DiffView, f"action_{command.name}"))
    assert not {*"sxurdaCoti+-"} & {key for command in commands_of("diff") for key in command.keys}


# Many rows


def large(files: int, hunks: int) -> ChangeSet:
    """Hunks of 16 rows in which the second of three removed lines has a new form."""
    same = [(" ", f"    value_{n} = compute(items, {n})  # number {n}\n") for n in range(6)]
    removed = [("-", text) for text in ("one = 1\n", "count = len(cart.items, True)\n", "three = 3\n")]
    rows = (*same, *removed, ("+", "count = len(cart.items, False)\n"), *same)
    places = [Hunk(30 * n + 1, 15, 28 * n + 1, 13, rows, f"def f{n}") for n in range(hunks)]
    return ChangeSet(
        Scope(), tuple(FileDiff(f"src/p{n % 9}/m{n}.py", Status.MODIFIED, hunks=tuple(places)) for n in range(files))
    )


async def test_a_large_change_set_is_loaded_and_scrolled_fast() -> None:
    what = large(200, 31)
    async with shown(size=(120, 40)) as (app, _):
        found = [finding(28 * n + 1, path=f"src/p{n % 9}/m{n}.py") for n in range(25)]
        steps = [
            lambda: app.view.load(what),
            app.view.action_page_down,
            app.view.action_last_line,
            lambda: app.view.show_findings(found * 20),
            app.view.action_previous_finding,
            app.view.action_fold_context,
            lambda: app.view.go_to_file(100),
            app.view.action_choose,
        ]
        for step in steps:
            began = time.perf_counter()
            step()
            app.rows()
            assert time.perf_counter() - began < 2


async def test_in_a_large_change_set_alike_lines_are_side_by_side_once_they_are_seen() -> None:
    async with shown(large(40, 10), size=(120, 40), split=True) as (app, pilot):
        wanted = "count = len(cart.items, True)"
        await until(pilot, lambda: any(wanted in row and "False" in row for row in app.rows()))
        assert app.view.cursor_row == 0


# Looks


@pytest.fixture
def findings() -> tuple[Any, ...]:
    return (
        finding(8, Severity.MINOR, title="A copy for every cart", scenario="When carts are many, memory doubles."),
        finding(severity=Severity.CRITICAL, suggestion=Patch(())),
        finding(43, Severity.NIT, title="A magic number", scenario="", origin=Origin.RULE),
    )


async def marked(pilot: Pilot[Any]) -> None:
    await pilot.press("n", "j", "j", "j", "j", "space", "j", "j")


async def at_the_finding(pilot: Pilot[Any]) -> None:
    await pilot.press("z", "f", "f")


def test_in_one_column(snap_compare: Any) -> None:
    assert snap_compare(DiffHost(), terminal_size=(90, 34), run_before=marked)


def test_side_by_side(snap_compare: Any, findings: Any) -> None:
    assert snap_compare(DiffHost(None, findings, split=True), terminal_size=(120, 36), run_before=marked)


def test_with_findings(snap_compare: Any, findings: Any) -> None:
    app = DiffHost(None, findings)
    app.theme = "textual-light"
    assert snap_compare(app, terminal_size=(90, 30), run_before=at_the_finding)


def test_the_smallest_size(snap_compare: Any, findings: Any) -> None:
    assert snap_compare(DiffHost(None, findings), terminal_size=(60, 20), run_before=at_the_finding)

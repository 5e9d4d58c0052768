"""What the model is shown of a hunk: its lines with numbers, both directions, the function around it, no secrets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from termcoder.diffs.parsing import parse_patch
from termcoder.edits.patch import FileChange, Patch, unified
from termcoder.review.excerpts import LONGEST_LINE, PIECE_ROWS, Excerpt, excerpts_of
from tests.review.samples import file_of

BEFORE = """import os


def first(rows):
    if not rows:
        return None
    return rows[0]


def last(rows):
    return rows[-1]
"""
AFTER = BEFORE.replace("    if not rows:\n        return None\n", "").replace("rows[-1]", "rows[1]")


def excerpts(before: str | None, after: str, path: str = "app.py") -> list[Excerpt]:
    return list(excerpts_of(file_of(path, before, after), 0, after))


def test_lines_stand_with_their_new_numbers_and_removed_ones_without() -> None:
    (shown,) = excerpts("a\nb\nc\n", "a\nx\nc\n")
    assert shown.numbered == "   1  | a\n     -| b\n   2 +| x\n   3  | c"
    assert shown.lines == {2: "x"}


def test_each_side_stands_alone_too() -> None:
    (shown,) = excerpts("a\nb\nc\n", "a\nx\ny\nc\n")
    assert (shown.diff, shown.old_code, shown.code) == (" a\n-b\n+x\n+y\n c", "a\nb\nc", "a\nx\ny\nc")


def test_the_function_around_a_hunk_is_shown_with_it() -> None:
    long = "def work(rows):\n" + "".join(f"    step_{n}(rows)\n" for n in range(12)) + "    return rows\n"
    (shown,) = excerpts(long, long.replace("step_9", "step_x"))
    assert shown.name == "work"
    assert shown.numbered.startswith("   1  | def work(rows):\n")


def test_a_finding_about_removed_lines_can_stand_at_the_line_behind_them() -> None:
    shown = excerpts(BEFORE, AFTER)
    assert {number: text for each in shown for number, text in each.lines.items()} == {
        5: "    return rows[0]",
        9: "    return rows[1]",
    }


def test_lines_removed_at_the_end_of_a_file_are_told_of_at_the_line_before_them() -> None:
    (shown,) = excerpts("a\nb\n", "a\n")
    assert shown.lines == {1: "a"}


def test_a_long_hunk_comes_in_pieces_that_hold_all_of_it() -> None:
    text = "".join(f"value_{n} = {n}\n" + ("\n" if n % 10 == 9 else "") for n in range(200))
    pieces = excerpts(None, text)
    numbers = [number for piece in pieces for number in piece.lines]
    assert numbers == list(range(1, text.count("\n") + 1))
    assert all(len(piece.lines) <= PIECE_ROWS * 3 // 2 for piece in pieces)


def test_secrets_are_not_shown() -> None:
    (shown,) = excerpts("a = 1\n", 'a = 1\npassword = "hunter2-hunter2"\n')
    everything = shown.numbered + shown.diff + shown.old_code + shown.code + "".join(shown.lines.values())
    assert "hunter2" not in everything
    assert "[secret 1]" in shown.code


def test_long_lines_are_cut() -> None:
    (shown,) = excerpts("a\n", "b" * 10_000 + "\n")
    assert len(shown.code) < LONGEST_LINE + 10


lines = st.lists(st.sampled_from(["a", "b", "def f():", "    return 1", "", "\tx", "é\r", "\x0c"]), max_size=30)


@pytest.mark.parametrize(
    ("before", "after", "only"),
    [
        ("import a\n", "import a\nimport b\n\nfrom c import d\n", True),
        ("import a\nimport b\n", "import b\n", True),
        ("const a = require('a');\n", "import a from 'a';\n", True),
        ("#include <a.h>\n", "#include <b.h>\n", True),
        ("use a::b;\n", "use a::{b, c};\n", True),
        ("import a\nx = 1\n", "import b\nx = 2\n", False),
        ("x = 1\n", "x = 1\n\n\n", False),
        ("a = 1\n", "important = 1\n", False),
    ],
)
def test_hunks_of_nothing_but_imports_are_told_apart(before: str, after: str, only: bool) -> None:
    assert [each.only_imports for each in excerpts(before, after)] == [only]


@given(lines, lines)
def test_whatever_changes_each_new_line_can_be_named(old: list[str], new: list[str]) -> None:
    before, after = "".join(f"{line}\n" for line in old), "".join(f"{line}\n" for line in new)
    diff = unified(Patch((FileChange("app.py", before, after),)))
    for file in parse_patch(diff.encode()):
        shown = list(excerpts_of(file, 0, after))
        added = [row.new for hunk in file.hunks for row in hunk.numbered() if row.sign == "+"]
        assert set(added) <= {number for each in shown for number in each.lines}
        for each in shown:
            rows = each.diff.split("\n")
            assert "\n".join(row[1:] for row in rows if row[:1] in "+ ") == each.code

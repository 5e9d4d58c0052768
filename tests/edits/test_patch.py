import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from textwrap import dedent, indent

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from termcoder.edits.patch import FileChange, Patch, fit_indentation, hunks, replace_lines, unified, with_hunks
from termcoder.errors import EditError

LINES = st.sampled_from(["a", "b", "\tc", "    d", "", "e\x0cf", "g\u2028h", "-- i", "++ j", "é", "\rk"])
ENDS = st.sampled_from(["\n", "\n", "\r\n"])
TEXTS = st.tuples(st.lists(st.tuples(LINES, ENDS).map("".join), max_size=25), st.sampled_from(["", "last", "z"])).map(
    lambda parts: "".join(parts[0]) + parts[1]
)
NAMES = st.sampled_from(
    ["a.py", "my file.py", "sub dir/ü.txt", 'q"uote.py', "back\\slash", "tab\there", "x/y/z", "日本"]
)


def git_apply(before: str | None, diff: str, path: str) -> bytes | None:
    folder = Path(tempfile.mkdtemp())
    try:
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        if before is not None:
            file.write_bytes(before.encode())
        environment = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CEILING_DIRECTORIES": str(folder.parent)}
        done = subprocess.run(
            ["git", "apply"], cwd=folder, input=diff.encode(), capture_output=True, env=environment, check=False
        )
        assert done.returncode == 0, done.stderr
        return file.read_bytes() if file.exists() else None
    finally:
        shutil.rmtree(folder)


@given(TEXTS | st.none(), TEXTS | st.none(), st.integers(0, 4))
def test_all_hunks_give_the_text_after_and_none_the_text_before(
    before: str | None, after: str | None, context: int
) -> None:
    change = FileChange("a", before, after)
    count = len(hunks(change, context))
    assert with_hunks(change, range(count), context) == change
    assert with_hunks(change, (), context).after == before
    assert (count == 0) == (before == after)


@given(TEXTS, TEXTS, st.integers(0, 3), st.data())
def test_chosen_hunks_can_be_made_in_two_steps(before: str, after: str, context: int, data: st.DataObject) -> None:
    change = FileChange("a", before, after)
    count = len(hunks(change, context))
    chosen = data.draw(st.sets(st.integers(0, max(0, count - 1))))
    half = with_hunks(change, chosen, context)
    rest = FileChange("a", half.after, after)
    assert with_hunks(rest, range(len(hunks(rest)))).after == after
    lines_of = [line for hunk in hunks(change, context) for line in hunk.rows if line[0] == "+"]
    assert half.after is not None
    assert set(half.after.split("\n")) <= set(before.split("\n")) | {line.rstrip("\n") for _, line in lines_of} | {""}


@given(TEXTS, TEXTS, st.integers(0, 3))
def test_rows_are_the_lines_at_the_places_that_a_hunk_names(before: str, after: str, context: int) -> None:
    old, new = before.split("\n"), after.split("\n")
    for hunk in hunks(FileChange("a", before, after), context):
        for sign, first, count, lines in (
            ("-", hunk.first_old, hunk.old_lines, old),
            ("+", hunk.first_new, hunk.new_lines, new),
        ):
            rows = [text.removesuffix("\n") for mark, text in hunk.rows if mark in (" ", sign)]
            assert rows == lines[first - 1 : first - 1 + count] if count else not rows


@settings(max_examples=60)
@given(TEXTS | st.none(), TEXTS | st.none(), NAMES)
def test_git_makes_the_same_of_the_diff(before: str | None, after: str | None, path: str) -> None:
    if before == after:
        assert unified(Patch((FileChange(path, before, after),))) == ""
        return
    diff = unified(Patch((FileChange(path, before, after),)))
    assert git_apply(before, diff, path) == (None if after is None else after.encode())


@settings(max_examples=40)
@given(TEXTS, TEXTS, st.data())
def test_git_makes_the_same_of_some_hunks(before: str, after: str, data: st.DataObject) -> None:
    change = FileChange("a", before, after)
    numbers = range(len(hunks(change)))
    part = with_hunks(change, data.draw(st.sets(st.sampled_from(numbers))) if numbers else ())
    if part.before != part.after:
        assert git_apply(before, unified(Patch((part,))), "a") == (part.after or "").encode()


def test_a_diff_reads_like_git_s() -> None:
    patch = Patch(
        (
            FileChange("my file.py", "1\n2\n3\n4\n5\n", "1\n2\n3\nvier\n5"),
            FileChange("gone", "x\n", None),
            FileChange("é", None, "new\n"),
            FileChange("same", "x", "x"),
        )
    )
    assert unified(patch) == dedent(
        """\
        diff --git a/my file.py b/my file.py
        --- a/my file.py\t
        +++ b/my file.py\t
        @@ -1,5 +1,5 @@
         1
         2
         3
        -4
        -5
        +vier
        +5
        \\ No newline at end of file
        diff --git a/gone b/gone
        deleted file mode 100644
        --- a/gone
        +++ /dev/null
        @@ -1 +0,0 @@
        -x
        diff --git "a/\\303\\251" "b/\\303\\251"
        new file mode 100644
        --- /dev/null
        +++ "b/\\303\\251"
        @@ -0,0 +1 @@
        +new
        """
    )


def test_changes_far_apart_are_hunks_of_their_own() -> None:
    before = "".join(f"{number}\n" for number in range(40))
    change = FileChange("a", before, before.replace("\n5\n", "\nfive\n").replace("\n30\n", "\n"))
    first, second = hunks(change)
    assert (first.first_old, first.old_lines, first.first_new, first.new_lines) == (3, 7, 3, 7)
    assert (second.first_old, second.old_lines, second.first_new, second.new_lines) == (28, 7, 28, 6)
    assert with_hunks(change, {1}).after == before.replace("\n30\n", "\n")


def test_thousands_of_equal_lines_take_no_time() -> None:
    before = "\n" * 30_000
    change = FileChange("a", before + "x\n" + before, before + "y\n" + before)
    assert len(hunks(change)) == 1


@pytest.mark.parametrize(
    ("text", "first", "last", "new", "expected"),
    [
        ("a\nb\nc\n", 2, 2, ["B"], "a\nB\nc\n"),
        ("a\r\nb\r\nc", 2, 3, ["B\n", "C\n"], "a\r\nB\r\nC"),
        ("a\nb", 3, 2, ["c"], "a\nb\nc"),
        ("a\nb", 2, 2, [], "a"),
        ("a\r\nb\r\n", 1, 2, [], ""),
        ("", 1, 0, ["a", "b"], "a\nb\n"),
        ("a\r\nb\r\nc\n", 1, 0, ["x"], "x\r\na\r\nb\r\nc\n"),
        ("if x:\n\ta\n\tb\n", 3, 3, ["if y:", "    b"], "if x:\n\ta\n\tif y:\n\t\tb\n"),
    ],
)
def test_lines_are_replaced_in_the_text_s_own_manner(
    text: str, first: int, last: int, new: list[str], expected: str
) -> None:
    assert replace_lines(text, first, last, new) == expected


@pytest.mark.parametrize(("first", "last"), [(0, 1), (1, 4), (3, 1), (5, 4)])
def test_lines_that_are_not_there_can_t_be_replaced(first: int, last: int) -> None:
    with pytest.raises(EditError, match="the text has 3"):
        replace_lines("a\nb\nc\n", first, last, ["x"])


@given(TEXTS, st.data())
def test_replacing_lines_keeps_the_others_and_the_text_s_end(text: str, data: st.DataObject) -> None:
    lines = text.split("\n")[:-1] + ([text.rsplit("\n", maxsplit=1)[-1]] if not text.endswith("\n") and text else [])
    first = data.draw(st.integers(1, len(lines) + 1))
    last = data.draw(st.integers(first - 1, len(lines)))
    result = replace_lines(text, first, last, ["new 1", "new 2"])
    assert result.endswith("\n") == (text.endswith("\n") or not text)
    kept = "".join(f"{line}\n" for line in lines[: first - 1])
    assert result.startswith(kept[: len(text)])
    assert "new 1" in result


Shape = list[tuple[int, str]]
SHAPES = st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["x = 1", "pass", "# y"])), min_size=1, max_size=8)


def block(shape: Shape, unit: str) -> list[str]:
    lines, depth = ["if x:"], 0
    for wanted, text in shape:
        depth = min(wanted, depth + 1)
        lines.append(unit * depth + text)
    return lines


@given(SHAPES, st.sampled_from(["\t", "  ", "    "]), st.integers(0, 3))
def test_lines_shown_at_the_margin_go_back_to_their_place(shape: Shape, unit: str, depth: int) -> None:
    original = indent("\n".join(block(shape, unit)), unit * depth).split("\n")
    assert fit_indentation(original, dedent("\n".join(original)).split("\n")) == original
    assert fit_indentation(original, original) == original


@given(SHAPES, st.sampled_from(["  ", "    "]), st.integers(1, 3))
def test_tabs_and_spaces_follow_the_original(shape: Shape, unit: str, depth: int) -> None:
    shape = [(1, "x = 1"), *shape]
    tabs = indent("\n".join(block(shape, "\t")), "\t" * depth).split("\n")
    spaces = indent("\n".join(block(shape, unit)), unit * depth).split("\n")
    assert fit_indentation(tabs, spaces) == tabs
    assert fit_indentation(spaces, tabs) == spaces
    assert fit_indentation(tabs, dedent("\n".join(spaces)).split("\n")) == tabs


@pytest.mark.parametrize(
    ("original", "new", "expected"),
    [
        (["\t\tx = 1"], ["        x = 2"], ["\t\tx = 2"]),
        (["    x = 1"], ["    x = 1", "", "def f():", "    pass"], ["    x = 1", "", "def f():", "    pass"]),
        (["        a", "    b"], ["    a2", "", "b"], ["        a2", "", "    b"]),
        (["\tint a;"], ["int a; /* 1", "        * 2 */"], ["\tint a; /* 1", "\t\t* 2 */"]),
        (["x = 1"], ["    x = 1"], ["    x = 1"]),
        (["", "  "], ["x"], ["x"]),
        (["    x"], [], []),
    ],
)
def test_indentation_cases(original: list[str], new: list[str], expected: list[str]) -> None:
    assert fit_indentation(original, new) == expected

"""Patches of every make, and damaged ones."""

import random
import time
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from termcoder.diffs.model import FileDiff, Hunk, Kind, Status
from termcoder.diffs.parsing import parse_patch

GIT = b"""\
From 5a1643 Mon Sep 17 00:00:00 2001
From: A <a@example.org>
Subject: [PATCH] --- a/x and +++ b/x

--- a line of the message
 f.py | 4 ++--
 1 file changed

diff --git a/f.py b/f.py
index 1234567..89abcde 100644
--- a/f.py
+++ b/f.py
@@ -1,4 +1,4 @@
 one
--- a/x
-two
+++ b/x
+@@ -1 +1 @@
 three
@@ -10,2 +10,3 @@ def f():
 ten
+diff --git a/y b/y
 eleven
diff --git a/g.py b/h.py
similarity index 97%
rename from g.py
rename to h.py
index 1234567..89abcde 100755
--- a/g.py
+++ b/h.py
@@ -2 +2 @@
-old
\\ No newline at end of file
+new
--\x20
2.39.5
"""


def read(text: str) -> tuple[FileDiff, ...]:
    return parse_patch(dedent(text).encode())


def only(text: str) -> FileDiff:
    (file,) = read(text)
    return file


def test_a_mailed_patch() -> None:
    first, second = parse_patch(GIT)
    assert (first.path, first.status, first.old_id, first.new_id) == ("f.py", Status.MODIFIED, "1234567", "89abcde")
    assert [(hunk.first_old, hunk.old_lines, hunk.first_new, hunk.new_lines) for hunk in first.hunks] == [
        (1, 4, 1, 4),
        (10, 2, 10, 3),
    ]
    assert first.hunks[0].rows[1] == ("-", "-- a/x\n")
    assert first.hunks[1].heading == "def f():"
    assert (first.added, first.deleted, first.skipped) == (3, 2, None)
    assert second == FileDiff(
        "h.py",
        Status.RENAMED,
        old_path="g.py",
        mode_old="100755",
        mode_new="100755",
        old_id="1234567",
        new_id="89abcde",
        similarity=97,
        hunks=(Hunk(2, 1, 2, 1, (("-", "old"), ("+", "new\n"))),),
    )


@pytest.mark.parametrize(
    "data", [b"", b"\n", b"hello\n", b"--- a\n+++ b\n", b"@@ -1 +1 @@\n-a\n+b\n", b"diff --stat\n"]
)
def test_what_is_no_diff_gives_nothing(data: bytes) -> None:
    assert parse_patch(data) == ()


def test_windows_may_have_written_the_patch() -> None:
    wanted = parse_patch(GIT)
    assert parse_patch(GIT.replace(b"\n", b"\r\n")) == wanted
    assert parse_patch(GIT.replace(b"\n", b"\r\n").removesuffix(b"\r\n")) == wanted
    assert parse_patch(b"\xef\xbb\xbf" + GIT[GIT.index(b"diff") :]) == wanted
    assert parse_patch(GIT.decode().replace("\n", "\r\n").encode("utf-16")) == wanted


def test_line_ends_of_the_files_stay() -> None:
    patch = "diff --git a/f b/f\n--- a/f\n+++ b/f\n@@ -1,2 +1,3 @@ x\x0cy\r\n a\r\n-b\x0cc\x1c\u2028\r\r\n+b\n+\r\n"
    (hunk,) = only(patch).hunks
    assert hunk.rows == ((" ", "a\r\n"), ("-", "b\x0cc\x1c\u2028\r\r\n"), ("+", "b\n"), ("+", "\r\n"))
    assert hunk.heading == "x\x0cy\r"


def test_colours_are_taken_away() -> None:
    lines = GIT.replace(b"\n", b"\x1b[m\n").split(b"\n")
    assert parse_patch(b"\n".join(b"\x1b[1;32m" + line for line in lines)) == parse_patch(GIT)


def test_colours_in_a_file_stay() -> None:
    patch = "diff --git a/f b/f\n--- a/f\n+++ b/f\n@@ -1 +1 @@\n-\x1b[1mdiff --git a/x b/x\x1b[m\n+\x1b[32m@@\n"
    assert only(patch).hunks[0].rows[1] == ("+", "\x1b[32m@@\n")


def test_empty_lines_may_have_lost_their_space() -> None:
    patch = "diff --git a/f b/f\n--- a/f\n+++ b/f\n@@ -1,5 +1,4 @@\n\n-a\n\n\r\n b\n\n\ncommit\n"
    (hunk,) = only(patch).hunks
    assert [sign for sign, _ in hunk.rows] == [" ", "-", " ", " ", " "]
    assert hunk.rows[3] == (" ", "\r\n")


def test_a_patch_without_git() -> None:
    files = read(
        """\
        diff -ru old/src/f.c new/src/f.c
        --- old/src/f.c\t2024-05-01 10:00:00.000000000 +0200
        +++ new/src/f.c\t2024-05-01 10:00:01.000000000 +0200
        @@ -1 +1,2 @@
         a
        +b
        Only in new: other
        --- old/gone\t2024-05-01 10:00:00.000000000 +0200
        +++ new/gone\t1970-01-01 01:00:00.000000000 +0100
        @@ -1 +0,0 @@
        -a
        --- "old/\\303\\274 x"\t1969-12-31 19:00:00.000000000 -0500
        +++ "new/\\303\\274 x"\t2024-05-01 10:00:00.000000000 +0200
        @@ -0,0 +1 @@
        +a
        --- /dev/null
        +++ b/made
        @@ -0,0 +1 @@
        +a
        --- f.orig\t2024-05-01
        +++ f\t2024-05-01
        @@ -0,0 +1 @@
        +filled
        Binary files old/logo.png and new/logo.png differ
        Binary files /dev/null and b/this and that differ
        """
    )
    assert [(file.path, str(file.status), file.mode_old, file.mode_new, file.skipped) for file in files] == [
        ("src/f.c", "M", None, None, None),
        ("gone", "D", None, "000000", "deleted file"),
        ("ü x", "A", "000000", None, None),
        ("made", "A", "000000", None, None),
        ("f", "M", None, None, None),
        ("logo.png", "M", None, None, "binary file"),
        ("this and that", "A", "000000", None, "binary file"),
    ]


def test_patches_of_svn_and_hg() -> None:
    files = read(
        """\
        Index: trunk/a b.py
        ===================================================================
        --- trunk/a b.py\t(revision 12)
        +++ trunk/a b.py\t(working copy)
        @@ -1 +1 @@
        -a
        +b
        Index: new.py
        ===================================================================
        --- new.py\t(nonexistent)
        +++ new.py\t(working copy)
        @@ -0,0 +1 @@
        +b

        Property changes on: new.py
        ___________________________________________________________________
        Added: svn:eol-style
        ## -0,0 +1 ##
        +native
        \\ No newline at end of property
        Index: logo.png
        ===================================================================
        Cannot display: file marked as a binary type.
        svn:mime-type = application/octet-stream
        diff -r 0123456789ab -r 456789abcdef src/c.py
        --- a/src/c.py\tWed May 01 10:00:00 2024 +0200
        +++ b/src/c.py\tWed May 01 10:00:01 2024 +0200
        @@ -1 +1 @@ def f():
        -a
        +b
        diff --git a/my old.py b/my new.py
        rename from my old.py
        rename to my new.py
        """
    )
    assert [(file.path, str(file.status), str(file.kind), len(file.hunks)) for file in files] == [
        ("trunk/a b.py", "M", "text", 1),
        ("new.py", "A", "text", 1),
        ("logo.png", "M", "binary", 0),
        ("src/c.py", "M", "text", 1),
        ("my new.py", "R", "text", 0),
    ]


def test_submodules_may_be_told_in_words() -> None:
    files = read(
        """\
        Submodule libs/one 1234567..89abcde:
          > a message
        Submodule libs/two 0000000...89abcde (new submodule)
        Submodule libs/three 1234567...0000000 (submodule deleted)
        Submodule libs/four 1234567...89abcde (rewind):
        Submodule libs/five contains untracked content
        """
    )
    assert [(file.path, str(file.status), file.skipped) for file in files] == [
        ("libs/one", "M", "submodule"),
        ("libs/two", "A", "submodule"),
        ("libs/three", "D", "submodule"),
        ("libs/four", "M", "submodule"),
    ]


def test_a_file_that_becomes_a_link_is_one() -> None:
    sections = """\
        diff --git a/f b/f
        deleted file mode 100644
        index 1234567..0000000
        --- a/f
        +++ /dev/null
        @@ -1 +0,0 @@
        -a
        {between}diff --git a/f b/f
        new file mode {mode}
        index 0000000..89abcde
        --- /dev/null
        +++ b/f
        @@ -0,0 +1 @@
        +b
        """
    file = only(sections.format(between="", mode="120000"))
    assert (file.status, file.kind, file.skipped) == (Status.TYPE_CHANGED, Kind.SYMLINK, "symbolic link")
    assert (file.mode_old, file.mode_new, file.old_id, file.new_id) == ("100644", "120000", "1234567", "89abcde")
    assert (file.added, file.deleted) == (1, 1)
    assert [str(file.status) for file in read(sections.format(between="", mode="100755"))] == ["D", "A"]
    assert [str(file.status) for file in read(sections.format(between="commit\n        ", mode="120000"))] == ["D", "A"]


def test_many_parents() -> None:
    file = only(
        """\
        diff --combined "my\\tfile"
        index 1234567,2345678,3456789..456789a
        mode 100644,100644,100755..100755
        --- "a/my\\tfile"
        +++ "b/my\\tfile"
        @@@@ -1,3 -1,1 -1,3 +1,3 @@@@ def f():
            a
        - - b
        +++c
         + d
        """
    )
    assert (file.path, file.combined, file.skipped) == ("my\tfile", True, None)
    assert (file.mode_old, file.mode_new, file.old_id, file.new_id) == ("100644", "100755", "1234567", "456789a")
    assert [tuple(row) for row in file.hunks[0].numbered()] == [
        ("   ", " a\n", 1, 1),
        ("- -", " b\n", 2, None),
        ("+++", "c\n", None, 2),
        (" + ", "d\n", 3, 3),
    ]


HUNKS = "diff --git a/f b/f\n--- a/f\n+++ b/f\n@@ -1,3 +1,3 @@\n a\n-b\n+c\n d\n"


@pytest.mark.parametrize(
    ("patch", "rows"),
    [
        (HUNKS.removesuffix(" d\n"), [3]),
        (HUNKS.replace(" d\n", "d\n"), [3]),
        (HUNKS.replace("1,3 +1,3", "1,9 +1,3"), [4]),
        (HUNKS.replace("1,3 +1,3", "1,2 +1,2") + "-d\n", [3]),
        (HUNKS.replace("1,3 +1,3", "1,1 +1,1"), [1]),
        (HUNKS.replace("1,3 +1,3", "x"), []),
        (HUNKS.replace("1,3 +1,3", "1,3 +1,1"), [2]),
        (HUNKS.replace("1,3 +1,3", "1,99999999999999999999 +1,3"), []),
        (HUNKS + "@@ -20,2 +20", [4]),
        (HUNKS + "@@ -20,2 +20,2 @@\n x\nlost\n@@ -30 +30 @@\n-y\n+z\n", [4, 1, 2]),
        ("diff --git a/f b/f\n--- a/f\n+++ b/f\n", []),
        ("diff --cc f\n--- a/f\n+++ b/f\n@@@ -1,2 -1,2 +1,2 @@@\n  a\n", [1]),
        ("diff --cc f\n--- a/f\n+++ b/f\n@@@ -1,2 -1,2 -1,2 +1,2 @@@\n  a\n", []),
        ("diff --cc f\n--- a/f\n+++ b/f\n@@@ -1,1 -1,1 +1,2 @@@\n  a\n+-b\n", [1]),
    ],
)
def test_of_a_damaged_patch_is_kept_what_can_be_read(patch: str, rows: list[int]) -> None:
    whole = "diff --git a/g b/g\n--- a/g\n+++ b/g\n@@ -1 +1 @@\n-a\n+b\n"
    damaged = only(patch)
    assert damaged.skipped == "damaged patch"
    assert [len(hunk.rows) for hunk in damaged.hunks] == rows
    for hunk in damaged.hunks:
        assert hunk.new_lines == sum("-" not in sign for sign, _ in hunk.rows)
        assert hunk.old_lines == sum(sign[0] == " " or sign == "-" for sign, _ in hunk.rows)
    assert read(patch.removesuffix("\n") + "\n" + whole)[-1] == only(whole)


@pytest.mark.parametrize(
    "text",
    ["- a message\n", " f.py | 2 +-\n", "-- \n2.39.5\n", "\n+1\n", "", "--- a line\n", "commit 1234567\n\n    +\n"],
)
def test_a_message_may_follow_a_hunk(text: str) -> None:
    first, second = read(HUNKS + text + HUNKS)
    assert first == second == only(HUNKS)


def test_a_side_that_loses_all_its_lines_has_the_line_before() -> None:
    hunk = only("diff --git a/f b/f\n--- a/f\n+++ b/f\n@@ -5,2 +5,2 @@\n-a\n-b\n").hunks[0]
    assert (hunk.first_old, hunk.old_lines, hunk.first_new, hunk.new_lines) == (5, 2, 4, 0)


@given(st.integers(0, len(GIT)), st.integers(0, len(GIT)), st.binary(max_size=4))
def test_nothing_is_an_error(start: int, end: int, instead: bytes) -> None:
    for file in parse_patch(GIT[:start] + instead + GIT[end:]):
        assert isinstance(file.path, str)
        for hunk in file.hunks:
            assert hunk.new_lines == sum("-" not in sign for sign, _ in hunk.rows)


LINES = st.sampled_from(
    [
        *GIT.splitlines(keepends=True),
        b"diff --git a/x b/x\n",
        b"diff --cc x\n",
        b"@@@ -1,2 -1,2 +1,2 @@@\n",
        b"@@@@ -1 -1 -1 +1 @@@@\n",
        b"--- a\n",
        b"+++ b\n",
        b"@@ -0,0 +0,0 @@\n",
        b"\\ No newline at end of file\n",
        b"\n",
        b"+\n",
        b"deleted file mode 100644\n",
        b"new file mode 120000\n",
        b"GIT binary patch\n",
        b"literal 3\n",
        b"rename from\n",
        b"copy from x\n",
        b"index 1234567..1234567 \n",
        b'diff --git "a/\\777 b/x"\n',
        b"* Unmerged path \n",
        b"Index: \n",
    ]
)


@given(st.lists(LINES, max_size=30))
def test_no_order_of_lines_is_an_error(lines: list[bytes]) -> None:
    for file in parse_patch(b"".join(lines)):
        assert file.added + file.deleted <= len(lines)
        for hunk in file.hunks:
            assert hunk.new_lines == sum("-" not in sign for sign, _ in hunk.rows)


def large_patch(files: int, hunks: int, rows: int) -> bytes:
    """A patch of so many files, each of so many hunks of so many rows."""
    pick = random.Random(5)
    lines = []
    for file in range(files):
        lines += [
            f"diff --git a/f{file} b/f{file}",
            "index 1234567..89abcde 100644",
            f"--- a/f{file}",
            f"+++ b/f{file}",
        ]
        for hunk in range(hunks):
            signs = pick.choices(" +-", k=rows)
            old, new = rows - signs.count("+"), rows - signs.count("-")
            lines.append(f"@@ -{hunk * 100},{old} +{hunk * 100},{new} @@ def f():")
            lines += [f"{sign}    value = compute({at}, other)" for at, sign in enumerate(signs)]
    return ("\n".join(lines) + "\n").encode()


@pytest.mark.parametrize(("files", "hunks", "rows"), [(400, 10, 25), (1, 1, 100_000)])
def test_a_large_patch_is_read_fast(files: int, hunks: int, rows: int) -> None:
    patch = large_patch(files, hunks, rows)
    start = time.process_time()
    found = parse_patch(patch)
    assert time.process_time() - start < 1.5
    assert sum(len(hunk.rows) for file in found for hunk in file.hunks) == files * hunks * rows
    assert {file.skipped for file in found} == {None}


HOSTILE = {
    "spaces": b"diff --git " + b" " * 500_000 + b"\n",
    "escapes": b'diff --git "' + b"\\a" * 200_000 + b"\n",
    "removed lines": b"--- \n" * 50_000,
    "files": b"diff --git a/x b/x\n" * 5_000,
    "parents": b"diff --cc x\n@@@ " + b"-1 " * 100_000 + b"\n",
    "submodules": b"Submodule " + b"a abcdefa.." * 50_000 + b"\n",
    "names": b"Binary files " + b" and " * 50_000 + b" differ\n",
    "colours": b"\x1b[" * 200_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_patches_are_read_fast(name: str) -> None:
    start = time.process_time()
    parse_patch(HOSTILE[name])
    assert time.process_time() - start < 1.5

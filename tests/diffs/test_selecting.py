"""Parts of a diff: as texts, and as patches that git takes."""

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from termcoder.diffs.model import FileDiff, Kind, Status
from termcoder.diffs.parsing import parse_patch
from termcoder.diffs.selecting import RowAt, all_rows, deselected, patch_of, rows_of_hunk, selected, why_whole
from termcoder.edits.patch import FileChange, hunks
from termcoder.errors import ChangedFileError, EditError
from tests.diffs.repositories import FILE, LINK, PROGRAM, Tree, git, make_repository

LINES = st.sampled_from(["a", "b", "\tc", "", "e\x0cf", "g\u2028h", "-- i", "++ j", "\\ k", "\udcff", "\rl", "@@"])
ENDS = st.sampled_from(["\n", "\n", "\r\n"])
TEXTS = st.tuples(st.lists(st.tuples(LINES, ENDS).map("".join), max_size=20), st.sampled_from(["", "last", "z"])).map(
    lambda parts: "".join(parts[0]) + parts[1]
)
CONTEXT = st.integers(0, 4)


def diff(old: str, new: str, context: int = 3) -> FileDiff:
    return FileDiff("f", Status.MODIFIED, hunks=hunks(FileChange("f", old, new), context))


def some_of(data: st.DataObject, file: FileDiff) -> set[RowAt]:
    rows = sorted(all_rows(file))
    return data.draw(st.sets(st.sampled_from(rows))) if rows else set()


@given(TEXTS, TEXTS, CONTEXT)
def test_all_lines_make_the_new_text_and_none_the_old(old: str, new: str, context: int) -> None:
    file = diff(old, new, context)
    rows = all_rows(file)
    assert selected(old, file, rows) == new
    assert selected(old, file, ()) == old
    assert deselected(new, file, rows) == old
    assert deselected(new, file, ()) == new


@given(TEXTS, TEXTS, CONTEXT, st.data())
def test_what_is_selected_can_be_deselected(old: str, new: str, context: int, data: st.DataObject) -> None:
    file = diff(old, new, context)
    chosen = some_of(data, file)
    part = selected(old, file, chosen)
    assert deselected(new, file, all_rows(file) - chosen) == part
    again = diff(old, part)
    assert deselected(part, again, all_rows(again)) == old


@given(TEXTS, TEXTS, CONTEXT, st.data())
def test_the_patch_of_a_part_makes_the_same_text(old: str, new: str, context: int, data: st.DataObject) -> None:
    file = diff(old, new, context)
    chosen = some_of(data, file)
    patch = patch_of(file, chosen)
    assert bool(patch) == bool(chosen) or not file.hunks
    for read in parse_patch(patch):
        assert read.skipped in (None, "no line changes")
        assert selected(old, read, all_rows(read)) == selected(old, file, chosen)
        assert deselected(selected(old, file, chosen), read, all_rows(read)) == old


@given(TEXTS, TEXTS, st.data())
def test_a_part_has_no_lines_but_those_of_both_sides(old: str, new: str, data: st.DataObject) -> None:
    file = diff(old, new)
    chosen = some_of(data, file)
    lines = selected(old, file, chosen).split("\n")
    kept = [
        text
        for at, hunk in enumerate(file.hunks)
        for row, (sign, text) in enumerate(hunk.rows)
        if ((at, row) in chosen) == (sign == "+") or sign == " "
    ]
    assert {text.removesuffix("\n").removesuffix("\r") for text in kept} <= {line.removesuffix("\r") for line in lines}


def choose(file: FileDiff, *signs_and_texts: str) -> set[RowAt]:
    wanted = [(each[0], each[1:]) for each in signs_and_texts]
    return {(at, row) for at, hunk in enumerate(file.hunks) for row, each in enumerate(hunk.rows) if each in wanted}


@pytest.mark.parametrize(
    ("old", "new", "chosen", "part"),
    [
        ("a\nb\n", "a\nc\n", ["-b\n"], "a\n"),
        ("a\nb\n", "a\nc\n", ["+c\n"], "a\nb\nc\n"),
        ("a\nlast", "a\nlast\n", ["+last\n"], "a\nlast\nlast\n"),
        ("a\nlast", "a\nlast\n", ["-last"], "a\n"),
        ("a\nlast\n", "a\nlast", ["-last\n"], "a\n"),
        ("a\nlast\n", "a\nlast", ["+last"], "a\nlast\nlast"),
        ("a\nlast", "a\nlast\nmore\n", ["+more\n"], "a\nlast\nmore\n"),
        ("a\nlast", "a\nlast\nmore", ["+more"], "a\nlast\nmore"),
        ("a\r\nlast", "a\r\nlast\r\nmore", ["+more"], "a\r\nlast\r\nmore"),
        ("last", "other", ["+other"], "last\nother"),
        ("", "a\nb", ["+a\n"], "a\n"),
        ("", "a\nb", ["+b"], "b"),
        ("a\nb", "", ["-a\n"], "b"),
        ("a\nb", "", ["-b"], "a\n"),
        ("a\n", "a\r\n", ["-a\n", "+a\r\n"], "a\r\n"),
        ("a\n", "a\r\n", ["+a\r\n"], "a\na\r\n"),
    ],
)
def test_newlines_come_only_where_a_line_follows(old: str, new: str, chosen: list[str], part: str) -> None:
    file = diff(old, new)
    rows = choose(file, *chosen)
    assert len(rows) == len(chosen)
    assert selected(old, file, rows) == part
    assert deselected(new, file, all_rows(file) - rows) == part


def test_hunks_have_rows_to_choose() -> None:
    file = diff("a\nb\nc\n", "a\nx\ny\nc\n")
    assert rows_of_hunk(file, 0) == {(0, 1), (0, 2), (0, 3)} == all_rows(file)
    assert selected("a\nb\nc\n", file, {(0, 0), (7, 1), (0, 99)}) == "a\nb\nc\n"


@pytest.mark.parametrize("text", ["", "a\nb", "a\nB\n", "b\n", "0\na\nb\n"])
def test_another_text_is_not_touched(text: str) -> None:
    file = diff("a\nb\n", "a\nc\n")
    with pytest.raises(ChangedFileError, match="not what its diff was made from"):
        selected(text, file, all_rows(file))
    with pytest.raises(ChangedFileError):
        deselected(text, file, ())


@pytest.mark.parametrize(
    "file",
    [
        FileDiff("f", Status.MODIFIED, Kind.BINARY),
        FileDiff("f", Status.MODIFIED, Kind.SUBMODULE),
        FileDiff("f", Status.UNMERGED),
        FileDiff("f", Status.TYPE_CHANGED),
        FileDiff("f", Status.MODIFIED, combined=True),
        FileDiff("f", Status.MODIFIED, skipped="damaged patch"),
    ],
)
def test_some_files_have_no_parts(file: FileDiff) -> None:
    assert why_whole(file)
    with pytest.raises(EditError, match="can't be chosen"):
        selected("", file, ())
    with pytest.raises(EditError):
        patch_of(file, ())


TEXT = "".join(f"line {number}\n" for number in range(30))
PAIRS: dict[str, tuple[str | None, str | None]] = {
    "changed": (TEXT, TEXT.replace("line 3\n", "-- 3\n++ 3\n").replace("line 20\nline 21\n", "@@ 20\n")),
    "ends": (TEXT, "first\n" + TEXT.replace("line 1\n", "") + "end\n"),
    "newline comes": (TEXT + "last", TEXT + "last\nmore\n"),
    "newline goes": (TEXT + "last\n", TEXT + "last"),
    "no newline": (TEXT + "last", TEXT.replace("line 29\n", "") + "last"),
    "one line": ("last", "other"),
    "windows": ("a\r\nb\r\nlast", "a\r\nB\r\nlast\r\nmore\r\n"),
    "windows goes": ("a\r\nb\r\nc\r\n", "a\nb\nc\n"),
    "odd": ("a\x0cb\u2028\rc\n\n\udcff\udcfe\n", "a\x0cb\x1c\rc\n\n\n\udcff\n\\ d"),
    "created": (None, "un\ndeux\ntrois"),
    "deleted": ("one\ntwo\nthree", None),
    "emptied": ("one\ntwo\n", ""),
    "filled": ("", "one\ntwo\n"),
    "repeated": ("a\n" * 12, "a\n" * 5 + "b\n" + "a\n" * 9),
}
CHOICES = 12
NAMES = ["plain", "with space", "tab\tü", 'quo"te\\']


@pytest.fixture(scope="module")
def trees() -> tuple[Tree, Tree]:
    before: Tree = {}
    after: Tree = {}
    for case, pair in PAIRS.items():
        for choice in range(CHOICES):
            path = f"{case}/{choice} {NAMES[choice % len(NAMES)]}"
            for tree, text, mode in zip((before, after), pair, (FILE, PROGRAM if choice % 2 else FILE), strict=True):
                if text is not None:
                    tree[path] = (mode, text.encode("utf-8", "surrogateescape"))
    before["link"], after["link"] = (LINK, b"here"), (LINK, b"there")
    before["old name"], after["new name\t"] = (FILE, TEXT.encode()), (FILE, TEXT.replace("5\n", "five\n").encode())
    after["empty"] = (FILE, b"")
    return before, after


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory, trees: tuple[Tree, Tree]) -> Path:
    return make_repository(tmp_path_factory.mktemp("parts") / "repository", *trees)


def index_of(repository: Path) -> Tree:
    """What is in the index."""
    listed = git(repository, "ls-files", "-s", "-z").decode("utf-8", "surrogateescape").split("\0")[:-1]
    entries = [(entry.partition("\t")[2], *entry.split(" ")[:2]) for entry in listed]
    output = git(repository, "cat-file", "--batch", data="".join(f"{blob}\n" for _, _, blob in entries).encode())
    found: Tree = {}
    for path, mode, _ in entries:
        header, _, output = output.partition(b"\n")
        size = int(header.split(b" ")[2])
        found[path], output = (mode, output[:size]), output[size + 1 :]
    return found


def test_git_makes_the_same_of_some_lines(repository: Path, trees: tuple[Tree, Tree]) -> None:
    files = parse_patch(git(repository, "diff-tree", "-r", "-p", "-M", "--no-rename-empty", "main~1", "main"))
    before, after = trees
    pick = random.Random(11)
    wanted, patches = dict(before), []
    for file in files:
        rows = sorted(all_rows(file))
        chosen = set(pick.sample(rows, pick.randint(0, len(rows))))
        patches.append(patch_of(file, chosen))
        if not patches[-1]:
            continue
        old = before.get(file.old_path or file.path, (FILE, b""))[1].decode("utf-8", "surrogateescape")
        part = selected(old, file, chosen).encode("utf-8", "surrogateescape")
        mode = after.get(file.path, before.get(file.path, ("", b"")))[0]
        if file.old_path:
            del wanted[file.old_path]
        wanted[file.path] = (mode, part)
        if file.status is Status.DELETED and len(chosen) == len(rows):
            del wanted[file.path]
    assert len(patches) >= len(PAIRS) * CHOICES
    git(repository, "read-tree", "main~1")
    git(repository, "apply", "--cached", "-", data=b"".join(patches))
    assert index_of(repository) == wanted


def test_git_makes_the_whole_of_all_lines(repository: Path, trees: tuple[Tree, Tree]) -> None:
    files = parse_patch(git(repository, "diff-tree", "-r", "-p", "-M", "main~1", "main"))
    git(repository, "read-tree", "main~1")
    git(repository, "apply", "--cached", "-", data=b"".join(patch_of(file, all_rows(file)) for file in files))
    assert index_of(repository) == trees[1]

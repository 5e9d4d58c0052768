"""What is read from git's patches, against what git itself says of the same changes."""

from pathlib import Path

import pytest

from termcoder.diffs.model import FileDiff, Kind
from termcoder.diffs.parsing import parse_patch
from tests.diffs.repositories import FILE, LINK, PROGRAM, SUBMODULE, Entry, Tree, entries, git, make_repository

NAMES = [
    "plain",
    "with space",
    "tab\there",
    "new\nline",
    'quo"te',
    "back\\slash",
    "ü/日本",
    "\udcff\udcfe",
    " first",
    "last ",
    "a b/x b/y",
    "x b/x",
    "b/b b/b",
    "a/a",
    "--- a",
    "\x0cfeed",
    "line\u2028separator",
    "\x1b[31mred",
    '"quoted"',
    "dev/null",
]
LINES = b"".join(b"line %d\n" % number for number in range(40))
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize 5\n"
HEADERS = b"-- a\n++ b\n@@ -1 +1 @@\ndiff --git a/x b/x\n"

BEFORE_AND_AFTER: dict[str, tuple[tuple[str, bytes] | None, tuple[str, bytes] | None]] = {
    "changed": ((FILE, LINES), (FILE, LINES.replace(b"line 7\n", HEADERS).replace(b"line 30\n", b""))),
    "changed back": ((FILE, LINES.replace(b"line 9\n", HEADERS)), (FILE, LINES)),
    "odd ends": ((FILE, b"a\r\nb\x0cc\rd\n"), (FILE, b"a\nb\x1c\x85\xe2\x80\xa8c\rd")),
    "newline comes": ((FILE, LINES + b"last"), (FILE, LINES + b"last\n")),
    "newline goes": ((FILE, LINES + b"last\n"), (PROGRAM, LINES + b"last")),
    "no utf-8": ((FILE, b"\xff\xfe\x80\n"), (FILE, b"\xff\xfe\x81\n")),
    "colours": ((FILE, b"\x1b[1mdiff --git\x1b[m\n"), (FILE, b"\x1b[31mred\x1b[m\n")),
    "created": (None, (FILE, b"one\ntwo")),
    "deleted": ((FILE, HEADERS), None),
    "empty created": (None, (PROGRAM, b"")),
    "empty deleted": ((FILE, b""), None),
    "emptied": ((FILE, b"one\n"), (FILE, b"")),
    "filled": ((FILE, b""), (FILE, b"one\n")),
    "mode": ((FILE, b"#!/bin/sh\n"), (PROGRAM, b"#!/bin/sh\n")),
    "binary": ((FILE, b"\0one"), (FILE, b"\0two")),
    "binary created": (None, (FILE, b"\0" * 300)),
    "link": ((LINK, b"here"), (LINK, b"there")),
    "file to link": ((FILE, b"one\ntwo\n"), (LINK, b"there")),
    "link to file": ((LINK, b"there"), (FILE, b"one\ntwo\n")),
    "file to submodule": ((FILE, b"one\ntwo\n"), (SUBMODULE, b"3" * 40)),
    "binary to link": ((FILE, b"\0one"), (LINK, b"there")),
    "submodule": ((SUBMODULE, b"1" * 40), (SUBMODULE, b"2" * 40)),
    "submodule created": (None, (SUBMODULE, b"2" * 40)),
    "pointer": ((FILE, POINTER % (b"a" * 64)), (FILE, POINTER % (b"b" * 64))),
    "pointer to text": ((FILE, POINTER % (b"c" * 64)), (FILE, b"now\nin git\n")),
    "text to pointer": ((FILE, b"was\nin git\n"), (FILE, POINTER % (b"d" * 64))),
}
SKIPPED = {
    "empty created": "empty file",
    "mode": "only its mode changes",
    "binary": "binary file",
    "binary created": "binary file",
    "link": "symbolic link",
    "file to link": "symbolic link",
    "binary to link": "symbolic link",
    "file to submodule": "submodule",
    "submodule": "submodule",
    "submodule created": "submodule",
    "pointer": "Git LFS pointer",
    "text to pointer": "Git LFS pointer",
    "deleted": "deleted file",
    "empty deleted": "deleted file",
}


def trees() -> tuple[Tree, Tree]:
    """Each change under each name, and each name moved, once as it is and once changed."""
    before: Tree = {}
    after: Tree = {}
    for number, name in enumerate(NAMES):
        for change, (old, new) in BEFORE_AND_AFTER.items():
            before |= {f"{change}/{name}": old} if old else {}
            after |= {f"{change}/{name}": new} if new else {}
        content = b"file %d\n" % number + LINES.replace(b"line", b"LINE")
        before[f"from/{name}"] = (FILE, content)
        after[f"to/{name}"] = (FILE, content + b"more\n" * (number % 2))
    return before, after


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_repository(tmp_path_factory.mktemp("ugly") / "repository", *trees())


def told(file: FileDiff, wanted: Entry) -> Entry:
    """A file in git's terms. Modes that a patch doesn't tell are taken from there.

    So are the counts of a binary file that becomes a link: git counts no lines, but shows that of the link.
    """
    uncounted = file.kind is Kind.BINARY or (wanted.status == "T" and wanted.path.startswith("binary to link"))
    return Entry(
        path=file.path,
        status=str(file.status),
        old_path=file.old_path,
        similarity=file.similarity,
        modes=(file.mode_old or wanted.modes[0], file.mode_new or wanted.modes[1]),
        counts=None if uncounted else (file.added, file.deleted),
    )


@pytest.mark.parametrize(
    ("configured", "compared", "printed"),
    [
        ("core.quotePath=true", [], []),
        ("core.quotePath=false", ["-M"], []),
        ("core.quotePath=false", ["-M"], ["--no-prefix"]),
        ("core.quotePath=true", [], ["--src-prefix=i/", "--dst-prefix=w/", "-U0"]),
        ("core.quotePath=false", ["-M"], ["--src-prefix=x/y/", "--dst-prefix=x/z/", "--binary", "--full-index"]),
        ("core.quotePath=true", ["-M", "-C", "--find-copies-harder"], ["--color"]),
        ("core.quotePath=false", ["-M", "-R"], []),
        ("core.quotePath=true", ["-M", "-B"], ["-U40"]),
    ],
)
def test_files_are_what_git_says_they_are(
    repository: Path, configured: str, compared: list[str], printed: list[str]
) -> None:
    compare = ["diff-tree", "-r", *compared]
    wanted = entries(git(repository, *compare, "--raw", "-z", "--numstat", "main~1", "main"))
    files = parse_patch(git(repository, "-c", configured, *compare, "-p", *printed, "main~1", "main"))
    assert len(files) == len(wanted) > len(NAMES) * 20
    assert [told(file, entry) for file, entry in zip(files, wanted, strict=True)] == wanted
    assert all(file.skipped != "damaged patch" for file in files)


def test_what_is_skipped_says_why(repository: Path) -> None:
    files = parse_patch(git(repository, "diff-tree", "-r", "-p", "-M", "--no-rename-empty", "main~1", "main"))
    reasons = {file.path: file.skipped for file in files}
    for change in BEFORE_AND_AFTER:
        assert {reasons[f"{change}/{name}"] for name in NAMES} == {SKIPPED.get(change)}
    assert {reasons[f"to/{name}"] for name in NAMES[::2]} == {"only renamed"}
    assert {reasons[f"to/{name}"] for name in NAMES[1::2]} == {None}


@pytest.mark.parametrize("context", ["-U0", "-U3", "-U100"])
def test_rows_are_the_lines_of_both_sides(repository: Path, context: str) -> None:
    before, after = trees()
    seen = 0
    for file in parse_patch(git(repository, "diff-tree", "-r", "-p", context, "main~1", "main")):
        sides = [(before, "-", file.mode_old), (after, "+", file.mode_new)]
        for tree, sign, mode in sides:
            if file.kind is Kind.BINARY or file.status == "T" or mode in (SUBMODULE, "000000"):
                continue
            lines = tree[file.path][1].decode("utf-8", "surrogateescape").split("\n")
            for hunk in file.hunks:
                first, count = (hunk.first_old, hunk.old_lines) if sign == "-" else (hunk.first_new, hunk.new_lines)
                rows = [text for each, text in hunk.rows if each in (" ", sign)]
                assert [text.removesuffix("\n") for text in rows] == lines[first - 1 : first - 1 + count] * bool(count)
                assert all(text.endswith("\n") == (first + at < len(lines)) for at, text in enumerate(rows))
                seen += 1
    assert seen > len(NAMES) * 10


def test_a_merge_is_compared_with_all_parents(tmp_path: Path) -> None:
    text = b"".join(b"%d\n" % number for number in range(30))
    base = {"f": (FILE, text), "gone": (FILE, b"1\n2\n3\n"), "b": (FILE, b"\0a"), "my file\t": (FILE, text)}
    ours = base | {
        "f": (FILE, text.replace(b"\n9\n", b"\nours\n")),
        "gone": (FILE, b"1\nours\n3\n"),
        "b": (FILE, b"\0b"),
    }
    theirs = base | {"f": (FILE, text.replace(b"\n9\n", b"\n-theirs\n")), "gone": (FILE, b"1\n2\ntheirs\n")}
    theirs |= {"b": (FILE, b"\0c"), "my file\t": (FILE, b"0" + text)}
    merged = {"f": (PROGRAM, text.replace(b"\n9\n", b"\n+both\n")), "b": (FILE, b"\0d"), "new": (FILE, b"x\ny")}
    merged["my file\t"] = (FILE, b"\n\nboth\n" + text)
    folder = make_repository(tmp_path / "r", base, ours, theirs, merged)
    tree = git(folder, "rev-parse", "main^{tree}").decode().strip()
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    parents = ["-p", "main~2", "-p", "main~1"]
    commit = git(folder, *identity, "commit-tree", tree, *parents, "-m", "merge").decode().strip()
    for options in (["--cc"], ["-c"], ["--cc", "--combined-all-paths"], ["-c", "--color"]):
        for blank in ("false", "true"):
            command = ["-c", f"diff.suppressBlankEmpty={blank}", "show", *options, commit]
            files = {file.path: file for file in parse_patch(git(folder, *command))}
            assert {path: str(file.status) for path, file in files.items()} == {
                "f": "M",
                "gone": "D",
                "b": "M",
                "new": "A",
                "my file\t": "M",
            }
            assert all(file.combined for file in files.values())
            assert files["b"].skipped == "binary file"
            assert files["gone"].skipped == "deleted file"
            assert files["f"].skipped is files["my file\t"].skipped is None
            assert (files["f"].mode_old, files["f"].mode_new) == (FILE, PROGRAM)
            rows = {row for hunk in files["f"].hunks for row in hunk.rows if row[0].strip()}
            assert rows == {("- ", "ours\n"), (" -", "-theirs\n"), ("++", "+both\n")}
            numbers = {row.text: row.new for hunk in files["f"].hunks for row in hunk.numbered() if row.sign == "++"}
            assert numbers["+both\n"] == 10
            assert all(hunk.new_lines == sum("-" not in sign for sign, _ in hunk.rows) for hunk in files["f"].hunks)


def test_what_is_not_merged_has_no_hunks(tmp_path: Path) -> None:
    folder = make_repository(tmp_path / "r", {"my file": (FILE, b"1\n"), "other": (FILE, b"1\n")})
    blob = git(folder, "rev-parse", "main:other").decode().strip()
    stages = "".join(f"100644 {blob} {stage}\tmy file\n" for stage in (1, 2, 3))
    git(folder, "update-index", "--index-info", data=stages.encode())
    files = parse_patch(git(folder, "diff", "--cached"))
    assert [(file.path, str(file.status), file.hunks) for file in files] == [
        ("my file", "U", ()),
        ("other", "D", files[1].hunks),
    ]


def test_mails_and_logs_hold_the_same_files(repository: Path) -> None:
    wanted = [(file.path, file.hunks) for file in parse_patch(git(repository, "diff", "main~1", "main"))]
    for command in (
        ["format-patch", "--stdout", "-1", "main"],
        ["format-patch", "--stdout", "--attach", "-1", "main"],
        ["show", "--stat", "--patch", "main"],
        ["log", "-p", "-1", "--show-notes", "main"],
        ["log", "-p", "-1", "--format=%H %s", "--raw", "--numstat", "main"],
    ):
        assert [(file.path, file.hunks) for file in parse_patch(git(repository, *command))] == wanted


def test_two_commits_are_read_one_after_the_other(repository: Path) -> None:
    both = parse_patch(git(repository, "log", "-p", "--reverse", "--no-renames", "main"))
    one = parse_patch(git(repository, "diff", "--no-renames", "main~1", "main"))
    assert both[-len(one) :] == one
    assert {str(file.status) for file in both[: -len(one)]} == {"A"}

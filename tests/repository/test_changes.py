import os
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from termcoder.diffs.model import ChangeSet, FileDiff, Kind, Scope, ScopeKind, Status
from termcoder.errors import GitError, GitStoppedError, NoRepositoryError, RevisionError
from termcoder.repository import listing
from termcoder.repository.repository import Repository, patch_changes
from tests.repository import samples
from tests.repository.samples import LINES, git, lines, others, put

STAGED, WORKTREE = Scope(), Scope(ScopeKind.WORKTREE)
OPTIONS = ["--no-rename-empty", "-M", "-C", "--diff-algorithm=myers", "--no-abbrev", "--ignore-submodules=dirty"]


def changes(folder: Path, kind: str = "staged", what: str = "") -> ChangeSet:
    return Repository.open(folder).changes(Scope(ScopeKind(kind), what))


def by_path(change_set: ChangeSet) -> dict[str, FileDiff]:
    return {file.path: file for file in change_set.files}


def split(output: bytes) -> list[str]:
    return output.decode("utf-8", "surrogateescape").split("\0")


def raw(folder: Path, *compared: str) -> list[tuple[str, ...]]:
    """What git itself lists: status, modes, ids, names."""
    words = split(git(folder, "diff", "--raw", "-z", *OPTIONS, *compared, "--"))
    found = []
    while words[0]:
        head, name, *words = words
        fields = head[1:].split(" ")
        names = [name]
        if fields[4][0] in "RC":
            names.append(words.pop(0))
        found.append((*fields, *names))
    return found


def counts(folder: Path, *compared: str) -> list[tuple[str, str, str]]:
    words = (
        git(folder, "diff", "--numstat", "-z", *OPTIONS, *compared, "--").decode("utf-8", "surrogateescape").split("\0")
    )
    found = []
    while words[0]:
        head, *words = words
        added, deleted, name = head.split("\t", 2)
        if not name:
            _, name, *words = words
        found.append((added, deleted, name))
    return found


def as_raw(file: FileDiff) -> tuple[str | None, ...]:
    zeros = "0" * 40
    status = file.status + (f"{file.similarity:03}" if file.similarity is not None else "")
    names = [file.old_path, file.path] if file.old_path else [file.path]
    return (file.mode_old, file.mode_new, file.old_id or zeros, file.new_id or zeros, status, *names)


def as_counts(file: FileDiff) -> tuple[str, str, str]:
    if file.kind is Kind.BINARY:
        return "-", "-", file.path
    return str(file.added), str(file.deleted), file.path


@pytest.mark.parametrize(
    ("where", "kind", "what", "compared"),
    [
        ("staged", "staged", "", ["--cached"]),
        ("worktree", "worktree", "", []),
        ("committed", "commit", "HEAD", ["HEAD~", "HEAD"]),
        ("committed", "range", "HEAD~..HEAD", ["HEAD~", "HEAD"]),
        ("committed", "range", "HEAD..HEAD~", ["HEAD", "HEAD~"]),
    ],
)
def test_files_are_those_that_git_lists(
    shared: Path, where: str, kind: str, what: str, compared: Sequence[str]
) -> None:
    files = changes(shared / where, kind, what).files
    expected = raw(shared / where, *compared)
    if kind == "worktree":  # what is on the disk has no id that could be looked up
        expected = [(*fields[:3], "0" * 40, *fields[4:]) for fields in expected]
    assert [as_raw(file) for file in files] == expected
    assert [as_counts(file) for file in files] == counts(shared / where, *compared)
    assert not listing.disagree(files)
    assert len(files) > 50


def test_each_kind_of_file_is_told(shared: Path) -> None:
    files = by_path(changes(shared / "staged"))
    told = {path: (file.status, file.kind, file.skipped) for path, file in files.items()}
    text = Kind.TEXT
    assert told["several"] == (Status.MODIFIED, text, None)
    assert told["new"] == (Status.ADDED, text, None)
    assert told["gone"] == (Status.DELETED, text, "deleted file")
    assert told["renamed to"] == (Status.RENAMED, text, "only renamed")
    assert told["renamed and edited to"] == (Status.RENAMED, text, None)
    assert told["copy of edited"] == (Status.COPIED, text, None)
    assert told["mode"] == (Status.MODIFIED, text, "only its mode changes")
    assert told["new empty too"] == (Status.ADDED, text, "empty file")
    assert told["binary"] == (Status.MODIFIED, Kind.BINARY, "binary file")
    assert told["link"] == (Status.MODIFIED, Kind.SYMLINK, "symbolic link")
    assert told["file to link"] == (Status.TYPE_CHANGED, Kind.SYMLINK, "symbolic link")
    assert told["link to file"] == (Status.TYPE_CHANGED, text, None)
    assert told["sub"] == (Status.MODIFIED, Kind.SUBMODULE, "submodule")
    assert told["pointer"] == (Status.MODIFIED, Kind.LFS, "Git LFS pointer")
    assert set(map(os.fsdecode, samples.NAMES)) <= set(files)
    assert "ignored" not in files
    assert (files["copy of edited"].old_path, files["renamed to"].similarity) == ("edited", 100)


def test_hunks_are_those_of_three_lines_of_context(shared: Path) -> None:
    file = by_path(changes(shared / "staged"))["several"]
    assert [(hunk.first_old, hunk.old_lines, hunk.first_new, hunk.new_lines) for hunk in file.hunks] == [
        (1, 4, 1, 4),
        (17, 8, 17, 8),
        (37, 28, 37, 28),
        (97, 4, 97, 4),
    ]


def test_settings_that_change_the_form_of_a_diff_are_overridden(shared: Path, tmp_path: Path) -> None:
    folder = samples.copied(shared / "committed", tmp_path / "copy")
    expected = changes(folder, "commit", "HEAD").files
    put(folder, "order", "windows\nnew\n")
    plain = git(folder, "diff", "HEAD~", "HEAD", "--")
    with (folder / ".git" / "config").open("a") as config:
        config.write(
            "[diff]\nnoprefix=true\nmnemonicPrefix=true\ncontext=0\ninterHunkContext=50\nrenames=false\n"
            "algorithm=patience\nrelative=true\nsuppressBlankEmpty=true\nsubmodule=log\nignoreSubmodules=all\n"
            "orderFile=order\nindentHeuristic=false\nwsErrorHighlight=all\ncolorMoved=zebra\nstatNameWidth=9\n"
            "[color]\nui=always\ndiff=always\n[core]\nabbrev=4\nquotePath=true\nbigFileThreshold=1\n"
        )
    assert git(folder, "diff", "HEAD~", "HEAD", "--") != plain
    assert changes(folder, "commit", "HEAD").files == expected


def test_variables_of_another_git_are_not_heeded(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = changes(shared / "staged")
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_CONFIG_PARAMETERS"):
        monkeypatch.setenv(name, str(shared / "nothing"))
    monkeypatch.setenv("GIT_DIFF_OPTS", "-u0")
    monkeypatch.setenv("GIT_LITERAL_PATHSPECS", "x")
    assert changes(shared / "staged") == expected


def test_a_hook_has_its_own_index(small: Path) -> None:
    other = small / ".git" / "other"
    put(small, "file", "three\n")
    git(small, "add", "file")
    (small / ".git" / "index").rename(other)
    git(small, "reset", "-q")
    assert changes(small).files == ()
    repository = Repository.open(small, index=other)
    assert [file.path for file in repository.changes(STAGED).files] == ["file"]


def test_texts_of_both_sides(shared: Path) -> None:
    repository = Repository.open(shared / "staged")
    put(shared / "staged", "several", "on the disk only\n")
    files = by_path(repository.changes(STAGED))
    assert repository.old_text(STAGED, files["several"]) == lines()
    assert repository.new_text(STAGED, files["several"]) == lines(1, 20, 21, 40, 47, 54, 61, 100)
    assert repository.old_text(STAGED, files["renamed and edited to"]) == "".join(LINES[20:])
    assert repository.new_text(STAGED, files["windows"]) == lines(2, 99, of=others(104)).replace("\n", "\r\n")
    assert repository.new_text(STAGED, files["not utf-8"]) == "cafe\nna\udcefve\n\udcff\n"
    assert repository.new_text(STAGED, files["odd ends"]) == "a\fB\n\vc\rD\x85\u2028e\n"
    assert repository.old_text(STAGED, files["new"]) is None
    assert repository.new_text(STAGED, files["gone"]) is None
    assert repository.new_text(STAGED, files["sub"]) is None
    assert repository.old_text(Scope(ScopeKind.PATCH), files["several"]) is None


def test_the_worktree_is_read_from_the_disk(shared: Path) -> None:
    repository = Repository.open(shared / "worktree")
    files = by_path(repository.changes(WORKTREE))
    for file in files.values():
        if file.kind is Kind.TEXT and file.status is not Status.DELETED:
            text = repository.new_text(WORKTREE, file)
            assert text is not None and text.encode("utf-8", "surrogateescape") == (
                Path(os.fsdecode(os.path.join(os.fsencode(repository.top), os.fsencode(file.path)))).read_bytes()
            )
    assert repository.new_text(WORKTREE, files["link"]) == "edited"
    assert repository.old_text(WORKTREE, files["edited"]) == lines(of=others(100))


def test_files_outside_are_not_read(shared: Path) -> None:
    repository = Repository.open(shared / "worktree")
    (shared / "secret").write_text("secret")
    (repository.top / "way out").symlink_to(shared)
    for path in ("../secret", "way out/secret", "/etc/passwd", "a b", "no/such/file", ""):
        assert repository.new_text(WORKTREE, FileDiff(path, Status.MODIFIED)) is None
    (repository.top / "way out").unlink()


def test_many_texts_come_at_once(shared: Path) -> None:
    repository = Repository.open(shared / "committed")
    files = repository.changes(Scope(ScopeKind.COMMIT, "HEAD")).files
    ids = [file.new_id for file in files if file.new_id]
    texts = repository.texts([*ids, "0" * 40, "f" * 40, "HEAD", "-x", "no\nid"])
    assert set(texts) == {file.new_id for file in files if file.new_id and file.kind is not Kind.SUBMODULE}
    with pytest.raises(GitError, match="no text ffff"):
        repository.text("f" * 40)


def test_large_blobs_are_left_out(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("termcoder.repository.blobs.MAX_BYTES", 5)
    repository = Repository.open(small)
    (file,) = repository.changes(Scope(ScopeKind.COMMIT, "HEAD")).files
    assert file.old_id and file.new_id
    assert repository.texts([file.old_id, file.new_id]) == {file.old_id: "one\n"}


@pytest.mark.parametrize("format_", ["sha1", "sha256"])
def test_before_the_first_commit(tmp_path: Path, format_: str) -> None:
    folder = tmp_path / "new"
    folder.mkdir()
    git(folder, "init", "-q", f"--object-format={format_}")
    put(folder, "file", "text\n")
    git(folder, "add", "file")
    put(folder, "file", "text\nmore\n")
    (staged,), (changed,) = changes(folder).files, changes(folder, "worktree").files
    assert (staged.status, staged.added) == (Status.ADDED, 1)
    assert (changed.status, changed.added, len(changed.new_id or "")) == (Status.MODIFIED, 1, len(staged.new_id or ""))
    for kind in ("commit", "branch"):
        with pytest.raises(RevisionError, match="no commit yet"):
            changes(folder, kind)
    git(folder, "commit", "-q", "-m", "first")
    (first,) = changes(folder, "commit").files
    assert (first.status, first.added, first.new_id) == (Status.ADDED, 1, staged.new_id)


def test_a_conflict_is_shown_as_git_shows_it(conflict: Path) -> None:
    found = changes(conflict, "worktree")
    files = by_path(found)
    assert found.notes == ("a merge is in progress",)
    assert {path: file.status for path, file in files.items()} == dict.fromkeys(
        ("both", "twice", "theirs gone", "ours gone"), Status.UNMERGED
    )
    both = files["both"]
    assert both.combined and len(both.hunks) == 1
    assert [row for row in both.hunks[0].rows if row[0] != "  "] == [
        ("++", "<<<<<<< HEAD\n"),
        (" +", "ours\n"),
        ("++", "=======\n"),
        ("+ ", "changed 10\n"),
        ("++", ">>>>>>> other\n"),
    ]
    assert files["theirs gone"].skipped == files["ours gone"].skipped == "not merged yet"
    staged = by_path(changes(conflict))
    assert {path: file.status for path, file in staged.items()} == {
        "both": Status.UNMERGED,
        "twice": Status.UNMERGED,
        "theirs gone": Status.UNMERGED,
        "ours gone": Status.UNMERGED,
        "plain": Status.MODIFIED,
    }


def test_every_conflict_is_listed_when_one_is_worked_on(conflict: Path, tmp_path: Path) -> None:
    folder = samples.copied(conflict, tmp_path / "copy")
    put(folder, "theirs gone", lines(7, 8))
    put(folder, "like both", lines())
    git(folder, "add", "like both")
    put(folder, "like both", lines(3))
    files = by_path(changes(folder, "worktree"))
    assert {path for path, file in files.items() if file.status is Status.UNMERGED} == {
        *("both", "twice", "theirs gone", "ours gone")
    }
    assert files["like both"].status is Status.MODIFIED
    staged = by_path(changes(folder))
    assert staged["both"].status is Status.UNMERGED and staged["like both"].status in "AC"


@pytest.mark.parametrize(
    ("name", "note"),
    [
        ("CHERRY_PICK_HEAD", "a cherry-pick is in progress"),
        ("rebase-merge", "a rebase is in progress"),
        ("REVERT_HEAD", "a revert is in progress"),
    ],
)
def test_what_is_in_progress_is_noted(small: Path, name: str, note: str) -> None:
    assert changes(small).notes == ()
    put(small / ".git", name, git(small, "rev-parse", "HEAD"))
    assert changes(small).notes == changes(small, "worktree").notes == (note,)
    assert changes(small, "commit").notes == ()


def test_what_is_not_compared_is_counted(small: Path) -> None:
    for name in ("a", "b", "c", "d"):
        put(small, name, "text\n")
    git(small, "add", "a", "b")
    git(small, "update-index", "--assume-unchanged", "a")
    put(small, "a", "changed\n")
    git(small, "update-index", "--skip-worktree", "b")
    (small / "b").unlink()
    found = changes(small, "worktree")
    assert found.files == ()
    assert found.notes == (
        "2 untracked files are not read",
        "1 file marked as unchanged is not compared",
        "1 file not checked out is not compared",
    )


def test_a_sparse_checkout(small: Path) -> None:
    put(small, "in/file", "text\n")
    put(small, "out/file", "text\n")
    git(small, "add", "-A")
    git(small, "commit", "-q", "-m", "third")
    git(small, "sparse-checkout", "set", "in")
    assert not (small / "out").exists()
    assert changes(small, "worktree").files == changes(small).files == ()
    put(small, "in/file", "changed\n")
    found = changes(small, "worktree")
    assert [file.path for file in found.files] == ["in/file"]
    assert found.notes == ("1 file not checked out is not compared",)


def test_reading_writes_nothing_and_touched_files_are_left_out(small: Path) -> None:
    for name, content in {"binary": b"a\0", "mode": b"a\n", "windows": b"a\r\n"}.items():
        put(small, name, content)
    (small / "link").symlink_to("file")
    git(small, "add", "-A")
    for name in ("binary", "mode", "windows", "file", "link"):
        os.utime(small / name, (1, 1), follow_symlinks=False)
    (small / "mode").chmod(0o755)
    before = git(small, "diff-files", "--name-only"), (small / ".git" / "index").read_bytes()
    assert [file.path for file in changes(small, "worktree").files] == ["mode"]
    assert len(before[0].split()) == 5
    assert (small / ".git" / "index").read_bytes() == before[1]
    put(small, "binary", b"b\0")
    assert [file.path for file in changes(small, "worktree").files] == ["binary", "mode"]


def test_a_filter_is_not_run(small: Path, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    git(small, "config", "filter.mine.clean", f"touch {mark}; cat")
    put(small, ".gitattributes", "*.mine filter=mine\n*.other filter=other\n")
    for name in ("a.mine", "b.other", "c"):
        put(small, name, "text\n")
    git(small, "add", "-A")
    assert mark.exists()
    mark.unlink()
    for name in ("a.mine", "b.other", "c"):
        put(small, name, "changed\n")
    files = by_path(changes(small, "worktree"))
    assert {path: file.skipped for path, file in files.items()} == {
        "a.mine": "its filter mine is not run",
        "b.other": None,
        "c": None,
    }
    assert files["a.mine"].hunks == () and files["a.mine"].kind is Kind.TEXT
    assert not mark.exists()


def test_line_ends_are_compared_as_git_keeps_them(small: Path) -> None:
    git(small, "config", "core.autocrlf", "true")
    put(small, "file", "one\r\nTWO\r\n")
    put(small, ".gitattributes", "id ident\nwide text working-tree-encoding=UTF-16\n")
    put(small, "id", "$Id$\na\n")
    put(small, "wide", "grüße\na\n".encode("utf-16"))
    git(small, "add", "id", "wide")
    put(small, "id", "$Id: 0123 $\nb\n")
    put(small, "wide", "grüße\nb\n".encode("utf-16"))
    files = by_path(changes(small, "worktree"))
    assert [row for row in files["file"].hunks[0].rows if row[0] != " "] == [("-", "two\n"), ("+", "TWO\n")]
    assert [(file.added, file.deleted) for file in files.values()] == [(1, 1)] * 3


def test_a_commit(small: Path) -> None:
    (file,) = changes(small, "commit", "HEAD").files
    assert (file.added, file.deleted) == (1, 0)
    assert changes(small, "commit", "main~").files[0].status is Status.ADDED
    assert changes(small, "commit", "").files == (file,)


def test_a_merge_is_compared_with_its_first_parent(small: Path) -> None:
    git(small, "checkout", "-q", "-b", "side", "HEAD~")
    put(small, "side", "side\n")
    git(small, "add", "-A")
    git(small, "commit", "-q", "-m", "side")
    git(small, "checkout", "-q", "main")
    git(small, "merge", "-q", "--no-edit", "side")
    found = changes(small, "commit", "HEAD")
    assert [file.path for file in found.files] == ["side"]
    assert found.notes == ("a merge of 2 commits, compared with the first of them",)


def test_ranges(small: Path) -> None:
    git(small, "checkout", "-q", "-b", "side", "HEAD~")
    put(small, "side", "side\n")
    git(small, "add", "-A")
    git(small, "commit", "-q", "-m", "side")

    def named(what: str) -> list[tuple[str, str]]:
        return [(file.status.value, file.path) for file in changes(small, "range", what).files]

    assert named("main..side") == [("M", "file"), ("A", "side")]
    assert named("main...side") == named("main...") == [("A", "side")]
    assert named("main..") == named("main..side")
    assert named("..main") == named("side..main") == [("M", "file"), ("D", "side")]
    assert named("main~..main") == [("M", "file")]
    for what in ("main", "", "..", "..."):
        with pytest.raises(RevisionError, match="no range") as raised:
            named(what)
        assert "Write" in raised.value.remedy
    git(small, "checkout", "-q", "--orphan", "alone")
    git(small, "commit", "-q", "-m", "alone")
    with pytest.raises(RevisionError, match="no commit in common"):
        named("main...alone")


def test_branches(small: Path, tmp_path: Path) -> None:
    git(small, "checkout", "-q", "-b", "topic")
    put(small, "topic", "topic\n")
    git(small, "add", "-A")
    git(small, "commit", "-q", "-m", "topic")
    assert [file.path for file in changes(small, "branch", "main").files] == ["topic"]
    usual = changes(small, "branch")
    assert [file.path for file in usual.files] == ["topic"]
    assert usual.notes == ("compared with where it parted from main",)
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", str(small), str(clone))
    git(clone, "checkout", "-q", "--detach")
    assert changes(clone, "branch").notes == ("compared with where it parted from origin/topic",)
    git(clone, "checkout", "-q", "-b", "mine", "--track", "origin/main")
    assert changes(clone, "branch").notes == ("compared with where it parted from origin/main",)
    git(clone, "update-ref", "-d", "refs/remotes/origin/main")
    git(clone, "symbolic-ref", "-d", "refs/remotes/origin/HEAD")
    git(clone, "branch", "-q", "-D", "topic")
    with pytest.raises(RevisionError, match="no main or master"):
        changes(clone, "branch")


@pytest.mark.parametrize(
    "what", ["nothing", "--output=mark", "-p", "--all", "HEAD:file", "\0", "a b", "\udce9", "long"]
)
def test_what_is_no_commit_is_refused(small: Path, what: str) -> None:
    what = "x" * 5000 if what == "long" else what
    for kind in ("commit", "range", "branch"):
        with pytest.raises(RevisionError) as raised:
            changes(small, kind, f"{what}..HEAD" if kind == "range" else what)
        assert len(str(raised.value)) < 400
    assert not (small / "mark").exists()


def test_a_branch_whose_name_looks_like_an_option(small: Path) -> None:
    git(small, "update-ref", "refs/heads/--output=mark", "HEAD")
    assert len(changes(small, "commit", "--output=mark").files) == 1
    assert changes(small, "range", "--output=mark..HEAD").files == ()
    assert not (small / "mark").exists()


def test_the_end_of_a_shallow_clone(small: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{small}", "shallow")
    with pytest.raises(RevisionError, match="shallow") as raised:
        changes(tmp_path / "shallow", "commit", "HEAD")
    assert "--deepen" in raised.value.remedy


def test_what_a_partial_clone_lacks_is_not_fetched(small: Path, tmp_path: Path) -> None:
    git(small, "config", "uploadpack.allowFilter", "true")
    git(tmp_path, "clone", "-q", "--filter=blob:none", "--no-checkout", f"file://{small}", "partial")
    with pytest.raises(GitError, match="clone is partial"):
        changes(tmp_path / "partial", "commit", "HEAD")
    assert git(tmp_path / "partial", "count-objects", "-v").count(b"packs: 1") == 1


def test_where_a_repository_is_found(shared: Path, small: Path, tmp_path: Path) -> None:
    assert Repository.open(shared / "staged" / "a b").top == shared / "staged"
    assert Repository.open(shared / "staged" / "sub").top == shared / "staged" / "sub"
    git(small, "worktree", "add", "-q", str(tmp_path / "linked\n"), "HEAD~")
    linked = Repository.open(tmp_path / "linked\n")
    assert linked.top == tmp_path / "linked\n"
    put(linked.top, "file", "linked\n")
    assert [file.path for file in linked.changes(WORKTREE).files] == ["file"]
    assert changes(small, "worktree").files == ()
    git(tmp_path, "init", "-q", f"--separate-git-dir={tmp_path / 'apart'}", "separate")
    assert Repository.open(tmp_path / "separate").top == tmp_path / "separate"


def test_paths_are_those_from_the_top(shared: Path) -> None:
    inner = Repository.open(shared / "staged" / "a b")
    assert inner.changes(STAGED) == changes(shared / "staged")


def test_a_bare_repository(small: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--bare", str(small), "bare.git")
    bare = tmp_path / "bare.git"
    assert Repository.open(bare).bare
    assert [file.path for file in changes(bare, "commit", "HEAD").files] == ["file"]
    assert changes(bare, "range", "HEAD~..HEAD").files == changes(small, "commit", "HEAD").files
    for kind in ("staged", "worktree"):
        with pytest.raises(NoRepositoryError, match="bare"):
            changes(bare, kind)


def test_folders_that_are_no_repository(tmp_path: Path, small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(NoRepositoryError, match="in no git repository"):
        Repository.open(tmp_path)
    with pytest.raises(GitError, match="no folder"):
        Repository.open(tmp_path / "nothing")
    with pytest.raises(NoRepositoryError, match="git's own folder"):
        Repository.open(small / ".git")


def test_files_elsewhere_are_not_a_repositorys(small: Path, tmp_path: Path) -> None:
    git(small, "config", "core.worktree", str(tmp_path))
    with pytest.raises(NoRepositoryError, match="a folder of its own"):
        Repository.open(small)


def test_a_repository_of_another_user(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("termcoder.workspace.git._OWN_VARIABLES", {"GIT_TEST_ASSUME_DIFFERENT_OWNER": "1"})
    with pytest.raises(NoRepositoryError, match="belongs to another user") as raised:
        Repository.open(small)
    assert f"safe.directory '{small}'" in raised.value.remedy


def test_a_damaged_repository(small: Path) -> None:
    (file,) = changes(small, "commit", "HEAD").files
    assert file.new_id
    blob = small / ".git" / "objects" / file.new_id[:2] / file.new_id[2:]
    blob.unlink()
    blob.write_bytes(b"")
    with pytest.raises(GitError, match="damaged") as raised:
        changes(small, "commit", "HEAD")
    assert "fsck" in raised.value.remedy
    (small / ".git" / "index").write_bytes(b"no index")
    with pytest.raises(GitError, match="damaged"):
        changes(small)


def test_a_damaged_configuration(small: Path) -> None:
    put(small, ".git/config", "[core\n")
    with pytest.raises(GitError, match="configuration is damaged"):
        Repository.open(small)


def test_git_can_be_stopped(shared: Path) -> None:
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(GitStoppedError):
        Repository.open(shared / "staged").changes(STAGED, cancel)


def test_a_patch_is_no_matter_of_the_repository(shared: Path) -> None:
    with pytest.raises(GitError, match="standard input"):
        changes(shared / "staged", "patch")
    data = git(shared / "staged", "diff", "--cached", "--full-index", *OPTIONS)
    brought = patch_changes(data)
    assert brought.scope.kind is ScopeKind.PATCH
    assert [file.path for file in brought.files] == [file.path for file in changes(shared / "staged").files]
    assert patch_changes(b"no patch").files == ()

import os
import random
from collections.abc import Iterable
from pathlib import Path

import pytest

from termcoder import edits
from termcoder.diffs.model import FileDiff, Kind, Scope, ScopeKind, Status
from termcoder.diffs.selecting import all_rows, patch_of, why_whole
from termcoder.edits.undo import UndoStore
from termcoder.errors import ChangedFileError, EditError, GitError
from termcoder.repository.repository import Repository
from termcoder.repository.staging import discard, revert, stage, unstage
from tests.repository import samples
from tests.repository.samples import LINES, git, lines, others, put

STAGED, WORKTREE = Scope(), Scope(ScopeKind.WORKTREE)
SAMPLE = ["several", "windows", "has none", "not utf-8", "odd ends", "like a diff", "new", "gone", "latin-\udce9"]


def entries(folder: Path) -> list[bytes]:
    return git(folder, "ls-files", "-s", "-z").split(b"\0")


def files_of(folder: Path, scope: Scope = WORKTREE) -> dict[str, FileDiff]:
    return {file.path: file for file in Repository.open(folder).changes(scope).files}


def some_rows(file: FileDiff, seed: int) -> set[tuple[int, int]]:
    rows = sorted(all_rows(file))
    return set(random.Random(seed).sample(rows, (len(rows) + 1) // 2))


def order(files: Iterable[FileDiff]) -> list[FileDiff]:
    """Deleted files first, so that a folder can take the place of a file."""
    return sorted(files, key=lambda file: file.status is not Status.DELETED)


def test_staging_every_file_does_what_git_add_does(worktree: Path, shared: Path) -> None:
    repository = Repository.open(worktree)
    for file in order(repository.changes(WORKTREE).files):
        change = stage(repository, file)
        assert file.path in change.paths
    assert entries(worktree) == entries(shared / "staged")
    assert repository.changes(WORKTREE).files == ()


def test_unstaging_every_file_leaves_what_the_last_commit_has(staged: Path) -> None:
    repository = Repository.open(staged)
    disk = {path: path.read_bytes() for path in staged.rglob("*") if path.is_file() and ".git" not in path.parts}
    before = entries(staged)
    changes = repository.changes(STAGED).files
    done = [unstage(repository, file) for file in changes if file.path != "file to folder/inner"]
    assert git(staged, "diff", "--cached", "--name-only") == b""
    assert len(done) > 50
    for change in reversed(done):
        revert(repository, change)
    assert entries(staged) == before
    assert all(path.read_bytes() == data for path, data in disk.items())


def test_staging_and_unstaging_is_taken_back(worktree: Path) -> None:
    repository = Repository.open(worktree)
    files = files_of(worktree)
    before = entries(worktree)
    names = ("several", "new", "gone", "link", "mode", "binary", "sub", "renamed to", "file to link", "new\nline")
    for change in reversed([stage(repository, files[name]) for name in names]):
        again = revert(repository, revert(repository, change))
        revert(repository, again)
    assert entries(worktree) == before
    assert files_of(worktree) == files


def test_staging_rows_does_what_git_apply_does(worktree: Path) -> None:
    repository = Repository.open(worktree)
    files = files_of(worktree)
    for name in SAMPLE:
        file, rows = files[name], some_rows(files[name], len(name))
        change = stage(repository, file, rows)
        staged = entries(worktree)
        revert(repository, change)
        if file.status is Status.ADDED:
            git(worktree, "rm", "-q", "--cached", "--", name)
        git(worktree, "apply", "--cached", "-", data=patch_of(file, rows))
        assert entries(worktree) == staged


def test_unstaging_rows_leaves_the_others(staged: Path) -> None:
    repository = Repository.open(staged)
    files = files_of(staged, STAGED)
    for name in SAMPLE:
        file, rows = files[name], some_rows(files[name], len(name))
        unstage(repository, file, rows)
        after = entries(staged)
        git(staged, "reset", "-q", "--", os.fsencode(name))
        if patch := patch_of(file, all_rows(file) - rows):
            git(staged, "apply", "--cached", "-", data=patch)
        assert after == entries(staged)


def test_all_rows_of_a_file_are_the_file(worktree: Path) -> None:
    repository = Repository.open(worktree)
    files = files_of(worktree)
    before = files_of(worktree, STAGED)
    for name in ("gone", "new", "several", "link", "file to link"):
        stage(repository, files[name], all_rows(files[name]))
        assert name not in files_of(worktree)
    staged = files_of(worktree, STAGED)
    assert [staged[name].status for name in ("gone", "new", "link", "file to link")] == ["D", "A", "M", "T"]
    for name in ("gone", "new", "several", "link", "file to link"):
        unstage(repository, staged[name], all_rows(staged[name]))
    assert files_of(worktree, STAGED) == before


def test_a_repository_with_the_longer_hash(tmp_path: Path) -> None:
    folder = samples.change(samples.build(tmp_path / "sha256", "--object-format=sha256"))
    repository = Repository.open(samples.mean(folder))
    before, files = entries(folder), files_of(folder)
    for name in ("several", "new", "gone"):
        revert(repository, stage(repository, files[name]))
        stage(repository, files[name], some_rows(files[name], 1))
    for file in files_of(folder, STAGED).values():
        unstage(repository, file)
    samples.mean(folder)
    assert entries(folder) == before


def test_rows_come_without_the_mode(worktree: Path) -> None:
    file = files_of(worktree)["mode and text"]
    stage(Repository.open(worktree), file, all_rows(file))
    left = files_of(worktree)["mode and text"]
    assert (left.hunks, left.mode_old, left.mode_new) == ((), "100755", "100644")


@pytest.mark.parametrize("name", ["link", "file to link", "sub"])
def test_what_has_no_parts_is_taken_whole(worktree: Path, name: str) -> None:
    file = files_of(worktree)[name]
    with pytest.raises(EditError, match="no parts"):
        stage(Repository.open(worktree), file, {(0, 0)})


def test_staging_is_refused_where_the_disk_has_changed(worktree: Path) -> None:
    repository = Repository.open(worktree)
    files = files_of(worktree)
    before = entries(worktree)
    put(worktree, "several", lines(1))
    put(worktree, "edited", lines(of=others(100)))
    (worktree / "mode").chmod(0o644)
    put(worktree, "gone", "there again\n")
    for name in ("several", "edited", "mode", "gone"):
        for take in (stage, discard):
            with pytest.raises(ChangedFileError, match="another on the disk"):
                take(repository, files[name])
    assert entries(worktree) == before


def test_staging_is_refused_where_the_index_has_changed(worktree: Path) -> None:
    repository = Repository.open(worktree)
    files = files_of(worktree)
    git(worktree, "add", "several")
    with pytest.raises(ChangedFileError):
        stage(repository, files["several"])
    change = stage(repository, files["edited"])
    put(worktree, "edited", "something else\n")
    git(worktree, "add", "edited")
    with pytest.raises(ChangedFileError, match="something else of it"):
        revert(repository, change)


def test_unstaging_is_refused_where_the_index_or_the_commit_has_changed(staged: Path) -> None:
    repository = Repository.open(staged)
    files = files_of(staged, STAGED)
    put(staged, "several", "another\n")
    git(staged, "add", "several")
    git(staged, "rm", "-q", "--cached", "new")
    for name in ("several", "new"):
        with pytest.raises(ChangedFileError, match="index holds something else"):
            unstage(repository, files[name])
    git(staged, "commit", "-q", "-m", "next")
    with pytest.raises(ChangedFileError, match="last commit"):
        unstage(repository, files["edited"])


def test_a_conflict_is_refused(conflict: Path) -> None:
    repository = Repository.open(conflict)
    before = entries(conflict)
    for file in repository.changes(WORKTREE).files:
        for take in (stage, discard):
            with pytest.raises(EditError, match="conflict") as raised:
                take(repository, file)
            assert "git add" in raised.value.remedy
    for file in repository.changes(STAGED).files:
        if file.status is Status.UNMERGED:
            with pytest.raises(EditError, match="conflict"):
                unstage(repository, file)
    assert entries(conflict) == before


def test_the_lock_of_another_git_is_told(worktree: Path) -> None:
    repository = Repository.open(worktree)
    file = files_of(worktree)["edited"]
    (worktree / ".git" / "index.lock").touch()
    with pytest.raises(GitError, match="Another git is at work") as raised:
        stage(repository, file)
    assert "remove that file" in raised.value.remedy


def test_flags_of_an_entry_are_kept(small: Path) -> None:
    put(small, "file", "one\ntwo\nthree\n")
    git(small, "add", "file")
    git(small, "update-index", "--assume-unchanged", "file")
    git(small, "update-index", "--skip-worktree", "file")
    unstage(Repository.open(small), files_of(small, STAGED)["file"])
    assert git(small, "ls-files", "-v", "file") == b"s file\n"


def test_line_ends_are_staged_as_git_keeps_them(small: Path, tmp_path: Path) -> None:
    git(small, "config", "core.autocrlf", "true")
    put(small, ".gitattributes", "id ident\nwide text working-tree-encoding=UTF-16\n")
    put(small, "id", "$Id$\na\n")
    put(small, "wide", "grüße\na\n".encode("utf-16"))
    git(small, "add", "-A")
    put(small, "file", "one\r\ntwo\r\nthree")
    put(small, "id", "$Id: 0123 $\nb\n")
    put(small, "wide", "grüße\nb\n".encode("utf-16"))
    other = samples.copied(small, tmp_path / "other")
    repository = Repository.open(small)
    for file in repository.changes(WORKTREE).files:
        stage(repository, file)
    git(other, "add", "-A")
    assert entries(small) == entries(other)


def test_line_ends_are_taken_back_as_they_are_on_the_disk(small: Path) -> None:
    git(small, "config", "core.autocrlf", "true")
    put(small, ".gitattributes", "id ident\n")
    put(small, "id", "$Id$\na\n")
    git(small, "add", "-A")
    put(small, "file", "ONE\r\ntwo\r\nthree\r\n")
    put(small, "id", "$Id: 0123 $\nb\n")
    files = files_of(small)
    repository = Repository.open(small)
    (change,) = discard(repository, files["file"]).changes
    assert (change.before, change.after) == ("ONE\r\ntwo\r\nthree\r\n", "one\r\ntwo\r\n")
    (change,) = discard(repository, files["file"], {(0, 0), (0, 1)}).changes
    assert change.after == "one\r\ntwo\r\nthree\r\n"
    (change,) = discard(repository, files["id"]).changes
    assert change.after == "$Id: 0123 $\na\n"
    (small / "file").unlink()
    (change,) = discard(repository, files_of(small)["file"]).changes
    assert (change.before, change.after) == (None, "one\r\ntwo\r\n")
    (change,) = discard(repository, files_of(small)["file"], {(0, 1)}).changes
    assert change.after == "two\r\n"


def test_discarding_every_file_leaves_what_the_index_has(worktree: Path) -> None:
    repository = Repository.open(worktree)
    undo = UndoStore(worktree)
    refused = set()
    contents = {file.path: file for file in repository.changes(WORKTREE).files}
    for file in contents.values():
        try:
            edits.apply(worktree, discard(repository, file), undo, "discard")
        except EditError as error:
            assert error.remedy
            refused.add(file.path)
    left = files_of(worktree)
    assert refused == {
        *("binary", "binary to text", "new binary", "sub", "mode"),
        *("link", "new link", "link gone", "link to file", "file to link", "gone executable"),
    }
    emptied = {name for name, file in left.items() if file.status is Status.DELETED and not file.hunks}
    assert set(left) - refused - emptied == {"mode and text"}
    assert (worktree / "windows").read_bytes() == lines(of=others(104)).replace("\n", "\r\n").encode()
    assert (worktree / "renamed from").read_text() == "".join(reversed(LINES))
    assert not (worktree / "new").exists()


def test_discarded_rows_can_be_had_back(worktree: Path) -> None:
    repository = Repository.open(worktree)
    undo = UndoStore(worktree)
    files = files_of(worktree)
    for name in ("several", "windows", "has none", "not utf-8", "odd ends"):
        file = files[name]
        before = (worktree / name).read_bytes()
        rows = some_rows(file, 1)
        edits.apply(worktree, discard(repository, file, rows), undo, "discard")
        after = (worktree / name).read_bytes()
        assert after != before
        undo.undo_last()
        assert (worktree / name).read_bytes() == before
        git(worktree, "apply", "--cached", "-", data=patch_of(file, all_rows(file) - rows))
        assert git(worktree, "show", f":{name}") == after


def test_a_file_whose_filter_is_not_run_is_refused(small: Path) -> None:
    git(small, "config", "filter.mine.clean", "cat")
    put(small, ".gitattributes", "file filter=mine\n")
    put(small, "file", "changed\n")
    file = files_of(small)["file"]
    for take in (stage, discard):
        with pytest.raises(EditError, match="its filter mine is not run") as raised:
            take(Repository.open(small), file)
        assert raised.value.remedy


def test_nothing_chosen_changes_nothing(worktree: Path) -> None:
    repository = Repository.open(worktree)
    before = entries(worktree)
    files = files_of(worktree)
    for name in ("several", "gone"):
        stage(repository, files[name], set())
    assert entries(worktree) == before
    (change,) = discard(repository, files["several"], set()).changes
    assert change.before == change.after
    assert why_whole(files["several"]) is None and files["several"].kind is Kind.TEXT

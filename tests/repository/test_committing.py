from pathlib import Path

import pytest

from termcoder.diffs.model import Scope, Status
from termcoder.errors import EditError, GitError
from termcoder.repository.committing import commit, hooks_of, recent_subjects, uncommit
from termcoder.repository.repository import Repository
from tests.repository import samples
from tests.repository.samples import git, put


def staged(folder: Path, text: str = "three\n") -> Repository:
    put(folder, "file", text)
    git(folder, "add", "file")
    return Repository.open(folder)


def head(folder: Path) -> str:
    return git(folder, "rev-parse", "HEAD").decode().strip()


def hook(folder: Path, name: str, script: str) -> Path:
    path = put(folder, f".git/hooks/{name}", f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def test_a_commit_holds_what_is_staged(small: Path) -> None:
    before = head(small)
    repository = staged(small)
    put(small, "file", "on the disk only\n")
    made = commit(repository, "\n  A subject é \n\n# kept\nbody\n\n\n")
    assert (made.id, made.parents, made.subject) == (head(small), (before,), "A subject é")
    assert git(small, "show", "-s", "--format=%B", "HEAD").decode() == "  A subject é\n\n# kept\nbody\n\n"
    assert git(small, "show", "HEAD:file") == b"three\n"
    assert repository.changes(Scope()).files == ()
    assert recent_subjects(repository, 2) == ["A subject é", "second"]


def test_a_commit_is_taken_back(small: Path) -> None:
    before, index = head(small), git(small, "ls-files", "-s")
    repository = staged(small)
    after = git(small, "ls-files", "-s")
    assert index != after
    uncommit(repository, commit(repository, "third"))
    assert (head(small), git(small, "ls-files", "-s")) == (before, after)
    assert [file.path for file in repository.changes(Scope()).files] == ["file"]


def test_the_first_commit_is_taken_back(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    folder.mkdir()
    git(folder, "init", "-q")
    repository = staged(folder)
    assert recent_subjects(repository, 5) == []
    made = commit(repository, "first")
    assert made.parents == ()
    uncommit(repository, made)
    git(folder, "rev-parse", "--verify", "-q", "HEAD", code=1)
    assert git(folder, "symbolic-ref", "HEAD") == b"refs/heads/main\n"
    assert [file.status for file in repository.changes(Scope()).files] == [Status.ADDED]


def test_only_the_last_commit_is_taken_back(small: Path) -> None:
    repository = staged(small)
    made = commit(repository, "third")
    git(small, "commit", "-q", "--allow-empty", "-m", "fourth")
    with pytest.raises(EditError, match="isn't the last"):
        uncommit(repository, made)
    git(small, "reset", "-q", "--soft", "HEAD~")
    uncommit(repository, made)


def test_what_is_all_of_a_detached_head_stays(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    folder.mkdir()
    git(folder, "init", "-q")
    repository = staged(folder)
    made = commit(repository, "first")
    git(folder, "checkout", "-q", "--detach")
    with pytest.raises(EditError, match="detached"):
        uncommit(repository, made)
    assert head(folder) == made.id


def test_a_merge_is_concluded_but_not_taken_back(conflict: Path, tmp_path: Path) -> None:
    folder = samples.copied(conflict, tmp_path / "copy")
    repository = Repository.open(folder)
    with pytest.raises(EditError, match="conflicts"):
        commit(repository, "merged")
    git(folder, "add", "-A")
    made = commit(repository, "merged")
    assert len(made.parents) == 2
    assert repository.changes(Scope()).notes == ()
    with pytest.raises(EditError, match="merge"):
        uncommit(repository, made)


@pytest.mark.parametrize(("message", "words"), [("", "empty"), (" \n\t\n", "empty"), ("a\0b", "NUL")])
def test_messages_that_are_refused(small: Path, message: str, words: str) -> None:
    before = head(small)
    with pytest.raises(EditError, match=words):
        commit(staged(small), message)
    assert head(small) == before


def test_nothing_staged(small: Path) -> None:
    put(small, "file", "changed\n")
    with pytest.raises(EditError, match="Nothing is staged") as raised:
        commit(Repository.open(small), "nothing")
    assert raised.value.remedy


def test_nobody_to_commit_as(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"):
        monkeypatch.delenv(name)
    git(small, "config", "user.useConfigOnly", "true")
    with pytest.raises(GitError, match="whose commit it is") as raised:
        commit(staged(small), "mine")
    assert "git config --global user.name" in raised.value.remedy


def test_hooks_only_run_where_they_are_allowed(small: Path) -> None:
    hook(small, "pre-commit", 'git add -A; test -n "$GIT_INDEX_FILE"')
    hook(small, "commit-msg", 'echo "checked" >> "$1"')
    hook(small, "post-merge", "exit 1")
    hook(small, "post-commit", "exit 0").chmod(0o644)
    put(small, "hooked", "h\n")
    repository = staged(small)
    assert hooks_of(repository) == ("pre-commit", "commit-msg")
    uncommit(repository, commit(repository, "without"))
    assert git(small, "status", "--porcelain", "hooked") == b"?? hooked\n"
    commit(repository, "with", hooks=True)
    assert git(small, "show", "-s", "--format=%B", "HEAD") == b"with\nchecked\n\n"
    assert git(small, "ls-files", "hooked") == b"hooked\n"


def test_a_hook_that_refuses_is_told(small: Path) -> None:
    hook(small, "pre-commit", "echo looking; echo 'the style is wrong' >&2; exit 1")
    before = head(small)
    with pytest.raises(GitError, match="the style is wrong") as refused:
        commit(staged(small), "refused", hooks=True)
    assert refused.value.__notes__ == ["looking\nthe style is wrong\n"]
    assert head(small) == before


def test_hooks_are_looked_for_where_the_settings_say(small: Path, tmp_path: Path) -> None:
    hook(small, "pre-commit", "exit 0")
    repository = Repository.open(small)
    git(small, "config", "core.hooksPath", "husky")
    assert hooks_of(repository) == ()
    put(small, "husky/pre-commit", "#!/bin/sh\n").chmod(0o755)
    assert hooks_of(repository) == ("pre-commit",)
    git(small, "config", "--unset", "core.hooksPath")
    git(small, "worktree", "add", "-q", "--detach", str(tmp_path / "linked"))
    assert hooks_of(Repository.open(tmp_path / "linked")) == ("pre-commit",)


def test_a_commit_is_signed_by_the_users_settings_only(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, code in (("theirs", 1), ("mine", 1)):
        put(tmp_path, name, f'#!/bin/sh\ntouch "{tmp_path / name}-ran"\nexit {code}\n').chmod(0o755)
    for key, value in {"commit.gpgSign": "true", "gpg.program": str(tmp_path / "theirs")}.items():
        git(small, "config", key, value)
    put(tmp_path, "settings", f"[gpg]\nprogram = {tmp_path / 'mine'}\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "settings"))
    monkeypatch.delenv("GIT_CONFIG_NOSYSTEM")
    repository = staged(small)
    uncommit(repository, commit(repository, "not signed"))
    put(tmp_path, "settings", f"[commit]\ngpgSign\n[gpg]\nprogram = {tmp_path / 'mine'}\n")
    with pytest.raises(GitError, match="can't be signed"):
        commit(repository, "signed")
    assert (tmp_path / "mine-ran").exists() and not (tmp_path / "theirs-ran").exists()
    git(small, "config", "commit.gpgSign", "false")
    commit(repository, "not signed here")


def test_a_bare_repository_is_not_committed_to(small: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--bare", str(small), "bare.git")
    repository = Repository.open(tmp_path / "bare.git")
    with pytest.raises(GitError, match="bare"):
        commit(repository, "x")
    assert recent_subjects(repository, 1) == ["second"]


def test_subjects_leave_merges_out(small: Path) -> None:
    git(small, "checkout", "-q", "-b", "side", "HEAD~")
    git(small, "commit", "-q", "--allow-empty", "-m", "side\n\nbody")
    git(small, "merge", "-q", "-m", "a merge", "main")
    assert sorted(recent_subjects(Repository.open(small), 10)) == ["first", "second", "side"]
    assert len(recent_subjects(Repository.open(small), 2)) == 2

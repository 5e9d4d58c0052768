import contextlib
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from termcoder.diffs.model import ChangeSet, Scope, ScopeKind
from termcoder.errors import TermcoderError
from termcoder.repository.committing import commit, hooks_of, recent_subjects, uncommit
from termcoder.repository.repository import Repository
from termcoder.repository.staging import discard, revert, stage, unstage
from termcoder.scratch import Scratch
from termcoder.workspace.listing import list_files
from tests.repository.hostile import Hostile
from tests.repository.samples import IDENTITY, git, put

MISSING = "f" * 40


@pytest.fixture
def hostile(tmp_path: Path) -> Hostile:
    made = Hostile(tmp_path / "home of evil")
    assert made.started() == set()
    return made


def plain(hostile: Hostile, *arguments: str, **environment: str) -> set[str]:
    """What starts when git is run as usual."""
    command = ["git", *arguments]
    variables = os.environ | IDENTITY | environment
    subprocess.run(
        command, cwd=hostile.folder, env=variables, stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    return hostile.started()


def test_each_trap_snaps_with_plain_git(hostile: Hostile) -> None:
    assert {"core fsmonitor", "sub fsmonitor"} <= plain(hostile, "status")
    several = ("--", "plain", "driven", "cleaned", "named", "included")
    assert {"diff driver", "diff external", "filter clean", "filter named", "included"} <= plain(
        hostile, "diff", *several
    )
    assert "filter process" in plain(hostile, "diff", "--no-ext-diff")
    assert "diff textconv" in plain(hostile, "diff", "--no-ext-diff", "--cached")
    assert "gpg" in plain(hostile, "log")
    assert {"gpg", "hook pre-commit"} <= plain(hostile, "commit", "-m", "x")
    assert {"promisor"} <= plain(hostile, "cat-file", "-p", MISSING)
    assert {"hook reference-transaction"} <= plain(hostile, "update-ref", "refs/heads/x", "HEAD")
    assert {"hook post-index-change"} <= plain(hostile, "update-index", "--refresh")
    assert {"core editor"} <= plain(hostile, "commit", "--no-gpg-sign", "--no-verify")
    for name, value in hostile.environment():
        if name == "GIT_EXTERNAL_DIFF":
            assert plain(hostile, "diff", *several, **{name: value}) >= {"variable GIT_EXTERNAL_DIFF"}
        if name == "GIT_TRACE":
            assert plain(hostile, "diff", **{name: value}) >= {"trace"}


def look_at_everything(repository: Repository, change_set: ChangeSet) -> None:
    for file in change_set.files:
        repository.old_text(change_set.scope, file)
        repository.new_text(change_set.scope, file)
    repository.texts([MISSING])
    with contextlib.suppress(TermcoderError):
        repository.text(MISSING)


def take_everything(repository: Repository, change_set: ChangeSet) -> int:
    done = 0
    for file in change_set.files:
        for take in (unstage,) if change_set.scope.kind is ScopeKind.STAGED else (discard, stage):
            with contextlib.suppress(TermcoderError):
                change = take(repository, file)
                done += 1
                if take is not discard:
                    revert(repository, revert(repository, change))
    return done


def test_nothing_is_started(hostile: Hostile, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in hostile.environment():
        monkeypatch.setenv(name, value)
    repository = Repository.open(hostile.folder)
    scopes = [Scope(kind, what) for kind, what in ((ScopeKind.COMMIT, "HEAD"), (ScopeKind.RANGE, "HEAD..HEAD"))]
    for scope in (Scope(), Scope(ScopeKind.WORKTREE), Scope(ScopeKind.BRANCH, "main"), *scopes):
        look_at_everything(repository, repository.changes(scope))
    for scope in (Scope(ScopeKind.COMMIT, MISSING), Scope(ScopeKind.RANGE, f"{MISSING}..HEAD")):
        with pytest.raises(TermcoderError):
            repository.changes(scope)
    assert take_everything(repository, repository.changes(Scope(ScopeKind.WORKTREE))) == 9
    assert take_everything(repository, repository.changes(Scope())) >= 3
    put(hostile.folder, "plain", "four\n")
    (change,) = (f for f in repository.changes(Scope(ScopeKind.WORKTREE)).files if f.path == "plain")
    stage(repository, change)
    made = commit(repository, "a message\n\n# not a comment\n")
    assert recent_subjects(repository, 5) == ["a message", "first"]
    assert {"pre-commit", "commit-msg", "reference-transaction"} <= set(hooks_of(repository))
    uncommit(repository, made)
    list_files(hostile.folder)
    with Scratch.create(hostile.folder):
        pass
    assert hostile.started() == set()


def test_an_attribute_file_of_the_settings_starts_nothing(hostile: Hostile) -> None:
    attributes = put(hostile.evil, "attributes", "* filter=cleaner diff=driver\n")
    git(hostile.folder, "config", "core.attributesFile", str(attributes))
    hostile.started()
    repository = Repository.open(hostile.folder)
    change_set = repository.changes(Scope(ScopeKind.WORKTREE))
    assert {file.skipped for file in change_set.files if file.path == "plain"} == {"its filter cleaner is not run"}
    take_everything(repository, replace(change_set, files=change_set.files[:3]))
    assert hostile.started() == set()


def test_hooks_run_where_they_are_allowed(hostile: Hostile) -> None:
    repository = Repository.open(hostile.folder)
    commit(repository, "with hooks", hooks=True)
    assert {"hook pre-commit", "hook commit-msg", "hook post-commit"} <= hostile.started()


def test_a_submodule_of_the_repository_starts_nothing(hostile: Hostile) -> None:
    repository = Repository.open(hostile.folder / "sub")
    assert repository.top == hostile.folder / "sub"
    assert [file.path for file in repository.changes(Scope(ScopeKind.WORKTREE)).files] == ["inner"]
    assert hostile.started() == set()


def test_git_is_not_taken_from_the_repository(hostile: Hostile, monkeypatch: pytest.MonkeyPatch) -> None:
    put(hostile.folder, "git", Path(hostile.mark("a git of its own")).read_text()).chmod(0o755)
    monkeypatch.setenv("PATH", f".{os.pathsep}{os.environ['PATH']}")
    assert plain(hostile, "status") == {"a git of its own"}
    repository = Repository.open(hostile.folder)
    repository.changes(Scope())
    list_files(hostile.folder)
    commit(repository, "with hooks", hooks=True)
    assert "a git of its own" not in hostile.started()

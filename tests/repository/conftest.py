"""Repositories that many tests share; those that change one take a copy."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.repository import samples
from tests.repository.samples import git


@pytest.fixture(autouse=True)
def identity(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in samples.IDENTITY.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="package")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """`worktree`: every kind of change on the disk; `staged`: the same in the index; `committed`: in a commit."""
    folder = tmp_path_factory.mktemp("repositories")
    changed = samples.change(samples.build(folder / "worktree"))
    staged = samples.copied(changed, folder / "staged")
    git(staged, "add", "-A")
    samples.mean(changed)
    committed = samples.copied(staged, folder / "committed")
    git(committed, "commit", "-q", "-m", "everything changes\n\nin every way")
    yield folder


@pytest.fixture
def worktree(shared: Path, tmp_path: Path) -> Path:
    return samples.copied(shared / "worktree", tmp_path / "worktree")


@pytest.fixture
def staged(shared: Path, tmp_path: Path) -> Path:
    return samples.copied(shared / "staged", tmp_path / "staged")


@pytest.fixture(scope="package")
def conflict(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return samples.conflict(tmp_path_factory.mktemp("conflict") / "repository")


@pytest.fixture(scope="package")
def _small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small") / "repository"
    folder.mkdir()
    git(folder, "init", "-q")
    for text, subject in (("one\n", "first"), ("one\ntwo\n", "second")):
        samples.put(folder, "file", text)
        git(folder, "add", "-A")
        git(folder, "commit", "-q", "-m", subject)
    return folder


@pytest.fixture
def small(_small: Path, tmp_path: Path) -> Path:
    """Two commits and nothing else."""
    return samples.copied(_small, tmp_path / "small")

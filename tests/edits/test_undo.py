from pathlib import Path

import pytest

from termcoder.edits import FileChange, Patch, UndoStore, apply
from termcoder.edits.undo import KEPT
from termcoder.errors import ChangedFileError, EditError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "a").write_text("0")
    (folder / "b").write_text("0")
    return folder


@pytest.fixture
def undo(root: Path) -> UndoStore:
    return UndoStore(root)


def step(root: Path, undo: UndoStore, number: int) -> None:
    changes = tuple(FileChange(name, f"{number - 1}", f"{number}") for name in "ab")
    apply(root, Patch(changes), undo, f"step {number}")


def texts(root: Path) -> list[str]:
    return [(root / name).read_text() for name in "ab"]


def test_changes_are_taken_back_in_turn_and_made_again(root: Path, undo: UndoStore) -> None:
    for number in (1, 2, 3):
        step(root, undo, number)
    assert [undo.undo_last().label for _ in range(3)] == ["step 3", "step 2", "step 1"]
    assert texts(root) == ["0", "0"]
    with pytest.raises(EditError, match="no change to take back"):
        undo.undo_last()
    assert [undo.redo().label for _ in range(3)] == ["step 1", "step 2", "step 3"]
    assert texts(root) == ["3", "3"]
    with pytest.raises(EditError, match="no change to make again"):
        undo.redo()


def test_a_new_change_ends_what_can_be_made_again(root: Path, undo: UndoStore) -> None:
    step(root, undo, 1)
    undo.undo_last()
    step(root, undo, 1)
    with pytest.raises(EditError):
        undo.redo()
    assert undo.undo_last().label == "step 1"


def test_a_file_changed_since_refuses_all(root: Path, undo: UndoStore) -> None:
    step(root, undo, 1)
    (root / "b").write_text("by hand")
    with pytest.raises(ChangedFileError, match="'b'"):
        undo.undo_last()
    assert texts(root) == ["1", "by hand"]
    (root / "b").write_text("1")
    undo.undo_last()
    (root / "a").unlink()
    with pytest.raises(ChangedFileError, match="'a'"):
        undo.redo()
    assert (root / "b").read_text() == "0"


def test_what_was_half_made_when_the_program_died_is_taken_back(root: Path, undo: UndoStore) -> None:
    step(root, undo, 1)
    (root / "b").write_text("0")
    undo.undo_last()
    assert texts(root) == ["0", "0"]


def test_the_last_ones_are_kept(root: Path, undo: UndoStore) -> None:
    for number in range(1, KEPT + 3):
        step(root, undo, number)
    assert len(list(undo.folder.glob("*.json"))) == KEPT
    last = undo.last()
    assert last is not None
    assert last.label == f"step {KEPT + 2}"


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"\xff", b'{"version": 2}', b'{"version": 1, "files": [1]}'])
def test_a_damaged_record_is_passed_over(root: Path, undo: UndoStore, content: bytes) -> None:
    step(root, undo, 1)
    (undo.folder / "99999999999999999999-x.json").write_bytes(content)
    assert undo.undo_last().label == "step 1"


def test_projects_don_t_share_changes(root: Path, undo: UndoStore, tmp_path: Path) -> None:
    step(root, undo, 1)
    other = tmp_path / "other" / "project"
    other.mkdir(parents=True)
    assert UndoStore(other).last() is None

import codecs
import os
import stat
from pathlib import Path

import pytest

from termcoder import atomic, paths
from termcoder.edits import FileChange, Patch, UndoStore, apply
from termcoder.errors import ChangedFileError, EditError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "My Project"
    folder.mkdir()
    return folder.resolve()


@pytest.fixture
def undo(root: Path) -> UndoStore:
    return UndoStore(root)


def patch(*changes: tuple[str, str | None, str | None]) -> Patch:
    return Patch(tuple(FileChange(*change) for change in changes))


def content(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def test_files_are_changed_created_and_removed_and_all_comes_back(root: Path, undo: UndoStore) -> None:
    (root / "a.py").write_bytes(b"one\r\n")
    (root / "old").mkdir()
    (root / "old" / "b.py").write_bytes(b"gone")
    (root / "old" / "b.py").chmod(0o755)
    before = content(root)
    done = apply(
        root,
        patch(("a.py", "one\r\n", "two\r\n"), ("x/y/new.py", None, "new"), ("old/b.py", "gone", None)),
        undo,
        "Fix",
    )
    assert done.label == "Fix"
    assert done.paths == ("a.py", "x/y/new.py", "old/b.py")
    after = content(root)
    assert after == {"a.py": b"two\r\n", "x/y/new.py": b"new"}
    assert not (root / "old").exists()
    assert UndoStore(root).undo_last().paths == done.paths  # as after a restart
    assert content(root) == before
    assert stat.S_IMODE((root / "old" / "b.py").stat().st_mode) == 0o755
    assert not (root / "x").exists()
    assert undo.redo().label == "Fix"
    assert content(root) == after


@pytest.mark.parametrize("mode", [0o755, 0o640, 0o600])
def test_the_mode_stays(root: Path, undo: UndoStore, mode: int) -> None:
    (root / "a").write_text("x")
    (root / "a").chmod(mode)
    apply(root, patch(("a", "x", "y")), undo, "")
    assert stat.S_IMODE((root / "a").stat().st_mode) == mode
    undo.undo_last()
    assert stat.S_IMODE((root / "a").stat().st_mode) == mode


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (b"", "utf-8"),
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
        (b"", "windows-1252"),
    ],
)
def test_the_encoding_and_the_mark_stay(root: Path, undo: UndoStore, mark: bytes, encoding: str) -> None:
    (root / "a").write_bytes(mark + "naïve €\r\n".encode(encoding))
    apply(root, patch(("a", "naïve €\r\n", "naïf €\r\n")), undo, "")
    assert (root / "a").read_bytes() == mark + "naïf €\r\n".encode(encoding)


def test_what_the_encoding_can_t_write_is_refused(root: Path, undo: UndoStore) -> None:
    (root / "a").write_bytes("café".encode("windows-1252"))
    with pytest.raises(EditError, match="windows-1252, which has no '日'"):
        apply(root, patch(("a", "café", "日本")), undo, "")
    assert undo.last() is None


def test_a_file_that_was_changed_is_refused_and_no_other_is_written(root: Path, undo: UndoStore) -> None:
    (root / "a").write_text("a")
    (root / "b").write_text("someone else's")
    with pytest.raises(ChangedFileError, match="'b' can't be changed"):
        apply(root, patch(("a", "a", "A"), ("b", "b", "B")), undo, "")
    assert content(root) == {"a": b"a", "b": b"someone else's"}
    assert undo.last() is None


def test_files_that_are_not_what_they_were_are_refused(root: Path, undo: UndoStore, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "f").write_text("x")
    (root / "folder").mkdir()
    (root / "there").write_text("y")
    (root / "binary").write_bytes(b"x\0")
    (root / "leads-out").symlink_to(outside / "f")
    (root / "folder-out").symlink_to(outside)
    os.mkfifo(root / "pipe")
    (root / ".git").mkdir()
    (root / ".git" / "config").write_text("x")
    names = [
        "missing",
        "folder",
        "binary",
        "leads-out",
        "folder-out/f",
        "pipe",
        ".git/config",
        "../outside/f",
        "/etc/x",
    ]
    for name in names:
        with pytest.raises(ChangedFileError):
            apply(root, patch((name, "x", "y")), undo, "")
    for name in ["there", "folder", "folder-out/new", ".git/hooks/x", "there/below"]:
        with pytest.raises(ChangedFileError):
            apply(root, patch((name, None, "y")), undo, "")
    assert (outside / "f").read_text() == "x"
    assert os.listdir(outside) == ["f"]


def test_a_link_inside_the_project_stays_a_link(root: Path, undo: UndoStore) -> None:
    (root / "real").write_text("x")
    (root / "link").symlink_to("real")
    apply(root, patch(("link", "x", "y")), undo, "")
    assert (root / "link").is_symlink()
    assert (root / "real").read_text() == "y"
    with pytest.raises(EditError, match="same file"):
        apply(root, patch(("link", "y", "z"), ("real", "y", "a")), undo, "")


def test_a_hard_link_is_refused(root: Path, undo: UndoStore) -> None:
    (root / "a").write_text("x")
    os.link(root / "a", root / "b")
    with pytest.raises(EditError, match="hard links"):
        apply(root, patch(("a", "x", "y")), undo, "")


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes where it likes")
def test_what_is_protected_is_refused(root: Path, undo: UndoStore) -> None:
    (root / "a").write_text("x")
    (root / "a").chmod(0o444)
    with pytest.raises(EditError, match="write-protected"):
        apply(root, patch(("a", "x", "y")), undo, "")
    (root / "a").chmod(0o644)
    root.chmod(0o555)
    with pytest.raises(EditError, match="its folder"):
        apply(root, patch(("a", "x", "y")), undo, "")
    root.chmod(0o755)


@pytest.mark.parametrize("failing", [1, 2, 3])
def test_a_failure_in_between_leaves_everything_as_it_was(
    root: Path, undo: UndoStore, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    for name in "abc":
        (root / name).write_text(name)
    before = content(root)
    real, calls = atomic.write_in, iter(range(1, 100))

    def fails_once(folder: int, name: str, data: bytes, mode: int | None, owner: tuple[int, int] | None = None) -> None:
        if next(calls) == failing:
            raise OSError(28, "No space left on device")
        real(folder, name, data, mode, owner)

    monkeypatch.setattr(atomic, "write_in", fails_once)
    with pytest.raises(EditError, match="No space left"):
        apply(root, patch(("a", "a", "A"), ("n/new", None, "N"), ("b", "b", None), ("c", "c", "C")), undo, "")
    assert content(root) == before
    assert sorted(os.listdir(root)) == ["a", "b", "c"]
    assert undo.last() is None


def test_a_change_is_written_down_privately_beside_the_sessions(root: Path, undo: UndoStore) -> None:
    (root / "a").write_text("x")
    apply(root, patch(("a", "x", "y")), undo, "Fix it")
    record = undo.last()
    assert record is not None
    assert record.file.parent == paths.edits_dir() / paths.project_folder(root)
    assert stat.S_IMODE(record.file.stat().st_mode) == 0o600
    assert stat.S_IMODE(record.file.parent.stat().st_mode) == 0o700
    assert (record.label, record.paths, record.undone) == ("Fix it", ("a",), False)


def test_nothing_is_changed_where_it_can_t_be_written_down(root: Path, undo: UndoStore) -> None:
    (root / "a").write_text("x")
    paths.data_dir().mkdir(parents=True)
    paths.edits_dir().write_text("in the way")
    with pytest.raises(EditError, match="undoing needs"):
        apply(root, patch(("a", "x", "y")), undo, "")
    assert (root / "a").read_text() == "x"


def test_a_patch_without_a_change_is_none(root: Path, undo: UndoStore) -> None:
    (root / "a").write_text("x")
    assert apply(root, patch(("a", "x", "x")), undo, "").paths == ()
    assert undo.last() is None

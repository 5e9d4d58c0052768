from hypothesis import given
from hypothesis import strategies as st

from termcoder.diffs.model import Kind, Status
from termcoder.repository import listing
from termcoder.repository.listing import DISAGREEING, Listed, disagree, files_of, read

IDS = st.binary(min_size=20, max_size=20).map(bytes.hex).filter(lambda text: text.strip("0"))
NAMES = st.binary(min_size=1, max_size=12).filter(lambda name: b"\0" not in name)
PATCH = b"diff --git a/f b/f\nindex 1..2 100644\n--- a/f\n+++ b/f\n@@ -1 +1 @@\n-a\n+b\n"


@st.composite
def listed(draw: st.DrawFn) -> Listed:
    status = draw(st.sampled_from([Status.ADDED, Status.DELETED, Status.MODIFIED, Status.RENAMED, Status.COPIED]))
    moved = status in (Status.RENAMED, Status.COPIED)
    is_binary = draw(st.booleans())
    counts = (None, None) if is_binary else (draw(st.integers(0, 9999)), draw(st.integers(0, 9999)))
    return Listed(
        path=draw(NAMES).decode("utf-8", "surrogateescape"),
        status=status,
        modes=(
            "000000" if status is Status.ADDED else draw(st.sampled_from(["100644", "120000"])),
            "000000" if status is Status.DELETED else draw(st.sampled_from(["100644", "160000"])),
        ),
        ids=(
            None if status is Status.ADDED else draw(IDS),
            None if status is Status.DELETED else draw(IDS),
        ),
        old_path=draw(NAMES).decode("utf-8", "surrogateescape") if moved else None,
        similarity=draw(st.integers(0, 100)) if moved else None,
        binary=is_binary,
        added=counts[0],
        deleted=counts[1],
    )


def printed(files: list[Listed], patch: bytes) -> bytes:
    """What git prints of them."""
    raw, counts = [], []
    for file in files:
        old, new = (each or "0" * 40 for each in file.ids)
        status = file.status.value + (f"{file.similarity:03}" if file.similarity is not None else "")
        names = [file.old_path, file.path] if file.old_path is not None else [file.path]
        raw.append("\0".join([f":{file.modes[0]} {file.modes[1]} {old} {new} {status}", *names]))
        added, deleted = ("-", "-") if file.binary else (file.added, file.deleted)
        counts.append(f"{added}\t{deleted}\t" + ("\0" + "\0".join(names) if len(names) == 2 else file.path))
    text = "".join(f"{line}\0" for line in (*raw, *counts))
    return text.encode("utf-8", "surrogateescape") + (b"\0" + patch if files else b"")


@given(st.lists(listed(), max_size=6, unique_by=lambda file: file.path), st.binary(max_size=40))
def test_lists_are_read_whatever_the_names_are(files: list[Listed], patch: bytes) -> None:
    found = read(printed(files, patch))
    assert list(found.listed) == files
    assert found.patch == (patch if files else b"")


def of_f(**changed: object) -> Listed:
    values = {"path": "f", "status": Status.MODIFIED, "modes": ("100644", "100644"), "ids": ("1" * 40, "2" * 40)}
    return Listed(**{**values, **changed})  # type: ignore[arg-type]


def test_names_come_from_the_lists_and_hunks_from_the_patch() -> None:
    (file,) = files_of(read(printed([of_f(added=1, deleted=1)], PATCH)))
    assert (file.path, file.old_id, file.new_id) == ("f", "1" * 40, "2" * 40)
    assert file.hunks[0].rows == (("-", "a\n"), ("+", "b\n"))
    assert file.skipped is None


def test_hunks_that_differ_from_the_counts_are_told() -> None:
    files = files_of(read(printed([of_f(added=2, deleted=1)], PATCH)))
    assert disagree(files) and files[0].skipped == DISAGREEING
    files = files_of(read(printed([of_f(added=2, deleted=1)], b"")))
    assert disagree(files) and files[0].hunks == ()


def test_files_that_were_only_touched_are_left_out() -> None:
    touched = of_f(ids=("1" * 40, "0" * 40), binary=True)
    assert files_of(read(printed([touched], b""))) == ()
    assert files_of(read(printed([of_f(ids=("1" * 40, "0" * 40), added=1, deleted=0)], b"")))[0].skipped == DISAGREEING


def test_kinds_come_from_modes_and_counts() -> None:
    files = files_of(read(printed([of_f(modes=("100644", "160000"), added=1, deleted=1)], PATCH)))
    assert (files[0].kind, files[0].skipped) == (Kind.SUBMODULE, "submodule")
    files = files_of(read(printed([of_f(binary=True)], b"diff --git a/f b/f\nBinary files a/f and b/f differ\n")))
    assert (files[0].kind, files[0].skipped) == (Kind.BINARY, "binary file")


def test_of_two_entries_the_conflict_counts() -> None:
    unmerged = b":000000 100644 " + b"0" * 40 + b" " + b"0" * 40 + b" U\0f\0"
    output = unmerged + printed([of_f(added=1, deleted=1)], b"* Unmerged path f\n" + PATCH)
    (file,) = files_of(read(output))
    assert (file.status, file.old_id) == (Status.UNMERGED, None)


def test_nothing_is_nothing() -> None:
    assert files_of(read(b"")) == ()
    assert listing.read(b"").listed == ()

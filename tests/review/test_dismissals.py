"""Dismissals: kept for a project, private, shared by programs that run at once, and never in the way."""

import json
import multiprocessing
from pathlib import Path

import pytest

from termcoder.errors import TermcoderError
from termcoder.review import dismissals as module
from termcoder.review.dismissals import Dismissals
from tests.review.samples import finding

ONE, OTHER = finding(quoted="x = 1"), finding(quoted="y = 2")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    return folder


def test_what_is_dismissed_stays_so_wherever_its_line_moves_and_after_a_restart(root: Path) -> None:
    Dismissals(root).add(ONE)
    later = Dismissals(root)
    assert later.has(ONE)
    assert later.has(finding(quoted="  x  = 1", line=99, title="Told in other words"))
    assert not later.has(OTHER)


def test_a_dismissal_can_be_taken_back(root: Path) -> None:
    dismissals = Dismissals(root)
    dismissals.add(ONE)
    dismissals.add(OTHER)
    dismissals.remove(ONE)
    dismissals.remove(ONE)
    assert (dismissals.has(ONE), dismissals.has(OTHER)) == (False, True)


def test_what_was_never_dismissed_makes_no_file(root: Path) -> None:
    dismissals = Dismissals(root)
    dismissals.remove(ONE)
    assert not dismissals.has(ONE)
    assert not dismissals.file.exists()


def test_projects_have_files_of_their_own(root: Path, tmp_path: Path) -> None:
    Dismissals(root).add(ONE)
    assert not Dismissals(tmp_path).has(ONE)


def test_two_at_once_see_each_other(root: Path) -> None:
    left, right = Dismissals(root), Dismissals(root)
    left.add(ONE)
    assert right.has(ONE)
    right.add(OTHER)
    assert left.has(OTHER) and left.has(ONE)


def test_the_file_is_private_and_tells_people_what_is_in_it(root: Path) -> None:
    dismissals = Dismissals(root)
    dismissals.add(finding(title="T" * 500))
    assert dismissals.file.stat().st_mode & 0o777 == 0o600
    assert dismissals.file.parent.stat().st_mode & 0o777 == 0o700
    (entry,) = json.loads(dismissals.file.read_bytes())["dismissed"].values()
    assert entry["title"] == "T" * module.TITLE_CHARS
    assert entry["path"] == "app.py"
    assert entry["time"].startswith("20")


def test_the_oldest_go_and_what_is_dismissed_anew_is_the_newest(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT", 3)
    dismissals = Dismissals(root)
    made = [finding(quoted=str(number)) for number in range(4)]
    for each in (*made[:3], made[0], made[3]):
        dismissals.add(each)
    assert [dismissals.has(each) for each in made] == [True, False, True, True]


@pytest.mark.parametrize(
    "content",
    [b"{", b"[]", b'{"version": 1}', b'{"version": 1, "dismissed": {"a": 1}}', b'{"version": 9}', b"\xff", b"[" * 9999],
)
def test_a_damaged_file_dismisses_nothing_and_is_set_aside(root: Path, content: bytes) -> None:
    dismissals = Dismissals(root)
    dismissals.add(ONE)
    dismissals.file.write_bytes(content)
    assert not dismissals.has(ONE)
    assert dismissals.file.read_bytes() == content
    dismissals.add(OTHER)
    assert dismissals.has(OTHER)
    assert dismissals.file.with_name(f"{dismissals.file.name}.damaged").read_bytes() == content


def test_a_second_damaged_file_does_not_replace_the_first(root: Path) -> None:
    dismissals = Dismissals(root)
    for content in (b"one", b"two"):
        dismissals.add(ONE)
        dismissals.file.write_bytes(content)
    dismissals.add(ONE)
    assert sorted(file.read_bytes() for file in dismissals.file.parent.glob("*.damaged*")) == [b"one", b"two"]


def test_what_can_not_be_written_is_told(root: Path, isolated_home: Path) -> None:
    data = isolated_home / ".local" / "share"
    data.parent.mkdir()
    data.write_text("in the way")
    dismissals = Dismissals(root)
    assert not dismissals.has(ONE)
    with pytest.raises(TermcoderError, match="can't be written") as told:
        dismissals.add(ONE)
    assert told.value.remedy


def test_a_title_with_what_is_no_character_is_kept(root: Path) -> None:
    odd = finding(title="a\udcff\x00", path="b\udcff.py")
    Dismissals(root).add(odd)
    assert Dismissals(root).has(odd)


def add_some(root: Path, start: int) -> None:
    dismissals = Dismissals(root)
    for number in range(start, start + 10):
        dismissals.add(finding(quoted=str(number)))


def test_programs_that_run_at_once_lose_nothing(root: Path) -> None:
    context = multiprocessing.get_context("fork")
    programs = [context.Process(target=add_some, args=(root, start)) for start in (0, 10, 20)]
    for program in programs:
        program.start()
    for program in programs:
        program.join()
    dismissals = Dismissals(root)
    assert all(dismissals.has(finding(quoted=str(number))) for number in range(30))

"""Findings on changes that have moved."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from termcoder.diffs.model import ChangeSet, FileDiff, Hunk, Scope, Status
from termcoder.review.carrying import carried
from termcoder.review.finding import Category, Coverage, Finding, Review, Severity


def hunk(first: int, *added: str) -> Hunk:
    rows = ((" ", "before\n"), *(("+", f"{text}\n") for text in added))
    return Hunk(first, 1, first, len(rows), rows)


def changes(*files: tuple[str, tuple[Hunk, ...]]) -> ChangeSet:
    return ChangeSet(Scope(), tuple(FileDiff(path, Status.MODIFIED, hunks=hunks) for path, hunks in files))


def finding(line: int, quoted: str, path: str = "a.py", **places: int) -> Finding:
    return Finding(path, line, quoted, Severity.MAJOR, Category.BUG, quoted, "", **places)


def test_a_finding_follows_its_line() -> None:
    review = Review(Scope(), (finding(11, "x = 1"),), (finding(31, "y = 2", hunk=1),), Coverage(1, 1, 2, 2))
    now = changes(("first.py", (hunk(1, "new"),)), ("a.py", (hunk(20, "x  =  1"), hunk(50, "z", "y = 2"))))
    moved = carried(review, now)
    assert moved.findings == (finding(21, "x = 1", file=1),)
    assert moved.folded == (finding(52, "y = 2", file=1, hunk=1),)
    assert moved.coverage == review.coverage


def test_a_finding_without_its_line_goes_and_that_of_another_file_is_not_its() -> None:
    review = Review(Scope(), (finding(11, "x = 1"), finding(2, "y = 2", "gone.py")))
    assert carried(review, changes(("b.py", (hunk(10, "x = 1"),)), ("a.py", (hunk(10, "x = 2"),)))).findings == ()


def test_of_two_lines_the_nearer_one_is_it() -> None:
    now = changes(("a.py", (hunk(10, "pass"), hunk(90, "pass"))))
    assert carried(Review(Scope(), (finding(80, "pass"),)), now).findings == (finding(91, "pass", hunk=1),)


def test_a_removed_line_is_no_place() -> None:
    removed = Hunk(10, 2, 10, 1, ((" ", "before\n"), ("-", "x = 1\n")))
    assert carried(Review(Scope(), (finding(11, "x = 1"),)), changes(("a.py", (removed,)))).findings == ()


@given(st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=8), st.integers(0, 20))
def test_on_the_same_changes_everything_stays(texts: list[str], first: int) -> None:
    now = changes(("a.py", (hunk(first + 1, *texts),)))
    found = tuple(finding(first + 2 + at, text) for at, text in enumerate(texts))
    review = Review(Scope(), found)
    assert set(carried(review, now).findings) == {replace(each, file=0, hunk=0) for each in found}

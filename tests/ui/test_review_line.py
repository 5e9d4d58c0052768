"""The lines below the changes: what they say of a review in each of its states."""

from dataclasses import replace
from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.app import App, ComposeResult

from termcoder.diffs.model import ChangeSet, Scope, ScopeKind
from termcoder.review.finding import Coverage, Review, Severity
from termcoder.ui.widgets.review_line import ROWS, ReviewLine, ReviewState, clock, lines_of, rows_of, tally
from tests.ui.diff_host import change_set, finding

CHANGES = change_set()
REVIEW = Review(
    Scope(),
    (finding(42, Severity.CRITICAL), finding(7, Severity.MINOR)),
    (finding(8, Severity.NIT),),
    Coverage(
        5,
        3,
        4,
        4,
        (("a.lock", "ignored"), ("logo.png", "binary file"), ("b.lock", "ignored")),
        ("cart.py: the end of a hunk",),
    ),
    dropped=(("would not compile", 1), ("don't apply", 2)),
    model="/models/model",  # a folder: its last part is its name
    notes=("a merge is in progress",),
)


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (ReviewState(CHANGES), [("", "3 hunks in 2 files to review, 3 files aside. Press r.")]),
        (ReviewState(), []),
        (
            ReviewState(ChangeSet(Scope(), CHANGES.files[2:3])),
            [("", "Nothing here can be reviewed: 1 file without a line of text that changes.")],
        ),
        (
            ReviewState(CHANGES, activity="waiting for the model", since=10.0),
            [("busy", "waiting for the model · 1:05 · Esc stops")],
        ),
        (
            ReviewState(CHANGES, activity="reviewing", since=70.0, done=10, total=40),
            [("busy", "━━━━━╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌ 10 of 40 · reviewing · 0 findings · 0:05 · Esc stops")],
        ),
        (
            ReviewState(CHANGES, REVIEW),
            [
                ("", "2 findings: 1 critical, 1 minor · 3 of 5 files read, 4 of 4 hunks · model"),
                (
                    "note",
                    "1 finding folded (i) · 1 patch dropped: would not compile · 2 patches dropped: don't apply · "
                    "Not read: 2 files (ignored), logo.png (binary file) · "
                    "Left out: cart.py: the end of a hunk · a merge is in progress",
                ),
            ],
        ),
        (
            ReviewState(CHANGES, Review(Scope(), interrupted=True), stale=True, error="The engine died."),
            [
                ("error", "The engine died."),
                ("", "Not finished · no findings · it has changed since: r reviews it anew"),
            ],
        ),
        (
            ReviewState(CHANGES, said="Staged it.", marked=2),
            [
                ("said", "Staged it."),
                ("said", "2 lines chosen: s unstages them"),
                ("", "3 hunks in 2 files to review, 3 files aside. Press r."),
            ],
        ),
    ],
)
def test_lines(state: ReviewState, expected: list[tuple[str, str]]) -> None:
    assert lines_of(state, 75.0) == expected


def test_what_marks_are_for_depends_on_the_scope() -> None:
    for kind, what in (
        (ScopeKind.WORKTREE, "1 line chosen: s stages them, x takes them back on the disk"),
        (ScopeKind.COMMIT, "1 line chosen"),
    ):
        changes = replace(CHANGES, scope=Scope(kind))
        assert lines_of(ReviewState(changes, marked=1), 0.0)[0] == ("said", what)


def test_small_words() -> None:
    assert tally(()) == "no findings"
    assert tally((finding(1, Severity.NIT),)) == "1 finding: 1 nit"
    assert [clock(seconds) for seconds in (-1, 0, 59.9, 60, 3700)] == ["0:00", "0:00", "0:59", "1:00", "61:40"]


class Host(App[None]):
    def compose(self) -> ComposeResult:
        yield ReviewLine()


async def test_it_grows_to_some_rows_and_ticks_only_while_something_is_done() -> None:
    app = Host()
    async with app.run_test(size=(60, 40)) as pilot:
        line = app.query_one(ReviewLine)
        assert line.size.height == 1
        line.change(changes=CHANGES, review=REVIEW, said="x" * 500)
        await pilot.pause()
        assert line.size.height == ROWS
        assert line.rows(58)[-1][1].endswith("…")
        line.change(said="", review=None, activity="reviewing")
        await pilot.pause()
        assert line.size.height == 1
        assert line._timer is not None
        line.change(activity="")
        assert line._timer is None


@given(text=st.text(max_size=300), width=st.integers(8, 90), kind=st.sampled_from(["said", "error", "activity"]))
def test_whatever_is_told_stays_in_its_rows(text: str, width: int, kind: str) -> None:
    rows = rows_of(lines_of(ReviewState(CHANGES, REVIEW, **{kind: text}), 0.0), width, ROWS)
    assert 1 <= len(rows) <= ROWS
    assert all(cell_len(row) <= width for _, row in rows)
    assert not any(category(character) in ("Cc", "Cs") for _, row in rows for character in row)

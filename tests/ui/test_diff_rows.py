"""The rows of any change set: each line once, each finding once, and every row found again by what it is about."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from termcoder.diffs.model import FileDiff, Hunk, Status
from termcoder.review.finding import Finding, Severity
from termcoder.ui.widgets.diff_file import STEP, UNKNOWN, FileRows, Kind, in_order
from termcoder.ui.widgets.diff_rows import DiffRows, Spot
from tests.ui.diff_host import finding

SIGNS = st.lists(st.sampled_from([" ", " ", "-", "+"]), min_size=1, max_size=12)


def hunks_of(all_signs: list[list[str]], apart: int) -> tuple[Hunk, ...]:
    """Hunks with these signs, with so many lines between them."""
    made, old, new = [], 1 + apart, 1 + apart
    for signs in all_signs:
        rows = tuple((sign, f"{number}\n") for number, sign in enumerate(signs))
        old_lines, new_lines = sum(sign != "+" for sign in signs), sum(sign != "-" for sign in signs)
        made.append(Hunk(old - (not old_lines), old_lines, new - (not new_lines), new_lines, rows))
        old, new = old + old_lines + apart, new + new_lines + apart
    return tuple(made)


@st.composite
def files(draw: st.DrawFn) -> tuple[FileDiff, ...]:
    made = []
    for number in range(draw(st.integers(1, 3))):
        found = hunks_of(draw(st.lists(SIGNS, max_size=4)), draw(st.integers(0, 50)))
        made.append(FileDiff(f"{number}.py", Status.MODIFIED, hunks=found))
    return tuple(made)


@st.composite
def rows(draw: st.DrawFn) -> DiffRows:
    """A change set with findings, some things folded, others opened."""
    made = DiffRows(draw(files()), split=draw(st.booleans()))
    made.hides = draw(st.booleans())
    for file in made.files:
        lines = draw(st.lists(st.integers(1, 90), max_size=5))
        found = [finding(line, Severity(line % 4), title=f"{number}") for number, line in enumerate(lines)]
        kept = draw(st.integers(0, len(found)))
        file.take_findings(found[:kept], found[kept:])
        file.looked_at = {place for place in file.places if draw(st.booleans())}
        file.folded = draw(st.sampled_from([False, False, True]))
        if draw(st.booleans()):
            file.take_text("x\n" * 300)
            for gap in range(len(file.diff.hunks) + 1):
                file.open_gap(gap, draw(st.integers(0, STEP)), draw(st.integers(0, STEP)))
    made.rebuild(height)
    return made


def height(each: Finding) -> int:
    return 1 + int(each.title) % 3


@given(rows())
def test_every_row_is_found_again(made: DiffRows) -> None:
    assert [made.find(made.spot(row)) for row in range(len(made))] == [*range(len(made))]


@given(rows())
def test_every_row_of_a_hunk_and_every_finding_is_there_once(made: DiffRows) -> None:
    shown = [made[row] for row in range(len(made))]
    for number, file in enumerate(made.files):
        mine = [row for row in shown if row.file == number]
        assert mine[0].kind is Kind.FILE
        assert mine[1:] == [] if file.folded else True
        lines = [(row.hunk, row.at) for row in mine if row.kind is Kind.LINE]
        hidden = [(row.hunk, row.at + by) for row in mine if row.kind is Kind.HIDDEN for by in range(row.what)]
        wanted = [(hunk, at) for hunk in range(len(file.diff.hunks)) for at in range(file.line_count(hunk))]
        assert sorted(lines + hidden) == ([] if file.folded else wanted)
        noted = [row.what for row in mine if row.kind is Kind.FINDING and row.part == 0]
        kept = range(file.kept) if not file.folded else ()
        assert sorted(what for what in noted if what < file.kept) == [*kept]
        assert len(noted) == len({*noted})


@given(rows())
def test_rows_are_in_order_and_walked_in_both_directions(made: DiffRows) -> None:
    places = [(row.file, row.section, row.at) for row in (made[at] for at in range(len(made)))]
    assert all(first <= second for first, second in pairwise(places))
    for kind in (Kind.FILE, Kind.HUNK):
        there = [row for row in range(len(made)) if made[row].kind is kind]
        assert [*made.heads(kind, 0, 1)] == [row for row in there if row > 0]
        assert [*made.heads(kind, len(made) - 1, -1)] == [row for row in there if row < len(made) - 1][::-1]


@given(rows(), st.data())
def test_the_lines_from_one_row_to_another(made: DiffRows, data: st.DataObject) -> None:
    file = data.draw(st.integers(0, len(made.files) - 1))
    inside = st.integers(made.head(file), made.head(file) + made.size(file) - 1)
    first, last = sorted((data.draw(inside), data.draw(inside)))
    shown = (made[row] for row in range(first, last + 1))
    wanted = [(row.hunk, row.at) for row in shown if row.kind is Kind.LINE]
    assert [(hunk, line) for hunk, lines in made.lines(first, last) for line in lines] == wanted


@given(rows(), st.data())
def test_a_spot_that_is_gone_is_found_above_in_its_file(made: DiffRows, data: st.DataObject) -> None:
    row = data.draw(st.integers(0, len(made) - 1))
    spot = made.spot(row)
    for file in made.files:
        file.take_findings((), ())
        file.shown.clear()
        file.folded = data.draw(st.booleans())
    made.hides = data.draw(st.booleans())
    made.rebuild(height)
    found = made[made.find(spot)]
    assert found.file == spot.file
    at = made.files[spot.file].line_of(spot.section >> 1, spot.row) if spot.section % 2 else spot.row
    assert (found.section, found.at) <= (spot.section, at)


@given(rows())
def test_the_lines_between_hunks_have_every_number_once(made: DiffRows) -> None:
    for number, file in enumerate(made.files):
        if file.folded or file.text is None or not file.diff.hunks:
            continue
        numbers = [line for hunk in file.diff.hunks for line in hunk.new_numbers]
        for row in (made[at] for at in range(len(made))):
            if row.file == number and row.kind is Kind.BETWEEN:
                numbers.append(row.at)
            elif row.file == number and row.kind is Kind.GAP:
                numbers.extend(range(row.at, row.at + row.what))
        assert sorted(numbers) == [*range(1, len(file.text) + 1)]


@given(SIGNS)
def test_pairs_in_order_have_each_row_once(signs: list[str]) -> None:
    pairs = in_order([(sign, "") for sign in signs])
    assert sorted(left for left, _ in pairs if left is not None) == [at for at, sign in enumerate(signs) if sign != "+"]
    assert sorted(right for _, right in pairs if right is not None) == [
        at for at, sign in enumerate(signs) if sign != "-"
    ]


def test_what_is_behind_the_last_hunk_is_known_from_its_surroundings() -> None:
    around = [[" ", " ", " ", "+", " ", " ", " "], [" ", " ", " ", "-", " "]]
    ends = FileDiff("a", Status.MODIFIED, hunks=hunks_of(around, 9))
    goes_on = FileDiff("a", Status.MODIFIED, hunks=hunks_of(around[::-1], 9))
    assert [FileRows(diff).gap(2).lines for diff in (ends, goes_on)] == [0, UNKNOWN]
    assert FileRows(FileDiff("a", Status.ADDED, hunks=hunks_of([["+"]], 0))).gap(1).lines == 0


def test_a_rebuilt_file_moves_those_below() -> None:
    made = DiffRows([FileDiff(name, Status.MODIFIED, hunks=hunks_of([["+", "-"]], 0)) for name in "ab"])
    made.rebuild(height)
    assert (len(made), made.head(1), made.size(0)) == (10, 5, 5)
    made.files[0].folded = True
    made.rebuild(height, [0])
    assert (len(made), made.head(1), made.find(Spot(1))) == (6, 1, 1)

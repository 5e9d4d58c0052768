"""Lines beside each other, and the words that differ."""

import time

from hypothesis import given
from hypothesis import strategies as st

from termcoder.diffs.words import LONGEST_COMPARED, MOST_COMPARED, aligned, alike, changed_words, different

WORDS = st.lists(st.sampled_from(["if", "x", "==", " ", "\t", "value", "(", ")", "é", "\r", "\x0c"]), max_size=12)
ROWS = st.lists(st.tuples(st.sampled_from([" ", "-", "+", "-", "+"]), WORDS.map("".join)), max_size=30)


def rows_of(text: str) -> list[tuple[str, str]]:
    """Rows written as in a diff."""
    return [(line[0], line[1:]) for line in text.splitlines(keepends=True)]


def words_of(text: str) -> dict[str, list[str]]:
    """The words that are marked in each line."""
    rows = rows_of(text)
    return {
        "".join(rows[at]).rstrip("\n"): [rows[at][1][first:last] for first, last in spans]
        for at, spans in changed_words(rows)
    }


@given(ROWS)
def test_each_row_stands_once_on_its_side_in_order(rows: list[tuple[str, str]]) -> None:
    pairs = aligned(rows)
    left = [at for at, _ in pairs if at is not None]
    right = [at for _, at in pairs if at is not None]
    assert left == [at for at, (sign, _) in enumerate(rows) if sign != "+"]
    assert right == [at for at, (sign, _) in enumerate(rows) if sign != "-"]
    for one, other in pairs:
        if one is not None and rows[one][0] == " ":
            assert one == other


@given(ROWS)
def test_spans_lie_in_their_lines_in_order(rows: list[tuple[str, str]]) -> None:
    for at, spans in changed_words(rows):
        assert rows[at][0] != " "
        ends = [end for span in spans for end in span]
        assert ends == sorted(ends)
        assert all(first < last for first, last in spans)
        assert not spans or (spans[0][0] >= 0 and spans[-1][1] <= len(rows[at][1]))


@given(WORDS.map("".join), WORDS.map("".join))
def test_what_is_not_marked_is_the_same(old: str, new: str) -> None:
    kept = []
    for line, spans in zip((old, new), different(old, new), strict=True):
        marked = {at for first, last in spans for at in range(first, last)}
        kept.append("".join(character for at, character in enumerate(line) if at not in marked))
    assert kept[0] == kept[1]
    assert old != new or different(old, new) == ([], [])


def test_alike_lines_stand_beside_each_other() -> None:
    rows = rows_of(
        """\
 import os
-def area(width):
-    return width * width
-unused = 1
+# a rectangle
+def area(width, height):
+    # in metres
+    return width * height
 end
"""
    )
    assert aligned(rows) == [(0, 0), (None, 4), (1, 5), (None, 6), (2, 7), (3, None), (8, 8)]


def test_lines_that_are_not_alike_stand_in_order() -> None:
    assert aligned(rows_of("-one\n-two\n+drei\n a\n+b\n-c\n")) == [(0, 2), (1, None), (3, 3), (5, 4)]


def test_indentation_alone_does_not_part_lines() -> None:
    assert aligned(rows_of("-a = 1\n+if x:\n+    a = 1\n")) == [(None, 1), (0, 2)]


def test_the_most_common_text_decides() -> None:
    old = ["call(first, second)", "}"]
    new = ["}", "call(first, third)", "}"]
    assert alike(old, new) == [(0, 1), (1, 2)]
    assert alike([], new) == []
    assert alike(["x" * LONGEST_COMPARED + "y"], ["x" * LONGEST_COMPARED + "z"]) == []


def test_combined_rows_have_sides_too() -> None:
    rows = [("  ", "a"), ("- ", "x = 1"), (" -", "x = 2"), ("++", "x = 3"), ("+ ", "y")]
    assert aligned(rows) == [(0, 0), (1, 3), (2, 4)]


def test_changed_words_are_marked_on_both_sides() -> None:
    assert words_of("-total = price * 2\n+total = price * count\n same\n") == {
        "-total = price * 2": ["2"],
        "+total = price * count": ["count"],
    }
    assert words_of("-a = 1\n+while True:\n") == {}
    assert words_of("-a b\n+a  b\n") == {"-a b": [" "], "+a  b": ["  "]}


def test_lines_are_compared_as_they_are_shown() -> None:
    found = dict(changed_words([("-", "a\tb"), ("+", "a\tc")], lambda line: line.replace("\t", "    ")))
    assert found == {0: [(5, 6)], 1: [(5, 6)]}


def test_long_lines_are_not_compared() -> None:
    long = "word " * LONGEST_COMPARED
    assert not [*changed_words([("-", long), ("+", f"  {long}")])]


def test_a_large_block_goes_in_order() -> None:
    side = MOST_COMPARED
    rows = [("-", f"line {at}") for at in range(side)] + [("+", f"line {at}") for at in range(1, side + 1)]
    start = time.process_time()
    assert aligned(rows) == [(at, side + at) for at in range(side)]
    assert not [*changed_words(rows)]
    assert time.process_time() - start < 1


def test_the_largest_block_that_is_compared_is_fast() -> None:
    side = int(MOST_COMPARED**0.5)
    words = ["self", "value", "return", "for", "in", "range", "compute", "(", ")", "=", ",", ".", ":", "key"]
    line = [" ".join(words[(at * 7 + k * k) % len(words)] for k in range(20)) for at in range(side)]
    rows = [("-", f"a{at} {text}") for at, text in enumerate(line)] + [
        ("+", f"b{at} {text}") for at, text in enumerate(line)
    ]
    start = time.process_time()
    assert len(aligned(rows)) == side
    assert len([*changed_words(rows)]) == 2 * side
    assert time.process_time() - start < 1

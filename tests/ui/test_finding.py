"""Typed words found in rows, whatever rows the text is cut into."""

from hypothesis import given
from hypothesis import strategies as st

from termcoder.ui.widgets.finding import Needle, Span
from termcoder.ui.widgets.folding import fold


def places(text: str, *rows: str) -> list[tuple[tuple[int, int, int], ...]]:
    return [tuple((s.row, s.start, s.end) for s in match) for match in Needle(text).matches(rows)]


def test_small_letters_find_both_and_a_capital_finds_itself() -> None:
    assert places("red", "Red red RED\n") == [((0, 0, 3),), ((0, 4, 7),), ((0, 8, 11),)]
    assert places("Red", "Red red RED\n") == [((0, 0, 3),)]


def test_any_blank_stands_for_any_other_and_for_a_new_row() -> None:
    assert places("one two", "one  two one\n", "two\n") == [((0, 0, 8),), ((0, 9, 12), (1, 0, 3))]


def test_a_word_that_goes_on_in_the_next_row_is_one_match() -> None:
    assert places("wonder", "it is won", "derful\n") == [((0, 6, 9), (1, 0, 3))]


def test_places_are_cells_and_not_characters() -> None:
    assert places("x", "漢字 x\n") == [((0, 5, 6),)]


def test_signs_of_a_pattern_are_looked_for_as_they_are() -> None:
    assert places("a.*(b", "a.*(b axx(b\n") == [((0, 0, 5),)]


def test_blanks_alone_find_nothing() -> None:
    assert places("  ", "a  b\n") == []
    assert Needle(" ").is_blank
    assert not Needle("x").may_be_in("y")


def test_emphasis_and_entities_do_not_hide_a_word_from_the_first_look() -> None:
    assert Needle("snake_case name").may_be_in("a **snake\\_case** `Name`")
    assert Needle("amp").may_be_in("a &amp; b")
    assert Needle("é").may_be_in("caf&eacute;")
    assert not Needle("two words").may_be_in("only words")


TEXT = st.text(st.sampled_from("abcAB _*漢\u0301é"), max_size=60)


@given(TEXT, st.text(st.sampled_from("abcA漢é"), min_size=1, max_size=4), st.integers(2, 12))
def test_folding_changes_neither_how_many_are_found_nor_what(line: str, text: str, width: int) -> None:
    rows = fold(line, width)
    needle = Needle(text)
    whole = needle.matches([line + "\n"])
    folded = needle.matches([*rows[:-1], rows[-1] + "\n"])
    assert len(folded) == len(whole)
    assert all(0 <= span.start < span.end for match in folded for span in match)
    assert not whole or needle.may_be_in(line)


@given(TEXT)
def test_what_is_in_the_rows_passes_the_first_look(line: str) -> None:
    for word in line.split():
        needle = Needle(word)
        assert needle.matches([line + "\n"])
        assert needle.may_be_in(line)


def test_a_span_is_a_plain_value() -> None:
    assert Needle("b").matches(["ab\n"]) == [(Span(0, 1, 2),)]

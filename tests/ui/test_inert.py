"""No text from outside reaches the terminal as anything but visible signs."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from termcoder.ui.inert import inert, one_line


@given(st.text(st.characters(categories=None)))
def test_no_control_character_gets_through(text: str) -> None:
    assert all(sign in "\t\n" or unicodedata.category(sign) not in ("Cc", "Cs", "Zl", "Zp") for sign in inert(text))


@given(st.text())
def test_nothing_vanishes(text: str) -> None:
    assert len(inert(text)) == len(text)


@given(st.text(st.characters(categories=None)))
def test_one_line_is_one_line(text: str) -> None:
    assert len(one_line(text).splitlines()) <= 1


def test_escapes_can_be_seen() -> None:
    assert inert("\x1b[31m\x9b\u202e") == "␛[31m\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}"

"""Pastes are found in what a terminal sends, however it is cut into reads."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from textual import events
from textual.message import Message

from termcoder.ui.terminal_input import PasteParser

TEXT = "def f():\r\treturn 1  # é\r" * 400


def parse(*reads: str) -> list[Message]:
    parser = PasteParser()
    found = [event for read in reads for event in parser.feed(read)]
    parser._unmarked_at = 0.0  # long ago
    return [*found, *parser.tick()]


def cut(text: str, places: list[int]) -> list[str]:
    edges = [0, *sorted(set(places)), len(text)]
    return [piece for start, end in pairwise(edges) if (piece := text[start:end])]


def pasted(found: list[Message]) -> list[str]:
    return [event.text for event in found if isinstance(event, events.Paste)]


def keys(found: list[Message]) -> list[str]:
    return [event.key for event in found if isinstance(event, events.Key)]


@given(st.lists(st.integers(40, len(TEXT)), max_size=6))  # nearer to the mark's beginning: see the next test
def test_a_marked_paste_is_one_event_however_it_is_cut(places: list[int]) -> None:
    found = parse("a", *cut(f"\x1b[200~{TEXT}\x1b[201~", places), "b")
    assert pasted(found) == [TEXT]
    assert keys(found) == ["a", "b"]


@given(st.integers(3, 5))
def test_a_mark_cut_in_two(place: int) -> None:
    mark = "\x1b[200~"
    found = parse(mark[:place], f"{mark[place:]}one\rtwo\x1b[201~")
    assert pasted(found) == ["one\rtwo"]
    assert keys(found) == []


def test_two_pastes_and_typing_in_one_read() -> None:
    found = parse("a\x1b[200~x\ry\x1b[201~b\x1b[200~z\x1b[201~\r")
    assert pasted(found) == ["x\ry", "z"]
    assert keys(found) == ["a", "b", "enter"]


def test_an_unmarked_paste_is_one_event() -> None:
    assert pasted(parse(TEXT[:4096], TEXT[4096:8192], TEXT[8192:])) == [TEXT]
    assert keys(parse(TEXT)) == []


def test_typing_is_left_alone() -> None:
    assert keys(parse("hello", "\r", "\x1b[A", "\x1b[1;5C", "\n")) == [*"hello", "enter", "up", "ctrl+right", "ctrl+j"]
    assert keys(parse("\x1b\r")) == keys(parse("\x1b[13;3u")) == ["alt+enter"]
    assert keys(parse("y\rn\r")) == ["y", "enter", "n", "enter"]
    assert keys(parse("a whole line typed by a program\r"))[-1] == "enter"


def test_escape_is_never_held_back() -> None:
    parser = PasteParser()
    assert list(parser.feed("\x1b")) == []
    parser._timeout_time = 0.0  # the delay in which the rest of a sequence would have come is over
    assert keys(list(parser.tick())) == ["escape"]

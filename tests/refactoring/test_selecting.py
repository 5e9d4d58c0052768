"""Which lines are meant: ranges, names, and ranges that cut through statements."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from termcoder.errors import RefactorError
from termcoder.refactoring.selecting import Target, definitions, parse_target, select
from termcoder.refactoring.statements import fragment
from tests.refactoring.samples import SCRIPT, SHOP, chosen


@pytest.mark.parametrize(
    ("typed", "target"),
    [
        ("a.py", Target("a.py")),
        ("a.py:10-40", Target("a.py", 10, 40)),
        ("a.py:7", Target("a.py", 7, 7)),
        ("a/b.py:Shop.bill", Target("a/b.py", name="Shop.bill")),
        ("c:x.py:3", Target("c:x.py", 3, 3)),
    ],
)
def test_a_target_is_read(typed: str, target: Target) -> None:
    assert parse_target(typed) == target


@pytest.mark.parametrize("typed", ["a.py:", ":3", "a.py:0-4", "a.py:9-3"])
def test_what_is_no_target_is_refused(typed: str) -> None:
    with pytest.raises(RefactorError):
        parse_target(typed)


@pytest.mark.parametrize(
    ("target", "lines", "name"),
    [
        ("a.py:bill", (8, 19), "Shop.bill"),
        ("a.py:Shop.bill", (8, 19), "Shop.bill"),
        ("a.py:Shop", (6, 19), "Shop"),
        ("a.py:load", (22, 24), "load"),
        ("a.py", (1, 28), ""),
    ],
)
def test_definitions_are_found_by_name(target: str, lines: tuple[int, int], name: str) -> None:
    found = chosen(target)
    assert (found.first, found.last, found.name, found.notes) == (*lines, name, ())


def test_a_missing_name_brings_the_nearest() -> None:
    with pytest.raises(RefactorError) as caught:
        chosen("a.py:bil")
    assert "Shop.bill" in caught.value.remedy


def test_lines_that_the_file_lacks_are_refused() -> None:
    with pytest.raises(RefactorError, match="has no line 99"):
        chosen("a.py:99")
    assert chosen("a.py:27-99").last == 28


@pytest.mark.parametrize(
    ("target", "lines"),
    [
        ("a.py:11-12", (11, 13)),  # the whole of an `if`
        ("a.py:13", (13, 13)),  # in its body
        ("a.py:15-16", (15, 17)),  # a string of three lines
        ("a.py:14-15", (10, 17)),  # from inside a loop to behind it
        ("a.py:8-9", (8, 19)),  # a head with some of the body
        ("a.py:20-23", (22, 24)),  # blank lines at the end are not taken
    ],
)
def test_a_range_is_widened_to_whole_statements(target: str, lines: tuple[int, int]) -> None:
    found = chosen(target)
    assert (found.first, found.last) == lines
    wanted = parse_target(target)
    assert wanted.first is not None and wanted.last is not None
    cuts = found.first < wanted.first < found.last or found.last > wanted.last
    assert bool(found.notes) is cuts


@pytest.mark.parametrize(("target", "lines"), [("a.js:4", (4, 4)), ("a.js:6-7", (3, 7)), ("a.js:11-13", (10, 13))])
def test_other_languages_have_statements_too(target: str, lines: tuple[int, int]) -> None:
    found = chosen(target, SCRIPT)
    assert (found.first, found.last) == lines


def test_an_elif_is_not_taken_without_its_if() -> None:
    text = "if a:\n    b()\nelif c:\n    d()\nelse:\n    e()\n"
    assert (chosen("a.py:3-4", text).first, chosen("a.py:3-4", text).last) == (1, 6)
    assert (chosen("a.py:4", text).first, chosen("a.py:4", text).last) == (4, 4)


def test_a_text_that_does_not_parse_is_taken_as_chosen() -> None:
    found = select(Target("a.py", 1, 1), "def f(:\n    pass\n")
    assert (found.first, found.last, found.notes) == (1, 1, ())


def test_definitions_are_qualified() -> None:
    assert [each.name for each in definitions("a.py", SHOP)] == ["Shop", "Shop.bill", "load", "twice"]


LINES = SHOP.count("\n")


@given(st.integers(1, LINES), st.integers(0, LINES))
def test_every_widened_range_is_statements_that_parse(first: int, more: int) -> None:
    last = min(first + more, LINES)
    if not any(line.strip() for line in SHOP.split("\n")[first - 1 : last]):
        return
    found = chosen(f"a.py:{first}-{last}")
    body = fragment(found.lines)
    assert body is not None
    again = chosen(f"a.py:{found.first}-{found.last}")
    assert (again.first, again.last) == (found.first, found.last)
    assert all(isinstance(each, ast.stmt) for each in body)

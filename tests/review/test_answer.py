"""A finding names a line that it was shown, and nothing else comes out of any text."""

import importlib.util
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from termcoder.review.answer import grammar_of, read_answer
from termcoder.review.finding import Severity
from termcoder.review.message import grammar as message_grammar
from termcoder.review.message import tidied

ANSWER = """Problem: `rows` is read without a check
When: `rows` is empty, `rows[0]` raises an IndexError
Line: 5
Severity: major
"""
needs_xgrammar = pytest.mark.skipif(importlib.util.find_spec("xgrammar") is None, reason="xgrammar is not installed")


def admits(ebnf: str) -> Callable[[str], bool]:
    from xgrammar import Grammar
    from xgrammar.testing import _is_grammar_accept_string

    grammar = Grammar.from_ebnf(ebnf)
    return lambda text: bool(_is_grammar_accept_string(grammar, text))


@needs_xgrammar
@pytest.mark.parametrize(
    ("text", "admitted"),
    [
        (ANSWER, True),
        ("No findings\n", True),
        (ANSWER.replace("Line: 5", "Line: 50"), False),
        (ANSWER.replace("Line: 5", "Line: 6"), False),
        (ANSWER.replace("major", "fatal"), False),
        (ANSWER + "Line: 12\n", False),
        ("It looks fine.\n", False),
    ],
)
def test_the_grammar_admits_only_lines_of_the_hunk(text: str, admitted: bool) -> None:
    assert admits(grammar_of([5, 7, 12]).ebnf)(text) is admitted


@needs_xgrammar
@pytest.mark.parametrize(
    ("text", "admitted"),
    [
        ("fix(orders): check for an empty list\n", True),
        ("feat: read diffs\n\nThey are read as bytes.\nNames are decoded.\n", True),
        ("docs: " + "a" * 80 + "\n", False),
        ("Fixes things\n", False),
        ("feature: read diffs\n", False),
    ],
)
def test_a_commit_message_is_a_conventional_one(text: str, admitted: bool) -> None:
    assert admits(message_grammar().ebnf)(text) is admitted


@needs_xgrammar
def test_the_examples_are_admitted() -> None:
    for grammar in (grammar_of([1]), message_grammar()):
        assert admits(grammar.ebnf)(grammar.example)


def test_an_answer_is_read() -> None:
    remark = read_answer(ANSWER, {5: ""})
    assert remark is not None
    assert (remark.line, remark.severity) == (5, Severity.MAJOR)
    assert str(remark) == ("`rows` is read without a check. When `rows` is empty, `rows[0]` raises an IndexError.")


@pytest.mark.parametrize("text", ["", "No findings\n", "No findings", ANSWER.replace("Line: 5", "Line: x")])
def test_an_answer_without_a_finding_gives_none(text: str) -> None:
    assert read_answer(text, {5: ""}) is None


def test_a_free_answer_of_a_server_without_grammars_is_read_too() -> None:
    text = "**Problem:** it fails.\n**When:** When it is empty, it fails\n**Line:** 5\n**Severity:** Critical."
    remark = read_answer(text, {5: ""})
    assert remark is not None
    assert (remark.title, remark.severity) == ("it fails", Severity.CRITICAL)


@given(st.text() | st.lists(st.sampled_from(ANSWER.splitlines()) | st.text(), max_size=8).map("\n".join))
def test_whatever_the_text_only_shown_lines_come_out(text: str) -> None:
    remark = read_answer(text, {5: "", 9: ""})
    assert remark is None or remark.line in (5, 9)


def test_fences_around_a_message_are_taken_off() -> None:
    assert tidied("```\nfix: a\n\nb  \n```\n") == "fix: a\n\nb"

"""Functions made of lines: nobody can tell the difference by running them."""

import ast
import contextlib
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from termcoder.errors import RefactorError
from termcoder.refactoring.extracting import can_extract, extraction
from termcoder.refactoring.selecting import parse_target, select
from tests.refactoring.samples import SHOP, chosen


def made(target: str, text: str = SHOP, name: str = "helper") -> str:
    return extraction(chosen(target, text)).text(name)


def test_what_is_read_is_handed_over_and_what_is_made_comes_back() -> None:
    text = made("a.py:10-14")
    assert "def helper(rows, total):\n    for row in rows:\n" in text
    assert "    return total\n\n\nclass Shop:" in text
    assert "        total = 0\n        total = helper(rows, total)\n        text" in text


def test_lines_that_use_self_become_a_method() -> None:
    text = made("a.py:18-19")
    assert "    def helper(self, text, total, tax):\n        print(self.name" in text
    assert "    # makes a bill\n" in text.partition("def helper")[2]
    assert text.rstrip().count("return self.helper(text, total, tax)") == 1


def test_strings_keep_their_own_margin() -> None:
    assert '    text = f"""is\n   {total:>{tax}}' in made("a.py:15-17")


def test_annotated_parameters_stay_annotated() -> None:
    assert "def helper(a: int):" in made("a.py:2-3", "def f(a: int):\n    b = a + 1\n    print(b)\n    return a\n")


def test_awaiting_lines_become_a_coroutine() -> None:
    text = made("a.py:2", "async def f(a):\n    b = await a\n    return b\n")
    assert "async def helper(a):" in text and "b = await helper(a)" in text


@pytest.mark.parametrize(
    ("body", "lines", "why"),
    [
        ("for x in y:\n    if x:\n        break", "3-4", "leave a loop"),
        ("if y:\n    return 1\nz = 2", "2-3", "return from the middle"),
        ("yield y", "2", "yield"),
        ("global g\ng = y", "3", "not the function's own"),
        ("del y", "2", "delete"),
        ("print(locals())", "2", "only works where they are"),
        ("if y:\n    a = 1\nprint(a)", "4", "may have no value"),
        ("try:\n    a = y()\nexcept ValueError:\n    print(a)", "3", "where they fail"),
        ("a = 1\nf = lambda: a\na = 2\nprint(f())", "3", "changed later"),
    ],
)
def test_lines_that_mean_something_else_elsewhere_are_refused(body: str, lines: str, why: str) -> None:
    text = "def f(y):\n" + "".join(f"    {line}\n" for line in body.split("\n"))
    with pytest.raises(RefactorError, match=why):
        extraction(select(parse_target(f"a.py:{lines}"), text))


@pytest.mark.parametrize("target", ["a.py:load", "a.py:Shop", "a.py:3", "a.js:1"])
def test_only_parts_of_python_functions_are_done_by_rule(target: str) -> None:
    assert not can_extract(chosen(target, SHOP if ".py" in target else "let a = 1;\n"))


NAMES = ("a", "b", "c")
NAME = st.sampled_from(NAMES)
VALUE = st.one_of(NAME, st.sampled_from(["1", "2"]))
EXPRESSION = st.one_of(
    VALUE,
    st.builds("{} + {}".format, VALUE, VALUE),
    st.builds("sum(x * {} for x in [{}, 1])".format, VALUE, VALUE),
)
SIMPLE = st.one_of(
    st.builds("{} = {}".format, NAME, EXPRESSION),
    st.builds("{} += {}".format, NAME, EXPRESSION),
    st.builds("out.append({})".format, EXPRESSION),
)


def indented(block: list[str]) -> str:
    return "\n".join(f"    {line}" for statement in block for line in statement.split("\n"))


def compound(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    block = st.lists(inner, min_size=1, max_size=3).map(indented)
    return st.one_of(
        st.builds("if {} > 1:\n{}".format, EXPRESSION, block),
        st.builds("if {} > 1:\n{}\nelse:\n{}".format, EXPRESSION, block, block),
        st.builds("for {} in range(2):\n{}".format, NAME, block),
        st.builds("try:\n{}\nexcept NameError:\n{}".format, block, block),
    )


STATEMENT = st.recursive(SIMPLE, compound, max_leaves=6)
BODY = st.lists(STATEMENT, min_size=2, max_size=6)


def ran(text: str, argument: int) -> tuple[Any, ...]:
    """What a function `f` gives, the fault it ends with included."""
    space: dict[str, Any] = {}
    exec(compile(text, "<text>", "exec"), space)
    out: list[int] = []
    result: object = None
    with contextlib.suppress(NameError):
        result = space["f"](argument, out)
    return result, out


@settings(max_examples=60)
@given(BODY, st.integers(2, 14), st.integers(0, 6))
def test_a_program_runs_the_same_with_lines_of_it_in_a_function(body: list[str], first: int, more: int) -> None:
    text = "def f(a, out):\n" + indented(body) + "\n    return a\n"
    count = text.count("\n")
    found = select(parse_target(f"a.py:{min(first, count)}-{min(first + more, count)}"), text)
    assume(can_extract(found))
    try:
        after = extraction(found).text("helper")
    except RefactorError:
        assume(False)
        return
    ast.parse(after)
    assert all(ran(after, argument) == ran(text, argument) for argument in (0, 2))


def test_tabs_stay_tabs() -> None:
    text = made("a.py:3-4", "class A:\n\tdef f(self, a):\n\t\tb = a + 1\n\t\tself.b = b\n\t\treturn a\n")
    assert "\tdef helper(self, a):\n\t\tb = a + 1\n\t\tself.b = b\n\n\tdef f(self, a):\n\t\tself.helper(a)\n" in text

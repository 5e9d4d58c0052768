"""What is asked beside the templates, and how names are read from an answer."""

import pytest

from termcoder.engine.base import Sampling
from termcoder.refactoring.asking import around, better_names, names_in, names_request
from tests.refactoring.samples import chosen


@pytest.mark.parametrize(
    ("answer", "names"),
    [
        ("a -> count\nb -> total\n", {"a": "count", "b": "total"}),
        ("- `a` -> `count`\n", {"a": "count"}),
        ("a -> a", {}),
        ("other -> count", {}),
        ("nothing", {}),
        ("Here are some names:\n\na -> count", {"a": "count"}),
    ],
)
def test_better_names_are_read(answer: str, names: dict[str, str]) -> None:
    assert names_in(answer, ("a", "b")) == names


def test_only_names_that_there_are_can_be_renamed() -> None:
    asked = better_names(chosen("a.py:load"), ("file",), "short ones")
    request = names_request(asked, ("file",), Sampling(seed=3))
    assert request.grammar is not None and 'old ::= "file"' in request.grammar.ebnf
    assert request.sampling.seed == 3
    assert "short ones" in asked.messages[-1].content and "with open(path) as file:" in asked.messages[-1].content


def test_what_is_around_the_lines_is_short() -> None:
    assert around(chosen("a.py:load")).split("\n") == [
        '"""A shop."""', "import json", "class Shop:", "    def bill(self, rows, tax=0.2):", "def twice(path):",
    ]  # fmt: skip

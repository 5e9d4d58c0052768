"""The trial of templates: every one has inputs, and the checks of answers find what is wrong."""

from pathlib import Path

import pytest

from termcoder import prompts
from termcoder.bench.template_checks import CHECKS, Case, fenced, judged
from termcoder.bench.templates import cases_of, messages_of

INPUTS = Path(__file__).parent / "prompts" / "inputs"
CODE = "def total(items):\n    s = 0\n    for i in items:\n        s += i\n    return s\n"
CASE = Case("total", (("shop/total.py", CODE),), check="assert total([1, 2]) == 3\n", expected=("sum",))
RENAMED = "def total(items):\n    done = 0\n    for item in items:\n        done += item\n    return done\n"


def block(code: str) -> str:
    return f"```python\n{code}```\n"


@pytest.mark.parametrize("template", prompts.shelf().picked(), ids=lambda template: template.name)
def test_every_template_is_tried_on_five_inputs_or_more(template: prompts.PromptTemplate) -> None:
    cases = cases_of(template.name, INPUTS)
    assert len(cases) >= 5
    assert CHECKS[template.name]
    for case in cases:
        task = messages_of(template, case)[-1].content
        assert case.code.strip() in task
        assert case.question in task


def test_the_inputs_about_code_keep_their_own_checks() -> None:
    for case in cases_of("simplify", INPUTS):
        assert judged("simplify", case, block(case.code)).faults == ("unchanged",)


@pytest.mark.parametrize(
    ("name", "answer", "fault"),
    [
        ("simplify", block("def total(items):\n    return sum(items)\n"), ""),
        ("simplify", block("def total(items):\n    return 4\n"), "does something else"),
        ("simplify", block("def total(items):\n    x =\n"), "does not parse"),
        ("simplify", "Here it is:\n" + block("def total(items):\n    return sum(items)\n"), "text beside"),
        ("simplify", "none", "0 code blocks"),
        ("rename", block(RENAMED), ""),
        ("rename", block(CODE.replace("s += i", "s = s + i")), "more than names"),
        ("type-hints", block(CODE.replace("(items)", "(items: list[int]) -> int")), ""),
        ("type-hints", block(CODE.replace("(items)", "(items: list[int])")), "without a type"),
        ("type-hints", block(CODE.replace("s = 0", "s = 1")), "more than types"),
        ("extract-function", block(CODE.replace("s += i", "s = add(s, i)") + "def add(a, b):\n    return a + b\n"), ""),
        ("extract-function", block(CODE.replace("s = 0", "s = 0 ")), "no new function"),
        ("tests", block("from shop.total import total\ndef test_it():\n    assert total([1]) == 1\n"), ""),
        ("tests", block("def test_it():\n    assert total([1]) == 2\n"), "tests fail"),
        ("tests", block("assert total([1]) == 1\n"), "no test functions"),
        ("docstring", block('"""The sum."""\n'), ""),
        ("docstring", block(CODE), "repeats the code"),
        ("docstring", block("The sum.\n"), "no bare docstring"),
        ("translate-comments", block(CODE + "# the sum\n"), ""),
        ("translate-comments", block(CODE.replace("s = 0", "s = 1") + "# the sum\n"), "the code changed"),
        ("commit", "Add the sum\n\nIt was missing.\n", ""),
        ("commit", f"Add the sum {'x' * 80}\n", "first line"),
        ("mail", "Subject: sum\n\nDear", ""),
        ("mail", "Dear sum", "no Subject"),
        ("paper", "Claim: sum\nEvidence: a\n- Weaknesses: b\n**Question:** c", ""),
        ("paper", "Claim: sum\nWeaknesses: b\nEvidence: a\nQuestion: c", "no Weaknesses"),
        ("debug", "Cause: nothing\nPlace: a\nFix: b", "says nothing of sum"),
    ],
)  # fmt: skip
def test_a_check_finds_what_is_wrong(name: str, answer: str, fault: str) -> None:
    faults = judged(name, CASE, answer).faults
    assert any(fault in each for each in faults) if fault else faults == ()


def test_both_languages_are_asked_for() -> None:
    case = Case("x", question="?", language_of="German")
    both = "English: the sum is one.\nDeutsch: die Summe ist eins."
    assert judged("bilingual", case, both).faults == ()
    assert judged("bilingual", case, "English: the sum is one.").faults == ("no German",)


def test_an_unclosed_fence_counts() -> None:
    assert fenced("```python\nx = 1") == ["x = 1"]

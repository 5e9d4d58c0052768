"""Fixes: what is kept of proposals, in which order, and what is read out of a model's code."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from termcoder.diagnosis.fixes import (
    Checked,
    Fix,
    Origin,
    Proposal,
    Trial,
    by_rule,
    checked,
    code_of,
    joined,
    ranked,
    without_numbers,
)
from termcoder.diagnosis.recipes import Rewrite

BEFORE = """import os


class Shop:
    def total(self, rows):
        result = 0
        for row in rows:
            result += row["price"]
        self.last = result
        return result
"""
BODY = BEFORE.splitlines()[4:]


def proposal(lines: Sequence[str], title: str = "A", origin: Origin = Origin.MODEL, **changes: object) -> Proposal:
    made = Proposal(title, "Now", origin, "shop.py", BEFORE, 5, 10, tuple(lines))
    return replace(made, **changes)  # type: ignore[arg-type]


def mended(old: str = 'row["price"]', new: str = 'row.get("price", 0)') -> list[str]:
    return [line.replace(old, new) for line in BODY]


def only(found: Checked) -> str:
    """The one file that is left of proposals."""
    assert found.dropped == ()
    assert len(found.fixes) == 1
    return found.fixes[0].patch.changes[0].after or ""


# What is kept


def test_a_proposal_that_changes_something_becomes_a_checked_patch() -> None:
    found = checked([proposal(mended(), "Use get")])
    (fix,) = found.fixes
    assert (fix.title, fix.when, fix.origin, fix.votes, fix.checked, fix.size) == (
        "Use get",
        "Now",
        Origin.MODEL,
        1,
        True,
        2,
    )
    assert only(found) == BEFORE.replace('row["price"]', 'row.get("price", 0)')


def test_the_same_patch_counts_once_with_its_votes_and_its_first_title() -> None:
    again = [line + "  " if not line.strip() else line for line in mended()]
    found = checked([proposal(mended(), "One"), proposal(again, "Two"), proposal(mended(new="row.price"), "Other")])
    assert [(fix.title, fix.votes) for fix in found.fixes] == [("One", 2), ("Other", 1)]


@pytest.mark.parametrize(
    ("lines", "changes", "reason"),
    [
        (BODY, {}, "changes nothing"),
        (mended(new='row["price"'), {}, "would not compile"),
        (["x = 1"], {"first": 11, "last": 14}, "does not apply"),
        (["x = 1"], {"first": 0, "last": 1}, "does not apply"),
        ([], {}, "removes too much"),
        ([""], {}, "removes too much"),
        (["# gone"], {}, "removes too much"),
        (["    def total(self, rows):", "        pass"], {}, "removes too much"),
        (["    def total(self, rows):", "        # later", "        ..."], {}, "removes too much"),
        (["    def total(self, rows):", "        return 0"], {}, "removes too much"),
    ],
)
def test_what_is_no_fix_is_dropped_with_the_reason(lines: list[str], changes: dict[str, int], reason: str) -> None:
    assert checked([proposal(lines, **changes)]) == Checked((), ((reason, 1),))


def test_what_empties_a_short_function_removes_too_much() -> None:
    emptied = proposal(["def f(a):", "    pass"], before="def f(a):\n    return a.b\n", first=1, last=2)
    assert checked([emptied]).dropped == (("removes too much", 1),)


def test_what_empties_a_function_with_braces_removes_too_much() -> None:
    before = "function f(a) {\n  return a.b;\n}\n"
    emptied = proposal(["function f(a) {", "}"], path="a.js", before=before, first=1, last=3)
    assert checked([emptied]).dropped == (("removes too much", 1),)


@pytest.mark.parametrize(
    "lines",
    [
        [
            "    def total(self, rows):",
            "        self.last = sum(row.price for row in x)",
            "        return self.last",
        ],
        [*BODY, "", "    def other(self):", "        pass"],
        [line for line in BODY if "last" not in line],
    ],
)
def test_a_fix_may_be_shorter_or_longer_than_what_it_replaces(lines: list[str]) -> None:
    assert len(checked([proposal(lines)]).fixes) == 1


def test_a_line_of_a_few_may_go() -> None:
    before = "def f(a):\n    a.b()\n    return a\n"
    assert only(checked([proposal(["def f(a):", "    return a"], before=before, first=1, last=3)])) == (
        "def f(a):\n    return a\n"
    )


def test_reasons_are_counted_the_most_frequent_first() -> None:
    found = checked([proposal(BODY), proposal(["    def total(:"] * 5), proposal(BODY)])
    assert found.dropped == (("changes nothing", 2), ("would not compile", 1))


def test_a_file_in_a_language_that_cannot_be_checked_says_so() -> None:
    (fix,) = checked([proposal(["b"], path="notes.txt", before="a\n", first=1, last=1)]).fixes
    assert not fix.checked


def test_a_file_that_did_not_parse_before_may_be_mended() -> None:
    broken = BEFORE + "def f(:\n"
    assert len(checked([proposal(["def f():", "    x = 1"], before=broken, first=11, last=11)]).fixes) == 1


def test_rules_become_proposals() -> None:
    (made,) = by_rule("a.py", "x\n", [Rewrite("Title", "When", 1, 1, ("y",))])
    assert made == Proposal("Title", "When", Origin.RULE, "a.py", "x\n", 1, 1, ("y",))


# Form


@pytest.mark.parametrize("margin", ["", "    "])
def test_a_function_that_was_moved_to_the_margin_is_moved_back(margin: str) -> None:
    lines = [margin + line.removeprefix("    ") for line in mended()]
    assert only(checked([proposal(lines)])) == BEFORE.replace('row["price"]', 'row.get("price", 0)')


def test_a_function_with_tabs_for_spaces_is_indented_as_the_file_is() -> None:
    lines = [line.replace("    ", "\t") for line in mended()]
    assert only(checked([proposal(lines)])) == BEFORE.replace('row["price"]', 'row.get("price", 0)')


def test_a_function_with_spaces_for_tabs_is_indented_as_the_file_is() -> None:
    before = BEFORE.replace("    ", "\t")
    assert only(checked([proposal(mended(), before=before)])) == before.replace('row["price"]', 'row.get("price", 0)')


def test_line_ends_of_windows_stay() -> None:
    before = BEFORE.replace("\n", "\r\n")
    after = before.replace('row["price"]', 'row.get("price", 0)')
    assert only(checked([proposal(mended(), before=before)])) == after
    assert only(checked([proposal([line + "\r" for line in mended()], before=before)])) == after


def test_a_file_without_a_last_line_end_stays_without() -> None:
    before = BEFORE.removesuffix("\n")
    assert only(checked([proposal(mended(), before=before)])) == before.replace('row["price"]', 'row.get("price", 0)')


# Order


def test_what_passed_comes_first_then_rules_then_votes_then_short_ones() -> None:
    (long,) = checked([proposal([*mended(), "        # one more", "        # and one more"], "long")]).fixes
    (short,) = checked([proposal(mended(), "short")]).fixes
    fixes: list[Fix] = [
        replace(long, title="failed", trial=Trial.FAILED, origin=Origin.RULE),
        long,
        short,
        replace(long, title="often", votes=3),
        replace(long, title="rule", origin=Origin.RULE),
        replace(long, title="passed", trial=Trial.PASSED),
    ]
    assert [fix.title for fix in ranked(fixes)] == ["passed", "rule", "often", "short", "long", "failed"]


def test_joined_each_patch_is_there_once_and_reasons_add_up() -> None:
    left = checked([proposal(mended(), "rule", Origin.RULE), proposal(BODY)])
    right = checked([proposal(mended(), "model"), proposal(mended(new="row.price"), "other"), proposal(BODY)])
    both = joined(left, right)
    assert [fix.title for fix in both.fixes] == ["rule", "other"]
    assert both.dropped == (("changes nothing", 2),)


# The model's code


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("x = 1\ny = 2", ["x = 1", "y = 2"]),
        ("x = 1\n", ["x = 1"]),
        ("```python\nx = 1\n```", ["x = 1"]),
        ("```\nx = 1\n", ["x = 1"]),
        ("```python\nx = 1\n\ny", ["x = 1", "", "y"]),
        ("Here it is:\n\n```py\nx = 1\n```\nDone.\n", ["x = 1"]),
        ("```py\na\n```\nor\n```py\nb\n```\n", ["a"]),
        ("~~~\nx = 1\n~~~\n", ["x = 1"]),
        ("````\n```\nx\n```\n````\n", ["```", "x", "```"]),
        (
            '```py\ndef f():\n    """\n    ```\n    f()\n    ```\n    """\n```\n',
            ["def f():", *['    """', "    ```"], *["    f()", "    ```", '    """']],
        ),
        ("```py\nx\n```js\ny\n```\n", ["x", "```js", "y"]),
        ("  ```py\n  x:\n      y\n  ```\n", ["x:", "    y"]),
        ("```py\r\nx = 1\r\n```\r\n", ["x = 1"]),
        ("```py\nx = '\u2028'\n```", ["x = '\u2028'"]),
        ("Use ```x``` there", ["Use ```x``` there"]),
        ("```python\n```", []),
        ("", []),
    ],
)
def test_the_code_of_an_answer_is_its_first_block_or_all_of_it(answer: str, code: list[str]) -> None:
    assert list(code_of(answer)) == code


@pytest.mark.parametrize(
    ("lines", "plain"),
    [
        (["   11| x = 1", ">  12|     y"], ["x = 1", "    y"]),
        (["11|x = 1", "12|"], ["x = 1", ""]),
        (["    9| a", "", "   10| b"], ["a", "", "b"]),
        (["> 9| a | b"], ["a | b"]),
        (["a | b", "9| c"], ["a | b", "9| c"]),
        (["x = 1"], ["x = 1"]),
        (["", ""], ["", ""]),
        ([], []),
    ],
)
def test_copied_line_numbers_are_taken_off(lines: list[str], plain: list[str]) -> None:
    assert list(without_numbers(lines)) == plain


@given(st.text())
def test_any_answer_gives_lines(answer: str) -> None:
    assert all("\n" not in line for line in without_numbers(code_of(answer)))


@given(st.lists(st.text(st.characters(exclude_characters="\r\n`~", exclude_categories=["Cs"])), min_size=1))
def test_code_in_a_block_comes_out_as_it_went_in(lines: list[str]) -> None:
    assert list(code_of("\n".join(["Mended:", "```python", *lines, "```", "That is all."]))) == lines

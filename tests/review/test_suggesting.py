"""Suggestions: what the model is asked for a correction, and which answers become patches."""

import pytest

from termcoder.conversation import Role
from termcoder.diagnosis.evidence import Region
from termcoder.edits.patch import Patch
from termcoder.review.finding import Finding
from termcoder.review.suggesting import (
    CUT_SHORT,
    LONGEST,
    NO_CODE,
    UNKNOWN_SECRET,
    region_of,
    request_for,
    suggestion_of,
)
from tests.review.samples import finding

NEW = """import os


def first(rows):
    row = rows[0]
    return row.name


def last(rows):
    return rows[-1]
"""
BODY = "def first(rows):\n    row = rows[0]\n    return row.name"
MENDED = "def first(rows):\n    if not rows:\n        return None\n    row = rows[0]\n    return row.name"


def region(new: str = NEW, line: int = 5, path: str = "app.py") -> Region:
    found = region_of(new, path, line)
    assert found is not None
    return found


def after(answer: str, new: str = NEW, line: int = 5, about: Finding | None = None) -> str:
    """The text with the suggestion, or why there is none."""
    suggestion = suggestion_of(answer, about or finding(line=line), region(new, line))
    if isinstance(suggestion, str):
        return suggestion
    assert isinstance(suggestion, Patch)
    (change,) = suggestion.changes
    assert (change.path, change.before) == ("app.py", new)
    return change.after or ""


def test_the_region_is_the_function_around() -> None:
    found = region()
    assert (found.first, found.last, found.line, found.name) == (4, 6, 5, "first")


def test_of_a_long_function_the_lines_around_are_the_region() -> None:
    new = "def long():\n" + "".join(f"    x = {number}\n" for number in range(60)) + "y = 1\n"
    found = region(new, 30)
    assert (found.first, found.last, found.line) == (15, 45, 30)
    assert found.last - found.first < LONGEST
    assert (region(new, 3).first, region(new, 61).last) == (1, 62)


def test_a_line_that_is_not_there_has_no_region() -> None:
    assert region_of(NEW, "app.py", 11) is None
    assert region_of(NEW, "app.py", 0) is None
    assert region_of("", "app.py", 2) is None


def test_the_request_shows_the_code_and_what_is_wrong_with_it() -> None:
    request = request_for(finding(title="`rows` may be empty.", scenario="When it is, it fails."), region(), "python")
    system, task = request.messages
    assert (system.role, task.role) == (Role.SYSTEM, Role.USER)
    assert f"```python\n{BODY}\n```" in task.content
    assert "`rows` may be empty. When it is, it fails.\n" in task.content
    assert "\nrow = rows[0]\n" in task.content
    assert request.copies
    assert request.sampling.max_tokens and request.sampling.max_tokens > len(MENDED) // 3


def test_secrets_are_hidden_from_the_model_and_put_back() -> None:
    secret = "k7Tq9z" + "Rw4mXp"
    new = NEW.replace("rows[0]", f"rows[0].login(password='{secret}')")
    about = finding(title=f"password='{secret}' is there")
    task = request_for(about, region(new), "python").messages[-1].content
    assert secret not in task
    assert "[secret 1]" in task
    hidden = MENDED.replace("rows[0]", "rows[0].login(password='[secret 1]')")
    answer = f"```\n{hidden}\n```"
    assert f"password='{secret}'" in after(answer, new, about=about)
    assert after(answer.replace("secret 1", "secret 7"), new) == UNKNOWN_SECRET


def test_an_answer_becomes_a_patch_of_the_new_side() -> None:
    assert after(f"```python\n{MENDED}\n```\nDone.") == NEW.replace(BODY, MENDED)


def test_line_numbers_that_were_copied_along_are_dropped() -> None:
    numbered = "\n".join(f" {number:>5}| {line}" for number, line in enumerate(MENDED.split("\n"), 4))
    assert after(f"```\n{numbered}\n```") == NEW.replace(BODY, MENDED)


def test_line_ends_of_windows_are_kept() -> None:
    new = NEW.replace("\n", "\r\n")
    assert after(f"```\n{MENDED}\n```", new) == new.replace(BODY.replace("\n", "\r\n"), MENDED.replace("\n", "\r\n"))


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("", NO_CODE),
        ("```\n```", NO_CODE),
        (f"```\n{BODY}\n```", "changes nothing"),
        (f"```\n{BODY.replace(']', '')}\n```", "would not compile"),
        ("```\ndef first(rows):\n```", "removes too much"),
        ("```python\ndef first(rows):\n    return rows", CUT_SHORT),
        ("I can't do that.", "would not compile"),
    ],
)
def test_an_answer_that_is_no_correction_says_why(answer: str, reason: str) -> None:
    assert after(answer) == reason

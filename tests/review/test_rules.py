"""A project's own rules: what is read of `.termcoder/review.md`, and what is left out is told."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from termcoder.review.rules import FILE, MOST_BYTES, MOST_ITEMS, Rules, read_rules, rules_of


def write(root: Path, text: str | bytes) -> Path:
    file = root / FILE
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return file


def test_a_project_without_the_file_has_no_rules(tmp_path: Path) -> None:
    assert read_rules(tmp_path) == Rules()


def test_the_points_of_lists_are_the_rules(tmp_path: Path) -> None:
    text = """# Reviews

Some words before.

- Money is `Decimal`,
  never float.
* Every query has a limit.
  - [ ] Also the small ones.
1. Times are in UTC.
2) No prints.

## Later

+ Names are plain.
"""
    write(tmp_path, text)
    rules = read_rules(tmp_path)
    assert rules.items == (
        "Money is `Decimal`, never float.",
        "Every query has a limit.",
        "Also the small ones.",
        "Times are in UTC.",
        "No prints.",
        "Names are plain.",
    )
    assert rules.text == text.strip()
    assert rules.left_out == ""


def test_without_lists_the_paragraphs_are_the_rules() -> None:
    rules = rules_of("Rules\n=====\n\nMoney is Decimal,\nnever float.\r\n\r\nTimes are in UTC.\n")
    assert rules.items == ("Money is Decimal, never float.", "Times are in UTC.")


def test_comments_are_not_rules() -> None:
    rules = rules_of("- One.\n<!-- - Two.\n- Three. -->\n- Four. <!-- no\n- Five.\n")
    assert rules.items == ("One.", "Four.")
    assert "Two" not in rules.text and "Five" not in rules.text


def test_too_many_rules_are_told() -> None:
    rules = rules_of("".join(f"- Rule {number}.\n" for number in range(MOST_ITEMS + 5)))
    assert len(rules.items) == MOST_ITEMS
    assert rules.left_out == f"5 of 25 rules in {FILE} are too many"


def test_of_a_long_file_whole_lines_are_read_and_the_rest_is_told() -> None:
    rules = rules_of("- Short.\n" + "- " + "é" * MOST_BYTES + "\n")
    assert rules.items == ("Short.",)
    assert rules.left_out == f"{FILE} is longer than 20 kB: the rest of it is not read"
    assert len(rules_of("é" * MOST_BYTES).text) == MOST_BYTES // 2


@pytest.mark.parametrize("content", [b"\x00\x01", b"x" * 2_000_000], ids=["binary", "endless"])
def test_a_file_that_is_no_text_or_endless_is_told(tmp_path: Path, content: bytes) -> None:
    write(tmp_path, content)
    rules = read_rules(tmp_path)
    assert (rules.text, rules.items) == ("", ())
    assert FILE in rules.left_out


def test_a_link_out_of_the_project_is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside.md"
    outside.write_text("- Secret.\n")
    root = tmp_path / "project"
    (root / ".termcoder").mkdir(parents=True)
    (root / FILE).symlink_to(outside)
    assert read_rules(root).items == ()


@given(st.text("-*+1.) #=<!>\n\r\t [x]aé", max_size=200))
def test_any_text_has_rules_of_one_line_each(text: str) -> None:
    rules = rules_of(text)
    assert all(item and item == " ".join(item.split()) for item in rules.items)
    assert len(rules.items) <= MOST_ITEMS

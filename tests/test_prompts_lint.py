"""The rules of templates: each is broken once, and all shipped ones keep them."""

from pathlib import Path

import pytest

from termcoder import resources
from termcoder.prompts import lint

GOOD = """+++
name = "mine"
feature = "ask"
description = "d"
inline = ["path"]

[variables]
path = "the path"
code = "the code"
question = "what is asked"
+++
[system]
You explain code.

[user]
The code of $path:
<code>
$code
</code>

<wish>
$question
</wish>

Explain it in one sentence.
"""


def complaints(tmp_path: Path, text: str, name: str = "mine") -> list[tuple[int, str]]:
    path = tmp_path / f"{name}.md"
    path.write_text(text, encoding="utf-8")
    return [(complaint.line, complaint.text) for complaint in lint.check_file(path)]


@pytest.mark.parametrize("path", sorted(resources.prompts_dir().glob("*.md")), ids=lambda path: path.stem)
def test_the_shipped_ones_keep_every_rule(path: Path) -> None:
    assert [str(complaint) for complaint in lint.check_file(path)] == []


def test_a_good_one_keeps_every_rule(tmp_path: Path) -> None:
    assert complaints(tmp_path, GOOD) == []


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("Explain it", "Please explain it", 25, "'Please' softens"),
        ("Explain it", "Try  to explain it", 25, "softens"),
        ("You explain", "You would like you to explain", 13, "softens"),
        ("<wish>\n$question\n</wish>", "The wish: $question", 21, "$question stands outside"),
        ("<code>\n$code\n</code>", "$code", 17, "$code stands outside"),
        ("\nExplain it in one sentence.", "", 23, "the task must stand after"),
        ("You explain code.", "You explain $path.", 13, "$path changes the fixed part"),
        ("You explain code.", "It is 2026-03-01.", 13, "'2026-03-01' does not stay true"),
        ("You explain code.", "It is 10:15 now.", 13, "'10:15' does not stay true"),
        ('code = "the code"\n', "", 17, "$code is not declared"),
        ('code = "the code"\n', 'code = "the code"\nmood = "m"\n', 10, "$mood is declared, but not used"),
        ('"the code"', '" "', 9, "$code has no description"),
        ('name = "mine"', 'name = "yours"', 2, "its name is 'yours'"),
    ],
)
def test_a_broken_rule_is_named_with_its_line(tmp_path: Path, old: str, new: str, line: int, said: str) -> None:
    assert old in GOOD
    found = complaints(tmp_path, GOOD.replace(old, new, 1))
    assert len(found) == 1
    assert found[0][0] == line
    assert said in found[0][1]


def test_what_stands_in_delimiters_may_be_soft(tmp_path: Path) -> None:
    assert complaints(tmp_path, GOOD.replace("$code\n", "please $code\n")) == []


def test_part_of_a_word_is_no_softener(tmp_path: Path) -> None:
    assert complaints(tmp_path, GOOD.replace("Explain it", "Explain what pleased and entry to it")) == []


def test_attached_files_bring_their_own_delimiters(tmp_path: Path) -> None:
    text = GOOD.replace("<code>\n$code\n</code>", "$files").replace('code = "the code"', 'files = "the files"')
    assert complaints(tmp_path, text) == []


@pytest.mark.parametrize("text", ["", "+++\nname = 1", "\udcff"])
def test_what_cannot_be_read_is_one_complaint(tmp_path: Path, text: str) -> None:
    path = tmp_path / "mine.md"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    assert len(lint.check_file(path)) == 1
    assert len(lint.check_file(tmp_path / "none.md")) == 1

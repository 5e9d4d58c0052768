"""The README's tables are those of the program, and its pictures are there."""

import re

from tests import readme_tables


def test_the_tables_are_those_of_the_program() -> None:
    text = readme_tables.README.read_text(encoding="utf-8")
    assert "<!-- keys -->" in text
    assert "<!-- models -->" in text
    assert readme_tables.with_tables(text) == text, "run `python -m tests.readme_tables`"


def test_every_picture_is_there() -> None:
    pictures = re.findall(r"!\[[^]]*\]\(([^)]+)\)", readme_tables.README.read_text(encoding="utf-8"))
    assert pictures
    assert all((readme_tables.README.parent / picture).is_file() for picture in pictures)

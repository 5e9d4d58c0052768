"""Writes the README's tables of keys and models from the program's own declarations.

    python -m tests.readme_tables

A test compares them, so that the README stays true.
"""

import re
from pathlib import Path

from termcoder.models.catalogue import catalogue
from termcoder.models.progress import size_text
from termcoder.ui.commands import COMMANDS, keys_label

README = Path(__file__).parents[1] / "README.md"
PLACES = {"composer": "Writing a message", "transcript": "In the conversation", "app": "Everywhere"}


def keys_table() -> str:
    """Every command with its keys, by place."""
    rows = ["| place | keys | what they do |", "| --- | --- | --- |"]
    for scope, place in PLACES.items():
        here = [command for command in COMMANDS if command.scope == scope]
        rows += [
            f"| {place if command is here[0] else ''} | {keys_label(command)} | {command.title} |" for command in here
        ]
    return "\n".join(rows)


def models_table() -> str:
    """Every model of the catalogue."""
    rows = ["| model | download | licence | for |", "| --- | --- | --- | --- |"]
    rows += [
        f"| `{model.name}` | {size_text(model.download_bytes)} | {model.licence} | {model.purpose} |"
        for model in catalogue().values()
    ]
    return "\n".join(rows)


def with_tables(text: str) -> str:
    """`text` with each table put between its two marks."""
    for name, table in (("keys", keys_table()), ("models", models_table())):
        text = re.sub(
            rf"(<!-- {name} -->\n).*?(\n<!-- /{name} -->)",
            lambda mark, t=table: mark[1] + t + mark[2],
            text,
            flags=re.S,
        )
    return text


if __name__ == "__main__":
    README.write_text(with_tables(README.read_text(encoding="utf-8")), encoding="utf-8")

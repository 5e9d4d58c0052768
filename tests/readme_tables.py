"""Writes the README's tables (keys, models, templates, error logs) from the program's declarations and the tests' logs.

    python -m tests.readme_tables

A test compares them, so that the README stays true.
"""

import json
import re
from collections import Counter
from pathlib import Path

from termcoder import prompts, resources
from termcoder.models.catalogue import catalogue
from termcoder.models.progress import size_text
from termcoder.ui.commands import COMMANDS, keys_label

README = Path(__file__).parents[1] / "README.md"
PLACES = {
    "composer": "Writing a message",
    "transcript": "In the conversation",
    "find": "On the line for finding words",
    "sessions": "On the sessions screen",
    "session_list": "On its list",
    "traceback": "In the Traceback pane",
    "errors": "On its errors",
    "source": "On the source",
    "log": "On the log",
    "diagnosis": "On the diagnosis",
    "fixes": "On the fixes",
    "patch": "On a patch",
    "review": "In the Review pane",
    "changes": "On its files",
    "diff": "On their changes",
    "app": "Everywhere",
}
MOVES = (
    "next_line",
    "previous_line",
    "first_line",
    "last_line",
    "page_",
    "next_step",
    "previous_step",
    "next_fix",
    "previous_fix",
    "choose_number",
    "left",
    "right",
)
"""Commands whose keys every list has, or that are said in one row."""
FIXTURES = Path(__file__).parent / "tracebacks" / "fixtures"
LANGUAGES = {
    "python": "Python",
    "javascript": "JavaScript",
    "typescript": "TypeScript",
    "java": "Java",
    "kotlin": "Kotlin",
    "go": "Go",
    "rust": "Rust",
    "c": "C",
    "cpp": "C++",
    "csharp": "C#",
    "ruby": "Ruby",
    "php": "PHP",
    "shell": "Shell and containers",
}


def keys_table() -> str:
    """Every command with its keys, by place."""
    rows = ["| place | keys | what they do |", "| --- | --- | --- |"]
    for scope, place in PLACES.items():
        moves = MOVES if scope in PLACES and scope not in ("composer", "transcript", "app") else ()
        here = [c for c in COMMANDS if c.scope == scope and not any(move in c.name for move in moves)]
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


def forms_table() -> str:
    """The languages and forms of error logs that are read, with how many logs of each the tests have."""
    forms: dict[str, Counter[str]] = {language: Counter() for language in LANGUAGES}
    for file in FIXTURES.glob("*/*.json"):
        truth = json.loads(file.read_text(encoding="utf-8"))
        if truth["language"]:
            forms[truth["language"]][truth["format"]] += 1
    rows = ["| language | forms | logs in the tests |", "| --- | --- | --- |"]
    rows += [
        f"| {LANGUAGES[language]} | {', '.join(sorted(found))} | {found.total()} |" for language, found in forms.items()
    ]
    return "\n".join(rows)


def templates_table() -> str:
    """The shipped templates that a user picks."""
    shipped = [prompts.read(path) for path in sorted(resources.prompts_dir().glob("*.md"))]
    rows = ["| template | what it does |", "| --- | --- |"]
    rows += [f"| `/{each.name}` | {each.description} |" for each in shipped if each.is_picked]
    return "\n".join(rows)


def with_tables(text: str) -> str:
    """`text` with each table put between its two marks."""
    tables = {"keys": keys_table(), "models": models_table(), "forms": forms_table(), "templates": templates_table()}
    for name, table in tables.items():
        text = re.sub(
            rf"(<!-- {name} -->\n).*?(\n<!-- /{name} -->)",
            lambda mark, t=table: mark[1] + t + mark[2],
            text,
            flags=re.S,
        )
    return text


if __name__ == "__main__":
    README.write_text(with_tables(README.read_text(encoding="utf-8")), encoding="utf-8")

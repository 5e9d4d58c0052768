"""The message of a commit: what the model is shown of the changes, and the form of what it writes."""

from collections.abc import Iterator, Sequence

from termcoder import prompts
from termcoder.context import ContextItem
from termcoder.conversation import Message, Role
from termcoder.diffs.model import ChangeSet, FileDiff
from termcoder.engine.base import Grammar
from termcoder.redact import redact

CONVENTIONAL = "conventional"
TYPES = ("feat", "fix", "refactor", "docs", "test", "perf", "style", "build", "ci", "chore")
MOST_ROWS = 80
"""Rows of a file's diff that are shown; fewer where there are many files."""
ROWS_OF_ALL = 320
"""Rows that all files have together, but for a few of each: on a CPU each costs a tenth of a second."""
FEWEST_ROWS = 8
LONGEST_LINE = 200


def grammar() -> Grammar:
    """A message after Conventional Commits (1.0.0): type, scope and subject in a line of 72 characters, then a body."""
    ebnf = "\n".join(
        [
            'root ::= type scope? ": " subject "\\n" ("\\n" line line? line?)?',
            f"type ::= {' | '.join(f'{chr(34)}{each}{chr(34)}' for each in TYPES)}",
            'scope ::= "(" [a-z0-9_./-]{1,20} ")"',
            "subject ::= [!-~¡-ɏ‐-…] [ -~¡-ɏ‐-…]{4,54}",
            'line ::= [!-~¡-ɏ‐-…] [ -~¡-ɏ‐-…]{4,150} "\\n"',
        ]
    )
    return Grammar(ebnf + "\n", "chore: change files\n")


def items(changes: ChangeSet) -> tuple[ContextItem, ...]:
    """The diff of each file, without secrets; the first of them go first where there is no room for all."""
    shown = [file for file in changes.files if file.hunks and file.skipped in (None, "deleted file")]
    most = max(FEWEST_ROWS, min(MOST_ROWS, ROWS_OF_ALL // max(1, len(shown))))
    return tuple(ContextItem(file.path, (Message(Role.USER, _diff(file, most)),)) for file in reversed(shown))


def head(style: str) -> tuple[Message, ...]:
    """What every such prompt begins with: Conventional Commits, or the template of this name. Raises PromptError."""
    return (Message(Role.SYSTEM, prompts.find("commit-message" if style == CONVENTIONAL else style).body),)


def task(changes: ChangeSet, before: Sequence[str]) -> Message:
    """The question. `before`: subjects of earlier commits."""
    files = "\n".join(f"{file.status} {file.path} +{file.added} -{file.deleted}" for file in changes.files[:60])
    subjects = "\n".join(redact(subject).text[:LONGEST_LINE] for subject in before) or "(none)"
    return Message(Role.USER, prompts.find("commit-message-task").render(files=files, before=subjects))


def tidied(text: str) -> str:
    """A message without fences around it, without blank lines at its ends, and its subject not cut at a comma."""
    lines = [line.rstrip() for line in text.split("\n") if not line.startswith("```")]
    subject, newline, body = "\n".join(lines).lstrip().partition("\n")
    return f"{subject.rstrip(' ,;:') if newline else subject}{newline}{body}".rstrip()


def _diff(file: FileDiff, most: int) -> str:
    rows = list(_rows(file))
    more = [f"… {len(rows) - most} more lines"] if len(rows) > most else []
    text = redact("\n".join([*rows[:most], *more])).text
    return f'<change path="{file.path}">\n{text}\n</change>'


def _rows(file: FileDiff) -> Iterator[str]:
    """The rows that change something, with one unchanged row around them."""
    for hunk in file.hunks:
        yield f"@@ {hunk.heading}".rstrip()
        signs = [" ", *(sign for sign, _ in hunk.rows), " "]
        for at, (sign, text) in enumerate(hunk.rows):
            if set(signs[at : at + 3]) != {" "}:
                yield f"{sign}{text.rstrip()}"[:LONGEST_LINE]

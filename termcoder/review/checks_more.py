"""Rules for Go, Rust, shell scripts and SQL."""

import ast
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from termcoder.review.checks_base import Alarm, Change, Edit, line_of, text_of
from termcoder.review.checks_python_tree import text_in
from termcoder.review.finding import Category, Severity

if TYPE_CHECKING:
    from tree_sitter import Node

# Go


_RELEASES = re.compile(r"\.(?:Close|R?Unlock|Rollback)\(\)\s*$")


def defer_in_loop(change: Change) -> Iterator[Alarm]:
    """`defer` in a loop: all of it happens when the function ends."""
    for node in change.nodes_of("defer_statement") if not change.is_test else ():
        found = _RELEASES.search(text_of(node))
        outer = node.parent
        while outer is not None and outer.type not in ("func_literal", "function_declaration", "method_declaration"):
            if outer.type == "for_statement" and not _leaves(outer) and found:
                call = " ".join(text_of(node).removeprefix("defer").split())[:50]
                yield Alarm(
                    line_of(node),
                    Severity.MAJOR if "Unlock" in found[0] else Severity.MINOR,
                    Category.ERROR_HANDLING,
                    0.85,
                    f"`defer {call}` in a loop waits for the function's end",
                    "When the loop has many rounds, what each of them opened stays open until the function returns.",
                )
                break
            outer = outer.parent


def _leaves(loop: "Node") -> bool:
    """Whether a loop's last statement leaves it."""
    body = loop.child_by_field_name("body")
    statements = body.named_children if body else []
    if len(statements) == 1 and statements[0].type == "statement_list":
        statements = statements[0].named_children
    return bool(statements) and statements[-1].type in ("return_statement", "break_statement")


GO = (defer_in_loop,)

# Rust


def left_undone(change: Change) -> Iterator[Alarm]:
    """`todo!()` where the program gets to."""
    for line, text in change.texts.items():
        if not change.is_test and re.match(r"\s*todo!\(", text):
            yield Alarm(
                line,
                Severity.MAJOR,
                Category.BUG,
                0.9,
                "`todo!` was left",
                "When this line runs, the program panics.",
            )


RUST = (left_undone,)

# Shell


def unquoted_removal(change: Change) -> Iterator[Alarm]:
    """`rm -r` of a variable without quotes."""
    for node in change.nodes_of("command"):
        words = node.named_children
        flags = [text_of(word) for word in words if text_of(word).startswith("-")]
        if not words or text_of(words[0]) != "rm" or not any("r" in flag.lower() for flag in flags):
            continue
        for word in words[1:]:
            variable = _bare_variable(word)
            if variable and not re.search(rf"\b{re.escape(variable.strip('${}'))}=\S*mktemp", change.new or ""):
                yield Alarm(
                    line_of(node),
                    Severity.MAJOR,
                    Category.DATA_LOSS,
                    0.85,
                    f"`rm` gets `{text_of(word)[:40]}` without quotes",
                    f"When {variable} is empty or holds a blank, other files are removed than were meant.",
                    _quoted(change, word),
                )
                break


def _bare_variable(word: "Node") -> str:
    parts = word.named_children if word.type == "concatenation" else [word]
    found = next((part for part in parts if part.type in ("simple_expansion", "expansion")), None)
    text = text_of(found)
    return "" if found is None or re.search(r":?[?]|[#]", text) else text


def _quoted(change: Change, word: "Node") -> Edit | None:
    text, row = text_of(word), word.start_point.row
    if re.search(r"[*?\"'\[]", text) or word.end_point.row != row:
        return None
    line = change.lines[row].encode("utf-8", "replace")
    new = line[: word.start_point.column] + f'"{text}"'.encode() + line[word.end_point.column :]
    return Edit(row + 1, row + 1, (new.decode("utf-8", "replace"),))


_STOPS = re.compile(r"\s*set -[a-z]*e[a-z]*\b.*")


def no_longer_stops(change: Change) -> Iterator[Alarm]:
    """`set -e` that is gone."""
    if any(_STOPS.match(line) for line in change.lines) or not change.lines:
        return
    for rows in change.rows:
        for at, row in enumerate(rows):
            if row.sign != "-" or not _STOPS.match(row.text):
                continue
            following = next((each.new for each in rows[at : at + 60] if each.new is not None), None)
            if following is not None:
                yield Alarm(
                    following,
                    Severity.MAJOR,
                    Category.ERROR_HANDLING,
                    0.85,
                    f"`{row.text.strip()[:40]}` is gone: the script goes on after errors",
                    "When a command fails, those after it run all the same.",
                    Edit(following, following - 1, (row.text.rstrip("\r\n"),)),
                )


SHELL = (unquoted_removal, no_longer_stops)

# SQL


_ALL_ROWS = re.compile(
    r"\s*(?:DELETE\s+FROM\s+(?P<table>[\w.\"`]+)|UPDATE\s+(?P<other>[\w.\"`]+)\s+SET\s+(?:(?!\bWHERE\b).)+)[\s;]*",
    re.IGNORECASE | re.DOTALL,
)
_DELETES = re.compile(r"(?im)^[ \t]*DELETE[ \t]+FROM[ \t]+(?P<table>[\w.\"`\[\]]+)[ \t]*;")


_EMPTIES = re.compile(
    r"clear|reset|delete_all|remove_all|purge|truncate|wipe|drop|clean|flush|teardown|upgrade|downgrade"
)


def all_rows_in_code(change: Change) -> Iterator[Alarm]:
    """Python: a DELETE or UPDATE without WHERE that is executed."""
    code = change.python
    for call in code.calls if code and not change.is_test else ():
        value = text_in(call.args[0]) if call.args else None
        match = _ALL_ROWS.fullmatch(value) if value and len(value) < 2000 else None
        if not match or not isinstance(call.func, ast.Attribute) or call.func.attr != "execute":
            continue
        function = code.function(call) if code else None
        if call.lineno in change.added and not (function and _EMPTIES.search(function.name)):
            yield _all_rows(call.lineno, match["table"] or match["other"], "deleted" if match["table"] else "changed")


def all_rows_in_script(change: Change) -> Iterator[Alarm]:
    """SQL: a DELETE without WHERE."""
    if change.suffix != ".sql" or change.is_test:
        return
    for line, text in change.texts.items():
        match = _DELETES.match(text)
        if match:
            yield _all_rows(line, match["table"], "deleted")


def _all_rows(line: int, table: str, what: str) -> Alarm:
    return Alarm(
        line,
        Severity.MAJOR,
        Category.DATA_LOSS,
        0.85,
        f"Every row of `{table}` is {what}: there is no WHERE",
        f"When this runs, no row of {table} is left as it was.",
    )


SQL = (all_rows_in_code, all_rows_in_script)

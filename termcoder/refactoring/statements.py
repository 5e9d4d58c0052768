"""Lines made whole statements: a range that cuts through one is widened until it doesn't."""

import ast
import copy
import functools
import io
import tokenize
import warnings
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from termcoder import syntax

if TYPE_CHECKING:
    from tree_sitter import Node

_PYTHON = (".py", ".pyi", ".pyw")
_LISTS = frozenset(
    (
        "program",
        "source_file",
        "translation_unit",
        "compilation_unit",
        "module",
        "block",
        "statement_list",
        "statement_block",
        "class_body",
        "interface_body",
        "enum_body",
        "declaration_list",
        "field_declaration_list",
        "compound_statement",
        "constructor_body",
        "body_statement",
        "then",
        "do",
        "do_group",
        "switch_body",
        "switch_block",
    )
)
"""Nodes whose children are statements or declarations."""


class Extent(NamedTuple):
    """The first and last line of a statement, from 1."""

    first: int
    last: int


def is_python(path: str) -> bool:
    """Whether a file is Python's by its name."""
    return PurePosixPath(path).suffix.lower() in _PYTHON


@functools.lru_cache(maxsize=4)
def python_tree(text: str) -> ast.Module | None:
    """The tree of a Python text, None where it doesn't parse, or its lines aren't counted alike. Not to be changed."""
    if "\r" in text.replace("\r\n", "\n") or "\f" in text:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(text.removeprefix("\ufeff"))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


def fragment(lines: Sequence[str]) -> list[ast.stmt] | None:
    """The statements of some lines at any depth, numbered from 1; None where they don't parse by themselves."""
    first = next((line for line in lines if line.strip()), "")
    inner = first[:1] in (" ", "\t")
    tree = python_tree("\n".join(["if 1:", *lines] if inner else lines))
    if tree is None or (inner and len(tree.body) != 1):
        return None
    if not inner:
        return list(tree.body)
    body = copy.deepcopy(tree.body[0].body)  # type: ignore[attr-defined]  # it is an If
    for statement in body:
        ast.increment_lineno(statement, -1)
    return list(body)


def whole_statements(path: str, text: str, first: int, last: int) -> Extent:
    """The range widened to the statements that it is in, as few as can be; as it is where the text doesn't parse."""
    if is_python(path):
        tree = python_tree(text)
        lines = text.split("\n")
        return _widened(_python_suites(tree, lines), first, last) if tree else Extent(first, last)
    parsed = syntax.parsed(path, text)
    return _widened(_node_lists(parsed.root_node), first, last) if parsed else Extent(first, last)


def _widened(lists: Iterator[Sequence[Extent]], first: int, last: int) -> Extent:
    """The statements of the innermost list that holds the range, as far as it touches them."""
    wanted = Extent(first, last)
    best: tuple[int, Extent] | None = None
    for statements in lists:
        whole = Extent(statements[0].first, statements[-1].last)
        touched = [each for each in statements if each.first <= last and first <= each.last]
        if not touched or (best and not (whole.first <= first and last <= whole.last)):
            continue
        widened = Extent(min(first, touched[0].first), max(last, touched[-1].last))
        if best is None or widened.last - widened.first <= best[0]:
            best = (widened.last - widened.first, widened)
    return best[1] if best else wanted


def extent_of(node: ast.stmt) -> Extent:
    """A statement's lines, decorators included."""
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    first = min([node.lineno, *(each.lineno for each in decorators)])
    return Extent(first, node.end_lineno or first)


def _python_suites(tree: ast.Module, lines: Sequence[str]) -> Iterator[list[Extent]]:
    """Every list of statements, the outer ones first. A suite on the line of its head is none of its own."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop(0)
        for field in ("body", "orelse", "finalbody", "handlers", "cases"):
            inner = getattr(node, field, None)
            if not isinstance(inner, list) or not inner:
                continue
            waiting += inner
            if isinstance(inner[0], ast.stmt) and _stands_alone(inner[0], lines):
                yield [extent_of(each) for each in inner]


def _stands_alone(statement: ast.stmt, lines: Sequence[str]) -> bool:
    """Whether a suite's first statement begins its line, and is no `elif`."""
    line = lines[statement.lineno - 1].encode()
    is_elif = isinstance(statement, ast.If) and line[statement.col_offset :].startswith(b"elif")
    return not is_elif and not line[: statement.col_offset].strip()


def _node_lists(root: "Node") -> Iterator[list[Extent]]:
    waiting = [root]
    while waiting:
        node = waiting.pop(0)
        inner = [child for child in node.named_children if child.type != "comment"]
        waiting += inner
        if inner and node.type in _LISTS and _begins_lines(node, inner):
            yield [Extent(child.start_point.row + 1, _last_row(child) + 1) for child in inner]


def _begins_lines(node: "Node", inner: Sequence["Node"]) -> bool:
    """Whether the list's first statement has a line to itself."""
    return node.parent is None or inner[0].start_point.row > node.start_point.row or node.type in ("statement_list",)


def _last_row(node: "Node") -> int:
    """The last row that has something of a node; one that takes its newline with it ends on the row before."""
    end = node.end_point
    return end.row - (end.column == 0 and end.row > node.start_point.row)


def rows_in_strings(text: str) -> frozenset[int]:
    """The lines, from 1, that begin inside a string of a Python text; none where it can't be read."""
    inside: set[int] = set()
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.STRING or tokenize.tok_name[token.type] == "FSTRING_MIDDLE":
                inside.update(range(token.start[0] + 1, token.end[0] + 1))
    except (tokenize.TokenError, IndentationError):
        return frozenset()
    return frozenset(inside)

"""A Python text as the rules look at it: its syntax tree, with what each node is a part of."""

import ast
import warnings
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TypeGuard, TypeVar

MOST_CHARS = 500_000
"""A longer text is not looked at."""

Function = ast.FunctionDef | ast.AsyncFunctionDef
Scope = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Node = TypeVar("Node", bound=ast.AST)


@dataclass(frozen=True)
class Code:
    """A Python text that parses. `marked`: the lines that rules are asked about."""

    text: str
    tree: ast.Module
    marked: Collection[int]

    @cached_property
    def parents(self) -> dict[ast.AST, ast.AST]:
        """The node that each node is a part of."""
        return {child: node for node in self.nodes for child in ast.iter_child_nodes(node)}

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """All nodes."""
        return list(ast.walk(self.tree))

    @cached_property
    def lines(self) -> list[bytes]:
        """Its lines; columns of `ast` count bytes."""
        return [line.encode("utf-8", "replace") for line in self.text.split("\n")]

    @cached_property
    def imported(self) -> dict[str, str]:
        """What each imported name is: `{"sleep": "time.sleep", "np": "numpy"}`."""
        found: dict[str, str] = {}
        for node in self.nodes:
            if isinstance(node, ast.Import):
                found |= {each.asname or each.name.partition(".")[0]: _imported_as(each) for each in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                found |= {each.asname or each.name: f"{node.module}.{each.name}" for each in node.names}
        return found

    @cached_property
    def text_lines(self) -> frozenset[int]:
        """The lines that are parts of texts over several lines."""
        texts = [node for node in self.nodes if isinstance(node, ast.Constant) and node.end_lineno != node.lineno]
        return frozenset(line for node in texts for line in range(node.lineno, (node.end_lineno or node.lineno) + 1))

    def marked_nodes(self, kind: type[Node]) -> Iterator[Node]:
        """The nodes of a type that begin on marked lines."""
        return (node for node in self._marked_nodes if isinstance(node, kind))

    @cached_property
    def _marked_nodes(self) -> list[ast.AST]:
        return [node for node in self.nodes if getattr(node, "lineno", 0) in self.marked]

    @cached_property
    def calls(self) -> list[ast.Call]:
        """All calls, marked or not."""
        return [node for node in self.nodes if isinstance(node, ast.Call)]

    @cached_property
    def functions(self) -> list[Function]:
        """All functions and methods."""
        return [node for node in self.nodes if is_function(node)]

    def above(self, node: ast.AST) -> Iterator[ast.AST]:
        """What a node is a part of, from the inside out."""
        outer = self.parents.get(node)
        while outer is not None:
            yield outer
            outer = self.parents.get(outer)

    def function(self, node: ast.AST) -> Function | None:
        """The function or method around a node; None in a lambda, and outside of functions."""
        scope = self.scope(node)
        return scope if is_function(scope) else None

    def scope(self, node: ast.AST) -> Scope | None:
        """The innermost function, method or lambda around a node."""
        return next((outer for outer in self.above(node) if isinstance(outer, Scope)), None)

    def class_of(self, function: ast.AST) -> ast.ClassDef | None:
        """The class whose method a function is."""
        outer = self.parents.get(function)
        return outer if isinstance(outer, ast.ClassDef) else None

    def qualified(self, function: Function) -> str:
        """A function's name with those of what it is in: `Shop.total`."""
        names = [outer.name for outer in self.above(function) if isinstance(outer, ast.ClassDef | Function)]
        return ".".join([*reversed(names), function.name])

    def called(self, call: ast.AST) -> str:
        """The full name of what is called, imports looked up: `time.sleep`; "" where it isn't a plain name."""
        name = dotted(call.func) if isinstance(call, ast.Call) else ""
        first, dot, rest = name.partition(".")
        return f"{self.imported.get(first, first)}{dot}{rest}"

    def source(self, node: ast.expr | ast.stmt) -> str:
        """A node's own text."""
        first, last = node.lineno, node.end_lineno or node.lineno
        lines = self.lines[first - 1 : last]
        lines[-1] = lines[-1][: node.end_col_offset]
        lines[0] = lines[0][node.col_offset :]
        return b"\n".join(lines).decode("utf-8", "replace")

    def shortly(self, node: ast.expr | ast.stmt) -> str:
        """A node's own text, on one line and not long."""
        text = " ".join(self.source(node).split())
        return text if len(text) <= 60 else f"{text[:57]}..."

    def replaced(self, node: ast.expr | ast.stmt, new: str) -> tuple[int, int, tuple[str, ...]] | None:
        """First and last line of a node, and these lines with `new` in its place."""
        first, last = node.lineno, node.end_lineno or node.lineno
        start = self.lines[first - 1][: node.col_offset]
        rest = self.lines[last - 1][node.end_col_offset :].removesuffix(b"\r")
        whole = start + new.encode("utf-8", "replace") + rest
        return first, last, tuple(whole.decode("utf-8", "replace").split("\n"))


def code_of(text: str | None, marked: Collection[int]) -> Code | None:
    r"""A text as Python; None where it doesn't parse, is too long, or has a lone `\r` (a line end for Python only)."""
    if text is None or len(text) > MOST_CHARS or "\r" in text.replace("\r\n", "\n"):
        return None
    plain = text.removeprefix("\ufeff")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return Code(plain, ast.parse(plain), marked)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def is_function(node: object) -> TypeGuard[Function]:
    """Whether it is a function or method."""
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)


def dotted(node: ast.AST | None) -> str:
    """A name like `self.items` as text; "" for anything else."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""


def within(scope: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a scope, without those of functions and classes inside of it."""
    waiting = list(ast.iter_child_nodes(scope))
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, Scope | ast.ClassDef):
            waiting += ast.iter_child_nodes(node)


def argument(call: ast.Call, name: str) -> ast.expr | None:
    """The value of a keyword argument."""
    return next((each.value for each in call.keywords if each.arg == name), None)


def parameters(function: Scope) -> list[ast.arg]:
    """The parameters that may have defaults."""
    return [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]


def defaults(function: Scope) -> Iterator[tuple[ast.arg, ast.expr]]:
    """The parameters with defaults."""
    plain = [*function.args.posonlyargs, *function.args.args]
    values = function.args.defaults
    yield from zip(plain[len(plain) - len(values) :], values, strict=True)
    for parameter, value in zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True):
        if value is not None:
            yield parameter, value


def ends(block: list[ast.stmt]) -> bool:
    """Whether what follows a block is not reached through its end."""
    return bool(block) and isinstance(block[-1], ast.Return | ast.Raise | ast.Continue | ast.Break)


def text_in(node: ast.AST | None) -> str | None:
    """The string that a node is, written out; None where it is something else."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _imported_as(alias: ast.alias) -> str:
    return alias.name if alias.asname else alias.name.partition(".")[0]

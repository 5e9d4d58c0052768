"""Whose name it is: the function, class or module that a word of a Python text belongs to."""

import ast
from collections.abc import Iterator
from typing import NamedTuple

from termcoder.refactoring import python_flow as flow
from termcoder.refactoring.statements import extent_of
from termcoder.refactoring.tokens import Token

_COMPREHENSION = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
Scope = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef | ast.expr
"""What has names of its own: functions, lambdas, classes, comprehensions."""


class Place(NamedTuple):
    """Where a word begins: a line from 1, and the bytes of it before the word."""

    line: int
    column: int


class Scopes:
    """The scopes of one text."""

    def __init__(self, tree: ast.Module, text: str) -> None:
        self._lines = text.split("\n")
        self._scopes = [node for node in ast.walk(tree) if isinstance(node, (*_NAMED, *_COMPREHENSION))]
        words = (node for node in ast.walk(tree) if isinstance(node, ast.keyword) and node.arg)
        self._arguments = frozenset(Place(word.lineno, word.col_offset) for word in words)

    def place_of(self, token: Token) -> Place:
        """Where a token begins, as the tree counts."""
        return Place(token.line, len(self._lines[token.line - 1][: token.column].encode()))

    def is_argument(self, token: Token) -> bool:
        """Whether a token names an argument in a call."""
        return self.place_of(token) in self._arguments

    def owner(self, token: Token, name: str | None = None) -> Scope | None:
        """The scope that a token's name belongs to; None: the module, or nobody here."""
        name = name or token.text
        place = self.place_of(token)
        around = sorted((each for each in self._scopes if _is_in(each, place)), key=_start, reverse=True)
        for number, scope in enumerate(around):
            if isinstance(scope, ast.ClassDef) and number:
                continue  # functions don't see the names of the class around them
            if name in _global_in(scope):
                return None
            if name in _bound_in(scope):
                return scope
        return None


_NAMED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


def _start(scope: Scope) -> tuple[int, int, int]:
    """Inner scopes begin later; a lambda's comprehension may begin where the lambda's body does."""
    return scope.lineno, scope.col_offset, -(scope.end_lineno or 0)


def _is_in(scope: Scope, place: Place) -> bool:
    """Whether names at a place are looked up in a scope first: its parameters and body, not its defaults."""
    if isinstance(scope, (*flow.FUNCTION, ast.Lambda)):
        if any(Place(arg.lineno, arg.col_offset) == place for arg in _arguments_of(scope.args)):
            return True
        body = scope.body if isinstance(scope.body, list) else [scope.body]
        return any(_holds(each, place) for each in body)
    if isinstance(scope, ast.ClassDef):
        return any(_holds(each, place) for each in scope.body)
    generators: list[ast.comprehension] = getattr(scope, "generators", [])
    return _holds(scope, place) and not _holds(generators[0].iter, place)


def _holds(node: ast.stmt | ast.expr, place: Place) -> bool:
    first = extent_of(node).first if isinstance(node, ast.stmt) else node.lineno
    start = Place(first, 0 if first < node.lineno else node.col_offset)
    return start <= place < Place(node.end_lineno or node.lineno, node.end_col_offset or 0)


def _arguments_of(args: ast.arguments) -> Iterator[ast.arg]:
    yield from (*args.posonlyargs, *args.args, *args.kwonlyargs)
    yield from (each for each in (args.vararg, args.kwarg) if each)


def _global_in(scope: Scope) -> set[str]:
    body = scope.body if isinstance(scope, flow.FUNCTION) else []
    nodes = flow.own_nodes(body)
    return {name for node in nodes if isinstance(node, ast.Global) for name in node.names}


def _bound_in(scope: Scope) -> set[str]:
    if isinstance(scope, ast.Lambda):
        return flow.parameters_of(scope.args)
    if isinstance(scope, flow.FUNCTION):
        declared = {name for each in scope.body for name in flow.declared(each)}
        made = {use.name for use in flow.uses(scope.body) if use.made}
        return (made | flow.parameters_of(scope.args)) - declared
    if isinstance(scope, ast.ClassDef):
        return {use.name for use in flow.uses(scope.body) if use.made}
    generators: list[ast.comprehension] = getattr(scope, "generators", [])
    return {use.name for each in generators for use in flow.uses([each.target])}

"""Where lines stand in a Python function: the statements they are, what is around them, what has a value before."""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from termcoder.refactoring import python_flow as flow
from termcoder.refactoring.python_flow import FUNCTION, Function
from termcoder.refactoring.selecting import Selection
from termcoder.refactoring.statements import extent_of, python_tree


@dataclass(frozen=True, slots=True)
class Site:
    """Where the lines are: the statements they are, what is around these, the function's name space."""

    selection: Selection
    suite: tuple[ast.stmt, ...]
    around: tuple[ast.AST, ...]
    """The nodes around the suite, from the module on; the innermost has it as a block."""
    function: Function

    @property
    def in_loop(self) -> bool:
        """Whether the lines may be run several times in one call."""
        inner = self.around[self.around.index(self.function) :]
        return any(isinstance(node, ast.For | ast.AsyncFor | ast.While) for node in inner)

    @property
    def elsewhere(self) -> list[flow.Use]:
        """The uses of names in the function's other lines."""
        chosen = self.selection
        return [use for use in flow.uses(self.function.body) if not chosen.first <= use.line <= chosen.last]

    def surely_before(self) -> set[str]:
        """The names that have a value when the lines begin."""
        known = flow.parameters_of(self.function.args)
        inner = self.around[self.around.index(self.function) :]
        for node, child in zip(inner, [*inner[1:], self.suite[0]], strict=True):
            if isinstance(node, ast.For | ast.AsyncFor) and any(child is each for each in node.body):
                known |= {use.name for use in flow.uses([node.target]) if use.made}
            if isinstance(node, ast.With | ast.AsyncWith):
                known |= {use.name for use in flow.uses(node.items) if use.made}
            known |= {use.name for handler in getattr(node, "handlers", ()) for use in _handled(handler, child)}
            known |= flow.surely_made(_before(node, child))
        return known


def site_of(selection: Selection) -> Site | None:
    """Where the lines stand; None where they are not a part of a function's body."""
    tree = python_tree(selection.text)
    if tree is None:
        return None
    around: list[ast.AST] = [tree]
    while True:
        suites = [block for block in _blocks(around[-1]) if _is_in(block, selection)]
        inner = [each for block in suites for each in block if _holds(each, selection)]
        deeper = [each for each in inner if any(_is_in(block, selection) for block in _blocks(each))]
        if not deeper:
            break
        around.append(deeper[0])
    functions = [node for node in around if isinstance(node, FUNCTION)]
    if not functions or not suites or isinstance(around[-1], ast.ClassDef):
        return None
    chosen = tuple(each for each in suites[0] if selection.first <= extent_of(each).first <= selection.last)
    return Site(selection, chosen, tuple(around), functions[-1]) if chosen else None


def _blocks(node: ast.AST) -> Iterator[list[ast.stmt]]:
    for field in ("body", "orelse", "finalbody"):
        found = getattr(node, field, None)
        if isinstance(found, list) and found:
            yield found
    for part in (*getattr(node, "handlers", ()), *getattr(node, "cases", ())):
        yield part.body


def _is_in(block: Sequence[ast.stmt], selection: Selection) -> bool:
    """Whether the lines touch a block, and nothing outside of it but comments above."""
    touched = [each for each in block if _touches(each, selection)]
    return (
        bool(touched)
        and selection.last <= extent_of(block[-1]).last
        and (selection.first >= extent_of(block[0]).first or not _code_before(block[0], selection))
    )


def _code_before(statement: ast.stmt, selection: Selection) -> bool:
    lines = selection.text.split("\n")[selection.first - 1 : extent_of(statement).first - 1]
    return any(line.strip() and not line.lstrip().startswith("#") for line in lines)


def _touches(statement: ast.stmt, selection: Selection) -> bool:
    extent = extent_of(statement)
    return extent.first <= selection.last and selection.first <= extent.last


def _holds(statement: ast.stmt, selection: Selection) -> bool:
    extent = extent_of(statement)
    return extent.first <= selection.first and selection.last <= extent.last


def _before(node: ast.AST, child: ast.AST) -> list[ast.stmt]:
    """The statements of a node that are run before one of its own."""
    for block in _blocks(node):
        for at, each in enumerate(block):
            if each is child:
                return block[:at]
    return []


def _handled(handler: ast.ExceptHandler, child: ast.AST) -> list[flow.Use]:
    """The name of an exception, where its handler is around the lines."""
    is_around = any(child is each for each in handler.body)
    return [flow.Use(handler.name, handler.lineno, made=True)] if is_around and handler.name else []

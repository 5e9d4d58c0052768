"""A function made of some lines, by rule: what they read becomes its parameters, what they make is given back.

Python only. What the lines read and make is told by the names in them, so that a model is needed for no more than a
good name. Where it can't be told for certain, the lines are refused.
"""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from termcoder.errors import RefactorError
from termcoder.refactoring import python_flow as flow
from termcoder.refactoring.extract_site import Site, site_of
from termcoder.refactoring.python_flow import FUNCTION, Function
from termcoder.refactoring.selecting import Selection
from termcoder.refactoring.statements import extent_of, is_python, rows_in_strings

_SPECIAL = frozenset(("locals", "vars", "eval", "exec", "super", "__class__"))


@dataclass(frozen=True, slots=True)
class Extraction:
    """What becomes of some lines of a function.

    `parameters`: names that the lines read, `self` first; `results`: names that they make and that are read afterwards.
    `returns`: the lines end the function, and its result is theirs. `hints`: annotations of the parameters.
    `insert_at`: the line that the new function, indented by `margin`, is put before; `step`: one level more.
    """

    selection: Selection
    parameters: tuple[str, ...]
    results: tuple[str, ...]
    insert_at: int
    margin: str
    step: str = "    "
    hints: tuple[tuple[str, str], ...] = ()
    returns: bool = False
    is_async: bool = False
    method: bool = False

    def text(self, name: str) -> str:
        """The whole file with the function made, under this name."""
        lines = self.selection.text.split("\n")
        chosen = lines[self.selection.first - 1 : self.selection.last]
        end = "\r" if chosen[0].endswith("\r") else ""
        call = _indentation(chosen) + self._call(name) + end
        rest = [*lines[: self.selection.first - 1], call, *lines[self.selection.last :]]
        new = [*(line + end for line in self.function(name)), *[end] * (1 if self.margin else 2)]
        return "\n".join([*rest[: self.insert_at - 1], *new, *rest[self.insert_at - 1 :]])

    def function(self, name: str) -> list[str]:
        """The lines of the new function, under this name."""
        hints = dict(self.hints)
        parameters = ", ".join(f"{each}: {hints[each]}" if each in hints else each for each in self.parameters)
        word = "async def" if self.is_async else "def"
        given = [f"{self.margin}{self.step}return {', '.join(self.results)}"] if self.results else []
        return [f"{self.margin}{word} {name}({parameters}):", *self._body(), *given]

    def _body(self) -> list[str]:
        """The lines, indented for their new place; what stands in a string stays as it is."""
        chosen = self.selection.lines
        old, new = _indentation(chosen), f"{self.margin}{self.step}"
        inside = rows_in_strings(self.selection.text)
        return [
            new + line[len(old) :] if line.strip() and number not in inside and line.startswith(old) else line
            for number, line in enumerate(chosen, self.selection.first)
        ]

    def _call(self, name: str) -> str:
        arguments = ", ".join(self.parameters[1:] if self.method else self.parameters)
        called = f"{self.parameters[0]}.{name}" if self.method else name
        call = f"{'await ' if self.is_async else ''}{called}({arguments})"
        if self.returns:
            return f"return {call}"
        return f"{', '.join(self.results)} = {call}" if self.results else call


def can_extract(selection: Selection) -> bool:
    """Whether the lines are part of a Python function, of which this module can make another."""
    return is_python(selection.path) and site_of(selection) is not None


def extraction(selection: Selection) -> Extraction:
    """What the function made of the lines needs. Raises RefactorError where the lines can't be one by themselves."""
    site = site_of(selection)
    if site is None:
        raise RefactorError(f"{selection.place} is not a part of a Python function.", remedy="Choose lines inside one.")
    if why := _hindrance(site):
        raise RefactorError(f"{selection.place} can't become a function: {why}.", remedy="Choose other lines.")
    inside = flow.uses(site.suite)
    made = {use.name for use in inside if use.made}
    returns = _returns(site)
    results = set() if returns else made & _read_later(site)
    parameters = _needed(site, made, results)
    parent = site.around[site.around.index(site.function) - 1]
    method = isinstance(parent, ast.ClassDef) and "self" in parameters and _is_method(site.function)
    before = site.function if method or not isinstance(parent, ast.ClassDef) else parent
    lines = selection.text.split("\n")
    margin, step = _indentation([lines[before.lineno - 1]]), _step(site.function, lines)
    return Extraction(
        selection,
        tuple(sorted(parameters, key=lambda name: (name not in ("self", "cls"), _first(inside, name)))),
        tuple(sorted(results, key=lambda name: _first(inside, name))),
        _above_comments(selection.text, extent_of(before).first),
        margin,
        step,
        tuple(_hints(site.function)),
        returns,
        any(_is_async(node) for node in flow.own_nodes(site.suite)),
        method,
    )


def _first(inside: Sequence[flow.Use], name: str) -> int:
    return next((at for at, use in enumerate(inside) if use.name == name), len(inside))


def _is_method(function: Function) -> bool:
    return not function.decorator_list and bool(function.args.args) and function.args.args[0].arg == "self"


def _hints(function: Function) -> Iterator[tuple[str, str]]:
    args = function.args
    for arg in (*args.posonlyargs, *args.args, *args.kwonlyargs):
        if arg.annotation is not None:
            yield arg.arg, ast.unparse(arg.annotation)


def _is_async(node: ast.AST) -> bool:
    in_comprehension = isinstance(node, ast.comprehension) and bool(node.is_async)
    return in_comprehension or isinstance(node, ast.Await | ast.AsyncFor | ast.AsyncWith)


# What keeps lines from being a function


def _hindrance(site: Site) -> str | None:
    own = list(flow.own_nodes(site.suite))
    everything = [node for statement in site.suite for node in ast.walk(statement)]
    hindrances = (
        ("they yield", any(isinstance(node, ast.Yield | ast.YieldFrom) for node in own)),
        ("they leave a loop, or go on with it", any(map(_leaves_loop, site.suite))),
        ("they return from the middle of the function", _returns(site) and not _ends_function(site)),
        ("they declare or delete names", any(isinstance(node, _DECLARING) for node in own)),
        ("they use names in a way that only works where they are", any(map(_is_special, everything))),
    )
    return next((why for why, holds in hindrances if holds), None) or _unclear_names(site)


_DECLARING = (ast.Global, ast.Nonlocal, ast.Delete)


def _returns(site: Site) -> bool:
    return any(isinstance(node, ast.Return) for node in flow.own_nodes(site.suite))


def _is_special(node: ast.AST) -> bool:
    if isinstance(node, ast.Name):
        return node.id in _SPECIAL
    return isinstance(node, ast.Attribute) and _is_mangled(node.attr)


def _is_mangled(name: str) -> bool:
    return name.startswith("__") and not name.endswith("__")


def _ends_function(site: Site) -> bool:
    body = site.function.body
    return site.around[-1] is site.function and site.suite[-1] is body[-1]


def _leaves_loop(statement: ast.AST) -> bool:
    """Whether a `break` or `continue` in a statement is for a loop around it."""
    if isinstance(statement, ast.Break | ast.Continue):
        return True
    if isinstance(statement, ast.For | ast.AsyncFor | ast.While):
        return any(map(_leaves_loop, statement.orelse))
    if isinstance(statement, (*FUNCTION, ast.Lambda, ast.ClassDef)):
        return False
    return any(map(_leaves_loop, ast.iter_child_nodes(statement)))


def _unclear_names(site: Site) -> str | None:
    """A name of which isn't certain what it holds before, or after, the lines."""
    made = {use.name for use in flow.uses(site.suite) if use.made}
    declared = {name for statement in site.function.body for name in flow.declared(statement)}
    if made & declared:
        return f"{min(made & declared)} is not the function's own name"
    known = site.surely_before()
    results = made & _read_later(site)
    for name in sorted(_needed(site, made, results) - known):
        return f"{name} may have no value before them"
    if caught := results & _read_when_failing(site):
        return f"{min(caught)} is read where they fail"
    deep = {use.name for use in flow.uses(site.suite) if use.deep}
    changed = {use.name for use in site.elsewhere if use.made and (use.line > site.selection.last or site.in_loop)}
    if deep & (changed | made & known):
        return f"{min(deep & (changed | made & known))} is read by a function in them, and changed later"
    return None


def _needed(site: Site, made: set[str], results: set[str]) -> set[str]:
    """The names to hand over: those that are read, and those that are given back though they may not be made."""
    own = {use.name for use in site.elsewhere if use.made} | flow.parameters_of(site.function.args)
    read = flow.read_first(site.suite)
    carried = made & read if site.in_loop else set()
    return (read & own) | (results - flow.surely_made(site.suite)) | carried


def _read_later(site: Site) -> set[str]:
    """The names that the function reads when the lines are done; in a loop that is anywhere."""
    read = [use for use in site.elsewhere if not use.made]
    later = {use.name for use in read if use.line > site.selection.last or use.deep or site.in_loop}
    return later | (flow.read_first(site.suite) if site.in_loop else set())


def _read_when_failing(site: Site) -> set[str]:
    """The names that are read where an exception of the lines is handled."""
    inner = site.around[site.around.index(site.function) :]
    parts = [part for node in inner if isinstance(node, ast.Try) for part in (*node.handlers, *node.finalbody)]
    return {use.name for use in flow.uses(parts) if not use.made}


def _above_comments(text: str, line: int) -> int:
    """The line that a function begins on with the comments right above it."""
    lines = text.split("\n")
    while line > 1 and lines[line - 2].lstrip().startswith("#"):
        line -= 1
    return line


def _indentation(lines: Sequence[str]) -> str:
    first = next(line for line in lines if line.strip())
    return first[: len(first) - len(first.lstrip())]


def _step(function: Function, lines: Sequence[str]) -> str:
    """By what a function's body is indented more than its head."""
    outer, inner = _indentation([lines[function.lineno - 1]]), _indentation([lines[function.body[0].lineno - 1]])
    return inner.removeprefix(outer) or "    "

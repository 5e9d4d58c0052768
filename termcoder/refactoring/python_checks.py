"""What a rewritten Python file must keep to: names that somebody knows, calls that fit, packages that were there."""

import ast
import sys
from collections.abc import Mapping

from termcoder.refactoring import python_flow as flow
from termcoder.refactoring.interface import new_functions
from termcoder.refactoring.python_imports import all_roots, with_imports
from termcoder.refactoring.python_names import import_for, unknown_names
from termcoder.refactoring.statements import python_tree


def with_missing_imports(before: str, after: str) -> tuple[str, tuple[str, ...]]:
    """The new text with the imports that its new names certainly need, and these imports."""
    missing = sorted(unknown_names(after) - unknown_names(before))
    imports = tuple(filter(None, (import_for(name, after) for name in missing)))
    return with_imports(after, imports), imports


def fault(before: str, after: str) -> str | None:
    """What is wrong with a new text that was not wrong with the old one, in a few words."""
    strangers = sorted(unknown_names(after) - unknown_names(before))
    if strangers:
        return f"used {strangers[0]}, which nothing defines"
    packages = sorted(all_roots(after) - all_roots(before) - sys.stdlib_module_names - {""})
    if packages:
        return f"imported {packages[0]}, which the file didn't use"
    if member := _new_member(before, after):
        return f"used self.{member}, which nothing defines"
    return _misfit(before, after)


def _new_member(before: str, after: str) -> str | None:
    """A member of `self` that a text reads, that it doesn't make and the old one didn't know."""
    old, new = python_tree(before), python_tree(after)
    if old is None or new is None:
        return None
    known = {node.attr for node in ast.walk(old) if isinstance(node, ast.Attribute)}
    known |= {node.name for node in ast.walk(new) if isinstance(node, (*flow.FUNCTION, ast.ClassDef))}
    known |= {node.id for node in ast.walk(new) if isinstance(node, ast.Name)}
    own = [node for node in ast.walk(new) if isinstance(node, ast.Attribute) and _is_self(node.value)]
    known |= {node.attr for node in own if isinstance(node.ctx, ast.Store)}
    return next((node.attr for node in own if node.attr not in known and not node.attr.startswith("__")), None)


def _is_self(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in ("self", "cls")


def _misfit(before: str, after: str) -> str | None:
    """A call that a new function can't take."""
    tree = python_tree(after)
    functions = {name.rpartition(".")[2]: (name, node) for name, node in new_functions(before, after).items()}
    for call in ast.walk(tree) if tree else ():
        if isinstance(call, ast.Call) and (called := _name_of(call)) in functions:
            name, function = functions[called]
            if not _fits(call, function, skipped=_skipped(call, name, function)):
                return f"called {name} with other arguments than it takes"
    return None


def _name_of(call: ast.Call) -> str:
    if isinstance(call.func, ast.Name):
        return call.func.id
    return call.func.attr if isinstance(call.func, ast.Attribute) and _is_self(call.func.value) else ""


def _skipped(call: ast.Call, name: str, function: flow.Function) -> int:
    """Parameters that a method call fills in by itself."""
    static = any(isinstance(each, ast.Name) and each.id == "staticmethod" for each in function.decorator_list)
    return int("." in name and isinstance(call.func, ast.Attribute) and not static)


def _fits(call: ast.Call, function: flow.Function, *, skipped: int) -> bool:
    """Whether a function takes a call's arguments; a call with `*` or `**` may do."""
    args = function.args
    if any(isinstance(each, ast.Starred) for each in call.args) or any(word.arg is None for word in call.keywords):
        return True
    names = [arg.arg for arg in (*args.posonlyargs, *args.args)][skipped:]
    if len(call.args) > len(names) and args.vararg is None:
        return False
    given = set(names[: len(call.args)])
    words = {word.arg for word in call.keywords if word.arg}
    takes = {arg.arg for arg in (*args.args, *args.kwonlyargs)}
    if given & words or (words - takes and args.kwarg is None):
        return False
    return _required(args, names) <= given | words


def _required(args: ast.arguments, names: list[str]) -> set[str]:
    without_default: Mapping[str, ast.expr | None] = dict(
        zip((arg.arg for arg in args.kwonlyargs), args.kw_defaults, strict=True)
    )
    wanted = names[: len(names) - len(args.defaults)] if args.defaults else names
    return {*wanted, *(name for name, default in without_default.items() if default is None)}


def says_the_same(before: str, after: str) -> bool:
    """Whether only comments and layout differ."""
    old, new = python_tree(before), python_tree(after)
    return old is not None and new is not None and ast.dump(old) == ast.dump(new)

"""What others see of some lines: the functions and classes in them, and how those are called."""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence

from termcoder.refactoring.python_flow import own_nodes
from termcoder.refactoring.selecting import Selection, definitions
from termcoder.refactoring.statements import is_python, python_tree

Interface = Mapping[str, str]
"""Qualified names, and how each is called, as a text to compare."""

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_TYPE = re.compile(r"[^({;=]{0,200}?\b(?:class|struct|interface|impl|enum|trait|record|module|type)\b")
"""How the definition of something with methods begins."""


def python_interface(text: str) -> dict[str, str]:
    """The functions and classes of a module that are in no function; annotations don't count."""
    tree = python_tree(text)
    return dict(_python(tree.body, "")) if tree else {}


def _python(body: Sequence[ast.stmt], prefix: str) -> Iterator[tuple[str, str]]:
    for node in body:
        if isinstance(node, _Function):
            yield prefix + node.name, _call_of(node)
        elif isinstance(node, ast.ClassDef):
            yield prefix + node.name, " ".join(["class", *map(ast.unparse, [*node.decorator_list, *node.bases])])
            yield from _python(node.body, f"{prefix}{node.name}.")
        else:
            for field in ("body", "orelse", "finalbody"):
                inner = getattr(node, field, None)
                yield from _python(inner, prefix) if isinstance(inner, list) else ()


def _call_of(node: _Function) -> str:
    """A function's kind, decorators and parameters, as far as callers depend on them."""
    kind = "async" if isinstance(node, ast.AsyncFunctionDef) else "plain"
    kind += " generator" if is_generator(node) else ""
    kind += " with a value" if _gives_value(node) else ""
    return " ".join([kind, *map(ast.unparse, node.decorator_list), _parameters(node.args)])


def _gives_value(node: _Function) -> bool:
    given = [each.value for each in own_nodes(node.body) if isinstance(each, ast.Return)]
    return any(value is not None and not (isinstance(value, ast.Constant) and value.value is None) for value in given)


def _parameters(args: ast.arguments) -> str:
    """Names, order, kinds and defaults; a default's value is the body's affair, but that there is one is not."""
    ordered = [*args.posonlyargs, *args.args]
    required = len(ordered) - len(args.defaults)
    words = [f"{arg.arg}{'' if at < required else '='}" for at, arg in enumerate(ordered)]
    words.insert(len(args.posonlyargs), "/")
    words.append(f"*{args.vararg.arg if args.vararg else ''}")
    words += [
        f"{arg.arg}{'=' if default is not None else ''}"
        for arg, default in zip(args.kwonlyargs, args.kw_defaults, strict=True)
    ]
    return " ".join([*words, f"**{args.kwarg.arg if args.kwarg else ''}"])


def is_generator(node: _Function) -> bool:
    """Whether calling a function makes a generator."""
    return any(isinstance(each, ast.Yield | ast.YieldFrom) for each in own_nodes(node.body))


def interface_of(path: str, text: str) -> Interface:
    """What a text defines outside of functions. In other languages than Python parameters are compared as text."""
    if is_python(path):
        return python_interface(text)
    lines = text.split("\n")
    shown: dict[str, str] = {}
    function_ends = 0
    for each in definitions(path, text):
        if each.first > function_ends:
            own = lines[each.first - 1 : each.last]
            shown[each.name] = _head(own)
            function_ends = function_ends if _TYPE.match("\n".join(own)) else each.last
    return shown


def _head(lines: Sequence[str]) -> str:
    """A definition up to its body, without white space; "" for one whose body can't be told from it."""
    head = "\n".join(lines).partition("{")[0]
    return "".join(head.split()) if len(head) < 600 else ""


def lost_names(selection: Selection, after: str) -> str | None:
    """Why callers would not find what they know, in a few words; None where they would."""
    before, now = interface_of(selection.path, selection.text), interface_of(selection.path, after)
    gone = [name for name in before if name not in now]
    if gone:
        return f"removed {gone[0]}"
    changed = [name for name, call in before.items() if now[name] != call]
    return f"changed how {changed[0]} is called, or whether it gives a value" if changed else None


def new_functions(before: str, after: str) -> dict[str, _Function]:
    """The Python functions, in no function, that a text has and an earlier one hadn't."""
    tree = python_tree(after)
    known = python_interface(before)
    if tree is None:
        return {}
    found = {}
    for name in python_interface(after):
        if name not in known and (node := _find(tree, name)) is not None:
            found[name] = node
    return found


def _find(tree: ast.Module, name: str) -> _Function | None:
    body: list[ast.stmt] = tree.body
    *outer, last = name.split(".")
    for part in outer:
        body = next((each.body for each in body if isinstance(each, ast.ClassDef) and each.name == part), [])
    return next((each for each in body if isinstance(each, _Function) and each.name == last), None)

"""What can stand in for a missing value in Python, so that the code around it goes on."""

import ast
from collections.abc import Callable, Mapping
from typing import Any

Parents = Mapping[ast.AST, ast.AST]

_FUNCTIONS = {
    **dict.fromkeys(("int", "float", "abs", "round"), "0"),
    **dict.fromkeys(("len", "list", "tuple", "set", "sum", "sorted", "enumerate", "any", "all", "iter"), "()"),
    **dict.fromkeys(("frozenset", "reversed"), "()"),
    "dict": "{}",
}
_METHODS = {"join": "()", "extend": "()", "update": "{}"}
_TEXT_METHODS = ("strip", "lower", "upper", "split", "startswith", "endswith", "replace", "encode", "format", "title")
_OWNERS = {**dict.fromkeys(_TEXT_METHODS, "''"), **dict.fromkeys(("get", "items", "keys", "values"), "{}")}
_ANYTHING = (
    *(ast.NamedExpr, ast.Return, ast.Expr, ast.List, ast.Tuple, ast.Set, ast.IfExp, ast.BoolOp, ast.If, ast.While),
    *(ast.Lambda, ast.Yield, ast.Assert, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp),
)


def standin(parents: Parents, node: ast.expr) -> str | None:
    """What stands in for a value; "None" where anything does, None where nothing is sure to."""
    outer = parents.get(node)
    if isinstance(outer, _ANYTHING):
        return "None"
    rule = _RULES.get(type(outer))
    return rule(parents, outer, node) if rule and outer else None


def _assign(parents: Parents, outer: ast.Assign, node: ast.expr) -> str | None:
    simple = all(isinstance(target, (ast.Name, ast.Attribute, ast.Subscript)) for target in outer.targets)
    return "None" if outer.value is node and simple else None


def _call(parents: Parents, outer: ast.Call, node: ast.expr) -> str | None:
    if outer.func is node:
        return None
    if isinstance(outer.func, ast.Attribute):
        return _METHODS.get(outer.func.attr, "None")
    return _FUNCTIONS.get(outer.func.id, "None") if isinstance(outer.func, ast.Name) else "None"


def _attribute(parents: Parents, outer: ast.Attribute, node: ast.expr) -> str | None:
    """For `value.method()`, what has such a method, if what comes out of it is not used any further."""
    call = parents.get(outer)
    after = parents.get(call) if call else None
    if not isinstance(call, ast.Call) or call.func is not outer or isinstance(after, (ast.Attribute, ast.Subscript)):
        return None
    usable = outer.attr != "get" or standin(parents, call) == "None"
    return _OWNERS.get(outer.attr) if usable else None


def _operation(parents: Parents, outer: ast.BinOp, node: ast.expr) -> str | None:
    other = outer.left if outer.right is node else outer.right
    if isinstance(outer.op, ast.Add):
        return _like(other)
    if isinstance(outer.op, (ast.Sub, ast.Mult)):
        return "0"
    return "0" if isinstance(outer.op, (ast.Div, ast.FloorDiv)) and outer.left is node else None


def _like(other: ast.expr) -> str | None:
    """The empty value of the other's kind."""
    if isinstance(other, ast.JoinedStr):
        return "''"
    if isinstance(other, (ast.List, ast.ListComp)):
        return "[]"
    value = other.value if isinstance(other, ast.Constant) else None
    return "''" if isinstance(value, str) else "0" if type(value) in (int, float) else None


def _augmented(parents: Parents, outer: ast.AugAssign, node: ast.expr) -> str | None:
    return "0" if isinstance(outer.op, ast.Sub) and outer.value is node else None


def _compare(parents: Parents, outer: ast.Compare, node: ast.expr) -> str | None:
    if len(outer.ops) != 1:
        return None
    other = outer.left if outer.left is not node else outer.comparators[0]
    if isinstance(outer.ops[0], (ast.Eq, ast.NotEq, ast.Is, ast.IsNot)):
        return "None"
    if isinstance(outer.ops[0], (ast.In, ast.NotIn)):
        return "()" if outer.left is not node else "None" if not isinstance(other, ast.Constant) else None
    return "0" if _like(other) == "0" else None


def _iterated(parents: Parents, outer: ast.For | ast.AsyncFor | ast.comprehension, node: ast.expr) -> str | None:
    if isinstance(outer, ast.comprehension) and outer.iter is not node:
        return "None"
    is_async = isinstance(outer, ast.AsyncFor) or (isinstance(outer, ast.comprehension) and outer.is_async)
    return "()" if outer.iter is node and not is_async else None


def _unary(parents: Parents, outer: ast.UnaryOp, node: ast.expr) -> str | None:
    return "None" if isinstance(outer.op, ast.Not) else "0"


_RULES: dict[type, Callable[[Parents, Any, ast.expr], str | None]] = {
    ast.Assign: _assign,
    ast.AnnAssign: lambda parents, outer, node: "None" if outer.value is node else None,
    ast.AugAssign: _augmented,
    ast.Attribute: _attribute,
    ast.BinOp: _operation,
    ast.Call: _call,
    ast.Compare: _compare,
    ast.Dict: lambda parents, outer, node: "{}" if None in _keys_of(outer, node) else "None",
    ast.For: _iterated,
    ast.AsyncFor: _iterated,
    ast.comprehension: _iterated,
    ast.FormattedValue: lambda parents, outer, node: None if outer.format_spec else "None",
    ast.keyword: lambda parents, outer, node: "None" if outer.arg else "{}",
    ast.Starred: lambda parents, outer, node: "()",
    ast.UnaryOp: _unary,
    ast.YieldFrom: lambda parents, outer, node: "()",
}


def _keys_of(outer: ast.Dict, node: ast.expr) -> list[ast.expr | None]:
    return [key for key, value in zip(outer.keys, outer.values, strict=True) if value is node]

"""Fixes by rule for JavaScript and TypeScript: `?.` where something was read from undefined or null."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from termcoder import syntax
from termcoder.diagnosis.rewriting import Edit, Rewrite, edited
from termcoder.tracebacks import LoggedError

if TYPE_CHECKING:
    from tree_sitter import Node

_READING = (
    re.compile(r"of (?:undefined|null) \(reading '([\w$]+)'\)"),
    re.compile(r"Cannot read property '([\w$]+)' of (?:undefined|null)"),
    re.compile(r"can't access property \"?([\w$]+)\"?"),
    re.compile(r"(?:undefined|null) is not an object \(evaluating '[^']*\.([\w$]+)'\)"),
)
_CHAIN = ("member_expression", "subscript_expression", "call_expression", "non_null_expression")
_NO_OBJECTS = ("super", "import", "meta_property", "number")
_FUNCTIONS = ("arrow_function", "function_expression", "generator_function", "class", "method_definition")


def rewrites(path: str, text: str, line: int, error: LoggedError) -> Iterator[Rewrite]:
    """The fixes for an error at a line of a file, none where it is of another kind or was raised in what that calls."""
    if error.frames and error.frames[-1].line != line:
        return
    found = next((found for reading in _READING if (found := reading.search(error.message))), None)
    tree = syntax.parsed(path, text) if found else None
    if found is None or tree is None:
        return
    accesses = list(_accesses(tree.root_node, line - 1, found[1]))
    owners = {_text(access.child_by_field_name("object")) for access in accesses}
    if len(owners) != 1 or any(_must_stay(access) for access in accesses):
        return
    owner = " ".join(owners.pop().split())
    lines = [one.removesuffix("\r") for one in text.split("\n")]
    signs = [_sign(access) for access in accesses]
    name = found[1] if signs[0][3] == "?" else f"[{found[1]}]"
    yield edited(
        lines,
        signs,
        f"Use {owner}?.{name}",
        f"It is normal that {owner} is missing: the value is undefined then.",
    )
    yield from _early_return(lines, accesses[0], owner)


def _accesses(root: "Node", row: int, name: str) -> "Iterator[Node]":
    """Where `name` is read of something on a row, without `?.` so far."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if not node.start_point.row <= row <= node.end_point.row:
            continue
        waiting += node.children
        part = node.child_by_field_name("property") or node.child_by_field_name("index")
        if node.type not in _CHAIN or part is None or part.start_point.row != row:
            continue
        owner = node.child_by_field_name("object")
        optional = any(child.type == "optional_chain" for child in node.children)
        if _text(part).strip("'\"") == name and owner and owner.type not in _NO_OBJECTS and not optional:
            yield node


def _text(node: "Node | None") -> str:
    return (node.text or b"").decode("utf-8", "replace") if node else ""


def _sign(access: "Node") -> Edit:
    """What makes an access optional: `?` before its dot, `?.` before its bracket."""
    dot = next(child for child in access.children if child.type in (".", "["))
    place = dot.start_point
    return place.row + 1, place.column, place.column, "?" if dot.type == "." else "?."


def _must_stay(access: "Node") -> bool:
    """Whether the chain it is in is written to, or is used in another way that `?.` can't be."""
    node = access
    while node.parent and node.parent.type in _CHAIN and node.parent.children[0] == node:
        node = node.parent
        if any(child.type == "template_string" for child in node.children[1:]):
            return True
    parent = node.parent
    while parent and parent.type == "parenthesized_expression":
        node, parent = parent, parent.parent
    if parent is None:
        return True
    written = parent.child_by_field_name("left")
    return (
        (written == node and "assignment" in parent.type)
        or (written == node and parent.type == "for_in_statement")
        or parent.type in ("update_expression", "new_expression", "decorator")
        or _is_in_pattern(node)
    )


def _is_in_pattern(node: "Node") -> bool:
    parent = node.parent
    while parent and parent.type in ("pair", "pair_pattern", "array", "object", "spread_element", "rest_pattern"):
        node, parent = parent, parent.parent
    return parent is not None and (
        parent.type.endswith("_pattern")
        or ("assignment" in parent.type and parent.child_by_field_name("left") == node)
        or (parent.type == "for_in_statement" and parent.child_by_field_name("left") == node)
    )


def _early_return(lines: list[str], access: "Node", owner: str) -> Iterator[Rewrite]:
    """`if (owner == null) return undefined;` before a `return`, where the owner is known there."""
    node: Node | None = access
    while node and node.type != "return_statement" and node.type not in _FUNCTIONS:
        node = node.parent
    if node is None or node.type != "return_statement" or not re.fullmatch(r"[A-Za-z_$][\w$]*", owner):
        return
    line = lines[node.start_point.row]
    stands_alone = not line.encode()[: node.start_point.column].strip()
    if stands_alone and node.parent and node.parent.type == "statement_block" and owner not in ("this", "undefined"):
        indent = line[: len(line) - len(line.lstrip())]
        number = node.start_point.row + 1
        check = f"{indent}if ({owner} == null) return undefined;"
        when = f"Without {owner} there is nothing to do."
        yield Rewrite(f"Return early where {owner} is missing", when, number, number, (check, line))

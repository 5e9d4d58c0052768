"""Rules for C and C++."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from termcoder.review.checks_base import Alarm, Change, line_of, replaced, text_of, was_compared
from termcoder.review.finding import Category, Severity

if TYPE_CHECKING:
    from tree_sitter import Node

SUFFIXES = (".c", ".h", ".cc", ".cpp", ".cxx", ".hh", ".hpp", ".hxx")

_BOUNDED = {
    "strcpy": r"\b(?:strncpy|strlcpy|strcpy_s|snprintf|memcpy)\s*\(",
    "strcat": r"\b(?:strncat|strlcat|strcat_s|snprintf)\s*\(",
    "sprintf": r"\b(?:snprintf|sprintf_s)\s*\(",
    "vsprintf": r"\bvsnprintf\s*\(",
}


def _called(node: "Node") -> tuple[str, "list[Node]"]:
    """The name that is called, and the arguments."""
    arguments = node.child_by_field_name("arguments")
    name = text_of(node.child_by_field_name("function")).removeprefix("std::")
    return name, [each for each in arguments.named_children if each.type != "comment"] if arguments else []


def unbounded_copy(change: Change) -> Iterator[Alarm]:
    """`strcpy`, `sprintf`, `gets`: nothing tells them how much room there is."""
    removed = "".join(row.text for rows in change.rows for row in rows if row.sign == "-")
    for node in change.nodes_of("call_expression"):
        name, values = _called(node)
        if name == "gets" and len(values) == 1:
            yield _copy(node, Severity.CRITICAL, 0.98, "gets", "the line that is read")
        elif name in _BOUNDED and len(values) >= 2 and _may_be_long(name, values):
            was_bounded = re.search(_BOUNDED[name], removed) is not None
            if was_bounded or _is_into_array(change, line_of(node), values):
                severity, confidence = (Severity.CRITICAL, 0.92) if was_bounded else (Severity.MINOR, 0.8)
                yield _copy(node, severity, confidence, name, f"`{' '.join(text_of(values[-1]).split())[:40]}`")


def _is_into_array(change: Change, line: int, values: "list[Node]") -> bool:
    """Whether the target is an array of this function, and nothing in it asks how long what is written is."""
    scope = change.scope_around(line)
    body = "\n".join(change.lines[scope[0] - 1 : scope[1]]) if scope else ""
    array = re.search(rf"\bchar\s+(?:\w+,\s*)*{re.escape(text_of(values[0]))}\s*\[\s*\w", body)
    return array is not None and "strlen(" not in body and "sizeof" not in body


def _copy(node: "Node", severity: Severity, confidence: float, name: str, what: str) -> Alarm:
    return Alarm(
        line_of(node),
        severity,
        Category.SECURITY,
        confidence,
        f"`{name}` writes as much as it gets, however small the buffer is",
        f"When {what} is longer than the buffer, what lies behind it is overwritten.",
    )


def _may_be_long(name: str, values: "list[Node]") -> bool:
    """Whether the length of what is written isn't known from the code."""
    if name in ("strcpy", "strcat"):
        return values[1].type not in ("string_literal", "concatenated_string")
    if name == "vsprintf":
        return True
    template = text_of(values[1])
    return re.search(r"%[-+ #0]*\d*s", template) is not None or not template.startswith('"')


_VALUES = ("number_literal", "true", "false", "null", "char_literal")


def assignment_as_condition(change: Change) -> Iterator[Alarm]:
    """`if (a = 1)`, where a comparison is meant; a second pair of brackets says that it isn't."""
    for node in change.nodes_of("if_statement"):
        condition = node.child_by_field_name("condition")
        inner = condition.named_children[0] if condition and len(condition.named_children) == 1 else None
        if (
            inner is None
            or inner.type != "assignment_expression"
            or text_of(inner.child_by_field_name("operator")) != "="
        ):
            continue
        left, right = inner.child_by_field_name("left"), inner.child_by_field_name("right")
        if right is None or not (right.type in _VALUES or was_compared(change, text_of(left), text_of(right))):
            continue
        yield Alarm(
            line_of(node),
            Severity.MAJOR,
            Category.BUG,
            0.95,
            f"`{text_of(inner)[:60]}` assigns, where a condition stands",
            f"When this line runs, {text_of(left)[:40]} becomes {text_of(right)[:40]}, whatever it was before.",
            replaced(change, inner, f"{text_of(left)} == {text_of(right)}"),
        )


def format_from_value(change: Change) -> Iterator[Alarm]:
    """`printf(text)`: what the text holds is taken as a format."""
    places = {"printf": 0, "fprintf": 1, "syslog": 1, "sprintf": 1, "snprintf": 2}
    for node in change.nodes_of("call_expression"):
        name, values = _called(node)
        if name not in places or len(values) != places[name] + 1:
            continue
        value = values[-1]
        if value.type == "identifier" and not text_of(value).isupper():
            yield Alarm(
                line_of(node),
                Severity.MAJOR,
                Category.SECURITY,
                0.85,
                f"`{text_of(value)}` is the format of `{name}`",
                f"When {text_of(value)} holds a `%`, {name} reads or writes memory that isn't meant.",
                replaced(change, value, f'"%s", {text_of(value)}'),
            )


def use_after_free(change: Change) -> Iterator[Alarm]:
    """A pointer that the next statements read after it was freed."""
    for block in change.nodes:
        if block.type != "compound_statement":
            continue
        statements = [each for each in block.named_children if each.type != "comment"]
        for at, statement in enumerate(statements):
            name = _freed(statement)
            following = next((each for each in statements[at + 1 :] if _mentions(each, name)), None) if name else None
            if following is None or not change.adds(line_of(statement), line_of(following)):
                continue
            if following.type in _SIMPLE and _reads(following, name):
                line = line_of(following)
                yield Alarm(
                    line,
                    Severity.CRITICAL,
                    Category.BUG,
                    0.9,
                    f"`{name}` is used after it was freed",
                    f"When line {line} runs, {name} may point to anything: line {line_of(statement)} freed it.",
                )


_SIMPLE = ("expression_statement", "return_statement", "declaration", "if_statement")


def _freed(statement: "Node") -> str:
    inner = (
        statement.named_children[0] if statement.type == "expression_statement" and statement.named_children else None
    )
    if inner is None or inner.type != "call_expression":
        return ""
    name, values = _called(inner)
    return text_of(values[0]) if name == "free" and len(values) == 1 and values[0].type == "identifier" else ""


def _mentions(node: "Node", name: str) -> bool:
    return re.search(rf"\b{re.escape(name)}\b", text_of(node)) is not None


def _reads(statement: "Node", name: str) -> bool:
    """Whether a statement looks into the memory: it may still set the pointer, or compare it."""
    text, word = text_of(statement), re.escape(name)
    if re.search(rf"(?<![.>\w*]){word}\s*=(?!=)|&\s*{word}\b", text):
        return False
    return (
        re.search(rf"(?<![.>\w]){word}\s*(?:->|\[)|\bfree\(\s*{word}\s*\)|(?:^|[=(,]\s*)\*\s*{word}\b", text)
        is not None
    )


RULES = (unbounded_copy, assignment_as_condition, format_from_value, use_after_free)
"""What is asked of every C and C++ file."""

"""Rules for JavaScript and TypeScript."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from termcoder.review.checks_base import Alarm, Change, line_of, replaced, text_of, was_compared
from termcoder.review.finding import Category, Severity

if TYPE_CHECKING:
    from tree_sitter import Node

SUFFIXES = (".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".mts", ".cts")

_FUNCTIONS = ("arrow_function", "function_expression", "function_declaration", "method_definition")


def _short(node: "Node | None") -> str:
    text = " ".join(text_of(node).split())
    return text if len(text) <= 60 else f"{text[:57]}..."


def _bug(node: "Node", confidence: float, title: str, scenario: str) -> Alarm:
    return Alarm(line_of(node), Severity.MAJOR, Category.BUG, confidence, title, scenario)


_VALUES = ("string", "number", "true", "false", "null", "undefined")


def assignment_as_condition(change: Change) -> Iterator[Alarm]:
    """`if (a = 1)`, where a comparison is meant, or was before."""
    for node in change.nodes_of("if_statement"):
        condition = node.child_by_field_name("condition")
        inner = condition.named_children if condition else []
        if len(inner) != 1 or inner[0].type != "assignment_expression":
            continue
        left, right = inner[0].child_by_field_name("left"), inner[0].child_by_field_name("right")
        if right is None or not (right.type in _VALUES or was_compared(change, text_of(left), text_of(right))):
            continue
        yield Alarm(
            line_of(node),
            Severity.MAJOR,
            Category.BUG,
            0.95,
            f"`{_short(inner[0])}` assigns, where a condition stands",
            f"When this line runs, {_short(left)} becomes {_short(right)}, whatever it was before.",
            replaced(change, inner[0], f"{text_of(left)} === {text_of(right)}"),
        )


def comparison_thrown_away(change: Change) -> Iterator[Alarm]:
    """`a === b;` as a statement."""
    for node in change.nodes_of("expression_statement") if not change.is_test else ():
        inner = node.named_children[0] if node.named_children else None
        operator = text_of(inner.child_by_field_name("operator")) if inner and inner.type == "binary_expression" else ""
        if inner is not None and operator in ("==", "==="):
            yield _bug(
                node,
                0.93,
                f"`{_short(inner)}` compares, and nothing uses the answer",
                f"When this line runs, {_short(inner.child_by_field_name('left'))} stays what it is.",
            )


_TYPES = ("undefined", "object", "boolean", "number", "bigint", "string", "symbol", "function", "unknown")
_EQUALITY = ("==", "===", "!=", "!==")


def comparison_that_never_holds(change: Change) -> Iterator[Alarm]:
    """A comparison with NaN, or of `typeof` with no type's name."""
    for node in change.nodes_of("binary_expression"):
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if text_of(node.child_by_field_name("operator")) not in _EQUALITY:
            continue
        if "NaN" in (text_of(left), text_of(right)):
            yield _bug(
                node,
                0.97,
                f"`{_short(node)}`: nothing equals NaN, not even NaN",
                "When the value is NaN, the comparison says no. Number.isNaN() tells.",
            )
        elif _is_typeof(left) and right and right.type == "string" and text_of(right)[1:-1] not in _TYPES:
            yield _bug(
                node,
                0.97,
                f"`typeof` never gives {_short(right)}",
                f"When this is asked, the answer is the same for every value: {_short(right)} is no type's name.",
            )


def _is_typeof(node: "Node | None") -> bool:
    return node is not None and node.type == "unary_expression" and text_of(node).startswith("typeof")


def key_twice(change: Change) -> Iterator[Alarm]:
    """An object with a key twice."""
    for node in change.nodes:
        if node.type != "object" or node.has_error:
            continue
        seen: dict[str, str] = {}
        for pair in node.named_children:
            key, value = pair.child_by_field_name("key"), text_of(pair.child_by_field_name("value"))
            if pair.type != "pair" or key is None or key.type not in ("property_identifier", "string", "number"):
                continue
            name = text_of(key)[1:-1] if key.type == "string" else text_of(key)
            if name in seen and seen[name] != value and line_of(key) in change.added:
                yield _bug(
                    key,
                    0.95,
                    f"The key `{name[:40]}` is in this object twice",
                    f"When {name[:40]} is read, it is `{value[:40].strip()}`: the first value is lost.",
                )
            seen[name] = value


_CLEAN = re.compile(r"saniti[sz]e|escape|encode|DOMPurify|purify|trusted|innerHTML|render", re.IGNORECASE)
_HTML = ("innerHTML", "outerHTML")


def html_from_values(change: Change) -> Iterator[Alarm]:
    """`innerHTML` set to something that isn't written out."""
    if change.is_test:
        return
    for node in change.nodes_of("assignment_expression", "augmented_assignment_expression"):
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        target = left.child_by_field_name("property") if left and left.type == "member_expression" else None
        if (
            text_of(target) in _HTML
            and right is not None
            and not _is_constant(right)
            and not _CLEAN.search(text_of(right))
        ):
            yield Alarm(
                line_of(node),
                Severity.MAJOR,
                Category.SECURITY,
                0.8,
                f"`{text_of(target)}` is set to `{_short(right)}`",
                f"When {_short(right)} holds a tag with a script, the page runs it. `textContent` takes plain text.",
            )


def _is_constant(node: "Node") -> bool:
    """Whether a text is written out, or a sum of such."""
    waiting = [node]
    while waiting:
        part = waiting.pop()
        if part.type in ("binary_expression", "parenthesized_expression", "ternary_expression"):
            waiting += part.named_children[1:] if part.type == "ternary_expression" else part.named_children
        elif part.type == "template_string":
            waiting += [child for child in part.named_children if child.type == "template_substitution"]
        elif part.type not in ("string", "number", "null", "undefined") and not text_of(part).isupper():
            return False
    return True


def eval_of_value(change: Change) -> Iterator[Alarm]:
    """`eval` of something that isn't written out."""
    for node in change.nodes_of("call_expression") if not change.is_test else ():
        arguments = node.child_by_field_name("arguments")
        values = [each for each in arguments.named_children if each.type != "comment"] if arguments else []
        if text_of(node.child_by_field_name("function")) == "eval" and values and not _is_constant(values[0]):
            yield Alarm(
                line_of(node),
                Severity.MAJOR,
                Category.SECURITY,
                0.8,
                f"`eval` runs whatever `{_short(values[0])}` says",
                "When that comes from outside, it runs any code with the rights of this program.",
            )


def async_for_each(change: Change) -> Iterator[Alarm]:
    """`forEach(async ...)`, which waits for nothing."""
    for node in change.nodes_of("call_expression"):
        called = node.child_by_field_name("function")
        arguments = node.child_by_field_name("arguments")
        first = arguments.named_children[0] if arguments and arguments.named_children else None
        is_for_each = called is not None and text_of(called.child_by_field_name("property")) == "forEach"
        if is_for_each and first is not None and first.type in _FUNCTIONS and text_of(first).startswith("async"):
            yield Alarm(
                line_of(first),
                Severity.MINOR,
                Category.BUG,
                0.85,
                "`forEach` doesn't wait for an async function",
                "When the loop is over, nothing of this is done yet, and what it throws nobody catches.",
            )


def swallowed_error(change: Change) -> Iterator[Alarm]:
    """`catch` with nothing in it, not even a word why."""
    for node in change.nodes_of("catch_clause") if not change.is_test else ():
        body = node.child_by_field_name("body")
        attempt = node.parent.child_by_field_name("body") if node.parent else None
        if body is not None and not body.named_children and attempt is not None and _has_effect(attempt):
            yield Alarm(
                line_of(node),
                Severity.MINOR,
                Category.ERROR_HANDLING,
                0.75,
                "An empty `catch` hides every error of the `try`",
                f"When `{_short(attempt.named_children[-1])}` fails, nobody hears of it.",
            )


_TIDYING = re.compile(
    r"(?:close|unlink|rm|remove|kill|abort|destroy|cancel|stop|disconnect|end|release|flush|log|warn|error|push|cache|cleanup)",
    re.IGNORECASE,
)
_OTHER_WAY = re.compile(r"\b(?:return|break|continue|yield)\b|//|/\*")


def _has_effect(attempt: "Node") -> bool:
    """Whether a `try` ends with a call that does something, and is no way of several to get a value."""
    last = attempt.named_children[-1] if attempt.named_children else None
    call = last.named_children[0] if last and last.type == "expression_statement" and last.named_children else None
    if call is not None and call.type == "await_expression" and call.named_children:
        call = call.named_children[0]
    if call is None or call.type != "call_expression" or _OTHER_WAY.search(text_of(attempt)):
        return False
    return _TIDYING.search(text_of(call.child_by_field_name("function"))) is None


RULES = (
    assignment_as_condition,
    comparison_thrown_away,
    comparison_that_never_holds,
    key_twice,
    html_from_values,
    eval_of_value,
    async_for_each,
    swallowed_error,
)
"""What is asked of every file of these languages."""

"""Rules for Python: conditions and statements that do something else than they say."""

import ast
from collections.abc import Iterator

from termcoder.review.checks_base import Alarm, Edit, bug, edit_of
from termcoder.review.checks_python_tree import Code, argument, dotted, ends, is_function, text_in, within
from termcoder.review.finding import Category, Severity

# Comparisons and conditions


def identity_of_literal(code: Code) -> Iterator[Alarm]:
    """`is` with a number, text or display, which compares objects where values are meant."""
    for node in code.marked_nodes(ast.Compare):
        for at, (operator, right) in enumerate(zip(node.ops, node.comparators, strict=True)):
            left = node.left if at == 0 else node.comparators[at - 1]
            literal = next((each for each in (right, left) if _is_literal(each)), None)
            if not isinstance(operator, ast.Is | ast.IsNot) or literal is None:
                continue
            sign = "==" if isinstance(operator, ast.Is) else "!="
            edit = None
            if len(node.ops) == 1:
                edit = edit_of(code.replaced(node, f"{code.source(left)} {sign} {code.source(right)}"))
            yield bug(
                node.lineno,
                0.98,
                f"`{code.shortly(node)}` compares objects, not values",
                f"When the value equals {code.shortly(literal)} but is another object, the comparison gives the wrong "
                "answer.",
                edit,
            )


def _is_literal(node: ast.expr) -> bool:
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str | bytes | int | float | complex) and not isinstance(node.value, bool)
    return isinstance(node, ast.List | ast.Dict | ast.Set | ast.Tuple)


def assert_of_tuple(code: Code) -> Iterator[Alarm]:
    """`assert (condition, message)`, which never fails."""
    for node in code.marked_nodes(ast.Assert):
        if isinstance(node.test, ast.Tuple) and node.test.elts:
            parts = node.test.elts
            text = f"assert {code.source(parts[0])}, {code.source(parts[-1])}"
            yield bug(
                node.lineno,
                0.99,
                "This assert never fails: a tuple is always true",
                f"When `{code.shortly(parts[0])}` is false, the assert passes all the same.",
                edit_of(code.replaced(node, text)) if len(parts) == 2 and text_in(parts[1]) else None,
            )


def always_true_part(code: Code) -> Iterator[Alarm]:
    """`x == "a" or "b"` as a condition: the second part is always true."""
    for node in code.marked_nodes(ast.BoolOp):
        parent = code.parents.get(node)
        is_condition = isinstance(parent, ast.If | ast.While | ast.IfExp) and parent.test is node
        if not isinstance(node.op, ast.Or) or not is_condition or not isinstance(node.values[0], ast.Compare):
            continue
        constant = next((part for part in node.values[1:] if _is_literal(part) and _is_true(part)), None)
        if constant is not None:
            yield bug(
                node.lineno,
                0.97,
                f"The condition is always true: `{code.shortly(constant)}` is",
                f"When `{code.shortly(node.values[0])}` is false, the branch is taken all the same.",
                _membership(code, node),
            )


def _is_true(node: ast.expr) -> bool:
    return bool(node.value) if isinstance(node, ast.Constant) else bool(getattr(node, "elts", ()))


def _membership(code: Code, node: ast.BoolOp) -> Edit | None:
    first = node.values[0]
    if not isinstance(first, ast.Compare) or len(first.ops) != 1 or not isinstance(first.ops[0], ast.Eq):
        return None
    values = [first.comparators[0], *node.values[1:]]
    if not all(isinstance(value, ast.Constant) for value in values):
        return None
    choices = ", ".join(map(code.source, values))
    return edit_of(code.replaced(node, f"{code.source(first.left)} in ({choices})"))


def comparison_thrown_away(code: Code) -> Iterator[Alarm]:
    """`x == 5` as a statement."""
    for node in code.marked_nodes(ast.Expr):
        value = node.value
        if not isinstance(value, ast.Compare) or not isinstance(value.ops[0], ast.Eq):
            continue
        if not any(isinstance(outer, ast.With | ast.AsyncWith | ast.Try) for outer in code.above(node)):
            yield bug(
                node.lineno,
                0.93,
                f"`{code.shortly(value)}` compares, and nothing uses the answer",
                f"When this line runs, {code.shortly(value.left)} stays what it is: `=` or an `assert` may be meant.",
            )


def same_condition_again(code: Code) -> Iterator[Alarm]:
    """An `elif` with the condition of a branch before it."""
    for node in code.marked_nodes(ast.If):
        if any(isinstance(part, ast.Call | ast.NamedExpr | ast.Await) for part in ast.walk(node.test)):
            continue
        if isinstance(node.test, ast.Constant):
            continue
        inner = node
        for outer in code.above(node):
            if not isinstance(outer, ast.If) or outer.orelse != [inner]:
                break
            inner = outer
            if ast.dump(outer.test) == ast.dump(node.test):
                yield bug(
                    node.lineno,
                    0.95,
                    f"This branch is never taken: `{code.shortly(node.test)}` was asked before",
                    f"When `{code.shortly(node.test)}` is true, the branch at line {outer.lineno} is taken.",
                )
                break


def except_or(code: Code) -> Iterator[Alarm]:
    """`except A or B`, which catches A only."""
    for node in code.marked_nodes(ast.ExceptHandler):
        if isinstance(node.type, ast.BoolOp):
            names = [code.source(value) for value in node.type.values]
            first = names[0] if isinstance(node.type.op, ast.Or) else names[-1]
            yield bug(
                node.lineno,
                0.97,
                f"Only {first} is caught here",
                f"When another of {', '.join(names)} is raised, this handler doesn't see it.",
                edit_of(code.replaced(node.type, f"({', '.join(names)})")),
            )


def raise_of_not_implemented(code: Code) -> Iterator[Alarm]:
    """`raise NotImplemented`, which is no exception."""
    for node in code.marked_nodes(ast.Raise):
        raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
        if isinstance(raised, ast.Name) and raised.id == "NotImplemented":
            yield bug(
                node.lineno,
                0.98,
                "`NotImplemented` is no exception",
                "When this line runs, a TypeError is raised in place of NotImplementedError.",
                edit_of(code.replaced(raised, "NotImplementedError")),
            )


# Statements that undo others


def return_in_finally(code: Code) -> Iterator[Alarm]:
    """A `return` in a `finally`, which swallows whatever was raised."""
    for node in code.marked_nodes(ast.Return):
        inner: ast.AST = node
        for outer in code.above(node):
            if is_function(outer) or isinstance(outer, ast.Lambda):
                break
            if isinstance(outer, ast.Try) and inner in outer.finalbody:
                yield Alarm(
                    node.lineno,
                    Severity.MAJOR,
                    Category.ERROR_HANDLING,
                    0.9,
                    "`return` in `finally` swallows exceptions",
                    "When the `try` raises, the exception is lost and the function returns as if all went well.",
                )
                break
            inner = outer


def unreachable(code: Code) -> Iterator[Alarm]:
    """A statement behind a `return`, `raise`, `break` or `continue` of the same block."""
    for node in code.marked_nodes(ast.stmt):
        block = _block(code, node)
        place = block.index(node) if node in block else 0
        if place == 0 or not ends(block[place - 1 : place]) or _is_wanted(block[place - 1], block[place:]):
            continue
        before = block[place - 1]
        name = type(before).__name__.lower()
        yield bug(
            node.lineno,
            0.9,
            f"Never reached: the line before it leaves with `{name}`",
            f"When the `{name}` at line {before.lineno} runs, `{code.shortly(node)}` does not.",
        )


def _block(code: Code, node: ast.stmt) -> list[ast.stmt]:
    parent = code.parents.get(node)
    blocks = [getattr(parent, name, ()) for name in ("body", "orelse", "finalbody")]
    return next((block for block in blocks if isinstance(block, list) and node in block), [])


def _is_wanted(before: ast.stmt, rest: list[ast.stmt]) -> bool:
    """Whether what is left out is so on purpose: not done yet, or there to make the function a generator."""
    return "NotImplemented" in ast.dump(before) or any(
        isinstance(part, ast.Yield | ast.YieldFrom) for node in rest for part in ast.walk(node)
    )


def thread_target_called(code: Code) -> Iterator[Alarm]:
    """`Thread(target=work())`: the work is done before the thread is made."""
    plain = {function.name: function for function in code.functions if not function.decorator_list}
    for node in code.marked_nodes(ast.Call):
        target = argument(node, "target")
        if not isinstance(target, ast.Call) or code.called(node).rpartition(".")[2] not in ("Thread", "Process"):
            continue
        function = plain.get(dotted(target.func).removeprefix("self."))
        if function and not any(isinstance(each, ast.Return) and each.value for each in within(function)):
            yield Alarm(
                node.lineno,
                Severity.MAJOR,
                Category.CONCURRENCY,
                0.95,
                f"`{function.name}` runs here, and not in the thread",
                f"When this line runs, it waits for {function.name}(), and the thread gets None to do.",
            )


RULES = (
    identity_of_literal,
    assert_of_tuple,
    always_true_part,
    same_condition_again,
    except_or,
    raise_of_not_implemented,
    unreachable,
    thread_target_called,
)
"""What is asked of every Python file."""

OUTSIDE_TESTS = (comparison_thrown_away, return_in_finally)
"""What is asked of Python files that are no tests."""

"""Rules for Python: errors that get lost, and loops that trip over themselves."""

import ast
import re
from collections.abc import Iterator, Sequence

from termcoder.review.checks_base import Alarm, Edit
from termcoder.review.checks_python_tree import (
    Code,
    dotted,
    ends,
    is_function,
    parameters,
    within,
)
from termcoder.review.finding import Category, Severity

# Errors


def swallowed_exception(code: Code) -> Iterator[Alarm]:
    """A handler of everything that does nothing, or a bare `except` that lets nothing through."""
    for node in code.marked_nodes(ast.ExceptHandler):
        is_silent = all(_does_nothing(statement) for statement in node.body)
        if is_silent and _catches_all(node):
            if _is_explained(code, node) or _is_cleanup(code, node) or _goes_another_way(code.parents.get(node)):
                continue
            yield Alarm(
                node.lineno,
                Severity.MINOR,
                Category.ERROR_HANDLING,
                0.8,
                f"`{_head(node)}` hides every error of {_place(code, node)}",
                "When anything in the `try` fails, a slip of the pen included, nobody hears of it.",
            )
        elif node.type is None and not _raises_or_imports(code, node):
            yield Alarm(
                node.lineno,
                Severity.MINOR,
                Category.ERROR_HANDLING,
                0.85,
                "A bare `except:` catches KeyboardInterrupt and SystemExit too",
                "When the user presses Ctrl+C in the `try`, the program goes on.",
                _with_exception(code, node),
            )


_TELLS = re.compile(r"exc_info|print_exc|format_exc|excepthook|\bexit\b|_exit\b|exception|traceback")


def _raises_or_imports(code: Code, node: ast.ExceptHandler) -> bool:
    """Whether a handler hands the error on, ends the program or tells the error, or the `try` only imports."""
    body = getattr(code.parents.get(node), "body", [])
    parts = [*ast.walk(node), *body]
    tells = any(_TELLS.search(dotted(part)) for part in parts)
    return tells or any(isinstance(part, ast.Raise | ast.Import | ast.ImportFrom) for part in parts)


def _does_nothing(node: ast.stmt) -> bool:
    return isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))


def _catches_all(node: ast.ExceptHandler) -> bool:
    return node.type is None or dotted(node.type) in ("Exception", "BaseException")


def _head(node: ast.ExceptHandler) -> str:
    return "except:" if node.type is None else f"except {dotted(node.type)}:"


def _place(code: Code, node: ast.AST) -> str:
    function = code.function(node)
    return f"{function.name}()" if function else "the `try`"


def _is_explained(code: Code, node: ast.ExceptHandler) -> bool:
    """Whether a comment in the handler, or above it, says why."""
    last = node.end_lineno or node.lineno
    return any(b"#" in line for line in code.lines[node.lineno - 2 : last])


_CLEANUP = re.compile(
    r"close|unlink|remove|rmtree|kill|terminate|cancel|stop|shutdown|disconnect|release|join|quit|cleanup|flush|rmdir"
    r"|abort|exit|reset|restore|log|warn|print|debug"
)


def _is_cleanup(code: Code, node: ast.ExceptHandler) -> bool:
    """Whether the `try` only tidies up or imports, where failing is no harm."""
    function = code.function(node)
    body = getattr(code.parents.get(node), "body", [])
    if any(isinstance(statement, ast.Import | ast.ImportFrom) for statement in body):
        return True
    calls = [part for statement in body for part in ast.walk(statement) if isinstance(part, ast.Call)]
    names = [dotted(call.func).rpartition(".")[2] or getattr(call.func, "attr", "") for call in calls]
    return (function is not None and function.name in ("__del__", "__exit__", "__aexit__")) or (
        bool(names) and all(map(_CLEANUP.search, names))
    )


def _goes_another_way(node: ast.AST | None) -> bool:
    """Whether a `try` is one of several ways to get a value, the failure of which is no news."""
    if not isinstance(node, ast.Try):
        return False
    leaves = (ast.Return, ast.Break, ast.Continue, ast.Yield)
    has_effect = isinstance(node.body[-1], ast.Expr) and isinstance(node.body[-1].value, ast.Call | ast.Await)
    return bool(node.orelse) or not has_effect or any(isinstance(part, leaves) for part in ast.walk(node))


def _with_exception(code: Code, node: ast.ExceptHandler) -> Edit | None:
    line = code.lines[node.lineno - 1].decode("utf-8", "replace").rstrip("\r")
    new = re.sub(r"^(\s*)except\s*:", r"\1except Exception:", line)
    return Edit(node.lineno, node.lineno, (new,)) if new != line else None


# Loops


def changed_while_looped_over(code: Code) -> Iterator[Alarm]:
    """A list, dict or set that its own `for` loop takes from."""
    for loop in code.nodes:
        if not isinstance(loop, ast.For | ast.AsyncFor):
            continue
        owner, is_view = _looped_over(loop.iter)
        expected = any(isinstance(outer, ast.With) and "aises" in code.shortly(outer) for outer in code.above(loop))
        rebound = any(dotted(node) == owner and isinstance(node.ctx, ast.Store) for node in _names(loop.body))
        if owner in ("", "self") or rebound or expected:
            continue
        for statement, name in _taking(loop.body):
            line = statement.lineno if statement.lineno in code.marked else loop.lineno
            if name == owner and line in code.marked and not _leaves(code, statement, loop):
                yield Alarm(
                    line,
                    Severity.MAJOR,
                    Category.BUG,
                    0.92,
                    f"`{owner}` is changed while the loop goes over it",
                    f"When an item of {owner} is taken out, the loop skips the next one, or raises RuntimeError for a "
                    "dict or set.",
                    _over_copy(code, loop) if loop.lineno in code.marked or not is_view else None,
                )
                break


def _looped_over(node: ast.expr) -> tuple[str, bool]:
    """The name of what is looped over, and whether through `keys()`, `items()`, `values()` or `enumerate()`."""
    if not isinstance(node, ast.Call):
        return dotted(node), False
    if isinstance(node.func, ast.Attribute) and node.func.attr in ("keys", "items", "values") and not node.args:
        return dotted(node.func.value), True
    if isinstance(node.func, ast.Name) and node.func.id == "enumerate" and node.args:
        return dotted(node.args[0]), True
    return "", False


def _names(body: Sequence[ast.stmt]) -> Iterator[ast.Name | ast.Attribute]:
    for statement in body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Name | ast.Attribute):
                yield node


_TAKES = ("remove", "pop", "popitem", "discard", "clear", "insert", "popleft")


def _taking(body: Sequence[ast.stmt]) -> Iterator[tuple[ast.stmt, str]]:
    """Statements that take from something, and its name."""
    for statement in body:
        for node in [statement, *within(statement)]:
            if isinstance(node, ast.Delete):
                yield from ((node, dotted(each.value)) for each in node.targets if isinstance(each, ast.Subscript))
            elif isinstance(node, ast.Expr | ast.Assign) and isinstance(node.value, ast.Call):
                function = node.value.func
                if isinstance(function, ast.Attribute) and function.attr in _TAKES:
                    yield node, dotted(function.value)


def _leaves(code: Code, statement: ast.stmt, loop: ast.AST) -> bool:
    """Whether the loop ends after a statement."""
    inner: ast.AST = statement
    for outer in code.above(statement):
        blocks = [getattr(outer, name, ()) for name in ("body", "orelse", "finalbody")]
        block = next((block for block in blocks if isinstance(block, list) and inner in block), [])
        if ends(block) and not isinstance(block[-1], ast.Continue):
            return True
        if outer is loop or isinstance(outer, ast.For | ast.While | ast.AsyncFor):
            return False
        inner = outer
    return False


def _over_copy(code: Code, loop: ast.For | ast.AsyncFor) -> Edit | None:
    found = code.replaced(loop.iter, f"list({code.source(loop.iter)})")
    return Edit(*found) if found and found[0] == found[1] and isinstance(loop, ast.For) else None


def late_loop_variable(code: Code) -> Iterator[Alarm]:
    """A function made in a loop, kept for later, that reads the loop's variable."""
    made: list[ast.Lambda | ast.FunctionDef] = [*code.marked_nodes(ast.Lambda), *code.marked_nodes(ast.FunctionDef)]
    for node in made:
        loop, kept = _loop_around(code, node), _is_kept(code, node)
        if loop is None or not kept:
            continue
        free = _read_in(node) & {name.id for name in ast.walk(loop.target) if isinstance(name, ast.Name)}
        if free:
            name = sorted(free)[0]
            what = f"`{node.name}`" if isinstance(node, ast.FunctionDef) else "The lambda"
            yield Alarm(
                node.lineno,
                Severity.MAJOR,
                Category.BUG,
                0.85,
                f"{what} sees the last `{name}` of the loop",
                f"When it is called after the loop, {name} is that of the last round, for all of them.",
                _bound(code, node, sorted(free)),
            )


def _loop_around(code: Code, node: ast.AST) -> ast.For | ast.comprehension | None:
    """The loop that a function is made in, if not within another function, and if it goes on after that."""
    for outer in code.above(node):
        if isinstance(outer, ast.For):
            return None if ends(outer.body) and not isinstance(outer.body[-1], ast.Continue) else outer
        if isinstance(outer, ast.ListComp | ast.DictComp) and outer.generators:
            return outer.generators[0]
        if is_function(outer) or isinstance(outer, ast.Lambda | ast.ClassDef):
            return None
    return None


def _is_kept(code: Code, node: ast.Lambda | ast.FunctionDef) -> bool:
    """Whether a function outlives its round: is put into a container, or registered."""
    if isinstance(node, ast.FunctionDef):
        loop = _loop_around(code, node)
        body = loop.body if isinstance(loop, ast.For) else []
        uses = [each for each in _names(body) if isinstance(each, ast.Name) and each.id == node.name]
        return not node.decorator_list and any(_keeps(code, use) for use in uses)
    return _keeps(code, node)


_REGISTERS = ("append", "connect", "add_done_callback", "register", "subscribe", "after", "call_later", "call_soon")
_CALLBACKS = ("command", "callback", "on_click", "on_press")


def _keeps(code: Code, node: ast.expr) -> bool:
    outer = code.parents.get(node)
    if isinstance(outer, ast.Call) and isinstance(outer.func, ast.Attribute) and node in outer.args:
        return outer.func.attr in _REGISTERS
    if isinstance(outer, ast.keyword):
        return outer.arg in _CALLBACKS
    if isinstance(outer, ast.Assign):
        return outer.value is node and any(isinstance(each, ast.Subscript) for each in outer.targets)
    return isinstance(outer, ast.ListComp) or (isinstance(outer, ast.DictComp) and outer.value is node)


def _read_in(function: ast.Lambda | ast.FunctionDef) -> set[str]:
    """The names that a function reads when it is called, without its own."""
    body = [function.body] if isinstance(function, ast.Lambda) else function.body
    names = [node for part in body for node in ast.walk(part) if isinstance(node, ast.Name)]
    own = {each.arg for each in parameters(function)} | {each.id for each in names if isinstance(each.ctx, ast.Store)}
    return {each.id for each in names} - own


def _bound(code: Code, node: ast.Lambda | ast.FunctionDef, names: Sequence[str]) -> Edit | None:
    """The lambda with the variables bound as defaults; only where it takes nothing, and so can't be given another."""
    source = code.source(node)
    if not isinstance(node, ast.Lambda) or not source.startswith("lambda:") or "\n" in source:
        return None
    values = ", ".join(f"{name}={name}" for name in names)
    found = code.replaced(node, f"lambda {values}:{source.removeprefix('lambda:')}")
    return Edit(*found) if found else None


RULES = (
    changed_while_looped_over,
    late_loop_variable,
)
"""What is asked of every Python file."""

OUTSIDE_TESTS = (swallowed_exception,)
"""What is asked of Python files that are no tests."""

"""Rules for Python: files that stay open, coroutines that nobody awaits, calls that make all others wait."""

import ast
import re
from collections.abc import Iterator

from termcoder.review.checks_base import Alarm, Edit
from termcoder.review.checks_python_tree import Code, Function, dotted, within
from termcoder.review.finding import Category, Severity

# Files


_READERS = re.compile(
    r"(?:json|pickle|yaml|toml|tomllib|csv|marshal|plistlib|configparser)\.\w+|print|list|len|iter|next|enumerate|reader"
    r"|sorted|set|tuple|map|zip|DictReader|writer|DictWriter"
)


def file_left_open(code: Code) -> Iterator[Alarm]:
    """A file that is opened, used and forgotten in one function."""
    for node in code.marked_nodes(ast.Assign):
        function = code.function(node)
        if function is None or len(node.targets) != 1 or not isinstance(node.targets[0], ast.Name):
            continue
        if code.called(node.value) not in ("open", "io.open", "gzip.open", "bz2.open", "lzma.open", "socket.socket"):
            continue
        name = node.targets[0].id
        if not _is_handed_on(code, function, name):
            yield Alarm(
                node.lineno,
                Severity.MINOR,
                Category.ERROR_HANDLING,
                0.88,
                f"`{name}` is opened in {function.name}() and never closed",
                f"When {function.name}() raises or is called often, {name} stays open.",
            )


def _is_handed_on(code: Code, function: Function, name: str) -> bool:
    """Whether something else may close it: any use but reading, writing and looping over."""
    uses = [node for node in ast.walk(function) if isinstance(node, ast.Name) and node.id == name]
    stores = [node for node in uses if isinstance(node.ctx, ast.Store)]
    outer = any(isinstance(node, ast.Global | ast.Nonlocal) and name in node.names for node in ast.walk(function))
    return outer or len(stores) != 1 or not all(_only_uses(code, node) for node in uses if node not in stores)


def _only_uses(code: Code, node: ast.Name) -> bool:
    outer = code.parents.get(node)
    if isinstance(outer, ast.Attribute):
        return outer.attr not in ("close", "detach", "makefile") and isinstance(code.parents.get(outer), ast.Call)
    if isinstance(outer, ast.Call):
        return node in outer.args and _READERS.fullmatch(code.called(outer)) is not None
    if isinstance(outer, ast.keyword):
        return outer.arg == "file"
    return isinstance(outer, ast.For | ast.comprehension) and outer.iter is node


# Coroutines


def missing_await(code: Code) -> Iterator[Alarm]:
    """A call of a coroutine function of this file that nobody awaits."""
    for node in code.marked_nodes(ast.Expr):
        called = _coroutine(code, node.value)
        if called is None:
            continue
        around = code.scope(node)
        edit = None
        if isinstance(around, ast.AsyncFunctionDef):
            found = code.replaced(node, f"await {code.source(node)}")
            edit = Edit(*found) if found else None
        yield Alarm(
            node.lineno,
            Severity.MAJOR,
            Category.BUG,
            0.97,
            f"`{called.name}` is a coroutine function, and its call is not awaited",
            f"When this line runs, nothing of {called.name}() does.",
            edit,
        )


def _coroutine(code: Code, call: ast.expr) -> ast.AsyncFunctionDef | None:
    """The coroutine function of this file that a call is of, where that is certain."""
    name = dotted(call.func) if isinstance(call, ast.Call) else ""
    owner, _, plain = name.rpartition(".")
    if owner not in ("", "self", "cls") or not plain:
        return None
    around = next((each for each in code.above(call) if isinstance(each, ast.ClassDef)), None)
    home: ast.AST | None = around if owner else code.tree
    found = [each for each in code.functions if each.name == plain]
    same = [each for each in found if code.parents.get(each) is home]
    if len(same) != 1 or (not owner and (len(found) != 1 or _is_stored(code, plain))):
        return None
    function = same[0]
    is_plain = isinstance(function, ast.AsyncFunctionDef) and not function.decorator_list
    yields = any(isinstance(node, ast.Yield | ast.YieldFrom) for node in within(function))
    return function if is_plain and not yields and isinstance(function, ast.AsyncFunctionDef) else None


def _is_stored(code: Code, name: str) -> bool:
    return any(
        isinstance(node, ast.Name) and node.id == name and not isinstance(node.ctx, ast.Load) for node in code.nodes
    )


_BLOCKS = {
    "time.sleep": "await asyncio.sleep",
    "requests.get": "",
    "requests.post": "",
    "requests.put": "",
    "requests.delete": "",
    "requests.request": "",
    "urllib.request.urlopen": "",
}


def blocking_call(code: Code) -> Iterator[Alarm]:
    """A call that blocks the event loop in a coroutine."""
    for node in code.marked_nodes(ast.Call):
        called = code.called(node)
        function = code.scope(node)
        if called not in _BLOCKS or not isinstance(function, ast.AsyncFunctionDef):
            continue
        edit = None
        if _BLOCKS[called] and "asyncio" in code.imported and isinstance(code.parents.get(node), ast.Expr):
            found = code.replaced(node.func, _BLOCKS[called])
            edit = Edit(*found) if found else None
        yield Alarm(
            node.lineno,
            Severity.MAJOR,
            Category.CONCURRENCY,
            0.95,
            f"`{called}` blocks the event loop in `{function.name}`",
            f"When {function.name}() waits here, every other task of the program waits too.",
            edit,
        )


def task_not_kept(code: Code) -> Iterator[Alarm]:
    """`asyncio.create_task(...)` whose task nobody holds."""
    for node in code.marked_nodes(ast.Expr):
        if code.called(node.value) in ("asyncio.create_task", "asyncio.ensure_future"):
            yield Alarm(
                node.lineno,
                Severity.MINOR,
                Category.CONCURRENCY,
                0.8,
                "Nothing keeps this task",
                "When memory is tidied up while the task waits, it may vanish half done, and what it raises with it.",
            )


RULES = (
    missing_await,
    blocking_call,
)
"""What is asked of every Python file."""

OUTSIDE_TESTS = (file_left_open, task_not_kept)
"""What is asked of Python files that are no tests."""

"""Rules for Python: code that does something else than it says."""

import ast
import re
from collections.abc import Iterator

from termcoder.review.checks_base import Alarm, Edit
from termcoder.review.checks_python_tree import (
    Code,
    Function,
    argument,
    defaults,
    dotted,
    ends,
    is_function,
    text_in,
    within,
)
from termcoder.review.finding import Category, Severity

_CHANGES = re.compile(
    "add|append|appendleft|clear|discard|extend|insert|pop|popitem|remove|reverse|setdefault|sort|update"
)
_MEANT_TO_STAY = re.compile(r"_.*|.*(?:cache|memo|seen|registry).*", re.IGNORECASE)


def _bug(line: int, confidence: float, title: str, scenario: str, edit: Edit | None = None) -> Alarm:
    return Alarm(line, Severity.MAJOR, Category.BUG, confidence, title, scenario, edit)


def _edit(found: tuple[int, int, tuple[str, ...]] | None) -> Edit | None:
    return Edit(*found) if found else None


# Values that are made once


def mutable_default(code: Code) -> Iterator[Alarm]:
    """A list, dict or set as a default argument that the function changes."""
    for function in code.functions:
        for parameter, value in defaults(function):
            name = parameter.arg
            if value.lineno not in code.marked or not _is_new_container(value):
                continue
            if _is_rebound(function, name) or _MEANT_TO_STAY.fullmatch(name):
                continue
            if _changes(function, name):
                yield _bug(
                    value.lineno,
                    0.97,
                    f"The default of `{name}` in `{function.name}` is one object for all calls",
                    f"When {function.name}() is called twice without {name}, the second call begins with what the "
                    "first one put in.",
                    _none_default(code, function, parameter, value),
                )
            elif _is_kept_and_changed(code, function, name):
                yield _bug(
                    value.lineno,
                    0.9,
                    f"The default of `{name}` in `{function.name}` is shared by all that keep it",
                    f"When two objects are made without {name}, what one of them changes in it is changed for the "
                    "other too.",
                    _none_default(code, function, parameter, value),
                )


def _is_new_container(node: ast.expr) -> bool:
    """Whether it makes an empty list, dict, set or the like; a full one is a setting, or a trick."""
    if isinstance(node, ast.List | ast.Dict):
        return not (node.elts if isinstance(node, ast.List) else node.keys)
    makers = ("list", "dict", "set", "defaultdict", "deque", "bytearray", "Counter", "OrderedDict")
    return isinstance(node, ast.Call) and dotted(node.func).rpartition(".")[2] in makers


def _is_rebound(scope: ast.AST, name: str) -> bool:
    """Whether a name is given another value (`+=` changes the old one)."""
    grown = {node.target for node in within(scope) if isinstance(node, ast.AugAssign)}
    stores = (node for node in within(scope) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store))
    return any(node.id == name and node not in grown for node in stores)


def _changes(scope: ast.AST, name: str) -> bool:
    """Whether the object with this (dotted) name is changed in place."""
    return any(_changed_by(node) == name for node in within(scope))


def _changed_by(node: ast.AST) -> str:
    """The name of what a node changes in place, "" where it changes nothing."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _CHANGES.fullmatch(node.func.attr):
        return dotted(node.func.value)
    if isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
        return dotted(node.value)
    return dotted(node.target) if isinstance(node, ast.AugAssign) else ""


def _is_kept_and_changed(code: Code, function: Function, name: str) -> bool:
    """Whether the argument becomes an attribute that its class changes."""
    owner = code.class_of(function)
    kept = [
        dotted(target)
        for node in within(function)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name) and node.value.id == name
        for target in node.targets
    ]
    return owner is not None and any(_changed_by(node) in kept for node in ast.walk(owner) if _changed_by(node))


def _none_default(code: Code, function: Function, parameter: ast.arg, value: ast.expr) -> Edit | None:
    """None as the default, and the value made where the function begins."""
    body = function.body
    at = body[1 if text_in(getattr(body[0], "value", None)) is not None and len(body) > 1 else 0]
    begins = code.lines[at.lineno - 1][: at.col_offset]
    if parameter.annotation is not None or at.lineno <= value.lineno or begins.strip():
        return None
    first, last, head = code.replaced(value, "None") or (0, 0, ())
    indent = begins.decode()
    step = "\t" if indent.startswith("\t") else "    "
    guard = (f"{indent}if {parameter.arg} is None:", f"{indent}{step}{parameter.arg} = {code.source(value)}")
    between = tuple(line.decode("utf-8", "replace").rstrip("\r") for line in code.lines[last : at.lineno - 1])
    return Edit(first, at.lineno - 1, (*head, *between, *guard)) if "\n" not in guard[1] else None


_MOMENTS = re.compile(
    r"(?:datetime\.)?datetime\.(?:now|utcnow|today)|(?:datetime\.)?date\.today|time\.(?:time|monotonic)"
    r"|uuid\.uuid[14]|random\.random|(?:django\.utils\.)?timezone\.now"
)


def default_made_once(code: Code) -> Iterator[Alarm]:
    """A time or a random value as a default argument: all calls get the same."""
    for function in code.functions:
        for parameter, value in defaults(function):
            called = code.called(value)
            if value.lineno in code.marked and _MOMENTS.fullmatch(called):
                yield _bug(
                    value.lineno,
                    0.95,
                    f"`{parameter.arg}` in `{function.name}` is always the value of the moment of import",
                    f"When {function.name}() is called without {parameter.arg}, it gets what {called}() gave when the "
                    "program started.",
                )


def shared_class_attribute(code: Code) -> Iterator[Alarm]:
    """A list, dict or set of a class that its instances change as if it were their own."""
    for owner in (node for node in code.nodes if isinstance(node, ast.ClassDef)):
        own = {dotted(target) for node in ast.walk(owner) for target in _targets(node)}
        for statement in owner.body:
            for target in _targets(statement):
                value = getattr(statement, "value", None)
                name = dotted(target)
                if value is None or value.lineno not in code.marked or not _is_new_container(value):
                    continue
                if f"self.{name}" in own or _is_common(name) or _annotated_as_class(statement):
                    continue
                if not owner.decorator_list and any(_changed_by(node) == f"self.{name}" for node in ast.walk(owner)):
                    yield _bug(
                        statement.lineno,
                        0.75,
                        f"All objects of `{owner.name}` share one `{name}`",
                        f"When one object of {owner.name} changes self.{name}, it is changed for all others too.",
                    )


def _targets(node: ast.AST) -> list[ast.expr]:
    if isinstance(node, ast.Assign):
        return node.targets
    return [node.target] if isinstance(node, ast.AnnAssign) else []


def _annotated_as_class(node: ast.stmt) -> bool:
    return isinstance(node, ast.AnnAssign) and "ClassVar" in ast.unparse(node.annotation)


def _is_common(name: str) -> bool:
    """Whether a name says that all objects are to share it."""
    return (
        name.isupper()
        or re.fullmatch(r"_.*|.*(?:cache|registry|shared|instances|saved|known|used|seen|memo).*", name) is not None
    )


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
                edit = _edit(code.replaced(node, f"{code.source(left)} {sign} {code.source(right)}"))
            yield _bug(
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
            yield _bug(
                node.lineno,
                0.99,
                "This assert never fails: a tuple is always true",
                f"When `{code.shortly(parts[0])}` is false, the assert passes all the same.",
                _edit(code.replaced(node, text)) if len(parts) == 2 and text_in(parts[1]) else None,
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
            yield _bug(
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
    return _edit(code.replaced(node, f"{code.source(first.left)} in ({choices})"))


def comparison_thrown_away(code: Code) -> Iterator[Alarm]:
    """`x == 5` as a statement."""
    for node in code.marked_nodes(ast.Expr):
        value = node.value
        if not isinstance(value, ast.Compare) or not isinstance(value.ops[0], ast.Eq):
            continue
        if not any(isinstance(outer, ast.With | ast.AsyncWith | ast.Try) for outer in code.above(node)):
            yield _bug(
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
                yield _bug(
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
            yield _bug(
                node.lineno,
                0.97,
                f"Only {first} is caught here",
                f"When another of {', '.join(names)} is raised, this handler doesn't see it.",
                _edit(code.replaced(node.type, f"({', '.join(names)})")),
            )


def raise_of_not_implemented(code: Code) -> Iterator[Alarm]:
    """`raise NotImplemented`, which is no exception."""
    for node in code.marked_nodes(ast.Raise):
        raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
        if isinstance(raised, ast.Name) and raised.id == "NotImplemented":
            yield _bug(
                node.lineno,
                0.98,
                "`NotImplemented` is no exception",
                "When this line runs, a TypeError is raised in place of NotImplementedError.",
                _edit(code.replaced(raised, "NotImplementedError")),
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
        yield _bug(
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


# Data


def key_twice(code: Code) -> Iterator[Alarm]:
    """A dict display with a key twice, and two values."""
    for node in code.marked_nodes(ast.Dict):
        seen: dict[tuple[type, object], ast.expr] = {}
        for key, value in zip(node.keys, node.values, strict=True):
            if not isinstance(key, ast.Constant):
                continue
            name = (type(key.value), key.value)
            if name in seen and ast.dump(seen[name]) != ast.dump(value) and key.lineno in code.marked:
                yield _bug(
                    key.lineno,
                    0.95,
                    f"The key {code.shortly(key)} is in this dict twice",
                    f"When {code.shortly(key)} is looked up, it is `{code.shortly(value)}`: the first value is lost.",
                )
            seen[name] = value


_AFFIX = re.compile(r"\.[A-Za-z]{2,}[A-Za-z0-9]*|https?://|[A-Za-z]{3,}[_:/.-]+|[_-][A-Za-z]{3,}")


def strip_of_word(code: Code) -> Iterator[Alarm]:
    """`name.rstrip(".py")`, which takes away letters, not the word."""
    for node in code.marked_nodes(ast.Call):
        if not isinstance(node.func, ast.Attribute) or node.func.attr not in ("lstrip", "rstrip") or node.keywords:
            continue
        if len(node.args) != 1 or not _AFFIX.fullmatch(text_in(node.args[0]) or ""):
            continue
        word, method = code.source(node.args[0]), node.func.attr
        right = "removesuffix" if method == "rstrip" else "removeprefix"
        yield _bug(
            node.lineno,
            0.95,
            f"`{method}({word})` removes any of these letters, not the word",
            f"When the text goes on with one of the letters in {word}, that is removed too.",
            _edit(code.replaced(node, f"{code.source(node.func.value)}.{right}({word})")),
        )


def joined_to_root(code: Code) -> Iterator[Alarm]:
    """`os.path.join(folder, "/name")`, which drops the folder."""
    for node in code.marked_nodes(ast.Call):
        if code.called(node) not in ("os.path.join", "posixpath.join") or not node.args:
            continue
        for part in node.args[1:]:
            name = text_in(part) or ""
            if name.startswith("/") and not isinstance(node.args[0], ast.Constant):
                bare = name.lstrip("/")
                certain = bare and code.source(part) in (f'"{name}"', f"'{name}'")
                quoted = code.source(part)[:1]
                yield _bug(
                    node.lineno,
                    0.93,
                    f"`{code.shortly(part)}` begins at the root: what stands before it is dropped",
                    f"When this runs, the path is {code.shortly(part)} and `{code.shortly(node.args[0])}` is ignored.",
                    _edit(code.replaced(part, f"{quoted}{bare}{quoted}")) if certain else None,
                )


_SPECIFIER = re.compile(r"%(?P<name>\([^)]*\))?[-#0 +]*(?P<width>\*|\d*)(?:\.(?P<digits>\*|\d*))?[hlL]?(?P<kind>.)")


def wrong_count_of_values(code: Code) -> Iterator[Alarm]:
    """`"%s %s" % (a,)`: more or fewer places than values."""
    for node in code.marked_nodes(ast.BinOp):
        text = text_in(node.left)
        if not isinstance(node.op, ast.Mod) or text is None or not isinstance(node.right, ast.Tuple):
            continue
        values = node.right.elts
        found = [each for each in _SPECIFIER.finditer(text) if each["kind"] != "%"]
        if any(isinstance(value, ast.Starred) for value in values) or any(each["name"] for each in found):
            continue
        places = sum(1 + (each["width"] == "*") + (each["digits"] == "*") for each in found)
        if places != len(values):
            yield _bug(
                node.lineno,
                0.97,
                f"The text has {places} places for {len(values)} values",
                "When this line runs, it raises a TypeError.",
            )


def result_of_change_in_place(code: Code) -> Iterator[Alarm]:
    """`x = names.sort()`, which is None."""
    for node in code.marked_nodes(ast.Assign):
        call = node.value
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
            continue
        owner = dotted(call.func.value)
        is_list = call.func.attr in ("sort", "reverse", "append", "extend", "insert") and _is_list(code, node, owner)
        if is_list or code.called(call) == "random.shuffle":
            name = code.shortly(node.targets[0])
            yield _bug(
                node.lineno,
                0.95,
                f"`{name}` becomes None: {call.func.attr}() changes its list and returns nothing",
                f"When {name} is used after this line, it is None.",
            )


def _is_list(code: Code, node: ast.stmt, name: str) -> bool:
    """Whether everything that a local name is made of here is a list."""
    scope = code.function(node)
    if scope is None or not name or "." in name:
        return False
    values = [
        each.value
        for each in within(scope)
        if isinstance(each, ast.Assign) and each is not node and name in map(dotted, each.targets)
    ]
    return bool(values) and all(
        isinstance(value, ast.List | ast.ListComp)
        or (isinstance(value, ast.Call) and dotted(value.func) in ("list", "sorted"))
        for value in values
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
    mutable_default,
    default_made_once,
    identity_of_literal,
    assert_of_tuple,
    always_true_part,
    same_condition_again,
    except_or,
    raise_of_not_implemented,
    unreachable,
    key_twice,
    strip_of_word,
    joined_to_root,
    wrong_count_of_values,
    result_of_change_in_place,
    thread_target_called,
)
"""What is asked of every Python file."""

OUTSIDE_TESTS = (shared_class_attribute, comparison_thrown_away, return_in_finally)
"""What is asked of Python files that are no tests."""

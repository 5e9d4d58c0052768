"""Rules for Python: values that are not what they seem, because they are shared, lost or put together wrongly."""

import ast
import re
from collections.abc import Iterator

from termcoder.review.checks_base import Alarm, Edit, bug, edit_of
from termcoder.review.checks_python_tree import Code, Function, defaults, dotted, text_in, within

_CHANGES = re.compile(
    "add|append|appendleft|clear|discard|extend|insert|pop|popitem|remove|reverse|setdefault|sort|update"
)
_MEANT_TO_STAY = re.compile(r"_.*|.*(?:cache|memo|seen|registry).*", re.IGNORECASE)


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
                yield bug(
                    value.lineno,
                    0.97,
                    f"The default of `{name}` in `{function.name}` is one object for all calls",
                    f"When {function.name}() is called twice without {name}, the second call begins with what the "
                    "first one put in.",
                    _none_default(code, function, parameter, value),
                )
            elif _is_kept_and_changed(code, function, name):
                yield bug(
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
                yield bug(
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
                    yield bug(
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
                yield bug(
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
        yield bug(
            node.lineno,
            0.95,
            f"`{method}({word})` removes any of these letters, not the word",
            f"When the text goes on with one of the letters in {word}, that is removed too.",
            edit_of(code.replaced(node, f"{code.source(node.func.value)}.{right}({word})")),
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
                yield bug(
                    node.lineno,
                    0.93,
                    f"`{code.shortly(part)}` begins at the root: what stands before it is dropped",
                    f"When this runs, the path is {code.shortly(part)} and `{code.shortly(node.args[0])}` is ignored.",
                    edit_of(code.replaced(part, f"{quoted}{bare}{quoted}")) if certain else None,
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
            yield bug(
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
            yield bug(
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


RULES = (
    mutable_default,
    default_made_once,
    key_twice,
    strip_of_word,
    joined_to_root,
    wrong_count_of_values,
    result_of_change_in_place,
)
"""What is asked of every Python file."""

OUTSIDE_TESTS = (shared_class_attribute,)
"""What is asked of Python files that are no tests."""

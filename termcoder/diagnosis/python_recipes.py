"""Fixes by rule for Python, made with `ast`: a default, a check before, a name written right."""

import ast
import re
from collections.abc import Callable, Iterator

from termcoder.diagnosis.python_names import attribute, imported_name, name_of
from termcoder.diagnosis.python_site import (
    Site,
    bracketed,
    guarded,
    is_pure,
    operand,
    replaced,
    site_of,
)
from termcoder.diagnosis.python_standins import standin
from termcoder.diagnosis.rewriting import Rewrite
from termcoder.tracebacks import LoggedError

_Recipe = Callable[[Site], Iterator[Rewrite]]


def rewrites(text: str, line: int, error: LoggedError) -> Iterator[Rewrite]:
    """The fixes for an error at a line of a file, none where it is of another kind."""
    recipe = _RECIPES.get(error.type.rpartition(".")[2])
    site = site_of(text, line, error) if recipe else None
    if recipe and site and (site.is_innermost or recipe is _missing_key):
        yield from recipe(site)


# Missing keys


def _missing_key(site: Site) -> Iterator[Rewrite]:
    found = _with_key(site)
    if len({ast.unparse(node) for node in found}) != 1:
        return
    node = found[0]
    owner, key = site.source(node.value), _key(site, node)
    if len(found) == 1:
        yield from _counted(site, node) if isinstance(node.ctx, ast.Store) else _got(site, node)
    if _is_target(site, node) or all(isinstance(one.ctx, ast.Load) for one in found):
        yield from guarded(
            site,
            found,
            (node.value, node.slice),
            f"{bracketed(key, node.slice)} in {owner}",
            f"A missing {key} needs a way of its own: what reads it is left out then.",
        )


def _with_key(site: Site) -> list[ast.Subscript]:
    """The subscripts that the error's key may belong to: those with the key itself, else those with a variable."""
    found = [node for node in site.subscripts() if isinstance(node.ctx, ast.Load) or _is_target(site, node)]
    keys = [(node, _constant(node.slice)) for node in found]
    if any(isinstance(node, ast.Attribute) and node.attr in ("pop", "popitem", "remove") for node in site.own):
        return []  # these raise it as well
    same = [node for node, key in keys if key == site.error.message]
    return same or [node for node, key in keys if key is None and site.is_innermost]


def _constant(key: ast.expr) -> str | None:
    """How a KeyError writes this key, None for one that isn't constant."""
    try:
        return repr(ast.literal_eval(key))
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None


def _is_target(site: Site, node: ast.AST) -> bool:
    """Whether the node is what an augmented assignment reads and writes."""
    return isinstance(site.statement, ast.AugAssign) and site.statement.target is node


def _key(site: Site, node: ast.Subscript) -> str:
    return ast.unparse(node.slice) if isinstance(node.slice, ast.Tuple) else site.source(node.slice)


def _got(site: Site, node: ast.Subscript) -> Iterator[Rewrite]:
    """`d.get(key)`; for a value that is written into, `d.setdefault(key, …)`."""
    if empty := _written_into(site, node):
        call = f".setdefault({_key(site, node)}, {empty})"
        when = f"A missing {_key(site, node)} is normal there: it begins empty then."
        yield from replaced(site, node, operand(site, node.value) + call, f"Use {call}", when)
        return
    chain = [node]
    while _is_read_by_name(outer := site.parents.get(chain[-1]), chain[-1]):
        assert isinstance(outer, ast.Subscript)
        chain.append(outer)
    default = standin(site.parents, chain[-1])
    if default is None:
        return
    keys = [_key(site, one) for one in chain]
    calls = [f".get({key}, {{}})" for key in keys[:-1]]
    calls.append(f".get({keys[-1]})" if default == "None" else f".get({keys[-1]}, {default})")
    when = f"A missing {keys[0]} is normal there: the code goes on with {default} instead."
    yield from replaced(site, chain[-1], operand(site, node.value) + "".join(calls), f"Use .get({keys[0]})", when)


def _is_read_by_name(outer: ast.AST | None, node: ast.AST) -> bool:
    return (
        isinstance(outer, ast.Subscript)
        and outer.value is node
        and isinstance(outer.ctx, ast.Load)
        and isinstance(outer.slice, ast.Constant)
        and isinstance(outer.slice.value, str)
    )


_EMPTY = {"append": "[]", "extend": "[]", "add": "set()", "update": "{}"}


def _written_into(site: Site, node: ast.Subscript) -> str:
    """What a missing value begins as where something is put into it; "" where nothing is."""
    outer = site.parents.get(node)
    if isinstance(outer, ast.Attribute) and isinstance(site.parents.get(outer), ast.Call):
        return _EMPTY.get(outer.attr, "")
    named = isinstance(outer, ast.Subscript) and isinstance(outer.slice, ast.Constant) and outer.value is node
    if named and isinstance(site.statement, ast.Assign) and outer in site.statement.targets:
        assert isinstance(outer, ast.Subscript) and isinstance(outer.slice, ast.Constant)
        return "{}" if isinstance(outer.slice.value, str) else ""
    return ""


def _counted(site: Site, node: ast.Subscript) -> Iterator[Rewrite]:
    """`d[key] = d.get(key, 0) + value` for `d[key] += value`, where the value tells what it begins with."""
    statement = site.statement
    if not isinstance(statement, ast.AugAssign) or not is_pure(node):
        return
    start = _beginning(statement)
    if not start:
        return
    sign = "+" if isinstance(statement.op, ast.Add) else "-"
    owner, key = site.source(node.value), _key(site, node)
    value = bracketed(site.source(statement.value), statement.value)
    when = f"A missing {key} is normal there: it begins with {start} then."
    new = f"{owner}[{key}] = {owner}.get({key}, {start}) {sign} {value}"
    yield from replaced(site, statement, new, f"Begin with {start} where {key} is missing", when)


def _beginning(statement: ast.AugAssign) -> str:
    value = statement.value
    if isinstance(value, ast.Constant) and type(value.value) in (int, float):
        return "0" if isinstance(statement.op, (ast.Add, ast.Sub)) else ""
    if not isinstance(statement.op, ast.Add):
        return ""
    if isinstance(value, ast.JoinedStr) or (isinstance(value, ast.Constant) and isinstance(value.value, str)):
        return "''"
    return "[]" if isinstance(value, (ast.List, ast.ListComp)) else ""


# Places beyond the end, None, division by zero


_SHORT = re.compile(r"(?:list |tuple |string |bytearray |deque |range object )?index out of range")


def _index(site: Site) -> Iterator[Rewrite]:
    found = [node for node in site.subscripts() if isinstance(node.ctx, ast.Load) and not _is_text(node.slice)]
    if len(found) != 1 or not _SHORT.fullmatch(site.error.message) or isinstance(found[0].slice, ast.Tuple):
        return
    node = found[0]
    if not is_pure(node):
        return
    owner, place = site.source(node.value), site.source(node.slice)
    enough = _enough(owner, place, node.slice)
    default = standin(site.parents, node)
    if default is not None:
        yield from replaced(
            site,
            node,
            f"({site.source(node)} if {enough} else {default})",
            f"Use {default} where {owner} is too short",
            f"It is normal that {owner} has no element {place}, and what follows can do without.",
        )
    when = f"A short {owner} needs a way of its own: nothing is done with it then."
    yield from guarded(site, [node], (node,), enough, when)


def _enough(owner: str, place: str, index: ast.expr) -> str:
    if place in ("0", "-1"):
        return owner
    if isinstance(index, ast.UnaryOp) and isinstance(index.op, ast.USub):
        return f"len({owner}) >= {place[1:].strip()}"
    return f"len({owner}) > {place}"


def _is_text(index: ast.expr) -> bool:
    return isinstance(index, ast.JoinedStr) or (isinstance(index, ast.Constant) and isinstance(index.value, str))


_ATTRIBUTE = re.compile(r"'NoneType' object has no attribute '(\w+)'")


def _none(site: Site) -> Iterator[Rewrite]:
    found = _ATTRIBUTE.search(site.error.message)
    nodes: list[ast.Attribute | ast.Subscript] = []
    if found:
        nodes += [node for node in site.own if isinstance(node, ast.Attribute) and node.attr == found[1]]
        nodes = [node for node in nodes if node.end_lineno == site.line] or nodes
    elif "'NoneType' object is not subscriptable" in site.error.message:
        of_statement = [node for node in site.own if isinstance(node, ast.Subscript)]
        nodes += [node for node in of_statement if node.lineno == site.line] or of_statement
    if len(nodes) == 1 and isinstance(nodes[0].ctx, ast.Load) and is_pure(nodes[0].value):
        yield from _not_none(site, nodes[0])


def _not_none(site: Site, node: ast.Attribute | ast.Subscript) -> Iterator[Rewrite]:
    owner = site.source(node.value)
    whole = _chain(site, node)
    default = standin(site.parents, whole)
    if default is not None and not isinstance(site.parents.get(whole), ast.Expr):
        yield from replaced(
            site,
            whole,
            f"({site.source(whole)} if {owner} is not None else {default})",
            f"Use {default} where {owner} is None",
            f"It is normal that {owner} is None, and what follows can do without.",
        )
    when = f"Without {owner} there is nothing to do; look too at why it is None."
    yield from guarded(site, [node], (node.value,), f"{owner} is not None", when)


def _chain(site: Site, node: ast.expr) -> ast.expr:
    """All that is read of a value and of what comes out of that: `a.b().c` for the node of `a.b`."""
    outer = site.parents.get(node)
    while (
        (isinstance(outer, ast.Call) and outer.func is node)
        or (isinstance(outer, (ast.Attribute, ast.Subscript)) and outer.value is node)
        or isinstance(outer, ast.Await)
    ):
        node, outer = outer, site.parents.get(outer)
    return node


def _division(site: Site) -> Iterator[Rewrite]:
    found = [node for node in site.own if isinstance(node, ast.BinOp) and _may_divide_by_zero(node.op, node.right)]
    found = [node for node in found if not _is_text(node.left)]
    statement = site.statement
    if isinstance(statement, ast.AugAssign) and _may_divide_by_zero(statement.op, statement.value):
        if not found:
            yield from _guarded_division(site, statement, statement.value)
        return
    here = [node for node in found if node.lineno == site.line] or found
    if len(here) != 1 or not is_pure(here[0].right):
        return
    divisor = _condition(site, here[0].right)
    yield from replaced(
        site,
        here[0],
        f"({site.source(here[0])} if {divisor} else 0)",
        f"Use 0 where {divisor} is 0",
        "There is nothing to divide by then, and 0 is a fair result.",
    )
    yield from _guarded_division(site, here[0], here[0].right)


def _guarded_division(site: Site, node: ast.AST, divisor: ast.expr) -> Iterator[Rewrite]:
    when = "A result would be wrong: what needs it is left out."
    yield from guarded(site, [node], (divisor,), _condition(site, divisor), when)


def _may_divide_by_zero(operator: ast.operator, divisor: ast.expr) -> bool:
    return isinstance(operator, (ast.Div, ast.FloorDiv, ast.Mod)) and not isinstance(
        divisor, (ast.Constant, ast.Tuple, ast.Dict)
    )


def _condition(site: Site, node: ast.expr) -> str:
    text = " ".join(site.source(node).split("\n")) if "#" not in site.source(node) else ast.unparse(node)
    return " ".join(text.split())


def _attribute(site: Site) -> Iterator[Rewrite]:
    """A name that Python suggests; else what `None` has not."""
    suggested = list(attribute(site))
    yield from suggested or _none(site)


_RECIPES: dict[str, _Recipe] = {
    "KeyError": _missing_key,
    "IndexError": _index,
    "AttributeError": _attribute,
    "TypeError": _none,
    "ZeroDivisionError": _division,
    "NameError": name_of,
    "ImportError": imported_name,
}

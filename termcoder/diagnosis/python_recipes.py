"""Fixes by rule for Python, made with `ast`: a default, a check before, a name written right.

Each place that is changed is read again before: what doesn't parse to the very node that is meant stays as it is.
"""

import ast
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from termcoder.diagnosis.python_standins import standin
from termcoder.diagnosis.rewriting import Rewrite, edited
from termcoder.tracebacks import LoggedError


@dataclass(frozen=True)
class _Site:
    """The statement at the failing line: its node, the file's lines, and what the error says."""

    error: LoggedError
    lines: Sequence[str]
    statement: ast.stmt
    tree: ast.Module
    line: int

    @property
    def is_innermost(self) -> bool:
        """Whether the error was raised on this very line, and not in what that calls."""
        return not self.error.frames or self.error.frames[-1].line == self.line

    @property
    def first(self) -> int:
        return self.statement.lineno

    @property
    def last(self) -> int:
        return self.statement.end_lineno or self.statement.lineno

    @property
    def indent(self) -> str:
        line = self.lines[self.first - 1]
        return line[: len(line) - len(line.lstrip())]

    @cached_property
    def parents(self) -> dict[ast.AST, ast.AST]:
        return {child: node for node in ast.walk(self.statement) for child in ast.iter_child_nodes(node)}

    @cached_property
    def own(self) -> list[ast.AST]:
        """The statement's nodes, without those of statements inside of it and without annotations."""
        found: list[ast.AST] = []
        waiting: list[ast.AST] = [self.statement]
        while waiting:
            node = waiting.pop()
            found.append(node)
            for name, value in ast.iter_fields(node):
                inner = value if isinstance(value, list) else [value]
                if name not in ("annotation", "returns"):
                    waiting += [one for one in inner if isinstance(one, ast.AST) and not isinstance(one, ast.stmt)]
        return found

    def subscripts(self) -> list[ast.Subscript]:
        """Those that begin on the failing line, else those of the whole statement; none with slices."""
        found = [node for node in self.own if isinstance(node, ast.Subscript) and not _is_sliced(node)]
        return [node for node in found if node.lineno == self.line] or found

    def source(self, node: ast.expr) -> str:
        """A node's own text."""
        return self.segment(node) or ast.unparse(node)

    def segment(self, node: ast.expr | ast.stmt) -> str:
        """What stands where the node is, "" where that is something else than the node."""
        first, last = node.lineno, node.end_lineno or node.lineno
        lines = [line.encode() for line in self.lines[first - 1 : last]]
        lines[-1] = lines[-1][: node.end_col_offset]
        lines[0] = lines[0][node.col_offset :]
        text = b"\n".join(lines).decode(errors="replace")
        try:
            read = ast.parse(f"({text})", mode="eval").body if isinstance(node, ast.expr) else ast.parse(text).body[0]
        except (SyntaxError, ValueError, IndexError):
            return ""
        return text if ast.dump(read) == ast.dump(node) else ""


_Recipe = Callable[[_Site], Iterator[Rewrite]]


def rewrites(text: str, line: int, error: LoggedError) -> Iterator[Rewrite]:
    """The fixes for an error at a line of a file, none where it is of another kind."""
    recipe = _RECIPES.get(error.type.rpartition(".")[2])
    site = _site(text, line, error) if recipe else None
    if recipe and site and (site.is_innermost or recipe is _missing_key):
        yield from recipe(site)


def _site(text: str, line: int, error: LoggedError) -> _Site | None:
    plain = text.replace("\r\n", "\n")
    if "\r" in plain:
        return None  # Python ends lines there too, nobody else does
    try:
        tree = ast.parse(plain)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    inside = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or node.lineno)
    ]
    least = min((_height(node) for node in inside), default=0)
    innermost = [node for node in inside if _height(node) == least]
    if len(innermost) != 1:
        return None  # several statements on one line: which of them failed?
    return _Site(error, plain.split("\n"), innermost[0], tree, line)


def _height(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno


# Missing keys


def _missing_key(site: _Site) -> Iterator[Rewrite]:
    found = _with_key(site)
    if len({ast.unparse(node) for node in found}) != 1:
        return
    node = found[0]
    owner, key = site.source(node.value), _key(site, node)
    if len(found) == 1:
        yield from _counted(site, node) if isinstance(node.ctx, ast.Store) else _got(site, node)
    if _is_target(site, node) or all(isinstance(one.ctx, ast.Load) for one in found):
        yield from _guarded(
            site,
            found,
            (node.value, node.slice),
            f"{_bracketed(key, node.slice)} in {owner}",
            f"A missing {key} needs a way of its own: what reads it is left out then.",
        )


def _with_key(site: _Site) -> list[ast.Subscript]:
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


def _is_target(site: _Site, node: ast.AST) -> bool:
    """Whether the node is what an augmented assignment reads and writes."""
    return isinstance(site.statement, ast.AugAssign) and site.statement.target is node


def _key(site: _Site, node: ast.Subscript) -> str:
    return ast.unparse(node.slice) if isinstance(node.slice, ast.Tuple) else site.source(node.slice)


def _got(site: _Site, node: ast.Subscript) -> Iterator[Rewrite]:
    """`d.get(key)`; for a value that is written into, `d.setdefault(key, …)`."""
    if empty := _written_into(site, node):
        call = f".setdefault({_key(site, node)}, {empty})"
        when = f"A missing {_key(site, node)} is normal there: it begins empty then."
        yield from _replaced(site, node, _operand(site, node.value) + call, f"Use {call}", when)
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
    yield from _replaced(site, chain[-1], _operand(site, node.value) + "".join(calls), f"Use .get({keys[0]})", when)


def _is_read_by_name(outer: ast.AST | None, node: ast.AST) -> bool:
    return (
        isinstance(outer, ast.Subscript)
        and outer.value is node
        and isinstance(outer.ctx, ast.Load)
        and isinstance(outer.slice, ast.Constant)
        and isinstance(outer.slice.value, str)
    )


_EMPTY = {"append": "[]", "extend": "[]", "add": "set()", "update": "{}"}


def _written_into(site: _Site, node: ast.Subscript) -> str:
    """What a missing value begins as where something is put into it; "" where nothing is."""
    outer = site.parents.get(node)
    if isinstance(outer, ast.Attribute) and isinstance(site.parents.get(outer), ast.Call):
        return _EMPTY.get(outer.attr, "")
    named = isinstance(outer, ast.Subscript) and isinstance(outer.slice, ast.Constant) and outer.value is node
    if named and isinstance(site.statement, ast.Assign) and outer in site.statement.targets:
        assert isinstance(outer, ast.Subscript) and isinstance(outer.slice, ast.Constant)
        return "{}" if isinstance(outer.slice.value, str) else ""
    return ""


def _counted(site: _Site, node: ast.Subscript) -> Iterator[Rewrite]:
    """`d[key] = d.get(key, 0) + value` for `d[key] += value`, where the value tells what it begins with."""
    statement = site.statement
    if not isinstance(statement, ast.AugAssign) or not _is_pure(node):
        return
    start = _beginning(statement)
    if not start:
        return
    sign = "+" if isinstance(statement.op, ast.Add) else "-"
    owner, key = site.source(node.value), _key(site, node)
    value = _bracketed(site.source(statement.value), statement.value)
    when = f"A missing {key} is normal there: it begins with {start} then."
    new = f"{owner}[{key}] = {owner}.get({key}, {start}) {sign} {value}"
    yield from _replaced(site, statement, new, f"Begin with {start} where {key} is missing", when)


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


def _index(site: _Site) -> Iterator[Rewrite]:
    found = [node for node in site.subscripts() if isinstance(node.ctx, ast.Load) and not _is_text(node.slice)]
    if len(found) != 1 or not _SHORT.fullmatch(site.error.message) or isinstance(found[0].slice, ast.Tuple):
        return
    node = found[0]
    if not _is_pure(node):
        return
    owner, place = site.source(node.value), site.source(node.slice)
    enough = _enough(owner, place, node.slice)
    default = standin(site.parents, node)
    if default is not None:
        yield from _replaced(
            site,
            node,
            f"({site.source(node)} if {enough} else {default})",
            f"Use {default} where {owner} is too short",
            f"It is normal that {owner} has no element {place}, and what follows can do without.",
        )
    when = f"A short {owner} needs a way of its own: nothing is done with it then."
    yield from _guarded(site, [node], (node,), enough, when)


def _enough(owner: str, place: str, index: ast.expr) -> str:
    if place in ("0", "-1"):
        return owner
    if isinstance(index, ast.UnaryOp) and isinstance(index.op, ast.USub):
        return f"len({owner}) >= {place[1:].strip()}"
    return f"len({owner}) > {place}"


def _is_text(index: ast.expr) -> bool:
    return isinstance(index, ast.JoinedStr) or (isinstance(index, ast.Constant) and isinstance(index.value, str))


def _is_sliced(node: ast.Subscript) -> bool:
    return any(isinstance(part, (ast.Slice, ast.Starred)) for part in ast.walk(node.slice))


_ATTRIBUTE = re.compile(r"'NoneType' object has no attribute '(\w+)'")


def _none(site: _Site) -> Iterator[Rewrite]:
    found = _ATTRIBUTE.search(site.error.message)
    nodes: list[ast.Attribute | ast.Subscript] = []
    if found:
        nodes += [node for node in site.own if isinstance(node, ast.Attribute) and node.attr == found[1]]
        nodes = [node for node in nodes if node.end_lineno == site.line] or nodes
    elif "'NoneType' object is not subscriptable" in site.error.message:
        of_statement = [node for node in site.own if isinstance(node, ast.Subscript)]
        nodes += [node for node in of_statement if node.lineno == site.line] or of_statement
    if len(nodes) == 1 and isinstance(nodes[0].ctx, ast.Load) and _is_pure(nodes[0].value):
        yield from _not_none(site, nodes[0])


def _not_none(site: _Site, node: ast.Attribute | ast.Subscript) -> Iterator[Rewrite]:
    owner = site.source(node.value)
    whole = _chain(site, node)
    default = standin(site.parents, whole)
    if default is not None and not isinstance(site.parents.get(whole), ast.Expr):
        yield from _replaced(
            site,
            whole,
            f"({site.source(whole)} if {owner} is not None else {default})",
            f"Use {default} where {owner} is None",
            f"It is normal that {owner} is None, and what follows can do without.",
        )
    when = f"Without {owner} there is nothing to do; look too at why it is None."
    yield from _guarded(site, [node], (node.value,), f"{owner} is not None", when)


def _chain(site: _Site, node: ast.expr) -> ast.expr:
    """All that is read of a value and of what comes out of that: `a.b().c` for the node of `a.b`."""
    outer = site.parents.get(node)
    while (
        (isinstance(outer, ast.Call) and outer.func is node)
        or (isinstance(outer, (ast.Attribute, ast.Subscript)) and outer.value is node)
        or isinstance(outer, ast.Await)
    ):
        node, outer = outer, site.parents.get(outer)
    return node


def _division(site: _Site) -> Iterator[Rewrite]:
    found = [node for node in site.own if isinstance(node, ast.BinOp) and _may_divide_by_zero(node.op, node.right)]
    found = [node for node in found if not _is_text(node.left)]
    statement = site.statement
    if isinstance(statement, ast.AugAssign) and _may_divide_by_zero(statement.op, statement.value):
        if not found:
            yield from _guarded_division(site, statement, statement.value)
        return
    here = [node for node in found if node.lineno == site.line] or found
    if len(here) != 1 or not _is_pure(here[0].right):
        return
    divisor = _condition(site, here[0].right)
    yield from _replaced(
        site,
        here[0],
        f"({site.source(here[0])} if {divisor} else 0)",
        f"Use 0 where {divisor} is 0",
        "There is nothing to divide by then, and 0 is a fair result.",
    )
    yield from _guarded_division(site, here[0], here[0].right)


def _guarded_division(site: _Site, node: ast.AST, divisor: ast.expr) -> Iterator[Rewrite]:
    when = "A result would be wrong: what needs it is left out."
    yield from _guarded(site, [node], (divisor,), _condition(site, divisor), when)


def _may_divide_by_zero(operator: ast.operator, divisor: ast.expr) -> bool:
    return isinstance(operator, (ast.Div, ast.FloorDiv, ast.Mod)) and not isinstance(
        divisor, (ast.Constant, ast.Tuple, ast.Dict)
    )


def _condition(site: _Site, node: ast.expr) -> str:
    text = " ".join(site.source(node).split("\n")) if "#" not in site.source(node) else ast.unparse(node)
    return " ".join(text.split())


# Names that are nearly right


_SUGGESTION = re.compile(r"Did you mean:? '([\w.]+)'")
_UNKNOWN = re.compile(r"(?:name|attribute|cannot import name) '(\w+)'")
_FORGOTTEN = re.compile(r"[Dd]id you forget to import '(\w+)'")


def _attribute(site: _Site) -> Iterator[Rewrite]:
    wrong, right = _UNKNOWN.search(site.error.message), _SUGGESTION.search(site.error.message)
    if not wrong or not right:
        yield from _none(site)
        return
    found = [node for node in site.own if isinstance(node, ast.Attribute) and node.attr == wrong[1]]
    found = [node for node in found if node.end_lineno == site.line] or found
    if len({ast.unparse(node.value) for node in found}) == 1:
        yield from _renamed(site, [_tail(node) for node in found], wrong[1], right[1])


def _tail(node: ast.Attribute) -> tuple[int, int]:
    return node.end_lineno or node.lineno, (node.end_col_offset or 0) - len(node.attr.encode())


def _name(site: _Site) -> Iterator[Rewrite]:
    wrong, right = _UNKNOWN.search(site.error.message), _SUGGESTION.search(site.error.message)
    name = wrong[1] if wrong else ""
    uses = [node for node in site.own if isinstance(node, ast.Name) and node.id == name]
    uses = [node for node in uses if isinstance(node.ctx, ast.Load)]
    if right and not right[1].startswith("self."):
        yield from _renamed(site, [(node.lineno, node.col_offset) for node in uses], name, right[1])
    forgotten = _FORGOTTEN.search(site.error.message)
    as_module = [use for use in map(site.parents.get, uses) if isinstance(use, ast.Attribute)]
    if forgotten or (name in _MODULES and as_module):
        yield from _imported(site, forgotten[1] if forgotten else name, as_module)


def _import(site: _Site) -> Iterator[Rewrite]:
    """The name right in the import; where the file goes on with the wrong one, as that."""
    wrong, right = _UNKNOWN.search(site.error.message), _SUGGESTION.search(site.error.message)
    if wrong and right and isinstance(site.statement, ast.ImportFrom):
        found = [alias for alias in site.statement.names if alias.name == wrong[1]]
        is_used = any(isinstance(node, ast.Name) and node.id == wrong[1] for node in ast.walk(site.tree))
        new = f"{right[1]} as {wrong[1]}" if is_used and not any(alias.asname for alias in found) else right[1]
        yield from _renamed(site, [(alias.lineno, alias.col_offset) for alias in found], wrong[1], new)


def _renamed(site: _Site, places: Sequence[tuple[int, int]], wrong: str, right: str) -> Iterator[Rewrite]:
    length = len(wrong.encode())
    edits = [(line, start, start + length, right) for line, start in dict.fromkeys(places)]
    stands = [site.lines[line - 1].encode()[start:end] == wrong.encode() for line, start, end, _ in edits]
    if edits and all(stands):
        title = f"Write {right.partition(' ')[0]}"
        yield edited(site.lines, edits, title, f"{wrong} is a slip of the pen for {right.partition(' ')[0]}.")


_MODULES = frozenset(
    (
        *("os", "sys", "re", "json", "math", "time", "random", "datetime", "pathlib", "logging", "subprocess", "io"),
        *("asyncio", "collections", "itertools", "functools", "shutil", "typing", "csv", "string", "uuid", "hashlib"),
        *("threading", "contextlib", "tempfile", "traceback", "copy", "enum"),
    )
)
_OF_DATETIME = frozenset(("datetime", "date", "time", "timedelta", "timezone", "tzinfo", "UTC", "MINYEAR", "MAXYEAR"))


def _imported(site: _Site, module: str, uses: Sequence[ast.Attribute]) -> Iterator[Rewrite]:
    at = _first_import(site.tree)
    line = site.lines[at - 1]
    is_class = module == "datetime" and any(use.attr not in _OF_DATETIME for use in uses)
    new = "from datetime import datetime" if is_class else f"import {module}"
    what = "class" if is_class else "module"
    yield Rewrite(f"Add `{new}`", f"{module} is meant to be the {what} of that name.", at, at, (new, line))


def _first_import(tree: ast.Module) -> int:
    """The line of the first import or other statement, behind the module's docstring and `__future__`."""
    for node in tree.body:
        is_future = isinstance(node, ast.ImportFrom) and node.module == "__future__"
        is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if not is_future and not is_docstring:
            decorators: list[ast.expr] = getattr(node, "decorator_list", [])
            return min([node.lineno, *(decorator.lineno for decorator in decorators)])
    return 1


_RECIPES: dict[str, _Recipe] = {
    "KeyError": _missing_key,
    "IndexError": _index,
    "AttributeError": _attribute,
    "TypeError": _none,
    "ZeroDivisionError": _division,
    "NameError": _name,
    "ImportError": _import,
}


# Making the text


_SIMPLE = (ast.Name, ast.Attribute, ast.Subscript, ast.Call, ast.Constant, ast.List, ast.Dict, ast.Tuple)
_QUICK_CALLS = ("len", "sum", "min", "max", "abs", "int", "float", "str", "round")


def _operand(site: _Site, node: ast.expr) -> str:
    """A node's text that something may follow: `(a or b)` in brackets."""
    text = site.source(node)
    number = isinstance(node, ast.Constant) and not isinstance(node.value, str)
    return text if isinstance(node, _SIMPLE) and not number and "\n" not in text else f"({text})"


def _bracketed(text: str, node: ast.expr) -> str:
    """A node's text as a part of an operation."""
    return text if isinstance(node, _SIMPLE) or text.startswith("(") else f"({text})"


def _is_pure(node: ast.expr) -> bool:
    """Whether reading it twice does no harm: no call but of what counts and converts."""
    called = (node.func for node in ast.walk(node) if isinstance(node, ast.Call))
    if not all(isinstance(function, ast.Name) and function.id in _QUICK_CALLS for function in called):
        return False
    allowed = (ast.Name, ast.Constant, ast.Attribute, ast.Subscript, ast.UnaryOp, ast.BinOp, ast.Call, ast.Tuple)
    return all(isinstance(part, allowed) for part in ast.walk(node) if isinstance(part, ast.expr))


def _replaced(site: _Site, node: ast.expr | ast.stmt, new: str, title: str, when: str) -> Iterator[Rewrite]:
    """The node's lines with its text replaced, where that is its text. Columns of `ast` count UTF-8 bytes."""
    if not site.segment(node):
        return
    first, last = node.lineno, node.end_lineno or node.lineno
    start = site.lines[first - 1].encode()[: node.col_offset].decode()
    rest = site.lines[last - 1].encode()[node.end_col_offset :].decode()
    yield Rewrite(
        " ".join(title.split()), " ".join(when.split()), first, last, tuple(f"{start}{new}{rest}".split("\n"))
    )


def _guarded(
    site: _Site, nodes: Sequence[ast.AST], read: Sequence[ast.expr], condition: str, when: str
) -> Iterator[Rewrite]:
    """The statement under `if condition:`, where it can be left out and the condition read before it."""
    names = _assigned(site.statement)
    movable = _stands_alone(site) and names is not None and all(map(_is_pure, read))
    if not movable or "\n" in condition or any(_is_conditional(site, node) for node in nodes):
        return
    step = "\t" if site.indent.startswith("\t") else "    "
    body = [step + line if line.strip() else line for line in site.lines[site.first - 1 : site.last]]
    if any(isinstance(_outer_target(site, node), ast.expr) for node in nodes):
        names = []  # what fails is a part of the target
    otherwise = [f"{site.indent}else:", *(f"{site.indent}{step}{name} = None" for name in names or ())]
    new = (f"{site.indent}if {condition}:", *body, *(otherwise if names else ()))
    yield Rewrite(f"Check `if {condition}`", when, site.first, site.last, new)


def _stands_alone(site: _Site) -> bool:
    """Whether the statement has its lines for itself, and may be indented: no text inside of it goes over lines."""
    statement = site.statement
    before = site.lines[site.first - 1].encode()[: statement.col_offset].strip()
    after = site.lines[site.last - 1].encode()[statement.end_col_offset :].strip()
    texts = [node for node in ast.walk(statement) if isinstance(node, (ast.Constant, ast.JoinedStr))]
    one_line = all(node.lineno == node.end_lineno for node in texts)
    return not before and one_line and (not after or after.startswith(b"#"))


_CONDITIONAL = (
    *(ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.Lambda),
    *(ast.BoolOp, ast.IfExp, ast.NamedExpr),
)


def _is_conditional(site: _Site, node: ast.AST) -> bool:
    """Whether a node is not always read, or reads what is set within the statement."""
    if any(isinstance(part, ast.NamedExpr) for part in ast.walk(site.statement)):
        return True
    outer = site.parents.get(node)
    while outer and not isinstance(outer, _CONDITIONAL):
        outer = site.parents.get(outer)
    return outer is not None


def _outer_target(site: _Site, node: ast.AST) -> ast.AST | None:
    """The target of the statement that a node is in, if it is in one."""
    targets = getattr(site.statement, "targets", [getattr(site.statement, "target", None)])
    return next((target for target in targets if target and node in ast.walk(target)), None)


def _assigned(statement: ast.stmt) -> list[str] | None:
    """The names that must have a value after the statement; None where the statement can't be left out."""
    if isinstance(statement, (ast.Expr, ast.Return, ast.AugAssign)):
        return []
    if isinstance(statement, ast.AnnAssign):
        return _named(statement.target)
    if not isinstance(statement, ast.Assign):
        return None
    names = [_named(target) for target in statement.targets]
    return None if None in names else [name for some in names for name in some or ()]


def _named(target: ast.expr) -> list[str] | None:
    if isinstance(target, (ast.Name, ast.Attribute)):
        return [ast.unparse(target)] if _is_pure(target) else None
    if isinstance(target, (ast.Tuple, ast.List)):
        names = [_named(part) for part in target.elts]
        return None if None in names else [name for some in names for name in some or ()]
    return [] if isinstance(target, ast.Subscript) else None

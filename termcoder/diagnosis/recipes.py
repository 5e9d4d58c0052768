"""Fixes that need no model: for well-known errors, made by rule out of the line that failed.

A recipe takes the failing line's syntax tree and gives texts for the lines of its statement. Python's are made with
`ast` here; JavaScript's optional chaining is a matter of one character.
"""

import ast
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from termcoder.tracebacks import LoggedError


@dataclass(frozen=True, slots=True)
class Rewrite:
    """New text for the lines `first` to `last` of a file, and when it is the right fix."""

    title: str
    when: str
    first: int
    last: int
    lines: tuple[str, ...]


@dataclass(frozen=True)
class _Site:
    """The statement at the failing line: its node, the file's lines, and what the error says."""

    error: LoggedError
    lines: Sequence[str]
    statement: ast.stmt
    tree: ast.Module
    line: int
    parents: dict[ast.AST, ast.AST] = field(default_factory=dict)

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

    def nodes(self, kind: type[ast.AST]) -> Iterator[ast.AST]:
        """The nodes of a kind that begin on the failing line, else those of the whole statement."""
        found = [node for node in ast.walk(self.statement) if isinstance(node, kind)]
        here = [node for node in found if getattr(node, "lineno", 0) == self.line]
        return iter(here or found)

    def source(self, node: ast.AST) -> str:
        """A node's own text."""
        return ast.get_source_segment("\n".join(self.lines), node) or ast.unparse(node)


_Recipe = Callable[[_Site], Iterator[Rewrite]]


def rewrites(path: str, text: str, line: int, error: LoggedError) -> tuple[Rewrite, ...]:
    """The recipes' fixes for an error at a line of a file. Never raises: where none fits, there are none."""
    if path.endswith((".js", ".jsx", ".ts", ".tsx", ".mjs", ".cjs")):
        return tuple(_optional_chaining(text.split("\n"), line, error))
    recipe = _PYTHON.get(error.type.rpartition(".")[2])
    if recipe is None or not path.endswith((".py", ".pyw")):
        return ()
    site = _site(text, line, error)
    return () if site is None else tuple(recipe(site))


def _site(text: str, line: int, error: LoggedError) -> _Site | None:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    inside = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or node.lineno)
    ]
    if not inside:
        return None
    innermost = min(inside, key=lambda node: (node.end_lineno or node.lineno) - node.lineno)
    return _Site(error, text.replace("\r\n", "\n").split("\n"), innermost, tree, line, parents)


# Missing keys, places and attributes: a default, or a check before


def _missing_key(site: _Site) -> Iterator[Rewrite]:
    node = _subscript(site)
    if node is None or not isinstance(node.ctx, ast.Load):
        return
    owner, key = site.source(node.value), site.source(node.slice)
    default = _default_for(site, node)
    got = f"{_operand(site, node.value)}.get({key}{f', {default}' if default else ''})"
    yield _replaced(
        site,
        node,
        got,
        f"Use .get({key})",
        f"A missing {key} is normal there: the code goes on with {default or 'None'} instead.",
    )
    yield from _guarded(
        site,
        f"{key} in {owner}",
        f"Check `if {key} in {owner}`",
        f"A missing {key} needs a way of its own: what reads it is left out then.",
    )


def _subscript(site: _Site) -> ast.Subscript | None:
    """The subscript that the error's key belongs to; with a variable as key, the only one there is."""
    found = [node for node in site.nodes(ast.Subscript) if isinstance(node, ast.Subscript)]
    constant = [node for node in found if isinstance(node.slice, ast.Constant)]
    same = [node for node in constant if repr(ast.literal_eval(node.slice)) == site.error.message]
    variable = [node for node in found if not isinstance(node.slice, (ast.Constant, ast.Slice))]
    return next(iter(same or variable), None)


def _default_for(site: _Site, node: ast.AST) -> str:
    """What stands in for a missing value so that what is done with it still works."""
    parent = site.parents.get(node)
    if isinstance(parent, ast.Subscript) and parent.value is node:
        return "{}"
    if isinstance(parent, ast.For) and parent.iter is node:
        return "()"
    if isinstance(parent, ast.Attribute):
        return _OWNERS.get(parent.attr, "")
    if isinstance(parent, ast.BinOp):
        return "0"
    return ""


_TEXT_METHODS = ("strip", "lower", "upper", "split", "startswith", "endswith", "replace", "encode", "format", "title")
_OWNERS = {
    **dict.fromkeys(_TEXT_METHODS, "''"),
    **dict.fromkeys(("get", "items", "keys", "values"), "{}"),
    **dict.fromkeys(("append", "extend", "sort"), "[]"),
}


def _index(site: _Site) -> Iterator[Rewrite]:
    found = [node for node in site.nodes(ast.Subscript) if isinstance(node, ast.Subscript)]
    node = next((node for node in found if not isinstance(node.slice, ast.Slice)), None)
    if node is None or not isinstance(node.ctx, ast.Load):
        return
    owner, place = site.source(node.value), site.source(node.slice)
    enough = owner if place in ("0", "-1") else f"len({owner}) > {place}"
    if place.startswith("-") and place != "-1":
        enough = f"len({owner}) >= {place[1:]}"
    yield _replaced(
        site,
        node,
        f"({site.source(node)} if {enough} else None)",
        f"Use None where {owner} is too short",
        f"It is normal that {owner} has no element {place}, and what follows can do without.",
    )
    yield from _guarded(
        site, enough, f"Check `if {enough}`", f"A short {owner} needs a way of its own: nothing is done with it then."
    )


_ATTRIBUTE = re.compile(r"'NoneType' object has no attribute '(\w+)'")


def _none(site: _Site) -> Iterator[Rewrite]:
    suggested = list(_suggested(site))
    yield from suggested
    found = _ATTRIBUTE.search(site.error.message)
    kinds = (ast.Attribute,) if found else (ast.Subscript,)
    if suggested or "NoneType" not in site.error.message:
        return
    for node in (node for kind in kinds for node in site.nodes(kind)):
        if isinstance(node, (ast.Attribute, ast.Subscript)) and isinstance(node.ctx, ast.Load):
            if found and isinstance(node, ast.Attribute) and node.attr != found[1]:
                continue
            yield from _not_none(site, node)
            return


def _not_none(site: _Site, node: ast.Attribute | ast.Subscript) -> Iterator[Rewrite]:
    owner = site.source(node.value)
    parent = site.parents.get(node)
    whole = parent if isinstance(parent, ast.Call) and parent.func is node else node
    yield _replaced(
        site,
        whole,
        f"({site.source(whole)} if {owner} is not None else None)",
        f"Use None where {owner} is None",
        f"It is normal that {owner} is None, and what follows can do without.",
    )
    yield from _guarded(
        site,
        f"{owner} is not None",
        f"Check `if {owner} is not None`",
        f"Without {owner} there is nothing to do; look too at why it is None.",
    )


def _division(site: _Site) -> Iterator[Rewrite]:
    for node in site.nodes(ast.BinOp):
        if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Div, ast.FloorDiv, ast.Mod)):
            divisor = site.source(node.right)
            yield _replaced(
                site,
                node,
                f"({site.source(node)} if {divisor} else 0)",
                f"Use 0 where {_bare(divisor)} is 0",
                "There is nothing to divide by then, and 0 is a fair result.",
            )
            yield from _guarded(
                site,
                _bare(divisor),
                f"Check `if {_bare(divisor)}`",
                "A result would be wrong: what needs it is left out.",
            )
            return


# Names that are nearly right


_SUGGESTION = re.compile(r"Did you mean:? '([\w.]+)'")
_UNKNOWN = re.compile(r"(?:name|attribute|cannot import name) '(\w+)'")
_FORGOTTEN = re.compile(r"[Dd]id you forget to import '(\w+)'")


def _suggested(site: _Site) -> Iterator[Rewrite]:
    wrong, right = _UNKNOWN.search(site.error.message), _SUGGESTION.search(site.error.message)
    if wrong and right and not right[1].startswith("self."):
        line = site.lines[site.line - 1]
        new = re.sub(rf"\b{re.escape(wrong[1])}\b", right[1], line)
        if new != line:
            title, when = f"Write {right[1]}", f"{wrong[1]} is a slip of the pen for {right[1]}."
            yield Rewrite(title, when, site.line, site.line, (new,))


def _unknown_name(site: _Site) -> Iterator[Rewrite]:
    yield from _suggested(site)
    found = _UNKNOWN.search(site.error.message)
    name = found[1] if found else ""
    forgotten = _FORGOTTEN.search(site.error.message)
    if forgotten or name in _MODULES:
        at = _first_import(site.tree)
        module = forgotten[1] if forgotten else name
        line = site.lines[at - 1] if at <= len(site.lines) else ""
        when = f"{module} is meant to be the module of that name."
        yield Rewrite(f"Add `import {module}`", when, at, at, (f"import {module}", line))


_MODULES = frozenset(
    (
        *("os", "sys", "re", "json", "math", "time", "random", "datetime", "pathlib", "logging", "subprocess", "io"),
        *("asyncio", "collections", "itertools", "functools", "shutil", "typing", "csv", "string", "uuid", "hashlib"),
        *("threading", "contextlib", "tempfile", "traceback", "copy", "enum"),
    )
)


def _first_import(tree: ast.Module) -> int:
    """The line of the first import; without one the first line after the module's docstring."""
    for node in tree.body:
        is_future = isinstance(node, ast.ImportFrom) and node.module == "__future__"
        is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if not is_future and not is_docstring:
            return node.lineno
    return 1


_PYTHON: dict[str, _Recipe] = {
    "KeyError": _missing_key,
    "IndexError": _index,
    "AttributeError": _none,
    "TypeError": _none,
    "ZeroDivisionError": _division,
    "NameError": _unknown_name,
    "ImportError": _suggested,
}


# Making the text


def _operand(site: _Site, node: ast.expr) -> str:
    """A node's text that something may follow: `(a or b)` in brackets."""
    text = site.source(node)
    simple = isinstance(node, (ast.Name, ast.Attribute, ast.Subscript, ast.Call, ast.Constant))
    return text if simple or text.startswith("(") else f"({text})"


def _bare(text: str) -> str:
    return text[1:-1] if text.startswith("(") and text.endswith(")") and text.count("(") == 1 else text


def _replaced(site: _Site, node: ast.AST, new: str, title: str, when: str) -> Rewrite:
    """The statement's lines with one node's text replaced. Columns of `ast` count UTF-8 bytes."""
    first, last = getattr(node, "lineno", site.first), getattr(node, "end_lineno", site.last)
    start = site.lines[first - 1].encode()[: getattr(node, "col_offset", 0)].decode(errors="replace")
    rest = site.lines[last - 1].encode()[getattr(node, "end_col_offset", 0) :].decode(errors="replace")
    return Rewrite(title, when, first, last, tuple((start + new + rest).split("\n")))


def _guarded(site: _Site, condition: str, title: str, when: str) -> Iterator[Rewrite]:
    """The statement under `if condition:`, where it is one that can be left out."""
    statement = site.statement
    if not isinstance(statement, (ast.Expr, ast.Return, ast.Assign, ast.AugAssign, ast.AnnAssign)):
        return
    if len(site.lines[site.first - 1][: statement.col_offset].strip()) > 0:
        return  # `if x: return y` on one line
    step = "\t" if site.indent.startswith("\t") else "    "
    body = [step + line if line.strip() else line for line in site.lines[site.first - 1 : site.last]]
    names = _assigned(statement)
    otherwise = [f"{site.indent}else:", *(f"{site.indent}{step}{name} = None" for name in names)] if names else []
    yield Rewrite(title, when, site.first, site.last, (f"{site.indent}if {condition}:", *body, *otherwise))


def _assigned(statement: ast.stmt) -> list[str]:
    if not isinstance(statement, ast.Assign):
        return []
    return [target.id for target in statement.targets if isinstance(target, ast.Name)]


_READING = re.compile(r"of (?:undefined|null) \(reading '(\w+)'\)|(?:undefined|null) is not an object")


def _optional_chaining(lines: Sequence[str], line: int, error: LoggedError) -> Iterator[Rewrite]:
    found = _READING.search(error.message)
    if not found or not found[1] or not 1 <= line <= len(lines):
        return
    text = lines[line - 1].rstrip("\r")
    access = re.search(rf"([\w$][\w$.\])[]*)\.{re.escape(found[1])}\b", text)
    if access is None:
        return
    owner = access[1]
    chained = f"{text[: access.start()]}{owner}?.{found[1]}{text[access.end() :]}"
    yield Rewrite(
        f"Use {owner}?.{found[1]}",
        f"It is normal that {owner} is missing: the value is undefined then.",
        line,
        line,
        (chained,),
    )
    indent = text[: len(text) - len(text.lstrip())]
    if owner.isidentifier() and text.strip().startswith(("return ", "return;")):
        check = f"{indent}if ({owner} == null) return undefined;"
        yield Rewrite(
            f"Return early where {owner} is missing",
            f"Without {owner} there is nothing to do.",
            line,
            line,
            (check, text),
        )

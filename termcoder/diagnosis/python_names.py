"""Fixes by rule for Python's names: written nearly right, or never imported."""

import ast
import re
from collections.abc import Iterator, Sequence

from termcoder.diagnosis.python_site import Site
from termcoder.diagnosis.rewriting import Rewrite, edited

_SUGGESTION = re.compile(r"Did you mean:? '([\w.]+)'")
_UNKNOWN = re.compile(r"(?:name|attribute|cannot import name) '(\w+)'")
_FORGOTTEN = re.compile(r"[Dd]id you forget to import '(\w+)'")


def attribute(site: Site) -> Iterator[Rewrite]:
    """The attribute that Python suggests, where it suggests one."""
    wrong, right = _UNKNOWN.search(site.error.message), _SUGGESTION.search(site.error.message)
    if not wrong or not right:
        return
    found = [node for node in site.own if isinstance(node, ast.Attribute) and node.attr == wrong[1]]
    found = [node for node in found if node.end_lineno == site.line] or found
    if len({ast.unparse(node.value) for node in found}) == 1:
        yield from _renamed(site, [_tail(node) for node in found], wrong[1], right[1])


def _tail(node: ast.Attribute) -> tuple[int, int]:
    return node.end_lineno or node.lineno, (node.end_col_offset or 0) - len(node.attr.encode())


def name_of(site: Site) -> Iterator[Rewrite]:
    """The name that Python suggests, or the import of a module that was forgotten."""
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


def imported_name(site: Site) -> Iterator[Rewrite]:
    """The name right in the import; where the file goes on with the wrong one, as that."""
    wrong, right = _UNKNOWN.search(site.error.message), _SUGGESTION.search(site.error.message)
    if wrong and right and isinstance(site.statement, ast.ImportFrom):
        found = [alias for alias in site.statement.names if alias.name == wrong[1]]
        is_used = any(isinstance(node, ast.Name) and node.id == wrong[1] for node in ast.walk(site.tree))
        new = f"{right[1]} as {wrong[1]}" if is_used and not any(alias.asname for alias in found) else right[1]
        yield from _renamed(site, [(alias.lineno, alias.col_offset) for alias in found], wrong[1], new)


def _renamed(site: Site, places: Sequence[tuple[int, int]], wrong: str, right: str) -> Iterator[Rewrite]:
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


def _imported(site: Site, module: str, uses: Sequence[ast.Attribute]) -> Iterator[Rewrite]:
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

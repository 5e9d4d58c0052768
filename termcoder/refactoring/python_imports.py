"""Puts imports into the head of a Python file, where its author would have."""

import ast
import sys
from collections.abc import Iterator, Sequence

from termcoder.edits.patch import replace_lines
from termcoder.refactoring.python_names import imported_names, module_imports
from termcoder.refactoring.statements import extent_of, python_tree

Import = ast.Import | ast.ImportFrom


def with_imports(text: str, imports: Sequence[str]) -> str:
    """The text with these imports, as statements; those that it has are left out."""
    for statement in imports:
        text = _with_import(text, statement)
    return text


def _with_import(text: str, statement: str) -> str:
    new = python_tree(statement)
    tree = python_tree(text)
    if new is None or tree is None or not isinstance(new.body[0], Import):
        return text
    wanted = new.body[0]
    if imported_names(wanted) <= set(module_imports(text)):
        return text
    head = [each for each in _head(tree.body) if isinstance(each, Import)]
    same = next((each for each in head if _is_of_module(each, wanted) and each.lineno == each.end_lineno), None)
    if isinstance(same, ast.ImportFrom):
        merged = ast.ImportFrom(same.module, _merged(same.names, wanted.names), same.level)
        return replace_lines(text, same.lineno, same.lineno, [ast.unparse(merged)])
    return _inserted(text, tree, head, wanted)


def _is_of_module(old: Import, new: Import) -> bool:
    both = isinstance(old, ast.ImportFrom) and isinstance(new, ast.ImportFrom)
    return both and (old.module, old.level) == (new.module, new.level)  # type: ignore[union-attr]  # both are


def _merged(old: Sequence[ast.alias], new: Sequence[ast.alias]) -> list[ast.alias]:
    """The names of both, in order where those that are there are."""
    known = [alias.name for alias in old]
    names = [*old, *(alias for alias in new if alias.name not in known)]
    return sorted(names, key=_by_kind) if list(old) == sorted(old, key=_by_kind) else names


def _by_kind(alias: ast.alias) -> tuple[int, str]:
    """Constants, then classes, then functions, as import sorters have it."""
    name = alias.name
    return (0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2), name


def _inserted(text: str, tree: ast.Module, head: Sequence[Import], new: Import) -> str:
    """A line of its own: among the imports of the standard library, in order of kind and name."""
    ours = [each for each in head if _is_standard(each) and not _is_future(each)]
    line = ast.unparse(new)
    if ours:
        after = [each for each in ours if _key(each) <= _key(new)]
        at = extent_of(after[-1]).last + 1 if after else ours[0].lineno
        return replace_lines(text, at, at - 1, [line])
    future = [each for each in head if _is_future(each)]
    if future:
        at = extent_of(future[-1]).last + 1
        return replace_lines(text, at, at - 1, ["", line])
    if head:
        return replace_lines(text, head[0].lineno, head[0].lineno - 1, [line, ""])
    return _first_import(text, tree, line)


def _first_import(text: str, tree: ast.Module, line: str) -> str:
    """Into a file without imports: behind its docstring, or the comments that it begins with."""
    docstring = _head(tree.body)
    if docstring:
        at = extent_of(docstring[-1]).last + 1
        return replace_lines(text, at, at - 1, ["", line])
    lines = text.split("\n")
    at = next((number for number, each in enumerate(lines, 1) if not each.startswith("#")), 1)
    is_blank = at <= len(lines) and not lines[at - 1].strip()
    return replace_lines(text, at, at - 1, [line] if is_blank else [line, "", ""])


def _head(body: Sequence[ast.stmt]) -> list[ast.stmt]:
    """The docstring and the imports that a module begins with."""
    return list(_head_of(body))


def _head_of(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    for at, statement in enumerate(body):
        is_docstring = at == 0 and isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        if not is_docstring and not isinstance(statement, Import):
            return
        yield statement


def _is_future(statement: Import) -> bool:
    return isinstance(statement, ast.ImportFrom) and statement.module == "__future__"


def _is_standard(statement: Import) -> bool:
    return roots_of(statement) <= sys.stdlib_module_names


def _key(statement: Import) -> tuple[bool, str]:
    """`import x` before `from x import y`."""
    if isinstance(statement, ast.ImportFrom):
        return True, statement.module or ""
    return False, statement.names[0].name


def roots_of(statement: Import) -> set[str]:
    """The packages that an import is of; "" for the file's own."""
    if isinstance(statement, ast.ImportFrom):
        return {"" if statement.level else (statement.module or "").partition(".")[0]}
    return {alias.name.partition(".")[0] for alias in statement.names}


def all_roots(text: str) -> set[str]:
    """The packages that a text imports, anywhere in it."""
    tree = python_tree(text)
    found = [node for node in ast.walk(tree) if isinstance(node, Import)] if tree else []
    return {root for each in found for root in roots_of(each)}

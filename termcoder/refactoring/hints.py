"""Type hints from an answer, put into the code that is there: nothing but annotations can come of it."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from termcoder.refactoring.python_names import import_for, module_imports, unknown_names
from termcoder.refactoring.selecting import Selection
from termcoder.refactoring.statements import fragment, python_tree

NO_HINTS = "gave no new type hints"

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)
_Place = tuple[int, int]
"""A line from 1, and the byte in it that something is inserted before."""


@dataclass(frozen=True, slots=True)
class Hinted:
    """Lines with type hints, the imports that these need, and hints left out since nobody knows a name in them."""

    lines: tuple[str, ...]
    imports: tuple[str, ...] = ()
    unknown: tuple[str, ...] = field(default=())


def hinted(selection: Selection, answer: Sequence[str]) -> Hinted | str:
    """The selection with the hints of an answer's functions, or why there are none, in a few words.

    Only parameters and results that have no hint get one.
    """
    tree, new = python_tree(selection.text), fragment(answer)
    if tree is None or new is None:
        return "would not compile"
    given = dict(_functions(new, ""))
    wanted: list[tuple[_Place, str, str]] = []
    for name, function in _functions(tree.body, ""):
        if selection.first <= function.lineno <= selection.last:
            counterpart = given.get(name) or given.get(function.name)
            later = _not_yet_known(tree, function)
            wanted += _new_hints(function, counterpart, selection.text, later) if counterpart else ()
    return _with(selection, wanted)


def _with(selection: Selection, wanted: Sequence[tuple[_Place, str, str]]) -> Hinted | str:
    imports: dict[str, None] = {}
    unknown: list[str] = []
    lines = list(selection.lines)
    done = 0
    for (line, column), text, annotation in sorted(wanted, reverse=True):
        needed = _imports_for(annotation, selection.text)
        if needed is None or not selection.first <= line <= selection.last:
            unknown.append(annotation)
            continue
        encoded = lines[line - selection.first].encode()
        rest = encoded[column:].decode()
        rest = f" = {rest[1:]}" if rest[:1] == "=" and text[:1] == ":" else rest
        lines[line - selection.first] = encoded[:column].decode() + text + rest
        imports.update(dict.fromkeys(needed))
        done += 1
    return Hinted(tuple(lines), tuple(imports), tuple(unknown)) if done else NO_HINTS


def _functions(body: Sequence[ast.stmt], prefix: str) -> Iterator[tuple[str, _Function]]:
    """Every function by its qualified name."""
    for node in body:
        if isinstance(node, _FUNCTION):
            yield prefix + node.name, node
        inner = f"{prefix}{node.name}." if isinstance(node, (*_FUNCTION, ast.ClassDef)) else prefix
        for block in ("body", "orelse", "finalbody"):
            found = getattr(node, block, None)
            yield from _functions(found, inner) if isinstance(found, list) else ()


def _not_yet_known(tree: ast.Module, function: _Function) -> frozenset[str]:
    """The module's classes that are made after a function: a hint names them in quotes."""
    imports = [each for each in tree.body if isinstance(each, ast.ImportFrom) and each.module == "__future__"]
    if any(alias.name == "annotations" for each in imports for alias in each.names):
        return frozenset()
    classes = [each for each in tree.body if isinstance(each, ast.ClassDef)]
    return frozenset(each.name for each in classes if (each.end_lineno or 0) >= function.lineno)


def _new_hints(old: _Function, new: _Function, text: str, later: frozenset[str]) -> Iterator[tuple[_Place, str, str]]:
    """Where a hint is inserted, what is inserted there, and the annotation in it."""
    defaults = _defaults(old.args)
    given = {arg.arg: arg.annotation for arg in _parameters(new.args)}
    for place, arg in enumerate(_parameters(old.args)):
        annotation = given.get(arg.arg)
        is_self = place == 0 and arg.arg in ("self", "cls")
        if arg.annotation is None and annotation is not None and not is_self:
            written = _with_none(_written(annotation, text), defaults.get(arg.arg))
            yield _end_of(arg), f": {_quoted(written, later)}", written
    if old.returns is None and new.returns is not None and (place_of := _end_of_head(old, text)):
        written = _written(new.returns, text)
        yield place_of, f" -> {_quoted(written, later)}", written


_MODERN = {"List": "list", "Dict": "dict", "Set": "set", "Tuple": "tuple", "FrozenSet": "frozenset", "Type": "type"}


def _written(annotation: ast.expr, text: str) -> str:
    """An annotation as text, without quotes; `list` for `List`, where the file doesn't use that itself."""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        return annotation.value
    imported = module_imports(text)
    names = {name: modern for name, modern in _MODERN.items() if name not in imported}
    return re.sub(r"(?<![\w.])\w+", lambda word: names.get(word[0], word[0]), ast.unparse(annotation))


def _quoted(annotation: str, later: frozenset[str]) -> str:
    return f'"{annotation}"' if later & set(re.findall(r"\w+", annotation)) else annotation


def _end_of(arg: ast.arg) -> _Place:
    return arg.end_lineno or arg.lineno, arg.end_col_offset or arg.col_offset


def _parameters(args: ast.arguments) -> list[ast.arg]:
    several = [each for each in (args.vararg, args.kwarg) if each]
    return [*args.posonlyargs, *args.args, *args.kwonlyargs, *several]


def _defaults(args: ast.arguments) -> Mapping[str, ast.expr | None]:
    ordered = [*args.posonlyargs, *args.args]
    pairs = zip(ordered[len(ordered) - len(args.defaults) :], args.defaults, strict=True)
    return {arg.arg: value for arg, value in (*pairs, *zip(args.kwonlyargs, args.kw_defaults, strict=True))}


def _with_none(annotation: str, default: ast.expr | None) -> str:
    """An annotation that admits None where that is the default."""
    is_none = isinstance(default, ast.Constant) and default.value is None
    admits = any(word in annotation for word in ("None", "Optional", "Any", "object", "'", '"'))
    return f"{annotation} | None" if is_none and not admits else annotation


def _end_of_head(function: _Function, text: str) -> _Place | None:
    """Right behind the parenthesis that closes the parameters."""
    lines = text.split("\n")[function.lineno - 1 : function.body[0].lineno]
    depth = 0
    try:
        for token in tokenize.generate_tokens(io.StringIO("\n".join(lines)).readline):
            depth += (token.string in "([{") - (token.string in ")]}") if token.type == tokenize.OP else 0
            if token.type == tokenize.OP and token.string == ")" and depth == 0:
                row, column = token.end
                return function.lineno + row - 1, len(lines[row - 1][:column].encode())
    except (tokenize.TokenError, IndentationError):
        pass
    return None


def _imports_for(annotation: str, text: str) -> list[str] | None:
    """The imports that make an annotation known in a module; None where there are none that are certain."""
    if python_tree(annotation) is None:
        return None
    known = module_imports(text)
    needed = []
    for name in sorted(unknown_names(f"{text}\n\n_ = {annotation}\n") - unknown_names(text)):
        found = import_for(name, annotation)
        if found is None or name in known:
            return None
        needed.append(found)
    return needed


def same_code(before: str, after: str) -> bool:
    """Whether two texts are the same Python but for annotations and imports."""
    old, new = _bare(before), _bare(after)
    return old is not None and old == new


def _bare(text: str) -> str | None:
    tree = python_tree(text)
    if tree is None:
        return None
    bare = ast.parse(text.removeprefix("\ufeff"))
    bare.body = [each for each in bare.body if not isinstance(each, ast.Import | ast.ImportFrom)]
    _Bare().visit(bare)
    return ast.dump(bare)


class _Bare(ast.NodeTransformer):
    """Takes annotations off: `x: int = 1` becomes `x = 1`, and `x: int` nothing."""

    def visit(self, node: ast.AST) -> ast.AST | None:
        """A node without its annotation."""
        if isinstance(node, ast.AnnAssign):
            if node.value is None:
                return None
            node = ast.copy_location(ast.Assign([node.target], node.value, None), node)
        if isinstance(node, _FUNCTION):
            node.returns = None
        if isinstance(node, ast.arg):
            node.annotation = None
        return super().generic_visit(node)

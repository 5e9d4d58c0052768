"""Names of a Python text: which are known to nobody, and which import would make them known."""

import ast
import builtins
import symtable
import sys
from collections.abc import Iterable, Iterator

from termcoder.refactoring.statements import python_tree

_BUILTINS = frozenset(dir(builtins)) | {
    *("__file__", "__name__", "__doc__", "__package__", "__spec__", "__path__", "__builtins__", "__annotations__"),
    *("__loader__", "__class__", "__module__", "__qualname__", "__debug__"),
}
_HOMES = {
    "typing": "Any Optional Union List Dict Set Tuple Type Literal Protocol TypeVar Generic NamedTuple Final ClassVar "
    "TypedDict cast overload TypeAlias ParamSpec Self NoReturn Annotated",
    "collections.abc": "Callable Iterable Iterator Sequence Mapping MutableMapping Generator Awaitable Coroutine "
    "AsyncIterator AsyncGenerator AsyncIterable Hashable Collection Container MutableSequence Sized KeysView",
    "collections": "defaultdict Counter OrderedDict deque namedtuple ChainMap",
    "dataclasses": "dataclass",
    "pathlib": "Path PurePath PurePosixPath",
    "functools": "partial lru_cache wraps reduce cached_property",
    "contextlib": "suppress contextmanager",
    "decimal": "Decimal",
    "enum": "Enum IntEnum StrEnum",
    "itertools": "pairwise islice groupby zip_longest",
    "operator": "itemgetter attrgetter",
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names.split()}
"""Names that hardly anything else than these modules gives."""
_AMBIGUOUS = frozenset(("time", "date", "this", "code", "test", "types", "copy", "string", "select", "array", "queue"))
"""Modules whose names are more often variables."""


def unknown_names(text: str) -> frozenset[str]:
    """The names that a text uses and nothing defines; none where it doesn't parse or imports everything."""
    tree = python_tree(text)
    if tree is None or _imports_everything(tree):
        return frozenset()
    try:
        top = symtable.symtable(text.removeprefix("\ufeff"), "<text>", "exec")
    except (SyntaxError, ValueError, RecursionError):
        return frozenset()
    scopes = list(_scopes(top))
    known = {symbol.get_name() for symbol in top.get_symbols() if symbol.is_assigned() or symbol.is_imported()}
    known |= {symbol.get_name() for scope in scopes for symbol in scope.get_symbols() if symbol.is_declared_global()}
    known |= {child.get_name() for child in top.get_children()}
    return frozenset(_loaded(top, scopes)) - known - _BUILTINS


def _imports_everything(tree: ast.Module) -> bool:
    return any(isinstance(node, ast.ImportFrom) and node.names[0].name == "*" for node in ast.walk(tree))


def _scopes(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    yield table
    for child in table.get_children():
        yield from _scopes(child)


def _loaded(top: symtable.SymbolTable, scopes: Iterable[symtable.SymbolTable]) -> Iterator[str]:
    """The names that are looked up in the module."""
    for scope in scopes:
        for symbol in scope.get_symbols():
            looked_up = symbol.is_global() and not symbol.is_local() and not symbol.is_parameter()
            if symbol.is_referenced() and (scope is top or looked_up):
                yield symbol.get_name()


def import_for(name: str, text: str) -> str | None:
    """The import that certainly is meant by a name that `text` uses; None where none is certain."""
    if name in _HOME_OF:
        return f"from {_HOME_OF[name]} import {name}"
    tree = python_tree(text)
    if tree is None or name not in sys.stdlib_module_names or name in _AMBIGUOUS or name.startswith("_"):
        return None
    uses = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == name]
    as_module = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return f"import {name}" if uses and all(id(use) in as_module for use in uses) else None


def imported_names(statement: ast.stmt) -> frozenset[str]:
    """The names that an import makes known."""
    if not isinstance(statement, ast.Import | ast.ImportFrom):
        return frozenset()
    return frozenset(alias.asname or alias.name.partition(".")[0] for alias in statement.names)


def module_imports(text: str) -> dict[str, str]:
    """The names that a module imports at its top, each with the import that does it."""
    tree = python_tree(text)
    if tree is None:
        return {}
    return {name: ast.unparse(each) for each in tree.body for name in imported_names(each)}

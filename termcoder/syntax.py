"""Whether a text still parses, and which function a line is in; many languages, and never an error.

Python, JSON and TOML are parsed by the standard library, other languages by tree-sitter, whose grammars are
imported when a file of theirs is first asked about. Tree-sitter goes on after an error, and its grammars lag behind
their languages: what counts is whether a change made it worse (`worse`).
"""

import ast
import functools
import importlib
import importlib.util
import json
import time
import tomllib
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Language as Grammar
    from tree_sitter import Node, Tree

MAX_CHARS = 2_000_000
"""A longer text is not checked."""
MOST_SECONDS = 3.0
"""A text that tree-sitter takes longer for is not checked: some that are no code at all keep it busy for minutes."""

_GRAMMARS = {  # the module and its function
    "bash": ("tree_sitter_bash", "language"),
    "c": ("tree_sitter_c", "language"),
    "c++": ("tree_sitter_cpp", "language"),
    "c#": ("tree_sitter_c_sharp", "language"),
    "go": ("tree_sitter_go", "language"),
    "java": ("tree_sitter_java", "language"),
    "javascript": ("tree_sitter_javascript", "language"),
    "php": ("tree_sitter_php", "language_php"),
    "ruby": ("tree_sitter_ruby", "language"),
    "rust": ("tree_sitter_rust", "language"),
    "tsx": ("tree_sitter_typescript", "language_tsx"),
    "typescript": ("tree_sitter_typescript", "language_typescript"),
}
_SUFFIXES = {
    "bash": ".sh .bash",
    "c": ".c .h",
    "c++": ".cc .cpp .cxx .hh .hpp .hxx",
    "c#": ".cs",
    "go": ".go",
    "java": ".java",
    "javascript": ".js .mjs .cjs .jsx",
    "json": ".json",
    "php": ".php",
    "python": ".py .pyi .pyw",
    "ruby": ".rb .rake .gemspec",
    "rust": ".rs",
    "toml": ".toml",
    "tsx": ".tsx",
    "typescript": ".ts .mts .cts",
}
_LANGUAGES = {suffix: language for language, suffixes in _SUFFIXES.items() for suffix in suffixes.split()}

_FUNCTIONS = frozenset(
    (
        "function_declaration",
        "generator_function_declaration",
        "method_definition",
        "method_declaration",
        "function_item",
        "constructor_declaration",
        "compact_constructor_declaration",
        "destructor_declaration",
        "local_function_statement",
        "function_definition",
        "method",
        "singleton_method",
    )
)
_UNNAMED_FUNCTIONS = frozenset(("arrow_function", "function_expression", "generator_function"))
_NAMERS = frozenset(
    ("variable_declarator", "assignment_expression", "pair", "public_field_definition", "field_definition")
)
_CLASSES = frozenset(
    (
        "class_declaration",
        "abstract_class_declaration",
        "class_specifier",
        "struct_specifier",
        "struct_item",
        "enum_item",
        "impl_item",
        "trait_item",
        "interface_declaration",
        "enum_declaration",
        "record_declaration",
        "struct_declaration",
        "trait_declaration",
        "type_spec",
        "class",
        "module",
    )
)
_WRAPPERS = frozenset(
    ("export_statement", "template_declaration", "lexical_declaration", "variable_declaration", "type_declaration")
)
_DECORATORS = frozenset(("decorator", "attribute_item"))
_MAX_DEPTH = 500  # nothing is defined deeper
_MAX_DECLARATORS = 20
_PIECE = 1 << 16
_NAME_FIELDS = ("name", "declarator", "left", "key", "property", "type")


@dataclass(frozen=True, slots=True)
class SyntaxProblem:
    """Where a text first doesn't parse (a line, from 1), and what the parser says about it."""

    line: int
    message: str


@dataclass(frozen=True, slots=True)
class _Problems:
    count: int
    first: SyntaxProblem | None


_NONE = _Problems(0, None)


def can_check(path: str) -> bool:
    """Whether files with this name are checked: the language is known, and its grammar installed."""
    language = _language(path)
    return language in _CHECKS or (language in _GRAMMARS and _is_installed(_GRAMMARS[language][0]))


def check(path: str, text: str) -> SyntaxProblem | None:
    """The first place where `text` doesn't parse; None where it does, or can't be checked."""
    return _problems(path, text).first


def worse(path: str, before: str, after: str) -> SyntaxProblem | None:
    """The first place where `after` doesn't parse, if it has more such places than `before`."""
    problems = _problems(path, after)
    return problems.first if problems.count and problems.count > _problems(path, before).count else None


def enclosing(path: str, text: str, line: int) -> tuple[int, int, str] | None:
    """First line, last line and name of the innermost function around a line, else of the innermost class.

    Decorators belong to what they decorate. None where the line is in neither, or the text can't be parsed.
    """
    if len(text) > MAX_CHARS or line < 1:
        return None
    if _language(path) == "python":
        return _enclosing_python(text, line)
    tree = _tree(path, text)
    return _enclosing_node(tree, text, line) if tree is not None else None


def parsed(path: str, text: str) -> "Tree | None":
    """The tree-sitter tree of a text, whose columns count UTF-8 bytes; None where the language has no grammar here."""
    return _tree(path, text) if len(text) <= MAX_CHARS else None


def _language(path: str) -> str:
    return _LANGUAGES.get(PurePosixPath(path).suffix.lower(), "")


def _problems(path: str, text: str) -> _Problems:
    if len(text) > MAX_CHARS:
        return _NONE
    parse = _CHECKS.get(_language(path))
    if parse is None:
        return _tree_problems(path, text)
    try:
        problem = parse(text.removeprefix("\ufeff"))
    except (RecursionError, MemoryError):  # nested too deep for the parser, which says nothing about the text
        return _NONE
    return _Problems(1, problem) if problem else _NONE


def _check_python(text: str) -> SyntaxProblem | None:
    try:
        _parse_python(text)
    except SyntaxError as error:
        return SyntaxProblem(error.lineno or 1, error.msg)
    except ValueError as error:  # null bytes, lone surrogates
        return SyntaxProblem(1, str(error))
    return None


def _check_json(text: str) -> SyntaxProblem | None:
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        return SyntaxProblem(error.lineno, error.msg)
    except ValueError as error:  # a number with too many digits
        return SyntaxProblem(1, str(error))
    return None


def _check_toml(text: str) -> SyntaxProblem | None:
    try:
        tomllib.loads(text)
    except ValueError as error:
        message, _, place = str(error).partition(" (at line ")
        number = place.partition(",")[0]
        return SyntaxProblem(int(number) if number.isdecimal() else text.count("\n") + 1, message)
    return None


_CHECKS: dict[str, Callable[[str], SyntaxProblem | None]] = {
    "json": _check_json,
    "python": _check_python,
    "toml": _check_toml,
}


def _parse_python(text: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = compile(text, "<text>", "exec", dont_inherit=True, flags=ast.PyCF_ONLY_AST)
    assert isinstance(tree, ast.Module)
    return tree


def _enclosing_python(text: str, line: int) -> tuple[int, int, str] | None:
    around = [scope for scope in _scopes_of(text) if scope[0] <= line <= scope[1]]
    functions = [scope for scope in around if scope[3]]
    innermost = min(functions or around, key=lambda scope: scope[1] - scope[0], default=None)
    return innermost[:3] if innermost else None


@functools.lru_cache(maxsize=2)  # many lines of one text are asked about, one after the other
def _scopes_of(text: str) -> tuple[tuple[int, int, str, bool], ...]:
    """The scopes of a Python text; none where it can't be parsed."""
    try:
        return tuple(_python_scopes(_parse_python(text.removeprefix("\ufeff"))))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()


def _python_scopes(tree: ast.Module) -> Iterator[tuple[int, int, str, bool]]:
    """First line, last line and name of everything with a body of its own, and whether it is a function.

    Only statements are walked: no other node holds a definition.
    """
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        for field in ("body", "orelse", "finalbody", "handlers", "cases"):
            inner = getattr(node, field, ())
            waiting += inner if isinstance(inner, list) else ()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            yield first, node.end_lineno or first, node.name, not isinstance(node, ast.ClassDef)


def _is_installed(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


@functools.cache
def _grammar(language: str) -> "Grammar | None":
    """None where the grammar is missing, or doesn't go with the tree-sitter that is installed."""
    try:
        from tree_sitter import Language as Grammar

        module, function = _GRAMMARS[language]
        return Grammar(getattr(importlib.import_module(module), function)())
    except (KeyError, ImportError, AttributeError, ValueError):
        return None


def _tree(path: str, text: str) -> "Tree | None":
    return _tree_in(_language(path), text)


@functools.lru_cache(maxsize=2)  # asked for a text's problems, and for the scopes of many of its lines
def _tree_in(language: str, text: str) -> "Tree | None":
    grammar = _grammar(language)
    if grammar is None:
        return None
    from tree_sitter import Parser

    source = text.encode("utf-8", "replace")
    end = time.monotonic() + MOST_SECONDS
    try:
        return Parser(grammar).parse(
            lambda start, _: source[start : start + _PIECE],  # only a text read in pieces can be given up
            progress_callback=lambda *_: time.monotonic() > end,
        )
    except ValueError:  # the parser gave up, or was stopped
        return None


def _tree_problems(path: str, text: str) -> _Problems:
    tree = _tree(path, text)
    if tree is None or not tree.root_node.has_error:
        return _NONE
    count = 0
    first = None
    for node in _bad_nodes(tree.root_node):
        count += 1
        first = first or _problem(node)
    return _Problems(count, first)


def _bad_nodes(root: "Node") -> "Iterator[Node]":
    """What the parser had to skip or make up, in the order of the text."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if node.is_error or node.is_missing:
            yield node
        waiting += [child for child in reversed(node.children) if child.has_error or child.is_missing]


def _problem(node: "Node") -> SyntaxProblem:
    line = node.start_point.row + 1
    if node.is_missing:
        return SyntaxProblem(line, f"{node.type!r} is missing")
    words = (node.text or b"").decode("utf-8", "replace").split()
    return SyntaxProblem(line, f"not expected: {' '.join(words)[:60]!r}" if words else "incomplete")


def _enclosing_node(tree: "Tree", text: str, line: int) -> tuple[int, int, str] | None:
    lines = text.split("\n", line)
    if line > len(lines):
        return None
    content = lines[line - 1]
    indentation = len(content[: len(content) - len(content.lstrip())].encode("utf-8", "replace"))
    chain = _chain(tree, line - 1, indentation)
    places = [place for place in range(len(chain) - 1, -1, -1) if _is_scope(chain, place)]
    functions = [place for place in places if chain[place].type not in _CLASSES]
    found = next(iter(functions or places), None)
    return _extent(chain, found) if found is not None else None


def _chain(tree: "Tree", row: int, column: int) -> "list[Node]":
    """The nodes around a place, from the outermost on; at a decorator, what it decorates.

    Followed from above, since to find a node's parent takes as long as it is deep.
    """
    from tree_sitter import Point

    place = Point(row, column)
    cursor = tree.walk()
    chain: list[Node] = []
    while len(chain) < _MAX_DEPTH and (node := cursor.node) is not None and node.start_point <= place:
        chain.append(node)
        if node.type in _DECORATORS:
            return [*chain[:-1], _decorated(node)]
        if cursor.goto_first_child_for_point(place) is None:
            break
    wrapper = next((node for node in chain[-2:] if node.type in _WRAPPERS), None)
    return chain if wrapper is None else [*chain[: chain.index(wrapper) + 1], *_wrapped(wrapper)]


def _wrapped(node: "Node") -> "Iterator[Node]":
    """What a word like `export`, `const` or `template` stands before."""
    while node.named_children and node.type in _WRAPPERS | _NAMERS:
        node = node.named_children[-1]
        yield node


def _decorated(node: "Node") -> "Node":
    while node.type in _DECORATORS and node.next_named_sibling is not None:
        node = node.next_named_sibling
    return node


def _is_scope(chain: "list[Node]", place: int) -> bool:
    node = chain[place]
    if node.type in _UNNAMED_FUNCTIONS:
        return place > 0 and chain[place - 1].type in _NAMERS
    return node.is_named and node.type in _FUNCTIONS | _CLASSES


def _extent(chain: "list[Node]", place: int) -> tuple[int, int, str]:
    """First line, last line and name of a scope, with what is written before it and belongs to it."""
    if chain[place].type in _UNNAMED_FUNCTIONS:
        place -= 1
    name, end = _name(chain[place]), chain[place].end_point
    while place > 0 and chain[place - 1].type in _WRAPPERS:
        place -= 1
    first = chain[place]
    while first.prev_named_sibling is not None and first.prev_named_sibling.type in _DECORATORS:
        first = first.prev_named_sibling
    return first.start_point.row + 1, end.row + (end.column > 0), name


def _name(node: "Node") -> str:
    """The name in a declaration; C hides it in declarators."""
    for _ in range(_MAX_DECLARATORS):
        inner = next(filter(None, map(node.child_by_field_name, _NAME_FIELDS)), None)
        if inner is None:
            break
        node = inner
    return (node.text or b"").decode("utf-8", "replace").partition("\n")[0][:80]

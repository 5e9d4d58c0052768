"""The words of a text in any language that is parsed here, so that two texts can be compared but for their names."""

import io
import keyword
import tokenize
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from termcoder import syntax
from termcoder.refactoring.statements import is_python

if TYPE_CHECKING:
    from tree_sitter import Node

_SKIPPED = frozenset((tokenize.ENCODING, tokenize.NL, tokenize.COMMENT, tokenize.ENDMARKER))
_LAYOUT = frozenset((tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT))
_IDENTIFIERS = frozenset(("identifier", "type_identifier", "constant", "variable_name", "name"))
_PROPERTIES = frozenset(
    ("property_identifier", "field_identifier", "private_property_identifier", "package_identifier")
)
_SHORTHANDS = frozenset(("shorthand_property_identifier", "shorthand_property_identifier_pattern"))

_TEXTS = frozenset(("string_fragment", "string_content", "template_chars", "raw_string_literal", "encapsed_string"))
NAMES = frozenset(("name", "property", "shorthand"))
"""The kinds of tokens that name something."""


class Token(NamedTuple):
    """A word: its text, its line from 1, the characters of the line before it, and what it is.

    `kind`: "name", "property" (of an object), "shorthand" (both at once), "text" (of a string), or "" for all else.
    """

    text: str
    line: int
    column: int
    kind: str = ""


def tokens_of(path: str, text: str) -> list[Token] | None:
    """The words of a text without comments; None where it doesn't parse or its language isn't known."""
    if is_python(path):
        return _of_python(text)
    tree = syntax.parsed(path, text)
    return list(_of_tree(tree.root_node, text)) if tree else None


def _of_python(text: str) -> list[Token] | None:
    found: list[Token] = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type in _SKIPPED:
                continue
            word = "" if token.type in _LAYOUT and token.type != tokenize.NEWLINE else token.string
            kind = ""
            if token.type == tokenize.NAME and not keyword.iskeyword(token.string):
                kind = "property" if found and found[-1].text == "." else "name"
            elif token.type == tokenize.STRING or tokenize.tok_name[token.type] == "FSTRING_MIDDLE":
                kind = "text"
            layout = tokenize.tok_name[token.type] if token.type in _LAYOUT else word
            found.append(Token(layout, token.start[0], token.start[1], kind))
    except (tokenize.TokenError, IndentationError, SyntaxError):
        return None
    return found


def _of_tree(root: "Node", text: str) -> Iterator[Token]:
    lines = [line.encode() for line in text.split("\n")]
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if "comment" in node.type:
            continue
        if node.child_count and not _is_text(node):
            waiting += reversed(node.children)
            continue
        row, column = node.start_point.row, node.start_point.column
        before = lines[row][:column].decode("utf-8", "replace") if row < len(lines) else ""
        yield Token((node.text or b"").decode("utf-8", "replace"), row + 1, len(before), _kind(node))


def _is_text(node: "Node") -> bool:
    """Whether a node is a string without code in it."""
    return node.type in ("string", "string_literal", "interpreted_string_literal") and all(
        child.type not in ("interpolation", "template_substitution") for child in node.children
    )


def _kind(node: "Node") -> str:
    if node.type in _PROPERTIES:
        return "property"
    if node.type in _SHORTHANDS:
        return "shorthand"
    if _is_text(node) or node.type in _TEXTS:
        return "text"
    if node.type not in _IDENTIFIERS:
        return ""
    parent = node.parent
    if parent is not None and parent.type == "shorthand_field_initializer":  # Rust
        return "shorthand"
    pair = parent.parent if parent is not None and parent.type == "literal_element" else None
    is_key = pair is not None and pair.type == "keyed_element" and pair.children[0] == parent  # Go
    return "property" if is_key else "name"

"""The data that lines work on: members that they read and words in their texts.

Lines that still do the same still touch the same data, whatever else they do otherwise; small models lose some of it.
"""

import re
from collections.abc import Iterator, Sequence

from termcoder.refactoring.tokens import Token, tokens_of

_PLUMBING = frozenset(("length", "size", "prototype", "Println", "Printf", "self", "cls"))
_WORD = re.compile(r"[^\W_]{3,}")
_DOCSTRING = re.compile(r"(?i)(?:r|u)?(?:\"\"\"|''')")


_FIELD = re.compile(r"\{[^{}]*\}")
"""A replacement field in an f-string."""

Lines = tuple[str, int, int]
"""A text, and the first and last of its lines that are meant."""


def lost_data(path: str, before: Lines, after: Lines) -> str | None:
    """Something that the old lines touched and the new ones don't; None where all is there.

    None, too, where the language isn't known.
    """
    old, new = _tokens(path, before), _tokens(path, after)
    if old is None or new is None:
        return None
    touched = {*_data(new), *(word for token in new if token.kind == "text" for word in _WORD.findall(token.text))}
    return next((each for each in _data(old) if each not in touched), None)


def _tokens(path: str, lines: Lines) -> list[Token] | None:
    text, first, last = lines
    tokens = tokens_of(path, text)
    return None if tokens is None else [token for token in tokens if first <= token.line <= last]


def _data(tokens: Sequence[Token]) -> Iterator[str]:
    for at, token in enumerate(tokens):
        follows = tokens[at + 1].text if at + 1 < len(tokens) else ""
        if token.kind == "property" and follows != "(" and token.text not in _PLUMBING:
            yield token.text
        elif token.kind == "text" and not _DOCSTRING.match(token.text):
            yield from _WORD.findall(_FIELD.sub("", token.text))

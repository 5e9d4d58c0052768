r"""Finds and writes `@file` mentions: `@src/app.py`, `@src/app.py:10-40`, `@"my file.py":3`.

A mention starts a word (after white space or an opening bracket), so an e-mail address is none. A name that
is called, `@app.route("/")`, is a decorator and none; neither is anything inside a fenced code block. Names
with other characters than letters, digits and `._-+~%#&=^$@/` stand in double quotes, where `\\"`, `\\\\` and
`\\uXXXX` are understood. This module is pure: whether a file of that name exists is for the workspace to say.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_OPENS = r"(?<![^\s(\[{])@"
_NAME = r"[\w./+~%#&=^$@-]"
_QUOTED = r"(?:[^\"\\\n]|\\.)"
_RANGE = r"(?::(?P<first>[0-9]{1,9})(?:-(?P<last>[0-9]{1,9}))?(?![0-9]))?"
_MENTION = re.compile(rf"{_OPENS}(?:\"(?P<quoted>{_QUOTED}+)\"|(?P<bare>{_NAME}*[\w/+~%#&=^$@-])){_RANGE}")
_PARTIAL = re.compile(rf"{_OPENS}(?P<typed>\"{_QUOTED}*|{_NAME}*)\Z")
_PLAIN = re.compile(rf"{_NAME}*[\w/+~%#&=^$@-]")
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|U(000[0-9a-fA-F]{5}|0010[0-9a-fA-F]{4})|(.))")
_FENCE = re.compile(r"^ {0,3}(?P<fence>`{3,}|~{3,}).*?(?:^ {0,3}(?P=fence)[`~]*[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)
_PARTIAL_REACH = 512


@dataclass(frozen=True, slots=True)
class Mention:
    """A file named in a text. Lines `first` to `last` count from 1; None: the whole file.

    `start` and `end` are where it stands in the text, `@` included.
    """

    path: str
    first: int | None = None
    last: int | None = None
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True)
class PartialMention:
    """A mention being typed: `start` is the place of its `@`, `query` what follows it so far."""

    start: int
    query: str


def find_mentions(text: str) -> list[Mention]:
    """Every mention in `text`, in order."""
    outside_fences = _FENCE.sub(lambda match: " " * len(match[0]), text)
    return [_to_mention(match) for match in _MENTION.finditer(outside_fences) if not _is_call(outside_fences, match)]


def partial_mention(before_cursor: str) -> PartialMention | None:
    """The mention that the end of `before_cursor` is in the middle of, if there is one."""
    offset = max(0, len(before_cursor) - _PARTIAL_REACH)
    match = _PARTIAL.search(before_cursor, offset)
    if match is None:
        return None
    typed = match["typed"]
    return PartialMention(match.start(), _unescape(typed[1:]) if typed.startswith('"') else typed)


def format_mention(path: str, first: int | None = None, last: int | None = None) -> str:
    """Write a mention of `path`, quoted where that is needed; `find_mentions` gives the same path back."""
    name = path if _PLAIN.fullmatch(path) else f'"{"".join(_escape(path))}"'
    if first is None:
        return f"@{name}"
    return f"@{name}:{first}" if last is None or last == first else f"@{name}:{first}-{last}"


def _to_mention(match: re.Match[str]) -> Mention:
    path = match["bare"] if match["quoted"] is None else _unescape(match["quoted"])
    first = int(match["first"]) if match["first"] else None
    last = int(match["last"]) if match["last"] else first
    return Mention(path, first, last, *match.span())


def _is_call(text: str, match: re.Match[str]) -> bool:
    return match["bare"] is not None and text[match.end() : match.end() + 1] == "("


def _escape(path: str) -> Iterator[str]:
    for character in path:
        if character in '"\\':
            yield "\\" + character
        elif character.isprintable():
            yield character
        else:
            code = ord(character)
            yield f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _unescape(quoted: str) -> str:
    return _ESCAPE.sub(lambda match: match[3] or chr(int(match[1] or match[2], 16)), quoted)

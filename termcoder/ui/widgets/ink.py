"""The styles that a transcript draws with: its stylesheet, and what is made of it for the theme in use."""

from collections.abc import Callable
from functools import cached_property
from io import StringIO
from typing import Any

from rich.console import Console
from rich.style import Style
from rich.theme import Theme

_TOKENS = {
    "Comment": "comment",
    "Keyword": "keyword",
    "Operator.Word": "keyword",
    "Literal.String": "string",
    "Literal.Number": "number",
    "Keyword.Constant": "number",
    "Name.Function": "name",
    "Name.Class": "name",
    "Name.Decorator": "name",
    "Name.Tag": "keyword",
    "Name.Attribute": "name",
    "Name.Builtin": "builtin",
    "Name.Exception": "builtin",
    "Keyword.Type": "builtin",
    "Generic.Inserted": "string",
    "Generic.Deleted": "deleted",
    "Generic.Heading": "keyword",
    "Generic.Subheading": "keyword",
}
_PROSE = {
    "markdown.h1": "heading",
    "markdown.h2": "heading",
    "markdown.h3": "heading",
    "markdown.h4": "heading",
    "markdown.h5": "heading",
    "markdown.h6": "heading",
    "markdown.code": "inline-code",
    "markdown.code_block": "inline-code",
    "markdown.block_quote": "quote",
    "markdown.item.bullet": "bullet",
    "markdown.item.number": "bullet",
    "markdown.hr": "rule",
    "markdown.link": "link",
    "markdown.link_url": "rule",
    "markdown.table.border": "rule",
    "markdown.table.header": "heading",
}
_PARTS = ("text", "cursor", "bar", "question", "code", "code-title", "note", "error", "more", "place")
_MATCHES = ("match", "match-here")
_CODE = ("comment", "keyword", "string", "number", "name", "builtin", "deleted")
COMPONENTS = frozenset(f"transcript--{name}" for name in (*_PARTS, *_MATCHES, *_CODE, *_PROSE.values()))
"""Every component class of the transcript; `styles` gives each its look."""

STYLE = """
TurnScroll {
    overflow-x: hidden; overflow-y: scroll; scrollbar-size-vertical: 0; background: $background; color: $foreground;

    & > .transcript--text { color: $foreground; }
    & > .transcript--cursor { color: $accent; text-style: bold; }
    & > .transcript--bar { color: $primary; }
    & > .transcript--question { color: $foreground; text-style: bold; }
    & > .transcript--code { background: $surface; color: $foreground; }
    & > .transcript--code-title { background: $surface; color: $text-muted; text-style: italic; }
    & > .transcript--note { color: $text-muted; }
    & > .transcript--error { color: $text-error; }
    & > .transcript--place { color: $foreground 40%; }
    & > .transcript--more { background: $primary; color: $background; text-style: bold; }
    & > .transcript--match { color: $warning; text-style: bold underline; }
    & > .transcript--match-here { color: $warning; background: $background; text-style: bold reverse; }
    & > .transcript--heading { color: $text-primary; text-style: bold; }
    & > .transcript--inline-code { color: $text-accent; }
    & > .transcript--quote { color: $text-muted; text-style: italic; }
    & > .transcript--bullet { color: $text-primary; }
    & > .transcript--rule { color: $text-muted; }
    & > .transcript--link { text-style: underline; }
    & > .transcript--comment { color: $text-muted; text-style: italic; }
    & > .transcript--keyword { color: $text-accent; }
    & > .transcript--string { color: $text-success; }
    & > .transcript--number { color: $text-warning; }
    & > .transcript--name { color: $text-primary; }
    & > .transcript--builtin { color: $text-secondary; }
    & > .transcript--deleted { color: $text-error; }
}
"""


class Ink:
    """Rich styles by short name ("question", "code", ...), looked up with `lookup` ("transcript--question")."""

    def __init__(self, lookup: Callable[[str], Style]) -> None:
        self._styles = {name: lookup(f"transcript--{name}") for name in (*_PARTS, *_MATCHES, *_CODE, *_PROSE.values())}
        self._token_styles: dict[Any, Style] = {}

    def __getitem__(self, name: str) -> Style:
        return self._styles[name]

    def same_as(self, other: "Ink") -> bool:
        """Whether drawing with the other would look the same."""
        return self._styles == other._styles

    def token(self, kind: Any) -> Style:
        """The style of one Pygments token, code's background included."""
        style = self._token_styles.get(kind)
        if style is None:
            style = self._token_styles[kind] = self["code"] + self._foreground(_token_name(kind))
        return style

    def _foreground(self, name: str) -> Style:
        return without_background(self[name]) if name else Style()

    @cached_property
    def console(self) -> Console:
        """A console that writes nowhere and draws Markdown in these styles."""
        styles = {markdown: without_background(self[name]) for markdown, name in _PROSE.items()}
        return Console(file=StringIO(), color_system="truecolor", force_terminal=True, theme=Theme(styles), emoji=False)


def _token_name(kind: Any) -> str:
    while kind is not None:
        if name := _TOKENS.get(str(kind).removeprefix("Token.")):
            return name
        kind = kind.parent
    return ""


def without_background(style: Style) -> Style:
    """How text looks, on any ground."""
    return Style(
        color=style.color,
        bold=style.bold,
        italic=style.italic,
        underline=style.underline,
        dim=style.dim,
        strike=style.strike,
    )

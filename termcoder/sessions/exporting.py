"""A session as a text to keep or to hand on: Markdown, HTML or JSON."""

import json
import re
from collections.abc import Iterator

from termcoder.sessions.document import Kind, Section, Text, document_of, one_line, visible
from termcoder.sessions.schema import Session, to_json

FORMATS = ("markdown", "html", "json")
SUFFIXES = {"markdown": ".md", "html": ".html", "json": ".json"}

_TICKS = re.compile("`+")
_MARKUP = re.compile(r"[\\`*_\[\]<>#~|&]")
_NAME = re.compile(r"[^\w.-]+")


def export(session: Session, name: str) -> str:
    """The session in one of the `FORMATS`."""
    if name == "html":
        from termcoder.sessions.export_html import html

        return html(session)
    return markdown(session) if name == "markdown" else pretty_json(session)


def file_name(session: Session, name: str) -> str:
    """A name for the file: of the title, safe everywhere."""
    words = _NAME.sub("-", session.title.lower()).strip("-.")[:60].rstrip("-.")
    return f"{words or 'session'}-{session.id[:6]}{SUFFIXES[name]}"


def pretty_json(session: Session) -> str:
    """The session's file, line by line. What is read from it is the same session."""
    return json.dumps(json.loads(to_json(session)), ensure_ascii=False, indent=2) + "\n"


def markdown(session: Session) -> str:
    """The session as Markdown.

    Nothing in a text can end its part: what was typed and attached is fenced by more backticks than it has, and an
    answer, which is Markdown itself, stands in a block quotation.
    """
    first, *turns = document_of(session)
    lines = [f"# {_prose(first.title)}", *_body(first)]
    for turn in turns:
        lines += ["", f"## {_prose(turn.title)}", *_body(turn)]
    return "\n".join(lines) + "\n"


def _body(section: Section) -> Iterator[str]:
    if section.facts:
        yield ""
        yield from (f"- {_prose(name)}: {_prose(value)}" for name, value in section.facts)
    for text in section.texts:
        if text.label not in ("", "Question"):
            yield from ("", f"**{_prose(text.label)}**")
        yield from ("", *(_quotation(text.text) if text.kind is Kind.ANSWER else _fenced(text)))


def _fenced(text: Text) -> list[str]:
    body = visible(text.text)
    ticks = "`" * max(3, 1 + max((len(run) for run in _TICKS.findall(body)), default=0))
    return [f"{ticks}{_info(text)}", *body.removesuffix("\n").split("\n"), ticks]


def _info(text: Text) -> str:
    """The language after a fence: a name, or a file's suffix."""
    if text.kind is not Kind.CODE:
        return "text"
    return re.sub(r"[^\w+-]", "", text.language.rpartition(".")[2])[:20]


def _quotation(text: str) -> list[str]:
    return [f"> {line}" if line else ">" for line in visible(text).rstrip("\n").split("\n")]


def _prose(text: str) -> str:
    return _MARKUP.sub(r"\\\g<0>", one_line(text))

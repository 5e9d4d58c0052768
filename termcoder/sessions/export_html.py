"""A session as one HTML file: no script, nothing from elsewhere, light or dark as the reader's system is."""

import base64
import functools
import hashlib
import html as escaping
from collections.abc import Iterator
from typing import Any

from termcoder.sessions.document import Kind, Section, Text, document_of, one_line, visible
from termcoder.sessions.schema import Session

MOST_COLOURED = 100_000
"""Longer code stays plain: colouring takes about a second for a megabyte."""

_LIGHT, _DARK = "default", "monokai"  # styles of Pygments
_LAYOUT = """
:root { color-scheme: light dark; --ink: #1c2128; --page: #ffffff; --faint: #59636e; --box: #f4f5f7; --line: #d5d9de; }
body { margin: 2rem auto; max-width: 54rem; padding: 0 1rem; color: var(--ink); background: var(--page);
  font: 16px/1.55 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin: 0; } h3 { font-size: .9rem; color: var(--faint); }
section { border-top: 1px solid var(--line); padding-top: 1.2rem; margin-top: 1.6rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 .8rem; font-size: .85rem; color: var(--faint); }
dt, dd { margin: 0; }
pre { background: var(--box); padding: .7rem; overflow-x: auto; border-radius: 4px; }
pre, code { font: .86rem/1.45 ui-monospace, monospace; }
pre.plain { white-space: pre-wrap; border-left: 3px solid var(--line); border-radius: 0; }
blockquote { border-left: 3px solid var(--line); margin-left: 0; padding-left: 1rem; }
table { border-collapse: collapse; } td, th { border: 1px solid var(--line); padding: .2rem .6rem; }
"""
_DARK_LAYOUT = ":root { --ink: #e3e6ea; --page: #14171c; --faint: #9aa4b0; --box: #1e232a; --line: #39414b; }"


def html(session: Session) -> str:
    """The session as an HTML page. Everything from outside is escaped; its policy lets nothing be loaded or run."""
    first, *turns = document_of(session)
    style = _style()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    body = [f"<h1>{_safe(first.title)}</h1>", *_body(first)]
    for turn in turns:
        body += ["<section>", f"<h2>{_safe(turn.title)}</h2>", *_body(turn), "</section>"]
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="und">',
            "<head>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="referrer" content="no-referrer">',
            f"<title>{_safe(first.title)}</title>",
            f"<style>{style}</style>",
            "</head>",
            "<body>",
            *body,
            "</body>",
            "</html>",
            "",
        ]
    )


def _body(section: Section) -> Iterator[str]:
    if section.facts:
        yield "<dl>"
        yield from (f"<dt>{_safe(name)}</dt><dd>{_safe(value)}</dd>" for name, value in section.facts)
        yield "</dl>"
    for text in section.texts:
        if text.label not in ("", "Question"):
            yield f"<h3>{_safe(text.label)}</h3>"
        yield _text(text)


def _text(text: Text) -> str:
    match text.kind:
        case Kind.PLAIN:
            return f'<pre class="plain">{escaping.escape(visible(text.text))}</pre>'
        case Kind.CODE:
            return _coloured(visible(text.text), text.language)
        case Kind.ANSWER:
            return f'<div class="answer">\n{_renderer().render(visible(text.text))}</div>'


def _safe(text: str) -> str:
    return escaping.escape(one_line(text))


@functools.cache
def _renderer() -> Any:
    """Markdown without raw HTML and without pictures, which would be loaded from elsewhere."""
    from markdown_it import MarkdownIt

    options = {"html": False, "highlight": lambda code, language, _: _coloured(code, language)}
    return MarkdownIt("commonmark", options).enable(["table", "strikethrough"]).disable("image")


def _coloured(code: str, language: str) -> str:
    """Code as HTML. `language`: a name, or a file's name."""
    from pygments import highlight
    from pygments.formatters import HtmlFormatter

    lexer = _lexer(language) if len(code) <= MOST_COLOURED else None
    inner = escaping.escape(code) if lexer is None else highlight(code, lexer, HtmlFormatter(nowrap=True))
    return f'<pre class="code"><code>{inner}</code></pre>\n'


def _lexer(language: str) -> Any:
    from pygments.lexers import get_lexer_by_name, get_lexer_for_filename
    from pygments.util import ClassNotFound

    find = get_lexer_for_filename if "." in language else get_lexer_by_name
    try:
        return find(language, stripnl=False, ensurenl=False) if language else None
    except ClassNotFound:
        return None


@functools.cache
def _style() -> str:
    from pygments.formatters import HtmlFormatter

    light = HtmlFormatter(style=_LIGHT).get_style_defs("pre.code")
    dark = HtmlFormatter(style=_DARK).get_style_defs("pre.code")
    box = "pre.code { background: var(--box); }"
    return f"{_LAYOUT}\n{light}\n{box}\n@media (prefers-color-scheme: dark) {{\n{_DARK_LAYOUT}\n{dark}\n{box}\n}}\n"

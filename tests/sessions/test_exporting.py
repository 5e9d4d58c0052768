"""Sessions as Markdown, HTML and JSON, and back from JSON."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from termcoder.conversation import Attachment, Note, Turn, TurnState, Usage
from termcoder.errors import DamagedSessionError, NewerSessionError, SessionError
from termcoder.sessions import importing
from termcoder.sessions.exporting import FORMATS, export, file_name, markdown
from termcoder.sessions.importing import imported, moved_to, read_export
from termcoder.sessions.schema import SET_ASIDE, Session, new_session, to_json
from tests.sessions.samples import PROJECT, sessions, turn

FENCES = [
    "```",
    "````",
    "~~~",
    "```python",
    "> ",
    "# ",
    "<!--",
    "</pre>",
    "<script>alert(1)</script>",
    "    ",
    "- a",
    "\t",
]
FINDING = {"path": "shop.py", "line": 3, "severity": "major", "title": "The lock is never released"}
USAGE = Usage(1200, 80, 1000, 4.0, 0.5)
FULL = replace(
    new_session(PROJECT, model="qwen2.5-coder-0.5b"),
    title="Why is it slow?",
    usage=USAGE,
    forked_from="0a1b2c",
    turns=(
        Turn(
            "t1",
            "Why is @main.py slow?",
            "It sleeps:\n\n```python\nimport time\n```\n",
            TurnState.LENGTH,
            (Attachment("main.py", "import time\ntime.sleep(9)\n"),),
            USAGE,
            "qwen2.5-coder-0.5b",
            7,
            "2026-11-23T08:00:00Z",
            template="explain",
            sent="Explain main.py.",
        ),
        turn("And now?", "", state=TurnState.FAILED, error="The engine died."),
    ),
    other_turns={
        "traceback": ({"id": "x", "question": "q", "log": "KeyError: 1", "state": "complete", "error": 0},),
        "review": ({"id": "r", "scope": "staged", "findings": [FINDING], "coverage": {"files": 1}},),
        SET_ASIDE: ({"id": "old", "question": "older", "answer": "Replaced."},),
        "future": ("anything",),
    },
    memory=(Note("The port is 8080.", "t1"),),
)

texts = st.lists(st.sampled_from([*FENCES, "word", "\n", "\n\n", "`", "\r", "\x1b[31m", "\u202e"]), max_size=12).map(
    "".join
)


class Page(HTMLParser):
    """The elements of a page with their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def blocks(text: str) -> list[tuple[str, str]]:
    """The blocks of Markdown that stand in no other: their kind and, of code and headings, their text."""
    tokens = MarkdownIt("commonmark").parse(text)
    found = []
    for place, token in enumerate(tokens):
        if token.level == 0 and token.nesting >= 0:
            inner = tokens[place + 1].content if token.type == "heading_open" else token.content
            found.append((token.type, inner))
    return found


# Markdown


@pytest.mark.parametrize("name", FORMATS)
def test_everything_is_in_it(name: str) -> None:
    told = Page(export(FULL, name)).text if name == "html" else export(FULL, name).replace("\\", "")
    for part in (
        "Why is it slow?", PROJECT, "qwen2.5-coder-0.5b", "0a1b2c", "t1" if name == "json" else "length", "main.py",
        "time.sleep(9)", "explain", "Explain main.py.", "The engine died.", "KeyError: 1", "shop.py", "never released",
        "Replaced.", "anything", "The port is 8080.", "7",
    ):  # fmt: skip
        assert part in told, part


def test_what_is_typed_is_there_as_it_was() -> None:
    assert ("fence", "Why is @main.py slow?\n") in blocks(markdown(FULL))
    assert ("fence", "import time\ntime.sleep(9)\n") in blocks(markdown(FULL))


def test_usage_in_words() -> None:
    assert "1,200 of prompt (1,000 of them cached), 80 of answer, 19.8 a second, 0.5 s before the first" in markdown(
        FULL
    )


@settings(max_examples=40)
@given(question=texts, answer=texts, attached=texts, title=texts)
@example("```\n# x", "```\n# not a heading", "````\n", "# a\nb")
@example("a", "<!-- open", "b", "<script>")
def test_no_text_gets_out_of_its_part(question: str, answer: str, attached: str, title: str) -> None:
    def made(question: str, answer: str, attached: str, title: str) -> list[str]:
        told = turn(question, answer, attachments=(Attachment("a.py", attached),))
        session = replace(new_session(PROJECT), title=title).with_turn(told).with_turn(turn("the last"))
        return [kind for kind, _ in blocks(markdown(session))]

    assert made(question, answer or "x", attached, title or "x") == made("q", "x", "a", "x")


@settings(max_examples=25)
@given(session=sessions)
def test_any_session_can_be_exported(session: Session) -> None:
    for name in FORMATS:
        text = export(session, name)
        assert not re.search("[\x00-\x08\x0b-\x1f]", text) or name == "json"
        text.encode("utf-8", "strict" if name != "json" else "backslashreplace")


# HTML


def test_a_page_runs_and_loads_nothing() -> None:
    answer = (
        '<script>alert(1)</script> <img src="http://x/y"> ![p](http://x/p.png) [l](javascript:alert(1)) '
        "[ok](https://example.org)\n\n```<b>\n</code></pre><script>x</script>\n```\n<style>*{}</style>"
    )
    hostile = '"><script>alert(1)</script>'
    session = replace(FULL, title=hostile, project=hostile, turns=(turn(hostile, answer, model=hostile),))
    page = Page(export(session, "html"))
    names = [tag for tag, _ in page.tags]
    assert not {"script", "img", "iframe", "object", "link", "form", "base"} & set(names)
    assert names.count("style") == 1
    assert not [attrs for _, attrs in page.tags if any(name.startswith("on") for name in attrs)]
    assert [attrs["href"] for tag, attrs in page.tags if tag == "a"] == ["http://x/p.png", "https://example.org"]
    policies = [attrs["content"] for _, attrs in page.tags if attrs.get("http-equiv") == "Content-Security-Policy"]
    assert len(policies) == 1
    assert "default-src 'none'; style-src 'sha256-" in str(policies[0])


def test_the_policy_lets_its_own_style_through() -> None:
    import base64
    import hashlib

    text = export(FULL, "html")
    style = text.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"'sha256-{digest}'" in text
    assert "prefers-color-scheme: dark" in style
    assert "<" not in style


def test_code_is_coloured_and_long_code_is_not() -> None:
    assert '<span class="kn">import</span>' in export(FULL, "html")
    long = "import time\n" * 10_000
    assert "<span class=" not in export(
        replace(FULL, turns=(turn("q", f"```python\n{long}```"),), other_turns={}), "html"
    )


@settings(max_examples=40)
@given(text=texts)
def test_a_page_shows_what_was_said(text: str) -> None:
    session = replace(new_session(PROJECT), turns=(turn(text, "x"),))
    shown = Page(export(session, "html")).text
    assert all(word in shown for word in re.findall(r"\w+", text.replace("\x1b", " ")))


# JSON and back


@settings(max_examples=30)
@given(session=sessions, project=st.sampled_from([PROJECT, "/", "/home/ü/日本"]))
def test_what_is_exported_is_imported(session: Session, project: str) -> None:
    session = replace(session, project=project)
    data = export(session, "json").encode("utf-8", "backslashreplace")
    assert imported(data, "x.json") == session
    assert imported(b"\xef\xbb\xbf" + data, "x.json") == session
    assert imported(to_json(session).encode("utf-8", "backslashreplace"), "x.json") == session


@pytest.mark.parametrize("data", [b"", b"hello", b"{}", b"[]", b"\xff\xfe", b'{"version": 1}', b"<html></html>"])
def test_others_files(data: bytes) -> None:
    with pytest.raises(DamagedSessionError, match=r"x\.json is no termcoder session") as caught:
        imported(data, "x.json")
    assert "export" in caught.value.remedy


@pytest.mark.parametrize("project", ["", "relative/path", "/with\x00nothing", "/\ud800"])
def test_a_project_that_is_no_path(project: str) -> None:
    data = to_json(replace(FULL, project=project)).encode("utf-8", "backslashreplace")
    with pytest.raises(DamagedSessionError, match="names no project"):
        imported(data, "x.json")


def test_a_newer_programs_session() -> None:
    with pytest.raises(NewerSessionError, match=r"x\.json: A newer"):
        imported(to_json(FULL).replace('"version":1', '"version":99').encode(), "x.json")


def test_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / file_name(FULL, "json")
    path.write_text(export(FULL, "json"), encoding="utf-8")
    assert read_export(path) == FULL
    assert moved_to(FULL, tmp_path).project == str(tmp_path)
    with pytest.raises(SessionError, match="can't be read"):
        read_export(tmp_path / "none.json")
    with pytest.raises(SessionError, match="can't be read"):
        read_export(tmp_path)
    monkeypatch.setattr(importing, "MOST_BYTES", 10)
    with pytest.raises(SessionError, match="too large"):
        read_export(path)


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Why is it slow?", "why-is-it-slow-abcdef.md"),
        ("../../etc/passwd", "etc-passwd-abcdef.md"),
        ("", "session-abcdef.md"),
        ("日本語 größe", "日本語-größe-abcdef.md"),
        ("x" * 200, "x" * 60 + "-abcdef.md"),
        ("\x00\n/", "session-abcdef.md"),
    ],
)
def test_file_names(title: str, name: str) -> None:
    session: Any = replace(FULL, title=title, id="abcdef123456")
    assert file_name(session, "markdown") == name


def test_exported_json_can_be_read_line_by_line() -> None:
    assert json.loads(export(FULL, "json"))["title"] == "Why is it slow?"
    assert len(export(FULL, "json").splitlines()) > 50

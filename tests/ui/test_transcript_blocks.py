"""Cutting Markdown into blocks: the same blocks whatever the chunks, the exact source back, and the exact code."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.markdown import Markdown
from rich.style import Style

from termcoder.ui.widgets.blocks import MAX_LINES, Block, BlockKind, BlockSplitter, split
from termcoder.ui.widgets.folding import display_line, fold
from termcoder.ui.widgets.highlight import CodeTokens, lexer_of
from termcoder.ui.widgets.ink import Ink
from termcoder.ui.widgets.naming import suggested_name
from termcoder.ui.widgets.parts import part_of
from termcoder.ui.widgets.prose import prose_rows

PIECES = [
    "```",
    "````",
    "~~~",
    "```py",
    "\n",
    "\n\n",
    "- ",
    "1. ",
    "  ",
    "# h",
    "|a|b|",
    "|-|-|",
    "> q",
    " ",
    "`x`",
    "\t",
    "é漢",
    "\r\n",
    "a.py",
]
MARKDOWN = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=5)), max_size=60).map("".join)


def facts(blocks: list[Block]) -> list[tuple[object, ...]]:
    return [(b.kind, b.source, b.indent, b.info, b.caption, b.joined, b.header, b.end) for b in blocks]


@settings(max_examples=400, deadline=None)
@given(MARKDOWN, st.data())
def test_any_chunking_gives_the_same_blocks_and_the_source(text: str, data: st.DataObject) -> None:
    splitter, at = BlockSplitter(), 0
    while at < len(text):
        size = data.draw(st.integers(1, 7))
        splitter.feed(text[at : at + size])
        at += size
        assert splitter.source == text[:at]
    assert facts(splitter.blocks) == facts(split(text))


CODE_LINES = st.lists(
    st.text(st.characters(blacklist_characters="`\n\r\x0b", blacklist_categories=("Cs",)), max_size=20), max_size=12
)


@settings(max_examples=200, deadline=None)
@given(CODE_LINES, st.sampled_from(["", "   ", "\t"]))
def test_code_is_exactly_the_code(lines: list[str], indent: str) -> None:
    code = "\n".join(lines)
    body = "".join(f"{line}\n" for line in lines)
    (block,) = [b for b in split(f"{indent}```py\n{body}{indent}```\nafter\n") if b.kind is BlockKind.CODE]
    if not indent:
        assert block.text == code
    assert block.code_line_count == len(lines)
    assert block.end == len(lines) + 1


def test_code_in_a_list_loses_the_indent_of_its_fence_and_no_more() -> None:
    blocks = split("1. Do:\n   ```py\n   if x:\n       y\n  z\n   ```\n   and\n2. Then\n")
    assert [b.kind for b in blocks] == ["prose", "code", "prose", "prose"]
    assert blocks[1].text == "if x:\n    y\nz"
    assert blocks[2].indent == 3
    assert blocks[3].indent == 0


def test_an_open_fence_is_code_to_its_end() -> None:
    (block,) = split("```\na\n\n# b")
    assert (block.kind, block.text, block.end) == (BlockKind.CODE, "a\n\n# b", None)


def test_a_longer_fence_holds_a_shorter_one() -> None:
    block = split("````md\n```\nx\n```\n````\n")[0]
    assert block.text == "```\nx\n```"


def test_inline_code_with_three_marks_is_no_fence() -> None:
    assert [b.kind for b in split("```x``` is inline\n")] == [BlockKind.PROSE]


def test_blocks_are_what_a_reader_steps_over() -> None:
    text = "# Head\n\nA paragraph\nof two lines.\n\n- a\n- b\n\n  more of b\n\n> quote\n\n| x |\n|---|\n| 1 |\n\nEnd"
    assert [b.source.strip().split("\n")[0] for b in split(text)] == ["# Head", "- a", "> quote", "| x |", "End"]


def test_a_heading_ends_the_paragraph_above() -> None:
    assert len(split("text\n## Head\ntext\n")) == 2


@pytest.mark.parametrize("line", ["- item\n", "word\n", "> quote\n", "| a | b |\n"])
def test_no_block_of_prose_grows_without_end(line: str) -> None:
    blocks = split(line * 1_000)
    assert max(len(b.lines) for b in blocks) <= 2 * MAX_LINES
    assert "".join(b.source for b in blocks) == line * 1_000


def test_a_list_is_cut_before_an_item_and_a_table_keeps_its_header() -> None:
    items = split("".join(f"{n}. item\n   more\n" for n in range(200)))
    assert all(b.lines[0][0].isdigit() for b in items)
    tables = split("| a | b |\n|---|---|\n" + "| 1 | 2 |\n" * 200)
    assert all(b.header == ("| a | b |\n", "|---|---|\n") for b in tables[1:])


@pytest.mark.parametrize(
    ("info", "language"),
    [
        ("python", "python"),
        ("{.rust}", "rust"),
        ("py:src/a.py", "py"),
        ("js title=a.js", "js"),
        ("", ""),
        ("c++", "c++"),
    ],
)
def test_language(info: str, language: str) -> None:
    assert split(f"```{info}\nx\n```\n")[0].language == language


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("```python src/a.py\n```", "src/a.py"),
        ("```py:src/a.py\n```", "src/a.py"),
        ('```js title="web/a.test.js"\n```', "web/a.test.js"),
        ("**`src/app.py`**:\n```python\n```", "src/app.py"),
        ("Put this in ./Makefile:\n\n```make\n```", "Makefile"),
        ("Change a.py and b.py:\n```python\n```", "snippet.py"),
        ("Put it in ../../.ssh/keys.py:\n```python\n```", "snippet.py"),
        ("Put it in /etc/passwd.d/a.py:\n```python\n```", "snippet.py"),
        ("```rust\n```", "snippet.rs"),
        ("```nosuchlanguage\n```", "snippet.txt"),
        ("```\n```", "snippet.txt"),
    ],
)
def test_suggested_name(text: str, name: str) -> None:
    assert suggested_name(part_of(split(text)[-1])) == name


def test_prose_is_suggested_as_markdown() -> None:
    assert suggested_name(part_of(split("text")[0])) == "block.md"


@given(st.text(max_size=200), st.integers(2, 40), st.booleans())
def test_folding_loses_nothing(text: str, width: int, words: bool) -> None:
    line = display_line(text.replace("\n", ""))
    assert "".join(fold(line, width, words=words)) == line


@given(st.text())
def test_a_drawn_line_can_be_written_and_steers_nothing(text: str) -> None:
    drawn = display_line(text.replace("\n", "") + "\x1b[2J\x9b1m\x07\u202e\ud800\u2028")
    drawn.encode("utf-8")
    assert not any(ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 or c in "\u202e\u2028" for c in drawn)


PYTHON = ["def f(a: int = 1) -> str:", '    """Doc', '    over lines."""', "    return f'{a}'  # why", "", "x = 3"] * 40


def tokens(highlighted: CodeTokens, count: int) -> list[object]:
    return [highlighted[index] for index in range(count)]


async def test_highlighting_in_slices_equals_all_at_once() -> None:
    lexer = lexer_of("python")
    whole, sliced = CodeTokens(lexer), CodeTokens(lexer)
    whole.finish_now(PYTHON)
    for index in range(0, len(PYTHON), 7):
        sliced.follow(PYTHON[: index + 7], index)
    await sliced.finish(PYTHON)
    assert tokens(sliced, len(PYTHON)) == tokens(whole, len(PYTHON))
    assert all(whole[index] is not None for index in range(len(PYTHON)))


def test_lines_are_highlighted_while_they_arrive() -> None:
    highlighted = CodeTokens(lexer_of("python"))
    highlighted.follow(PYTHON[:1], 0)
    found = highlighted[0]
    assert found is not None
    assert [text for kind, text in found if str(kind) == "Token.Keyword"] == ["def"]


def test_a_line_too_long_for_the_lexer_stays_plain() -> None:
    highlighted = CodeTokens(lexer_of("python"))
    highlighted.finish_now(["x = 1", "(" * 5_000, "y = 2"])
    assert highlighted[1] is None
    assert highlighted[2] is not None


class FaultyLexer:
    """Breaks off after its first token."""

    def get_tokens(self, code: str) -> Iterator[tuple[object, str]]:
        yield "Token.Text", code.split("\n", maxsplit=1)[0] + "\n"
        raise ValueError("a fault")


async def test_a_fault_of_a_lexer_leaves_the_rest_plain() -> None:
    highlighted = CodeTokens(FaultyLexer())
    await highlighted.finish(["one", "two"])
    assert (highlighted[0], highlighted[1], highlighted.complete) == ((("Token.Text", "one"),), None, True)


INK = Ink(lambda name: Style(bold=True))


@settings(max_examples=300, deadline=None)
@given(MARKDOWN, st.integers(1, 50))
def test_prose_can_be_drawn_at_any_width(text: str, width: int) -> None:
    for block in split(text):
        for row in prose_rows(block, width, INK):
            assert not any(c in segment.text for segment in row for c in "\n\t\x1b")


def test_a_fault_of_the_markdown_libraries_shows_the_source(monkeypatch: pytest.MonkeyPatch) -> None:
    def break_down(*_: object) -> None:
        raise RuntimeError("a fault")

    monkeypatch.setattr(Markdown, "__rich_console__", break_down)
    (row,) = prose_rows(split("some **words**")[0], 40, INK)
    assert "".join(segment.text for segment in row) == "some **words**"

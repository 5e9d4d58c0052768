"""Markdown prose drawn by Rich, with what a model can't be trusted with taken out: HTML, links, images."""

from collections.abc import Sequence
from typing import Any, ClassVar

from markdown_it import MarkdownIt
from rich.console import Console, ConsoleOptions, RenderResult
from rich.markdown import CodeBlock, Heading, HorizontalRule, ListItem, Markdown, MarkdownElement
from rich.padding import Padding
from rich.rule import Rule
from rich.segment import Segment
from rich.text import Text

from termcoder.ui.widgets.blocks import MAX_CHARS, Block
from termcoder.ui.widgets.folding import display, fold
from termcoder.ui.widgets.ink import Ink

_PARSER = MarkdownIt("commonmark", {"html": False}).enable(["strikethrough", "table"]).disable(["image", "html_block"])


class _Heading(Heading):
    """On the left, whatever its level."""

    LEVEL_ALIGN: ClassVar[dict[str, Any]] = {}


class _Code(CodeBlock):
    """Code inside a quote, or indented code: plain."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Padding(Text(self.text.plain.rstrip("\n"), style=console.get_style(self.style_name)), (0, 0, 0, 2))


class _Rule(HorizontalRule):
    """A thin line."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Rule(style=console.get_style("markdown.hr"), characters="─")


class _Item(ListItem):
    """A list item with its mark at the left edge and its number as people write it."""

    def _marked(self, console: Console, options: ConsoleOptions, mark: str, style: str) -> RenderResult:
        lines = console.render_lines(self.elements, options.update(width=max(1, options.max_width - len(mark))))
        for index, line in enumerate(lines):
            yield Segment(mark if index == 0 else " " * len(mark), console.get_style(style))
            yield from line
            yield Segment.line()

    def render_bullet(self, console: Console, options: ConsoleOptions) -> RenderResult:
        return self._marked(console, options, "• ", "markdown.item.bullet")

    def render_number(self, console: Console, options: ConsoleOptions, number: int, last_number: int) -> RenderResult:
        mark = f"{number}.".rjust(len(str(last_number - 1)) + 1) + " "
        return self._marked(console, options, mark, "markdown.item.number")


class _Prose(Markdown):
    """Rich's Markdown over tokens that hold no HTML."""

    elements: ClassVar[dict[str, type[MarkdownElement]]] = {
        **Markdown.elements,
        "heading_open": _Heading,
        "code_block": _Code,
        "fence": _Code,
        "hr": _Rule,
        "list_item_open": _Item,
    }

    def __init__(self, source: str) -> None:
        super().__init__("", hyperlinks=False)
        self.parsed = _PARSER.parse(source)


def prose_rows(block: Block, width: int, ink: Ink) -> list[list[Segment]]:
    """The rows of a block of prose, each exactly `width` cells."""
    source = display("".join((*block.header, *block.lines)).replace("\r\n", "\n"))
    if block.indent:
        source = "\n".join(_dedent(line, block.indent) for line in source.split("\n"))
    if len(source) > 2 * MAX_CHARS:
        return _plain_rows(source, width)
    options = ink.console.options.update(width=width, height=None)
    try:
        lines = ink.console.render_lines(_Prose(source), options, pad=True)
    except Exception:  # a fault of the Markdown libraries, set off by a model's text, must not end the program
        return _plain_rows(source, width)
    return [[_inert(segment) for segment in line] for line in _trimmed(lines)]


def _plain_rows(source: str, width: int) -> list[list[Segment]]:
    return [[Segment(row)] for line in source.strip("\n").split("\n") for row in fold(line, width, words=True)]


def _inert(segment: Segment) -> Segment:
    """Entities (`&#x202e;`) become characters only when Markdown is parsed."""
    return Segment(display(segment.text), segment.style)


def _dedent(line: str, indent: int) -> str:
    return line[min(indent, len(line) - len(line.lstrip(" "))) :]


def _trimmed(lines: Sequence[list[Segment]]) -> list[list[Segment]]:
    first, last = 0, len(lines)
    while first < last and _is_blank(lines[first]):
        first += 1
    while last > first and _is_blank(lines[last - 1]):
        last -= 1
    return list(lines[first:last])


def _is_blank(line: list[Segment]) -> bool:
    return not any(segment.text.strip() for segment in line)

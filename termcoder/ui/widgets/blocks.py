"""Markdown cut into the blocks that a reader steps over: paragraphs, lists, tables, code.

One pass, line by line, and every decision depends only on the lines so far. So a stream costs what its text
costs, and any chunking of a text gives the same blocks, whose sources joined are the text.

Two rules differ from CommonMark because models write them so: a fence may be indented at will, and only
a closing fence ends it. No block of prose grows without end: a very long one is cut where that shows least.
"""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import PurePosixPath

MAX_LINES = 40  # of prose; a list is cut before an item, at the latest at twice this
MAX_CHARS = 8_000
HEADING_LINES = 3  # a heading, with a blank line or two, goes with what it is the heading of

_FENCE = re.compile(r"^(?P<lead>[ \t]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)?)(?P<marks>`{3,}|~{3,})(?P<info>.*)$")
_MARKER = re.compile(r"^(?P<lead> *)(?:[-*+]|\d{1,9}[.)])(?:\s|$)")
_HEADING = re.compile(r"^ {0,3}#{1,6}(?:\s|$)")
_TABLE_RULE = re.compile(r"^ {0,3}\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)+\|?\s*$|^ {0,3}\|\s*:?-+:?\s*\|\s*$")
_FILE = re.compile(
    r"(?<![\w/.~-])"
    r"((?:\./)?(?:[\w@+.-]+/)*(?:[\w@+.-]*\w\.[A-Za-z]\w{0,9}|Makefile|Dockerfile))"
    r"(?![\w/])"
)


class BlockKind(StrEnum):
    """What a block is."""

    PROSE = "prose"
    CODE = "code"


@dataclass(slots=True, eq=False)
class Block:
    """One block while it grows. `lines` are source lines with their endings.

    `indent`: columns it stands in, below a list item. `joined`: it goes on with the block above, which was
    cut for its length. `header`: the table's first two lines, where the cut went through a table.
    `end`: for code, the index of the closing fence in `lines`, None while it is open.
    """

    kind: BlockKind
    lines: list[str] = field(default_factory=list)
    indent: int = 0
    info: str = ""
    caption: str = ""
    joined: bool = False
    header: tuple[str, ...] = ()
    end: int | None = None

    @property
    def source(self) -> str:
        """Its Markdown, exactly as written, with the blank lines that follow."""
        return "".join(self.lines)

    @property
    def stamp(self) -> tuple[int, str, int | None]:
        """Changes whenever the block does."""
        return len(self.lines), self.lines[-1] if self.lines else "", self.end

    @property
    def language(self) -> str:
        """The language that the fence names, or ""."""
        word = self.info.strip().split(maxsplit=1)[:1]
        return re.split(r"[:{,]", word[0].lstrip("{."), maxsplit=1)[0].rstrip("}") if word else ""

    @property
    def file_name(self) -> str:
        """The file that the fence's info or the line above it names, or ""; always inside the project."""
        for text in (self.info.partition(" ")[2], self.info.partition(":")[2], self.caption):
            names = [name for name in _FILE.findall(text) if ".." not in PurePosixPath(name).parts]
            if len(names) == 1:
                return str(names[0]).removeprefix("./")
        return ""

    def code_line(self, index: int) -> str:
        """Line `index` of the code, the fence's own indent taken off."""
        line = self.lines[index + 1]
        spaces = len(line) - len(line.lstrip(" "))
        return line[min(spaces, self.indent) :]

    @property
    def code_line_count(self) -> int:
        """How many lines of code there are so far."""
        return (len(self.lines) if self.end is None else self.end) - 1

    @property
    def text(self) -> str:
        """What copying gives: code without its fence, prose as Markdown; no line break at the end.

        The last break is left off so that pasting a command into a shell doesn't run it.
        """
        if self.kind is BlockKind.PROSE:
            return self.source.strip("\n")
        code = "".join(self.code_line(index) for index in range(self.code_line_count))
        return code.removesuffix("\n").removesuffix("\r")


class BlockSplitter:
    """Splits a text that arrives in pieces. `blocks` is right after every `feed`."""

    def __init__(self, text: str = "") -> None:
        self.blocks: list[Block] = []
        self._fence = ""  # the marks of the open fence
        self._blank = True  # the line above is blank
        self._in_list = False
        self._table: tuple[str, ...] = ()
        self._chars = 0  # in the open block of prose
        self._partial = ""  # the last line, which has no line break yet
        self._before_partial: tuple[int, int, tuple[object, ...]] | None = None
        self.feed(text)

    @property
    def in_code(self) -> bool:
        """Whether the text ends inside an open fence."""
        return bool(self._fence)

    @property
    def source(self) -> str:
        """The whole text so far."""
        return "".join(block.source for block in self.blocks)

    def feed(self, text: str) -> None:
        """Take the next piece."""
        if not text:
            return
        self._take_back_partial()
        *lines, self._partial = (self._partial + text).split("\n")
        for line in lines:
            self._add(line + "\n")
        if self._partial:
            self._before_partial = self._mark()
            self._add(self._partial)

    def _mark(self) -> tuple[int, int, tuple[object, ...]]:
        last = self.blocks[-1] if self.blocks else None
        state = (self._fence, self._blank, self._in_list, self._table, self._chars, last and last.end)
        return len(self.blocks), len(last.lines) if last else 0, state

    def _take_back_partial(self) -> None:
        """Undo the unfinished last line: more of it may make it something else."""
        if self._before_partial is None:
            return
        blocks, lines, state = self._before_partial
        del self.blocks[blocks:]
        self._fence, self._blank, self._in_list, self._table, self._chars, end = state  # type: ignore[assignment]
        if self.blocks:
            del self.blocks[-1].lines[lines:]
            self.blocks[-1].end = end  # type: ignore[assignment]
        self._before_partial = None

    def _add(self, line: str) -> None:
        text = line.rstrip("\r\n")
        if self._fence:
            self._add_code(line, text)
        elif (fence := _FENCE.match(text)) and not (fence["marks"][0] == "`" and "`" in fence["info"]):
            self._open_fence(line, fence)
        elif not text.strip():
            self._add_blank(line)
        else:
            self._add_prose(line, text)

    def _add_code(self, line: str, text: str) -> None:
        block = self.blocks[-1]
        block.lines.append(line)
        bare = text.strip()
        if bare.startswith(self._fence) and not bare.strip(self._fence[0]):
            block.end = len(block.lines) - 1
            self._fence = ""
            self._blank = True

    def _open_fence(self, line: str, fence: re.Match[str]) -> None:
        self._fence = fence["marks"]
        indent = len(fence["lead"].expandtabs(4))
        block = Block(BlockKind.CODE, [line], indent, fence["info"].strip(), self._last_text_line())
        self.blocks.append(block)

    def _last_text_line(self) -> str:
        if not self.blocks or self.blocks[-1].kind is BlockKind.CODE:
            return ""
        return next((line for line in reversed(self.blocks[-1].lines) if line.strip()), "")

    def _add_blank(self, line: str) -> None:
        if not self.blocks:
            self.blocks.append(Block(BlockKind.PROSE))
        self.blocks[-1].lines.append(line)
        self._blank = True
        self._table = ()

    def _add_prose(self, line: str, text: str) -> None:
        marker = _MARKER.match(text)
        indent = len(text) - len(text.lstrip(" "))
        if self._blank and not marker and not indent:
            self._in_list = False
        if self._goes_on(text, marker, indent):
            cut = self._must_cut(line, marker)
        else:
            cut = False
            self._start(indent if self._in_list and indent > 1 else 0)
        if cut:
            self._start(self.blocks[-1].indent, joined=not marker, header=self._table)
        self._note_table(line, text)
        self.blocks[-1].lines.append(line)
        self._chars += len(line)
        self._in_list = self._in_list or bool(marker)
        self._blank = False

    def _start(self, indent: int, *, joined: bool = False, header: tuple[str, ...] = ()) -> None:
        self.blocks.append(Block(BlockKind.PROSE, indent=indent, joined=joined, header=header))
        self._chars = 0
        self._table = header

    def _goes_on(self, text: str, marker: re.Match[str] | None, indent: int) -> bool:
        if not self.blocks or self.blocks[-1].kind is BlockKind.CODE:
            return False
        block = self.blocks[-1]
        if len(block.lines) <= HEADING_LINES and all(_HEADING.match(line) or not line.strip() for line in block.lines):
            return True
        if _HEADING.match(text) or indent < block.indent:
            return False
        return not self._blank or (self._in_list and (bool(marker) or indent > 1))

    def _must_cut(self, line: str, marker: re.Match[str] | None) -> bool:
        block = self.blocks[-1]
        top_item = marker is not None and len(marker["lead"]) <= block.indent + 1
        lines = len(block.lines)
        if self._chars + len(line) > MAX_CHARS and self._chars:
            return True
        return lines >= MAX_LINES and (top_item or not self._in_list or lines >= 2 * MAX_LINES)

    def _note_table(self, line: str, text: str) -> None:
        lines = self.blocks[-1].lines
        if not self._table and lines and _TABLE_RULE.match(text) and "|" in lines[-1]:
            self._table = (lines[-1], line)


def split(text: str) -> list[Block]:
    """The blocks of a whole text."""
    return BlockSplitter(text).blocks

"""What a project wants of its reviews, in its own words: `.termcoder/review.md`."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from termcoder.errors import WorkspaceError
from termcoder.workspace import Workspace

FILE = ".termcoder/review.md"
"""Where the rules are, from the project's top."""
MOST_BYTES = 20_000
"""What stands further on is not read."""
MOST_ITEMS = 20
"""So many rules are taken one by one."""

_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_BULLET = re.compile(r"[ \t]{0,8}(?:[-*+]|[0-9]{1,3}[.)])[ \t]+(?P<text>\S.*)")
_HEADING = re.compile(r"[ \t]{0,3}(?:#{1,6}(?:[ \t]|$)|(?:\*\*\*+|___+)[ \t]*$)")
_UNDERLINE = re.compile(r"[ \t]{0,3}(?:=+|-+)[ \t]*$")
_CHECKBOX = re.compile(r"\[[ xX]\][ \t]+")


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of a project.

    - `text`: the file without its comments. `items`: each rule in one line, at most `MOST_ITEMS`.
    - `left_out`: what of the file is not taken, or why none of it is; "" where all is.
    """

    text: str = ""
    items: tuple[str, ...] = ()
    left_out: str = ""


def read_rules(root: Path) -> Rules:
    """The rules of the project whose top is `root`; empty where it has none. Never raises. Blocks for the disk."""
    workspace = Workspace(root)
    if not workspace.is_file(FILE):
        return Rules()
    try:
        text = workspace.load(FILE).text
    except WorkspaceError as error:
        return Rules(left_out=error.message)
    return rules_of(text)


def rules_of(text: str) -> Rules:
    """The rules that a file's text holds."""
    whole = text.replace("\r\n", "\n")
    read = _beginning(whole)
    plain = _COMMENT.sub("", read).strip()
    items = tuple(_items(plain))
    notes = []
    if len(read) < len(whole):
        notes.append(f"{FILE} is longer than {MOST_BYTES // 1000} kB: the rest of it is not read")
    if len(items) > MOST_ITEMS:
        notes.append(f"{len(items) - MOST_ITEMS} of {len(items)} rules in {FILE} are too many")
    return Rules(plain, items[:MOST_ITEMS], "; ".join(notes))


def _beginning(text: str) -> str:
    """As many whole lines as are allowed."""
    data = text.encode("utf-8", "surrogatepass")
    if len(data) <= MOST_BYTES:
        return text
    beginning = data[:MOST_BYTES].decode("utf-8", "ignore")
    return beginning[: beginning.rfind("\n") + 1] or beginning


def _items(text: str) -> Iterator[str]:
    """The points of the lists; where there are no lists, the paragraphs."""
    has_lists = any(_BULLET.match(line) for line in text.split("\n"))
    for block in re.split(r"\n[ \t]*\n", text):
        item: list[str] = []
        for line in block.split("\n"):
            bullet = _BULLET.match(line)
            if _UNDERLINE.match(line) and not has_lists:
                item = []  # it was a heading
            elif bullet or _HEADING.match(line) or _UNDERLINE.match(line):
                yield from _joined(item)
                item = [_CHECKBOX.sub("", bullet["text"], count=1)] if bullet else []
            elif item or not has_lists:
                item.append(line)
        yield from _joined(item)


def _joined(lines: list[str]) -> Iterator[str]:
    sentence = " ".join(" ".join(lines).split())
    if sentence:
        yield sentence

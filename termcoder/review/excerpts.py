"""What the model is shown of a change: a hunk, or a piece of a long one, with the function around it."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from termcoder import syntax
from termcoder.diffs.model import FileDiff, Hunk, Row
from termcoder.redact import redact

PIECE_ROWS = 60
"""A longer hunk is shown in pieces."""
ABOVE, BELOW = 24, 8
"""Lines of the function around a hunk that are shown with it, at most."""
LONGEST_LINE = 300
"""Characters; the rest of a line isn't shown."""

_IMPORT = re.compile(
    r"[-+]\s*(?:$|import\b|from\s+\S+\s+import\b|export\b.*\bfrom\b|(?:const|let|var)\b.*\brequire\(|require(?:_relative)?\b"
    r"|#\s*include\b|using\s+[\w.]+\s*;|(?:pub\s+)?use\s+[\w:{\\]|package\b)"
)


@dataclass(frozen=True, slots=True)
class Excerpt:
    """One place of a change, without secrets.

    - `numbered`: lines with their new numbers, `+` at those that are new, removed ones without a number.
    - `diff`: the change as a diff. `old_code`, `code`: each side alone.
    - `lines`: the numbers that a finding may name, with their texts. `name`: the function, or "".
    """

    file: int
    hunk: int
    path: str
    numbered: str
    diff: str
    old_code: str
    code: str
    lines: dict[int, str]
    name: str = ""

    @property
    def place(self) -> str:
        """Where it is, for people."""
        numbers = sorted(self.lines)
        return f"{self.path}:{numbers[0]}-{numbers[-1]}" if numbers else self.path

    @property
    def only_imports(self) -> bool:
        """Whether nothing but imports changes: of these alone a model can only guess."""
        changed = [line for line in self.diff.split("\n") if line[:1] in ("-", "+")]
        return any(line[1:].strip() for line in changed) and all(map(_IMPORT.match, changed))


def excerpts_of(file: FileDiff, number: int, new_text: str | None) -> Iterator[Excerpt]:
    """The excerpts of a file's hunks. `number`: the file's place in its change set. `new_text`: all of its new side."""
    new = new_text.split("\n") if new_text is not None else []
    for at, hunk in enumerate(file.hunks):
        for rows in _pieces(list(hunk.numbered())):
            above, below, name = _around(file.path, new_text or "", new, hunk, rows)
            yield _excerpt(file.path, (number, at), above, rows, below, name)


def _pieces(rows: list[Row]) -> Iterator[list[Row]]:
    """The rows in pieces that a model can overlook, cut at empty lines where there are any."""
    while len(rows) > PIECE_ROWS * 3 // 2:
        cut = next((at for at in range(PIECE_ROWS, PIECE_ROWS // 2, -1) if not rows[at].text.strip()), PIECE_ROWS)
        yield rows[:cut]
        rows = rows[cut:]
    yield rows


def _around(
    path: str, text: str, new: Sequence[str], hunk: Hunk, rows: Sequence[Row]
) -> tuple[list[Row], list[Row], str]:
    """Lines of the function before and after some rows of a hunk, and its name."""
    numbers = [row.new for row in rows if row.new is not None]
    if not numbers or not new:
        return [], [], ""
    changed = next((row.new for row in rows if row.new and row.sign == "+"), numbers[0])
    scope = syntax.enclosing(path, text, changed)
    if scope is None:
        return [], [], ""
    first, last, name = scope
    above = range(max(first, numbers[0] - ABOVE), numbers[0])
    below = range(numbers[-1] + 1, min(last, numbers[-1] + BELOW) + 1)
    return _context(new, above), _context(new, below), name


def _context(new: Sequence[str], numbers: range) -> list[Row]:
    return [Row(" ", new[number - 1] + "\n", None, number) for number in numbers if number <= len(new)]


def _excerpt(path: str, at: tuple[int, int], above: list[Row], rows: list[Row], below: list[Row], name: str) -> Excerpt:
    shown = [*above, *rows, *below]
    texts = redact("\n".join(_cut(row.text) for row in shown)).text.split("\n")
    signed = [(row.sign, text) for row, text in zip(shown, texts, strict=False)]
    lines = {number: texts[place] for place, number in _anchors(shown, len(above), len(rows))}
    return Excerpt(
        file=at[0],
        hunk=at[1],
        path=path,
        numbered="\n".join(_numbered(row, text) for row, text in zip(shown, texts, strict=False)),
        diff="\n".join(f"{sign}{text}" for sign, text in signed),
        old_code="\n".join(text for sign, text in signed if sign != "+"),
        code="\n".join(text for sign, text in signed if sign != "-"),
        lines=lines,
        name=name,
    )


def _cut(text: str) -> str:
    line = text.rstrip("\r\n").replace("\r", " ")
    return line if len(line) <= LONGEST_LINE else line[:LONGEST_LINE] + " …"


def _numbered(row: Row, text: str) -> str:
    number = "" if row.new is None else str(row.new)
    return f"{number:>4} {row.sign}| {text}"


def _anchors(shown: Sequence[Row], first: int, count: int) -> Iterator[tuple[int, int]]:
    """Where a finding may stand: at new lines, and at the line behind (or else before) removed ones.

    Gives places among the rows with their new numbers.
    """
    rows = range(first, first + count)
    for place in rows:
        row = shown[place]
        if row.new is not None and (row.sign == "+" or _is_beside_removed(shown, place, rows)):
            yield place, row.new


def _is_beside_removed(shown: Sequence[Row], place: int, rows: range) -> bool:
    before, behind = shown[place - 1 : place], shown[place + 1 : place + 2]
    is_last = all(shown[other].new is None for other in rows if other > place)
    return any(row.sign == "-" for row in before) or (is_last and any(row.sign == "-" for row in behind))

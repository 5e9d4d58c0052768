"""What the composer edits: a document that keeps text exactly, and large pastes folded into one short label."""

import re

from textual.document._document import Document, EditResult, Location

from termcoder.ui.inert import inert

FOLD_LINES = 100
"""A pasted text of more lines is folded: wrapping thousands of lines would stall the program."""
FOLD_CHARACTERS = 8_000
"""A pasted text of more characters is folded, too."""

# A label's first character stands for the bracket that is shown and says which paste it is. These are the last
# private-use characters of Unicode; a text that already has one of them is folded, so that it can't be mistaken.
_FIRST_MARK, _LAST_MARK = 0x10F000, 0x10FFFD
_MARK = re.compile(f"[{chr(_FIRST_MARK)}-{chr(_LAST_MARK)}]")
_LABEL = re.compile(rf"({_MARK.pattern})[^\]\n]*\]")


def normalise(text: str) -> str:
    """`text` with LF for every newline: terminals paste CR where a file has LF or CRLF. All else is kept."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


class ExactDocument(Document):
    """A document with no other newline than LF, so that form feeds and their like stay what they are."""

    def __init__(self, text: str) -> None:
        super().__init__("")
        self._lines = text.split("\n")

    def replace_range(self, start: Location, end: Location, text: str) -> EditResult:
        """Put `text` between two places, and say where it ends and what it replaced."""
        (top_row, top_column), (bottom_row, bottom_column) = sorted((start, end))
        replaced = self.get_text_range(start, end)
        head = self._lines[top_row][:top_column]
        tail = self._lines[bottom_row][bottom_column:] if bottom_row < len(self._lines) else ""
        new_lines = (head + text).split("\n")
        end_location = (top_row + len(new_lines) - 1, len(new_lines[-1]))
        new_lines[-1] += tail
        self._lines[top_row : bottom_row + 1] = new_lines
        return EditResult(end_location, replaced)


class Pastes:
    """The folded pastes of one draft: label in the draft <-> text that is sent."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}
        self._labels: dict[str, str] = {}

    def fold(self, text: str) -> str:
        """A label for `text` if it is large, else `text` itself."""
        if _is_small(text) and not _MARK.search(text):
            return text
        if text not in self._labels:
            mark = chr(_FIRST_MARK + len(self._texts))
            self._texts[mark] = text
            self._labels[text] = f"{mark}pasted {_size(text)} #{len(self._texts)}]"
        return self._labels[text]

    def expand(self, draft: str) -> str:
        """The draft as it is sent: every label replaced by its text."""
        return _LABEL.sub(lambda match: self._texts.get(match[1], match[0]), draft)

    def refold(self, text: str) -> str:
        """The other way round: known pastes get their labels back, and what is still large is folded whole."""
        if _MARK.search(text):
            return self.fold(text)
        draft = text
        for content in sorted(self._labels, key=len, reverse=True):
            if not _MARK.search(content):
                draft = draft.replace(content, self._labels[content])
        return draft if _is_small(_LABEL.sub("", draft)) else self.fold(text)

    def clear(self) -> None:
        """Forget them all: the draft was sent."""
        self._texts.clear()
        self._labels.clear()


def labels_in(line: str) -> list[tuple[int, int]]:
    """Where the labels of folded pastes stand in a line of the draft."""
    return [match.span() for match in _LABEL.finditer(line)]


def shown(line: str) -> str:
    """A line as it is drawn, character for character: control characters made visible, marks as brackets."""
    return inert(_MARK.sub("[", line))


def _size(text: str) -> str:
    lines = text.count("\n") + (not text.endswith("\n"))
    return f"{lines:,} lines" if lines > 1 else f"{len(text):,} characters"


def _is_small(text: str) -> bool:
    return text.count("\n") < FOLD_LINES and len(text) <= FOLD_CHARACTERS

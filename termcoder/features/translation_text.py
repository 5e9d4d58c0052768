"""Translates what is prose in a message and leaves alone what is not: code, paths, names, links, the lines' marks.

A line is translated sentence by sentence. What may not change inside a sentence goes through the translator as a mark
of digits and a capital letter; where a mark is lost on the way, the words between the names are translated one by one.
So nothing that is protected can get lost, whatever a translator does.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

Translate = Callable[[Sequence[str]], Sequence[str]]
"""Translates sentences; gives as many back, in this order."""

_FENCE = re.compile(
    r"^ {0,3}(?P<fence>`{3,}|~{3,})[^\n]*(?:\n.*?)??(?:^ {0,3}(?P=fence)[`~]*[ \t]*(?=\n|\Z)|\Z)",
    re.MULTILINE | re.DOTALL,
)
_LINE_MARK = re.compile(r"\s*(?:(?:[-*+>]|#{1,6}|[0-9]{1,3}[.)])\s+)*")
_FIXED = re.compile(
    r"(?P<tick>`+)(?!`).+?(?<!`)(?P=tick)(?!`)"  # inline code
    r"|https?://[^\s)>\]]+"
    r"|(?<!\S)/[\w-]+(?=\s|$)"  # the name of a template
    r"|@(?:\"(?:[^\"\\]|\\.)+\"|[\w./+~%#&=^$@-]*[\w/])(?::[0-9]+(?:-[0-9]+)?)?"
    r"|(?<![\w.~-])[\w.~-]*/[\w./~-]*\w"  # a path
    r"|(?<![\w-])[\w-]+\.[A-Za-z]\w{0,4}\b(?:\(\))?"  # the name of a file, an attribute
    r"|\b\w*_\w*\b(?:\(\))?|\b[a-z]+[A-Z]\w*\b(?:\(\))?|\b\w+\(\)"  # names with a form that words don't have
    r"|\b[A-Z]\w*[A-Z]\w*\b"
    r"|\$[A-Za-z_]\w*|(?<!\w)--?[A-Za-z][\w-]*"  # variables and flags
)
_SENTENCE_END = re.compile(r"(?<=[.!?。！？])(\s+)")


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text. Fixed ones are never translated."""

    text: str
    fixed: bool


def translated(text: str, translate: Translate) -> str:
    """`text` with its prose translated, in one call of `translate` (and one more where marks were lost)."""
    whole = [piece for block in split_blocks(text) for piece in _lines(block)]
    sentences = [piece for piece in whole if not piece.fixed]
    results = iter(_translate_all([piece.text for piece in sentences], translate))
    return "".join(piece.text if piece.fixed else next(results) for piece in whole)


def split_blocks(text: str) -> Iterator[Piece]:
    """Fenced code and what stands between; joined they are the text again."""
    at = 0
    for match in _FENCE.finditer(text):
        yield Piece(text[at : match.start()], False)
        yield Piece(match[0], True)
        at = match.end()
    yield Piece(text[at:], False)


def split_names(sentence: str) -> list[Piece]:
    """The protected parts of a sentence and the words between them; joined they are the sentence again."""
    pieces, at = [], 0
    for match in _FIXED.finditer(sentence):
        pieces += [Piece(sentence[at : match.start()], False), Piece(match[0], True)]
        at = match.end()
    return [piece for piece in (*pieces, Piece(sentence[at:], False)) if piece.text]


def _lines(block: Piece) -> Iterator[Piece]:
    """The sentences of prose, and between them what isn't translated: blank lines, marks of lists, spaces."""
    if block.fixed:
        yield block
        return
    for line in block.text.splitlines(keepends=True):
        mark = _LINE_MARK.match(line)
        start = mark.end() if mark else 0
        body = line[start:].rstrip()
        yield Piece(line[:start], True)
        for at, part in enumerate(_SENTENCE_END.split(body)):
            yield from [Piece(part, True)] if at % 2 else _without_edges(part)
        yield Piece(line[start + len(body) :], True)


def _without_edges(sentence: str) -> Iterator[Piece]:
    """A sentence from its first words to its last; names before and after them need no translator."""
    pieces = split_names(sentence)
    wordy = [at for at, piece in enumerate(pieces) if not piece.fixed and any(map(str.isalpha, piece.text))]
    if not wordy:
        yield Piece(sentence, True)
        return
    first, last = wordy[0], wordy[-1] + 1
    core = "".join(piece.text for piece in pieces[first:last])
    start = sum(len(piece.text) for piece in pieces[:first]) + len(core) - len(core.lstrip())
    end = start + len(core.strip())
    yield Piece(sentence[:start], True)
    yield Piece(sentence[start:end], False)
    yield Piece(sentence[end:], True)


def _translate_all(sentences: Sequence[str], translate: Translate) -> list[str]:
    if not sentences:
        return []
    marked = [_Marked.of(sentence) for sentence in sentences]
    results = list(translate([each.text for each in marked]))
    restored = [each.restored(result) for each, result in zip(marked, results, strict=True)]
    lost = [at for at, result in enumerate(restored) if result is None]
    repaired = iter(_piecewise([sentences[at] for at in lost], translate))
    return [next(repaired) if result is None else result for result in restored]


def _piecewise(sentences: Sequence[str], translate: Translate) -> list[str]:
    """Only the words between the names, each by itself; spaces at their ends stay."""
    split = [split_names(sentence) for sentence in sentences]
    words = [piece.text.strip() for pieces in split for piece in pieces if not piece.fixed and piece.text.strip()]
    results = iter(translate(words) if words else ())
    return ["".join(_put_back(piece, results) for piece in pieces) for pieces in split]


def _put_back(piece: Piece, results: Iterator[str]) -> str:
    core = piece.text.strip()
    if piece.fixed or not core:
        return piece.text
    start = piece.text.index(core)
    return piece.text[:start] + next(results).strip() + piece.text[start + len(core) :]


@dataclass(frozen=True, slots=True)
class _Marked:
    """A sentence with marks in the places of its names."""

    text: str
    names: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, sentence: str) -> "_Marked":
        names: list[tuple[str, str]] = []
        words = []
        for piece in split_names(sentence):
            if piece.fixed:
                names.append((_mark(len(names), sentence), piece.text))
            words.append(names[-1][0] if piece.fixed else piece.text)
        return cls("".join(words), tuple(names))

    def restored(self, result: str) -> str | None:
        """The names in the places of their marks; None where a mark isn't there exactly once."""
        if any(len(re.findall(rf"(?<!\w){mark}(?!\w)", result)) != 1 for mark, _ in self.names):
            return None
        names = dict(self.names)
        return re.sub(r"(?<!\w)X\d+Q(?!\w)", lambda match: names.get(match[0], match[0]), result)


def _mark(number: int, sentence: str) -> str:
    """A word that the sentence doesn't have."""
    while (mark := f"X{number}Q") in sentence:
        number += 100
    return mark

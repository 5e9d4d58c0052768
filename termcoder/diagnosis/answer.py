r"""The form of a diagnosis: what the model may write, and how it is read back.

The model answers in labelled lines (`Cause:`, `Place:`, `Why:`, then `Fix:` and `When:` twice or more) under a
grammar. A place is one of those that exist, and in running text a number can neither follow a colon nor stand alone, so
that no `file:line` and no "line 12" can be written that isn't admitted. What the grammar can't exclude (a file
name that doesn't exist, "L12") is taken out afterwards, and counted.

The grammar's words are deterministic: one letter is part of one rule only. With overlapping rules, or a
`{20,260}` on letters, XGrammar 0.2 needs seconds for a token.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from termcoder.diagnosis.incident import Place
from termcoder.engine.base import Grammar

FEWEST_FIXES, MOST_FIXES = 2, 3
_LABELS = ("Cause", "Place", "Why", "Fix", "When")
_LINE = re.compile(rf"^\W{{0,4}}({'|'.join(_LABELS)})(?: ?\d)?\W{{0,3}}:[*_]{{0,3}}\s*(.*)$", re.IGNORECASE)
_REFERENCE = re.compile(r"([\w./\\-]*[\w-]\.[A-Za-z]\w{0,4}):(\d+)")
_FILE_NAME = re.compile(
    r"(?<![\w./\\-])[\w./\\-]*[\w-]\.(?:py|js|mjs|cjs|jsx|ts|tsx|java|kt|go|rs|c|h|cc|cpp|hpp|cs|rb|php|sh)(?![\w(])"
)
_LINE_WORD = re.compile(r"\b(?:lines?|ln|l)[ _#.=`'\"(]*\d+", re.IGNORECASE)
_SENTENCE_END = re.compile(r"(?<=[.!?;])\s+")


@dataclass(frozen=True, slots=True)
class FixIdea:
    """A way to mend the fault, and when it is the right one."""

    title: str
    when: str = ""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What the model says. `place` is one of the places that exist; `removed` counts sentences that named others."""

    cause: str = ""
    place: Place | None = None
    why: str = ""
    ideas: tuple[FixIdea, ...] = ()
    removed: int = 0


def grammar_of(places: Sequence[Place], names: Collection[str] = ()) -> Grammar:
    """What a diagnosis can be where only these places exist. `names`: file names that may stand in a sentence."""
    exact = [str(place) for place in places] or ["unknown"]
    fixes = "fix " * FEWEST_FIXES + "fix? " * (MOST_FIXES - FEWEST_FIXES)
    ebnf = "\n".join(
        [
            rf'root ::= "Cause: " prose "\nPlace: " place "\nWhy: " prose "\n" {fixes.strip()}',
            r'fix ::= "Fix: " title "\nWhen: " short "\n"',
            f"place ::= {' | '.join(map(_quoted, exact))}",
            'prose ::= word (" " word){4,32}',
            'short ::= word (" " word){2,20}',
            'title ::= word (" " word){1,10}',
            f'word ::= part ([0-9] [0-9]? [0-9]? part?)? ":"?{" | place" if places else ""}',
            r"part ::= [^0-9:\n ]{1,24}",
        ]
    )
    words = "it fails there as nothing was given"
    fix = f"Fix: Check it first\nWhen: {words}\n"
    return Grammar(ebnf + "\n", f"Cause: {words}\nPlace: {exact[0]}\nWhy: {words}\n{fix * FEWEST_FIXES}")


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def read_answer(text: str, places: Sequence[Place], names: Collection[str] = ()) -> Diagnosis:
    """The diagnosis in an answer, whole or still being written. Whatever the text, only `places` come out of it."""
    fields = list(_fields(text))
    cleaned = [(label, *_without_unknown(value, places, names)) for label, value in fields if label != "place"]
    told = {label: value for label, value, _ in reversed(cleaned)}
    return Diagnosis(
        cause=told.get("cause", ""),
        place=_place([value for label, value in fields if label == "place"], places),
        why=told.get("why", ""),
        ideas=tuple(_ideas([(label, value) for label, value, _ in cleaned])),
        removed=sum(removed for _, _, removed in cleaned),
    )


def _fields(text: str) -> Iterator[tuple[str, str]]:
    """Labels and their texts; a line without a label goes on with the one before."""
    label, value = "", ""
    for line in text.splitlines():
        found = _LINE.match(line)
        if found:
            if label:
                yield label, value.strip()
            label, value = found[1].lower(), found[2]
        elif label:
            value = f"{value} {line.strip()}"
        elif line.strip():
            label, value = "cause", line
    if label:
        yield label, value.strip()


def _place(values: Sequence[str], places: Sequence[Place]) -> Place | None:
    return next((place for value in values for place in places if str(place) == value.strip("`* ")), None)


def _ideas(fields: Sequence[tuple[str, str]]) -> Iterator[FixIdea]:
    title = None
    for label, value in fields:
        if label == "fix":
            if title:
                yield FixIdea(title)
            title = value
        elif label == "when" and title:
            yield FixIdea(title, value)
            title = None
    if title:
        yield FixIdea(title)


def _without_unknown(text: str, places: Sequence[Place], names: Collection[str]) -> tuple[str, int]:
    """The text without the sentences that name places which don't exist, and how many those were."""
    known = {str(place) for place in places}
    files = {*names, *(place.path for place in places)}
    sentences = _SENTENCE_END.split(text)
    kept = [sentence for sentence in sentences if not _names_unknown(sentence, known, files)]
    return " ".join(kept), len(sentences) - len(kept)


def _names_unknown(sentence: str, known: Collection[str], files: Collection[str]) -> bool:
    rest = sentence
    for reference in sorted(known, key=len, reverse=True):
        rest = rest.replace(reference, " ")
    if _REFERENCE.search(rest) or _LINE_WORD.search(rest):
        return True
    return any(not _is_file(name, files) for name in _FILE_NAME.findall(rest))


def _is_file(name: str, files: Collection[str]) -> bool:
    return any(file == name or file.endswith("/" + name) or name.endswith("/" + file) for file in files)

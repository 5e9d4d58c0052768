r"""The form of a diagnosis: what the model may write, and how it is read back.

The model answers in labelled lines (`Cause:`, `Place:`, `Why:`, then `Fix:` and `When:` twice or more) under a
grammar. A place is one of those that exist, and in running text a number can neither follow a colon nor stand alone, so
that no `file:line` and no "line 12" can be written that isn't admitted. What the grammar can't exclude (a file
name that doesn't exist, "L12") is taken out afterwards, and counted.

Letters are those of Latin script: a small model that was trained on Chinese too falls into it.

The grammar's words are deterministic: one letter is part of one rule only. With overlapping rules, or a
`{20,260}` on letters, XGrammar 0.2 needs seconds for a token.
"""

import re
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from termcoder.diagnosis.incident import Place
from termcoder.engine.base import Grammar
from termcoder.workspace.locating import normalised

_FIXES = (("here", "In this line, "), ("before", "Before this line, "), ("elsewhere", "Elsewhere, "))
"""How each fix begins: small models repeat themselves where nothing tells the fixes apart. The last may be left out."""
_LABELS = ("Cause", "Place", "Why", "Fix", "When")
_LINE = re.compile(rf"^\W{{0,4}}({'|'.join(_LABELS)})(?: ?\d)?[^\w:]{{0,3}}:\*{{0,2}}\s*(.*)$", re.IGNORECASE)
_SENTENCE_END = re.compile(r"(?<=[.!?;])(?<!\b[lL]\.)(?<!\b[lL]n\.)(?<!\b[nN][or]\.)\s+")

_LETTER = r"[^\W\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]"
"""What a file's name can go on with. Not with words in Chinese, Japanese or Korean: these stand beside it unspaced."""
_LONG_SUFFIX = (
    "(?i:pyi?|pyw|pyx|ipynb|[mc]js|jsx|[mc]ts|tsx|vue|svelte|java|kts?|scala|swift|cpp|cxx|hh|hpp|hxx"
    "|rake|gemspec|php|bash)"
)
_SHORT_SUFFIX = "(?:(?i:js|ts|go|rs|cc|cs|rb|sh)|[ch])"  # names of attributes and methods as well
_FILE_NAME = re.compile(
    r"(?<![\w./\\-])(?P<name>(?:(?<![A-Za-z0-9])[A-Za-z]:(?=[/\\]))?[\w./\\-]*[\w-]\."
    rf"(?:{_LONG_SUFFIX}(?![A-Za-z0-9])(?:[._]\w+)*|{_SHORT_SUFFIX}(?!_*[A-Za-z0-9]|\.\w|\((?!\d))))"
    r"(?::(?P<line>\d+)(?![./\\-]*\w))?"
)
_REFERENCE = re.compile(
    r"(?:\.[A-Za-z]\w{0,7}|\b(?:Makefile|Dockerfile|Rakefile|Gemfile|Jenkinsfile))[`'\"*_)\]]{0,3}:{1,2}\d"
)
_PRODUCT = re.compile(r"(?i:node|next|vue|react|angular|express|nuxt|three|d3|ember|backbone|moment|chart)\.js")
_OWNED = re.compile(r"(?:self|cls|this)\.\w+")
_LINE_WORD = re.compile(
    r"(?i:(?<![A-Za-z0-9])(?:ln\.?|lines?|lineno|zeilen?|lignes?|l[ií]neas?|linhas?|rig[ah]e?|строк[аеиу]))(?!\[)"
    r"(?i: ?numbers?| ?n[or]\b\.?)?(?: \[)?(?:[^\w,;.!?\[]|\.(?!\s)){0,6}_{0,2}\d"
    r"|(?<![A-Za-z0-9])(?:L|[lL]\.) ?\d|\d(?:\.|-?(?:st|nd|rd|th)) lines?\b"
    r"|[行줄] ?\d|\d ?[行줄]|第.{1,8}行"
)
_THEN_NUMBER = re.compile(r"\0[^\w.;!?\0]{0,4}(?:(?:at|on|in|lines?|ln|[Ll])[^\w.;!?\0]{0,4})?\d")
"""A number behind a file's name (`\\0` stands for it): `app.py(12)`, `app.py#L12`, "app.py, at 12"."""


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


def grammar_of(places: Sequence[Place]) -> Grammar:
    """What a diagnosis can be where only these places exist. One that can't be written on a line is left out."""
    exact = [str(place) for place in places if place.path.isprintable()] or ["unknown"]
    ebnf = "\n".join(
        [
            r'root ::= "Cause: " prose "\nPlace: " place "\nWhy: " prose "\n" here before elsewhere?',
            *(rf'{rule} ::= "Fix: {start}" title "\nWhen: Right if " short "\n"' for rule, start in _FIXES),
            f"place ::= {' | '.join(map(_quoted, exact))}",
            'prose ::= word (" " word){4,40}',
            'short ::= word (" " word){2,24}',
            'title ::= word (" " word){1,16}',
            f'word ::= part ([0-9] [0-9]? [0-9]? part?)? ":"?{" | place" if exact != ["unknown"] else ""}',
            r"part ::= [!-/;-~¡-ɏ‐-…]{1,24}",
        ]
    )
    words = "it fails there as nothing was given"
    fixes = "".join(f"Fix: {start}check it first\nWhen: Right if {words}\n" for _, start in _FIXES[:2])
    return Grammar(ebnf + "\n", f"Cause: {words}\nPlace: {exact[0]}\nWhy: {words}\n{fixes}")


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def read_answer(text: str, places: Sequence[Place], names: Collection[str] = ()) -> Diagnosis:
    """The diagnosis in an answer, whole or still being written. Whatever the text, only `places` come out of it.

    `names`: other file names that may stand in a sentence.
    """
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
    for line in _without_half_label(text).splitlines():
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


def _without_half_label(text: str) -> str:
    """The text without a last line that may become a label as more is written."""
    before, _, last = text.rpartition("\n")
    word = last.strip("*# ").lower()
    return before if any(label.lower().startswith(word) for label in _LABELS) else text


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
    """The text without the sentences that name places which don't exist, and how many those were.

    What is looked for never goes across the end of a sentence, so that what is left is as clean as each of it.
    """
    known = _Known(places, names)
    sentences = _SENTENCE_END.split(text)
    kept = [sentence for sentence in sentences if not known.lacks(sentence)]
    return " ".join(kept), len(sentences) - len(kept)


class _Known:
    """The places and files that a sentence may name."""

    def __init__(self, places: Sequence[Place], names: Collection[str]) -> None:
        self._files = {_plain(normalised(name)) for name in (*names, *(place.path for place in places))} - {""}
        self._places = {(_plain(normalised(place.path)), place.line) for place in places}

    def lacks(self, sentence: str) -> bool:
        """Whether a sentence names a place or a file that is not among them, in whatever writing."""
        return any(self._lacks(plain) for plain in {_plain(sentence), _plain(sentence, " ")})

    def _lacks(self, rest: str) -> bool:
        for path, line in sorted(self._places, reverse=True, key=lambda place: (len(place[0]), place)):
            rest = _without(f"{path}:{line}", rest)
        for file in sorted(self._files, key=len, reverse=True):
            rest = _without(file, rest)
        rest = _FILE_NAME.sub(self._mark, rest)
        return "\1" in rest or any(sign.search(rest) for sign in (_REFERENCE, _LINE_WORD, _THEN_NUMBER))

    def _mark(self, found: re.Match[str]) -> str:
        r"""`\0` for a file or a place that is known, `\1` for one that isn't, the text itself where it is neither."""
        name, line = found["name"], found["line"]
        if line is None and (_PRODUCT.fullmatch(name) or _OWNED.fullmatch(name)):
            return name
        paths = self._files if line is None else {path for path, number in self._places if str(number) == line}
        return "\0" if any(f"/{path}".endswith(f"/{normalised(name)}") for path in paths) else "\1"


def _plain(text: str, unseen: str = "") -> str:
    """A text in the plainest characters that look like its own; `unseen` for those that can't be seen."""
    seen = (unseen if unicodedata.category(character) == "Cf" else character for character in text)
    shown = unicodedata.normalize("NFKC", "".join(seen))
    return " ".join("".join(" " if character < " " else character for character in shown).split())


def _without(known: str, text: str) -> str:
    r"""The text with `\0` where a known file or place stands by itself, and is not a part of another's name."""
    if known not in text:
        return text
    alone = rf"(?<!{_LETTER})(?<![./\\-]){re.escape(known)}(?!{_LETTER}|[./\\:]\w)"
    return re.sub(alone, "\0", text)

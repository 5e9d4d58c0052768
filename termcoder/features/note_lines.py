"""What is written down of a turn that the model will no longer read whole. Pure text: no model is asked.

What the user said is kept in the user's own words, code left out: a sentence a line, or two where the second leans on
the first ("How do I rotate a log? Ours is app.jsonl."). Sentences that tell something come first, then questions that
tell something in passing ("since our queue is named ..."), those with a name in them, plain questions, and how the
answer began. Where the note gets too long, lines go in the opposite order, oldest first, and how many went is said.
"""

import re
from collections.abc import Callable, Sequence
from enum import IntEnum

from termcoder.conversation import Turn

ASKED = "- Asked: "
ANSWERED = "- Answered: "
TOLD = "- "
CUT = "- …"
LONGEST = 300
"""Characters of a line; a sentence that is longer is cut at a word."""
ANSWER_LONGEST = 140
MOST_SENTENCES = 16
"""Of a message with more than these, as of a log that was pasted, the middle is left out."""

_CODE = re.compile(r"^ {0,3}(`{3,}|~{3,})[^\n]*\n.*?(?:^ {0,3}\1[`~]*[ \t]*$|\Z)", re.DOTALL | re.MULTILINE)
_SENTENCE_END = re.compile(r"(?<=[.!?;])(?<!\b[A-Za-z]\.)\s+(?=[^\W\d_a-z]|[\"'(`*_])|(?<=[。！？])")
_MARKUP = re.compile(r"^(?:[-*+>#]+|\d+[.)])\s+")
_REQUEST = re.compile(
    r"(?:(?:and|so|now|then|also|please|bitte|can you|could you),? )*"
    r"(?:add|check|compare|convert|correct|create|describe|do|explain|find|fix|generate|give|go on|help|implement"
    r"|improve|list|make|optimi[sz]e|refactor|rewrite|set up|show|simplify|suggest|summari[sz]e|tell|translate|try"
    r"|write|erkläre?|gib|mach|schreib|zeig|how|what|which|why|when|where|who|wie|was|warum|wo)\b",
    re.IGNORECASE,
)
_TELLING = re.compile(r"\d|\b(?:since|because|given|ours?|my|we|da|weil|unser\w*|mein\w*|wir)\b", re.IGNORECASE)
_NAMING = re.compile(r"\w[_/@:.\-]\w|(?<!\w)[\"'`“„«]\S|(?<=[\w,:] )(?!I\b)[A-ZÄÖÜ]\w")
_LEANS_BACK = re.compile(
    r"(?:it|its|it's|they|their|he|she|his|her|this|that|these|those|ours|mine|both|but|es|er|sie|das|dies\w*|aber)\b",
    re.IGNORECASE,
)
"""How a sentence begins that can't be understood without the one before it."""
_LEFT_OUT = re.compile(r"^\((\d+) lines? (?:was|were) left out\)$")


class Worth(IntEnum):
    """What a line is worth: lines of little worth go first."""

    ANSWER = 0
    QUESTION = 1
    NAMING_QUESTION = 2
    TELLING_QUESTION = 3
    TOLD = 4
    USERS_OWN = 5


def lines_of(turn: Turn) -> list[str]:
    """The lines for one turn: the question's sentences, then the answer's first."""
    said = _said_lines(_ends(sentences(turn.question)))
    files = [f"{ASKED}about {', '.join(item.path for item in turn.attachments)}"] if turn.attachments else []
    return [*files, *said, *_answer_lines(turn.answer)]


def sentences(text: str) -> list[str]:
    """The sentences of a text without its code blocks, each on one line, none longer than `LONGEST`."""
    found: list[str] = []
    for line in _CODE.sub("\n", text.replace("\r\n", "\n")).splitlines():
        found += [_words(sentence) for sentence in _SENTENCE_END.split(_MARKUP.sub("", line.strip()))]
    return [sentence for sentence in found if sentence]


def worth(line: str) -> Worth:
    """What this line of a note is worth. What the user wrote into the note is worth most."""
    if line.startswith(ANSWERED):
        return Worth.ANSWER
    if line.startswith(ASKED):
        return _worth_of_question(line.removeprefix(ASKED))
    if line.startswith(CUT):
        return Worth.QUESTION
    return Worth.TOLD if line.startswith(TOLD) else Worth.USERS_OWN


def merged(old: str, lines: Sequence[str]) -> str:
    """The note with these lines at its end; what it says already is not said again."""
    kept = old.splitlines()
    known = set(kept)
    for line in lines:
        if line not in known:
            known.add(line)
            kept.append(line)
    return "\n".join(kept)


def within(text: str, limit: int, cost: Callable[[str], int]) -> str:
    """The note with as many lines left out as it takes to cost no more than `limit`; says how many in its first line.

    `cost` gives the tokens of one line.
    """
    lines, gone = _known_gone(text)
    costs = [cost(line) + 1 for line in lines]
    total = sum(costs)
    for at in sorted(range(len(lines)), key=lambda at: (worth(lines[at]), at)):
        if total <= limit:
            break
        total -= costs[at]
        costs[at] = 0
        gone += 1
    kept = [line for line, price in zip(lines, costs, strict=True) if price]
    return "\n".join([*_gone_line(gone), *kept])


def _known_gone(text: str) -> tuple[list[str], int]:
    """The lines but the one that says how many were left out, and that number."""
    lines = text.splitlines()
    said = [int(match[1]) for line in lines if (match := _LEFT_OUT.match(line))]
    return [line for line in lines if not _LEFT_OUT.match(line)], sum(said)


def _gone_line(gone: int) -> list[str]:
    return [f"({gone} {'line was' if gone == 1 else 'lines were'} left out)"] if gone else []


def _said_lines(said: Sequence[str]) -> list[str]:
    lines: list[str] = []
    for sentence in said:
        asks = sentence.endswith(("?", "？")) or _REQUEST.match(sentence)
        if asks or not lines or not _LEANS_BACK.match(sentence):
            lines.append(f"{ASKED if asks else TOLD}{sentence}")
        else:
            before = lines.pop().removeprefix(ASKED).removeprefix(TOLD)
            lines.append(f"{TOLD}{_cut(f'{before} {sentence}', LONGEST)}")
    return lines


def _ends(said: Sequence[str]) -> list[str]:
    """The first and the last sentences of a message, and how many there are between them."""
    if len(said) <= MOST_SENTENCES:
        return list(said)
    half = MOST_SENTENCES // 2
    return [*said[:half], f"… {len(said) - 2 * half} more lines …", *said[-half:]]


def _words(sentence: str) -> str:
    return _cut(" ".join(sentence.split()), LONGEST)


def _answer_lines(answer: str) -> list[str]:
    first = next(iter(sentences(answer)), "")
    return [f"{ANSWERED}{_cut(first.rstrip(':'), ANSWER_LONGEST)}"] if first else []


def _worth_of_question(question: str) -> Worth:
    if _TELLING.search(question):
        return Worth.TELLING_QUESTION
    return Worth.NAMING_QUESTION if _NAMING.search(question) else Worth.QUESTION


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else (text[:longest].rpartition(" ")[0] or text[:longest]) + " …"

"""A session's title by the model, made of the first question that was answered.

The grammar admits three to seven words and nothing around them. What comes is still taken only if it is about the
question: most of its words must occur there, and none twice.

The 0.5B in 4 bits found titles for fifteen of twenty first questions ("Systemd unit for harbourmaster"). Four that
it made up, from the template's examples or out of "hi", were left: these sessions are called by their question.
"""

import asyncio
import re
from contextlib import aclosing

from termcoder import prompts
from termcoder.conversation import Message, Role, Turn
from termcoder.engine.base import BACKGROUND, Engine, FinishReason, Grammar, Request, Sampling
from termcoder.features.note_lines import sentences
from termcoder.features.turn import until

PRIORITY = 2 * BACKGROUND
"""Lower goes first: a title can wait for everything else."""
FEWEST, MOST = 3, 7
LONGEST = 60
"""Characters of a title."""
LONGEST_WORD = 16
"""Characters of a word that doesn't stand in the question."""
QUESTION_LONGEST = 400
"""Characters of the question that the model is shown."""
MAX_TOKENS = 32


def _grammar(character: str) -> Grammar:
    words = 'word " " word " " word (" " word (" " word (" " word (" " word)?)?)?)?'
    return Grammar(f"root ::= {words}\nword ::= {character}+", "An example of a title")


LATIN = _grammar(r"[A-Za-z0-9\u00c0-\u024f_.+#@/'-]")
"""For a question in Latin script: a small model that was trained on Chinese too falls into it."""
ANY = _grammar(r'[^ \t\r\n"`*<>{}|\\:;,!?()\[\]]')

_LATIN = re.compile(r"[\x00-\u024f\u2000-\u2bff]*")
_DANGLING = re.compile(
    r"(?i:a|an|and|as|at|by|for|from|how|in|into|is|of|on|or|per|the|to|using|via|what|with"
    r"|als|am|auf|aus|bei|das|der|die|ein|eine|für|im|in|mit|oder|und|von|zu|zum|zur)"
)
"""Words that no title ends with."""
_EMPTY = re.compile(r"(?:title|titel|untitled|conversation|chat|question|answer|unknown|none)\b", re.IGNORECASE)
_NAME = re.compile(r"\w[/._@]\w")
_WORD = re.compile(r"\w+")


async def write_title(engine: Engine, turn: Turn) -> str:
    """A title for the conversation that begins with `turn`; "" where the model's is poor. Raises EngineError.

    May be cancelled at any time: the engine stops then.
    """
    subject = subject_of(turn)
    asked = Message(Role.USER, prompts.find("title-task").render(question=subject))
    sampling = Sampling(temperature=0.0, max_tokens=MAX_TOKENS, stop=("\n",))
    grammar = LATIN if _LATIN.fullmatch(subject) else ANY
    request = Request((*_head(), asked), sampling, grammar=grammar, priority=PRIORITY)
    pieces, reason = [], None
    async with aclosing(until(asyncio.Event(), engine.stream(request))) as chunks:
        async for chunk in chunks:
            pieces.append(chunk.text)
            reason = chunk.finish_reason or reason
    title = tidied("".join(pieces), turn.question)
    return title if reason is FinishReason.STOP and is_good(title, turn) else ""


def _head() -> tuple[Message, ...]:
    """The rules, and examples; the same for every session."""
    examples = prompts.find("title-examples").sections
    rules = Message(Role.SYSTEM, prompts.find("title").body)
    return (rules, *(Message(example.role, example.content.strip()) for example in examples))


def subject_of(turn: Turn) -> str:
    """What the model is shown of a turn: the question's sentences without code, else the names of its files."""
    words = " ".join(sentences(turn.question)) or " ".join(item.path for item in turn.attachments)
    return words[:QUESTION_LONGEST] or " ".join(turn.question.split())[:QUESTION_LONGEST]


def tidied(text: str, question: str = "") -> str:
    """The title without what surrounds it, and without words at its end that lead nowhere.

    So does one that is several words of the question without the spaces: the grammar admits no further word there.
    """
    words = text.strip(" .-'\"").split()
    said = question.casefold()
    if words and words[-1].casefold() not in said and words[-1].casefold() in "".join(said.split()):
        words.pop()
    while words and _DANGLING.fullmatch(words[-1]):
        words.pop()
    title = " ".join(words)
    return title[:1].upper() + title[1:]


def is_good(title: str, turn: Turn) -> bool:
    """Whether it can be a title: of the right length, no word said twice, most words from the conversation."""
    words, said = title.split(), f"{turn.question}\n{turn.answer}".casefold()
    if not FEWEST <= len(words) <= MOST or len(title) > LONGEST or _EMPTY.match(title):
        return False
    odd = (word.casefold().strip(".,;:'") for word in words if len(word) > LONGEST_WORD or _NAME.search(word))
    if any(word not in said for word in odd):
        return False  # glued together, where no space was admitted any more; or a name out of nowhere
    heavy = [word.casefold() for word in words if not _DANGLING.fullmatch(word)]
    stems = _stems(" ".join(heavy))
    known = set(_stems(f"{turn.question} {turn.answer} {' '.join(item.path for item in turn.attachments)}"))
    return bool(stems) and len(set(heavy)) == len(heavy) and 2 * sum(stem in known for stem in stems) >= len(stems)


def _stems(text: str) -> list[str]:
    """The beginnings of the words, by which "sorting" and "sorted" are one."""
    return [word.casefold()[:4] for word in _WORD.findall(text.replace("_", " "))]

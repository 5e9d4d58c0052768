"""Long conversations: older turns go into a note that the model reads in their place.

The note stands behind the system prompt, before the turns that follow whole. Turns go into it several at a time:
nothing happens until the conversation takes `FULL` of the room for prompts, then as many of the oldest go as bring it
down to `ROOMY`. In between the beginning of the prompt stays the same, so that the engine's prefix cache serves it.

What is written down is decided in `note_lines`, by rule. A small model was tried at it on the twenty turns of
`bench.memory_talk`: Qwen2.5-Coder 0.5B in 4 bits, on two busy cores. Values that were kept, tokens, seconds:

- It sums four turns up at a time: of the first eight turns 5 of 8 values, 251 tokens, 233 s; the rest was made up.
- It picks sentences by number, under a grammar: 16 of 20, 300 tokens, 108 s.
- The rules: 20 of 20, 485 tokens with all questions, 0.1 s with the counting.
- It shortens what the rules found, line by line: 303 tokens in place of 304 in 265 s. Half of the lines got a third
  shorter, the questions among them were answered instead.

With the rules' note the 0.5B answered the question that needs all twenty with 19 of them, the 1.5B with 20, from a
prompt of 925 tokens in a context of 2,048. Where the oldest turns are left out instead, the 0.5B knew 7, from 1,264.
`bench.memory` measures it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import ceil

from termcoder.context import joined
from termcoder.conversation import Message, Note, Role, Turn
from termcoder.engine.base import Engine
from termcoder.features import note_lines
from termcoder.features.turn import Prompt, count_prompt, prompt_budget
from termcoder.sessions.schema import Session

FULL = 0.8
ROOMY = 0.5
NOTE_SHARE = 0.4
"""Parts of the room for prompts: where folding begins, where it ends, how much of it a note may take."""
KEPT_NOTES = 200
"""Notes that a session keeps: what is taken back further than that is told from the beginning."""

MakePrompt = Callable[[Session], Prompt]


@dataclass(frozen=True, slots=True)
class Fold:
    """Turns that are to go into the note, oldest first, and the note that stands for them then."""

    turns: tuple[Turn, ...]
    note: Note


def place_of_note(session: Session) -> int:
    """How many of the session's turns the note stands for."""
    through = session.note.through
    return next((at for at, turn in enumerate(session.turns, 1) if turn.id == through), 0)


def with_note(session: Session, note: Note) -> Session:
    """The session with this note as the one that holds. Those before it are kept, in case that turns are taken back."""
    return replace(session, memory=(*session.memory, note)[-KEPT_NOTES:])


def with_fold(session: Session, base: Session, note: Note) -> Session:
    """`session` with a note that was made for `base`; unchanged where the conversation is another one by now."""
    turns = {"", *(turn.id for turn in session.turns)}
    same = session.id == base.id and session.memory == base.memory and note.through in turns
    return with_note(session, note) if same else session


def note_limit(engine: Engine) -> int:
    """The tokens that a note may take."""
    return int(prompt_budget(engine.model) * NOTE_SHARE)


async def count_text(engine: Engine, text: str) -> int:
    """The tokens that a text adds to a prompt, without what the chat template puts around each."""
    whole, around = [await count_prompt(engine, (Message(Role.USER, each),)) for each in (text, "")]
    return max(0, whole - around)


class Folder:
    """Finds out which turns have to go into the note, for one engine and one turn to come."""

    def __init__(self, engine: Engine, make_prompt: MakePrompt) -> None:
        """`make_prompt`: the prompt of the turn to come, in the light of a session."""
        self._engine = engine
        self._make_prompt = make_prompt
        self._budget = prompt_budget(engine.model)

    async def fold(self, session: Session) -> Fold | None:
        """What goes into the note, so that there is room again; None where nothing has to, or where it wouldn't help.

        The latest answered turn stays whole, unless the turn to come wouldn't fit otherwise. A note that was made for
        a larger context is made shorter, without any turn.
        """
        prompt = self._make_prompt(session)
        turns = [turn for turn in session.turns[place_of_note(session) :] if turn.answer][: len(prompt.history)]
        fits = await self._fits(prompt)
        if fits and (len(turns) < 2 or await self._share(prompt) <= FULL):
            return None
        if await self._fits(replace(prompt, history=())):
            return await self._fold_some(session, turns)
        shorter = with_note(session, await self._note(session, ()))
        if not await self._fits(replace(self._make_prompt(shorter), history=())):
            return None
        return await self._fold_some(shorter, turns) or Fold((), shorter.note)

    async def _fold_some(self, session: Session, turns: Sequence[Turn]) -> Fold | None:
        """As many of the oldest turns as it takes, found by halving: a count of a long prompt takes its time."""
        if not turns:
            return None
        low, high = 1, len(turns)
        while low < high:
            middle = (low + high) // 2
            fold = Fold(tuple(turns[:middle]), await self._note(session, turns[:middle]))
            prompt = self._make_prompt(with_note(session, fold.note))
            all_but_one = middle == len(turns) - 1
            if await self._fits(prompt) and (all_but_one or await self._share(prompt) <= ROOMY):
                high = middle
            else:
                low = middle + 1
        return Fold(tuple(turns[:low]), await self._note(session, turns[:low]))

    async def _fits(self, prompt: Prompt) -> bool:
        """Whether the whole prompt fits."""
        return await self._count(prompt, prompt.tail) <= self._budget

    async def _share(self, prompt: Prompt) -> float:
        """How much of the room the conversation takes, without the turn to come."""
        return await self._count(prompt, ()) / self._budget

    async def _count(self, prompt: Prompt, tail: Sequence[Message]) -> int:
        history = (message for item in prompt.history for message in item.messages)
        return await count_prompt(self._engine, joined((*prompt.head, *history, *tail)))

    async def _note(self, session: Session, turns: Sequence[Turn]) -> Note:
        old = session.note
        text = note_lines.merged(old.text, [line for turn in turns for line in note_lines.lines_of(turn)])
        through = turns[-1].id if turns else old.through
        return Note(await self._within_limit(text), through, old.edited)

    async def _within_limit(self, text: str) -> str:
        """The note with as many lines left out as it takes. A line's tokens are guessed, the whole is counted."""
        limit = aim = note_limit(self._engine)
        tokens = await count_text(self._engine, text)
        per_character = tokens / max(1, len(text))
        shorter = text
        while tokens > limit and aim > 0:
            shorter = note_lines.within(text, aim, lambda line: ceil(per_character * len(line)))
            tokens = await count_text(self._engine, shorter)
            aim -= max(1, tokens - limit)
        return shorter

"""Chat: questions with attached files, answered in the light of the conversation so far."""

import asyncio
import secrets
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import asdict, replace

from termcoder import prompts
from termcoder.context import ContextItem
from termcoder.conversation import Attachment, Message, Note, Role, Turn
from termcoder.engine.base import Engine, Sampling
from termcoder.errors import EngineError, PromptError, SessionError
from termcoder.features import memory, templating
from termcoder.features.attaching import attached_text, attachments_in
from termcoder.features.base import Folded, TextDelta, TurnEvent
from termcoder.features.session_book import SessionBook
from termcoder.features.titling import write_title
from termcoder.features.turn import Prompt, run_turn
from termcoder.sessions.schema import SET_ASIDE, Session, new_id, utc_now
from termcoder.sessions.store import SessionStore
from termcoder.settings import ChatSettings
from termcoder.workspace import Workspace

TITLE_TRIES = 3
"""After how many answers the model may still name a session: it is stopped when the user goes on."""


def question_message(turn: Turn) -> Message:
    """Attached files first, the question after them: the task stands last. What a template made stands as it is."""
    if turn.sent:
        return Message(Role.USER, turn.sent)
    files = "".join(attached_text(attachment) + "\n" for attachment in turn.attachments)
    return Message(Role.USER, files + turn.question)


def history_item(number: int, turn: Turn) -> ContextItem:
    """A turn as context. Unanswered ones are left out by the caller."""
    return ContextItem(f"turn {number}", (question_message(turn), Message(Role.ASSISTANT, turn.written or turn.answer)))


class Chat:
    """A conversation about one project: makes prompts of it, runs turns, keeps it saved.

    Methods that touch the disk (`restore`, `new_turn`, `draft_prompt`) block and are meant for a thread.
    """

    def __init__(self, workspace: Workspace, store: SessionStore | None, settings: ChatSettings) -> None:
        """`store` None: nothing is saved."""
        self.workspace = workspace
        self.book = SessionBook(workspace.root, store)
        self._settings = settings

    @property
    def turns(self) -> tuple[Turn, ...]:
        """The conversation so far."""
        return self.book.session.turns

    def turn(self, turn_id: str) -> Turn:
        """One turn. Raises KeyError."""
        return {turn.id: turn for turn in self.turns}[turn_id]

    def restore(self) -> tuple[SessionError, ...]:
        """Go on with the project's last session; returns what could not be read on the way."""
        return self.book.restore()

    def take_fork(self) -> bool:
        """Whether, since this was last asked, a save went into a copy: another program had saved the session too."""
        return self.book.take_fork()

    def start_new(self) -> None:
        """Begin an empty session. The old one is on the disk already."""
        self.book.start_new()

    def new_turn(self, question: str) -> tuple[Turn, tuple[str, ...]]:
        """A turn for `question` with the files it mentions, and a sentence for each mention that is none.

        Raises PromptError where it calls a template that there isn't.
        """
        made = templating.expand(question, self.workspace)
        if made is not None:
            turn = Turn(new_id(), question, attachments=made.attachments, template=made.template.name, sent=made.sent)
            return turn, made.problems
        attachments, problems = self._attachments(question)
        return Turn(new_id(), question, attachments=attachments), problems

    def again(self, turn: Turn) -> Turn:
        """The same question with the same files, to be answered anew."""
        new = Turn(new_id(), turn.question, attachments=turn.attachments)
        return replace(new, template=turn.template, sent=turn.sent)

    def set_aside_from(self, turn_id: str) -> tuple[str, ...]:
        """Take this turn and all after it out of the conversation; they stay in the session's file. Returns ids."""
        session = self.book.session
        kept = session.before_turn(turn_id)
        removed = session.turns[len(kept.turns) :]
        aside = (*session.other_turns.get(SET_ASIDE, ()), *(asdict(turn) for turn in removed))
        self.book.change(
            lambda old: replace(old.before_turn(turn_id), other_turns={**old.other_turns, SET_ASIDE: aside})
        )
        return tuple(turn.id for turn in removed)

    async def run(self, engine: Engine, turn: Turn, cancel: asyncio.Event) -> AsyncGenerator[TurnEvent, None]:
        """Answer `turn`: see `run_turn`. What is streamed is journalled.

        Where the context is full, older turns go into the note first.
        """
        folded = await self._fold(engine, turn)
        if folded is not None:
            yield folded
        begun = replace(turn, started_at=utc_now())
        journal = self.book.journal(begun)
        events = run_turn(engine, begun, self._prompt(turn), self._sampling(turn), self._record, cancel)
        try:
            async with aclosing(events):
                async for event in events:
                    if isinstance(event, TextDelta):
                        journal.append(event.text)
                    yield event
        finally:
            await asyncio.to_thread(journal.close)

    async def tidy(self, engine: Engine) -> Folded | None:
        """Between two turns: if the context is nearly full, put older turns into the note. Raises TermcoderError."""
        folded = await self._fold(engine, Turn("draft", ""))
        if folded is not None:
            await asyncio.to_thread(self.book.record, lambda session: session)
        return folded

    def edit_note(self, text: str, shown: Note | None = None) -> None:
        """Put the user's text in the place of the note. Blocks for the disk; raises SessionError.

        `shown`: the note that was edited. Turns that went into a newer one meanwhile are read whole again.
        """
        edited = Note(text.strip("\n"), (shown or self.book.session.note).through, edited=True)
        self.book.record(lambda session: memory.with_note(session, edited))

    async def find_title(self, engine: Engine) -> None:
        """Let the model name the session, unless somebody has, or it has tried often enough. Raises TermcoderError."""
        session = self.book.session
        answered = [turn for turn in session.turns if turn.answer]
        if session.titled_by or not 0 < len(answered) <= TITLE_TRIES:
            return
        title = await write_title(engine, answered[0])

        def change(now: Session) -> Session:
            unnamed = now.id == session.id and not now.titled_by
            return replace(now, title=title, titled_by="model") if unnamed else now

        if title:
            await asyncio.to_thread(self.book.record, change)

    def draft_prompt(self, draft: str) -> Prompt:
        """The prompt that sending `draft` now would make."""
        try:
            return self._prompt(self.new_turn(draft)[0])
        except PromptError:  # the template's name is only half typed
            return self._prompt(Turn("draft", draft))

    async def _fold(self, engine: Engine, turn: Turn) -> Folded | None:
        """Put older turns into the note where `turn` needs it; not saved yet."""
        session = self.book.session
        try:
            fold = await memory.Folder(engine, lambda changed: self._prompt(turn, changed)).fold(session)
        except EngineError:
            return None  # the turn itself says so
        if fold is None:
            return None
        self.book.change(lambda now: memory.with_fold(now, session, fold.note))
        places = [at for at, each in enumerate(session.turns, 1) if each in fold.turns]
        return Folded(places[0], places[-1]) if places else Folded(0, 0)

    def _prompt(self, turn: Turn, session: Session | None = None) -> Prompt:
        """The prompt for `turn` in the light of the session. A template's has nothing of the conversation in it."""
        session = session or self.book.session
        tail = (question_message(turn),)
        if (template := self._template(turn)) is not None:
            return templating.prompt_of(template, tail, turn.attachments, self._settings.reply_language)
        noted = memory.place_of_note(session)
        history = tuple(
            history_item(at, old)
            for at, old in enumerate(session.turns, 1)
            if at > noted and old.answer and old.id != turn.id
        )
        return Prompt(self._head(session.note), history, tail, turn.attachments)

    def _head(self, note: Note) -> tuple[Message, ...]:
        """What the conversation begins with: the rules, and what is left of the turns that went into the note."""
        system = prompts.find("chat").body
        if note.text.strip():
            system = f"{system}\n{prompts.find('summary').render(note=note.text)}"
        return prompts.answered_in((Message(Role.SYSTEM, system),), self._settings.reply_language)

    def _template(self, turn: Turn) -> prompts.PromptTemplate | None:
        """What the turn was made with; None where that is gone, the chat's own rules will do then."""
        try:
            return templating.pick(turn.template, self.workspace) if turn.template else None
        except PromptError:
            return None

    def _sampling(self, turn: Turn) -> Sampling:
        chosen = self._settings
        seed = chosen.seed if chosen.seed >= 0 else secrets.randbelow(2**31)
        usual = Sampling(chosen.temperature, chosen.top_p, chosen.max_answer_tokens or None, seed=seed)
        template = self._template(turn)
        return usual if template is None else templating.sampling_of(template, usual)

    def _record(self, turn: Turn) -> None:
        def change(session: Session) -> Session:
            return replace(session.with_turn(turn), model=turn.model)

        self.book.record(change)

    def _attachments(self, question: str) -> tuple[tuple[Attachment, ...], tuple[str, ...]]:
        found, problems = attachments_in(question, self.workspace)
        return tuple(attachment for _, attachment in found), problems

"""Chat: questions with attached files, answered in the light of the conversation so far."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from dataclasses import asdict, replace

from termcoder import mentions, prompts
from termcoder.context import ContextItem
from termcoder.conversation import Attachment, Message, Role, Turn
from termcoder.engine.base import Engine, Sampling
from termcoder.errors import SessionError, WorkspaceError
from termcoder.features.base import TurnEvent
from termcoder.features.session_book import SessionBook
from termcoder.features.turn import Prompt, run_turn
from termcoder.sessions.schema import Session, new_id, utc_now
from termcoder.sessions.store import SessionStore
from termcoder.settings import ChatSettings
from termcoder.workspace import Workspace

SET_ASIDE = "set_aside"
"""Where a session keeps the turns that were answered again or edited."""


def attached_text(attachment: Attachment) -> str:
    """A file as the model sees it. The tag gets a number if the file's own text holds the closing tag."""
    tag = "file"
    number = 0
    while f"</{tag}>" in attachment.text:
        number += 1
        tag = f"file{number}"
    end = "" if attachment.text.endswith("\n") else "\n"
    path = attachment.path.replace('"', "'").replace("\n", " ")
    return f'<{tag} path="{path}">\n{attachment.text}{end}</{tag}>\n'


def question_message(turn: Turn) -> Message:
    """Attached files first, the question after them: the task stands last."""
    files = "".join(attached_text(attachment) + "\n" for attachment in turn.attachments)
    return Message(Role.USER, files + turn.question)


def history_item(number: int, turn: Turn) -> ContextItem:
    """A turn as context. Unanswered ones are left out by the caller."""
    return ContextItem(f"turn {number}", (question_message(turn), Message(Role.ASSISTANT, turn.answer)))


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
        """A turn for `question` with the files it mentions, and a sentence for each mention that is none."""
        attachments, problems = self._attachments(question)
        return Turn(new_id(), question, attachments=attachments), problems

    def again(self, turn: Turn) -> Turn:
        """The same question with the same files, to be answered anew."""
        return Turn(new_id(), turn.question, attachments=turn.attachments)

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

    def run(self, engine: Engine, turn: Turn, cancel: asyncio.Event) -> AsyncIterator[TurnEvent]:
        """Answer `turn`: see `run_turn`."""
        begun = replace(turn, started_at=utc_now())
        return run_turn(engine, begun, self._prompt(turn), self._sampling(), self._record, cancel)

    def draft_prompt(self, draft: str) -> Prompt:
        """The prompt that sending `draft` now would make."""
        return self._prompt(Turn("draft", draft, attachments=self._attachments(draft)[0]))

    def _prompt(self, turn: Turn) -> Prompt:
        answered = [(at, old) for at, old in enumerate(self.turns, 1) if old.answer and old.id != turn.id]
        history = tuple(history_item(at, old) for at, old in answered)
        system = Message(Role.SYSTEM, prompts.find("chat").body)
        return Prompt((system,), history, (question_message(turn),), turn.attachments)

    def _sampling(self) -> Sampling:
        chosen = self._settings
        seed = chosen.seed if chosen.seed >= 0 else secrets.randbelow(2**31)
        return Sampling(chosen.temperature, chosen.top_p, chosen.max_answer_tokens or None, seed=seed)

    def _record(self, turn: Turn) -> None:
        def change(session: Session) -> Session:
            return replace(session.with_turn(turn), model=turn.model)

        self.book.record(change)

    def _attachments(self, question: str) -> tuple[tuple[Attachment, ...], tuple[str, ...]]:
        attachments: dict[str, Attachment] = {}
        problems: list[str] = []
        for mention in mentions.find_mentions(question):
            try:
                attachment = self.workspace.read(mention.path, mention.first, mention.last)
                attachments[attachment.path] = attachment
            except WorkspaceError as error:
                if any(sign in mention.path for sign in "./") or self.workspace.is_file(mention.path):
                    problems.append(str(error))  # "@property" in a sentence is no file and was not meant as one
        return tuple(attachments.values()), tuple(problems)

"""A conversation in another language than the model's best: it is asked in English, and answers are translated back.

The model's English is streamed; the translation takes its place when the answer is whole. What was typed and what the
model wrote are both kept.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import replace
from functools import partial
from typing import Protocol, TypeVar

from termcoder.conversation import Turn, TurnState
from termcoder.engine.base import Engine
from termcoder.errors import TermcoderError
from termcoder.features.base import (
    AnswerReady,
    SaveFailed,
    Translated,
    TranslationFailed,
    TurnEvent,
    TurnFailed,
    TurnInterrupted,
    TurnSaved,
    Working,
)
from termcoder.features.chat import Chat, question_message
from termcoder.features.translation_text import translated
from termcoder.sessions.store import SessionStore
from termcoder.settings import ChatSettings
from termcoder.workspace import Workspace

ENGLISH = "eng_Latn"

T = TypeVar("T")


class Translator(Protocol):
    """What translates sentences. Languages are named as NLLB names them."""

    def translate(self, sentences: Sequence[str], source: str, target: str) -> Sequence[str]:
        """As many sentences, in this order. Blocks. Raises TermcoderError."""
        ...

    def close(self) -> None:
        """Give up what is under way, from any thread, and let go of the model until it is needed again."""
        ...


class TranslatingChat(Chat):
    """A chat whose user writes and reads `language`."""

    def __init__(
        self,
        workspace: Workspace,
        store: SessionStore | None,
        settings: ChatSettings,
        translator: Translator,
        language: str,
    ) -> None:
        super().__init__(workspace, store, settings)
        self._translator = translator
        self._language = language

    async def run(self, engine: Engine, turn: Turn, cancel: asyncio.Event) -> AsyncGenerator[TurnEvent, None]:
        """Answer `turn` as `Chat.run` does; then come a translation and a save of it."""
        yield Working("translating the question")
        try:
            asked = await self._unless(cancel, partial(self._in_english, turn))
        except TermcoderError as error:
            ended: TurnFailed | TurnInterrupted = TurnFailed(_unanswered(turn, TurnState.FAILED, str(error)), error)
        else:
            ended = TurnInterrupted(_unanswered(turn, TurnState.INTERRUPTED))
            if asked is not None:
                async with aclosing(self._answer(engine, asked, cancel)) as events:
                    async for event in events:
                        yield event
                return
        yield ended
        yield await self._saved(ended.turn)

    async def _answer(self, engine: Engine, turn: Turn, cancel: asyncio.Event) -> AsyncGenerator[TurnEvent, None]:
        answered: Turn | None = None
        async with aclosing(super().run(engine, turn, cancel)) as events:
            async for event in events:
                yield event
                if isinstance(event, AnswerReady):
                    answered = event.turn
        if answered is not None and answered.answer.strip() and not cancel.is_set():
            async for event in self._translate_answer(answered, cancel):
                yield event

    async def _translate_answer(self, turn: Turn, cancel: asyncio.Event) -> AsyncGenerator[TurnEvent, None]:
        yield Working("translating the answer")
        try:
            text = await self._unless(cancel, partial(self._translate, turn.answer, ENGLISH, self._language))
        except TermcoderError as error:
            yield TranslationFailed(turn, error)
            return
        done = turn if text is None else replace(turn, answer=text, written=turn.answer)
        yield Translated(done)
        yield await self._saved(done)

    async def _unless(self, cancel: asyncio.Event, work: Callable[[], T]) -> T | None:
        """What `work` gives, in a thread; None where `cancel` is set first."""
        working, stopped = asyncio.ensure_future(asyncio.to_thread(work)), asyncio.ensure_future(cancel.wait())
        try:
            await asyncio.wait({working, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                return working.result()
            await asyncio.to_thread(self._translator.close)
            with suppress(TermcoderError):
                await working
            return None
        finally:
            stopped.cancel()

    def _in_english(self, turn: Turn) -> Turn:
        """The turn, with what the model gets in English."""
        english = self._translate(turn.question, self._language, ENGLISH)
        made, _ = self.new_turn(english)
        sent = made.sent or question_message(replace(turn, question=english, sent="")).content
        return replace(turn, sent=sent)

    def _translate(self, text: str, source: str, target: str) -> str:
        return translated(text, lambda sentences: self._translator.translate(sentences, source, target))

    async def _saved(self, turn: Turn) -> TurnSaved | SaveFailed:
        try:
            await asyncio.to_thread(self._record, turn)
        except TermcoderError as error:
            return SaveFailed(turn, error)
        return TurnSaved(turn)


def _unanswered(turn: Turn, state: TurnState, error: str = "") -> Turn:
    return replace(turn, state=state, error=error)

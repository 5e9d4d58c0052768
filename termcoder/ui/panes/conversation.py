"""What the chat pane does: a queue of questions, answered in order.

One worker takes the questions, waits for the engine if it isn't ready, and turns the events of each turn into
calls of the transcript.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from termcoder.conversation import Message, Note, Turn
from termcoder.engine.base import BACKGROUND, Engine, EngineState, EngineStatus, Request, Sampling
from termcoder.engine.registry import LOCAL_BACKENDS
from termcoder.errors import ContextOverflowError, EngineError, SessionError, TermcoderError
from termcoder.features.base import (
    AnswerReady,
    ContextReady,
    Folded,
    SaveFailed,
    TextDelta,
    Translated,
    TranslationFailed,
    TurnEvent,
    TurnFailed,
    TurnInterrupted,
    TurnSaved,
    Working,
)
from termcoder.features.parts import Parts
from termcoder.features.turn import fit_prompt
from termcoder.ui.inert import inert
from termcoder.ui.widgets.status_bar import StatusBar
from termcoder.ui.widgets.turn_view import TurnView

if TYPE_CHECKING:
    from termcoder.ui.panes.chat import ChatPane

READ_AHEAD_PRIORITY = BACKGROUND
"""Lower goes first: an answer never waits for what is read ahead."""

IDLE = "idle"
"""The group of workers that do what can be done between two turns."""

NOTE_KEY = "F9"

WHAT_TO_DO = "F5 starts it again, F4 shows the log, F3 chooses another model."


class Conversation:
    """Drives one chat pane. All methods belong to the event loop.

    An engine inside the program reads the conversation and the attached files while the question is typed, and writes
    a title between two turns. A server elsewhere is asked what the user asks, and nothing else.
    """

    def __init__(self, pane: "ChatPane", parts: Parts) -> None:
        self._pane = pane
        self.chat = parts.chat
        self._host = parts.host
        self._history = parts.history
        self._own_engine = parts.settings.engine.backend in LOCAL_BACKENDS
        self._read: Sequence[object] = ()
        self._queue: deque[Turn] = deque()
        self._draining = False
        self._cancel = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._editing: str | None = None
        self._too_long = False  # the notice says that the draft doesn't fit
        self._unfollow = self._host.subscribe(self._engine_changed)

    def close(self) -> None:
        """Follow the engine no longer."""
        self._unfollow()

    @property
    def answering(self) -> bool:
        """Whether an answer is being decoded now."""
        return not self._idle.is_set()

    async def restore(self) -> None:
        """Show the project's last session."""
        problems = await asyncio.to_thread(self.chat.restore)
        await asyncio.to_thread(self._history.load)
        await self._pane.transcript.load(self.chat.turns)
        for problem in problems:
            self._pane.tell_error(problem)

    # What the user does

    async def send(self, text: str) -> None:
        """Ask `text`. Where it calls a template that there isn't, it goes back into the message."""
        self.touched()
        try:
            turn, problems = await asyncio.to_thread(self.chat.new_turn, text)
        except TermcoderError as error:
            self._pane.notice(str(error), "error")
            if not self._pane.composer.text_to_send().strip():
                self._pane.composer.load_draft(text)
            return
        if problems:
            self._pane.app.notify(f"Not attached: {inert(' '.join(problems))}", severity="warning", markup=False)
        await self._set_aside_edited()
        self._queue.append(turn)
        await self._pane.transcript.add_turn(turn, queued=self._must_wait())
        self._show_queue()
        self._drain()

    async def answer_again(self, turn_id: str) -> None:
        """Answer the question of this turn anew; the turns from it on are set aside."""
        if self._refused_while_busy():
            return
        self.touched()
        old = self.chat.turn(turn_id)
        await self._set_aside(turn_id)
        turn = self.chat.again(old)
        self._queue.append(turn)
        await self._pane.transcript.add_turn(turn, queued=self._must_wait())
        self._drain()

    def edit(self, turn_id: str) -> None:
        """Take the question of this turn into the message, to be sent in its place."""
        if self._refused_while_busy():
            return
        self._editing = turn_id
        self._pane.composer.load_draft(self.chat.turn(turn_id).question)
        self._pane.composer.focus()
        self._pane.notice("Editing an earlier question: what follows it is set aside when you send. Esc keeps it.")

    async def cancel(self) -> None:
        """Stop the running answer; else take back the newest queued question; else stop editing."""
        if self.answering:
            self._cancel.set()
        elif self._queue:
            await self._take_back()
        elif self._editing is not None:
            self._editing = None
            self._pane.composer.load_draft("")
            self._pane.notice("")

    async def stop_answer(self) -> None:
        """Stop the running answer and wait until it is saved."""
        self._cancel.set()
        await self._idle.wait()

    async def new_session(self) -> None:
        """Begin an empty conversation."""
        if self._refused_while_busy():
            return
        self.touched()
        self.chat.start_new()
        await self._pane.transcript.load(())
        self._pane.composer.focus()
        self.count(self._pane.composer.text_to_send())

    @property
    def busy(self) -> bool:
        """Whether an answer is on its way, or a question waits for one."""
        return self.answering or bool(self._queue)

    async def show_session(self) -> None:
        """Show the session that the book has now, in place of the one that was shown. Not while `busy`."""
        self.touched()
        self._editing = None
        self._pane.notice("")
        await self._pane.transcript.load(self.chat.turns)
        self.count(self._pane.composer.text_to_send())

    async def _take_back(self) -> None:
        turn = self._queue.pop()
        await self._pane.transcript.remove_turn(turn.id)
        if not self._pane.composer.text_to_send().strip():
            self._pane.composer.load_draft(turn.question)
        self._show_queue()

    async def _set_aside_edited(self) -> None:
        if self._editing is not None:
            await self._set_aside(self._editing)
            self._editing = None
            self._pane.notice("")

    async def _set_aside(self, turn_id: str) -> None:
        for removed in self.chat.set_aside_from(turn_id):
            await self._pane.transcript.remove_turn(removed)

    # What the engine does

    def _engine_changed(self, status: EngineStatus) -> None:
        if status.state is EngineState.READY:
            self._pane.notice("")
            self._drain()
            self.count(self._pane.composer.text_to_send())
        elif status.state is EngineState.FAILED and status.error is not None:
            self._pane.notice(f"{status.error}  {WHAT_TO_DO}", "error")

    def _must_wait(self) -> bool:
        return self.answering or bool(self._queue) or self._host.status.state is not EngineState.READY

    def _drain(self) -> None:
        if not self._draining:
            self._draining = True
            self._run(self._answer_all, group="drain", exclusive=False)

    async def _answer_all(self) -> None:
        try:
            while self._queue:
                engine = await self._host.ready()
                if self._queue:
                    await self._answer(engine, self._queue.popleft())
        except TermcoderError:
            pass  # the notice line says why; the queue goes on when the engine is ready again
        finally:
            self._draining = False

    async def _answer(self, engine: Engine, turn: Turn) -> None:
        self._cancel = asyncio.Event()
        self._idle.clear()
        self._pane.workers.cancel_group(self._pane, "read-ahead")
        self.touched()
        self._pane.notice("")
        self._bar.change(generating=True, queued=len(self._queue))
        view = self._pane.transcript.view(turn.id)
        view.set_queued(False)
        try:
            async for event in self.chat.run(engine, turn, self._cancel):
                await self._show(view, event)
        finally:
            self._idle.set()
            self._bar.change(generating=False)
        self.count(self._pane.composer.text_to_send())
        if not self._queue:
            self._run(partial(self._tidy, engine), group=IDLE)

    async def _show(self, view: TurnView, event: TurnEvent) -> None:
        match event:
            case Folded() | ContextReady() | Working():
                self._show_step(view, event)
            case TextDelta(text):
                await view.append(text)
            case AnswerReady(turn) | TurnInterrupted(turn):
                await view.finish(turn)
                self._bar.change(tokens_per_second=turn.usage.tokens_per_second)
            case TurnFailed(turn, error):
                await view.finish(turn)
                if isinstance(error, EngineError) and self._host.status.state is not EngineState.READY:
                    self._engine_changed(self._host.status)
            case SaveFailed(_, error):
                self._pane.tell_error(error)
            case Translated() | TranslationFailed():
                await self._show_translation(view, event)
            case TurnSaved():
                self._bar.change(branch=self.chat.workspace.branch() or "")
                if self.chat.take_fork():
                    self._pane.notice("Another termcoder saved this conversation too: this one goes on as a copy.")

    async def _show_translation(self, view: TurnView, event: Translated | TranslationFailed) -> None:
        self._pane.notice("")
        await view.finish(event.turn)
        if isinstance(event, TranslationFailed):
            self._pane.tell_error(event.error)

    def _show_step(self, view: TurnView, event: Folded | ContextReady | Working) -> None:
        match event:
            case Folded() | ContextReady():
                self._show_context(view, event)
            case Working(activity) if view.streaming:
                view.set_waiting(activity)
            case Working(activity):
                self._pane.notice(f"{activity[:1].upper()}{activity[1:]} …")

    def _show_context(self, view: TurnView, event: Folded | ContextReady) -> None:
        if isinstance(event, Folded):
            self._show_folded(event)
            return
        view.set_waiting(f"reading {event.prompt_tokens:,} tokens")
        self._bar.change(used_tokens=event.prompt_tokens, exact=event.exact)
        if event.dropped:
            self._pane.notice(f"Left out to fit the context: {', '.join(event.dropped)}.")

    def _show_folded(self, event: Folded) -> None:
        if not event.last:
            self._pane.notice(f"The model's note was too long for its context: it is shorter now. {NOTE_KEY} shows it.")
            return
        turns = f"Turn {event.last}" if event.first == event.last else f"Turns {event.first} to {event.last}"
        self._pane.notice(f"{turns} went into the model's note, so that there is room. {NOTE_KEY} shows it.")

    # Between two turns

    def touched(self) -> None:
        """The user does something: what is done between two turns can wait."""
        self._pane.workers.cancel_group(self._pane, IDLE)

    async def _tidy(self, engine: Engine) -> None:
        """Make room for the next question, and find a title, while nobody waits."""
        try:
            folded = await self.chat.tidy(engine)
            if folded is not None:
                self._show_folded(folded)
                self.count(self._pane.composer.text_to_send())
            if self._own_engine:
                await self.chat.find_title(engine)
        except SessionError as error:
            self._pane.tell_error(error)
        except TermcoderError:
            pass  # whatever the engine has, the next question will say

    def show_note(self) -> None:
        """Let the user read and edit what the model is told of turns that it no longer reads whole."""
        from termcoder.ui.screens.memory import MemoryScreen, Remembered

        self.touched()
        engine = self._host.engine if self._host.status.state is EngineState.READY else None
        session = self.chat.book.session
        keep = partial(self._keep_note, session.note)
        self._pane.app.push_screen(MemoryScreen(Remembered.of(session, engine)), keep)

    async def _keep_note(self, shown: Note, text: str | None) -> None:
        if text is None:
            return
        try:
            await asyncio.to_thread(self.chat.edit_note, text, shown)
        except TermcoderError as error:
            self._pane.tell_error(error)
        self.count(self._pane.composer.text_to_send())

    def count(self, draft: str) -> None:
        """Show what sending `draft` now would take of the context."""
        self._run(partial(self._count, draft), group="count")

    async def _count(self, draft: str) -> None:
        """Show what the next prompt would take."""
        engine = self._host.engine
        if engine is None or self._host.status.state is not EngineState.READY or self.answering:
            return
        try:
            prompt = await asyncio.to_thread(self.chat.draft_prompt, draft)
            fitted, ready = await fit_prompt(engine, prompt)
        except ContextOverflowError as error:
            self._too_long = True
            self._pane.notice(str(error), "error")
            return
        except TermcoderError:
            return
        if self._too_long:
            self._too_long = False
            self._pane.notice("")
        self._bar.change(used_tokens=ready.prompt_tokens, exact=ready.exact, context_tokens=ready.context_tokens)
        known = (prompt.head, prompt.history, prompt.attachments)
        if self._own_engine and not ready.dropped and known != self._read:
            self._read = known
            self._run(partial(self._read_ahead, engine, fitted.messages), group="read-ahead")

    async def _read_ahead(self, engine: Engine, messages: tuple[Message, ...]) -> None:
        """Have the engine read what stands before the question, so that the answer begins sooner."""
        with suppress(TermcoderError):
            async for _ in engine.stream(Request(messages, Sampling(max_tokens=1), priority=READ_AHEAD_PRIORITY)):
                pass

    # Small things

    def _run(self, work: Callable[[], Coroutine[None, None, None]], group: str, *, exclusive: bool = True) -> None:
        if self._pane.is_attached:
            self._pane.run_worker(work, group=group, exclusive=exclusive)  # type: ignore[arg-type]  # None isn't inferred

    def _refused_while_busy(self) -> bool:
        busy = self.answering or bool(self._queue)
        if busy:
            self._pane.app.notify("An answer is on its way: Esc stops it first.", severity="warning")
        return busy

    def _show_queue(self) -> None:
        self._bar.change(queued=len(self._queue))

    @property
    def _bar(self) -> StatusBar:
        return self._pane.screen.query_one(StatusBar)

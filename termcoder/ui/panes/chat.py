"""The chat pane: a conversation above, the message being written below.

Questions go through a queue. One worker takes them in order, waits for the engine if it isn't ready, and
turns the events of each turn into calls of the transcript.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from termcoder.conversation import Message, Turn
from termcoder.engine.base import Engine, EngineState, EngineStatus, Request, Sampling
from termcoder.errors import ContextOverflowError, EngineError, TermcoderError
from termcoder.features.base import (
    AnswerReady,
    ContextReady,
    SaveFailed,
    TextDelta,
    TurnEvent,
    TurnFailed,
    TurnInterrupted,
    TurnSaved,
)
from termcoder.features.chat import Chat
from termcoder.features.engine_host import EngineHost
from termcoder.features.turn import fit_prompt
from termcoder.history import History
from termcoder.settings import ChatSettings
from termcoder.ui import clipboard, editor
from termcoder.ui.inert import inert
from termcoder.ui.widgets.composer import Composer
from termcoder.ui.widgets.status_bar import StatusBar
from termcoder.ui.widgets.transcript import Transcript, TurnView

READ_AHEAD_PRIORITY = 10
"""Lower goes first: an answer never waits for what is read ahead."""


class ChatPane(Vertical):
    """Transcript, notice line, composer."""

    def __init__(
        self,
        chat: Chat,
        host: EngineHost,
        history: History,
        settings: ChatSettings,
        *,
        reads_ahead: bool = False,
        **kwargs: Any,
    ) -> None:
        """`reads_ahead`: let the engine read the conversation and attached files while the question is typed."""
        super().__init__(**kwargs)
        self._reads_ahead = reads_ahead
        self._read: Sequence[object] = ()
        self.chat = chat
        self.history = history
        self.host = host
        self.settings = settings
        self._queue: deque[Turn] = deque()
        self._draining = False
        self._cancel = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._restored = asyncio.Event()
        self._editing: str | None = None

    def compose(self) -> ComposeResult:
        """The three parts."""
        yield Transcript(id="transcript")
        yield Static(id="notice", markup=False)
        yield Composer(
            self.chat.workspace,
            history=self.history,
            send_key=self.settings.send_key,
            newline_key=self.settings.newline_key,
        )

    @property
    def transcript(self) -> Transcript:
        """The conversation."""
        return self.query_one(Transcript)

    @property
    def composer(self) -> Composer:
        """The message being written."""
        return self.query_one(Composer)

    @property
    def answering(self) -> bool:
        """Whether an answer is being decoded now."""
        return not self._idle.is_set()

    @property
    def bar(self) -> StatusBar:
        """The application's status bar."""
        return self.screen.query_one(StatusBar)

    async def on_mount(self) -> None:
        """Show the restored conversation and take the keys."""
        self._unfollow = self.host.subscribe(self._engine_changed)
        self.composer.focus()
        self.call_after_refresh(self._restore)

    def on_unmount(self) -> None:
        """Follow the engine no longer."""
        self._unfollow()

    @work(group="restore")
    async def _restore(self) -> None:
        problems = await asyncio.to_thread(self.chat.restore)
        await asyncio.to_thread(self.history.load)
        await self.transcript.load(self.chat.turns)
        self._restored.set()
        for problem in problems:
            self._tell_error(problem)

    # What the user does

    @on(Composer.Submitted)
    async def _submitted(self, event: Composer.Submitted) -> None:
        event.stop()
        await self._restored.wait()
        turn, problems = await asyncio.to_thread(self.chat.new_turn, event.text)
        if problems:
            self.app.notify(f"Not attached: {inert(' '.join(problems))}", severity="warning", markup=False)
        await self._set_aside_edited()
        self._queue.append(turn)
        await self.transcript.add_turn(turn, queued=self._must_wait())
        self._show_queue()
        self._drain()

    @on(Composer.DraftChanged)
    def _draft_changed(self, event: Composer.DraftChanged) -> None:
        event.stop()
        self._count(event.text)

    @on(Composer.FocusTranscriptRequested)
    def _to_transcript(self) -> None:
        self.transcript.focus()

    @on(Transcript.FocusComposerRequested)
    def _to_composer(self) -> None:
        self.composer.focus()

    @on(Transcript.CopyRequested)
    def _copy(self, event: Transcript.CopyRequested) -> None:
        self.app.notify(clipboard.copy(self.app, event.text), markup=False)

    @on(Transcript.SaveRequested)
    def _save_block(self, event: Transcript.SaveRequested) -> None:
        from termcoder.ui.screens.save import SaveScreen

        self.app.push_screen(SaveScreen(self.chat.workspace.root, event.suggested_name, event.text))

    @on(Transcript.RegenerateRequested)
    async def _regenerate(self, event: Transcript.RegenerateRequested) -> None:
        if self._refused_while_busy():
            return
        old = self.chat.turn(event.turn_id)
        await self._set_aside(event.turn_id)
        turn = self.chat.again(old)
        self._queue.append(turn)
        await self.transcript.add_turn(turn, queued=self._must_wait())
        self._drain()

    @on(Transcript.EditRequested)
    def _edit(self, event: Transcript.EditRequested) -> None:
        if self._refused_while_busy():
            return
        self._editing = event.turn_id
        self.composer.load_draft(self.chat.turn(event.turn_id).question)
        self.composer.focus()
        self._notice("Editing an earlier question: what follows it is set aside when you send. Esc keeps it.")

    @on(Composer.EditExternallyRequested)
    async def _edit_draft(self) -> None:
        try:
            text = await editor.edit_text(self.app, self.composer.text_to_send())
        except TermcoderError as error:
            self._tell_error(error)
            return
        if text is not None:
            self.composer.load_draft(text)

    async def cancel(self) -> None:
        """Stop the running answer; else take back the newest queued question; else stop editing."""
        if self.answering:
            self._cancel.set()
        elif self._queue:
            await self._take_back()
        elif self._editing is not None:
            self._editing = None
            self.composer.load_draft("")
            self._notice("")

    async def stop_answer(self) -> None:
        """Stop the running answer and wait until it is saved."""
        self._cancel.set()
        await self._idle.wait()

    async def new_session(self) -> None:
        """Begin an empty conversation."""
        await self._restored.wait()
        if self._refused_while_busy():
            return
        self.chat.start_new()
        await self.transcript.load(())
        self.composer.focus()
        self._count(self.composer.text_to_send())

    async def _take_back(self) -> None:
        turn = self._queue.pop()
        await self.transcript.remove_turn(turn.id)
        if not self.composer.text_to_send().strip():
            self.composer.load_draft(turn.question)
        self._show_queue()

    async def _set_aside_edited(self) -> None:
        if self._editing is not None:
            await self._set_aside(self._editing)
            self._editing = None
            self._notice("")

    async def _set_aside(self, turn_id: str) -> None:
        for removed in self.chat.set_aside_from(turn_id):
            await self.transcript.remove_turn(removed)

    # What the engine does

    def _engine_changed(self, status: EngineStatus) -> None:
        if status.state is EngineState.READY:
            self._notice("")
            self._drain()
            self._count(self.composer.text_to_send())
        elif status.state is EngineState.FAILED and status.error is not None:
            self._notice(f"{status.error}  F5 starts it again, F4 shows the log, F3 chooses another model.", "error")

    def _must_wait(self) -> bool:
        return self.answering or bool(self._queue) or self.host.status.state is not EngineState.READY

    @work(group="drain")
    async def _drain(self) -> None:
        if self._draining:
            return
        self._draining = True
        try:
            while self._queue:
                engine = await self.host.ready()
                if self._queue:
                    await self._answer(engine, self._queue.popleft())
        except TermcoderError:
            pass  # the notice line says why; the queue goes on when the engine is ready again
        finally:
            self._draining = False

    async def _answer(self, engine: Engine, turn: Turn) -> None:
        self._cancel = asyncio.Event()
        self._idle.clear()
        self.workers.cancel_group(self, "read-ahead")
        self.bar.change(generating=True, queued=len(self._queue))
        view = self.transcript.view(turn.id)
        view.set_queued(False)
        try:
            async for event in self.chat.run(engine, turn, self._cancel):
                await self._show(view, event)
        finally:
            self._idle.set()
            self.bar.change(generating=False)
        self._count(self.composer.text_to_send())

    async def _show(self, view: TurnView, event: TurnEvent) -> None:
        match event:
            case ContextReady():
                self._show_context(view, event)
            case TextDelta(text):
                await view.append(text)
            case AnswerReady(turn) | TurnInterrupted(turn):
                await view.finish(turn)
                self.bar.change(tokens_per_second=turn.usage.tokens_per_second)
            case TurnFailed(turn, error):
                await view.finish(turn)
                if isinstance(error, EngineError) and self.host.status.state is not EngineState.READY:
                    self._engine_changed(self.host.status)
            case SaveFailed(_, error):
                self._tell_error(error)
            case TurnSaved():
                self.bar.change(branch=self.chat.workspace.branch() or "")

    def _show_context(self, view: TurnView, event: ContextReady) -> None:
        view.set_waiting(f"reading {event.prompt_tokens:,} tokens")
        self.bar.change(used_tokens=event.prompt_tokens, exact=event.exact)
        if event.dropped:
            self._notice(f"Left out to fit the context: {', '.join(event.dropped)}.")

    @work(exclusive=True, group="count")
    async def _count(self, draft: str) -> None:
        """Show what the next prompt would take."""
        engine = self.host.engine
        if engine is None or self.host.status.state is not EngineState.READY or self.answering:
            return
        try:
            prompt = await asyncio.to_thread(self.chat.draft_prompt, draft)
            fitted, ready = await fit_prompt(engine, prompt)
        except ContextOverflowError as error:
            self._notice(str(error), "error")
            return
        except TermcoderError:
            return
        self.bar.change(used_tokens=ready.prompt_tokens, exact=ready.exact, context_tokens=ready.context_tokens)
        known = (prompt.history, prompt.attachments)
        if self._reads_ahead and known != self._read:
            self._read = known
            self._read_ahead(engine, fitted.messages)

    @work(exclusive=True, group="read-ahead")
    async def _read_ahead(self, engine: Engine, messages: tuple[Message, ...]) -> None:
        """Have the engine read what stands before the question, so that the answer begins sooner."""
        with suppress(TermcoderError):
            async for _ in engine.stream(Request(messages, Sampling(max_tokens=1), priority=READ_AHEAD_PRIORITY)):
                pass

    # Small things

    def _refused_while_busy(self) -> bool:
        busy = self.answering or bool(self._queue)
        if busy:
            self.app.notify("An answer is on its way: Esc stops it first.", severity="warning")
        return busy

    def _show_queue(self) -> None:
        self.bar.change(queued=len(self._queue))

    def _notice(self, text: str, kind: str = "") -> None:
        notice = self.query_one("#notice", Static)
        notice.update(inert(text))
        notice.set_class(bool(text), "visible")
        notice.set_class(kind == "error", "error")

    def _tell_error(self, error: TermcoderError) -> None:
        self.app.notify(inert(str(error)), severity="error", timeout=12, markup=False)

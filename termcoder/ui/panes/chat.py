"""The chat pane: a conversation above, the message being written below.

What it does with them is in `conversation.py`, which is imported after the first paint.
"""

import asyncio
from typing import TYPE_CHECKING, Any

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from termcoder.errors import TermcoderError
from termcoder.settings import ChatSettings
from termcoder.ui.inert import inert
from termcoder.ui.widgets.composer import Composer
from termcoder.ui.widgets.transcript import Transcript

if TYPE_CHECKING:
    from termcoder.features.parts import Parts
    from termcoder.ui.panes.conversation import Conversation


class ChatPane(Vertical):
    """Transcript, notice line, composer. What is sent before `attach` waits for it."""

    def __init__(self, settings: ChatSettings, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._settings = settings
        self._conversation: asyncio.Future[Conversation] = asyncio.get_running_loop().create_future()

    def compose(self) -> ComposeResult:
        """The three parts."""
        yield Transcript(id="transcript")
        yield Static(id="notice", markup=False)
        yield Composer(send_key=self._settings.send_key, newline_key=self._settings.newline_key)

    def on_mount(self) -> None:
        """Take the keys."""
        self.composer.focus()

    async def attach(self, parts: "Parts") -> None:
        """Show the restored conversation and begin to answer."""
        from termcoder.ui.panes.conversation import Conversation

        conversation = Conversation(self, parts)
        self.composer.attach(parts.chat.workspace, parts.history)
        await conversation.restore()
        self._conversation.set_result(conversation)

    def on_unmount(self) -> None:
        """Follow the engine no longer."""
        if self._conversation.done():
            self._conversation.result().close()

    @property
    def transcript(self) -> Transcript:
        """The conversation as it is shown."""
        return self.query_one(Transcript)

    @property
    def composer(self) -> Composer:
        """The message being written."""
        return self.query_one(Composer)

    @property
    def answering(self) -> bool:
        """Whether an answer is being decoded now."""
        return self._conversation.done() and self._conversation.result().answering

    async def conversation(self) -> "Conversation":
        """What answers, as soon as it is attached."""
        return await asyncio.shield(self._conversation)

    def notice(self, text: str, kind: str = "") -> None:
        """Show a line above the message; "" takes it away. `kind` "error" makes it stand out."""
        notice = self.query_one("#notice", Static)
        notice.update(inert(text))
        notice.set_class(bool(text), "visible")
        notice.set_class(kind == "error", "error")

    def tell_error(self, error: TermcoderError) -> None:
        """Show an error for some seconds."""
        self.app.notify(inert(str(error)), severity="error", timeout=12, markup=False)

    @on(Composer.Submitted)
    async def _submitted(self, event: Composer.Submitted) -> None:
        event.stop()
        await (await self.conversation()).send(event.text)

    @on(Composer.DraftChanged)
    async def _draft_changed(self, event: Composer.DraftChanged) -> None:
        event.stop()
        conversation = await self.conversation()
        if event.text:  # it is empty when it was sent, too
            conversation.touched()
        conversation.count(event.text)

    @on(Composer.EditExternallyRequested)
    async def _edit_draft(self) -> None:
        from termcoder.ui import editor

        try:
            text = await editor.edit_text(self.app, self.composer.text_to_send())
        except TermcoderError as error:
            self.tell_error(error)
            return
        if text is not None:
            self.composer.load_draft(text)

    @on(Composer.FocusTranscriptRequested)
    def _to_transcript(self) -> None:
        self.transcript.focus()

    @on(Transcript.FocusComposerRequested)
    def _to_composer(self) -> None:
        self.composer.focus()

    @on(Transcript.CopyRequested)
    def _copy(self, event: Transcript.CopyRequested) -> None:
        from termcoder.ui import clipboard

        self.app.notify(clipboard.copy(self.app, event.text), markup=False)

    @on(Transcript.SaveRequested)
    async def _save_block(self, event: Transcript.SaveRequested) -> None:
        from termcoder.ui.screens.save import SaveScreen

        root = (await self.conversation()).chat.workspace.root
        self.app.push_screen(SaveScreen(root, event.suggested_name, event.text))

    @on(Transcript.RegenerateRequested)
    async def _regenerate(self, event: Transcript.RegenerateRequested) -> None:
        await (await self.conversation()).answer_again(event.turn_id)

    @on(Transcript.EditRequested)
    async def _edit(self, event: Transcript.EditRequested) -> None:
        (await self.conversation()).edit(event.turn_id)

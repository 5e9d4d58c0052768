"""An app with a composer and the messages that came from it."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from textual import on
from textual.app import App, ComposeResult
from textual.message import Message
from textual.pilot import Pilot
from textual.widgets import Static

from termcoder.history import History
from termcoder.ui import themes
from termcoder.ui.widgets.completion import CompletionPopup
from termcoder.ui.widgets.composer import Composer
from termcoder.workspace import Workspace


class ComposerHost(App[None]):
    """A composer at the bottom, as in the chat pane."""

    ENABLE_COMMAND_PALETTE = False
    CSS = "#above { height: 1fr; }"

    def __init__(self, root: Path | None = None, sent: tuple[str, ...] = (), **settings: Any) -> None:
        super().__init__()
        for theme in themes.load_all()[0]:
            self.register_theme(theme)
        self.theme = "dark"
        self.messages: list[Message] = []
        self.past = History(max_entries=100)
        for text in sent:
            self.past.add(text)
        self._composer = Composer(Workspace(root) if root else None, history=self.past, **settings)

    def compose(self) -> ComposeResult:
        yield Static(id="above")
        yield self._composer

    def on_mount(self) -> None:
        self.composer.focus()

    @property
    def composer(self) -> Composer:
        return self._composer

    @property
    def popup(self) -> CompletionPopup:
        return self.screen_stack[0].query_one(CompletionPopup)

    @property
    def sent(self) -> list[str]:
        return [message.text for message in self.messages if isinstance(message, Composer.Submitted)]

    @on(Composer.Submitted)
    @on(Composer.DraftChanged)
    @on(Composer.FocusTranscriptRequested)
    @on(Composer.EditExternallyRequested)
    def note(self, message: Message) -> None:
        self.messages.append(message)


async def until(pilot: Pilot[Any], holds: Callable[[], object], seconds: float = 10) -> None:
    """Wait for a state."""
    async with asyncio.timeout(seconds):
        while not holds():
            await pilot.pause()

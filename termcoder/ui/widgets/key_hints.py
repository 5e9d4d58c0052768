"""The line of keys at the bottom.

Drawn as one line: Textual's own `Footer` mounts a widget for every key at every change of focus.
"""

from collections.abc import Sequence
from typing import Any

from rich.text import Text
from textual.app import RenderResult
from textual.reactive import reactive
from textual.widget import Widget

from termcoder.ui.commands import Command, keys_label


class KeyHints(Widget):
    """The labelled commands of the current scopes, then those that work everywhere, as many as fit."""

    DEFAULT_CSS = """
    KeyHints { height: 1; padding: 0 1; background: $surface; color: $foreground; }
    """

    scopes: reactive[tuple[str, ...]] = reactive(("composer",))

    def __init__(self, commands: Sequence[Command], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._commands = commands

    def render(self) -> RenderResult:
        """Key and label of each."""
        text = Text(no_wrap=True, overflow="ellipsis")
        for command in sorted(self._shown(), key=lambda each: each.scope == "app"):
            hint = Text.assemble((keys_label(command, first=True), "bold"), f" {command.label}   ")
            if text.cell_len + hint.cell_len > self.size.width + 3:
                break
            text.append_text(hint)
        return text

    def _shown(self) -> list[Command]:
        return [command for command in self._commands if command.label and command.scope in (*self.scopes, "app")]

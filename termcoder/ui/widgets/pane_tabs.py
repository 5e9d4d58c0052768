"""The line at the top that says which pane is in use."""

from collections.abc import Sequence
from typing import Any

from rich.text import Text
from textual import events
from textual.app import RenderResult
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget


class PaneTabs(Widget):
    """The panes' names, each with its key; the one in use stands between marks."""

    DEFAULT_CSS = """
    PaneTabs { height: 1; padding: 0 1; background: $surface; color: $foreground; }
    """

    active: reactive[str] = reactive("")

    class Chosen(Message):
        """A name was clicked."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(self, panes: Sequence[tuple[str, str, str]], **kwargs: Any) -> None:
        """`panes`: each pane's name, title and key."""
        super().__init__(**kwargs)
        self._panes = panes

    def render(self) -> RenderResult:
        """One line."""
        text = Text(no_wrap=True, overflow="ellipsis")
        for label, name in self._labels():
            text.append(label, style="bold reverse" if name == self.active else "")
        return text

    def on_click(self, event: events.Click) -> None:
        """Go to the pane that was clicked."""
        column = event.x - 1
        for label, name in self._labels():
            if 0 <= column < len(label):
                self.post_message(self.Chosen(name))
            column -= len(label)

    def _labels(self) -> list[tuple[str, str]]:
        return [
            (f"▸{title} {key}◂ " if name == self.active else f" {title} {key}  ", name)
            for name, title, key in self._panes
        ]

"""The help screen: every key of the place one came from, read from the command declarations."""

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from termcoder.ui.commands import PANE_SCOPES, Command, keys_label

SCOPES = {
    "composer": "Message",
    "transcript": "Conversation",
    "find": "Finding words",
    "traceback": "Traceback",
    "errors": "Errors",
    "source": "Source",
    "log": "Log",
    "diagnosis": "Diagnosis",
    "fixes": "Fixes",
    "patch": "Patch",
    "review": "Review",
    "changes": "Changed files",
    "diff": "Changes",
    "sessions": "Sessions",
    "session_list": "List of sessions",
    "app": "Everywhere",
}
_NEAR = {place: (pane, place, "app") for pane, places in PANE_SCOPES.items() if pane in places for place in places}
"""Where a key works that is pressed in a place of a pane that has keys of its own."""


class HelpScreen(ModalScreen[None]):
    """Keys by place, the current one first. Closes on Esc, q or F1."""

    BINDINGS = [Binding("escape,q,f1", "dismiss", "Close")]
    DEFAULT_CSS = """
    HelpScreen { align: center middle; }
    HelpScreen > VerticalScroll {
        width: 72; max-width: 95%; height: auto; max-height: 90%;
        background: $surface; border: round $primary; padding: 1 2;
    }
    HelpScreen Static { height: auto; }
    """

    def __init__(self, commands: Sequence[Command], scope: str) -> None:
        super().__init__()
        self._commands = commands
        near = _NEAR.get(scope, (scope, "app"))
        self._scopes = [*dict.fromkeys((scope, *near)), *(name for name in SCOPES if name not in near)]

    def compose(self) -> ComposeResult:
        """One table a place."""
        with VerticalScroll():
            for scope in self._scopes:
                yield Static(self._table(scope))
            yield Static(Text("Esc closes this", style="dim"))

    def _table(self, scope: str) -> Table:
        table = Table(title=SCOPES[scope], title_justify="left", title_style="bold", box=None)
        table.add_column(width=16, style="bold")
        table.add_column()
        table.show_header = False
        for command in self._commands:
            if command.scope == scope:
                table.add_row(Text(keys_label(command)), Text(command.title))
        table.add_row("", "")
        return table

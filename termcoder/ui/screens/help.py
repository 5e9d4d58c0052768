"""The help screen: every key of the place one came from, read from the command declarations."""

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from termcoder.ui.commands import Command, commands_of

SCOPES = {"composer": "Message", "transcript": "Conversation", "app": "Everywhere"}
NAMES = {"escape": "Esc", "enter": "Enter", "tab": "Tab", "home": "Home", "end": "End"}


def key_label(key: str) -> str:
    """ "ctrl+j" as people write it: "Ctrl+J"."""
    if "+" in key:
        return "+".join(key_label(part) if len(part) > 1 else part.upper() for part in key.split("+"))
    if len(key) == 1:
        return key
    return NAMES.get(key, key.capitalize())


def keys_label(command: Command) -> str:
    """All keys of a command."""
    return " or ".join(key_label(key) for key in command.keys)


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

    def __init__(self, scope: str) -> None:
        super().__init__()
        self._scopes = sorted(SCOPES, key=lambda name: name != scope)

    def compose(self) -> ComposeResult:
        """One table a place."""
        with VerticalScroll():
            for scope in self._scopes:
                yield Static(self._table(scope))
            yield Static(Text("Esc closes this", style="dim"))

    def _table(self, scope: str) -> Table:
        table = Table(title=SCOPES[scope], title_justify="left", title_style="bold", box=None, expand=True)
        table.add_column(width=18, style="bold")
        table.add_column()
        table.show_header = False
        for command in commands_of(scope):
            table.add_row(Text(keys_label(command)), Text(command.title))
        table.add_row("", "")
        return table

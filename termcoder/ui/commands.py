"""Every command of the program, declared once: bindings, command palette, footer and help come from here.

A command `copy` of scope "transcript" runs `action_copy` of the focused transcript. Scope "app" commands
work everywhere. Keys are Textual key names; the binding id "scope.name" is what a keymap refers to.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from textual.binding import Binding, BindingType


@dataclass(frozen=True, slots=True)
class Command:
    """One command. `footer`: shown in the footer too. `palette`: False for plain cursor movement."""

    scope: str
    name: str
    keys: tuple[str, ...]
    title: str
    footer: bool = False
    palette: bool = True
    priority: bool = False

    @property
    def id(self) -> str:
        """The name a keymap uses."""
        return f"{self.scope}.{self.name}"


COMMANDS: tuple[Command, ...] = (
    Command("app", "help", ("f1",), "Keys and commands of this place", footer=True),
    Command("app", "command_palette", ("ctrl+p",), "Find a command by name", footer=True, palette=False),
    Command("app", "cancel", ("escape",), "Stop the answer"),
    Command("app", "new_session", ("ctrl+n",), "Start a new session", priority=True),
    Command("app", "models", ("f3",), "Models: choose, fetch, remove"),
    Command("app", "log", ("f4",), "Show the log"),
    Command("app", "restart_engine", ("f5",), "Start the engine again"),
    Command("app", "next_theme", ("f6",), "Next theme"),
    Command("app", "quit", ("ctrl+q",), "Leave the program", footer=True, priority=True),
    Command("composer", "send", ("enter",), "Send the message", footer=True),
    Command("composer", "newline", ("ctrl+j",), "New line", palette=False),
    Command("composer", "edit_externally", ("ctrl+g",), "Write the message in $EDITOR"),
    Command("composer", "search_history", ("ctrl+r",), "Search what was sent before"),
    Command("composer", "focus_transcript", ("tab",), "Go to the conversation", footer=True, palette=False),
    Command("transcript", "focus_composer", ("tab", "i"), "Back to the message", footer=True, palette=False),
    Command("transcript", "previous_block", ("up", "k"), "Previous block", palette=False),
    Command("transcript", "next_block", ("down", "j"), "Next block", palette=False),
    Command("transcript", "previous_turn", ("left", "h"), "Previous turn", palette=False),
    Command("transcript", "next_turn", ("right", "l"), "Next turn", palette=False),
    Command("transcript", "first_block", ("home", "g"), "First block", palette=False),
    Command("transcript", "last_block", ("end", "G"), "Last block", palette=False),
    Command("transcript", "copy_block", ("c", "enter"), "Copy this block", footer=True),
    Command("transcript", "copy_answer", ("y",), "Copy the whole answer", footer=True),
    Command("transcript", "save_block", ("s",), "Save this block to a file"),
    Command("transcript", "regenerate", ("r",), "Answer again", footer=True),
    Command("transcript", "edit", ("e",), "Edit this question and send it again", footer=True),
)


def commands_of(*scopes: str) -> Iterable[Command]:
    """The commands of these scopes, in the order they were declared."""
    return (command for command in COMMANDS if command.scope in scopes)


def bindings_of(scope: str) -> list[BindingType]:
    """Textual bindings of one scope, for a widget's `BINDINGS`."""
    return [
        Binding(
            ",".join(command.keys),
            command.name,
            command.title,
            show=command.footer,
            priority=command.priority,
            id=command.id,
        )
        for command in commands_of(scope)
    ]

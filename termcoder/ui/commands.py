"""Every command of the program, declared once: bindings, command palette, footer and help come from here.

A command `copy` of scope "transcript" runs `action_copy` of the focused transcript. Scope "app" commands
work everywhere. Keys are Textual key names; the binding id "scope.name" is what a keymap refers to.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from textual.binding import Binding, BindingType


@dataclass(frozen=True, slots=True)
class Command:
    """One command. `label`: its short name in the footer, if it is shown there. `palette`: False for mere movement."""

    scope: str
    name: str
    keys: tuple[str, ...]
    title: str
    label: str = ""
    palette: bool = True
    priority: bool = False

    @property
    def id(self) -> str:
        """The name a keymap uses."""
        return f"{self.scope}.{self.name}"


COMMANDS: tuple[Command, ...] = (
    Command("app", "help", ("f1",), "Keys and commands of this place", label="Help"),
    Command("app", "command_palette", ("ctrl+p",), "Find a command by name", label="Commands", palette=False),
    Command("app", "cancel", ("escape",), "Stop the answer"),
    Command("app", "new_session", ("ctrl+n",), "Start a new session", priority=True),
    Command("app", "models", ("f3",), "Models: choose, fetch, remove"),
    Command("app", "log", ("f4",), "Show the log"),
    Command("app", "restart_engine", ("f5",), "Start the engine again"),
    Command("app", "next_theme", ("f6",), "Next theme"),
    Command("app", "quit", ("ctrl+q",), "Leave the program", label="Quit", priority=True),
    Command("composer", "send", ("enter",), "Send the message", label="Send"),
    Command("composer", "newline", ("ctrl+j",), "New line", palette=False),
    Command("composer", "edit_externally", ("ctrl+g",), "Write the message in $EDITOR"),
    Command("composer", "search_history", ("ctrl+r",), "Search what was sent before"),
    Command("composer", "focus_transcript", ("tab",), "Go to the conversation", label="Conversation", palette=False),
    Command("transcript", "focus_composer", ("tab", "i"), "Back to the message", label="Message", palette=False),
    Command("transcript", "previous_block", ("up", "k"), "Previous block", palette=False),
    Command("transcript", "next_block", ("down", "j"), "Next block", palette=False),
    Command("transcript", "previous_turn", ("left", "h"), "Previous turn", palette=False),
    Command("transcript", "next_turn", ("right", "l"), "Next turn", palette=False),
    Command("transcript", "first_block", ("home", "g"), "First block", palette=False),
    Command("transcript", "last_block", ("end", "G"), "Last block", palette=False),
    Command("transcript", "copy_block", ("c", "enter"), "Copy this block", label="Copy"),
    Command("transcript", "copy_answer", ("y",), "Copy the whole answer", label="Copy answer"),
    Command("transcript", "save_block", ("s",), "Save this block to a file"),
    Command("transcript", "toggle_fold", ("space", "o"), "Show or fold a long question", palette=False),
    Command("transcript", "regenerate", ("r",), "Answer again", label="Again"),
    Command("transcript", "edit", ("e",), "Edit this question and send it again", label="Edit"),
)


def commands_of(*scopes: str) -> list[Command]:
    """The commands of these scopes, in the order they were declared."""
    return [command for command in COMMANDS if command.scope in scopes]


NAMES = {"escape": "Esc"}


def key_label(key: str) -> str:
    """ "ctrl+j" as people write it: "Ctrl+J"."""
    if "+" in key:
        return "+".join(key_label(part) if len(part) > 1 else part.upper() for part in key.split("+"))
    return key if len(key) == 1 else NAMES.get(key, key.capitalize())


def keys_label(command: Command, *, first: bool = False) -> str:
    """All keys of a command, or only its first."""
    return " or ".join(key_label(key) for key in command.keys[: 1 if first else None])


def with_keys(keys: Mapping[str, str]) -> tuple[Command, ...]:
    """Every command, with these keys (by command id) in place of its own."""
    return tuple(replace(command, keys=(keys[command.id],)) if command.id in keys else command for command in COMMANDS)


def bindings_of(scope: str) -> list[BindingType]:
    """Textual bindings of one scope, for a widget's `BINDINGS`."""
    return [
        Binding(
            ",".join(command.keys),
            command.name,
            command.label or command.title,
            show=bool(command.label),
            priority=command.priority,
            id=command.id,
        )
        for command in commands_of(scope)
    ]

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


def _moves(scope: str) -> tuple[Command, ...]:
    """What every list of rows understands."""
    rows = (
        ("previous_line", ("up", "k"), "Up"),
        ("next_line", ("down", "j"), "Down"),
        ("page_up", ("pageup",), "A page up"),
        ("page_down", ("pagedown",), "A page down"),
        ("first_line", ("home", "g"), "To the beginning"),
        ("last_line", ("end", "G"), "To the end"),
    )
    return tuple(Command(scope, name, keys, title, palette=False) for name, keys, title in rows)


COMMANDS: tuple[Command, ...] = (
    Command("app", "help", ("f1",), "Keys and commands of this place", label="Help"),
    Command("app", "command_palette", ("ctrl+p",), "Find a command by name", label="Commands", palette=False),
    Command("app", "cancel", ("escape",), "Stop what runs"),
    Command("app", "next_pane", ("f2",), "Next pane: Chat, Traceback, Review", label="Pane", priority=True),
    Command("app", "new_session", ("ctrl+n",), "Start a new session", priority=True),
    Command("app", "find", ("ctrl+f",), "Find words in the conversation", priority=True),
    Command("app", "sessions", ("f7",), "Sessions: search, resume, rename, delete, export"),
    Command("app", "refactor", ("f8",), "Refactor lines of a file"),
    Command("app", "models", ("f3",), "Models: choose, fetch, remove"),
    Command("app", "log", ("f4",), "Show the log"),
    Command("app", "restart_engine", ("f5",), "Start the engine again"),
    Command("app", "memory", ("f9",), "What the model remembers of older turns"),
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
    Command("transcript", "fork", ("f",), "Begin a session with all up to this turn", label="Fork"),
    Command("transcript", "next_match", ("n",), "Next match of what was looked for", palette=False),
    Command("transcript", "previous_match", ("N",), "The match before", palette=False),
    Command("transcript", "close_find", ("escape",), "Close the line for finding words", palette=False),
    Command("find", "next_match", ("down",), "Next match (Enter too)", label="Next", palette=False),
    Command("find", "previous_match", ("up", "shift+enter"), "The match before", label="Previous", palette=False),
    Command("find", "close", ("escape",), "Close the line, stay at the match", label="Close", palette=False),
    Command("sessions", "search", ("slash",), "Search the text of all sessions", label="search"),
    Command("sessions", "rename", ("r",), "Give the session another title", label="rename"),
    Command("sessions", "delete", ("d",), "Delete the session; u takes it back", label="delete"),
    Command("sessions", "undo", ("u",), "Take the last deleted session back", label="undo"),
    Command("sessions", "export", ("x",), "Write the session to a file: Markdown, HTML, JSON", label="export"),
    Command("sessions", "import", ("i",), "Take a session in from a JSON file", label="import"),
    Command("sessions", "new", ("n",), "Begin an empty session", label="new"),
    Command("sessions", "toggle_projects", ("a",), "Sessions of all projects, or of this one", label="all projects"),
    Command("sessions", "help", ("f1",), "Keys of this place"),
    Command("sessions", "leave", ("escape", "f7"), "Close this", label="close"),
    *_moves("session_list"),
    Command("session_list", "choose", ("enter",), "Go on with this session", label="resume", palette=False),
    Command("traceback", "diagnose", ("d",), "Diagnose the chosen error", label="Diagnose"),
    Command("traceback", "next_frame", ("n",), "Next frame of your own code", label="Frame", palette=False),
    Command("traceback", "previous_frame", ("p",), "The frame before", palette=False),
    Command("traceback", "next_error", ("right_square_bracket",), "Next error", palette=False),
    Command("traceback", "previous_error", ("left_square_bracket",), "The error before", palette=False),
    Command("traceback", "open_editor", ("e",), "Open the shown line in $EDITOR", label="Edit"),
    Command("traceback", "apply_fix", ("a",), "Show the chosen fix, then apply it", label="Apply"),
    Command("traceback", "try_fixes", ("t",), "Try the fixes with a command that shows the error", label="Try"),
    Command("traceback", "undo", ("u",), "Take the last change of files back", label="Undo"),
    Command("traceback", "copy_error", ("y",), "Copy the chosen error"),
    Command("traceback", "clear_log", ("x",), "Put the log away"),
    *_moves("log"),
    Command("log", "left", ("left", "h"), "Scroll left", palette=False),
    Command("log", "right", ("right", "l"), "Scroll right", palette=False),
    Command("log", "choose", ("enter",), "Go to the error on this line", palette=False),
    Command("log", "next_mark", ("N",), "Next error in the log", palette=False),
    Command("log", "previous_mark", ("P",), "The error before in the log", palette=False),
    Command("log", "copy_line", ("c",), "Copy this line", palette=False),
    Command("errors", "next_step", ("down", "j"), "Next row", palette=False),
    Command("errors", "previous_step", ("up", "k"), "The row before", palette=False),
    Command("errors", "page_up", ("pageup",), "A page up", palette=False),
    Command("errors", "page_down", ("pagedown",), "A page down", palette=False),
    Command("errors", "first_line", ("home", "g"), "First row", palette=False),
    Command("errors", "last_line", ("end", "G"), "Last row", palette=False),
    Command("errors", "toggle_fold", ("space", "o"), "Show or fold library frames", palette=False),
    Command("errors", "choose", ("enter",), "Open the error, or go to the source", palette=False),
    Command("errors", "copy", ("c",), "Copy this error", palette=False),
    *_moves("source"),
    Command("source", "left", ("left", "h"), "Scroll left", palette=False),
    Command("source", "right", ("right", "l"), "Scroll right", palette=False),
    Command("source", "center", ("space",), "Back to the marked line", palette=False),
    Command("source", "open_editor", ("enter",), "Open this line in $EDITOR", palette=False),
    Command("source", "copy_place", ("c",), "Copy path:line", palette=False),
    *_moves("diagnosis"),
    Command("diagnosis", "follow_place", ("enter",), "Go to the place", palette=False),
    Command("diagnosis", "copy", ("c",), "Copy the diagnosis", palette=False),
    Command("fixes", "next_fix", ("down", "j"), "Next fix", palette=False),
    Command("fixes", "previous_fix", ("up", "k"), "The fix before", palette=False),
    Command("fixes", "apply", ("enter",), "Show this fix, then apply it", palette=False),
    *(Command("fixes", f"choose_number({n})", (str(n),), f"Fix {n}", palette=False) for n in range(1, 10)),
    Command("fixes", "copy_fix", ("c",), "Copy this fix as a patch", palette=False),
    *_moves("patch"),
    Command("patch", "left", ("left", "h"), "Scroll left", palette=False),
    Command("patch", "right", ("right", "l"), "Scroll right", palette=False),
    Command("patch", "next_hunk", ("N",), "Next hunk", palette=False),
    Command("patch", "previous_hunk", ("P",), "The hunk before", palette=False),
    Command("patch", "toggle_hunk", ("space",), "Leave this hunk out, or take it in", palette=False),
    Command("review", "review", ("r",), "Review these changes, or review them anew", label="Review"),
    Command("review", "toggle_scope", ("t",), "Show what is staged, or what isn't yet", label="Staged/Disk"),
    Command("review", "choose_scope", ("o",), "Choose what is reviewed: a commit, a range, a branch"),
    Command("review", "stage", ("s",), "Stage the chosen lines, or unstage them", label="Stage"),
    Command("review", "discard", ("x",), "Take the chosen lines back on the disk"),
    Command("review", "apply", ("a",), "Show this finding's patch, then apply it", label="Apply"),
    Command("review", "dismiss", ("d",), "Dismiss this finding", label="Dismiss"),
    Command("review", "toggle_folded", ("i",), "Show folded findings, or hide them"),
    Command("review", "copy_finding", ("y",), "Copy this finding, with its patch"),
    Command("review", "commit", ("C",), "Commit what is staged", label="Commit"),
    Command("review", "undo", ("u",), "Take the last thing back that was done here", label="Undo"),
    Command("review", "read_anew", ("R",), "Read the changes anew"),
    *_moves("changes"),
    Command("changes", "toggle_fold", ("space",), "Fold this folder, or open it", palette=False),
    Command("changes", "choose", ("enter",), "Go to this file's changes", palette=False),
    Command("changes", "copy", ("c",), "Copy this path", palette=False),
    *_moves("diff"),
    Command("diff", "left", ("left", "h"), "Scroll left", palette=False),
    Command("diff", "right", ("right", "l"), "Scroll right", palette=False),
    Command("diff", "next_hunk", ("n",), "Next hunk", palette=False),
    Command("diff", "previous_hunk", ("p",), "The hunk before", palette=False),
    Command("diff", "next_file", ("right_square_bracket",), "Next file", palette=False),
    Command("diff", "previous_file", ("left_square_bracket",), "The file before", palette=False),
    Command("diff", "next_finding", ("f",), "Next finding", label="Finding", palette=False),
    Command("diff", "previous_finding", ("F",), "The finding before", palette=False),
    Command("diff", "toggle_mark", ("space",), "Choose this line, or fold this file", palette=False),
    Command("diff", "mark_range", ("v",), "Choose lines from here on", palette=False),
    Command("diff", "choose", ("enter",), "Open what is folded; edit this line", palette=False),
    Command("diff", "edit_line", ("e",), "Open this line in $EDITOR", palette=False),
    Command("diff", "copy", ("c",), "Copy this line or finding", palette=False),
    Command("diff", "fold_context", ("z",), "Hide unchanged lines, or show them"),
    Command("diff", "show_between", ("Z",), "Show all lines between the hunks of this file"),
    Command("diff", "toggle_split", ("w",), "Old and new side by side, or in one column"),
)

PANE_SCOPES = {
    "chat": ("composer", "transcript"),
    "traceback": ("traceback", "errors", "source", "log", "diagnosis", "fixes", "patch"),
    "review": ("review", "changes", "diff"),
}
"""The places of each pane, as commands name them; but for the chat the first is the pane itself."""


def commands_of(*scopes: str) -> list[Command]:
    """The commands of these scopes, in the order they were declared."""
    return [command for command in COMMANDS if command.scope in scopes]


NAMES = {
    "escape": "Esc",
    "right_square_bracket": "]",
    "left_square_bracket": "[",
    "slash": "/",
    "pageup": "PgUp",
    "pagedown": "PgDn",
}


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

"""The message being written: it sends, recalls what was sent before, and completes `@file` and `/template`."""

from typing import TYPE_CHECKING, Any, ClassVar

from rich.text import Text
from textual import events, on
from textual.binding import BindingType
from textual.message import Message
from textual.timer import Timer
from textual.widgets import TextArea

from termcoder.ui.commands import bindings_of
from termcoder.ui.widgets.draft_area import DraftArea

if TYPE_CHECKING:
    from termcoder.history import History
    from termcoder.ui.widgets.completer import Completer
    from termcoder.ui.widgets.recall import Recall
    from termcoder.workspace import Workspace

DRAFT_CHANGED_SECONDS = 0.15
"""Changes this close together are told once."""

_NEWLINE_KEYS = frozenset({"enter", "shift+enter", "alt+enter", "ctrl+enter"})
_UNBOUND = ("f6", "f7")  # a text area selects with them; here they are the program's


class Composer(DraftArea):
    """Where a message is written; it empties itself when it sends.

    `send_key` sends, `newline_key` and the other keys with Enter in them make a newline. Without a `history`,
    up, down and the search do nothing; without a `workspace`, nothing is completed.
    """

    BINDINGS: ClassVar[list[BindingType]] = bindings_of("composer")
    COMPONENT_CLASSES: ClassVar[set[str]] = {"composer--mention"}
    DEFAULT_CSS = """
    Composer {
        height: auto;
        min-height: 3;
        max-height: 12;
        border: round $border-blurred;
        padding: 0 1;
        background: $background;
        scrollbar-size-vertical: 1;
        & .composer--mention { color: $accent; text-style: bold; }
        &:focus { border: round $border; }
    }
    """

    class Submitted(Message):
        """The user sends `text`."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class DraftChanged(Message):
        """The draft is now `text`, as it would be sent; told at most every `DRAFT_CHANGED_SECONDS`."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class FocusTranscriptRequested(Message):
        """The user wants to go to the conversation."""

    class EditExternallyRequested(Message):
        """The user wants to write on in an editor."""

    def __init__(
        self,
        workspace: "Workspace | None" = None,
        *,
        history: "History | None" = None,
        send_key: str = "enter",
        newline_key: str = "ctrl+j",
        **kwargs: Any,
    ) -> None:
        self._named: frozenset[str] = frozenset()
        super().__init__("Ask about this project. @ names a file, / a template.", **kwargs)
        self._workspace: Workspace | None = None
        self._recall: Recall | None = None
        self._completers: tuple[Completer, ...] = ()
        self.attach(workspace, history)
        self._told: Timer | None = None
        self._newline_keys = (_NEWLINE_KEYS | {newline_key}) - {send_key}
        self._bindings.apply_keymap({"composer.send": send_key, "composer.newline": newline_key})
        for key in _UNBOUND:
            self._bindings.key_to_bindings.pop(key, None)

    def attach(self, workspace: "Workspace | None", history: "History | None") -> None:
        """Complete files of this workspace and recall from this history from now on."""
        self._workspace = workspace
        if history is not None:
            from termcoder.ui.widgets.recall import Recall

            self._recall = Recall(history)
        if workspace is not None:
            from termcoder.ui.widgets.file_completer import FileCompleter
            from termcoder.ui.widgets.template_completer import TemplateCompleter

            self._completers = (FileCompleter(self, workspace), TemplateCompleter(self, workspace))
            if self.is_mounted:
                self._mount_lists()

    def load_draft(self, text: str) -> None:
        """Put `text` in place of the draft; undo brings the draft back."""
        if self._recall is not None:
            self._recall.leave()
        self.show_text(text)

    def on_mount(self) -> None:
        """Bring the lists of files and templates along, unseen."""
        self._mount_lists()

    def _mount_lists(self) -> None:
        self.screen.mount(*(each.popup for each in self._completers))
        for completer in self._completers:
            completer.prepare()

    # What the user does

    def action_send(self) -> None:
        """Send the message, unless it is blank."""
        text = self.text_to_send()
        if not text.strip():
            return
        if self._recall is not None:
            self._recall.sent(text)
        self.clear()
        self.post_message(self.Submitted(text))

    def action_newline(self) -> None:
        """Start a new line."""
        self._replace_via_keyboard("\n", *self.selection)

    def action_edit_externally(self) -> None:
        """Write on in an editor."""
        self.post_message(self.EditExternallyRequested())

    def action_focus_transcript(self) -> None:
        """Go to the conversation."""
        self.post_message(self.FocusTranscriptRequested())

    def action_search_history(self) -> None:
        """Search what was sent before; what is taken replaces the draft."""
        if self._recall is not None:
            from termcoder.ui.widgets.history_search import HistorySearch  # its widgets aren't needed for the start

            below = self.screen.size.height - self.region.y
            self.app.push_screen(HistorySearch(self._recall.history, below), self._take_found)

    def action_cursor_up(self, select: bool = False) -> None:
        """Go a line up, from the first line to what was sent before."""
        if select or not self.navigator.is_first_wrapped_line(self.cursor_location):
            super().action_cursor_up(select)
        elif self._step(older=True):
            self.move_cursor((0, len(self.document.get_line(0))))

    def action_cursor_down(self, select: bool = False) -> None:
        """Go a line down, from the last line to what was sent later and in the end to the draft."""
        if select or not self.navigator.is_last_wrapped_line(self.cursor_location):
            super().action_cursor_down(select)
        else:
            self._step(older=False)

    def _step(self, *, older: bool) -> bool:
        text = self._recall.step(self.text_to_send(), older=older) if self._recall is not None else None
        if text is None:
            return False
        self.show_text(text)
        return True

    def _take_found(self, text: str | None) -> None:
        if text is not None:
            self.load_draft(text)

    # Keys

    async def _on_key(self, event: events.Key) -> None:
        if self._take_key(event.key):
            event.stop()
            event.prevent_default()
        elif event.key == "enter":
            event.prevent_default()  # a text area would insert a newline; the binding sends
        elif event.is_printable or event.key == "backspace":
            for completer in self._completers:
                self.call_later(completer.update)

    def _take_key(self, key: str) -> bool:
        if self._completes(key):
            return True
        if key in self._newline_keys:
            self.action_newline()
            return True
        return False

    def _completes(self, key: str) -> bool:
        return any(completer.key(key) for completer in self._completers)

    # What follows from a change

    @on(TextArea.Changed)
    def _changed(self, event: TextArea.Changed) -> None:
        event.stop()
        if self._told is None:
            self._told = self.set_timer(DRAFT_CHANGED_SECONDS, self._tell_draft)

    @on(TextArea.SelectionChanged)
    def _cursor_moved(self, event: TextArea.SelectionChanged) -> None:
        event.stop()
        for completer in self._completers:
            if completer.popup.is_open:
                completer.update()

    def _tell_draft(self) -> None:
        self._told = None
        self._find_named_files()
        self.post_message(self.DraftChanged(self.text_to_send()))

    def _find_named_files(self) -> None:
        """Which mentions name a file? They are drawn in their own colour, mere text isn't."""
        if self._workspace is None:
            return
        from termcoder.mentions import find_mentions

        paths = {mention.path for mention in find_mentions(self.text)}
        named = frozenset(path for path in paths if self._workspace.is_file(path))
        if named != self._named:
            self._named = named
            self.notify_style_update()
            self.refresh()

    def get_line(self, line_index: int) -> Text:
        """A line as it is drawn."""
        text = super().get_line(line_index)
        if self._named:
            style = self.get_component_rich_style("composer--mention", partial=True)
            from termcoder.mentions import find_mentions

            for mention in find_mentions(self.document.get_line(line_index)):
                if mention.path in self._named:
                    text.stylize(style, mention.start, mention.end)
        return text

    def on_blur(self) -> None:
        """Nothing is completed while another part has the keys."""
        for completer in self._completers:
            completer.close()

    def on_resize(self) -> None:
        """Keep the list that is open on top."""
        for completer in self._completers:
            self.call_after_refresh(completer.position)

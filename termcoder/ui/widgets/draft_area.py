"""A text area that keeps text exactly and stays quick however much is pasted into it."""

from typing import Any, ClassVar

from rich.text import Text
from textual import events
from textual.document._document import EditResult, Location, Selection
from textual.document._document_navigator import DocumentNavigator
from textual.document._edit import Edit
from textual.document._wrapped_document import WrappedDocument
from textual.widgets import TextArea

from termcoder.ui.widgets.draft import ExactDocument, Pastes, labels_in, normalise, shown


class DraftArea(TextArea):
    """Text in which a large paste stands as one label. `text` has labels, `text_to_send()` what they stand for."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"draft--label"}
    DEFAULT_CSS = """
    DraftArea .draft--label { color: $text-accent; background: $accent 20%; }
    """

    def __init__(self, placeholder: str, **kwargs: Any) -> None:
        self._pastes = Pastes()
        super().__init__(placeholder=placeholder, highlight_cursor_line=False, **kwargs)
        self.cursor_blink = False  # an idle program does nothing

    def text_to_send(self) -> str:
        """The whole text, exactly as pasted and typed; newlines are LF."""
        return self._pastes.expand(self.text)

    def show_text(self, text: str) -> None:
        """Replace the draft, in a way that undo takes back. The cursor goes to the end."""
        self.history.checkpoint()
        self.replace(self._pastes.refold(normalise(text)), (0, 0), self.document.end, maintain_selection_offset=False)
        self.history.checkpoint()

    def clear(self) -> EditResult:
        """Empty the draft for good: nothing is left to undo."""
        result = super().clear()
        self.history.clear()
        self._pastes.clear()
        return result

    def insert_paste(self, text: str) -> None:
        """Put pasted text in place of the selection, folded if it is large."""
        result = self._replace_via_keyboard(self._pastes.fold(normalise(text)), *self.selection)
        if result is not None:
            self.move_cursor(result.end_location)

    def edit(self, edit: Edit) -> EditResult:
        """Do an edit; a label that it touches is replaced as a whole."""
        top, bottom = self._whole_labels(edit.top, edit.bottom)
        return super().edit(Edit(edit.text, top, bottom, edit.maintain_selection_offset))

    def validate_selection(self, selection: Selection) -> Selection:
        """Keep the cursor out of labels: it jumps over them."""
        start, end = selection
        return Selection(self._out_of_label(start), self._out_of_label(end))

    def get_line(self, line_index: int) -> Text:
        """A line as it is drawn: nothing in it can command the terminal."""
        line = self.document.get_line(line_index)
        text = Text(shown(line), end="", no_wrap=True)
        style = self.get_component_rich_style("draft--label")
        for start, end in labels_in(line):
            text.stylize(style, start, end)
        return text

    def action_copy(self) -> None:
        """Copy the selection, with what its labels stand for."""
        super().action_copy()
        self._expand_clipboard()

    def action_cut(self) -> None:
        """Cut the selection, with what its labels stand for."""
        super().action_cut()
        self._expand_clipboard()

    def action_paste(self) -> None:
        """Insert what was copied in this program."""
        self.insert_paste(self.app.clipboard)

    async def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        self.insert_paste(event.text)

    def _set_document(self, text: str, language: str | None) -> None:
        self.document = ExactDocument(normalise(text))
        self.wrapped_document = WrappedDocument(self.document, tab_width=self.indent_width)
        self.navigator = DocumentNavigator(self.wrapped_document)
        self._build_highlight_map()
        self.move_cursor((0, 0))
        self._rewrap_and_refresh_virtual_size()

    def _expand_clipboard(self) -> None:
        whole = self._pastes.expand(self.app.clipboard)
        if whole != self.app.clipboard:
            self.app.copy_to_clipboard(whole)

    def _whole_labels(self, top: Location, bottom: Location) -> tuple[Location, Location]:
        for start, end in labels_in(self._line(top[0])):
            if start < top[1] < end:
                top = (top[0], end if top == bottom else start)
                bottom = max(top, bottom)
        for start, end in labels_in(self._line(bottom[0])):
            if start < bottom[1] < end:
                bottom = (bottom[0], end)
        return top, bottom

    def _out_of_label(self, location: Location) -> Location:
        """The end of the label that `location` is in: the far one, seen from where the cursor is now."""
        row, column = location
        for start, end in labels_in(self._line(row)):
            if start < column < end:
                forwards = self.selection.end <= (row, start)
                return (row, end if forwards else start)
        return location

    def _line(self, row: int) -> str:
        return self.document.get_line(row) if row < self.document.line_count else ""

"""The models screen: what there is, what is here, what fits; choose, fetch, remove."""

import threading
from typing import ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import DataTable, Input, Static

from termcoder.errors import CancelledError, TermcoderError
from termcoder.models import catalogue, fit, overview, store
from termcoder.models.overview import Entry
from termcoder.models.progress import Progress, as_text, size_text
from termcoder.ui.inert import one_line
from termcoder.ui.screens.confirm import ConfirmScreen

HINT = "Enter uses · p fetches · d removes · o another · Esc closes"
COLUMNS = (("", 6), ("model", 20), ("size", 7), ("memory", 28), ("for", None))
DETAILS = ("for", "licence", "context", "memory", "weights", "quality", "sources", "state", "folder")


class ModelsScreen(ModalScreen[str | None]):
    """Returns the name of the model to use, None when left with Esc. Fetches and removes by itself."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,f3", "leave", "Close"),
        Binding("q", "leave", "Close", show=False),
        Binding("p", "pull", "Fetch"),
        Binding("d", "remove", "Remove"),
        Binding("o", "other", "Another"),
        Binding("j", "move(1)", "Down", show=False),
        Binding("k", "move(-1)", "Up", show=False),
    ]
    DEFAULT_CSS = """
    ModelsScreen { align: center middle; }
    ModelsScreen > Vertical {
        width: 124; max-width: 98%; height: auto; max-height: 95%;
        background: $surface; border: round $primary; border-title-color: $text-muted; padding: 1 2;
    }
    ModelsScreen DataTable { height: auto; max-height: 14; background: $surface; scrollbar-size: 1 1; }
    ModelsScreen Static { height: auto; }
    ModelsScreen #details { margin: 1 0; color: $text-muted; }
    ModelsScreen Input { display: none; margin-bottom: 1; }
    ModelsScreen Input.-shown { display: block; }
    ModelsScreen.-short > Vertical { padding: 0 1; }
    ModelsScreen.-short #details { display: none; }
    """
    VERTICAL_BREAKPOINTS = [(0, "-short"), (28, "-tall")]

    class Loaded(Message):
        """The models were read from the disk."""

        def __init__(self, entries: list[Entry], current: str) -> None:
            super().__init__()
            self.entries, self.current = entries, current

    class Failed(Message):
        """The models could not be read."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Moved(Message):
        """A fetch got further."""

        def __init__(self, progress: Progress) -> None:
            super().__init__()
            self.progress = progress

    class Finished(Message):
        """A fetch or a removal is over. `text` says how."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self, current: str) -> None:
        super().__init__()
        self._current = current
        self._entries: list[Entry] = []
        self._pulling = ""
        self._cancel = threading.Event()

    def compose(self) -> ComposeResult:
        """The table, what there is to say about the chosen model, and what the keys do."""
        with Vertical() as box:
            box.border_title = Text("models")
            table: DataTable[Text] = DataTable(cursor_type="row", zebra_stripes=False)
            for label, width in COLUMNS:
                table.add_column(Text(label), width=width, key=label or "state")
            yield table
            yield Static(id="details", markup=False)
            yield Input(placeholder="a folder, or owner/name on the Hugging Face Hub", compact=True)
            yield Static(HINT, id="line", markup=False)

    def on_mount(self) -> None:
        """Read the models aside: a GPU's driver may take its time."""
        self._load()

    def on_unmount(self) -> None:
        """A fetch doesn't outlive the screen."""
        self._cancel.set()

    @property
    def line(self) -> str:
        """The last line: progress, or what happened, or the keys."""
        return str(self.query_one("#line", Static).render())

    @property
    def chosen(self) -> Entry | None:
        """The model under the cursor."""
        row = self.query_one(DataTable).cursor_row
        return self._entries[row] if 0 <= row < len(self._entries) else None

    @work(thread=True, exclusive=True, group="models-read")
    def _load(self) -> None:
        try:
            current = store.choose(self._current)
        except TermcoderError:
            current = self._current
        try:
            self._tell(self.Loaded(overview.entries(fit.read_machine()), current))
        except TermcoderError as error:
            self._tell(self.Failed(str(error)))

    @on(Loaded)
    def _show(self, event: Loaded) -> None:
        event.stop()
        table = self.query_one(DataTable)
        before = self.chosen.model.name if self.chosen else event.current
        self._entries, self._current = event.entries, event.current
        table.clear()
        for entry in self._entries:
            table.add_row(*self._cells(entry), key=entry.model.name)
        names = [entry.model.name for entry in self._entries]
        table.move_cursor(row=names.index(before) if before in names else 0)
        table.focus()
        self._describe()

    def _cells(self, entry: Entry) -> list[Text]:
        state = "in use" if entry.model.name == self._current else "here" if entry.is_ready else ""
        texts = (state, entry.model.name, entry.size, entry.memory, entry.model.purpose)
        return [Text(one_line(text)) for text in texts]

    @on(DataTable.RowHighlighted)
    def _describe(self) -> None:
        if (entry := self.chosen) is not None:
            facts = [(label, text) for label, text in overview.facts(entry) if label in DETAILS]
            lines = [f"{label:<9}{one_line(text)}" for label, text in facts]
            self.query_one("#details", Static).update("\n".join(lines))

    @on(DataTable.RowSelected)
    def _use(self) -> None:
        if self._pulling:
            self._say(f"{self._pulling} is being fetched. Esc stops that.")
        elif (entry := self.chosen) is not None:
            self.dismiss(entry.model.name)

    def action_leave(self) -> None:
        """Leave the line for another name, or stop the fetch, or close."""
        if self.query_one(Input).has_class("-shown"):
            self._show_input(False)
        elif self._pulling:
            self._cancel.set()
            self._say("stopping …")
        else:
            self.dismiss(None)

    def action_move(self, rows: int) -> None:
        """Move the cursor."""
        table = self.query_one(DataTable)
        table.move_cursor(row=table.cursor_row + rows)

    def action_other(self) -> None:
        """Name a model that isn't in the list."""
        if not self._pulling:
            self._show_input(True)

    def _show_input(self, shown: bool) -> None:
        self.query_one(Input).set_class(shown, "-shown")
        self.query_one(Input if shown else DataTable).focus()
        self._say("Enter uses · Esc goes back" if shown else HINT)

    @on(Input.Submitted)
    def _use_other(self, event: Input.Submitted) -> None:
        event.stop()
        try:
            self.dismiss(catalogue.resolve(event.value.strip()).name)
        except TermcoderError as error:
            self._say(str(error))

    def action_pull(self) -> None:
        """Fetch the chosen model and stay here."""
        entry = self.chosen
        if entry is None or self._pulling:
            return
        if entry.is_ready:
            self._say(f"{entry.model.name} is here already.")
            return
        self._pulling = entry.model.name
        self._cancel = threading.Event()
        self._pull(self._pulling, self._cancel)

    @work(thread=True, exclusive=True, group="models-pull")
    def _pull(self, name: str, cancel: threading.Event) -> None:
        try:
            store.pull(name, lambda progress: self._tell(self.Moved(progress)), cancel)
            text = f"{name} is here now."
        except CancelledError:
            text = f"Stopped. p goes on with {name} where it was."
        except TermcoderError as error:
            text = str(error)
        self._tell(self.Finished(text))

    def _tell(self, message: Message) -> None:
        if self.is_running:
            self.post_message(message)

    @on(Moved)
    def _moved(self, event: Moved) -> None:
        event.stop()
        if not self._cancel.is_set():
            self._say(f"{self._pulling}: {as_text(event.progress)} · Esc stops")

    @on(Failed)
    def _failed(self, event: Failed) -> None:
        event.stop()
        self._say(event.text)

    @on(Finished)
    def _finished(self, event: Finished) -> None:
        event.stop()
        self._pulling = ""
        self._say(event.text)
        self._load()

    def action_remove(self) -> None:
        """Ask, then delete the chosen model's files."""
        entry = self.chosen
        if entry is None or entry.here is None or self._pulling:
            self._say("Only a fetched model can be removed, and not while another is being fetched.")
        elif entry.model.name == self._current:
            self._say(f"{entry.model.name} is in use. Choose another one first.")
        else:
            self._ask_to_remove(entry, entry.here.size)

    def _ask_to_remove(self, entry: Entry, size: int) -> None:
        name = entry.model.name

        def answered(yes: bool | None) -> None:
            if yes:
                self._remove(name)

        question = f"Remove {name}? It frees {size_text(size)} and {entry.comes_back}."
        self.app.push_screen(ConfirmScreen(question, "removes"), answered)

    @work(thread=True, group="models-remove")
    def _remove(self, name: str) -> None:
        try:
            text = f"{name} was removed; {size_text(store.remove(name))} are free again."
        except TermcoderError as error:
            text = str(error)
        self._tell(self.Finished(text))

    def _say(self, text: str) -> None:
        self.query_one("#line", Static).update(one_line(text))

"""Which lines of which file are to be rewritten, and how: four steps in one screen, Enter onwards, Esc back."""

import asyncio
from enum import StrEnum
from typing import NamedTuple

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from termcoder.errors import TermcoderError
from termcoder.features.engine_host import EngineHost
from termcoder.features.refactor import Refactor
from termcoder.features.refactor_run import Job
from termcoder.refactoring.selecting import Selection, Target
from termcoder.ui.inert import inert, one_line
from termcoder.ui.screens.rewrite import FailedTests, RewriteScreen
from termcoder.ui.widgets.completion import shown_path
from termcoder.ui.widgets.diff_view import DiffView
from termcoder.ui.widgets.line_picker import LinePicker
from termcoder.ui.widgets.source_view import SourceView
from termcoder.workspace import PathIndex

SHOWN_FILES = 50


class Step(StrEnum):
    """What is being chosen."""

    FILE = "file"
    LINES = "lines"
    TEMPLATE = "template"
    INSTRUCTION = "instruction"


KEYS = {
    Step.FILE: "type to find a file · ↑ ↓ · Enter opens it · Esc closes",
    Step.LINES: "↑ ↓ moves · v chooses from here on · f the function here · A all · Enter goes on · Esc another file",
    Step.TEMPLATE: "↑ ↓ · Enter goes on · Esc other lines",
    Step.INSTRUCTION: "Enter begins, with or without words · Esc something else",
}
EXAMPLES = {
    "rename": "old -> new (exact, without the model); or nothing: the model finds names",
    "extract-function": "the new function's name; or nothing: the model finds one",
}


class Place(NamedTuple):
    """A line of a project's file, from 1."""

    path: str
    line: int


def place_of(widget: Widget | None) -> Place | None:
    """The place that a widget shows, where it shows one."""
    if isinstance(widget, SourceView) and widget.path:
        return Place(widget.path, widget.line or widget.top + 1)
    if isinstance(widget, DiffView) and (place := widget.cursor_place) is not None:
        return Place(widget.change_set.files[place.file].path, place.line or 1)
    return None


class RefactorScreen(ModalScreen[FailedTests | None]):
    """Gives the log of tests that failed with a change, if the user wants it diagnosed."""

    BINDINGS = [Binding("escape", "back", "Back", priority=True)]
    DEFAULT_CSS = """
    RefactorScreen { align: center middle; }
    RefactorScreen > Vertical {
        width: 100%; max-width: 130; height: 92%; background: $surface; border: round $primary;
    }
    RefactorScreen Static { height: auto; }
    RefactorScreen #title { text-style: bold; }
    RefactorScreen #state { color: $text-warning; }
    RefactorScreen #keys { color: $text-muted; }
    RefactorScreen OptionList { border: none; padding: 0; background: $surface; display: none; }
    RefactorScreen OptionList:focus { border: none; }
    RefactorScreen Input { display: none; }
    RefactorScreen LinePicker { height: 1fr; display: none; }
    RefactorScreen.-file #file, RefactorScreen.-file #files { display: block; }
    RefactorScreen.-file #files { height: 1fr; }
    RefactorScreen.-lines LinePicker, RefactorScreen.-template LinePicker { display: block; }
    RefactorScreen.-instruction LinePicker { display: block; }
    RefactorScreen.-template #templates { display: block; height: auto; max-height: 10; }
    RefactorScreen.-instruction #instruction { display: block; }
    """

    def __init__(self, feature: Refactor, host: EngineHost, at: Place | None = None) -> None:
        """`at`: where to begin; None: with the choice of a file."""
        super().__init__()
        self._feature = feature
        self._host = host
        self._at = at
        self._index = PathIndex()
        self._step = Step.FILE
        self._selection: Selection | None = None
        self._templates: list[tuple[str, str]] = []
        self._file = Input(placeholder="a file of this project", id="file", select_on_focus=False)
        self._files = OptionList(id="files", markup=False)
        self._picker = LinePicker()
        self._list = OptionList(id="templates", markup=False)
        self._words = Input(id="instruction", select_on_focus=False)
        self._state = Static("", id="state", markup=False)

    def compose(self) -> ComposeResult:
        """Everything of all steps; the step's class shows what belongs to it."""
        with Vertical():
            yield Static("", id="title", markup=False)
            yield self._file
            yield self._files
            yield self._picker
            yield self._list
            yield self._words
            yield self._state
            yield Static("", id="keys", markup=False)

    def on_mount(self) -> None:
        """Begin with the file, or in it where it is given."""
        self._go(Step.FILE)
        self.run_worker(self._list_files())
        if self._at is not None:
            self._open(self._at)

    # Steps

    def _go(self, step: Step, note: str = "") -> None:
        self._step = step
        for each in Step:
            self.set_class(each is step, f"-{each}")
        self.query_one("#keys", Static).update(KEYS[step])
        self._state.update(inert(note))
        self._show_title()
        fields: dict[Step, Widget] = {
            Step.FILE: self._file,
            Step.LINES: self._picker,
            Step.TEMPLATE: self._list,
            Step.INSTRUCTION: self._words,
        }
        fields[step].focus()

    def _show_title(self) -> None:
        parts = ["Refactor"]
        if self._step is not Step.FILE and self._picker.path:
            first, last = self._picker.chosen
            parts.append(f"{one_line(self._picker.path)}:{first}{f'-{last}' if last > first else ''}")
        if self._step is Step.INSTRUCTION:
            parts.append(one_line(self._template))
        self.query_one("#title", Static).update(" · ".join(parts))

    def action_back(self) -> None:
        """To the step before; from the first, away."""
        steps = list(Step)
        if self._step is Step.FILE:
            self.dismiss(None)
        else:
            self._go(steps[steps.index(self._step) - 1])

    # The file

    async def _list_files(self) -> None:
        try:
            self._index = PathIndex(await asyncio.to_thread(self._feature.workspace.files))
        except TermcoderError as error:
            self._state.update(inert(str(error)))
        self._find()

    @on(Input.Changed, "#file")
    def _find(self) -> None:
        hits = self._index.search(self._file.value.strip(), SHOWN_FILES)
        self._files.clear_options()
        self._files.add_options([Option(shown_path(hit.path), hit.path) for hit in hits if not hit.path.endswith("/")])
        self._files.highlighted = 0 if self._files.option_count else None

    def on_key(self, event: events.Key) -> None:
        """Move in the list of files while a name is typed."""
        if self._step is Step.FILE and self._file.has_focus and event.key in ("up", "down"):
            event.stop()
            move = self._files.action_cursor_up if event.key == "up" else self._files.action_cursor_down
            move()

    @on(Input.Submitted, "#file")
    def _take_file(self) -> None:
        if (at := self._files.highlighted) is not None:
            self._open(Place(str(self._files.get_option_at_index(at).id), 1))

    @on(OptionList.OptionSelected, "#files")
    def _file_clicked(self, event: OptionList.OptionSelected) -> None:
        self._open(Place(str(event.option_id), 1))

    def _open(self, place: Place) -> None:
        self.run_worker(self._opened(place), group="open", exclusive=True)

    async def _opened(self, place: Place) -> None:
        try:
            text = await asyncio.to_thread(self._feature.source, place.path)
        except TermcoderError as error:
            self._state.update(inert(str(error)))
            return
        self._picker.open(place.path, text, place.line)
        self._go(Step.LINES)

    # The lines

    @on(LinePicker.Moved)
    def _moved(self) -> None:
        self._show_title()

    @on(LinePicker.Chosen)
    def _lines_chosen(self, event: LinePicker.Chosen) -> None:
        target = Target(self._picker.path or "", event.first, event.last)
        self.run_worker(self._selected(target), group="open", exclusive=True)

    async def _selected(self, target: Target) -> None:
        try:
            selection = await asyncio.to_thread(self._feature.select, target)
            self._templates = await asyncio.to_thread(self._feature.templates)
        except TermcoderError as error:
            self._state.update(inert(str(error)))
            return
        self._selection = selection
        self._picker.choose(selection.first, selection.last)
        self._show_templates()
        self._go(Step.TEMPLATE, "; ".join(selection.notes))

    # What is done with them

    @property
    def _template(self) -> str:
        at = self._list.highlighted or 0
        return self._templates[at][0] if at < len(self._templates) else ""

    def _show_templates(self) -> None:
        at = self._list.highlighted or 0
        self._list.clear_options()
        width = max((len(name) for name, _ in self._templates), default=0)
        self._list.add_options([f"{one_line(name):<{width}}  {one_line(what)}" for name, what in self._templates])
        self._list.highlighted = min(at, len(self._templates) - 1) if self._templates else None

    @on(OptionList.OptionSelected, "#templates")
    def _template_chosen(self) -> None:
        self._words.placeholder = EXAMPLES.get(self._template, "more words on it, if you like")
        self._words.value = ""
        self._go(Step.INSTRUCTION)

    @on(Input.Submitted, "#instruction")
    def _begin(self, event: Input.Submitted) -> None:
        if self._selection is not None:
            job = Job(self._selection, self._template, event.value.strip())
            self.app.push_screen(RewriteScreen(self._feature, self._host, job), self._rewritten)

    def _rewritten(self, failed: FailedTests | None) -> None:
        if failed is not None:
            self.dismiss(failed)
        elif self._picker.path:
            self._open(Place(self._picker.path, self._picker.chosen[0]))

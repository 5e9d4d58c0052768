"""The dialogue that writes a session to a file."""

import asyncio
from functools import partial
from pathlib import Path

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from termcoder.errors import TermcoderError
from termcoder.features.session_desk import SessionDesk
from termcoder.sessions.exporting import FORMATS, SUFFIXES
from termcoder.sessions.store import SessionEntry
from termcoder.ui.inert import one_line
from termcoder.ui.screens.confirm import ConfirmScreen

NAMES = {"markdown": "Markdown", "html": "HTML", "json": "JSON"}
KEYS = "Enter writes · Up and Down change the format · Esc closes"


class ExportScreen(ModalScreen[Path | None]):
    """Asks for a format and a file, and returns the file that was written. Never replaces one without asking."""

    BINDINGS = [
        Binding("escape", "dismiss(None)", "Close"),
        Binding("down", "format(1)", "Next format", priority=True),
        Binding("up", "format(-1)", "The format before", priority=True),
    ]
    DEFAULT_CSS = """
    ExportScreen { align: center middle; }
    ExportScreen > Vertical {
        width: 84; max-width: 98%; height: auto; background: $surface; border: round $primary; padding: 0 1;
    }
    ExportScreen Static { height: auto; }
    ExportScreen #formats { text-style: bold; }
    ExportScreen #hint { color: $text-muted; }
    ExportScreen Input { margin: 1 0; border: none; height: 1; padding: 0; background: $background; }
    ExportScreen Input:focus { border: none; }
    """

    def __init__(self, desk: SessionDesk, entry: SessionEntry) -> None:
        super().__init__()
        self._desk = desk
        self._entry = entry
        self._format = FORMATS[0]

    def compose(self) -> ComposeResult:
        """What is written, how, and where to."""
        with Vertical():
            yield Static(f"Export: {one_line(self._entry.title)}", markup=False)
            yield Static("", id="formats", markup=False)
            yield Input(select_on_focus=False, compact=True)
            yield Static(KEYS, id="hint", markup=False)

    def on_mount(self) -> None:
        """Offer a file beside the project."""
        self._show_format()
        self._suggest()

    @work(exclusive=True, group="export")
    async def _suggest(self) -> None:
        try:
            path = await asyncio.to_thread(self._desk.export_path, self._entry, self._format)
        except TermcoderError as error:
            self.hint(str(error))
            return
        self._put(str(path))

    def hint(self, text: str) -> None:
        """Say what happens, in place of the keys."""
        self.query_one("#hint", Static).update(one_line(text))

    def _show_format(self) -> None:
        names = (f"[{NAMES[name]}]" if name == self._format else f" {NAMES[name]} " for name in FORMATS)
        self.query_one("#formats", Static).update(f"Format: {' '.join(names)}")

    def action_format(self, by: int) -> None:
        """Choose another format; the file's suffix follows."""
        self._format = FORMATS[(FORMATS.index(self._format) + by) % len(FORMATS)]
        self._show_format()
        field = self.query_one(Input)
        if field.value.endswith(tuple(SUFFIXES.values())):
            self._put(field.value.rpartition(".")[0] + SUFFIXES[self._format])

    def _put(self, path: str) -> None:
        """Offer a file, its end in sight."""
        field = self.query_one(Input)
        field.value = path
        self.call_after_refresh(self._show_end)

    def _show_end(self) -> None:
        field = self.query_one(Input)
        field.action_home()  # a field scrolls only where its cursor moves
        field.action_end()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        """A suffix that is typed names the format."""
        event.stop()
        named = [name for name, suffix in SUFFIXES.items() if event.value.strip().lower().endswith(suffix)]
        if named and named[0] != self._format:
            self._format = named[0]
            self._show_format()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if event.value.strip():
            self._write(Path(event.value.strip()).expanduser())

    @work(exclusive=True, group="export")
    async def _write(self, path: Path, *, replace: bool = False) -> None:
        """Write it; where a file is in the way, ask first."""
        write = partial(self._desk.export, self._entry, self._format, path, replace=replace)
        try:
            written = await asyncio.to_thread(write)
        except TermcoderError as error:
            self.hint(str(error))
            return
        if written:
            self.dismiss(path)
        else:
            self._ask_to_replace(path)

    def _ask_to_replace(self, path: Path) -> None:
        def answered(yes: bool | None) -> None:
            if yes:
                self._write(path, replace=True)
            else:
                self.hint("It was not replaced. " + KEYS)

        self.app.push_screen(ConfirmScreen(f"{path} exists already. Replace it?", "replaces it"), answered)

"""The dialogue that saves a block of an answer to a file of the project."""

import itertools
from pathlib import Path

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from termcoder.ui.inert import one_line


class SaveScreen(ModalScreen[None]):
    """Asks for a file name below `root`. Never replaces a file: it offers a free name instead."""

    BINDINGS = [Binding("escape", "dismiss", "Close")]
    DEFAULT_CSS = """
    SaveScreen { align: center middle; }
    SaveScreen > Vertical {
        width: 72; max-width: 95%; height: auto; background: $surface; border: round $primary; padding: 1 2;
    }
    SaveScreen Static { height: auto; }
    """

    def __init__(self, root: Path, suggested_name: str, text: str) -> None:
        super().__init__()
        self._root = root
        self._suggested = suggested_name
        self._text = text

    def compose(self) -> ComposeResult:
        """A name, and below it what happens with it."""
        with Vertical():
            yield Static("Save this block to a file of the project", markup=False)
            yield Input(value=self._suggested, select_on_focus=False)
            yield Static("Enter saves, Esc closes", id="hint", markup=False)

    @on(Input.Submitted)
    def _save(self, event: Input.Submitted) -> None:
        name = event.value.strip()
        path = (self._root / name).resolve()
        if not name or not path.is_relative_to(self._root.resolve()):
            self._hint("The name has to be inside the project.")
        elif path.exists():
            event.input.value = free_name(path).relative_to(self._root.resolve()).as_posix()
            self._hint(f"{one_line(name)} exists already. Enter saves under this free name.")
        else:
            self._write(path, name)

    def _write(self, path: Path, name: str) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8", newline="") as file:
                file.write(self._text)
        except OSError as error:
            self._hint(f"It could not be written: {error.strerror}.")
            return
        self.app.notify(f"Saved to {one_line(name)}", markup=False)
        self.dismiss()

    def _hint(self, text: str) -> None:
        self.query_one("#hint", Static).update(text)


def free_name(path: Path) -> Path:
    """The first of "x-1.py", "x-2.py", ... that no file has."""
    names = (path.with_name(f"{path.stem}-{number}{path.suffix}") for number in itertools.count(1))
    return next(name for name in names if not name.exists())

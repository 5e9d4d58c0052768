"""The log screen: the end of the log file, followed while it is open."""

from pathlib import Path

from textual.app import ComposeResult
from textual.binding import Binding
from textual.screen import Screen
from textual.widgets import Log, Static

from termcoder.ui.inert import inert, one_line

TAIL_BYTES = 256 * 1024
FOLLOW_SECONDS = 0.5


class LogScreen(Screen[None]):
    """Everything the program and its engine logged. Closes on Esc, q or F4."""

    BINDINGS = [
        Binding("escape,q,f4", "dismiss", "Close"),
        Binding("end,G", "to_end", "End"),
        Binding("home,g", "to_start", "Start"),
    ]
    DEFAULT_CSS = """
    LogScreen > #where { height: 1; padding: 0 1; background: $panel; }
    LogScreen > Log { height: 1fr; background: $background; scrollbar-size-vertical: 1; }
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self._position = 0

    def compose(self) -> ComposeResult:
        """The file's name above its text."""
        yield Static(f"{one_line(str(self._path))}  (Esc closes this)", id="where", markup=False)
        yield Log(max_lines=20_000)

    def on_mount(self) -> None:
        """Show the end of the file and follow it."""
        size = self._path.stat().st_size if self._path.exists() else 0
        self._position = max(0, size - TAIL_BYTES)
        self._read_on()
        self.set_interval(FOLLOW_SECONDS, self._read_on)
        self.query_one(Log).focus()

    @property
    def lines(self) -> list[str]:
        """What is shown."""
        return [line for line in self.query_one(Log).lines if line]

    def action_to_end(self) -> None:
        """Go to the newest line."""
        self.query_one(Log).scroll_end(animate=False)

    def action_to_start(self) -> None:
        """Go to the oldest line shown."""
        self.query_one(Log).scroll_home(animate=False)

    def _read_on(self) -> None:
        try:
            with self._path.open("rb") as file:
                if file.seek(0, 2) < self._position:  # the log was rotated
                    self._position = 0
                file.seek(self._position)
                data = file.read()
        except OSError:
            return
        self._position += len(data)
        if data:
            self.query_one(Log).write(inert(data.decode("utf-8", "replace").replace("\r", "\n")))

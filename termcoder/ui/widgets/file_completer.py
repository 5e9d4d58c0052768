"""Completes `@file` mentions in a text area: finds the mention at the cursor, lists files, writes the chosen one.

Tab takes the chosen file. Enter takes it only where that is clearly meant: after moving in the list, or when
the letters typed begin the file's name or path without being one. Otherwise Enter stays what it is, so that
the decorator `@app.route` is never changed into some file. Esc closes the list until the next `@`.
"""

from dataclasses import dataclass
from time import monotonic

from textual.widgets import TextArea

from termcoder.mentions import format_mention, partial_mention
from termcoder.ui.widgets.completion import MAX_ROWS, CompletionPopup
from termcoder.workspace import PathIndex, Workspace

FRESH_SECONDS = 3.0
"""A list of files older than this is made anew at the next `@`."""


@dataclass(frozen=True, slots=True)
class _Place:
    row: int
    column: int
    query: str

    def same_mention(self, other: "_Place | None") -> bool:
        return other is not None and (self.row, self.column) == (other.row, other.column)


class FileCompleter:
    """Serves one text area. `popup` must be mounted on the area's screen."""

    def __init__(self, area: TextArea, workspace: Workspace) -> None:
        self.popup = CompletionPopup()
        self._area = area
        self._workspace = workspace
        self._index: PathIndex | None = None
        self._listed_at = float("-inf")
        self._listing = False
        self._at: _Place | None = None
        self._dismissed: _Place | None = None

    def prepare(self) -> None:
        """Files are listed when the first is named: a project may have many."""

    def update(self) -> None:
        """Open, refill or close the list, as the text before the cursor demands."""
        place = self._place()
        if place is None:
            self.close()
        elif place != self._at and not place.same_mention(self._dismissed):
            self._at, self._dismissed = place, None
            if not place.query or self._index is None:
                self._list_files()
            self._refill()

    def close(self) -> None:
        """Close the list."""
        self.popup.close()
        self._at = self._dismissed = None

    def key(self, key: str) -> bool:
        """Do what `key` means while the list is open. False: it means nothing here."""
        if not self.popup.is_open:
            return False
        if key in ("up", "down"):
            self.popup.move(-1 if key == "up" else 1)
        elif key == "escape":
            self.popup.close()
            self._at, self._dismissed = None, self._at
        elif key == "tab" or (key == "enter" and self._enter_takes()):
            self._take()
        else:
            return False
        return True

    def position(self) -> None:
        """Put the list on top of the area, below the cursor's column."""
        if self.popup.is_open and self._at is not None:
            column = self._area.cursor_screen_offset.x - len(self._at.query) - 1
            self.popup.place(self._area.region, column, self._area.screen.size.width)

    def _place(self) -> _Place | None:
        row, column = self._area.cursor_location
        if not self._area.selection.is_empty or not self._area.has_focus:
            return None
        partial = partial_mention(self._area.document.get_line(row)[:column])
        return None if partial is None else _Place(row, partial.start, partial.query)

    def _refill(self) -> None:
        if self._index is None or self._at is None:
            return
        query = self._at.query
        found = self._index.search(query, MAX_ROWS + 1)
        hits = [hit for hit in found if hit.path != query or not query.endswith("/")]
        if [hit.path for hit in hits] == [query]:
            hits = []  # nothing is left to fill in
        room = min(MAX_ROWS, self._area.region.y - 2)  # above the area, inside a border
        self.popup.open(hits[: max(0, room)], self._index.file_count)
        self.position()

    def _enter_takes(self) -> bool:
        if self.popup.moved:
            return True
        query = self._at.query if self._at is not None else ""
        if not query or self._index is None or query in self._index:
            return False
        path = self.popup.hit.path.lower()
        name = path.rstrip("/").rpartition("/")[2]
        return name.startswith(query.lower()) or path.startswith(query.lower())

    def _take(self) -> None:
        """Write the chosen path in place of what was typed; in a folder, go on choosing."""
        if self._at is None:
            return
        path, start = self.popup.hit.path, (self._at.row, self._at.column)
        folder = path.endswith("/")
        mention = format_mention(path)
        self.close()
        text = mention.removesuffix('"') if folder else f"{mention} "
        self._area.replace(text, start, self._area.cursor_location, maintain_selection_offset=False)
        if folder:
            self.update()

    def _list_files(self) -> None:
        if not self._listing and monotonic() - self._listed_at > FRESH_SECONDS:
            self._listing = True
            self._area.run_worker(self._read_files, thread=True, group="files")

    def _read_files(self) -> None:
        self._area.call_later(self._listed, PathIndex(self._workspace.files()))

    def _listed(self, index: PathIndex) -> None:
        self._listing, self._listed_at = False, monotonic()
        self._index = index
        if not self.popup.moved:
            self._refill()

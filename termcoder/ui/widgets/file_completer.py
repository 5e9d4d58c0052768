"""Completes `@file` mentions in a text area.

Enter takes the chosen file only after moving in the list, or when the letters typed begin the file's name or path
without being one. Otherwise Enter stays what it is, so that the decorator `@app.route` is never changed into some file.
"""

from typing import ClassVar

from textual.widgets import TextArea

from termcoder.mentions import format_mention, partial_mention
from termcoder.ui.widgets.completer import Begun, Completer
from termcoder.ui.widgets.completion import MAX_ROWS
from termcoder.workspace import PathIndex, Workspace


class FileCompleter(Completer):
    """Names files of the project. They are listed when the first is named: a project may have many."""

    FRESH_SECONDS: ClassVar[float] = 3.0

    def __init__(self, area: TextArea, workspace: Workspace) -> None:
        super().__init__(area, workspace)
        self._index: PathIndex | None = None

    def _begun(self) -> Begun | None:
        row, column = self._area.cursor_location
        partial = partial_mention(self._area.document.get_line(row)[:column])
        return None if partial is None else Begun(row, partial.start, partial.query)

    def _names(self) -> PathIndex:
        return PathIndex(self._workspace.files())

    @property
    def _is_listed(self) -> bool:
        return self._index is not None

    def _take_in(self, names: PathIndex) -> None:
        self._index = names

    def _fill(self, query: str, room: int) -> None:
        if self._index is None:
            return
        found = self._index.search(query, MAX_ROWS + 1)
        hits = [hit for hit in found if hit.path != query or not query.endswith("/")]
        if [hit.path for hit in hits] == [query]:
            hits = []  # nothing is left to fill in
        self.popup.open(hits[:room], self._index.file_count)

    def _is_meant(self, query: str) -> bool:
        if not query or self._index is None or query in self._index:
            return False
        path = self.popup.hit.path.lower()
        name = path.rstrip("/").rpartition("/")[2]
        return name.startswith(query.lower()) or path.startswith(query.lower())

    def _take(self, begun: Begun) -> None:
        """Write the chosen path in place of what was typed; in a folder, go on choosing."""
        path = self.popup.hit.path
        folder = path.endswith("/")
        mention = format_mention(path)
        self.close()
        text = mention.removesuffix('"') if folder else f"{mention} "
        start = (begun.row, begun.column)
        self._area.replace(text, start, self._area.cursor_location, maintain_selection_offset=False)
        if folder:
            self.update()

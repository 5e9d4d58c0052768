"""What of a diff is folded and what is opened, also of the lines between its hunks."""

from typing import Any

from termcoder.ui.widgets.diff_body import DiffBody
from termcoder.ui.widgets.diff_file import STEP, Kind
from termcoder.ui.widgets.diff_rows import DiffRow, Spot

_NOTHING = -1  # no gap is to be opened


class DiffFolding(DiffBody):
    """Rows that can be folded and opened. The lines between hunks are asked for when they are first wanted."""

    def __init__(self, placeholder: str = "", **kwargs: Any) -> None:
        super().__init__(placeholder, **kwargs)
        self._wanted_context: dict[int, int | None] = {}  # the gap of a file that is to be opened; None: all
        self._downwards = True  # how the cursor came to where it is

    def context_wanted(self, file: int) -> None:
        """The text of this file's new side is needed."""

    def move_to(self, row: int, direction: int = -1) -> None:
        """See `CursorScroll`."""
        self._downwards = row > self.cursor_row
        super().move_to(row, direction)

    def show_context(self, file: int, new_text: str) -> None:
        """Give the whole text of a file's new side, so that lines between its hunks can be shown."""
        if not 0 <= file < len(self._rows.files):
            return
        self._texts.pop(file, None)
        with self.changing([file]):
            self._rows.files[file].take_text(new_text)
        wanted = self._wanted_context.pop(file, _NOTHING)
        if wanted is None:
            self._open_all(file)
        elif wanted != _NOTHING:
            self._open_gap(file, wanted)

    def _toggle(self, shown: DiffRow, opened: set[tuple[int, int]]) -> None:
        """Open what is folded at a row, or fold it again."""
        at = (shown.hunk, self._rows.row_of(shown))
        with self.changing([shown.file]):
            opened ^= {at}

    def _fold_file(self, file: int) -> None:
        with self.changing([file]):
            self._rows.files[file].folded ^= True

    def action_fold_context(self) -> None:
        """Hide the unchanged lines of all hunks, or show them."""
        with self.changing():
            self._rows.hides ^= True
            for file in self._rows.files:
                file.opened.clear()

    def toggle_folded(self) -> bool:
        """Open all folded findings, or close them where all are open. False: there are none."""
        folded = {number: {*file.places[file.kept :]} for number, file in enumerate(self._rows.files)}
        folded = {number: places for number, places in folded.items() if places}
        opens = any(places - self._rows.files[number].looked_at for number, places in folded.items())
        with self.changing(folded):
            for number, places in folded.items():
                self._rows.files[number].looked_at = places if opens else set()
        return bool(folded)

    def action_toggle_split(self) -> None:
        """Old and new side by side, or in one column."""
        self.split = not self.split

    def action_show_between(self) -> None:
        """Show all lines between the hunks of this file."""
        if self.row_count:
            self._open_all(self.current.file)

    def _ask(self, file: int, gap: int | None) -> bool:
        """Whether the file's text has to be asked for first."""
        if self._rows.files[file].text is not None:
            return False
        self._wanted_context[file] = gap
        self.context_wanted(file)
        return True

    def _open_all(self, number: int) -> None:
        file = self._rows.files[number]
        gaps = [gap for gap in range(len(file.diff.hunks) + 1) if file.hidden_in(gap)]
        if gaps and not self._ask(number, None):
            with self.changing([number]):
                for gap in gaps:
                    file.open_gap(gap, file.hidden_in(gap), 0)

    def _open_gap(self, number: int, gap: int) -> None:
        """Show the lines of a gap that are nearest to where the cursor came from."""
        if self._ask(number, gap):
            return
        file = self._rows.files[number]
        from_above = gap == len(file.diff.hunks) or (gap > 0 and self._downwards)
        hidden, on_it = file.hidden_in(gap), self.current[:3] == (Kind.GAP, number, 2 * gap)
        count = hidden if hidden <= STEP * 3 // 2 else STEP
        start = file.gap(gap).new + file.shown.get(gap, (0, 0))[0]
        seen = Spot(number, 2 * gap, start if from_above else start + hidden - 1)
        with self.changing([number], to=seen if on_it and hidden else None):
            file.open_gap(gap, count if from_above else 0, 0 if from_above else count)

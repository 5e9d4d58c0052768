"""Every change of a set in one list: files, hunks, code in colours, and what a review says beside its lines."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from textual.binding import BindingType
from textual.message import Message

from termcoder.diffs.model import ChangeSet, Hunk, Status
from termcoder.review.finding import Finding
from termcoder.ui.commands import bindings_of
from termcoder.ui.widgets.diff_file import Kind
from termcoder.ui.widgets.diff_folding import DiffFolding
from termcoder.ui.widgets.diff_notes import as_text
from termcoder.ui.widgets.diff_place import Kept, nearest
from termcoder.ui.widgets.diff_rows import DiffRow, Spot


class Place(NamedTuple):
    """Where the cursor is: indices into the change set, and the line on the new side, from 1, where there is one."""

    file: int
    hunk: int | None = None
    row: int | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """What to stage, unstage or discard: pairs (hunk, row) of one file; `rows` is None for the whole file."""

    file: int
    rows: frozenset[tuple[int, int]] | None = None


class DiffView(DiffFolding, can_focus=True):
    """A change set, unified or side by side, with findings under the lines that they are about."""

    BINDINGS: ClassVar[list[BindingType]] = bindings_of("diff")

    class CursorMoved(Message):
        """The user went to a row of this file. `go_to_file`, `load` and `show_findings` don't tell."""

        def __init__(self, file: int) -> None:
            super().__init__()
            self.file = file

    class ContextRequested(Message):
        """The lines between the hunks of this file are wanted: answer with `show_context`."""

        def __init__(self, file: int) -> None:
            super().__init__()
            self.file = file

    class EditRequested(Message):
        """Open a file in an editor, at a line of the new side, from 1."""

        def __init__(self, path: str, line: int) -> None:
            super().__init__()
            self.path = path
            self.line = line

    class FindingChosen(Message):
        """Enter was pressed on a finding."""

        def __init__(self, finding: Finding) -> None:
            super().__init__()
            self.finding = finding

    class MarksChanged(Message):
        """Other lines are chosen now: `count` of them."""

        def __init__(self, count: int) -> None:
            super().__init__()
            self.count = count

    def __init__(self, placeholder: str = "", *, split: bool = False, **kwargs: Any) -> None:
        super().__init__(placeholder, split=split, **kwargs)
        self._marks: set[_Mark] = set()
        self._range: tuple[Spot, frozenset[_Mark]] | None = None  # where it began, and what was marked before

    # What is shown

    def load(self, change_set: ChangeSet) -> None:
        """Show a change set. One of the same scope keeps path and line, folds and findings; marks are dropped.

        The same one again changes nothing.
        """
        if self.row_count and change_set == self.change_set:
            return
        before = self._kept(change_set)
        self.take(change_set)
        self._wanted_context.clear()
        self.clear_marks()
        for file in self._rows.files:
            file.folded = file.diff.path in before.folded
        self._rows.rebuild(self.height_of)
        self.place_cursor(self._rows.find(nearest(before, self._rows.files)) if self.row_count else 0)
        self.rows_changed()
        self.scroll_to_row(self.cursor_row - before.height)
        self.put_findings(*before.findings)

    def _kept(self, change_set: ChangeSet) -> Kept:
        """What another change set takes over from this one."""
        if change_set.scope != self.change_set.scope:
            self.scroll_sideways_to(0)
            return Kept()
        if not self.row_count:
            return Kept()
        files, shown = self._rows.files, self.current
        return Kept(
            path=self.file_at(shown).diff.path,
            file=shown.file,
            line=self._line_of(shown) if shown.section >= 0 else None,
            head=shown.kind is Kind.HUNK,
            height=self.cursor_row - self.top,
            folded=frozenset(file.diff.path for file in files if file.folded),
            findings=(
                [finding for file in files for finding in file.findings[: file.kept]],
                [finding for file in files for finding in file.findings[file.kept :]],
            ),
        )

    def show_findings(self, findings: Sequence[Finding], folded: Sequence[Finding] = ()) -> None:
        """Put these under their lines, in place of earlier ones; what the cursor is on stays where it is."""
        self.put_findings(findings, folded)

    def go_to_file(self, file: int) -> None:
        """Put the cursor on a file's head, without a word to anybody."""
        if 0 <= file < len(self._rows.files):
            row = self._rows.head(file)
            self.place_cursor(row)
            self._top_at(row)

    def _top_at(self, row: int) -> None:
        self._wanted = None if self.body_height else row
        self.scroll_to_row(row)

    def go_to_finding(self, finding: Finding) -> None:
        """Put the cursor on a finding, its file and fold opened where needed; tells as if the user had gone."""
        found = ((number, file) for number, file in enumerate(self._rows.files) if file.diff.path == finding.path)
        for number, file in found:
            if finding in file.findings:
                hunk, row = file.places[file.findings.index(finding)]
                self._open_finding(number, (hunk, row), finding)
                first = self._rows.find(Spot(number, 2 * hunk + 1 if hunk >= 0 else -1, row, finding))
                self._go(first, first + self.height_of(finding) - 1, above=1)
                return

    def _open_finding(self, number: int, anchor: tuple[int, int], finding: Finding) -> None:
        """Unfold what hides a finding."""
        file = self._rows.files[number]
        folded = finding in file.findings[file.kept :] and anchor not in file.looked_at
        if file.folded or folded:
            with self.changing([number]):
                file.folded = False
                file.looked_at |= {anchor} if folded else set()

    # Where the cursor is

    @property
    def cursor_place(self) -> Place | None:
        """Where the cursor is; None where nothing is shown."""
        if not self.row_count:
            return None
        shown = self.current
        if shown.kind is Kind.BETWEEN:
            return Place(shown.file, line=shown.at)
        if not shown.in_hunk:
            return Place(shown.file)
        row = -1 if shown.kind is Kind.HIDDEN else self._rows.row_of(shown)
        if row < 0:
            return Place(shown.file, shown.hunk)
        return Place(shown.file, shown.hunk, row, self._code(shown.file, shown.hunk).numbers(row)[1])

    @property
    def current_finding(self) -> Finding | None:
        """The finding under the cursor, else the worst one about the cursor's line."""
        if not self.row_count:
            return None
        shown = self.current
        if shown.kind is Kind.FINDING:
            return self.file_at(shown).findings[shown.what]
        found = self.findings_on(shown) if shown.kind is Kind.LINE else ()
        return found[0] if found else None

    def _line_of(self, shown: DiffRow) -> int:
        """The line on the new side that a row is at, or near to."""
        file = self.file_at(shown)
        if shown.kind is Kind.FINDING:
            return file.findings[shown.what].line
        if not shown.in_hunk:
            return max(1, shown.at)
        row = self._rows.row_of(shown)
        if row < 0:
            row = next(iter(_changed(file.diff.hunks[shown.hunk])), 0)
        return file.nearest_new(shown.hunk, row)

    def moved(self) -> None:
        """Take the range along, and say which file the cursor is in."""
        self._stretch()
        self.post_message(self.CursorMoved(self.current.file))

    # Choosing lines

    @property
    def chosen(self) -> Choice | None:
        """The marked lines of the cursor's file, else the cursor's hunk; the whole file on its head."""
        if not self.row_count:
            return None
        shown = self.current
        marked = frozenset((hunk, row) for file, hunk, row in self._marks if file == shown.file)
        if marked:
            return Choice(shown.file, marked)
        if shown.section < 0:
            return Choice(shown.file)
        if not shown.in_hunk:
            return None
        rows = _changed(self.file_at(shown).diff.hunks[shown.hunk])
        return Choice(shown.file, frozenset((shown.hunk, row) for row in rows))

    def is_marked(self, file: int, hunk: int, row: int) -> bool:
        """See `DiffBody`."""
        return (file, hunk, row) in self._marks

    def clear_marks(self) -> bool:
        """Choose no lines any more. False: none were."""
        had = bool(self._marks) or self._range is not None
        self._range = None
        self._mark(set())
        return had

    def _mark(self, marks: set["_Mark"]) -> None:
        if marks != self._marks:
            self._marks = marks
            self.refresh()
            self.post_message(self.MarksChanged(len(marks)))

    def action_toggle_mark(self) -> None:
        """Mark the line, or no longer; all of a hunk on its head. On a file's head, fold it."""
        if not self.row_count:
            return
        shown = self.current
        if self._range is not None:
            self.action_mark_range()
        elif shown.section < 0:
            self._fold_file(shown.file)
        elif marks := self._marks_at(shown):
            self._mark(self._marks - marks if marks <= self._marks else self._marks | marks)

    def _marks_at(self, shown: DiffRow) -> set["_Mark"]:
        """The changed rows that a row of the view stands for."""
        if shown.kind is Kind.LINE:
            return self._marks_on(shown.file, shown.hunk, range(shown.at, shown.at + 1))
        if shown.kind is Kind.HUNK:
            return {(shown.file, shown.hunk, row) for row in _changed(self.file_at(shown).diff.hunks[shown.hunk])}
        return set()

    def _marks_on(self, file: int, hunk: int, lines: range) -> set["_Mark"]:
        """The changed rows on some lines of a hunk."""
        shown = self._rows.files[file]
        rows = shown.diff.hunks[hunk].rows
        pairs = (shown.rows_at(hunk, line) for line in lines)
        return {(file, hunk, row) for pair in pairs for row in pair if row is not None and rows[row][0].strip()}

    def action_mark_range(self) -> None:
        """Begin to mark lines from here on, or stop; what was marked stays so."""
        if self._range is not None:
            self._range = None
        elif self.row_count:
            self._range = self._rows.spot(self.cursor_row), frozenset(self._marks)
            self._stretch()

    def _stretch(self) -> None:
        """Mark what is between the range's beginning and the cursor, within one file."""
        if self._range is None:
            return
        begun, before = self._range
        head, rows = self._rows.head(begun.file), self._rows.size(begun.file)
        there = min(max(self.cursor_row, head), head + rows - 1)
        first, last = sorted((self._rows.find(begun), there))
        marks = (self._marks_on(begun.file, hunk, lines) for hunk, lines in self._rows.lines(first, last))
        self._mark(set(before).union(*marks))

    # Folding

    def action_choose(self) -> None:
        """Open what is folded here, or fold a file; an editor on a line."""
        if not self.row_count:
            return
        shown = self.current
        if shown.kind is Kind.FILE:
            self._fold_file(shown.file)
        elif shown.kind is Kind.GAP:
            self._open_gap(shown.file, shown.hunk)
        elif shown.kind is Kind.HIDDEN:
            self._toggle(shown, self.file_at(shown).opened)
        elif shown.kind is Kind.FOLDED:
            self._toggle(shown, self.file_at(shown).looked_at)
        elif shown.kind is Kind.FINDING:
            self.post_message(self.FindingChosen(self.file_at(shown).findings[shown.what]))
        else:
            self.action_edit_line()

    # Going

    def _go(self, row: int, last: int, *, above: int = 0) -> None:
        """Put the cursor on a row as the user, with the rows up to `last` in view, and some above if there is room."""
        self.place_cursor(row)
        if not self.top <= row < self.top + self.body_height:
            self.reveal(row)
        self.keep_in_view(min(last, row + self.body_height - 1))
        self.keep_in_view(max(0, row - above) if last - row + above < self.body_height else row)
        self.moved()

    def action_next_hunk(self) -> None:
        """To the next hunk."""
        self._step(Kind.HUNK, 1)

    def action_previous_hunk(self) -> None:
        """To the hunk before."""
        self._step(Kind.HUNK, -1)

    def action_next_file(self) -> None:
        """To the next file."""
        self._step(Kind.FILE, 1)

    def action_previous_file(self) -> None:
        """To the file before, from inside of a file to its head."""
        self._step(Kind.FILE, -1)

    def _step(self, kind: Kind, by: int) -> None:
        row = next(self._rows.heads(kind, self.cursor_row, by), None)
        if row is None:
            return
        if kind is Kind.FILE:
            self.place_cursor(row)
            self._top_at(row)
            self.moved()
        else:
            shown = self._rows[row]
            self._go(row, row + self.file_at(shown).line_count(shown.hunk))

    def action_next_finding(self) -> None:
        """To the next finding; a file that is folded is opened for it."""
        self._step_finding(1)

    def action_previous_finding(self) -> None:
        """To the finding before."""
        self._step_finding(-1)

    def _step_finding(self, by: int) -> None:
        if not self.row_count:
            return
        spot = self._rows.spot(self.cursor_row)
        here = (*spot[:3], self.file_at(self.current).rank_of(spot.finding, folded=spot.folded))
        found = sorted(self._finding_places(), key=lambda place: place[0])
        ahead = [finding for at, finding in found if (at > here if by > 0 else at < here)]
        if ahead:
            self.go_to_finding(ahead[0 if by > 0 else -1])

    def _finding_places(self) -> Iterator[tuple[tuple[int, int, int, int], Finding]]:
        """Every finding that isn't folded, by what grows down the change set."""
        for number, file in enumerate(self._rows.files):
            for at, (hunk, row) in enumerate(file.places[: file.kept]):
                yield (number, 2 * hunk + 1 if hunk >= 0 else -1, row, file.rank(at)), file.findings[at]

    # Asking others

    def context_wanted(self, file: int) -> None:
        """See `DiffFolding`."""
        self.post_message(self.ContextRequested(file))

    def action_edit_line(self) -> None:
        """Ask for an editor at this line."""
        if self.row_count and self.file_at(self.current).diff.status is not Status.DELETED:
            self.post_message(self.EditRequested(self.file_at(self.current).diff.path, self._line_of(self.current)))

    def action_copy(self) -> None:
        """Ask for a copy of this line, finding, hunk or path."""
        if not self.row_count:
            return
        text, what = self._copied(self.current)
        self.post_message(self.CopyRequested(text.encode("utf-8", "surrogateescape").decode("utf-8", "replace"), what))

    def _copied(self, shown: DiffRow) -> tuple[str, str]:
        """The text to copy of a row, and what it is."""
        file = self.file_at(shown)
        if shown.kind is Kind.FINDING:
            return as_text(file.findings[shown.what]), "finding"
        if shown.kind is Kind.BETWEEN:
            return (file.text or [""])[shown.at - 1].rstrip("\r\n"), "line"
        if not shown.in_hunk:
            return file.diff.path, "path"
        rows = file.diff.hunks[shown.hunk].rows
        if shown.kind is Kind.HUNK:
            return "".join(sign + text for sign, text in rows), "hunk"
        return rows[max(0, self._rows.row_of(shown))][1].rstrip("\r\n"), "line"


_Mark = tuple[int, int, int]
"""A chosen row: file, hunk, row."""


def _changed(hunk: Hunk) -> list[int]:
    """The rows of a hunk that are not the same on both sides."""
    return [at for at, (sign, _) in enumerate(hunk.rows) if sign.strip()]

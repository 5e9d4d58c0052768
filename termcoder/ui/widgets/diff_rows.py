"""The rows of a whole change set: which one is where. Nothing is drawn here."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

from termcoder.diffs.model import FileDiff
from termcoder.review.finding import Finding
from termcoder.ui.widgets.diff_file import FileRows, Height, Kind, Run

COMPARED = 4_000
"""Rows of a change set up to which alike lines stand side by side from the start; else file by file, when seen."""


class DiffRow(NamedTuple):
    """One row. `section`, `at`, `what` as in `Run`; `part`: which row of its finding."""

    kind: Kind
    file: int
    section: int
    at: int = -1
    part: int = 0
    what: int = 0

    @property
    def hunk(self) -> int:
        """The hunk it is in, or right above; -1 at the file's head."""
        return self.section >> 1

    @property
    def in_hunk(self) -> bool:
        """Whether it is a row of a hunk, or under one."""
        return self.section > 0 and self.section % 2 == 1


class Spot(NamedTuple):
    """A row by what it is about: it finds it, or what is left of it, among other rows."""

    file: int
    section: int = -1
    row: int = -1
    finding: Finding | None = None
    part: int = 0
    folded: bool = False


class DiffRows(Sequence[DiffRow]):
    """All rows. After a change of its files, `rebuild` counts them anew; that is quick for one file."""

    def __init__(self, files: Sequence[FileDiff] = (), *, split: bool = False) -> None:
        compares = sum(len(hunk.rows) for diff in files for hunk in diff.hunks) <= COMPARED
        self.files = [FileRows(diff, split=split, compares=compares) for diff in files]
        self.hides = False
        self._runs: list[list[Run]] = [[] for _ in self.files]
        self._starts: list[list[int]] = [[] for _ in self.files]
        self._firsts: list[int] = [0]

    def rebuild(self, height: Height, files: Iterable[int] | None = None) -> None:
        """Take in what has changed in these files; None: in all."""
        for file in range(len(self.files)) if files is None else files:
            self._runs[file] = self.files[file].runs(hides=self.hides, height=height)
            self._starts[file] = [*accumulate((run.rows for run in self._runs[file]), initial=0)]
        self._firsts = [*accumulate((starts[-1] for starts in self._starts), initial=0)]

    def __len__(self) -> int:
        return self._firsts[-1]

    def __getitem__(self, row: int) -> DiffRow:  # type: ignore[override]
        file, at, part = self._run_at(row)
        run = self._runs[file][at]
        if run.kind in (Kind.LINE, Kind.BETWEEN):
            return DiffRow(run.kind, file, run.section, run.at + part)
        return DiffRow(run.kind, file, run.section, run.at, part, run.what)

    def _run_at(self, row: int) -> tuple[int, int, int]:
        """The file, the run in it, and the place in that."""
        if not 0 <= row < len(self):
            raise IndexError(row)
        file = bisect_right(self._firsts, row) - 1
        starts, offset = self._starts[file], row - self._firsts[file]
        at = bisect_right(starts, offset) - 1
        return file, at, offset - starts[at]

    def spot(self, row: int) -> Spot:
        """What a row is about."""
        shown = self[row]
        index = self.row_of(shown) if shown.in_hunk else shown.at
        finding = self.files[shown.file].findings[shown.what] if shown.kind is Kind.FINDING else None
        return Spot(shown.file, shown.section, index, finding, shown.part, shown.kind is Kind.FOLDED)

    def row_of(self, shown: DiffRow) -> int:
        """The row of the hunk that is shown: of two side by side the new one; -1 at heads."""
        if shown.at < 0:
            return -1
        left, right = self.files[shown.file].rows_at(shown.hunk, shown.at)
        return right if right is not None else left if left is not None else -1

    def find(self, spot: Spot) -> int:
        """The row that a spot is at; where that isn't shown, the nearest above."""
        file, runs = self.files[spot.file], self._runs[spot.file]
        in_hunk = spot.section > 0 and spot.section % 2 == 1
        index = file.line_of(spot.section >> 1, spot.row) if in_hunk else spot.row
        rank = file.rank_of(spot.finding, folded=spot.folded)
        at = max(0, bisect_right(runs, (spot.section, index, rank), key=file.order) - 1)
        run = runs[at]
        if run.kind is Kind.FINDING:
            part = spot.part
        else:
            part = index - run.at if run.section == spot.section else run.rows - 1
        return self._firsts[spot.file] + self._starts[spot.file][at] + max(0, min(part, run.rows - 1))

    def lines(self, first: int, last: int) -> Iterator[tuple[int, range]]:
        """The lines of hunks from a row on to another one of the same file: hunk by hunk, as far as they follow."""
        file, at, _ = self._run_at(first)
        above = self._firsts[file]
        for run, start in zip(self._runs[file][at:], self._starts[file][at:], strict=False):
            if above + start > last:
                return
            if run.kind is Kind.LINE:
                begin = run.at + max(0, first - above - start)
                yield run.section >> 1, range(begin, min(run.at + run.rows, run.at + last - above - start + 1))

    def head(self, file: int) -> int:
        """The row of a file's head."""
        return self._firsts[file]

    def size(self, file: int) -> int:
        """How many rows a file has."""
        return self._starts[file][-1]

    def heads(self, kind: Kind, row: int, by: int) -> Iterator[int]:
        """The rows where runs of a kind begin, from a row on, downwards or (`by` < 0) upwards; without that row."""
        if not len(self):
            return
        file, at, _ = self._run_at(row)
        while 0 <= file < len(self.files):
            runs, first = self._runs[file], self._firsts[file]
            for each in range(at, len(runs)) if by > 0 else range(at, -1, -1):
                start = first + self._starts[file][each]
                if runs[each].kind is kind and (start > row if by > 0 else start < row):
                    yield start
            file += by
            at = (0 if by > 0 else len(self._runs[file]) - 1) if 0 <= file < len(self.files) else 0

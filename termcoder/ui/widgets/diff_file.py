"""The rows of one file of a diff, as runs: what is folded or opened, where findings stand. Nothing is drawn here."""

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterator, Sequence
from enum import Enum
from functools import cached_property
from itertools import groupby, zip_longest
from typing import NamedTuple

from termcoder.diffs.model import FileDiff, Hunk, Status
from termcoder.diffs.words import Pair, aligned
from termcoder.review.finding import Finding

STEP = 20
"""Lines between hunks that are shown at a time."""
UNKNOWN = -1
"""How many lines follow the last hunk, as long as the file's text isn't there."""
_FEWEST_HIDDEN = 2
_WHOLE = (Status.ADDED, Status.DELETED, Status.UNMERGED)  # nothing is around their hunks


class Kind(Enum):
    """What a row shows."""

    FILE = "a file's head"
    GAP = "lines between hunks that are not shown"
    BETWEEN = "a line between hunks"
    HUNK = "a hunk's head"
    LINE = "a line of a hunk, or two side by side"
    HIDDEN = "unchanged lines of a hunk, folded"
    FINDING = "a finding"
    FOLDED = "how many findings are folded"


class Run(NamedTuple):
    """Rows of one kind that follow each other.

    - `section`: -1 for the file's head, 2n for what is above hunk n, 2n+1 for hunk n: they grow down the file.
    - `at`: the first of the hunk's lines (as `FileRows.rows_at` counts them), -1 at a head; above a hunk the
      number on the new side.
    - `what`: which finding, or how many lines or findings are folded.
    """

    kind: Kind
    section: int
    at: int = -1
    rows: int = 1
    what: int = 0


class Gap(NamedTuple):
    """Lines that a diff leaves out: their numbers on both sides, and how many they are."""

    new: int
    old: int
    lines: int


Height = Callable[[Finding], int]
"""How many rows a finding takes."""


class FileRows:
    """One file: its hunks, and what of it is shown. `runs` says how, `split` in pairs of old and new.

    `places`: the hunk and the row that each finding stands under, -1 for a head. `compares`: lines that are alike
    stand side by side, not only in order.
    """

    def __init__(self, diff: FileDiff, *, split: bool = False, compares: bool = True) -> None:
        self.diff = diff
        self.compares = compares
        self.folded = False
        self.opened: set[tuple[int, int]] = set()  # unchanged lines that were unfolded: hunk and first row
        self.looked_at: set[tuple[int, int]] = set()  # folded findings that were opened: hunk and row
        self.shown: dict[int, tuple[int, int]] = {}  # lines shown at the top and the bottom of a gap
        self.text: Sequence[str] | None = None
        self.findings: Sequence[Finding] = ()
        self.kept = 0  # how many findings are not folded
        self.split = split
        self.places: Sequence[tuple[int, int]] = ()
        self._notes: dict[tuple[int, int], list[int]] = {}
        self._pairs: dict[int, Sequence[Pair]] = {}
        self._lines: dict[int, dict[int, int]] = {}  # in split view: the line of each row
        self._new_rows: dict[int, list[int]] = {}

    def take_findings(self, findings: Sequence[Finding], folded: Sequence[Finding]) -> None:
        """Stand these beside their lines; one whose line is in no hunk stands under a head."""
        worst = sorted(findings, key=lambda each: -each.severity)
        self.findings, self.kept = (*worst, *folded), len(worst)
        self.places = [self._anchor(finding) for finding in self.findings]
        self._notes = {}
        for number, place in enumerate(self.places):
            self._notes.setdefault(place, []).append(number)

    def _anchor(self, finding: Finding) -> tuple[int, int]:
        for number, hunk in enumerate(self.diff.hunks):
            if finding.line in hunk.new_numbers:
                row = self.row_of_new(number, finding.line)
                return number, -1 if row is None else row
        return (finding.hunk, -1) if 0 <= finding.hunk < len(self.diff.hunks) else (-1, -1)

    def findings_at(self, hunk: int, row: int) -> Sequence[Finding]:
        """The findings about a row of a hunk that are not folded, worst first."""
        return [self.findings[number] for number in self._notes.get((hunk, row), ()) if number < self.kept]

    # Lines of a hunk: its rows, or pairs of them

    def rows_at(self, hunk: int, line: int) -> Pair:
        """The rows on a line: the old side's and the new side's in split view, else the same one twice."""
        return self._paired(hunk)[line] if self.split else (line, line)

    def line_of(self, hunk: int, row: int) -> int:
        """The line that shows a row."""
        if not self.split or row < 0:
            return row
        if hunk not in self._lines:
            pairs = enumerate(self._paired(hunk))
            self._lines[hunk] = {row: line for line, pair in pairs for row in pair if row is not None}
        return self._lines[hunk].get(row, -1)

    def line_count(self, hunk: int) -> int:
        """How many lines a hunk has."""
        return len(self._paired(hunk)) if self.split else len(self.diff.hunks[hunk].rows)

    def _paired(self, hunk: int) -> Sequence[Pair]:
        if hunk not in self._pairs:
            self._pairs[hunk] = (aligned if self.compares else in_order)(self.diff.hunks[hunk].rows)
        return self._pairs[hunk]

    def compare(self) -> None:
        """From now on, lines that are alike stand side by side."""
        self.compares = True
        self._pairs.clear()
        self._lines.clear()

    def new_rows(self, hunk: int) -> Sequence[int]:
        """The rows of a hunk that the new side has."""
        if hunk not in self._new_rows:
            self._new_rows[hunk] = [at for at, (sign, _) in enumerate(self.diff.hunks[hunk].rows) if "-" not in sign]
        return self._new_rows[hunk]

    def row_of_new(self, hunk: int, line: int) -> int | None:
        """The row of a line of the new side."""
        at, rows = line - self.diff.hunks[hunk].first_new, self.new_rows(hunk)
        return rows[at] if 0 <= at < len(rows) else None

    def nearest_new(self, hunk: int, row: int) -> int:
        """The number on the new side of a row, or of the one after it that has one."""
        at, found = bisect_left(self.new_rows(hunk), row), self.diff.hunks[hunk]
        last = found.first_new + max(0, len(self.new_rows(hunk)) - 1)
        return max(1, min(found.first_new + at, last))

    # Gaps

    def take_text(self, text: str) -> None:
        """Have the whole text of the new side, to show lines between hunks of."""
        self.text = text.removesuffix("\n").split("\n") if text else []
        self.shown.pop(len(self.diff.hunks), None)  # another text may end earlier

    def gap(self, number: int) -> Gap:
        """The lines above a hunk, or behind the last one; of those, UNKNOWN many until the text is there."""
        hunks = self.diff.hunks
        new, old = _ends(hunks[number - 1]) if number else (1, 1)
        if self.diff.status in _WHOLE or not hunks:
            return Gap(new, old, 0)
        if number < len(hunks):
            return Gap(new, old, max(0, _starts(hunks[number])[0] - new))
        if self.text is not None:
            return Gap(new, old, max(0, len(self.text) - new + 1))
        return Gap(new, old, UNKNOWN if _goes_on(hunks) else 0)

    def open_gap(self, number: int, above: int, below: int) -> None:
        """Show some more lines of a gap, next to the hunk above it and next to the one below."""
        top, bottom = self.shown.get(number, (0, 0))
        count = self.gap(number).lines
        top = min(count, top + above)
        self.shown[number] = (top, min(count - top, bottom + below))

    def hidden_in(self, number: int) -> int:
        """How many lines of a gap are not shown, UNKNOWN included."""
        return self.gap(number).lines - sum(self.shown.get(number, (0, 0)))

    # Runs

    def runs(self, *, hides: bool, height: Height) -> list[Run]:
        """All rows, from the file's head on. `hides`: unchanged lines are folded."""
        return [*self._all(hides, height)]

    def _all(self, hides: bool, height: Height) -> Iterator[Run]:
        yield Run(Kind.FILE, -1)
        if self.folded:
            return
        yield from self._notes_under(-1, -1, height)
        for hunk in range(len(self.diff.hunks)):
            yield from self._gap_runs(hunk)
            yield Run(Kind.HUNK, 2 * hunk + 1)
            yield from self._notes_under(hunk, -1, height)
            yield from self._line_runs(hunk, hides, height)
        yield from self._gap_runs(len(self.diff.hunks))

    def _gap_runs(self, number: int) -> Iterator[Run]:
        gap, hidden = self.gap(number), self.hidden_in(number)
        top, bottom = self.shown.get(number, (0, 0))
        if top:
            yield Run(Kind.BETWEEN, 2 * number, gap.new, top)
        if hidden:
            yield Run(Kind.GAP, 2 * number, gap.new + top, what=hidden)
        if bottom:
            yield Run(Kind.BETWEEN, 2 * number, gap.new + gap.lines - bottom, bottom)

    def _line_runs(self, hunk: int, hides: bool, height: Height) -> Iterator[Run]:
        noted = {self.line_of(hunk, row): row for at, row in self._notes if at == hunk and row >= 0}
        count, section = self.line_count(hunk), 2 * hunk + 1
        if not noted and not hides:
            yield Run(Kind.LINE, section, 0, count)
            return
        folds = dict(self._unchanged(hunk, noted)) if hides else {}
        ends = sorted({count, *folds, *folds.values(), *(line + 1 for line in noted)} - {0})
        first = 0
        for end in ends:
            folded = first in folds and (hunk, self.rows_at(hunk, first)[1]) not in self.opened
            kind, rows, what = (Kind.HIDDEN, 1, end - first) if folded else (Kind.LINE, end - first, 0)
            yield Run(kind, section, first, rows, what)
            if end - 1 in noted:
                yield from self._notes_under(hunk, noted[end - 1], height)
            first = end

    def _unchanged(self, hunk: int, noted: Collection[int]) -> Iterator[tuple[int, int]]:
        """Where unchanged lines without findings begin and end; a single one isn't worth a fold."""
        plain = [not sign.strip() for sign, _ in self.diff.hunks[hunk].rows]
        if self.split:
            plain = [right is not None and plain[right] for _, right in self._paired(hunk)]
        for line in noted:
            plain[line] = False
        at = 0
        for folds, run in groupby(plain):
            length = len([*run])
            if folds and length >= _FEWEST_HIDDEN:
                yield at, at + length
            at += length

    def _notes_under(self, hunk: int, row: int, height: Height) -> Iterator[Run]:
        numbers = self._notes.get((hunk, row), ())
        section, line = 2 * hunk + 1 if hunk >= 0 else -1, self.line_of(hunk, row)
        folded = [number for number in numbers if number >= self.kept]
        for number in numbers:
            if number < self.kept:
                yield Run(Kind.FINDING, section, line, height(self.findings[number]), number)
        if folded:
            yield Run(Kind.FOLDED, section, line, what=len(folded))
        if (hunk, row) in self.looked_at:
            for number in folded:
                yield Run(Kind.FINDING, section, line, height(self.findings[number]), number)

    def order(self, run: Run) -> tuple[int, int, int]:
        """What grows from run to run."""
        rank = self.rank(run.what) if run.kind is Kind.FINDING else (run.kind is Kind.FOLDED) * (self.kept + 1)
        return run.section, run.at, rank

    def rank(self, finding: int) -> int:
        """Which place a finding has under its line, the line's own being 0; folded ones come last."""
        return finding + 1 + (finding >= self.kept)

    def rank_of(self, finding: Finding | None, *, folded: bool = False) -> int:
        """The rank of a finding, of what folds others, or of a line: 0, and for a finding that isn't here."""
        if finding is not None and finding in self.findings:
            return self.rank(self.findings.index(finding))
        return self.kept + 1 if folded else 0

    @cached_property
    def counts(self) -> tuple[int, int]:
        """How many lines it adds and removes."""
        return self.diff.added, self.diff.deleted


def _starts(hunk: Hunk) -> tuple[int, int]:
    """The numbers of the first line of each side; a side without lines names the one before."""
    return hunk.first_new + (not hunk.new_lines), hunk.first_old + (not hunk.old_lines)


def _ends(hunk: Hunk) -> tuple[int, int]:
    """The numbers of the lines that follow it."""
    new, old = _starts(hunk)
    return new + hunk.new_lines, old + hunk.old_lines


def _goes_on(hunks: Sequence[Hunk]) -> bool:
    """Whether a file may have lines behind its last hunk: not if that has less around it than other places."""
    last = hunks[-1]
    if last.rows and not last.rows[-1][1].endswith("\n"):
        return False
    around = max(max(_around(hunk.rows), _around(hunk.rows[::-1])) for hunk in hunks)
    return _around(last.rows[::-1]) >= around


def _around(rows: Sequence[tuple[str, str]]) -> int:
    """How many unchanged lines stand before the first change."""
    return next((at for at, (sign, _) in enumerate(rows) if sign.strip()), len(rows))


def in_order(rows: Sequence[tuple[str, str]]) -> list[Pair]:
    """The rows of a hunk side by side, those of a block in order: quick, where `aligned` compares lines."""
    pairs: list[Pair] = []
    removed: list[int] = []
    added: list[int] = []
    for at, (sign, _) in enumerate((*rows, ("", ""))):
        if sign.strip():
            (removed if "-" in sign else added).append(at)
            continue
        if removed or added:
            pairs.extend(zip_longest(removed, added))
            removed, added = [], []
        pairs.append((at, at))
    return pairs[:-1]

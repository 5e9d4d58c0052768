"""Where the cursor of a diff was, to be found again in another diff of the same things."""

from collections.abc import Sequence
from dataclasses import dataclass

from termcoder.diffs.model import Hunk
from termcoder.review.finding import Finding
from termcoder.ui.widgets.diff_file import FileRows
from termcoder.ui.widgets.diff_rows import Spot


@dataclass(frozen=True, slots=True)
class Kept:
    """What a diff takes over from the one before it.

    - `path`, `file`: the cursor's file. `line`: on the new side; None on the file's head. `head`: it is a hunk's head.
    - `height`: rows of the screen above the cursor. `folded`: paths of folded files.
    - `findings`: those that are shown, and those that are folded.
    """

    path: str = ""
    file: int = 0
    line: int | None = None
    head: bool = False
    height: int = 0
    folded: frozenset[str] = frozenset()
    findings: tuple[Sequence[Finding], Sequence[Finding]] = ((), ())


def nearest(kept: Kept, files: Sequence[FileRows]) -> Spot:
    """The spot that is nearest to where the cursor was.

    From a file that is gone it goes to the next one: from inside of it to its first hunk, not to the head, at which
    a key would be about all of the file.
    """
    paths = [file.diff.path for file in files]
    if kept.path not in paths:
        return Spot(min(kept.file, len(files) - 1), -1 if kept.line is None else 1)
    number = paths.index(kept.path)
    hunks = files[number].diff.hunks
    if kept.line is None or not hunks:
        return Spot(number)
    hunk = _hunk_below(hunks, kept.line) if kept.head else _nearest_hunk(hunks, kept.line)
    return Spot(number, 2 * hunk + 1, -1 if kept.head else _nearest_row(files[number], hunk, kept.line))


def _hunk_below(hunks: Sequence[Hunk], line: int) -> int:
    """The hunk that a line is in, or else the next one, or the last."""
    return next((at for at, hunk in enumerate(hunks) if _last(hunk) >= line), len(hunks) - 1)


def _nearest_hunk(hunks: Sequence[Hunk], line: int) -> int:
    return min(range(len(hunks)), key=lambda at: max(hunks[at].first_new - line, line - _last(hunks[at]), 0))


def _nearest_row(file: FileRows, hunk: int, line: int) -> int:
    numbers = file.diff.hunks[hunk].new_numbers
    row = file.row_of_new(hunk, min(max(line, numbers.start), numbers.stop - 1)) if numbers else None
    return -1 if row is None else row


def _last(hunk: Hunk) -> int:
    return hunk.first_new + max(0, hunk.new_lines - 1)

"""What is known of a review in a few lines: how far it is while it runs, then what was read and what was not."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from rich.text import Text
from textual.app import RenderResult
from textual.geometry import Size
from textual.timer import Timer
from textual.widget import Widget

from termcoder.diffs.model import ChangeSet, Scope, ScopeKind
from termcoder.features.engine_host import label_of
from termcoder.review.finding import Finding, Review
from termcoder.ui.inert import one_line
from termcoder.ui.widgets.code_lines import crop_end
from termcoder.ui.widgets.folding import fold

ROWS = 5
"""Rows at most, and two less on a low screen; what doesn't fit ends with `…`."""
LOW = 30
"""A screen with fewer rows is low."""
_BAR = 20
_NONE = ChangeSet(Scope())
_NAMED = 3  # skipped files that are named, and reasons
_TO_DO = {
    ScopeKind.STAGED: ": s unstages them",
    ScopeKind.WORKTREE: ": s stages them, x takes them back on the disk",
}


@dataclass(frozen=True, slots=True)
class ReviewState:
    """What the lines tell of.

    - `said`: what was just done. `marked`: how many lines are chosen.
    - `activity`: what is being done; "" while nothing is. `since`: when it began, on the monotonic clock.
    - `done`, `total`: steps of a review. `stale`: the changes are others than those that were reviewed.
    - `error`: what kept the review, or reading, from being whole.
    """

    changes: ChangeSet = _NONE
    review: Review | None = None
    said: str = ""
    marked: int = 0
    activity: str = ""
    since: float = 0.0
    done: int = 0
    total: int = 0
    stale: bool = False
    error: str = ""


def count(number: int, name: str) -> str:
    """ "1 file", "2 files"."""
    return f"{number:,} {name}{'s' * (number != 1)}"


def clock(seconds: float) -> str:
    """ "0:07", "12:30"."""
    minutes, rest = divmod(max(0, int(seconds)), 60)
    return f"{minutes}:{rest:02}"


def tally(findings: tuple[Finding, ...]) -> str:
    """ "3 findings: 1 critical, 2 minor", the worst first."""
    if not findings:
        return "no findings"
    found = Counter(finding.severity for finding in findings)
    each = ", ".join(f"{found[severity]} {severity}" for severity in sorted(found, reverse=True))
    return f"{count(len(findings), 'finding')}: {each}"


def lines_of(state: ReviewState, now: float) -> list[tuple[str, str]]:
    """Each line with the kind of thing it is: "said", "error", "busy", "" or "note"."""
    return [(kind, one_line(text)) for kind, text in _lines(state, now) if text]


def rows_of(lines: Sequence[tuple[str, str]], width: int, most: int) -> list[tuple[str, str]]:
    """The lines cut into rows of at most `width` cells, at least one row and at most `most`."""
    pieces = [(kind, row.rstrip()) for kind, line in lines for row in fold(line, max(2, width), words=True)]
    if len(pieces) > most:
        kind, text = pieces[most - 1]
        pieces = [*pieces[: most - 1], (kind, crop_end(f"{text} …", width))]
    return pieces or [("", "")]


def _lines(state: ReviewState, now: float) -> Iterator[tuple[str, str]]:
    yield "said", state.said
    if state.marked:
        yield "said", f"{count(state.marked, 'line')} chosen{_TO_DO.get(state.changes.scope.kind, '')}"
    yield "error", state.error
    if state.activity:
        yield "busy", _progress(state, now)
    elif state.review is None:
        yield "", _invitation(state.changes)
    else:
        yield "", _outcome(state.review, stale=state.stale)
    if state.review is not None:
        yield "note", " · ".join(_remarks(state.review))


def _progress(state: ReviewState, now: float) -> str:
    parts = [state.activity, clock(now - state.since)]
    if state.total:
        filled = _BAR * min(state.done, state.total) // state.total
        parts[0] = f"{'━' * filled}{'╌' * (_BAR - filled)} {state.done:,} of {state.total:,} · {state.activity}"
        parts.insert(1, count(len(state.review.findings) if state.review else 0, "finding"))
    return " · ".join((*parts, "Esc stops"))


def _invitation(changes: ChangeSet) -> str:
    hunks = sum(len(file.hunks) for file in changes.files if file.skipped is None)
    skipped = [file.path for file in changes.files if file.skipped]
    if hunks:
        aside = f", {count(len(skipped), 'file')} aside" if skipped else ""
        read = len(changes.files) - len(skipped)
        return f"{count(hunks, 'hunk')} in {count(read, 'file')} to review{aside}. Press r."
    if changes.files:
        return f"Nothing here can be reviewed: {count(len(changes.files), 'file')} without a line of text that changes."
    return ""


def _outcome(review: Review, *, stale: bool) -> str:
    read = str(review.coverage) if review.coverage.files else ""
    parts = [tally(review.findings), read, one_line(label_of(review.model))]
    if review.interrupted:
        parts.insert(0, "not finished")
    if stale:
        parts.append("it has changed since: r reviews it anew")
    text = " · ".join(filter(None, parts))
    return text[:1].upper() + text[1:]


def _remarks(review: Review) -> Iterator[str]:
    """What was folded, dropped, skipped and left out."""
    if review.folded:
        yield f"{count(len(review.folded), 'finding')} folded (i)"
    for reason, number in review.dropped:
        yield f"{number} patch{'es' * (number != 1)} dropped: {reason}"
    if review.coverage.skipped:
        yield f"Not read: {_some(_by_reason(review.coverage.skipped))}"
    if review.coverage.left_out:
        yield f"Left out: {_some([*review.coverage.left_out])}"
    yield from review.notes


def _by_reason(skipped: Sequence[tuple[str, str]]) -> list[str]:
    """ "logo.png (binary file)", "7 files (only renamed)": those with one reason together, in the order they come."""
    paths: dict[str, list[str]] = {}
    for path, why in skipped:
        paths.setdefault(why, []).append(path)
    return [f"{found[0] if len(found) == 1 else count(len(found), 'file')} ({why})" for why, found in paths.items()]


def _some(names: list[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


class ReviewLine(Widget):
    """Draws a `ReviewState`. Ticks once a second while something is being done, and never otherwise."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"review--said", "review--error", "review--note"}
    DEFAULT_CSS = """
    ReviewLine { height: auto; min-height: 1; padding: 0 1; background: $panel; color: $foreground; }
    ReviewLine > .review--said { color: $text-accent; text-style: bold; }
    ReviewLine > .review--error { color: $text-error; text-style: bold; }
    ReviewLine > .review--note { color: $text-muted; }
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.state = ReviewState()
        self._timer: Timer | None = None

    def change(self, **values: Any) -> None:
        """Change fields of the state and draw what differs."""
        state = replace(self.state, **values)
        if state == self.state:
            return
        width = self.content_size.width
        before, self.state = len(self.rows(width)), state
        self._tick_if_needed()
        self.refresh(layout=len(self.rows(width)) != before)

    def rows(self, width: int) -> list[tuple[str, str]]:
        """The lines cut into rows, with their kinds."""
        most = ROWS if self.app.size.height >= LOW else ROWS - 2
        return rows_of(lines_of(self.state, time.monotonic()), width, most)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As many rows as there are."""
        return len(self.rows(width))

    def render(self) -> RenderResult:
        """The rows in their styles."""
        text = Text(no_wrap=True, overflow="crop")
        for at, (kind, row) in enumerate(self.rows(self.content_size.width)):
            style = self.get_component_rich_style(f"review--{kind}") if kind in ("said", "error", "note") else ""
            text.append(("\n" if at else "") + row, style=style)
        return text

    def _tick_if_needed(self) -> None:
        if self.state.activity and self._timer is None:
            self._timer = self.set_interval(1, self.refresh)
        elif not self.state.activity and self._timer is not None:
            self._timer.stop()
            self._timer = None

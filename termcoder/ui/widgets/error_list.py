"""The errors of a log in the order they happened, and the frames of the one that was chosen."""

from collections.abc import Collection, Iterator, Sequence
from enum import Enum
from itertools import groupby
from typing import Any, ClassVar, NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from textual.binding import BindingType
from textual.message import Message
from textual.strip import Strip

from termcoder.diagnosis.incident import Incident, Step
from termcoder.tracebacks import LoggedError, Relation
from termcoder.ui.commands import bindings_of
from termcoder.ui.inert import one_line
from termcoder.ui.widgets.code_lines import CursorScroll, crop_end, crop_middle

NOTHING_FOUND = "No error was found in this log."
FEWEST_FOLDED = 2  # library frames in a row
_LONGEST = 500  # characters looked at of a message's line, a path, a name
_RELATIONS = {
    Relation.CAUSE: "cause of the next",
    Relation.CONTEXT: "the next came while handling it",
    Relation.MEMBER: "group member",
    Relation.SUPPRESSED: "suppressed",
}


class _Kind(Enum):
    ERROR = "an error"
    MORE = "how many lines its message has beside the first"
    RUN = "a run of library frames"
    STEP = "a frame"


class _Row(NamedTuple):
    """A row of the list. `step`: which frame, or the first of a run; `amount`: of lines or frames."""

    kind: _Kind
    error: int
    step: int = -1
    amount: int = 0


class ErrorList(CursorScroll, can_focus=True):
    """Errors, one of them open: under it are its frames, innermost last, those of libraries folded."""

    BINDINGS: ClassVar[list[BindingType]] = bindings_of("errors")

    class StepChosen(Message):
        """The cursor went to a frame of an error, or to the error itself (`step` is None). `entered`: by Enter."""

        def __init__(self, error: int, step: int | None, *, entered: bool = False) -> None:
            super().__init__()
            self.error = error
            self.step = step
            self.entered = entered

    def __init__(self, placeholder: str = NOTHING_FOUND, **kwargs: Any) -> None:
        super().__init__(placeholder, **kwargs)
        self._errors: Sequence[LoggedError] = ()
        self._tags: Sequence[str] = ()
        self._incident: Incident | None = None
        self._opened: int | None = None
        self._open_runs: set[int] = set()
        self._list: list[_Row] = []

    def load(self, incident: Incident, *, chosen: int | None = None) -> None:
        """Show an incident's errors with one of them open, at its culprit: the chosen one, else the root."""
        self._incident = incident
        self._errors = incident.report.errors
        self._tags = [*_tags(incident)]
        self._opened = None
        self._list = []
        self.place_cursor(0)
        if self._errors:
            first = chosen if chosen is not None else incident.root or 0
            self._open_at_culprit(min(max(first, 0), len(self._errors) - 1))
        else:
            self._build()

    @property
    def selection(self) -> tuple[int, int | None] | None:
        """The error and the frame under the cursor; no frame on an error's own row or on folded frames."""
        if not self._list:
            return None
        row = self._current
        return row.error, row.step if row.kind is _Kind.STEP else None

    @property
    def chosen(self) -> int | None:
        """The error whose frames are shown."""
        return self._opened

    # Rows

    @property
    def row_count(self) -> int:
        """See `LineScroll`."""
        return len(self._list)

    def selectable(self, row: int) -> bool:
        """See `CursorScroll`."""
        return self._list[row].kind is not _Kind.MORE

    @property
    def _current(self) -> _Row:
        return self._list[self.cursor_row]

    def _steps(self, error: int) -> Sequence[Step]:
        return self._incident.steps[error] if self._incident else ()

    def _build(self) -> None:
        self._list = []
        for error, logged in enumerate(self._errors):
            self._list.append(_Row(_Kind.ERROR, error))
            if more := logged.message.strip().count("\n"):
                self._list.append(_Row(_Kind.MORE, error, amount=more))
            if error == self._opened:
                self._list.extend(_step_rows(error, self._steps(error), self._open_runs))
        self.rows_changed()
        self.refresh(layout=True)  # it is as high as its rows, up to a limit

    def _find(self, kind: _Kind, error: int, step: int = -1) -> int:
        """The row of an error or frame; 0 where it isn't shown."""
        found = (at for at, row in enumerate(self._list) if row[:3] == (kind, error, step))
        return next(found, 0)

    def _open(self, error: int | None, shown: int | None = None) -> None:
        """Show this error's frames instead of another's, with the run unfolded that hides the frame `shown`."""
        if error != self._opened:
            self._open_runs.clear()
        self._opened = error
        if error is not None and shown is not None:
            runs = _runs(self._steps(error))
            self._open_runs.update(first for first, count in runs if first <= shown < first + count)
        self._build()

    def _select(self, kind: _Kind, error: int, step: int = -1) -> None:
        """Put the cursor on a row, with its error in view too where there is room for both."""
        self.place_cursor(self._find(kind, error, step))
        self.keep_in_view(self._find(_Kind.ERROR, error))
        self.keep_in_view(self.cursor_row)

    def _open_at_culprit(self, error: int) -> None:
        step = self._culprit(error)
        self._open(error, step)
        self._select(_Kind.ERROR if step is None else _Kind.STEP, error, -1 if step is None else step)

    def _culprit(self, error: int) -> int | None:
        culprit = self._incident.culprit(error) if self._incident else None
        return next((at for at, step in enumerate(self._steps(error)) if step is culprit), None)

    # Drawing

    def draw_row(self, row: int, width: int) -> Strip:
        """See `LineScroll`."""
        shown, chosen = self._list[row], row == self.cursor_row
        pointer = ("▌" if self.has_focus else "▏") if chosen else " "
        strip = Strip.join([Strip([Segment(pointer, self.ink["sign"])], 1), self._content(shown, max(1, width - 1))])
        return self.with_cursor(strip, width) if chosen else strip

    def _content(self, row: _Row, width: int) -> Strip:
        if row.kind is _Kind.ERROR:
            return self._error_row(row.error, width)
        if row.kind is _Kind.STEP:
            return self._step_row(self._steps(row.error)[row.step], width)
        if row.kind is _Kind.MORE:
            text = f"    … {row.amount:,} more line{'s' * (row.amount > 1)}"
        else:
            sign = "▾" if row.step in self._open_runs else "▸"
            text = f"  · {row.amount:,} library frames {sign}"
        return Strip([Segment(crop_end(text, width), self.ink["note"])])

    def _error_row(self, error: int, width: int) -> Strip:
        """The type and the message on the left, what kind of error it is on the right."""
        head = _head(self._errors[error])
        tags = crop_end(self._tags[error], max(width // 2, width - cell_len(head) - 3))
        room = width - 2 - (cell_len(tags) + 1 if tags else 0)
        kind, _, message = crop_end(head, room).partition(": ")
        colon = ": " if message else ""
        style = self.ink["question" if error == self._opened else "text"]
        left = Strip([Segment("✗ ", self.ink["error"]), Segment(kind, style + self.ink["error"])])
        left = Strip.join([left, Strip([Segment(colon + message, style)])])
        return Strip.join([left.adjust_cell_length(width - cell_len(tags)), Strip([Segment(tags, self.ink["tag"])])])

    def _step_row(self, step: Step, width: int) -> Strip:
        """The function on the left, its place on the right."""
        place = crop_middle(_place_text(step), max(width - 4 - cell_len(_function(step)) - 2, width * 3 // 5))
        style = self.ink["text" if step.own and step.place else "note"]
        sign = Segment("  • ", self.ink["own"]) if step.own else Segment("  · ", self.ink["note"])
        function = crop_end(_function(step), max(1, width - 4 - cell_len(place) - 1))
        left = Strip([sign, Segment(function, style)]).adjust_cell_length(width - cell_len(place))
        return Strip.join([left, Strip([Segment(place, style)])])

    # Keys

    def moved(self) -> None:
        """Say where the cursor is now; a folded run of frames is no place."""
        if self._list and self._current.kind is not _Kind.RUN:
            self._tell()

    def _tell(self, *, entered: bool = False) -> None:
        if self.selection is not None:
            self.post_message(self.StepChosen(*self.selection, entered=entered))

    def action_next_step(self) -> None:
        """Down a row."""
        self.move_by(1)

    def action_previous_step(self) -> None:
        """Up a row."""
        self.move_by(-1)

    def action_next_frame(self) -> None:
        """To the next frame of one's own code."""
        self._go_to_frame(1)

    def action_previous_frame(self) -> None:
        """To the frame of one's own code before."""
        self._go_to_frame(-1)

    def _go_to_frame(self, by: int) -> None:
        """Only frames of this error; all of them where none is one's own."""
        if not self._list:
            return
        row = self._current
        steps = self._steps(row.error)
        frames = [at for at, step in enumerate(steps) if step.own] or [*range(len(steps))]
        beyond = row.step - (row.kind is _Kind.RUN)  # from a folded run, its first frame is the next one
        ahead = [at for at in frames if (at > beyond if by > 0 else at < row.step)]
        if ahead:
            step = ahead[0] if by > 0 else ahead[-1]
            self._open(row.error, step)
            self._select(_Kind.STEP, row.error, step)
            self.moved()

    def action_next_error(self) -> None:
        """Open the next error."""
        self._go_to_error(1)

    def action_previous_error(self) -> None:
        """Open the error before."""
        self._go_to_error(-1)

    def _go_to_error(self, by: int) -> None:
        if self._list and 0 <= self._current.error + by < len(self._errors):
            self._open_at_culprit(self._current.error + by)
            self.moved()

    def action_toggle_fold(self) -> None:
        """Show or hide what is folded here: an error's frames, or a run of library frames."""
        if not self._list:
            return
        row = self._current
        if row.kind is _Kind.ERROR:
            self._toggle_error(row.error)
        elif (run := self._run_around(row)) is not None:
            self._open_runs ^= {run}
            self._build()
            self._select(_Kind.RUN, row.error, run)

    def _toggle_error(self, error: int) -> None:
        closes = error == self._opened
        self._open(None if closes else error)
        self._select(_Kind.ERROR, error)
        if not closes:
            self._tell()

    def _run_around(self, row: _Row) -> int | None:
        runs = _runs(self._steps(row.error))
        return next((first for first, count in runs if first <= row.step < first + count), None)

    def action_choose(self) -> None:
        """Open a closed error at its culprit, or a folded run; tell that a frame was chosen."""
        if not self._list:
            return
        row = self._current
        if row.kind is _Kind.RUN:
            self.action_toggle_fold()
            return
        if row.error != self._opened:
            self._open_at_culprit(row.error)
        self._tell(entered=True)

    def action_copy(self) -> None:
        """Ask for a copy of this error with its frames."""
        if self._list:
            error = self._current.error
            self.post_message(self.CopyRequested(_as_text(self._errors[error], self._steps(error)), "error"))


def _runs(steps: Sequence[Step]) -> list[tuple[int, int]]:
    """The first frame and the length of every run of library frames that is folded."""
    groups = groupby(range(len(steps)), key=lambda at: steps[at].own)
    runs = [[*group] for own, group in groups if not own]
    return [(run[0], len(run)) for run in runs if len(run) >= FEWEST_FOLDED]


def _step_rows(error: int, steps: Sequence[Step], open_runs: Collection[int]) -> Iterator[_Row]:
    at = 0
    for first, count in (*_runs(steps), (len(steps), 0)):
        yield from (_Row(_Kind.STEP, error, step) for step in range(at, first))
        if count:
            yield _Row(_Kind.RUN, error, first, count)
        if first in open_runs:
            yield from (_Row(_Kind.STEP, error, step) for step in range(first, first + count))
        at = first + count


def _tags(incident: Incident) -> Iterator[str]:
    """What each error is to the others, in words."""
    places = ((failure.build, error) for failure in incident.report.failures for error in failure.errors)
    for index, (build, error) in enumerate(places):
        tags = (
            "▶ root cause" if index == incident.root else "",
            "handled" if error.handled else "",
            _RELATIONS.get(error.relation, ""),
            "build" if build else "",
        )
        yield " · ".join(filter(None, tags))


def _head(error: LoggedError) -> str:
    """The error in a line: its type and the first line of its message."""
    message = one_line(error.message.strip().partition("\n")[0][:_LONGEST])
    return f"{one_line(error.type[:_LONGEST])}: {message}" if message else one_line(error.type[:_LONGEST])


def _function(step: Step) -> str:
    return one_line((step.frame.function or "")[:_LONGEST]) or "(no function)"


def _place_text(step: Step) -> str:
    """`path:line`, with `≈` before a path that was found by its tail; as much as is known."""
    sign = "≈ " if step.located and not step.located.exact else ""
    path = step.located.path if step.located else step.frame.file or ""
    return sign + one_line(str(step.place or path)[-_LONGEST:])


def _as_text(error: LoggedError, steps: Sequence[Step]) -> str:
    """What copying an error gives."""
    head = f"{error.type}: {error.message}" if error.message else error.type
    frames = (f"{step.place or step.frame.file or '?'} {step.frame.function or ''}".rstrip() for step in steps)
    return "\n".join([head, *error.notes, *frames])

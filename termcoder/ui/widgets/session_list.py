"""The list of sessions: by project and day, one row each, with what a search has found below it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import chain
from pathlib import Path
from typing import Any, ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from textual.binding import BindingType
from textual.message import Message
from textual.strip import Strip

from termcoder.features.session_desk import Found
from termcoder.sessions.schema import CHAT
from termcoder.sessions.store import SessionEntry
from termcoder.ui.commands import bindings_of
from termcoder.ui.inert import inert, one_line
from termcoder.ui.widgets.code_lines import CursorScroll, crop_end, crop_middle
from termcoder.ui.widgets.ink import without_background

MODEL_FROM = 68
"""Cells of the list from which a row has room for the model."""
TURNS_FROM = 40


@dataclass(frozen=True, slots=True)
class _Row:
    """A heading, a session (`entry`), or what was found in it (`found`)."""

    heading: str = ""
    is_project: bool = False
    entry: SessionEntry | None = None
    found: Found | None = None


@dataclass(frozen=True, slots=True)
class Shelf:
    """What the list shows. `open_id`: the session that the program has open. `found`: by path."""

    entries: Sequence[SessionEntry] = ()
    project: str = ""
    open_id: str = ""
    found: Mapping[Path, Found] = field(default_factory=dict)
    all_projects: bool = False


class SessionList(CursorScroll, can_focus=True):
    """Only the rows on the screen are drawn: thousands of sessions scroll like ten."""

    BINDINGS: ClassVar[list[BindingType]] = bindings_of("session_list")

    class Moved(Message):
        """The cursor is on another session, or on none."""

    class Chosen(Message):
        """Enter on a session."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__("", **kwargs)
        self._shelf = Shelf()
        self._list: list[_Row] = []
        self._today = today()

    def show(self, shelf: Shelf, *, keep: Path | None = None) -> None:
        """Show these sessions, the cursor on the one of this path or, where it isn't, near where it was."""
        before = self.cursor_row
        self._shelf = shelf
        self._today = today()
        self._list = list(self._rows())
        self.rows_changed()
        places = [at for at, row in enumerate(self._list) if row.entry is not None and row.found is None]
        wanted = (at for at in places if self._entry_at(at).path == keep)
        nearest = min(places, key=lambda at: (abs(at - before), at < before), default=0)
        self.place_cursor(next(wanted, nearest))
        self._show_headings()
        self.keep_in_view(self.cursor_row)

    @property
    def entry(self) -> SessionEntry | None:
        """The session under the cursor."""
        return self._list[self.cursor_row].entry if self.cursor_row < len(self._list) else None

    @property
    def found(self) -> Found | None:
        """What was found in it."""
        return self._shelf.found.get(self.entry.path) if self.entry is not None else None

    def _entry_at(self, row: int) -> SessionEntry:
        entry = self._list[row].entry
        assert entry is not None
        return entry

    # Rows

    def _rows(self) -> Iterator[_Row]:
        project = day = ""
        for entry in self._in_order():
            if self._shelf.all_projects and entry.project != project:
                project, day = entry.project, ""
                yield _Row(self._project_name(project), is_project=True)
            if (label := day_label(local(entry.updated_at), self._today)) != day:
                day = label
                yield _Row(label)
            yield _Row(entry=entry)
            if (found := self._shelf.found.get(entry.path)) is not None:
                yield _Row(entry=entry, found=found)

    def _in_order(self) -> Iterable[SessionEntry]:
        """The last saved first; by projects, this one before the others, those in the order they were used in."""
        latest = sorted(self._shelf.entries, key=lambda entry: entry.updated_at, reverse=True)
        if not self._shelf.all_projects:
            return latest
        projects = list(dict.fromkeys((self._shelf.project, *(entry.project for entry in latest))))
        rank = {project: at for at, project in enumerate(projects)}
        return sorted(latest, key=lambda entry: rank[entry.project])

    def _project_name(self, project: str) -> str:
        return f"{one_line(short_path(project))}{' · this project' * (project == self._shelf.project)}"

    @property
    def row_count(self) -> int:
        """See `LineScroll`."""
        return len(self._list)

    def selectable(self, row: int) -> bool:
        """See `CursorScroll`: the cursor stops at sessions."""
        return self._list[row].entry is not None and self._list[row].found is None

    def _stop(self, row: int, direction: int) -> int:
        """See `CursorScroll`; where no session is ahead, the nearest behind: the ends are headings and excerpts."""
        ahead, behind = range(row, self.row_count), range(row, -1, -1)
        rows = chain(ahead, behind) if direction > 0 else chain(behind, ahead)
        return next((each for each in rows if self.selectable(each)), self._cursor)

    def moved(self) -> None:
        """See `CursorScroll`."""
        self._show_headings()
        self.post_message(self.Moved())

    def _show_headings(self) -> None:
        """Above the first session there are headings that the cursor never goes to."""
        if not any(self.selectable(row) for row in range(min(self.cursor_row, len(self._list)))):
            self.scroll_to_row(0)

    def action_choose(self) -> None:
        """Ask for the session under the cursor."""
        if self.entry is not None:
            self.post_message(self.Chosen())

    # Drawing

    def draw_row(self, row: int, width: int) -> Strip:
        """See `LineScroll`."""
        shown = self._list[row]
        if shown.entry is None:
            style = self.ink["heading"] if shown.is_project else self.ink["note"]
            indent = 0 if shown.is_project or not self._shelf.all_projects else 1
            return Strip([Segment(" " * (indent + 1) + crop_middle(shown.heading, width - 1 - indent), style)])
        if shown.found is not None:
            return self._excerpt(shown.found, width)
        chosen = row == self.cursor_row
        pointer = ("▌" if self.has_focus else "▏") if chosen else " "
        strip = Strip.join([Strip([Segment(pointer, self.ink["sign"])], 1), self._session(shown.entry, width - 1)])
        return self.with_cursor(strip, width) if chosen else strip

    def _session(self, entry: SessionEntry, width: int) -> Strip:
        is_open = entry.id == self._shelf.open_id
        facts = self._facts(entry, width)
        left = 1 + 2 * self._shelf.all_projects
        room = max(1, width - left - cell_len(facts) - 2)
        title = crop_end(one_line(entry.title) or "(no question yet)", room)
        name = Segment(title, self.ink["own" if is_open else "text"])
        whole = Strip([Segment(" " * left), name]).adjust_cell_length(max(0, width - cell_len(facts) - 1))
        return Strip.join([whole, Strip([Segment(facts, self.ink["note"])])]).crop(0, width)

    def _facts(self, entry: SessionEntry, width: int) -> str:
        facts = [f"{local(entry.updated_at):%H:%M}"] if entry.updated_at else []
        if width >= MODEL_FROM and entry.model:
            facts.insert(0, crop_middle(one_line(entry.model), 22))
        if width >= TURNS_FROM:
            facts.insert(0, f"{entry.turns:,} turn{'s' * (entry.turns != 1)}")
        if entry.id == self._shelf.open_id:
            facts.insert(0, "open")
        return " · ".join(facts)

    def _excerpt(self, found: Found, width: int) -> Strip:
        note, mark = self.ink["note"], without_background(self.ink["match"])
        text, pieces, at = inert(found.hit.excerpt), [Segment(" " * (4 + 2 * self._shelf.all_projects))], 0
        if found.hit.pane not in ("", CHAT):
            pieces.append(Segment(f"{one_line(found.hit.pane)}: ", note))
        for start, end in found.hit.spans:
            pieces += [Segment(text[at:start], note), Segment(text[start:end], mark)]
            at = end
        line = Strip([*pieces, Segment(text[at:], note)])
        more = f" (+{found.more:,})" if found.more else ""
        if line.cell_length > width - len(more):
            line = Strip.join([line.crop(0, max(0, width - len(more) - 1)), Strip([Segment("…", note)], 1)])
        return Strip.join([line, Strip([Segment(more, note)], len(more))])


def today() -> date:
    """The day that it is here."""
    return date.today()


def local(time: str) -> datetime:
    """A session's time on the clock of this machine; the beginning of time where it names none."""
    try:
        return datetime.fromisoformat(time).astimezone()
    except ValueError:
        return datetime.fromtimestamp(0).astimezone()


def day_label(when: datetime, today: date) -> str:
    """ "today", "yesterday", "Monday 23 November"; with the year, and no weekday, where it isn't this year's."""
    days = (today - when.date()).days
    if days in (0, 1):
        return ("today", "yesterday")[days]
    return f"{when:%A} {when.day} {when:%B}" if when.year == today.year else f"{when.day} {when:%B %Y}"


def short_path(path: str) -> str:
    """A folder as people write it: "~/code/thing"."""
    home = str(Path.home())
    return "~" + path[len(home) :] if path == home or path.startswith(home + "/") else path

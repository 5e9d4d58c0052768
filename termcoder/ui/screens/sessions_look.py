"""Looking at sessions: the list of the project's or of all, the search in their text, the chosen one beside them."""

import asyncio
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import ClassVar, TypeVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from termcoder.errors import TermcoderError
from termcoder.features.session_desk import MOST_FOUND, Found, SessionDesk
from termcoder.sessions.store import Listing, SessionEntry
from termcoder.ui.commands import COMMANDS, bindings_of, commands_of, keys_label
from termcoder.ui.inert import one_line
from termcoder.ui.widgets.session_list import SessionList, Shelf, short_path
from termcoder.ui.widgets.session_preview import SessionPreview

DEBOUNCE_SECONDS = 0.12
"""So long nothing is searched while the user types on."""
PREVIEW_FROM = 100
"""Columns from which the chosen session is shown beside the list."""
READING = "reading the sessions …"
NO_SESSIONS = "No session is kept yet.\nWhat is asked in the chat, diagnosed and reviewed is kept here by itself."
NOT_KEPT = "This program keeps no sessions."

_T = TypeVar("_T")
_Result = TypeVar("_Result")


class SessionsLook(ModalScreen[_Result]):
    """Shows sessions; what is done with them is `SessionsScreen`'s."""

    BINDINGS: ClassVar[list[BindingType]] = bindings_of("sessions")
    DEFAULT_CSS = """
    SessionsLook { background: $background; }
    SessionsLook > Vertical { background: $background; }
    SessionsLook #title { height: 1; padding: 0 1; background: $panel; text-style: bold; }
    SessionsLook Input { height: 1; border: none; padding: 0; background: $surface; }
    SessionsLook Input:focus { border: none; }
    SessionsLook .row { height: 1; padding: 0 1; background: $surface; }
    SessionsLook .row Static { width: auto; text-style: bold; }
    SessionsLook #asking { display: none; }
    SessionsLook #asking.shown { display: block; }
    SessionsLook #columns { height: 1fr; }
    SessionsLook SessionList { width: 3fr; height: 1fr; }
    SessionsLook SessionPreview { width: 2fr; display: none; border-left: vkey $panel; }
    SessionsLook.-wide SessionPreview { display: block; }
    SessionsLook #said { height: auto; max-height: 5; padding: 0 1; background: $panel; display: none; }
    SessionsLook #said.shown { display: block; }
    SessionsLook #keys { height: auto; max-height: 2; padding: 0 1; background: $surface; color: $text-muted; }
    """
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (PREVIEW_FROM, "-wide")]

    def __init__(self, desk: SessionDesk) -> None:
        super().__init__()
        self._desk = desk
        self._all = False
        self._listing: Listing | None = None
        self._query = ""
        self._found: dict[Path, Found] = {}
        self._stop = threading.Event()

    def compose(self) -> ComposeResult:
        """Title, search, the list with what is chosen in it, what happened, and the keys."""
        with Vertical():
            yield Static("", id="title", markup=False)
            with Horizontal(classes="row"):
                yield Static("Search ", markup=False)
                yield Input(placeholder="words anywhere in a session", id="search", compact=True)
            with Horizontal(id="columns"):
                yield SessionList(id="session_list")
                yield SessionPreview(markup=False)
            with Horizontal(id="asking", classes="row"):
                yield Static("", id="asked", markup=False)
                yield Input(id="answer", select_on_focus=False, compact=True)
            yield Static("", id="said", markup=False)
            yield Static(_keys(), id="keys", markup=False)

    def on_mount(self) -> None:
        """Read the sessions aside: there may be thousands."""
        self.rows.placeholder = READING if self._desk.is_kept else NOT_KEPT
        self.rows.focus()
        self.read()

    def on_unmount(self) -> None:
        """A search doesn't outlive the screen."""
        self._stop.set()

    @property
    def rows(self) -> SessionList:
        """The sessions."""
        return self.query_one(SessionList)

    @property
    def said(self) -> str:
        """What happened last, in words."""
        return str(self.query_one("#said", Static).render())

    def say(self, text: str) -> None:
        """Say what happened, or nothing with ""."""
        said = self.query_one("#said", Static)
        said.update(one_line(text))
        said.set_class(bool(text), "shown")

    # Reading and searching

    @work(exclusive=True, group="sessions-read")
    async def read(self, keep: Path | None = None) -> None:
        """Read the list anew, the cursor going to the session of this path."""
        listing = await self.done(partial(self._desk.entries, all_projects=self._all))
        if listing is None:
            self.rows.placeholder = ""
            return
        self._listing = listing
        if listing.problems:
            more = len(listing.problems) - 1
            others = f" ({more:,} more can't be read either.)" if more else ""
            self.say(f"{listing.problems[0]}{others}")
        if self._query:
            self._search(self._query, keep)
        else:
            self._show(keep)

    @on(Input.Changed, "#search")
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._search(event.value.strip())

    @work(exclusive=True, group="sessions-search")
    async def _search(self, query: str, keep: Path | None = None) -> None:
        """Find what was typed; what is typed meanwhile ends this."""
        self._stop.set()
        self._stop = stop = threading.Event()
        found: tuple[Found, ...] = ()
        if query:
            await asyncio.sleep(DEBOUNCE_SECONDS)
            found = await self.done(partial(self._desk.search, query, stop, all_projects=self._all)) or ()
        self._query = query
        self._found = {each.hit.entry.path: each for each in found}
        self._show(keep)

    def _show(self, keep: Path | None = None) -> None:
        if self._listing is None:
            return
        entries = [each.hit.entry for each in self._found.values()] if self._query else self._listing.entries
        shelf = Shelf(entries, self._desk.project, self._desk.open_id, self._found, self._all)
        self.rows.placeholder = self._nothing()
        self.rows.show(shelf, keep=keep or self._here())
        self._show_title(len(entries))
        self._moved()

    def _here(self) -> Path | None:
        """The session that the cursor is on; as the screen opens, that which the program has open."""
        if self.rows.entry is not None or self._listing is None:
            return self.rows.entry.path if self.rows.entry is not None else None
        return next((entry.path for entry in self._listing.entries if entry.id == self._desk.open_id), None)

    def _nothing(self) -> str:
        if not self._desk.is_kept:
            return NOT_KEPT
        if not self._query:
            return NO_SESSIONS
        elsewhere = "" if self._all else "\na searches all projects."
        return f"Nothing is found for {one_line(self._query)}.{elsewhere}"

    def _show_title(self, count: int) -> None:
        where = "all projects" if self._all else short_path(self._desk.project)
        most = count == MOST_FOUND
        what = f"found{', the first of them' * most}" if self._query else f"session{'s' * (count != 1)}"
        self.query_one("#title", Static).update(one_line(f"Sessions · {count:,} {what} · {where}"))

    async def done(self, work: Callable[[], _T]) -> _T | None:
        """Do what blocks aside; None, and the reason said, where it fails."""
        try:
            return await asyncio.to_thread(work)
        except TermcoderError as error:
            self.say(str(error))
            return None

    async def did(self, work: Callable[[], None]) -> bool:
        """Like `done`, for what returns nothing: whether it was done."""

        def yes() -> bool:
            work()
            return True

        return bool(await self.done(yes))

    # The chosen one

    @on(SessionList.Moved)
    def _moved(self) -> None:
        if self.has_class("-wide"):
            self._preview(self.rows.entry)

    def on_resize(self, event: events.Resize) -> None:
        """Show the chosen session as soon as there is room for it."""
        if event.size.width >= PREVIEW_FROM:
            self.call_after_refresh(self._moved)

    @work(exclusive=True, group="sessions-preview")
    async def _preview(self, entry: SessionEntry | None) -> None:
        preview = self.query_one(SessionPreview)
        if entry is None:
            preview.show(None)
            return
        found = self.rows.found
        try:
            session = await asyncio.to_thread(self._desk.load, entry.path)
        except TermcoderError as error:
            preview.show_failure(str(error))
        else:
            preview.show(session, found.hit.turn_id if found else "")

    # Keys that only look

    def action_search(self) -> None:
        """Go to the field that is searched with."""
        self.query_one("#search", Input).focus()

    @on(Input.Submitted, "#search")
    def _searched(self, event: Input.Submitted) -> None:
        event.stop()
        self.rows.focus()

    def on_key(self, event: events.Key) -> None:
        """Down leads from the field to what was found."""
        if event.key == "down" and self.query_one("#search").has_focus:
            event.stop()
            self.rows.focus()

    def action_toggle_projects(self) -> None:
        """All projects, or this one."""
        self._all = not self._all
        self.read()

    def action_help(self) -> None:
        """Show the keys of this place."""
        from termcoder.ui.screens.help import HelpScreen

        self.app.push_screen(HelpScreen(COMMANDS, "sessions"))


def _keys() -> str:
    """The keys in a line, from the declarations."""
    commands = [*commands_of("session_list"), *commands_of("sessions")]
    return " · ".join(f"{keys_label(each, first=True)} {each.label}" for each in commands if each.label)

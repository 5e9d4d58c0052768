"""The sessions screen: resume, rename, delete and take back, export, import, begin anew."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from textual import on, work
from textual.widgets import Input, Static

from termcoder.features.session_desk import Found, SessionDesk
from termcoder.sessions.library import KEPT_DAYS, Deleted
from termcoder.sessions.store import SessionEntry
from termcoder.ui.inert import one_line
from termcoder.ui.screens.sessions_look import SessionsLook
from termcoder.ui.widgets.session_list import SessionList

NONE_CHOSEN = "No session is chosen."


@dataclass(frozen=True, slots=True)
class Left:
    """How the screen was left. `changed`: another session is open now. `found`: where the user wants to go in it."""

    changed: bool = False
    found: Found | None = None
    query: str = ""


class SessionsScreen(SessionsLook[Left]):
    """Works on sessions by itself; what it returns says whether the program has to show another one."""

    def __init__(self, desk: SessionDesk, busy: Callable[[], str] = lambda: "") -> None:
        """`busy`: a sentence that says why no other session can be opened now, or ""."""
        super().__init__(desk)
        self._busy = busy
        self._deleted: list[Deleted] = []
        self._changed = False
        self._take: Callable[[str], object] | None = None  # the answer to what is asked

    # Another session

    @on(SessionList.Chosen)
    def _chosen(self, event: SessionList.Chosen) -> None:
        event.stop()
        if self.rows.entry is not None and not self._refused():
            self._resume(self.rows.entry, self.rows.found)

    @work(exclusive=True, group="sessions-change")
    async def _resume(self, entry: SessionEntry, found: Found | None) -> None:
        if entry.id != self._desk.open_id:
            if not await self.did(partial(self._desk.resume, entry)):
                self.read(entry.path)
                return
            self._changed = True
        self.dismiss(Left(self._changed, found, self._query if found else ""))

    def action_new(self) -> None:
        """Begin an empty session."""
        if not self._refused():
            self._begin()

    @work(exclusive=True, group="sessions-change")
    async def _begin(self) -> None:
        if await self.did(self._desk.start_new):
            self.dismiss(Left(changed=True))

    def _refused(self) -> bool:
        """Whether no other session can be opened now, which is said."""
        reason = self._busy()
        if reason:
            self.say(reason)
        return bool(reason)

    def action_leave(self) -> None:
        """Leave what is asked, or the field, or the screen."""
        if self._take is not None:
            self._end_asking()
        elif self.query_one("#search").has_focus:
            self.query_one("#search", Input).value = ""
            self.rows.focus()
        else:
            self.dismiss(Left(self._changed))

    # Changing one

    def action_rename(self) -> None:
        """Ask for another title."""
        if (entry := self._entry()) is not None:
            self._ask("Title", entry.title, partial(self._rename, entry))

    @work(exclusive=True, group="sessions-change")
    async def _rename(self, entry: SessionEntry, title: str) -> None:
        if await self.did(partial(self._desk.rename, entry, title)):
            self.say("")
        self.read(entry.path)

    def action_delete(self) -> None:
        """Move the chosen session to the trash."""
        entry = self._entry()
        if entry is not None and not (entry.id == self._desk.open_id and self._refused()):
            self._delete(entry)

    @work(exclusive=True, group="sessions-change")
    async def _delete(self, entry: SessionEntry) -> None:
        was_open = entry.id == self._desk.open_id
        deleted = await self.done(partial(self._desk.delete, entry))
        if deleted is not None:
            self._deleted.append(deleted)
            self._changed = self._changed or was_open
            self.say(f"Deleted: {one_line(entry.title)}. u takes it back; after {KEPT_DAYS} days it is gone.")
        self.read()

    @work(exclusive=True, group="sessions-change")
    async def action_undo(self) -> None:
        """Take the last deleted session back."""
        last = self._deleted.pop() if self._deleted else None
        path = await self.done(partial(self._desk.take_back, last))
        if path is not None:
            self.say("It is here again.")
            self.read(path)

    # To a file and back

    def action_export(self) -> None:
        """Ask for a format and a file, and write the chosen session there."""
        from termcoder.ui.screens.export import ExportScreen

        if (entry := self._entry()) is not None:
            self.app.push_screen(ExportScreen(self._desk, entry), self._exported)

    def _exported(self, path: Path | None) -> None:
        if path is not None:
            self.say(f"Written to {path}.")

    def action_import(self) -> None:
        """Ask for a JSON file, and take the session in it in."""
        self._ask("Import the JSON file", "", self._import)

    @work(exclusive=True, group="sessions-change")
    async def _import(self, name: str) -> None:
        path = await self.done(partial(self._desk.take_in, Path(name.strip()).expanduser()))
        if path is not None:
            self.say("It is here, under its own title.")
        self.read(path)

    # Asking for a line

    def _entry(self) -> SessionEntry | None:
        entry = self.rows.entry
        if entry is None:
            self.say(NONE_CHOSEN)
        return entry

    def _ask(self, what: str, text: str, take: Callable[[str], object]) -> None:
        self._take = take
        self.say("")
        self.query_one("#asked", Static).update(f"{what} ")
        field = self.query_one("#answer", Input)
        field.value = text
        self.query_one("#asking").add_class("shown")
        field.focus()
        field.action_end()

    @on(Input.Submitted, "#answer")
    def _answered(self, event: Input.Submitted) -> None:
        event.stop()
        take = self._take
        self._end_asking()
        if take is not None and event.value.strip():
            take(event.value)

    def _end_asking(self) -> None:
        self._take = None
        self.query_one("#asking").remove_class("shown")
        self.rows.focus()

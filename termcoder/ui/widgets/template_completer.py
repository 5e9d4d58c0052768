"""Completes `/name` at the beginning of a message: lists the templates by name and description, writes the chosen one.

The keys are those of the list of files: Tab takes, Enter takes what the letters begin, Esc closes until the next `/`.
"""

import re
from time import monotonic
from typing import TYPE_CHECKING

from textual.widgets import TextArea

from termcoder.ui.inert import one_line
from termcoder.ui.widgets.completion import MAX_ROWS, CompletionPopup
from termcoder.workspace import Hit, PathIndex, Workspace

if TYPE_CHECKING:
    from termcoder.prompts import PromptTemplate, Shelf

FRESH_SECONDS = 2.0
"""A list of templates older than this is made anew at the next `/`."""
_BEGUN = re.compile(r"/([\w-]*)")


class TemplateCompleter:
    """Serves one text area. `popup` must be mounted on the area's screen."""

    def __init__(self, area: TextArea, workspace: Workspace) -> None:
        self.popup = CompletionPopup()
        self._area = area
        self._workspace = workspace
        self._templates: list[PromptTemplate] = []
        self._listed_at = float("-inf")
        self._listing = False
        self._query: str | None = None
        self._dismissed = False
        self._told: set[str] = set()

    def prepare(self) -> None:
        """Read the templates before they are needed, and tell what is wrong with them."""
        self._list_templates()

    def update(self) -> None:
        """Open, refill or close the list, as the text before the cursor demands."""
        query = self._typed()
        if query is None:
            self.close()
        elif query != self._query and not self._dismissed:
            self._query = query
            if not query or not self._templates:
                self._list_templates()
            self._refill()

    def close(self) -> None:
        """Close the list."""
        self.popup.close()
        self._query, self._dismissed = None, False

    def key(self, key: str) -> bool:
        """Do what `key` means while the list is open. False: it means nothing here."""
        if not self.popup.is_open:
            return False
        if key in ("up", "down"):
            self.popup.move(-1 if key == "up" else 1)
        elif key == "escape":
            self.popup.close()
            self._query, self._dismissed = None, True
        elif key == "tab" or (key == "enter" and self._enter_takes()):
            self._take()
        else:
            return False
        return True

    def position(self) -> None:
        """Put the list on top of the area."""
        if self.popup.is_open:
            column = self._area.cursor_screen_offset.x - len(self._query or "") - 1
            self.popup.place(self._area.region, column, self._area.screen.size.width)

    def _typed(self) -> str | None:
        """What follows the `/` so far, None where no template is being named."""
        row, column = self._area.cursor_location
        if row != 0 or not self._area.selection.is_empty or not self._area.has_focus:
            return None
        begun = _BEGUN.fullmatch(self._area.document.get_line(0)[:column])
        return begun[1] if begun else None

    def _refill(self) -> None:
        if self._query is None or not self._templates:
            return
        hits = search(self._templates, self._query)
        if [hit.path for hit in hits] == [self._query]:
            hits = []  # nothing is left to fill in
        notes = {each.name: _note(each) for each in self._templates}
        room = min(MAX_ROWS, self._area.region.y - 2)
        self.popup.show_choices(hits, f"{len(self._templates)} templates", notes, max(0, room))
        self.position()

    def _enter_takes(self) -> bool:
        if self.popup.moved:
            return True
        query = self._query or ""
        known = query in [each.name for each in self._templates]
        return bool(query) and not known and self.popup.hit.path.startswith(query.lower())

    def _take(self) -> None:
        name, end = self.popup.hit.path, self._area.cursor_location
        self.close()
        self._area.replace(f"/{name} ", (0, 0), end, maintain_selection_offset=False)

    def _list_templates(self) -> None:
        if not self._listing and monotonic() - self._listed_at > FRESH_SECONDS:
            self._listing = True
            self._area.run_worker(self._read_templates, thread=True, group="templates")

    def _read_templates(self) -> None:
        from termcoder import prompts

        self._area.call_later(self._listed, prompts.shelf(self._workspace.root))

    def _listed(self, shelf: "Shelf") -> None:
        self._listing, self._listed_at = False, monotonic()
        self._templates = shelf.picked()
        for problem in map(str, shelf.problems):
            if problem not in self._told:
                self._told.add(problem)
                self._area.app.notify(one_line(problem), severity="warning", timeout=12, markup=False)
        if not self.popup.moved:
            self._refill()


def search(templates: "list[PromptTemplate]", query: str) -> list[Hit]:
    """Templates that fit `query`: by their names first, then by what they do. All of them where it is empty."""
    if not query:
        return [Hit(each.name, ()) for each in templates]
    hits = PathIndex(each.name for each in templates).search(query, len(templates))
    named = {hit.path for hit in hits}
    told = [each.name for each in templates if query.lower() in each.description.lower()]
    return hits + [Hit(name, ()) for name in told if name not in named]


def _note(template: "PromptTemplate") -> str:
    """What it does, and where it comes from if that is not the program."""
    origin = "" if template.place.value == "shipped" else f"[{template.place.value}] "
    return origin + template.description

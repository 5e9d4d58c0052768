"""Completes `/name` at the beginning of a message: lists the templates by name and description."""

import re
from typing import TYPE_CHECKING, ClassVar

from textual.widgets import TextArea

from termcoder.ui.inert import one_line
from termcoder.ui.widgets.completer import Begun, Completer
from termcoder.workspace import Hit, PathIndex, Workspace

if TYPE_CHECKING:
    from termcoder.prompts import PromptTemplate, Shelf

_BEGUN = re.compile(r"/([\w-]*)")


class TemplateCompleter(Completer):
    """Names templates that a user picks, and tells what is wrong with those that can't be used."""

    FRESH_SECONDS: ClassVar[float] = 2.0

    def __init__(self, area: TextArea, workspace: Workspace) -> None:
        super().__init__(area, workspace)
        self._templates: list[PromptTemplate] = []
        self._told: set[str] = set()

    def prepare(self) -> None:
        """Read the templates before they are needed, and tell what is wrong with them."""
        self.list_names()

    def _begun(self) -> Begun | None:
        row, column = self._area.cursor_location
        begun = _BEGUN.fullmatch(self._area.document.get_line(0)[:column]) if row == 0 else None
        return Begun(0, 0, begun[1]) if begun else None

    def _names(self) -> "Shelf":
        from termcoder import prompts

        return prompts.shelf(self._workspace.root)

    @property
    def _is_listed(self) -> bool:
        return bool(self._templates)

    def _take_in(self, names: "Shelf") -> None:
        self._templates = names.picked()
        for problem in map(str, names.problems):
            if problem not in self._told:
                self._told.add(problem)
                self._area.app.notify(one_line(problem), severity="warning", timeout=12, markup=False)

    def _fill(self, query: str, room: int) -> None:
        hits = search(self._templates, query)
        if [hit.path for hit in hits] == [query]:
            hits = []  # nothing is left to fill in
        notes = {each.name: _note(each) for each in self._templates}
        self.popup.show_choices(hits, f"{len(self._templates)} templates", notes, room)

    def _is_meant(self, query: str) -> bool:
        known = query in [each.name for each in self._templates]
        return bool(query) and not known and self.popup.hit.path.startswith(query.lower())

    def _take(self, begun: Begun) -> None:
        name, end = self.popup.hit.path, self._area.cursor_location
        self.close()
        self._area.replace(f"/{name} ", (begun.row, begun.column), end, maintain_selection_offset=False)


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

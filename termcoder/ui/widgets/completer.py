"""What completes a name in a text area: it finds the name at the cursor, lists what begins so, writes the chosen one.

Tab takes the chosen one. Enter takes it only where that is clearly meant. Esc closes the list until the next name.
"""

from dataclasses import dataclass
from time import monotonic
from typing import Any, ClassVar

from textual.widgets import TextArea

from termcoder.ui.widgets.completion import MAX_ROWS, CompletionPopup
from termcoder.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Begun:
    """A name that is being typed: where its mark stands, and what follows that so far."""

    row: int
    column: int
    query: str

    def same_name(self, other: "Begun | None") -> bool:
        """Whether both are the one name, longer or shorter by now."""
        return other is not None and (self.row, self.column) == (other.row, other.column)


class Completer:
    """Serves one text area. `popup` must be mounted on the area's screen.

    A kind of names says what it is about through `_begun`, `_names`, `_take_in`, `_fill`, `_is_meant` and `_take`.
    """

    FRESH_SECONDS: ClassVar[float]
    """Names that were listed longer ago are listed anew with the next name that is begun."""

    def __init__(self, area: TextArea, workspace: Workspace) -> None:
        self.popup = CompletionPopup()
        self._area = area
        self._workspace = workspace
        self._listed_at = float("-inf")
        self._listing = False
        self._at: Begun | None = None
        self._dismissed: Begun | None = None

    def prepare(self) -> None:
        """Called once the area is on the screen: list the names, if there are few."""

    def update(self) -> None:
        """Open, refill or close the list, as the text before the cursor demands."""
        begun = self._begun() if self._area.selection.is_empty and self._area.has_focus else None
        if begun is None:
            self.close()
        elif begun != self._at and not begun.same_name(self._dismissed):
            self._at, self._dismissed = begun, None
            if not begun.query or not self._is_listed:
                self.list_names()
            self._refill()

    def close(self) -> None:
        """Close the list."""
        self.popup.close()
        self._at = self._dismissed = None

    def key(self, key: str) -> bool:
        """Do what `key` means while the list is open. False: it means nothing here."""
        if not self.popup.is_open or self._at is None:
            return False
        if key in ("up", "down"):
            self.popup.move(-1 if key == "up" else 1)
        elif key == "escape":
            self.popup.close()
            self._at, self._dismissed = None, self._at
        elif key == "tab" or (key == "enter" and (self.popup.moved or self._is_meant(self._at.query))):
            self._take(self._at)
        else:
            return False
        return True

    def position(self) -> None:
        """Put the list on top of the area, above the mark of the name."""
        if self.popup.is_open and self._at is not None:
            column = self._area.cursor_screen_offset.x - len(self._at.query) - 1
            self.popup.place(self._area.region, column, self._area.screen.size.width)

    def list_names(self) -> None:
        """List the names in a thread, unless that was done just now."""
        if not self._listing and monotonic() - self._listed_at > self.FRESH_SECONDS:
            self._listing = True
            self._area.run_worker(self._list, thread=True, group=type(self).__name__)

    def _list(self) -> None:
        self._area.call_later(self._listed, self._names())

    def _listed(self, names: Any) -> None:
        self._listing, self._listed_at = False, monotonic()
        self._take_in(names)
        if not self.popup.moved:
            self._refill()

    def _refill(self) -> None:
        if self._at is not None and self._is_listed:
            self._fill(self._at.query, max(0, min(MAX_ROWS, self._area.region.y - 2)))  # above it, inside a border
            self.position()

    # What a kind of names says

    def _begun(self) -> Begun | None:
        """The name that ends at the cursor, None where there is none."""
        raise NotImplementedError

    def _names(self) -> Any:
        """What there is. Called in a thread."""
        raise NotImplementedError

    @property
    def _is_listed(self) -> bool:
        """Whether it is known what there is."""
        raise NotImplementedError

    def _take_in(self, names: Any) -> None:
        """Remember what `_names` gave."""
        raise NotImplementedError

    def _fill(self, query: str, room: int) -> None:
        """Show in the list what begins like `query`."""
        raise NotImplementedError

    def _is_meant(self, query: str) -> bool:
        """Whether Enter means the first of the list, though nobody moved in it."""
        raise NotImplementedError

    def _take(self, begun: Begun) -> None:
        """Write the chosen one in the place of what was typed."""
        raise NotImplementedError

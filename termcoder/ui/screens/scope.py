"""Asks what is to be shown and reviewed: what is staged, the working tree, a commit, a range, a branch."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from typing import NamedTuple

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static

from termcoder.diffs.model import Scope, ScopeKind
from termcoder.errors import GitStoppedError, TermcoderError
from termcoder.ui.inert import inert, one_line
from termcoder.ui.panes.review_reading import Reading

KEYS = "Enter shows it · Tab to the name and back · Esc closes"


class _Offer(NamedTuple):
    """A row: what it is, and the name's place holder where it takes one."""

    kind: ScopeKind
    label: str
    example: str | None = None


OFFERS = (
    _Offer(ScopeKind.STAGED, "Staged: what the next commit holds"),
    _Offer(ScopeKind.WORKTREE, "Working tree: what isn't staged yet"),
    _Offer(ScopeKind.COMMIT, "A commit …", "HEAD, or a name like 1a2b3c4, v1.0, main~2"),
    _Offer(ScopeKind.RANGE, "A range of commits …", "A..B, or A...B for B since they parted"),
    _Offer(ScopeKind.BRANCH, "This branch since it left another …", "the branch it follows, else main; or a name"),
)


class ScopeScreen(ModalScreen[Reading | None]):
    """Gives what was read of the chosen scope; None for Esc. What can't be read is told here."""

    BINDINGS = [Binding("escape", "leave", "Close"), Binding("tab", "other_field", "Name", priority=True)]
    DEFAULT_CSS = """
    ScopeScreen { align: center middle; }
    ScopeScreen > Vertical {
        width: 72; max-width: 95%; height: auto; max-height: 95%;
        background: $surface; border: round $primary; padding: 1 2;
    }
    ScopeScreen Static { height: auto; }
    ScopeScreen OptionList { height: auto; max-height: 12; border: none; padding: 0; background: $surface; }
    ScopeScreen OptionList:focus { border: none; }
    ScopeScreen #state { display: none; }
    ScopeScreen #state.error { color: $text-error; }
    ScopeScreen #state.shown { display: block; }
    ScopeScreen #keys { color: $text-muted; }
    """

    def __init__(
        self, read: Callable[[Scope, threading.Event], Reading], current: Scope, recent: Sequence[Scope] = ()
    ) -> None:
        """`read` blocks, and raises TermcoderError. `recent`: scopes that were chosen before, offered again."""
        super().__init__()
        self._read = read
        self._current = current
        self._recent = list(recent)
        self._cancel = threading.Event()
        self._kinds = OptionList(*self._rows(), markup=False)
        self._revision = Input(select_on_focus=False)
        self._state = Static("", id="state", markup=False)

    def compose(self) -> ComposeResult:
        """The kinds, what was chosen before, and a line for a name."""
        with Vertical():
            yield Static("What is to be reviewed?\n", markup=False)
            yield self._kinds
            yield self._revision
            yield self._state
            yield Static(KEYS, id="keys", markup=False)

    def _rows(self) -> list[str]:
        return [offer.label for offer in OFFERS] + [one_line(f"Again: {scope}") for scope in self._recent]

    def on_mount(self) -> None:
        """Begin at what is shown now."""
        self._kinds.highlighted = next(at for at, offer in enumerate(OFFERS) if offer.kind is self._current.kind)
        self._revision.value = one_line(self._current.what)
        self._kinds.focus()

    def on_unmount(self) -> None:
        """End what is being read."""
        self._cancel.set()

    @property
    def _offer(self) -> _Offer | None:
        """The kind that is chosen; None where it is a scope from before."""
        at = self._kinds.highlighted or 0
        return OFFERS[at] if at < len(OFFERS) else None

    @on(OptionList.OptionHighlighted)
    def _moved(self) -> None:
        example = self._offer.example if self._offer else None
        self._revision.display = example is not None
        self._revision.placeholder = example or ""
        self._tell("")

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        if event.option_index >= len(OFFERS):
            self._try(self._recent[event.option_index - len(OFFERS)])
        elif OFFERS[event.option_index].example is None:
            self._try(Scope(OFFERS[event.option_index].kind))
        else:
            self._revision.focus()

    @on(Input.Submitted)
    def _named(self, event: Input.Submitted) -> None:
        if self._offer is not None:
            usual = "HEAD" if self._offer.kind is ScopeKind.COMMIT else ""
            self._try(Scope(self._offer.kind, event.value.strip() or usual))

    @on(Input.Changed)
    def _typed(self) -> None:
        self._tell("")

    def action_other_field(self) -> None:
        """From the kinds to the name and back."""
        (self._kinds if self._revision.has_focus or not self._revision.display else self._revision).focus()

    def action_leave(self) -> None:
        """Close without a choice."""
        self.dismiss(None)

    def _try(self, scope: Scope) -> None:
        self._cancel.set()
        self._cancel = threading.Event()
        self.run_worker(self._read_it(scope, self._cancel), group="scope", exclusive=True)

    async def _read_it(self, scope: Scope, cancel: threading.Event) -> None:
        self._tell("Reading …", is_error=False)
        try:
            reading = await asyncio.to_thread(self._read, scope, cancel)
        except GitStoppedError:
            return
        except TermcoderError as error:
            self._tell(str(error))
            return
        self.dismiss(reading)

    def _tell(self, text: str, *, is_error: bool = True) -> None:
        self._state.update(inert(text))
        self._state.set_class(bool(text), "shown")
        self._state.set_class(is_error, "error")

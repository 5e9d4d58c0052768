"""The last look at a patch before it is applied, with every hunk to be taken or left out."""

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from termcoder.edits.patch import Patch, with_hunks
from termcoder.ui.inert import one_line
from termcoder.ui.widgets.patch_view import HunkAt, PatchView, every_hunk

KEYS = "space leaves a hunk out · a or Enter applies · Esc cancels"


class ApplyScreen(ModalScreen[Patch | None]):
    """Gives the patch with the hunks that were taken; None for Esc, or where none was."""

    BINDINGS = [Binding("a,enter", "apply", "Apply"), Binding("escape", "dismiss", "Cancel")]
    DEFAULT_CSS = """
    ApplyScreen { align: center middle; }
    ApplyScreen > Vertical {
        width: 100%; max-width: 130; height: 90%; background: $surface; border: round $primary;
    }
    ApplyScreen Static { height: auto; }
    ApplyScreen #title { text-style: bold; }
    ApplyScreen #keys { color: $text-muted; }
    ApplyScreen PatchView { height: 1fr; }
    """

    def __init__(self, patch: Patch, title: str = "") -> None:
        """`title`: what the patch does, in a few words."""
        super().__init__()
        self._patch = patch
        self._title = one_line(title) or "Apply this change?"
        self._all = every_hunk(patch)

    def compose(self) -> ComposeResult:
        """The title over the patch over its keys."""
        with Vertical():
            yield Static(self._heading(self._all), id="title", markup=False)
            yield PatchView()
            yield Static(KEYS, id="keys", markup=False)

    def on_mount(self) -> None:
        """Begin with every hunk taken."""
        view = self.query_one(PatchView)
        view.show(self._patch, self._all)
        view.focus()

    def _heading(self, chosen: set[HunkAt] | frozenset[HunkAt]) -> str:
        total = len(self._all)
        return f"{self._title} · {len(chosen)} of {total} hunk{'s' * (total != 1)}"

    @on(PatchView.HunksChosen)
    def _count(self, message: PatchView.HunksChosen) -> None:
        self.query_one("#title", Static).update(self._heading(message.chosen))

    def action_apply(self) -> None:
        """Close with what was chosen."""
        self.dismiss(chosen_of(self._patch, self.query_one(PatchView).chosen))


def chosen_of(patch: Patch, chosen: set[HunkAt]) -> Patch | None:
    """The patch with only these hunks; None without any."""
    files = {file for file, _ in chosen}
    changes = (
        with_hunks(change, {hunk for file, hunk in chosen if file == number})
        for number, change in enumerate(patch.changes)
        if number in files
    )
    return Patch(tuple(changes)) if files else None

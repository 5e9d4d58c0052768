"""The review pane: the changed files on the left, their diff with what was found on the right, how far it is below.

What it does with them is in `reviewing.py` and `review_acts.py`, which are imported after the first paint.
"""

import asyncio
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical

from termcoder.ui.commands import bindings_of, commands_of
from termcoder.ui.widgets.change_tree import ChangeTree
from termcoder.ui.widgets.code_lines import LineScroll
from termcoder.ui.widgets.diff_view import DiffView
from termcoder.ui.widgets.review_line import ReviewLine

if TYPE_CHECKING:
    from termcoder.ui.panes.reviewing import Reviewing

NARROW = 100
"""With fewer columns the files stand above the diff instead of beside it."""
_OF_TREE = {key for command in commands_of("changes") for key in command.keys}


def _keys_of_diff() -> list[BindingType]:
    """The keys of the diff that mean nothing to the tree: they work there, too."""
    return [
        Binding(key, f"in_diff('{command.name}')", show=False)
        for command in commands_of("diff")
        for key in command.keys
        if key not in _OF_TREE and command.name not in ("left", "right")
    ]


class ReviewPane(Vertical):
    """Shows the changes of one scope."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("review"), *_keys_of_diff()]

    def __init__(self, *, split: bool = False, **kwargs: Any) -> None:
        """`split`: old and new side by side, where there is room.

        `files`, `diff` and `line` are its parts; they can be talked to while the program is being left, too.
        """
        super().__init__(**kwargs)
        self.files = ChangeTree("", id="changes")
        self.diff = DiffView("Reading the changes …", split=split, id="diff")
        self.line = ReviewLine()
        self._reviewing: asyncio.Future[Reviewing] = asyncio.get_running_loop().create_future()

    def compose(self) -> ComposeResult:
        """Files and diff over the state."""
        with Horizontal(id="review-columns"):
            yield self.files
            yield self.diff
        yield self.line

    def on_resize(self, event: events.Resize) -> None:
        """One column where there is no room for two."""
        self.query_one("#review-columns").set_class(event.size.width < NARROW, "narrow")

    def attach(self, reviewing: "Reviewing") -> None:
        """Work with a repository from now on; keys that came before wait for this."""
        self._reviewing.set_result(reviewing)

    async def reviewing(self) -> "Reviewing":
        """What works with the changes, as soon as it is attached."""
        return await asyncio.shield(self._reviewing)

    def on_unmount(self) -> None:
        """End what runs."""
        if self._reviewing.done():
            self._reviewing.result().close()

    @property
    def busy(self) -> bool:
        """Whether a review is under way."""
        return self._reviewing.done() and self._reviewing.result().busy

    def take_focus(self) -> None:
        """Give the keys to the diff."""
        self.diff.focus()

    def look_again(self) -> None:
        """The user is here, again or for the first time: read what may have changed meanwhile."""
        if self._reviewing.done():
            self._reviewing.result().look_again()

    # Keys

    async def action_in_diff(self, name: str) -> None:
        """Do in the diff what a key of it does."""
        await self.diff.run_action(name)

    async def action_review(self) -> None:
        """Review what is shown."""
        (await self.reviewing()).review()

    async def action_toggle_scope(self) -> None:
        """From what is staged to the working tree, and from anything else to what is staged."""
        (await self.reviewing()).toggle_scope()

    async def action_choose_scope(self) -> None:
        """Ask what is to be shown."""
        (await self.reviewing()).choose_scope()

    async def action_stage(self) -> None:
        """Stage or unstage the chosen lines, else the hunk, else the file."""
        (await self.reviewing()).acts.stage()

    async def action_discard(self) -> None:
        """Take them back on the disk."""
        (await self.reviewing()).acts.discard()

    async def action_apply(self) -> None:
        """Show the patch of the finding under the cursor before it is applied."""
        (await self.reviewing()).acts.apply(self.diff.current_finding)

    async def action_dismiss(self) -> None:
        """Dismiss the finding under the cursor."""
        (await self.reviewing()).acts.dismiss(self.diff.current_finding)

    async def action_toggle_folded(self) -> None:
        """Open all folded findings, or close them."""
        if not self.diff.toggle_folded():
            (await self.reviewing()).say("No finding is folded.")

    async def action_copy_finding(self) -> None:
        """Copy the finding under the cursor."""
        (await self.reviewing()).copy(self.diff.current_finding)

    async def action_commit(self) -> None:
        """Write a message, and commit."""
        (await self.reviewing()).acts.commit()

    async def action_undo(self) -> None:
        """Take the last thing back."""
        (await self.reviewing()).acts.undo()

    async def action_read_anew(self) -> None:
        """Read the repository anew."""
        (await self.reviewing()).read_anew()

    # What the widgets ask for

    @on(ChangeTree.FileChosen)
    def _file_chosen(self, event: ChangeTree.FileChosen) -> None:
        event.stop()
        self.diff.go_to_file(event.index)
        if event.entered:
            self.diff.focus()

    @on(DiffView.CursorMoved)
    def _cursor_moved(self, event: DiffView.CursorMoved) -> None:
        event.stop()
        self.files.follow(event.file)

    @on(DiffView.MarksChanged)
    def _marks_changed(self, event: DiffView.MarksChanged) -> None:
        event.stop()
        self.line.change(marked=event.count)

    @on(DiffView.ContextRequested)
    async def _context_requested(self, event: DiffView.ContextRequested) -> None:
        event.stop()
        (await self.reviewing()).show_context(event.file)

    @on(DiffView.EditRequested)
    async def _edit(self, event: DiffView.EditRequested) -> None:
        event.stop()
        (await self.reviewing()).edit(event.path, event.line)

    @on(DiffView.FindingChosen)
    async def _finding_chosen(self, event: DiffView.FindingChosen) -> None:
        event.stop()
        reviewing = await self.reviewing()
        if event.finding.suggestion is not None:
            reviewing.acts.apply(event.finding)
        else:
            reviewing.edit(event.finding.path, event.finding.line)

    @on(LineScroll.CopyRequested)
    def _copy(self, event: LineScroll.CopyRequested) -> None:
        """Copy what either of the lists asks for."""
        from termcoder.ui import clipboard

        event.stop()
        self.app.notify(clipboard.copy(self.app, event.text), markup=False)

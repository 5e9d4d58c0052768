"""The conversation: turns to scroll through, and a cursor that stops at every block."""

from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.message import Message

from termcoder.ui.commands import bindings_of
from termcoder.ui.widgets.find_scroll import FindScroll
from termcoder.ui.widgets.naming import suggested_name
from termcoder.ui.widgets.parts import PlainPart
from termcoder.ui.widgets.turn_list import Spot
from termcoder.ui.widgets.turn_view import TurnView

__all__ = ["Transcript", "TurnView"]


class Transcript(FindScroll, can_focus=True):
    """A focusable, scrolling list of turns with a cursor that stops at every block."""

    BINDINGS: ClassVar[list[BindingType]] = bindings_of("transcript")

    class CopyRequested(Message):
        """Copy `text`; `what` names it for people ("question", "code", "block", "answer")."""

        def __init__(self, text: str, what: str) -> None:
            super().__init__()
            self.text = text
            self.what = what

    class SaveRequested(Message):
        """Save `text` to a file; `suggested_name` is relative to the project."""

        def __init__(self, text: str, suggested_name: str) -> None:
            super().__init__()
            self.text = text
            self.suggested_name = suggested_name

    class RegenerateRequested(Message):
        """Answer this turn's question again."""

        def __init__(self, turn_id: str) -> None:
            super().__init__()
            self.turn_id = turn_id

    class EditRequested(Message):
        """Edit this turn's question and send it again."""

        def __init__(self, turn_id: str) -> None:
            super().__init__()
            self.turn_id = turn_id

    class ForkRequested(Message):
        """Begin a new session with everything up to this turn, and this turn."""

        def __init__(self, turn_id: str) -> None:
            super().__init__()
            self.turn_id = turn_id

    class FocusComposerRequested(Message):
        """The user wants to write."""

    @property
    def cursor(self) -> Spot | None:
        """The selected block."""
        return self._cursor

    # The block cursor

    def on_focus(self) -> None:
        """Show the cursor, at first on the last block."""
        self._arrange()

    def on_blur(self) -> None:
        """The cursor shows only where keys go."""
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        """Select the block under the mouse."""
        place = self._turns.at(self.scroll_offset.y + event.y)
        if place and place[0].part.selectable:
            self._cursor = place[0]
            self.refresh()

    def _current(self) -> Spot | None:
        """The selected block; without a cursor the last one."""
        return self._cursor or self._turns.last()

    def _go(self, spot: Spot | None) -> None:
        if spot is None:
            return
        self._cursor = spot
        self._following = False
        spot.view.settle(spot.index, self._turns.width, self._the_ink)
        self._place()
        self._show(spot)
        if self._at_end:
            self._follow()
        self._arrange()

    def _show(self, spot: Spot) -> None:
        """Scroll as little as needed; of a block higher than the view its beginning is shown."""
        top, bottom = self._turns.top_of(spot), self._turns.bottom_of(spot)
        if top - 1 < self.scroll_offset.y:
            self._scroll_to_row(top - 1)
        elif bottom > self.scroll_offset.y + self.size.height:
            self._scroll_to_row(min(top - 1, bottom + 1 - self.size.height))

    def _is_visible(self, spot: Spot) -> bool:
        view_top = self.scroll_offset.y
        return self._turns.top_of(spot) < view_top + self.size.height and self._turns.bottom_of(spot) > view_top

    def _step(self, by: int) -> None:
        """Move the cursor; inside a block higher than the view, or away from the cursor, scroll first."""
        spot = self._current()
        if spot is None:
            return
        if not self._is_visible(spot):
            self._go(self._nearest(by))
        elif self._reaches_beyond(spot, by):
            self.scroll_relative(y=by * max(1, self.size.height - 2), animate=False, force=True)
        elif (target := self._turns.step(spot, by)) is not None:
            self._go(target)
        elif by > 0:
            self._to_end()

    def action_page_up(self) -> None:
        """Up a page, at once: a glide would fight with heights that become exact on the way."""
        self.scroll_page_up(animate=False, force=True)

    def action_page_down(self) -> None:
        """Down a page, at once."""
        self.scroll_page_down(animate=False, force=True)

    def _reaches_beyond(self, spot: Spot, by: int) -> bool:
        if by < 0:
            return self._turns.top_of(spot) < self.scroll_offset.y
        return self._turns.bottom_of(spot) > self.scroll_offset.y + self.size.height

    def _nearest(self, by: int) -> Spot | None:
        top = self.scroll_offset.y
        spots = [spot for spot in self._turns.between(top, top + self.size.height) if spot.part.selectable]
        return (spots[0] if by > 0 else spots[-1]) if spots else self._current()

    def _to_end(self) -> None:
        self._follow()
        self._arrange()

    def action_previous_block(self) -> None:
        """Up one block."""
        self._step(-1)

    def action_next_block(self) -> None:
        """Down one block."""
        self._step(1)

    def action_previous_turn(self) -> None:
        """To this turn's question, or from there to the one before."""
        if spot := self._current():
            number = self._turns.views.index(spot.view)
            self._go(self._turns.question_of(number if spot.index else number - 1))

    def action_next_turn(self) -> None:
        """To the next question."""
        if spot := self._current():
            self._go(self._turns.question_of(self._turns.views.index(spot.view) + 1))

    def action_first_block(self) -> None:
        """To the first question."""
        if self._turns.views:
            self._go(self._turns.question_of(0))

    def action_last_block(self) -> None:
        """To the end, following what is being written."""
        self._to_end()
        self._cursor = self._turns.last()
        self.refresh()

    def action_toggle_fold(self) -> None:
        """Show a long question in full, or fold it again."""
        spot = self._current()
        if spot and isinstance(spot.part, PlainPart) and spot.part.toggle():
            spot.view.resized()
            self._go(spot)

    # What is done with a block

    def action_copy_block(self) -> None:
        """Ask for a copy of the selected block."""
        if spot := self._current():
            self.post_message(self.CopyRequested(spot.part.text, spot.part.what))

    def action_copy_answer(self) -> None:
        """Ask for a copy of the whole answer, as Markdown."""
        spot = self._current()
        if spot and spot.view.answer:
            self.post_message(self.CopyRequested(spot.view.answer, "answer"))

    def action_save_block(self) -> None:
        """Ask for the selected block in a file; it ends with a line break."""
        if spot := self._current():
            self.post_message(self.SaveRequested(spot.part.text + "\n", suggested_name(spot.part)))

    def action_regenerate(self) -> None:
        """Ask for another answer."""
        if spot := self._current():
            self.post_message(self.RegenerateRequested(spot.view.turn.id))

    def action_edit(self) -> None:
        """Ask to edit the question."""
        if spot := self._current():
            self.post_message(self.EditRequested(spot.view.turn.id))

    def action_fork(self) -> None:
        """Ask for a session of its own that ends with this turn."""
        if spot := self._current():
            self.post_message(self.ForkRequested(spot.view.turn.id))

    # Finding words

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Esc is for the line only while it is open."""
        return self.finding if action == "close_find" else True

    async def open_at(self, turn_id: str, query: str) -> None:
        """Show a turn, and in it the word or "phrase" of a query; nothing happens where the turn has gone."""
        number = next((at for at, view in enumerate(self._turns.views) if view.turn.id == turn_id), None)
        if number is None:
            return
        self.focus()
        self._go(self._turns.question_of(number))
        word = query.strip('"') if query.startswith('"') else max(query.split(), key=len, default="")
        if word:
            await self.find_from(turn_id, word.lower())

    async def action_next_match(self) -> None:
        """To the next match of what was looked for."""
        await self.find_again(1)

    async def action_previous_match(self) -> None:
        """To the match before."""
        await self.find_again(-1)

    def action_close_find(self) -> None:
        """Close the line that words are found with."""
        self.close_find()

    def action_focus_composer(self) -> None:
        """Ask for the composer."""
        self.post_message(self.FocusComposerRequested())

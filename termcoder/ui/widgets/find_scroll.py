"""Turns in which words can be found: a line to type them in, marks in the text, and steps from match to match.

The search goes through the turns in slices, beginning where the user is, so that the keyboard never waits for it.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any

from rich.segment import Segment
from textual import on, work
from textual.strip import Strip
from textual.widget import Widget

from termcoder.conversation import Turn
from termcoder.ui.widgets.find_line import FindLine
from termcoder.ui.widgets.finder import Finder, Place
from termcoder.ui.widgets.finding import Match, Needle
from termcoder.ui.widgets.ink import without_background
from termcoder.ui.widgets.parts import GUTTER, PlainPart
from termcoder.ui.widgets.turn_list import Spot
from termcoder.ui.widgets.turn_scroll import TurnScroll
from termcoder.ui.widgets.turn_view import TurnView

SLICE_SECONDS = 0.012
SETTLE_ROUNDS = 4


def _nothing() -> None:
    """What is done after a search that only counts."""


class FindScroll(TurnScroll):
    """A `TurnScroll` with a line to find words with, mounted below it while it is open."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._finder = Finder(self._turns)
        self._find_line: FindLine | None = None
        self._here: Place | None = None  # the match that is shown
        self._then: Callable[[], None] = _nothing  # what is done as soon as the search has ended
        self._from: Place = (0, 0, 0)  # where the user was before anything was typed

    @property
    def finding(self) -> bool:
        """Whether the line is open."""
        return self._find_line is not None

    async def load(self, turns: Sequence[Turn]) -> None:
        """See `TurnScroll`; nothing is looked for in the new turns."""
        self.close_find()
        self._here = None
        self._finder.needle = Needle(self._finder.needle.text)
        await super().load(turns)

    async def open_find(self) -> None:
        """Open the line, or go to it, with what was looked for last."""
        if self._find_line is None:
            self._from = self._place_in_view()
            self._here = None
            await self._mount_line()
            self._search(self._go_nearest)
        if self._find_line is not None:
            self._find_line.take_focus()

    async def find_from(self, turn_id: str, words: str) -> None:
        """Look for a word from this turn on, the line being open and the keys staying here."""
        self.close_find()
        self._finder.needle = Needle(words)
        self._from = (self._turns.views.index(self.view(turn_id)), 0, 0)
        self._here = None
        await self._mount_line()
        self._search(self._go_first)

    async def _mount_line(self) -> None:
        if isinstance(self.parent, Widget):
            self._find_line = FindLine(self, self._finder.needle.text)
            await self.parent.mount(self._find_line, after=self)

    def close_find(self) -> None:
        """Close the line and take the marks off; the view stays, and what was looked for is remembered."""
        if self._find_line is not None:
            self._find_line.remove()
            self._find_line = None
        self._then = _nothing
        self.workers.cancel_group(self, "find")
        self.refresh()

    def _place_in_view(self) -> Place:
        """The last place that is in view."""
        spots = self._turns.between(self.scroll_offset.y, self.scroll_offset.y + self.size.height)
        if not spots:
            return len(self._turns.views), 0, 0
        last = spots[-1]
        return self._turns.views.index(last.view), last.index + 1, 0

    # What the line asks for

    @on(FindLine.Typed)
    def _typed(self, event: FindLine.Typed) -> None:
        event.stop()
        if self.finding and event.text != self._finder.needle.text:
            self._finder.needle = Needle(event.text)
            self._here = None
            self._search(self._go_nearest)

    @on(FindLine.Step)
    def _step_asked(self, event: FindLine.Step) -> None:
        event.stop()
        self.find_step(event.by)

    @on(FindLine.Closed)
    def _line_closed(self, event: FindLine.Closed) -> None:
        event.stop()
        self.close_find()
        self.focus()

    def find_step(self, by: int) -> None:
        """Go to the next match (1), or the previous one (-1); after the steps that wait for a search already."""
        before = self._then

        def step() -> None:
            before()
            self._go_to_place(self._finder.step(self._here or self._from, by))

        self._search(step)

    async def find_again(self, by: int) -> None:
        """Go on with what was looked for last, the line being open or not; the keys stay here."""
        if self._finder.needle.is_blank:
            await self.open_find()
            return
        if self._find_line is None:
            self._from = self._place_in_view()
            await self._mount_line()
        self.find_step(by)

    def turn_changed(self, view: TurnView) -> None:
        """See `TurnScroll`; the count takes in what is new."""
        super().turn_changed(view)
        self._search_anew()

    def on_resize(self) -> None:
        """See `TurnScroll`; matches lie in other rows now."""
        super().on_resize()
        self._search_anew()

    # The search

    def _search(self, then: Callable[[], None]) -> None:
        """Look through all turns, then do this."""
        if self._finder.needle.is_blank:
            self.workers.cancel_group(self, "find")
            self._then = _nothing
            self._here = None
            if self._find_line is not None:
                self._find_line.clear_count()
            self.refresh()
            return
        self._then = then
        self._search_all()

    def _search_anew(self) -> None:
        """Take in what has changed; what was to be done after a search that runs is done after this one."""
        if self.finding:
            self._search(self._then)

    @work(exclusive=True, group="find")
    async def _search_all(self) -> None:
        places: list[Place] = []
        began = time.perf_counter()
        for number in range(len(self._turns.views) - 1, -1, -1):
            if number < len(self._turns.views):
                places.extend(self._places_in(number))
            if time.perf_counter() - began > SLICE_SECONDS:
                if self._find_line is not None:
                    self._find_line.show_count(0, len(places), searching=True)
                await asyncio.sleep(0)
                began = time.perf_counter()
        self._finder.places = sorted(places)
        then, self._then = self._then, _nothing
        then()
        self._tell()

    def _places_in(self, number: int) -> Sequence[Place]:
        view = self._turns.views[number]
        if not self._finder.may_be_in(view):
            return ()
        if not view.is_built:
            self._build_beside(view)
        return tuple(self._finder.places_in(number, self._the_ink))

    def _build_beside(self, view: TurnView) -> None:
        """Build a turn that is not in view, without moving what is."""

        def build() -> bool:
            view.build()
            return True

        self._arranging = True
        try:
            self._unmoved(build)
        finally:
            self._arranging = False

    def _tell(self) -> None:
        if self._find_line is not None:
            self._find_line.show_count(self._finder.number_of(self._here), len(self._finder.places))
        self.refresh()

    # Going there

    def _go_nearest(self) -> None:
        """To the last match that was in view or above it, else to the first."""
        places = self._finder.places
        above = self._finder.step(self._from, -1)
        self._go_to_place(above if above is None or above <= self._from else places[0])

    def _go_first(self) -> None:
        """To the first match from where the user was, that place included."""
        self._go_to_place(self._finder.first_from(self._from))

    def _go_to_place(self, place: Place | None) -> None:
        found = self._finder.match(place, self._the_ink) if place is not None else None
        if found is None:
            return
        self._here = place
        spot, match = found
        self._unfold(spot, match)
        self._cursor = spot
        self._following = False
        spot.view.settle(spot.index, self._turns.width, self._the_ink)
        self._place()
        for _ in range(SETTLE_ROUNDS):  # what is made exact above it moves it
            if not self._reveal(self._turns.top_of(spot) + match[0].row):
                break
            self._arrange()
        if self._at_end:
            self._follow()
        self._arrange()

    @staticmethod
    def _unfold(spot: Spot, match: Match) -> None:
        part = spot.part
        if isinstance(part, PlainPart) and part.hides(match[-1].row) and part.toggle():
            spot.view.resized()

    def _reveal(self, row: int) -> bool:
        """Scroll so that a row is in view, with some around it; False where it is already."""
        top, height = self.scroll_offset.y, self.size.height
        if top + (top > 0) <= row < top + height - 1 or self.max_scroll_y == 0:
            return False
        self._arranging = True
        self._scroll_to_row(row - height // 3)
        self._arranging = False
        return self.scroll_offset.y != top

    # Marks

    def _row(self, row: int) -> Strip:
        strip = super()._row(row)
        place = self._turns.at(row) if self.finding and not self._finder.needle.is_blank else None
        if place is None or place[1] < 0:
            return strip
        spot, inside = place
        if self._is_fold_note(spot, inside):
            return strip
        left = GUTTER + spot.part.left(self._turns.width)
        for number, span in self._finder.pieces_in(spot.part, inside, self._the_ink):
            is_here = self._is_here(spot, number)
            strip = self._marked(strip, left + span.start, left + span.end, is_here=is_here)
        return strip

    def _is_here(self, spot: Spot, number: int) -> bool:
        """Whether a match of a part is the one that is shown."""
        if self._here is None or (spot.index, number) != self._here[1:]:
            return False
        return self._turns.views[self._here[0]] is spot.view if self._here[0] < len(self._turns.views) else False

    @staticmethod
    def _is_fold_note(spot: Spot, row: int) -> bool:
        return isinstance(spot.part, PlainPart) and spot.part.hides(row)

    def _marked(self, strip: Strip, start: int, end: int, *, is_here: bool) -> Strip:
        ink = self._the_ink
        style = ink["match-here"] if is_here else without_background(ink["match"])
        middle = Strip(Segment.apply_style(strip.crop(start, end), post_style=style))
        return Strip.join([strip.crop(0, start), middle, strip.crop(end)])

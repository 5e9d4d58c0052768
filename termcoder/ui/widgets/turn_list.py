"""Where every turn and block is: rows counted from the top of the conversation."""

from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate
from typing import NamedTuple

from termcoder.ui.widgets.parts import Part
from termcoder.ui.widgets.turn_view import TurnView


class Spot(NamedTuple):
    """One part of one turn."""

    view: TurnView
    index: int

    @property
    def part(self) -> Part:
        """The part itself."""
        return self.view.parts[min(self.index, len(self.view.parts) - 1)]


class TurnList:
    """The turns in order, and their places at a width. After any change of a height, call `place`."""

    def __init__(self) -> None:
        self.views: list[TurnView] = []
        self.width = 80
        self._tops: list[int] = [0]

    @property
    def height(self) -> int:
        """Rows of everything."""
        return self._tops[-1]

    def place(self, width: int) -> None:
        """Find the places of all turns."""
        self.width = width
        self._tops = list(accumulate((view.height(width) for view in self.views), initial=0))

    def find(self, turn_id: str) -> TurnView:
        """The view of a turn. Raises KeyError."""
        for view in reversed(self.views):
            if view.turn.id == turn_id:
                return view
        raise KeyError(turn_id)

    def at(self, row: int) -> tuple[Spot, int] | None:
        """What is at a row: the part, and the row inside it (negative in the gap above it)."""
        if not 0 <= row < self.height:
            return None
        number = bisect_right(self._tops, row) - 1
        view = self.views[number]
        inside = row - self._tops[number]
        index = view.index_at(inside, self.width)
        return Spot(view, index), inside - view.tops(self.width)[index] - view.parts[index].gap

    def top_of(self, spot: Spot) -> int:
        """The first row of a part, below its gap."""
        index = min(spot.index, len(spot.view.parts) - 1)
        turn_top = self._tops[self.views.index(spot.view)]
        return turn_top + spot.view.tops(self.width)[index] + spot.view.parts[index].gap

    def bottom_of(self, spot: Spot) -> int:
        """The row after its last."""
        return self.top_of(spot) + spot.part.height(self.width)

    def between(self, top: int, bottom: int) -> Iterator[Spot]:
        """The parts with rows in this range."""
        first = max(0, bisect_right(self._tops, top) - 1)
        for number in range(first, len(self.views)):
            if self._tops[number] >= bottom:
                return
            view = self.views[number]
            tops = view.tops(self.width)
            low = view.index_at(max(0, top - self._tops[number]), self.width)
            for index in range(low, len(tops) - 1):
                if self._tops[number] + tops[index] >= bottom:
                    break
                yield Spot(view, index)

    def step(self, spot: Spot, by: int) -> Spot | None:
        """The next (1) or previous (-1) block to stop at; None at the ends."""
        stops = spot.view.selectable
        place = bisect_right(stops, spot.index) - 1 + by
        if 0 <= place < len(stops):
            return Spot(spot.view, stops[place])
        number = self.views.index(spot.view) + by
        if not 0 <= number < len(self.views):
            return None
        view = self.views[number]
        return Spot(view, view.selectable[0 if by > 0 else -1])

    def question_of(self, number: int) -> Spot:
        """The question of a turn, by its number; numbers beyond the ends mean the ends."""
        return Spot(self.views[max(0, min(number, len(self.views) - 1))], 0)

    def last(self) -> Spot | None:
        """The last block."""
        return Spot(self.views[-1], self.views[-1].selectable[-1]) if self.views else None

"""Where every turn and block is: rows counted from the top of the conversation."""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from itertools import accumulate

from termcoder.ui.widgets.parts import Part
from termcoder.ui.widgets.turn_view import TurnView


@dataclass(frozen=True, slots=True)
class Spot:
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
        if not view.is_built:
            return None
        inside = row - self._tops[number]
        index = view.index_at(inside, self.width)
        return Spot(view, index), inside - view.tops(self.width)[index] - view.parts[index].gap

    def top_of_turn(self, view: TurnView) -> int:
        """The first row of a turn."""
        return self._tops[self.views.index(view)]

    def top_of(self, spot: Spot) -> int:
        """The first row of a part, below its gap."""
        index = min(spot.index, len(spot.view.parts) - 1)
        return self.top_of_turn(spot.view) + spot.view.tops(self.width)[index] + spot.view.parts[index].gap

    def bottom_of(self, spot: Spot) -> int:
        """The row after its last."""
        return self.top_of(spot) + spot.part.height(self.width)

    def between(self, top: int, bottom: int) -> list[Spot]:
        """The parts with rows in this range, of turns that are built."""
        spots: list[Spot] = []
        for number in self._numbers(top, bottom):
            view = self.views[number]
            if view.is_built:
                first = view.index_at(max(0, top - self._tops[number]), self.width)
                last = view.index_at(bottom - 1 - self._tops[number], self.width)
                spots.extend(Spot(view, index) for index in range(first, last + 1))
        return spots

    def build(self, top: int, bottom: int) -> bool:
        """Build the turns in this range; False where all were. Their heights change."""
        new = [view for view in map(self.views.__getitem__, self._numbers(top, bottom)) if not view.is_built]
        for view in new:
            view.build()
        return bool(new)

    def first_settled(self, top: int, bottom: int) -> tuple[Spot, int] | None:
        """The first part in this range whose place won't change by drawing it, and its first row."""
        for spot in self.between(top, bottom):
            if spot.part.settled:
                return spot, self.top_of(spot)
        return None

    def _numbers(self, top: int, bottom: int) -> range:
        first = max(0, bisect_right(self._tops, top) - 1)
        return range(first, min(len(self.views), bisect_left(self._tops, bottom)))

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

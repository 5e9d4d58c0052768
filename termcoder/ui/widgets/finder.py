"""Every match of one needle in a list of turns, found turn by turn so that nothing has to wait for it."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from termcoder.ui.widgets.finding import Match, Needle, Span
from termcoder.ui.widgets.ink import Ink
from termcoder.ui.widgets.parts import CodePart, Part, PlainPart, ProsePart
from termcoder.ui.widgets.turn_list import Spot, TurnList
from termcoder.ui.widgets.turn_view import TurnView

Place = tuple[int, int, int]
"""A match: the number of its turn, of the part in it, of the match in that."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """The matches of a part in one state, and the pieces of them by row, each with the number of its match."""

    state: object
    matches: Sequence[Match]
    rows: dict[int, list[tuple[int, Span]]]


_NOTHING = _Kept(None, (), {})


class Finder:
    """The matches in the turns of a list, as they are drawn at its width."""

    def __init__(self, turns: TurnList) -> None:
        self._turns = turns
        self._needle = Needle("")
        self._kept: dict[Part, _Kept] = {}
        self.places: list[Place] = []

    @property
    def needle(self) -> Needle:
        """What is looked for."""
        return self._needle

    @needle.setter
    def needle(self, needle: Needle) -> None:
        self._needle = needle
        self._kept.clear()
        self.places = []

    def matches_of(self, part: Part, ink: Ink) -> Sequence[Match]:
        """The matches in one part; notes have none. They are kept until the part changes."""
        return self._look(part, ink).matches

    def pieces_in(self, part: Part, row: int, ink: Ink) -> Sequence[tuple[int, Span]]:
        """What of matches lies in one row of a part: the number of the match, and where."""
        return self._look(part, ink).rows.get(row, ())

    def _look(self, part: Part, ink: Ink) -> _Kept:
        if not part.selectable:
            return _NOTHING
        width = self._turns.width
        state = (width, part.block.stamp if isinstance(part, CodePart | ProsePart) else None)
        kept = self._kept.get(part, _NOTHING)
        if kept.state != state:
            found = self._needle.matches(part.texts(width, ink)) if self._needle.may_be_in(_source(part)) else ()
            kept = self._kept[part] = _Kept(state, found, _by_row(found))
        return kept

    def may_be_in(self, view: TurnView) -> bool:
        """Whether a turn is worth being built."""
        return self._needle.may_be_in(f"{view.turn.question}\n{view.answer}")

    def places_in(self, number: int, ink: Ink) -> Iterator[Place]:
        """The matches of one turn, which is built."""
        for index, part in enumerate(self._turns.views[number].parts):
            for at in range(len(self.matches_of(part, ink))):
                yield number, index, at

    def match(self, place: Place, ink: Ink) -> tuple[Spot, Match] | None:
        """Where a match is drawn; None where it has gone."""
        number, index, at = place
        if number >= len(self._turns.views) or index >= len(self._turns.views[number].parts):
            return None
        spot = Spot(self._turns.views[number], index)
        matches = self.matches_of(spot.part, ink)
        return (spot, matches[at]) if at < len(matches) else None

    def step(self, here: Place | None, by: int) -> Place | None:
        """The next place after `here` (1), or the one before (-1); beyond an end it goes on at the other."""
        if not self.places:
            return None
        if here is None:
            return self.places[0 if by > 0 else -1]
        at = bisect_left(self.places, here)
        is_there = at < len(self.places) and self.places[at] == here
        return self.places[(at + (by if is_there or by < 0 else 0)) % len(self.places)]

    def first_from(self, here: Place) -> Place | None:
        """The first place that isn't before `here`; where all are, the first of all."""
        return self.places[bisect_left(self.places, here) % len(self.places)] if self.places else None

    def number_of(self, place: Place | None) -> int:
        """Which of the places this is, from 1; 0 for none of them."""
        at = bisect_left(self.places, place) if place is not None else len(self.places)
        return at + 1 if at < len(self.places) and self.places[at] == place else 0


def _by_row(matches: Sequence[Match]) -> dict[int, list[tuple[int, Span]]]:
    rows: dict[int, list[tuple[int, Span]]] = {}
    for number, match in enumerate(matches):
        for span in match:
            rows.setdefault(span.row, []).append((number, span))
    return rows


def _source(part: Part) -> str:
    """The text that a part is drawn from; of code its title belongs to it."""
    if isinstance(part, CodePart):
        return f"{part.title}\n{part.text}"
    if isinstance(part, ProsePart):
        return "".join((*part.block.header, part.text))
    return part.text if isinstance(part, PlainPart) else ""

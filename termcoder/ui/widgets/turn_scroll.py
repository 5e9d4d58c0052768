"""Turns in a virtual list that scrolls: only what is on the screen is ever drawn.

Nothing here is a widget per block. Each turn knows its height, exactly for what was seen and by estimate for
what was not, so 500 turns cost what one screenful costs. Estimates become exact before they are drawn,
without moving what the user looks at.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from rich.segment import Segment
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip
from textual.timer import Timer

from termcoder.conversation import Turn
from termcoder.ui.widgets.ink import COMPONENTS, STYLE, Ink
from termcoder.ui.widgets.parts import GUTTER, MARGIN, CodePart, Part
from termcoder.ui.widgets.turn_list import Spot, TurnList
from termcoder.ui.widgets.turn_view import TurnView

PROSE_SECONDS = 0.033  # between two drawings of a stream
CODE_SECONDS = 0.15
COST_FACTOR = 20  # a step may take a twentieth of the time; painting it takes about as much again
KEPT_PARTS = 80  # parts whose drawn rows are kept
SETTLE_ROUNDS = 20


class TurnScroll(ScrollView):
    """A scrolling list of turns that follows the text at its end, and nowhere else."""

    COMPONENT_CLASSES: ClassVar[set[str]] = set(COMPONENTS)
    DEFAULT_CSS = STYLE

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._turns = TurnList()
        self._ink: Ink | None = None
        self._following = True
        self._arranging = False
        self._cursor: Spot | None = None
        self._flush_timer: Timer | None = None
        self._flushed_at = 0.0
        self._flush_cost = 0.0
        self._drawn: dict[Part, None] = {}  # the parts that hold drawn rows, the latest last

    # Turns

    async def load(self, turns: Sequence[Turn]) -> None:
        """Show these turns instead of all others, from the end."""
        self._turns.views = [TurnView(turn, self, streaming=False) for turn in turns]
        self._cursor = None
        self._following = True
        self._drawn.clear()
        self._arrange()

    async def add_turn(self, turn: Turn, *, queued: bool = False) -> TurnView:
        """Show a new question, and move to it; its answer comes through the view."""
        view = TurnView(turn, self, streaming=True, queued=queued)
        self._turns.views.append(view)
        self._follow()
        if not self.has_focus:
            self._cursor = None
        self._arrange()
        return view

    async def remove_turn(self, turn_id: str) -> None:
        """Take a turn away. Raises KeyError for an unknown one."""
        view = self.view(turn_id)
        if self._cursor and self._cursor.view is view:
            self._cursor = None
        self._turns.views.remove(view)
        self._arrange()

    def view(self, turn_id: str) -> TurnView:
        """The view of a turn. Raises KeyError."""
        return self._turns.find(turn_id)

    @property
    def views(self) -> Sequence[TurnView]:
        """All turns, oldest first."""
        return self._turns.views

    @property
    def is_following(self) -> bool:
        """Whether new text moves the view; so only at the end."""
        return self._following

    # Streaming

    def turn_changed(self, view: TurnView) -> None:
        """See `TurnHost`."""
        self._arrange()

    def text_arrived(self, view: TurnView) -> None:
        """See `TurnHost`: drawn in one go a moment later, and not at all while nobody could see it."""
        if not self._following or not self.size.height:
            self._refresh_bottom_row()
            return
        if self._flush_timer is None:
            pause = max(CODE_SECONDS if view.in_code else PROSE_SECONDS, COST_FACTOR * self._flush_cost)
            wait = self._flushed_at + pause - time.perf_counter()
            self._flush_timer = self.set_timer(max(wait, 0.001), self._flush)

    def _flush(self) -> None:
        began = time.perf_counter()
        self._flush_timer = None
        streaming = [view for view in self._turns.views if view.flush()]
        if streaming:
            self._arrange(changed_from=min(self._turns.top_of_turn(view) + view.changed_row for view in streaming))
        self._flushed_at = time.perf_counter()
        self._flush_cost = self._flushed_at - began

    def _follow(self) -> None:
        """Follow the text from now on, beginning with what has been held back."""
        self._following = True
        for view in self._turns.views:
            view.flush()

    @property
    def _has_pending(self) -> bool:
        return any(view.has_pending for view in self._turns.views)

    def _refresh_bottom_row(self) -> None:
        self.refresh_line(self.scroll_offset.y + self.size.height - 1)

    # Layout

    @property
    def _the_ink(self) -> Ink:
        if self._ink is None:
            self._ink = Ink(self.get_component_rich_style)
        return self._ink

    def notify_style_update(self) -> None:
        """See `_renew_ink`; the component styles are still the old ones here."""
        super().notify_style_update()
        self.call_later(self._renew_ink)

    def _renew_ink(self) -> None:
        """Take a new theme's styles."""
        if self._ink is None:
            return  # nothing was drawn yet
        ink = Ink(self.get_component_rich_style)
        if not self._ink.same_as(ink):
            self._ink = ink
            self._arrange()

    def on_mount(self) -> None:
        """Draw what was loaded before."""
        self._arrange()

    def on_resize(self) -> None:
        """Fold everything anew; what was at the top of the view stays there."""
        place = self._turns.at(self.scroll_offset.y)
        if self._following:
            self._follow()
        self._arrange(keep=place[0] if place else None)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """At the end the view follows the text; anywhere else it stays."""
        super().watch_scroll_y(old_value, new_value)
        if not self._arranging and round(old_value) != round(new_value):
            self._following = False
            if self._at_end:
                self._follow()
            self._arrange()

    @property
    def _at_end(self) -> bool:
        return round(self.scroll_y) >= self.max_scroll_y

    def _arrange(self, *, keep: Spot | None = None, changed_from: int = 0) -> None:
        """Place all turns, make exact what is on the screen, and draw it.

        `keep` stays at the top. Nothing above the row `changed_from` looks different, unless the view scrolls,
        which draws everything.
        """
        if self._arranging or not self.is_mounted or not self.size.height:
            return
        self._arranging = True
        try:
            self._place(keep)
            for _ in range(SETTLE_ROUNDS):
                if not self._settle():
                    break
        finally:
            self._arranging = False
        self._forget_far()
        if self._cursor is None and self.has_focus:
            self._cursor = self._turns.last()
        first = max(0, changed_from - self.scroll_offset.y)
        self.refresh(Region(0, first, self.size.width, max(0, self.size.height - first)))

    def _place(self, keep: Spot | None = None) -> None:
        width = self.size.width
        self._turns.place(max(8, width - GUTTER - MARGIN))
        self._set_height(Size(width, self._turns.height))
        if self._following:
            self._scroll_to_row(self._turns.height)
        elif keep and keep.view in self._turns.views:
            self._scroll_to_row(self._turns.top_of(keep))

    def _set_height(self, size: Size) -> None:
        """Set the virtual size without a new layout of the screen: nothing of it depends on this."""
        if size != self.virtual_size:
            self.set_reactive(TurnScroll.virtual_size, size)

    def _scroll_to_row(self, row: float) -> None:
        self.scroll_to(y=row, animate=False, force=True)

    def _settle(self) -> bool:
        """One round of making heights exact; what the user looks at stays where it is."""
        top = self.scroll_offset.y
        bottom = top + self.size.height
        return self._unmoved(lambda: self._turns.build(top, bottom) or self._settle_parts(top, bottom))

    def _unmoved(self, change: Callable[[], bool]) -> bool:
        """Change heights; what the user looks at stays where it is. False where none changed."""
        top = self.scroll_offset.y
        fixed = self._turns.first_settled(top, top + self.size.height)
        if not change():
            return False
        self._place()
        if fixed and not self._following:
            spot, row = fixed
            self._scroll_to_row(top + self._turns.top_of(spot) - row)
        return True

    def _settle_parts(self, top: int, bottom: int) -> bool:
        changed = 0
        for spot in self._turns.between(top, bottom):
            if not spot.part.settled:
                changed |= spot.view.settle(spot.index, self._turns.width, self._the_ink)
                self._drawn.pop(spot.part, None)
                self._drawn[spot.part] = None
                self._highlight_beside(spot.part)
        return bool(changed)

    def _highlight_beside(self, part: Part) -> None:
        if isinstance(part, CodePart) and part.needs_highlighting:
            self.run_worker(self._highlight(part), group="highlight")

    async def _highlight(self, part: CodePart) -> None:
        await part.highlight()
        self.refresh()

    def _forget_far(self) -> None:
        for part in list(self._drawn)[:-KEPT_PARTS]:
            del self._drawn[part]
            part.forget()

    # Drawing

    def render_line(self, y: int) -> Strip:
        """One row of the screen."""
        row = self.scroll_offset.y + y
        strip = self._row(row).adjust_cell_length(self.size.width)
        if not (self._at_end and self._following):
            strip = self._with_place(strip, y)
        if self.text_selection is not None:
            strip = self._with_selection(strip, row)
        return strip.apply_offsets(0, row)

    def _row(self, row: int) -> Strip:
        place = self._turns.at(row)
        if place is None or place[1] < 0:
            return self._blank
        spot, inside = place
        strip = spot.part.strip(inside, self._turns.width, self._the_ink)
        if spot == self._cursor and self.has_focus:
            return Strip.join([Strip([Segment("▌", self._the_ink["cursor"])], 1), strip.crop(1)])
        return strip

    @property
    def _blank(self) -> Strip:
        return Strip.blank(GUTTER + self._turns.width + MARGIN, self._the_ink["text"])

    def _with_place(self, strip: Strip, y: int) -> Strip:
        """Show, away from the end, where in the conversation this is, and that there is more below.

        It takes the place of Textual's scrollbar, which is drawn whole for every line that is streamed.
        """
        height = self.size.height
        if y == height - 1:
            return self._with_end(strip, " ↓ new text below " if self._has_pending else " ↓ more below ", "more")
        total = max(1, self._turns.height)
        first = self.scroll_offset.y * height // total
        if first <= y <= first + height * height // total:
            return self._with_end(strip, "▐", "place")
        return strip

    def _with_end(self, strip: Strip, text: str, style: str) -> Strip:
        return Strip.join([strip.crop(0, strip.cell_length - len(text)), Strip([Segment(text, self._the_ink[style])])])

    def _with_selection(self, strip: Strip, row: int) -> Strip:
        selection = self.text_selection
        span = selection.get_span(row) if selection is not None else None
        if span is None:
            return strip
        start, end = span[0], strip.cell_length if span[1] == -1 else span[1]
        before, inside, after = strip.crop(0, start), strip.crop(start, end), strip.crop(end)
        style = self.screen.get_component_rich_style("screen--selection")
        return Strip.join([before, Strip([Segment(inside.text, style)]), after])

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """What the mouse has selected, row by row as drawn."""
        first = selection.start.y if selection.start else 0
        last = selection.end.y if selection.end else self._turns.height - 1
        rows = []
        for row in range(first, min(last, self._turns.height - 1) + 1):
            start, end = selection.get_span(row) or (0, 0)
            rows.append(self._row(row).text[max(start, GUTTER) : None if end == -1 else end].rstrip())
        return "\n".join(rows), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        """Draw the new selection."""
        self.refresh()

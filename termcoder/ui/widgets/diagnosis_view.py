"""What the model says about an error, as it is written; and the wrapped rows that it shares with the list of fixes."""

import re
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from typing import Any, ClassVar, Literal, NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.message import Message
from textual.strip import Strip

from termcoder.diagnosis.answer import Diagnosis
from termcoder.diagnosis.incident import Place
from termcoder.ui.commands import bindings_of
from termcoder.ui.inert import inert, one_line
from termcoder.ui.widgets.code_lines import LineScroll, crop_middle, on_background
from termcoder.ui.widgets.folding import fold

NOTHING_SAID = "The model said nothing about this error."
_INDENT = 8  # cells before the text: a pointer, the longest label and two spaces
_WRITING = "▍"


class Span(NamedTuple):
    """A piece of a row, in a style of `LineInk` or of a component class; with a place it can be clicked."""

    text: str
    style: str = "text"
    place: Place | None = None


Row = tuple[Span, ...]


def wrapped(spans: Sequence[Span], width: int, head: Span, indent: int) -> Iterator[Row]:
    """Rows of at most `width` cells: the first begins with `head`, the others with as much space (`indent`)."""
    text = "".join(span.text for span in spans)
    rows = fold(text, max(2, width - indent), words=True)
    edges = [*accumulate((len(row) for row in rows), initial=0)]
    for number, (start, end) in enumerate(pairwise(edges)):
        yield (Span(" " * indent) if number else head, *_between(spans, start, end))


def _between(spans: Sequence[Span], start: int, end: int) -> Iterator[Span]:
    """The part of `spans` from one character to another."""
    at = 0
    for span in spans:
        piece = span.text[max(0, start - at) : max(0, end - at)]
        if piece:
            yield span._replace(text=piece)
        at += len(span.text)


class Paragraphs(LineScroll):
    """Wrapped text in a scrolling list. Only rows that have changed are drawn again."""

    def __init__(self, placeholder: str = "", **kwargs: Any) -> None:
        super().__init__(placeholder, **kwargs)
        self._rows: list[Row] = []

    def rows_at(self, width: int) -> list[Row]:
        """All rows, wrapped at this width."""
        raise NotImplementedError

    @property
    def row_count(self) -> int:
        """See `LineScroll`."""
        return len(self._rows)

    def draw_row(self, row: int, width: int) -> Strip:
        """See `LineScroll`."""
        return Strip([Segment(span.text, self.style_of(span.style)) for span in self._rows[row]]).crop(0, width)

    def style_of(self, name: str) -> Style:
        """The style with a short name, or of a component class ("fixes--passed")."""
        return self.get_component_rich_style(name) if "--" in name else self.ink[name]

    def rewrap(self) -> None:
        """Take in other text; the screen is not laid out anew, and rows that stay the same are left alone."""
        before, self._rows = self._rows, self._wrap()
        if len(before) != len(self._rows):
            self.rows_changed()
            return
        for number, (old, new) in enumerate(zip(before, self._rows, strict=True)):
            if old != new:
                self.refresh_row(number)

    def _wrap(self) -> list[Row]:
        return self.rows_at(self.size.width - 1) if self.size.width > 1 else []

    def on_resize(self) -> None:
        """Wrap at the new width."""
        self._rows = self._wrap()
        super().on_resize()


class DiagnosisView(Paragraphs, can_focus=True):
    """Cause, place and reason in labelled paragraphs, with notes beneath. Only places that exist can be followed."""

    BINDINGS: ClassVar[list[BindingType]] = bindings_of("diagnosis")

    class PlaceChosen(Message):
        """Show this line of this file."""

        def __init__(self, path: str, line: int) -> None:
            super().__init__()
            self.path = path
            self.line = line

    def __init__(self, placeholder: str = "", **kwargs: Any) -> None:
        super().__init__(placeholder, **kwargs)
        self._diagnosis: Diagnosis | None = None
        self._streaming = False
        self._notes: Sequence[str] = ()
        self._error = ""
        self._places: Sequence[Place] = ()
        self._known: dict[str, Place] = {}
        self._pattern: re.Pattern[str] | None = None

    def show(
        self,
        diagnosis: Diagnosis,
        *,
        streaming: bool = False,
        notes: Sequence[str] = (),
        places: Sequence[Place] = (),
    ) -> None:
        """Show a diagnosis as far as it is written. `places`: those that are links where its sentences name them."""
        if tuple(places) != self._places:
            self._find_only(places)
        if self._diagnosis is None:
            self.scroll_to_row(0)
        self._diagnosis, self._streaming, self._notes, self._error = diagnosis, streaming, tuple(notes), ""
        self.rewrap()

    def show_state(self, text: str, kind: Literal["hint", "waiting", "error"] = "hint") -> None:
        """Show, in place of a diagnosis, why there is none."""
        self._diagnosis, self._notes = None, ()
        self._error = text if kind == "error" else ""
        self.placeholder = "" if kind == "error" else text
        self.rewrap()

    def _find_only(self, places: Sequence[Place]) -> None:
        self._places = tuple(places)
        self._known = {one_line(str(place)): place for place in places}
        exact = "|".join(re.escape(name) for name in sorted(self._known, key=len, reverse=True))
        self._pattern = re.compile(rf"(?<![\w./\\-])(?:{exact})(?!\d)") if exact else None

    # Rows

    def rows_at(self, width: int) -> list[Row]:
        """See `Paragraphs`."""
        if self._error:
            lines = [Span(inert(line).expandtabs(4), "error") for line in self._error.strip().split("\n")]
            return [row for line in lines for row in wrapped([line], width, Span("✗ ", "error"), 2)]
        if self._diagnosis is None:
            return []
        notes = [row for note in self._notes for row in wrapped([Span(one_line(note), "note")], width, _NOTE, 3)]
        rows = [*self._told(self._diagnosis, width)]
        return [*rows, *([(Span(""),)] if rows and notes else []), *notes]

    def _told(self, diagnosis: Diagnosis, width: int) -> Iterator[Row]:
        cause, why = self._prose(diagnosis.cause), self._prose(diagnosis.why)
        if self._streaming:
            (why if diagnosis.why or diagnosis.place else cause).append(Span(_WRITING, "cursor"))
        if cause:
            yield from _labelled("Cause", cause, width)
        if diagnosis.place:
            yield self._place_row(diagnosis.place, width)
        if why:
            yield from _labelled("Why", why, width)
        if not (cause or why or diagnosis.place):
            yield from wrapped([Span(NOTHING_SAID, "note")], width, _NOTE, 3)

    def _place_row(self, place: Place, width: int) -> Row:
        text = crop_middle(one_line(str(place)), max(2, width - _INDENT - 2))
        return (_label("Place"), Span("▶ ", "sign", place), Span(text, "link", place))

    def _prose(self, text: str) -> list[Span]:
        """A paragraph with the places that exist as links."""
        clean = one_line(text)
        spans, at = [], 0
        for found in self._pattern.finditer(clean) if self._pattern else ():
            spans += [Span(clean[at : found.start()]), Span(found[0], "link", self._known[found[0]])]
            at = found.end()
        return [span for span in (*spans, Span(clean[at:])) if span.text]

    # Drawing

    def draw_row(self, row: int, width: int) -> Strip:
        """See `LineScroll`; with the focus, the row that Enter follows is marked."""
        strip = super().draw_row(row, width)
        if not self.has_focus or row != self._place_at:
            return strip
        pointer = Strip([Segment("▌", self.ink["sign"])], 1)
        return on_background(Strip.join([pointer, strip.crop(1)]), width, self.ink["chosen"])

    @property
    def _place_at(self) -> int:
        """The row with the diagnosis's place; -1 where there is none."""
        return next((at for at, row in enumerate(self._rows) if row[0] == _label("Place")), -1)

    def on_focus(self) -> None:
        """Show that keys go here."""
        self.refresh_row(self._place_at)

    def on_blur(self) -> None:
        """Show that they no longer do."""
        self.refresh_row(self._place_at)

    # Places

    def action_follow_place(self) -> None:
        """Go to the place of the diagnosis."""
        if self._diagnosis and self._diagnosis.place:
            self._follow(self._diagnosis.place)

    def on_click(self, event: events.Click) -> None:
        """Go to the place under the mouse."""
        row = self.top + event.y
        if row < len(self._rows) and (place := _place_under(self._rows[row], event.x)):
            self._follow(place)

    def _follow(self, place: Place) -> None:
        self.post_message(self.PlaceChosen(place.path, place.line))

    def action_copy(self) -> None:
        """Ask for a copy of the diagnosis as text."""
        told = self._diagnosis
        if told:
            fields = (("Cause", told.cause), ("Place", str(told.place or "")), ("Why", told.why))
            text = "\n".join(f"{label}: {value}" for label, value in fields if value)
            self.post_message(self.CopyRequested(text, "diagnosis"))


_NOTE = Span(" · ", "note")


def _label(name: str) -> Span:
    return Span(f" {name}".ljust(_INDENT), "heading")


def _labelled(name: str, spans: Sequence[Span], width: int) -> Iterator[Row]:
    return wrapped(spans, width, _label(name), _INDENT)


def _place_under(row: Row, x: int) -> Place | None:
    edges = accumulate(Segment(span.text).cell_length for span in row)
    return next((span.place for span, end in zip(row, edges, strict=True) if x < end), None)

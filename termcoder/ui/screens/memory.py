"""What the model remembers: the note of turns that it no longer reads whole, to read and to edit."""

from dataclasses import dataclass
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static, TextArea

from termcoder.engine.base import Engine
from termcoder.errors import TermcoderError
from termcoder.features import memory
from termcoder.sessions.schema import Session
from termcoder.ui.widgets.draft_area import DraftArea

KEYS = "Ctrl+S keeps it · Ctrl+R brings earlier notes back · Esc leaves it as it was"
PLACEHOLDER = "What the model is to know, a line for each thing"


@dataclass(frozen=True, slots=True)
class Remembered:
    """The note of a session.

    - `folded`: how many turns it stands for; `whole`: how many after them the model still reads.
    - `earlier`: texts of notes before this one, the latest first. `engine`: counts tokens; None while none is ready.
    """

    text: str
    folded: int = 0
    whole: int = 0
    edited: bool = False
    earlier: tuple[str, ...] = ()
    engine: Engine | None = None

    @classmethod
    def of(cls, session: Session, engine: Engine | None = None) -> "Remembered":
        """What a session remembers."""
        note = session.note
        folded = memory.place_of_note(session)
        whole = sum(bool(turn.answer) for turn in session.turns[folded:])
        texts = dict.fromkeys(each.text for each in reversed(session.memory) if each.text.strip())
        earlier = tuple(text for text in texts if text != note.text)
        return cls(note.text, folded, whole, note.edited, earlier, engine)


def summed_up(remembered: Remembered) -> str:
    """ "Turns 1 to 14 are in this note, 3 follow whole.": what of the conversation the model is told in which way."""
    if not remembered.folded:
        return "No turn is in this note yet: the model reads all of them whole. What you write here it is told first."
    turns = "Turn 1 is" if remembered.folded == 1 else f"Turns 1 to {remembered.folded} are"
    follow = "1 follows" if remembered.whole == 1 else f"{remembered.whole} follow"
    return f"{turns} in this note, {follow} whole.{' You have edited it.' if remembered.edited else ''}"


class MemoryScreen(ModalScreen[str | None]):
    """Returns the note's new text, None where it stays as it was."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "keep", "Keep", priority=True),
        Binding("ctrl+r", "earlier", "Earlier", priority=True),
        Binding("escape,f9", "leave", "Leave", priority=True),
    ]
    DEFAULT_CSS = """
    MemoryScreen { align: center middle; }
    MemoryScreen > Vertical {
        width: 100%; max-width: 110; height: auto; max-height: 100%;
        background: $surface; border: round $primary; padding: 0 1;
    }
    MemoryScreen Static { height: auto; }
    MemoryScreen #title { text-style: bold; }
    MemoryScreen DraftArea { height: 16; min-height: 3; border: none; padding: 0 1; background: $background; }
    MemoryScreen DraftArea:focus { border: none; }
    MemoryScreen .warning { color: $text-warning; }
    MemoryScreen #keys { color: $text-muted; }
    """

    def __init__(self, remembered: Remembered) -> None:
        super().__init__()
        self._remembered = remembered
        self._area = DraftArea(PLACEHOLDER, soft_wrap=True)
        self._measure = Static("", id="size", markup=False)
        self._shown = -1  # which of the earlier notes is shown

    def compose(self) -> ComposeResult:
        """What the note stands for, the note, how large it is."""
        with Vertical():
            yield Static("What the model remembers", id="title", markup=False)
            yield Static(summed_up(self._remembered), id="folded", markup=False)
            yield self._area
            yield self._measure
            yield Static(KEYS, id="keys", markup=False)

    def on_mount(self) -> None:
        """Begin at the note's first line."""
        self._area.load_text(self._remembered.text)
        self._area.focus()
        self._count()

    def on_resize(self, event: events.Resize) -> None:
        """Leave the note what room there is."""
        self._area.styles.height = max(3, min(24, event.size.height - 8))

    @on(TextArea.Changed)
    def _count(self) -> None:
        """Say how much of the context it takes."""
        self.run_worker(self._show_size(), group="size", exclusive=True)

    async def _show_size(self) -> None:
        engine = self._remembered.engine
        if engine is None:
            return
        limit = memory.note_limit(engine)
        try:
            tokens = await memory.count_text(engine, self._area.text_to_send())
        except TermcoderError:
            return
        over = tokens > limit
        self._measure.update(
            f"{tokens:,} of {limit:,} tokens"
            + ("; the next time turns go into it, its least important lines are left out." if over else "")
        )
        self._measure.set_class(over, "warning")

    def action_earlier(self) -> None:
        """Show the note as it was before, in a way that undo takes back; from the oldest, the latest comes again."""
        earlier = self._remembered.earlier
        if not earlier:
            self._measure.update("There was no other note before this one.")
            return
        self._shown = (self._shown + 1) % len(earlier)
        area = self._area
        area.history.checkpoint()
        area.replace(earlier[self._shown], (0, 0), area.document.end)

    def action_keep(self) -> None:
        """Keep what was typed before this key."""
        self._area.call_later(self._leave_with_text)

    def _leave_with_text(self) -> None:
        text = self._area.text_to_send()
        self.dismiss(None if text == self._remembered.text else text)

    def action_leave(self) -> None:
        """Leave the note as it was."""
        self.dismiss(None)

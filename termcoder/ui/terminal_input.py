"""Makes pastes quick, and finds those that a terminal doesn't mark.

Textual's parser looks at every character of a paste; here a paste is cut out of the input whole. A terminal
without bracketed paste sends a pasted newline as the Enter key: such text is told from typing because more of
it arrives in one read than anybody types, with newlines in it, and becomes a paste event too.
"""

from collections.abc import Iterable
from time import monotonic

from textual import events
from textual._xterm_parser import XTermParser
from textual.drivers import linux_driver
from textual.message import Message

_START, _END = "\x1b[200~", "\x1b[201~"
_ALT_ENTER, _ALT_ENTER_CODE = "\x1b\r", "\x1b[13;3u"
_UNTYPABLE = 32
"""Nobody types this many characters between two reads of the terminal."""
_QUIET_SECONDS = 0.06
"""What follows an unmarked paste this closely belongs to it."""


def install() -> None:
    """Have Textual parse the terminal's input with `PasteParser`. Call it before the program is run."""
    linux_driver.XTermParser = PasteParser  # type: ignore[attr-defined]  # it can't be passed in


class PasteParser(XTermParser):
    """Textual's parser, with pastes taken out before it sees them."""

    def __init__(self, debug: bool = False) -> None:
        super().__init__(debug)
        self._marked: str | None = None  # a marked paste so far
        self._unmarked = ""  # an unmarked paste so far
        self._unmarked_at = 0.0
        self._held = ""  # what may be the beginning of a paste's mark

    def feed(self, data: str) -> Iterable[Message]:
        """Parse what was read; "" means that nothing more will come."""
        if not data:
            yield from self._flush()
            yield from super().feed(data)
            return
        data, self._held = self._held + data, ""
        while data:
            if self._marked is None:
                typed, mark, data = data.partition(_START)
                yield from self._outside(typed if mark else self._without_split_mark(typed))
                self._marked = "" if mark else None
            else:
                text = self._marked + data
                end = text.find(_END, max(0, len(self._marked) - len(_END)))
                self._marked, data = (text, "") if end < 0 else (None, text[end + len(_END) :])
                if end >= 0:
                    yield _paste(text[:end])

    def tick(self) -> Iterable[Message]:
        """Called about ten times a second: give out what was waiting for more."""
        if self._held or (self._unmarked and monotonic() - self._unmarked_at > _QUIET_SECONDS):
            yield from self._flush()
        yield from super().tick()

    def _outside(self, data: str) -> Iterable[Message]:
        now = monotonic()
        going_on = bool(self._unmarked) and now - self._unmarked_at <= _QUIET_SECONDS
        if "\x1b" not in data and data and (going_on or _is_unmarked_paste(data)):
            self._unmarked += data
            self._unmarked_at = now
        elif data:
            yield from self._flush()
            yield from super().feed(data.replace(_ALT_ENTER, _ALT_ENTER_CODE))

    def _flush(self) -> Iterable[Message]:
        unmarked, self._unmarked = self._unmarked, ""
        held, self._held = self._held, ""
        if unmarked:
            yield _paste(unmarked)
        if held:
            yield from super().feed(held)

    def _without_split_mark(self, data: str) -> str:
        """Hold back the beginning of a mark whose rest comes with the next read. An Esc key is never held."""
        for length in range(len(_START) - 1, 0, -1):
            if data.endswith(_START[:length]) and (length > 2 or len(data) > _UNTYPABLE):
                self._held = data[-length:]
                return data[:-length]
        return data


def _is_unmarked_paste(data: str) -> bool:
    return len(data) > _UNTYPABLE and ("\r" in data[:-1] or "\n" in data[:-1])


def _paste(text: str) -> events.Paste:
    return events.Paste(text.replace("\0", ""))

"""Tells a paste from typing where the terminal doesn't mark pastes: nobody types this fast."""

from enum import Enum

GAP_SECONDS = 0.025
"""Keys closer together than this come from a paste, or were typed while the program was busy."""
QUIET_SECONDS = 0.06
"""Nothing for this long ends a paste."""


class Verdict(Enum):
    """What to do with a key."""

    TYPED = "typed"
    """It is an ordinary key."""
    HELD = "held"
    """An Enter right behind other keys: whether it sends or is part of a paste shows in a moment."""
    TAKEN = "taken"
    """It is part of a paste and kept here until `settle`."""


class RawPaste:
    """Fed with every key and its time. The keys of a paste are collected, its newlines never send.

    An Enter counts as pasted when something comes right behind it, or when a pasted newline came before it.
    """

    def __init__(self) -> None:
        self._last = float("-inf")
        self._taken: list[str] = []
        self._held = False

    @property
    def busy(self) -> bool:
        """Is something held or being collected? Then `settle` must be called after a while."""
        return self._held or bool(self._taken)

    def key(self, time: float, text: str | None) -> Verdict:
        """Judge a key made at `time` (seconds) that types `text` ("\\n" for Enter, None for what types nothing)."""
        quick = time - self._last < GAP_SECONDS
        self._last = time
        if text is None or not quick:
            return Verdict.TYPED
        if self._held or self._taken:
            self._taken += ["\n", text] if self._held else [text]
            self._held = False
            return Verdict.TAKEN
        if text == "\n":
            self._held = True
            return Verdict.HELD
        return Verdict.TYPED

    def settle(self, time: float) -> tuple[bool, str] | None:
        """At `time`: None while the paste goes on, else whether a held Enter sends, and the text that was pasted."""
        if time - self._last < QUIET_SECONDS:
            return None
        return self.end()

    def end(self) -> tuple[bool, str]:
        """Stop waiting: whether a held Enter sends, and the text that was pasted."""
        held, taken = self._held, "".join(self._taken)
        self._held = False
        self._taken = []
        return held, taken

"""Goes through what was sent before without ever losing what was being typed."""

from termcoder.history import History, HistoryNavigator
from termcoder.ui.widgets.draft import normalise


class Recall:
    """Steps through a history, starting at a draft.

    A draft comes back below the newest entry. Where the way back ends, because a recalled entry was changed or
    sent, the draft becomes the newest entry of the history.
    """

    def __init__(self, history: History) -> None:
        self.history = history
        self._at: HistoryNavigator | None = None

    def step(self, shown: str, *, older: bool) -> str | None:
        """The entry before or after the one `shown`; None where there is no other."""
        if self._at is None or normalise(self._at.text) != shown:
            self.leave()
            self._at = self.history.navigator(shown)
        self._at = self._at.up() if older else self._at.down()
        text = normalise(self._at.text)
        return text if text != shown else None

    def leave(self) -> None:
        """Stop stepping: something else is in the composer now, or it is sent."""
        at, self._at = self._at, None
        if at is not None and not at.on_draft:
            self.history.add(at.draft)

    def sent(self, text: str) -> None:
        """Make `text` the newest entry."""
        self.leave()
        self.history.add(text)

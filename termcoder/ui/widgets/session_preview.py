"""What a session is about: its facts, and the beginning of its conversation."""

from collections.abc import Iterator, Sequence

from rich.text import Text
from textual.widgets import Static

from termcoder.conversation import Turn
from termcoder.sessions.schema import Session
from termcoder.ui.inert import inert, one_line
from termcoder.ui.widgets.review_line import count
from termcoder.ui.widgets.session_list import local, short_path

TURNS = 6
QUESTION_LINES = 6
ANSWER_LINES = 12
LINE = 400
"""Most characters shown of a line."""


class SessionPreview(Static):
    """Shows one session, from its first turn or from one that was found."""

    DEFAULT_CSS = "SessionPreview { height: 1fr; padding: 0 1; overflow: hidden; }"

    def show(self, session: Session | None, turn_id: str = "") -> None:
        """Show it, or nothing."""
        self.update(preview(session, turn_id) if session is not None else "")

    def show_failure(self, text: str) -> None:
        """Say why there is nothing to show."""
        self.update(Text(inert(text)))


def preview(session: Session, turn_id: str = "") -> Text:
    """The facts and some turns, beginning with the one that is named or with the first."""
    text = Text(one_line(session.title) or "(no question yet)", style="bold")
    for fact in facts(session):
        text.append(f"\n{fact}", style="not bold dim")
    for turn in _turns_from(session.turns, turn_id):
        text.append("\n")
        for line in _lines(turn.question, QUESTION_LINES):
            text.append(f"\n│ {line}", style="bold")
        for line in _lines(turn.answer, ANSWER_LINES):
            text.append(f"\n{line}", style="not bold")
    return text


def facts(session: Session) -> list[str]:
    """What there is to know of a session, a line each."""
    others = [f"{pane}: {len(turns):,}" for pane, turns in sorted(session.other_turns.items()) if turns]
    begun = f"begun {local(session.created_at):%d %b %Y %H:%M}"
    saved = f"saved {local(session.updated_at):%d %b %Y %H:%M}" if session.updated_at else "not saved yet"
    lines = [
        f"{short_path(session.project)} · {session.id}",
        f"{begun} · {saved}",
        " · ".join(filter(None, (session.model, count(len(session.turns), "turn"), *others))),
        f"split off from {session.forked_from}" if session.forked_from else "",
    ]
    return [one_line(line) for line in lines if line]


def _turns_from(turns: Sequence[Turn], turn_id: str) -> Sequence[Turn]:
    first = next((at for at, turn in enumerate(turns) if turn.id == turn_id), 0)
    return turns[first : first + TURNS]


def _lines(text: str, most: int) -> Iterator[str]:
    lines = inert(text).strip("\n").split("\n")
    for line in lines[:most]:
        yield line[:LINE].expandtabs(4)
    if len(lines) > most:
        yield f"… {len(lines) - most:,} more lines"

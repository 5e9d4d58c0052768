"""Full text search over all sessions.

There is no index: every file is read, and parsed only where its bytes let the words be in it (see `sieve`). A thousand
sessions of 50 KB take about a tenth of a second, nothing can be out of date, and no text is kept in a second place.
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

from termcoder.conversation import Turn
from termcoder.errors import SessionError
from termcoder.sessions.schema import CHAT, Session
from termcoder.sessions.sieve import Sieve, folded
from termcoder.sessions.store import SessionEntry, SessionStore

EXCERPT = 120
"""Most characters of an excerpt."""

_LEAD = 30  # characters of an excerpt before the first word that was found
_QUERY = re.compile(r'"([^"]*)"?|(\S+)')
_NO_TEXT = frozenset({"id", "state", "model", "seed", "started_at", "reviewed_at", "usage", "text"})


@dataclass(frozen=True, slots=True)
class Hit:
    """One place where all the words are.

    - `entry`: the session. `pane`: "chat", "traceback", "review", ..., or "" where its title holds them all.
    - `turn_id`: the turn in the pane, "" for the title.
    - `excerpt`: one line of the text. `spans`: where in it the words stand, as (first, after the last) character.
    """

    entry: SessionEntry
    pane: str
    turn_id: str
    excerpt: str
    spans: tuple[tuple[int, int], ...]


def search(store: SessionStore, query: str, project: Path | str | None = None) -> Iterator[Hit]:
    """Where the words of `query` stand together: in a session's title, or in one turn.

    Upper and lower case are the same; "several words" in quotation marks stand in this order. Sessions whose title
    has all the words come first, then the last saved; in each the latest turns. `project` None searches all. Reads
    everything before the first hit, then little for each: whoever has enough stops asking. What can't be read is
    passed over. Blocks for the disk.
    """
    words = words_of(query)
    if not words:
        return
    sieve = Sieve(words)
    titled: list[SessionEntry] = []
    others: list[SessionEntry] = []
    for path in store.files(project):
        entry = _candidate(store, path, sieve)
        if entry is not None:
            (titled if _holds(folded(entry.title), words) else others).append(entry)
    for entry in chain(titled, others):
        if _is_worth_parsing(entry.path, sieve):
            yield from _hits(store, entry, words)


def words_of(query: str) -> tuple[str, ...]:
    """The words and "quoted phrases" of a query, made comparable."""
    found = (folded(phrase or word) for phrase, word in _QUERY.findall(query))
    return tuple(dict.fromkeys(word for word in found if word.strip()))


def _candidate(store: SessionStore, path: Path, sieve: Sieve) -> SessionEntry | None:
    try:
        data = path.read_bytes()
        return store.entry(path, data) if sieve.lets_through(data) else None
    except (OSError, SessionError):
        return None


def _is_worth_parsing(path: Path, sieve: Sieve) -> bool:
    try:
        return sieve.is_worth_parsing(path.read_bytes())
    except OSError:
        return False


def _hits(store: SessionStore, entry: SessionEntry, words: Sequence[str]) -> Iterator[Hit]:
    try:
        session = store.peek(entry.path)
    except SessionError:
        return
    if _holds(folded(session.title), words):
        yield Hit(entry, "", "", *excerpt_of(session.title, words))
    for pane, turn_id, texts in reversed(list(_turns(session))):
        whole = folded("\n".join(texts))
        if _holds(whole, words):
            best = max(texts, key=lambda text: sum(word in folded(text) for word in words))
            yield Hit(entry, pane, turn_id, *excerpt_of(best, words))


def _holds(text: str, words: Sequence[str]) -> bool:
    return all(word in text for word in words)


def _turns(session: Session) -> Iterator[tuple[str, str, list[str]]]:
    """Every turn as its pane, its id and its texts; the chat's come last."""
    for pane, turns in session.other_turns.items():
        for turn in turns:
            if isinstance(turn, dict):
                yield pane, str(turn.get("id", "")), list(_texts(turn))
    for turn in session.turns:
        yield CHAT, turn.id, _chat_texts(turn)


def _chat_texts(turn: Turn) -> list[str]:
    return [turn.question, turn.answer, *(attachment.path for attachment in turn.attachments), turn.error]


def _texts(value: Any) -> Iterator[str]:
    """What a user has seen of another pane's turn: attached files have a path and a text, and only the path counts."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            if name not in _NO_TEXT:
                yield from _texts(inner)
    elif isinstance(value, Sequence):
        for inner in value:
            yield from _texts(inner)


def excerpt_of(text: str, words: Sequence[str]) -> tuple[str, tuple[tuple[int, int], ...]]:
    """One line of `text` around the first of the `words` in it, and where in it any of them stand."""
    place = _first_place(text, words)
    start = max(0, place - _LEAD)
    if start > 0 and (space := text.find(" ", start, place)) >= 0:
        start = space + 1
    line = " ".join(text[start : start + EXCERPT].split())
    before, after = "…" if start else "", "…" if start + EXCERPT < len(text) else ""
    line = f"{before}{line}{after}"
    return line, _spans(line, words)


def _first_place(text: str, words: Sequence[str]) -> int:
    whole = folded(text)
    place = min((at for word in words if (at := whole.find(word)) >= 0), default=0)
    if len(whole) == len(text):
        return place
    return max(0, bisect_right(range(len(text)), place, key=lambda end: len(folded(text[:end]))) - 1)


def _spans(line: str, words: Sequence[str]) -> tuple[tuple[int, int], ...]:
    """Where the words stand in `line`, in order; those that touch or overlap are one."""
    whole, origins = _origins(line)
    found = sorted((origins[m.start()], origins[m.end()]) for w in words for m in re.finditer(re.escape(w), whole))
    spans: list[tuple[int, int]] = []
    for first, last in found:
        if spans and first <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(last, spans[-1][1]))
        else:
            spans.append((first, last))
    return tuple(spans)


def _origins(text: str) -> tuple[str, list[int]]:
    """`folded` text, and for each character of it, and for its end, the place in `text` that it comes from."""
    starts = [at for at, sign in enumerate(text) if not at or not unicodedata.combining(sign)]
    pieces = [folded(text[start:end]) for start, end in pairwise([*starts, len(text)])]
    origins = [start for start, piece in zip(starts, pieces, strict=True) for _ in piece]
    return "".join(pieces), [*origins, len(text)]

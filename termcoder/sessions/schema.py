"""What a session is and how it is written down.

The JSON has a `version`. A newer program reads every older version through `MIGRATIONS`; an older program
refuses a newer version instead of losing what it doesn't know. Fields it doesn't know *within* a version are
kept, of the session and of each turn, so a new optional field needs no new version. A new value for a field
that exists (another turn state, say) does.
"""

import functools
import json
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, TypeVar

from termcoder.conversation import Attachment, Note, Turn, TurnState, Usage
from termcoder.errors import DamagedSessionError, NewerSessionError

SCHEMA_VERSION = 1

Json = Mapping[str, Any]
Migration = Callable[[dict[str, Any]], dict[str, Any]]

MIGRATIONS: Mapping[int, Migration] = {}
"""`MIGRATIONS[n]` turns a session of version n into one of version n + 1."""

CHAT = "chat"
SET_ASIDE = "set_aside"
"""The name, among the other panes, under which a session keeps the chat's turns that were answered again or edited."""

TITLE_LENGTH = 60

_ID = re.compile(r"[0-9a-z]{4,32}")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Session:
    """A conversation about one project, with everything needed to go on with it.

    - `project`: the absolute path of the project's root.
    - `created_at`, `updated_at`: ISO 8601 times in UTC.
    - `seed`: None draws a new one each turn. `template`: the name of the prompt template.
    - `usage`: everything ever spent, answers that were replaced or cut off included.
    - `turns`: the chat's. `other_turns`: those of other panes by pane name, as JSON values.
    - `titled_by`: who wrote the title: "model", "user", or "" where it is the first question's beginning.
    - `memory`: all notes of older turns ever made, the latest last; `note` is the one that holds.
    - `forked_from`: the id of the session that this one split off from.
    - `extra`, `turn_extra`: fields of the file that this version doesn't know; the latter by turn id.
    """

    id: str
    project: str
    created_at: str
    updated_at: str = ""
    title: str = ""
    model: str = ""
    seed: int | None = None
    template: str = ""
    usage: Usage = field(default_factory=Usage)
    turns: tuple[Turn, ...] = ()
    other_turns: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    forked_from: str = ""
    titled_by: str = ""
    memory: tuple[Note, ...] = ()
    extra: Json = field(default_factory=dict)
    turn_extra: Mapping[str, Json] = field(default_factory=dict)

    def with_turn(self, turn: Turn) -> "Session":
        """This session with `turn` added, or put in the place of the one with its id.

        Saving one answer twice (partial, then whole) counts it once; an answer begun anew counts again.
        """
        old = next((each for each in self.turns if each.id == turn.id), None)
        turns = (*self.turns, turn) if old is None else tuple(turn if each is old else each for each in self.turns)
        same_answer = old is not None and old.started_at == turn.started_at
        usage = _plus(self.usage, turn.usage, old.usage if old is not None and same_answer else Usage())
        return replace(self, turns=turns, usage=usage, title=self.title or title_of(turn.question))

    @property
    def note(self) -> Note:
        """The note that holds: the latest that stands for no turn but those still there. An empty one if there is none.

        Whoever takes turns back, or splits a session, so gets the note back as it was then.
        """
        there = {"", *(turn.id for turn in self.turns)}
        return next((note for note in reversed(self.memory) if note.through in there), Note())

    def before_turn(self, turn_id: str) -> "Session":
        """This session cut off before the turn with that id; unchanged where there is none."""
        place = next((number for number, turn in enumerate(self.turns) if turn.id == turn_id), len(self.turns))
        return replace(self, turns=self.turns[:place])

    def renamed(self, title: str) -> "Session":
        """This session under a title that the user gave it; an empty one: its first question's beginning."""
        first = self.turns[0].question if self.turns else ""
        words = " ".join(title.split())
        return replace(self, title=words or title_of(first), titled_by="user" if words else "")


def new_session(project: str, *, model: str = "", seed: int | None = None, template: str = "") -> Session:
    """An empty session with an id and a creation time of its own."""
    now = utc_now()
    return Session(new_id(), project, now, now, model=model, seed=seed, template=template)


def new_id() -> str:
    """An id no other session has."""
    return secrets.token_hex(6)


def utc_now() -> str:
    """The time as sessions write it, to the second: "2026-11-23T08:00:00Z"."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def title_of(question: str) -> str:
    """A session's title from its first question: the first line with words, cut at a word."""
    line = next((" ".join(line.split()) for line in question.splitlines() if line.strip()), "")
    if len(line) <= TITLE_LENGTH:
        return line
    return (line[:TITLE_LENGTH].rpartition(" ")[0] or line[: TITLE_LENGTH - 1]) + "…"


def to_json(session: Session) -> str:
    """The text of a session's file. The turns come last, the chat's after the other panes'."""
    known = {name: getattr(session, name) for name in _SESSION_READERS}
    memory = [asdict(note) for note in session.memory]
    head = {"version": SCHEMA_VERSION, **session.extra, **known, "usage": asdict(session.usage), "memory": memory}
    chat = ",".join(_turn_json(turn, session.turn_extra) for turn in session.turns)
    others = (f"{_dumped(pane)}:{_dumped(turns)}," for pane, turns in session.other_turns.items())
    return f'{_dumped(_without_empty(head))[:-1]},"turns":{{{"".join(others)}"{CHAT}":[{chat}]}}}}\n'


def from_json(text: str | bytes, migrations: Mapping[int, Migration] = MIGRATIONS) -> Session:
    """Read a session. Raises DamagedSessionError, or NewerSessionError for a version this program doesn't know."""
    try:
        data = json.loads(text)
        version = _integer(data["version"])
        if version > SCHEMA_VERSION:
            raise NewerSessionError(
                f"A newer termcoder saved this session (format {version}; this one reads up to {SCHEMA_VERSION}).",
                remedy="Update termcoder to open it.",
            )
        while version < SCHEMA_VERSION:
            data = migrations[version](data)
            version += 1
        return _session(data)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise DamagedSessionError(f"It holds no session ({type(error).__name__}: {error}).") from error


def _plus(total: Usage, new: Usage, old: Usage) -> Usage:
    spent, more, less = asdict(total), asdict(new), asdict(old)
    return Usage(**{name: max(0, spent[name] + more[name] - less[name]) for name in spent})


def _turn_json(turn: Turn, extra: Mapping[str, Json]) -> str:
    if turn.id in extra:
        return _dumped(_without_empty({**extra[turn.id], **asdict(turn)}))
    return _known_turn_json(turn)


@functools.lru_cache(maxsize=4096)
def _known_turn_json(turn: Turn) -> str:
    """Kept, since a session is written whole with every turn: in a long one that would take a tenth of a second."""
    return _dumped(_without_empty(asdict(turn)))


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _without_empty(data: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if value or name not in _LEFT_OUT_IF_EMPTY}


def _session(data: Json) -> Session:
    turns = dict(_table(data.get("turns", {})))
    chat = turns.pop(CHAT, [])
    return _read(
        Session,
        data,
        _SESSION_READERS | {"usage": _usage},
        turns=tuple(_read(Turn, turn, _TURN_READERS) for turn in chat),
        other_turns={_text(pane): tuple(_list(others)) for pane, others in turns.items()},
        extra=_unknown(data, {"version", "usage", "turns", *_SESSION_READERS}),
        turn_extra={turn["id"]: extra for turn in chat if (extra := _unknown(turn, set(_TURN_READERS)))},
    )


def _unknown(data: Json, known: set[str]) -> Json:
    return {name: value for name, value in data.items() if name not in known}


def _read(kind: Callable[..., _T], data: Any, readers: Mapping[str, Callable[[Any], Any]], **rest: Any) -> _T:
    """Make a `kind` of the fields that `data` has, each through its reader."""
    table = _table(data)
    return kind(**{name: read(table[name]) for name, read in readers.items() if name in table}, **rest)


def _table(value: Any) -> Json:
    if not isinstance(value, dict):
        raise TypeError(f"a table is needed, not {type(value).__name__}")
    return value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError(f"a list is needed, not {type(value).__name__}")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a text is needed, not {type(value).__name__}")
    return value


def _integer(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"a whole number is needed, not {type(value).__name__}")
    return value


def _number(value: Any) -> float:
    return value if isinstance(value, float) else float(_integer(value))


def _seed(value: Any) -> int | None:
    return None if value is None else _integer(value)


def _session_id(value: Any) -> str:
    if not _ID.fullmatch(_text(value)):
        raise ValueError("the id is not one")
    return str(value)


def _time(value: Any) -> str:
    datetime.fromisoformat(_text(value))
    return str(value)


def _usage(value: Any) -> Usage:
    readers = {"prompt_tokens": _integer, "completion_tokens": _integer, "cached_tokens": _integer}
    return _read(Usage, value, {**readers, "seconds": _number, "first_token_seconds": _number})


def _notes(value: Any) -> tuple[Note, ...]:
    return tuple(_read(Note, each, {"text": _text, "through": _text, "edited": _truth}) for each in _list(value))


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"true or false is needed, not {type(value).__name__}")
    return value


def _attachments(value: Any) -> tuple[Attachment, ...]:
    return tuple(_read(Attachment, each, {"path": _text, "text": _text}) for each in _list(value))


_LEFT_OUT_IF_EMPTY = frozenset({"titled_by", "memory", "template", "sent", "written"})
"""Fields that most sessions and turns have no use for."""

_SESSION_READERS: dict[str, Callable[[Any], Any]] = {
    "id": _session_id,
    "project": _text,
    "title": _text,
    "model": _text,
    "created_at": _time,
    "updated_at": _text,
    "seed": _seed,
    "template": _text,
    "forked_from": _text,
    "titled_by": _text,
    "memory": _notes,
}

_TURN_READERS: dict[str, Callable[[Any], Any]] = {
    "id": _text,
    "question": _text,
    "answer": _text,
    "state": TurnState,
    "attachments": _attachments,
    "usage": _usage,
    "model": _text,
    "seed": _seed,
    "started_at": _text,
    "error": _text,
    "template": _text,
    "sent": _text,
    "written": _text,
}

"""Sessions to test with, and a hypothesis strategy for any."""

from hypothesis import strategies as st

from termcoder.conversation import Attachment, Note, Turn, TurnState, Usage
from termcoder.sessions.schema import Session, new_id

PROJECT = "/home/me/projects/widget"

_tokens = st.integers(0, 10**9)
_seconds = st.floats(0, 1e6)
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
usages = st.builds(Usage, _tokens, _tokens, _tokens, _seconds, _seconds)
turns = st.builds(
    Turn,
    id=st.uuids().map(str),
    question=st.text(),
    answer=st.text(),
    state=st.sampled_from(TurnState),
    attachments=st.lists(st.builds(Attachment, st.text(max_size=20), st.text()), max_size=2).map(tuple),
    usage=usages,
    model=st.text(max_size=10),
    seed=st.none() | st.integers(0, 2**63),
    started_at=st.text(max_size=20),
    error=st.text(max_size=20),
    template=st.text(max_size=10),
    sent=st.text(max_size=20),
)
sessions = st.builds(
    Session,
    id=st.from_regex(r"[0-9a-z]{4,32}", fullmatch=True),
    project=st.text(),
    created_at=st.datetimes().map(lambda time: time.strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")),
    updated_at=st.text(max_size=20),
    title=st.text(max_size=60),
    model=st.text(max_size=10),
    seed=st.none() | st.integers(),
    template=st.text(max_size=10),
    usage=usages,
    turns=st.lists(turns, max_size=4, unique_by=lambda turn: turn.id).map(tuple),
    other_turns=st.dictionaries(st.sampled_from(["review", "traceback"]), st.lists(_json, max_size=2).map(tuple)),
    forked_from=st.text(max_size=12),
    titled_by=st.sampled_from(["", "model", "user"]),
    memory=st.lists(st.builds(Note, st.text(), st.text(max_size=12), st.booleans()), max_size=3).map(tuple),
    extra=st.dictionaries(st.text(max_size=10).map("future_".__add__), _json, max_size=2),
)


def turn(question: str, answer: str = "An answer.", **changes: object) -> Turn:
    values: dict[str, object] = {"usage": Usage(10, 5, 2, 1.0, 0.5), "started_at": "2026-11-23T08:00:00Z"}
    return Turn(new_id(), question, answer, **(values | changes))  # type: ignore[arg-type]

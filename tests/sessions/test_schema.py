"""The session's JSON: round trips, versions, damage."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from termcoder.conversation import Attachment, Turn, TurnState, Usage
from termcoder.errors import DamagedSessionError, NewerSessionError, SessionError
from termcoder.sessions.schema import (
    MIGRATIONS,
    SCHEMA_VERSION,
    TITLE_LENGTH,
    Session,
    from_json,
    new_session,
    title_of,
    to_json,
)
from tests.sessions.samples import PROJECT, sessions, turn

SAMPLE = Session(
    id="0a1b2c3d4e5f",
    project=PROJECT,
    created_at="2026-11-23T08:00:00Z",
    updated_at="2026-11-23T08:05:00Z",
    title="Why is it slow?",
    model="qwen2.5-coder-0.5b",
    seed=7,
    template="chat",
    usage=Usage(10, 5, 2, 1.0, 0.5),
    turns=(
        Turn(
            id="t1",
            question="Why is @main.py slow?",
            answer="It sleeps.",
            state=TurnState.LENGTH,
            attachments=(Attachment("main.py", "import time\n"),),
            usage=Usage(10, 5, 2, 1.0, 0.5),
            model="qwen2.5-coder-0.5b",
            seed=7,
            started_at="2026-11-23T08:04:00Z",
        ),
    ),
)


def as_table(session: Session) -> dict[str, Any]:
    table: dict[str, Any] = json.loads(to_json(session))
    return table


@settings(deadline=None)
@given(session=sessions)
def test_what_is_written_is_read(session: Session) -> None:
    assert from_json(to_json(session)) == session
    assert from_json(to_json(session).encode()) == session


def test_the_format_of_version_1() -> None:
    """What users have on disk: this text is read for ever."""
    usage = {
        "prompt_tokens": 10,
        "completion_tokens": 5,
        "cached_tokens": 2,
        "seconds": 1.0,
        "first_token_seconds": 0.5,
    }
    assert as_table(SAMPLE) == {
        "version": 1,
        "id": "0a1b2c3d4e5f",
        "project": PROJECT,
        "title": "Why is it slow?",
        "model": "qwen2.5-coder-0.5b",
        "created_at": "2026-11-23T08:00:00Z",
        "updated_at": "2026-11-23T08:05:00Z",
        "seed": 7,
        "template": "chat",
        "forked_from": "",
        "usage": usage,
        "turns": {
            "chat": [
                {
                    "id": "t1",
                    "question": "Why is @main.py slow?",
                    "answer": "It sleeps.",
                    "state": "length",
                    "attachments": [{"path": "main.py", "text": "import time\n"}],
                    "usage": usage,
                    "model": "qwen2.5-coder-0.5b",
                    "seed": 7,
                    "started_at": "2026-11-23T08:04:00Z",
                    "error": "",
                }
            ]
        },
    }


def test_the_least_that_is_a_session() -> None:
    text = '{"version": 1, "id": "abcd", "project": "/p", "created_at": "2026-11-23T08:00:00Z"}'
    assert from_json(text) == Session("abcd", "/p", "2026-11-23T08:00:00Z")


def test_unknown_fields_are_kept() -> None:
    table = as_table(SAMPLE)
    table["pinned"] = True
    table["turns"]["chat"][0]["rating"] = {"stars": 5}
    table["turns"]["review"] = [{"anything": [1, 2]}]
    session = from_json(json.dumps(table))
    assert session.other_turns == {"review": ({"anything": [1, 2]},)}
    assert as_table(session) == table
    grown = as_table(session.with_turn(turn("next")))
    assert grown["turns"]["chat"][0]["rating"] == {"stars": 5}
    assert "rating" not in grown["turns"]["chat"][1]
    assert as_table(session.before_turn("t1"))["turns"] == {"chat": [], "review": [{"anything": [1, 2]}]}


def test_a_newer_version_is_refused_not_damaged() -> None:
    table = as_table(SAMPLE) | {"version": SCHEMA_VERSION + 1, "turns": "told otherwise now"}
    with pytest.raises(NewerSessionError) as caught:
        from_json(json.dumps(table))
    assert "newer" in caught.value.message
    assert "Update" in caught.value.remedy


def test_older_versions_are_migrated_step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("termcoder.sessions.schema.SCHEMA_VERSION", 3)
    table = as_table(SAMPLE) | {"version": 1}
    table["name"] = table.pop("title")
    migrations = {
        1: lambda data: {**data, "heading": data["name"]},
        2: lambda data: {**data, "title": data["heading"].upper()},
    }
    assert from_json(json.dumps(table), migrations).title == "WHY IS IT SLOW?"


def test_there_is_a_migration_from_every_version() -> None:
    assert set(MIGRATIONS) == set(range(1, SCHEMA_VERSION))


@pytest.mark.parametrize(
    "change",
    [
        {"version": "1"},
        {"version": True},
        {"version": 0},
        {"version": None},
        {"id": "../../etc/passwd"},
        {"id": ""},
        {"id": 7},
        {"created_at": "yesterday"},
        {"project": None},
        {"seed": "7"},
        {"usage": []},
        {"usage": {"prompt_tokens": "many"}},
        {"turns": []},
        {"turns": {"chat": {"0": {}}}},
        {"turns": {"chat": [{"question": "no id"}]}},
        {"turns": {"chat": [{"id": "x", "question": "q", "state": "asleep"}]}},
        {"turns": {"chat": [{"id": "x", "question": "q", "attachments": [{"path": "only"}]}]}},
        {"turns": {"review": {}}},
    ],
)
def test_a_wrong_value_is_damage(change: dict[str, Any]) -> None:
    with pytest.raises(DamagedSessionError):
        from_json(json.dumps(as_table(SAMPLE) | change))


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "7", '"x"', "{}", "[" * 100_000, b"\xff\xfe\x00", b"\x00" * 9])
def test_what_is_no_session_is_damage(text: str | bytes) -> None:
    with pytest.raises(DamagedSessionError):
        from_json(text)


@settings(deadline=None)
@given(session=sessions, cut=st.integers(1, 400))
def test_a_text_cut_short_is_damage(session: Session, cut: int) -> None:
    text = to_json(session).rstrip("\n")
    with pytest.raises(DamagedSessionError):
        from_json(text[: max(0, len(text) - cut)])


@settings(deadline=None)
@given(data=st.data())
def test_any_json_is_a_session_or_an_error(data: st.DataObject) -> None:
    table = as_table(SAMPLE)
    name = data.draw(st.sampled_from(sorted(table)))
    values = st.none() | st.booleans() | st.floats() | st.text() | st.lists(st.none()) | st.just({"chat": [1]})
    table[name] = data.draw(values)
    try:
        assert isinstance(from_json(json.dumps(table)), Session)
    except SessionError as error:
        assert error.message


def test_turns_are_added_and_replaced() -> None:
    session, first, second = new_session(PROJECT), turn("one two"), turn("three")
    session = session.with_turn(first).with_turn(second)
    assert session.turns == (first, second)
    assert session.title == "one two"
    assert session.usage == Usage(20, 10, 4, 2.0, 1.0)
    again = replace(first, answer="Another.", usage=Usage(10, 7))
    assert session.with_turn(again).turns == (again, second)


def test_a_partial_answer_counts_once_and_a_new_answer_again() -> None:
    partial = turn("q", usage=Usage(10, 2), state=TurnState.INTERRUPTED)
    whole = replace(partial, usage=Usage(10, 5), state=TurnState.COMPLETE)
    session = new_session(PROJECT).with_turn(partial).with_turn(whole)
    assert session.usage == Usage(10, 5)
    anew = replace(whole, started_at="2026-11-23T09:00:00Z", usage=Usage(10, 1))
    assert session.with_turn(anew).usage == Usage(20, 6)


def test_cutting_off_keeps_what_was_spent() -> None:
    first, second, third = turn("1"), turn("2"), turn("3")
    session = new_session(PROJECT).with_turn(first).with_turn(second).with_turn(third)
    assert session.before_turn(second.id).turns == (first,)
    assert session.before_turn(second.id).usage == session.usage
    assert session.before_turn("none") == session


def test_new_sessions_differ() -> None:
    assert new_session(PROJECT).id != new_session(PROJECT).id


@pytest.mark.parametrize(
    ("question", "title"),
    [
        ("", ""),
        ("\n \n  Why   is\tit?  \nmore", "Why is it?"),
        ("word " * 30, "word " * 11 + "word…"),
        ("x" * 100, "x" * (TITLE_LENGTH - 1) + "…"),
    ],
)
def test_titles(question: str, title: str) -> None:
    assert title_of(question) == title


@settings(deadline=None)
@given(st.text())
def test_a_title_is_one_short_line(question: str) -> None:
    title = title_of(question)
    assert len(title) <= TITLE_LENGTH + 1
    assert len(title.splitlines()) <= 1

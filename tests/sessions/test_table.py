"""The list of sessions as a table."""

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from termcoder.sessions.store import SessionEntry
from termcoder.sessions.table import cells, cropped, sessions_table, when

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def east_of_greenwich(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC-3")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def entry(title: str, model: str = "qwen2.5-coder-0.5b", project: str = "/home/me/shop") -> SessionEntry:
    return SessionEntry(
        Path("p"), "0a1b2c3d4e5f", project, title, model, "2026-11-20T08:00:00Z", "2026-11-21T08:00:00Z", 12
    )


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        ("2026-11-25T08:05:00Z", "today 11:05"),
        ("2026-11-24T22:30:00Z", "today 01:30"),
        ("2026-11-24T08:00:00Z", "yesterday"),
        ("2026-11-23T08:00:00Z", "2026-11-23"),
        ("no time", "no time"),
        ("", ""),
        ("0001-01-01T00:00:00Z", "0001-01-01"),
    ],
)
def test_times_are_local_and_short(at: str, shown: str) -> None:
    assert when(at, NOW) == shown


def test_a_table_in_a_wide_terminal() -> None:
    lines = sessions_table([entry("Why is it slow?"), entry("日本語", "m")], 100, projects=True)
    assert lines == [
        "ID        SAVED       TURNS  MODEL               PROJECT        TITLE",
        "0a1b2c3d  2026-11-21     12  qwen2.5-coder-0.5b  /home/me/shop  Why is it slow?",
        "0a1b2c3d  2026-11-21     12  m                   /home/me/shop  日本語",
    ]


def test_a_script_gets_everything_uncut() -> None:
    title, model = "t" * 300, "m" * 100
    assert sessions_table([entry(title, model)], 0, projects=False)[1].endswith(f"{model}  {title}")


@settings(max_examples=50)
@given(
    entries=st.lists(st.builds(entry, st.text(max_size=80), st.text(max_size=40), st.text(max_size=60)), min_size=1),
    width=st.integers(40, 200),
    projects=st.booleans(),
)
def test_no_line_is_wider_than_the_terminal(entries: list[SessionEntry], width: int, projects: bool) -> None:
    lines = sessions_table(entries, width, projects=projects)
    assert len(lines) == len(entries) + 1
    assert all(cells(line) <= width for line in lines)
    assert all(len(line.splitlines()) == 1 for line in lines)


def test_a_projects_place_at_home(isolated_home: Path) -> None:
    lines = sessions_table([entry("t", project=f"{isolated_home}{os.sep}shop")], 0, projects=True)
    assert "~/shop" in lines[1]


def test_without_sessions_there_is_no_table() -> None:
    assert sessions_table([], 80, projects=False) == []


@pytest.mark.parametrize(
    ("text", "width", "cut"),
    [
        ("abcdef", 6, "abcdef"),
        ("abcdef", 4, "abc…"),
        ("日本語", 4, "日…"),
        ("e\u0301e\u0301e\u0301", 2, "e\u0301…"),
        ("ab", 0, ""),
    ],
)
def test_cropped(text: str, width: int, cut: str) -> None:
    assert cropped(text, width) == cut

"""A list of sessions as a table for a terminal."""

import os
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from termcoder.sessions.document import one_line
from termcoder.sessions.store import SessionEntry

ID_LENGTH = 8
_HEADINGS = ("ID", "SAVED", "TURNS", "MODEL")
_LEAST_TITLE = 12  # columns
_MOST = {"MODEL": 24, "PROJECT": 30}  # columns


def sessions_table(entries: Sequence[SessionEntry], width: int, *, projects: bool) -> list[str]:
    """Lines of a table, with headings; none without entries.

    `width`: columns there are, 0 for as many as it takes. Where there are too few, the model's column goes first, then
    the project's; titles are cut at the end.
    """
    if not entries:
        return []
    names = [*_HEADINGS, *(["PROJECT"] if projects else []), "TITLE"]
    rows = [names, *(_row(entry, projects) for entry in entries)]
    columns = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
    for name, most in _MOST.items():
        if width and name in columns:
            columns[name] = [cropped(text, most) for text in columns[name]]
    for name in ("MODEL", "PROJECT", "TURNS"):
        if width and _taken(columns) + _LEAST_TITLE > width:
            columns.pop(name, None)
    return _lines(columns, width)


def when(time: str, now: datetime | None = None) -> str:
    """A UTC time in the local zone, short: "today 14:05", "yesterday", or the date. What is no time stays as it is."""
    try:
        local = datetime.fromisoformat(time).astimezone()
    except (ValueError, OverflowError, OSError):
        return one_line(time)
    today: date = (now or datetime.now(UTC)).astimezone().date()
    if local.date() == today:
        return local.strftime("today %H:%M")
    return "yesterday" if local.date() == today - timedelta(days=1) else local.date().isoformat()


def cells(text: str) -> int:
    """The columns that a text takes in a terminal."""
    return len(text) if text.isascii() else sum(map(_cell, text))


def cropped(text: str, width: int) -> str:
    """A text cut to `width` columns, with a sign for what is left out."""
    if cells(text) <= width:
        return text
    taken, kept = 0, []
    for sign in text:
        taken += _cell(sign)
        if taken > width - 1:
            break
        kept.append(sign)
    return "".join(kept) + "…"[: max(0, width)]


def _row(entry: SessionEntry, projects: bool) -> list[str]:
    place = [_short(entry.project)] if projects else []
    title = one_line(entry.title) or "(no question yet)"
    return [entry.id[:ID_LENGTH], when(entry.updated_at), str(entry.turns), one_line(entry.model), *place, title]


def _short(project: str) -> str:
    home = os.path.expanduser("~")
    inside = project == home or project.startswith(home + os.sep)
    return one_line(str(Path("~") / Path(project).relative_to(home)) if inside else project)


def _taken(columns: dict[str, list[str]]) -> int:
    return sum(max(map(cells, texts)) + 2 for name, texts in columns.items() if name != "TITLE")


def _lines(columns: dict[str, list[str]], width: int) -> list[str]:
    room = max(_LEAST_TITLE, width - _taken(columns))
    if width:
        columns = {**columns, "TITLE": [cropped(title, room) for title in columns["TITLE"]]}
    padded = [_padded(name, texts) for name, texts in columns.items()]
    return ["  ".join(row).rstrip() for row in zip(*padded, strict=True)]


def _padded(name: str, texts: Sequence[str]) -> Iterable[str]:
    widest = max(map(cells, texts))
    for text in texts:
        room = " " * (widest - cells(text))
        yield room + text if name == "TURNS" else text + room


def _cell(sign: str) -> int:
    if unicodedata.combining(sign) or unicodedata.category(sign) in ("Cf", "Me", "Mn"):
        return 0
    return 2 if unicodedata.east_asian_width(sign) in "WF" else 1

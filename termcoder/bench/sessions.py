"""How long saving, loading, listing and searching take: one session that grows long, and many sessions.

    python -m termcoder.bench.sessions [--turns 3000] [--sessions 1000] [--quick]

The turns are the program's own: saved when they begin and when they end, and journalled between. Times are those of
the disk in the folder for temporary files.
"""

import argparse
import gc
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TypeVar

from termcoder.conversation import Turn, TurnState, Usage
from termcoder.features.session_book import SessionBook
from termcoder.sessions.schema import Session, new_id, new_session, to_json, utc_now
from termcoder.sessions.search import Hit, search
from termcoder.sessions.store import SessionStore

WINDOW = 50
"""Turns at the beginning and at the end whose times are compared."""

SAVED = 20
"""Between these every so many turns are saved, since the disk takes much longer than the program."""

SESSION_BYTES = 50_000
MOST_HITS = 50
QUERIES = ("connection", "größe", "sqlite3 threading", '"the event loop"', "notthere")

_T = TypeVar("_T")
_PROSE = """the event loop waits for a connection and the timeout of sqlite3 in threading code def return self None
import asyncio Path open read write for in if else raise ValueError — “quoted” größe → index list dict token prompt"""


def main() -> int:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description="What sessions cost.")
    arguments.add_argument("--turns", type=int, default=3000)
    arguments.add_argument("--sessions", type=int, default=1000)
    arguments.add_argument("--quick", action="store_true", help="a tenth of it")
    args = arguments.parse_args()
    part = 10 if args.quick else 1
    with tempfile.TemporaryDirectory(prefix="termcoder-bench-") as folder:
        _measure_long(Path(folder), args.turns // part)
    with tempfile.TemporaryDirectory(prefix="termcoder-bench-") as folder:
        _measure_many(Path(folder), args.sessions // part)
    return 0


def text(chance: random.Random, words: int) -> str:
    """Some words, as many on a line as in prose."""
    chosen = chance.choices(_PROSE.split(), k=words)
    return "\n".join(" ".join(chosen[at : at + 12]) for at in range(0, words, 12))


def _measure_long(folder: Path, turns: int) -> None:
    chance = random.Random(1)
    book = SessionBook(folder / "project", SessionStore(folder / "sessions"))
    print(f"One session, {turns:,} turns:")
    first = [_turn(book, chance) for _ in range(WINDOW)]
    begun = _memory()
    for number in range(turns - 2 * WINDOW):
        change = partial(Session.with_turn, turn=_whole(_begun(chance), chance))
        (book.change if number % SAVED else book.record)(change)
    last = [_turn(book, chance) for _ in range(WINDOW)]
    print(f"  save a turn, first {WINDOW}:  {_times(first)}")
    print(f"  save a turn, last {WINDOW}:   {_times(last)}")
    print(f"  memory          after {WINDOW} turns {begun:.0f} MB, at the end {_memory():.0f} MB")
    store = SessionStore(folder / "sessions")
    path = store.path_of(book.session)
    print(f"  file            {path.stat().st_size / 1e6:.1f} MB")
    _tell("load it", lambda: store.load(path))
    _tell("list it", lambda: store.list_of(None))


def _turn(book: SessionBook, chance: random.Random) -> float:
    """One turn as the chat does it. Returns the seconds of its last save."""
    turn = _begun(chance)
    book.record(lambda session: session.with_turn(turn))
    journal, whole = book.journal(turn), _whole(turn, chance)
    journal.append(whole.answer)
    with _stopwatch() as seconds:
        book.record(lambda session: session.with_turn(whole))
    journal.close()
    return seconds[0]


def _begun(chance: random.Random) -> Turn:
    state = TurnState.INTERRUPTED
    return Turn(new_id(), text(chance, 30), state=state, started_at=utc_now(), model="scripted", seed=1)


def _whole(turn: Turn, chance: random.Random) -> Turn:
    usage = Usage(900, 200, 800, 4.0, 0.4)
    return replace(turn, answer=text(chance, 200), state=TurnState.COMPLETE, usage=usage)


def _measure_many(folder: Path, count: int) -> None:
    store = SessionStore(folder / "sessions")
    _fill(store, folder, count)
    print(f"{count:,} sessions of {SESSION_BYTES // 1000} KB:")
    _tell("list all", lambda: store.list_of(None))
    for query in QUERIES:
        found = _tell(f"search {query}", partial(_found, store, query))
        print(f"  {'':<34}{len(found)} hits")
    command = [sys.executable, "-m", "termcoder", "sessions", "search", "--all", QUERIES[-1]]
    home = {**os.environ, "XDG_DATA_HOME": str(folder)}
    (folder / "termcoder").mkdir()
    (folder / "sessions").rename(folder / "termcoder" / "sessions")
    _tell(
        "search, program's start included", lambda: subprocess.run(command, env=home, capture_output=True, check=False)
    )


def _found(store: SessionStore, query: str) -> list[Hit]:
    return list(islice(search(store, query), MOST_HITS))


def _fill(store: SessionStore, folder: Path, count: int) -> None:
    chance = random.Random(2)
    for number in range(count):
        session: Session = new_session(str(folder / f"project{number % 10}"))
        while len(to_json(session)) < SESSION_BYTES:
            for _ in range(8):
                session = session.with_turn(Turn(new_id(), text(chance, 30), text(chance, 250), started_at=utc_now()))
        path = store.path_of(session)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(to_json(session).encode())


def _tell(name: str, run: Callable[[], _T]) -> _T:
    """Run it five times, print how long it takes and what of that it computes, return what it gave."""
    times, computed = [], []
    for _ in range(5):
        gc.collect()
        begun = time.process_time()
        with _stopwatch() as seconds:
            result = run()
        times += seconds
        computed.append(time.process_time() - begun)
    print(f"  {name:<34}{_times(times)}, {1000 * statistics.median(computed):.1f} ms of CPU here")
    return result


def _times(seconds: list[float]) -> str:
    return f"median {1000 * statistics.median(seconds):.1f} ms, most {1000 * max(seconds):.1f} ms"


@contextmanager
def _stopwatch() -> Iterator[list[float]]:
    """A list that has the seconds in it afterwards."""
    seconds: list[float] = []
    begun = time.perf_counter()
    yield seconds
    seconds.append(time.perf_counter() - begun)


def _memory() -> float:
    """Resident memory of this process in MB."""
    import psutil  # type: ignore[import-untyped,unused-ignore] # not needed where this is only imported

    return float(psutil.Process().memory_info().rss) / 1e6


if __name__ == "__main__":
    sys.exit(main())

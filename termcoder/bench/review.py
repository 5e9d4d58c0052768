"""How quickly changes are read and shown, and how much quicker twenty hunks are reviewed at once than one by one.

    python -m termcoder.bench.review [--model NAME] [--hunks 20] [--only read|show|model]

The change and its files are made here; the twenty hunks each hold one small function that was changed.
"""

import argparse
import asyncio
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from termcoder import composition
from termcoder import settings as settings_module
from termcoder.diffs.model import ChangeSet, FileDiff, Scope
from termcoder.diffs.parsing import parse_patch
from termcoder.engine.base import Engine
from termcoder.features.review import ReviewEnded, ReviewFeature
from termcoder.features.session_book import SessionBook
from termcoder.repository.repository import Repository
from termcoder.workspace import Workspace

WANTED_READ, WANTED_SHOWN = 1.5, 0.5
FUNCTION = """def step_{n}(rows, limit={n}):
    total = 0
    for at in range(len(rows){more}):
        if rows[at] > limit:
            total += rows[at]
    return total
"""


def main() -> None:
    """Measure, and print one line for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="auto")
    parser.add_argument("--hunks", type=int, default=20)
    parser.add_argument("--only", choices=("read", "show", "model"))
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if chosen.only in (None, "read"):
            _read(Path(folder) / "large")
        if chosen.only in (None, "show"):
            asyncio.run(_show(3_000))
            asyncio.run(_show(100_000))
        if chosen.only in (None, "model"):
            asyncio.run(_review(Path(folder) / "small", chosen.model, chosen.hunks))


def _read(folder: Path) -> None:
    """A staged change of 100,000 lines."""
    _repository(folder, {f"part_{n}.py": _lines(n, "old") for n in range(100)})
    _stage(folder, {f"part_{n}.py": _lines(n, "new") for n in range(100)})
    repository = Repository.open(folder)
    lines = sum(file.added + file.deleted for file in repository.changes(Scope()).files)
    seconds = _median(lambda: repository.changes(Scope()))
    print(f"read and parse a staged change of {lines:,} lines: {seconds:.2f} s (wanted: {WANTED_READ})", flush=True)


def _lines(file: int, word: str) -> str:
    return "".join(f"value_{file}_{n} = '{word if n % 2 else 'same'}'\n" for n in range(1000))


async def _show(rows: int) -> None:
    """A change of so many rows, until its first page is drawn."""
    from textual.app import App, ComposeResult

    from termcoder.ui.widgets.diff_view import DiffView

    changes = ChangeSet(Scope(), parse_patch(_patch(rows)))

    class Host(App[None]):
        def compose(self) -> ComposeResult:
            yield DiffView()

    app = Host()
    async with app.run_test(size=(160, 50)) as pilot:
        view = app.query_one(DiffView)
        began = time.perf_counter()
        view.load(changes)
        await pilot.pause()
        print(
            f"show a change of {rows:,} rows: {time.perf_counter() - began:.3f} s (wanted: {WANTED_SHOWN})", flush=True
        )
        pages = [await _page(view, pilot) for _ in range(40)]
        print(f"a page further, {rows:,} rows: median {statistics.median(pages) * 1000:.0f} ms", flush=True)


async def _page(view: Any, pilot: Any) -> float:
    began = time.perf_counter()
    view.action_page_down()
    await pilot.pause()
    return time.perf_counter() - began


def _patch(rows: int) -> bytes:
    """One file with a hunk for every ten rows."""
    body = "".join(f" context_{n} = {n}\n" for n in range(3)) + "-    return rows[0]\n+    if rows:\n"
    body += "+        return rows[0]\n" + "".join(f" context_{n} = {n}\n" for n in range(3, 7))
    hunks = (f"@@ -{n * 40 + 1},8 +{n * 40 + 1},9 @@ def step_{n}(rows):\n{body}" for n in range(rows // 10))
    head = "diff --git a/app.py b/app.py\nindex 1111111..2222222 100644\n--- a/app.py\n+++ b/app.py\n"
    return (head + "".join(hunks)).encode()


async def _review(folder: Path, model: str, hunks: int) -> None:
    """As many hunks at once and one by one, by the embedded model; others, so that no prompt is known already."""
    names = [f"step_{n}.py" for n in range(2 * hunks + 1)]
    _repository(folder, {name: FUNCTION.format(n=n, more="") for n, name in enumerate(names)})
    _stage(folder, {name: FUNCTION.format(n=n, more=" + 1") for n, name in enumerate(names)})
    settings = settings_module.load(flags={"model.name": model, "review.suggestions": 0})
    host = composition.make_host(settings)
    feature = ReviewFeature(Workspace(folder), SessionBook(folder, None), settings.review)
    try:
        host.start()
        engine = await host.ready()
        files = feature.changes(Scope()).files
        await _reviewed(feature, engine, files[:1])
        at_once = await _reviewed(feature, engine, files[1 : hunks + 1])
        one_by_one = sum([await _reviewed(feature, engine, (file,)) for file in files[hunks + 1 :]])
        print(
            f"review {hunks} hunks with {engine.model.name}: at once {at_once:.1f} s, one by one {one_by_one:.1f} s,"
            f" ratio {one_by_one / at_once:.2f}",
            flush=True,
        )
    finally:
        await host.stop()


async def _reviewed(feature: ReviewFeature, engine: Engine, files: tuple[FileDiff, ...]) -> float:
    began = time.perf_counter()
    async for event in feature.run(engine, ChangeSet(Scope(), files), asyncio.Event()):
        if isinstance(event, ReviewEnded) and event.error:
            raise event.error
    return time.perf_counter() - began


def _repository(folder: Path, files: dict[str, str]) -> None:
    folder.mkdir()
    _git(folder, "init", "-q")
    _stage(folder, files)
    _git(folder, "-c", "user.name=bench", "-c", "user.email=bench@example.org", "commit", "-qm", "before")


def _stage(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    _git(folder, "add", "--all")


def _git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, check=True, stdout=subprocess.DEVNULL)


def _median(work: Callable[[], object], runs: int = 5) -> float:
    seconds = []
    for _ in range(runs):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds)


if __name__ == "__main__":
    main()

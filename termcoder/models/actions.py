"""What `termcoder models ...` does: plain text on standard output, progress on standard error."""

import argparse
import json
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO

from termcoder.errors import CancelledError
from termcoder.models import catalogue, fit, overview, store
from termcoder.models.overview import Entry
from termcoder.models.progress import Progress, as_text, duration, size_text

SPARSE_SECONDS = 10.0  # between two lines of progress where standard error is no terminal


def run_list(args: argparse.Namespace) -> int:
    """Print every model of the catalogue and the store."""
    machine = fit.read_machine()
    entries = overview.entries(machine)
    if args.json:
        print(json.dumps([_as_json(entry) for entry in entries], indent=2))
        return 0
    default = catalogue.choose_default(machine).name
    print(_table([("NAME", "STATE", "SIZE", "MEMORY", "LICENCE", "FOR"), *(_row(entry, default) for entry in entries)]))
    print(f"\n* what this machine gets by itself; {size_text(fit.usable(machine))} of memory can be used now")
    return 0


def run_pull(args: argparse.Namespace) -> int:
    """Fetch a model and make it ready; 130 when it was stopped."""
    cancel = threading.Event()
    line = ProgressLine(sys.stderr)
    name = store.choose(args.name)
    started = time.monotonic()
    try:
        with ctrl_c_sets(cancel):
            folder = store.pull(name, line.show, cancel, keep_source=args.keep_gguf)
    except CancelledError:
        line.end()
        print(f"Stopped. `termcoder models pull {name}` goes on from here.", file=sys.stderr)
        return 130
    finally:
        line.end()
    print(f"{name} is ready in {folder} ({duration(time.monotonic() - started)}).")
    _warn_of_memory(folder)
    return 0


def run_info(args: argparse.Namespace) -> int:
    """Print all about one model."""
    entry = overview.entry(args.name)
    print(json.dumps(_as_json(entry), indent=2) if args.json else _table(overview.facts(entry)))
    return 0


def run_remove(args: argparse.Namespace) -> int:
    """Delete a fetched model."""
    freed = store.remove(args.name)
    print(f"{args.name} was removed; {size_text(freed)} are free again.")
    return 0


class ProgressLine:
    """Progress on a stream: one line written over on a terminal, else a line now and then."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._terminal = stream.isatty()
        self._open = False
        self._step, self._said = "", 0.0

    def show(self, progress: Progress) -> None:
        """Show how far it is."""
        if self._terminal:
            print(f"\r\x1b[K{as_text(progress)}", end="", file=self._stream, flush=True)
            self._open = True
        elif progress.step != self._step or time.monotonic() - self._said >= SPARSE_SECONDS:
            print(as_text(progress), file=self._stream, flush=True)
            self._step, self._said = progress.step, time.monotonic()

    def end(self) -> None:
        """Take the line away."""
        if self._open:
            print("\r\x1b[K", end="", file=self._stream, flush=True)
            self._open = False


@contextmanager
def ctrl_c_sets(cancel: threading.Event) -> Iterator[None]:
    """Ctrl+C (and a polite end from outside) stop the work at its next safe point."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        for number in before:
            signal.signal(number, lambda *_: cancel.set())
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _row(entry: Entry, default: str) -> tuple[str, ...]:
    name = entry.model.name + (" *" if entry.model.name == default else "")
    state = "here" if entry.is_ready else ""
    return (name, state, entry.size, entry.memory, entry.model.licence, entry.model.purpose)


def _as_json(entry: Entry) -> dict[str, Any]:
    model, here = entry.model, entry.here
    folder = here.folder if here else model.folder
    return {
        "name": model.name,
        "title": model.title,
        "purpose": model.purpose,
        "licence": model.licence,
        "context_tokens": model.context_tokens,
        "download_bytes": model.download_bytes,
        "memory_bytes": entry.needs.on(entry.machine),
        "fits": entry.fits,
        "sources": [str(source) for source in model.sources],
        "installed": entry.is_ready,
        "folder": str(folder) if folder else None,
        "disk_bytes": here.size if here else 0,
        "fetched": here.fetched if here else None,
        "source": here.source if here else None,
        "version": here.version if here else None,
        "quantised": asdict(model.quantised) if model.quantised else None,
    }


def _warn_of_memory(folder: Path) -> None:
    needs, machine = fit.folder_needs(folder), fit.read_machine()
    if not fit.fits(needs, machine, fit.LEAST_CONTEXT):
        print(f"It can't run just now: it {fit.sentence(needs, machine, fit.LEAST_CONTEXT)}.", file=sys.stderr)


def _table(rows: Sequence[Sequence[str]]) -> str:
    """Left-aligned columns; the last one is as long as it likes."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    lines = (
        "  ".join([*(text.ljust(width) for text, width in zip(row, widths, strict=False)), row[-1]]) for row in rows
    )
    return "\n".join(line.rstrip() for line in lines)

"""`termcoder review`: the findings of a change on standard output, for people, scripts and hooks.

Exit codes: 0 done, 3 a finding is as bad as `--fail-on` says, or worse, 130 stopped by Ctrl+C.
"""

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from termcoder.diffs.model import ChangeSet, FileDiff, Scope, ScopeKind
from termcoder.errors import ModelError, TermcoderError

if TYPE_CHECKING:  # what only a review needs is imported where one is made: reading a diff is quick
    from termcoder.features.engine_host import EngineHost
    from termcoder.features.review import ReviewFeature
    from termcoder.review.finding import Review
    from termcoder.settings import Settings

DONE, FAILED, INTERRUPTED = 0, 3, 130


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asks for.

    - `folder`: the project. `index`: the index to read, where it isn't the repository's own.
    - `format`: one of `termcoder.review.formats.FORMATS`. `fail_on`: a severity's name, or None.
    - `rules_only`: no model is asked.
    """

    folder: Path
    scope: Scope
    format: str = "text"
    fail_on: str | None = None
    index: Path | None = None
    rules_only: bool = False


def hook_index(scope: Scope) -> Path | None:
    """The index that a git hook is to look at: git names it to the hook, and for `commit -a` it is one of its own."""
    named = os.environ.get("GIT_INDEX_FILE")
    return Path(named).absolute() if named and scope.kind is ScopeKind.STAGED else None


def read_changes(asked: Asked) -> ChangeSet:
    """What has changed, from git or, for a patch, from standard input. Raises TermcoderError."""
    from termcoder.repository.repository import Repository, patch_changes

    if asked.scope.kind is not ScopeKind.PATCH:
        return Repository.open(asked.folder, index=asked.index).changes(asked.scope)
    if sys.stdin.isatty():
        raise TermcoderError("There is no diff.", remedy="Pipe it in: git diff | termcoder review -")
    return patch_changes(sys.stdin.buffer.read())


def parse_only(asked: Asked, out: TextIO) -> int:
    """Print what has changed, without a model. Raises TermcoderError."""
    changes = read_changes(asked)
    _print(json.dumps(as_object(changes)) if asked.format == "json" else told(changes), out)
    return DONE


def as_object(changes: ChangeSet) -> dict[str, Any]:
    """A change set as what JSON is made of."""
    return {"scope": str(changes.scope), "files": [_file(file) for file in changes.files]}


def _file(file: FileDiff) -> dict[str, Any]:
    return {
        "path": file.path,
        "old_path": file.old_path,
        "status": str(file.status),
        "mode_old": file.mode_old,
        "mode_new": file.mode_new,
        "kind": str(file.kind),
        "hunks": len(file.hunks),
        "added": file.added,
        "deleted": file.deleted,
        "skipped": file.skipped,
    }


def told(changes: ChangeSet) -> str:
    """A change set for people: a line for each file, then how much of it a review reads."""
    from termcoder.review.formats.plain import counted, one_line

    if not changes.files:
        return "\n".join([f"{_nothing(changes.scope)}.", *(f"Note: {one_line(note)}" for note in changes.notes)])
    rows = [(str(file.status), f"+{file.added}", f"-{file.deleted}", _names(file)) for file in changes.files]
    added, deleted = max(len(row[1]) for row in rows), max(len(row[2]) for row in rows)
    lines = [f"{row[0]}  {row[1]:>{added}}  {row[2]:>{deleted}}  {row[3]}" for row in rows]
    read = [file for file in changes.files if file.skipped is None]
    hunks = counted(sum(len(file.hunks) for file in read), "hunk")
    lines += ["", f"{len(read)} of {counted(len(rows), 'file')} to review, {hunks}."]
    return "\n".join([*lines, *(f"Note: {one_line(note)}" for note in changes.notes)])


def _names(file: FileDiff) -> str:
    from termcoder.review.formats.plain import one_line

    before = f"{one_line(file.old_path)} → " if file.old_path else ""
    return f"{before}{one_line(file.path)}{f'  ({one_line(file.skipped)})' if file.skipped else ''}"


def _nothing(scope: Scope) -> str:
    return "Nothing is staged" if scope.kind is ScopeKind.STAGED else "Nothing has changed"


def review(settings: "Settings", asked: Asked, out: TextIO, err: TextIO) -> int:
    """Review a change, the report on `out`. Returns the exit code; progress goes to `err` where that is a terminal.

    Where it ends early, what has come by then is printed. Raises TermcoderError, then too.
    """
    import asyncio

    from termcoder import composition
    from termcoder.review.finding import Severity

    changes = read_changes(asked)
    made: Review = nothing_read(changes)
    error: TermcoderError | None = None
    feature = composition.make_review(settings, asked.folder, saved=False, index=asked.index)
    if asked.rules_only:
        made = feature.by_rule(changes)
    elif any(file.skipped is None for file in changes.files):
        _check_model(settings, err)
        made, error = asyncio.run(_reviewed(composition.make_host(settings), feature, changes, err))
    if error is None or made.findings or made.coverage.hunks_read:
        _print(_report(made, asked.format, out), out)
    if error is not None:
        raise error
    if made.interrupted:
        return INTERRUPTED
    bad = asked.fail_on is not None and made.worst is not None and made.worst >= Severity[asked.fail_on.upper()]
    return FAILED if bad else DONE


def nothing_read(changes: ChangeSet) -> "Review":
    """The review of a change before any of it was read."""
    from termcoder.review.finding import Coverage, Review

    skipped = tuple((file.path, file.skipped) for file in changes.files if file.skipped is not None)
    coverage = Coverage(len(changes.files), 0, sum(len(file.hunks) for file in changes.files), 0, skipped)
    notes = changes.notes if changes.files else (*changes.notes, _nothing(changes.scope).lower())
    return Review(changes.scope, coverage=coverage, notes=notes)


def _check_model(settings: "Settings", err: TextIO) -> None:
    """Raise ModelError where a model would be fetched and nobody could see it, as in a hook."""
    from termcoder.engine.registry import LOCAL_BACKENDS
    from termcoder.engine.vllm_options import cuda_build
    from termcoder.models import catalogue, store

    if settings.engine.backend not in LOCAL_BACKENDS or err.isatty():
        return
    cuda_build()
    model = catalogue.resolve(store.choose(settings.model.name))
    if model.folder is None and not store.is_ready(model):
        raise ModelError(
            f"The model {model.name} is not on this machine yet.",
            remedy=f"Fetch it first: termcoder models pull {model.name}",
        )


async def _reviewed(
    host: "EngineHost", feature: "ReviewFeature", changes: ChangeSet, err: TextIO
) -> "tuple[Review, TermcoderError | None]":
    """The review, and what ended it early."""
    from contextlib import aclosing
    from dataclasses import replace

    from termcoder.ask import Progress
    from termcoder.features.review import ReviewEnded, ReviewGrew, ReviewStarted
    from termcoder.interrupt import set_by_ctrl_c

    progress = Progress(err)
    host.subscribe(progress.show)
    made: Review = replace(nothing_read(changes), interrupted=True)
    error: TermcoderError | None = None
    try:
        cancel = set_by_ctrl_c()
        host.start()
        engine = await host.ready_unless(cancel)
        if engine is None:
            return made, None
        async with aclosing(feature.run(engine, changes, cancel)) as events:
            async for event in events:
                match event:
                    case ReviewStarted(hunks):
                        progress.tell(_progress(0, hunks, made, "starting"))
                    case ReviewGrew(made, done, total, activity):
                        progress.tell(_progress(done, total, made, activity))
                    case ReviewEnded(made, error):
                        pass
        if error is not None:
            made = replace(made, interrupted=True)
        return made, None if cancel.is_set() else error
    finally:
        progress.clear()
        await host.stop()


def _progress(done: int, total: int, made: "Review", activity: str) -> str:
    """How far it is, on one line of the terminal."""
    import shutil

    from termcoder.review.formats.plain import counted, one_line

    told = (
        f"{done} of {counted(total, 'hunk')} reviewed, {counted(len(made.findings), 'finding')}: {one_line(activity)}"
    )
    return told[: shutil.get_terminal_size().columns - 1]


def _print(text: str, out: TextIO) -> None:
    try:
        print(text, file=out, flush=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise TermcoderError(f"The report can't be written: {error.strerror}.") from error


def _report(made: "Review", name: str, out: TextIO) -> str:
    from termcoder.review.formats import render, text

    return text.render(made, colour=_coloured(out)) if name == "text" else render(made, name)


def _coloured(out: TextIO) -> bool:
    return out.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"

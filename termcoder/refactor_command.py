"""`termcoder refactor`: lines of a file rewritten, as a checked patch on standard output.

Exit codes: 0 a patch, 1 an error, 3 no usable change, 130 stopped by Ctrl+C.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from termcoder.errors import TermcoderError

if TYPE_CHECKING:  # what is needed for a rewrite only is imported when there is one
    from termcoder.features.engine_host import EngineHost
    from termcoder.features.refactor import Refactor
    from termcoder.features.refactor_run import Job
    from termcoder.refactoring.checking import Found, Proposal
    from termcoder.settings import Settings

DONE, NO_CHANGE, INTERRUPTED = 0, 3, 130
UNDO = "termcoder refactor --undo"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asks for. `target`: the file and its lines, as typed; `folder`: the project."""

    folder: Path
    target: str
    template: str
    instruction: str = ""
    as_json: bool = False
    apply: bool = False


@dataclass(frozen=True, slots=True)
class _Came:
    """What came of it."""

    found: "Found"
    error: TermcoderError | None = None
    stopped: bool = False


def undo(settings: "Settings", folder: Path, out: TextIO) -> int:
    """Take back the last change that was made to the project's files. Raises EditError."""
    from termcoder import composition

    undone = composition.make_refactor(settings, folder, saved=False).undo()
    print(f"Taken back: {_plain(undone.label)} in {_plain(', '.join(undone.paths))}", file=out)
    return DONE


def refactor(settings: "Settings", asked: Asked, out: TextIO, err: TextIO) -> int:
    """Rewrite lines, the patch on `out`, all else on `err`. Returns the exit code. Raises TermcoderError."""
    import asyncio

    from termcoder import composition
    from termcoder.features.refactor_run import Job
    from termcoder.refactoring.checking import Found

    feature = composition.make_refactor(settings, asked.folder, saved=False)
    job = Job(feature.select(_target(feature, asked)), asked.template, asked.instruction)
    for note in job.selection.notes:
        print(f"termcoder: {_plain(note)}", file=err)
    proposal = feature.by_rule(job)
    if proposal is not None:
        came = _Came(Found((proposal,)))
    else:
        came = asyncio.run(_rewritten(composition.make_host(settings), feature, job, err))
    if came.error is not None and not came.found.proposals:
        raise came.error
    return _told(feature, job, asked, came, (out, err))


def _target(feature: "Refactor", asked: Asked) -> Any:
    """The target, its path as the project has it; a file whose name looks like one with lines is that file."""
    from dataclasses import replace

    from termcoder.refactoring.selecting import Target, parse_target

    whole = asked.folder / asked.target
    target = Target(asked.target) if whole.is_file() else parse_target(asked.target)
    return replace(target, path=feature.path_of(asked.folder / target.path))


async def _rewritten(host: "EngineHost", feature: "Refactor", job: "Job", err: TextIO) -> _Came:
    """Ask the model, until there is one good answer."""
    from contextlib import aclosing

    from termcoder.ask import Progress
    from termcoder.features.refactor_run import RefactorEnded, RefactorGrew, RefactorStarted
    from termcoder.interrupt import set_by_ctrl_c
    from termcoder.refactoring.checking import Found

    progress = Progress(err)
    host.subscribe(progress.show)
    cancel = set_by_ctrl_c()
    came = _Came(Found(), stopped=True)
    try:
        host.start()
        engine = await host.ready_unless(cancel)
        if engine is None:
            return came
        async with aclosing(feature.run(engine, job, cancel)) as events:
            async for event in events:
                match event:
                    case RefactorStarted(tokens, count, notes):
                        progress.clear()
                        _notes(notes, err)
                        progress.tell(f"reading {tokens:,} tokens, then writing {_answers(count)}")
                    case RefactorGrew(found, waiting, count, tokens):
                        came = _Came(found)
                        progress.tell(f"{count - waiting} of {_answers(count)} checked, {tokens:,} tokens written")
                        if found.proposals:
                            return came
                    case RefactorEnded(found, error, stopped):
                        came = _Came(found, error, stopped)
        return came
    finally:
        progress.clear()
        await host.stop()


def _answers(count: int) -> str:
    return f"{count} answer{'s' if count != 1 else ''}"


def _notes(notes: tuple[str, ...], err: TextIO) -> None:
    for note in notes:
        print(f"termcoder: {_plain(note)}", file=err)


def _told(feature: "Refactor", job: "Job", asked: Asked, came: _Came, streams: tuple[TextIO, TextIO]) -> int:
    """Print the outcome, and apply the patch where that was asked."""
    out, err = streams
    if told := came.found.told():
        print(f"termcoder: {_plain(told)}", file=err)
    proposal = next(iter(came.found.proposals), None)
    if proposal is None and came.stopped:
        return INTERRUPTED
    if asked.as_json:
        print(json.dumps(as_object(job, came.found), indent=2), file=out)
    elif proposal is not None:
        _print_patch(proposal, out)
    if proposal is None:
        if not told:
            print("termcoder: no usable change came of it", file=err)
        return NO_CHANGE
    if not asked.as_json:
        _notes(tuple(note for note in proposal.notes if note not in job.selection.notes), err)
    if asked.apply:
        applied = feature.apply(proposal.patch, job)
        print(f"termcoder: changed {_plain(', '.join(applied.paths))}; `{UNDO}` takes it back", file=err)
    return DONE


def as_object(job: "Job", found: "Found") -> dict[str, Any]:
    """The outcome as what JSON is made of. `patch` is None where no answer was usable."""
    from termcoder.edits.patch import unified

    proposal = next(iter(found.proposals), None)
    return {
        "path": job.selection.path,
        "first": job.selection.first,
        "last": job.selection.last,
        "template": job.template,
        "patch": unified(proposal.patch) if proposal else None,
        "checks": list(proposal.checks) if proposal else [],
        "notes": list(proposal.notes) if proposal else list(job.selection.notes),
        "by_rule": proposal.by_rule if proposal else False,
        "dropped": dict(found.dropped),
    }


def _print_patch(proposal: "Proposal", out: TextIO) -> None:
    """The diff as `git apply` takes it; on a terminal in colours, and harmless."""
    from termcoder.edits.patch import unified

    text = unified(proposal.patch)
    if out.isatty():
        coloured = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        text = "".join(_shown(line, coloured=coloured) + "\n" for line in text.splitlines())
    print(text, end="", file=out, flush=True)


_COLOURS = (("+++", "1"), ("---", "1"), ("diff ", "1"), ("@@", "36"), ("+", "32"), ("-", "31"))


def _shown(line: str, *, coloured: bool) -> str:
    from termcoder.review.formats.plain import source_line

    plain = source_line(line.replace("\t", "    "))
    code = next((code for start, code in _COLOURS if line.startswith(start)), "")
    return f"\x1b[{code}m{plain}\x1b[0m" if coloured and code else plain


def _plain(text: str) -> str:
    from termcoder.review.formats.plain import one_line

    return one_line(text)

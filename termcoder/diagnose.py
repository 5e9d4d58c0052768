"""`termcoder diagnose` without the program on the screen: a log in, a diagnosis on standard output.

Exit codes: 0 an error was found in the log, 4 none was.
"""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from termcoder.errors import TermcoderError
from termcoder.settings import Settings
from termcoder.tracebacks import Report, parse
from termcoder.tracebacks.decoding import decode

if TYPE_CHECKING:  # what only a diagnosis needs is imported where one is made: reading a log is quick
    from termcoder.diagnosis.answer import Diagnosis
    from termcoder.diagnosis.fixes import Checked, Fix
    from termcoder.diagnosis.incident import Incident, Step
    from termcoder.features.diagnose import Diagnose
    from termcoder.features.engine_host import EngineHost

FOUND, NOTHING_FOUND = 0, 4


def read_log(file: str) -> str:
    """The text of a log: a file's, or with "-" what is piped in. Raises TermcoderError."""
    if file == "-":
        if sys.stdin.isatty():
            raise TermcoderError(
                "There is no log.", remedy="Name a file, or pipe it in: pytest 2>&1 | termcoder diagnose."
            )
        return decode(sys.stdin.buffer.read())
    try:
        return decode(Path(file).read_bytes())
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise TermcoderError(f"{file!r} can't be read: {reason}.", remedy="Name a log file.") from error


def parse_only(log: str, *, as_json: bool, out: TextIO) -> int:
    """Print what a log tells, without a model. The JSON is one object, in the form of `Report.as_json`."""
    report = parse(log)
    print(json.dumps(report.as_json(), ensure_ascii=True) if as_json else told(report), file=out)
    return NOTHING_FOUND if report.root is None else FOUND


def told(report: Report) -> str:
    """A report for people: each error with its frames, the root cause marked."""
    if report.root is None:
        return f"No error was found in {report.lines:,} lines."
    rows = []
    for index, error in enumerate(report.errors):
        tags = [word for word, holds in (("root cause", index == report.root), ("handled", error.handled)) if holds]
        head = f"{error.type}: {error.message}" if error.message else error.type
        told_tags = f"  [{', '.join(tags)}]" if tags else ""
        rows.append(f"{'▶' if index == report.root else ' '} {head}{told_tags}")
        for frame in error.frames:
            place = f"{frame.file}:{frame.line}" if frame.line else frame.file or "?"
            rows.append(f"    {'•' if frame.own else '·'} {place}  {frame.function or ''}".rstrip())
    rows += [f"Not read: {what}." for what in report.skipped]
    return "\n".join(rows)


def diagnose(settings: Settings, folder: Path, log: str, *, as_json: bool, out: TextIO, err: TextIO) -> int:
    """Diagnose a log on `out`. Returns the exit code; progress goes to `err` where that is a terminal.

    Raises TermcoderError.
    """
    import asyncio

    from termcoder import composition
    from termcoder.diagnosis.answer import Diagnosis
    from termcoder.diagnosis.fixes import Checked

    feature = composition.make_diagnose(settings, folder, saved=False)
    incident = feature.read(log)
    if incident.root is None:
        made = _as_json(incident, Diagnosis(), Checked(), [])
        print(json.dumps(made) if as_json else told(incident.report), file=out)
        return NOTHING_FOUND
    return asyncio.run(_diagnosed(composition.make_host(settings), feature, incident, as_json, out, err))


async def _diagnosed(
    host: "EngineHost", feature: "Diagnose", incident: "Incident", as_json: bool, out: TextIO, err: TextIO
) -> int:
    import asyncio

    from termcoder.ask import Progress
    from termcoder.diagnosis.answer import Diagnosis
    from termcoder.diagnosis.fixes import Checked
    from termcoder.features.diagnosis_run import DiagnosisEnded, DiagnosisGrew, EvidenceReady, FixesFound, notes_of

    progress = Progress(err)
    host.subscribe(progress.show)
    diagnosis, found, notes = Diagnosis(), Checked(), list[str]()
    try:
        host.start()
        engine = await host.ready()
        async for event in feature.run(engine, incident, incident.root or 0, asyncio.Event()):
            match event:
                case EvidenceReady():
                    notes = notes_of(event)
                    progress.tell("reading the log and the source")
                case DiagnosisGrew(diagnosis):
                    progress.tell("diagnosing")
                case FixesFound(found, waiting, asked):
                    progress.tell(f"writing fixes, {asked - waiting} of {asked}" if asked else "")
                case DiagnosisEnded(error) if error is not None:
                    raise error
        progress.clear()
        made = _as_json(incident, diagnosis, found, notes)
        print(json.dumps(made) if as_json else _as_text(incident, diagnosis, found, notes), file=out)
        return FOUND
    finally:
        progress.clear()
        await host.stop()


def _as_text(incident: "Incident", diagnosis: "Diagnosis", found: "Checked", notes: list[str]) -> str:
    from termcoder.edits.patch import unified

    rows = [told(incident.report), "", f"Cause  {diagnosis.cause}", f"Place  {diagnosis.place or 'unknown'}"]
    rows += [f"Why    {diagnosis.why}"]
    for number, fix in enumerate(found.fixes, 1):
        rows += ["", f"Fix {number}  {fix.title} ({fix.origin}; {checks_of(fix)})", f"  When: {fix.when}"]
        rows += [f"  {line}" for line in unified(fix.patch).splitlines()]
    rows += ["", *(f"({note})" for note in notes)] if notes else []
    return "\n".join(rows)


def checks_of(fix: "Fix") -> str:
    """What is known of a fix, in words."""
    return "applies and compiles" if fix.checked else "applies; not checked further"


def _as_json(incident: "Incident", diagnosis: "Diagnosis", found: "Checked", notes: list[str]) -> Any:
    from termcoder.edits.patch import unified

    fixes = [
        {"title": fix.title, "when": fix.when, "origin": str(fix.origin), "checked": fix.checked,
         "votes": fix.votes, "patch": unified(fix.patch)}
        for fix in found.fixes
    ]  # fmt: skip
    root = incident.root
    places = [[_place_json(step) for step in steps] for steps in incident.steps]
    return {
        **incident.report.as_json(),
        "places": places[root] if root is not None else [],
        "diagnosis": {
            "cause": diagnosis.cause,
            "place": asdict(diagnosis.place) if diagnosis.place else None,
            "why": diagnosis.why,
        },
        "fixes": fixes,
        "dropped": dict(found.dropped),
        "notes": notes,
    }


def _place_json(step: "Step") -> Any:
    located = step.located
    return {
        "file": located.path if located else None,
        "line": step.frame.line,
        "exact": bool(located and located.exact),
    }

"""Diagnosis: an error log becomes a cause, a place, and fixes that were checked and, if wanted, tried."""

import asyncio
import secrets
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

from termcoder import prompts
from termcoder.context import ContextItem
from termcoder.conversation import Message, Role, Turn
from termcoder.diagnosis.answer import Diagnosis, FixIdea, grammar_of, read_answer
from termcoder.diagnosis.evidence import Evidence, Part, described, gather
from termcoder.diagnosis.fixes import (
    Checked,
    Fix,
    Origin,
    Proposal,
    Trial,
    by_rule,
    checked,
    code_of,
    joined,
    ranked,
    without_numbers,
)
from termcoder.diagnosis.incident import Incident, Place, incident_of
from termcoder.diagnosis.recipes import rewrites
from termcoder.engine.base import Engine, Request, Sampling
from termcoder.errors import TermcoderError, WorkspaceError
from termcoder.features.base import AnswerReady, ContextReady, TextDelta, TurnFailed, TurnInterrupted
from termcoder.features.session_book import SessionBook
from termcoder.features.turn import Prompt, run_turn, until
from termcoder.scratch import Outcome, Scratch
from termcoder.sessions.schema import new_id, utc_now
from termcoder.settings import DiagnoseSettings
from termcoder.workspace import Locator, Workspace

PANE = "traceback"
"""Under this name a session keeps the diagnoses."""

KEPT_LOG = 2_000_000
"""Characters of a log that are kept in the session; of a longer one the part around the error."""
ANSWER_TOKENS = 450


@dataclass(frozen=True, slots=True)
class DiagnosisGrew:
    """The diagnosis so far."""

    diagnosis: Diagnosis


@dataclass(frozen=True, slots=True)
class EvidenceReady:
    """What the model is shown: how many secrets were hidden from it, what was left out."""

    tokens: int
    secrets: int
    left_out: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FixesFound:
    """The fixes so far; `waiting` samples of `asked` are still being written."""

    checked: Checked
    waiting: int = 0
    asked: int = 0


@dataclass(frozen=True, slots=True)
class DiagnosisEnded:
    """Nothing more comes. `error` says why, where it ended early; `stopped` where the user ended it."""

    error: TermcoderError | None = None
    stopped: bool = False


@dataclass(frozen=True, slots=True)
class TrialProgress:
    """The fixes after `done` of `total` runs of the user's command; `note`: what the first run, without a fix, gave."""

    fixes: tuple[Fix, ...]
    done: int
    total: int
    note: str = ""


DiagnosisEvent = EvidenceReady | DiagnosisGrew | FixesFound | DiagnosisEnded


class Diagnose:
    """Reads logs of one project and diagnoses them. Methods that are not async block, and are meant for a thread."""

    def __init__(self, workspace: Workspace, book: SessionBook, settings: DiagnoseSettings) -> None:
        self.workspace = workspace
        self._book = book
        self.settings = settings

    def read(self, log: str) -> Incident:
        """Read a log and find its frames among the project's files."""
        try:
            files = self.workspace.files()
        except WorkspaceError:
            files = []
        return incident_of(log, Locator(str(self.workspace.root), files))

    def source(self, path: str) -> str | None:
        """The text of a project's file, None where it can't be read."""
        try:
            return self.workspace.load(path).text
        except WorkspaceError:
            return None

    def rule_fixes(self, incident: Incident, index: int) -> Checked:
        """The fixes that need no model."""
        culprit = incident.culprit(index)
        place = culprit.place if culprit and culprit.located else None
        text = self.source(place.path) if place else None
        if place is None or text is None:
            return Checked()
        return checked(by_rule(place.path, text, rewrites(place.path, text, place.line, incident.error(index))))

    def restored(self) -> tuple[str, int] | None:
        """The log that this session looked at last, and the error chosen in it."""
        turns = [turn for turn in self._book.session.other_turns.get(PANE, ()) if isinstance(turn, dict)]
        if not turns or not isinstance(turns[-1].get("log"), str):
            return None
        index = turns[-1].get("error")
        return turns[-1]["log"], index if isinstance(index, int) else -1

    async def run(
        self, engine: Engine, incident: Incident, index: int, cancel: asyncio.Event, turn_id: str = ""
    ) -> AsyncGenerator[DiagnosisEvent, None]:
        """Diagnose one error of a log. Every outcome is an event; the last is `DiagnosisEnded`.

        `turn_id`: under which the session keeps it, where it has one already.
        """
        run = _Run(self, engine, incident, index, cancel, turn_id or new_id())
        async with aclosing(run.events()) as events:
            async for event in events:
                yield event

    def record(self, turn: Turn, incident: Incident, index: int) -> None:
        """Save a diagnosis. Raises SessionError."""
        data: dict[str, Any] = {**asdict(turn), "log": _kept(incident, index), "error": index}
        self._book.record_other(PANE, data)

    async def try_fixes(
        self, fixes: Sequence[Fix], command: Sequence[str] | str, cancel: threading.Event
    ) -> AsyncIterator[TrialProgress]:
        """Run the user's command with each fix in a throw-away copy of the project; those that pass come first.

        Raises ScratchError.
        """
        scratch = await asyncio.to_thread(Scratch.create, self.workspace.root)
        try:
            runner = partial(scratch.run, command, timeout=float(self.settings.try_seconds), cancel=cancel)
            tried = list(fixes)
            bare = await asyncio.to_thread(runner)
            if bare.code == 0:
                yield TrialProgress(tuple(tried), 0, 0, "The command passes here without any fix.")
                return
            yield TrialProgress(tuple(tried), 0, len(fixes))
            for number, fix in enumerate(fixes):
                if cancel.is_set():
                    return
                tried[number] = await asyncio.to_thread(_tried, scratch, runner, fix, cancel)
                yield TrialProgress(ranked(tried), number + 1, len(fixes))
        finally:
            await asyncio.shield(asyncio.to_thread(scratch.remove))


def _tried(scratch: Scratch, run: Callable[[], Outcome], fix: Fix, cancel: threading.Event) -> Fix:
    try:
        with scratch.with_patch(fix.patch):
            outcome = run()
    except TermcoderError as error:
        return replace(fix, trial=Trial.FAILED, output=str(error))
    if cancel.is_set():
        return fix
    return replace(fix, trial=Trial.FAILED if outcome.code else Trial.PASSED, output=outcome.output)


def _kept(incident: Incident, index: int) -> str:
    if len(incident.log) <= KEPT_LOG:
        return incident.log
    failure = incident.failure(index)
    lines = incident.log.splitlines(keepends=True)
    return "".join(lines[max(0, failure.first - 200) : failure.last + 200])[:KEPT_LOG]


class _Run:
    """One diagnosis on its way."""

    def __init__(
        self,
        owner: Diagnose,
        engine: Engine,
        incident: Incident,
        index: int,
        cancel: asyncio.Event,
        turn_id: str,
    ) -> None:
        self._owner = owner
        self._engine = engine
        self._incident = incident
        self._index = index
        self._cancel = cancel
        self._turn_id = turn_id
        self._settings = owner.settings
        self._seed = secrets.randbelow(2**31)
        self._diagnosis = Diagnosis()
        self._error: TermcoderError | None = None

    async def events(self) -> AsyncGenerator[DiagnosisEvent, None]:
        found = await asyncio.to_thread(self._owner.rule_fixes, self._incident, self._index)
        yield FixesFound(found)
        evidence = await asyncio.to_thread(gather, self._incident, self._index, self._owner.source)
        async with aclosing(self._diagnose(evidence)) as events:
            async for event in events:
                yield event
        if self._error is None and not self._cancel.is_set():
            async with aclosing(self._write_fixes(evidence, found)) as fixes:
                async for fix_event in fixes:
                    yield fix_event
        yield DiagnosisEnded(self._error, self._cancel.is_set())

    async def _diagnose(self, evidence: Evidence) -> AsyncGenerator[DiagnosisEvent, None]:
        places = self._places()
        names = {place.path for place in self._incident.places}
        turn = Turn(self._turn_id, described(self._incident, self._index), started_at=utc_now())
        prompt = replace(self._prompt(evidence, self._task(places)), grammar=grammar_of(places, names))
        sampling = Sampling(self._settings.temperature, 0.95, ANSWER_TOKENS, seed=self._seed)
        answer = ""
        async for event in run_turn(self._engine, turn, prompt, sampling, self._save, self._cancel):
            match event:
                case ContextReady():
                    left_out = (*event.dropped, *evidence.left_out)
                    yield EvidenceReady(event.prompt_tokens, evidence.secrets.count, left_out)
                case TextDelta(text):
                    answer += text
                    self._diagnosis = read_answer(answer, places, names)
                    yield DiagnosisGrew(self._diagnosis)
                case AnswerReady() | TurnInterrupted():
                    yield DiagnosisGrew(self._diagnosis)
                case TurnFailed(_, error):
                    self._error = error

    def _save(self, turn: Turn) -> None:
        self._owner.record(turn, self._incident, self._index)

    def _places(self) -> list[Place]:
        """The places that the answer may name: those of this error's own frames, else of all its frames."""
        steps = [step for step in self._incident.steps[self._index] if step.place]
        chosen = [step for step in steps if step.located] or [step for step in steps if step.own] or steps
        return list(dict.fromkeys(step.place for step in reversed(chosen) if step.place))

    def _task(self, places: Sequence[Place]) -> str:
        shown = " or ".join(str(place) for place in places[:6]) or "unknown"
        return prompts.find("diagnose-task").render(error=described(self._incident, self._index), places=shown)

    def _prompt(self, evidence: Evidence, task: str) -> Prompt:
        head = (Message(Role.SYSTEM, prompts.find("diagnose").body),)
        items = tuple(_item(part) for part in evidence.parts)
        return Prompt(head, items, (Message(Role.USER, task),), drop_step=1)

    async def _write_fixes(self, evidence: Evidence, found: Checked) -> AsyncGenerator[DiagnosisEvent, None]:
        """Have the model write each idea as code, several samples in one batch."""
        ideas = [idea for idea in self._diagnosis.ideas if idea.title][:3]
        if evidence.region is None or not ideas:
            return
        wanted = [idea for _ in range(max(1, self._settings.samples // len(ideas))) for idea in ideas]
        writers = [asyncio.create_task(self._written(evidence, idea, at)) for at, idea in enumerate(wanted)]
        proposals: list[Proposal] = []
        unusable = 0
        try:
            yield FixesFound(found, len(writers), len(writers))
            for number, done in enumerate(asyncio.as_completed(writers), 1):
                proposal = await done
                proposals += [proposal] if proposal else []
                unusable += proposal is None
                if self._cancel.is_set():
                    break
                so_far = await asyncio.to_thread(checked, proposals)
                left = len(writers) - number
                yield FixesFound(_with_unusable(joined(found, so_far), unusable), left, len(writers))
        except TermcoderError as error:
            self._error = error
        finally:
            await _ended(writers)

    async def _written(self, evidence: Evidence, idea: FixIdea, number: int) -> Proposal | None:
        region = evidence.region
        assert region is not None
        code = "\n".join(evidence.code)
        task = prompts.find("rewrite-task").render(
            error=described(self._incident, self._index),
            path=region.path,
            line=evidence.code[region.line - region.first].strip(),
            language=self._incident.failure(self._index).language,
            code=code,
            idea=idea.title.rstrip("."),
        )
        head = Message(Role.SYSTEM, prompts.find("rewrite").body)
        temperature = self._settings.temperature if number < 3 else self._settings.sample_temperature
        sampling = Sampling(temperature, 0.95, 64 + 2 * len(code) // 3, seed=self._seed + number)
        request = Request((head, Message(Role.USER, task)), sampling, copies=True)
        answer = ""
        async with aclosing(until(self._cancel, self._engine.stream(request))) as chunks:
            async for chunk in chunks:
                answer += chunk.text
        lines = evidence.restored(without_numbers(code_of(answer)))
        if lines is None or not any(line.strip() for line in lines):
            return None
        return Proposal(idea.title, idea.when, Origin.MODEL, region.path, region.text, region.first, region.last, lines)


def _item(part: Part) -> ContextItem:
    return ContextItem(part.name, (Message(Role.USER, part.text),))


def _with_unusable(found: Checked, unusable: int) -> Checked:
    return replace(found, dropped=(*found.dropped, ("held no code", unusable))) if unusable else found


async def _ended(tasks: Sequence["asyncio.Task[Any]"]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

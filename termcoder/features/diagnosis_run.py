"""One diagnosis, from the log's error to checked fixes: the model explains, then writes each fix several times."""

import asyncio
import secrets
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any, Protocol

from termcoder import prompts
from termcoder.context import ContextItem
from termcoder.conversation import Message, Role, Turn
from termcoder.diagnosis.answer import Diagnosis, FixIdea, grammar_of, read_answer
from termcoder.diagnosis.evidence import Evidence, Part, described, gather
from termcoder.diagnosis.fixes import Checked, Origin, Proposal, checked, code_of, joined, without_numbers
from termcoder.diagnosis.incident import Incident, Place
from termcoder.engine.base import Engine, Request, Sampling
from termcoder.errors import TermcoderError
from termcoder.features.base import AnswerReady, ContextReady, TextDelta, TurnFailed, TurnInterrupted
from termcoder.features.turn import Prompt, run_turn, until
from termcoder.sessions.schema import utc_now
from termcoder.settings import DiagnoseSettings

ANSWER_TOKENS = 450
MOST_PLACES = 6
"""So many places are named in the question; the grammar admits all."""
ALIKE_SAMPLES = 3
"""So many samples are drawn at the low temperature, one for each idea; those after them are to differ."""


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


DiagnosisEvent = EvidenceReady | DiagnosisGrew | FixesFound | DiagnosisEnded


class Owner(Protocol):
    """What a diagnosis needs of the project it is made in. Its methods block."""

    settings: DiagnoseSettings

    def source(self, path: str) -> str | None:
        """The text of a project's file."""
        ...

    def rule_fixes(self, incident: Incident, index: int) -> Checked:
        """The fixes that need no model."""
        ...

    def record(self, turn: Turn, incident: Incident, index: int) -> None:
        """Save the diagnosis. Raises SessionError."""
        ...


def notes_of(event: EvidenceReady) -> list[str]:
    """What a user should know of what the model is shown."""
    notes = []
    if event.secrets:
        notes.append(f"{event.secrets} secret{'s were' if event.secrets > 1 else ' was'} hidden from the model")
    if event.left_out:
        notes.append(f"not shown to the model: {', '.join(event.left_out)}")
    return notes


class DiagnosisRun:
    """One diagnosis on its way: made, then followed by its `events()` once."""

    def __init__(
        self,
        owner: Owner,
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
        """Every outcome is an event; the last is `DiagnosisEnded`."""
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
        names = self._incident.files
        turn = Turn(self._turn_id, described(self._incident, self._index), started_at=utc_now())
        prompt = replace(self._prompt(evidence, self._task(evidence, places)), grammar=grammar_of(places))
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
        """The places that the answer may name: of this error's frames those in the project, else of its failure's."""
        steps = [step for step in self._incident.steps[self._index] if step.place]
        related = [step for at in self._incident.related(self._index) for step in self._incident.steps[at]]
        in_project = [step for step in steps if step.located] or [step for step in related if step.located]
        chosen = in_project or [step for step in steps if step.own] or steps
        return list(dict.fromkeys(step.place for step in reversed(chosen) if step.place))

    def _task(self, evidence: Evidence, places: Sequence[Place]) -> str:
        return prompts.find("diagnose-task").render(
            error=described(self._incident, self._index),
            line=_failing_line(evidence),
            places=", ".join(map(str, places[:MOST_PLACES])) or "unknown",
        )

    def _prompt(self, evidence: Evidence, task: str) -> Prompt:
        """The same beginning for every error, with an example as a turn of its own: the engine has it read already."""
        head = (
            Message(Role.SYSTEM, prompts.find("diagnose").body),
            Message(Role.USER, prompts.find("diagnose-example").body),
            Message(Role.ASSISTANT, prompts.find("diagnose-example-answer").body),
        )
        items = tuple(_item(part) for part in evidence.parts)
        return Prompt(head, items, (Message(Role.USER, task),), drop_step=1)

    async def _write_fixes(self, evidence: Evidence, found: Checked) -> AsyncGenerator[DiagnosisEvent, None]:
        """Have the model write each idea as code, several samples in one batch."""
        different = {idea.title.lower(): idea for idea in reversed(self._diagnosis.ideas) if idea.title}
        ideas = list(reversed(different.values()))
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
            line=_failing_line(evidence),
            language=self._incident.failure(self._index).language,
            code=code,
            idea=idea.title.rstrip("."),
        )
        head = Message(Role.SYSTEM, prompts.find("rewrite").body)
        temperature = self._settings.temperature if number < ALIKE_SAMPLES else self._settings.sample_temperature
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


def _failing_line(evidence: Evidence) -> str:
    region = evidence.region
    return evidence.code[region.line - region.first].strip() if region else "not in this project"


def _item(part: Part) -> ContextItem:
    return ContextItem(part.name, (Message(Role.USER, part.text),))


def _with_unusable(found: Checked, unusable: int) -> Checked:
    return replace(found, dropped=(*found.dropped, ("held no code", unusable))) if unusable else found


async def _ended(tasks: Sequence["asyncio.Task[Any]"]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

"""The review of one place: is the change right, which kinds of fault may it have, what are they, and do they hold."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from termcoder.diagnosis.fixes import Origin
from termcoder.features.asking import Asking
from termcoder.review.answer import Remark, read_answer
from termcoder.review.excerpts import Excerpt
from termcoder.review.finding import Category, Finding
from termcoder.review.kinds import CLEAN, KINDS, VERDICTS, FaultKind
from termcoder.review.questions import Questions
from termcoder.review.weighing import NO, RULE_DOUBT, WORTH_WRITING, confidence, mean, worth_looking

MOST_KINDS = 2
"""Kinds of fault that are written about for one place, beside the project's own rules."""


@dataclass(frozen=True, slots=True)
class Suspicion:
    """A kind of fault that a place may have; None: of no kind that is known. `weight` is a difference of log-odds."""

    kind: FaultKind | None
    weight: float


class Readiness:
    """How readily the model says Yes to each question: asked once, about code that is right.

    `known`: what this model has told before, by question; it is added to.
    """

    def __init__(self, asking: Asking, questions: Questions, known: dict[str, float]) -> None:
        self._asking = asking
        self._questions = questions
        self._known = known
        self._asked: dict[str, asyncio.Task[float]] = {}

    async def of(self, question: str) -> float:
        """The mean log-odds of Yes. Raises EngineError."""
        if question not in self._known:
            if question not in self._asked:
                self._asked[question] = asyncio.create_task(self._ask(question))
            self._known[question] = await asyncio.shield(self._asked[question])
        return self._known[question]

    async def close(self) -> None:
        """Stop asking."""
        for task in self._asked.values():
            task.cancel()
        await asyncio.gather(*self._asked.values(), return_exceptions=True)

    async def _ask(self, question: str) -> float:
        requests = [self._questions.has_fault(code, question) for code in CLEAN]
        return mean(await asyncio.gather(*(self._asking.odds(request) for request in requests)))


class ExcerptReview:
    """Reviews one excerpt after the other, or many at once."""

    def __init__(self, asking: Asking, questions: Questions, rules: Sequence[FaultKind], readiness: Readiness) -> None:
        self._asking = asking
        self._questions = questions
        self._rules = rules
        self._readiness = readiness

    async def findings(self, excerpt: Excerpt) -> list[Finding]:
        """What may be wrong there, each with how sure that is. Raises EngineError."""
        doubt = await self._doubt(excerpt)
        suspicions = await self._suspicions(excerpt) if worth_looking(doubt) else []
        broken = await self._broken_rules(excerpt)
        found = await asyncio.gather(
            *(self._finding(excerpt, each, doubt) for each in suspicions),
            *(self._finding(excerpt, each, max(doubt, RULE_DOUBT)) for each in broken),
        )
        return [finding for finding in found if finding is not None]

    async def _doubt(self, excerpt: Excerpt) -> float:
        """How much rather the model rejects the change than its reverse; of code that is all new nothing is known."""
        if not excerpt.old_code.strip():
            return 0.0
        old, new = excerpt.old_code, excerpt.code
        forward, backward = await asyncio.gather(self._against(excerpt, old, new), self._against(excerpt, new, old))
        return forward - backward

    async def _against(self, excerpt: Excerpt, old: str, new: str) -> float:
        requests = [self._questions.verdict(excerpt.path, old, new, question) for question in VERDICTS]
        return mean(await asyncio.gather(*(self._asking.odds(request, NO) for request in requests)))

    async def _suspicions(self, excerpt: Excerpt) -> list[Suspicion]:
        """The likeliest kinds of fault; one of no kind where none is likely."""
        weighed = await asyncio.gather(*(self._weighed(excerpt, kind) for kind in KINDS if kind.fits(excerpt.path)))
        likely = sorted(weighed, key=lambda each: -each.weight)[:MOST_KINDS]
        return [each for each in likely if each.weight >= WORTH_WRITING] or [likely[0]]

    async def _broken_rules(self, excerpt: Excerpt) -> list[Suspicion]:
        weighed = await asyncio.gather(*(self._weighed(excerpt, rule) for rule in self._rules))
        return [each for each in weighed if each.weight >= WORTH_WRITING]

    async def _weighed(self, excerpt: Excerpt, kind: FaultKind) -> Suspicion:
        asked = self._asking.odds(self._questions.has_fault(excerpt.code, kind.question))
        odds, usual = await asyncio.gather(asked, self._readiness.of(kind.question))
        return Suspicion(kind, odds - usual)

    async def _finding(self, excerpt: Excerpt, suspicion: Suspicion, doubt: float) -> Finding | None:
        answer = await self._asking.text(self._questions.finding(excerpt, suspicion.kind))
        remark = read_answer(answer, excerpt.lines)
        if remark is None:
            return None
        holds = await self._asking.odds(self._questions.holds(excerpt, remark))
        sure = confidence(doubt, suspicion.weight, holds)
        return _finding(excerpt, remark, suspicion.kind, sure)


def _finding(excerpt: Excerpt, remark: Remark, kind: FaultKind | None, sure: float) -> Finding:
    return Finding(
        path=excerpt.path,
        line=remark.line,
        quoted=excerpt.lines[remark.line],
        severity=remark.severity,
        category=kind.category if kind else Category.BUG,
        title=remark.title,
        scenario=remark.scenario,
        confidence=sure,
        origin=Origin.MODEL,
        file=excerpt.file,
        hunk=excerpt.hunk,
    )

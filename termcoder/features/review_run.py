"""One review on its way: rules at once, then every hunk to the engine together, then patches for what was found."""

import asyncio
import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

from termcoder.diffs.model import ChangeSet
from termcoder.engine.base import Engine
from termcoder.errors import ContextOverflowError, TermcoderError
from termcoder.features.asking import Asking
from termcoder.features.excerpt_review import ExcerptReview, Readiness
from termcoder.review import suggesting
from termcoder.review.excerpts import Excerpt, excerpts_of
from termcoder.review.finding import Category, Finding, Review, Severity
from termcoder.review.kinds import FaultKind
from termcoder.review.progress import Growing, add_by_rule
from termcoder.review.questions import Questions
from termcoder.review.rules import Rules
from termcoder.settings import ReviewSettings

AT_ONCE = 16
"""Places that are asked about at the same time: enough to fill an engine, few enough that the first are done soon."""


@dataclass(frozen=True, slots=True)
class ReviewStarted:
    """A review begins: of this many hunks."""

    hunks: int


@dataclass(frozen=True, slots=True)
class ReviewGrew:
    """What is known so far. `done` of `total` steps; `activity`: what is done now, in a few words."""

    review: Review
    done: int
    total: int
    activity: str = ""


@dataclass(frozen=True, slots=True)
class ReviewEnded:
    """The end of every review; `error` is what kept it from being whole."""

    review: Review
    error: TermcoderError | None = None


ReviewEvent = ReviewStarted | ReviewGrew | ReviewEnded


class Owner(Protocol):
    """What a review needs of the project it is made in. Its methods block."""

    settings: ReviewSettings

    def texts(self, changes: ChangeSet) -> dict[int, tuple[str | None, str | None]]:
        """The old and the new text of each file by its number. Raises GitError."""
        ...

    def rules(self) -> Rules:
        """The project's own rules."""
        ...

    def is_dismissed(self, finding: Finding) -> bool:
        """Whether the user has put this finding away."""
        ...

    def readiness_of(self, model: str) -> dict[str, float]:
        """What is known of how readily a model says Yes, by question; to be added to."""
        ...

    def record(self, changes: ChangeSet, review: Review) -> None:
        """Save the review. Raises SessionError."""
        ...


class ReviewRun:
    """Made for one review, then followed by its `events()` once."""

    def __init__(self, owner: Owner, engine: Engine, changes: ChangeSet, cancel: asyncio.Event) -> None:
        self._owner = owner
        self._changes = changes
        self._cancel = cancel
        self._engine = engine
        self._asking = Asking(engine, cancel)
        self._questions = Questions(seed=secrets.randbelow(2**31))
        self._readiness = Readiness(self._asking, self._questions, owner.readiness_of(engine.model.name))
        self._growing = Growing(changes, owner.settings, owner.is_dismissed, engine.model.name)
        self._texts: dict[int, tuple[str | None, str | None]] = {}
        self._done = self._total = 0
        self._error: TermcoderError | None = None

    async def events(self) -> AsyncGenerator[ReviewEvent, None]:
        """Every outcome is an event; the last is `ReviewEnded`."""
        growing = self._growing
        yield ReviewStarted(sum(len(file.hunks) for file in self._changes.files))
        try:
            excerpts, reviewers = await asyncio.to_thread(self._prepare)
            yield self._grew("reading the change")
            async for _ in self._all([partial(self._read, *each) for each in zip(reviewers, excerpts, strict=True)]):
                yield self._grew("reviewing")
            async for _ in self._all([partial(self._mended, finding) for finding in self._to_mend()]):
                yield self._grew("writing patches")
        except TermcoderError as error:
            self._error = error
        finally:
            await self._readiness.close()
        growing.interrupted = self._cancel.is_set() or self._error is not None
        await self._save()
        yield ReviewEnded(growing.review, self._error)

    def _prepare(self) -> tuple[list[Excerpt], list[ExcerptReview]]:
        """Read the files, apply the rules, and cut the hunks. Blocks; ends early where the review is stopped."""
        rules = self._owner.rules()
        self._growing.notes += [rules.left_out] if rules.left_out else []
        self._texts = self._owner.texts(self._changes)
        add_by_rule(self._growing, self._texts, self._cancel.is_set)
        excerpts = list(self._excerpts())
        self._growing.expect((excerpt.file, excerpt.hunk) for excerpt in excerpts)
        for excerpt in excerpts:
            if excerpt.only_imports:  # the rules have read it
                self._growing.has_read((excerpt.file, excerpt.hunk), ())
        excerpts = [excerpt for excerpt in excerpts if not excerpt.only_imports]
        self._total = len(excerpts)
        kinds = _kinds_of(rules)
        return excerpts, [self._reviewer(kinds, order) for order in range(len(excerpts))]

    def _reviewer(self, rules: list[FaultKind], order: int) -> ExcerptReview:
        """One for each place: what was begun first is to end first."""
        asking = Asking(self._engine, self._cancel, order)
        return ExcerptReview(asking, self._questions, rules, self._readiness)

    def _excerpts(self) -> Iterator[Excerpt]:
        for number, file in enumerate(self._changes.files):
            if number not in self._growing.skipped and not self._cancel.is_set():
                _, new = self._texts.get(number, (None, None))
                yield from (each for each in excerpts_of(file, number, new) if each.lines)

    async def _all(self, steps: Sequence[Callable[[], Awaitable[None]]]) -> AsyncGenerator[None, None]:
        """Do all steps at once, and tell of each that ends; those that were stopped are not told of."""
        gate = asyncio.Semaphore(AT_ONCE)

        async def step(work: Callable[[], Awaitable[None]]) -> None:
            async with gate:
                await work()
                self._done += 1

        tasks = [asyncio.create_task(step(work)) for work in steps]
        try:
            for ended in asyncio.as_completed(tasks):
                try:
                    await ended
                except asyncio.CancelledError:
                    if not self._cancel.is_set():
                        raise
                    return
                yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _read(self, reviewer: ExcerptReview, excerpt: Excerpt) -> None:
        try:
            found = await reviewer.findings(excerpt)
        except ContextOverflowError:
            self._growing.left_out.append(f"{excerpt.place} (longer than the model's context)")
            return
        self._growing.has_read((excerpt.file, excerpt.hunk), found)

    def _to_mend(self) -> list[Finding]:
        """The findings that a patch is written for: the worst of those that are shown and have none."""
        worth = [each for each in self._growing.review.findings if not each.suggestion and each.severity > Severity.NIT]
        chosen = [each for each in worth if self._new_text(each)][: self._owner.settings.suggestions]
        self._total += len(chosen)
        return chosen

    async def _mended(self, finding: Finding) -> None:
        region = suggesting.region_of(self._new_text(finding) or "", finding.path, finding.line)
        if region is None:
            return
        request = suggesting.request_for(finding, region, finding.path.rpartition(".")[2])
        answer = await self._asking.text(request)
        made = await asyncio.to_thread(suggesting.suggestion_of, answer, finding, region)
        if isinstance(made, str):
            self._growing.dropped[made] += 1
        else:
            self._growing.replace(finding, replace(finding, suggestion=made))

    def _new_text(self, finding: Finding) -> str | None:
        return self._texts.get(finding.file, (None, None))[1]

    def _grew(self, activity: str) -> ReviewGrew:
        return ReviewGrew(self._growing.review, self._done, self._total, activity)

    async def _save(self) -> None:
        try:
            await asyncio.to_thread(self._owner.record, self._changes, self._growing.review)
        except TermcoderError as error:
            self._growing.notes.append(str(error))


def _kinds_of(rules: Rules) -> list[FaultKind]:
    return [
        FaultKind(
            f"rule {number}",
            Category.PROJECT_RULE,
            f"A rule of the project: {rule.rstrip('.')}. Does this code break this rule?",
            f"the project's rule is broken: {rule.rstrip('.')}",
        )
        for number, rule in enumerate(rules.items, 1)
    ]

"""Fixes as checked patches: made by rule or by the model, kept only where they apply and still parse, ranked."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum
from functools import cached_property

from termcoder import syntax
from termcoder.diagnosis.recipes import Rewrite
from termcoder.edits.patch import FileChange, Patch, hunks, replace_lines
from termcoder.errors import EditError


class Origin(StrEnum):
    """Who made a fix."""

    RULE = "rule"
    MODEL = "model"


class Trial(IntEnum):
    """What a run of the user's command with the fix showed; the lower the better."""

    PASSED = 0
    UNTRIED = 1
    FAILED = 2


@dataclass(frozen=True)
class Fix:
    """A patch that applies and parses.

    - `when`: when it is the right one. `votes`: how many of the model's samples were this very patch.
    - `checked`: the file still parses; False where nothing here can tell for its language.
    - `trial`, `output`: what running the user's command with it showed, if that was done.
    """

    title: str
    when: str
    origin: Origin
    patch: Patch
    votes: int = 1
    checked: bool = True
    trial: Trial = Trial.UNTRIED
    output: str = ""

    @cached_property
    def size(self) -> int:
        """How many lines it removes and adds."""
        return sum(
            sign != " " for change in self.patch.changes for hunk in hunks(change, context=0) for sign, _ in hunk.rows
        )


@dataclass(frozen=True, slots=True)
class Proposal:
    """New text for lines of a file, not looked at yet."""

    title: str
    when: str
    origin: Origin
    path: str
    before: str
    first: int
    last: int
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Checked:
    """The fixes that are left of some proposals, best first, and why the others are not among them."""

    fixes: tuple[Fix, ...] = ()
    dropped: tuple[tuple[str, int], ...] = ()
    """Reasons and how many there were of each."""


def by_rule(path: str, before: str, rewrites: Iterable[Rewrite]) -> list[Proposal]:
    """The recipes' rewrites as proposals."""
    return [
        Proposal(each.title, each.when, Origin.RULE, path, before, each.first, each.last, each.lines)
        for each in rewrites
    ]


def checked(proposals: Iterable[Proposal]) -> Checked:
    """Keep the proposals that change something, apply and still parse; the same patch counts once, with its votes."""
    kept: dict[Patch, Fix] = {}
    dropped: Counter[str] = Counter()
    for proposal in proposals:
        fix = _fix(proposal)
        if isinstance(fix, str):
            dropped[fix] += 1
        elif fix.patch in kept:
            kept[fix.patch] = replace(kept[fix.patch], votes=kept[fix.patch].votes + 1)
        else:
            kept[fix.patch] = fix
    return Checked(ranked(kept.values()), tuple(dropped.most_common()))


def _fix(proposal: Proposal) -> Fix | str:
    """The fix, or why there is none."""
    try:
        after = replace_lines(proposal.before, proposal.first, proposal.last, proposal.lines)
    except EditError:
        return "does not apply"
    if after == proposal.before:
        return "changes nothing"
    if syntax.worse(proposal.path, proposal.before, after) is not None:
        return "would not compile"
    patch = Patch((FileChange(proposal.path, proposal.before, after),))
    checks = syntax.can_check(proposal.path)
    return Fix(proposal.title, proposal.when, proposal.origin, patch, checked=checks)


def ranked(fixes: Iterable[Fix]) -> tuple[Fix, ...]:
    """Best first: those that made the user's command pass, then rules, then what the model said most often, shortly."""
    return tuple(sorted(fixes, key=lambda fix: (fix.trial, fix.origin is Origin.MODEL, -fix.votes, fix.size)))


def joined(left: Checked, right: Checked) -> Checked:
    """Both together, each patch once."""
    known = {fix.patch for fix in left.fixes}
    new = [fix for fix in right.fixes if fix.patch not in known]
    dropped = Counter(dict(left.dropped)) + Counter(dict(right.dropped))
    return Checked(ranked([*left.fixes, *new]), tuple(dropped.most_common()))


def code_of(answer: str) -> tuple[str, ...]:
    """The code in a model's answer: its first fenced block, closed or not; without a fence all of it."""
    lines = answer.splitlines()
    fences = [at for at, line in enumerate(lines) if line.lstrip().startswith("```")]
    if not fences:
        return tuple(lines)
    end = fences[1] if len(fences) > 1 else len(lines)
    return tuple(lines[fences[0] + 1 : end])


def without_numbers(lines: Sequence[str]) -> tuple[str, ...]:
    """Lines without the line numbers that a model copied along."""
    numbered = [line.partition("|") for line in lines]
    if lines and all(number.strip(" >").isdigit() or not (number + rest).strip() for number, _, rest in numbered):
        return tuple(rest.removeprefix(" ") for _, _, rest in numbered)
    return tuple(lines)

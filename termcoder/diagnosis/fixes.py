"""Fixes as checked patches: made by rule or by the model, kept only where they apply and still parse, ranked."""

import re
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
    if _removes_too_much(proposal):
        return "removes too much"
    if syntax.worse(proposal.path, proposal.before, after) is not None:
        return "would not compile"
    patch = Patch((FileChange(proposal.path, proposal.before, after),))
    checks = syntax.can_check(proposal.path)
    return Fix(proposal.title, proposal.when, proposal.origin, patch, checked=checks)


_LARGE = 6
_EMPTY_LINE = re.compile(r"\s*(?:(?:#|//|--|/\*|\*).*|pass|\.\.\.|[{}()\[\];]*|end)\s*;?\s*")


def _removes_too_much(proposal: Proposal) -> bool:
    """Whether all that the lines did is gone, or over half of many lines: that mends nothing."""
    old = _telling(proposal.before.split("\n")[proposal.first - 1 : proposal.last])
    new = _telling(proposal.lines)
    if old and (not new or (len(old) > 1 and new == old[:1])):
        return True
    return proposal.last - proposal.first + 1 >= _LARGE and 2 * len(new) < len(old)


def _telling(lines: Iterable[str]) -> list[str]:
    """The lines that do something, without their indentation."""
    return [line.strip() for line in lines if not _EMPTY_LINE.fullmatch(line)]


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
    lines = answer.replace("\r\n", "\n").split("\n")
    opened = next(((at, fence) for at, line in enumerate(lines) if (fence := _FENCE.match(line))), None)
    if opened is None:
        return tuple(lines[:-1] if lines[-1] == "" else lines)
    start, fence = opened
    code = lines[start + 1 :]
    end = next((at for at, line in enumerate(code) if _closes(line, fence)), len(code) - (code[-1:] == [""]))
    return tuple(_moved_left(line, len(fence["indent"])) for line in code[:end])


_FENCE = re.compile(r"(?P<indent> *)(?P<fence>`{3,}|~{3,})[^`]*$")


def _closes(line: str, opening: re.Match[str]) -> bool:
    """Whether a line ends a block, as CommonMark has it: a fence that stands further in is code."""
    fence = line.strip()
    is_fence = set(fence) == {opening["fence"][0]} and len(fence) >= len(opening["fence"])
    return is_fence and len(line) - len(line.lstrip()) <= len(opening["indent"])


def _moved_left(line: str, by: int) -> str:
    return line[min(by, len(line) - len(line.lstrip(" "))) :]


def without_numbers(lines: Sequence[str]) -> tuple[str, ...]:
    """Lines without the line numbers that a model copied along."""
    numbered = [line.partition("|") for line in lines]
    if lines and all(number.strip(" >").isdigit() or not (number + rest).strip() for number, _, rest in numbered):
        return tuple(rest.removeprefix(" ") for _, _, rest in numbered)
    return tuple(lines)

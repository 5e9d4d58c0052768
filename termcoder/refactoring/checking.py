"""From a model's answer to a patch that can be used: what was asked, and nothing but that, or why it is not."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from termcoder import syntax
from termcoder.edits.patch import FileChange, Patch, replace_lines
from termcoder.errors import EditError, RefactorError
from termcoder.refactoring import python_checks
from termcoder.refactoring.answers import Written, read_answer
from termcoder.refactoring.data import lost_data
from termcoder.refactoring.hints import Hinted, hinted, same_code
from termcoder.refactoring.interface import interface_of, lost_names
from termcoder.refactoring.python_imports import with_imports
from termcoder.refactoring.renaming import name_changes, renamed
from termcoder.refactoring.selecting import Selection
from termcoder.refactoring.statements import is_python

NOTHING = "changed nothing"
WORSE = "would not compile"

APPLIES, PARSES, ONLY = "applies", "parses", "changes only the chosen lines and imports"
COMPLETE, CALLABLE, KNOWN = "leaves no code out", "is called as before", "uses only names that are known"
SAME_DATA = "works on the same data"
SAME_CODE, ONLY_NAMES, CALLED = "is the same code without its types", "changes only names", "calls the new function"

_MANY = 6
_EMPTY = re.compile(r"\s*(?:(?:#|//|--|/\*|\*).*|pass|\.\.\.|[{}()\[\];]*|end)\s*;?\s*")


@dataclass(frozen=True, slots=True)
class Proposal:
    """A patch that passed its `checks`. `notes`: what the user should know. `votes`: how many answers said the same.

    `by_rule`: a rule made it; a model gave no more than a name.
    """

    patch: Patch
    checks: tuple[str, ...]
    notes: tuple[str, ...] = ()
    votes: int = 1
    by_rule: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """The proposals so far, the one to take first, and why answers were dropped: reasons, and how many of each."""

    proposals: tuple[Proposal, ...] = ()
    dropped: tuple[tuple[str, int], ...] = ()

    def told(self) -> str:
        """How many answers were dropped, and why; "" where none was."""
        count = sum(number for _, number in self.dropped)
        total = count + sum(each.votes for each in self.proposals)
        reasons = ", ".join(f"{why}{f' ({number})' if number > 1 else ''}" for why, number in self.dropped)
        return f"{count} of {total} answers {'was' if count == 1 else 'were'} dropped: {reasons}" if count else ""


def with_answer(found: Found, proposal: "Proposal | str") -> Found:
    """The proposals with one more; the same patch once more counts as a vote. One that was there stays before it."""
    if isinstance(proposal, str):
        dropped = Counter(dict(found.dropped))
        dropped[proposal] += 1
        return replace(found, dropped=tuple(dropped.most_common()))
    same = [each for each in found.proposals if each.patch == proposal.patch]
    if same:
        kept = (replace(each, votes=each.votes + 1) if each in same else each for each in found.proposals)
        return replace(found, proposals=tuple(kept))
    return replace(found, proposals=(*found.proposals, proposal))


def proposal_of(answer: str, selection: Selection, template: str, *, complete: bool = True) -> Proposal | str:
    """The checked patch of an answer, or why it is not usable, in a few words.

    `complete`: the model came to its end by itself.
    """
    written = read_answer(answer, selection, complete=complete)
    if isinstance(written, str):
        return written
    try:
        return _KINDS.get(template, _general)(written, selection)
    except EditError:
        return "did not fit the file"


def _general(written: Written, selection: Selection) -> Proposal | str:
    after = _with_lines(written, selection)
    if why := _useless(written, selection, after):
        return why
    if why := lost_names(selection, after):
        return why
    return _made(selection, after, written.notes, (COMPLETE, CALLABLE))


def _the_same(written: Written, selection: Selection) -> Proposal | str:
    """Lines that do the same: they work on all that the old ones did."""
    made = _general(written, selection)
    if isinstance(made, str):
        return made
    new = _with_lines(replace(written, imports=()), selection)
    before = (selection.text, selection.first, selection.last)
    lost = lost_data(selection.path, before, (new, selection.first, selection.first + len(written.lines) - 1))
    return f"lost {lost}" if lost else replace(made, checks=(*made.checks, SAME_DATA))


def _extracted(written: Written, selection: Selection) -> Proposal | str:
    """The model's own extraction, of a whole function or in a language that no rule knows."""
    made = _the_same(written, selection)
    if isinstance(made, str):
        return made
    after = made.patch.changes[0].after or ""
    before = interface_of(selection.path, selection.text)
    new = [name.rpartition(".")[2] for name in interface_of(selection.path, after) if name not in before]
    if not new:
        return "made no new function"
    uncalled = [name for name in new if len(re.findall(rf"(?<![\w$]){re.escape(name)}(?![\w$])", after)) < 2]
    return f"doesn't call {uncalled[0]}" if uncalled else replace(made, checks=(*made.checks, CALLED))


def _renamed(written: Written, selection: Selection) -> Proposal | str:
    """The model's names, each given by the exact rule."""
    after = replace_lines(selection.text, selection.first, selection.last, written.lines)
    changes = name_changes(selection.path, selection.text, after)
    if isinstance(changes, str):
        return changes
    return renamed_as(selection, changes)


def renamed_as(selection: Selection, changes: Mapping[str, str]) -> Proposal | str:
    """The selection with these names given by the exact rule, or why none of them can be."""
    text, notes = selection.text, []
    for old, new in changes.items():
        try:
            done = renamed(replace(selection, text=text), old, new)
        except RefactorError as error:
            notes.append(f"{old} was not renamed to {new}: {error.message}")
            continue
        text, notes = done.text, [*notes, *done.notes]
    if text == selection.text:
        return "gave names that can't be used"
    return _patched(selection, text, tuple(notes), (APPLIES, PARSES, ONLY_NAMES))


def _hinted(written: Written, selection: Selection) -> Proposal | str:
    if not is_python(selection.path):
        return _general(written, selection)
    found = hinted(selection, written.lines)
    return found if isinstance(found, str) else _with_hints(found, selection)


def _with_hints(found: Hinted, selection: Selection) -> Proposal | str:
    after = with_imports(
        replace_lines(selection.text, selection.first, selection.last, found.lines), list(found.imports)
    )
    if syntax.worse(selection.path, selection.text, after) or not same_code(selection.text, after):
        return WORSE
    notes = _told_imports(found.imports)
    if found.unknown:
        notes = (*notes, f"left out, for names that nothing defines: {', '.join(sorted(set(found.unknown)))}")
    return _patched(selection, after, notes, (APPLIES, PARSES, ONLY, SAME_CODE))


_KINDS: Mapping[str, Callable[[Written, Selection], Proposal | str]] = {
    "extract-function": _extracted,
    "performance": _the_same,
    "rename": _renamed,
    "simplify": _the_same,
    "type-hints": _hinted,
}


def _with_lines(written: Written, selection: Selection) -> str:
    """The file with new lines in the place of the old ones."""
    after = replace_lines(selection.text, selection.first, selection.last, written.lines)
    return with_imports(after, written.imports) if written.imports else after


def _useless(written: Written, selection: Selection, after: str) -> str | None:
    """Why it is no use whatever was asked."""
    if after == selection.text:
        return NOTHING
    if is_python(selection.path) and python_checks.says_the_same(selection.text, after):
        return "changed only the layout"
    if removes_too_much(selection.lines, written.lines):
        return "removed too much"
    return WORSE if syntax.worse(selection.path, selection.text, after) is not None else None


def removes_too_much(old: Iterable[str], new: Iterable[str]) -> bool:
    """Whether all that the lines did is gone, or nearly all of many."""
    before, now = _telling(old), _telling(new)
    if before and (not now or (len(before) > 1 and now == before[:1])):
        return True
    return len(before) >= _MANY and 5 * len(now) < len(before)


def _telling(lines: Iterable[str]) -> list[str]:
    return [line.strip() for line in lines if not _EMPTY.fullmatch(line)]


def _made(selection: Selection, after: str, notes: tuple[str, ...], checks: tuple[str, ...]) -> Proposal | str:
    """The proposal, once its names are known."""
    passed = (APPLIES, PARSES, ONLY, *checks) if syntax.can_check(selection.path) else (APPLIES, ONLY, *checks)
    if not is_python(selection.path):
        return _patched(selection, after, notes, passed)
    after, imports = python_checks.with_missing_imports(selection.text, after)
    if why := python_checks.fault(selection.text, after):
        return why
    return _patched(selection, after, (*notes, *_told_imports(imports)), (*passed, KNOWN))


def _told_imports(imports: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"added: {each}" for each in imports)


def _patched(selection: Selection, after: str, notes: tuple[str, ...], checks: tuple[str, ...]) -> Proposal:
    patch = Patch((FileChange(selection.path, selection.text, after),))
    return Proposal(patch, checks, (*selection.notes, *notes))


def by_rule(selection: Selection, after: str, notes: tuple[str, ...], checks: tuple[str, ...] = ()) -> Proposal:
    """A proposal that a rule made."""
    return replace(_patched(selection, after, notes, (APPLIES, PARSES, *checks)), by_rule=True)

"""What is found in a change without a model: by rules, each sure of what it says.

A rule is a function that looks at a change and yields alarms; its docstring says what it finds. To add one, write it
in the module of its language, name it in that module's `RULES`, and add a case that it finds and one that it must not
to the tests.
"""

import re
from collections.abc import Callable, Iterator
from functools import partial

from termcoder.diagnosis.evidence import Region
from termcoder.diagnosis.fixes import Origin
from termcoder.diffs.model import FileDiff, Kind
from termcoder.edits.patch import Patch
from termcoder.redact import redact
from termcoder.review import (
    checks_c,
    checks_guards,
    checks_javascript,
    checks_more,
    checks_python,
    checks_python_flow,
    checks_python_security,
    checks_python_tasks,
    checks_python_texts,
    checks_python_values,
    checks_removed,
    checks_text,
)
from termcoder.review.checks_base import Alarm, Change, CodeRule, Edit, Rule
from termcoder.review.finding import Finding
from termcoder.review.suggesting import patch_of

MOST_ALARMS = 50
"""More of one file are not told."""
MOST_CHANGED = 1_000_000
"""A change of more characters is a program's work: no rule is asked."""

_BY_CHANGE: tuple[tuple[tuple[str, ...], tuple[Rule, ...]], ...] = (
    ((), checks_text.RULES),
    ((), checks_removed.RULES),
    ((), checks_guards.RULES),
    ((), checks_more.SQL),
    (checks_javascript.SUFFIXES, checks_javascript.RULES),
    (checks_c.SUFFIXES, checks_c.RULES),
    ((".go",), checks_more.GO),
    ((".rs",), checks_more.RUST),
    ((".sh", ".bash"), checks_more.SHELL),
)
"""Ends of file names (none: all), and what is asked of such a change."""

_BY_CODE: tuple[tuple[bool, tuple[CodeRule, ...]], ...] = (
    (True, checks_python.RULES),
    (True, checks_python_values.RULES),
    (True, checks_python_flow.RULES),
    (True, checks_python_tasks.RULES),
    (False, checks_python.OUTSIDE_TESTS),
    (False, checks_python_values.OUTSIDE_TESTS),
    (False, checks_python_flow.OUTSIDE_TESTS),
    (False, checks_python_tasks.OUTSIDE_TESTS),
    (False, checks_python_texts.RULES),
    (False, checks_python_security.RULES),
)
"""Whether tests are asked, and what is asked of Python."""

_MEANT = re.compile(r"\b(?:noqa|nosec|nolint|NOLINT|eslint-disable)\b")


def check(file: FileDiff, old: str | None, new: str | None, file_index: int) -> list[Finding]:
    """The findings about a file's added lines, in the order of its lines. Never raises.

    `old`, `new`: the whole text on both sides, None where there is none or it isn't known; without the new one, only
    the rules that need no more than the lines of the hunks are asked.
    """
    change = Change(file, old, new)
    once = {(alarm.line, alarm.title): alarm for _, alarm in alarms(change)}
    told = sorted(once.values(), key=lambda alarm: alarm.line)[:MOST_ALARMS]
    found = [_finding(change, alarm, file_index) for alarm in told]
    return sorted(filter(None, found), key=lambda finding: finding.line)


def alarms(change: Change) -> Iterator[tuple[str, Alarm]]:
    """Every alarm with the name of its rule; none where a comment on the line says that it is meant."""
    size = sum(len(row.text) for rows in change.rows for row in rows)
    if change.file.kind is not Kind.TEXT or not 0 < size <= MOST_CHANGED:
        return
    for name, rule in _asked(change):
        try:
            found = list(rule())
        except RecursionError:  # nested deeper than any person writes
            continue
        yield from ((name, alarm) for alarm in found if not _MEANT.search(change.texts.get(alarm.line, "")))


def rule_names() -> list[str]:
    """The names of all rules."""
    rules = [rule for _, rules in _BY_CHANGE for rule in rules]
    return [*map(_name, rules), *(_name(rule) for _, rules in _BY_CODE for rule in rules)]


def _name(rule: Rule | CodeRule) -> str:
    """The end of the rule's module and its own name: `python.mutable_default`."""
    module = rule.__module__.rpartition(".")[2].removeprefix("checks_")
    return f"{module}.{rule.__name__}"


def _asked(change: Change) -> Iterator[tuple[str, Callable[[], Iterator[Alarm]]]]:
    for suffixes, rules in _BY_CHANGE:
        if not suffixes or change.suffix in suffixes:
            yield from ((_name(rule), partial(rule, change)) for rule in rules)
    if change.python is not None:
        for of_tests, code_rules in _BY_CODE:
            if of_tests or not change.is_test:
                yield from ((_name(rule), partial(rule, change.python)) for rule in code_rules)


def _finding(change: Change, alarm: Alarm, file_index: int) -> Finding | None:
    """What an alarm says, at a line that the change shows; secrets are hidden in what it quotes."""
    place = change.place_of(alarm.line)
    if place is None:
        return None
    line, hunk = place
    return Finding(
        path=change.path,
        line=line,
        quoted=change.shown.get(line, ""),
        severity=alarm.severity,
        category=alarm.category,
        title=redact(alarm.title).text,
        scenario=redact(alarm.scenario).text,
        confidence=alarm.confidence,
        origin=Origin.RULE,
        suggestion=_suggestion(change, alarm.title, alarm.edit) if alarm.edit else None,
        file=file_index,
        hunk=hunk,
    )


def _suggestion(change: Change, title: str, edit: Edit) -> Patch | None:
    """The patch that an edit makes, where it can be used; written with the lines around, as a line may go."""
    if change.new is None:
        return None
    count = len(change.lines) - (not change.lines[-1])
    first, last = max(1, edit.first - 2), min(count, edit.last + 2)
    lines = [*change.lines[first - 1 : edit.first - 1], *edit.lines, *change.lines[edit.last : last]]
    region = Region(change.path, change.new, first, last, edit.first)
    patch = patch_of(title, region, lines, Origin.RULE)
    return patch if isinstance(patch, Patch) else None

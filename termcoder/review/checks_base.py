"""What every rule gets, a change of one file, and what it gives, alarms."""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from termcoder import syntax
from termcoder.diffs.model import FileDiff, Row
from termcoder.redact import redact
from termcoder.review.checks_python_tree import MOST_CHARS, Code, code_of
from termcoder.review.finding import Category, Severity

if TYPE_CHECKING:
    from tree_sitter import Node

LONGEST_LINE = 400
"""Longer lines are a program's work: no rule looks at them."""

CODE = re.compile(
    r"\.(?:py|pyw|js|jsx|mjs|cjs|ts|tsx|mts|cts|go|rs|java|kt|cs|c|h|cc|cpp|cxx|hh|hpp|hxx|php|rb|swift|scala|vue)"
)
"""How the names of programs end."""

_MOST_SCOPES = 50

_TEST_PARTS = re.compile(
    r"(?:^|/)(?:tests?|testing|__tests__|specs?|fixtures?|testdata|examples?|samples?|benchmarks?|e2e|mocks?)(?:/|$)"
    r"|(?:^|/)(?:test_[^/]*|conftest\.py|[^/]*(?:[_.-](?:test|tests|tst|test-d|spec|fixture)|Test|Tests|Spec)\.\w+)$"
)


@dataclass(frozen=True, slots=True)
class Edit:
    """New text for the lines `first` to `last`; no lines take them away."""

    first: int
    last: int
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Alarm:
    """What a rule says of a line of the new side. `edit`: what corrects it for certain."""

    line: int
    severity: Severity
    category: Category
    confidence: float
    title: str
    scenario: str
    edit: Edit | None = None


@dataclass(frozen=True)
class Change:
    """A file's change as rules look at it. `old` and `new` are whole texts; None where there is none."""

    file: FileDiff
    old: str | None
    new: str | None

    @property
    def path(self) -> str:
        """The file's name now."""
        return self.file.path

    @property
    def suffix(self) -> str:
        """What its name ends with, in small letters: ".py"."""
        return PurePosixPath(self.path).suffix.lower()

    @cached_property
    def is_test(self) -> bool:
        """Whether it is a test, an example, or data of one."""
        return _TEST_PARTS.search(self.path) is not None

    @cached_property
    def rows(self) -> list[list[Row]]:
        """The rows of each hunk with their numbers."""
        return [list(hunk.numbered()) for hunk in self.file.hunks]

    @cached_property
    def added(self) -> dict[int, int]:
        """The hunk that adds each new line, by the line's number, in order."""
        return {
            row.new: at
            for at, rows in enumerate(self.rows)
            for row in rows
            if "+" in row.sign and row.new is not None and len(row.text) <= LONGEST_LINE
        }

    @cached_property
    def removed(self) -> dict[int, int]:
        """The hunk that removes each old line, by the line's number, in order."""
        return {
            row.old: at for at, rows in enumerate(self.rows) for row in rows if "-" in row.sign and row.old is not None
        }

    @cached_property
    def lines(self) -> Sequence[str]:
        """The new side's lines without their ends; () where it isn't known."""
        return _split(self.new)

    @cached_property
    def old_lines(self) -> Sequence[str]:
        """The old side's lines without their ends; () where it isn't known."""
        return _split(self.old)

    @cached_property
    def texts(self) -> dict[int, str]:
        """The added lines, without their ends, by their numbers."""
        known = {row.new: row.text for rows in self.rows for row in rows if row.new is not None}
        return {number: known[number].rstrip("\r\n") for number in self.added}

    @cached_property
    def shown(self) -> dict[int, str]:
        """The lines of the hunks' new side without their secrets."""
        known = self.new if self.new is not None and len(self.new) <= MOST_CHARS else None
        whole = _split(redact(known).text) if known is not None else ()
        numbered = [row for rows in self.rows for row in rows if row.new is not None]
        if any(row.new is not None and row.new > len(whole) for row in numbered):
            hidden = redact("".join(row.text for row in numbered)).text.split("\n")
            return {row.new: line for row, line in zip(numbered, hidden, strict=False) if row.new is not None}
        return {row.new: whole[row.new - 1] for row in numbered if row.new is not None}

    def adds(self, first: int, last: int) -> bool:
        """Whether a line from `first` to `last` is new."""
        return self._between(self._added_numbers, first, last)

    def removes(self, first: int, last: int) -> bool:
        """Whether every line from `first` to `last` of the old side is gone."""
        return all(line in self.removed for line in range(first, last + 1))

    @cached_property
    def _added_numbers(self) -> list[int]:
        return sorted(self.added)

    @staticmethod
    def _between(numbers: Sequence[int], first: int, last: int) -> bool:
        place = bisect_left(numbers, first)
        return place < len(numbers) and numbers[place] <= last

    def place_of(self, line: int) -> tuple[int, int] | None:
        """A line that the change shows, and its hunk: this line, else the nearest one; None where it shows none."""
        if line in self.added:
            return line, self.added[line]
        ranges = [(at, hunk.new_numbers) for at, hunk in enumerate(self.file.hunks) if hunk.new_lines]
        nearest = ((min(max(line, numbers[0]), numbers[-1]), at) for at, numbers in ranges)
        return min(nearest, key=lambda found: abs(found[0] - line), default=None)

    def scope_around(self, line: int) -> tuple[int, int, str] | None:
        """The function around a line of the new side, as `syntax.enclosing`; None too when asked very often."""
        scopes = self._scopes
        if line not in scopes and len(scopes) < _MOST_SCOPES:
            scopes[line] = syntax.enclosing(self.path, self.new, line) if self.new is not None else None
        return scopes.get(line)

    @cached_property
    def _scopes(self) -> dict[int, tuple[int, int, str] | None]:
        return {}

    @cached_property
    def python(self) -> Code | None:
        """The new side as Python, its added lines marked; None where it isn't that."""
        return code_of(self.new, self.added) if self.suffix in (".py", ".pyw") else None

    @cached_property
    def old_python(self) -> Code | None:
        """The old side as Python, its removed lines marked; None where it isn't that."""
        return code_of(self.old, self.removed) if self.suffix in (".py", ".pyw") else None

    @cached_property
    def nodes(self) -> "list[Node]":
        """The nodes of the new side's syntax tree that lie on added lines, the outer before the inner."""
        tree = syntax.parsed(self.path, self.new) if self.new and len(self.new) <= MOST_CHARS else None
        found: list[Node] = []
        waiting = [tree.root_node] if tree else []
        while waiting:
            node = waiting.pop()
            found.append(node)
            waiting += [
                child
                for child in reversed(node.named_children)
                if self.adds(child.start_point.row + 1, child.end_point.row + 1)
            ]
        return found

    def nodes_of(self, *types: str) -> "Iterator[Node]":
        """The nodes of these types that begin on an added line and parse."""
        for node in self.nodes:
            if node.type in types and node.start_point.row + 1 in self.added and not node.has_error:
                yield node


Rule = Callable[[Change], Iterator[Alarm]]
CodeRule = Callable[[Code], Iterator[Alarm]]


def _split(text: str | None) -> Sequence[str]:
    return [line.removesuffix("\r") for line in text.split("\n")] if text is not None else ()


def bug(line: int, confidence: float, title: str, scenario: str, edit: Edit | None = None) -> Alarm:
    """An alarm of something that doesn't do what it says."""
    return Alarm(line, Severity.MAJOR, Category.BUG, confidence, title, scenario, edit)


def risk(line: int, severity: Severity, confidence: float, title: str, scenario: str) -> Alarm:
    """An alarm of something that somebody from outside could make use of."""
    return Alarm(line, severity, Category.SECURITY, confidence, title, scenario)


def edit_of(found: tuple[int, int, tuple[str, ...]] | None) -> Edit | None:
    """What `Code.replaced` gives, as an edit."""
    return Edit(*found) if found else None


def plain(text: str) -> str:
    """A line without what surrounds it, and with single blanks."""
    return " ".join(text.split())


def was_compared(change: Change, left: str, right: str) -> bool:
    """Whether a removed line compares what these texts say."""
    pattern = re.compile(rf"{re.escape(left)}\s*===?\s*{re.escape(right)}")
    return any("-" in row.sign and pattern.search(row.text) for rows in change.rows for row in rows)


def text_of(node: "Node | None") -> str:
    """A node's own text, "" for none."""
    return (node.text or b"").decode("utf-8", "replace") if node else ""


def line_of(node: "Node") -> int:
    """The line, from 1, that a node begins in."""
    return node.start_point.row + 1


def replaced(change: Change, node: "Node", new: str) -> Edit | None:
    """The edit that writes `new` in the place of a node of one line."""
    row = node.start_point.row
    if node.end_point.row != row or row >= len(change.lines):
        return None
    line = change.lines[row].encode("utf-8", "replace")
    text = line[: node.start_point.column] + new.encode() + line[node.end_point.column :]
    return Edit(row + 1, row + 1, (text.decode("utf-8", "replace"),))

"""What a review says."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from termcoder.diagnosis.fixes import Origin
from termcoder.diffs.model import Scope
from termcoder.edits.patch import Patch


class Severity(IntEnum):
    """How bad it is; the higher the worse."""

    NIT = 0
    MINOR = 1
    MAJOR = 2
    CRITICAL = 3

    def __str__(self) -> str:
        return self.name.lower()


class Category(StrEnum):
    """What it is about."""

    BUG = "bug"
    SECURITY = "security"
    DATA_LOSS = "data-loss"
    CONCURRENCY = "concurrency"
    PERFORMANCE = "performance"
    ERROR_HANDLING = "error-handling"
    COMPATIBILITY = "compatibility"
    TESTS = "tests"
    PROJECT_RULE = "project-rule"
    READABILITY = "readability"
    DOCS = "docs"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with a change.

    - `path`, `line`: where, on the new side (for a patch: of the patch); the line exists. `quoted`: its text.
    - `title`: what is wrong, in one line. `scenario`: "When X, Y happens".
    - `confidence`: 0 to 1; what was left after trying to refute it.
    - `suggestion`: a patch that applies to the new side and still parses. `file`, `hunk`: its place in the change set.
    """

    path: str
    line: int
    quoted: str
    severity: Severity
    category: Category
    title: str
    scenario: str
    confidence: float = 0.5
    origin: Origin = Origin.MODEL
    suggestion: Patch | None = None
    file: int = 0
    hunk: int = 0

    @property
    def fingerprint(self) -> str:
        """The same for the same kind of finding on the same text of the same file, wherever its line has moved to."""
        parts = (self.path, self.category, " ".join(self.quoted.split()))
        return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()


@dataclass(frozen=True, slots=True)
class Coverage:
    """What was read. `skipped`: paths of files that were not, with the reason. `left_out`: what of hunks was not."""

    files: int = 0
    files_read: int = 0
    hunks: int = 0
    hunks_read: int = 0
    skipped: tuple[tuple[str, str], ...] = ()
    left_out: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.files_read} of {self.files} files read, {self.hunks_read} of {self.hunks} hunks"


@dataclass(frozen=True, slots=True)
class Review:
    """The outcome, whole or so far.

    - `findings`: worst first. `folded`: those that were refuted, or ignored by the settings, or dismissed earlier;
      kept to be looked at. Each finding is in one of them.
    - `dropped`: suggested patches that were not usable, as reasons and how many there were of each.
    - `interrupted`: it was stopped; what had come is here.
    """

    scope: Scope
    findings: tuple[Finding, ...] = ()
    folded: tuple[Finding, ...] = ()
    coverage: Coverage = Coverage()
    dropped: tuple[tuple[str, int], ...] = ()
    model: str = ""
    interrupted: bool = False
    notes: tuple[str, ...] = ()

    @property
    def worst(self) -> Severity | None:
        """The highest severity among the findings that are not folded."""
        return max((finding.severity for finding in self.findings), default=None)


def ranked(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Worst first; of one severity the surest, then in the order of the change."""
    return tuple(sorted(findings, key=lambda each: (-each.severity, -each.confidence, each.file, each.line)))

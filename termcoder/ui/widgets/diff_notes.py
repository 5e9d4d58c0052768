"""A finding in words, for the rows under its line."""

from collections.abc import Iterator, Sequence

from termcoder.diagnosis.fixes import Origin
from termcoder.review.finding import Finding, Severity
from termcoder.ui.inert import one_line
from termcoder.ui.widgets.folding import display, fold

GLYPHS = {Severity.CRITICAL: "●", Severity.MAJOR: "◆", Severity.MINOR: "▲", Severity.NIT: "·"}
"""A mark for each severity that needs no colour."""
INKS = {Severity.CRITICAL: "error", Severity.MAJOR: "error", Severity.MINOR: "tag", Severity.NIT: "note"}
"""The style of each severity."""
WIDEST = 100
_LONGEST = 2_000  # characters drawn of a title or a scenario

NoteRow = Sequence[tuple[str, str]]
"""Pieces of text with the names of their styles."""


def note_rows(finding: Finding, width: int) -> Sequence[NoteRow]:
    """A finding in rows of at most `width` cells: what it is, when it happens, how sure it is."""
    return [*_rows(finding, max(8, min(width, WIDEST)))]


def _rows(finding: Finding, width: int) -> Iterator[NoteRow]:
    label = f"{GLYPHS[finding.severity]} {finding.severity}: "
    first, *rest = fold(label + _flat(finding.title), width, words=True)
    yield ((INKS[finding.severity], first[: len(label)]), ("question", first[len(label) :].rstrip()))
    for row in rest:
        yield (("question", row.rstrip()),)
    for row in fold(_flat(finding.scenario), width, words=True) if finding.scenario else ():
        yield (("text", row.rstrip()),)
    for row in fold(facts(finding), width, words=True):
        yield (("note", row.rstrip()),)


def facts(finding: Finding) -> str:
    """What is known of a finding: category, confidence, whether there is a patch, and whether a rule found it."""
    parts = [finding.category, f"{finding.confidence:.0%} sure"]
    parts += ["patch"] * (finding.suggestion is not None) + ["rule"] * (finding.origin is Origin.RULE)
    return " · ".join(parts)


def as_text(finding: Finding) -> str:
    """A finding as it is copied."""
    head = f"{finding.path}:{finding.line}: {finding.severity}: {finding.title}"
    return "\n".join(filter(None, (head, finding.scenario, facts(finding))))


def _flat(text: str) -> str:
    return display(one_line(text[:_LONGEST]))

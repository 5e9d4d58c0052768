"""A review for people who read it in a terminal: findings by file, then what was read and what was not."""

from collections import Counter
from collections.abc import Iterator

from termcoder.edits.patch import Patch, unified
from termcoder.review.finding import Coverage, Finding, Review
from termcoder.review.formats.plain import counted, listed, one_line, percent, source_line, source_lines

GUTTER = "    │ "
"""Before what is quoted, so that a line of it is never taken for one of the report, or for a command to a CI."""

_COLOURS = {"critical": "1;31", "major": "31", "minor": "33", "nit": "36", "+": "32", "-": "31", "aside": "2"}

Line = tuple[str, str]
"""A line and its style: a key of `_COLOURS`, or ""."""


def render(review: Review, *, colour: bool = False) -> str:
    """The review as text; with `colour`, with the escape sequences that terminals take."""
    return "\n".join(_painted(text, style) if colour else text for text, style in _lines(review))


def headline(review: Review) -> str:
    """What came of it, in one line: "2 findings in the staged changes: 1 major, 1 nit"."""
    by_severity = Counter(finding.severity for finding in review.findings)
    counts = listed((str(severity), by_severity[severity]) for severity in sorted(by_severity, reverse=True))
    found = counted(len(review.findings), "finding") if review.findings else "No findings"
    head = f"{found} ({one_line(str(review.scope))})"
    return f"{'Interrupted. ' if review.interrupted else ''}{head}{f': {counts}' if counts else ''}"


def by_file(review: Review) -> dict[str, list[Finding]]:
    """The findings of each file in the order of its lines; the file with the worst one comes first."""
    files: dict[str, list[Finding]] = {}
    for finding in review.findings:
        files.setdefault(finding.path, []).append(finding)
    return {path: sorted(findings, key=lambda each: each.line) for path, findings in files.items()}


def path_of(path: str) -> str:
    """A path as it can stand at the start of a line, where a CI reads colons as a command."""
    shown = one_line(path)
    return f"./{shown}" if shown.startswith(":") else shown


def asides(review: Review) -> Iterator[str]:
    """What a reader must know beside the findings, a sentence each."""
    yield f"{review.coverage}."
    yield from _unread(review.coverage)
    if review.folded:
        yield f"{counted(len(review.folded), 'finding')} folded: refuted, ignored by the settings or dismissed earlier."
    if review.dropped:
        reasons = "; ".join(f"{one_line(reason)} ({count})" for reason, count in review.dropped)
        yield f"Suggested changes that were dropped: {reasons}."
    yield from (f"Note: {one_line(note)}" for note in review.notes)
    if review.model:
        yield f"Model: {one_line(review.model)}."


def _unread(coverage: Coverage) -> Iterator[str]:
    yield from (f"Not read: {one_line(path)} ({one_line(reason)})." for path, reason in coverage.skipped)
    yield from (f"Left out: {one_line(what)}." for what in coverage.left_out)


def _lines(review: Review) -> Iterator[Line]:
    yield headline(review), ""
    for findings in by_file(review).values():
        yield "", ""
        for finding in findings:
            yield from _finding(finding)
    yield "", ""
    yield from ((aside, "aside") for aside in asides(review))


def _finding(finding: Finding) -> Iterator[Line]:
    place = f"{path_of(finding.path)}:{finding.line}"
    about = f"{finding.category}, {percent(finding.confidence)} % sure"
    yield f"{place}: {finding.severity}: {one_line(finding.title)} [{about}]", str(finding.severity)
    yield f"    → {one_line(finding.scenario)}", ""
    yield f"{GUTTER}{source_line(finding.quoted)}", "aside"
    if finding.suggestion is not None:
        yield from _suggestion(finding.suggestion)


def _suggestion(patch: Patch) -> Iterator[Line]:
    yield "    Suggested change:", ""
    for line in source_lines(unified(patch)):
        header = line.startswith(("--- ", "+++ "))
        yield GUTTER + line, line[:1] if line[:1] in ("+", "-") and not header else "aside"


def _painted(text: str, style: str) -> str:
    return f"\x1b[{_COLOURS[style]}m{text}\x1b[m" if style and text else text

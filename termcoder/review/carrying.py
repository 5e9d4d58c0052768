"""Takes findings over to the same changes as they are a moment later: some of them staged, edited or taken back."""

from collections.abc import Iterable
from dataclasses import replace

from termcoder.diffs.model import ChangeSet
from termcoder.review.finding import Finding, Review, ranked

_Spots = dict[tuple[str, str], list[tuple[int, int, int]]]
"""By path and text: the file, the hunk and the line of every line on the new side."""


def carried(review: Review, changes: ChangeSet) -> Review:
    """The review with those findings whose line still is in a hunk, at the place where it is now.

    A line is known by its text; of several the nearest one counts. Whatever else the review says stays as it was.
    """
    spots = _spots(changes, {finding.path for finding in (*review.findings, *review.folded)})
    findings, folded = (ranked(_moved(group, spots)) for group in (review.findings, review.folded))
    return replace(review, findings=findings, folded=folded)


def _spots(changes: ChangeSet, paths: set[str]) -> _Spots:
    spots: _Spots = {}
    for number, file in enumerate(changes.files):
        if file.path not in paths:
            continue
        for at, hunk in enumerate(file.hunks):
            for row in hunk.numbered():
                if row.new is not None:
                    spots.setdefault((file.path, _plain(row.text)), []).append((number, at, row.new))
    return spots


def _moved(findings: Iterable[Finding], spots: _Spots) -> Iterable[Finding]:
    for finding in findings:
        there = spots.get((finding.path, _plain(finding.quoted)))
        if there:
            file, hunk, line = min(there, key=lambda spot: abs(spot[2] - finding.line))
            yield replace(finding, file=file, hunk=hunk, line=line)


def _plain(text: str) -> str:
    return " ".join(text.split())

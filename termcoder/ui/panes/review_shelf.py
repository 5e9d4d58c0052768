"""Keeps the reviews of a run of the program, the last one of each scope."""

from dataclasses import replace

from termcoder.diffs.model import ChangeSet, Scope
from termcoder.review.carrying import carried
from termcoder.review.finding import Finding, Review, ranked


class Shelf:
    """The last review of each scope, with the changes that it is about."""

    def __init__(self) -> None:
        self._kept: dict[Scope, tuple[ChangeSet, Review]] = {}
        self._carried: tuple[ChangeSet, Review] | None = None  # the last answer that had to be made

    def put(self, changes: ChangeSet, review: Review) -> None:
        """Keep a review in the place of the last one of its scope."""
        self._kept[changes.scope] = changes, review
        self._carried = None

    def review_of(self, changes: ChangeSet) -> Review | None:
        """What is known of these changes: the last review of the scope, with what of it still has its lines."""
        if changes.scope not in self._kept:
            return None
        reviewed, review = self._kept[changes.scope]
        if reviewed == changes:
            return review
        if self._carried is None or self._carried[0] != changes:
            self._carried = changes, carried(review, changes)
        return self._carried[1]

    def is_stale(self, changes: ChangeSet) -> bool:
        """Whether these are others than the last review of their scope is about."""
        return changes.scope in self._kept and self._kept[changes.scope][0] != changes

    def last(self, scope: Scope) -> Review | None:
        """The last review of a scope."""
        return self._kept[scope][1] if scope in self._kept else None

    def fold(self, finding: Finding, *, folded: bool) -> None:
        """Fold all findings of this fingerprint, or unfold them."""
        self._carried = None
        for scope, (changes, review) in self._kept.items():
            self._kept[scope] = changes, _folded(review, finding.fingerprint, folded)


def _folded(review: Review, fingerprint: str, folded: bool) -> Review:
    source = review.findings if folded else review.folded
    moved = tuple(finding for finding in source if finding.fingerprint == fingerprint)
    if not moved:
        return review
    stay = tuple(finding for finding in source if finding.fingerprint != fingerprint)
    if folded:
        return replace(review, findings=stay, folded=ranked((*review.folded, *moved)))
    return replace(review, findings=ranked((*review.findings, *moved)), folded=stay)

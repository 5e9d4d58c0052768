"""A review as a session keeps it: with a fingerprint of the changes, so that it is shown again with no others."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from termcoder.diagnosis.fixes import Origin
from termcoder.diffs.model import ChangeSet, Scope
from termcoder.edits.patch import FileChange, Patch
from termcoder.review.finding import Category, Coverage, Finding, Review, Severity

KEPT_PATCH = 200_000
"""Characters of a file's text; the suggestion for a longer one isn't kept."""


def fingerprint(changes: ChangeSet) -> str:
    """The same for the same changes of the same files, whatever they are compared as."""
    made = hashlib.sha256()
    for file in changes.files:
        made.update(repr((file.path, file.old_path, file.mode_new, file.hunks)).encode("utf-8", "surrogateescape"))
    return made.hexdigest()


def to_json(review: Review) -> dict[str, Any]:
    """What JSON is made of."""
    return {
        "coverage": asdict(review.coverage),
        "dropped": review.dropped,
        "model": review.model,
        "interrupted": review.interrupted,
        "notes": review.notes,
        "findings": [_finding_to_json(finding) for finding in (*review.findings, *review.folded)],
    }


def findings_of(data: Mapping[str, Any]) -> list[Finding]:
    """The findings in what `to_json` made. Raises ValueError, KeyError, TypeError where it is something else."""
    return [_finding(each) for each in data["findings"]]


def review_of(data: Mapping[str, Any], scope: Scope) -> Review:
    """The review without its findings. Raises ValueError, KeyError, TypeError where `data` is something else."""
    coverage = data["coverage"]
    pairs = tuple((path, why) for path, why in coverage["skipped"])
    return Review(
        scope=scope,
        coverage=Coverage(**{**coverage, "skipped": pairs, "left_out": tuple(coverage["left_out"])}),
        dropped=tuple((reason, count) for reason, count in data["dropped"]),
        model=data["model"],
        interrupted=data["interrupted"],
        notes=tuple(data["notes"]),
    )


def _finding_to_json(finding: Finding) -> dict[str, Any]:
    changes = finding.suggestion.changes if finding.suggestion else ()
    small = all(len(change.before or "") + len(change.after or "") < KEPT_PATCH for change in changes)
    return {
        **asdict(finding),
        "severity": str(finding.severity),
        "suggestion": [asdict(change) for change in changes] if small and changes else None,
    }


def _finding(data: Mapping[str, Any]) -> Finding:
    changes = data["suggestion"]
    return Finding(
        **{
            **data,
            "severity": Severity[data["severity"].upper()],
            "category": Category(data["category"]),
            "origin": Origin(data["origin"]),
            "suggestion": Patch(tuple(FileChange(**change) for change in changes)) if changes else None,
        }
    )

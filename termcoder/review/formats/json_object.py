r"""A review as one JSON object on one line of ASCII, for scripts.

`version` grows when a name goes or changes its meaning; names may be added without that. Bytes of a file or a name
that are not UTF-8 are single surrogates (`\udc80` to `\udcff`), as Python reads them.
"""

import json
from typing import Any

from termcoder.edits.patch import unified
from termcoder.review.finding import Coverage, Finding, Review

VERSION = 1


def render(review: Review) -> str:
    """The review as JSON."""
    return json.dumps(as_object(review))


def as_object(review: Review) -> dict[str, Any]:
    """The review as what JSON is made of."""
    return {
        "version": VERSION,
        "scope": str(review.scope),
        "model": review.model,
        "interrupted": review.interrupted,
        "coverage": _coverage(review.coverage),
        "findings": [_finding(finding) for finding in review.findings],
        "folded": [_finding(finding) for finding in review.folded],
        "dropped": [{"reason": reason, "count": count} for reason, count in review.dropped],
        "notes": list(review.notes),
    }


def _coverage(coverage: Coverage) -> dict[str, Any]:
    return {
        "files": coverage.files,
        "files_read": coverage.files_read,
        "hunks": coverage.hunks,
        "hunks_read": coverage.hunks_read,
        "skipped": [{"path": path, "reason": reason} for path, reason in coverage.skipped],
        "left_out": list(coverage.left_out),
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "path": finding.path,
        "line": finding.line,
        "quoted": finding.quoted,
        "severity": str(finding.severity),
        "category": str(finding.category),
        "title": finding.title,
        "scenario": finding.scenario,
        "confidence": round(finding.confidence, 4),
        "origin": str(finding.origin),
        "suggestion": unified(finding.suggestion) if finding.suggestion else None,
        "fingerprint": finding.fingerprint,
    }

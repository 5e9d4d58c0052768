"""A review as SARIF 2.1.0, which code scanning services read: a rule for each category, a result for each finding.

Folded findings are left out: what reads SARIF often shows suppressed results like any other. How many there were is
told among the notifications.
"""

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import termcoder
from termcoder.diffs.model import Hunk
from termcoder.edits.patch import FileChange, Patch, hunks
from termcoder.review.finding import Category, Finding, Review, Severity
from termcoder.review.formats.plain import one_line, percent, source_line, visible
from termcoder.review.formats.text import asides

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
ROOT = "SRCROOT"
"""Stands for the project's top folder, which every path is relative to."""

FINGERPRINT = "termcoderFinding/v1"

_LEVELS = {
    Severity.CRITICAL: "error",
    Severity.MAJOR: "error",
    Severity.MINOR: "warning",
    Severity.NIT: "note",
}
_RULES = {  # a name, and what a finding of the category says
    Category.BUG: ("Bug", "The change makes the program do something else than it should."),
    Category.SECURITY: ("Security", "The change lets somebody read or do what they must not."),
    Category.DATA_LOSS: ("DataLoss", "The change can lose or damage what somebody has stored."),
    Category.CONCURRENCY: ("Concurrency", "The change goes wrong where several things happen at once."),
    Category.PERFORMANCE: ("Performance", "The change costs more time or memory than it needs to."),
    Category.ERROR_HANDLING: ("ErrorHandling", "The change hides an error, or goes on after one."),
    Category.COMPATIBILITY: ("Compatibility", "The change breaks what others rely on."),
    Category.TESTS: ("Tests", "The change leaves something untested, or a test that can't fail."),
    Category.PROJECT_RULE: ("ProjectRule", "The change breaks a rule of the project."),
    Category.READABILITY: ("Readability", "The change is harder to read than it needs to be."),
    Category.DOCS: ("Docs", "The change makes a comment or a document wrong."),
}
_PLACE = {rule: place for place, rule in enumerate(_RULES)}
_PLACEHOLDER = re.compile(r"\{(?=[0-9]+\})|(?<=[0-9])\}")

Json = dict[str, Any]


def render(review: Review) -> str:
    """The review as a SARIF log with one run."""
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [_run(review)]}, indent=2)


def message(text: str) -> str:
    """Text as a message of SARIF shows it: nothing in it is a link or a placeholder."""
    return _PLACEHOLDER.sub(r"\g<0>\g<0>", visible(text).replace("](", "] ("))


def uri(path: str) -> str:
    """A path as a relative reference: percent-encoded, never with a scheme or a host."""
    return quote(path.encode("utf-8", "surrogateescape").lstrip(b"/"))


def _run(review: Review) -> Json:
    return {
        "tool": {"driver": _driver()},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {ROOT: {"description": {"text": "The top folder of the project."}}},
        "invocations": [_invocation(review)],
        "results": [_result(finding) for finding in review.findings],
        "properties": {"scope": visible(str(review.scope)), "model": visible(review.model)},
    }


def _driver() -> Json:
    rules = [
        {
            "id": str(category),
            "name": name,
            "shortDescription": {"text": description},
            "help": {"text": f"{description} A model found it: read the change before you believe it."},
            "properties": {"tags": ["security"] if category is Category.SECURITY else ["quality"]},
        }
        for category, (name, description) in _RULES.items()
    ]
    return {"name": "termcoder", "version": termcoder.__version__, "rules": rules}


def _invocation(review: Review) -> Json:
    notifications = [{"level": "note", "message": {"text": message(aside)}} for aside in asides(review)]
    return {"executionSuccessful": not review.interrupted, "toolExecutionNotifications": notifications}


def _result(finding: Finding) -> Json:
    title = one_line(finding.title).rstrip(".")
    result: Json = {
        "ruleId": str(finding.category),
        "ruleIndex": _PLACE[finding.category],
        "level": _LEVELS[finding.severity],
        "rank": percent(finding.confidence),
        "message": {"text": message(f"{title}. {one_line(finding.scenario)}")},
        "locations": [{"physicalLocation": _location(finding)}],
        "partialFingerprints": {FINGERPRINT: finding.fingerprint},
        "properties": {"severity": str(finding.severity), "origin": str(finding.origin)},
    }
    fix = _fix(finding.suggestion) if finding.suggestion else None
    return result | ({"fixes": [fix]} if fix else {})


def _location(finding: Finding) -> Json:
    region = {"startLine": finding.line, "snippet": {"text": source_line(finding.quoted)}}
    return {"artifactLocation": _artifact(finding.path), "region": region}


def _artifact(path: str) -> Json:
    return {"uri": uri(path), "uriBaseId": ROOT}


def _fix(patch: Patch) -> Json | None:
    """The patch as a fix; None where it makes or deletes a file, which a fix can't say."""
    if any(change.before is None or change.after is None for change in patch.changes):
        return None
    changes = [made for change in patch.changes if (made := _change(change))]
    return (
        {"description": {"text": "The change that the review suggests."}, "artifactChanges": changes}
        if changes
        else None
    )


def _change(change: FileChange) -> Json:
    replacements = list(_replacements(change))
    return {"artifactLocation": _artifact(change.path), "replacements": replacements} if replacements else {}


def _replacements(change: FileChange) -> Iterator[Json]:
    for hunk in hunks(change, context=0):
        added = "".join(text for sign, text in hunk.rows if sign == "+")
        yield {"deletedRegion": _deleted(hunk), "insertedContent": {"text": _encodable(added)}}


def _deleted(hunk: Hunk) -> Json:
    """The region of a hunk's old lines, their ends included."""
    first = hunk.first_old + (hunk.old_lines == 0)
    removed = [text for sign, text in hunk.rows if sign == "-"]
    end = {"endLine": first + len(removed), "endColumn": 1}
    if removed and not removed[-1].endswith("\n"):
        end = {"endLine": first + len(removed) - 1, "endColumn": len(removed[-1]) + 1}
    return {"startLine": first, "startColumn": 1, **end}


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()

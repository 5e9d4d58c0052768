"""Changes and findings that tests of reviews share."""

from termcoder.diagnosis.fixes import Origin
from termcoder.diffs.model import ChangeSet, FileDiff, Scope
from termcoder.diffs.parsing import parse_patch
from termcoder.edits.patch import FileChange, Patch, unified
from termcoder.review.finding import Category, Finding, Severity


def file_of(path: str, before: str | None, after: str | None) -> FileDiff:
    """The diff of one file."""
    return parse_patch(unified(Patch((FileChange(path, before, after),))).encode())[0]


def changes_of(*files: FileDiff) -> ChangeSet:
    """Files as a staged change."""
    return ChangeSet(Scope(), files)


def finding(path: str = "app.py", line: int = 2, **values: object) -> Finding:
    """A finding, with these values in the place of usual ones."""
    usual: dict[str, object] = {
        "quoted": "    return rows[0]",
        "severity": Severity.MAJOR,
        "category": Category.BUG,
        "title": "`rows` may be empty",
        "scenario": "When nothing is found, an IndexError is raised",
        "confidence": 0.8,
        "origin": Origin.MODEL,
    }
    return Finding(path=path, line=line, **{**usual, **values})  # type: ignore[arg-type]

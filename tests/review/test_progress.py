"""A review on its way: what is shown, what is folded, what has been read."""

from dataclasses import replace

from termcoder.diagnosis.fixes import Origin
from termcoder.diffs.model import FileDiff, Kind, Status
from termcoder.review.finding import Category, Finding, Severity
from termcoder.review.progress import COMBINED, IGNORED, Growing, skipping, why_skipped
from termcoder.settings import ReviewSettings
from tests.review.samples import changes_of, file_of, finding


def growing(*files: FileDiff, dismissed: tuple[Finding, ...] = (), **settings: object) -> Growing:
    return Growing(changes_of(*files), replace(ReviewSettings(), **settings), lambda each: each in dismissed)  # type: ignore[arg-type]


def test_a_hunk_is_read_when_all_its_pieces_are() -> None:
    made = growing(file_of("a.py", "1\n", "2\n"), file_of("b.py", "1\n", "2\n"))
    made.expect([(0, 0), (0, 0), (1, 0)])
    made.has_read((0, 0), [])
    assert str(made.review.coverage) == "0 of 2 files read, 0 of 2 hunks"
    made.has_read((1, 0), [])
    assert str(made.review.coverage) == "1 of 2 files read, 1 of 2 hunks"
    made.has_read((0, 0), [])
    assert str(made.review.coverage) == "2 of 2 files read, 2 of 2 hunks"


def test_skipped_files_are_named_with_the_reason() -> None:
    lock, text = file_of("uv.lock", "1\n", "2\n"), file_of("a.py", "1\n", "2\n")
    picture = FileDiff("a.png", Status.ADDED, Kind.BINARY, skipped="binary file")
    made = growing(lock, text, picture)
    assert made.review.coverage.skipped == (("uv.lock", IGNORED), ("a.png", "binary file"))


def test_merges_are_not_reviewed() -> None:
    spec = skipping("")
    assert why_skipped(FileDiff("a.py", Status.MODIFIED, combined=True), spec) == COMBINED


def test_findings_below_the_threshold_are_folded_not_lost() -> None:
    sure, unsure = finding(line=1, confidence=0.9), finding(line=2, confidence=0.2)
    made = growing(min_confidence=0.5)
    made.add(unsure)
    made.add(sure)
    assert (made.review.findings, made.review.folded) == ((sure,), (unsure,))


def test_ignored_and_dismissed_findings_are_folded() -> None:
    nit = finding(line=1, severity=Severity.NIT)
    docs = finding(line=2, category=Category.DOCS)
    gone = finding(line=3)
    kept = finding(line=4)
    made = growing(dismissed=(gone,), ignore_severities="nit, minor", ignore_categories="Docs")
    for each in (nit, docs, gone, kept):
        made.add(each)
    assert made.review.findings == (kept,)
    assert set(made.review.folded) == {nit, docs, gone}


def test_the_worst_come_first() -> None:
    minor = finding(line=1, severity=Severity.MINOR)
    critical = finding(line=2, severity=Severity.CRITICAL)
    made = growing()
    made.add(minor)
    made.add(critical)
    assert made.review.findings == (critical, minor)
    assert made.review.worst is Severity.CRITICAL


def test_of_two_findings_about_the_same_the_rule_s_or_the_surer_one_is_kept() -> None:
    made = growing(min_confidence=0)
    rule, unsure, sure = finding(origin=Origin.RULE), finding(confidence=0.6), finding(confidence=0.99)
    made.add(unsure)
    made.add(sure)
    assert made.review.findings == (sure,)
    other = growing(min_confidence=0)
    other.add(rule)
    other.add(sure)
    assert other.review.findings == (rule,)

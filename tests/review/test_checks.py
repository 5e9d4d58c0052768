"""Rules: each finds what it is for, leaves alone what looks like it, and no text makes one raise."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from termcoder import syntax
from termcoder.diagnosis.fixes import Origin
from termcoder.diffs.model import FileDiff, Hunk, Kind, Status
from termcoder.edits.patch import FileChange, hunks
from termcoder.review.checks import MOST_ALARMS, alarms, check, rule_names
from termcoder.review.checks_base import Change
from termcoder.review.finding import Finding, Severity
from tests.review.rule_cases import CASES, Case, sides

ROOT = Path(__file__).parents[2]
FOUND = [case for case in CASES if case.line]
QUIET = [case for case in CASES if not case.line]


def made(path: str, old: str | None, new: str) -> FileDiff:
    status = Status.ADDED if old is None else Status.MODIFIED
    return FileDiff(path, status, hunks=hunks(FileChange(path, old, new)))


def said(case: Case) -> list[int]:
    """The lines at which the case's rule says something."""
    change = Change(made(case.path, case.old, case.new), case.old, case.new)
    return [alarm.line for name, alarm in alarms(change) if name == case.rule]


def findings(path: str, diff: str) -> list[Finding]:
    old, new = sides(diff)
    return check(made(path, old, new), old, new, 0)


def test_every_rule_has_a_name_of_its_own_and_both_kinds_of_cases() -> None:
    names = rule_names()
    assert len(set(names)) == len(names)
    assert {case.rule for case in FOUND} == {case.rule for case in QUIET} == set(names)


@pytest.mark.parametrize("case", FOUND, ids=str)
def test_a_rule_finds_what_it_is_for(case: Case) -> None:
    assert said(case) == [case.line]


@pytest.mark.parametrize("case", QUIET, ids=str)
def test_a_rule_leaves_alone_what_looks_like_it(case: Case) -> None:
    assert said(case) == []


@pytest.mark.parametrize("case", FOUND, ids=str)
def test_a_finding_says_what_happens_and_where_and_a_suggestion_removes_it(case: Case) -> None:
    found = check(made(case.path, case.old, case.new), case.old, case.new, 3)
    assert case.line in [finding.line for finding in found]
    for finding in found:
        assert finding.line <= case.new.count("\n")
        assert (finding.origin, finding.file, finding.hunk) == (Origin.RULE, 3, 0)
        assert 0.6 < finding.confidence < 1
        assert re.fullmatch("When .+[.]", finding.scenario)
        assert re.fullmatch("[`A-Z].+[^.]", finding.title)
        if finding.suggestion:
            (change,) = finding.suggestion.changes
            assert (change.path, change.before) == (case.path, case.new)
            assert change.after is not None
            assert syntax.worse(case.path, case.new, change.after) is None
            left = check(made(case.path, case.old, change.after), case.old, change.after, 3)
            assert finding.title not in [each.title for each in left]


@pytest.mark.parametrize(
    ("path", "diff", "expected"),
    [
        ("a.py", "+ x = y is 5\n", "x = y == 5\n"),
        ("a.py", "+ assert (x, 'no')\n", "assert x, 'no'\n"),
        ("a.py", "+ if a == 1 or 2:\n+     f()\n", "if a in (1, 2):\n    f()\n"),
        ("a.py", "+ import yaml\n+ x = yaml.load(t)\n", "import yaml\nx = yaml.safe_load(t)\n"),
        ("a.py", "  def f():\n+     breakpoint()\n      return 1\n", "def f():\n    return 1\n"),
        (
            "a.py",
            "+ def f(a, b=[]):\n+     '''Do.'''\n+     b.append(a)\n",
            "def f(a, b=None):\n    '''Do.'''\n    if b is None:\n        b = []\n    b.append(a)\n",
        ),
        ("a.py", "+ for x in xs:\n+     xs.remove(x)\n", "for x in list(xs):\n    xs.remove(x)\n"),
        ("a.py", "+ for i in x:\n+     c.append(lambda: f(i))\n", "for i in x:\n    c.append(lambda i=i: f(i))\n"),
        ("a.py", "+ n = n.rstrip('.txt')\n", "n = n.removesuffix('.txt')\n"),
        (
            "a.py",
            "  def f(a):\n-     if a is None:\n-         return 0\n      x = a.b\n      return x\n",
            "def f(a):\n    if a is None:\n        return 0\n    x = a.b\n    return x\n",
        ),
        ("a.js", "+ if (a = 1) { f(); }\n", "if (a === 1) { f(); }\n"),
        ("a.test.js", "+ it.only('x', f);\n", "it('x', f);\n"),
        ("a.c", "  void f(char *s) {\n+   printf(s);\n  }\n", 'void f(char *s) {\n  printf("%s", s);\n}\n'),
        ("a.sh", "+ rm -rf $A/b\n", 'rm -rf "$A/b"\n'),
    ],
)
def test_a_certain_correction_is_suggested(path: str, diff: str, expected: str) -> None:
    suggestions = [finding.suggestion for finding in findings(path, diff) if finding.suggestion]
    assert [suggestion.changes[0].after for suggestion in suggestions] == [expected]


def test_line_ends_of_windows_stay_in_a_suggestion() -> None:
    new = "x = 1\r\nif x is 5:\r\n    y = 2\r\n"
    (finding,) = check(made("a.py", None, new), None, new, 0)
    assert finding.suggestion is not None
    assert finding.suggestion.changes[0].after == "x = 1\r\nif x == 5:\r\n    y = 2\r\n"


def test_a_finding_does_not_hold_the_secret_it_is_about() -> None:
    secret = "AKIA" + "Q7GZT3LMWX5RVB2N"
    (finding,) = findings("a.py", f"+ KEY = '{secret}'\n")
    assert finding.severity is Severity.CRITICAL
    assert secret not in repr(finding)
    assert finding.quoted == "KEY = '[secret 1]'"
    assert "AWS key" in finding.title


def test_a_secret_is_hidden_in_what_others_quote() -> None:
    secret = "k7Tq9zRw4mXp"
    found = findings("a.py", f"+ requests.get(url, password='{secret}', verify=False)\n")
    assert len(found) == 2
    assert secret not in repr([(each.quoted, each.title, each.scenario) for each in found])


def test_a_comment_for_linters_is_heeded() -> None:
    assert findings("a.py", "+ x = y is 5  # noqa: F632\n") == []


def test_lines_that_were_there_before_are_not_spoken_of() -> None:
    assert findings("a.py", "  x = y is 5\n+ z = 1\n") == []


def test_without_the_new_text_the_lines_of_the_hunks_are_looked_at() -> None:
    rows = (("+", "<<<<<<< HEAD\n"), ("+", "a\n"), ("+", "=======\n"), ("+", "b\n"), ("+", ">>>>>>> x\n"))
    file = FileDiff("a.txt", Status.MODIFIED, hunks=(Hunk(9, 0, 10, 5, rows),))
    (finding,) = check(file, None, None, 0)
    assert (finding.line, finding.quoted) == (10, "<<<<<<< HEAD")


def test_files_that_are_no_text_and_endless_ones_are_passed_over() -> None:
    new = "x = y is 5\n"
    file = made("a.py", None, new)
    assert len(check(file, None, new, 0)) == 1
    assert check(FileDiff("a.py", Status.ADDED, Kind.SYMLINK, hunks=file.hunks), None, new, 0) == []
    assert len(check(made("a.py", None, new * 500), None, new * 500, 0)) == MOST_ALARMS
    assert check(made("a.py", None, new * 100_000), None, new * 100_000, 0) == []


def test_the_finding_is_at_a_line_of_the_hunk_that_shows_its_cause() -> None:
    between = "".join(f"    x{number} = {number}\n" for number in range(9))
    new = f"def f(a):\n{between}    return a.b\n"
    old = f"def f(a):\n    if a is None:\n        return 0\n{between}    return a.b\n"
    (finding,) = check(made("a.py", old, new), old, new, 0)
    assert finding.line in hunks(FileChange("a.py", old, new))[0].new_numbers
    assert "line 11" in finding.scenario


SNIPPETS = st.sampled_from([text for case in CASES for text in (case.old or "", case.new)])
PATHS = st.sampled_from(sorted({case.path for case in CASES}))
JUNK = st.text("\t\r\n ()[]{}'\"`$\\:;=+-*/%<>!&|#@.,_azAZ019éif\x00\x0c\ud800", max_size=60)


@settings(max_examples=150)
@given(PATHS, st.lists(SNIPPETS | JUNK, max_size=4), st.lists(SNIPPETS | JUNK, max_size=4))
def test_no_text_makes_a_rule_raise(path: str, before: list[str], after: list[str]) -> None:
    old, new = "".join(before), "".join(after)
    for finding in check(made(path, old, new), old, new, 0):
        assert 1 <= finding.line <= new.count("\n") + 1


@settings(max_examples=20)
@given(
    st.sampled_from(["([{", "'\"", "-+", "!", ".a", ":", "if rm $", "with lock:", "not <", "await x", "(!", "\\"]),
    st.integers(200, 2000),
    PATHS,
)
def test_no_text_takes_long(piece: str, count: int, path: str) -> None:
    text = piece * count + "\n" + f"{piece} " * count + "\n" + f"{piece}\n" * count
    check(made(path, None, text), None, text, 0)


def test_this_programs_own_sources_are_clean() -> None:
    for path in sorted((ROOT / "termcoder").rglob("*.py"))[::9]:
        text = path.read_text(encoding="utf-8")
        assert check(made(str(path.relative_to(ROOT)), None, text), None, text, 0) == []

"""pytest, notebooks, Rich, loguru and unittest: what the fixtures don't show."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from termcoder.tracebacks import loguru_log, notebook, pytest_log, rich_box, unittest_log
from termcoder.tracebacks.report import Certainty, Failure

PARSERS = [module.PARSER for module in (pytest_log, notebook, rich_box, loguru_log, unittest_log)]
FOLDERS = ("pytest", "notebook", "rich", "unittest")
FIXTURES = Path(__file__).parent / "fixtures"
LOGS = [log.read_text(encoding="utf-8") for folder in FOLDERS for log in sorted((FIXTURES / folder).glob("*.txt"))]


def failures(text: str) -> list[Failure]:
    return list(pytest_log.PARSER.parse(text.splitlines()))


def test_the_summary_tells_what_the_sections_dont() -> None:
    text = "=== FAILURES ===\n___ test_a ___\n\n    def test_a():\n>       f()\nE       KeyError: 'a'\n\n"
    text += "t.py:2: KeyError\n"
    text += "=== short test summary info ===\nFAILED t.py::test_a - KeyError: 'a'\nFAILED t.py::test_b - OSError: no\n"
    assert [(f.errors[0].type, f.certainty) for f in failures(text)] == [
        ("KeyError", Certainty.CERTAIN),
        ("OSError", Certainty.LIKELY),
    ]


def test_a_windows_path_is_kept() -> None:
    text = ">       f()\nE       KeyError: 'a'\n\nC:\\shop\\test_a.py:12: KeyError"
    (failure,) = failures(text)
    assert failure.errors[0].frames[0].file == "C:\\shop\\test_a.py"


def test_a_broken_line_is_joined() -> None:
    said = "E       ValueError: " + "the drawer is stuck and " * 3
    text = f">       f()\n{said[:80]}\n{said[80:]}\n\nt.py:12: ValueError"
    (failure,) = failures(text)
    assert failure.errors[0].message == ("the drawer is stuck and " * 3).rstrip()
    assert failure.certainty is Certainty.LIKELY


@pytest.mark.parametrize(
    "text",
    [
        "ERROR shop.py: nothing to do",
        "12:00:01 FAILED login for root",
        "===== all good =====\n___ nothing ___\nE2E tests are fine",
        "tests/test_a.py::test_b PASSED [100%]\n=== 1 passed in 0.01s ===",
        "ERROR: file or directory not found: nothing.py",
        "E   mail: shop at example dot org",
    ],
)
def test_ordinary_lines_are_no_failures(text: str) -> None:
    assert not [f for parser in PARSERS for f in parser.parse(text.splitlines())]


def check(found: Sequence[Failure], count: int) -> None:
    for failure in found:
        assert 0 <= failure.first <= failure.last < count
        assert failure.errors and 0 <= failure.root < len(failure.errors)
        for error in failure.errors:
            assert 0 <= error.at < count
            assert all(0 <= frame.at < count for frame in error.frames)


LINES = [line for log in LOGS for line in log.splitlines()]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.one_of(st.sampled_from(LINES), st.text(max_size=60)), max_size=60))
def test_any_lines_can_be_read(lines: list[str]) -> None:
    for parser in PARSERS:
        check(list(parser.parse(lines)), len(lines))


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(LOGS), st.data())
def test_any_part_of_a_log_can_be_read(log: str, data: st.DataObject) -> None:
    lines = log.splitlines()
    start = data.draw(st.integers(0, len(lines)))
    end = data.draw(st.integers(start, len(lines)))
    lines = lines[start:end]
    lines.insert(data.draw(st.integers(0, len(lines))), data.draw(st.text(max_size=40)))
    for parser in PARSERS:
        check(list(parser.parse(lines)), len(lines))

"""JavaScript's and TypeScript's logs: what the fixtures don't show."""

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from termcoder.tracebacks import Certainty, Failure, Relation
from termcoder.tracebacks.javascript import PARSER
from termcoder.tracebacks.javascript_frames import is_own, v8_frame

FIXTURES = Path(__file__).parent / "fixtures"
LOGS = sorted([*FIXTURES.glob("javascript/*.txt"), *FIXTURES.glob("typescript/*.txt")])
LINES = sorted({line for log in LOGS for line in log.read_text(encoding="utf-8").splitlines()})


def failures(text: str) -> list[Failure]:
    return list(PARSER.parse(text.splitlines()))


@pytest.mark.parametrize(
    ("line", "file", "number", "function"),
    [
        ("    at f (/app/a.js:3:4)", "/app/a.js", 3, "f"),
        ("    at async f (file:///app/a.mjs:3:4)", "file:///app/a.mjs", 3, "f"),
        ("    at new Cart (C:\\shop\\a.ts:3:4) {", "C:\\shop\\a.ts", 3, "new Cart"),
        ("    at Object.open [as close] (/app/a b (1).js:3:4)", "/app/a b (1).js", 3, "Object.open [as close]"),
        ("  at /app/a.js:3:4", "/app/a.js", 3, None),
        ("at Array.map (<anonymous>)", None, None, "Array.map"),
        ("    at async Promise.all (index 2)", None, None, "Promise.all"),
        ("    at eval (eval at run (/app/a.js:4:10), <anonymous>:1:1)", "/app/a.js", 4, "eval"),
        ("    at f (webpack:///./src/a.ts:3:4)", "webpack:///./src/a.ts", 3, "f"),
    ],
)
def test_a_frame_of_v8(line: str, file: str | None, number: int | None, function: str | None) -> None:
    frame = v8_frame(line, 0)
    assert frame is not None
    assert (frame.file, frame.line, frame.function) == (file, number, function)


@pytest.mark.parametrize(
    "line",
    [
        "\tat com.acme.Shop.run(Shop.java:12)",
        "   at Acme.Shop.Run() in /app/Shop.cs:line 12",
        "at 10:30:15 the shop opens",
        "we met at the office (room 4:3)",
    ],
)
def test_a_line_that_is_no_frame(line: str) -> None:
    assert v8_frame(line, 0) is None


def test_whose_code_a_file_is() -> None:
    assert is_own("webpack-internal:///(rsc)/./src/app/page.tsx")
    assert is_own("src/events.js")
    assert is_own("/app/core.mjs")
    assert not is_own("core.mjs")
    assert not is_own("runtime-core.esm-bundler.js")
    assert not is_own("events.js")
    assert not is_own("webpack-internal:///./node_modules/react-dom/index.js")
    assert not is_own("node:internal/timers")


@pytest.mark.parametrize(
    "text",
    [
        "Error: 0 problems\nno errors found",
        "(node:1) [DEP0005] DeprecationWarning: Buffer() is deprecated.\n    at f (/app/a.js:1:2)",
        "Warning: Each child needs a key.\n\nCheck the render method.\n    at li\n    at Cart (http://localhost/a.js:1:2)",
        "Trace: here\n    at f (/app/a.js:1:2)",
        "contact ann@example.org:80:90",
    ],
)
def test_no_error_is_made_of_warnings_and_prose(text: str) -> None:
    assert failures(text) == []


def test_a_stack_without_its_beginning_is_told_as_it_is() -> None:
    (failure,) = failures("    at g (/app/a.js:3:4)\n    at f (/app/b.js:1:2)")
    assert failure.certainty is Certainty.LIKELY
    assert [frame.function for frame in failure.errors[0].frames] == ["f", "g"]


def test_a_warning_s_stack_is_of_an_error_that_was_handled() -> None:
    (failure,) = failures("10:00 WARN shop: retry after Error: no till\n    at f (/app/a.js:1:2)")
    assert failure.ends_program is False
    assert failure.errors[0].handled


def test_a_broken_line_is_put_together() -> None:
    first = "    at report (/app/a/path/that/is/longer/than/the/terminal/is/wide/src/pri"
    (failure,) = failures(f"TypeError: x\n{first}\nces.js:16:25)\n    at main (/app/a.js:1:2)")
    assert [frame.line for frame in failure.errors[0].frames] == [1, 16]


def test_a_stack_in_a_json_record() -> None:
    (failure,) = failures('{"level":40,"err":{"stack":"TypeError: x\\n    at f (/app/a.js:1:2)\\n    at g (/app/b')
    assert (failure.format, failure.errors[0].type, failure.ends_program) == ("json-log", "TypeError", False)


def test_react_s_component_stack_is_no_second_error() -> None:
    text = (
        "TypeError: x\n    at Cart (http://localhost/a.js:1:2)\n\n"
        "The above error occurred in the <Cart> component:\n\n    at Cart (http://localhost/a.js:1:1)\n    at div\n"
    )
    assert len(failures(text)) == 1


def test_causes_come_before_what_they_caused() -> None:
    text = "Error: outer\n    at f (/app/a.js:1:2) {\n  [cause]: [RangeError: inner]\n}"
    (failure,) = failures(text)
    assert [(error.type, error.relation) for error in failure.errors] == [
        ("RangeError", Relation.CAUSE),
        ("Error", Relation.ALONE),
    ]


def test_npm_is_told_only_where_nothing_else_is() -> None:
    npm = "npm ERR! code ELIFECYCLE\nnpm ERR! errno 1"
    assert [failure.format for failure in failures(npm)] == ["npm"]
    assert [failure.format for failure in failures(f"TypeError: x\n    at f (/app/a.js:1:2)\n{npm}")] == ["node"]


@pytest.mark.parametrize(
    "line",
    [
        *("    at f (/app/a.js:1:2)", "Uncaught TypeError: x is", " FAIL  a.test.ts", "  ● a › b", "   ^"),
        *("./src/a.ts:1:2 - Error: x", "  1) [chromium] › a.spec.ts:1:2 › a", "    console.error"),
    ],
)
def test_much_of_the_same_takes_no_more_than_its_share(line: str) -> None:
    started = time.perf_counter()
    failures("\n".join([line] * 20_000))
    assert time.perf_counter() - started < 8


lines_of_a_log = st.lists(st.one_of(st.sampled_from(LINES), st.text(max_size=60)), max_size=60)


@settings(max_examples=150, deadline=None)
@given(lines_of_a_log)
def test_any_lines_are_read_without_a_fault(lines: list[str]) -> None:
    for failure in PARSER.parse(lines):
        assert 0 <= failure.first <= failure.last < len(lines)
        assert 0 <= failure.root < len(failure.errors)
        for error in failure.errors:
            assert 0 <= error.at < len(lines)
            assert all(0 <= frame.at < len(lines) for frame in error.frames)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(LOGS), st.data())
def test_a_log_may_be_cut_anywhere(log: Path, data: st.DataObject) -> None:
    lines = log.read_text(encoding="utf-8").splitlines()
    first = data.draw(st.integers(0, len(lines)))
    last = data.draw(st.integers(first, len(lines)))
    noise = data.draw(st.lists(st.text(max_size=20), max_size=3))
    cut = [*lines[first:last], *noise]
    assert all(0 <= failure.first <= failure.last < len(cut) for failure in PARSER.parse(cut))

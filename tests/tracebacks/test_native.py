"""The readers of C and C++ logs: what the fixtures don't show, and that no text makes them fail."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from termcoder.tracebacks import build_tools, gdb, native, native_build, native_stacks, native_tests, sanitizer
from termcoder.tracebacks.native_frames import bare_name, declared_name, is_own
from termcoder.tracebacks.report import Certainty, Failure

MODULES = (build_tools, gdb, native, native_build, native_stacks, native_tests, sanitizer)
FIXTURES = Path(__file__).parent / "fixtures"
LOGS = [log.read_text(errors="replace") for kind in ("c", "cpp") for log in sorted((FIXTURES / kind).glob("*.txt"))]


def read(text: str) -> list[Failure]:
    return [failure for module in MODULES for failure in module.PARSER.parse(text.splitlines())]


def only(text: str) -> Failure:
    (failure,) = read(text)
    return failure


@pytest.mark.parametrize(
    "text",
    [
        "no errors found",
        "Error: 0 problems",
        "main.c:3:5: warning: unused variable 'x' [-Wunused-variable]",
        "main.c:3:5: note: declared here",
        "[INFO] errors: 0, warnings: 3",
        "main.py:3:5: error: Name 'x' is not defined  [name-defined]",
        "Breakpoint 1, main () at main.c:3\n#0  main () at main.c:3\n#1  0x0000 in start () at s.c:1",
        "==12== ERROR SUMMARY: 0 errors from 0 contexts (suppressed: 0 from 0)",
        "make: *** Waiting for unfinished jobs....",
        "shop-1 exited with code 0",
        "[       OK ] Basket.IsEmpty (0 ms)",
        "panic: runtime error: index out of range",
    ],
)
def test_what_is_no_error_gives_none(text: str) -> None:
    assert read(text) == []


@pytest.mark.parametrize(
    ("symbol", "name"),
    [
        ("shop::Order::total(int const*) const", "shop::Order::total"),
        ("main::{lambda(int)#1}::operator()(int) const", "main::{lambda(int)#1}::operator()"),
        ("(anonymous namespace)::total(int)", "(anonymous namespace)::total"),
        ("operator()", "operator()"),
        ("??", None),
    ],
)
def test_a_symbol_is_shown_without_its_arguments(symbol: str, name: str | None) -> None:
    assert bare_name(symbol) == name


def test_a_declaration_is_shown_as_its_name() -> None:
    assert declared_name("std::vector<T, A>::reference std::vector<T, A>::at(size_type) [with T = int]") == (
        "std::vector<T, A>::at"
    )


@pytest.mark.parametrize(
    ("path", "name", "own"),
    [
        ("/srv/shop/main.c", "main", True),
        ("../sysdeps/posix/raise.c", "raise", False),
        ("/usr/include/c++/12/bits/stl_vector.h", "at", False),
        ("/lib/x86_64-linux-gnu/libc.so.6", "unknown_name", False),
        (None, "std::terminate", False),
        (None, "total", True),
        ("src/standard.cpp", "standard::price", True),
    ],
)
def test_own_code_is_told_from_libraries(path: str | None, name: str, own: bool) -> None:
    assert is_own(path, name) is own


def test_a_long_message_that_a_terminal_has_broken_is_joined() -> None:
    line = "basket.c:12:5: error: passing argument 1 of 'total' from incompatible pointer ty"
    failure = only(f"{line}\npe is not allowed\n   12 |     total(x);\n      |     ^~~~~")
    assert failure.errors[0].message.endswith("incompatible pointer type is not allowed")
    assert failure.errors[0].frames[0].code == "total(x);"


def test_the_record_of_a_logger_may_stand_before_an_assertion() -> None:
    failure = only("2024-01-01 12:00:00 ERROR app: shop: main.c:12: total: Assertion `count > 0' failed.")
    assert (failure.errors[0].frames[0].file, failure.errors[0].frames[0].line) == ("main.c", 12)


def test_a_use_of_a_template_in_own_code_stands_before_the_place_in_a_library() -> None:
    log = next(text for text in LOGS if "_Iter_less_iter" in text and "required from here" in text)
    failure = list(native_build.PARSER.parse(log.splitlines()))[-1]
    assert [frame.own for frame in failure.errors[0].frames] == [True, False]


def test_an_exit_code_counts_only_where_nothing_else_is_told() -> None:
    log = "main.c:1:1: error: unknown type name 'x'\nmake: *** [Makefile:3: all] Error 1"
    assert [failure.format for failure in read(log)] == ["gcc"]
    assert only("make: *** [Makefile:3: all] Error 1").certainty is Certainty.GUESS


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_text_makes_a_reader_fail(data: st.DataObject) -> None:
    lines = list(data.draw(st.sampled_from(LOGS)).splitlines())
    for _ in range(data.draw(st.integers(0, 6))):
        place = data.draw(st.integers(0, len(lines)))
        cut = data.draw(st.integers(0, 4))
        lines[place : place + cut] = data.draw(st.lists(st.text(max_size=60), max_size=3))
    check(lines)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.text(max_size=200)))
def test_any_lines_are_read(lines: list[str]) -> None:
    check(lines)


def check(lines: Sequence[str]) -> None:
    for module in MODULES:
        for failure in module.PARSER.parse(lines):
            assert 0 <= failure.first <= failure.last < len(lines)
            assert 0 <= failure.root < len(failure.errors)
            places = [at for error in failure.errors for at in (error.at, *(frame.at for frame in error.frames))]
            assert all(0 <= at < len(lines) for at in places)

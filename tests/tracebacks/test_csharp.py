from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from termcoder.tracebacks import csharp, csharp_build, csharp_tests
from termcoder.tracebacks.parser import Parser
from termcoder.tracebacks.report import Failure

PARSERS = [module.PARSER for module in (csharp, csharp_build, csharp_tests)]
LOGS = [path.read_text(encoding="utf-8") for path in sorted((Path(__file__).parent / "fixtures/csharp").glob("*.txt"))]
LINES = [line for log in LOGS for line in log.splitlines()]


def assert_sound(failure: Failure, lines: Sequence[str]) -> None:
    assert 0 <= failure.first <= failure.last < len(lines)
    assert failure.errors
    for error in failure.errors:
        assert error.type
        assert failure.first <= error.at <= failure.last
        assert all(0 <= frame.at < len(lines) for frame in error.frames)


@pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: parser.name)
@given(lines=st.lists(st.one_of(st.sampled_from(LINES), st.text(max_size=60)), max_size=40))
def test_any_lines_are_read_without_an_exception(parser: Parser, lines: list[str]) -> None:
    for failure in parser.parse(lines):
        assert_sound(failure, lines)


@pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: parser.name)
@given(log=st.sampled_from(LOGS), data=st.data())
def test_cut_and_disturbed_logs_are_read_without_an_exception(parser: Parser, log: str, data: st.DataObject) -> None:
    lines = log.splitlines()
    first = data.draw(st.integers(0, len(lines)))
    lines = lines[first : data.draw(st.integers(first, len(lines)))]
    lines.insert(data.draw(st.integers(0, len(lines))), data.draw(st.text(max_size=60)))
    for failure in parser.parse(lines):
        assert_sound(failure, lines)


def read(parser: Parser, log: str) -> list[Failure]:
    return list(parser.parse(log.split("\n")))


def test_prose_and_frames_of_other_languages_are_no_errors() -> None:
    log = (
        "Exceptions are fine\n0 Error(s)\nFailed to connect [5 ms]\n\tat com.acme.Shop.total(Shop.java:12)\n"
        "\tat java.base/java.lang.Thread.run(Thread.java:840)\n    at total (/app/shop.js:3:5)\n"
        "    at Array.map (<anonymous>)\n    at Module._compile (node:internal/modules/cjs/loader:1554:14)\n"
    )
    assert [failure for parser in PARSERS for failure in read(parser, log)] == []


def test_warnings_of_compilers_are_no_errors() -> None:
    assert read(csharp_build.PARSER, "/app/Shop.cs(14,9): warning CS0168: x is never used [/app/shop.csproj]") == []


@pytest.mark.parametrize(
    ("line", "code", "place"),
    [
        ("Shop.cs(12,5): error CS0103: no 'x' [/app/shop.csproj]", "CS0103", ("Shop.cs", 12, 5)),
        ("     1>C:\\shop\\Shop.cs(12,5,12,9): error CS0103: no 'x'", "CS0103", ("C:\\shop\\Shop.cs", 12, 5)),
        (
            "    /app/A.fs(3,1): error FS0039: no 'x' [/app/a.fsproj::TargetFramework=net8.0]",
            "FS0039",
            ("/app/A.fs", 3, 1),
        ),
    ],
)
def test_errors_of_compilers_name_their_place(line: str, code: str, place: tuple[str, int, int]) -> None:
    (failure,) = read(csharp_build.PARSER, line)
    (frame,) = failure.errors[0].frames
    assert (failure.errors[0].type, failure.errors[0].message) == (code, "no 'x'")
    assert (frame.file, frame.line, frame.column) == place


def test_an_inner_exception_comes_first() -> None:
    log = (
        "System.Exception: outer ---> System.DivideByZeroException: inner\n   at Shop.A() in /app/A.cs:line 1\n"
        "   --- End of inner exception stack trace ---\n   at Shop.B() in /app/B.cs:line 2"
    )
    (failure,) = read(csharp.PARSER, log)
    assert [(error.message, error.frames[0].line) for error in failure.errors] == [("inner", 1), ("outer", 2)]


def test_frames_of_the_framework_are_not_the_users_own() -> None:
    log = (
        "System.Exception: no\n   at System.Linq.Enumerable.Single[T](IEnumerable`1 source)\n"
        "   at Shop.Cart.Total() in C:\\shop\\Cart.cs:line 12"
    )
    (failure,) = read(csharp.PARSER, log)
    frames = failure.errors[0].frames
    assert [(frame.file, frame.function, frame.own) for frame in frames] == [
        ("C:\\shop\\Cart.cs", "Shop.Cart.Total", True),
        (None, "System.Linq.Enumerable.Single[T]", False),
    ]


def test_an_unhandled_exception_needs_no_frames() -> None:
    (failure,) = read(csharp.PARSER, "Unhandled exception. System.IO.FileNotFoundException: no file")
    assert failure.ends_program


def test_codes_of_windows_are_not_part_of_a_type() -> None:
    log = "Microsoft.Data.SqlClient.SqlException (0x80131904): Login failed\n   at Shop.A() in /app/A.cs:line 1"
    (failure,) = read(csharp.PARSER, log)
    assert (failure.errors[0].type, failure.errors[0].message) == (
        "Microsoft.Data.SqlClient.SqlException",
        "Login failed",
    )


def test_the_terminal_logger_names_a_test_in_one_line() -> None:
    log = (
        "    /app/ShopTests.cs(12): error TESTERROR: \n"
        "      ShopTests.Total (12ms): Error Message: Assert.Equal() Failure: Values differ\n"
        "      Expected: 3\n      Actual:   4\n      Stack Trace:\n"
        "         at ShopTests.Total() in /app/ShopTests.cs:line 12\n"
    )
    (failure,) = read(csharp_tests.PARSER, log)
    assert failure.errors[0].message.splitlines()[1] == "Expected: 3"
    assert failure.errors[0].frames[-1].function == "ShopTests.Total"

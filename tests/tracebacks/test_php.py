from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from termcoder.tracebacks import php, php_console, php_tests
from termcoder.tracebacks.parser import Parser
from termcoder.tracebacks.report import Failure

PARSERS = [module.PARSER for module in (php, php_console, php_tests)]
LOGS = [path.read_text(encoding="utf-8") for path in sorted((Path(__file__).parent / "fixtures/php").glob("*.txt"))]
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


def test_warnings_notices_and_prose_are_no_errors() -> None:
    log = (
        "PHP Warning:  Undefined variable $x in /app/a.php on line 3\nPHP Notice:  y in /app/a.php on line 3\n"
        "PHP Deprecated:  z in /app/a.php on line 3\nFatal error: we met one in the shop\nParse error: none"
    )
    assert [failure for parser in PARSERS for failure in read(parser, log)] == []


def test_a_frame_runs_in_the_function_that_the_next_entry_calls() -> None:
    log = (
        "PHP Fatal error:  Uncaught Exception: no in /app/a.php:3\nStack trace:\n"
        "#0 /app/b.php(20): Shop->total(Object(Cart), 'x(y)')\n#1 {main}\n  thrown in /app/a.php on line 3"
    )
    (failure,) = read(php.PARSER, log)
    places = [(frame.file, frame.line, frame.function) for frame in failure.errors[0].frames]
    assert places == [("/app/b.php", 20, "{main}"), ("/app/a.php", 3, "Shop->total")]


@pytest.mark.parametrize(
    ("call", "function"),
    [
        ("{closure:Shop::total():12}(Array)", "{closure:Shop::total():12}"),
        ("Shop->{closure}(Object(Item))", "Shop->{closure}"),
        ("require_once('/app/b.php')", "require_once"),
        ("App\\Shop::of(1)", "App\\Shop::of"),
    ],
)
def test_functions_are_named_without_their_arguments(call: str, function: str) -> None:
    log = f"PHP Fatal error:  Uncaught E in /app/a.php:3\nStack trace:\n#0 /app/b.php(20): {call}\n#1 {{main}}"
    (failure,) = read(php.PARSER, log)
    assert failure.errors[0].frames[-1].function == function
    assert failure.errors[0].message == ""


def test_vendor_and_built_in_code_is_not_the_users_own() -> None:
    log = (
        "Exception: no in /app/vendor/a/b.php:3\nStack trace:\n#0 [internal function]: f()\n"
        "#1 /app/src/c.php(2): array_map()\n#2 {main}"
    )
    (failure,) = read(php.PARSER, log)
    assert [frame.own for frame in failure.errors[0].frames] == [True, False, False]


def test_a_windows_path_keeps_its_drive() -> None:
    (failure,) = read(php.PARSER, "PHP Parse error:  syntax error, unexpected '}' in C:\\shop\\a.php on line 3")
    assert (failure.errors[0].frames[0].file, failure.errors[0].frames[0].line) == ("C:\\shop\\a.php", 3)


def test_evaluated_code_is_placed_where_it_is_evaluated() -> None:
    (failure,) = read(php.PARSER, "Parse error: no in /app/a.php(7) : eval()'d code on line 1")
    assert (failure.errors[0].frames[0].file, failure.errors[0].frames[0].line) == ("/app/a.php", 7)


def test_a_fatal_error_of_newer_versions_has_a_trace() -> None:
    log = "PHP Fatal error:  Too long in /app/a.php on line 3\nStack trace:\n#0 /app/a.php(9): wait()\n#1 {main}"
    (failure,) = read(php.PARSER, log)
    assert [frame.function for frame in failure.errors[0].frames] == ["{main}", "wait"]


def test_the_older_box_of_composer_is_read() -> None:
    log = "\n                    \n  [RuntimeException]  \n  no composer.json    \n                    \n"
    (failure,) = read(php_console.PARSER, log)
    assert (failure.errors[0].type, failure.errors[0].message) == ("RuntimeException", "no composer.json")


def test_risky_tests_are_no_failures() -> None:
    log = "There was 1 risky test:\n\n1) ShopTest::testNothing\nIt did not perform any assertions\n\n/app/a.php:3\n"
    assert read(php_tests.PARSER, log) == []

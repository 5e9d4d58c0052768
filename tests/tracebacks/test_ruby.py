from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from termcoder.tracebacks import ruby, ruby_gems, ruby_tests
from termcoder.tracebacks.parser import Parser
from termcoder.tracebacks.report import Failure

PARSERS = [module.PARSER for module in (ruby, ruby_gems, ruby_tests)]
LOGS = [path.read_text(encoding="utf-8") for path in sorted((Path(__file__).parent / "fixtures/ruby").glob("*.txt"))]
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


def test_a_log_without_errors_has_none() -> None:
    log = "app.rb:3: warning: already initialized constant LIMIT\nError: 0 problems\n0 failures, no errors found\n"
    assert [failure for parser in PARSERS for failure in read(parser, log)] == []


def test_a_single_place_in_a_deprecation_warning_is_no_error() -> None:
    log = "DEPRECATION WARNING: old (called from x)\napp/shop.rb:3:in `total'\napp/shop.rb:9:in `cart'\na.rb:1:in `b'"
    assert read(ruby.PARSER, log) == []


def test_frames_of_gems_and_of_ruby_itself_are_not_the_users_own() -> None:
    log = (
        "/usr/local/bundle/gems/rack-3.0.8/lib/rack.rb:1:in `call': no (KeyError)\n"
        "\tfrom <internal:kernel>:187:in `loop'\n\tfrom /app/lib/shop.rb:2:in `block in run'"
    )
    (failure,) = read(ruby.PARSER, log)
    assert [frame.own for frame in failure.errors[0].frames] == [True, False, False]


def test_a_windows_path_keeps_its_drive() -> None:
    (failure,) = read(ruby.PARSER, "C:/shop/app.rb:3:in 'Shop#total': no prices (RuntimeError)")
    assert (failure.errors[0].frames[0].file, failure.errors[0].frames[0].line) == ("C:/shop/app.rb", 3)


def test_a_message_of_a_log_may_stand_before_the_place() -> None:
    log = "2024-05-06 07:08:09 ERROR shop: app.rb:3:in `total': no prices (RuntimeError)\n\tfrom app.rb:9:in `<main>'"
    (failure,) = read(ruby.PARSER, log)
    assert failure.errors[0].frames[-1].file == "app.rb"
    assert failure.ends_program is None


def test_the_same_program_run_twice_failed_twice() -> None:
    log = "a.rb:1:in `f': no (KeyError)\n\tfrom a.rb:3:in `<main>'\n"
    assert len(read(ruby.PARSER, log + log)) == 2


def test_the_source_below_a_message_is_the_innermost_frames() -> None:
    log = "a.rb:1:in `f': undefined method `x' (NoMethodError)\n\n  y.x\n   ^^\n\tfrom a.rb:3:in `<main>'"
    (failure,) = read(ruby.PARSER, log)
    assert failure.errors[0].frames[-1].code == "y.x"


@pytest.mark.parametrize(
    "log",
    [
        "Could not find gem 'tea' in any of the gem sources listed in your Gemfile.",
        'Bundler could not find compatible versions for gem "rack":\n  In Gemfile:\n    rack (= 3.0)',
        "ERROR:  Could not find a valid gem 'tea' (>= 0) in any repository",
        "Your Ruby version is 3.1.2, but your Gemfile specified 3.2.0",
    ],
)
def test_missing_gems_are_build_errors(log: str) -> None:
    (failure,) = read(ruby_gems.PARSER, log)
    assert failure.build


def test_the_newer_form_of_syntax_errors_is_read_with_its_excerpt() -> None:
    log = "app.rb:3: syntax error found (SyntaxError)\n  1 | def f\n> 3 | )\n    | ^ unexpected ')', ignoring it\n"
    (failure,) = read(ruby.PARSER, log)
    error = failure.errors[0]
    assert (error.type, error.frames[0].file, error.frames[0].line) == ("SyntaxError", "app.rb", 3)
    assert "unexpected ')', ignoring it" in error.message

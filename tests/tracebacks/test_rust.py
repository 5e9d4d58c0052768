"""What Rust prints, beyond the fixtures."""

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from termcoder.tracebacks import rust
from termcoder.tracebacks.report import Failure

FIXTURES = [
    path.read_text(encoding="utf-8") for path in sorted((Path(__file__).parent / "fixtures/rust").glob("*.txt"))
]
PIECES = [line for text in FIXTURES for line in text.splitlines()]
PANIC = "thread 'main' panicked at src/main.rs:4:5:\nboom"


def read(text: str) -> list[Failure]:
    return list(rust.parse(text.splitlines()))


def places(failure: Failure) -> list[tuple[str | None, int | None, str | None, bool]]:
    return [(frame.file, frame.line, frame.function, frame.own) for frame in failure.errors[0].frames]


def test_a_panic_without_a_note_takes_one_line_and_those_indented_below() -> None:
    failures = read(
        f"{PANIC}\norder 2 done\nthread 'worker' (12) panicked at C:\\shop\\src\\a.rs:1:2:\nx\n  left: 1\nthe end"
    )
    assert [failure.errors[0].message for failure in failures] == ["boom", "x\n  left: 1"]
    assert [failure.ends_program for failure in failures] == [True, None]
    assert places(failures[1]) == [("C:\\shop\\src\\a.rs", 1, None, True)]


def test_a_message_may_have_empty_lines_before_the_note() -> None:
    (failure,) = read(f"{PANIC}\n\nmore\nnote: run with `RUST_BACKTRACE=1` environment variable to display a backtrace")
    assert (failure.errors[0].message, failure.last) == ("boom\n\nmore", 4)


def test_a_record_of_a_logger_may_hold_the_old_form() -> None:
    (failure,) = read(
        "2024-01-01T00:00:00Z ERROR shop: thread 'tokio-runtime-worker' panicked at 'it's \"off\"', src/lib.rs:3:5"
    )
    assert failure.errors[0].message == 'it\'s "off"'
    assert places(failure) == [("src/lib.rs", 3, None, True)]


def test_windows_places_of_the_standard_library_are_not_own() -> None:
    trace = (
        "stack backtrace:\n   0: std::panicking::begin_panic_handler\n"
        "             at /rustc/90c541806f/library\\std\\src\\panicking.rs:593\n"
    )
    (failure,) = read(f"{PANIC}\n{trace}   1: shop::main\n             at .\\src\\main.rs:4")
    assert places(failure) == [
        (".\\src\\main.rs", 4, "shop::main", True),
        ("/rustc/90c541806f/library\\std\\src\\panicking.rs", 593, "std::panicking::begin_panic_handler", False),
    ]


def test_color_eyre_has_forms_of_its_own() -> None:
    (failure,) = read("The application panicked (crashed).\nMessage:  oh no\nLocation: src/main.rs:5\n")
    assert (failure.errors[0].message, places(failure)) == ("oh no", [("src/main.rs", 5, None, True)])
    (failure,) = read("Error: \n   0: cannot read\n   1: no such file\n\nLocation:\n   src/main.rs:12\n")
    assert [error.message for error in failure.errors] == ["no such file", "cannot read"]
    assert places(failure) == [("src/main.rs", 12, None, True)]


def test_miri_is_a_run_and_shows_its_stack() -> None:
    (failure,) = read(
        "error: Undefined Behavior: constructing invalid value\n --> src/main.rs:3:22\n  |\n3 |     let b = 3;\n  |\n"
        "  = note: inside `shop::flag` at src/main.rs:3:22: 3:50\nnote: inside `main`\n --> src/main.rs:9:5"
    )
    assert (failure.errors[0].type, failure.build, failure.format) == ("Undefined Behavior", False, "miri")
    assert places(failure)[-1] == ("src/main.rs", 3, "shop::flag", True)


def test_nextest_shows_a_panic_twice_but_it_happened_once() -> None:
    shown = "--- STDERR:              shop tests::a ---\n" + PANIC.replace("main'", "tests::a'") + "\n\n"
    assert len(read(f"    Nextest run ID 1 with nextest profile: default\n{shown}{shown}")) == 1


def test_a_record_of_rustc_that_is_cut_short_is_read_from_its_text() -> None:
    message = {
        "rendered": "error[E0308]: mismatched types\n --> src/main.rs:5:2\n",
        "level": "error",
        "message": "mismatched types",
    }
    (failure,) = read(
        json.dumps({"reason": "compiler-message", "message": message})
        .replace(": ", ":")[:-20]
        .replace("E0308]:", "E0308]: ")
    )
    assert (failure.errors[0].type, places(failure)) == ("E0308", [("src/main.rs", 5, None, True)])


def test_ordinary_lines_are_no_errors() -> None:
    assert not read(
        "no errors found, error: 0 problems\n"
        "Error: nothing to do\n"
        "error: failed to push some refs to 'example'\n"
        "error: pathspec 'x' did not match any file(s) known to git\n"
        "warning: unused variable: `x`\n --> src/main.rs:2:9\n\n"
        "error: aborting due to 2 previous errors\n"
        'error: could not compile `shop` (bin "shop") due to 2 previous errors\n'
        "test tests::it_panicked ... ok"
    )


@given(
    st.lists(st.one_of(st.text(max_size=80), st.sampled_from(PIECES)), max_size=30),
    st.sampled_from(FIXTURES),
    st.integers(0, 60),
    st.integers(0, 60),
)
def test_no_text_is_too_odd(odd: list[str], text: str, start: int, length: int) -> None:
    lines = text.splitlines()
    for log in (odd, lines[start : start + length], [*lines[:start], *odd, *lines[start:]]):
        for failure in rust.parse(log):
            assert 0 <= failure.first <= failure.last < len(log)
            assert failure.errors
            assert failure.root < len(failure.errors)
            for error in failure.errors:
                assert 0 <= error.at < len(log)
                assert all(0 <= frame.at < len(log) for frame in error.frames)

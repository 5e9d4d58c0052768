"""What Go prints, beyond the fixtures."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from termcoder.tracebacks import golang, golang_build
from termcoder.tracebacks.report import Certainty, Failure

FIXTURES = [path.read_text(encoding="utf-8") for path in sorted((Path(__file__).parent / "fixtures/go").glob("*.txt"))]
PANIC = "panic: boom\n\ngoroutine 1 [running]:\nmain.main()\n\t/app/main.go:12 +0x1d\nexit status 2"
PIECES = [line for text in FIXTURES for line in text.splitlines()]


def read(text: str) -> list[Failure]:
    lines = text.splitlines()
    return [*golang_build.parse(lines), *golang.parse(lines)]


def places(failure: Failure) -> list[tuple[str | None, int | None, str | None, bool]]:
    return [(frame.file, frame.line, frame.function, frame.own) for frame in failure.errors[-1].frames]


def test_a_panic_says_how_far_it_goes() -> None:
    (failure,) = read(f"starting\n{PANIC}\nbye")
    assert (failure.first, failure.last, failure.ends_program) == (1, 6, True)
    assert failure.certainty is Certainty.CERTAIN


def test_wrapped_lines_of_a_stack_are_joined() -> None:
    wrapped = PANIC.replace("main.main()", "acme/shop.(*Shop).Price(0xc000012345, {0x7f69,\n 0x12})").replace(
        "main.go", "ma\nin.go"
    )
    (failure,) = read(wrapped)
    assert places(failure) == [("/app/main.go", 12, "acme/shop.(*Shop).Price", True)]


def test_a_folder_named_go_src_is_judged_by_the_package() -> None:
    text = PANIC.replace("main.main()\n", "panic(0x1, 0x2)\n\t/go/src/runtime/panic.go:965 +0x1b9\nmain.main()\n")
    (failure,) = read(text.replace("/app/main.go", "/go/src/app/main.go"))
    assert places(failure) == [
        ("/go/src/app/main.go", 12, "main.main", True),
        ("/go/src/runtime/panic.go", 965, "panic", False),
    ]


def test_modules_are_libraries_and_elided_frames_make_it_likely() -> None:
    text = PANIC.replace(
        "main.main()", "github.com/a/b.F(...)\n\t/go/pkg/mod/github.com/a/b@v1.2.3/f.go:3\n...\nmain.main()"
    )
    (failure,) = read(text)
    assert [own for *_, own in places(failure)] == [True, False]
    assert failure.certainty is Certainty.LIKELY


def test_a_log_record_may_stand_before_the_panic() -> None:
    (failure,) = read("2024-01-01 12:00:00 ERROR app: " + PANIC)
    assert failure.errors[0].message == "boom"
    assert failure.ends_program is None


def test_gotestsum_says_the_package_before_the_test() -> None:
    (failure,) = read(
        "=== Failed\n=== FAIL: store TestPrice (0.00s)\n    price_test.go:10: got 3, want 4\n\nDONE 3 tests"
    )
    assert (failure.errors[0].type, failure.errors[0].message) == ("FAIL", "got 3, want 4")
    assert places(failure) == [("price_test.go", 10, "TestPrice", True)]


def test_the_go_command_and_the_compiler_go_on_below_a_message() -> None:
    text = "# a/b [a/b.test]\n./a.go:12:5: not enough arguments in call to add\n\thave (number)\n\twant (int, int)\n"
    (failure,) = read(text + "note: module requires Go 1.22")
    assert failure.errors[0].message == "not enough arguments in call to add\nhave (number)\nwant (int, int)"
    assert failure.errors[0].notes == ("module requires Go 1.22",)
    (failure,) = read(
        "go: downloading a/b v1.0.0\ngo: a/b@v1.0.0: reading a/b/go.mod at revision v1.0.0: unknown revision v1.0.0"
    )
    assert (failure.first, failure.build, failure.errors[0].type) == (1, True, "error")


def test_linters_findings_have_the_linters_name() -> None:
    (failure,) = read("cmd/main.go:12:5: `f.Close` is not checked (errcheck)\n\tdefer f.Close()\n\t             ^")
    assert (failure.errors[0].type, failure.format) == ("errcheck", "golangci-lint")


def test_ordinary_lines_are_no_errors() -> None:
    assert not read(
        "no errors found, error: 0 problems\n"
        "2024/05/01 10:00:00 main.go:12: sold an item\n"
        "main.go:14: sold another\n"
        'The manual says "panic: do not worry", and nothing else.\n'
        "go: downloading github.com/a/b v1.0.0\n"
        "--- PASS: TestTotal (0.00s)\n"
        "ok  \texample.com/shop\t0.003s\n"
        "2024-05-01T10:00:00Z\tWARN\tmain.go:3\tslow\nmain.main\n\t/app/main.go:3\nruntime.main\n\t/usr/local/go/src/runtime/proc.go:250"
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
        for failure in [*golang_build.parse(log), *golang.parse(log)]:
            assert 0 <= failure.first <= failure.last < len(log)
            assert failure.errors
            assert failure.root < len(failure.errors)
            for error in failure.errors:
                assert 0 <= error.at < len(log)
                assert all(0 <= frame.at < len(log) for frame in error.frames)

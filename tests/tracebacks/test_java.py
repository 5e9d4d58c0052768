"""What Java's parsers make of single forms; whole logs are in fixtures/java and fixtures/kotlin."""

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from termcoder.tracebacks import java, java_build, java_crash, java_tools
from termcoder.tracebacks.java_frames import is_library_name, read_frame
from termcoder.tracebacks.report import Certainty, Failure, Relation

MODULES = (java, java_build, java_crash, java_tools)
FIXTURES = [
    path.read_text().splitlines()
    for language in ("java", "kotlin")
    for path in sorted((Path(__file__).parent / "fixtures" / language).glob("*.txt"))
]
PIECES = st.sampled_from(
    ["\tat a.B.c(B.java:1)", "Caused by: a.B: x", "\t... 9 more", "\tSuppressed: a.B", "=> ", "[ERROR] ", "  ^", "",
     "x.java:[1,2] y", "e: x.kt: (1, 2): y", "* What went wrong:", "BUILD FAILED", "Description:", "Caused by:",
     "# A fatal error has been detected by the Java Runtime Environment:", "Failures:", "T > t FAILED"]
)  # fmt: skip


def only(text: str) -> Failure:
    (failure,) = java.parse(text.splitlines())
    return failure


@pytest.mark.parametrize(
    ("text", "file", "line", "function", "path"),
    [
        ("at com.acme.Shop.total(Shop.java:12)", "Shop.java", 12, "com.acme.Shop.total", "com/acme/Shop.java"),
        ("\tat app//com.acme.Shop$Item.<init>(Shop.java)", "Shop.java", None, "com.acme.Shop$Item.<init>", None),
        ("  at java.base@17/java.lang.Thread.run(Thread.java:8)", "Thread.java", 8, "java.lang.Thread.run", None),
        ("at MainKt.main(Main.kt:5)", "Main.kt", 5, "MainKt.main", ""),
        ("at a.B$$Lambda$1/0x01.run(Unknown Source)", None, None, "a.B$$Lambda$1/0x01.run", ""),
        ("at java.lang.System.initPhase1(java.base@17/System.java:2106)", "System.java", 2106, None, None),
        ("at a.B.c(Native Method) ~[na:na]", None, None, "a.B.c", ""),
        ("at a.b.c(SourceFile:12)", "SourceFile", 12, "a.b.c", ""),
        ("at org.apache.Main.run (Main.java:5)", "Main.java", 5, "org.apache.Main.run", None),
    ],
)
def test_a_frame(text: str, file: str | None, line: int | None, function: str | None, path: str | None) -> None:
    frame = read_frame(text, 3)
    assert frame is not None
    assert (frame.file, frame.line, frame.at) == (file, line, 3)
    assert function is None or frame.function == function
    assert path is None or frame.path == path


@pytest.mark.parametrize(
    "text",
    [
        "at Object.<anonymous> (/app/shop.js:3:1)",
        "at Acme.Shop.Total(Int32 x) in C:\\Shop.cs:line 5",
        "at foo (native)",
        "look at com.acme.Shop.total(Shop.java:12)",
        "at the till (Monday)",
    ],
)
def test_what_is_no_frame(text: str) -> None:
    assert read_frame(text, 0) is None


@pytest.mark.parametrize(
    ("name", "library"),
    [
        ("java.util.List.of", True),
        ("org.springframework.web.A.b", True),
        ("org.springframework.samples.petclinic.Owner.name", False),
        ("org.acme.Shop.total", False),
        ("javax.inject.A.b", True),
        ("javaparty.Shop.total", False),
    ],
)
def test_whose_code_it_is(name: str, library: bool) -> None:
    assert is_library_name(name) is library


def test_classes_of_the_project_itself_are_its_own_whatever_their_package() -> None:
    frame = read_frame("at org.apache.shop.Till.pay(Till.java:3) ~[classes/:na]", 0)
    assert frame is not None and frame.own


def test_causes_come_first_with_the_frames_that_they_share() -> None:
    failure = only(
        'Exception in thread "main" a.Outer: x\n\tat a.B.c(B.java:3)\n\tat a.B.main(B.java:2)\n'
        "Caused by: a.Inner: y\n\tat a.B.d(B.java:9)\n\t... 2 more\n"
    )
    inner, outer = failure.errors
    assert (inner.type, inner.relation, outer.relation) == ("a.Inner", Relation.CAUSE, Relation.ALONE)
    assert [frame.line for frame in inner.frames] == [2, 3, 9]
    assert (failure.root, failure.ends_program, failure.certainty) == (0, True, Certainty.CERTAIN)


def test_a_suppressed_error_has_its_own_causes_and_is_not_the_root() -> None:
    failure = only(
        "a.OuterException: x\n\tat a.B.c(B.java:3)\n\tSuppressed: a.Closing: y\n\t\tat a.B.d(B.java:4)\n"
        "\tCaused by: a.Stuck: z\n\t\t... 1 more\nCaused by: a.Root: w\n\t... 1 more\n"
    )
    assert [error.type for error in failure.errors] == ["a.Root", "a.Stuck", "a.Closing", "a.OuterException"]
    assert failure.errors[failure.root].type == "a.Root"


def test_frames_that_are_not_in_the_log_are_not_invented() -> None:
    failure = only("a.OuterException: x\nCaused by: a.Inner: y\n\tat a.B.d(B.java:9)\n\t... 30 more\n")
    assert len(failure.errors[0].frames) == 1
    assert failure.certainty is Certainty.LIKELY


def test_a_warning_with_a_trace_was_caught() -> None:
    failure = only("12:00:00 WARN till - again\njava.io.IOException: x\n\tat a.B.c(B.java:3)\n")
    assert failure.ends_program is False
    assert failure.errors[0].handled


def test_a_trace_in_a_json_record_is_read() -> None:
    record = r'{"level":"ERROR","stack_trace":"java.io.IOException: no \"x\"\n\tat a.B.c(B.java:3)\n","app":"till"}'
    (failure,) = java.parse(["", record, ""])
    (error,) = failure.errors
    assert (error.type, error.message, error.at) == ("java.io.IOException", 'no "x"', 1)
    assert [frame.line for frame in error.frames] == [3]
    assert (failure.first, failure.last) == (1, 1)


def test_an_uncaught_exception_of_kotlin_native() -> None:
    failure = only(
        "Uncaught Kotlin exception: kotlin.IllegalStateException: closed\n"
        "    at 0   till.kexe   0x104e9f1c3   kfun:kotlin.Throwable#<init>(kotlin.String?){} + 95\n"
        "    at 1   till.kexe   0x104e9a2b1   kfun:com.acme#main(){} + 120 (/app/src/Main.kt:12:5)\n"
    )
    main, library = failure.errors[0].frames
    assert (main.file, main.line, main.function, main.own) == ("/app/src/Main.kt", 12, "com.acme#main", True)
    assert not library.own
    assert failure.language == "kotlin"


def test_a_chain_of_any_length_is_read() -> None:
    chain = [text for i in range(20_000) for text in (f"Caused by: a.B: {i}", "\tat a.B.c(B.java:3)", "\t... 1 more")]
    (failure,) = java.parse(["a.FirstException: x", "\tat a.B.c(B.java:3)", *chain])
    assert len(failure.errors) == 20_001
    assert failure.errors[failure.root].message == "19999"


def test_the_error_of_a_compiler_has_its_column_and_notes() -> None:
    lines = [
        "  Shop.java:3: error: cannot find symbol",
        "          x = y;",
        "              ^",
        "    symbol: y",
    ]
    (failure,) = java_build.parse(lines)
    (frame,) = failure.errors[0].frames
    assert (frame.file, frame.line, frame.column, frame.code) == ("Shop.java", 3, 13, "x = y;")
    assert failure.errors[0].notes == ("symbol: y",)


@pytest.mark.parametrize(
    "text",
    [
        "no errors found",
        "Error: 0 problems",
        "[WARNING] /app/Shop.java:[1,2] found raw type",
        "Shop.java:14: warning: [deprecation] stop()",
        "w: file:///app/Main.kt:3:9 unused",
        "0 errors, no Exception in the last hour",
        "[INFO] BUILD SUCCESS",
        "Tests run: 3, Failures: 0, Errors: 0",
    ],
)
def test_what_is_no_error(text: str) -> None:
    assert [failure for module in MODULES for failure in module.parse([text])] == []


@pytest.mark.parametrize(
    "line", ["Errors:", "[error] /app/A.scala:1: x", "\tat a.B.c(B.java:1)", "java.io.IOException: x"]
)
def test_much_of_the_same_takes_no_more_than_its_share(line: str) -> None:
    started = time.perf_counter()
    for module in MODULES:
        list(module.parse([line] * 20_000))
    assert time.perf_counter() - started < 8


@st.composite
def damaged_logs(draw: st.DrawFn) -> list[str]:
    lines = list(draw(st.sampled_from(FIXTURES)))
    for _ in range(draw(st.integers(0, 5))):
        at = draw(st.integers(0, len(lines)))
        lines[at : at + draw(st.integers(0, 4))] = draw(st.lists(st.one_of(st.text(max_size=30), PIECES), max_size=3))
    return lines


@given(st.one_of(st.lists(st.one_of(st.text(), PIECES), max_size=30), damaged_logs()))
def test_any_text_is_read(lines: list[str]) -> None:
    for module in MODULES:
        for failure in module.parse(lines):
            assert 0 <= failure.first <= failure.last < len(lines)
            assert 0 <= failure.root < len(failure.errors)
            for error in failure.errors:
                assert failure.first <= error.at <= failure.last
                assert all(0 <= frame.at < len(lines) for frame in error.frames)

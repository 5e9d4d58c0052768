from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from termcoder.tracebacks import python, python_install, python_json, python_lint, python_pip
from termcoder.tracebacks.report import Certainty, Failure, Relation

LOGS = [path.read_text(encoding="utf-8").splitlines() for path in Path(__file__).parent.glob("fixtures/python/*.txt")]
HEAD = 'Traceback (most recent call last):\n  File "a.py", line 1, in <module>\n'
PIECES = [
    "Traceback (most recent call last):",
    '  File "a.py", line 3, in f',
    '  File "a.py", line 3',
    "    x = 1",
    "    ~~^^^",
    "KeyError: 'a'",
    "",
    "  + Exception Group Traceback (most recent call last):",
    "  | ExceptionGroup: g (2 sub-exceptions)",
    "  +-+---------------- 1 ----------------",
    "    | ValueError: 1",
    "    +---------------- 2 ----------------",
    "    +------------------------------------",
    "The above exception was the direct cause of the following exception:",
    "During handling of the above exception, another exception occurred:",
    "Fatal Python error: Aborted",
    "Current thread 0x00007f (most recent call first):",
    "Exception Type: KeyError at /",
    "Exception Value: 'a'",
    "  error: subprocess-exited-with-error",
    "  × it did not run successfully.",
    "  ╰─> [3 lines of output]",
    "ERROR: Command errored out with exit status 1:",
    "Original exception was:",
    '"""',
    "Call stack:",
    "--- Logging error ---",
    "[ERROR] KeyError: 'a'",
    "X: ray::f()",
    '{"exc_type": "KeyError", "frames": [{}]}',
    '"errorType": "KeyError",',
    "{",
    "}",
    "a.py:1: error: bad  [code]",
    "a.py:1:2: E999 SyntaxError: bad",
    " --> a.py:1:2",
    "  ChefBuildError",
    "  at a.py:1 in f",
    "PackagesNotFoundError: x",
    "error: x",
    "  Caused by: y",
    "--- stderr:",
    "usage: x",
    "x: error: y",
]
TOOLS = (python.PARSER, python_pip.PARSER, python_install.PARSER, python_lint.PARSER, python_json.PARSER)


def read(text: str) -> list[Failure]:
    return list(python.PARSER.parse(text.splitlines()))


def only(text: str) -> Failure:
    (failure,) = read(text)
    return failure


def test_a_line_alone_is_a_guess() -> None:
    failure = only("some output\nKeyError: 'user_id'\n")
    assert failure.certainty is Certainty.GUESS
    assert (failure.errors[0].type, failure.errors[0].message) == ("KeyError", "'user_id'")


def test_ordinary_lines_are_no_errors() -> None:
    assert read("Error: 0 problems\nno errors found\nsee KeyError: it is raised\nErrors\nValidationError\n") == []
    assert read("shop.py:3: SyntaxWarning: invalid escape sequence\n  x = '\\d'\nDeprecationWarning: old\n") == []
    assert (
        read("TypeError: x is not a function\njava.lang.RuntimeException: a\nReferenceError: a is not defined\n") == []
    )
    assert read("import time: self [us] | cumulative | imported package\nimport time: 200 | 200 |   zipimport\n") == []


def test_an_info_record_before_the_end_is_not_about_the_error() -> None:
    log = "INFO:shop:loading user\n" + HEAD + "KeyError: 'a'\n"
    assert only(log).ends_program is None
    assert only(log.replace("INFO:shop:loading user", "WARNING:shop:no cache, falling back")).ends_program is False
    assert only(log.replace("INFO", "ERROR")).ends_program is None


def test_an_error_that_was_logged_and_raised_again_is_one() -> None:
    log = "2026-11-24 21:03:01 ERROR job: failed\n" + HEAD + "KeyError: 1\n" + HEAD + "KeyError: 1\n"
    assert [failure.ends_program for failure in read(log)] == [None, None]
    assert [failure.ends_program for failure in read(log.replace("KeyError: 1\nT", "KeyError: 2\nT"))] == [False, True]


def test_only_a_traceback_with_nothing_after_it_is_the_end() -> None:
    log = "2026-11-24 21:03:01 ERROR job: failed\n" + HEAD + "KeyError: 1\n" + HEAD + "ValueError: 1\n"
    assert read(log)[-1].ends_program is True
    assert read(log + "2026-11-24 21:03:02 INFO job: next\n")[-1].ends_program is None


def test_a_link_between_two_exceptions_in_json() -> None:
    text = '{"error": [{"exc_type": "B", "is_cause": false}, {"exc_type": "A", "is_cause": true}]}'
    (failure,) = python_json.PARSER.parse([text])
    assert [(error.type, error.relation) for error in failure.errors] == [
        ("A", Relation.CAUSE),
        ("B", Relation.ALONE),
    ]


def test_other_objects_with_such_keys_are_no_errors() -> None:
    for text in (
        '{"errorType": "Error", "errorMessage": "a", "trace": ["Error: a", "    at f (/var/task/a.js:1:2)"]}',
        '{"errorType": "java.lang.Error", "errorMessage": "a", "stackTrace": ["com.acme.A.f(A.java:3)"]}',
        '{"exc_type": null, "errorType": ""}',
        '{"exc_type": "KeyError"',
    ):
        assert list(python_json.PARSER.parse([text])) == []


def test_what_checkers_say_besides_is_no_error() -> None:
    text = "a.py:3: note: see\na.py:4: warning: old\n{a.py:85} INFO - a\nb.c:3:4: error: x\n  File a.py:3: error\n"
    text += "Found 0 errors\n  a.py:1:2 - warning: x (reportX)\nwarning[x]: y\n --> a.py:1:2\n"
    assert list(python_lint.PARSER.parse(text.splitlines())) == []


def test_database_messages_go_on_after_a_blank_line() -> None:
    failure = only(
        f"{HEAD}sqlalchemy.exc.ProgrammingError: (psycopg2.errors.UndefinedTable) no x\nLINE 1: SELECT 1\n"
        "               ^\n\n[SQL: SELECT 1]\n(Background on this error at: https://sqlalche.me/e/20/f405)\n\nbye\n"
    )
    assert failure.errors[0].message.splitlines()[-2:] == [
        "[SQL: SELECT 1]",
        "(Background on this error at: https://sqlalche.me/e/20/f405)",
    ]


def test_a_message_ends_at_the_next_record() -> None:
    head = HEAD + "ValueError: bad\nmore of it\n"
    for after in (
        "2024-05-06 07:08:09 INFO bye",
        "INFO:root:bye",
        "make: *** [Makefile:2: all] Error 1",
        "$ ls",
        "[1] bye",
    ):
        assert only(head + after + "\n").errors[0].message == "bad\nmore of it"


def test_the_original_traceback_of_a_loader_comes_first() -> None:
    failure = only(
        'Traceback (most recent call last):\n  File "train.py", line 9, in <module>\n    for batch in loader:\n'
        "KeyError: Caught KeyError in DataLoader worker process 0.\nOriginal Traceback (most recent call last):\n"
        '  File "data.py", line 4, in __getitem__\n    return self.rows[i]\nKeyError: 3\n'
    )
    assert [error.message for error in failure.errors] == ["3", "Caught KeyError in DataLoader worker process 0."]
    assert failure.errors[0].frames[0].file == "data.py"


def test_compiled_modules_are_libraries_unless_the_caller_lies_there() -> None:
    failure = only(
        'Traceback (most recent call last):\n  File "/srv/shop/app.py", line 1, in <module>\n'
        '  File "shop/fast.pyx", line 3, in shop.fast.sum\n'
        '  File "pandas/_libs/index.pyx", line 153, in pandas._libs.index.IndexEngine.get_loc\nKeyError: 1\n'
    )
    assert [frame.own for frame in failure.errors[0].frames] == [True, True, False]


def test_windows_paths() -> None:
    failure = only(
        'Traceback (most recent call last):\n  File "C:\\Users\\ann\\shop\\app.py", line 2, in <module>\n'
        '  File "C:\\Users\\ann\\AppData\\Python\\Python39\\lib\\json\\__init__.py", line 346, in loads\n'
        '  File "C:\\Users\\ann\\venv\\Scripts\\uvicorn.exe\\__main__.py", line 4, in <module>\nValueError: x\n'
    )
    assert [frame.own for frame in failure.errors[0].frames] == [True, False, False]


def test_the_error_of_an_excepthook_comes_after_the_one_it_was_called_for() -> None:
    failure = only(
        'Error in sys.excepthook:\nTraceback (most recent call last):\n  File "h.py", line 3, in h\nNameError: a\n\n'
        'Original exception was:\nTraceback (most recent call last):\n  File "a.py", line 9, in f\nKeyError: 1\n'
    )
    assert [(error.type, error.relation) for error in failure.errors] == [
        ("KeyError", Relation.CONTEXT),
        ("NameError", Relation.ALONE),
    ]


def test_each_line_may_have_its_own_time() -> None:
    failure = only(
        '#12 3.111 starting\n#12 4.523 Traceback (most recent call last):\n#12 4.523   File "a.py", line 1, in f\n'
        "#12 4.524     x\n#12 4.524 KeyError: 'a'\n#12 ERROR: process did not complete\n"
    )
    assert (failure.errors[0].type, failure.errors[0].message, failure.first, failure.last) == ("KeyError", "'a'", 1, 4)


def check(failures: list[Failure], count: int) -> None:
    for failure in failures:
        assert 0 <= failure.first <= failure.last < count
        assert 0 <= failure.root < len(failure.errors)
        for error in failure.errors:
            assert 0 <= error.at < count
            assert all(0 <= frame.at < count for frame in error.frames)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(st.text(max_size=30), st.sampled_from(PIECES)), max_size=40))
def test_any_lines_are_read(lines: list[str]) -> None:
    for parser in TOOLS:
        check(list(parser.parse(lines)), len(lines))


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(LOGS), st.data())
def test_cut_and_mixed_logs_are_read(log: list[str], data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(log)))
    stop = data.draw(st.integers(start, len(log)))
    lines = [line[data.draw(st.integers(0, 3)) :] for line in log[start:stop]]
    for piece in data.draw(st.lists(st.sampled_from(PIECES), max_size=5)):
        lines.insert(data.draw(st.integers(0, len(lines))), piece)
    for parser in TOOLS:
        check(list(parser.parse(lines)), len(lines))

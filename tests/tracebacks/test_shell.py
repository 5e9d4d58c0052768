"""The reader of shells' errors: what the fixtures don't show, and that no text makes it fail."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from termcoder.tracebacks.report import Failure
from termcoder.tracebacks.shell import PARSER

LOGS = [log.read_text() for log in sorted((Path(__file__).parent / "fixtures" / "shell").glob("*.txt"))]


def read(text: str) -> list[Failure]:
    return list(PARSER.parse(text.splitlines()))


@pytest.mark.parametrize(
    ("text", "type_", "message"),
    [
        ("bash: kubectl: command not found", "command not found", "kubectl"),
        ("-bash: ./run.sh: Permission denied", "Permission denied", "./run.sh"),
        ("zsh: command not found: kubectl", "command not found", "kubectl"),
        ("sh: upload: not found", "not found", "upload"),
        ("/usr/bin/env: ‘python’: No such file or directory", "No such file or directory", "env: python"),
        ("12:00:01 deploy ./run.sh: line 3: NAME: unbound variable", "unbound variable", "NAME"),
    ],
)
def test_the_phrase_is_the_type(text: str, type_: str, message: str) -> None:
    (failure,) = read(text)
    assert (failure.errors[0].type, failure.errors[0].message) == (type_, message)


@pytest.mark.parametrize(
    "text",
    [
        "config.yml: line 3: syntax error",
        "no such file or directory was expected, and none was found",
        "dial tcp 10.0.0.1:8080: connect: connection refused",
        "ERROR: line 3: syntax error",
        "+ echo x: command not found",
        "result: 3: item not found",
        "see line 12 of the manual: exit codes",
    ],
)
def test_other_programs_words_are_left_to_others(text: str) -> None:
    assert read(text) == []


def test_a_script_in_a_docker_step_is_told_once() -> None:
    assert len(read("#8 0.241 /bin/sh: 1: upload: not found\n------\n0.241 /bin/sh: 1: upload: not found")) == 1


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_text_makes_the_reader_fail(data: st.DataObject) -> None:
    lines = list(data.draw(st.sampled_from(LOGS)).splitlines())
    place, cut = data.draw(st.integers(0, len(lines))), data.draw(st.integers(0, 4))
    lines[place : place + cut] = data.draw(st.lists(st.text(max_size=60), max_size=3))
    for failure in PARSER.parse(lines):
        assert 0 <= failure.first <= failure.last < len(lines)

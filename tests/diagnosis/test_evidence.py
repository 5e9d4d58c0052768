"""Evidence: what a model is shown of an error, in which order, without secrets."""

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from termcoder.diagnosis.evidence import FUNCTION_LINES, LOG_AROUND, Evidence, described, gather, region_of
from termcoder.diagnosis.incident import Incident, Place, incident_of
from termcoder.workspace import Locator

APP = """import cart


def main():
    print("start")
    print(cart.total([{}]))


main()
"""
CART = """TOKEN = "ghp_abcdefghijklmnopqrstuvwxyz0123456789"


def total(rows):
    result = 0
    for row in rows:
        result += row["price"]
    return result


def other():
    pass
"""
LOG = """INFO begin
INFO password=hunter2-s3cret

Traceback (most recent call last):
  File "/srv/app.py", line 9, in <module>
    main()
  File "/srv/app.py", line 6, in main
    print(cart.total([{}]))
  File "/srv/cart.py", line 7, in total
    result += row["price"]
KeyError: 'price'
INFO end
"""


class Project:
    """Files in a folder."""

    def __init__(self, root: Path, files: dict[str, str]) -> None:
        self.root = root
        for name, text in files.items():
            (root / name).write_text(text, newline="")
        self.names = list(files)

    def read(self, path: str) -> str | None:
        file = self.root / path
        return file.read_bytes().decode() if file.is_file() else None

    def incident(self, log: str = LOG) -> Incident:
        return incident_of(log, Locator(str(self.root), self.names))

    def gather(self, log: str = LOG, index: int | None = None) -> Evidence:
        incident = self.incident(log)
        chosen = incident.root if index is None else index
        assert chosen is not None
        return gather(incident, chosen, self.read)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    root = tmp_path / "project"
    root.mkdir()
    return Project(root, {"app.py": APP, "cart.py": CART})


def names(evidence: Evidence) -> list[str]:
    return [part.name for part in evidence.parts]


def everything(evidence: Evidence) -> str:
    return "\n".join([*(part.text for part in evidence.parts), *evidence.code])


# The parts


def test_the_parts_come_least_important_first_and_the_culprit_s_function_last(project: Project) -> None:
    assert names(project.gather()) == [
        "3 log lines before the error",
        "1 log line after the error",
        "the error's own log lines",
        "app.py:4-9",
        "app.py:1-9",
        "cart.py:4-8",
    ]


def test_the_culprit_s_function_is_shown_with_numbers_and_the_place_marked(project: Project) -> None:
    assert project.gather().parts[-1].text == (
        '<file path="cart.py" function="total">\n'
        "     4| def total(rows):\n"
        "     5|     result = 0\n"
        "     6|     for row in rows:\n"
        '>    7|         result += row["price"]\n'
        "     8|     return result\n"
        "</file>"
    )


def test_the_code_to_mend_is_the_function_without_numbers(project: Project) -> None:
    evidence = project.gather()
    assert list(evidence.code) == CART.splitlines()[3:8]
    assert evidence.region is not None
    region = evidence.region
    assert (region.path, region.first, region.last, region.line) == ("cart.py", 4, 8, 7)


def test_the_log_s_own_lines_are_the_failure_s(project: Project) -> None:
    text = next(part.text for part in project.gather().parts if part.name == "the error's own log lines")
    assert text == "<log>\n" + "\n".join(LOG.splitlines()[3:11]) + "\n</log>"


def test_another_place_may_be_looked_at(project: Project) -> None:
    evidence = gather(project.incident(), 0, project.read, Place("app.py", 6))
    assert evidence.region is not None
    assert (evidence.region.path, evidence.region.name) == ("app.py", "main")


def test_callers_are_shown_once_even_where_they_call_each_other(project: Project) -> None:
    lines = LOG.splitlines(keepends=True)
    evidence = project.gather("".join([*lines[:6], *lines[4:8] * 3, *lines[8:]]))
    assert len(names(evidence)) == len(set(names(evidence)))


def test_an_error_of_libraries_alone_has_no_region_and_no_code(project: Project) -> None:
    evidence = project.gather(LOG.replace("/srv/", "/usr/lib/python3.11/site-packages/other/lib_"))
    assert evidence.region is None
    assert evidence.code == ()
    assert names(evidence)[-1] == "the error's own log lines"


@pytest.mark.parametrize("line", [13, 99])
def test_a_line_that_the_file_does_not_have_shows_no_source(project: Project, line: int) -> None:
    evidence = project.gather(LOG.replace("line 7", f"line {line}"))
    assert evidence.region is None


def test_a_file_that_cannot_be_read_shows_no_source(project: Project) -> None:
    assert gather(project.incident(), 0, lambda path: None).region is None


# Regions


def test_a_long_function_is_shown_as_the_lines_around_the_place() -> None:
    text = "def f():\n" + "    x = 1\n" * (FUNCTION_LINES + 10)
    region = region_of(Place("a.py", 50), lambda path: text)
    assert region is not None
    assert (region.first, region.last, region.name) == (35, 65, "")


def test_lines_around_the_place_end_where_the_file_does() -> None:
    region = region_of(Place("a.txt", 2), lambda path: "a\nb\nc\n")
    assert region is not None
    assert (region.first, region.last, region.lines) == (1, 3, ["a", "b", "c"])


@pytest.mark.parametrize("text", ["def f():\r\n    return x\r\n", "def f():\r\n    return x"])
def test_lines_of_windows_are_shown_without_their_ends(text: str) -> None:
    region = region_of(Place("a.py", 2), lambda path: text)
    assert region is not None
    assert (region.first, region.last, region.lines) == (1, 2, ["def f():", "    return x"])
    assert region.numbered() == "     1| def f():\n>    2|     return x"
    assert region_of(Place("a.py", 3), lambda path: text) is None


def test_a_place_in_a_windows_file_is_found_with_its_function(project: Project) -> None:
    (project.root / "cart.py").write_text(CART, newline="\r\n")
    evidence = project.gather()
    assert list(evidence.code) == CART.splitlines()[3:8]
    assert "\r" not in everything(evidence)


@given(st.text(), st.integers(-1, 6))
def test_a_region_of_any_text_holds_its_line(text: str, line: int) -> None:
    region = region_of(Place("a.py", line), lambda path: text)
    if region:
        assert 1 <= region.first <= line <= region.last
        assert len(region.lines) == region.last - region.first + 1


# Secrets


def test_secrets_are_hidden_everywhere_and_put_back_into_what_is_written(project: Project) -> None:
    with_secret = CART.replace("result = 0\n", 'key = TOKEN or "ghp_abcdefghijklmnopqrstuvwxyz0123456789"\n')
    (project.root / "cart.py").write_text(with_secret)
    evidence = project.gather()
    assert "ghp_" not in everything(evidence)
    assert "hunter2-s3cret" not in everything(evidence)
    assert evidence.secrets.count == 2
    assert any("[secret " in line for line in evidence.code)
    assert evidence.restored(evidence.code) == tuple(with_secret.splitlines()[3:8])
    assert evidence.restored(["x = [secret 99]"]) is None, "a secret that the model made up"


def test_a_key_that_begins_in_one_part_and_ends_in_another_leaves_the_parts_whole(project: Project) -> None:
    log = LOG.replace("INFO begin", "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC")
    (project.root / "cart.py").write_text(CART.replace("result = 0", 'end = "-----END PRIVATE KEY-----"'))
    evidence = project.gather(log)
    assert names(evidence)[-1] == "cart.py:4-8"
    assert len(evidence.code) == 5
    assert "MIIEvQ" not in everything(evidence)


def test_zero_bytes_in_a_log_do_no_harm(project: Project) -> None:
    evidence = project.gather(LOG.replace("INFO begin", "begin\n\x00\nend"))
    assert names(evidence)[-1] == "cart.py:4-8"
    assert list(evidence.code) == CART.splitlines()[3:8]


def test_a_secret_at_the_end_of_a_long_line_is_not_shown_in_part(project: Project) -> None:
    log = LOG.replace("INFO begin", "x" * 470 + " ghp_abcdefghijklmnopqrstuvwxyz0123456789")
    evidence = project.gather(log)
    assert "ghp_" not in everything(evidence)
    assert max(len(line) for line in everything(evidence).splitlines()) <= 500


def test_the_description_hides_secrets_too(project: Project) -> None:
    text = described(project.incident(LOG.replace("KeyError: 'price'", "ValueError: password=hunter2-s3cret")), 0)
    assert "hunter2" not in text


# What is left out, long logs


def test_without_more_in_the_log_nothing_is_left_out(project: Project) -> None:
    assert project.gather().left_out == ()


def test_what_is_left_out_is_counted(project: Project) -> None:
    log = "INFO line\n" * 1000 + LOG + "INFO line\n" * 500
    evidence = project.gather(log)
    assert evidence.left_out == (f"{1504 - 2 * LOG_AROUND:,} other lines of the log",)
    assert names(evidence)[:2] == [f"{LOG_AROUND} log lines {where} the error" for where in ("before", "after")]


def test_of_a_long_failure_head_and_tail_are_shown(project: Project) -> None:
    frame = '  File "/usr/lib/python3.11/json/x.py", line 9, in f\n    f()\n'
    log = LOG.replace('  File "/srv/cart.py"', frame * 50 + '  File "/srv/cart.py"')
    evidence = project.gather(log)
    text = next(part.text for part in evidence.parts if part.name == "the error's own log lines")
    assert "\n...\n" in text
    assert text.splitlines()[1] == "Traceback (most recent call last):"
    assert text.splitlines()[-2] == "KeyError: 'price'"
    assert evidence.left_out == ("48 other lines of the log",)


@pytest.mark.parametrize("odd", ["a\x0cb", "a\u2028b", "a\x1cb", "10%\r20%\r30%"])
def test_only_line_ends_count_as_lines_of_the_log(project: Project, odd: str) -> None:
    evidence = project.gather(f"{odd}\n" * 30 + LOG)
    text = next(part.text for part in evidence.parts if part.name == "the error's own log lines")
    assert text.splitlines()[1] == "Traceback (most recent call last):"
    assert "\r" not in everything(evidence)


def test_a_log_of_ten_megabytes_is_quick(project: Project) -> None:
    other = LOG.replace("KeyError", "ValueError").replace("/srv/", "/usr/lib/python3.11/")
    log = other * 31_000 + LOG
    assert len(log) > 10_000_000
    incident = project.incident(log)
    index = len(incident.report.errors) - 1
    begin = time.process_time()
    evidence = gather(incident, index, project.read)
    text = described(incident, index)
    assert time.process_time() - begin < 3
    assert names(evidence)[-1] == "cart.py:4-8"
    assert text.startswith("KeyError: 'price'")


# The description


def test_a_description_names_the_error_its_meaning_and_the_way_there(project: Project) -> None:
    assert described(project.incident(), 0) == (
        "KeyError: 'price'\n  This means: the dictionary has no such key.\n  at app.py:9 -> app.py:6 -> cart.py:7"
    )


def test_a_description_tells_the_errors_of_a_chain_in_order(project: Project) -> None:
    between = "\nThe above exception was the direct cause of the following exception:\n\n"
    second = "".join(LOG.splitlines(keepends=True)[3:6])
    log = f"{LOG.removesuffix('INFO end' + chr(10))}{between}{second}RuntimeError: no\n"
    lines = described(project.incident(log), 0).splitlines()
    assert lines[0] == "KeyError: 'price' (it caused the next error)"
    assert "RuntimeError: no" in lines

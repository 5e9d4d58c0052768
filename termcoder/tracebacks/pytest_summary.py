"""Reads the lines of pytest's short summary: `FAILED tests/test_x.py::test_y - KeyError: 'a'`."""

import re
from dataclasses import dataclass

from termcoder.tracebacks.exception_lines import split_exception

_LINE = re.compile(
    r"\s*(?P<word>FAILED|ERROR|SUBFAILED|SUBFAIL)(?:\([^()]*\)|\[[^\[\]]*\])? (?P<file>[^\s:\[][^:\[]*?)"
    r"(?P<names>(?:::[^:\[]+?)*)(?P<parameters>\[.*?\])?(?: - (?P<said>.*))?\s*$"
)
_FILE = re.compile(r"[\w./\\ -]+\.\w+$")


@dataclass(frozen=True, slots=True)
class Summary:
    """One failed test. `key` is its name as the titles of sections have it, `file` where it stands."""

    key: str
    file: str
    function: str | None
    type: str
    message: str
    at: int


def read_summary(line: str, at: int, *, in_summary: bool) -> Summary | None:
    """The test of a summary's line; outside of a summary only what can be nothing else."""
    if "FAIL" not in line and "ERROR" not in line:
        return None
    if not in_summary and ".py::" not in line and ".py - " not in line:
        return None
    found = _LINE.match(line)
    if found is None or not _FILE.match(found["file"]):
        return None
    names = [name for name in found["names"].split("::") if name]
    parameters = found["parameters"] or ""
    kind, message = _reason(found["said"] or "", found["word"])
    key = ".".join(names) + parameters if names else found["file"]
    function = names[-1].rpartition(".")[2] if names else None
    return Summary(key, found["file"], function, kind, message, at)


def _reason(said: str, word: str) -> tuple[str, str]:
    """Type and message of what stands after the dash, which pytest cuts to the terminal's width."""
    named = split_exception(said)
    if named:
        return named
    if said.startswith("assert"):
        return "AssertionError", said.rstrip()
    return ("FAILED" if word.startswith(("FAIL", "SUB")) else "ERROR"), said.rstrip()

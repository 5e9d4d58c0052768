"""A review as Markdown, to be put under a pull request.

Text from outside can't become markup there, nor notify anyone: every sign with a meaning is written so that it has
none, and no line begins with such text, since some bots read a line's start as a command, even in a code block.
"""

import re
from collections.abc import Iterator

from termcoder.edits.patch import unified
from termcoder.review.finding import Finding, Review
from termcoder.review.formats.plain import one_line, percent, source_line, source_lines
from termcoder.review.formats.text import asides, by_file, headline

_APART = "\u200b"  # can't be seen; what stands on its two sides is no longer one word
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "`": "&#96;"})
_MARKUP = re.compile(r"[\\*_\[\]()#!|~^=:$]")
_SIGNS = re.compile(r"(?i)([@#!~%$&:]|www|(?<![a-z0-9])gh)(?=[\w+/.-])")  # begin a name, an issue's number, a link


def render(review: Review) -> str:
    """The review as Markdown."""
    return "\n".join(_lines(review))


def prose(text: str) -> str:
    """Text from outside, on one line, as a reader sees it and nothing more."""
    apart = _SIGNS.sub(rf"\1{_APART}", one_line(text))
    return _MARKUP.sub(r"\\\g<0>", apart).translate(_ENTITIES)


def code(text: str) -> str:
    """A line of code from outside as a code span."""
    line = source_line(text).strip()
    if not line:
        return ""
    ticks = "`" * (_longest_run(line) + 1)
    room = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{ticks}{room}{line}{room}{ticks}"


def _lines(review: Review) -> Iterator[str]:
    yield f"**{prose(headline(review))}**"
    for path, findings in by_file(review).items():
        yield from ("", f"### {code(path)}")
        for finding in findings:
            yield from _finding(finding)
    yield ""
    yield from (f"- {prose(aside)}" for aside in asides(review))


def _finding(finding: Finding) -> Iterator[str]:
    about = f"{finding.category}, {percent(finding.confidence)} % sure"
    yield from ("", f"**Line {finding.line}, {finding.severity}:** {prose(finding.title)} ({about})")
    if finding.quoted.strip():
        yield from ("", f"> {code(finding.quoted)}")
    yield from ("", f"Scenario: {prose(finding.scenario)}")
    if finding.suggestion is not None:
        yield from ("", "Suggested change:", "", *_fenced(source_lines(unified(finding.suggestion))))


def _fenced(lines: list[str]) -> Iterator[str]:
    fence = "`" * max(3, 1 + max(map(_longest_run, lines)))
    yield f"{fence}diff"
    yield from lines
    yield fence


def _longest_run(line: str) -> int:
    """Of backticks."""
    return max(map(len, re.findall("`+", line)), default=0)

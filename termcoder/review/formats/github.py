"""A review as workflow commands: GitHub Actions shows each beside the line that it is about.

A command is one line, `::LEVEL file=…,line=…,title=…::MESSAGE`. Signs with a meaning there are percent-encoded, as its
own toolkit does it.
"""

from termcoder.review.finding import Finding, Review, Severity
from termcoder.review.formats.plain import one_line, percent, visible
from termcoder.review.formats.text import asides, headline

_LEVELS = {
    Severity.CRITICAL: "error",
    Severity.MAJOR: "error",
    Severity.MINOR: "warning",
    Severity.NIT: "notice",
}
_IN_DATA = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_IN_PROPERTY = {**_IN_DATA, ":": "%3A", ",": "%2C"}


def render(review: Review) -> str:
    """The review as workflow commands, one a line: each finding, then a notice with the outcome and what was read."""
    return "\n".join([*(_command(finding) for finding in review.findings), _outcome(review)])


def _command(finding: Finding) -> str:
    level = _LEVELS[finding.severity]
    title = _property(one_line(f"{finding.severity}: {finding.title}"))
    about = f"{finding.category}, {percent(finding.confidence)} % sure"
    message = _data(f"{one_line(finding.scenario)}\n[{about}]")
    return f"::{level} file={_property(finding.path)},line={finding.line},title={title}::{message}"


def _outcome(review: Review) -> str:
    told = "\n".join(asides(review))
    return f"::notice title={_property(f'termcoder review: {headline(review)}')}::{_data(told)}"


def _property(text: str) -> str:
    return _encoded(text, _IN_PROPERTY)


def _data(text: str) -> str:
    return _encoded(text, _IN_DATA)


def _encoded(text: str, signs: dict[str, str]) -> str:
    return visible("".join(signs.get(character, character) for character in text))

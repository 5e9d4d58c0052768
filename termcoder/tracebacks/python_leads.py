"""What stands right before a traceback: who reports it, and whether the program went on."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from termcoder.tracebacks.python_lines import is_record

_REACH = 12
_LEAD = re.compile(
    r"""Exception\ in\ (?:thread|callback|ASGI|WSGI)\b | Exception\ ignored\b | Error\ in\ (?:atexit|sys)\b
      | Unhandled\ [eE](?:xception|rror)\b | unhandled\ exception\ during
      | (?:Task|Future)\ exception\ was\ never\ retrieved | (?:future|handle|task|transport|protocol):\ <
      | Process\ [\w-]+:\s*$ | _?RemoteTraceback:\s*$ | Internal\ Server\ Error: | Error\ handling\ request
      | raised\ unexpected: | Exception\ on\ /\S*\ \[ | Exception\ happened\ during\ processing
      | ---\ Logging\ error\ ---$
    """,
    re.VERBOSE,
)
NAMED_BEFORE = re.compile(
    r"(?P<level>\[ERROR\]\s+(?:\S+Z\s+\S+\s+)?)?(?P<type>(?:\w+\.)*[A-Z]\w*(?:Error|Exception|Exit|Interrupt))"
    r": (?P<message>.*)$"
)
"""What AWS Lambda and Airflow's web pages write above the frames."""
_QUOTES = '"""'
_IGNORED = re.compile(r"\s*(?:Exception ignored (?:in|on|while|from)\b|--- Logging error ---)")
_LEVEL = re.compile(
    r"(?:^|[\s\[(|<:,=\"'-])"
    r"(?P<level>TRACE|DEBUG|INFO|NOTICE|WARNING|WARN|ERROR|CRITICAL|FATAL|SEVERE|EXCEPTION)(?:[\s\])|>:,\"'/-]|$)"
    r"|\[(?P<plain>debug|info|warning|warn|error|critical|exception)\s*\]"
    r"|\"?(?:level|levelname|severity|lvl)\"?[=:]\s*\"?(?P<field>\w+)"
)
_WARNINGS = frozenset({"WARNING", "WARN"})
_MILD = frozenset({"TRACE", "DEBUG", "INFO", "NOTICE", "WARNING", "WARN"})
_EXPECTED = re.compile(
    r"fail|error|exception|could ?n[o']t|cannot|can't|unable"
    r"|n[o']t (?:available|found|installed|present|supported|loaded)"
    r"|unavailable|missing|without|fall(?:ing)?[ -]?back|instead|retry|retries|skip|ignor|caught|handled|traceback"
    r"|disabl|optional|no module|import|recover",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Lead:
    """`first` is the line that the report of the error begins with; `went_on`: the program caught it.

    `warned`: a warning stands before it, so that it was caught if the program wrote more afterwards.
    """

    first: int
    went_on: bool = False
    warned: bool = False


def lead_of(texts: Sequence[str], header: int, floor: int) -> Lead:
    """What the lines before `header` say, looking back no further than `floor`."""
    record = _record(texts, header, floor)
    first = header
    for at in range(header - 1, max(floor, header - _REACH) - 1, -1):
        text = texts[at].strip()
        if _LEAD.search(text) or text == _QUOTES:
            first = at
        elif text or at < header - 1:
            break
    if record is None or record >= first:
        return Lead(first, bool(_IGNORED.match(texts[first])))
    warned = level_of(texts[record][:200]) in _WARNINGS
    return Lead(min(first, record), _is_expected(texts[record]) or bool(_IGNORED.match(texts[first])), warned)


def is_expected(text: str, body: str) -> bool:
    """Whether a record that has its traceback in the same line was written by a program that went on."""
    return _mildness(text.replace(body, "")) is not None


def _record(texts: Sequence[str], header: int, floor: int) -> int | None:
    """The log record that the traceback belongs to: the header's own line, or the one before."""
    if _prefix(texts[header]).strip():
        return header if level_of(_prefix(texts[header])) else None
    before = header - 1
    if before < floor or not texts[before].strip():
        return None
    text = texts[before].strip()
    return before if is_record(text) or level_of(text[:120]) else None


def _prefix(text: str) -> str:
    return text.partition("Traceback (")[0]


def _is_expected(text: str) -> bool:
    """A mild record with a stack: the program caught the exception, if the record speaks of one.

    A record about something else may be the last that a program wrote before it died of the traceback.
    """
    level = _mildness(_prefix(text)[:200])
    return level is not None and (bool(_EXPECTED.search(text)) or "Traceback (" in text)


def _mildness(text: str) -> str | None:
    level = level_of(text)
    return level if level in _MILD else None


def level_of(text: str) -> str | None:
    """The level that a log record is of, in capitals; None for a line that names none."""
    match = _LEVEL.search(text)
    if match is None:
        return None
    return (match["level"] or match["plain"] or match["field"]).upper()

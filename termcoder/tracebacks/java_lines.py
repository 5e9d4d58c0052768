"""What single lines of Java's stack traces are: the first line of a throwable, a frame, `... 12 more`."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from termcoder.tracebacks.java_frames import read_frame, read_native_frame
from termcoder.tracebacks.report import Frame

LONGEST = 4000
"""How much of a line is looked at by searches that may begin anywhere in it."""


class Kind(StrEnum):
    """How a throwable is introduced."""

    UNCAUGHT = "uncaught"
    PLAIN = "plain"
    CAUSE = "cause"
    SUPPRESSED = "suppressed"
    WRAPPED = "wrapped"
    CIRCULAR = "circular"


@dataclass(frozen=True, slots=True)
class Head:
    """The first line of a throwable. `telling`: it can be one without frames below it."""

    kind: Kind
    type: str
    message: str
    indent: int
    record: str = ""
    telling: bool = True


@dataclass(frozen=True, slots=True)
class Omitted:
    """`... 12 more`: that many frames are the enclosing throwable's."""

    count: int


Line = Head | Frame | Omitted

_SUFFIX = r"(?:Exception|Error|Throwable|Failure|Failed|Fault|Invoked|Wanted|Interrupt|Interrupted|ThreadDeath)s?"
_NAME = r"(?:[\w$-]+\.)*[\w$]+"
_REST = r"(?::(?=\s|$)|(?=;\s|\s*$|\s\[|\s\())"
_UNCAUGHT = re.compile(
    r'\s*(?:.{0,200}?[\s:])?(?:Exception in thread "[^"]{0,300}"|Uncaught exception in thread "?\S{1,200}:)\s+'
    r"(?P<rest>.*)"
)
_TYPE = re.compile(rf"(?P<type>{_NAME})(?:{_REST})?")
_STRONG = re.compile(rf"\s*(?P<type>(?:[a-z_][\w$-]*\.)+[\w$]*{_SUFFIX})(?:{_REST})")
_WEAK = re.compile(rf"\s*(?P<type>(?:[a-z_][\w$-]*\.)+[A-Z][\w$]*|(?:[A-Z][\w$]*)?{_SUFFIX})(?:{_REST})")
_EMBEDDED = re.compile(
    rf"(?<![\w.$/@\"'-])(?P<type>(?:[a-z_][\w$-]*\.)+[\w$]*{_SUFFIX}|[A-Z]\w*(?:Exception|Error))"
    rf"(?::(?=\s|$)|(?=\s*$|;\s))"
)
_RECORD = re.compile(
    r"\s*(?:[\[({]?\d{1,4}[-/:.]\d\d|\[|\w{3} \d|(?:FATAL|ERROR|SEVERE|WARN(?:ING)?|INFO|DEBUG|TRACE|[EWIDF]/)\b)"
)
_OMITTED = re.compile(
    r"\s*\.\.\. (\d{1,6}) (?:(?P<unknown>trimmed|frames? (?:truncated|excluded))"
    r"|more|common frames omitted|frames? omitted|elided)"
)
_FOLDED = "\\n\\tat "
_ENCLOSED = {
    "Caused by: ": Kind.CAUSE,
    "Suppressed: ": Kind.SUPPRESSED,
    "Wrapped by: ": Kind.WRAPPED,
    "Causing: ": Kind.WRAPPED,
}
_TELLING = re.compile(
    r"(?:java|javax|jakarta|kotlin|kotlinx|scala|groovy|android|androidx|sun|jdk|org|com|net|io|ch|de|fr|dev|feign"
    r"|reactor|retrofit2|okhttp3|akka|redis|oracle|liquibase|junit|freemarker|graphql)\.[\w$.]+"
)
_SHORT = re.compile(r" at [\w.$-]+:\d+\s*$")  # Gradle's short form has the place behind the type
_PREFIX = re.compile(r"(\s*)(?:\[(?:ERROR|INFO|WARN|WARNING|DEBUG|java|junit|javac|exec|testng|kotlinc)\] ?|[!|] ?)")
_TAGS = ("[", "!", "|")
_JSON_STACK = re.compile(r'"(?:error\.)?stack_?[tT]race"\s*:\s*\[\s*"')
_JSON_NEXT = re.compile(r'(?<!\\)",\s*"(?=at |Caused by: |Suppressed: |\.\.\. \d)')
_JSON_LINE = re.compile(r'\s*"((?:at |Caused by: |Suppressed: |\.\.\. \d).*)')
_JSON_END = re.compile(r'"\s*(?:,|\].*)?\s*$')
_LOGCAT = re.compile(
    r"[^\n]{0,90}?\b[VDIWEF]?[/ ]?(?:AndroidRuntime|System\.err)(?:\(\s*\d+\))?(?:: ?|\s+\S+\s+[EW]\s\s?)"
)


def unfolded(lines: Sequence[str]) -> tuple[Sequence[str], Sequence[int] | None]:
    r"""The lines with the traces of JSON records, `"java.io.IOException: x\\n\\tat ..."`, on lines of their own.

    The second is which line each of them comes from; None where nothing had to be done.
    """
    if not any(_FOLDED in line or '"stack' in line for line in lines):
        return lines, None
    found: list[str] = []
    origins: list[int] = []
    for at, line in enumerate(lines):
        pieces = _pieces(line) if _FOLDED in line else _JSON_NEXT.split(line) if '"stack' in line else [line]
        found += pieces
        origins += [at] * len(pieces)
    return found, origins


def _pieces(line: str) -> list[str]:
    pieces = line.replace("\\r\\n", "\\n").replace('\\"', "\0").split("\\n")
    start = pieces[0].rfind('"') + 1
    head, pieces[0] = pieces[0][:start], pieces[0][start:]
    return [head, *(piece.replace("\\t", "\t").replace("\0", '"') for piece in pieces)]


def without_tags(lines: Sequence[str]) -> Sequence[str]:
    """The lines without what Maven, Ant, Dropwizard and Android's logcat put before each line of a trace."""
    if any('"stack' in line and _JSON_STACK.search(line) for line in lines):
        lines = [_without_quotes(line) if '"' in line else line for line in lines]
    logcat = any("AndroidRuntime" in line or "System.err" in line for line in lines)
    return [_without_tag(line, logcat) if logcat or line.lstrip()[:1] in _TAGS else line for line in lines]


def _without_quotes(line: str) -> str:
    """A line of a trace that Elasticsearch writes as a list of strings, each in a line of its own."""
    begin = _JSON_STACK.search(line)
    if begin is not None:
        return _JSON_END.sub("", line[begin.end() :]).replace('\\"', '"')
    match = _JSON_LINE.match(line)
    return line if match is None else _JSON_END.sub("", match[1]).replace('\\"', '"')


def _without_tag(line: str, logcat: bool) -> str:
    if logcat and ("AndroidRuntime" in line or "System.err" in line):
        line = _LOGCAT.sub("", line, count=1)
    if line.lstrip()[:1] in _TAGS:
        return _PREFIX.sub(r"\1", line, count=1)
    return line


def scan(lines: Sequence[str]) -> dict[int, Line]:
    """The lines that are part of a trace for sure, by their index, in order."""
    found: dict[int, Line] = {}
    listing = False  # JUnit's console launcher lists failures, with frames that have no `at`
    for at, line in enumerate(lines):
        if "=> " in line and _listed_head(line):
            listing = True
        if listing:
            read = _listed(lines, at)
            listing = not line.startswith("Test run finished")
        else:
            read = _line(lines, at)
        if read is not None:
            found[at] = read
    return found


def _line(lines: Sequence[str], at: int) -> Line | None:
    line = lines[at]
    if "at " in line and "(" in line and (frame := _frame(lines, at)):
        return frame
    if "... " in line and (omitted := _omitted(line)):
        return omitted
    if not _may_be_head(line):
        return None
    head = read_head(line)
    if head is not None and head.kind is Kind.PLAIN and at:
        kind = _ENCLOSED.get(f"{lines[at - 1].strip()} ")  # Gradle gives `Caused by:` a line of its own
        return head if kind is None else replace(head, kind=kind)
    return head


def _may_be_head(line: str) -> bool:
    if "Exception" in line or "Error" in line or "ed by: " in line or "Causing: " in line:
        return True
    return "Suppressed: " in line or "Fail" in line or "xception in thread" in line or "CIRCULAR" in line


def _listed(lines: Sequence[str], at: int) -> Line | None:
    text = lines[at].lstrip()
    if text.startswith("[...]"):
        return Omitted(0)
    if text.startswith("=> "):
        return _listed_head(lines[at])
    if "(" in text and text.endswith(")") and (frame := read_frame(f"at {text}", at)):
        return frame
    return _line(lines, at)


def _listed_head(line: str) -> Head | None:
    text = line.lstrip()
    head = weak_head(text[3:]) if text.startswith("=> ") else None
    return None if head is None else replace(head, indent=len(line) - len(text))


def _frame(lines: Sequence[str], at: int) -> Frame | None:
    text = lines[at].lstrip()
    if not text.startswith("at ") or "(Coroutine " in text:
        return None
    if " 0x" in text:
        return read_native_frame(text[:LONGEST], at)
    frame = read_frame(text, at)
    if frame is None and len(text) < 300 and ")" not in text and at + 1 < len(lines):
        return read_frame(text + lines[at + 1].strip()[:200], at)
    return frame


def _omitted(line: str) -> Omitted | None:
    match = _OMITTED.match(line)
    return Omitted(0 if match["unknown"] else int(match[1])) if match else None


def read_head(line: str) -> Head | None:
    """The throwable that a line begins, if that is plain from the line alone."""
    text = line.lstrip()
    indent = len(line) - len(text)
    for mark, kind in _ENCLOSED.items():
        if text.startswith(mark):
            return _enclosed(text[len(mark) :], kind, indent)
    if "CIRCULAR REFERENCE" in text[:40]:
        return Head(Kind.CIRCULAR, "", "", indent)
    if text.startswith("Uncaught Kotlin exception: "):
        return _introduced(text[27:], Kind.UNCAUGHT, indent)
    if "xception in thread" in text[:300] and (match := _UNCAUGHT.match(text)):
        return _introduced(match["rest"], Kind.UNCAUGHT, indent)
    match = _STRONG.match(line)
    if match is None or match["type"] == "java.lang.Thread.State":
        return None
    return Head(Kind.PLAIN, match["type"], _message(line, match.end()), indent, "", bool(_TELLING.match(match["type"])))


def _enclosed(text: str, kind: Kind, indent: int) -> Head | None:
    if text.startswith("[CIRCULAR REFERENCE"):
        return Head(Kind.CIRCULAR, "", "", indent)
    if _SHORT.search(text):
        return None
    return _introduced(text, kind, indent)


def _introduced(text: str, kind: Kind, indent: int) -> Head:
    match = _TYPE.match(text)
    if match is None:
        return Head(kind, "", text.strip(), indent)
    return Head(kind, match["type"], _message(text, match.end()), indent)


def _message(text: str, start: int) -> str:
    return text[start:].lstrip("; \t").rstrip()


def weak_head(line: str) -> Head | None:
    """The throwable that a line directly above frames begins: any class will do, also one without a package."""
    match = _WEAK.match(line[:LONGEST])
    if match is None or match["type"] == "java.lang.Thread.State":
        return None
    return Head(Kind.PLAIN, match["type"], _message(line, match.end()), len(line) - len(line.lstrip()))


def record_head(line: str, any_text: bool = False) -> Head | None:
    """The throwable that a log record names at its end, `... ERROR app: java.io.IOException: disk full`."""
    if not any_text and not _RECORD.match(line):
        return None
    match = _EMBEDDED.search(line[:LONGEST])
    if match is None:
        return None
    record = line[: match.start()]
    return Head(Kind.PLAIN, match["type"], _message(line, match.end()), 0, record)

"""What compilers of Java and Kotlin say: javac, Eclipse's, kotlinc, alone or through Maven, Gradle and Ant."""

import re
from collections.abc import Iterable, Iterator, Sequence

from termcoder.tracebacks.parser import Parser
from termcoder.tracebacks.report import Certainty, Failure, Frame, LoggedError

_FILE = r"(?P<file>(?:file:///?)?(?:/?[A-Za-z]:(?=[\\/]))?[^\s:\[][^:\n]*?\.(?:java|kts?|groovy|scala|sbt|aj))"
_SCALA = r"(?P<file>(?:[A-Za-z]:(?=[\\/]))?[^\s:\[][^:\n]*?\.s(?:cala|c|bt))"
_KIND = r"(?P<message>[A-Z][\w ]{0,60}Error)"
_GLUED = r"\s*(?::[\w:-]+(?=/|[A-Z]:))?"  # old Gradles print `:compileJava` without a line end
_LINE, _COLUMN, _MESSAGE = r"(?P<line>\d{1,9})", r"(?P<column>-?\d{1,9})", r"(?P<message>.*)"
_FORMS = tuple(
    (mark, name, re.compile(form))
    for mark, name, form in (
        (": error: ", "javac", rf"{_GLUED}(?:e: )?(?:\[kapt\] )?{_FILE}:{_LINE}: error: {_MESSAGE}"),
        (": error: ", "kotlinc", rf"\s*{_FILE}:{_LINE}:{_COLUMN}: error: {_MESSAGE}"),
        ("e: ", "kotlinc", rf"\s*e: {_FILE}: \({_LINE}, {_COLUMN}\): {_MESSAGE}"),
        ("e: ", "kotlinc", rf"\s*e: {_FILE}:{_LINE}:{_COLUMN}:? {_MESSAGE}"),
        ("e: [ksp] ", "ksp", rf"\s*e: \[ksp\] {_FILE}:{_LINE}: {_MESSAGE}"),
        (":[", "maven", rf"\s*(?:\[?ERROR\] +)?{_FILE}:\[{_LINE}(?:, ?{_COLUMN})?\] (?:error: )?{_MESSAGE}"),
        (": (", "maven", rf"\s*(?:\[ERROR\] +)?{_FILE}: \({_LINE}, {_COLUMN}\) {_MESSAGE}"),
        ("[error] ", "scalac", rf"\s*\[error\] +{_FILE}:{_LINE}:(?:{_COLUMN}:)? {_MESSAGE}"),
        ("[ERROR] ", "scalac", rf"\s*\[ERROR\] +{_SCALA}:{_LINE}:(?:{_COLUMN}:)? (?:error: )?{_MESSAGE}"),
        ("[Error] ", "scalac", rf"\s*\[Error\] +{_SCALA}:{_LINE}:(?:{_COLUMN}:)? {_MESSAGE}"),
        ("-- ", "scalac", rf"\s*(?:\[error\] )?-- (?:\[\w+\] )?{_KIND}: {_FILE}:{_LINE}:{_COLUMN} -*\s*$"),
        (" ERROR in ", "ecj", rf"\s*\d+\. ERROR in {_FILE} \(at line {_LINE}\)"),
    )
)
_NOWHERE = re.compile(
    r"\s*(?:\[ERROR\] +)?(?:javac: |kotlinc: )?error: (?P<message>(?:file not found|invalid (?:source|target) release|"
    r"release version|warnings found and -Werror|source file or directory not found|no source files|invalid flag|"
    r"class names, |unmappable character|cannot access |module not found|bad path element|"
    r"Source option |Target option |could not find java executable|unable to (?:read|write) ).*)"
)
_OLD_JAVAC = re.compile(rf"\s*{_FILE}:(?P<line>\d{{1,9}}): (?!warning|note|error:)(?P<message>\S.*)")
_TAG = re.compile(r"\s*\[(?:javac|ERROR|kotlinc|error|Error)\] ?")
_CARET = re.compile(r"\s*\^[~^]*\s*$")
_END = re.compile(r"\d+ (?:errors?|warnings?)$|Note: |(?:FAILURE|BUILD|w|e|i): |\[(?:INFO|WARNING)\]|-> \[Help")
_URL = re.compile(r"^file:/{2,}(?=[A-Za-z]:)|^file:/{2}(?=/)")
_HELP = re.compile(r"\s*-> \[Help \d+\]\s*$")
_SOURCES = (".java", ".kt", ".scala:", ".groovy:", ".sbt:")
_MOST_NOTES = 30
_LONGEST_MESSAGE = 12


def parse(lines: Sequence[str]) -> Iterable[Failure]:
    """Every error of a compiler, once: Maven and new Gradles print them twice."""
    seen: set[tuple[str | None, int | None, str]] = set()
    for failure in _errors(lines):
        error = failure.errors[0]
        place = error.frames[0] if error.frames else None
        key = (place.file, place.line, error.message) if place else (None, None, error.message)
        if key not in seen:
            seen.add(key)
            yield failure


def _errors(lines: Sequence[str]) -> Iterator[Failure]:
    for at, line in enumerate(lines):
        failure = _located(lines, at) if any(mark in line for mark in _SOURCES) else None
        if failure is None and "error: " in line:
            failure = _nowhere(line, at)
        if failure is not None:
            yield failure


def _nowhere(line: str, at: int) -> Failure | None:
    match = _NOWHERE.match(line)
    if match is None:
        return None
    error = LoggedError("error", match["message"].rstrip(), (), at)
    kotlin = ".kt" in line or "source file or directory" in line
    form = ("kotlin", "kotlinc") if kotlin else ("java", "javac")
    return Failure(*form, (error,), at, at, 0, True, Certainty.LIKELY)


def _located(lines: Sequence[str], at: int) -> Failure | None:
    line, ant = lines[at], False
    if line.lstrip().startswith("[javac]"):
        line, ant = _TAG.sub("", line, count=1), True
    found = _form(line)
    if found is None and _has_caret(lines, at) and "[WARNING]" not in line and (match := _OLD_JAVAC.match(line)):
        found = "javac", match
    return None if found is None else _failure(lines, at, "ant" if ant else found[0], found[1])


def _form(line: str) -> tuple[str, re.Match[str]] | None:
    """Which form a line has; each is tried only where its mark is there."""
    for mark, name, form in _FORMS:
        if mark in line and (match := form.match(line)):
            return name, match
    return None


def _has_caret(lines: Sequence[str], at: int) -> bool:
    return at + 2 < len(lines) and "^" in lines[at + 2] and bool(_CARET.match(_TAG.sub("", lines[at + 2], count=1)))


def _failure(lines: Sequence[str], at: int, form: str, match: re.Match[str]) -> Failure:
    groups = match.groupdict()
    code, column, end = _code(lines, at)
    message = [groups.get("message") or ""] + [
        _TAG.sub("", text, count=1).strip() for text in lines[at + 1 : max(at + 1, end - 1)]
    ]
    if form == "scalac" and "-- " in lines[at]:
        message, end = _explained(lines, at, message)
    if form == "ecj" and end + 1 < len(lines):
        end += 1
        message = [lines[end].strip()]
    notes = _notes(lines, end + 1)
    if groups.get("column") and int(groups["column"]) > 0:
        column = int(groups["column"])
    file = match["file"]
    path = _URL.sub("", file)
    frame = Frame(file, int(match["line"]), None, True, column, code, at, "" if path == file else path)
    error = LoggedError("error", _HELP.sub("", "\n".join(message)).strip(), (frame,), at, notes=notes)
    language = "kotlin" if file.endswith((".kt", ".kts")) else "java"
    return Failure(language, form, (error,), at, end + len(notes), 0, True)


def _explained(lines: Sequence[str], at: int, message: list[str]) -> tuple[list[str], int]:
    """The message of Scala 3, which stands beside a line below the source: `   |    Found: Int`."""
    end, below = at, False
    for i in range(at + 1, min(len(lines), at + _MOST_NOTES)):
        head, bar, text = _TAG.sub("", lines[i], count=1).partition("|")
        if not bar or head.strip(" 0123456789") or (head.strip() and below):
            break
        if below and text.strip() and not text.startswith(" longer explanation"):
            message = [*message, text.strip()]
        below, end = below or bool(_CARET.match(text)), i
    return message, end


def _code(lines: Sequence[str], at: int) -> tuple[str, int | None, int]:
    """The source line below an error, the column that the caret below it shows, and the line of the caret."""
    head = _TAG.sub("", lines[at], count=1)
    base = len(head) - len(head.lstrip())
    for i in range(at + 1, min(len(lines), at + _LONGEST_MESSAGE)):
        text = _TAG.sub("", lines[i], count=1)
        if "^" in text and i > at + 1 and _CARET.match(text):
            column = text.index("^") + 1 - base
            return _TAG.sub("", lines[i - 1], count=1).strip(), column if column > 0 else None, i
        if not text.strip() or _is_error(text):
            break
    return "", None, at


def _notes(lines: Sequence[str], start: int) -> tuple[str, ...]:
    """The lines below an error that say more: `  symbol:   variable total`."""
    notes: list[str] = []
    for line in lines[start : start + _MOST_NOTES]:
        text = _TAG.sub("", line, count=1)
        if not text.startswith("  ") or _END.match(text.strip()) or _is_error(text):
            break
        notes.append(text.strip())
    return tuple(notes)


def _is_error(text: str) -> bool:
    return any(mark in text for mark in _SOURCES) and _form(text) is not None


PARSER = Parser("java build", (".java:", ".kt:", ".kts:", ".scala:", ".sbt:", ".java (at line", "error: "), parse)

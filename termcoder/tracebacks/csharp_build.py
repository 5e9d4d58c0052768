"""Reads the errors that the compilers of .NET, MSBuild, NuGet and Mono's mcs report."""

import re
from collections.abc import Sequence
from dataclasses import replace

from termcoder.tracebacks.parser import Parser
from termcoder.tracebacks.report import Failure, Frame, LoggedError

_CODES = (
    r"(?:CS|MSB|NU|NETSDK|FS|BC|RZ|CA|SA|IDE|XA|BL|SYSLIB|IL|MC|XFC|XLS|APT|AL|SQL|ENC|ASP|RDG|EF|NUnit|xUnit|VSTEST|MT"
    r"|SCS|S|RCS|MSTEST|WMC|MVVMTK|LIB|GRPC|CTC|XC|CSC)\d{2,5}"
)
_ERROR = re.compile(
    r"(?:\s*(?:\d\d:\d\d:\d\d )?(?:\[ERR\]|Error:|::error::))?(?:\s*\d+>)?\s*"
    rf"(?:(?P<place>\S.*?) ?: )?(?P<kind>(?:fatal )?error) (?P<code>{_CODES})\s?: (?P<message>.*)$"
)
_PLACE = re.compile(r"(?P<file>.+?)\((?P<line>\d{1,9})(?:,(?P<column>\d{1,9}))?(?:[,-]\d{1,9}){0,3}\)$")
_PROJECT = re.compile(r"\s\[(?P<project>[^\[\]]+\.\w*(?:proj|sln|slnx|metaproj|targets|props)(?:::[^\]]*)?)\]\s*$")
_OF_SEVERAL_LINES = frozenset(("MSB4018", "MSB3073", "MSB4062", "MSB4061"))
_FOLLOW_UP = 3  # lines in which a message that a terminal has wrapped ends
_FILES = (
    ".cs",
    ".vb",
    ".fs",
    ".fsx",
    ".cshtml",
    ".razor",
    ".xaml",
    ".csproj",
    ".fsproj",
    ".vbproj",
    ".props",
    ".targets",
)


def parse(lines: Sequence[str]) -> list[Failure]:
    """Every error of a build, each once: builds list them again at their end."""
    failures: list[Failure] = []
    seen: set[tuple[str, str, str]] = set()
    for at, line in enumerate(lines):
        if "error " not in line:
            continue
        found = _failure_at(lines, at)
        if found is None:
            continue
        key = _key(found.errors[0])
        if key in seen:
            continue
        seen.add(key)
        if failures and _goes_on(failures[-1], found):
            failures[-1] = _joined(failures[-1], found)
        else:
            failures.append(found)
    return failures


def _goes_on(earlier: Failure, later: Failure) -> bool:
    """Whether a line is one more of the message above: MSBuild writes the place and the code before each."""
    error, more = earlier.errors[0], later.errors[0]
    same = earlier.last + 1 == later.first and (error.type, _place(error)) == (more.type, _place(more))
    return same and (error.type in _OF_SEVERAL_LINES or more.message.startswith("at "))


def _joined(earlier: Failure, later: Failure) -> Failure:
    """The failure with one more line; the frames of MSBuild's own code are none of the message."""
    error, more = earlier.errors[0], later.errors[0].message
    if not more.startswith("at "):
        error = replace(error, message=f"{error.message}\n{more}".strip())
    return replace(earlier, errors=(error,), last=later.last)


def _key(error: LoggedError) -> tuple[str, str, str]:
    return error.type, error.message, _place(error)


def _place(error: LoggedError) -> str:
    place = error.frames[0] if error.frames else Frame()
    return f"{place.file}:{place.line}:{place.column}"


def _failure_at(lines: Sequence[str], at: int) -> Failure | None:
    found = _ERROR.match(lines[at])
    if found is None:
        return None
    text, last = _message(lines, at, found["message"])
    project = _PROJECT.search(text)
    message = (text[: project.start()] if project else text).strip()
    frames = _frames(found["place"], at)
    form = "mcs" if project is None and found["code"].startswith("CS") else "msbuild"
    error = LoggedError(found["code"], message, frames, at)
    return Failure("csharp", form, (error,), at, last, build=True)


def _message(lines: Sequence[str], at: int, text: str) -> tuple[str, int]:
    """The message, put together where a terminal has wrapped it, and its last line."""
    if _PROJECT.search(text) or not _is_cut(text):
        return text, at
    joined = text
    for number in range(at + 1, min(at + 1 + _FOLLOW_UP, len(lines))):
        if not lines[number].strip() or _ERROR.match(lines[number]):
            break
        joined += lines[number]
        if _PROJECT.search(joined):
            return joined, number
    return text, at


def _is_cut(text: str) -> bool:
    """Whether a message may go on in the next line: the project in brackets, once begun, must end."""
    return text.count("[") > text.count("]") or not text.rstrip().endswith((".", "]"))


def _frames(place: str | None, at: int) -> tuple[Frame, ...]:
    """The place of an error; a tool's name there is none."""
    if not place:
        return ()
    found = _PLACE.match(place.strip())
    if found:
        column = int(found["column"]) if found["column"] else None
        return (Frame(found["file"], int(found["line"]), None, _is_own(found["file"]), column, at=at),)
    if place.strip().endswith((*_FILES, ".sln")):
        return (Frame(place.strip(), None, None, _is_own(place), at=at),)
    return ()


def _is_own(file: str) -> bool:
    folders = file.replace("\\", "/")
    return not any(part in folders for part in ("/.nuget/", "/sdk/", "/dotnet/", "/MSBuild/", "/mono/"))


PARSER = Parser(
    "csharp build",
    (
        "error CS",
        "error MSB",
        "error NU",
        "error NETSDK",
        "error FS",
        "error BC",
        "error RZ",
        "error CA",
        "error SA",
        "error XA",
        "error IL",
        "error IDE",
        "error BL",
        "error EF",
        "error S",
        "error xUnit",
    ),
    parse,
)

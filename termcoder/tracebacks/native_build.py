"""Reads what compilers of C, C++ and CUDA say: gcc, clang, MSVC, nvcc and assemblers. Each error is one failure."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from termcoder.tracebacks import linker
from termcoder.tracebacks.native_frames import Place, declared_name, is_cpp_file, make_frame, shortened
from termcoder.tracebacks.parser import Parser
from termcoder.tracebacks.report import Failure, Frame, LoggedError

_EXTENSION = r"""\.(?:
    c|h|cc|cpp|cxx|c\+\+|C|H|hh|hpp|hxx|h\+\+|inl|ipp|tpp|tcc|ixx|cppm|m|mm
    |cu|cuh|S|s|asm|nasm|inc|def|y|l|ll|ino|i|ii|pch|moc
)"""
_FILE = rf"""(?P<file>
    (?:[A-Za-z]:[\\/]|/)[^:"<>|*?()\n]{{0,400}}?{_EXTENSION} | [^\s:"'<>|*?()\[\]]+{_EXTENSION}
  | [^\s:"'<>|*?()]*/(?:include|c\+\+)/[^\s:"'<>|*?()]* | <(?:stdin|built-in|command-line|command\ line|artificial)>
)"""
_KIND = r"(?P<type>fatal\ error|internal\ compiler\ error|sorry,\ unimplemented|error|Error|Fatal\ error):\ "
_ERRORS = (  # one of which every line with an error has: a cheap test before the exact ones
    *(": error", ": fatal", ": internal compiler", ": Error", ": Fatal error", ": sorry, ", ": catastrophic error"),
    *(": Command line error", "nvcc fatal", "ptxas error", "ptxas fatal"),
)
_DIAGNOSTIC = re.compile(
    rf"(?:^|[\s>]){_FILE}:(?:(?P<line>\d+):(?:(?P<column>\d+):)?)?\ {_KIND}(?P<message>.*)", re.VERBOSE
)
_BRACKETED = re.compile(  # MSVC, clang-cl, nvcc and Intel's compilers
    rf"""(?:^|[\s>]){_FILE}\((?P<line>\d+)(?:,(?P<column>\d+))?(?:,\d+,\d+)?\)\ ?:\ (?:catastrophic\ )?
    (?P<type>fatal\ error|error)(?:\ \#\d+(?:-D)?)?(?:\ (?P<code>[A-Z]{{1,4}}\d{{3,5}}))?:\ (?P<message>.*)""",
    re.VERBOSE,
)
_DRIVER = re.compile(
    r"""(?:^|[\s/])(?P<tool>cc1(?:plus|obj)?|gcc|g\+\+|cc|c\+\+|clang(?:\+\+)?|cpp|nvcc|ptxas
        |[\w-]+-(?:gcc|g\+\+|clang)|nasm
        |cl|clang-cl)
    (?:-[\d.]+)?(?:\.exe)?(?:\ :\ Command\ line|\ +:)?:?\ +(?P<type>fatal\ error|fatal|internal\ compiler\ error|error)
    (?:\ (?P<code>[A-Z]\d{4})\ ?)?\ *:\ (?P<message>.*)""",
    re.VERBOSE,
)
_AFTERMATH = (
    "command failed with exit code",
    "too many errors emitted, stopping now",
    "warnings being treated as errors",
    "ld returned ",
    "command failed due to signal",
)
_FUNCTION = re.compile(r"(?P<file>[^\s:][^:]*|[A-Za-z]:[\\/][^:]*): In (?P<what>[a-z ]+) [‘'`](?P<name>.*)[’']:$")
_NO_FUNCTION = (": At top level:", ": At global scope:", ": In lambda function:")
_INCLUDED = re.compile(r"\s*(?:In file included from |from )\S.*[:,]$")
_REQUIRED = re.compile(
    rf"{_FILE}:(?P<line>\d+):(?:(?P<column>\d+):)?\ +(?:recursively\ )?required\ (?:from|by)", re.VERBOSE
)
_REQUESTED = re.compile(
    rf"{_FILE}:(?P<line>\d+):(?P<column>\d+):\ note:\ in\ instantiation\ of\ .*\ requested\ here$", re.VERBOSE
)
_NOTE = re.compile(
    r"(?:^|: |\d: )note: (?P<note>.*)|^ {8,}(?P<more>(?:with|and|\[|\]|'|could be|or|while)\b.*|[\[\]].*)"
)
_GUTTER = re.compile(r"\s*(?P<line>\d+)? \|(?P<code>.*)$|\s*(?P<only>\|)")
_CARET = re.compile(r"\s*[~^][~^\s\w]*$")
_PROJECT = re.compile(r" \[[^\[\]]*\.(?:vcx|)proj\]$")
_MOST_BELOW = 60  # lines below an error that are looked at: its source, notes, candidates
_MOST_NOTES = 8


@dataclass(slots=True)
class _Context:
    """What the lines before an error say of it: where its head begins, its function, the template's use."""

    first: int | None = None
    function: str | None = None
    file: str = ""
    origin: Frame | None = None
    cpp: bool = False

    def read(self, lines: Sequence[str], index: int) -> bool:
        """Take in a line of a head (`In file included from …`, `In function …`, `required from here`)."""
        line = lines[index]
        known = self._read_function(line) or self._read_required(line, index)
        if not known and not ("from " in line and _INCLUDED.match(line)):
            self.first = self.origin = None
            self.cpp = False
            return False
        self.cpp = self.cpp or is_cpp_file(line.rstrip(":,").rpartition(" ")[2].partition(":")[0])
        self.first = index if self.first is None else self.first
        return True

    def _read_function(self, line: str) -> bool:
        if line.endswith(_NO_FUNCTION):
            self.function = None
            return True
        match = _FUNCTION.search(line) if ": In " in line else None
        if match is None:
            return False
        self.function, self.file, self.origin = declared_name(match["name"]), match["file"].strip(), None
        return True

    def _read_required(self, line: str, index: int) -> bool:
        match = _REQUIRED.search(line) if " required " in line else None
        if match is None:
            return False
        frame = make_frame(Place(match["file"], match["line"], match["column"]), None, index)
        if frame.own:
            self.origin = frame
        return True


def parse(lines: Sequence[str]) -> Iterable[Failure]:
    """The errors of compilers and linkers, in the order of the log."""
    lines = shortened(lines)
    context = _Context()
    index = 0
    while index < len(lines):
        failure = _read(lines, index, context)
        if failure is None:
            context.read(lines, index)
        else:
            yield failure
            context.first = context.origin = None
            context.cpp = False
            index = max(index, failure.last)
        index += 1


def _read(lines: Sequence[str], index: int, context: _Context) -> Failure | None:
    line = lines[index]
    if " undefined reference to " in line:
        return linker.read(lines, index)
    if any(mark in line for mark in _ERRORS):
        failure = _compiler(lines, index, context)
        if failure is not None:
            return failure
    return linker.read(lines, index)


def _compiler(lines: Sequence[str], index: int, context: _Context) -> Failure | None:
    """`main.c:12:5: error: …`, `main.cpp(12,5): error C2065: …` or `cc1: error: …`."""
    line = lines[index]
    if any(text in line for text in _AFTERMATH):
        return None
    match = _DIAGNOSTIC.search(line)
    if match is not None:
        return _located(lines, index, match, context)
    match = _BRACKETED.search(line) if ")" in line else None
    if match is not None:
        foreign = (match["code"] or "").startswith(_FOREIGN)
        return None if foreign else _located(lines, index, match, context)
    return _driver(lines, index)


def _driver(lines: Sequence[str], index: int) -> Failure | None:
    match = _DRIVER.search(lines[index])
    if match is None:
        return None
    message, last = _unwrapped(lines, index, match["message"])
    error = LoggedError(match["code"] or match["type"], message.strip(), at=index)
    cpp = "++" in match["tool"] or "plus" in match["tool"] or match["tool"] in ("cl", "nvcc", "ptxas")
    return Failure("cpp" if cpp else "c", _DRIVERS.get(match["tool"], "gcc"), (error,), index, last, build=True)


def _located(lines: Sequence[str], index: int, match: re.Match[str], context: _Context) -> Failure:
    groups = match.groupdict()
    message, last = _unwrapped(lines, index, match["message"])
    below = _Below(match["line"])
    last = below.read(lines, last + 1)
    function = context.function if context.file == match["file"] else None
    place = make_frame(Place(match["file"], match["line"], match["column"]), function, index, below.code)
    origin = context.origin or below.origin
    frames = (origin, place) if origin is not None and not place.own else (place,)
    text = _PROJECT.sub("", message).strip()
    error = LoggedError(groups.get("code") or match["type"], text, frames, at=index, notes=tuple(below.notes))
    first = index if context.first is None else context.first
    cpp = any(is_cpp_file(frame.file) for frame in frames) or "::" in text or context.cpp
    return Failure("cpp" if cpp else "c", _form(match), (error,), first, last, build=True)


def _form(match: re.Match[str]) -> str:
    file: str = match["file"]
    if file.endswith((".cu", ".cuh")):
        return "nvcc"
    return "msvc" if "code" in match.re.groupindex else "gcc"


@dataclass(slots=True)
class _Below:
    """What a compiler shows below an error: its source line, carets, notes, where a template was used."""

    line: str | None
    code: str = ""
    notes: list[str] = field(default_factory=list)
    origin: Frame | None = None

    def read(self, lines: Sequence[str], start: int) -> int:
        """Take in the lines from `start` on; returns the last one that is the error's."""
        at, caret = start, False
        while at < min(len(lines), start + _MOST_BELOW):
            line = lines[at]
            following = lines[at + 1] if at + 1 < len(lines) else ""
            if self._read_line(line, following, at):
                caret = False
            elif _CARET.match(line):
                caret = True
            elif not (caret and line[:1] == " " and "rror" not in line and line.strip()):
                break
            at += 1
        return at - 1

    def _read_line(self, line: str, following: str, at: int) -> bool:
        if " |" in line and (gutter := _GUTTER.match(line)):
            if not self.code and not self.notes and gutter["line"] == self.line:
                self.code = gutter["code"] or ""
            return True
        if note := _NOTE.search(line):
            self._add_note(note, line, at)
            return True
        if _CARET.match(following) and following.strip() and ": " not in line[:40]:
            self.code = self.code or ("" if self.notes else line)
            return True
        return False

    def _add_note(self, note: re.Match[str], line: str, at: int) -> None:
        if len(self.notes) < _MOST_NOTES:
            self.notes.append((note["note"] or note["more"] or "").strip())
        match = _REQUESTED.search(line) if self.origin is None and " requested here" in line else None
        if match is not None:
            frame = make_frame(Place(match["file"], match["line"], match["column"]), None, at)
            self.origin = frame if frame.own else None


def _unwrapped(lines: Sequence[str], index: int, message: str) -> tuple[str, int]:
    """The message with the lines that a narrow terminal broke it into: those before the source line."""
    if not 76 <= len(lines[index]) <= 200:
        return message, index
    for more in range(1, 4):
        after = index + more + 1
        if after >= len(lines) or not _is_rest(lines[index + more]):
            break
        if (gutter := _GUTTER.match(lines[after])) and gutter["line"]:
            rest = [line.strip() for line in lines[index + 1 : after]]
            return (" " if message.endswith(" ") else "").join([message, *rest]), after - 1
    return message, index


def _is_rest(line: str) -> bool:
    return bool(line.strip()) and not _GUTTER.match(line) and not _NOTE.search(line) and not _DIAGNOSTIC.search(line)


_FOREIGN = ("CS", "TS", "BC", "FS", "MSB", "NU", "NETSDK", "AL", "CA", "SA", "IDE")
_DRIVERS = {"nvcc": "nvcc", "ptxas": "nvcc", "cl": "msvc", "clang": "clang", "clang++": "clang", "nasm": "nasm"}

PARSER = Parser("native-build", (": error", "rror: ", "fatal", *linker.MARKS), parse)

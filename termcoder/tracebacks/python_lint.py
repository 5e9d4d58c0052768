"""What Python's checkers find: mypy, pyright, ty, Ruff, flake8, pylint, Black, isort."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from termcoder.tracebacks.parser import Parser
from termcoder.tracebacks.python_lines import owns
from termcoder.tracebacks.report import Certainty, Failure, Frame, LoggedError

_FILE = r"(?P<file>(?:[A-Za-z]:)?[^\s:*{(\"'][^:*{(\"']{0,300}\.(?:pyi?|pyx|ipynb))"
_BEFORE = r"\s*(?:##\[error\]|Error: |::error [^:]*::)?"
_CODE = r"[A-Z]{1,5}\d{2,5}|invalid-syntax|SyntaxError"
_MYPY = re.compile(
    rf"{_BEFORE}{_FILE}:(?:(?P<line>\d{{1,9}}):(?:(?P<column>\d{{1,9}}):(?:\d+:\d+:)?)?)? error: (?P<message>.*?)"
    r"(?:  \[(?P<code>[\w-]+)\])?\s*$"
)
_WRAPPED_CODE = re.compile(r"(?P<message>.*?)(?:  |^)\[(?P<code>[\w-]+)\]\s*$")
_LINTED = re.compile(
    rf"{_BEFORE}{_FILE}:(?:cell \d+:)?(?P<line>\d{{1,9}}):(?P<column>\d{{1,9}}):? (?P<code>{_CODE})(?P<colon>:?) "
    r"(?:\[\*\] )?(?P<message>.*?)\s*$"
)
_PYRIGHT = re.compile(
    rf"\s*{_FILE}:(?P<line>\d{{1,9}}):(?P<column>\d{{1,9}}) - error: (?P<message>.*?)(?: \((?P<code>report\w+)\))?\s*$"
)
_PYRIGHT_MORE = re.compile(r"\s{4,}(?P<message>\S.*?)(?: \((?P<code>report\w+)\))?\s*$")
_ARROW = re.compile(rf"\s*--> {_FILE}:(?:cell \d+:)?(?P<line>\d{{1,9}}):(?P<column>\d{{1,9}})\s*$")
_ABOVE_ARROW = re.compile(
    rf"\s*(?:(?P<code>{_CODE}):? (?:\[\*\] )?(?P<message>.*?)|error\[(?P<rule>[\w-]+)\]: (?P<told>.*?)"
    r"|ERROR (?P<said>.*?) \[(?P<kind>[\w-]+)\])\s*$"
)
_GROUP = re.compile(rf"{_FILE}:$")
_IN_GROUP = re.compile(
    rf"\s+(?P<line>\d{{1,9}}):(?P<column>\d{{1,9}})\s+(?P<code>{_CODE}):? (?:\[\*\] )?(?P<message>.*?)\s*$"
)
_CANNOT = re.compile(
    rf"\s*error: (?P<message>cannot (?:format|parse)(?: for target [^:]*)?):? {_FILE}"
    r"(?::(?P<line>\d+):(?P<column>\d+)|: (?P<said>.*))?$"
)
_SAID_PLACE = re.compile(r"Cannot parse[^:]*: (?P<line>\d+):(?P<column>\d+)")
_REFORMAT = re.compile(rf"\s*(?P<code>[Ww]ould reformat):? {_FILE}$")
_ISORT = re.compile(rf"\s*(?P<code>ERROR): {_FILE} (?P<message>Imports are incorrectly sorted.*)$")
_CYTHON = re.compile(
    r"(?P<file>(?:[A-Za-z]:)?[^\s:][^:]{0,300}\.(?:pyx|pxd|pxi|py)):(?P<line>\d+):(?P<column>\d+): (?P<message>\S.*)$"
)
_CYTHON_LINES = 60
_MOST = 10_000  # findings of one log
_MILD = "CRWI"


def _parse(lines: Sequence[str]) -> Iterable[Failure]:
    found = list(islice(_found(lines), _MOST))
    severe = [failure for failure, mild in found if not mild]
    return severe or [failure for failure, _ in found]


def _found(lines: Sequence[str]) -> Iterator[tuple[Failure, bool]]:
    """Each finding, and whether it is only about style where others of the same tool are errors."""
    group: tuple[str, int] | None = None
    cython = -_CYTHON_LINES
    for at, line in enumerate(lines):
        if "Error compiling Cython file" in line:
            cython = at
        elif ".p" in line and at - cython < _CYTHON_LINES and (match := _CYTHON.match(line)):
            yield _failure("cython", "error", match["message"], _spot(match, at)), False
        elif ".py" in line or ".ipynb" in line:
            failure = _placed(lines, at, line)
            if failure:
                yield failure
            named = _GROUP.match(line) if line[-1] == ":" else None
            group = (named["file"], at) if named else group
        elif group and line[:1] == " " and (match := _IN_GROUP.match(line)):
            yield _failure("ruff", match["code"], match["message"], _spot(match, at, group[0])), False
        elif not line:
            group = None


def _placed(lines: Sequence[str], at: int, line: str) -> tuple[Failure, bool] | None:
    """The finding of a line that names a file."""
    if "error:" in line:
        failure = _checked(lines, at, line)
        return (failure, False) if failure else None
    if "--> " in line:
        failure = _below(lines, at, line)
        return (failure, False) if failure else None
    if "eformat" in line or line.lstrip().startswith("ERROR: "):
        return _unformatted(at, line)
    match = _LINTED.match(line)
    if match is None:
        return None
    pylint = bool(match["colon"]) and match["message"].endswith(")") and len(match["code"]) == 5
    mild = pylint and match["code"][0] in _MILD
    return _failure("pylint" if pylint else "flake8", match["code"], match["message"], _spot(match, at)), mild


def _checked(lines: Sequence[str], at: int, line: str) -> Failure | None:
    match = _PYRIGHT.match(line)
    if match:
        return _from_pyright(lines, at, match)
    match = _MYPY.match(line)
    if match:
        code, message, last = _unwrapped(lines, at, match)
        return _failure("mypy", code or "error", message, _spot(match, at), last)
    match = _CANNOT.match(line)
    if match is None:
        return None
    place = match if match["line"] else _SAID_PLACE.match(match["said"] or "")
    said = f"{match['message']}: {match['said']}" if match["said"] else match["message"]
    return _failure("black", "error", said, _spot(place, at, match["file"]))


def _unwrapped(lines: Sequence[str], at: int, match: re.Match[str]) -> tuple[str | None, str, int]:
    """Code and message: `mypy --pretty` breaks long ones, and shows the source below, indented."""
    message, code, last = match["message"], match["code"], at
    while code is None and last + 1 < len(lines) and last - at < 6 and len(lines[last]) > 50:
        following = lines[last + 1]
        if not following or following[0].isspace() or ": error: " in following or ": note: " in following:
            break
        end = _WRAPPED_CODE.match(following)
        if end is None and last - at > 3:
            break
        last += 1
        message = f"{message} {end['message'] if end else following.strip()}".rstrip()
        code = end["code"] if end else None
    return (code, message, last) if code else (match["code"], match["message"], at)


def _from_pyright(lines: Sequence[str], at: int, match: re.Match[str]) -> Failure:
    message, code, last = [match["message"]], match["code"], at
    while code is None and last + 1 < len(lines) and last - at < 20 and ".py:" not in lines[last + 1]:
        more = _PYRIGHT_MORE.match(lines[last + 1])
        if more is None:
            break
        message.append(more["message"])
        code = more["code"]
        last += 1
    return _failure("pyright", code or "error", "\n".join(message), _spot(match, at), last)


def _below(lines: Sequence[str], at: int, line: str) -> Failure | None:
    """A place after an arrow, with what was found in the line above it."""
    place = _ARROW.match(line) if at else None
    above = _ABOVE_ARROW.match(lines[at - 1]) if place else None
    if place is None or above is None:
        return None
    code = above["code"] or above["rule"] or above["kind"]
    message = above["message"] or above["told"] or above["said"] or ""
    return _failure("ruff" if above["code"] else "ty", code, message, _spot(place, at - 1), at)


def _unformatted(at: int, line: str) -> tuple[Failure, bool] | None:
    """Files that are only not formatted: worth telling where nothing else is."""
    match = _REFORMAT.match(line)
    if match:
        error = LoggedError(match["code"], "", (Frame(match["file"], own=owns(match["file"]), at=at),), at)
        return Failure("python", "format", (error,), at, at, build=True, certainty=Certainty.GUESS), True
    match = _ISORT.match(line)
    return (
        (_failure("isort", match["code"], match["message"], _spot(None, at, match["file"])), False) if match else None
    )


def _spot(place: re.Match[str] | None, at: int, file: str = "") -> Frame:
    """The place that a match names, in another file where the match doesn't name that."""
    name = file or (place["file"] if place else "")
    line = int(place["line"]) if place and place["line"] else None
    column = int(place["column"]) if place and place["column"] else None
    return Frame(name, line, None, owns(name), column, at=at)


def _failure(tool: str, code: str, message: str, frame: Frame, last: int | None = None) -> Failure:
    error = LoggedError(code, message.partition("%0A")[0], (frame,), frame.at)
    return Failure("python", tool, (error,), frame.at, max(frame.at, last or 0), build=True)


PARSER = Parser(
    "python-lint",
    (".py:", ".pyi:", ".pyx:", ".ipynb:", "would reformat ", "Would reformat: ", "Imports are incorrectly sorted"),
    _parse,
)

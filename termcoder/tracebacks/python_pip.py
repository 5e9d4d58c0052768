"""Failed installs: what pip, and uv, print when a package can't be found, resolved or built."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from termcoder.tracebacks import python
from termcoder.tracebacks.parser import Parser
from termcoder.tracebacks.report import Certainty, Failure, Frame, LoggedError, Relation

_CODE = re.compile(r"\s*error: (?P<code>[a-z]+(?:-[a-z]+)+)\s*$")
_SAID = re.compile(
    r"\s*(?P<word>ERROR): (?P<message>"
    r"(?:Could not (?:find a version|install packages|build wheels|open requirements|detect requirement)"
    r"|No matching distribution|Cannot install "
    r"|Failed (?:building|to build|to establish)|Package '|Invalid requirement"
    r"|Directory '|Double requirement|HTTP error|THESE PACKAGES DO NOT MATCH"
    r"|Command errored out with exit status \d+: \S"
    r"|\S+ is not a (?:supported|valid) wheel|\S+ does not appear to be a Python project|Requested \S+ from|Exception:$"
    r"|No \.egg-info directory|Error \[Errno|Can not (?:perform|combine)|.*externally-managed).*)$"
)
_IMPOSSIBLE = re.compile(r"\s*ERROR: (?P<word>ResolutionImpossible): (?P<message>.*)$")
_OLD = re.compile(r"\s*(?P<word>Command) (?P<message>\".*\" failed with error code \d+.*)$")
_OLD_OUTPUT = re.compile(
    r"\s*(?:Complete output (?:from command|\(\d+ lines?\))|ERROR: Command errored out with exit status \d+:\s*$)"
)
_OUTPUT = re.compile(r"\s*╰─> \[\d+ lines? of output\]")
_OUTPUT_END = ("[end of output]", "-" * 40)
_COMPILER = re.compile(r"\S+:\d+(?::\d+)?: (?:fatal )?error: |error\[E\d+\]|error [A-Z]+\d+ ?:")
_TOOL = re.compile(
    r"\s*(?P<word>error): (?P<message>[Cc]ommand .*|Microsoft Visual C\+\+.*|can't find Rust compiler.*)$"
)
_ARROW = re.compile(r"\s*[├╰]─▶ ?(?P<text>.*)$")
_MOST_OUTPUT = 5000
_HEADING = 6  # lines that older versions need to introduce the output
_APART = 60  # lines between two statements of one run, at most


@dataclass(frozen=True, slots=True)
class _Said:
    """One statement: its errors in order, and the lines that it takes."""

    errors: tuple[LoggedError, ...]
    first: int
    end: int
    tool: str = "pip"


def _parse(lines: Sequence[str]) -> Iterable[Failure]:
    run: list[_Said] = []
    for said in _statements(lines):
        if run and (said.first - run[-1].end > _APART or said.tool != run[-1].tool):
            yield _failure(run)
            run = []
        run.append(said)
    if run:
        yield _failure(run)


def _failure(run: Sequence[_Said]) -> Failure:
    errors = [error for said in run for error in said.errors]
    *before, last = errors
    linked = tuple(
        replace(error, relation=Relation.CAUSE) if error.relation is Relation.ALONE else error for error in before
    )
    return Failure("python", run[0].tool, (*linked, last), run[0].first, run[-1].end - 1, build=True)


def _statements(lines: Sequence[str]) -> Iterator[_Said]:
    floor = 0
    for at, line in enumerate(lines):
        if at < floor or not (
            "rror" in line or "×" in line or "ERROR: " in line or "Command" in line or "Complete" in line
        ):
            continue
        said = _statement(lines, at, line)
        if said:
            floor = said.end
            yield said


def _statement(lines: Sequence[str], at: int, line: str) -> _Said | None:
    code = _CODE.match(line)
    if code:
        return _coded(lines, at, code["code"])
    if _OLD_OUTPUT.match(line):
        return _old(lines, at)
    if line.lstrip().startswith("× "):
        return _from_uv(lines, at)
    match = _SAID.match(line) or _IMPOSSIBLE.match(line) or _OLD.match(line)
    if match is None:
        return None
    notes, end = _conflict(lines, at + 1) if match["message"].startswith("Cannot install") else ((), at + 1)
    return _Said((LoggedError(match["word"], match["message"].strip(), at=at, notes=notes),), at, end)


def _coded(lines: Sequence[str], at: int, code: str) -> _Said | None:
    """`error: some-code`, what didn't work after a cross, and the output of the program that failed."""
    cross = next(
        (index for index in range(at + 1, min(at + 4, len(lines))) if lines[index].lstrip().startswith("× ")), None
    )
    if cross is None:
        return None
    message = [lines[cross].strip().removeprefix("× ")]
    end = cross + 1
    while end < len(lines) and lines[end].lstrip().startswith(("│ ", "╰─> ")):
        detail = lines[end].strip().removeprefix("│ ").removeprefix("╰─> ")
        if _OUTPUT.match(lines[end]):
            return _with_output(lines, LoggedError(code, "\n".join(message), at=at), at, end + 1)
        if not detail.startswith(("See above", "No available output")):
            message.append(detail)
        end += 1
    return _Said((LoggedError(code, "\n".join(message), at=at),), at, end)


def _with_output(lines: Sequence[str], error: LoggedError, first: int, start: int) -> _Said:
    """The error of the program that failed comes before pip's own; a compiler's is left to its own parser."""
    end = start
    while end < min(len(lines), start + _MOST_OUTPUT) and not lines[end].strip().startswith(_OUTPUT_END):
        end += 1
    stop = min(end + 1, len(lines))
    if any(_COMPILER.search(line) for line in lines[start:end] if "rror" in line):
        return _Said((error,), min(end, stop - 1), stop)
    return _Said((*_inner(lines, start, end), error), first, stop)


def _inner(lines: Sequence[str], start: int, end: int) -> tuple[LoggedError, ...]:
    """What a traceback in the output tells, or else the build tool's last word."""
    found = [failure for failure in python.PARSER.parse(lines[start:end]) if failure.certainty is not Certainty.GUESS]
    if found:
        return tuple(_shifted(error, start) for error in found[-1].errors)
    for at in range(end - 1, start - 1, -1):
        match = _TOOL.match(lines[at])
        if match:
            return (LoggedError(match["word"], match["message"].strip(), at=at),)
    return ()


def _shifted(error: LoggedError, by: int) -> LoggedError:
    frames: tuple[Frame, ...] = tuple(replace(frame, at=frame.at + by) for frame in error.frames)
    return replace(error, at=error.at + by, frames=frames)


def _old(lines: Sequence[str], at: int) -> _Said | None:
    """Before pip 22: the command, its output between a heading and a line, and the statement."""
    for end in range(at + 1, min(len(lines), at + _MOST_OUTPUT)):
        if "omplete" not in lines[end] and "ommand" not in lines[end]:
            continue
        if end > at + _HEADING and _OLD_OUTPUT.match(lines[end]):
            return None
        match = _SAID.match(lines[end]) or _OLD.match(lines[end])
        if match:
            said = _with_output(lines, LoggedError(match["word"], match["message"].strip(), at=end), at, at + 1)
            return replace(said, end=end + 1)
    return None


def _conflict(lines: Sequence[str], start: int) -> tuple[tuple[str, ...], int]:
    """Who asks for what, after a blank line."""
    at = next((index for index in range(start, min(start + 3, len(lines))) if lines[index].strip()), None)
    if at is None or lines[at].strip() != "The conflict is caused by:":
        return (), start
    end = at + 1
    while end < len(lines) and lines[end][:1].isspace() and lines[end].strip():
        end += 1
    return tuple(line.strip() for line in lines[at + 1 : end]), end


def _from_uv(lines: Sequence[str], at: int) -> _Said | None:
    """Uv's cross, and its reasons as arrows, which may go on in indented lines."""
    end = at + 1
    message = [lines[at].strip().removeprefix("× ")]
    while end < min(len(lines), at + 60) and lines[end].strip() and lines[end][:1].isspace():
        arrow = _ARROW.match(lines[end])
        if arrow is None and len(message) == 1:
            return None
        text = arrow["text"] if arrow else lines[end].strip(" │")
        message.append(text)
        end += 1
    if len(message) == 1:
        return None
    stop = end
    while stop < min(len(lines), end + _MOST_OUTPUT) and (not lines[stop].strip() or lines[stop].startswith("      ")):
        stop += 1
    inner = _inner(lines, end, stop)
    return _Said((*inner, LoggedError("error", "\n".join(message), at=at)), at, stop if inner else end, "uv")


PARSER = Parser(
    "pip",
    (
        "ERROR: ",
        "subprocess-exited-with-error",
        "metadata-generation-failed",
        "╰─",
        "Complete output from command",
        "failed with error code",
    ),
    _parse,
)

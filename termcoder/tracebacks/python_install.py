"""Failed installs as Poetry, conda, mamba, uv and Pipenv tell them."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from termcoder.tracebacks.exception_lines import plain_tracebacks
from termcoder.tracebacks.parser import Parser
from termcoder.tracebacks.python_lines import owns
from termcoder.tracebacks.report import Failure, Frame, LoggedError, Relation

_CONDA = re.compile(
    r"\s*(?P<type>(?:conda\.exceptions\.)?(?:PackagesNotFound(?:InChannels)?Error|ResolvePackageNotFound"
    r"|\w*Unsatisfiable\w*Error|Conda\w+Error|CondaError|Environment\w+(?:Error|NotFound)|InvalidSpec\w*"
    r"|InvalidMatchSpec|InvalidVersionSpec|NoWritable\w+Error|NoSpaceLeftError|NotWritableError|ChecksumMismatchError"
    r"|SpecsConfigurationConflictError|PackageNotInstalledError|CommandNotFoundError|DirectoryNotACondaEnvironmentError"
    r"|ChannelNotAllowed|UnavailableInvalidChannel|InvalidArchiveError|PythonTooOldError|SpecNotFound)): ?"
    r"(?P<message>.*)$"
)
_MAMBA = re.compile(r"(?P<type>error|critical) {2,}libmamba (?P<message>.*)$")
_NAME = re.compile(r"(?P<indent>\s*)(?P<type>[A-Z]\w+)$")
_AT = re.compile(r"\s*at (?P<file>\S.*?):(?P<line>\d{1,9}) in (?P<function>\S+)$")
_STACK = re.compile(r"\s*\d+  (?P<file>\S.*?):(?P<line>\d{1,9}) in (?P<function>\S+)$")
_UNSOLVED = "version solving failed."
_POETRY_SAYS = re.compile(
    r"(?:Error: )?(?P<message>(?:pyproject\.toml changed significantly|Poetry could not find a pyproject\.toml"
    r"|The Poetry configuration is invalid|poetry\.lock is not up to date|The requirement is invalid: ).*)$"
)
_UV = re.compile(r"(?P<type>error): (?P<message>\S.*)$")
_UV_CAUSE = re.compile(r" {2}(?:Caused by|cause): (?P<message>.*)$")
_UV_OUTPUT = re.compile(r"\s*(?:--- |\[)(?:stdout|stderr)[\]:]")
_PIPENV = re.compile(r"\[(?P<type>[\w.]*(?:Failure|Error|Exception))\]: {1,3}(?P<message>(?!\s|File )\S.*)$")
_PIPENV_FRAME = re.compile(
    r'\[[\w.]+\]: +File "(?P<file>[^"]+)", line (?P<line>\d{1,9}), in (?P<function>\S+)',
)
_REACH = 400
_MOST = 60

_Read = Callable[[Sequence[str], int, re.Match[str]], Failure | None]


def _parse(lines: Sequence[str]) -> Iterable[Failure]:
    return list(_failures(lines))


def _failures(lines: Sequence[str]) -> Iterator[Failure]:
    floor = 0
    for at, line in enumerate(lines):
        if at >= floor and line and (failure := _failure(lines, at, line)):
            floor = failure.last + 1
            yield failure


def _failure(lines: Sequence[str], at: int, line: str) -> Failure | None:
    for pattern, mark, read in _FORMS:
        if mark in line and (match := pattern.match(line)):
            return read(lines, at, match)
    if line.endswith(_UNSOLVED) and ", " in line:
        return _unsolved(lines, at)
    if line[-1].isalnum() and line.lstrip()[:1].isupper() and " " not in line.strip():
        return _poetry(lines, at, line)
    return None


def _conda(lines: Sequence[str], at: int, match: re.Match[str]) -> Failure:
    """The lines below belong to the message, and so does the list below those."""
    message, end = [match["message"].rstrip()], at + 1
    while end < min(len(lines), at + _MOST):
        if lines[end].strip():
            message.append(lines[end].rstrip())
        elif not "".join(lines[end + 1 : end + 2]).lstrip().startswith(("- ", "├", "└", "The following pack")):
            break
        else:
            message.append("")
        end += 1
    return _built("conda", match["type"], "\n".join(message).lstrip("\n"), at, end - 1)


def _mamba(lines: Sequence[str], at: int, match: re.Match[str]) -> Failure:
    end = at + 1
    while end < min(len(lines), at + _MOST) and lines[end].startswith((" ", "├", "│", "└", "The following")):
        end += 1
    message = "\n".join([match["message"], *(line.rstrip() for line in lines[at + 1 : end])])
    return _built("mamba", match["type"], message, at, end - 1)


def _poetry(lines: Sequence[str], at: int, line: str) -> Failure | None:
    """The type, the message and the place, with blank lines between; the stack above, when asked for."""
    match = _NAME.match(line)
    if match is None or not at or lines[at - 1].strip() or at + 1 == len(lines) or lines[at + 1].strip():
        return None
    stop = next((end for end in range(at + 2, min(len(lines), at + _REACH)) if "at " in lines[end][:40]), None)
    while stop is not None and not _AT.match(lines[stop]):
        stop = next((end for end in range(stop + 1, min(len(lines), at + _REACH)) if "at " in lines[end][:40]), None)
    if stop is None or (place := _AT.match(lines[stop])) is None:
        return None
    frames = (*_stack(lines, at), Frame(place["file"], int(place["line"]), place["function"], False, at=stop))
    inner = plain_tracebacks(lines[at + 1 : stop], at + 1)
    end = min([stop, *(failure.first for failure in inner)])
    message = "\n".join(text.strip() for text in lines[at + 1 : end]).strip()
    causes = tuple(replace(error, relation=Relation.CAUSE) for failure in inner[-1:] for error in failure.errors)
    error = LoggedError(match["type"], message, frames, at)
    first = min([at, *(frame.at for frame in frames)])
    return Failure("python", "poetry", (*causes, error), first, stop, build=True)


def _stack(lines: Sequence[str], at: int) -> tuple[Frame, ...]:
    """The numbered places between `Stack trace:` and the type."""
    start = next((line for line in range(at, max(-1, at - _REACH), -1) if lines[line].strip() == "Stack trace:"), at)
    found = [(line, _STACK.match(lines[line])) for line in range(start, at) if " in " in lines[line]]
    return tuple(Frame(hit["file"], int(hit["line"]), hit["function"], False, at=line) for line, hit in found if hit)


def _unsolved(lines: Sequence[str], at: int) -> Failure:
    """The paragraph that ends with this line says why."""
    first = at
    while first and at - first < _MOST and lines[first - 1].strip():
        first -= 1
    return _built("poetry", "error", "\n".join(line.strip() for line in lines[first : at + 1]), first, at)


def _poetry_says(_lines: Sequence[str], at: int, match: re.Match[str]) -> Failure:
    return _built("poetry", "error", match["message"].rstrip(), at, at)


def _uv(lines: Sequence[str], at: int, match: re.Match[str]) -> Failure | None:
    """A message with its causes below, and what the failed program wrote."""
    message, end = [match["message"].rstrip()], at + 1
    while end < len(lines) and (cause := _UV_CAUSE.match(lines[end])):
        message.append(cause["message"].rstrip())
        end += 1
    if len(message) == 1:
        return None
    stop = end
    if "".join(lines[end : end + 2]).strip() and any(_UV_OUTPUT.match(line) for line in lines[end : end + 2]):
        stop = next((line for line in range(end, min(len(lines), end + 5000)) if _ends_output(lines[line])), end)
        stop -= stop > end and lines[stop].startswith("error: ")
    inner = plain_tracebacks(lines[end:stop], end)[-1:]
    causes = tuple(replace(error, relation=Relation.CAUSE) for failure in inner for error in failure.errors)
    error = LoggedError(match["type"], "\n".join(message), at=at)
    return Failure("python", "uv", (*causes, error), at, stop if stop > end else end - 1, build=True)


def _ends_output(line: str) -> bool:
    return line.startswith("error: ") or line.strip() == "---"


def _pipenv(lines: Sequence[str], at: int, match: re.Match[str]) -> Failure:
    found = [
        (line, place)
        for line in range(max(0, at - _MOST), at)
        if lines[line].startswith("[") and (place := _PIPENV_FRAME.match(lines[line]))
    ]
    frames = tuple(
        Frame(place["file"], int(place["line"]), place["function"], owns(place["file"]), at=line)
        for line, place in found
    )
    first = min([at, *(frame.at for frame in frames)])
    error = LoggedError(match["type"], match["message"].rstrip(), frames, at)
    return Failure("python", "pipenv", (error,), first, at, build=True)


def _built(tool: str, kind: str, message: str, first: int, last: int) -> Failure:
    return Failure("python", tool, (LoggedError(kind, message, at=first),), first, last, build=True)


_FORMS: tuple[tuple[re.Pattern[str], str, _Read], ...] = (
    (_UV, "error: ", _uv),
    (_CONDA, ": ", _conda),
    (_CONDA, "NotFound:", _conda),
    (_MAMBA, " libmamba ", _mamba),
    (_PIPENV, "]: ", _pipenv),
    (_POETRY_SAYS, " ", _poetry_says),
)
PARSER = Parser(
    "python-install",
    (
        "PackagesNotFound",
        "PackageNotFound",
        "Unsatisfiable",
        "Conda",
        " libmamba ",
        "solving failed.",
        "poetry",
        "Poetry",
        "  Caused by: ",
        "  cause: ",
        "pipenv",
        "EnvironmentLocationNotFound",
        "InvalidSpec",
        "InvalidVersionSpec",
        "The requirement is invalid",
    ),
    _parse,
)

"""Reads why a system's package manager (apt, apk, dnf) could install nothing, and what git ended with."""

import re
from collections.abc import Iterable, Sequence

from termcoder.tracebacks.native_frames import Form, scan
from termcoder.tracebacks.parser import Parser
from termcoder.tracebacks.report import Certainty, Failure, LoggedError

_APT_STARTS = (
    *("E: Unable to ", "E: Package ", "E: Failed to fetch ", "E: Could not ", "E: The repository ", "E: Sub-process "),
    *("E: Unmet dependencies", "E: Version ", "E: dpkg was interrupted", "E: Release file "),
)
_DNF = re.compile(r"^(?P<type>Error): (?P<message>Unable to find a match: .+|Failed to download metadata for repo .+)$")
_GIT = re.compile(r"^(?:remote: )?(?P<type>fatal): (?P<message>[^:\d].{5,400})$")
_LONGEST = 30  # lines of what apk says


def parse(lines: Sequence[str]) -> Iterable[Failure]:
    """The errors of package managers, each once; git's are guesses, as others write `fatal:` too."""
    seen: set[str] = set()
    for failure in scan(lines, _FORMS):
        message = failure.errors[0].message
        if message not in seen:
            seen.add(message)
            yield failure


def _apt(lines: Sequence[str], index: int) -> Failure | None:
    """`E: Unable to locate package libshop-dev`."""
    line = lines[index].rstrip()
    if not line.startswith(_APT_STARTS):
        return None
    return _failure("apt", LoggedError("E", line.removeprefix("E: "), at=index), index)


def _apk(lines: Sequence[str], index: int) -> Failure | None:
    """`ERROR: unable to select packages:`, with the packages below."""
    if not lines[index].startswith("ERROR: unable to select packages:"):
        return None
    last = index
    while last + 1 < min(len(lines), index + _LONGEST) and lines[last + 1].startswith("  "):
        last += 1
    told = [lines[index].removeprefix("ERROR: ").rstrip(), *(line.rstrip() for line in lines[index + 1 : last + 1])]
    return _failure("apk", LoggedError("ERROR", "\n".join(told), at=index), last)


def _dnf(lines: Sequence[str], index: int) -> Failure | None:
    match = _DNF.match(lines[index].rstrip())
    return None if match is None else _failure("dnf", LoggedError(match["type"], match["message"], at=index), index)


def _git(lines: Sequence[str], index: int) -> Failure | None:
    match = _GIT.match(lines[index].rstrip())
    if match is None:
        return None
    error = LoggedError(match["type"], match["message"], at=index)
    return Failure("shell", "git", (error,), index, index, certainty=Certainty.GUESS)


def _failure(name: str, error: LoggedError, last: int) -> Failure:
    return Failure("shell", name, (error,), error.at, last, build=True, certainty=Certainty.LIKELY)


_FORMS = (
    Form("E: ", _apt),
    Form("ERROR: unable to select", _apk),
    Form("Error: ", _dnf),
    Form("fatal: ", _git),
)
PARSER = Parser(
    "installers",
    (*_APT_STARTS, "unable to select packages", "Unable to find a match: ", "Failed to download metadata", "fatal: "),
    parse,
)

"""Reads why Bundler or RubyGems could not install what a program needs."""

import re
from collections.abc import Sequence
from dataclasses import replace

from termcoder.tracebacks import ruby
from termcoder.tracebacks.parser import Parser
from termcoder.tracebacks.report import Failure, Frame, LoggedError, Relation

_LONGEST = 200  # lines of one report

_MISSING = re.compile(
    r"(?:ERROR:\s+)?(?:Could not find (?:gem '|a valid gem '|compatible versions"
    r"|.{1,400}?-\d\S* in (?:locally|any|cached|rubygems|gems)"
    r"|.* in any of the sources)"
    r"|Bundler could not find compatible versions"
    r"|Your Ruby version is \S+ but your Gemfile specified|Your bundle only supports platforms"
    r"|Could not locate Gemfile|Could not reach host |Could not fetch specs from )"
)
_EXTENSION = re.compile(r"(?:(?P<type>Gem::[\w:]+): )?\s*ERROR: Failed to build gem native extension")

_SOURCE_ERROR = re.compile(r"\s*(?P<file>[^\s:]+\.\w{1,4}):(?P<line>\d+):(?P<column>\d+): (?:fatal )?error: ")


def parse(lines: Sequence[str]) -> list[Failure]:
    """Every failed installation of a log; what a failed one brings after it is not reported again."""
    failures: list[Failure] = []
    at = 0
    while at < len(lines):
        found = _failure_at(lines, at)
        if found:
            failures.append(found)
        at = max(found.last, at) + 1 if found else at + 1
    return failures


def _failure_at(lines: Sequence[str], at: int) -> Failure | None:
    text = lines[at].strip()
    if text.startswith(("Could not ", "ERROR:", "Bundler could", "Your Ruby", "Your bundle")) and _MISSING.match(text):
        return _unresolved(lines, at)
    if "Failed to build gem native extension" in text and _EXTENSION.match(text):
        return _unbuilt(lines, at)
    return None


def _unresolved(lines: Sequence[str], at: int) -> Failure:
    """A gem that isn't there, or goes with no other: the whole paragraph tells why."""
    end = _paragraph_end(lines, at)
    kind, text = _split_kind(lines[at].strip())
    told = [text, *(line.rstrip() for line in lines[at + 1 : end])]
    return _failure(LoggedError(kind, "\n".join(told).rstrip(), at=at), at, end)


def _unbuilt(lines: Sequence[str], at: int) -> Failure:
    """A gem whose extension could not be compiled: what the tools said goes below the message."""
    end = _extension_end(lines, at)
    text = lines[at].strip()
    found = _EXTENSION.match(text)
    kind = found["type"] if found and found["type"] else "ERROR"
    output = "\n".join(line.rstrip() for line in lines[at + 1 : end]).strip("\n")
    message = text.partition("ERROR:")[2].strip()
    places = _source_places(lines, at, end)
    failure = _failure(LoggedError(kind, message, places, at, notes=(output,) if output else ()), at, end)
    return replace(failure, errors=(*_raised(lines, at + 1, end), *failure.errors))


def _raised(lines: Sequence[str], start: int, end: int) -> list[LoggedError]:
    """The exception that ended an extension's own script, counted in the log's lines."""
    raised = [failure for failure in ruby.parse(lines[start:end]) if failure.format == "backtrace"]
    moved = []
    for error in (error for failure in raised[:1] for error in failure.errors):
        frames = tuple(replace(frame, at=frame.at + start) for frame in error.frames)
        moved.append(replace(error, at=error.at + start, frames=frames, relation=Relation.CAUSE))
    return moved


def _split_kind(text: str) -> tuple[str, str]:
    if text.startswith("ERROR:"):
        return "ERROR", text.removeprefix("ERROR:").strip()
    return "error", text


def _failure(error: LoggedError, at: int, end: int) -> Failure:
    return Failure("ruby", "gem", (error,), at, end - 1, build=True, ends_program=True)


def _source_places(lines: Sequence[str], at: int, end: int) -> tuple[Frame, ...]:
    """Where the compiler of an extension stopped: in the gem's code, not in the user's."""
    for number in range(at, end):
        found = _SOURCE_ERROR.match(lines[number]) if "error: " in lines[number] else None
        if found:
            place = int(found["line"]), int(found["column"])
            return (Frame(found["file"], place[0], None, False, place[1], at=number),)
    return ()


def _paragraph_end(lines: Sequence[str], at: int) -> int:
    """The line after the text that begins at `at`: a blank line ends it, unless indented text goes on."""
    end = at + 1
    while end < min(at + _LONGEST, len(lines)):
        if not lines[end].strip() and not (end + 1 < len(lines) and lines[end + 1].startswith("  ")):
            break
        end += 1
    return end


def _extension_end(lines: Sequence[str], at: int) -> int:
    """The line after a failed build's output, which RubyGems ends with the place of its log."""
    end = _paragraph_end(lines, at)
    for number in range(at + 1, min(at + _LONGEST, len(lines))):
        line = lines[number]
        if line.startswith(("Results logged to", "An error occurred while installing")):
            return number + 1
        if ":in " in line and ("extconf.rb:" in line or "mkmf.rb:" in line):
            end = max(end, number + 1)
    return end


PARSER = Parser(
    "ruby gems",
    (
        "Could not find",
        "Failed to build gem native extension",
        "Could not locate Gemfile",
        "Your Ruby version is",
        "Your bundle only",
        "Could not fetch specs",
        "Could not reach host",
    ),
    parse,
)

"""Reads the failing tests that `dotnet test`, xUnit's and NUnit's runners report."""

import re
from collections.abc import Sequence

from termcoder.tracebacks.csharp_frames import frame_at, split_head
from termcoder.tracebacks.parser import Parser
from termcoder.tracebacks.report import Certainty, Failure, Frame, LoggedError, Relation

_LONGEST = 300  # lines of one report

_FAILED = re.compile(r"\s*(?:Failed|X|✗) {1,3}(?P<test>\S.*?)(?: ?\[[^\[\]]{1,30}\])?\s*$")
_NUNIT = re.compile(r"\s*\d+\) (?P<kind>Failed|Error|Invalid) : (?P<test>\S.*)$")
_RECORD = re.compile(r"\[xUnit\.net [\d:.]+\] ?")
_XUNIT = re.compile(r"\s+(?P<test>\S.*?) \[FAIL\]\s*$")
_TERMINAL = re.compile(r"\s*(?P<test>\S.*?) \([\d.,]+ ?m?s\): Error Message: (?P<message>.*)$")
_HEADLINE = re.compile(
    r"\s*(?P<what>Error Message|Stack Trace|Standard (?:Output|Error) Messages?|Output|Debug Trace|TestContext Messages"
    r"|Attachments):\s*$"
)
_RULE = re.compile(r"\s*-{3,} Inner Stack Trace.*$")
_INNER = re.compile(r"\s*-{4,} (?P<head>\S.*)$")
_THREW = re.compile(
    r"(?:Test method .* threw exception:|Initialization method .* threw exception\.?|OneTimeSetUp: .*)\s*$"
)
_MODIFIED = re.compile(r"(?P<type>(?:\w+[.+])+\w+) : (?P<message>.*)$")


def parse(lines: Sequence[str]) -> list[Failure]:
    """Every failing test of a log, once though xUnit's runner and `dotnet test` both report it."""
    found: dict[str, Failure] = {}
    at = 0
    while at < len(lines):
        named = _test_at(lines, at)
        failure = _failure(lines, at, *named) if named else None
        if named and failure and not (named[0] in found and named[1] == "xunit"):
            found[named[0]] = failure
        at = failure.last + 1 if failure else at + 1
    return sorted(found.values(), key=lambda failure: failure.first)


def _test_at(lines: Sequence[str], at: int) -> tuple[str, str] | None:
    """The name of the failing test that a line begins the report of, and the report's form."""
    line = lines[at]
    if "[FAIL]" in line:
        found = _XUNIT.match(_RECORD.sub("", line, count=1))
        return (found["test"], "xunit") if found else None
    if "Error Message: " in line and (found := _TERMINAL.match(line)):
        return found["test"], "terminal"
    if ") " in line and (found := _NUNIT.match(line)):
        return found["test"], "nunit"
    if _next_is_message(lines, at) and (found := _FAILED.match(line)):
        return found["test"], "dotnet test"
    return None


def _next_is_message(lines: Sequence[str], at: int) -> bool:
    return at + 1 < len(lines) and "Error Message:" in lines[at + 1] and lines[at + 1].strip() == "Error Message:"


def _failure(lines: Sequence[str], at: int, test: str, form: str) -> Failure | None:
    told, frames, last = _body(lines, at, form)
    if not told and not frames:
        return None
    error = _error(told, at)
    inner = [LoggedError(*head, at=at, relation=Relation.CAUSE) for head in _inner(told)]
    if " ---> " in error.message:
        error, inner = _unnested(error)
        frames.reverse()
    parts = [tuple(part[::-1]) for part in frames] + [()] * len(inner)
    errors = [
        LoggedError(e.type, e.message, part, e.at, e.relation) for e, part in zip([error, *inner], parts, strict=False)
    ]
    certainty = Certainty.CERTAIN if frames else Certainty.LIKELY
    name = {"terminal": "dotnet test"}.get(form, form)
    return Failure("csharp", name, tuple(errors[::-1]), at, last, certainty=certainty)


def _body(lines: Sequence[str], at: int, form: str) -> tuple[list[str], list[list[Frame]], int]:
    """The message's lines, the frames in parts (the error's, then those of inner ones), and the last line."""
    told: list[str] = []
    frames: list[list[Frame]] = [[]]
    first = _TERMINAL.match(lines[at]) if form == "terminal" else None
    if first:
        told.append(first["message"])
    last = at
    section = "Error Message"
    for number in range(at + 1, min(at + _LONGEST, len(lines))):
        line = _RECORD.sub("", lines[number], count=1) if lines[number].startswith("[xUnit") else lines[number]
        if _starts_another(lines, number) or _is_over(line, section, bool(frames[0])):
            break
        headline = _HEADLINE.match(line)
        frame = frame_at(line, number)
        if headline:
            section = headline["what"]
        elif frame:
            frames[-1].append(frame)
            section = "Stack Trace"
        elif _RULE.match(line) or "--- End of inner exception stack trace" in line:
            frames.append([])
        elif section == "Error Message":
            told.append(line)
        elif section != "Stack Trace":
            continue
        last = number if line.strip() else last
    return told, frames, last


def _starts_another(lines: Sequence[str], at: int) -> bool:
    return _test_at(lines, at) is not None


def _is_over(line: str, section: str, has_frames: bool) -> bool:
    """Whether a report ends before a line: at a blank one after the frames, or at the summary."""
    text = line.strip()
    if text.startswith(("Failed!", "Passed!", "Test Run ", "Total tests:", "Passed ", "Results File", "Test summary:")):
        return True
    return has_frames and section == "Stack Trace" and not text


def _error(told: Sequence[str], at: int) -> LoggedError:
    text = _dedented([line for line in told if not _INNER.match(line)])
    first, _, rest = text.partition("\n")
    if _THREW.match(first) and rest:
        first, _, rest = rest.strip().partition("\n")
        text = f"{first}\n{rest}"
    modified = _MODIFIED.match(first)
    head = (modified["type"], modified["message"]) if modified else split_head(first)
    if head is None or " " in head[0]:
        return LoggedError("Failed", text, at=at)
    return LoggedError(head[0], f"{head[1]}\n{rest}".strip(), at=at)


def _unnested(error: LoggedError) -> tuple[LoggedError, list[LoggedError]]:
    """The error and those inside it, where one line has them all."""
    message, *others = error.message.split(" ---> ")
    heads = [split_head(other.partition("\n")[0]) for other in others]
    inner = [LoggedError(*head, at=error.at, relation=Relation.CAUSE) for head in heads if head]
    return LoggedError(error.type, message, at=error.at), inner


def _inner(told: Sequence[str]) -> list[tuple[str, str]]:
    heads = []
    for line in told:
        found = _INNER.match(line)
        modified = _MODIFIED.match(found["head"]) if found else None
        if modified:
            heads.append((modified["type"], modified["message"]))
    return heads


def _dedented(lines: Sequence[str]) -> str:
    """The message: its first line is indented more than what follows in some forms, so each of them counts alone."""
    told = [line.rstrip() for line in lines]
    while told and not told[0]:
        told.pop(0)
    while told and not told[-1]:
        told.pop()
    if not told:
        return ""
    widths = [len(line) - len(line.lstrip()) for line in told[1:] if line]
    width = min(widths, default=0)
    return "\n".join([told[0].strip(), *(line[width:] for line in told[1:])])


PARSER = Parser("csharp tests", ("Error Message:", "[FAIL]", ") Failed : ", ") Error : ", "Stack Trace:"), parse)

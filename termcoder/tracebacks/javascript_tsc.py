"""Errors of the TypeScript compiler, however it is run: tsc, ts-node, ts-jest, ts-loader, Angular, Deno."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from termcoder.tracebacks.javascript_frames import is_own
from termcoder.tracebacks.javascript_heads import indent_of, is_code
from termcoder.tracebacks.report import Certainty, Failure, Frame, LoggedError

MARKS = ("error TS", "TS", "ERROR(TypeScript)")

_LEADS = r"(?:\x07|[✘X✗] |\[?ERROR\]? |Error: |error: |ERROR in )?"
_PLAIN = re.compile(
    rf"^\s*{_LEADS}(\S[^()]*(?:\([^()]*\)[^()]*)*?)\((\d{{1,9}}),(\d{{1,9}})\): error (TS\d{{3,6}}): (.*)$"
)
_PRETTY = re.compile(rf"^\s*{_LEADS}(\S.*?):(\d{{1,9}}):(\d{{1,9}}) - error (TS\d{{3,6}}): (.*)$")
_NO_FILE = re.compile(rf"^\s*{_LEADS}error (TS\d{{3,6}}): (.*)$")
_DENO = re.compile(r"^\s*(?:error: )?(TS\d{3,6}) \[ERROR\]: (.*)$")
_AFTER_PLACE = re.compile(r"^\s*(?:[✘X] \[ERROR\] |Error: )?(TS-?\d{3,8}): (.*)$")
_AT = re.compile(r"^\s*at (\S.*?):(\d{1,9}):(\d{1,9})\s*$")
_LOADER = re.compile(r"^.*?ERROR in (\S.*?)(?:\((\d{1,9}),(\d{1,9})\)|:(\d{1,9}):(\d{1,9}))\s*$")
_BELOW = re.compile(r"^\s*(\S.*?):(\d{1,9}):(\d{1,9}):?\s*$")
_REACT_SCRIPTS = re.compile(r"^\s*TypeScript error in (\S.*?)\((\d{1,9}),(\d{1,9})\):\s*$")
_CODE_AT_END = re.compile(r"^\s*(.*?)\s{1,4}(TS\d{3,6})\s*$")
_NEAR = 8


def read(lines: Sequence[str]) -> Iterator[Failure]:
    """Read every error, each a failure of its own."""
    floor = 0
    in_ts_node = False
    seen: set[object] = set()
    for at, line in enumerate(lines):
        if at < floor or ("TS" not in line and "TypeScript error in" not in line):
            continue
        failure = _at(lines, at)
        if failure is not None:
            in_ts_node = failure.format == "ts-node" or (in_ts_node and failure.first == floor)
            floor = failure.last + 1
            error = failure.errors[0]
            key = error.type, error.message, error.frames and (error.frames[0].file, error.frames[0].line)
            told = bool(error.frames) and key in seen  # CI systems repeat errors, to mark them
            seen.add(key)
            failure = replace(failure, errors=()) if told else failure
            yield replace(failure, format="ts-node") if in_ts_node else failure


def _at(lines: Sequence[str], at: int) -> Failure | None:
    line = lines[at][:4000]
    if "error TS" in line:
        return _compiler(lines, line, at)
    if "[ERROR]: " in line:
        return _deno(lines, line, at)
    if "TypeScript error in" in line:
        return _react_scripts(lines, line, at)
    return _loader(lines, line, at) if ": " in line else None


def _compiler(lines: Sequence[str], line: str, at: int) -> Failure | None:
    match = _PRETTY.match(line) if " - error TS" in line else _PLAIN.match(line)
    if match is not None:
        place = Frame(match[1], int(match[2]), None, is_own(match[1]), int(match[3]), at=at)
        return _failure(lines, match[4], match[5], place, at)
    bare = _NO_FILE.match(line)
    return None if bare is None else _failure(lines, bare[1], bare[2], None, at)


def _deno(lines: Sequence[str], line: str, at: int) -> Failure | None:
    match = _DENO.match(line)
    if match is None:
        return None
    place, last = _place_near(lines, _AT, at + 1, at + 40)
    message_end = next((n for n in range(at + 1, last) if _begins_source(lines, n)), max(last, at + 1))
    message = "\n".join([match[2], *(text.rstrip() for text in lines[at + 1 : message_end])])
    error = LoggedError(match[1], message.rstrip(), () if place is None else (place,), at)
    return Failure("typescript", "deno", (error,), at, last, build=True)


def _begins_source(lines: Sequence[str], at: int) -> bool:
    following = lines[at + 1].strip() if at + 1 < len(lines) else ""
    return not lines[at].strip() or (following != "" and not following.strip("~^ "))


def _react_scripts(lines: Sequence[str], line: str, at: int) -> Failure | None:
    match = _REACT_SCRIPTS.match(line)
    below = lines[at + 1] if at + 1 < len(lines) else ""
    code = _CODE_AT_END.match(below[:2000])
    if match is None:
        return None
    place = Frame(match[1], int(match[2]), None, is_own(match[1]), int(match[3]), at=at)
    type_, message = (code[2], code[1]) if code else ("error", below.strip())
    error = LoggedError(type_, message, (place,), at)
    return Failure("typescript", "tsc", (error,), at, min(at + 1, len(lines) - 1), build=True)


def _loader(lines: Sequence[str], line: str, at: int) -> Failure | None:
    """`TS2322: …` with its place above (ts-loader, fork-ts-checker) or below it (Angular)."""
    match = _AFTER_PLACE.match(line)
    if match is None:
        return None
    for above in range(at - 1, max(-1, at - 4), -1):
        found = _LOADER.match(lines[above][:2000]) if "ERROR in " in lines[above] else None
        if found is not None:
            place = Frame(
                found[1], int(found[2] or found[4]), None, is_own(found[1]), int(found[3] or found[5]), at=above
            )
            first = above - 2 if above > 1 and lines[above - 2].startswith("ERROR in ") else above
            failure = _failure(lines, match[1], match[2], place, at)
            return replace(failure, first=first, format="webpack")
    if "[ERROR]" not in line:
        return None
    below, last = _place_near(lines, _BELOW, at + 1, at + 6)
    failure = _failure(lines, match[1], match[2], below, at)
    return replace(failure, format="esbuild", last=max(last, failure.last))


def _place_near(lines: Sequence[str], pattern: re.Pattern[str], start: int, end: int) -> tuple[Frame | None, int]:
    for at in range(start, min(len(lines), end)):
        match = pattern.match(lines[at][:2000])
        if match is not None:
            return Frame(match[1], int(match[2]), None, is_own(match[1]), int(match[3]), at=at), at
    return None, start - 1


def _failure(lines: Sequence[str], code: str, message: str, place: Frame | None, at: int) -> Failure:
    more, end = _details(lines, at)
    last = _source_end(lines, end)
    error = LoggedError(code, "\n".join([message.rstrip(), *more]), () if place is None else (place,), at)
    above = lines[at - 1] if at else ""
    form = "ts-node" if "TSError:" in above else "tsc"
    first = at - 1 if form == "ts-node" else at
    return Failure("typescript", form, (error,), first, last, build=True, certainty=Certainty.CERTAIN)


def _details(lines: Sequence[str], at: int) -> tuple[list[str], int]:
    """The lines of a message below its first, which are indented more; and the index after them."""
    indent = indent_of(lines[at])
    more: list[str] = []
    end = at + 1
    while end < len(lines) and end < at + 60:
        line = lines[end]
        if not line.strip() or indent_of(line) < indent + 2 or line.lstrip().startswith("at ") or is_code(line):
            break
        more.append(line[indent:].rstrip())
        end += 1
    return more, end


def _source_end(lines: Sequence[str], end: int) -> int:
    """The last line of the source that the pretty form shows below a message, marked by `~~~`."""
    last = end - 1
    for at in range(end, min(len(lines), end + _NEAR)):
        text = lines[at].strip()
        if text and not text.strip("~ │|╵"):
            last = at
        elif " error TS" in lines[at] or text.startswith(("Found ", "at ")):
            break
    return last

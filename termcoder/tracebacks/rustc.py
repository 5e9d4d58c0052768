"""What rustc, clippy, miri and cargo itself report."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from termcoder.tracebacks import rust_panics
from termcoder.tracebacks.report import Certainty, Failure, Frame, LoggedError, Relation
from termcoder.tracebacks.rust_frames import is_own, to_number

_ERROR = re.compile(
    r"^(?P<indent>\s*)(?:(?P<file>(?:[A-Za-z]:)?[^\s:][^:]*\.rs):(?P<line>\d+):(?P<column>\d+): )?"
    r"error(?:: internal compiler error)?(?:\[(?P<code>[\w:]+)\])?: (?P<message>.*\S)\s*$"
)
_ARROW = re.compile(r"^\s*--> (?P<file>(?:[A-Za-z]:)?[^:]+):(?P<line>\d+):(?P<column>\d+)\s*$")
_SNIPPET = re.compile(r"^\s*(?P<line>\d+) [|+-] ?(?P<code>.*)$")
_SHOWN = re.compile(r"^\s*\d* ?\|")
_NOTE = re.compile(r"^\s*(?:= )?(?:note|help|warning): (?P<text>.*\S)\s*$")
_INSIDE = re.compile(r"inside `(?P<name>.+?)` at (?P<file>(?:[A-Za-z]:)?[^:\s]+):(?P<line>\d+):(?P<column>\d+)")
_SUMMARY = re.compile(
    r"^(?:aborting due to |could not compile |"
    r"failed to compile `.*intermediate artifacts|(?:doc)?test failed, to rerun |build failed|\d+ targets? failed"
    r"|process didn't exit successfully|could not document |recipe for target|Recipe )"
)
_CARGO = re.compile(
    r"""^(?:failed\ to\ (?!solve|push|remove|initialize) | no\ matching\ package | no\ such\ (?:sub)?command
      | could\ not\b | couldn't\b | package\b | the\ (?:lock\ file|package|manifest|`|option|crate) | linking\ with
      | (?:linker|toolchain|features?|invalid|checksum|multiple|unable\ to|cannot|dependency|virtual|rustc|target)\b
      | no\ (?:bin|default|test|example|library)\b | a\ bin\ target | cyclic\ package | two\ packages
      | specified\ package | current\ package | environment\ variable | component\b | binary\b )""",
    re.VERBOSE,
)
_CARGO_WORDS = re.compile(r"`|Cargo|cargo|crate|rustc|toolchain|rustup")
_UNDEFINED = re.compile(r"undefined (?P<what>symbol|reference)(?:: | to )[`'\"]?(?P<name>[^'\"`]+)")
_NO_LIBRARY = re.compile(
    r"cannot find (?P<name>-l\S+?)(?:: .*)?$"
    r"|(?:unable to find library|library not found for) (?P<lld>-l\S+)"
)
_SYMBOLS = re.compile(r'^\s*"(?P<name>[^"]+)", referenced from:\s*$')
_REFERENCED = re.compile(
    r">>> referenced by \S+ \((?P<file>[^():]+):(?P<line>\d+)\)"
    r"|^\s*(?P<file2>(?:[A-Za-z]:)?[^:\s]+):(?P<line2>\d+): undefined "
)
_MANIFEST = re.compile(r"`(?P<file>[^`]+\.toml)`")
_AT_LINE = re.compile(r"at line (?P<line>\d+),? column (?P<column>\d+)|^\s*--> [^:]+:(?P<line2>\d+):(?P<column2>\d+)")
_KILLED = re.compile(r"signal: (?:\d+, )?SIG(?:SEGV|ILL|BUS|FPE|KILL|ABRT)")
_REACH = 400


def parse(lines: Sequence[str]) -> Iterator[Failure]:
    """Each error of a build, in the order of the log; warnings and the closing counts are none."""
    done = 0
    for at, line in enumerate(lines):
        if at < done or "error" not in line:
            continue
        failure = _diagnostic(line, at) if line.startswith("{") else _read(lines, at)
        if failure is not None:
            done = failure.last + 1
            yield failure


def _read(lines: Sequence[str], at: int) -> Failure | None:
    line = lines[at]
    error = _ERROR.match(line) if "error: " in line or "error[" in line else None
    if error is None:
        return None
    if error["file"]:
        return _short(error, at)
    end = _block_end(lines, at)
    arrow = next((below for below in range(at + 1, min(end, at + 30)) if _ARROW.match(lines[below])), None)
    if _SUMMARY.match(error["message"]):
        return _ended(lines, at, error["message"])
    if arrow is not None and not _MANIFEST.search(error["message"]):
        return _compiler(lines, at, end, arrow, error)
    if error["code"] and error["code"].startswith("E"):
        return replace(_failure(error, (), at, end - 1), certainty=Certainty.LIKELY)
    return _cargo(lines, at, end, error)


def _block_end(lines: Sequence[str], at: int) -> int:
    """The empty line below an error, or where the next one begins; a wrapped or cut log may lack the empty line."""
    end = at + 1
    stop = min(at + _REACH, len(lines))
    while end < stop and lines[end].strip() and not _ERROR.match(lines[end]) and not lines[end].startswith("warning: "):
        end += 1
    return end


def _short(error: re.Match[str], at: int) -> Failure | None:
    return _failure(error, (_frame(error, at),), at, at)


def _frame(place: re.Match[str], at: int, function: str | None = None, code: str = "") -> Frame:
    file = place["file"]
    return Frame(file, to_number(place["line"]), function, is_own(file, None), to_number(place["column"]), code, at)


def _failure(error: re.Match[str], frames: tuple[Frame, ...], at: int, last: int) -> Failure:
    logged = LoggedError(error["code"] or "error", error["message"], frames, at)
    return Failure("rust", "rustc", (logged,), at, last, build=True)


def _compiler(lines: Sequence[str], at: int, end: int, arrow: int, error: re.Match[str]) -> Failure:
    """An error with its place, the snippet, and the notes; miri's is a running program's."""
    place = _ARROW.match(lines[arrow])
    assert place is not None
    block = lines[at + 1 : end]
    message = "\n".join([error["message"], *(line.strip() for line in lines[at + 1 : arrow] if line.strip())])
    notes = tuple(note["text"] for line in block if (note := _NOTE.match(line)))
    frame = _frame(place, arrow, code=_code(block, place["line"]))
    kind, colon, rest = message.partition(": ")
    if kind == "Undefined Behavior" and colon:
        logged = LoggedError(kind, rest, _inside(lines, at, end) or (frame,), at, notes=notes)
        return Failure("rust", "miri", (logged,), at, end - 1, ends_program=True)
    logged = LoggedError(error["code"] or "error", message, (frame,), at, notes=notes)
    clippy = any("clippy::" in line or "rust-clippy" in line for line in block)
    form = "clippy" if clippy else "cargo" if place["file"].endswith(".toml") else "rustc"
    return Failure("rust", form, (logged,), at, end - 1, build=True)


def _code(block: Sequence[str], number: str) -> str:
    shown = (match for line in block if (match := _SNIPPET.match(line)))
    return next((match["code"].strip() for match in shown if match["line"] == number), "")


def _inside(lines: Sequence[str], at: int, end: int) -> tuple[Frame, ...]:
    """Miri's stack, innermost first in the log."""
    found = ((below, match) for below in range(at, end) if (match := _INSIDE.search(lines[below])))
    return tuple(reversed([_frame(match, below, match["name"]) for below, match in found]))


def _ended(lines: Sequence[str], at: int, message: str) -> Failure | None:
    """Of the closing lines only those tell something that say which signal ended a process."""
    block = list(lines[at : at + 5])
    killed = next((text for text in block if _KILLED.search(text)), None)
    if killed is None or (killed != block[0] and not any(text.strip() == "Caused by:" for text in block)):
        return None
    text = message if killed == block[0] else killed.strip()
    last = at + block.index(killed)
    return Failure("rust", "cargo", (LoggedError("error", text, (), at),), at, last, build=killed != block[0])


def _cargo(lines: Sequence[str], at: int, end: int, error: re.Match[str]) -> Failure | None:
    """What cargo says of packages, manifests, the linker and build scripts, with its causes, the deepest first."""
    causes, last = _causes(lines, end)
    block = lines[at : last + 1]
    if not causes and not (_CARGO.match(error["message"]) and any(_CARGO_WORDS.search(line) for line in block)):
        return None
    notes = () if error["message"].startswith("linking") else tuple(line.strip() for line in lines[at + 1 : end])
    inner, last = _inner(lines, at, last, error["message"])
    manifest = _manifest(block, at)
    chain = tuple(
        LoggedError("error", text, () if index else manifest, place, Relation.CAUSE)
        for index, (place, text) in enumerate(reversed(causes))
    )
    outer = LoggedError("error", error["message"], () if chain else manifest, at, notes=notes)
    errors = (*inner, *chain, outer)
    sure = Certainty.CERTAIN if causes or inner else Certainty.LIKELY
    return Failure("rust", "cargo", errors, at, last, build=True, certainty=sure)


def _causes(lines: Sequence[str], at: int) -> tuple[list[tuple[int, str]], int]:
    """What stands below each `Caused by:`; a build script's output ends the list."""
    causes: list[tuple[int, str]] = []
    last = at - 1
    while at + 2 < len(lines) and lines[at + 1].strip() == "Caused by:" and len(causes) < 50:
        end = at + 2
        texts = []
        while (
            end < len(lines)
            and lines[end].strip()
            and not lines[end].lstrip().startswith("--- std")
            and end - at < _REACH
        ):
            texts += [] if _SHOWN.match(lines[end]) else [lines[end].strip()]
            end += 1
        if not texts:
            break
        causes.append((at + 2, "\n".join(texts)))
        last, at = end - 1, end
    return causes, last


def _inner(lines: Sequence[str], at: int, last: int, message: str) -> tuple[tuple[LoggedError, ...], int]:
    """What happened before cargo's own error: undefined symbols at the linker, a panic in a build script."""
    if message.startswith("linking with"):
        return _undefined(lines, at, last)
    if not message.startswith("failed to run custom build command"):
        return (), last
    end = last + 1
    while end < min(last + _REACH, len(lines)) and (not lines[end].strip() or lines[end][:1].isspace()):
        end += 1
    while end - 1 > last and not lines[end - 1].strip():
        end -= 1
    panics = [failure for failure in rust_panics.parse(lines[:end][last + 1 :]) if failure.format == "panic"]
    moved = tuple(_moved(error, last + 1) for failure in panics for error in failure.errors)
    return moved, end - 1


def _moved(error: LoggedError, by: int, on_one_line: bool = False) -> LoggedError:
    """An error of other lines, counted in the log's."""
    frames = tuple(replace(frame, at=by if on_one_line else frame.at + by) for frame in error.frames)
    if on_one_line:
        return replace(error, at=by, frames=frames)
    return replace(error, at=error.at + by, frames=frames, relation=Relation.CAUSE)


def _undefined(lines: Sequence[str], at: int, last: int) -> tuple[tuple[LoggedError, ...], int]:
    """Each symbol and library that the linker misses, once."""
    found: dict[str, LoggedError] = {}
    for below in range(at + 1, min(last + 1, len(lines))):
        library = _NO_LIBRARY.search(lines[below]) if " -l" in lines[below] else None
        if library and (absent := library["name"] or library["lld"]):
            found.setdefault(absent, LoggedError("cannot find", absent, (), below, Relation.CAUSE))
        missing = _UNDEFINED.search(lines[below]) if "undefined " in lines[below] else _SYMBOLS.match(lines[below])
        name = missing["name"].strip() if missing else ""
        if missing and name not in found:
            kind = f"undefined {missing['what']}" if "what" in missing.groupdict() else "undefined symbol"
            found[name] = LoggedError(kind, name, _reference(lines, below), below, Relation.CAUSE)
    return tuple(found.values()), last


def _reference(lines: Sequence[str], at: int) -> tuple[Frame, ...]:
    """Where a missing symbol is used: GNU ld writes it before the symbol, lld below it."""
    for line in lines[at : at + 2]:
        place = _REFERENCED.search(line)
        if place:
            file = place["file"] or place["file2"]
            return (Frame(file, to_number(place["line"] or place["line2"]), None, is_own(file, None), at=at),)
    return ()


def _manifest(block: Sequence[str], at: int) -> tuple[Frame, ...]:
    """The manifest that an error names, with the line if it is told."""
    named = _MANIFEST.search(block[0])
    if named is None:
        return ()
    place = next((match for line in block if (match := _AT_LINE.search(line))), None)
    if place is None and "parse manifest" not in block[0]:
        return ()
    line = to_number(place["line"] or place["line2"]) if place else None
    return (Frame(named["file"], line, None, is_own(named["file"], None), at=at),)


def _diagnostic(line: str, at: int) -> Failure | None:
    """A line of `--message-format json` or `--error-format json`."""
    if '"rendered":' not in line and '"level":"error"' not in line:
        return None
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return _rendered(line, at)
    message = record.get("message") if isinstance(record, dict) else None
    diagnostic = message if isinstance(message, dict) else record
    return _diagnosed(diagnostic, at) if isinstance(diagnostic, dict) else None


def _diagnosed(diagnostic: dict[str, Any], at: int) -> Failure | None:
    text, code = diagnostic.get("message"), diagnostic.get("code")
    is_error = diagnostic.get("level") == "error" and "spans" in diagnostic
    if not is_error or not isinstance(text, str) or _SUMMARY.match(text):
        return None
    kind = code.get("code") if isinstance(code, dict) else None
    logged = LoggedError(kind if isinstance(kind, str) else "error", text, _spans(diagnostic["spans"], at), at)
    return Failure("rust", "rustc", (logged,), at, at, build=True)


def _rendered(line: str, at: int) -> Failure | None:
    """A record that is cut short: the text for people comes first in it."""
    start = line.find('"rendered":"') + len('"rendered":')
    try:
        text, _ = json.JSONDecoder().raw_decode(line, start)
    except ValueError:
        return None
    failure = _read(str(text).split("\n"), 0) if str(text).startswith("error") else None
    if failure is None:
        return None
    errors = tuple(_moved(error, at, on_one_line=True) for error in failure.errors)
    return Failure("rust", "rustc", errors, at, at, build=True, certainty=Certainty.LIKELY)


def _spans(spans: Any, at: int) -> tuple[Frame, ...]:
    for span in spans if isinstance(spans, list) else ():
        file = span.get("file_name") if isinstance(span, dict) and span.get("is_primary") else None
        if isinstance(file, str):
            line, column = span.get("line_start"), span.get("column_start")
            return (Frame(file, line if isinstance(line, int) else None, None, is_own(file, None), column, at=at),)
    return ()

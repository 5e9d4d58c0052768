"""Rust's panics and aborts, and the errors that `main` returned."""

import re
from collections.abc import Iterator, Sequence
from textwrap import dedent

from termcoder.tracebacks.report import Certainty, Failure, Frame, LoggedError, Relation
from termcoder.tracebacks.rust_frames import is_own, read_backtrace, to_number

_THREAD = r"(?:thread '(?P<thread>[^']*)'(?: \(\d+\))? |thread (?P<bare><unnamed>) )?panicked at "
_PLACE = r"(?P<file>(?:[A-Za-z]:)?[^\s:'\"][^:'\"]*\.\w+):(?P<line>\d+)(?::(?P<column>\d+))?"
_PANICKED = re.compile(rf"{_THREAD}{_PLACE}:\s*$")
_QUOTED = re.compile(rf"{_THREAD}'(?P<message>.*)$")
_QUOTE_ENDS = re.compile(rf"^(?P<message>.*)'[,:] {_PLACE}\s*$")
_COLOURED = re.compile(r"^\s*The application panicked \(crashed\)\.\s*$")
_COLOURED_FIELD = re.compile(rf"^\s*(?:Message: +(?P<message>.*)|Location: +{_PLACE})\s*$")
_OVERFLOWED = re.compile(r"thread '[^']*'(?: \(\d+\))? has overflowed its stack\s*$")
_ABORTED = re.compile(
    r"^\s*(?:(?P<type>fatal runtime error): (?P<message>.*)|(?P<memory>memory allocation of \d+ bytes failed)\b.*)$"
)
_ERROR = re.compile(r"^(?P<before>\s*|.*\s)Error: ?(?P<message>.*)$")
_DEBUG = re.compile(r"^(?:[A-Z]\w*(?:::\w+)*(?: \{ .*\}?|\(.*\)?|)|\".*\")\s*$")
_NUMBERED = re.compile(r"^\s+(?P<number>\d+): (?P<message>.*)$")
_LOCATION = re.compile(r"^\s+(?:at )?(?P<file>(?:[A-Za-z]:)?[^:]+\.rs):(?P<line>\d+)(?::(?P<column>\d+))?\s*$")
_NOTES = ("note: run with `RUST_BACKTRACE", "note: Run with `RUST_BACKTRACE", "note: Some details are omitted")
_REACH = 60


def parse(lines: Sequence[str]) -> Iterator[Failure]:
    """Every panic, abort and returned error, in the order of the log."""
    done, test = 0, False
    for at, line in enumerate(lines):
        if at < done:
            continue
        if line.startswith("---- "):
            test = line.rstrip().endswith(" ----")
        elif line.startswith(("test result: ", "failures:")):
            test = False
        if (
            "panicked" in line
            or "Error:" in line
            or "fatal runtime" in line
            or "overflowed" in line
            or "allocation of" in line
        ):
            failure = _read(lines, at, test)
            if failure is not None:
                done = failure.last + 1
                yield failure
    if not done:
        yield from _cut_backtrace(lines)


def _is_telling(line: str) -> bool:
    return (
        "panicked" in line
        or "Error:" in line
        or "fatal runtime error" in line
        or "has overflowed its" in line
        or "memory allocation of" in line
    )


def _read(lines: Sequence[str], at: int, test: bool) -> Failure | None:
    line = lines[at]
    if "panicked at " in line:
        return _panic(lines, at, test)
    if "panicked" in line:
        return _coloured_panic(lines, at) if _COLOURED.match(line) else None
    if "Error:" in line:
        error = _ERROR.match(line)
        return _returned(lines, at, error, test) if error else None
    return _aborted(lines, at)


def _panic(lines: Sequence[str], at: int, test: bool) -> Failure | None:
    new = _PANICKED.search(lines[at])
    old = None if new else _QUOTED.search(lines[at])
    if new:
        message, end = _message(lines, at + 1)
        place, thread = new, new["thread"]
    elif old:
        quoted = _quoted(lines, at, old["message"])
        if quoted is None:
            return None
        message, place, end = quoted
        thread = old["thread"]
    else:
        return None
    frames, end, cut = _backtrace(lines, end)
    error = LoggedError("panic", message, _with_place(frames, place, at), at)
    certainty = Certainty.LIKELY if cut else Certainty.CERTAIN
    form = "cargo test" if test else "panic"
    ends_program = True if thread == "main" and not test else None
    return Failure("rust", form, (error,), at, end - 1, certainty=certainty, ends_program=ends_program)


def _quoted(lines: Sequence[str], at: int, start: str) -> tuple[str, re.Match[str], int] | None:
    """The message of Rust before 1.73: in quotes before the place, and over several lines if it has some."""
    texts = [start]
    for below in range(at, min(at + _REACH, len(lines))):
        if below > at and "panicked at " in lines[below]:
            break
        if below > at:
            texts.append(lines[below])
        ends = _QUOTE_ENDS.match(texts[-1]) if "'" in texts[-1] else None
        if ends:
            return dedent("\n".join([*texts[:-1], ends["message"]])).strip(), ends, below + 1
    return None


def _message(lines: Sequence[str], at: int) -> tuple[str, int]:
    """The lines below the place, up to what the runtime says next; without that, the first and those indented below."""
    stop = min(at + _REACH, len(lines))
    margin = _margin(lines[at - 1])
    for end in range(at, stop):
        if _ends_message(lines[end]):
            return "\n".join(line[min(margin, _margin(line)) :].rstrip() for line in lines[at:end]).rstrip(), end
        if end > at and ("panicked at " in lines[end] or lines[end].startswith(("---- ", "test "))):
            break
    end = min(at + 1, len(lines))
    while end < stop and lines[end].strip() and lines[end][margin : margin + 1].isspace():
        end += 1
    return "\n".join(line[min(margin, _margin(line)) :].rstrip() for line in lines[at:end]).rstrip(), end


def _margin(line: str) -> int:
    return len(line) - len(line.lstrip())


def _ends_message(line: str) -> bool:
    text = line.lstrip()
    return text.startswith(("stack backtrace:", *_NOTES))


def _backtrace(lines: Sequence[str], at: int) -> tuple[tuple[Frame, ...], int, bool]:
    """The backtrace at `lines[at]`, if one is there, with the notes around it."""
    frames: tuple[Frame, ...] = ()
    cut = False
    if at < len(lines) and lines[at].strip().lower() == "stack backtrace:":
        frames, at, cut = read_backtrace(lines, at + 1)
    if at < len(lines) and lines[at].lstrip().startswith(_NOTES):
        at += 1
    return frames, at, cut


def _with_place(frames: tuple[Frame, ...], place: re.Match[str], at: int) -> tuple[Frame, ...]:
    """The backtrace, and the place of the panic itself where the backtrace doesn't have it."""
    file, line = place["file"], to_number(place["line"])
    name = file.replace("\\", "/").removeprefix("./")
    if any(frame.line == line and (frame.file or "").replace("\\", "/").endswith(name) for frame in frames):
        return frames
    return (*frames, Frame(file, line, None, is_own(file, None), to_number(place["column"]), at=at))


def _coloured_panic(lines: Sequence[str], at: int) -> Failure | None:
    """color-eyre's panics."""
    message, last = "", at
    frames: tuple[Frame, ...] = ()
    for below in range(at + 1, min(at + _REACH, len(lines))):
        field = _COLOURED_FIELD.match(lines[below])
        if field and field["file"]:
            frames, last = _with_place((), field, below), below
            break
        if field:
            message = field["message"].rstrip()
        elif lines[below].strip():
            message += "\n" + lines[below].strip()
    if not frames:
        return None
    traced, end = _long_backtrace(lines, last + 1)
    error = LoggedError("panic", message, traced or frames, at)
    return Failure("rust", "color-eyre", (error,), at, max(last, end - 1))


def _long_backtrace(lines: Sequence[str], at: int) -> tuple[tuple[Frame, ...], int]:
    """color-eyre's backtrace, below its rule."""
    for below in range(at, min(at + 12, len(lines))):
        if "BACKTRACE" in lines[below] and "━" in lines[below]:
            frames, end, _ = read_backtrace(lines, below + 1)
            return frames, end
    return (), at


def _aborted(lines: Sequence[str], at: int) -> Failure | None:
    below = at + 1
    if _OVERFLOWED.search(lines[at]):
        aborted = _ABORTED.match(lines[below]) if below < len(lines) else None
        kind, message, last = "fatal runtime error", "stack overflow", at
        if aborted and aborted["type"]:
            message, last = aborted["message"].rstrip(), below
    else:
        aborted = _ABORTED.match(lines[at])
        if aborted is None:
            return None
        kind, message, last = aborted["type"] or "error", (aborted["message"] or aborted["memory"] or "").rstrip(), at
    return Failure("rust", "abort", (LoggedError(kind, message, (), at),), at, last, ends_program=True)


def _returned(lines: Sequence[str], at: int, error: re.Match[str], test: bool) -> Failure | None:
    """What `main` or a test returned: a value's Debug form, or anyhow's and eyre's report with its causes."""
    message = error["message"].rstrip()
    chain, end = _listed(lines, at + 1) if not message else ([(message, at)], at + 1)
    if message:
        end, rest = _further_lines(lines, end)
        chain[0] = ("\n".join([message, *rest]), at)
        causes, end = _causes(lines, end)
        chain += causes
    frames, end = _origin(lines, end)
    if not chain or (len(chain) == 1 and not frames and not (not error["before"].strip() and _DEBUG.match(message))):
        return None
    errors = tuple(
        LoggedError("error", text, frames if not index else (), place, Relation.CAUSE)
        for index, (text, place) in enumerate(reversed(chain[1:]))
    )
    outer = LoggedError("error", chain[0][0], () if errors else frames, at)
    form = "cargo test" if test else "anyhow" if errors or frames else "main"
    ends_program = None if test or error["before"].strip() else True
    sure = Certainty.CERTAIN if errors or frames else Certainty.LIKELY
    return Failure("rust", form, (*errors, outer), at, end - 1, certainty=sure, ends_program=ends_program)


def _further_lines(lines: Sequence[str], at: int) -> tuple[int, list[str]]:
    """The lines of a message that has several, where causes or a backtrace follow it; `{:#?}` has its own form."""
    for end in range(at, min(at + 12, len(lines))):
        text = lines[end].strip()
        if text in ("Caused by:", "Stack backtrace:", "Location:"):
            return at if end == at else end, [line.rstrip() for line in lines[at:end] if line.strip()]
        if text.startswith("Error:") or "panicked at" in text:
            break
    return at, []


def _causes(lines: Sequence[str], at: int) -> tuple[list[tuple[str, int]], int]:
    """What stands below `Caused by:`, the nearest cause first."""
    start = at + 1 if at < len(lines) and not lines[at].strip() else at
    if start >= len(lines) or lines[start].strip() != "Caused by:":
        return [], at
    numbered, end = _listed(lines, start + 1)
    if numbered:
        return numbered, end
    texts = []
    end = start + 1
    while end < len(lines) and lines[end].strip() and lines[end][0].isspace() and end - start < _REACH:
        texts.append(lines[end].strip())
        end += 1
    return ([("\n".join(texts), start + 1)] if texts else []), end


def _listed(lines: Sequence[str], at: int) -> tuple[list[tuple[str, int]], int]:
    """Numbered messages, with their further lines."""
    chain: list[tuple[str, int]] = []
    while at < len(lines) and lines[at].strip() and len(chain) < _REACH:
        numbered = _NUMBERED.match(lines[at])
        if numbered and int(numbered["number"][:4]) == len(chain):
            chain.append((numbered["message"].rstrip(), at))
        elif chain and lines[at][0].isspace():
            chain[-1] = (f"{chain[-1][0]}\n{lines[at].strip()}", chain[-1][1])
        else:
            break
        at += 1
    return chain, at


def _origin(lines: Sequence[str], at: int) -> tuple[tuple[Frame, ...], int]:
    """Where a report was made: its backtrace, else eyre's location."""
    frames: tuple[Frame, ...] = ()
    below = at
    while below < min(at + 8, len(lines)):
        text = lines[below].strip()
        place = _LOCATION.match(lines[below + 1]) if text == "Location:" and below + 1 < len(lines) else None
        if place:
            frames, at, below = _with_place((), place, below + 1), below + 2, below + 1
        elif text == "Stack backtrace:":
            traced, at, _ = read_backtrace(lines, below + 1)
            return traced or frames, at
        elif "BACKTRACE" in text and "━" in text:
            traced, at = _long_backtrace(lines, below)
            return traced or frames, at
        elif text and not frames:
            break
        below += 1
    return frames, at


def _cut_backtrace(lines: Sequence[str]) -> Iterator[Failure]:
    """What is left of a backtrace whose upper part is cut off."""
    for at, line in enumerate(lines[:_REACH]):
        if line.lstrip().startswith("at ") and ".rs:" in line and _LOCATION.match(line):
            first = at - 1 if at and lines[at - 1].strip()[:1].isdigit() else at
            frames, end, _ = read_backtrace(lines, first)
            if len(frames) > 1:
                error = LoggedError("panic", "", frames, first)
                yield Failure("rust", "panic", (error,), first, max(end - 1, first), certainty=Certainty.LIKELY)
            return

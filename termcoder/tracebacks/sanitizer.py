"""Reads the reports of the sanitizers of gcc and clang (address, leak, thread, memory, undefined) and of valgrind."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from termcoder.tracebacks.native_frames import Form, Place, language_of, make_frame, scan
from termcoder.tracebacks.parser import Parser
from termcoder.tracebacks.report import Certainty, Failure, Frame, LoggedError, Relation

_HEAD = re.compile(
    r"(?:ERROR|WARNING): (?P<tool>AddressSanitizer|HWAddressSanitizer|LeakSanitizer|ThreadSanitizer|MemorySanitizer"
    r"|UndefinedBehaviorSanitizer): (?P<what>.*)"
)
_KIND = re.compile(r"(?P<kind>[^:(]{1,80}?)(?= on (?:unknown )?(?:address|0x)|:| \(|$)(?P<rest>.*)")
_RENAMED = (  # where the head says it in words and the summary in one
    ("attempting double-free", "double-free"),
    ("attempting free on address which was not malloc", "bad-free"),
    ("requested allocation size", "allocation-size-too-big"),
    ("allocator is out of memory", "out-of-memory"),
)
_SUMMARY = re.compile(r"SUMMARY: \w+Sanitizer: ")
_FRAME = re.compile(r"\s*#(?P<number>\d{1,5})\s+(?:(?P<address>0x[0-9a-f]+)\s+)?(?:in )?(?P<rest>\S.*)")
_MODULE = re.compile(r"^(?P<name>.*?)\s*\((?P<module>[^()]*?)\+0x[0-9a-f]+\)(?: \(BuildId: \w+\))?$")
_PLACE = re.compile(
    r"^(?P<name>.*?)\s+(?P<file>(?:[A-Za-z]:[\\/]|<|[./]|\w)[^\s()]*?):(?P<line>\d+)(?::(?P<column>\d+))?$"
)
_SPACED = re.compile(
    r"^(?P<name>.*?\)(?: const)?) (?P<file>(?:[A-Za-z]:)?[\\/].*?):(?P<line>\d+)(?::(?P<column>\d+))?$"
)
_TSAN_MODULE = re.compile(r" \([^()]*?\+0x[0-9a-f]+\)(?: \(BuildId: \w+\))?$")
_RUNTIME_ERROR = re.compile(
    r"(?:^|\s)(?P<file>(?:[A-Za-z]:)?[^\s:]+):(?P<line>\d+)(?::(?P<column>\d+))?: (?P<type>runtime error): "
    r"(?P<message>.*)"
)
_READ_WRITE = re.compile(
    r"\s*(?:Atomic )?(?:READ|WRITE|The signal is caused by|Write|Read|Previous|Direct leak|Indirect leak)\b"
)
_ENDS = frozenset({"AddressSanitizer", "MemorySanitizer", "HWAddressSanitizer", "UndefinedBehaviorSanitizer"})
_LONGEST = 400  # lines of a report

_VALGRIND_KIND = re.compile(
    r"\s*(?:Invalid (?:read|write|free\(\)|alignment)|Conditional jump or move depends|Use of uninitialised"
    r"|Mismatched free\(\)|Syscall param|Source and destination overlap|Jump to the invalid address|Argument '"
    r"|Process terminating with default action|Possible data race|realloc\(\) with size 0)"
)
_VALGRIND_FRAME = re.compile(
    r"\s*(?:at|by) 0x[0-9A-Fa-f]+: (?P<name>.+?) \((?:in (?P<module>[^()]*)|(?P<file>[^()]*?):(?P<line>\d+))\)$"
)
_VALGRIND_UNKNOWN = re.compile(r"\s*(?:at|by) 0x[0-9A-Fa-f]+: (?P<name>\?\?\?|.+)")
_LEAK = re.compile(
    r"(?P<message>[\d,() a-z]*?bytes in [\d,]+ blocks are (?P<type>(?:definitely|indirectly|possibly) lost)) in loss"
)
_SIGNALLED = re.compile(r"Process terminating with default action of signal \d+ ?\(?(?P<signal>\w*)\)?")


def parse(lines: Sequence[str]) -> Iterable[Failure]:
    """The reports of sanitizers and of valgrind."""
    found = list(scan(lines, _FORMS))
    leaks = [failure for failure in found if failure.format == "valgrind" and "lost" in failure.errors[0].type]
    others = len(found) > len(leaks)
    return [failure for failure in found if not (others and failure in leaks)]


def _report(lines: Sequence[str], index: int) -> Failure | None:
    """A report with a head: `==1==ERROR: AddressSanitizer: heap-use-after-free on address …`."""
    match = _HEAD.search(lines[index])
    if match is None:
        return None
    kind, rest = _split(match["what"])
    frames, after = _first_stack(lines, index + 1)
    notes = tuple(line.strip() for line in lines[index + 1 : after] if _READ_WRITE.match(line))[:4]
    last = _end(lines, index, max(after - 1, index))
    if kind in ("data race", "detected memory leaks") and notes:
        rest = notes[0].rstrip(":")
    ends = True if match["tool"] in _ENDS else None
    error = LoggedError(kind, rest.strip(), frames, at=index, notes=notes)
    sure = Certainty.CERTAIN if frames else Certainty.LIKELY
    language = language_of(frames)
    return Failure(language, _FORMATS[match["tool"]], (error,), index, last, certainty=sure, ends_program=ends)


def _split(what: str) -> tuple[str, str]:
    """The kind of a report and the rest of its head."""
    for words, kind in _RENAMED:
        if what.startswith(words):
            return kind, what.removeprefix("attempting double-free ").strip().rstrip(":")
    match = _KIND.match(what)
    if match is None:
        return what.strip(), ""
    return match["kind"], match["rest"].lstrip(": ").rstrip().rstrip(":")


def _first_stack(lines: Sequence[str], start: int) -> tuple[tuple[Frame, ...], int]:
    """The first stack after `start`, outermost frame first, and the line after it."""
    frames: list[Frame] = []
    at, limit = start, start + 40
    while at < min(limit, len(lines)):
        line = lines[at]
        if "#" in line and (match := _FRAME.match(line)):
            if match["number"] == "0" and frames:
                break
            frames.append(_frame(match["rest"], at))
            limit = at + 2
        elif "SUMMARY: " in line or _HEAD.search(line) or (frames and not line.strip()):
            break
        at += 1
    return tuple(reversed(frames)), at


def _frame(text: str, at: int) -> Frame:
    """A frame from `name /path/file.c:12:5`, `name (/path/module+0x12)` or `name <null>`."""
    text = text.strip()
    match = _MODULE.match(text)
    if match and not _PLACE.match(match["name"]):
        name = match["name"].removesuffix(" <null>")
        return make_frame(Place(module=match["module"]), name, at)
    match = _SPACED.match(_TSAN_MODULE.sub("", text)) or _PLACE.match(_TSAN_MODULE.sub("", text))
    if match is None:
        return make_frame(Place(), text.removesuffix(" <null>"), at)
    return make_frame(Place(match["file"], match["line"], match["column"]), match["name"], at)


def _end(lines: Sequence[str], first: int, last: int) -> int:
    """The last line of a report: its summary, or the `ABORTING` after the map of the shadow bytes."""
    end = last
    for at in range(last, min(first + _LONGEST, len(lines))):
        line = lines[at]
        if at > first and _HEAD.search(line):
            break
        if _SUMMARY.search(line):
            end = at
        elif line.endswith(("==ABORTING", "ABORTING")):
            return at
    return end


def _undefined(lines: Sequence[str], index: int) -> Failure | None:
    """`main.c:12:5: runtime error: …`, with a stack or without."""
    match = _RUNTIME_ERROR.search(lines[index])
    if match is None:
        return None
    frames, after = _ubsan_stack(lines, index)
    code = lines[index + 1] if index + 2 < len(lines) and lines[index + 2].strip().startswith("^") else ""
    place = Place(match["file"], match["line"], match["column"])
    if not frames:
        frames, after = (make_frame(place, None, index, code),), index + 1
    error = LoggedError(match["type"], match["message"].strip(), frames, at=index)
    last = after - 1
    for at in range(after, min(after + 4, len(lines))):
        if "SUMMARY: UndefinedBehaviorSanitizer" in lines[at]:
            last = at
    return Failure(language_of(frames, match["message"]), "ubsan", (error,), index, last)


def _ubsan_stack(lines: Sequence[str], index: int) -> tuple[tuple[Frame, ...], int]:
    """The stack that follows at once, or after the lines with the source or with what lies in memory."""
    for at in range(index + 1, min(index + 6, len(lines))):
        if "runtime error: " in lines[at]:
            break
        if lines[at].lstrip().startswith("#0 "):
            return _first_stack(lines, at)
    return (), index + 1


def _valgrind(lines: Sequence[str], index: int) -> Failure | None:
    """An error of valgrind; with the signal that ended the program, where it came of the same access."""
    error, last = _valgrind_error(lines, index)
    if error is None:
        return None
    errors: tuple[LoggedError, ...] = (error,)
    ends = error.type.startswith("SIG")
    for at in range(last + 1, min(last + 4, len(lines))):
        signal, end = _valgrind_error(lines, at)
        if signal and signal.type.startswith("SIG") and _places(signal) == _places(error):
            errors, last, ends = (replace(error, relation=Relation.CAUSE), signal), end, True
            break
    return Failure(language_of(error.frames), "valgrind", errors, index, last, ends_program=ends or None)


def _places(error: LoggedError) -> list[tuple[str | None, int | None]]:
    return [(frame.file, frame.line) for frame in error.frames]


def _valgrind_error(lines: Sequence[str], index: int) -> tuple[LoggedError | None, int]:
    text = _valgrind_text(lines[index])
    leak = _LEAK.search(text)
    if leak is None and not _VALGRIND_KIND.match(text):
        return None, index
    frames, last, about = _valgrind_stack(lines, index)
    if not frames:
        return None, index
    signal = _SIGNALLED.match(text)
    kind = text.strip()
    if signal:
        kind = signal["signal"] or kind
    elif leak:
        kind, about = leak["type"], [leak["message"].removesuffix(" are " + leak["type"]), *about]
    return LoggedError(kind, about[0] if about else "", frames, at=index, notes=tuple(about[1:])), last


def _valgrind_stack(lines: Sequence[str], index: int) -> tuple[tuple[Frame, ...], int, list[str]]:
    """The first stack below an error, the error's last line, and what is said about it without the other stacks."""
    frames: list[Frame] = []
    about: list[str] = []
    last = index
    for at in range(index + 1, min(index + 120, len(lines))):
        text = _valgrind_text(lines[at])
        if not text.strip():
            break
        last = at
        if not text.lstrip().startswith(("at 0x", "by 0x")):
            about.append(text.strip())
        elif not frames or frames[-1].at == at - 1:  # a later stack tells where the block was allocated
            frames.append(_valgrind_frame(text, at))
    return tuple(reversed(frames)), last, about


def _valgrind_text(line: str) -> str:
    start = line.find("==")
    if start < 0:
        return line
    end = line.find("==", start + 2)
    return line[end + 3 :] if end > start and line[start + 2 : end].isdigit() else line


def _valgrind_frame(text: str, at: int) -> Frame:
    match = _VALGRIND_FRAME.match(text)
    if match is None:
        unknown = _VALGRIND_UNKNOWN.match(text)
        return make_frame(Place(), unknown["name"] if unknown else None, at)
    return make_frame(Place(match["file"], match["line"], module=match["module"]), match["name"], at)


_VALGRIND_WORDS = (
    *("Invalid ", "Conditional jump", "uninitialised", "free()", "Syscall param", "overlap", "Jump to the"),
    *("Argument '", "Process terminating", "lost in loss record", "data race during", "realloc()"),
)
_FORMATS = {
    "AddressSanitizer": "asan",
    "HWAddressSanitizer": "hwasan",
    "LeakSanitizer": "lsan",
    "ThreadSanitizer": "tsan",
    "MemorySanitizer": "msan",
    "UndefinedBehaviorSanitizer": "ubsan",
}
_FORMS = (
    Form("Sanitizer: ", _report),
    Form("runtime error: ", _undefined),
    *(Form(word, _valgrind) for word in _VALGRIND_WORDS),
)

PARSER = Parser("sanitizer", ("Sanitizer: ", "runtime error: ", "at 0x", "by 0x"), parse)

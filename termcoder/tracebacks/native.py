"""Reads how C and C++ programs end by themselves: uncaught exceptions, assertions, what glibc aborts for, signals."""

import re
from collections.abc import Iterable, Sequence

from termcoder.tracebacks.native_frames import Form, Place, declared_name, language_of, make_frame, scan
from termcoder.tracebacks.parser import Parser
from termcoder.tracebacks.report import Certainty, Failure, Frame, LoggedError

_THROWN = re.compile(
    r"terminate called after throwing an instance of '(?P<type>.*?)'?$"
    r"|terminating (?:with|due to) (?P<way>uncaught"
    r"|unexpected) exception of type (?P<name>[\w:<>, *&]+?)(?:: (?P<what>.*))?$"
    r"|(?P<bare>terminate called without an active exception|[Pp]ure virtual (?:method|function) called)"
)
_WHAT = re.compile(r"\s*what\(\):\s*(?P<what>.*)")
_ASSERTED = re.compile(
    r"(?:^|\s)(?P<file>(?:[A-Za-z]:[\\/])?[^\s:]+):(?P<line>\d+): (?:(?P<function>.+?): )?Assertion "
    r"(?P<message>[`'‘\"].*)"
)
_ASSERTION_FAILED = re.compile(
    r"Assertion failed: (?P<message>.+?)(?:, function (?P<function>[^,]+))?, file (?P<file>.+?), line (?P<line>\d+)\.?$"
    r"|Assertion failed: (?P<musl>.+) \((?P<musl_file>[^\s:()]+): (?P<musl_function>[^:]+): (?P<musl_line>\d+)\)$"
    r"|assertion (?P<newlib>\".+\") failed: file \"(?P<newlib_file>.+?)\", line (?P<newlib_line>\d+)"
    r"(?:, function: (?P<newlib_function>.+))?$"
    r"|ASSERT: (?P<qt>\".+\") in file (?P<qt_file>.+?), line (?P<qt_line>\d+)$"
    r"|ASSERT failure in (?P<where_function>.+?): (?P<where>\".*\"), file (?P<where_file>.+?), line "
    r"(?P<where_line>\d+)$"
)
_GLIBC = re.compile(
    r"(?:^|[\s:])\*\*\* (?P<starred>(?:stack smashing|buffer overflow) detected|(?:longjmp"
    r"|invalid)[\w %]*) \*\*\*: (?P<how>.+)"
    r"|(?:^|: )(?P<type>(?:free|malloc|realloc|calloc|munmap_chunk|mremap_chunk|malloc_consolidate|sysmalloc"
    r"|mallopt)\(\)"
    r"|corrupted (?:double-linked list|size vs\. prev_size)|double free or corruption|invalid fastbin entry)"
    r"(?P<message>: .+| \(.+|)$"
    r"|\*\*\* Error in [`'](?P<program>.+?)': (?P<old>.+?) \*\*\*$"
)
_DEBUG_MODE = re.compile(r"(?P<file>\S*/debug/\S+):(?P<line>\d+):$")
_SIGNALLED = re.compile(
    r"(?:(?P<file>[^\s:]+): line (?P<line>\d+): +)?(?:\w*sh: )?(?:\[\d+\] +[-+]? *)?(?:\d+ )?"
    r"(?P<type>[Ss]egmentation fault"
    r"|Aborted|abort|IOT instruction|[Ii]llegal (?:hardware )?instruction|[Ff]loating point exception|[Bb]us error"
    r"|Trace/breakpoint trap|Killed)(?:: \d+)?(?P<message>(?: *\(core dumped\))?(?:  +\S.*)?| \(core dumped\) \S.*)$"
)
_SEGFAULT = re.compile(
    r"(?P<program>\S+)\[\d+\]: (?P<type>segfault) (?P<message>at [0-9a-f]+ ip [0-9a-f]+ sp [0-9a-f]+ error \d+.*)"
)
_FISH = re.compile(r"fish: .*terminated by signal (?P<type>SIG\w+) ?(?P<message>.*)")
_SIGNAL_WORDS = ("fault", "Aborted", "abort", "nstruction", "exception", "error", "trap", "Killed")
_SHELLS = frozenset({"bash", "sh", "-bash", "/bin/bash", "/bin/sh", "/usr/bin/bash", "environment", "main"})
_LONGEST_WHAT = 20
_EXPLAINED = ("Sanitizer: ", "*** SIG", "Check failed", "fatal error has been detected", "panicked at", "fatal error: ")
_AFTER = 60  # lines after a failure in which the shell says how the program ended


def parse(lines: Sequence[str]) -> Iterable[Failure]:
    """The ends of programs. A signal that only follows from one of the others is part of it."""
    previous: Failure | None = None
    for failure in scan(lines, _FORMS):
        follows = previous is not None and failure.first - previous.last <= _AFTER
        told = failure.format == "signal" and failure.errors[0].type != "Killed"
        if told and (follows or _explained(lines, failure.first)):
            continue
        yield failure
        previous = failure


def _explained(lines: Sequence[str], at: int) -> bool:
    """Whether a sanitizer, a logger or a runtime has said before why the program died."""
    return any(word in line for line in lines[max(0, at - _AFTER) : at] for word in _EXPLAINED)


def _thrown(lines: Sequence[str], index: int) -> Failure | None:
    """`terminate called after throwing an instance of 'std::out_of_range'` and its `what()`."""
    match = _THROWN.search(lines[index])
    if match is None:
        return None
    if index and match["bare"] and match["bare"].startswith("term") and "ure virtual" in lines[index - 1]:
        return None
    last, message = _what(lines, index)
    kind = match["type"] or match["name"] or match["bare"]
    error = LoggedError(kind, (match["what"] or message).strip(), at=index)
    return _ended("cpp", "terminate", error, index, _with_abort(lines, last))


def _what(lines: Sequence[str], index: int) -> tuple[int, str]:
    """The text of `what()` and its last line: it may have several, then the shell says "Aborted" below them."""
    match = _WHAT.match(lines[index + 1]) if index + 1 < len(lines) else None
    if match is None:
        return index, ""
    for at in range(index + 2, min(index + _LONGEST_WHAT, len(lines))):
        if _aborts(lines[at]):
            more = "\n".join([match["what"], *lines[index + 2 : at]]).rstrip()
            return at, more
        if not lines[at].strip() or "terminate called" in lines[at]:
            break
    return index + 1, match["what"]


def _asserted(lines: Sequence[str], index: int) -> Failure | None:
    """`main: main.c:12: total: Assertion `n > 0' failed.`."""
    match = _ASSERTED.search(lines[index])
    if match is None:
        return None
    message, last = match["message"].strip(), index
    if "failed" not in message and index + 1 < len(lines) and "failed." in lines[index + 1]:
        message, last = f"{message} {lines[index + 1].strip()}", index + 1
    if "failed" not in message:
        return None
    function = declared_name(match["function"]) if match["function"] else None
    frames = (make_frame(Place(match["file"], match["line"]), function, index),)
    error = LoggedError("Assertion", message, frames, at=index)
    language = language_of(frames, match["function"] or "")
    return _ended(language, "assert", error, index, _with_abort(lines, last))


def _assertion_failed(lines: Sequence[str], index: int) -> Failure | None:
    """What assert() says on macOS, Windows, with musl or newlib, and Qt's."""
    match = _ASSERTION_FAILED.search(lines[index])
    if match is None:
        return None
    found = {name.rpartition("_")[2]: text for name, text in match.groupdict().items() if text and "_" in name}
    found |= {name: match[name] for name in ("file", "line", "function") if match[name]}
    message = next(match[name] for name in ("message", "musl", "newlib", "qt", "where") if match[name])
    function = declared_name(found["function"]) if "function" in found else None
    frames = (make_frame(Place(found["file"], found["line"]), function, index),)
    kind = "ASSERT" if match["qt"] else "ASSERT failure" if match["where"] else "Assertion failed"
    error = LoggedError("assertion" if match["newlib"] else kind, message, frames, at=index)
    return _ended(language_of(frames), "assert", error, index, _with_abort(lines, index))


def _glibc(lines: Sequence[str], index: int) -> Failure | None:
    """`free(): double free detected in tcache 2`, `*** stack smashing detected ***: terminated`."""
    match = _GLIBC.search(lines[index])
    if match is None:
        return None
    if match["old"]:
        kind, _, message = match["old"].partition(": " if "(): " in match["old"] else " (")
        message = message if "()" in kind else f"({message}"
    elif match["starred"]:
        kind, message = match["starred"], match["how"]
    else:
        kind, message = match["type"], match["message"].lstrip(": ")
    error = LoggedError(kind, message.strip(), at=index)
    return _ended("c", "glibc", error, index, _with_abort(lines, index))


def _debug_mode(lines: Sequence[str], index: int) -> Failure | None:
    """What libstdc++'s debug mode says: the place, the function, `Error: …`, each of several lines."""
    match = _DEBUG_MODE.match(lines[index])
    if match is None:
        return None
    at = next((at for at in range(index, min(index + 14, len(lines))) if lines[at].startswith("Error: ")), None)
    if at is None:
        return None
    message, last = _paragraph(lines, at)
    function = " ".join(line.strip() for line in lines[index + 1 : at] if line.startswith("    "))
    name = declared_name(function) if function else None
    frames = (make_frame(Place(match["file"], match["line"]), name, index),)
    error = LoggedError("Error", message.removeprefix("Error: "), frames, at=at)
    return _ended("cpp", "glibcxx", error, index, _with_abort(lines, last, 12))


def _paragraph(lines: Sequence[str], start: int) -> tuple[str, int]:
    last = start
    while last + 1 < min(len(lines), start + 10) and lines[last + 1].strip():
        last += 1
    return "\n".join(line.strip() for line in lines[start : last + 1]), last


def _signal(lines: Sequence[str], index: int) -> Failure | None:
    """`Segmentation fault (core dumped)`: all that the shell says of a program that has died."""
    line = lines[index].strip()
    match = _SIGNALLED.fullmatch(line) if len(line) < 400 else None
    match = match or (_SEGFAULT.search(line) if ": segfault at " in line else _FISH.match(line))
    if match is None:
        return None
    groups = match.groupdict()
    script = groups.get("file")
    script = None if script in _SHELLS else script
    frames = (Frame(script, int(groups["line"]), at=index),) if script else ()
    message = " ".join((match["message"] or groups.get("program") or "").split())
    error = LoggedError(match["type"], message, frames, at=index)
    language = "shell" if script else "c"
    return Failure(language, "signal", (error,), index, index, certainty=Certainty.LIKELY, ends_program=True)


def _with_abort(lines: Sequence[str], last: int, reach: int = 3) -> int:
    """The line up to `reach` lines below in which the shell says that the program aborted, else `last`."""
    after = range(last + 1, min(last + 1 + reach, len(lines)))
    return next((at for at in after if _aborts(lines[at])), last)


def _aborts(line: str) -> bool:
    return ("Aborted" in line or "abort" in line or "trap" in line) and bool(_SIGNALLED.fullmatch(line.strip()[:400]))


def _ended(language: str, name: str, error: LoggedError, first: int, last: int) -> Failure:
    return Failure(language, name, (error,), first, last, ends_program=True)


_FORMS = (
    Form(" called", _thrown),
    Form("terminating ", _thrown),
    Form("ure virtual ", _thrown),
    Form(": Assertion ", _asserted),
    Form("Assertion failed: ", _assertion_failed),
    Form('assertion "', _assertion_failed),
    Form("ASSERT", _assertion_failed),
    Form("***", _glibc),
    Form("(): ", _glibc),
    Form("corrupt", _glibc),
    Form("/debug/", _debug_mode),
    *(Form(word, _signal) for word in _SIGNAL_WORDS),
)
PARSER = Parser(
    "native",
    (
        *("terminate called", "terminating ", "ure virtual", "Assertion ", 'assertion "', "ASSERT", "detected ***"),
        *("*** Error in", "corrupt", "(): ", "/debug/", "egmentation fault", "Aborted", "core dumped", "Killed"),
        *("egfault", "nstruction", "loating point exception", "us error", "by signal"),
    ),
    parse,
)

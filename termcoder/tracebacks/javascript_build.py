"""Errors of bundlers: webpack, esbuild, Rollup, Vite, Babel, Next.js."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from termcoder.tracebacks.javascript_frames import is_own, language_of, v8_frame
from termcoder.tracebacks.javascript_heads import Head, is_caret, is_code, typed_head
from termcoder.tracebacks.javascript_stacks import read_error, read_frames, with_place_of_message
from termcoder.tracebacks.report import Certainty, Failure, Frame, LoggedError

MARKS = (
    " - Error: ",
    "[plugin:",
    "ERROR",
    "[vite",
    "[!]",
    "error during build",
    "Failed to compile",
    "Module ",
    "./",
    ": error: ",
    "(babel",
)

_LONGEST = 120
_WEBPACK = re.compile(
    r"^\s*(?:\d+:\d+:\d+ \w+ )?(?:\[\d\] )?ERROR in (\S.*?)(?: (\d{1,9}):(\d{1,9})(?:-\d+(?::\d+)?)?)?\s*$"
)
_MODULE = re.compile(
    r"^\s*(?:⨯ |Error: )?(Module (?:not found|parse failed|build failed|Error|Warning))(?: \(from [^)]*\))?: ?(.*)$"
)
_TYPE_ERROR = re.compile(
    r"^\s*(Type error|Syntax error|SyntaxError|Parsing error|Error|Lint error|CssSyntaxError): ?\s*(.*)$"
)
_IN_PLACE = re.compile(r"\((\d{1,9}):(\d{1,9})\)")
_FILE = re.compile(r"^\s{0,4}(?:⨯ )?(\.{0,2}/[^\s:]\S{0,400}?)(?::(\d{1,9}):(\d{1,9}))?\s*$")
_ESBUILD = re.compile(r"^\s*[✘X] \[ERROR\] (\S.*)$")
_ESBUILD_PLACE = re.compile(r"^\s+(\S.{0,1000}?):(\d{1,9}):(\d{1,9}):\s*$")
_ESBUILD_LINE = re.compile(r"^\s*(?:> |✘ )?((?:[A-Za-z]:)?[^\s:][^:]{0,400}):(\d{1,9}):(\d{1,9}): (ERROR|error): (.*)$")
_VITE = re.compile(
    r"\[vite\](?: \([\w ]+\))? "
    r"(?:Internal server error|Pre-transform error|Error when evaluating SSR module \S+): (.*)$"
)
_ROLLUP = re.compile(r"^\s*\[!\] (?:\(([^)]*)\) )?(?:(\w*Error): )?(.*)$")
_PLACES = (
    re.compile(r"^\s+(\S{1,400}\.(?:s[ac]ss|less|css|styl)) (\d{1,9}):(\d{1,9})\s\s"),
    re.compile(r"^\s*[Ff]ile: ((?:[A-Za-z]:)?[^\s:?]+(?:\?[^\s:]*)?)(?::(\d{1,9}):(\d{1,9}))?\s*$"),
    re.compile(r"^\s*((?:[A-Za-z]:)?[^\s:(][^:(]{0,400}) \((\d{1,9}):(\d{1,9})\)\s*$"),
    re.compile(r"^((?:[A-Za-z]:)?[^\s:(][^:(]{0,400}) \((\d{1,9}):(\d{1,9})\): "),
    re.compile(r"^\s*[╭,]─?-?\[(\S.*?):(\d{1,9}):(\d{1,9})\]"),
)
_FROM = re.compile(
    r"(?:resolve (?:import|entry module) \"[^\"]{1,300}\" from|imported (?:by|from)) "
    r"[\"']?([^\"'\s]{1,400}\.\w{1,6})\b"
)
_OVERLAY = re.compile(r"^\s*\[plugin:[\w:@/.-]{1,80}\] (\S.*)$")
_BARE_PLACE = re.compile(r"^\s*(\S.{0,1000}?):(\d{1,9}):(\d{1,9})\s*$")
_DASHED = re.compile(
    r"^\s*(?:Error: )?(\.{0,2}/\S{1,400}?)(?::(\d{1,9}):(\d{1,9})(?:-\d+(?::\d+)?)?)? - Error: (\S.*)$"
)
_BARS = ("╷", "╵", "│", "|")
_SHOWN = re.compile(r"\s*(?:\d{1,6}[:|│ ]|[│╵╰]|`-|\.+\[|https?://|[Ff]ile: )")
_NUMBERED = re.compile(r"\s*\d{1,6}: ")
_OTHERS = ("[vite]", "error during build", "ERROR in ")
_TRAILS = ("@ ", "Import trace", "https://", "at ", "Plugin:", "File:", "file:", "This error happened", "Import map:")


def read(lines: Sequence[str]) -> Iterator[Failure]:
    """Read every error of a build, each a failure of its own."""
    floor = 0
    for at, line in enumerate(lines):
        if at < floor:
            continue
        failure = _failure_at(lines, at) if any(mark in line for mark in _BEGINNINGS) else None
        if failure is not None:
            floor = failure.last + 1
            yield failure


def _failure_at(lines: Sequence[str], at: int) -> Failure | None:
    for mark, read_form in _FORMS:
        if mark in lines[at]:
            failure = read_form(lines, at)
            if failure is not None:
                return failure
    return None


def _webpack(lines: Sequence[str], at: int) -> Failure | None:
    match = _WEBPACK.match(lines[at][:2000])
    if match is None:
        return None
    file, line, column = match[1].partition(" (")[0], match[2], match[3]
    start = _next_text(lines, at + 1)
    if start is None or start > at + 2:
        return None
    place = Frame(file, int(line), None, is_own(file), int(column) + 1, at=at) if line else None
    return _module(lines, at, start, file, place)


def _module(lines: Sequence[str], first: int, start: int, file: str, place: Frame | None) -> Failure:
    """What a bundler says of a module, from `start` on; the module is named at `first`."""
    match = _MODULE.match(lines[start][:2000])
    if match is not None and not match[2] and start + 1 < len(lines):
        return _module(lines, first, start + 1, file, place)
    type_, text = (match[1], match[2]) if match else _type_of(lines[start])
    end = _text_end(lines, start)
    message = "\n".join([text, *(line.rstrip() for line in lines[start + 1 : end])]).strip()
    error = with_place_of_message(LoggedError(type_, message, (), start))
    if not error.frames:
        found = place or _shown_place(lines, start, file) or Frame(file, own=is_own(file), at=first)
        error = LoggedError(type_, message, (found,), start)
    last = _section_end(lines, max(end - 1, start, _source_end(lines, end)))
    return _build("webpack", error, first, last)


def _type_of(line: str) -> tuple[str, str]:
    match = _TYPE_ERROR.match(line)
    if match is not None:
        return match[1], match[2]
    head = typed_head(line, 0)
    return (head.type, head.message) if head is not None and not head.prefix.strip() else ("ERROR", line.strip())


def _shown_place(lines: Sequence[str], start: int, file: str) -> Frame | None:
    """The place in `file` from `(3:5)` in the message, or from the source shown below it."""
    match = _IN_PLACE.search(lines[start][-200:])
    if match is not None:
        return Frame(file, int(match[1]), None, is_own(file), int(match[2]), at=start)
    return next((place for at in range(start, min(len(lines), start + 30)) if (place := _place(lines[at], at))), None)


def _place(line: str, at: int) -> Frame | None:
    for pattern in _PLACES:
        match = pattern.match(line[:1000]) if ":" in line else None
        if match is not None and match[2]:
            return Frame(match[1], int(match[2]), None, is_own(match[1]), int(match[3]), at=at)
    return None


def _esbuild(lines: Sequence[str], at: int) -> Failure | None:
    match = _ESBUILD.match(lines[at][:4000])
    if match is None:
        return None
    below = _next_text(lines, at + 1)
    found = _ESBUILD_PLACE.match(lines[below][:2000]) if below is not None else None
    places = (
        (Frame(found[1], int(found[2]), None, is_own(found[1]), int(found[3]) + 1, at=below or at),) if found else ()
    )
    last = _source_end(lines, below + 1) if found and below is not None else at
    return _build("esbuild", LoggedError("ERROR", match[1].rstrip(), places, at), at, last)


def _esbuild_line(lines: Sequence[str], at: int) -> Failure | None:
    match = _ESBUILD_LINE.match(lines[at][:4000])
    if match is None or (match[4] == "error" and not lines[at].lstrip().startswith((">", "✘"))):
        return None
    place = Frame(match[1], int(match[2]), None, is_own(match[1]), int(match[3]) + 1, at=at)
    last = _source_end(lines, at + 1)
    _, after = read_frames(lines, last + 1)
    first = at - 1 if at and "failed with" in lines[at - 1] else at
    return _build("esbuild", LoggedError(match[4], match[5].rstrip(), (place,), at), first, max(last, after - 1))


def _vite(lines: Sequence[str], at: int) -> Failure | None:
    match = _VITE.search(lines[at][:4000])
    if match is None:
        return None
    if re.match(r"Transform failed with|Build failed with", match[1]) and at + 1 < len(lines):
        failure = _esbuild_line(lines, at + 1)
        return failure and replace(failure, format="vite", first=at, last=max(failure.last, _stack_end(lines, at + 2)))
    return _with_place_below(lines, at, Head("Internal server error", match[1], at), "vite")


def _overlay(lines: Sequence[str], at: int) -> Failure | None:
    """What Vite shows in the browser: `[plugin:vite:css] …` and the place below it."""
    match = _OVERLAY.match(lines[at][:4000])
    below = _BARE_PLACE.match(lines[at + 1][:2000]) if match and at + 1 < len(lines) else None
    if match is None or below is None:
        return None
    place = Frame(below[1], int(below[2]), None, is_own(below[1]), int(below[3]), at=at + 1)
    error = LoggedError("Error", match[1].rstrip(), (place,), at)
    return _build("vite", error, at, max(at + 1, _source_end(lines, at + 2), _stack_end(lines, at + 2)))


def _dashed(lines: Sequence[str], at: int) -> Failure | None:
    """`./src/main.ts:9:12-26 - Error: Module not found: …`, as the Angular CLI writes what webpack says."""
    match = _DASHED.match(lines[at][:4000])
    if match is None:
        return None
    place = Frame(match[1], own=is_own(match[1]), at=at)
    if match[2]:
        place = replace(place, line=int(match[2]), column=int(match[3]) + 1)
    module = _MODULE.match(match[4])
    type_, text = (module[1], module[2]) if module else _type_of(match[4])
    last = max(at, _source_end(lines, at + 1))
    return _build("webpack", LoggedError("Error" if type_ == "ERROR" else type_, text.rstrip(), (place,), at), at, last)


def _during_build(lines: Sequence[str], at: int) -> Failure | None:
    if "error during build" not in lines[at] or at + 1 >= len(lines):
        return None
    head = typed_head(lines[at + 1], at + 1)
    if head is None or head.prefix.strip():
        head = Head("error", lines[at + 1].strip(), at + 1)
    if re.match(r"Transform failed with|Build failed with", head.message) and at + 2 < len(lines):
        failure = _esbuild_line(lines, at + 2)
        return failure and replace(failure, format="vite", first=at, last=max(failure.last, _stack_end(lines, at + 3)))
    return _with_place_below(lines, at, head, "vite")


def _rollup(lines: Sequence[str], at: int) -> Failure | None:
    match = _ROLLUP.match(lines[at][:4000])
    if match is None:
        return None
    return _with_place_below(lines, at, Head(match[2] or "error", match[3], at), "rollup")


def _with_place_below(lines: Sequence[str], first: int, head: Head, form: str) -> Failure:
    """An error whose place stands in its message or in a line of its own below it."""
    end = _text_end(lines, head.at)
    message = "\n".join([head.message, *(line.rstrip() for line in lines[head.at + 1 : end])]).strip()
    frames, after = _stack_near(lines, head.at, end)
    last = after - 1
    found = _place(head.message, head.at) or _first_place(lines, head.at + 1, max(after, _source_end(lines, end) + 1))
    named = _FROM.search(head.message) if found is None else None
    if named is not None:
        found = Frame(named[1], own=is_own(named[1]), at=head.at)
    places = tuple(reversed(frames)) if found is None else (found,)
    return _build(form, LoggedError(head.type, message, places, head.at), first, max(last, _source_end(lines, end)))


def _stack_near(lines: Sequence[str], start: int, end: int) -> tuple[list[Frame], int]:
    """The stack of the bundler itself, not far below `start`, and the index after it, or `end` where there is none."""
    for at in range(start, min(len(lines), start + 40)):
        if "at " in lines[at] and v8_frame(lines[at], at):
            return read_frames(lines, at)
        if at > start and any(mark in lines[at] for mark in ("[vite]", "[!] ", "Error: ", "error during build")):
            break
    return [], end


def _stack_end(lines: Sequence[str], start: int) -> int:
    return _stack_near(lines, start, start)[1] - 1


def _first_place(lines: Sequence[str], start: int, end: int) -> Frame | None:
    return next((place for at in range(start, min(len(lines), end)) if (place := _place(lines[at], at))), None)


def _compile(lines: Sequence[str], at: int) -> Failure | None:
    """`./src/app.tsx:3:5` with `Type error: …` or the like below it (Next.js, Create React App)."""
    match = _FILE.match(lines[at][:1000])
    start = at + 1
    if match is None or start >= len(lines):
        return None
    below = lines[start]
    if not (
        _MODULE.match(below[:2000]) or (_TYPE_ERROR.match(below[:2000]) and (match[2] or _is_source_near(lines, start)))
    ):
        return None
    place = Frame(match[1], int(match[2]), None, is_own(match[1]), int(match[3]), at=at) if match[2] else None
    failure = _module(lines, at, start, match[1], place)
    return replace(failure, format="next")


def _is_source_near(lines: Sequence[str], start: int) -> bool:
    near = lines[start : start + 8]
    return any(is_code(line) or "╭─[" in line or ",-[" in line for line in near)


def _babel(lines: Sequence[str], at: int) -> Failure | None:
    head = typed_head(lines[at], at)
    if head is None or not _IN_PLACE.search(head.message[-200:]):
        return None
    reading = read_error(lines, head)
    error = reading.errors[-1]
    if not error.frames or error.frames[-1].column is None or error.frames[-1].function is not None:
        return None
    error = replace(error, frames=error.frames[-1:])
    return _build("babel", error, at, max(reading.last, _source_end(lines, reading.last + 1)))


def _build(form: str, error: LoggedError, first: int, last: int) -> Failure:
    file = error.frames[-1].file if error.frames else None
    certainty = Certainty.CERTAIN if error.frames else Certainty.LIKELY
    return Failure(language_of(file), form, (error,), first, last, build=True, certainty=certainty)


def _text_end(lines: Sequence[str], start: int) -> int:
    """The index after a message: it ends at a blank line, at source, at a stack, or at what leads to the place."""
    for at in range(start + 1, min(len(lines), start + _LONGEST)):
        line = lines[at]
        if not line.strip() or is_code(line) or is_caret(lines[at + 1] if at + 1 < len(lines) else ""):
            return at
        if line.lstrip().startswith(_TRAILS) or any(mark in line for mark in _OTHERS):
            return at
        if line.strip() in _BARS or _place(line, at) is not None or _NUMBERED.match(line):
            return at
    return min(len(lines), start + 1)


def _source_end(lines: Sequence[str], at: int) -> int:
    """The last line of the source that is shown from `at` on, or the line before `at`."""
    last = at - 1
    for number in range(at, min(len(lines), at + 40)):
        line = lines[number]
        if (
            is_code(line)
            or is_caret(line)
            or re.match(r"\s*(?:\d{1,6}[:|│ ]|[│╵╰]|`-|\.+\[|https?://|[Ff]ile: )", line)
        ):
            last = number
        elif line.strip() and _place(line, number) is None:
            break
    return last


def _section_end(lines: Sequence[str], last: int) -> int:
    """The last line of a module's section: its source, a stack, and the modules that led to it (`@ ./src/main.js`)."""
    for at in range(last + 1, min(len(lines), last + _LONGEST)):
        text = lines[at].strip()
        if text.startswith(("@ ", "at ", "| ", "> ")) or is_code(lines[at]) or is_caret(lines[at]):
            last = at
        elif text and not text.startswith(("You may need", "|", "https://", "Caused by:", "Syntax Error")):
            break
    return last


def _next_text(lines: Sequence[str], start: int) -> int | None:
    return next((at for at in range(start, min(len(lines), start + 4)) if lines[at].strip()), None)


_FORMS: tuple[tuple[str, Callable[[Sequence[str], int], Failure | None]], ...] = (
    ("ERROR in ", _webpack),
    (" - Error: ", _dashed),
    ("[plugin:", _overlay),
    ("[ERROR] ", _esbuild),
    (": ERROR: ", _esbuild_line),
    (": error: ", _esbuild_line),
    ("[vite]", _vite),
    ("error during build", _during_build),
    ("[!] ", _rollup),
    ("/", _compile),
    ("SyntaxError: ", _babel),
)
_BEGINNINGS = (
    " - Error: ",
    "[plugin:",
    "ERROR",
    ": error: ",
    "[vite]",
    "error during build",
    "[!] ",
    "./",
    "SyntaxError: ",
)

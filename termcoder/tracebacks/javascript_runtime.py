"""Errors of running JavaScript: Node, Deno, Bun, browsers, and the stacks that programs log themselves."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from termcoder.tracebacks.javascript_browser import COMPONENTS, failure_of, read_components, read_gecko
from termcoder.tracebacks.javascript_frames import gecko_frame, is_own, v8_frame, wrapped_frame
from termcoder.tracebacks.javascript_heads import Head, any_head, head_above, is_caret, is_code, typed_head
from termcoder.tracebacks.javascript_stacks import Reading, read_error, read_frames
from termcoder.tracebacks.report import Certainty, Failure, Frame, LoggedError, Relation

MARKS = (
    "at ",
    "prerendering page",
    "Uncaught",
    "JavaScript heap",
    "UnhandledPromiseRejection",
    "Error: ",
    "Error [",
    "@http",
    "^",
)

_ABOVE = 8  # lines of source between a place and the mark below it
_PLACE = re.compile(r"^\s{0,12}((?:[A-Za-z]:[\\/]|file:|node:|webpack|evalmachine|\[eval|\S)[^\n]{0,1000}?):(\d{1,9})$")
_NATIVE = re.compile(r"^\s*\d{1,3}: (?:0x)?[0-9A-Fa-f]+ (.*)$")
_GECKO_CALL = re.compile(r"^\s+(\S{1,200}) ((?:https?|file|webpack)\S{1,1000}?):(\d{1,9})(?::(\d{1,9}))?$")
_INLINE = re.compile(
    r" at (?=(?:async )?(?:new )?(?:[\w$.<>]{1,200} \()?(?:https?://|file:///|webpack|/)\S{1,500}:\d{1,9}:\d{1,9}\)?)"
)
_FROM_CONSOLE = re.compile(r"^\s*(\S{1,300}\.\w{1,5}(?:\?\S{0,300})?):(\d{1,9}) Uncaught ")
_UNCAUGHT = re.compile(
    r"(?:^|[\s:])Uncaught (?:\(in promise\):? )?(?:[Ee]xception:? )?(?=\S)"
    r"|UnhandledPromiseRejectionWarning: (?!Unhandled promise)"
)
_ALONE = re.compile(
    r"^\s*(?:ReferenceError: \S+ is not defined|RangeError: (?:Maximum call stack|Invalid array length|Invalid time)"
    r"|TypeError: (?:Cannot (?:read|set) propert|(?:undefined|null) is not |Failed to fetch|Assignment to constant"
    r"|\S+ is not (?:a function|a constructor|iterable))|\w*Error \[[A-Z][A-Z_]+\]: |Error: Cannot find module )"
)


def read(lines: Sequence[str]) -> Iterator[Failure]:
    """Read every failure of a running program; one without errors only says that its lines are told already."""
    floor = 0
    candidates = [
        at
        for at, line in enumerate(lines)
        if "  at " in line
        or "\tat " in line
        or line.startswith(("at ", " at "))
        or "Error" in line
        or "^" in line
        or "@" in line
        or "Uncaught" in line
        or "FATAL ERROR" in line
        or "above error" in line
        or "prerendering page" in line
    ]
    for at in candidates:
        if at < floor:
            continue
        failure = _failure_at(lines, at, floor)
        if failure is not None:
            floor = failure.last + 1
            yield failure


def _failure_at(lines: Sequence[str], at: int, floor: int) -> Failure | None:
    line = lines[at]
    for mark, read_form in _FORMS:
        if mark in line:
            failure = read_form(lines, at, floor)
            if failure is not None:
                return failure
    return None


def read_thrown(lines: Sequence[str], at: int, floor: int) -> Failure | None:
    """What a runtime writes as it ends: the place, its source line, a caret, and the error."""
    if not is_caret(lines[at]):
        return None
    below = next((n for n in range(at + 1, min(len(lines), at + 4)) if lines[n].strip()), None)
    if below is None:
        return None
    for above in range(at - 1, max(floor, at - _ABOVE) - 1, -1):
        match = _PLACE.match(lines[above]) if lines[above].rstrip()[-1:].isdigit() else None
        if match is not None:
            code = lines[at - 1].strip() if at - 1 > above else ""
            column = lines[at].index("^") + 1 if "^" in lines[at] else None
            place = Frame(match[1], int(match[2]), None, is_own(match[1]), column, code, above)
            return _node(lines, place, below)
    return _bun(lines, at, below, floor) if is_code(lines[at - 1]) and at else None


def _node(lines: Sequence[str], place: Frame, below: int) -> Failure:
    typed = typed_head(lines[below], below)
    head = typed or any_head(lines[below], below)
    if typed is None and head.type == "Error":
        head = replace(head, type="Uncaught")
    reading = read_error(lines, head)
    *before, error = reading.errors
    if _is_missing(place, error):
        error = replace(error, frames=(*error.frames, place))
    reading = Reading((*before, error), _end(lines, reading.last))
    form = "ts-node" if any("ts-node" in (frame.file or "") for frame in error.frames) else "node"
    return failure_of(reading, form, place.at, ends=True)


def _is_missing(place: Frame, error: LoggedError) -> bool:
    """Whether the place above an error says more than its frames do."""
    if not error.frames:
        return place.own
    if any((frame.file, frame.line) == (place.file, place.line) for frame in error.frames):
        return False
    return place.own and (error.type == "SyntaxError" or not any(frame.own for frame in error.frames))


def _end(lines: Sequence[str], last: int) -> int:
    """The last line of what a runtime adds below an error: where it was emitted, the runtime's version."""
    at = last + 1
    while at < len(lines) and at < last + 60:
        text = lines[at].strip()
        if text.startswith(("Node.js v", "Bun v")):
            return at
        if text and not text.startswith(("Emitted '", "at ", "(Use `node", "Thrown at:", "}")):
            break
        at += 1
        last = at - 1 if text else last
    return last


def _bun(lines: Sequence[str], at: int, below: int, floor: int) -> Failure:
    """Bun shows numbered source above an error, and its causes below it."""
    first = at - 1
    while first > max(floor, at - 12) and is_code(lines[first - 1]):
        first -= 1
    errors: list[LoggedError] = []
    last = below
    while True:
        reading = read_error(lines, any_head(lines[below], below))
        errors = [*(_without_properties(e, bool(errors)) for e in reading.errors), *errors]
        last = reading.last
        following = _next_bun(lines, last + 1)
        if following is None:
            return failure_of(Reading(tuple(errors), _end(lines, last)), "bun", first, ends=True)
        below = following


def _next_bun(lines: Sequence[str], at: int) -> int | None:
    """The head of the cause that Bun writes below an error, if there is one."""
    while at < len(lines) and not lines[at].strip():
        at += 1
    start = at
    while at < len(lines) and is_code(lines[at]):
        at += 1
    return at + 1 if start < at < len(lines) - 1 and is_caret(lines[at]) else None


def _without_properties(error: LoggedError, is_cause: bool) -> LoggedError:
    kept = error.message.split("\n")
    end = next((n for n, line in enumerate(kept) if n and re.match(r"\s*\w{1,40}: ", line)), len(kept))
    relation = Relation.CAUSE if is_cause else error.relation
    return replace(error, message="\n".join(kept[:end]).rstrip(), relation=relation)


def _stack(lines: Sequence[str], at: int, floor: int) -> Failure | None:
    """A stack that was logged, or the rest of one."""
    frame, _ = wrapped_frame(lines, at)
    if frame is None:
        return None
    head = head_above(lines, at, floor)
    if head is None:
        frames, after = read_frames(lines, at)
        error = LoggedError("", "", tuple(reversed(frames)), at)
        named = any(frame.file for frame in frames)
        return _logged(Reading((error,), after - 1), at, None, Certainty.LIKELY) if named else None
    reading = read_error(lines, head, at)
    if head.is_warning:
        return Failure("javascript", "warning", (), head.at, reading.last)
    return _logged(
        reading, head.at, head, Certainty.CERTAIN if typed_head(lines[head.at], head.at) else Certainty.LIKELY
    )


def _logged(reading: Reading, first: int, head: Head | None, certainty: Certainty) -> Failure:
    errors = reading.errors
    calm = head is not None and head.is_calm
    form = _form(errors[-1].frames)
    reading = Reading(tuple(replace(error, handled=calm) for error in errors), reading.last)
    return failure_of(reading, form, first, ends=False if calm else None, certainty=certainty)


def _form(frames: Sequence[Frame]) -> str:
    files = [frame.file for frame in frames if frame.file]
    if any(file.startswith(("http:", "https:", "blob:", "webpack:")) for file in files):
        return "browser"
    return "deno" if any(file.startswith("ext:") for file in files) else "node"


def _uncaught(lines: Sequence[str], at: int, floor: int) -> Failure | None:
    """`Uncaught …` of a browser or Deno, with a stack below it, or after it, or none."""
    match = _UNCAUGHT.search(lines[at][:2000])
    if match is None:
        return None
    line, inline = lines[at], _INLINE.search(lines[at][:4000])
    if line[match.end() :].strip().lower() == "exception:":
        return None
    end = inline.start() if inline else len(line)
    head = replace(_uncaught_head(line[match.end() : end], at), prefix="")
    start = _stack_below(lines, at)
    reading = read_error(lines, head, at if inline else start)
    *before, error = reading.errors
    if not error.frames:
        error, last = _with_console_place(lines, error, inline is not None and line[end + 1 :], at)
        reading = Reading((), last)
    reading = Reading((*before, error), _end(lines, reading.last))
    deno = line.lstrip().startswith("error: Uncaught")
    form = "deno" if deno else "node" if "UnhandledPromise" in line else "browser"
    certainty = Certainty.CERTAIN if error.frames else Certainty.LIKELY
    return failure_of(reading, form, at, ends=True if deno else None, certainty=certainty)


def _stack_below(lines: Sequence[str], at: int) -> int:
    """The first frame below a message, which has no blank line; `at` where there is none."""
    for below in range(at + 1, min(len(lines), at + 30)):
        text = lines[below].lstrip()
        if not text or "Uncaught " in text:
            return at
        if text.startswith("at ") and v8_frame(text, below):
            return below
    return at


def _uncaught_head(text: str, at: int) -> Head:
    head = typed_head(text, at)
    if head is not None and not head.prefix.strip(" ["):
        return head
    return Head("Uncaught", text.strip(), at)


def _with_console_place(
    lines: Sequence[str], error: LoggedError, inline: str | bool, at: int
) -> tuple[LoggedError, int]:
    """The error with what else tells its place: a frame on its line, Firefox's calls below, the console's own."""
    frame = v8_frame(inline, at) if isinstance(inline, str) else None
    if frame is not None:
        return replace(error, frames=(frame,)), at
    frames = []
    last = at
    for number in range(at + 1, min(len(lines), at + 200)):
        match = _GECKO_CALL.match(lines[number]) if "://" in lines[number][:300] else None
        found = gecko_frame(lines[number], number) if match is None else _called(match, number)
        if found is None:
            break
        frames.append(found)
        last = number
    match = None if frames else _FROM_CONSOLE.match(lines[at])
    if match is not None:
        frames = [Frame(match[1], int(match[2]), None, is_own(match[1]), at=at)]
    return replace(error, frames=tuple(reversed(frames))), last


def _called(match: re.Match[str], at: int) -> Frame:
    column = int(match[4]) if match[4] else None
    return Frame(match[2], int(match[3]), match[1], is_own(match[2]), column, at=at)


def _heap(lines: Sequence[str], at: int, floor: int) -> Failure | None:
    """V8 gave up for want of memory; the frames below are the runtime's own."""
    _, mark, message = lines[at].partition("FATAL ERROR: ")
    if not mark:
        return None
    frames = []
    last = at
    for number in range(at + 1, min(len(lines), at + 80)):
        match = _NATIVE.match(lines[number])
        if match is not None:
            name = match[1].removesuffix(" [node]").partition("(")[0].strip()
            frames += [Frame(None, None, name, False, at=number)] if name else []
            last = number
        elif lines[number].strip() and "Native stack trace" not in lines[number]:
            break
    first = next((n for n in range(max(floor, at - 20), at) if "<--- Last few GCs --->" in lines[n]), at)
    error = LoggedError("FATAL ERROR", message.strip(), tuple(reversed(frames)), at)
    return failure_of(Reading((error,), last), "node", first, ends=True)


def _alone(lines: Sequence[str], at: int, floor: int) -> Failure | None:
    """A line that only JavaScript writes, without a stack."""
    if not _ALONE.match(lines[at][:1000]):
        return None
    head = any_head(lines[at], at)
    reading = read_error(lines, head)
    certainty = Certainty.GUESS if not reading.errors[-1].frames else Certainty.CERTAIN
    return failure_of(reading, _form(reading.errors[-1].frames), at, certainty=certainty)


def _prerender(lines: Sequence[str], at: int, floor: int) -> Failure | None:
    """`Error occurred prerendering page "/"…` of Next.js, with an error below it that may lack a stack."""
    below = at + 1
    head = typed_head(lines[below], below) if below < len(lines) else None
    if head is None or head.prefix.strip(" [⨯"):
        return None
    reading = read_error(lines, head)
    return failure_of(reading, "next", at)


_FORMS: tuple[tuple[str, Callable[[Sequence[str], int, int], Failure | None]], ...] = (
    ("^", read_thrown),
    (COMPONENTS, read_components),
    ("Error occurred prerendering page", _prerender),
    ("Uncaught ", _uncaught),
    ("UnhandledPromiseRejectionWarning: ", _uncaught),
    ("FATAL ERROR: ", _heap),
    ("at ", _stack),
    ("Error", _alone),
    ("@", read_gecko),
)

"""An error with its stack as V8's `inspect` writes it: frames, properties, and the errors among those."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from termcoder.tracebacks.javascript_frames import wrapped_frame
from termcoder.tracebacks.javascript_heads import FAR, Head, any_head, indent_of, message_of, typed_head
from termcoder.tracebacks.report import Frame, LoggedError, Relation

_DEEPEST = 40
_KEYED = re.compile(r"^\s*\[?(\w{1,40})\]?: ")
_CAUSES = frozenset(
    ("cause", "error", "err", "original", "originalError", "parent", "previous", "inner", "innerError", "reason")
)
_PLACE_IN_MESSAGE = re.compile(r"^((?:[A-Za-z]:)?[^:\n]{1,300}\.\w{1,6}): .*?\((\d{1,9}):(\d{1,9})\)")
_CLOSES = ("}", "},", "}]", "]", "],")


@dataclass(frozen=True, slots=True)
class Reading:
    """Errors in the order they happened, the written one last, and the index of their last line."""

    errors: tuple[LoggedError, ...]
    last: int


def read_error(lines: Sequence[str], head: Head, first_frame: int | None = None, depth: int = 0) -> Reading:
    """Read the error that begins at `head`. `first_frame`: the index of its first frame, or of the head for none."""
    start = _first_frame(lines, head) if first_frame is None else first_frame
    frames, after = read_frames(lines, start) if start > head.at else ([], head.at + 1)
    indent = indent_of(lines[head.at]) if not frames or head.prefix.strip() else max(0, indent_of(lines[start]) - 4)
    message = message_of(head.message, lines[head.at + 1 : start], indent) if frames else head.message
    error = LoggedError(head.type, message, tuple(reversed(frames)), head.at)
    inner: list[LoggedError] = []
    if lines[after - 1].rstrip().endswith("{") and depth < _DEEPEST:
        inner, after = _properties(lines, after, indent, depth)
    written_after, after = _cause_after(lines, after, depth)
    return Reading((*written_after, *_without_repeats(inner), with_place_of_message(error)), after - 1)


def read_frames(lines: Sequence[str], start: int) -> tuple[list[Frame], int]:
    """Frames from `start` on, innermost first as they are written, and the index after them."""
    frames: list[Frame] = []
    at = start
    while at < len(lines):
        frame, after = wrapped_frame(lines, at)
        if frame is not None:
            frames.append(frame)
            at = after
            if lines[at - 1].rstrip().endswith("{"):
                break
        elif _goes_on(lines, at):
            at += 1
        else:
            break
    return frames, at


def with_place_of_message(error: LoggedError) -> LoggedError:
    """The error with the place that a parser, Babel's for one, wrote into its message as the innermost frame."""
    match = _PLACE_IN_MESSAGE.match(error.message[:1000]) if "(" in error.message else None
    if match is None or "SyntaxError" not in error.type:
        return error
    return replace(error, frames=(*error.frames, Frame(match[1], int(match[2]), column=int(match[3]), at=error.at)))


def _first_frame(lines: Sequence[str], head: Head) -> int:
    """The index of the first frame below a head; the head's own where there is none."""
    if head.bare:
        return head.at
    for at in range(head.at + 1, min(len(lines), head.at + FAR)):
        text = lines[at].lstrip()
        if text.startswith("at ") and wrapped_frame(lines, at)[0] is not None:
            return at
        if text.startswith(("Node.js v", "(Use `node", "Bun v")) or (text and _is_other_head(lines[at], at)):
            break
        if text.startswith("}") and indent_of(lines[at]) < indent_of(lines[head.at]):
            break
    return head.at


def _is_other_head(line: str, at: int) -> bool:
    head = typed_head(line, at)
    return head is not None and not head.prefix.strip()


def _goes_on(lines: Sequence[str], at: int) -> bool:
    """Whether a line without a frame leaves something out or is blank, and the stack goes on below it."""
    text = lines[at].strip()
    if text and not text.startswith(("...", "…", "[...", "at <anonymous>")):
        return False
    return at + 1 < len(lines) and wrapped_frame(lines, at + 1)[0] is not None


def _properties(lines: Sequence[str], at: int, indent: int, depth: int) -> tuple[list[LoggedError], int]:
    """Read the properties of an error, up to the brace that closes them; gives the errors among them."""
    inner: list[LoggedError] = []
    group = -1
    while at < len(lines):
        line = lines[at]
        text = line.strip()
        if text and indent_of(line) <= indent:
            return inner, at + (1 if text in _CLOSES else 0)
        group = _group(text, line, group)
        head = _inner_head(lines, at, group)
        if head is None:
            at += 1
            continue
        reading = read_error(lines, head, depth=depth + 1)
        *before, error = reading.errors
        inner += [*before, replace(error, relation=Relation.MEMBER if group >= 0 else Relation.CAUSE)]
        at = reading.last + 1
    return inner, at


def _group(text: str, line: str, group: int) -> int:
    """The indentation of the list of errors that a line is in, -1 outside of any."""
    if text in ("[errors]: [", "errors: ["):
        return indent_of(line)
    return -1 if text in ("]", "],") and indent_of(line) <= group else group


def _inner_head(lines: Sequence[str], at: int, group: int) -> Head | None:
    """The head of an error that is a property (`[cause]: Error: …`) or stands in a list."""
    line = lines[at]
    if group >= 0:
        return _member_head(lines, at) if indent_of(line) == group + 2 and line.strip() not in _CLOSES else None
    match = _KEYED.match(line)
    if match is None or match[1] not in _CAUSES:
        return None
    head = typed_head(line[match.end() :], at)
    return None if head is None or head.prefix.strip() else head


def _member_head(lines: Sequence[str], at: int) -> Head | None:
    """The head of an error in a list; None for other values."""
    head = typed_head(lines[at], at)
    if head is not None and not head.prefix.strip(" ["):
        return head
    return any_head(lines[at], at) if at + 1 < len(lines) and wrapped_frame(lines, at + 1)[0] is not None else None


def _cause_after(lines: Sequence[str], at: int, depth: int) -> tuple[tuple[LoggedError, ...], int]:
    """The cause that some write below the stack: `Caused by: Error: …`."""
    if at >= len(lines) or depth >= _DEEPEST:
        return (), at
    text = lines[at].strip()
    if text[:10].lower() != "caused by:" or text[10:].isspace():
        return (), at
    head = replace(any_head(text[10:], at), prefix="")
    reading = read_error(lines, head, depth=depth + 1)
    *before, error = reading.errors
    return (*before, replace(error, relation=Relation.CAUSE)), reading.last + 1


def _without_repeats(errors: list[LoggedError]) -> list[LoggedError]:
    """Errors without those that stand twice, as those under `parent` and `original` do."""
    seen: dict[tuple[str, str, tuple[tuple[str | None, int | None], ...]], LoggedError] = {}
    for error in errors:
        seen.setdefault((error.type, error.message, tuple((frame.file, frame.line) for frame in error.frames)), error)
    return list(seen.values())

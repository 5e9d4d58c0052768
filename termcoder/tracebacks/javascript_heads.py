"""The line of a JavaScript error that has its type and the beginning of its message."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

FAR = 60
"""Lines of a message that are looked through for its beginning, or its end."""

_READ = 1000  # characters of a line in which a type is sought
_CODE = r"(?: \[[\w ]{1,60}\])*"
_TYPED = re.compile(
    r"(?<![\w$.#])((?:[A-Za-z_$][\w$]*\.)*[A-Za-z_$]?[\w$]*(?:Error|Exception|Rejection|OutOfMemory))"
    rf"{_CODE}(?::(?= |$)|(?=\]?(?: \{{)?$))"
)
_CAMEL = re.compile(rf"^\s*(?:\(\w+:\d+\) (?:\[\w+\] )?)?(?:Uncaught )?([A-Z][\w$]*[a-z][A-Z][\w$]*){_CODE}:(?= |$)")
_WORD = re.compile(rf"^\s*(?:Uncaught )?([A-Za-z_$][\w$]*){_CODE}:(?= |$)")
_LEVELS = frozenset(("DEBUG", "INFO", "LOG", "TRACE", "VERBOSE", "debug", "info", "log", "stack", "at"))
_WARNS = re.compile(r"(?:^|[\s(\]])(?!UnhandledPromiseRejection)\w*Warning:? |^\s*Trace:? ")
_CALM = re.compile(r"\b(?:WARN(?:ING)?|INFO|DEBUG|NOTICE|warn(?:ing)?|info|debug|notice)\b")
_BADGE = re.compile(r"^\s?(?:ERROR|FATAL)\s{1,2}(?:\[\w{1,40}\] )?(\S.*?)(?:\s{2,}\d\d?:\d\d:\d\d(?: [AP]M)?)?\s*$")
_CODE_LINE = re.compile(r"^\s*(?:>\s*)?\d+\s*[|│](?:\s|$)|^\s*[|│╵]\s*[\^~]")


@dataclass(frozen=True, slots=True)
class Head:
    """Where an error begins.

    `prefix` is what stands before its type; `bare`: it is written in brackets, for want of a stack.
    """

    type: str
    message: str
    at: int
    prefix: str = ""
    bare: bool = False

    @property
    def is_warning(self) -> bool:
        """Whether it says itself that it is no error."""
        if self.type in ("Warning", "Trace") or self.type.endswith("Warning") or self.message.startswith("[Vue warn]"):
            return True
        return bool(_WARNS.search(self.prefix))

    @property
    def is_calm(self) -> bool:
        """Whether the log wrote it on a level below that of errors: the program went on."""
        return bool(_CALM.search(self.prefix))


def typed_head(line: str, at: int) -> Head | None:
    """The head that a line has where the type is one by its name."""
    if "Error" not in line and "Exception" not in line and "Rejection" not in line and "OutOfMemory" not in line:
        return _head(line, at, _CAMEL.match(line[:_READ])) if ": " in line else None
    return _head(line, at, _TYPED.search(line[:_READ]) or _CAMEL.match(line[:_READ]))


def any_head(line: str, at: int) -> Head:
    """The head that a line is known to be, whatever is in it."""
    head = typed_head(line, at) or _head(line, at, _WORD.match(line[:_READ]))
    if head is not None and head.type not in _LEVELS:
        return head
    text = line.strip()
    return Head("Uncaught" if text.startswith("Uncaught ") else "Error", text.removeprefix("Uncaught "), at)


def head_above(lines: Sequence[str], frame: int, floor: int) -> Head | None:
    """The head of the stack whose first frame is at `frame`; nothing above `floor` belongs to it."""
    for at in range(frame - 1, max(floor, frame - FAR) - 1, -1):
        line = lines[at]
        if not line or line.isspace():
            continue
        if line.lstrip().startswith("at "):
            break
        head = typed_head(line, at)
        if head is not None:
            return head
    return _untyped(lines, frame, floor)


def is_code(line: str) -> bool:
    """Whether a line shows source: ` > 5 |   text`, or marks a place in it."""
    return ("|" in line or "│" in line or "╵" in line) and bool(_CODE_LINE.match(line[:200]))


def is_caret(line: str) -> bool:
    """Whether a line only points at the one above."""
    return "^" in line and not line.strip(" \t^~")


def message_of(first: str, more: Sequence[str], indent: int) -> str:
    """A message from its first line and the others, as far as the source that may be shown below it."""
    kept = [first.strip()]
    for number, line in enumerate(more):
        following = more[number + 1] if number + 1 < len(more) else ""
        if line.strip() == "Thrown at:" or is_code(line) or is_caret(line) or is_caret(following):
            break
        kept.append((line[indent:] if line[:indent].isspace() else line).rstrip())
    return "\n".join(kept).strip("\n").rstrip()


def indent_of(line: str) -> int:
    """How many blanks a line begins with."""
    return len(line) - len(line.lstrip())


def _untyped(lines: Sequence[str], frame: int, floor: int) -> Head | None:
    """The head that is taken for one because a stack follows it directly, or because it is a warning."""
    at = frame - 1
    while at > max(floor, frame - FAR) and lines[at].lstrip().startswith(("at ", "in ")):
        at -= 1
    for above in range(at, max(floor, at - 10) - 1, -1):
        if lines[above].lstrip().startswith(("Warning: ", "Trace: ")):
            return any_head(lines[above], above)
    if at > floor and at == frame - 1 and not lines[at].strip():  # consola leaves a line free
        badge = _BADGE.match(lines[at - 1][:_READ])
        return None if badge is None else Head("Error", badge[1], at - 1)
    if at < floor or at != frame - 1 or not lines[at].strip() or lines[at].lstrip().startswith("..."):
        return None
    return any_head(lines[at], at)


def _head(line: str, at: int, match: re.Match[str] | None) -> Head | None:
    if match is None:
        return None
    prefix, message = line[: match.start(1)], line[match.end() :]
    bare = prefix.endswith("[") and message.rstrip().removesuffix(" {").endswith("]")
    if bare:
        prefix, message = prefix[:-1], message.rstrip().removesuffix(" {")[:-1]
    elif not message.strip(" {]"):
        message = ""
    return Head(match[1], message.strip(), at, prefix, bare)

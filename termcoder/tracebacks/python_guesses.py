"""A line that names an exception, with no traceback around it."""

import builtins
import re
from collections.abc import Iterator, Sequence

from termcoder.tracebacks.report import Certainty, Failure, LoggedError

_ENDINGS = ("Error", "Exception", "Exit", "Interrupt", "Iteration")
_NAMED = re.compile(
    r"(?P<type>(?:[a-z_]\w*\.)*(?:[A-Z]\w*(?:Error|Exception|Exit|Interrupt|Iteration)|Exception))"
    r"(?:: (?P<message>.+)|:? ?$)"
)
_BUILTIN = frozenset(
    name for name, value in vars(builtins).items() if isinstance(value, type) and issubclass(value, BaseException)
)
_ELSEWHERE = re.compile(  # names of other languages, as Python's libraries don't have them
    r"(?:java|javax|jakarta|org|com|net|io|kotlin|scala|sun|jdk|dev|android|androidx|akka)\."
    r"|(?:Range|Reference|Eval|URI|Internal|Aggregate|NoMethod|Argument|Load|Standard|Parse|DOM|Axios|Webpack|Fetch|Script"
    r"|Uninitialized|Frozen|Fiber|KeyDown|Invariant|Violation|Compile|Build|Link|Linker|Syscall|Exec|Fatal|Stack\w*)Error\b"
    r"|(?:NullPointer|Runtime|IllegalArgument|IllegalState|IO|ClassNotFound|ArrayIndex\w+|ClassCast|NumberFormat|SQL|Null\w+"
    r"|Argument\w*|InvalidOperation|Format|Aggregate|Error|PDO|Logic|UnexpectedValue|Domain|TypeError)Exception\b"
)
_SCRIPT = re.compile(  # what JavaScript says with the names that both languages have
    r"is not a (?:function|constructor)|\bundefined\b|\bof null\b|^Cannot |Unexpected (?:token|identifier|end of)"
    r"|is not defined$|Assignment to constant|Invalid or unexpected|is not iterable$"
    r"|has already been declared|Failed to fetch"
)
_COUNT = re.compile(r"\d+ (?:problems?|errors?|failures?)\b", re.IGNORECASE)
_MOST = 50


def guesses(lines: Sequence[str]) -> Iterator[Failure]:
    """Errors that only a line of their own speaks of."""
    count = 0
    for at, line in enumerate(lines):
        if any(ending in line for ending in _ENDINGS) and count < _MOST:
            error = _guess(line.rstrip(), at)
            if error:
                count += 1
                yield Failure("python", "traceback", (error,), at, at, certainty=Certainty.GUESS)


def _guess(line: str, at: int) -> LoggedError | None:
    match = _NAMED.match(line)
    if match is None or _ELSEWHERE.match(line):
        return None
    message = (match["message"] or "").strip()
    if not message and match["type"] not in _BUILTIN:
        return None
    if match["type"] == "Exception" and not message:
        return None
    return None if _SCRIPT.search(message) or _COUNT.match(message) else LoggedError(match["type"], message, at=at)

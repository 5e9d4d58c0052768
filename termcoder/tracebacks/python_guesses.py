"""A line that names an exception, with no traceback around it."""

import builtins
import re
from collections.abc import Iterator, Sequence

from termcoder.tracebacks.report import Certainty, Failure, LoggedError

_ENDINGS = ("Error", "Exception", "Exit", "Interrupt", "Iteration")
_WORDS = (*_ENDINGS, ": error: ", "can't open file", "No module named ", "FAIL Required")
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
    r"is not a (?:function|constructor)|\bundefined\b|\bof null\b"
    r"|^Cannot (?:read|set|access|find (?:module|package)|assign|convert|destructure|use|redefine|call|[A-Z]+ )"
    r"|Unexpected (?:token|identifier|end of)"
    r"|is not defined$|Assignment to constant|Invalid or unexpected|is not iterable$"
    r"|has already been declared|Failed to fetch"
)
_COUNT = re.compile(r"\d+ (?:problems?|errors?|failures?)\b", re.IGNORECASE)
_SAID = re.compile(
    r"(?:\S*[/\\])?(?:python|pypy)[\d.]*(?:\.exe)?: (?:Error while finding module specification for .*"
    r"\((?P<type>\w+): (?P<message>.*)\)|(?P<open>can't open file .*)|(?P<module>No module named .*))$"
    r"|(?:ERROR:)? *(?P<said>Error loading ASGI app\..*)$"
    r"|(?P<fail>FAIL) (?P<reason>Required test coverage of .* not reached.*)$"
)
"""What the interpreter and uvicorn say of what they can't begin with, and pytest-cov of too little."""
_SAID_WORDS = ("python", "pypy", "Error loading ASGI app", "FAIL R")
_ARGUMENTS = re.compile(r"(?P<program>[\w./-]+): (?P<type>error): (?P<message>.*)$")
_USAGE = re.compile(r"(?:ERROR: )?usage: ")
_USAGE_LINES = 40
_MOST = 50


def guesses(lines: Sequence[str]) -> Iterator[Failure]:
    """Errors that only a line of their own speaks of."""
    count = 0
    for at, line in enumerate(lines):
        if count < _MOST and any(word in line for word in _WORDS):
            error = _guess(line.rstrip(), at) or _said(lines, at)
            if error:
                count += 1
                yield Failure("python", "traceback", (error,), at, at, certainty=Certainty.GUESS)


def _said(lines: Sequence[str], at: int) -> LoggedError | None:
    """What a program says before it does anything: of itself, its module or its arguments."""
    line = lines[at].rstrip()
    match = _ARGUMENTS.match(line) if ": error: " in line else None
    if match and any(_USAGE.match(lines[above]) for above in range(at - 1, max(-1, at - _USAGE_LINES), -1)):
        return LoggedError(match["type"], match["message"], at=at)
    match = _SAID.match(line) if any(word in line for word in _SAID_WORDS) else None
    if match is None:
        return None
    if match["module"]:
        return LoggedError("ModuleNotFoundError", match["module"], at=at)
    kind = match["type"] or match["fail"] or ("ERROR" if match["said"] else "error")
    return LoggedError(kind, match["message"] or match["open"] or match["said"] or match["reason"] or "", at=at)


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

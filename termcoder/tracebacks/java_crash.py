"""How a Java program ends without a stack trace: the JVM crashes or doesn't start, or Spring Boot explains itself."""

import re
from collections.abc import Iterable, Iterator, Sequence

from termcoder.tracebacks.java_frames import is_library_name
from termcoder.tracebacks.parser import Parser
from termcoder.tracebacks.report import Certainty, Failure, Frame, LoggedError, Relation

_SIGNAL = re.compile(r"#\s+(?P<type>SIG[A-Z]+|EXCEPTION_[A-Z_]+|Internal Error|Out of Memory Error) *(?P<message>.*)")
_NATIVE = re.compile(
    r"(?:# ?)?\s*(?P<kind>[CV])  \[(?P<library>[^\]+]+)(?:\+\w+)?\](?:\s+(?P<function>[^\s(+][^(+]*))?"
)
_JAVA = re.compile(r"(?:# ?)?\s*[jJA] (?: ?\d+%?(?: \w+)?(?: \w\d)? )? ?(?P<function>[\w$.<>/-]+\.[\w$<>]+)\([^\s]*?\)")
_LAUNCHER = re.compile(
    r"\s*(?:Error: (?P<error>Could not find or load main class .*|Main method not found in class .*"
    r"|Main method is not static .*|Unable to access jarfile .*|Unable to initialize main class .*"
    r"|Could not create the Java Virtual Machine\.|LinkageError occurred while loading main class .*)"
    r"|(?P<jar>no main manifest attribute, in .*)|(?P<option>(?:Unrecognized|Invalid|Unsupported) .*option.*))$"
)
_TERMINATING = re.compile(
    r"\s*(?:Terminating due to (?P<type>java\.lang\.\w+): (?P<message>.*)"
    r"|Exception: (?P<twice>java\.[\w.]+) thrown from the UncaughtExceptionHandler in thread \"[^\"]*\")\s*$"
)
_CAUSE = re.compile(r"\s*Caused by: (?P<type>[\w.$]+)(?:: (?P<message>.*))?")
_RUNTIME = ("libjvm", "jvm.dll", "libjli", "libjava.", "libc.", "libc-", "libpthread", "libstdc++", "libnio", "libnet.",
            "libzip", "libverify", "java", "ntdll", "kernel32", "ucrtbase", "msvcrt", "linux-vdso", "ld-linux",
            "libsystem_", "ld-musl", "libgcc_s", "libm.", "libm-")  # fmt: skip
_LONGEST = 80
_FAR = 2000  # lines between a crash's first line and its stack, in hs_err_pid1.log


def parse(lines: Sequence[str]) -> Iterable[Failure]:
    """Every such end."""
    for at, line in enumerate(lines):
        failure: Failure | None = None
        if "A fatal error has been detected by the Java Runtime" in line:
            failure = _crash(lines, at)
        elif "insufficient memory for the Java Runtime" in line:
            failure = _no_memory(lines, at)
        elif "APPLICATION FAILED TO START" in line:
            failure = _spring(lines, at)
        elif line.strip() == "Error occurred during initialization of VM":
            failure = _no_start(lines, at)
        elif "rror: " in line or "no main manifest" in line or " option" in line:
            failure = _launcher(lines, at)
        elif "Terminating due to" in line or "UncaughtExceptionHandler" in line:
            failure = _terminated(line, at)
        if failure is not None:
            yield failure


def _crash(lines: Sequence[str], at: int) -> Failure | None:
    found = _first(_SIGNAL, lines, at + 1, at + 6)
    if found is None:
        return None
    match, place = found
    error = [match["message"].strip()]
    last = place
    frames: list[Frame] = []
    for i in range(place + 1, min(len(lines), at + _FAR)):
        text = lines[i]
        if i < at + _LONGEST and text.startswith(("#", "Aborted")):
            last = i
        if text.startswith("#  Error: ") or text.startswith("#  guarantee") or text.startswith("#  fatal error"):
            error.append(text.removeprefix("#").strip())
        if "Problematic frame" in text and i + 1 < len(lines):
            frames = list(_stack(lines, i + 1))
        if text.startswith(("Native frames:", "Java frames:")) and (stack := list(_stack(lines, i + 1))):
            frames, last = stack, i + len(stack)
            break
    message = "\n".join(error)
    crash = LoggedError(match["type"], message, tuple(reversed(frames)), place)
    certainty = Certainty.CERTAIN if frames else Certainty.LIKELY
    return Failure("java", "hs_err", (crash,), at, last, 0, False, certainty, True)


def _first(form: re.Pattern[str], lines: Sequence[str], start: int, end: int) -> tuple[re.Match[str], int] | None:
    for i in range(start, min(len(lines), end)):
        match = form.match(lines[i])
        if match is not None:
            return match, i
    return None


def _stack(lines: Sequence[str], start: int) -> Iterator[Frame]:
    """Native and Java frames, innermost first."""
    for i in range(start, min(len(lines), start + _FAR)):
        frame = _frame(lines[i], i)
        if frame is not None:
            yield frame
        elif not lines[i].startswith(("v ", "# v ", "# V ", "V ", "C ")):
            return


def _frame(text: str, at: int) -> Frame | None:
    match = _JAVA.match(text)
    if match is not None:
        return Frame(None, None, match["function"], not is_library_name(match["function"]), at=at)
    match = _NATIVE.match(text)
    if match is None:
        return None
    own = match["kind"] == "C" and not match["library"].startswith(_RUNTIME)
    function = (match["function"] or "").strip() or None
    return Frame(None, None, function, own, at=at, path=match["library"])


def _no_memory(lines: Sequence[str], at: int) -> Failure:
    detail = lines[at + 1].lstrip("# ").strip() if at + 1 < len(lines) else ""
    error = LoggedError("insufficient memory", detail, (), at)
    return Failure("java", "hs_err", (error,), at, min(at + 1, len(lines) - 1), 0, False, Certainty.CERTAIN, True)


def _no_start(lines: Sequence[str], at: int) -> Failure | None:
    """What keeps the JVM from starting; None where a stack trace below says it."""
    detail = lines[at + 1].strip() if at + 1 < len(lines) else ""
    if detail.startswith("java."):
        return None
    error = LoggedError("Error occurred during initialization of VM", detail, (), at)
    return Failure("java", "launcher", (error,), at, min(at + 1, len(lines) - 1), 0, False, Certainty.CERTAIN, True)


def _spring(lines: Sequence[str], at: int) -> Failure:
    end = min(len(lines), at + _LONGEST)
    description, stop = _section(lines, at, end, "Description:", "Action:")
    action, _ = _section(lines, stop, min(len(lines), stop + 12), "Action:", None)
    error = LoggedError("APPLICATION FAILED TO START", description, (), at, notes=(action,) if action else ())
    last = stop + (2 + action.count("\n") if action else 0)
    certainty = Certainty.CERTAIN if description else Certainty.LIKELY
    return Failure("java", "spring-boot", (error,), at, min(max(at, last), end - 1), 0, False, certainty, True)


def _section(lines: Sequence[str], start: int, end: int, title: str, until: str | None) -> tuple[str, int]:
    """The text below a title, up to the next one or, without such, up to a blank line; and where it ends."""
    found: list[str] = []
    inside = False
    for i in range(start, end):
        text = lines[i].strip()
        if inside and (text == until or (until is None and found and not text)):
            return "\n".join(found).strip(), i
        if inside and (text or found):
            found.append(text)
        inside = inside or text == title
    return "\n".join(found).strip(), end - 1


def _launcher(lines: Sequence[str], at: int) -> Failure | None:
    match = _LAUNCHER.match(lines[at])
    if match is None or (match["option"] and not any("Java Virtual Machine" in text for text in lines[at : at + 3])):
        return None
    if "Could not create" in lines[at] and at and _LAUNCHER.match(lines[at - 1]):
        return None
    message = (match["error"] or match["jar"] or match["option"]).rstrip()
    error = LoggedError("Error" if match["error"] else "error", message, (), at)
    cause = _CAUSE.match(lines[at + 1]) if at + 1 < len(lines) else None
    errors: tuple[LoggedError, ...] = (error,)
    if cause is not None:
        inner = LoggedError(cause["type"], (cause["message"] or "").rstrip(), (), at + 1, Relation.CAUSE)
        errors = (inner, error)
    return Failure("java", "launcher", errors, at, at + len(errors) - 1, 0, False, Certainty.CERTAIN, True)


def _terminated(line: str, at: int) -> Failure | None:
    match = _TERMINATING.match(line)
    if match is None:
        return None
    error = LoggedError(match["type"] or match["twice"], (match["message"] or "").rstrip(), (), at)
    return Failure("java", "launcher", (error,), at, at, 0, False, Certainty.CERTAIN, True)


PARSER = Parser(
    "java crash",
    (
        "A fatal error has been detected by the Java Runtime", "insufficient memory for the Java Runtime",
        "APPLICATION FAILED TO START", "Could not find or load main class", "Main method ", "Unable to access jarfile",
        "no main manifest attribute", "Java Virtual Machine", "Terminating due to java",
        "UncaughtExceptionHandler in thr",
        "Unable to initialize main class", "Error occurred during initialization of VM",
        "occurred while loading main class",
    ),
    parse,
)  # fmt: skip

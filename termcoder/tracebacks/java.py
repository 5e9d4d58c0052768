"""Stack traces of Java, Kotlin and what else runs on a JVM or on Android: uncaught, logged, or of failed tests."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from termcoder.tracebacks.java_lines import Kind, unfolded, without_tags
from termcoder.tracebacks.java_trace import Thrown, Trace, read_traces
from termcoder.tracebacks.parser import Parser
from termcoder.tracebacks.report import Certainty, Failure, LoggedError

_WARNING = re.compile(r"\b(?:WARN|WARNING|INFO|DEBUG|TRACE|FINE)\b")
_ERROR = re.compile(r"\b(?:ERROR|SEVERE|FATAL|CRITICAL|FAILED)\b|ncaught|nhandled")
_RECORD_WARNING = re.compile(r"[^\n]{0,60}?\b(?:WARN|WARNING)\b")
_NUMBERED = re.compile(r"\d+\) [^\s(]+\([\w.$]+\)$")  # JUnit 4: `1) total(com.acme.ShopTest)`
_KOTLIN = (".kt", ".kts")
_BUILD_TOOLS = ("org.apache.maven.", "org.gradle.")
_BUILD_FAILED = ("Failed to execute goal", "Build failed with an exception", "What went wrong")


def parse(lines: Sequence[str]) -> Iterable[Failure]:
    """Every stack trace."""
    unfolded_lines, origins = unfolded(lines)
    plain = without_tags(unfolded_lines)
    failures = [_failure(plain, trace) for trace in read_traces(plain) if not _is_build_tools_own(plain, trace)]
    return failures if origins is None else [_folded(failure, origins) for failure in failures]


def _folded(failure: Failure, origins: Sequence[int]) -> Failure:
    """The failure with the lines that the log really has."""
    errors = tuple(
        replace(
            error, at=origins[error.at], frames=tuple(replace(frame, at=origins[frame.at]) for frame in error.frames)
        )
        for error in failure.errors
    )
    return replace(failure, errors=errors, first=origins[failure.first], last=origins[failure.last])


def _failure(lines: Sequence[str], trace: Trace) -> Failure:
    thrown = [one for one in trace.thrown if one.head.type or one.message] or [trace.outer]
    form, first = _form(lines, trace.first)
    ends, root = _ends_program(lines, trace, form), trace.root
    errors = tuple(_error(one, handled=ends is False) for one in thrown)
    return Failure(
        language=_language(root, errors),
        format=form,
        errors=errors,
        first=first,
        last=trace.last,
        root=next((i for i, one in enumerate(thrown) if one is root), 0),
        certainty=_certainty(trace),
        ends_program=ends,
    )


def _error(thrown: Thrown, handled: bool) -> LoggedError:
    frames = tuple(reversed(thrown.frames))
    return LoggedError(thrown.head.type, thrown.message, frames, thrown.at, thrown.relation, handled)


def _form(lines: Sequence[str], first: int) -> tuple[str, int]:
    """What printed the trace, told by the lines above it, and where that begins."""
    if lines[first].lstrip().startswith("=> "):
        return "junit", first
    for at in range(first - 1, max(-1, first - 4), -1):
        text = lines[at].rstrip()
        if text.endswith(("<<< FAILURE!", "<<< ERROR!")):
            return "surefire", at - (at > 0 and "Tests run: " in lines[at - 1])
        if text.endswith(" FAILED") and " > " in text:
            return "gradle-test", at
        if _NUMBERED.match(text):
            return "junit", at
        if "FATAL EXCEPTION" in text:
            return "logcat", at
    return "stacktrace", first


def _ends_program(lines: Sequence[str], trace: Trace, form: str) -> bool | None:
    head = trace.outer.head
    if head.kind is Kind.UNCAUGHT or form == "logcat":
        return True
    before = lines[trace.first - 1] if trace.first else ""
    if head.record:
        caught = _WARNING.search(head.record) and not _ERROR.search(head.record)
    else:
        caught = _RECORD_WARNING.match(before) and not _ERROR.search(before)
    return False if caught else None


def _certainty(trace: Trace) -> Certainty:
    if not trace.outer.frames and trace.outer.cause is None and trace.outer.head.kind is Kind.PLAIN:
        return Certainty.GUESS
    return Certainty.CERTAIN if trace.whole else Certainty.LIKELY


def _language(root: Thrown, errors: tuple[LoggedError, ...]) -> str:
    """Kotlin where the root's innermost own frame is, else the innermost own frame of any other."""
    by_root = sorted(errors, key=lambda error: error.at != root.at)
    for error in by_root:
        own = next((frame for frame in reversed(error.frames) if frame.own and frame.file), None)
        if own is not None:
            return "kotlin" if (own.file or "").endswith(_KOTLIN) else "java"
    return "kotlin" if root.head.type.startswith("kotlin") else "java"


def _is_build_tools_own(lines: Sequence[str], trace: Trace) -> bool:
    """Whether it is what `mvn -e` or `gradle --stacktrace` print of themselves below what they say anyway."""
    if not trace.outer.head.type.startswith(_BUILD_TOOLS):
        return False
    above = lines[max(0, trace.first - 20) : trace.first]
    return any(mark in text for text in above for mark in _BUILD_FAILED)


PARSER = Parser(
    "java",
    (
        ".java:", ".kt:", ".scala:", ".groovy:", ".clj:", "(Native Method)", "(Unknown Source", "(SourceFile",
        'xception in thread "', "java.lang.", "java.util.", "java.io.", "kotlin.", "Caused by: ", "opentest4j.",
        "springframework.", "Uncaught Kotlin exception",
    ),
    parse,
)  # fmt: skip

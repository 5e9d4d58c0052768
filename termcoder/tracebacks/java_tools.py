"""What Maven, Gradle, Ant and the test runners say themselves: goals that failed, builds that failed, failed tests."""

import re
from collections.abc import Iterable, Iterator, Sequence

from termcoder.tracebacks.java_frames import is_library_name
from termcoder.tracebacks.parser import Parser
from termcoder.tracebacks.report import Certainty, Failure, Frame, LoggedError, Relation

_TAG = re.compile(r"\s*\[(?:ERROR|FATAL)\] ?")
_HELP = re.compile(r"\s*-> \[Help \d+\]\s*$")
_POM = re.compile(r"\s*The project .{0,300}\((?P<file>[^()]+)\) has \d+ errors?")
_POM_PLACE = re.compile(r",? *@ (?:[^@]*?, )?line (?P<line>\d{1,9}), column (?P<column>\d{1,9})")
_SUMMARY = re.compile(
    r"\s*(?:\[ERROR\] +)?(?P<places>[\w$.]+:\d{1,9}(?:->[\w$.]+(?::\d{1,9})?)*)(?: » (?P<type>[\w$.]+))?(?P<message>.*)"
)
_TEST_FAILED = re.compile(r"\s*[\w.$]+(?: > .{1,300})+ FAILED\s*$")
_SHORT = re.compile(r"\s+(?P<cause>Caused by: )?(?P<type>[\w.$]+) at (?P<file>[\w.$-]+):(?P<line>\d{1,9})\s*$")
_WHERE = re.compile(r"(?:Build|Settings|Initialization|Script) ?\w* '(?P<file>[^']+)' line: (?P<line>\d{1,9})")
_ANT_PLACE = re.compile(r"\s*(?P<file>(?:[A-Za-z]:)?[^:\n]+\.xml):(?P<line>\d{1,9}): (?P<message>.*)")
_CONSEQUENCES = (
    "Compilation failed; see the compiler", "Compilation error. See log", "There were failing tests",
    "There are test failures", "Compilation failure", "Compile failed; see the compiler",
    "finished with non-zero exit value", "Java returned: ", "An exception occured while executing the Java class",
    "A failure occurred while executing org.jetbrains.kotlin",
)  # fmt: skip
_COMPILES = re.compile(r"Execution failed for task '[\w:-]*:(?:compile|kapt|ksp)\w*'\.(?!\n)")
_TESTS = re.compile(r"Failed to execute goal \S+-(?:surefire|failsafe)-plugin:\S+ \([^)]*\) on project [^:]*:\s*$")
_DETAILS = re.compile(
    r"\.(?:java|kts?):\d+(?::\d+)?: error: |\.(?:java|kts?): ?[\[(]\d+,|^\s*e: |<<< (?:FAILURE|ERROR)!"
    r"|xception in thread \"| > .* FAILED\s*$|\[ERROR\] +[\w$.]+:\d+"
)
_DETAIL_MARKS = (".java", ".kt", "e: ", "<<< ", "FAILED", "xception in thread")
_SUMMARIES = ("Failures:", "Errors:", "Tests in error:", "Failed tests:")
_OF_TESTS = ("surefire", "gradle-test")
_LONGEST = 60


def parse(lines: Sequence[str]) -> Iterable[Failure]:
    """Every failure that the tools report, but those that only say that others in the log have failed."""
    traced = next((at for at, line in enumerate(lines) if "<<< " in line), len(lines))
    failures = [failure for at in range(len(lines)) for failure in _read(lines, at, traced)]
    told = [failure for failure in failures if not _is_consequence(failure)]
    if len(told) == len(failures) or any(failure.format in _OF_TESTS for failure in told):
        return told
    return told if any(_is_detail(line) for line in lines) else failures


def _is_consequence(failure: Failure) -> bool:
    message = failure.errors[-1].message
    return any(mark in message for mark in _CONSEQUENCES) or bool(_COMPILES.match(message) or _TESTS.match(message))


def _is_detail(line: str) -> bool:
    return any(mark in line for mark in _DETAIL_MARKS) and bool(_DETAILS.search(line[:1000]))


def _read(lines: Sequence[str], at: int, traced: int) -> Iterator[Failure]:
    line = lines[at]
    if "What went wrong:" in line and line.strip() == "* What went wrong:":
        yield _gradle(lines, at)
    elif line.endswith("FAILED") and " > " in line and _TEST_FAILED.match(line):
        yield from _gradle_test(lines, at)
    elif line.rstrip() == "BUILD FAILED" and at + 1 < len(lines):
        yield from _ant(lines, at)
    elif "Failed to execute goal" in line or "-> [Help" in line:
        yield from _maven(lines, at)
    elif "has 1 error" in line or (line.endswith("errors") and " has " in line):
        yield from _pom(lines, at)
    elif ("rror" in line or "Fail" in line) and line.rstrip().endswith(_SUMMARIES) and at <= traced:
        yield from _summary(lines, at)


def _gradle(lines: Sequence[str], at: int) -> Failure:
    end = at + 1
    while end < min(len(lines), at + _LONGEST) and not lines[end].lstrip().startswith(("* ", "BUILD FAILED", "====")):
        end += 1
    indent = len(lines[at]) - len(lines[at].lstrip())
    message = "\n".join(text[indent:].rstrip() for text in lines[at + 1 : end]).strip("\n")
    place, first = _where(lines, at)
    frames = (Frame(place["file"], int(place["line"]), None, at=first),) if place else ()
    first = next((i for i in range(at, max(-1, at - 8), -1) if "FAILURE: " in lines[i]), first)
    last = max(at, end - 1)
    while last > at and not lines[last].strip():
        last -= 1
    error = LoggedError("FAILURE", message, frames, at)
    language = "kotlin" if place and place["file"].endswith(".kts") else "java"
    certainty = Certainty.CERTAIN if end < len(lines) else Certainty.LIKELY
    return Failure(language, "gradle", (error,), first, last, 0, True, certainty)


def _where(lines: Sequence[str], at: int) -> tuple[re.Match[str] | None, int]:
    for i in range(at - 1, max(-1, at - 5), -1):
        match = _WHERE.match(lines[i].strip())
        if match:
            return match, i
    return None, at


def _gradle_test(lines: Sequence[str], at: int) -> Iterator[Failure]:
    """The short form: `    java.lang.AssertionError at ShopTest.java:12`, with its causes below it."""
    found: list[LoggedError] = []
    for i in range(at + 1, min(len(lines), at + 1 + _LONGEST)):
        match = _SHORT.match(lines[i])
        if match is None or (found and not match["cause"]):
            break
        own = not is_library_name(match["type"]) or match["file"].endswith((".kt", ".java", ".groovy", ".scala"))
        frame = Frame(match["file"], int(match["line"]), None, own, at=i)
        relation = Relation.CAUSE if match["cause"] else Relation.ALONE
        found.append(LoggedError(match["type"], "", (frame,), i, relation))
    if found:
        language = "kotlin" if (found[-1].frames[0].file or "").endswith(".kt") else "java"
        yield Failure(language, "gradle-test", tuple(reversed(found)), at, at + len(found))


def _ant(lines: Sequence[str], at: int) -> Iterator[Failure]:
    """`/app/build.xml:12: ...` below `BUILD FAILED`; the last of several is where it began."""
    frames: list[Frame] = []
    message, last = "", at
    for i in range(at + 1, min(len(lines), at + _LONGEST)):
        match = _ANT_PLACE.match(lines[i])
        if match is None:
            break
        frames.append(Frame(match["file"].strip(), int(match["line"]), None, at=i))
        message, last = match["message"].strip(), i
    if frames:
        error = LoggedError("BUILD FAILED", message, tuple(frames), at)
        yield Failure("java", "ant", (error,), at, last, 0, True)


def _maven(lines: Sequence[str], at: int) -> Iterator[Failure]:
    text = _TAG.sub("", lines[at], count=1)
    if at and "Failed to execute goal" not in text and not _is_tagged(lines[at]):
        return
    if "could not read" in text and any(_POM.match(_TAG.sub("", line, count=1)) for line in lines[at + 1 : at + 5]):
        return
    if text.startswith("    ") or _is_inside_goal(lines, at):
        return
    end = at
    while not _HELP.search(lines[end]) and end + 1 < min(len(lines), at + _LONGEST) and _is_tagged(lines[end + 1]):
        end += 1
        if not _TAG.sub("", lines[end], count=1).strip():
            break
    message = "\n".join(_TAG.sub("", line, count=1).rstrip() for line in lines[at : end + 1])
    error = LoggedError("error", _HELP.sub("", message).strip(), (), at)
    yield Failure("java", "maven", (error,), at, end, 0, True)


def _is_tagged(line: str) -> bool:
    return "[ERROR]" in line[:40] or "[FATAL]" in line[:40]


def _is_inside_goal(lines: Sequence[str], at: int) -> bool:
    """Whether the line is the end of what a line above began."""
    if "Failed to execute goal" in lines[at]:
        return False
    for i in range(at - 1, max(-1, at - _LONGEST), -1):
        if not _is_tagged(lines[i]) or _HELP.search(lines[i]):
            return False
        if "Failed to execute goal" in lines[i]:
            return True
    return False


def _pom(lines: Sequence[str], at: int) -> Iterator[Failure]:
    """What is wrong in a pom.xml, one error a line."""
    project = _POM.match(_TAG.sub("", lines[at], count=1))
    if project is None:
        return
    for i in range(at + 1, min(len(lines), at + _LONGEST)):
        text = _HELP.sub("", _TAG.sub("", lines[i], count=1))
        if not text.startswith("    "):
            return
        place = _POM_PLACE.search(text)
        line, column = (int(place["line"]), int(place["column"])) if place else (None, None)
        frame = Frame(project["file"], line, None, True, column, at=i)
        error = LoggedError("error", _POM_PLACE.sub("", text).strip().removesuffix(":").strip(), (frame,), i)
        yield Failure("java", "maven", (error,), i, i, 0, True)


def _summary(lines: Sequence[str], at: int) -> Iterator[Failure]:
    """`  ShopTest.total:12 expected: <3> but was: <4>` below `Failures:`, where the log has no traces."""
    errors = "rror" in lines[at].removeprefix("[ERROR]")
    for i in range(at + 1, min(len(lines), at + 1000)):
        match = _SUMMARY.match(lines[i])
        if match is None:
            return
        kind, message = match["type"] or "FAILURE", match["message"].strip()
        if errors and not match["type"]:
            kind, _, message = message.partition(" ")
        error = LoggedError(kind, message, tuple(_places(match["places"], i)), i)
        yield Failure("java", "surefire", (error,), i, i, 0, False, Certainty.LIKELY)


def _places(text: str, at: int) -> Iterator[Frame]:
    """`ShopTest.total:12->check:33`."""
    class_name = ""
    for place in text.split("->"):
        function, _, line = place.partition(":")
        class_name = function.rpartition(".")[0] or class_name
        yield Frame(None, int(line) if line else None, function, at=at, path=f"{class_name.replace('.', '/')}.java")


PARSER = Parser(
    "java tools",
    ("What went wrong:", "BUILD FAILED", "Failed to execute goal", "-> [Help", " FAILED", "Failures:", "Errors:",
     "has 1 error"),
    parse,
)  # fmt: skip

"""Reads what build tools and CI say: CMake, make, ninja, ctest, Docker, and the exit codes that a log ends with."""

import re
from collections.abc import Iterable, Sequence

from termcoder.tracebacks.native_frames import Form, scan
from termcoder.tracebacks.parser import Parser
from termcoder.tracebacks.report import Certainty, Failure, Frame, LoggedError

_CMAKE = re.compile(
    r"(?:^|\s)CMake Error(?: \(dev\))?(?: at (?P<file>(?:[A-Za-z]:)?[^:]+):(?P<line>\d+)(?: \((?P<command>[^()]*)\))?"
    r"| in (?P<in>(?:[A-Za-z]:)?[^:]+?)|)"
    r":(?P<rest>.*)"
)
_CMAKE_CALL = re.compile(r"  (?P<file>\S.*?):(?P<line>\d+) \((?P<command>[^()]*)\)$")
_MAKE = re.compile(
    r"(?:^|\s)(?:(?P<file>[^\s:]+):(?P<line>\d+)|(?:\S*?g?n?make|mingw32-make)(?:\.exe)?(?:\[\d+\])?): \*\*\* "
    r"(?P<message>(?!\[|Waiting for|Deleting|wait).+?(?:  Stop\.| *Stop\.|)$)"
)
_RECIPE = re.compile(
    r"(?:^|\s)\S*make(?:\.exe)?(?:\[\d+\])?: \*\*\* \[(?:(?P<file>[^\s:\]]+):(?P<line>\d+): )?(?P<target>[^\]]+)\] "
    r"(?P<type>Error \d+|Segmentation fault|Aborted|Killed|Terminated|Interrupt|[A-Z]\w+(?: \w+)*)(?P<rest>.*)"
)
_NINJA = re.compile(r"(?:^|\s)ninja: (?P<type>error|fatal): (?P<message>.*)")
_CTEST = re.compile(
    r"\s*\d+ - (?P<name>\S+) \((?P<type>Failed|SEGFAULT|Timeout|ILLEGAL|BAD_COMMAND|Not Run|Subprocess \w+"
    r"|Exception: \w+"
    r"|Child aborted|OTHER_FAULT|NUMERICAL)\)"
)
_DOCKER = re.compile(
    r"(?:^|\s)ERROR: (?:failed to build: (?=failed to solve: ))?"
    r"(?P<type>failed to solve|failed to build|process)(?::)? (?P<message>.*)"
    r"|(?:^|\s)(?P<solve>failed to solve)(?: with frontend \S+)?: (?P<what>.*)"
    r"|(?P<old>The command '.*' returned a non-zero code: \d+)"
)
_BUILDX = re.compile(
    r"^\s*(?:Error: )?buildx (?:call )?failed with: "
)  # a step's or a script's line that says it again
_DAEMON = re.compile(
    r"^(?:docker: |ERROR: |Error: )?(?P<type>Error response from daemon): (?P<message>.*)"
    r"|^(?:ERROR: |docker: |error during connect: )?(?P<offline>Cannot connect to the Docker daemon\b.*)"
    r"|^(?P<compose>ERROR): for \S+ +(?P<what>(?:Cannot|Could not|driver|UnixHTTP|OCI|failed) .*)"
)
_DOCKERFILE = re.compile(r"(?P<file>\S*(?:[Dd]ockerfile|[Cc]ontainerfile)\S*):(?P<line>\d+)$")
_DOCKER_CODE = re.compile(r"\s*\d+ \| >>> (?P<code>.*)")
_STEP = re.compile(r"Step (?P<step>\d+/\d+) : (?P<code>.*)")
_EXITS = (
    re.compile(
        r"(?:##\[error\]|::error::|Error: "
        r"|^)(?P<type>Process completed with exit code (?!0\b)\d+)(?P<message>)\.?$"
    ),
    re.compile(r"ERROR: (?P<type>Job failed): (?P<message>(?!exit code 0).*)"),
    re.compile(r"(?:^|\s)(?P<message>\S+) (?P<type>exited with code (?!0\b)-?\d+)(?: \(.*\))?$"),
    re.compile(r"(?P<type>ninja: build stopped): (?P<message>.*)"),
    re.compile(
        r"(?P<message>collect2|clang(?:\+\+)?): error: (?P<type>ld returned \d+ exit status"
        r"|linker command failed.*)"
    ),
    re.compile(r"^(?P<type>FAILED): (?P<message>\S.*)"),
)
_EXPLAINED = (
    "rror: ",
    "undefined ",
    "Traceback",
    "xception",
    "panicked",
    "not found",
    "rror[",
    "No such file",
    "Failure",
)
_EXPLAINED_WITHIN = 2000
_REACH = 80
_LONGEST_PLACE = 300  # characters of a line that is a Dockerfile's place


def parse(lines: Sequence[str]) -> Iterable[Failure]:
    """The errors of build tools; where there is nothing else, the first line that only says that something failed."""
    found = list(scan(lines, _FORMS))
    telling = [failure for failure in found if failure.certainty is not Certainty.GUESS]
    if telling or not found:
        return telling
    before = lines[max(0, found[0].first - _EXPLAINED_WITHIN) : found[0].first]
    explained = any(word in line for line in before for word in _EXPLAINED)
    return [] if explained else found[:1]


def _cmake(lines: Sequence[str], index: int) -> Failure | None:
    """`CMake Error at CMakeLists.txt:5 (find_package):`, its text, perhaps its call stack."""
    match = _CMAKE.search(lines[index])
    if match is None:
        return None
    body, calls, last = _cmake_body(lines, index)
    if match["rest"].rstrip().endswith("NOTFOUND."):
        body, last = _cmake_variables(lines, index)
    text = "\n".join([match["rest"].strip(), *body]).strip()
    frames = tuple(reversed(calls))
    if match["file"] or match["in"]:
        line = int(match["line"]) if match["line"] else None
        frames = (*frames, _frame(match["file"] or match["in"], line, match["command"], index))
    error = LoggedError("CMake Error", text, frames, at=index)
    return _failure("cpp", "cmake", error, last, Certainty.CERTAIN)


def _cmake_body(lines: Sequence[str], index: int) -> tuple[list[str], list[Frame], int]:
    body: list[str] = []
    calls: list[Frame] = []
    stack, last = False, index
    for at in range(index + 1, min(len(lines), index + _REACH)):
        line = lines[at]
        if line.startswith("Call Stack (most recent call first)"):
            stack = True
        elif line.strip() and not line.startswith("  "):
            break
        elif stack and (call := _CMAKE_CALL.match(line)):
            calls.append(_frame(call["file"], int(call["line"]), call["command"], at))
        elif stack or (not line.strip() and not "".join(lines[at + 1 : at + 2]).startswith(("  ", "Call Stack"))):
            break
        else:
            body.append(line.removeprefix("  ").rstrip())
        last = at
    return body, calls, last


def _cmake_variables(lines: Sequence[str], index: int) -> tuple[list[str], int]:
    """The variables that are not set, which stand below without an indentation, up to an empty line."""
    last = index
    while (
        last + 1 < min(len(lines), index + _REACH) and lines[last + 1].strip() and not lines[last + 1].startswith("-")
    ):
        last += 1
    return [line.rstrip() for line in lines[index + 1 : last + 1]], last


def _make(lines: Sequence[str], index: int) -> Failure | None:
    """`make: *** No rule to make target 'x'.  Stop.`, `Makefile:3: *** missing separator.  Stop.`."""
    match = _MAKE.search(lines[index])
    if match is None:
        return _recipe(lines, index)
    frames = (_frame(match["file"], int(match["line"]), None, index),) if match["file"] else ()
    error = LoggedError("error", match["message"].strip(), frames, at=index)
    return _failure("shell", "make", error, index, Certainty.CERTAIN)


def _recipe(lines: Sequence[str], index: int) -> Failure | None:
    """`make: *** [Makefile:3: all] Error 1`: a command has failed, and should have said why."""
    match = _RECIPE.search(lines[index])
    if match is None or "(ignored)" in match["rest"]:
        return None
    frames = (_frame(match["file"], int(match["line"]), match["target"], index),) if match["file"] else ()
    place = f"{match['file']}:{match['line']}: " if match["file"] else ""
    error = LoggedError(match["type"], f"[{place}{match['target']}]{match['rest'].rstrip()}", frames, at=index)
    return _failure("shell", "make", error, index, Certainty.GUESS)


def _ninja(lines: Sequence[str], index: int) -> Failure | None:
    match = _NINJA.search(lines[index])
    if match is None:
        return _exit(lines, index)
    return _failure("cpp", "ninja", LoggedError(match["type"], match["message"], at=index), index, Certainty.CERTAIN)


def _ctest(lines: Sequence[str], index: int) -> Failure | None:
    """A test below `The following tests FAILED:`."""
    match = _CTEST.match(lines[index])
    if match is None or not any("tests FAILED" in line for line in lines[max(0, index - 100) : index]):
        return None
    error = LoggedError(match["type"], match["name"], at=index)
    return Failure("cpp", "ctest", (error,), index, index, certainty=Certainty.GUESS)


def _docker(lines: Sequence[str], index: int) -> Failure | None:
    """BuildKit's `ERROR: failed to solve: …` with the Dockerfile's lines above it, or the older builder's last line."""
    match = _DOCKER.search(lines[index])
    if match is None or match["type"] == "process" or _BUILDX.match(lines[index]):
        return None
    if match["old"]:
        return _old_docker(lines, index, match["old"])
    kind, message = match["type"] or match["solve"], match["message"] or match["what"] or ""
    frames = _dockerfile(lines, index)
    error = LoggedError(kind, message.strip(), frames, at=index)
    return _failure("shell", "docker", error, index, Certainty.CERTAIN)


def _dockerfile(lines: Sequence[str], index: int) -> tuple[Frame, ...]:
    """The place that the snippet above names, with the line that an arrow marks."""
    code = ""
    for at in range(index - 1, max(-1, index - _REACH), -1):
        line = lines[at].strip()
        marked = _DOCKER_CODE.match(line) if ">>> " in line else None
        code = marked["code"].strip() if marked else code
        if len(line) < _LONGEST_PLACE and "file" in line and (match := _DOCKERFILE.search(line)):
            return (Frame(match["file"], int(match["line"]), code=code, at=at),)
    return ()


def _daemon(lines: Sequence[str], index: int) -> Failure | None:
    """What Docker's daemon answers; Compose says it of the container, and again of the service."""
    match = _DAEMON.match(lines[index].strip())
    if match is None:
        return None
    message = (match["message"] or match["offline"] or match["what"] or "").strip()
    last = index
    for at in range(index + 1, min(len(lines), index + 4)):
        last = at if message in lines[at] else last
    error = LoggedError(match["type"] or match["compose"] or "error", message, at=index)
    return Failure("shell", "docker", (error,), index, last, certainty=Certainty.LIKELY)


def _old_docker(lines: Sequence[str], index: int, text: str) -> Failure:
    command, _, how = text.partition(" returned a non-zero code")
    frames: tuple[Frame, ...] = ()
    for at in range(index - 1, max(-1, index - 400), -1):
        if step := _STEP.search(lines[at]):
            frames = (Frame("Dockerfile", code=step["code"].strip(), at=at),)
            break
    error = LoggedError("returned a non-zero code", f"{command}{how}", frames, at=index)
    return _failure("shell", "docker", error, index, Certainty.CERTAIN)


def _exit(lines: Sequence[str], index: int) -> Failure | None:
    """A line that only says with what code something ended."""
    line = lines[index].strip()
    match = next((found for pattern in _EXITS if (found := pattern.search(line))), None) if len(line) < 600 else None
    if match is None:
        return None
    error = LoggedError(match["type"], (match["message"] or "").strip(), at=index)
    if "linker" in error.type or error.type.startswith("ld "):
        return Failure("c", "ld", (error,), index, index, build=True, certainty=Certainty.GUESS)
    built = error.type.startswith(("ninja", "FAILED"))
    return Failure("shell", "exit", (error,), index, index, build=built, certainty=Certainty.GUESS)


def _frame(file: str, line: int | None, function: str | None, at: int) -> Frame:
    library = "/share/cmake" in file or ("Modules/" in file.rpartition("/cmake")[2] and "/usr/" in file)
    return Frame(file, line, function, own=not library, at=at)


def _failure(language: str, name: str, error: LoggedError, last: int, certainty: Certainty) -> Failure:
    first = min([error.at, *(frame.at for frame in error.frames)])
    return Failure(language, name, (error,), first, max(last, error.at), build=True, certainty=certainty)


_FORMS = (
    Form("CMake Error", _cmake),
    Form("*** ", _make),
    Form("ninja: ", _ninja),
    Form(" - ", _ctest),
    Form("failed to ", _docker),
    Form("returned a non-zero code", _docker),
    Form("Docker daemon", _daemon),
    Form("rom daemon: ", _daemon),
    Form("ERROR: for ", _daemon),
    *(
        Form(word, _exit)
        for word in ("exit code", "exited with", "exit status", "command failed", "FAILED: ", "Job failed")
    ),
)
PARSER = Parser(
    "build-tools",
    (
        *("CMake Error", "make: ***", "make[", ": *** ", "ninja: ", "tests FAILED", "failed to solve", "exit status"),
        *(
            "command failed",
            "failed to build",
            "returned a non-zero code",
            "Error response from daemon",
            "Cannot connect to the Docker daemon",
            "ERROR: for ",
            "exited with code",
            "with exit code",
            "Job failed",
            "FAILED: ",
        ),
    ),
    parse,
)

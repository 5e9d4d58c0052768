"""What Go's compiler, `go vet`, the go command itself and golangci-lint report."""

import re
from collections.abc import Iterable, Sequence

from termcoder.tracebacks.golang_stacks import is_own, to_number
from termcoder.tracebacks.parser import Parser
from termcoder.tracebacks.report import Certainty, Failure, Frame, LoggedError

_PACKAGE = re.compile(r"^\s*# (?P<package>\S+)(?: \[[^\]]+\])?\s*$")
_PLACED = re.compile(
    r"^\s*(?:Error: )?(?P<vet>vet: )?(?:go: )?"
    r"(?P<file>(?:[A-Za-z]:)?[^\s:#][^:]*?\.(?:go|s|mod|sum|work)):(?P<line>\d+)"
    r"(?::(?P<column>\d+))?: (?P<text>.*)$"
)
_LINTER = re.compile(r"^(?P<text>.*\S) \((?P<linter>[a-z][a-z0-9]+)\)$")
_COMMAND = re.compile(
    r"""not\ found|no\ matching\ versions|unknown\ revision|cannot\ find|requires\ go|requires\ .*>=|errors\ parsing
      | missing\ go\.sum|needed|inconsistent\ vendoring|invalid|disabled\ by|checksum|verifying|reading\ http|no\ such
      | dial\ tcp|does\ not\ contain|no\ required\ module|is\ not\ in|not\ available|unrecognized\ import|disabled
      | exit\ status|conflict|exclude\ all|no\ Go\ files|does\ not\ match|malformed|unsupported|unknown|mismatch
      | no\ go\ files|but\ .*\ does\ not|permission\ denied|can't|ambiguous""",
    re.VERBOSE,
)
_MODULES = re.compile(r"[@/\"]|go\.(?:mod|sum|work)|\bmodules?\b|\bpackages?\b|go >=|toolchain|Go files|-\w")
_PROGRESS = ("downloading", "finding", "found", "added", "upgraded", "downgraded", "removed", "extracting", "creating")
_BARE = re.compile(
    r"^\s*(?:no required module provides package |cannot find package |cannot find module |can't load package: "
    r"|build \S+: (?:cannot|no) |pattern \S+: |package \S+ is not in |no Go files in |cgo: "
    r"|[\w.()*\-/]+: relocation target \S+ not defined|\S*[/\\]link: |missing go\.sum entry |import cycle)"
)
_BARE_HINTS = (
    "no required module",
    "cannot find ",
    "can't load package",
    "build ",
    "pattern ",
    "package ",
    "no Go files in",
    "cgo: ",
    "relocation target",
    "link: ",
    "go.sum entry",
    "import cycle",
)
_CYCLE = re.compile(r"^\s*package (?P<package>\S+)\s*$")
_IMPORTS = re.compile(r"^\s+imports (?P<package>[^\s:]+)(?: from (?P<file>[^\s:]+))?(?:: (?P<text>.*))?$")
_VETS = re.compile(
    r"format %|^unreachable code|call (?:has|needs)|passes lock|copies lock|self-assignment|struct field tag"
    r"|possible (?:misuse|formatting)|is not used$|loop variable|should be called|redundant newline"
)
_NOTE = re.compile(r"^\s*note: (?P<text>module requires Go .*)$")
_REACH = 60


def parse(lines: Sequence[str]) -> Iterable[Failure]:
    """Each error of a build, in the order of the log."""
    text = "\n".join(lines)
    bare = any(hint in text for hint in _BARE_HINTS)
    in_package, done = False, 0
    for at, line in enumerate(lines):
        if at < done or not (bare or in_package or _is_telling(line)):
            continue
        if "# " in line and line.lstrip().startswith("# "):
            in_package = bool(_PACKAGE.match(line))
            continue
        failure = _read(lines, at, in_package, bare)
        if failure is not None:
            done = failure.last + 1
            yield failure
        elif in_package and line.strip() and not line[0].isspace() and not _may_follow(line):
            in_package = False


def _is_telling(line: str) -> bool:
    return ".go:" in line or ".mod:" in line or ".s:" in line or "go: " in line or "# " in line


def _may_follow(line: str) -> bool:
    """Whether a package's errors may go on below this line."""
    return "too many errors" in line or line.startswith(("note: ", "FAIL", "ok ", "?"))


def _read(lines: Sequence[str], at: int, in_package: bool, bare: bool) -> Failure | None:
    line = lines[at]
    placed = _PLACED.match(line) if ".go:" in line or ".mod:" in line or ".s:" in line else None
    if placed:
        return _placed(lines, at, placed, in_package)
    if "go: " in line and line.lstrip().startswith("go: "):
        return _command(lines, at, line.strip()[4:])
    if not bare or line.startswith("{"):
        return None
    cycle = _cycle(lines, at) if "package " in line else None
    if cycle is None and _BARE.match(line):
        return _command(lines, at, line.strip(), known=True)
    return cycle


def _placed(lines: Sequence[str], at: int, placed: re.Match[str], in_package: bool) -> Failure | None:
    text = placed["text"].rstrip()
    if text.startswith(("warning: ", "note: ")) or text == "too many errors":
        return None
    module = placed["file"].endswith((".mod", ".work", ".sum"))
    if not (in_package or placed["column"] or placed["vet"] or module):
        return None
    rest, last = _below(lines, at)
    linter = _LINTER.match(text) if placed["column"] and not in_package else None
    if linter:
        error = LoggedError(linter["linter"], linter["text"], (_frame(placed, at),), at)
        return _failure(error, last, "golangci-lint")
    notes = tuple(note["text"] for line in lines[last + 1 : last + 3] if (note := _NOTE.match(line)))
    form = "go vet" if placed["vet"] or _VETS.search(text) else "go build"
    error = LoggedError("error", "\n".join([text, *rest]), (_frame(placed, at),), at, notes=notes)
    return _failure(error, last, form)


def _below(lines: Sequence[str], at: int) -> tuple[list[str], int]:
    """The lines indented by a tab below a message, which go on with it, and the last of them."""
    rest = []
    indent = len(lines[at]) - len(lines[at].lstrip())
    for line in lines[at + 1 : at + _REACH]:
        if not line[indent:].startswith("\t") or not line.strip():
            break
        rest.append(line.strip())
    return rest, at + len(rest)


def _frame(placed: re.Match[str], at: int) -> Frame:
    column = to_number(placed["column"]) if placed["column"] else None
    return Frame(placed["file"], to_number(placed["line"]), None, is_own(placed["file"], None), column, at=at)


def _failure(error: LoggedError, last: int, form: str) -> Failure:
    certainty = Certainty.CERTAIN if form == "go build" else Certainty.LIKELY
    return Failure("go", form, (error,), error.at, last, build=True, certainty=certainty)


def _command(lines: Sequence[str], at: int, text: str, known: bool = False) -> Failure | None:
    """What the go command says of modules and packages; its lines about progress are no errors."""
    progress = text.startswith((*_PROGRESS, "warning", "to add"))
    if text.endswith(" imports") and at + 1 < len(lines) and lines[at + 1].startswith("\t"):
        return _imports(lines, at, text)
    if not known and (progress or not _COMMAND.search(text) or not _MODULES.search(text)):
        return None
    if text.startswith("errors parsing") and at + 1 < len(lines) and _PLACED.match(lines[at + 1]):
        return None
    rest, last = _below(lines, at)
    error = LoggedError("error", "\n".join([text.rstrip(), *rest]), (), at)
    return Failure("go", "go build", (error,), at, last, build=True, certainty=Certainty.LIKELY)


def _imports(lines: Sequence[str], at: int, text: str) -> Failure:
    """`go: a imports`, and indented below it what that imports, the last with what is wrong with it."""
    rest, last = _below(lines, at)
    error = LoggedError("error", "\n".join([text.rstrip(), *rest]), (), at)
    return Failure("go", "go build", (error,), at, last, build=True, certainty=Certainty.LIKELY)


def _cycle(lines: Sequence[str], at: int) -> Failure | None:
    """The imports that lead to a package which can't be loaded, each importing the next."""
    if not _CYCLE.match(lines[at]):
        return None
    texts, file = [lines[at].strip()], None
    for line in lines[at + 1 : at + _REACH]:
        imports = _IMPORTS.match(line)
        if imports is None:
            return None
        texts.append(line.strip())
        file = imports["file"] or file
        if imports["text"]:
            break
    else:
        return None
    frames = (Frame(file, own=True, at=at + len(texts) - 1),) if file else ()
    error = LoggedError("error", "\n".join(texts), frames, at)
    return Failure("go", "go build", (error,), at, at + len(texts) - 1, build=True)


PARSER = Parser(
    "go build",
    (
        ".go:",
        "\ngo: ",
        "go.mod:",
        "no required module",
        "cannot find package",
        "import cycle",
        "relocation target",
        "link: ",
    ),
    parse,
)

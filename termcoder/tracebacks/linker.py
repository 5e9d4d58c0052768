"""Reads what linkers say: GNU ld, gold, lld, mold, Apple's and Microsoft's. Each symbol is one failure."""

import re
from collections.abc import Sequence

from termcoder.tracebacks.native_frames import Place, is_cpp_file, make_frame
from termcoder.tracebacks.report import Failure, Frame, LoggedError

MARKS = ("undefined reference to", "multiple definition of", "cannot find", "LNK", "ld: ", "Undefined symbols")
"""Texts, one of which every linker's error has."""

_WHERE = re.compile(
    r"(?:^|\s)(?:\S*ld(?:\.\w+)?(?:\.exe)?: )?(?:(?P<object>\S+\.(?:o|obj|a\([^)\s]*\))):)?(?P<file>(?:[A-Za-z]:[\\/])?"
    r"[^\s:]+):(?:(?P<line>\d+)|\((?P<section>\.[^()\s]*)\)|function (?P<function>.*?)): (?:error: )?$"
)
_OBJECT = re.compile(r"(?:^|\s)(?:\S*ld(?:\.\w+)?: )?(?P<file>[^\s:]+\.(?:o|obj|so[\d.]*|a\([^)\s]*\))): $")
_IN_FUNCTION = re.compile(r"in function [`'‘](?P<name>.*)['’]:$")
_GNU = ("undefined reference", "multiple definition")
_LD = re.compile(
    r"(?:^|[\s/])(?:ld(?:\.\w+|64\.lld)?|lld|lld-link|mold|[\w-]+-ld(?:\.\w+)?|ld64\.lld)(?:\.exe)?: "
    r"(?:(?P<tool>error|fatal): )?(?P<message>\S.*)"
)
_KINDS = re.compile(
    r"(?P<type>undefined (?:hidden |protected )?symbol|duplicate symbol|undefined reference|multiple definition"
    r"|cannot find|unable to find library|library not found|cannot open(?: output file)?|symbol\(s\) not found"
    r"|framework not found"
    r"|undefined version|unresolvable (?:R_\w+ )?relocation|unknown argument|unrecognized option)(?::)? ?(?P<rest>.*)"
)
_OBJECT_ERROR = re.compile(
    r"\S+: (?:relocation |file not recognized|file format not recognized|invalid |error adding symbols: (?!DSO)"
    r"|hidden symbol|unrecognized relocation|TLS )"
)
_REFERENCED = re.compile(
    r">>> (?:referenced by|defined at|defined in) (?P<file>[^\s:(]+)(?::(?:\((?P<section>\.[^)]*)\)|(?P<line>\d+)))?"
)
_APPLE = re.compile(r'\s+(?P<symbol>".*"), referenced from:$')
_APPLE_FROM = re.compile(r"\s+(?P<name>.+) in (?P<file>\S+)$")
_LNK = re.compile(
    r"(?:^|[\s>])(?P<file>(?:[A-Za-z]:[\\/][^:*?\"<>|]*|\S+)\.(?:obj|lib|exe|dll|res)(?:\([^()]*\))?|LINK) : "
    r"(?:fatal )?error (?P<code>LNK\d+): (?P<message>.*)"
)
_LNK_FUNCTION = re.compile(r' referenced in function (?:"(?P<declared>.*?)" \(|(?P<name>\S+))')
_PROJECT = re.compile(r" \[[^\[\]]*\.vcxproj\]$")
_IGNORED = (
    "warning: ",
    "skipping incompatible",
    "NOTE: ",
    "ld returned",
    "DSO missing",
    "final link failed",
    "more undefined",
)


def read(lines: Sequence[str], index: int) -> Failure | None:
    """The linker's error of one line, with those that belong to it."""
    line = lines[index]
    if ("undefined reference to " in line or "multiple definition of " in line) and not _ignored(line):
        return _gnu(lines, index)
    if "ld: " in line or "lld" in line or "mold: " in line or ("ld." in line and ": " in line):
        return _tool(lines, index)
    if " error LNK" in line:
        return _microsoft(lines, index)
    return _apple(lines, index) if ", referenced from:" in line else None


def _ignored(line: str) -> bool:
    return any(text in line for text in _IGNORED)


def _gnu(lines: Sequence[str], index: int) -> Failure | None:
    """`main.c:(.text+0x1d): undefined reference to `total'`, perhaps below `in function `main':`."""
    line = lines[index]
    kind = next(kind for kind in _GNU if f"{kind} " in line)
    head, _, rest = line.partition(kind)
    if head[-1:] not in ("", " "):
        return None
    where = _WHERE.search(head[-500:]) or _OBJECT.search(head[-500:])
    if where is None and head.strip():
        return None
    groups = where.groupdict() if where else {}
    above, first = _function_above(lines, index)
    frames = _place(groups.get("file"), groups.get("line"), groups.get("function") or above, index)
    error = LoggedError(kind, rest.strip(), frames, at=index)
    return _failure(error, first, index, "ld")


def _tool(lines: Sequence[str], index: int) -> Failure | None:
    """`ld.lld: error: undefined symbol: total` with the `>>>` lines below, or `ld: cannot find -lprice`."""
    line = lines[index]
    match = None if _ignored(line) else _LD.search(line)
    if match is None:
        return None
    message = match["message"].strip()
    kind = _KINDS.match(message)
    if kind is None and match["tool"] is None and not _OBJECT_ERROR.match(message):
        return None
    if _IN_FUNCTION.search(message) or message.startswith("symbol(s) not found"):
        return None
    frames, last = _references(lines, index)
    type_, rest = (kind["type"], kind["rest"]) if kind else (match["tool"] or "error", message)
    name = "mold" if "mold: " in line else "lld" if "lld" in line else "ld"
    return _failure(LoggedError(type_, rest.strip(), frames, at=index), index, last, name)


def _references(lines: Sequence[str], index: int) -> tuple[tuple[Frame, ...], int]:
    """The first place that lld and mold name below an error, and the last of these lines."""
    frames: tuple[Frame, ...] = ()
    last = index
    for at in range(index + 1, min(index + 40, len(lines))):
        line = lines[at].lstrip()
        if not line.startswith(">>> "):
            break
        last = at
        match = None if frames else _REFERENCED.match(line)
        if match is not None:
            inner = lines[at + 1] if at + 1 < len(lines) else ""
            frames = _place(match["file"], match["line"], _inner_function(inner), at)
    return frames, last


def _inner_function(line: str) -> str | None:
    """The function in `>>>    main.o:(main)`; `main.o:(.text+0x12)` names none."""
    _, found, name = line.rstrip().partition(":(")
    plain = found and line.lstrip().startswith(">>> ") and name.endswith(")") and not name.startswith(".")
    return name[:-1] if plain else None


def _function_above(lines: Sequence[str], index: int) -> tuple[str | None, int]:
    """The function that GNU ld named before a run of undefined references, and the first line that is this one's."""
    for at in range(index - 1, max(-1, index - 30), -1):
        match = _IN_FUNCTION.search(lines[at])
        if match is not None:
            return match["name"], at if at == index - 1 else index
        if "undefined reference to" not in lines[at]:
            break
    return None, index


def _microsoft(lines: Sequence[str], index: int) -> Failure | None:
    match = _LNK.search(lines[index])
    if match is None:
        return None
    if match["code"] == "LNK1120" and any(" error LNK" in line for line in lines[max(0, index - 50) : index]):
        return None
    function = _LNK_FUNCTION.search(match["message"])
    name = (function["declared"] or function["name"]) if function else None
    file = None if match["file"] == "LINK" else match["file"]
    frames = _place(file, None, name, index) if file and file.endswith("obj") else ()
    message = _PROJECT.sub("", match["message"]).strip()
    return _failure(LoggedError(match["code"], message, frames, at=index), index, index, "msvc")


def _apple(lines: Sequence[str], index: int) -> Failure | None:
    """A symbol below `Undefined symbols for architecture arm64:`."""
    match = _APPLE.match(lines[index])
    above = lines[max(0, index - 200) : index]
    if match is None or not any("ndefined symbols" in line for line in above):
        return None
    place = _APPLE_FROM.match(lines[index + 1]) if index + 1 < len(lines) else None
    frames = _place(place["file"], None, place["name"].strip(), index + 1) if place else ()
    error = LoggedError("Undefined symbols", match["symbol"], frames, at=index)
    first = index - 1 if index and "ndefined symbols" in lines[index - 1] else index
    return _failure(error, first, index + (place is not None), "ld")


def _place(file: str | None, line: str | None, function: str | None, at: int) -> tuple[Frame, ...]:
    if file is None and function is None:
        return ()
    return (make_frame(Place(file, line), function, at),)


def _failure(error: LoggedError, first: int, last: int, name: str) -> Failure:
    cpp = any(is_cpp_file(frame.file) or "::" in (frame.function or "") for frame in error.frames)
    cpp = cpp or "::" in error.message or "(" in error.message.partition(";")[0]
    return Failure("cpp" if cpp else "c", name, (error,), first, last, build=True)

"""Rust's backtraces: numbered functions, innermost first, each above the line of its place."""

import re
from collections.abc import Sequence
from dataclasses import replace

from termcoder.tracebacks.paths import is_library
from termcoder.tracebacks.report import Frame

_NUMBERED = re.compile(r"^\s*(?P<number>\d+):\s+(?:0x[0-9a-f]+ - )?(?P<name>\S.*?)\s*$")
_INLINED = re.compile(r"^\s{4,}(?P<name>[\w<&*].*::.*?)\s*$")
_AT = re.compile(r"^\s+at (?P<file>(?:[A-Za-z]:)?[^:]+)(?::(?P<line>\d+))?(?::(?P<column>\d+))?\s*$")
_SKIPPED = re.compile(r"^\s*(?:[⋮.… ]+(?:\d+ frames? hidden)?[⋮.… ]*|\[?\.\.\. ?omitted .*)$")
_STANDARD = re.compile(
    r"^[<&*\s]*(?:(?:mut|dyn|const) )*(?:std|core|alloc|test|proc_macro|panic_unwind|backtrace|__rustc"
    r"|compiler_builtins)(?:\[[0-9a-f]+\])?(?:::|$)"
)
_NATIVE = re.compile(
    r"^(?:rust_begin_unwind|_?_rust\w+|_start|__libc_\w+|__scrt_\w+|main|clone3?|__clone3?|start_thread|<unknown>"
    r"|_*pthread\w*"
    r"|BaseThreadInitThunk|RtlUserThreadStart|invoke_main|start|rust_panic)(?:@\w+)?$"
)
_SOURCES = re.compile(
    r"library[/\\](?:std|core|alloc|test|proc_macro)[/\\]src|src[/\\]lib(?:std|core|alloc|test)[/\\]|^\./(?:csu|nptl)/"
)
_TOOLCHAIN = re.compile(r"[/\\](?:rustc|toolchains|registry[/\\]src|git[/\\]checkouts)[/\\]")
_CRATES = frozenset(
    [
        "actix_http",
        "actix_rt",
        "actix_server",
        "actix_web",
        "anyhow",
        "async_std",
        "axum",
        "backtrace",
        "bytes",
        "color_eyre",
        "crossbeam",
        "eyre",
        "futures",
        "futures_util",
        "hyper",
        "log",
        "mio",
        "once_cell",
        "rayon",
        "rayon_core",
        "reqwest",
        "rocket",
        "serde",
        "serde_json",
        "sqlx",
        "tokio",
        "tower",
        "tracing",
        "warp",
    ]
)


def is_own(file: str | None, function: str | None) -> bool:
    """Whether a place is the program's own code, by its path, else by the crate that its function begins with."""
    if function and (_STANDARD.match(function) or _NATIVE.match(function)):
        return False
    if file is not None:
        return not (is_library(file) or _SOURCES.search(file) or _TOOLCHAIN.search(file))
    return crate_of(function or "") not in _CRATES


def crate_of(function: str) -> str:
    """The crate that a function is of: `shop` in `<shop::Item as core::fmt::Display>::fmt`."""
    return re.split(r"::|\[", function.lstrip("<&*("), maxsplit=1)[0].strip()


def read_backtrace(lines: Sequence[str], at: int) -> tuple[tuple[Frame, ...], int, bool]:
    """The frames from `lines[at]` on, outermost first, the line after them, and whether something is left out."""
    frames: list[Frame] = []
    cut = False
    while at < len(lines):
        if not lines[at].strip() or (_SKIPPED.match(lines[at]) and not _NUMBERED.match(lines[at])):
            if not _goes_on(lines, at + 1, bool(frames)):
                break
            cut, at = cut or bool(lines[at].strip()), at + 1
            continue
        found = _read_frame(lines, at)
        if found is None:
            break
        frame, at = found
        frames.append(frame)
    return _known_by_main(tuple(reversed(frames))), at, cut


def _goes_on(lines: Sequence[str], at: int, begun: bool) -> bool:
    below = lines[at] if at < len(lines) else ""
    numbered = _NUMBERED.match(below)
    return (
        bool(numbered) and (not begun or numbered["number"] != "0")
        if numbered
        else bool(_SKIPPED.match(below) and below.strip())
    )


def _read_frame(lines: Sequence[str], at: int) -> tuple[Frame, int] | None:
    numbered = _NUMBERED.match(lines[at])
    place = _place_below(lines, at + 1)
    named = numbered or (_INLINED.match(lines[at]) if place else None)
    if named is None:
        lonely = _AT.match(lines[at])
        return (_frame(None, lonely, at), at + 1) if lonely else None
    name = named["name"]
    if place is None:
        return Frame(function=name, own=is_own(None, name), at=at), at + 1
    match, end = place
    between = "".join(line.strip() for line in lines[at + 1 : end - 1] if not line.lstrip().startswith("at "))
    return _frame(name + between, match, at), end


def _place_below(lines: Sequence[str], at: int) -> tuple[re.Match[str], int] | None:
    """The place of the function above `at`, if it follows; a long name or path may be wrapped."""
    for below in range(at, min(at + 3, len(lines))):
        line = lines[below]
        place = _AT.match(line)
        if place and place["line"] is None and below + 1 < len(lines):
            wrapped = _AT.match(line.rstrip() + lines[below + 1].strip())
            if wrapped and wrapped["line"] and not _NUMBERED.match(lines[below + 1]):
                return wrapped, below + 2
        if place:
            return place, below + 1
        if not line.strip() or _NUMBERED.match(line) or line[:1].isspace() or not line[:1].isprintable():
            return None
    return None


def _frame(function: str | None, place: re.Match[str], at: int) -> Frame:
    file = place["file"].strip()
    return Frame(file, to_number(place["line"]), function, is_own(file, function), to_number(place["column"]), at=at)


def to_number(digits: str | None) -> int | None:
    """A line's or column's number; None for one that no file has."""
    return int(digits) if digits and len(digits) < 10 else None


def _known_by_main(frames: tuple[Frame, ...]) -> tuple[Frame, ...]:
    """Where places are missing, the crate with `main` tells which functions are the program's own."""
    names = [frame.function or "" for frame in frames]
    mains = {crate_of(name) for frame, name in zip(frames, names, strict=True) if frame.own and name.endswith("::main")}
    if not mains:
        return frames
    foreign = [frame.file is None and crate_of(name) not in mains for frame, name in zip(frames, names, strict=True)]
    return tuple(replace(frame, own=frame.own and not other) for frame, other in zip(frames, foreign, strict=True))

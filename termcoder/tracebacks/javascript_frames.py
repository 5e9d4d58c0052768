"""The lines of a JavaScript stack: V8 (Node, Chrome, Deno, Bun), Firefox and Safari."""

import re
from collections.abc import Sequence
from functools import lru_cache

from termcoder.tracebacks.paths import is_library
from termcoder.tracebacks.report import Frame

Place = tuple[str | None, int | None, int | None]

MAX_LINE = 4000
"""A longer line is read as text, never as a frame."""

_LIBRARY = re.compile(
    r"^electron/js2c/|^(?:core|common|router|forms|http|platform-browser|animations)\.mjs|^(?:file://)?/var/runtime/"
    r"|^(?:ext|deno|bun|native|chrome|moz|chrome-extension|moz-extension|safari-extension|resource):|^\[native|^native$"
    r"|^https?://(?:deno\.land|jsr\.io|esm\.sh|unpkg\.com|cdn\.|cdnjs\.|code\.jquery\.|ajax\.googleapis\.)"
    r"|\(webpack\)|webpack/(?:bootstrap|runtime)"
    r"|(?:^|/)(?:react|react-dom|vue|runtime-core|runtime-dom|reactivity|angular|jquery|zone|polyfills?)"
    r"(?:[-.][\w.-]*)?\.m?js(?:$|\?)|/vendors?[~.-][^/]*\.js|^evalmachine\.|next/dist/"
)
# Before version 16, Node named its own files without a folder.
_OLD_CORE = re.compile(
    r"(?:_(?:http|stream|tls|debug)\w*|assert|bootstrap_node|buffer|child_process|cluster|dgram|dns|domain|events|fs"
    r"|http2?|https|module|net|node|os|path|process|querystring|readline|repl|stream|string_decoder|timers|tls|tty|url"
    r"|util|v8|vm|zlib)\.js"
)
_EVAL_FROM = re.compile(r"\(([^()]+):(\d{1,9}):(\d{1,9})\)")
_URLS = (
    "http:",
    "https:",
    "file:",
    "webpack",
    "blob:",
    "/",
    "resource:",
    "chrome",
    "moz-",
    "safari-",
    "app:",
    "[native",
)
_OTHER_LANGUAGE = re.compile(
    r"\.(?:rs|java|kt|scala|groovy|cs|go|rb|py|php):\d+(?::\d+)?\)?$|\((?:Native Method|Unknown Source)\)$"
)
_TYPESCRIPT = re.compile(r"\.(?:tsx?|mts|cts)(?:$|[?])")


@lru_cache(maxsize=4096)
def is_own(file: str) -> bool:
    """Whether a file, as a stack names it, is the project's and not a package's or the runtime's."""
    path = file.removeprefix("webpack-internal:///")
    return not (is_library(path) or _LIBRARY.search(path) or _OLD_CORE.fullmatch(path))


def language_of(file: str | None) -> str:
    """The language that a file is written in, by its name."""
    return "typescript" if file and _TYPESCRIPT.search(file) else "javascript"


def parse_place(place: str) -> Place | None:
    """Read `file:line:column` or `file:line`; None where it is no place."""
    if place.endswith(("<anonymous>", "native", "[native code]")) or place.startswith("index "):
        return None, None, None
    if place.startswith("eval at "):
        match = _EVAL_FROM.search(place[:MAX_LINE])
        return (match[1], int(match[2]), int(match[3])) if match else (None, None, None)
    file, _, last = place.removeprefix("address at ").rpartition(":")
    if not _is_number(last):
        return None
    head, _, line = file.rpartition(":")
    if _is_number(line):
        return _named(head), int(line), int(last)
    return (_named(file), int(last), None) if file else (None, None, None)


def v8_frame(line: str, at: int) -> Frame | None:
    """Read `at f (file:1:2)` and its kin; None for any other line."""
    text = line.strip()
    if not text.startswith("at ") or len(text) > MAX_LINE or _OTHER_LANGUAGE.search(text):
        return None
    found = _v8(text[3:].removesuffix(" {").rstrip())
    if found is None:
        return None
    function, (file, number, column) = found
    return Frame(file, number, function, file is not None and is_own(file), column, at=at)


def gecko_frame(line: str, at: int) -> Frame | None:
    """Read `f@file:1:2`, as Firefox and Safari write it; None for any other line."""
    function, mark, place = line.strip().partition("@")
    if not mark or len(line) > MAX_LINE or not place.startswith(_URLS):
        return None
    found = parse_place(place)
    if found is None or (function.count(" ") > 1):
        return None
    file, number, column = found
    name = function.removeprefix("async*").removeprefix("setTimeout handler*") or None
    return Frame(file, number, name, file is not None and is_own(file), column, at=at)


def wrapped_frame(lines: Sequence[str], at: int) -> tuple[Frame | None, int]:
    """Read the V8 frame at `at`, broken into two lines perhaps; gives it and the index after it."""
    frame = v8_frame(lines[at], at)
    if frame is not None:
        return frame, at + 1
    if at + 1 < len(lines) and lines[at].lstrip().startswith("at ") and len(lines[at]) > 50:
        rest = lines[at + 1].strip()
        if rest.endswith((")", ") {")) or rest[-1:].isdigit():
            first = lines[at].rstrip()
            frame = None if rest.startswith("at ") else v8_frame(first + rest, at) or v8_frame(f"{first} {rest}", at)
    return frame, at + (1 if frame is None else 2)


@lru_cache(maxsize=8192)
def _v8(text: str) -> tuple[str | None, Place] | None:
    text = text.removeprefix("async ")
    if not text.endswith(")"):
        return _bare(text)
    function, parenthesis, place = text[:-1].partition(" (")
    found = parse_place(place) if parenthesis else None
    if found is None or (found[2] is None and found[0] is not None and not _looks_like_file(found[0])):
        return None
    return function, found


def _bare(text: str) -> tuple[str | None, Place] | None:
    if not text:
        return None
    if text == "native" or (
        text.startswith("<") and text.endswith(">") and len(text) < 400
    ):  # `<anonymous>`, `<Jasmine>`
        return text, (None, None, None)
    found = parse_place(text)
    if found is None or found[2] is None or not (found[0] is None or _looks_like_file(found[0])):
        return None
    return None, found


def _looks_like_file(file: str) -> bool:
    return any(mark in file for mark in "./:\\")


def _named(file: str) -> str | None:
    return None if not file or file.endswith("<anonymous>") or file in ("native", "unknown") or file.isdigit() else file


def _is_number(text: str) -> bool:
    return 0 < len(text) < 10 and text.isascii() and text.isdigit()

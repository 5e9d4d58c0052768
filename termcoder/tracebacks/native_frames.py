"""What the readers of C and C++ logs share: frames from symbol names, and how to run over a log once."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from termcoder.tracebacks.paths import is_library
from termcoder.tracebacks.report import Failure, Frame

_CPP_FILE = re.compile(r"\.(?:cc|cpp|cxx|c\+\+|C|hh|hpp|hxx|h\+\+|ipp|tpp|tcc|inl|ixx|cppm|cu|cuh|mm|ino)$|/c\+\+/")
_CPP_RUNTIME = ("std::", "__gnu_cxx::", "__cxxabiv1::", "__cxa_throw")
_SHARED = re.compile(r"\.so(?:\.[\d.]+)?$|\.dylib$|\.dll$|\.DLL$|^/(?:lib|lib32|lib64|System)/|^linux-vdso")
_RUNTIME_NAME = re.compile(
    r"""(?:[\w:<>,&*\x20]{0,80}?[\x20*&])?(?:
        __fortify_fail | std:: | __gnu_cxx:: | __cxxabiv1:: | __(?:asan|tsan|msan|ubsan|lsan|sanitizer|interceptor)\w*
      | ubsan_handle_\w* | testing:: | Catch:: | doctest:: | google:: | absl:: | boost::stacktrace
      | ___?interceptor_ | __libc_ | __GI_ | __pthread_ | __restore_rt | _dl_ | _IO_ | __cxa_ | __assert
      | __stack_chk_fail | __chk_fail | __clone | __start_thread | _Unwind_ | _ZSt | _ZNSt | _ZNKSt | __kernel_
    )""",
    re.VERBOSE,
)
_RUNTIME_NAMES = re.compile(
    r"""(?:
        _?start | _start | start_thread | clone3? | raise | abort | gsignal | __?kill | malloc | calloc | realloc
      | c?free | memalign | posix_memalign
      | aligned_alloc | strn?dup | mem(?:cpy|move|set|cmp) | str(?:n?cpy|n?cat|n?len|n?cmp|n?casecmp|r?chr|str|to\w+)
      | (?:v?f|v?sn?|v)?printf | f?puts | f(?:write|read|open|close|gets) | s?scanf | qsort | bsearch
      | pthread_\w+ | poll | select | read | write
      | _?exit | quick_exit | __\w+_handlers | malloc_printerr | _int_(?:free|malloc)
      | sysmalloc | unlink_chunk | uw_\w+
      | BaseThreadInitThunk | RtlUserThreadStart | mainCRTStartup | invoke_main | __scrt_\w+
      | __tmainCRTStartup | KiUserExceptionDispatcher
    )$""",
    re.VERBOSE,
)
_RUNTIME_FILE = re.compile(
    r"""(?:^|[/\\])(?:
        vg_replace_(?:malloc|strmem)\.c | libc-start\.[ch] | libc_start_call_main\.h | pthread_(?:create|kill)\.c
      | (?:stl|hashtable|basic|shared_ptr|unique_ptr|alloc|ostream|istream)_?\w*\.(?:h|tcc) | new_allocator\.h
      | invoke\.h | std_function\.h | std_thread\.h | vector\.tcc | clone3?\.S | gtest(?:-\w+)?\.(?:cc|h)
      | catch(?:_\w+)?\.hpp | doctest(?:_fwd)?\.h | assert\.c | raise\.c | abort\.c | thread\.cc
    )$
    | ^\.{1,2}/(?:\.\./)*(?:nptl|stdlib|assert|csu|debug|malloc|string|stdio-common|libio|signal|elf|posix|misc|setjmp)/
    | libstdc\+\+-v3/ | /include/c\+\+/ | /lib/gcc/ | /include/boost/
    | /gcc-\d[^/]*/lib | compiler-rt/ | \\(?:VC|vctools)\\ | (?:/googletest/|/gtest/)src/
    """,
    re.VERBOSE,
)
_QUALIFIERS = re.compile(r"(?: const| volatile| &&?| noexcept|\s*\[clone [^\]]*\]| \[abi:\w+\]|@plt)+$")

LONGEST_LINE = 1500

Read = Callable[[Sequence[str], int], Failure | None]


@dataclass(frozen=True, slots=True)
class Form:
    """One form of failure: `read` is tried on every line that has `mark` in it."""

    mark: str
    read: Read


def scan(lines: Sequence[str], forms: Sequence[Form]) -> Iterator[Failure]:
    """The failures of a log, each read from the line with its mark; the next is sought after its last line."""
    lines = shortened(lines)
    index = 0
    while index < len(lines):
        failure = _read_line(lines, index, forms)
        if failure is not None:
            yield failure
            index = max(index, failure.last)
        index += 1


@dataclass(frozen=True, slots=True)
class Place:
    """Where a log says that a frame is: a source file, or only the program or library (`module`) it lies in."""

    file: str | None = None
    line: str | int | None = None
    column: str | int | None = None
    module: str | None = None


def shortened(lines: Sequence[str]) -> Sequence[str]:
    """The lines, cut where they are longer than any line of a trace: what follows is data."""
    return [line if len(line) <= LONGEST_LINE else line[:LONGEST_LINE] for line in lines]


def make_frame(place: Place, function: str | None, at: int, code: str = "") -> Frame:
    """A frame of native code; whether it is the user's own is judged by its path and its symbol."""
    name = bare_name(function) if function else None
    own = is_own(place.file or place.module, name) and bool(place.file or name)
    line, column = int(place.line or 0) or None, int(place.column or 0) or None
    return Frame(place.file or None, line, name, own, column=column, code=code.strip(), at=at)


@lru_cache(maxsize=8192)
def is_own(path: str | None, function: str | None) -> bool:
    """Whether a frame is the user's own code: no library's path, no symbol of libc, libstdc++ or a sanitizer."""
    name = function or ""
    if _RUNTIME_NAMES.match(name) or _RUNTIME_NAME.match(name):
        return False
    if path is None:
        return not name.startswith("__")
    return not (is_library(path) or _RUNTIME_FILE.search(path) or _SHARED.search(path))


@lru_cache(maxsize=8192)
def bare_name(function: str) -> str | None:
    """A demangled symbol without its argument list and qualifiers; None for an unknown one (`??`)."""
    name = _QUALIFIERS.sub("", function.strip()[:2000])
    if name in ("??", "<null>", "<unknown>", "(unknown)", "???"):
        return None
    start = _arguments_start(name)
    cut = name[:start].rstrip() if start > 0 else name
    return name if not cut or cut.endswith("operator") else cut


def declared_name(declaration: str) -> str:
    """The name in a declaration as gcc writes it: `int Shop::total(int) const [with T = int]` is `Shop::total`."""
    name = bare_name(declaration.partition(" [with ")[0]) or declaration
    depth = 0
    for place in range(len(name) - 1, -1, -1):
        depth += (name[place] in ">)") - (name[place] in "<(")
        if name[place] == " " and depth == 0 and "operator" not in name[:place][-9:]:
            return name[place + 1 :].lstrip("*&")
    return name


def language_of(frames: Iterable[Frame], text: str = "") -> str:
    """`cpp` where the file or symbol of the user's frames (else of any), or `text`, shows C++; else `c`."""
    if "::" in text or "g++" in text or "clang++" in text or "cc1plus" in text:
        return "cpp"
    frames = tuple(frames)
    if any((frame.function or "").startswith(_CPP_RUNTIME) for frame in frames):
        return "cpp"
    frames = [frame for frame in frames if frame.own] or frames
    cpp = any(is_cpp_file(frame.file) or "::" in (frame.function or "") for frame in frames)
    return "cpp" if cpp else "c"


def is_cpp_file(file: str | None) -> bool:
    """Whether a file's name is one of C++."""
    return file is not None and bool(_CPP_FILE.search(file))


def _read_line(lines: Sequence[str], index: int, forms: Sequence[Form]) -> Failure | None:
    line = lines[index]
    for form in forms:
        if form.mark in line:
            failure = form.read(lines, index)
            if failure is not None:
                return failure
    return None


def _arguments_start(name: str) -> int:
    """Where the last pair of brackets opens, if the name ends with it; else -1."""
    depth = 0
    if not name.endswith(")"):
        return -1
    for place in range(len(name) - 1, -1, -1):
        depth += (name[place] == ")") - (name[place] == "(")
        if depth == 0:
            return place
    return -1

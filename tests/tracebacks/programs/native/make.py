"""Makes the logs of C and C++ anew.

Needs gcc, g++, gdb, valgrind, clang, lld, cmake, make, libgtest-dev, catch2, doctest-dev and libgoogle-glog-dev
(Debian's packages of these names). The truths are written here from the programs: see their line numbers.
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
FIXTURES = HERE.parents[1] / "fixtures"
START = [(None, None, "_start", False), ("../csu/libc-start.c", 360, "__libc_start_main_impl", False)]
START += [("../sysdeps/nptl/libc_start_call_main.h", 58, "__libc_start_call_main", False)]
ABORT = [("./stdlib/abort.c", 79, "__GI_abort", False), ("../sysdeps/posix/raise.c", 26, "__GI_raise", False)]
ABORT += [("./nptl/pthread_kill.c", 78, "__pthread_kill_internal", False)]
ABORT += [("./nptl/pthread_kill.c", 44, "__pthread_kill_implementation", False)]
B, S = "/srv/shop/basket.c", "/srv/shop/shop.cpp"
HEADER = "/usr/include/c++/12/bits/"
GDB = "gdb -q -nx -batch -ex 'set debuginfod enabled off' -ex 'run {}' -ex bt ./{}"

# name: (about, format, build, commands, errors); error: (type, message, frames); frame: (file, line, function, own)
CASES = {
    "c/asan": ("AddressSanitizer's report of a use after free", "asan", False,
        "gcc -g -w -fsanitize=address basket.c -o a && ./a freed",
        [("heap-use-after-free", re.compile(r"on address .*"),
          [*START, (B, 31, "main", True), (B, 18, "after_free", True), (B, 12, "total", True)])]),
    "c/asan_null": ("AddressSanitizer's report of a null pointer", "asan", False,
        "gcc -g -w -fsanitize=address basket.c -o a && ./a null",
        [("SEGV", re.compile(r"on unknown address .*"), [*START, (B, 32, "main", True), (B, 11, "total", True)])]),
    "c/asan_double_free": ("AddressSanitizer's report of a double free, its stack beginning in free()", "asan", False,
        "gcc -g -w -fsanitize=address basket.c -o a && ./a twice",
        [("double-free", re.compile(r"on 0x.*"), [*START, (B, 33, "main", True),
          ("../../../../src/libsanitizer/asan/asan_malloc_linux.cpp", 52, "__interceptor_free", False)])]),
    "c/lsan": ("LeakSanitizer's report at a program's end", "lsan", False,
        "gcc -g -w -fsanitize=leak basket.c -o a && ./a leak",
        [("detected memory leaks", "Direct leak of 40 byte(s) in 1 object(s) allocated from",
          [*START[2:], (B, 34, "main", True), (B, 22, "discounts", True),
           ("../../../../src/libsanitizer/lsan/lsan_interceptors.cpp", 75, "__interceptor_malloc", False)])]),
    "c/ubsan": ("UndefinedBehaviorSanitizer without a stack", "ubsan", False,
        "gcc -g -w -fsanitize=undefined basket.c -o a && ./a ints",
        [("runtime error", "signed integer overflow: 2147483647 + 2 cannot be represented in type 'int'",
          [("basket.c", 25, None, True)])]),
    "c/ubsan_stack": ("UndefinedBehaviorSanitizer with a stack", "ubsan", False,
        "gcc -g -w -fsanitize=undefined basket.c -o a && UBSAN_OPTIONS=print_stacktrace=1 ./a ints",
        [("runtime error", "signed integer overflow: 2147483647 + 2 cannot be represented in type 'int'",
          [*START, (B, 35, "main", True), (B, 25, "overflow", True)])]),
    "c/valgrind": ("valgrind's report of a use after free", "valgrind", False,
        "gcc -g -w basket.c -o a && valgrind ./a freed",
        [("Invalid read of size 4", re.compile(r"Address .*"),
          [("basket.c", 31, "main", True), ("basket.c", 18, "after_free", True), ("basket.c", 12, "total", True)])]),
    "c/valgrind_signal": ("valgrind's report of a null pointer, which then ends the program", "valgrind", False,
        "gcc -g -w basket.c -o a && valgrind ./a null",
        [("Invalid read of size 4", "Address 0x8 is not stack'd, malloc'd or (recently) free'd",
          [("basket.c", 32, "main", True), ("basket.c", 11, "total", True)]),
         ("SIGSEGV", "Access not within mapped region at address 0x8",
          [("basket.c", 32, "main", True), ("basket.c", 11, "total", True)])]),
    "c/valgrind_leak": ("valgrind's report of leaks, with nothing else", "valgrind", False,
        "gcc -g -w basket.c -o a && valgrind -q --leak-check=full --show-leak-kinds=definite ./a leak",
        [("definitely lost", "8 bytes in 1 blocks", [("basket.c", 28, "main", True), (None, None, "malloc", False)]),
         ("definitely lost", "40 bytes in 1 blocks",
          [("basket.c", 34, "main", True), ("basket.c", 22, "discounts", True), (None, None, "malloc", False)])]),
    "c/gdb": ("gdb's run and bt of a null pointer", "gdb", False,
        "gcc -g -w basket.c -o a && " + GDB.format("null", "a"),
        [("SIGSEGV", "Segmentation fault.", [("basket.c", 32, "main", True), ("basket.c", 11, "total", True)])]),
    "c/gdb_stop": ("gdb's run without bt: only the place of the signal", "gdb", False,
        "gcc -g -w basket.c -o a && gdb -q -nx -batch -ex 'run null' ./a",
        [("SIGSEGV", "Segmentation fault.", [("basket.c", 11, "total", True)])]),
    "c/assert": ("glibc's assert()", "assert", False, "gcc -g -w basket.c -o a && ./a x",
        [("Assertion", "`basket.count > argc' failed.", [("basket.c", 36, "main", True)])]),
    "c/double_free": ("what glibc aborts for", "glibc", False, "gcc -g -w basket.c -o a && ./a twice",
        [("free()", "double free detected in tcache 2", [])]),
    "c/backtrace": ("backtrace_symbols_fd in a signal's handler", "backtrace", False,
        "gcc -g -w -rdynamic traced.c -o a && ./a",
        [("Error", "signal 11", [(None, None, "_start", False), (None, None, "__libc_start_main", False),
          (None, None, None, False), (None, None, "main", True), (None, None, "price", True),
          (None, None, None, False), (None, None, None, False)])]),
    "c/gcc": ("gcc's errors, warnings and notes", "gcc", True, "gcc -Wall wrong.c",
        [("error", "‘rate’ undeclared (first use in this function)", [("prices.h", 1, "price", True)]),
         ("error", "‘discount’ undeclared (first use in this function)", [("wrong.c", 5, "main", True)]),
         ("error", "‘undeclared’ undeclared (first use in this function)", [("wrong.c", 6, "main", True)]),
         ("error", "expected ‘;’ before ‘}’ token", [("wrong.c", 6, "main", True)])]),
    "c/gcc_plain": ("gcc without source lines, warnings made errors", "gcc", True,
        "echo 'int main(void) { int unused = 1; return 0; }' > plain.c; "
        "gcc -Wall -Werror -fdiagnostics-plain-output plain.c",
        [("error", "unused variable ‘unused’ [-Werror=unused-variable]", [("plain.c", 1, "main", True)])]),
    "c/gcc_fatal": ("a header that is not there", "gcc", True, "gcc missing.c",
        [("fatal error", "tax.h: No such file or directory", [("missing.c", 1, None, True)])]),
    "c/clang": ("clang's errors and notes", "gcc", True, "clang -Wall wrong.c",
        [("error", "use of undeclared identifier 'rate'", [("./prices.h", 1, None, True)]),
         ("error", "use of undeclared identifier 'discount'", [("wrong.c", 5, None, True)]),
         ("error", "use of undeclared identifier 'undeclared'", [("wrong.c", 6, None, True)]),
         ("error", "expected ';' after return statement", [("wrong.c", 6, None, True)])]),
    "c/assembler": ("GNU as", "gcc", True, "printf 'main:\\n  mvo %%rax, %%rbx\\n' > price.s; gcc -c price.s",
        [("Error", "no such instruction: `mvo %rax,%rbx'", [("price.s", 2, None, True)])]),
    "cpp/asan": ("AddressSanitizer in C++", "asan", False,
        "g++ -g -w -fsanitize=address shop.cpp -o a && ./a",
        [("SEGV", re.compile(r"on unknown address .*"), [*START, (S, 23, "main", True),
          (S, 16, "int bill<shop::Order>", True), (S, 12, "shop::Order::total", True)])]),
    "cpp/tsan": ("ThreadSanitizer's report of a data race", "tsan", False,
        "g++ -g -w -fsanitize=thread threads.cpp -o a && ./a",
        [("data race", re.compile(r"(Read|Write) of size 4 .*"),
          [("/srv/shop/threads.cpp", 4, "sell", True)])]),
    "cpp/gdb": ("gdb's run and bt in C++", "gdb", False, "g++ -g shop.cpp -o a && " + GDB.format("", "a"),
        [("SIGSEGV", "Segmentation fault.", [("shop.cpp", 23, "main", True),
          ("shop.cpp", 16, "bill<shop::Order>", True), ("shop.cpp", 12, "shop::Order::total", True)])]),
    "cpp/terminate": ("an exception that nothing catches", "terminate", False, "g++ -g shop.cpp -o a && ./a x",
        [("std::out_of_range", "vector::_M_range_check: __n (which is 7) >= this->size() (which is 1)", [])]),
    "cpp/terminate_lines": ("an exception whose message has two lines", "terminate", False,
        "g++ -g shop.cpp -o a && bash -c './a x y; true'",
        [("std::invalid_argument", "no such order\nask the shop", [])]),
    "cpp/gxx": ("g++'s errors in a member function and in templates", "gcc", True, "g++ -fmax-errors=3 wrong.cpp",
        [("error", "‘item’ was not declared in this scope; did you mean ‘Item’?",
          [("wrong.cpp", 6, "Basket::sum", True)]),
         ("error", "no match for ‘operator*’ (operand types are ‘Item’ and ‘int’)",
          [("wrong.cpp", 9, "twice", True)]),
         ("error", "no match for ‘operator<’ (operand types are ‘Item’ and ‘Item’)",
          [("wrong.cpp", 7, None, True),
           (HEADER + "predefined_ops.h", 45, "__gnu_cxx::__ops::_Iter_less_iter::operator()", False)])]),
    "cpp/ld": ("GNU ld's undefined references, two of them in one function", "ld", True, "g++ unlinked.cpp",
        [("undefined reference", f"to `{name}'", [("unlinked.cpp", None, "main", True)])
         for name in ("shop::total(int)", "shop::Order::sum() const", "price")]),
    "cpp/lld": ("lld's undefined symbols", "lld", True, "g++ -g -fuse-ld=lld unlinked.cpp",
        [("undefined symbol", name, [("unlinked.cpp", 3, "main", True)])
         for name in ("shop::total(int)", "shop::Order::sum() const", "price")]),
    "cpp/gtest": ("GoogleTest", "gtest", False, "g++ tests.cc -lgtest -lgtest_main -o a && ./a",
        [("Failure", "Expected equality of these values:\n  total(2, 3)\n    Which is: -1\n  5\ntea and cake",
          [("tests.cc", 5, "Basket.AddsPrices", True)]),
         ("Failure", "Value of: total(1, 1) > 0\n  Actual: false\nExpected: true",
          [("tests.cc", 6, "Basket.AddsPrices", True)]),
         ("Failure", 'C++ exception with description "no basket" thrown in the test body.',
          [(None, None, "Basket.Throws", True)])]),
    "cpp/catch2": ("Catch2", "catch2", False, "g++ catch.cpp -o a && ./a",
        [("FAILED", "CHECK( total(2, 3) == 5 )\nwith expansion:\n-1 == 5", [("catch.cpp", 6, None, True)]),
         ("FAILED", "due to unexpected exception with message:\nno basket", [("catch.cpp", 9, None, True)])]),
    "cpp/doctest": ("doctest", "doctest", False, "g++ doctests.cpp -o a && ./a",
        [("ERROR", "CHECK( total(2, 3) == 5 ) is NOT correct!\nvalues: CHECK( -1 == 5 )",
          [("doctests.cpp", 6, None, True)]),
         ("ERROR", "test case THREW exception: no basket", [("doctests.cpp", 9, None, True)])]),
    "cpp/glog": ("a failed CHECK of glog, with its stack", "glog", False, "g++ -g checked.cc -lglog -o a && ./a",
        [("Check failed", "count > 0 (0 vs. 0) price must be positive",
          [(None, None, "_start", False), (None, None, "__libc_start_main", False), (None, None, None, False),
           (None, None, "main", True), ("checked.cc", 3, "price", True),
           (None, None, "google::LogMessageFatal::~LogMessageFatal", False)]
          + [(None, None, f"google::LogMessage::{name}", False) for name in ("Flush", "SendToLog", "Fail")])]),
    "cpp/cmake": ("CMake with a call stack", "cmake", True, "cmake .",
        [("CMake Error", re.compile(r'By not providing "FindPricing.cmake"(?s:.*)'),
          [("CMakeLists.txt", 3, "include", True), ("deps.cmake", 4, "need", True),
           ("deps.cmake", 2, "find_package", True)])]),
}  # fmt: skip


def main() -> None:
    """Run the programs of the cases named on the command line, or of all."""
    for name in sys.argv[1:] or CASES:
        text = log_of(CASES[name][3])
        write(name, text, truth(name, text))


def log_of(command: str) -> str:
    """What a command prints, in a folder that is then called /srv/shop."""
    with tempfile.TemporaryDirectory() as folder:
        for file in HERE.iterdir():
            if file.is_file():
                shutil.copy(file, folder)
        done = subprocess.run(["bash", "-c", command], cwd=folder, capture_output=True, check=False)
        text = (done.stdout + done.stderr).decode(errors="replace").replace(folder, "/srv/shop")
        return re.sub(r"/tmp/[\w-]+\.o\b", "/tmp/shop.o", text)


def truth(name: str, text: str) -> dict[str, Any]:
    """The JSON beside a log. A message that has addresses in it is sought in the log by its pattern."""
    about, form, build, _, errors = CASES[name]
    listed = [
        {
            "type": type_,
            "message": message if isinstance(message, str) else found(message, text),
            "handled": False,
            "frames": [dict(zip(("file", "line", "function", "own"), frame, strict=True)) for frame in frames],
        }
        for type_, message, frames in errors
    ]
    head = {"about": about, "language": name.split("/", maxsplit=1)[0], "format": form, "is_build_error": build}
    return {**head, "errors": listed, "root": 0}


def found(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.search(text)
    lines = match[0].partition("\nCall Stack")[0].splitlines()
    return "\n".join(line.removeprefix("  ") for line in lines).strip().rstrip(":")


def write(name: str, text: str, truth: dict[str, Any]) -> None:
    file = FIXTURES / f"{name}.txt"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.with_suffix(".json").write_text(json.dumps(truth, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()

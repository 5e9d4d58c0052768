"""JavaScript and TypeScript: the parser that puts together what the readers of their many forms find."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from termcoder.tracebacks import (
    javascript_build,
    javascript_lint,
    javascript_playwright,
    javascript_records,
    javascript_runtime,
    javascript_tests,
    javascript_tsc,
    javascript_vitest,
)
from termcoder.tracebacks.parser import Parser
from termcoder.tracebacks.report import Failure

_Read = Callable[[Sequence[str]], Iterable[Failure]]

# A stack in a failing test's section belongs to the test, a compiler's error in one to the compiler.
_READERS: tuple[tuple[tuple[str, ...], _Read], ...] = (
    (javascript_tsc.MARKS, javascript_tsc.read),
    (javascript_playwright.MARKS, javascript_playwright.read),
    (javascript_tests.MARKS, javascript_tests.read),
    (javascript_vitest.MARKS, javascript_vitest.read),
    (javascript_build.MARKS, javascript_build.read),
    (javascript_lint.LINT_MARKS, javascript_lint.read_lint),
    (javascript_records.MARKS, javascript_records.read),
    (javascript_runtime.MARKS, javascript_runtime.read),
)


def parse(lines: Sequence[str]) -> Iterator[Failure]:
    """Read every failure; of two readings of the same lines, that of the more telling form."""
    text = "\n".join(lines)
    taken = bytearray(len(lines))
    found: list[Failure] = []
    for marks, read in _READERS:
        if any(mark in text for mark in marks):
            found += _free(read(lines), taken)
    if not found and any(mark in text for mark in javascript_lint.INSTALL_MARKS):
        found += javascript_lint.read_install(lines)
    yield from sorted((failure for failure in found if failure.errors), key=lambda failure: failure.first)


def _free(failures: Iterable[Failure], taken: bytearray) -> Iterator[Failure]:
    """The failures whose lines no other reader has taken; from now on they are taken."""
    free = [failure for failure in failures if taken.find(1, failure.first, failure.last + 1) < 0]
    for failure in free:
        taken[failure.first : failure.last + 1] = b"\1" * (failure.last + 1 - failure.first)
    yield from free


# They are sought in the log as it is, so that colours may stand between two words.
PARSER = Parser(
    "javascript",
    (
        *(
            "    at ",
            "\tat ",
            ")\nat ",
            "Uncaught",
            "UnhandledPromiseRejection",
            "JavaScript heap",
            "@http",
            "^\n",
            "^\r",
        ),
        *("Error: ", "Error [", "error TS", " TS", "[ERROR]: ", "● ", " failing", "✖ ", "not ok ", "FAIL  ", "⎯", "❯ "),
        *(
            "ERROR",
            "✘ ",
            "⨯ ",
            "[vite",
            "[!] ",
            "error during build",
            "Failed to compile",
            " problem",
            "  error  ",
            '"stack',
        ),
        *(" - Error: ", "[plugin:", "prerendering page"),
        *(
            "npm ERR!",
            "npm error",
            "ERR_PNPM_",
            "ELIFECYCLE",
            "error Command failed",
            "➤ YN0",
            "The above error occurred",
        ),
    ),
    parse,
)

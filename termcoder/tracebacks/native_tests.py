"""Reads failing tests of C++: GoogleTest, Catch2 and doctest. Each failed check is a failure of its own."""

import re
from collections.abc import Callable, Iterable, Sequence

from termcoder.tracebacks.native_frames import Place, make_frame, shortened
from termcoder.tracebacks.parser import Parser
from termcoder.tracebacks.report import Certainty, Failure, LoggedError

_PATH = r"(?P<file>(?:[A-Za-z]:[\\/])?[^:\n()]+?\.\w+)"
_GTEST = re.compile(
    rf"\s*(?:{_PATH}(?::(?P<line>\d+):|\((?P<bracket>\d+)\):)|unknown file:) (?P<type>Failure"
    rf"|error)(?:: (?P<rest>.*))?$"
)
_RUN = re.compile(r"\[ RUN      \] (?P<name>\S+)")
_FAILED = re.compile(r"\[  FAILED  \] (?P<name>\S*[./]\S*?)(?:, where .*?)?(?:, where .*)?(?: \((?P<time>\d+) ms\))?$")
_CATCH = re.compile(rf"\s*{_PATH}(?::(?P<line>\d+)|\((?P<bracket>\d+)\)): (?P<type>FAILED):(?P<rest>.*)$")
_DOCTEST = re.compile(
    rf"\s*{_PATH}(?::(?P<line>\d+):|\((?P<bracket>\d+)\):) (?P<type>FATAL ERROR|ERROR): (?P<message>.*)"
)
_RULE = re.compile(r"\s*(?:-{40,}|={40,}|\.{40,}|~{40,})\s*$")
_LONGEST = 60


def parse(lines: Sequence[str]) -> Iterable[Failure]:
    """The failed checks of tests; a failed test of which the log shows no check is one too."""
    reader = _Reader(shortened(lines))
    while reader.at < len(lines):
        failure = reader.read()
        if failure is not None:
            yield failure
        reader.at += 1
    yield from reader.unexplained()


class _Reader:
    """Goes through a log, with the test that is running."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines
        self.at = 0
        self._test: str | None = None
        self._explained: set[str] = set()
        self._failed: dict[str, int] = {}

    def read(self) -> Failure | None:
        """The failed check that begins at this line; moves to its last one."""
        line = self._lines[self.at]
        if "[ " in line:
            self._read_progress(line)
        elif "Failure" in line or (self._test and "error: " in line):
            return self._gtest(line)
        elif ": FAILED:" in line:
            return self._catch(line)
        elif "ERROR: " in line:
            return self._doctest(line)
        return None

    def unexplained(self) -> Iterable[Failure]:
        """The tests of GoogleTest that only the list at the end names."""
        for name, at in self._failed.items():
            if name not in self._explained:
                frame = make_frame(Place(), name, at)
                error = LoggedError("FAILED", name, (frame,), at=at)
                yield Failure("cpp", "gtest", (error,), at, at, certainty=Certainty.LIKELY)

    def _read_progress(self, line: str) -> None:
        if match := _RUN.search(line):
            self._test = match["name"]
        elif "[       OK ]" in line or "[  SKIPPED ]" in line:
            self._test = None
        elif match := _FAILED.search(line):
            self._failed.setdefault(match["name"].rstrip(","), self.at)
            self._test = None

    def _gtest(self, line: str) -> Failure | None:
        match = _GTEST.match(line)
        if match is None or (match["type"] == "error" and not self._test):
            return None
        first = self.at
        body = self._body(lambda text: "[  " in text or "[ RUN" in text or bool(_GTEST.match(text)))
        message = "\n".join([*([match["rest"]] if match["rest"] else []), *body]).strip("\n")
        if self._test:
            self._explained.add(self._test)
        return self._failure("gtest", match, message, first)

    def _catch(self, line: str) -> Failure | None:
        match = _CATCH.match(line)
        if match is None:
            return None
        first = self.at
        body = self._body(lambda text: not text.strip() or bool(_RULE.match(text)))
        message = "\n".join([*([match["rest"].strip()] if match["rest"].strip() else []), *_dedented(body)])
        self._test = None
        return self._failure("catch2", match, message, first)

    def _doctest(self, line: str) -> Failure | None:
        match = _DOCTEST.match(line)
        if match is None or not _is_doctest(match["message"]):
            return None
        first = self.at
        body = self._body(lambda text: not text.strip() or bool(_RULE.match(text)))
        self._test = None
        return self._failure("doctest", match, "\n".join([match["message"], *_dedented(body)]), first)

    def _body(self, ends: Callable[[str], bool]) -> list[str]:
        """The lines below a failed check, up to one that `ends` it; moves to the last of them."""
        start = self.at + 1
        stop = min(len(self._lines), start + _LONGEST)
        end = next((at for at in range(start, stop) if ends(self._lines[at])), stop)
        while end > start and not self._lines[end - 1].strip():
            end -= 1
        self.at = end - 1
        return [line.rstrip() for line in self._lines[start:end]]

    def _failure(self, name: str, match: re.Match[str], message: str, first: int) -> Failure:
        place = Place(match["file"], match["line"] or match["bracket"])
        frames = (make_frame(place, self._test, first),) if match["file"] or self._test else ()
        error = LoggedError(match["type"], message.rstrip(), frames, at=first)
        return Failure("cpp", name, (error,), first, max(first, self.at))


def _dedented(lines: Sequence[str]) -> list[str]:
    """The lines without what they are all indented by in a report."""
    return [line.strip() for line in lines]


def _is_doctest(message: str) -> bool:
    """Whether it is a check (`CHECK( x == 2 ) is NOT correct!`), an exception or a crash of a test."""
    return "is NOT correct!" in message or message.startswith(("test case ", "CHECK", "REQUIRE")) or "threw" in message


PARSER = Parser("native-tests", ("Failure", "[  FAILED  ]", ": FAILED:", " is NOT correct!", "test case "), parse)

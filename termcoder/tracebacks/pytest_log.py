"""Reads pytest's output: failures and errors in every style of --tb, and the short summary where it stands alone."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from termcoder.tracebacks.exception_lines import TRACEBACK, plain_tracebacks
from termcoder.tracebacks.parser import Parser
from termcoder.tracebacks.pytest_body import BodyReader, Told
from termcoder.tracebacks.pytest_summary import Summary, read_summary
from termcoder.tracebacks.python_lines import owns
from termcoder.tracebacks.report import Certainty, Failure, Frame, LoggedError

_BANNER = re.compile(r"\s*=+ (?P<text>\S.*?) =+\s*$")
_TITLE = re.compile(r"(?P<indent>\s*)(?:_+|―+) (?P<title>[^_―\s].*?|_+[^_\s].*?) (?:_+|―+)\s*$")
_OUTPUT = re.compile(r"\s*-+ ?(?:Captured |>> ?)(?:stdout|stderr|log|out|err)\b.*-\s*$")
_TOTALS = re.compile(r"\s*\d+ (?:failed|passed|errors?|skipped|deselected|xfailed|xpassed|warnings?)\b.* in [\d.]+s")
_HEADS = " \t=_―I123456789"
_OTHER = ("!!!!!!", "=====", "_____", "- generated ", "-- Docs: ")
_INTERNAL = "INTERNALERROR>"
_CONFTEST = "ImportError while loading conftest"
_WORDS = ("ERROR collecting ", "ERROR at setup of ", "ERROR at teardown of ", "ERROR at call of ", "[doctest] ")
_CRASHED = re.compile(r"worker '\w+' crashed while running '(?P<file>[^':]+)::(?P<names>[^']+)'")
_TEST_NAME = re.compile(r"[\w.]+")
_REACH = 400  # lines before the first E line that belong to a trace whose title is missing


@dataclass(frozen=True, slots=True)
class _Section:
    """Lines `start` to `end` (not included) below a title, or below no title where the log begins in the middle.

    - `area`: the banner above: FAILURES, ERRORS, or "" where there is none.
    """

    title: str
    area: str
    first: int
    start: int
    end: int
    indent: int = 0

    @property
    def key(self) -> str:
        """The test's name as the summary has it, its `::` as dots."""
        title = self.title
        for word in _WORDS:
            title = title.removeprefix(word)
        return title

    @property
    def test(self) -> str | None:
        """The function of the test, if the title names one."""
        if self.title.startswith("ERROR "):
            return None
        found = _TEST_NAME.match(self.key)
        return found[0].strip(".").rpartition(".")[2] if found else None


def parse(lines: Sequence[str]) -> Iterable[Failure]:
    """Every failed test once, with its section's frames where there are any, else as the summary tells it."""
    sections, summaries = _divide(lines)
    found = [*_internal_errors(lines)]
    told: set[str] = set()
    untitled = False
    by_key = {entry.key: entry for entry in summaries}
    for section in sections:
        summary = by_key.get(section.key)
        failures = list(_read(lines, section, summary))
        found += failures
        if failures:
            told |= {section.key, *_crashed_in(failures)}
            untitled = untitled or not section.title
    if not untitled:
        known = told | {key.partition(" ")[0] for key in told}
        found += [_from_summary(entry) for entry in summaries if entry.key not in known]
    return sorted(found, key=lambda failure: failure.first)


def _crashed_in(failures: Sequence[Failure]) -> Iterator[str]:
    """The tests that a worker's crash names, as the summary has them."""
    for failure in failures:
        found = _CRASHED.search(failure.errors[-1].message)
        if found:
            yield found["names"].replace("::", ".")


def _divide(lines: Sequence[str]) -> tuple[list[_Section], list[Summary]]:
    """The sections that may hold failures, and the lines of the short summary."""
    sections: list[_Section] = []
    summaries: list[Summary] = []
    area, title, indent, first = "", "", 0, 0
    for at, line in enumerate(lines):
        if line[:1] not in _HEADS and "FAIL" not in line and "ERROR" not in line:
            continue  # what nearly all lines are told by
        heading = _heading(line)
        if heading is None:
            entry = read_summary(line, at, in_summary=area.startswith("short test summary"))
            if entry:
                summaries.append(entry)
            continue
        if _may_fail(area):
            sections.append(_Section(title, area, first, first + bool(title), at, indent))
        area = area if heading[0] == "title" else heading[1]
        title, indent, first = (heading[1], heading[2], at) if heading[0] == "title" else ("", 0, at + 1)
    if _may_fail(area):
        sections.append(_Section(title, area, first, first + bool(title), len(lines), indent))
    return sections, summaries


def _heading(line: str) -> tuple[str, str, int] | None:
    """("title", its text, its indentation), ("banner", the area it opens, 0), or None."""
    text = line.strip()
    if not text or text[0] not in "=_―I123456789":
        return None
    if text[0] == "=" and text[-1] == "=":
        found = _BANNER.match(line)
        return ("banner", _area(found["text"]), 0) if found else None
    if text[0] in "_―" and text[-1] in "_―":
        found = _TITLE.match(line)
        return ("title", found["title"], len(found["indent"])) if found else None
    if text.startswith(_CONFTEST):
        return "title", "ERROR collecting " + text.partition("'")[2].rpartition("'")[0], len(line) - len(line.lstrip())
    return ("banner", "", 0) if text[-1] == "s" and _TOTALS.match(line) else None


def _area(banner: str) -> str:
    known = banner in ("FAILURES", "ERRORS") or banner.startswith(("short test summary", "warnings summary"))
    known = known or banner in ("PASSES", "XFAILURES", "XPASSES") or banner.startswith(("slowest", "rerun"))
    return banner if known else ""


def _may_fail(area: str) -> bool:
    return area in ("", "FAILURES", "ERRORS")


def _read(lines: Sequence[str], section: _Section, summary: Summary | None) -> Iterator[Failure]:
    """The failures of one section."""
    if not section.title:
        yield from _untitled(lines, section)
        return
    stop = next((at for at in range(section.start, section.end) if _is_output(lines[at])), section.end)
    found = [_with_place(failure, summary) for failure in _entries(lines, section, section.start, stop)]
    if not found or (stop > section.start and any(TRACEBACK in lines[at] for at in range(section.start, stop))):
        found = _plain(lines, section, stop) or found
    if not found and section.area:
        found = list(_bare(lines, section, stop, summary))
    last = _last_of(lines, section)
    for number, failure in enumerate(found):
        is_last = number == len(found) - 1
        yield replace(
            failure,
            first=section.first if number == 0 else failure.first,
            last=max(last, failure.last) if is_last else failure.last,
        )


def _with_place(failure: Failure, summary: Summary | None) -> Failure:
    """--tb=line tells of an error in a fixture only what it was: the summary knows of which test."""
    *before, error = failure.errors
    if error.frames or summary is None:
        return failure
    frame = Frame(summary.file, None, summary.function, owns(summary.file), at=error.at)
    return replace(failure, errors=(*before, replace(error, frames=(frame,))))


def _is_output(line: str) -> bool:
    return "-- " in line and _OUTPUT.match(line) is not None


def _last_of(lines: Sequence[str], section: _Section) -> int:
    """The last line of a section; where nothing closes it, other text may follow, so that the failure says."""
    if section.end == len(lines) and not section.area:
        return section.first
    return next((at for at in range(section.end - 1, section.first, -1) if lines[at].strip()), section.first)


def _entries(lines: Sequence[str], section: _Section, start: int, stop: int) -> Iterator[Failure]:
    reader = BodyReader(lines, section.test, line_style=bool(section.area) and not section.title)
    for at in range(start, stop):
        line = lines[at]
        reader.take(at, line[section.indent :] if line[: section.indent].isspace() else line)
    reader.finish()
    yield from _failures(reader.done, bool(section.title or section.area))


def _failures(told: Sequence[Told], titled: bool) -> Iterator[Failure]:
    """One failure for each chain of errors."""
    chain: list[Told] = []
    for each in told:
        chain.append(each)
        if each.link is None:
            whole = titled and all(entry.whole and entry.error.frames for entry in chain)
            certainty = Certainty.CERTAIN if whole else Certainty.LIKELY
            errors = tuple(entry.error for entry in chain)
            yield Failure("python", "pytest", errors, chain[0].first, each.last, certainty=certainty)
            chain = []


def _plain(lines: Sequence[str], section: _Section, stop: int) -> list[Failure]:
    """What --tb=native, doctests and exception groups show: Python's own form."""
    stop = next((at for at in range(section.start, stop) if lines[at].endswith(": UnexpectedException")), stop)
    found = plain_tracebacks(lines[section.start : stop], section.start)
    return [replace(failure, format="pytest", ends_program=None) for failure in found[:1]]


def _bare(lines: Sequence[str], section: _Section, stop: int, summary: Summary | None) -> Iterator[Failure]:
    """A section of words only: an unexpected pass, wrong parameters, a worker that crashed."""
    texts = [lines[at].strip() for at in range(section.start, stop)]
    crashed = next((found for text in texts if "crashed" in text and (found := _CRASHED.search(text))), None)
    texts = [text for text in texts if text and not text.startswith(("[gw", *_OTHER))]
    if not texts:
        return
    word = "ERROR" if section.area == "ERRORS" else "FAILED"
    kind = summary.type if summary and summary.type not in ("", "AssertionError", "FAILED", "ERROR") else word
    file = summary.file if summary else (section.key if section.title.startswith("ERROR collecting") else None)
    function = section.test
    if crashed:
        file, function = crashed["file"], crashed["names"].rpartition("::")[2].partition("[")[0]
    frames = (Frame(file, None, function, owns(file), at=section.first),) if file else ()
    error = LoggedError(kind, "\n".join(texts), frames, section.first)
    yield Failure("python", "pytest", (error,), section.first, section.first)


def _untitled(lines: Sequence[str], section: _Section) -> Iterator[Failure]:
    """The lines of --tb=line, or a trace whose title the log doesn't have."""
    if section.area:
        yield from _entries(lines, section, section.start, section.end)
        return
    said = next((at for at in range(section.start, section.end) if _says(lines[at])), None)
    if said is None:
        return
    indent = len(lines[said]) - len(lines[said].lstrip())
    start = max(section.start, said - _REACH)
    for failure in _entries(lines, replace(section, indent=indent), start, section.end):
        placed = failure.errors[-1].frames or failure.errors[-1].type != "error"
        if placed and any(_says(lines[at]) for at in range(failure.first, failure.last + 1)):
            yield failure


def _says(line: str) -> bool:
    return "E  " in line and line.lstrip().startswith("E  ")


def _internal_errors(lines: Sequence[str]) -> Iterator[Failure]:
    """What went wrong in pytest itself or in a plugin."""
    marked = [at for at, line in enumerate(lines) if _INTERNAL in line]
    if not marked:
        return
    first, last = marked[0], marked[-1]
    texts = [line.partition(_INTERNAL)[2].removeprefix(" ") for line in lines[first : last + 1]]
    for failure in plain_tracebacks(texts, first):
        yield replace(failure, format="pytest", ends_program=True)


def _from_summary(entry: Summary) -> Failure:
    frame = Frame(entry.file, None, entry.function, owns(entry.file), at=entry.at)
    error = LoggedError(entry.type, entry.message, (frame,), entry.at)
    return Failure("python", "pytest", (error,), entry.at, entry.at, certainty=Certainty.LIKELY)


PARSER = Parser(
    "pytest",
    ("= FAILURES =", "= ERRORS =", "short test summary", "E   ", _INTERNAL, _CONFTEST, "FAILED ", "ERROR "),
    parse,
)

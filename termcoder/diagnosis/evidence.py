"""What the model is shown of an incident: parts of source and log, the most telling last, secrets hidden."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from termcoder import syntax
from termcoder.diagnosis.incident import Incident, Place, Step
from termcoder.diagnosis.meanings import meaning_of
from termcoder.redact import PLACEHOLDER, Redacted, redact
from termcoder.tracebacks import LoggedError, Relation

FUNCTION_LINES = 70
"""A longer function is shown as the lines around the place."""
AROUND_CULPRIT, AROUND_CALLER = 15, 5
CALLERS = 4
LONGEST_LINE = 500
LOG_HEAD, LOG_TAIL, LOG_AROUND = 15, 45, 8

ReadText = Callable[[str], str | None]
"""The text of a project's file, or None where it can't be read."""


@dataclass(frozen=True, slots=True)
class Region:
    """Lines `first` to `last` of a project's file; `text` is the whole file. `name`: the function they are, or ""."""

    path: str
    text: str
    first: int
    last: int
    line: int
    name: str = ""

    @property
    def lines(self) -> list[str]:
        """The region's lines, without line ends."""
        return [line.removesuffix("\r") for line in self.text.split("\n")[self.first - 1 : self.last]]

    def numbered(self, lines: Sequence[str] | None = None) -> str:
        """The lines with their numbers, the place marked."""
        shown = self.lines if lines is None else lines
        return "\n".join(
            f"{'>' if number == self.line else ' '}{number:>5}| {line}" for number, line in enumerate(shown, self.first)
        )


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of the prompt. `name` is what a user is told when it doesn't fit."""

    name: str
    text: str


@dataclass(frozen=True)
class Evidence:
    """The parts, least important first, without secrets; `secrets` puts them back into what the model writes."""

    parts: tuple[Part, ...]
    secrets: Redacted
    region: Region | None
    code: tuple[str, ...]
    """The region's lines without secrets."""
    left_out: tuple[str, ...] = ()

    def restored(self, lines: Sequence[str]) -> tuple[str, ...] | None:
        """The model's lines with the secrets back in; None where it made one up."""
        text = self.secrets.restore("\n".join(lines))
        return None if PLACEHOLDER.search(text) else tuple(text.split("\n"))


def region_of(place: Place, read: ReadText, around: int = AROUND_CULPRIT) -> Region | None:
    """The function around a place, or the lines around it; None where the file or the line isn't there."""
    text = read(place.path)
    if text is None:
        return None
    count = _line_count(text)
    if not 1 <= place.line <= count:
        return None
    scope = syntax.enclosing(place.path, text, place.line)
    if scope and scope[1] - scope[0] < FUNCTION_LINES:
        return Region(place.path, text, scope[0], scope[1], place.line, scope[2])
    return Region(place.path, text, max(1, place.line - around), min(count, place.line + around), place.line)


def _line_count(text: str) -> int:
    return text.count("\n") + (not text.endswith("\n"))


def gather(incident: Incident, index: int, read: ReadText, place: Place | None = None) -> Evidence:
    """What to show of one error. `place`: where to look, if not at the culprit. Reads files: call it in a thread."""
    lead = incident.lead(index)
    place = place or (lead.place if lead and lead.located else None)
    region = region_of(place, read) if place else None
    log_parts = list(_log_parts(incident, index))
    parts = [*log_parts, *_caller_parts(incident, index, read, region)]
    if region:
        parts.append(Part(f"{region.path}:{region.first}-{region.last}", _file_text(region)))
    texts, hidden = _hidden([*(part.text for part in parts), "\n".join(region.lines) if region else ""])
    texts[: len(log_parts)] = map(_cut, texts[: len(log_parts)])
    shown = tuple(Part(part.name, text) for part, text in zip(parts, texts, strict=False))
    return Evidence(shown, hidden, region, tuple(texts[-1].split("\n")) if region else (), _left_out(incident, index))


def _hidden(texts: Sequence[str]) -> tuple[list[str], Redacted]:
    """The texts without secrets, hidden as one text so that a secret has one number; that has as many lines as before.

    A text's end is seen by the number of its lines, as a private key's begin and end may stand in two of them.
    """
    hidden = redact("\n".join(texts))
    lines = iter(hidden.text.split("\n"))
    return ["\n".join(islice(lines, text.count("\n") + 1)) for text in texts], hidden


def _cut(text: str) -> str:
    return "\n".join(line[:LONGEST_LINE] for line in text.split("\n"))


def _file_text(region: Region) -> str:
    what = f' function="{region.name}"' if region.name else ""
    return f'<file path="{region.path}"{what}>\n{region.numbered()}\n</file>'


def _caller_parts(incident: Incident, index: int, read: ReadText, culprit: Region | None) -> Iterator[Part]:
    steps = [step for step in incident.steps[index] if step.located and step.place]
    once = {step.place: step for step in reversed(steps[-CALLERS - 1 :])}
    for step in reversed(once.values()):
        region = _caller(step, read)
        if region and not (culprit and _within(region, culprit)):
            yield Part(f"{region.path}:{region.first}-{region.last}", _file_text(region))


def _caller(step: Step, read: ReadText) -> Region | None:
    place = step.place
    text = read(place.path) if place else None
    if place is None or text is None:
        return None
    count = _line_count(text)
    first, last = max(1, place.line - AROUND_CALLER), min(count, place.line + AROUND_CALLER)
    return Region(place.path, text, first, last, place.line) if place.line <= count else None


def _within(region: Region, culprit: Region) -> bool:
    return region.path == culprit.path and culprit.first <= region.line <= culprit.last


def _excerpt(incident: Incident, index: int) -> tuple[int, int]:
    """The lines of the log that belong to an error's failure."""
    failure = incident.failure(index)
    return failure.first, failure.last


def _lines(log: str) -> list[str]:
    """The log's lines, counted as in its report; of a line that was written over, what was seen last."""
    lines = log.removesuffix("\n").split("\n")
    return [line.rstrip("\r").rpartition("\r")[2] if "\r" in line else line for line in lines]


def _log_parts(incident: Incident, index: int) -> Iterator[Part]:
    lines = _lines(incident.log)
    first, last = _excerpt(incident, index)
    before = lines[max(0, first - 1 - LOG_AROUND) : first - 1]
    after = lines[last : last + LOG_AROUND]
    if any(line.strip() for line in before):
        yield Part(f"{_counted(before)} before the error", _tagged("log_before", before))
    if any(line.strip() for line in after):
        yield Part(f"{_counted(after)} after the error", _tagged("log_after", after))
    shown = lines[first - 1 : last]
    if len(shown) > LOG_HEAD + LOG_TAIL:
        shown = [*shown[:LOG_HEAD], "...", *shown[-LOG_TAIL:]]
    yield Part("the error's own log lines", _tagged("log", shown))


def _counted(lines: Sequence[str]) -> str:
    return "1 log line" if len(lines) == 1 else f"{len(lines)} log lines"


def _tagged(tag: str, lines: Sequence[str]) -> str:
    return "\n".join([f"<{tag}>", *(line[: 8 * LONGEST_LINE] for line in lines), f"</{tag}>"])


def _left_out(incident: Incident, index: int) -> tuple[str, ...]:
    first, last = _excerpt(incident, index)
    middle = max(0, last - first + 1 - LOG_HEAD - LOG_TAIL)
    rest = max(0, first - 1 - LOG_AROUND) + max(0, incident.report.lines - last - LOG_AROUND) + middle
    return (f"{rest:,} other lines of the log",) if rest else ()


def described(incident: Incident, index: int) -> str:
    """The errors of a failure in words, and the way to the place: what the task repeats after all the text."""
    failure = incident.failure(index)
    lines = []
    for number, error in zip(incident.related(index)[-6:], failure.errors[-6:], strict=True):
        lines.append(f"{_headline(error)}{_AFTERWARDS.get(error.relation, '')}")
        if meaning := meaning_of(error):
            lines.append(f"  This means: {meaning}.")
        own = [step for step in incident.steps[number] if step.own and step.place]
        if own:
            lines.append("  at " + " -> ".join(str(step.place) for step in own[-6:]))
    return redact("\n".join(lines)).text


_AFTERWARDS = {
    Relation.CAUSE: " (it caused the next error)",
    Relation.CONTEXT: " (the next error came while this one was handled)",
}


def _headline(error: LoggedError) -> str:
    message = error.message[:600]
    return f"{error.type}: {message}" if message else error.type

r"""Makes plain lines of what people paste: colours, Markdown and prefixes that every line shares are taken off.

A log of several processes is taken apart into its streams, so that each parser reads one process at a time.
Everything here keeps line numbers: line i of a stream says which line of the log it was.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

ESCAPE = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b\n]*(?:\x07|\x1b\\)?|[PX^_][^\x1b\n]*(?:\x1b\\)?|[ -/]*[0-~])"
    r"|\x9b[0-?]*[ -/]*[@-~]"
)
_LOST_ESCAPE = re.compile(r"(?<![\w\])])\[(?:\d{1,3}(?:;\d{1,3})*)?m")
"""What is left of a colour where the escape character was lost on the way through a clipboard."""
_SHOWN_ESCAPE = re.compile(r"(?:\\x1b|\\u001b|\\033|\\e|\^\[|␛|�)\[[\d;]*m")
_FENCE = re.compile(r"[ \t>]*(?:```|~~~)[\w+#.-]*[ \t]*$")
_QUOTED = re.compile(r"> ?")

_SAMPLE = 2_000  # lines looked at to find out about prefixes
_MOST = 0.9  # the part of lines that must have a prefix for it to be one
_MANY = 0.5  # the same for times: some lines of a log continue the line before
_COMPOSED = 0.6  # the same for Docker Compose, which says between the lines what it starts and what has ended
_STREAMS = 64


@dataclass(frozen=True, slots=True)
class Stream:
    """The lines of one process, and their numbers in the log, from 1."""

    lines: Sequence[str]
    numbers: Sequence[int]


@dataclass(frozen=True, slots=True)
class _Prefix:
    """A prefix that lines may share. Its group "id", where it has one, tells processes apart."""

    pattern: re.Pattern[str]
    share: float = _MOST


_MONTHS = r"[^\W\d_]{3,5}\.?|\d{1,2}月"  # in whatever language
_CLOCK = r"\d\d:\d\d:\d\d(?:[.,]\d{1,9})?"
_ISO = rf"\d{{4}}[-/]\d\d[-/]\d\d[T ]{_CLOCK}(?: ?(?:Z|UTC|[+-]\d\d:?\d\d))?"
_COMPOSE = re.compile(r"(?P<id>[A-Za-z][\w./-]{0,60}?(?: [\w./-]{1,30}){0,2}?)(?: {2,}\|| \|| ?\|)(?: |$)")
_PREFIXES = (
    _Prefix(_COMPOSE, _COMPOSED),
    _Prefix(
        re.compile(rf"(?:{_MONTHS}) [ \d]\d \d\d:\d\d:\d\d (?P<id>[\w.-]+ [\w./@-]+(?:\[\d+\])?): ?"), _MANY
    ),  # syslog
    _Prefix(re.compile(rf"{_ISO} (?P<id>[\w.-]+ [\w./@-]+\[\d+\]): ?")),  # journald's other form
    _Prefix(re.compile(rf"{_ISO} (?P<id>[\w.-]+\[[\w.-]+\]): ?")),  # Heroku
    _Prefix(re.compile(rf"{_ISO} (?:stdout|stderr) [FP](?: |$)")),  # the container runtime's own files
    _Prefix(re.compile(r"\[pod/(?P<id>[\w./-]+)\] ?")),  # kubectl logs --prefix
    _Prefix(re.compile(rf"(?:\[{_ISO}\](?:\[[\w.-]{{1,20}}\])*|{_ISO})(?:[ \t]|$)"), _MANY),
    _Prefix(re.compile(rf"(?:\[{_CLOCK}\]|{_CLOCK}(?: \|)?)(?:[ \t]|$)"), _MANY),
    _Prefix(re.compile(r"[^\t]{1,80}\t[^\t]{1,80}\t\d{4}-\d\d-\d\dT[\d:.]+Z ")),  # gh run view --log
    _Prefix(
        re.compile(
            r"\[(?P<id>(?!(?i:info|error|warn|warning|debug|fatal|critical|trace)\])[\w./:#@ -]{1,40})\]:?(?: |$)"
        )
    ),
    _Prefix(re.compile(r"\((?P<id>[\w./:# -]*(?:\d|[Ww]orker|pid)[\w./:# -]{0,30})\) ")),
    _Prefix(re.compile(r"\d{1,5}\.\d{2,4}(?: |$)"), _MANY),  # BuildKit's, of one step
    _Prefix(re.compile(r"(?P<id>[\w.-]{1,40}\.\d{1,3}): ")),  # foreman, heroku local
    _Prefix(re.compile(r"(?P<id>\d{1,3}\|[\w@./-]{1,60}) *\|(?: |$)")),  # pm2
    _Prefix(
        re.compile(
            r"(?P<id>(?!(?:ERROR|CRITICAL|WARNING|INFO|DEBUG):)@?[\w.-]{1,60}(?:/[\w.-]{1,60})?[:#][A-Za-z][\w:-]{0,40}"
            r"|(?:\.|@?[\w.-]{1,60}(?:/[\w.-]{1,60}){1,5}) [\w.:-]{1,40}|@[\w.-]{1,60}/[\w.-]{1,60}):(?: |$)"
        ),
        _MANY,
    ),  # turbo, pnpm, lerna
    _Prefix(re.compile(r"(?:ERROR|CRITICAL|WARNING|INFO|DEBUG)(?:[: |-]{1,3}[\w.]+)? ?[:|-] (?=[ T])")),
)
_LAYERS = 4

_STEP = re.compile(r"#(?P<step>\d{1,4}) (?=\d{1,5}\.\d{1,4}(?: |$))")
_STEP_TIME = re.compile(r"\d{1,5}\.\d{1,4}(?: |$)")


def clean(text: str) -> list[Stream]:
    """The streams of a log, each of plain lines."""
    lines = _plain_lines(text)
    streams = _peeled([Stream(lines, range(1, len(lines) + 1))])
    if "#" not in text and "------" not in text:
        return streams
    steps = [part for stream in streams for part in _without_steps(stream)]
    return _peeled(steps) if len(steps) > len(streams) else steps


def _peeled(streams: list[Stream]) -> list[Stream]:
    """The streams without the prefixes that the lines of each share, layer by layer."""
    for _ in range(_LAYERS):
        split = [part for stream in streams for part in _without_prefix(stream)]
        if len(split) == len(streams) and all(a is b for a, b in zip(split, streams, strict=True)):
            break
        streams = split
    return streams


def _without_steps(stream: Stream) -> Iterator[Stream]:
    """The stream with the output of each of BuildKit's steps taken out: a step is a process, and they run at once.

    Of a failed step the last lines are shown again at the end; these are left empty.
    """
    steps: dict[str, tuple[list[str], list[int]]] = {}
    kept: list[str] = []
    shown: set[str] = set()
    again = False
    for line, number in zip(stream.lines, stream.numbers, strict=True):
        found = _STEP.match(line) if line.startswith("#") else None
        if found:
            lines, numbers = steps.setdefault(found["step"], ([], []))
            lines.append(line[found.end() :])
            shown.add(line[found.end() :])
            numbers.append(number)
        elif line.startswith((" > [", "------")):
            again = line[1] == ">"
        time = _STEP_TIME.match(line) if again and not found else None
        if time:
            kept.append("" if line in shown else line[time.end() :])
        else:
            kept.append("" if found else line)
    yield Stream(kept, stream.numbers) if steps or kept != stream.lines else stream
    for lines, numbers in steps.values():
        yield Stream([_STEP_TIME.sub("", line, count=1) for line in lines], numbers)


def _plain_lines(text: str) -> list[str]:
    """Lines without line ends, colours, fences and quotation marks. Their number never changes."""
    if "\r" in text:
        text = text.replace("\r\n", "\n")
    if "\x1b" in text or "\x9b" in text:
        text = ESCAPE.sub("", text)
    text = _without_visible_escapes(text)
    if "##[error]" in text:
        text = text.replace("##[error]", "")
    if "#011" in text:  # rsyslog's tab
        text = text.replace("#011at ", "\tat ").replace("#011... ", "\t... ")
    lines = text.split("\n")
    if lines and not lines[-1]:
        lines.pop()
    if "\r" in text:
        lines = [line.rstrip("\r").rpartition("\r")[2] if "\r" in line else line for line in lines]
    if "```" in text or "~~~" in text:
        lines = ["" if _FENCE.match(line) else line for line in lines]
    return _unquoted(lines)


def _without_visible_escapes(text: str) -> str:
    if "[0m" not in text and "[m" not in text:
        return text
    return _LOST_ESCAPE.sub("", _SHOWN_ESCAPE.sub("", text))


def _unquoted(lines: list[str]) -> list[str]:
    sample = [line for line in lines[:_SAMPLE] if line.strip()]
    if not sample or sum(line.startswith(">") for line in sample) < _MOST * len(sample):
        return lines
    return [_QUOTED.sub("", line, count=1) if line.startswith(">") else line for line in lines]


def _without_prefix(stream: Stream) -> Iterator[Stream]:
    """The stream without the first prefix that its lines share, taken apart where that names processes."""
    sample = [line for line in _sampled(stream.lines) if line.strip()]
    for prefix in _PREFIXES:
        if len(sample) > 1 and _is_shared(prefix, sample):
            yield from _split(stream, prefix.pattern)
            return
    yield stream


def _sampled(lines: Sequence[str]) -> Sequence[str]:
    """Some lines from the whole of a long log."""
    if len(lines) <= _SAMPLE:
        return lines
    return list(islice(lines, 0, None, len(lines) // _SAMPLE))


def _is_shared(prefix: _Prefix, sample: Sequence[str]) -> bool:
    matches = [found for line in sample if (found := prefix.pattern.match(line))]
    if len(matches) < prefix.share * len(sample):
        return False
    ids = Counter(found.groupdict().get("id", "") for found in matches)
    return len(ids) <= _STREAMS and len(ids) <= 1 + len(matches) // 2


def _split(stream: Stream, pattern: re.Pattern[str]) -> Iterator[Stream]:
    lines: dict[str, list[str]] = {}
    numbers: dict[str, list[int]] = {}
    name = ""
    for line, number in zip(stream.lines, stream.numbers, strict=True):
        found = pattern.match(line)
        if found:
            name = found.groupdict().get("id") or ""
        lines.setdefault(name, []).append(line[found.end() :] if found else line)
        numbers.setdefault(name, []).append(number)
    yield from (Stream(lines[name], numbers[name]) for name in lines)

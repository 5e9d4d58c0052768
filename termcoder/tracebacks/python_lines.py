"""The lines that a Python traceback is made of, each recognised by itself."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from termcoder.tracebacks.paths import is_library
from termcoder.tracebacks.report import Frame, Relation

HEADER = "Traceback (most recent call last):"

_FRAME = re.compile(
    r'File "(?P<file>[^"]+)"(?:, line (?P<line>\d{1,9}|\?+)(?:,? in (?P<function>\S.*))?| in (?P<old>\S.*))$'
)
_WRAPPED_FUNCTION = re.compile(r"\d{0,6}, ?in\b|in \S")
_IDENTIFIER = re.compile(r"[\w<>.]+$")
_OLD_CODE = re.compile(r"\s*(?P<line>\d{1,9})\. (?P<code>.*)")  # Django before 3.1: the number stands at the code
_RAISED = re.compile(r"(?P<type>[^\W\d]\w*(?:\.(?:\w+|<locals>|<unknown>))*(?:\(\w+\))?)(?:: ?(?P<message>.*))?$")
_LINK = re.compile(
    r"(?P<cause>The above exception )(?:\((?P<value>.*)\) )?was the direct cause of the following exception:?$"
    r"|During handling of the above exception(?: \((?P<handled>.*)\))?, another exception occurred:?$"
)
_RECORD = re.compile(
    r"""\[?\d{4}[-/.]\d\d[-/.]\d\d | \[?\d\d?[-/]\w{2,3}[-/]\d{2,4} | \[?\d\d:\d\d:\d\d | \[\d+(?:\.\d+)?\]
      | (?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\ \w{3}\ | (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\ [ \d]\d\ \d\d:
      | [\[(<]?(?:DEBUG|INFO|NOTICE|WARNING|WARN|ERROR|CRITICAL|FATAL|TRACE|SUCCESS)(?:[\])>:|]|\ +[-:|\[]|\ \ |\s*$)
      | [\[(<]?(?:DEBUG|INFO|WARNING|WARN|ERROR|CRITICAL)\ | \[(?:debug|info|warning|error|critical)\s*\]
      | \d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}[ :] | [IWEF]\d{4}\ \d\d: | level= | time= | \{"
      | [\w.-]+\[\d+\]: | [\w.-]+\s+\|\ | \#\d+\ \d+\.\d+
    """,
    re.VERBOSE,
)
_OTHER_TOOL = re.compile(
    r"""(?:make|bash|sh|zsh|npm|yarn|sudo|env|error|supervisord?|systemd|docker|tox|gmake|time)(?:\[\d+\])?:?\s(?!$)
      | \#\#\[ | ::(?:error|warning|group|endgroup) | >>>\  | \.\.\.\  | \$\  | %\  | \#\  | \([\w.-]+\)\ .*[$\#>%]
      | [\w.-]+@[\w.-]+[:\ ~].*[$\#%] | PS\ [A-Z]:\\ | [A-Z]:\\[^>]*> | Process\ (?:finished|completed|exited|\S+:$)
      | Command\ exited | Error:\ Process\ completed | [-=*_~\#]{5,} | Sentry\ is\ attempting | Aborted
      | Segmentation\ fault | Exception\ (?:in|ignored)\b | Task\ exception\ was | Unhandled\ exception | Error\ in\b
      | Fatal\ Python\ error | \[end\ of\ output\]$ | Original\ exception\ was:$ | Environment:$ | Unclosed
      | Future\ exception | Current\ thread | Thread\ 0x | exit\ (?:code|status)\b | Worker\b.*\ exit
      | [\w/.-]+:\ line\ \d+: | \x22{3}$
    """,
    re.VERBOSE,
)
_TRAILER = re.compile(
    r"\[SQL: |\[parameters: |\[cached since |\(Background on this error at: |DETAIL: |HINT: |CONTEXT: |LINE \d+: "
    r"|(?:ERRORS|WARNINGS|CRITICALS|INFOS):$|System check identified \d"
)
_INSTALLED = re.compile(
    r"""(?i:[/\\](?:python|(?:ana|mini)conda|mini-?forge|mambaforge)\d*(?:-\d+)?[/\\](?:envs[/\\][^/\\]+[/\\])?lib[/\\])
      | ^/usr/(?:local/)?s?bin/ | (?:v?env\w*|\.local|conda\d*|local)[/\\](?:bin|Scripts)[/\\][^/\\.]+$
      | \.exe[/\\]__main__\.py$ | \.egg[/\\]
      | (?:pyspark|py4j[^/\\]*|libs?)\.zip[/\\] | ^/var/runtime/ | ^/opt/python/ | ^PyInstaller[/\\]
      | [/\\]pip-install-[^/\\]+[/\\] | ^<(?:pip-|eval_with_key) | \.asdf[/\\]installs | [/\\]uv[/\\]python[/\\]
      | [/\\]Python\.framework[/\\] | [/\\]hostedtoolcache[/\\] | ^/nix/store/
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Raised:
    """What the last line of a traceback says."""

    type: str
    message: str


def is_header(text: str) -> bool:
    """Whether frames and an exception follow, and not only the stack of something that is no error."""
    return (HEADER in text and HEADER + "  File" not in text) or "Traceback (innermost last):" in text


def link_of(text: str) -> tuple[Relation, str] | None:
    """What the sentence between two tracebacks says of the first one, and its message where Django adds that."""
    if "above exception" not in text:
        return None
    match = _LINK.search(text)
    if match is None:
        return None
    return (Relation.CAUSE, match["value"] or "") if match["cause"] else (Relation.CONTEXT, match["handled"] or "")


def raised(text: str) -> Raised | None:
    """A line that ends a traceback: any name will do there, as exceptions are called by what they are for."""
    match = _RAISED.match(text)
    return Raised(match["type"], match["message"] or "") if match else None


def is_foreign(text: str) -> bool:
    """Whether a line can't belong to an exception's message: another log record, another tool, a prompt."""
    return bool(_RECORD.match(text) or _OTHER_TOOL.match(text))


def is_record(text: str) -> bool:
    """Whether a log record begins here."""
    return bool(_RECORD.match(text))


def is_trailer(text: str) -> bool:
    """Whether a line belongs to a database's message, even after a blank line."""
    return bool(_TRAILER.match(text))


def frame_at(texts: Sequence[str], at: int) -> tuple[Frame, int] | None:
    """The frame named at `at`, and how many lines its name takes: a terminal may have broken it."""
    text = texts[at].strip()
    if not text.startswith('File "'):
        return None
    match = _FRAME.match(text)
    if match is None or not (match["function"] or match["old"]):
        rest = [text.strip() for text in texts[at + 1 : at + 3]]
        for joined, lines in _joined(text, rest, match is not None):
            whole = _FRAME.match(joined)
            if whole:
                return _frame(whole, at), lines
        return (_frame(match, at), 1) if match else None
    if match["old"]:
        return _old_frame(match, texts, at)
    return _with_rest_of_name(_frame(match, at), texts, at)


def owns(file: str) -> bool:
    """Whether a file is the user's own, by its path."""
    return _owns(file)


@lru_cache(maxsize=4096)
def _owns(file: str) -> bool:
    return not (is_library(file) or _INSTALLED.search(file))


def _joined(text: str, rest: list[str], whole: bool) -> list[tuple[str, int]]:
    if len(text) < 20 or not rest or (whole and not _WRAPPED_FUNCTION.match(rest[0])):
        return []
    joined = [(text + rest[0], 2), (f"{text} {rest[0]}", 2)]
    return joined if whole else [*joined, (text + "".join(rest), 3), (" ".join((text, *rest)), 3)]


def _frame(match: re.Match[str], at: int) -> Frame:
    line = match["line"]
    function = match["function"] or match["old"]
    number = int(line) if line and line.isdecimal() else None
    return Frame(match["file"], number, function.strip() if function else None, owns(match["file"]), at=at)


def _old_frame(match: re.Match[str], texts: Sequence[str], at: int) -> tuple[Frame, int] | None:
    code = _OLD_CODE.match(texts[at + 1]) if at + 1 < len(texts) else None
    if code is None:
        return None
    return replace(_frame(match, at), line=int(code["line"]), code=code["code"].strip()), 2


def _with_rest_of_name(frame: Frame, texts: Sequence[str], at: int) -> tuple[Frame, int]:
    """A terminal as wide as the line may have broken the function's name itself."""
    if len(texts[at]) < 79 or at + 2 >= len(texts):
        return frame, 1
    following, after = texts[at + 1], texts[at + 2]
    if _IDENTIFIER.match(following) and after[:4].isspace():
        return replace(frame, function=f"{frame.function}{following}"), 2
    return frame, 1

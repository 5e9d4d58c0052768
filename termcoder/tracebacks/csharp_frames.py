"""Frames as .NET, Mono and Unity write them, and the first lines of their exceptions."""

import re

from termcoder.tracebacks.report import Frame

_LONGEST = 3000  # characters of a frame

TYPE = r"(?:[A-Za-z_]\w*[.+])*[A-Za-z_]\w*(?:`\d+)?(?:\[[^\]\s]{1,200}\])?"
"""An exception's type, as part of a regular expression."""

_WORDS = (
    "at ",
    "bei ",
    "à ",
    "в ",
    "em ",
    "en ",
    "in ",
    "w ",
    "konum: ",
    "v ",
    "på ",
    "场所 ",
    "場所 ",
    "在 ",
    "위치: ",
)
_CALL = re.compile(
    r"\s*(?P<word>\S+) (?:\(wrapper [\w-]+\) )?(?P<function>[^()\s]+) ?\((?P<arguments>[^()]*)\)(?P<rest>.*)$"
)
_PLACE = re.compile(r" \S{1,12} (?P<file>\S.*?):\w{1,12} ?(?P<line>\d{1,9})\.?\s*$")
_MONO = re.compile(r" \[0x[0-9a-f]+\] in (?P<file>.+?):(?P<line>\d{1,9})\s*$")
_UNITY = re.compile(
    r"\s*(?P<function>[A-Za-z_<][^()]*?) ?\((?P<arguments>[^()]*)\) ?\(at (?P<file>[^()]+?):(?P<line>\d{1,9})\)\s*$"
)
_XUNIT = re.compile(r"\s*(?P<file>\S.*?)\((?P<line>\d{1,9}),\d+\): at (?P<function>\S[^()]*)\(.*\)\s*$")
_FOREIGN = re.compile(
    r"\.(?:java|kt|scala|groovy|clj)\b|Native Method|Unknown Source|:\d+:\d+|^(?:node|file|https?):|<anonymous>"
    r"|^native$|\.\w{1,5}:\d+$"
)
_LIBRARY = re.compile(
    r"(?:System|Microsoft|Mono|MS|Internal|Interop|Windows|UnityEngine|UnityEditor|Unity|Xunit|NUnit|Moq|FluentAssertions|Shouldly"
    r"|Newtonsoft|Npgsql|MySql|MySqlConnector|Serilog|NLog|log4net|Dapper|AutoMapper|MediatR|Polly|Grpc|Google|Azure|Amazon"
    r"|RestSharp|Hangfire|Quartz|Autofac|Castle|Swashbuckle|StackExchange|MongoDB|Elasticsearch|RabbitMQ|MassTransit"
    r"|Confluent|FluentValidation|IdentityServer4|Duende|Humanizer|CsvHelper|TestPlatform|Avalonia|ReactiveUI|Cysharp)\."
)
_BUILT_FILES = re.compile(
    r"^/_/|^<|[/\\]\.nuget[/\\]|[/\\](?:mono|corefx|coreclr|bcl)[/\\]|PackageCache|^\w:[/\\]build[/\\]output[/\\]unity"
)
_HEAD = re.compile(
    rf"(?P<type>{TYPE})(?: \((?:0x[0-9A-Fa-f]+|-?\d+)(?:, 0x[0-9A-Fa-f]+)?\))?(?: ?: ?(?P<message>.*)|\s*)$"
)


def frame_at(line: str, at: int) -> Frame | None:
    """The frame of a line, in any of the forms."""
    if "(" not in line or len(line) > _LONGEST:
        return None
    if "(at " in line and (found := _UNITY.match(line)):
        return _frame(found["function"], found["file"], found["line"], at)
    if line.lstrip().startswith(_WORDS) and (found := _CALL.match(line)):
        return None if _FOREIGN.search(found["arguments"]) else _called(found, at)
    found = _XUNIT.match(line) if "): at " in line else None
    return _frame(found["function"], found["file"], found["line"], at) if found else None


def _called(found: re.Match[str], at: int) -> Frame | None:
    function, rest = found["function"], found["rest"].rstrip().removesuffix("<---")
    place = (_MONO.match(rest) or _PLACE.match(rest)) if rest else None
    if place:
        return _frame(function, place["file"], place["line"], at)
    if found["word"] != "at" or not ("." in function.strip(".") or function.startswith("lambda_method")):
        return None
    if rest and not rest.startswith((" in ", " [0x", " <")):
        return None
    return Frame(None, None, function, "." in function and not _is_library(function), at=at)


def _frame(function: str, file: str, line: str, at: int) -> Frame:
    own = not _BUILT_FILES.search(file) and not _is_library(function)
    if file.startswith("<"):
        return Frame(None, None, function, not _is_library(function), at=at)
    return Frame(file, int(line), function, own, at=at)


def _is_library(function: str) -> bool:
    return _LIBRARY.match(function) is not None


def split_head(text: str) -> tuple[str, str] | None:
    """Type and message of an exception's first line."""
    found = _HEAD.match(text.strip())
    if found is None or not is_exception_name(found["type"]):
        return None
    return found["type"], (found["message"] or "").strip()


def is_exception_name(name: str) -> bool:
    """Whether a name can be that of an exception: by its ending, or because it has a namespace."""
    _, dot, last = name.rpartition(".")
    if not dot and last in ("Error", "Failure", "Fault"):
        return False
    return "Exception" in last or last.endswith(("Error", "Failure", "Fault")) or name.startswith("System.")

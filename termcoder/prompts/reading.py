"""Reads templates: TOML front matter between `+++` lines, then the body."""

import string
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from termcoder.errors import PromptError
from termcoder.prompts.regular import ebnf_of_regex
from termcoder.prompts.template import Answer, Place, PromptSampling, PromptTemplate

FENCE = "+++"
LONGEST = 60_000
"""Bytes of a file; a longer one is no template."""

_KEYS = frozenset({"name", "feature", "description", "variables", "inline", "sampling", "answer", "trial"})
_SAMPLING: Mapping[str, tuple[type, float, float]] = {
    "temperature": (float, 0, 2),
    "top_p": (float, 0, 1),
    "max_tokens": (int, 1, 2**31 - 1),
}


def read(path: Path, place: Place = Place.SHIPPED) -> PromptTemplate:
    """Read one file. Raises PromptError saying what is wrong with it."""
    try:
        if not path.is_file() or path.stat().st_size > LONGEST:
            raise PromptError(f"The template {path} is no file of at most {LONGEST:,} bytes.", remedy="Remove it.")
        return parse(path.read_text(encoding="utf-8"), str(path), place)
    except (OSError, UnicodeDecodeError) as error:
        raise PromptError(f"The template {path} can't be read: {error}.", remedy="Mend it or remove it.") from error


def parse(text: str, origin: str, place: Place = Place.SHIPPED) -> PromptTemplate:
    """Read a template's text. `origin` names it in errors."""
    front, body = _split(text, origin)
    try:
        return PromptTemplate(
            name=str(front["name"]),
            feature=str(front["feature"]),
            description=str(front["description"]),
            body=_checked_body(body, origin),
            origin=origin,
            declared={name: str(about) for name, about in _table(front, "variables").items()},
            inline=frozenset(map(str, front.get("inline", ()))),
            sampling=_sampling(_table(front, "sampling")),
            answer=_answer(front.get("answer", "text")),
            trial=str(front.get("trial", "")),
            place=place,
        )
    except KeyError as missing:
        raise PromptError(f"{origin} has no {missing.args[0]!r}.", remedy="Add it between the +++ lines.") from missing
    except (TypeError, ValueError) as error:
        raise PromptError(f"{origin}: {error}.", remedy="Correct it between the +++ lines.") from error


def _split(text: str, origin: str) -> tuple[Mapping[str, Any], str]:
    lines = text.splitlines()
    if not lines or lines[0].strip() != FENCE or FENCE not in [line.strip() for line in lines[1:]]:
        raise PromptError(f"{origin} has no front matter.", remedy=f"Start it with a block between {FENCE} lines.")
    end = next(at for at, line in enumerate(lines[1:], 1) if line.strip() == FENCE)
    try:
        front = tomllib.loads("\n".join(lines[1:end]))
    except tomllib.TOMLDecodeError as error:
        raise PromptError(f"The front matter of {origin} is not TOML: {error}.", remedy="Correct it.") from error
    if unknown := front.keys() - _KEYS:
        raise PromptError(
            f"{origin} has an unknown {min(unknown)!r}.", remedy=f"Known are: {', '.join(sorted(_KEYS))}."
        )
    return front, "\n".join(lines[end + 1 :]).strip() + "\n"


def _checked_body(body: str, origin: str) -> str:
    if not string.Template(body).is_valid():
        raise PromptError(f"{origin} has a stray '$'.", remedy="Write '$$' for a plain dollar sign.")
    return body


def _table(front: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    table = front.get(name, {})
    if not isinstance(table, Mapping):
        raise TypeError(f"{name!r} is no table")
    return table


def _sampling(table: Mapping[str, Any]) -> PromptSampling:
    if unknown := table.keys() - _SAMPLING.keys():
        raise ValueError(f"there is no sampling {min(unknown)!r}")
    return PromptSampling(**{name: _number(name, value) for name, value in table.items()})


def _number(name: str, value: Any) -> Any:
    kind, low, high = _SAMPLING[name]
    wanted = (int, float) if kind is float else (int,)
    if not isinstance(value, wanted) or isinstance(value, bool) or not low <= value <= high:
        raise ValueError(f"{name!r} must be a number from {low} to {high}")
    return kind(value)


def _answer(value: Any) -> Answer:
    """ "text", or a table with one of `schema`, `choices`, or `regex` and an example of what it matches."""
    if value == "text":
        return Answer()
    match value:
        case {"schema": dict(schema), **more} if not more:
            return Answer(schema=schema)
        case {"regex": str(regex), "example": str(example), **more} if regex and not more:
            ebnf_of_regex(regex)
            return Answer(regex=regex, example=example)
        case {"choices": [str(first), _, *_] as choices, **more} if not more:
            return Answer(choices=tuple(map(str, choices)), example=first)
    raise ValueError(
        "'answer' must be \"text\", or a table with a schema, with two or more choices, or with a regex and an example"
    )

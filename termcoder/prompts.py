"""Instruction templates: `prompts/*.md`, TOML front matter between `+++` lines, then a body with `$variables`.

`string.Template` is the substitution because source code is full of braces, which it leaves alone.
"""

import string
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from termcoder import paths, resources
from termcoder.errors import PromptError

FENCE = "+++"


@dataclass(frozen=True, slots=True)
class PromptTemplate:
    """One template. `variables` are the names its body uses."""

    name: str
    feature: str
    description: str
    body: str
    origin: str

    @property
    def variables(self) -> frozenset[str]:
        """The names that `render` needs."""
        return frozenset(string.Template(self.body).get_identifiers())

    def render(self, **values: str) -> str:
        """Fill the body in. Raises PromptError naming the first missing variable."""
        try:
            return string.Template(self.body).substitute(values)
        except KeyError as missing:
            raise PromptError(
                f"The template {self.name!r} needs a value for ${missing.args[0]}.", remedy=f"See {self.origin}."
            ) from missing


def find(name: str) -> PromptTemplate:
    """The template of this name: the user's own if there is one, else the shipped one."""
    for folder in (paths.config_dir() / "prompts", resources.prompts_dir()):
        path = folder / f"{name}.md"
        if path.is_file():
            return read(path)
    raise PromptError(f"There is no template {name!r}.", remedy="Put one into the prompts folder.")


def read(path: Path) -> PromptTemplate:
    """Read one file. Raises PromptError saying what is wrong with it."""
    try:
        return parse(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise PromptError(f"The template {path} can't be read: {error}.", remedy="Mend it or remove it.") from error


def parse(text: str, origin: str) -> PromptTemplate:
    """Read a template's text. `origin` names it in errors."""
    front, body = _split(text, origin)
    try:
        return PromptTemplate(
            name=str(front["name"]),
            feature=str(front["feature"]),
            description=str(front["description"]),
            body=_checked_body(body, origin),
            origin=origin,
        )
    except KeyError as missing:
        raise PromptError(f"{origin} has no {missing.args[0]!r}.", remedy="Add it between the +++ lines.") from missing


def _split(text: str, origin: str) -> tuple[Mapping[str, object], str]:
    lines = text.splitlines()
    if not lines or lines[0].strip() != FENCE or FENCE not in [line.strip() for line in lines[1:]]:
        raise PromptError(f"{origin} has no front matter.", remedy=f"Start it with a block between {FENCE} lines.")
    end = next(at for at, line in enumerate(lines[1:], 1) if line.strip() == FENCE)
    try:
        front = tomllib.loads("\n".join(lines[1:end]))
    except tomllib.TOMLDecodeError as error:
        raise PromptError(f"The front matter of {origin} is not TOML: {error}.", remedy="Correct it.") from error
    return front, "\n".join(lines[end + 1 :]).strip() + "\n"


def _checked_body(body: str, origin: str) -> str:
    if not string.Template(body).is_valid():
        raise PromptError(f"{origin} has a stray '$'.", remedy="Write '$$' for a plain dollar sign.")
    return body

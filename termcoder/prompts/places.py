"""Which templates there are: those that come with the program, the user's own, the project's. By name, the last wins.

A project's file is text from someone else. So it counts only where a user picks it by its name: none of a feature's own
templates is ever replaced by one, nor is one of its names taken. Who wants that copies the file to their own
(`termcoder prompts new NAME --from NAME`), and it is theirs then.
"""

import difflib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from termcoder import paths, resources
from termcoder.errors import PromptError
from termcoder.prompts.reading import read
from termcoder.prompts.template import OFFERED, Place, PromptTemplate

PICKED_FEATURE = "ask"
"""The feature of templates that belong to none of the program's own."""
PROJECT_FOLDER = Path(".termcoder", "prompts")
MOST_FILES = 500
"""Templates of one folder; more are not looked at."""

Stamp = tuple[int, int, int]
_read: dict[Path, tuple[Stamp, PromptTemplate | PromptError]] = {}


@dataclass(frozen=True, slots=True)
class Shelf:
    """All templates by name, and what is wrong with those that were left out."""

    templates: dict[str, PromptTemplate]
    problems: tuple[PromptError, ...]

    def picked(self) -> list[PromptTemplate]:
        """Those that a user picks, by name."""
        return [self.templates[name] for name in sorted(self.templates) if self.templates[name].is_picked]


def find(name: str, project: Path | None = None) -> PromptTemplate:
    """The template of this name; a changed file counts at the next call. `project`: the root whose templates count too.

    A broken file of the user or the project gives way to the next; `shelf` tells of it. Raises PromptError, with the
    nearest name.
    """
    problems: list[PromptError] = []
    for place, folder in reversed(folders(project)):
        try:
            if (found := _usable(folder / f"{name}.md", place)) is not None:
                return found
        except PromptError as error:
            problems.append(error)
    if problems:
        raise problems[0]
    near = nearest(name, [each.stem for each in _files(project)])
    raise PromptError(
        f"There is no template {name!r}.",
        remedy=f"Did you mean {near!r}?" if near else "`termcoder prompts list` names them.",
    )


def nearest(name: str, known: Sequence[str]) -> str:
    """The known name that is meant by this one: it begins so, or looks like it; "" where none does."""
    begins = [each for each in known if name and each.startswith(name)]
    return next(iter(begins or difflib.get_close_matches(name, known, n=1)), "")


def shelf(project: Path | None = None) -> Shelf:
    """Every template that counts."""
    templates: dict[str, PromptTemplate] = {}
    problems: list[PromptError] = []
    for place, folder in folders(project):
        for path in _files_in(folder):
            try:
                if (found := _usable(path, place)) is not None:
                    templates[path.stem] = found
            except PromptError as error:
                problems.append(error)
    return Shelf(templates, tuple(problems))


def folders(project: Path | None = None) -> tuple[tuple[Place, Path], ...]:
    """The folders of templates, the last one wins. They need not exist."""
    shipped = (Place.SHIPPED, resources.prompts_dir())
    user = (Place.USER, paths.config_dir() / "prompts")
    return (shipped, user, (Place.PROJECT, project / PROJECT_FOLDER)) if project else (shipped, user)


def _usable(path: Path, place: Place) -> PromptTemplate | None:
    """The template in this file, None where there is none. Raises PromptError where it can't be used."""
    template = _current(path, place)
    if template is None or place is Place.SHIPPED:
        return template
    if template.name != path.stem:
        raise PromptError(f"{path} says that its name is {template.name!r}.", remedy=f"Write name = {path.stem!r}.")
    original = _current(resources.prompts_dir() / path.name, Place.SHIPPED)
    if place is Place.PROJECT:
        _refuse_features(template, original)
    _refuse_strange(template, original)
    return template


def _refuse_strange(template: PromptTemplate, original: PromptTemplate | None) -> None:
    """A variable that nobody fills in would only be noticed when the template is used."""
    if original is None and not template.is_picked:
        return
    offered = frozenset(OFFERED) if original is None or original.is_picked else original.variables
    if strange := template.variables - offered:
        raise PromptError(
            f"{template.origin} uses ${min(strange)}, which is not offered to {template.name!r}.",
            remedy=f"Offered are: {', '.join(f'${name}' for name in sorted(offered)) or 'none'}.",
        )


def _refuse_features(template: PromptTemplate, original: PromptTemplate | None) -> None:
    owned = original is not None and original.feature != PICKED_FEATURE
    if owned or template.feature != PICKED_FEATURE or not template.is_picked:
        raise PromptError(
            f"{template.origin} is for a feature of the program, and comes from the project: it is left out.",
            remedy=f"To use it, make it yours: termcoder prompts new {template.name} --from {template.name}.",
        )


def _current(path: Path, place: Place) -> PromptTemplate | None:
    """The file's template, read again only where the file has changed. Raises PromptError."""
    try:
        info = path.stat()
    except (OSError, ValueError):
        _read.pop(path, None)
        return None
    stamp = (info.st_mtime_ns, info.st_size, info.st_ino)
    known = _read.get(path)
    if known is None or known[0] != stamp:
        known = _read[path] = (stamp, _outcome(path, place))
    if isinstance(known[1], PromptError):
        raise known[1]
    return known[1]


def _outcome(path: Path, place: Place) -> PromptTemplate | PromptError:
    try:
        return read(path, place)
    except PromptError as error:
        return error


def _files(project: Path | None) -> Iterator[Path]:
    for _, folder in folders(project):
        yield from _files_in(folder)


def _files_in(folder: Path) -> list[Path]:
    try:
        names = sorted(name for name in os.listdir(folder) if name.endswith(".md") and not name.startswith("."))
    except OSError:
        return []
    return [folder / name for name in names[:MOST_FILES]]

"""Finds the project's file that a log means, though the log was written elsewhere: in a container, CI, on Windows."""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

_DRIVE = re.compile(r"^[A-Za-z]:(?=/)")
_SCHEME = re.compile(r"^(?:file|webpack|webpack-internal|https?|app|vscode-webview)://+(?:[^/]*@)?")


@dataclass(frozen=True, slots=True)
class Located:
    """A project file for a path of a log.

    `exact`: the log names this very file; else it was found by its longest common tail, of `shared` parts.
    """

    path: str
    exact: bool
    shared: int = 0


class Locator:
    """Finds project files by the paths of logs. Made of the project's list of files, once."""

    def __init__(self, root: str, files: Iterable[str]) -> None:
        self._root = root.rstrip("/") + "/"
        self._by_name: dict[str, list[str]] = defaultdict(list)
        self._files = frozenset(files)
        for file in self._files:
            self._by_name[file.rpartition("/")[2]].append(file)

    def find(self, path: str | None, longer: str = "") -> Located | None:
        """The file that `path` means, or None. `longer`: a path that says more, where the log implies one.

        Of several files with an equally long common tail, none is taken: a guess would show the wrong source.
        """
        if not path:
            return None
        plain = normalised(path)
        inside = plain.removeprefix(self._root)
        if inside in self._files and (inside != plain or not plain.startswith("/")):
            return Located(inside, exact=True)
        return self._by_tail(normalised(longer) if longer else plain)

    def _by_tail(self, path: str) -> Located | None:
        parts = path.strip("/").split("/")
        ranked = sorted(
            ((_shared(parts, file.split("/")), file) for file in self._by_name.get(parts[-1], ())), reverse=True
        )
        if not ranked or (len(ranked) > 1 and ranked[0][0] == ranked[1][0]):
            return None
        shared, file = ranked[0]
        return Located(file, exact=False, shared=shared)


def normalised(path: str) -> str:
    """A log's path with `/` between its parts, without drive, URL scheme, query, and `./` or `../` at its start."""
    plain = path.strip().replace("\\", "/")
    if "://" in plain:
        plain = _SCHEME.sub("/", plain).partition("?")[0]
    plain = _DRIVE.sub("", plain)
    while plain.startswith(("./", "../")):
        plain = plain.partition("/")[2]
    return plain.removeprefix("~/")


def _shared(left: list[str], right: list[str]) -> int:
    """How many parts two paths have in common at their end."""
    count = 0
    for one, other in zip(reversed(left), reversed(right), strict=False):
        if one != other:
            break
        count += 1
    return count

"""Ranks a project's paths against a few typed letters, fast enough for every key press."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

_RANKED = 1000


@dataclass(frozen=True, slots=True)
class Hit:
    """A path that fits the query, and which of its characters the query matched. Folders end with `/`."""

    path: str
    offsets: tuple[int, ...]


class PathIndex:
    """Files and their folders, prepared for `search`.

    Better first: the name is the query, starts with it, contains it; the path starts with it, contains it; the
    name, then the path, has its letters in this order. Among equals the shallow and short come first. Each
    group is one scan in C, and the scans stop as soon as enough is found.
    """

    def __init__(self, files: Iterable[str] = ()) -> None:
        paths = list(files)
        self.file_count = len(paths)
        self.paths = sorted([*paths, *_folders(paths)], key=lambda path: (path.count("/", 0, -1), len(path), path))
        self._lower = [_lower(path) for path in self.paths]
        self._names = [path.rstrip("/").rpartition("/")[2] for path in self._lower]
        self._known = frozenset(self.paths)
        self._narrowed: dict[str, tuple[str, Sequence[int]]] = {}

    def __contains__(self, path: str) -> bool:
        return path in self._known

    def search(self, query: str, limit: int = 8) -> list[Hit]:
        """The `limit` best paths for `query`; letter case doesn't matter, an empty query fits everything."""
        needle = _lower(query)
        found: dict[int, None] = {}
        for tier in self._tiers(needle):
            found.update(dict.fromkeys(tier))
            if len(found) >= limit:
                break
        return [Hit(self.paths[index], _offsets(self._lower[index], needle)) for index in list(found)[:limit]]

    def _tiers(self, needle: str) -> Iterator[Sequence[int]]:
        names, paths = self._names, self._lower
        if not needle:
            yield range(min(len(paths), _RANKED))
            return
        whole = self._narrow("whole", needle, lambda path: needle in path)
        named = [index for index in whole if needle in names[index]]
        yield [index for index in named if names[index] == needle]
        yield [index for index in named if names[index].startswith(needle)]
        yield named
        yield [index for index in whole if paths[index].startswith(needle)]
        yield whole
        scattered = self._narrow("scattered", needle, _in_order(needle).search)
        yield _tightest(scattered, names, needle)
        yield _tightest(scattered, paths, needle)

    def _narrow(self, kind: str, needle: str, fits: Callable[[str], object]) -> Sequence[int]:
        """The paths that fit; a longer query is only looked for where the shorter one before it was found."""
        last, candidates = self._narrowed.get(kind, ("", ()))
        source = candidates if last and needle.startswith(last) else range(len(self.paths))
        lower = self._lower
        matches = [index for index in source if fits(lower[index])]
        self._narrowed[kind] = (needle, matches)
        return matches


def _folders(paths: Iterable[str]) -> set[str]:
    """Every folder above a file, written with a `/` at its end."""
    folders: set[str] = set()
    for path in paths:
        folder = path.rpartition("/")[0]
        while folder and f"{folder}/" not in folders:
            folders.add(f"{folder}/")
            folder = folder.rpartition("/")[0]
    return folders


def _lower(text: str) -> str:
    """Lower case with every character still at its place."""
    lowered = text.lower()
    return lowered if len(lowered) == len(text) else "".join(c.lower() if len(c.lower()) == 1 else c for c in text)


def _in_order(needle: str) -> re.Pattern[str]:
    """Matches texts that hold these letters in this order. Each is found where it first can be: no backtracking."""
    return re.compile("^" + "".join(f"[^{re.escape(letter)}]*+{re.escape(letter)}" for letter in needle))


def _tightest(indices: Iterable[int], texts: Sequence[str], needle: str) -> list[int]:
    """Those of `indices` whose text has the letters in order, the ones that have them closest together first."""
    fits = _in_order(needle).search
    spans = []
    for index in islice((index for index in indices if fits(texts[index])), _RANKED):
        offsets = _scattered_offsets(texts[index], needle, 0)
        spans.append((offsets[-1] - offsets[0], index))
    return [index for _, index in sorted(spans)]


def _offsets(path: str, needle: str) -> tuple[int, ...]:
    """Where the letters are: together in the name or else in the path, else scattered, name first."""
    name = path.rstrip("/").rfind("/") + 1
    for start in (path.find(needle, name), path.find(needle)):
        if start >= 0:
            return tuple(range(start, start + len(needle)))
    return _scattered_offsets(path, needle, name) or _scattered_offsets(path, needle, 0)


def _scattered_offsets(path: str, needle: str, start: int) -> tuple[int, ...]:
    offsets: list[int] = []
    for letter in needle:
        start = path.find(letter, start)
        if start < 0:
            return ()
        offsets.append(start)
        start += 1
    return _tightened(path, needle, offsets[-1])


def _tightened(path: str, needle: str, end: int) -> tuple[int, ...]:
    """The letters again, looked for backwards from where the last one was found: closer together."""
    offsets: list[int] = []
    for letter in reversed(needle):
        end = path.rfind(letter, 0, end + 1)
        offsets.append(end)
        end -= 1
    return tuple(reversed(offsets))

r"""Changes to whole texts: their hunks, a part of them, and the diff that `git apply` takes.

This module is pure. Lines end at `\n` and nowhere else, as for git, and keep their ends wherever they stand in a
hunk, so that CRLF, a missing newline at the end and odd separators inside of lines come through unchanged.
"""

import io
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from itertools import pairwise, takewhile

from termcoder.diffs.model import Hunk
from termcoder.diffs.names import quote
from termcoder.errors import EditError

CONTEXT = 3
"""Lines shown around a change."""

_MODE = "100644"
_DEFAULT_TAB = 4

Indentation = str
Span = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file's whole text before and after, without a byte order mark. None: there is no such file."""

    path: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Patch:
    """Changes that belong together, at most one a file."""

    changes: tuple[FileChange, ...]


def hunks(change: FileChange, context: int = CONTEXT) -> tuple[Hunk, ...]:
    """The places that differ, in order, each with up to `context` lines around it."""
    if change.before == change.after:
        return ()
    old, new = _lines(change.before or ""), _lines(change.after or "")
    groups = _groups(_differences(old, new), context)
    return tuple(_hunk(old, new, group, context) for group in groups) or (Hunk(0, 0, 0, 0, ()),)


def with_hunks(change: FileChange, chosen: Collection[int], context: int = CONTEXT) -> FileChange:
    """The change that makes only the chosen of `hunks(change, context)`, named by their places there."""
    all_of_them = hunks(change, context)
    taken = [hunk for number, hunk in enumerate(all_of_them) if number in chosen]
    if len(taken) == len(all_of_them):
        return change
    if not taken:
        return replace(change, after=change.before)
    return replace(change, after="".join(_applied(_lines(change.before or ""), taken)))


def unified(patch: Patch) -> str:
    """The diff, as `git apply` takes it. Files that don't change are left out."""
    return "".join(line for change in patch.changes for line in _file_diff(change))


def replace_lines(text: str, first: int, last: int, new_lines: Sequence[str]) -> str:
    """`text` with its lines `first` to `last` (from 1; `last` may be `first - 1`, to insert) replaced.

    The new lines get the line ends that most of the text has and the indentation of what they replace (see
    `fit_indentation`). Whether the text ends with a newline stays as it is. Raises EditError for lines that the
    text doesn't have.
    """
    lines = _lines(text)
    if not 1 <= first <= last + 1 <= len(lines) + 1:
        raise EditError(f"Lines {first}-{last} can't be replaced: the text has {len(lines)}.")
    end = _line_end(text)
    new = [line.rstrip("\r\n") for line in new_lines]
    fitted = fit_indentation(lines[first - 1 : last], new, lines)
    before = lines[: first - 1]
    if before and fitted and not before[-1].endswith("\n"):
        before[-1] += end
    result = "".join([*before, *(line + end for line in fitted), *lines[last:]])
    return _without_last_end(result) if text and not text.endswith("\n") else result


def fit_indentation(
    original_lines: Sequence[str], new_lines: Sequence[str], surroundings: Sequence[str] = ()
) -> list[str]:
    """`new_lines` indented as the lines that they replace.

    Tabs become spaces and the other way round where all of the original (or, where it isn't indented, of
    `surroundings`) is indented that way. Lines that were moved to the margin as a whole are moved back. Anything
    else is taken as meant.
    """
    fitted = _with_tabs_like(original_lines, surroundings, list(new_lines))
    margin = _margin(original_lines)
    if not margin or _margin(fitted) or _first(fitted) == _first(original_lines):
        return fitted
    return [margin + line if line.strip() else line for line in fitted]


def _lines(text: str) -> list[str]:
    return io.StringIO(text, newline="\n").readlines()


def _line_end(text: str) -> str:
    r"""What most lines of `text` end with; `\n` where none ends."""
    windows = text.count("\r\n")
    return "\r\n" if windows > text.count("\n") - windows else "\n"


def _without_last_end(text: str) -> str:
    return text[:-1].removesuffix("\r") if text.endswith("\n") else text


def _differences(old: list[str], new: list[str]) -> list[Span]:
    """Where the lines differ: first and last (exclusive) of old, the same of new.

    The equal lines at both ends, most of a file, are set aside first: the matcher is slow with many equal lines.
    """
    start = _common(old, new)
    rest = _common(old[start:][::-1], new[start:][::-1])
    matcher = SequenceMatcher(None, old[start : len(old) - rest], new[start : len(new) - rest], autojunk=False)
    return [
        (start + old_first, start + old_last, start + new_first, start + new_last)
        for kind, old_first, old_last, new_first, new_last in matcher.get_opcodes()
        if kind != "equal"
    ]


def _common(old: Sequence[str], new: Sequence[str]) -> int:
    """How many lines (or characters) both begin with."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False)))


def _groups(differences: list[Span], context: int) -> list[list[Span]]:
    """Differences so close that their surroundings touch, together."""
    groups: list[list[Span]] = []
    for span in differences:
        if groups and span[0] - groups[-1][-1][1] <= 2 * context:
            groups[-1].append(span)
        else:
            groups.append([span])
    return groups


def _hunk(old: list[str], new: list[str], group: list[Span], context: int) -> Hunk:
    start = max(0, group[0][0] - context)
    end = min(len(old), group[-1][1] + context)
    new_start = group[0][2] - (group[0][0] - start)
    new_end = group[-1][3] + (end - group[-1][1])
    rows = tuple(_rows(old, new, group, start, end))
    old_count, new_count = end - start, new_end - new_start
    return Hunk(start + (old_count > 0), old_count, new_start + (new_count > 0), new_count, rows)


def _rows(old: list[str], new: list[str], group: list[Span], start: int, end: int) -> Iterator[tuple[str, str]]:
    for old_first, old_last, new_first, new_last in group:
        yield from ((" ", line) for line in old[start:old_first])
        yield from (("-", line) for line in old[old_first:old_last])
        yield from (("+", line) for line in new[new_first:new_last])
        start = old_last
    yield from ((" ", line) for line in old[start:end])


def _applied(old: list[str], taken: list[Hunk]) -> Iterator[str]:
    place = 0
    for hunk in taken:
        start = hunk.first_old - (hunk.old_lines > 0)
        yield from old[place:start]
        yield from (line for sign, line in hunk.rows if sign != "-")
        place = start + hunk.old_lines
    yield from old[place:]


def _file_diff(change: FileChange) -> Iterator[str]:
    if change.before == change.after:
        return
    old, new = quote(f"a/{change.path}"), quote(f"b/{change.path}")
    yield f"diff --git {old} {new}\n"
    if change.before is None:
        yield f"new file mode {_MODE}\n"
    if change.after is None:
        yield f"deleted file mode {_MODE}\n"
    if not change.before and not change.after:
        return  # an empty file has nothing to show
    tab = "\t" if " " in change.path else ""  # as git does, so that the name's end is seen
    yield "--- /dev/null\n" if change.before is None else f"--- {old}{tab}\n"
    yield "+++ /dev/null\n" if change.after is None else f"+++ {new}{tab}\n"
    for hunk in hunks(change):
        yield f"@@ -{_range(hunk.first_old, hunk.old_lines)} +{_range(hunk.first_new, hunk.new_lines)} @@\n"
        for sign, line in hunk.rows:
            yield sign + line if line.endswith("\n") else f"{sign}{line}\n\\ No newline at end of file\n"


def _range(first: int, count: int) -> str:
    return f"{first}" if count == 1 else f"{first},{count}"


def _with_tabs_like(original: Sequence[str], surroundings: Sequence[str], new: list[str]) -> list[str]:
    wanted = _style(original) or _style(surroundings)
    if {wanted, _style(new)} != {"\t", " "}:
        return new
    if wanted == "\t":
        width = _step(new) or _width_by_depth(original, new) or _DEFAULT_TAB
        return [_tabbed(line, width) for line in new]
    width = _step(original) or _step(surroundings) or _DEFAULT_TAB
    return [line.replace("\t", " " * width, _depth(line)) for line in new]


def _style(lines: Sequence[str]) -> str:
    """What lines are indented with: tab or space; "" where none is, or some with each."""
    tabs = any(line.startswith("\t") for line in lines if line.strip())
    spaces = any(line.startswith("  ") for line in lines if line.strip())
    if tabs == spaces:
        return ""
    return "\t" if tabs else " "


def _step(lines: Sequence[str]) -> int:
    """By how many spaces one level is deeper than the next: the smallest step that occurs; 0 where none does."""
    widths = [len(_indentation(line)) for line in lines if line.strip()]
    steps = [deeper - width for width, deeper in pairwise(widths) if deeper - width > 1]
    return min(steps, default=0)


def _width_by_depth(original: Sequence[str], new: Sequence[str]) -> int:
    """How many spaces of the new first line stand for one tab of the original's."""
    depth, width = len(_first(original)), len(_first(new))
    return width // depth if depth and width % depth == 0 else 0


def _tabbed(line: str, width: int) -> str:
    spaces = len(line) - len(line.lstrip(" "))
    return "\t" * (spaces // width) + " " * (spaces % width) + line[spaces:]


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip("\t"))


def _indentation(line: str) -> Indentation:
    return line[: len(line) - len(line.lstrip(" \t"))]


def _first(lines: Sequence[str]) -> Indentation:
    """The indentation of the first line that isn't blank."""
    return next((_indentation(line) for line in lines if line.strip()), "")


def _margin(lines: Sequence[str]) -> Indentation:
    """The indentation that all lines share, blank ones aside."""
    indentations = [_indentation(line) for line in lines if line.strip()] or [""]
    least, most = min(indentations), max(indentations)
    return least[: _common(least, most)]

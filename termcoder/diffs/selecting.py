r"""Parts of a diff, exact to the byte: the text that chosen lines make, the text without them, and their patch.

A removed line that isn't chosen stays, an added one that isn't chosen doesn't come. A line without `\n` gets one where
another line comes to stand behind it.
"""

from collections.abc import Collection, Iterator, Sequence

from termcoder.diffs.model import FileDiff, Hunk, Kind, Status
from termcoder.diffs.names import NOWHERE, quote
from termcoder.diffs.parsing import lines_of
from termcoder.diffs.sections import DAMAGED
from termcoder.errors import ChangedFileError, EditError

RowAt = tuple[int, int]
"""Which hunk of a file, and which of its rows."""

_NO_FILE = "000000"
_FILE = "100644"
_NO_NEWLINE = "\\ No newline at end of file\n"
_MOVES = {Status.RENAMED: "rename", Status.COPIED: "copy"}

_Rows = Sequence[tuple[str, str]]
_Part = tuple[Hunk, _Rows]  # a hunk, and what is left of its rows


def rows_of_hunk(file: FileDiff, hunk: int) -> frozenset[RowAt]:
    """What there is to choose in a hunk: its added and removed lines."""
    return frozenset((hunk, at) for at, (sign, _) in enumerate(file.hunks[hunk].rows) if sign.strip())


def all_rows(file: FileDiff) -> frozenset[RowAt]:
    """What there is to choose in a file."""
    return frozenset[RowAt]().union(*(rows_of_hunk(file, hunk) for hunk in range(len(file.hunks))))


def selected(old: str, file: FileDiff, chosen: Collection[RowAt]) -> str:
    """The text before the change with the chosen lines of it made.

    Raises ChangedFileError where `old` isn't what the diff was made from, EditError where the diff has no lines to
    choose from (see `why_whole`).
    """
    return "".join(_remade(old, file, _parts(file, chosen), "-"))


def deselected(new: str, file: FileDiff, chosen: Collection[RowAt]) -> str:
    """The text after the change with the chosen lines of it taken back.

    Raises ChangedFileError where `new` isn't what the change led to, EditError where the diff has no lines to choose
    from (see `why_whole`).
    """
    return "".join(_remade(new, file, _parts(file, all_rows(file).difference(chosen)), "+"))


def patch_of(file: FileDiff, chosen: Collection[RowAt]) -> bytes:
    """A patch, as `git apply` takes it, that does to a file what `selected` does to its text.

    A new mode or name goes with it. It is empty where nothing is chosen, and whole for a file that changes without
    lines (is renamed only, or empty). Raises EditError where the diff has no lines to choose from (see `why_whole`).
    """
    parts = [part for part in _parts(file, chosen) if any(sign != " " for sign, _ in part[1])]
    if file.hunks and not parts:
        return b""
    whole = all_rows(file).issubset(chosen)
    return "".join([*_header(file, whole), *_hunk_lines(parts)]).encode("utf-8", "surrogateescape")


def why_whole(file: FileDiff) -> str | None:
    """Why lines of a file can't be chosen, so that it is taken whole or not at all; None where they can be."""
    if file.combined:
        return "it is compared with several parents"
    if file.skipped == DAMAGED:
        return "its diff is damaged"
    if file.status is Status.UNMERGED:
        return "it isn't merged yet"
    if file.status is Status.TYPE_CHANGED:
        return "it becomes another kind of file"
    reasons = {Kind.BINARY: "it is a binary file", Kind.SUBMODULE: "it is a submodule"}
    return reasons.get(file.kind)


def _parts(file: FileDiff, chosen: Collection[RowAt]) -> list[_Part]:
    reason = why_whole(file)
    if reason:
        raise EditError(f"Lines of {file.path} can't be chosen: {reason}.", remedy="Take the file as a whole.")
    return [(hunk, _with_ends([*_left(number, hunk, chosen)])) for number, hunk in enumerate(file.hunks)]


def _left(number: int, hunk: Hunk, chosen: Collection[RowAt]) -> Iterator[tuple[str, str]]:
    """The rows of a hunk when only the chosen changes are made."""
    for at, (sign, text) in enumerate(hunk.rows):
        if sign == " " or (number, at) in chosen:
            yield sign, text
        elif sign == "-":
            yield " ", text


def _with_ends(rows: _Rows) -> _Rows:
    """The rows, with a newline at the end of each line that isn't the last of the new side."""
    last = max((at for at, (sign, _) in enumerate(rows) if sign != "-"), default=-1)
    if all(text.endswith("\n") or sign == "-" for sign, text in rows[:last]):
        return rows
    end = "\r\n" if any(text.endswith("\r\n") for _, text in rows) else "\n"
    return [each for at, row in enumerate(rows) for each in (_ended(*row, end) if at < last else (row,))]


def _ended(sign: str, text: str, end: str) -> _Rows:
    if sign == "-" or text.endswith("\n"):
        return [(sign, text)]
    return [("+", text + end)] if sign == "+" else [("-", text), ("+", text + end)]


def _remade(text: str, file: FileDiff, parts: list[_Part], side: str) -> Iterator[str]:
    """The lines that the parts make of a text, of which they have the rows with the sign of that `side`."""
    lines, place = lines_of(text), 0
    for hunk, rows in parts:
        first, count = (hunk.first_old, hunk.old_lines) if side == "-" else (hunk.first_new, hunk.new_lines)
        start = first - (count > 0)
        there = [line for sign, line in hunk.rows if sign in (" ", side)]
        if start < place or start > len(lines) or lines[start : start + count] != there:
            raise ChangedFileError(
                f"{file.path} is not what its diff was made from.", remedy="Read the changes again, and choose anew."
            )
        yield from lines[place:start]
        yield from (line for sign, line in rows if sign != "-")
        place = start + count
    yield from lines[place:]


def _header(file: FileDiff, whole: bool) -> Iterator[str]:
    old, new = f"a/{file.old_path or file.path}", f"b/{file.path}"
    created, deleted = file.status is Status.ADDED, file.status is Status.DELETED and whole
    yield f"diff --git {quote(old)} {quote(new)}\n"
    if created:
        yield f"new file mode {file.mode_new or _FILE}\n"
    elif deleted:
        yield f"deleted file mode {file.mode_old or _FILE}\n"
    elif file.mode_old and file.mode_new not in (None, _NO_FILE, file.mode_old):
        yield f"old mode {file.mode_old}\nnew mode {file.mode_new}\n"
    if file.old_path is not None and file.status in _MOVES:
        how = _MOVES[file.status]
        yield f"{how} from {quote(file.old_path)}\n{how} to {quote(file.path)}\n"
    if file.hunks:
        yield f"--- {NOWHERE if created else _name(old)}\n+++ {NOWHERE if deleted else _name(new)}\n"


def _name(path: str) -> str:
    """A name for `---` and `+++`; a tab shows where one with spaces ends."""
    return quote(path) + ("\t" if " " in path else "")


def _hunk_lines(parts: list[_Part]) -> Iterator[str]:
    """Hunks as text, each moved by what those before it add and remove."""
    moved = 0
    for hunk, rows in parts:
        start = hunk.first_old - (hunk.old_lines > 0)
        old, new = (sum(sign != other for sign, _ in rows) for other in "+-")
        yield f"@@ -{_range(start, old)} +{_range(start + moved, new)} @@\n"
        yield from (sign + line if line.endswith("\n") else f"{sign}{line}\n{_NO_NEWLINE}" for sign, line in rows)
        moved += new - old


def _range(start: int, count: int) -> str:
    first = start + (count > 0)
    return f"{first}" if count == 1 else f"{first},{count}"

"""Reads what one `git diff --raw -z --numstat -p` prints: names and modes from its lists, hunks from its patch.

Git tells each thing where it is sure of it, and the three parts are checked against each other.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from termcoder.diffs.model import FileDiff, Kind, Status
from termcoder.diffs.parsing import parse_patch

DISAGREEING = "git's lines and its counts differ"
"""`FileDiff.skipped` of a file whose hunks don't have the lines that git has counted."""

_COUNTS = re.compile(rb"(\d+|-)\t(\d+|-)\t([^\0]*)\0")
_NO_FILE = "000000"
_KINDS = {"160000": (Kind.SUBMODULE, "submodule"), "120000": (Kind.SYMLINK, "symbolic link")}


@dataclass(frozen=True, slots=True)
class Listed:
    """A file of the lists. `added`, `deleted`: None for a binary file, or where git doesn't count."""

    path: str
    status: Status
    modes: tuple[str | None, str | None]
    ids: tuple[str | None, str | None]
    old_path: str | None = None
    similarity: int | None = None
    combined: bool = False
    binary: bool = False
    added: int | None = None
    deleted: int | None = None


@dataclass(frozen=True, slots=True)
class Printed:
    """What git has printed: the lists, and the patch. Files compared with several parents aren't in the patch."""

    listed: tuple[Listed, ...]
    patch: bytes


def read(output: bytes) -> Printed:
    """Take the output of `git diff --raw -z --numstat -p` apart."""
    records, at = _raw_records(output)
    listed = [_listed(record) for record in records]
    counts, at = _counts(output, at)
    if output[at : at + 1] == b"\0":
        at += 1
    return Printed(tuple(_unique(_counted(file, counts) for file in listed)), output[at:])


def files_of(printed: Printed, merged: bytes = b"") -> tuple[FileDiff, ...]:
    """The files in the order of the lists. `merged`: the patch of those that are compared with several parents.

    A file that was only written anew, with what it held before, is left out.
    """
    hunks = _by_path(parse_patch(printed.patch)) | _by_path(parse_patch(merged))
    changed = (each for each in printed.listed if each.path in hunks or not _is_only_touched(each))
    return tuple(_file(listed, hunks.get(listed.path)) for listed in changed)


def disagree(files: Sequence[FileDiff]) -> bool:
    """Whether a file's hunks and counts differ, as when it was written to between the two."""
    return any(file.skipped == DISAGREEING for file in files)


def _raw_records(output: bytes) -> tuple[list[list[str]], int]:
    """Each record of `--raw -z`: the part before the name, then one or two names; and where they end."""
    records = []
    at = 0
    while output[at : at + 1] == b":":
        head, at = _string(output, at)
        names = 2 if head.rpartition(" ")[2][:1] in "RC" else 1
        record = [head]
        for _ in range(names):
            name, at = _string(output, at)
            record.append(name)
        records.append(record)
    return records, at


def _string(output: bytes, start: int) -> tuple[str, int]:
    end = output.index(b"\0", start)
    return output[start:end].decode("utf-8", "surrogateescape"), end + 1


def _listed(record: list[str]) -> Listed:
    head, *names = record
    parents = len(head) - len(head.lstrip(":"))
    *fields, status = head.lstrip(":").split(" ")
    modes, ids = fields[: parents + 1], fields[parents + 1 :]
    letter = Status(status[0]) if parents == 1 else Status.UNMERGED
    nowhere = letter is Status.UNMERGED and parents == 1
    return Listed(
        path=names[-1],
        status=letter,
        modes=(modes[0], modes[-1]) if not nowhere else (None, None),
        ids=(_id(ids[0], modes[0]), _id(ids[-1], modes[-1])) if not nowhere else (None, None),
        old_path=names[0] if len(names) == 2 else None,
        similarity=int(status[1:]) if len(names) == 2 else None,
        combined=parents > 1,
    )


def _id(blob_id: str, mode: str) -> str | None:
    return None if mode == _NO_FILE else blob_id


def _counts(output: bytes, at: int) -> tuple[dict[str, tuple[bytes, bytes]], int]:
    """Added and deleted lines by the names of the files."""
    counts = {}
    while found := _COUNTS.match(output, at):
        at = found.end()
        name = found[3].decode("utf-8", "surrogateescape")
        if not name:  # the old name and the new one come behind it
            _, at = _string(output, at)
            name, at = _string(output, at)
        counts[name] = (found[1], found[2])
    return counts, at


def _counted(file: Listed, counts: dict[str, tuple[bytes, bytes]]) -> Listed:
    added, deleted = counts.get(file.path, (b"", b""))
    if file.status is Status.UNMERGED or not added:
        return file
    if added == b"-":
        return replace(file, binary=True)
    return replace(file, added=int(added), deleted=int(deleted))


def _unique(files: Iterator[Listed]) -> Iterator[Listed]:
    """Files as they come; of two with one name, an unmerged one counts."""
    by_path: dict[str, Listed] = {}
    for file in files:
        if file.path not in by_path or file.status is Status.UNMERGED:
            by_path[file.path] = file
    yield from by_path.values()


def _by_path(files: Sequence[FileDiff]) -> dict[str, FileDiff]:
    return {file.path: file for file in files}


def _is_only_touched(listed: Listed) -> bool:
    """Whether a file of the working tree that isn't in the patch has another time than in the index, and no more."""
    is_on_disk = listed.ids[1] is not None and not listed.ids[1].strip("0")
    return (
        is_on_disk
        and listed.status is Status.MODIFIED
        and len(set(listed.modes)) == 1
        and not (listed.added or listed.deleted)
    )


def _file(listed: Listed, parsed: FileDiff | None) -> FileDiff:
    """What the lists say of a file, with the hunks of the patch."""
    file = parsed or FileDiff(listed.path, listed.status, skipped=DISAGREEING if listed.added else "no text")
    file = replace(
        file,
        status=listed.status,
        old_path=listed.old_path,
        mode_old=listed.modes[0],
        mode_new=listed.modes[1],
        old_id=listed.ids[0],
        new_id=listed.ids[1],
        similarity=listed.similarity,
        combined=listed.combined,
    )
    return _checked(_of_its_kind(file, listed), listed)


def _of_its_kind(file: FileDiff, listed: Listed) -> FileDiff:
    deciding = listed.modes[1] if listed.modes[1] != _NO_FILE else listed.modes[0]
    kind, skipped = _KINDS.get(deciding or "", (file.kind, file.skipped))
    if listed.binary and kind is not Kind.SUBMODULE:
        kind, skipped = Kind.BINARY, "binary file"
    return replace(file, kind=kind, skipped=skipped)


def _checked(file: FileDiff, listed: Listed) -> FileDiff:
    if listed.added is None or (file.added, file.deleted) == (listed.added, listed.deleted):
        return file
    return replace(file, skipped=DISAGREEING)

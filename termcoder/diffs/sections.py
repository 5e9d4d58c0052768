"""From the header and the hunks that a patch has for one file to a `FileDiff`."""

import re
from dataclasses import dataclass, field, replace

from termcoder.diffs.model import FileDiff, Hunk, Kind, Status
from termcoder.diffs.names import NOWHERE

DAMAGED = "damaged patch"
"""`FileDiff.skipped` of a file whose hunks are cut short or don't fit their counts."""

_NO_FILE = "000000"
_NEVER = re.compile(r"\t(?:.*(?:1970-01-01|1969-12-31)|\(nonexistent\)|\(revision 0\))")  # as diff -N and svn say
_POINTER = re.compile(r"(?:version https://git-lfs\.github\.com/|oid sha256:[0-9a-f]{64}\n|size [0-9]+\n|ext-[0-9]-)")
_LONGEST_POINTER = 20  # rows of a hunk
_BINARY = ("Binary files", "Files", "GIT binary patch")
_MOVED = {Status.RENAMED: "only renamed", Status.COPIED: "only copied"}
_NO_TEXT = {
    Kind.BINARY: "binary file",
    Kind.SUBMODULE: "submodule",
    Kind.SYMLINK: "symbolic link",
    Kind.LFS: "Git LFS pointer",
}


@dataclass(slots=True)
class Section:
    """What a patch says of one file. `fields`: the rest of its header's lines, by how they begin."""

    old: str
    new: str
    fields: dict[str, str] = field(default_factory=dict)
    hunks: list[Hunk] = field(default_factory=list)
    damaged: bool = False
    combined: bool = False


def file_of(section: Section) -> FileDiff:
    """The change that a section tells of."""
    fields, status = section.fields, _status(section)
    moved = status in _MOVED
    old_id, _, new_id = fields.get("index", "").partition(" ")[0].partition("..")
    first, second = (section.old, section.new) if status is Status.DELETED else (section.new, section.old)
    file = FileDiff(
        path=first if first != NOWHERE else second,
        status=status,
        old_path=section.old if moved else None,
        mode_old=_NO_FILE if status is Status.ADDED else _mode_old(fields),
        mode_new=_NO_FILE if status is Status.DELETED else _mode_new(fields),
        old_id=old_id.partition(",")[0] or None,
        new_id=new_id or None,
        similarity=_percent(fields.get("similarity index", "")) if moved else None,
        hunks=tuple(section.hunks),
        combined=section.combined,
    )
    file = replace(file, kind=_kind(file, fields))
    return replace(file, skipped=DAMAGED if section.damaged else _why_skipped(file))


def is_retyped(old: FileDiff, new: FileDiff) -> bool:
    """Whether these are the two halves of a file that becomes something else, such as a link."""
    deleted, created = old.status is Status.DELETED, new.status is Status.ADDED
    return deleted and created and old.path == new.path and (old.mode_old or "")[:3] != (new.mode_new or "")[:3]


def retyped(old: FileDiff, new: FileDiff) -> FileDiff:
    """The one change that two halves are. It has the hunks of both."""
    return replace(
        new,
        status=Status.TYPE_CHANGED,
        mode_old=old.mode_old,
        old_id=old.old_id,
        hunks=(*old.hunks, *new.hunks),
        skipped=DAMAGED if old.skipped == DAMAGED else new.skipped,
    )


def _status(section: Section) -> Status:
    if "new file mode" in section.fields or section.old == NOWHERE or _is_created(section):
        return Status.ADDED
    if "deleted file mode" in section.fields or section.new == NOWHERE or _is_removed(section):
        return Status.DELETED
    if "rename from" in section.fields:
        return Status.RENAMED
    return Status.COPIED if "copy from" in section.fields else Status.MODIFIED


def _is_created(section: Section) -> bool:
    nothing = [(hunk.first_old, hunk.old_lines) for hunk in section.hunks] == [(0, 0)]
    return nothing and bool(_NEVER.search(section.fields.get("---", "")))


def _is_removed(section: Section) -> bool:
    nothing = [(hunk.first_new, hunk.new_lines) for hunk in section.hunks] == [(0, 0)]
    return nothing and bool(_NEVER.search(section.fields.get("+++", "")))


def _mode_old(fields: dict[str, str]) -> str | None:
    """The mode before; of several parents that of the first."""
    merged = fields.get("mode", "").partition("..")[0]
    modes = fields.get("deleted file mode") or fields.get("old mode") or merged or _common_mode(fields)
    return _mode(modes.partition(",")[0])


def _mode_new(fields: dict[str, str]) -> str | None:
    merged = fields.get("mode", "").partition("..")[2]
    return _mode(fields.get("new file mode") or fields.get("new mode") or merged or _common_mode(fields))


def _common_mode(fields: dict[str, str]) -> str:
    """The mode that stays as it is stands behind the ids."""
    return fields.get("index", "").partition(" ")[2]


def _mode(text: str) -> str | None:
    return text if re.fullmatch("[0-7]{6}", text) else None


def _percent(text: str) -> int | None:
    return int(text[:-1]) if re.fullmatch("[0-9]{1,3}%", text) else None


def _kind(file: FileDiff, fields: dict[str, str]) -> Kind:
    mode = file.mode_old if file.mode_new in (None, _NO_FILE) else file.mode_new
    if mode in ("160000", "120000"):
        return Kind.SUBMODULE if mode == "160000" else Kind.SYMLINK
    if any(name in fields for name in _BINARY):
        return Kind.BINARY
    return Kind.LFS if _is_pointer(file) else Kind.TEXT


def _is_pointer(file: FileDiff) -> bool:
    """Whether the side that decides is a pointer of Git LFS, as far as the hunks show it."""
    if len(file.hunks) != 1 or len(file.hunks[0].rows) > _LONGEST_POINTER:
        return False
    other = "+" if file.status is Status.DELETED else "-"
    lines = [text for sign, text in file.hunks[0].rows if other not in sign]
    return all(map(_POINTER.match, lines)) and any(line.startswith("oid ") for line in lines)


def _why_skipped(file: FileDiff) -> str | None:
    if file.kind in _NO_TEXT:
        return _NO_TEXT[file.kind]
    if file.status is Status.DELETED:
        return "deleted file"
    if file.hunks:
        return None
    if file.status is Status.ADDED:
        return "empty file"
    changes = file.mode_old and file.mode_new and file.mode_old != file.mode_new
    return _MOVED.get(file.status) or ("only its mode changes" if changes else "no line changes")

"""Makes changes in the project, all or none, so that they can be taken back."""

from dataclasses import dataclass
from pathlib import Path

from termcoder.edits import files
from termcoder.edits.patch import Patch
from termcoder.edits.undo import UndoStore


@dataclass(frozen=True, slots=True)
class Applied:
    """A change that was made, and the files it changed."""

    label: str
    paths: tuple[str, ...]


def apply(root: Path, patch: Patch, undo: UndoStore, label: str) -> Applied:
    """Write a patch's files; `label` names the change for who takes it back.

    Every file keeps its encoding, byte order mark, mode and owner. Raises ChangedFileError where a file isn't what
    the patch was made for, EditError where one can't be written; every file is then as before. Blocks for the disk.
    """
    root = root.resolve()
    swaps = files.swaps_of(root, patch)
    if not swaps:
        return Applied(label, ())
    record = undo.add(label, swaps)
    try:
        files.swap_all(root, swaps)
    except BaseException:
        undo.forget(record)
        raise
    return Applied(label, record.paths)

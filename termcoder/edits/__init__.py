"""The only writer of the user's files: makes changes, all or none, and takes them back."""

from termcoder.edits.apply import Applied, apply
from termcoder.edits.patch import FileChange, Hunk, Patch
from termcoder.edits.undo import Undone, UndoStore

__all__ = ["Applied", "FileChange", "Hunk", "Patch", "UndoStore", "Undone", "apply"]

"""The only writer of the user's files: makes changes, all or none, and takes them back."""

from termcoder.edits.apply import Applied, apply
from termcoder.edits.patch import FileChange, Patch
from termcoder.edits.undo import Undone, UndoStore

__all__ = ["Applied", "FileChange", "Patch", "UndoStore", "Undone", "apply"]

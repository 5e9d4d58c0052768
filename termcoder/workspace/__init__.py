"""The only reader of the user's files and git; it never leaves the project's root and never writes."""

from termcoder.workspace.locating import Located, Locator
from termcoder.workspace.matching import Hit, PathIndex
from termcoder.workspace.project import FileText, Workspace, find_root
from termcoder.workspace.reading import MAX_ATTACHMENT_BYTES

__all__ = ["MAX_ATTACHMENT_BYTES", "FileText", "Hit", "Located", "Locator", "PathIndex", "Workspace", "find_root"]

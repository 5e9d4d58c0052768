"""A project folder: what files it has, what is in them, and which branch is checked out."""

from dataclasses import dataclass
from pathlib import Path

from termcoder.conversation import Attachment
from termcoder.errors import WorkspaceError
from termcoder.mentions import Mention
from termcoder.workspace import git, reading
from termcoder.workspace.listing import list_files


@dataclass(frozen=True, slots=True)
class FileText:
    """Lines `first` to `last` (counted from 1) of a project file, newlines as they are in it.

    `encoding` is "utf-8" unless the file's bytes are something else, which a user should be told.
    """

    path: str
    text: str
    encoding: str
    first: int
    last: int


def find_root(cwd: Path) -> Path:
    """The top of the git working tree that `cwd` is in, else `cwd` itself; symlinks resolved."""
    here = cwd.resolve()
    return next((folder for folder in (here, *here.parents) if git.is_top(folder)), here)


class Workspace:
    """Reads one project. Every path is relative to `root`, with `/` between its parts.

    Every method may be called from any thread; `files()` and `read()` block on the disk, `branch()` hardly.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()

    def files(self) -> list[str]:
        """List the project's files afresh, without what git (or `.gitignore`) ignores; sorted."""
        return list_files(self.root)

    def is_file(self, path: str) -> bool:
        """Whether `path` names a file inside the project; that it can be read, only `read` shows."""
        try:
            return reading.resolve(self.root, path).is_file()
        except (WorkspaceError, OSError, ValueError):
            return False

    def load(self, path: str, first: int | None = None, last: int | None = None) -> FileText:
        """Read a file, or its lines `first` to `last`.

        Raises WorkspaceError for what is outside the project, no ordinary text file, or too large.
        """
        text, encoding = reading.read_text(self.root, path, first, last)
        start = first or 1
        return FileText(path, text, encoding, start, start + reading.count_lines(text) - 1)

    def read(self, path: str, first: int | None = None, last: int | None = None) -> Attachment:
        """Like `load`, as an attachment. Part of a file is named with its lines: `src/app.py:10-40`."""
        loaded = self.load(path, first, last)
        if first is None:
            return Attachment(path, loaded.text)
        return Attachment(f"{path}:{loaded.first}-{loaded.last}", loaded.text)

    def read_attachment(self, mention: Mention) -> Attachment:
        """Read what a mention names. Raises WorkspaceError like `read`."""
        return self.read(mention.path, mention.first, mention.last)

    def branch(self) -> str:
        """The branch checked out, a short commit hash when detached, "" outside git. Reads two small files."""
        return git.branch(self.root)

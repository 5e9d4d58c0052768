"""The texts that a model is quantised for: the user's own source, or a little of Python's own library.

They are cut into windows of token ids. Some files are set aside: what the quantisation costs is measured on those.
"""

import random
import sysconfig
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from termcoder.errors import ModelError, WorkspaceError
from termcoder.redact import redact
from termcoder.workspace.project import Workspace

SEED = 0
SOURCE = frozenset((
    ".bash", ".c", ".cc", ".clj", ".cpp", ".cs", ".css", ".cxx", ".dart", ".erl", ".ex", ".exs", ".fs", ".go", ".h",
    ".hpp", ".hs", ".html", ".java", ".jl", ".js", ".jsx", ".kt", ".kts", ".lua", ".m", ".md", ".ml", ".mm", ".mts",
    ".nim", ".php", ".pl", ".proto", ".ps1", ".py", ".pyi", ".r", ".rb", ".rs", ".rst", ".scala", ".sh", ".sql",
    ".svelte", ".swift", ".tf", ".toml", ".ts", ".tsx", ".vue", ".yaml", ".yml", ".zig",
))  # fmt: skip
"""Ends of the names of files that are code, or text about code; others are data."""

LIBRARY = (  # of Python's own library: the first are calibrated with, the last ones measured with
    "shutil.py", "inspect.py", "threading.py", "unittest/mock.py", "tarfile.py", "subprocess.py", "ast.py",
    "http/client.py", "asyncio/base_events.py", "typing.py", "zipfile.py", "pathlib.py", "difflib.py", "optparse.py",
    "email/message.py", "urllib/request.py", "argparse.py", "calendar.py", "configparser.py", "tokenize.py",
)  # fmt: skip
LIBRARY_MEASURED = 4
MEASURED = 5  # of so many files of a project, one is set aside
LEAST_WINDOWS = 4
MAX_WINDOWS_OF_A_FILE = 4
MAX_FILES = 5_000
MAX_BYTES = 200_000  # a larger file is rarely written by hand
MAX_LINE = 2_000

Encode = Callable[[str], list[int]]


@dataclass(frozen=True, slots=True)
class Drawn:
    """Windows of token ids, and where they come from. `secrets`: how many were taken out of the texts."""

    samples: tuple[tuple[int, ...], ...]
    held_out: tuple[tuple[int, ...], ...]
    source: str
    files: int
    secrets: int = 0


def draw(project: Path | None, encode: Encode, samples: int, tokens: int) -> Drawn:
    """So many windows of so many tokens, and a quarter as many (2 to 16) of other files to measure with.

    Deterministic. Raises ModelError where the project has not enough text.
    """
    texts = _Texts(project)
    chosen, measured = texts.parts()
    wanted = max(2, min(16, samples // 4))
    windows = tuple(islice(_windows(map(texts.read, chosen), encode, tokens), samples))
    held_out = tuple(islice(_windows(map(texts.read, measured), encode, tokens), wanted))
    if len(windows) < min(samples, LEAST_WINDOWS) or len(held_out) < 2:
        raise ModelError(
            f"{texts.name} has too little source: {len(windows)} + {len(held_out)} pieces of {tokens} tokens.",
            remedy="Name a larger project with --calibration, or make the pieces smaller with --tokens.",
        )
    return Drawn(windows, held_out, texts.name, len(texts.used), texts.secrets)


class _Texts:
    """The files that texts are drawn from, read one by one, without secrets."""

    def __init__(self, project: Path | None) -> None:
        self._workspace = Workspace(project or Path(sysconfig.get_path("stdlib")))
        self._is_own = project is not None
        self.name = str(self._workspace.root) if project else "Python's own library"
        self.used: set[str] = set()
        self.secrets = 0

    def parts(self) -> tuple[list[str], list[str]]:
        """The files to calibrate with and those to measure with, in the order in which they are taken."""
        if not self._is_own:
            return list(LIBRARY[:-LIBRARY_MEASURED]), list(LIBRARY[-LIBRARY_MEASURED:])
        if not self._workspace.root.is_dir():
            raise ModelError(f"There is no folder {self._workspace.root}.", remedy="Check what --calibration names.")
        files = [path for path in self._workspace.files() if Path(path).suffix.lower() in SOURCE]
        random.Random(SEED).shuffle(files)
        files = files[:MAX_FILES]
        return [file for at, file in enumerate(files) if at % MEASURED], files[::MEASURED]

    def read(self, path: str) -> str:
        """A file's text; "" where it isn't one to learn from."""
        try:
            text = self._workspace.load(path).text
        except WorkspaceError:
            return ""
        if len(text) > MAX_BYTES or max(map(len, text.splitlines()), default=0) > MAX_LINE:
            return ""
        clean = redact(text) if self._is_own else None
        self.used.add(path)
        self.secrets += clean.count if clean else 0
        return clean.text if clean else text


def _windows(texts: Iterator[str], encode: Encode, tokens: int) -> Iterator[tuple[int, ...]]:
    """Full windows: a few of each long file, short files one behind another."""
    rest: list[int] = []
    later: list[list[int]] = []
    for text in texts:
        ids = encode(text) if text else []
        own, ids = ids[: tokens * MAX_WINDOWS_OF_A_FILE], ids[tokens * MAX_WINDOWS_OF_A_FILE :]
        rest += own
        later.append(ids)
        while len(rest) >= tokens:
            yield tuple(rest[:tokens])
            rest = rest[tokens:]
    for ids in later:  # what long files have beyond that, where all files together were not enough
        for start in range(0, len(ids) - tokens + 1, tokens):
            yield tuple(ids[start : start + tokens])

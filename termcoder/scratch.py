"""A throw-away copy of a project, in which a command is run with changes that the project itself doesn't get.

In a git repository it is a worktree without a branch, so that git commands work in it; elsewhere a plain folder. Its
files are the project's as they are now, what is ignored left out. The dependency folders `node_modules`, `.venv` and
`venv` at the top are links to the project's own: what a command writes there, it writes into the project's.
"""

import contextlib
import os
import re
import selectors
import shutil
import signal
import stat
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from termcoder.edits import files
from termcoder.edits.patch import Patch
from termcoder.errors import ScratchError
from termcoder.workspace import git
from termcoder.workspace.listing import list_files
from termcoder.workspace.project import find_root

MAX_BYTES = 500_000_000
MAX_FILES = 50_000
MAX_OUTPUT = 200_000
"""Bytes of a command's output that are kept: the last ones."""

_PREFIX = "termcoder-scratch-"
_DEPENDENCIES = ("node_modules", ".venv", "venv")
_GIT_SECONDS = 60.0
_POLL_SECONDS = 0.05
_GRACE_SECONDS = 2.0
_CHUNK = 65_536
_LAST_READS = 16  # more than a pipe holds; a process that left the group may go on writing for ever
_QUOTED_PATH = re.compile(r"['\"](/[^'\"\n]{1,1000})['\"]")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a command. `code` is negative where a signal ended it, as on a timeout or when it was cancelled.

    Paths into the copy read as paths into the project in `output`.
    """

    code: int
    output: str
    seconds: float
    timed_out: bool


class Scratch:
    """A copy of a project; a context manager that removes it. Every method blocks: call it in a thread."""

    def __init__(self, project: Path, home: Path, top: Path) -> None:
        self.project = project
        self.home = home
        self.top = top
        self._source = find_root(project)
        self.root = top / project.relative_to(self._source)

    @classmethod
    def create(cls, project: Path) -> "Scratch":
        """Copy the project in the folder `project` (or, where that is in a repository, all of it).

        Removes what killed programs have left. Raises ScratchError where the project is too large or the disk full.
        """
        _sweep()
        project = project.resolve()
        source = find_root(project)
        entries = _entries(source)
        home = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-")).resolve()
        top = home / (source.name or "project")
        try:
            if not _add_worktree(source, top):
                top.mkdir(exist_ok=True)
            _copy_all(source, top, entries)
            scratch = cls(project, home, top)
            _link_dependencies(project, scratch.root)
        except OSError as error:
            _remove(home)
            raise ScratchError(
                f"The project can't be copied to {home}: {error.strerror or error}.",
                remedy="Make room, or set TMPDIR to a folder with more.",
            ) from error
        except BaseException:
            _remove(home)
            raise
        return scratch

    def __enter__(self) -> "Scratch":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.remove()

    def remove(self) -> None:
        """Remove the copy, and what git knows of it."""
        _remove(self.home)

    @contextlib.contextmanager
    def with_patch(self, patch: Patch) -> Iterator[None]:
        """Make a patch's changes in the copy and take them back at the end, whatever became of the files.

        Raises ChangedFileError where a file of the copy isn't what the patch was made for.
        """
        swaps = files.swaps_of(self.root, patch)
        files.swap_all(self.root, swaps)
        try:
            yield
        finally:
            for swap in reversed(swaps):
                files.put(self.root, swap.path, swap.before, swap.mode)

    def run(
        self,
        command: Sequence[str] | str,
        *,
        timeout: float,
        cancel: threading.Event,
        env: Mapping[str, str] | None = None,
    ) -> Outcome:
        """Run a command (a string: in a shell) in the copy, without input or terminal, and wait for its end.

        Past `timeout` seconds, or once `cancel` is set, it is ended with everything it has started: asked first,
        killed 2 seconds later. `env` is added to this program's environment. Raises ScratchError where the command
        can't be started.
        """
        arguments = ["/bin/sh", "-c", command] if isinstance(command, str) else list(command)
        started = time.monotonic()
        try:
            process = subprocess.Popen(
                arguments,
                cwd=self.root,
                env=self._environment(env or {}),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            raise ScratchError(f"{arguments[0]!r} can't be started: {error}.", remedy="Check the command.") from error
        with process:
            running = _Running(process, started + timeout, cancel)
            output = running.output().decode("utf-8", "replace")
        output = output.replace(str(self.top), str(self._source))
        return Outcome(process.returncode, output, time.monotonic() - started, running.timed_out)

    def _environment(self, extra: Mapping[str, str]) -> dict[str, str]:
        variables = {name: value for name, value in os.environ.items() if name not in git.ELSEWHERE} | dict(extra)
        entries = [*filter(None, variables.get("PYTHONPATH", "").split(os.pathsep)), *_installed_from(self.project)]
        if entries:
            variables["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(map(self._redirected, entries)))
        return variables | {"PWD": str(self.root)}

    def _redirected(self, entry: str) -> str:
        """A folder of the project, as the copy's; any other as it is."""
        real = Path(entry).resolve()
        if not os.path.isabs(entry) or not real.is_relative_to(self._source):
            return entry
        return str(self.top / real.relative_to(self._source))


class _Running:
    """A command under way: gathers the end of its output, and ends its process group when its time has come."""

    def __init__(self, process: subprocess.Popen[bytes], deadline: float, cancel: threading.Event) -> None:
        self._process = process
        self._deadline = deadline
        self._cancel = cancel
        self._output = bytearray()
        self._killed_at: float | None = None
        self.timed_out = False

    def output(self) -> bytes:
        """Wait for the command's end. What it has left running is killed, so that nobody holds the output open."""
        pipe = self._process.stdout
        assert pipe is not None
        os.set_blocking(pipe.fileno(), False)
        with selectors.DefaultSelector() as selector:
            selector.register(pipe, selectors.EVENT_READ)
            try:
                while not self._has_ended():
                    if selector.select(_POLL_SECONDS) and not self._read(pipe.fileno()):
                        selector.unregister(pipe)  # closed, and the command goes on
                    self._end_in_time()
            finally:
                self._signal(signal.SIGKILL)
        for _ in range(_LAST_READS):
            if not self._read(pipe.fileno()):
                break
        self._process.wait()
        return bytes(self._output[-MAX_OUTPUT:])

    def _has_ended(self) -> bool:
        """Whether the command itself has; it isn't reaped yet, so that its group's number stays its own."""
        return os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def _read(self, descriptor: int) -> bool:
        """Take what has come; False where there is nothing, or no more."""
        try:
            chunk = os.read(descriptor, _CHUNK)
        except BlockingIOError:
            return False
        self._output += chunk
        if len(self._output) > 4 * MAX_OUTPUT:
            del self._output[:-MAX_OUTPUT]
        return bool(chunk)

    def _end_in_time(self) -> None:
        now = time.monotonic()
        if self._killed_at is not None:
            if now >= self._killed_at:
                self._signal(signal.SIGKILL)
            return
        self.timed_out = now >= self._deadline and not self._cancel.is_set()
        if self.timed_out or self._cancel.is_set():
            self._killed_at = now + _GRACE_SECONDS
            self._signal(signal.SIGTERM)

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)


def _entries(source: Path) -> list[str]:
    """The files to copy. Raises ScratchError where they are too many or too large."""
    paths = list_files(source)
    if len(paths) > MAX_FILES:
        raise _too_large(f"has {len(paths):,} files, and at most {MAX_FILES:,}")
    total = sum(_size(source / path) for path in paths)
    if total > MAX_BYTES:
        raise _too_large(f"has {total / 1e6:,.0f} MB, and at most {MAX_BYTES / 1e6:,.0f} MB")
    return paths


def _size(path: Path) -> int:
    with contextlib.suppress(OSError):
        return path.lstat().st_size
    return 0


def _too_large(how: str) -> ScratchError:
    return ScratchError(
        f"The project {how} are copied to try a change.", remedy="Ignore what isn't source (.gitignore)."
    )


def _copy_all(source: Path, top: Path, paths: Sequence[str]) -> None:
    for path in paths:
        target = top / path
        target.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):  # removed meanwhile
            _copy(source, source / path, target, top)


def _copy(source: Path, path: Path, target: Path, top: Path) -> None:
    """Copy a file with its mode and times. A link becomes one inside the copy, or nothing where it leads out."""
    mode = path.lstat().st_mode
    if stat.S_ISREG(mode):
        shutil.copyfile(path, target, follow_symlinks=False)
        shutil.copystat(path, target, follow_symlinks=False)
    elif stat.S_ISLNK(mode):
        real = Path(os.path.realpath(path))
        if real.is_relative_to(source) and ".git" not in real.relative_to(source).parts:
            target.symlink_to(os.path.relpath(top / real.relative_to(source), target.parent))


def _link_dependencies(project: Path, root: Path) -> None:
    for name in _DEPENDENCIES:
        if (project / name).is_dir() and not os.path.lexists(root / name) and root.is_dir():
            (root / name).symlink_to(project / name)


def _installed_from(project: Path) -> Iterator[str]:
    """The project's own folders that its virtual environment imports from, as editable installs do.

    Before these, a copy's must come, or the command would run the project's code and not the copy's.
    """
    for name in (".venv", "venv"):
        for folder in (project / name).glob("lib/python3*/site-packages"):
            for file in folder.glob("*.pth"):
                yield from (line for line in _text(file).splitlines() if os.path.isabs(line) and _is_in(line, project))
            for file in folder.glob("__editable__*.py"):
                named = (match[1] for match in _QUOTED_PATH.finditer(_text(file)))
                yield from (os.path.dirname(path) for path in named if _is_in(path, project) and path != str(project))


def _is_in(path: str, project: Path) -> bool:
    return Path(path).is_relative_to(project)


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8", "replace")
    except OSError:
        return ""


def _git(folder: Path, *arguments: str) -> bool:
    """Run git, without anything that a repository's configuration names; False where it fails."""
    try:
        done = subprocess.run(
            ["git", *git.OPTIONS, *arguments],
            cwd=folder,
            env=git.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_GIT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0


def _add_worktree(source: Path, top: Path) -> bool:
    """Make `top` a worktree of the repository, with an index like HEAD's; False where that can't be."""
    if not os.path.lexists(source / ".git"):
        return False
    if not _git(source, "worktree", "add", "--detach", "--no-checkout", str(top), "HEAD"):
        return False
    return _git(top, "read-tree", "HEAD")


def _remove(home: Path) -> None:
    """Remove a copy and the repository's note of it, of this copy only."""
    for pointer in home.glob("*/.git"):
        note = _worktree_note(pointer)
        if note is not None and not _git(note.parents[1], "worktree", "remove", "--force", str(pointer.parent)):
            shutil.rmtree(note, ignore_errors=True)
    shutil.rmtree(home, ignore_errors=True)
    if home.exists():  # a command has made folders in it read-only
        for folder, _, _ in os.walk(home):
            _make_writable(folder)
        shutil.rmtree(home, ignore_errors=True)


def _make_writable(folder: str) -> None:
    with contextlib.suppress(OSError):
        os.chmod(folder, 0o700)


def _worktree_note(pointer: Path) -> Path | None:
    """Where the repository notes the worktree whose `.git` file is `pointer`, if it does note this one there."""
    try:
        note = Path(pointer.read_text().removeprefix("gitdir:").strip())
        is_ours = note.parent.name == "worktrees" and Path((note / "gitdir").read_text().strip()) == pointer
    except (OSError, ValueError):
        return None
    return note if is_ours else None


def _sweep() -> None:
    """Remove the copies of programs that are gone."""
    for home in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*-*"):
        owner = home.name.removeprefix(_PREFIX).partition("-")[0]
        with contextlib.suppress(OSError):
            status = home.lstat()
            if stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid() and _is_gone(owner):
                _remove(home.resolve())


def _is_gone(pid: str) -> bool:
    if not pid.isdecimal():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    return False

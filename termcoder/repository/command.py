"""Runs git so that a repository that isn't trusted starts nothing, whatever its configuration and attributes name.

It is git itself and not GitPython: that runs the same git, with less say in what a configuration may start, and its
diffs lose what has to be shown.
"""

import contextlib
import functools
import os
import re
import selectors
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO, NamedTuple

from termcoder.errors import GitError, GitStoppedError
from termcoder.repository.complaints import explained
from termcoder.workspace import git

MAX_OUTPUT = 512 * 1024 * 1024
"""Bytes of output after which a command is ended."""
SECONDS = 120.0
"""How long a command may take."""

_OLDEST = (2, 31)  # the first that takes settings from variables, by names of any form
_POLL_SECONDS = 0.05
_CHUNK = 1024 * 1024
_MAX_COMPLAINT = 20_000
_SETTINGS = {
    "core.alternateRefsCommand": "true",
    "core.bigFileThreshold": "512m",
    "core.fsmonitor": "false",
    "core.hooksPath": "/dev/null",
    "core.safecrlf": "false",
    "diff.autoRefreshIndex": "false",  # reading writes nothing
    "diff.suppressBlankEmpty": "false",
    "gc.auto": "0",
    "i18n.commitEncoding": "UTF-8",
    "i18n.logOutputEncoding": "UTF-8",
    "log.showSignature": "false",
    "maintenance.auto": "false",
    "protocol.allow": "never",
    "rerere.enabled": "false",  # it runs merge drivers
}
_UNREPLACED = {"GIT_NO_REPLACE_OBJECTS": "1"}
_UNATTENDED = {"GIT_EDITOR": ":", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
_FILTER = {"clean": "", "smudge": "", "process": "", "required": "false"}


class Done(NamedTuple):
    """What came of a command."""

    code: int
    output: bytes
    complaint: str


@dataclass(frozen=True, slots=True)
class Git:
    """Git in one folder. `settings` and `variables` are added to those that keep it from starting anything.

    - `trusted`: it isn't kept from it.
    - `filters`: the names of those that are configured, where `harmless` has looked for them.
    """

    folder: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    trusted: bool = False
    filters: frozenset[str] = frozenset()

    def run(
        self,
        *arguments: str | bytes,
        data: bytes = b"",
        cancel: threading.Event | None = None,
        fine: Collection[int] = (0,),
        seconds: float = SECONDS,
    ) -> bytes:
        """What a command prints, given `data` as its input.

        Raises GitStoppedError once `cancel` is set; GitError where it ends with a code that isn't `fine`, or takes
        too long.
        """
        done = self.ask(*arguments, data=data, cancel=cancel, seconds=seconds)
        if done.code not in fine:
            raise explained(_shown(arguments), done.code, done.complaint)
        return done.output

    def ask(
        self,
        *arguments: str | bytes,
        data: bytes = b"",
        cancel: threading.Event | None = None,
        seconds: float = SECONDS,
    ) -> Done:
        """Like `run`, for a command that may fail."""
        check_version()
        options = () if self.trusted else git.OPTIONS
        return _run(["git", *options, *arguments], self.folder, self._environment(), data, (cancel, seconds))

    def harmless(self) -> "Git":
        """The same without what the configuration names for single kinds of files: filters, and hooks of its own.

        Reads the configuration as it is now. Needed by whatever looks into files on the disk.
        """
        entries = self.run("config", "--list", "-z").decode("utf-8", "surrogateescape").split("\0")
        settings, filters = _neutral(entry.partition("\n")[::2] for entry in entries)
        return replace(self, settings={**self.settings, **settings}, filters=filters)

    def trusting(self) -> "Git":
        """The same as a user's own git: it runs hooks and filters, and these find the environment that they expect."""
        return replace(self, settings={}, trusted=True)

    def _environment(self) -> dict[str, str]:
        if self.trusted:
            kept = {name: value for name, value in os.environ.items() if name not in git.ELSEWHERE}
            kept["PATH"] = git.search_path()
            return kept | _UNATTENDED | _as_variables(self.settings) | dict(self.variables)
        settings = {**_SETTINGS, **self.settings}
        return git.environment() | _UNREPLACED | _as_variables(settings) | dict(self.variables)


@functools.cache
def check_version() -> None:
    """Raise GitError where git is missing, or too old to be kept from starting what a repository names."""
    done = _run(["git", "version"], Path("/"), git.environment(), b"", (None, SECONDS))
    found = re.search(rb"(\d+)\.(\d+)", done.output)
    if found is None:
        raise explained("version", done.code, done.complaint)
    if (int(found[1]), int(found[2])) < _OLDEST:
        oldest = ".".join(map(str, _OLDEST))
        raise GitError(f"git {found[0].decode()} is too old.", remedy=f"Install git {oldest} or a newer one.")


def _neutral(entries: Iterable[tuple[str, str]]) -> tuple[dict[str, str], frozenset[str]]:
    """The settings that turn off what is configured, by names and values, and the names of the filters."""
    settings: dict[str, str] = {}
    filters = set()
    for name, value in entries:
        section, _, key = name.rpartition(".")
        if name.startswith("filter."):
            settings |= {f"{section}.{each}": nothing for each, nothing in _FILTER.items()}
            if key in ("clean", "process") and value:
                filters.add(section.removeprefix("filter."))
        elif name.startswith("hook."):
            settings[f"{section}.enabled"] = "false"
    return settings, frozenset(filters)


def _as_variables(settings: Mapping[str, str]) -> dict[str, str]:
    """Settings as git takes them from variables; as options, a name with `=` in it couldn't be given."""
    variables = {"GIT_CONFIG_COUNT": str(len(settings))}
    for number, (name, value) in enumerate(settings.items()):
        variables |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    return variables


def _run(
    command: list[str | bytes],
    folder: Path,
    environment: dict[str, str],
    data: bytes,
    until: tuple[threading.Event | None, float],
) -> Done:
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as complaint:
        given.write(data)
        given.seek(0)
        try:
            process = subprocess.Popen(
                command,
                cwd=folder,
                env=environment,
                stdin=given if data else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=complaint,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            raise _unstartable(folder, error) from error
        with process:
            output = _output(process, *until)
        return Done(process.returncode, output, _read_complaint(complaint))


def _output(process: subprocess.Popen[bytes], cancel: threading.Event | None, seconds: float) -> bytes:
    """All that a process prints until its end. Whatever ends the waiting before that ends the process, too."""
    assert process.stdout is not None
    deadline = time.monotonic() + seconds
    output = bytearray()
    try:
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while True:
                _check_going_on(cancel, deadline, seconds, len(output))
                if not selector.select(_POLL_SECONDS):
                    continue
                chunk = os.read(process.stdout.fileno(), _CHUNK)
                if not chunk:
                    break
                output += chunk
        process.wait(max(deadline - time.monotonic(), _POLL_SECONDS))
    except subprocess.TimeoutExpired as error:
        raise _too_slow(seconds) from error
    finally:
        _end(process)
    return bytes(output)


def _check_going_on(cancel: threading.Event | None, deadline: float, seconds: float, size: int) -> None:
    if cancel is not None and cancel.is_set():
        raise GitStoppedError("Git was stopped.")
    if time.monotonic() > deadline:
        raise _too_slow(seconds)
    if size > MAX_OUTPUT:
        raise GitError(f"Git prints more than {MAX_OUTPUT >> 20} MiB.", remedy="Take a smaller range of changes.")


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill a process that hasn't ended, with all it has started."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)


def _read_complaint(file: BinaryIO) -> str:
    file.seek(0)
    return file.read(_MAX_COMPLAINT).decode("utf-8", "replace")


def _too_slow(seconds: float) -> GitError:
    return GitError(f"Git took longer than {seconds:g} seconds.", remedy="Take a smaller range of changes.")


def _unstartable(folder: Path, error: OSError | ValueError) -> GitError:
    if isinstance(error, FileNotFoundError) and folder.is_dir():
        return GitError("Git isn't installed, or not in PATH.", remedy="Install git.")
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return GitError(f"There is no folder {folder}.", remedy="Name one that exists.")
    return GitError(f"Git can't be started: {error}.", remedy="Check the names that were given.")


def _shown(arguments: tuple[str | bytes, ...]) -> str:
    """The command's name, for errors."""
    return next((word for word in arguments if isinstance(word, str) and not word.startswith("-")), "")

"""The environment that AutoGPTQ runs in: its own, since it can't be imported beside the transformers that vLLM needs.

It is made once, from pinned lists, in the user's cache, and is used for nothing else. One that was left half made, or
that was made from other lists or another Python, is made anew: what was downloaded is in uv's cache.

pip knows where packages come from and uv unpacks fifteen times faster, so pip installs uv and pip's configuration is
handed to uv, as the set-up of this program itself does it.
"""

import ast
import hashlib
import os
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

from termcoder import paths, resources
from termcoder.errors import CancelledError, FetchError, ModelError, NoNetworkError
from termcoder.models.child import Ended, run_child
from termcoder.models.disk import disk_full, ensure_room, remove, telling_errors
from termcoder.models.locking import held
from termcoder.models.progress import Listener, Progress

ROOM = {"cpu": 2_500_000_000, "cuda": 9_000_000_000}
"""Bytes on the disk: what is unpacked, and what uv keeps where it can't link files."""

READY = "ready"
UNREACHABLE = ("connection", "timed out", "name resolution", "network is unreachable", "dns error", "error sending")
UV_NAMES = {  # pip's setting -> uv's variable, and what stands between several values there
    "index-url": ("UV_DEFAULT_INDEX", " "),
    "extra-index-url": ("UV_INDEX", " "),
    "find-links": ("UV_FIND_LINKS", ","),
    "trusted-host": ("UV_INSECURE_HOST", " "),
    "no-index": ("UV_NO_INDEX", " "),
    "cert": ("SSL_CERT_FILE", " "),
    "client-cert": ("SSL_CLIENT_CERT", " "),
    "proxy": ("ALL_PROXY", " "),
    "timeout": ("UV_HTTP_TIMEOUT", " "),
}


def ready_python(kind: str) -> Path | None:
    """The Python of the environment for "cpu" or "cuda"; None where it isn't there, or not whole."""
    folder = folder_for(kind)
    python = folder / "bin" / "python"
    return python if (folder / READY).exists() and python.exists() else None


def prepare(kind: str, listener: Listener, cancel: threading.Event) -> Path:
    """The Python of the environment for "cpu" or "cuda", made first where it isn't there.

    Blocking. Raises DiskFullError, NoNetworkError, FetchError, CancelledError, ModelError.
    """
    folder = folder_for(kind)
    root = paths.private_dir(folder.parent)
    with telling_errors(folder), held(root / ".lock", listener, cancel):
        python = ready_python(kind)
        if python is None:
            ensure_room(folder, ROOM[kind])
            _remove_others(folder)
            python = _Making(kind, folder, listener, cancel).run()
    return python


def folder_for(kind: str) -> Path:
    """Where it lies: named after all that it is made from."""
    said = hashlib.sha256(f"{sys.version_info[:2]} {sys.prefix}".encode())
    for path in lists(kind):
        said.update(path.read_bytes())
    return paths.cache_dir() / "autogptq" / f"{kind}-{said.hexdigest()[:12]}"


def lists(kind: str) -> tuple[Path, Path]:
    """The pinned lists."""
    folder = resources.requirements_dir()
    return folder / "autogptq.txt", folder / f"autogptq-{kind}.txt"


def uv_variables(pip_config: str) -> dict[str, str]:
    """What `pip config list` says, in variables of uv. Lowest to highest: `[global]`, `[install]`, PIP_* variables."""
    found = {}
    for section in ("global.", "install.", ":env:."):
        for line in pip_config.splitlines():
            name, _, value = line.partition("=")
            if name.startswith(section):
                found[name[len(section) :]] = str(ast.literal_eval(value))
    known = {name: value for name, value in found.items() if name in UV_NAMES}
    return {UV_NAMES[name][0]: UV_NAMES[name][1].join(value.split()) for name, value in known.items()}


class _Making:
    """One making of an environment."""

    def __init__(self, kind: str, folder: Path, listener: Listener, cancel: threading.Event) -> None:
        self._kind, self._folder = kind, folder
        self._listener, self._cancel = listener, cancel
        self._bin = folder / "bin"
        self._env = _clean(os.environ) | {"PIP_USER": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}

    def run(self) -> Path:
        """Make it; the stamp that says it is whole comes last."""
        remove(self._folder)
        self._folder.mkdir(parents=True, mode=0o700)
        self._say("a Python of its own")
        self._must(sys.executable, "-m", "venv", str(self._folder))
        self._say("uv")
        uv_list = str(resources.requirements_dir() / "uv.txt")
        self._must(*self._python("-m", "pip", "install", "--quiet", "--no-deps", "--requirement", uv_list))
        self._env = self._uv_environment()
        self._say("its packages, 1.3 GB" if self._kind == "cpu" else "its packages, 6 GB")
        source = self._torch_source()
        for path in lists(self._kind):
            options = ["--no-deps", "--quiet", "--no-build-isolation-package", "auto-gptq", *source]
            self._must(str(self._bin / "uv"), "pip", "install", *options, "--requirement", str(path))
        self._say("a first import")
        self._must(*self._python("-c", "import torch, transformers, safetensors"))
        (self._folder / READY).touch()
        return self._bin / "python"

    def _python(self, *words: str) -> tuple[str, ...]:
        return (str(self._bin / "python"), "-P", *words)

    def _uv_environment(self) -> dict[str, str]:
        """What the user set for uv wins. AutoGPTQ's own CUDA code is never compiled: quantising doesn't use it."""
        config = self._must(*self._python("-m", "pip", "config", "list")).out
        common = {"UV_INDEX_STRATEGY": "unsafe-best-match"}  # as pip chooses
        own = {"VIRTUAL_ENV": str(self._folder), "BUILD_CUDA_EXT": "0"}
        return common | uv_variables(config) | self._env | own

    def _torch_source(self) -> list[str]:
        """Nothing where the configured places have the pinned torch; else the option for PyTorch's own index."""
        if self._kind != "cpu":
            return []
        command = [str(self._bin / "uv"), "pip", "install", "--quiet", "--dry-run", "--no-deps"]
        found = self._run(*command, "--requirement", str(lists("cpu")[1])).code == 0
        return [] if found else ["--torch-backend=cpu"]

    def _must(self, *command: str) -> Ended:
        ended = self._run(*command)
        if ended.code != 0:
            raise self._failure(ended, command)
        return ended

    def _run(self, *command: str) -> Ended:
        return run_child(command, self._folder, self._env, self._tick)

    def _tick(self) -> None:
        if self._cancel.is_set():
            raise CancelledError("Making AutoGPTQ's environment was stopped.")

    def _say(self, what: str) -> None:
        self._listener(Progress(f"making AutoGPTQ's environment (once): {what}"))

    def _failure(self, ended: Ended, command: tuple[str, ...]) -> ModelError:
        text = f"{ended.err}\n{ended.out}"
        if "no space left" in text.lower():
            return disk_full(self._folder)
        if any(sign in text.lower() for sign in UNREACHABLE):
            return NoNetworkError("The package index can't be reached for AutoGPTQ.", remedy="Check the network.")
        if "-m" in command and "venv" in command:
            remedy = "Install Python's venv (Debian, Ubuntu: apt install python3-venv)."
        else:
            remedy = "See what `pip config list` says about the package index."
        lines = [line.strip() for line in text.splitlines() if line.strip()] or [f"it ended with {ended.code}"]
        reason = next((line for line in lines if "error" in line.lower() or "×" in line), lines[-1])
        return FetchError(f"AutoGPTQ's environment could not be made: {reason[:200]}.", remedy=remedy)


def _remove_others(folder: Path) -> None:
    """Remove what older versions of this program left, and what was half made; another kind's whole one stays."""
    for other in folder.parent.glob("*-*"):
        if other.is_dir() and (other.name.startswith(folder.name.partition("-")[0]) or not (other / READY).exists()):
            remove(other)


def _clean(variables: Mapping[str, str]) -> dict[str, str]:
    """Without what would bring this program's Python, or another, into it. DEBUG: AutoGPTQ keeps every input then."""
    dropped = {"PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "VIRTUAL_ENV", "DEBUG"}
    return {name: value for name, value in variables.items() if name not in dropped}


def child_environment(threads: int) -> Mapping[str, str]:
    """What AutoGPTQ's process runs with: offline, nothing is sent anywhere.

    Its steps are small: threads that spin while they wait for each other made it 20 to 90 times slower where other
    programs used the cores too.
    """
    offline = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "DO_NOT_TRACK": "1"}
    return (
        _clean(os.environ)
        | offline
        | {
            "OMP_NUM_THREADS": str(threads),
            "OMP_WAIT_POLICY": "PASSIVE",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
    )

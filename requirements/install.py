"""Create `.venv` and install one backend's pinned requirements into it: `python3 install.py cpu|cuda|remote [dev]`.

Run by the Makefile with any Python 3.6 or newer, before anything is installed: so standard library only, and syntax
that an old Python can still read, to tell its user that it is too old. Safe to interrupt and to run again.

pip knows where packages come from (its configuration files and PIP_* variables); uv, which unpacks fifteen
times faster, does not read them. So pip installs uv, and pip's answers are handed to uv in its environment.
"""

import argparse
import ast
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
VENV = HERE.parent / ".venv"
BIN = VENV / "bin"
UNFINISHED = VENV / ".unfinished"  # there while something may be half installed
OLDEST, TOO_NEW = (3, 11), (3, 14)  # what the pinned wheels are built for
GIB = 2**30
# Room needed on the disk in bytes: what is unpacked, and what uv keeps in its cache where it can't link files.
ROOM = {"cpu": 4 * GIB, "cuda": 16 * GIB, "remote": GIB // 2}
DRIVER = pathlib.Path("/proc/driver/nvidia/version")
OLDEST_DRIVER = 580  # CUDA 13, which torch 2.13 is built for, asks for it
# pip's setting -> uv's variable, and what stands between several values there.
UV_NAMES = {
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


def main():
    """Install, or say in one sentence why not."""
    parser = argparse.ArgumentParser(description="Install termcoder's pinned requirements into .venv.")
    parser.add_argument("backend", choices=sorted(ROOM))
    parser.add_argument("extra", nargs="?", choices=["dev"], help="what to add to an installed backend")
    choice = parser.parse_args()
    backend = choice.backend
    problem = problem_of_this_python() or problem_of_this_machine(backend) or problem_of_the_disk(backend)
    if problem:
        print(f"set-up: {problem}", file=sys.stderr)
        return 1
    if backend == "cuda" and driver_version() < OLDEST_DRIVER:
        print(f"set-up: warning: this NVIDIA driver is older than {OLDEST_DRIVER}; update it, or use BACKEND=cpu.")
    try:
        install(backend, choice.extra)
    except subprocess.CalledProcessError as error:
        print(f"set-up: {stage_name(error.cmd)} failed (its messages are above); run make again.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nset-up: interrupted; run make again to go on.", file=sys.stderr)
        return 130
    return 0


def install(backend, extra):
    """All stages; each is quick where there is nothing to do. The stamps are written last."""
    with Stage("environment"):
        make_environment(backend)
    UNFINISHED.touch()
    env = uv_environment()
    ready = VENV / f".ready-{backend}"
    if not (extra and ready.exists()):
        with Stage(f"packages for {backend}"):
            source = torch_source(env) if backend == "cpu" else []
            uv_install(env, "--requirement", HERE / f"{backend}.txt", *source)
            uv_install(env, "--editable", HERE.parent)
        ready.touch()
    if extra:
        with Stage(f"packages for {extra}"):
            uv_install(env, "--requirement", HERE / f"{extra}.txt")
        (VENV / f".ready-{extra}").touch()
    UNFINISHED.unlink()


def problem_of_this_python():
    """Why this Python can't be used, or nothing."""
    if not OLDEST <= sys.version_info < TOO_NEW:
        found = ".".join(map(str, sys.version_info[:3]))
        fault = "old, 3.11 or newer" if sys.version_info < OLDEST else "new, 3.11, 3.12 or 3.13"
        return f"Python {found} is too {fault} is needed: make run PYTHON=/path/to/python3.12"
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError as error:
        version = ".".join(map(str, sys.version_info[:2]))
        return f"this Python lacks {error.name}: install it (Debian, Ubuntu: apt install python{version}-venv)."
    return None


def problem_of_this_machine(backend):
    """Why vLLM can't be installed on this machine, or nothing."""
    here = f"{platform.system()} on {platform.machine()}"
    if backend == "remote" or here == "Linux on x86_64":
        return None
    return f"the model runs inside the program on Linux on x86_64 only, this is {here}: make run BACKEND=remote"


def problem_of_the_disk(backend):
    """Why a fresh installation would not fit, or nothing."""
    free = shutil.disk_usage(HERE).free
    if VENV.exists() or free >= ROOM[backend]:
        return None
    return f"{free / GIB:.1f} GiB are free on this disk, the {backend} packages take {ROOM[backend] / GIB:.1f} GiB."


def driver_version():
    """Major version of the NVIDIA driver; the oldest good one where it can't be told."""
    try:
        found = re.search(r"\s(\d{3,})\.\d", DRIVER.read_text())
    except OSError:
        return OLDEST_DRIVER
    return int(found.group(1)) if found else OLDEST_DRIVER


def make_environment(backend):
    """A virtual environment with uv in it. One for another backend, or left unfinished, is made anew.

    That costs seconds: what was downloaded is in uv's cache.
    """
    others = [VENV / f".ready-{name}" for name in ROOM if name != backend]
    whole = (BIN / "python").exists() and (BIN / "pip").exists()  # not if the Python it was made from is gone
    if UNFINISHED.exists() or any(other.exists() for other in others) or not whole:
        shutil.rmtree(VENV, ignore_errors=True)
        VENV.mkdir()
        UNFINISHED.touch()
        run(sys.executable, "-m", "venv", VENV)
    pip = [BIN / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    run(*pip, "--requirement", HERE / "uv.txt", env=dict(os.environ, PIP_USER="0"))  # some configure "user = true"


def uv_environment():
    """This process's environment, with pip's configuration in uv's words. What the user set for uv wins."""
    env = dict(os.environ, VIRTUAL_ENV=str(VENV), UV_INDEX_STRATEGY="unsafe-best-match")  # as pip chooses
    for name, value in pip_settings().items():
        variable, separator = UV_NAMES.get(name, ("", ""))
        if variable:
            env.setdefault(variable, separator.join(value.split()))
    return env


def pip_settings():
    """What pip is configured with. Lowest to highest: `[global]`, `[install]`, PIP_* variables."""
    command = [str(BIN / "python"), "-m", "pip", "config", "list"]
    listed = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    found = {}
    for section in ("global.", "install.", ":env:."):
        for line in listed.splitlines():
            name, _, value = line.partition("=")
            if name.startswith(section):
                found[name[len(section) :]] = ast.literal_eval(value)
    return found


def torch_source(env):
    """Nothing where the configured places have torch's CPU build; else the option for PyTorch's own index."""
    pinned = next(line for line in (HERE / "cpu.txt").read_text().splitlines() if line.startswith("torch=="))
    command = [str(BIN / "uv"), "pip", "install", "--quiet", "--dry-run", "--reinstall", "--no-deps", pinned]
    found = subprocess.run(command, env=env, stderr=subprocess.DEVNULL, check=False).returncode == 0
    return [] if found else ["--torch-backend=cpu"]


def uv_install(env, *what):
    """Install exactly `what`: every list is complete, so nothing is resolved."""
    quiet = [] if sys.stderr.isatty() else ["--quiet"]
    run(BIN / "uv", "pip", "install", "--no-deps", *quiet, *what, env=env)


def run(*command, env=None):
    """Run a command; CalledProcessError if it fails."""
    subprocess.run([str(part) for part in command], check=True, env=env)


def stage_name(command):
    """The program and action of a command, for a message."""
    return " ".join([pathlib.Path(command[0]).name, *command[1:3]])


class Stage:
    """One stage of the set-up: said when it begins, and again with its time when it is done."""

    def __init__(self, name):
        self.name = name

    def __enter__(self):
        self.began = time.monotonic()
        print(f"set-up: {self.name} ...", flush=True)

    def __exit__(self, kind, value, trace):
        if kind is None:
            print(f"set-up: {self.name} done in {time.monotonic() - self.began:.1f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main())

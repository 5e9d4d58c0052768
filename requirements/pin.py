"""Resolve the pinned lists again from pyproject.toml: `make pins`, then `make test`, then commit them.

Each list is resolved for every Python the project supports and keeps the versions it already names where they
still fit. What unused.txt names is left out, and so is everything that only that would have brought in.
A list is complete: it is installed without resolving anything.
"""

import subprocess
from pathlib import Path

from install import BIN, HERE, torch_source, uv_environment
from packaging.requirements import Requirement

PYTHONS = ("3.11", "3.12", "3.13")
MACHINE = {
    "implementation_name": "cpython",
    "platform_machine": "x86_64",
    "platform_python_implementation": "CPython",
    "platform_system": "Linux",
    "sys_platform": "linux",
}
HEADER = "# {what}, resolved by requirements/pin.py: change pyproject.toml and run `make pins`.\n"


def main() -> None:
    """Write every list."""
    write("cpu", "Everything for vLLM on a CPU", "--extra=cpu", cpu_only=True)
    write("cuda", "Everything for vLLM on an NVIDIA GPU", "--extra=cuda", "--constraint", HERE / "limits-cuda.txt")
    write("remote", "Everything for a server elsewhere", "--extra=remote")
    write("dev", "Tests and linters, beside any of the other lists", "--group=dev", "--constraint", HERE / "cpu.txt")


def write(name: str, what: str, *options: str | Path, cpu_only: bool = False) -> None:
    """Resolve one list; `options` say which part of pyproject.toml it is."""
    path = HERE / f"{name}.txt"
    env = uv_environment()
    extra = [*torch_source(env), "--excludes", HERE / "unused-cpu.txt"] if cpu_only else []
    source = [] if name == "dev" else ["pyproject.toml", "--excludes", HERE / "unused.txt"]
    command = [BIN / "uv", "pip", "compile", "--quiet", "--universal", "--python-version", PYTHONS[0], "--no-header"]
    command += ["--no-annotate", *extra]
    subprocess.run(
        [str(part) for part in [*command, *options, *source, "--output-file", path]],
        check=True,
        cwd=HERE.parent,
        env=env,
        stdout=subprocess.DEVNULL,
    )
    lines = [kept for line in path.read_text().splitlines() if (kept := for_this_project(line))]
    path.write_text(HEADER.format(what=what) + "\n".join(lines) + "\n")


def for_this_project(line: str) -> str:
    """The line with its marker cut to what tells the supported Pythons apart; nothing if none of them needs it."""
    if not line or line.startswith("#"):
        return ""
    requirement = Requirement(line)
    pinned = f"{requirement.name}{requirement.specifier}"
    if requirement.name == "torch" and "+" not in pinned:
        pinned = pinned.replace("==", "===")  # "==" would take a CPU build that lies nearer
    needed = [python for python in PYTHONS if is_needed(requirement, python)]
    if len(needed) == len(PYTHONS):
        return pinned
    versions = " or ".join(f"python_version == '{python}'" for python in needed)
    return f"{pinned} ; {versions}" if needed else ""


def is_needed(requirement: Requirement, python: str) -> bool:
    """Whether this Python on a supported machine needs it."""
    return requirement.marker is None or requirement.marker.evaluate(
        {**MACHINE, "python_version": python, "python_full_version": f"{python}.0"}
    )


if __name__ == "__main__":
    main()

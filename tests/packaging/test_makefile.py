"""`make`: what it does on a fresh machine, and that it does nothing where nothing is to do."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NVIDIA = Path("/proc/driver/nvidia/version")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The files that make looks at, without an environment."""
    folder = tmp_path / "checkout"
    shutil.copytree(ROOT / "requirements", folder / "requirements", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    return folder


def plan(checkout: Path, *arguments: str, path: str = "") -> str:
    """What make would run."""
    clean = {name: value for name, value in os.environ.items() if name not in {"BACKEND", "MAKEFLAGS", "MAKELEVEL"}}
    env = {**clean, "PATH": path or os.environ["PATH"]}
    make = shutil.which("make") or "make"
    command = [make, "--dry-run", "--no-print-directory", *arguments]
    return subprocess.run(command, cwd=checkout, env=env, check=True, capture_output=True, text=True).stdout


def stamp(checkout: Path, *names: str) -> None:
    """Pretend that these parts are installed."""
    later = time.time() + 60
    python = checkout / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True, exist_ok=True)
    python.touch(mode=0o755)
    for name in names:
        path = checkout / ".venv" / f".ready-{name}"
        path.parent.mkdir(exist_ok=True)
        path.touch()
        os.utime(path, (later, later))


def tools(tmp_path: Path, nvidia_smi: str) -> str:
    """A PATH with a shell and an nvidia-smi that does this."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("sh", "bash"):
        (folder / name).symlink_to(shutil.which(name) or name)
    if nvidia_smi:
        (folder / "nvidia-smi").write_text(f"#!/bin/sh\n{nvidia_smi}\n")
        (folder / "nvidia-smi").chmod(0o755)
    return str(folder)


@pytest.mark.skipif(NVIDIA.exists(), reason="this machine has an NVIDIA GPU")
@pytest.mark.parametrize(("nvidia_smi", "backend"), [("exit 0", "cuda"), ("exit 9", "cpu"), ("", "cpu")])
def test_a_gpu_that_works_chooses_cuda(checkout: Path, tmp_path: Path, nvidia_smi: str, backend: str) -> None:
    assert f"requirements/install.py {backend}\n" in plan(checkout, "run", path=tools(tmp_path, nvidia_smi))


@pytest.mark.parametrize("backend", ["cpu", "cuda", "remote"])
def test_the_backend_can_be_chosen(checkout: Path, backend: str) -> None:
    assert f"requirements/install.py {backend}\n" in plan(checkout, "run", f"BACKEND={backend}")


def test_what_is_installed_is_not_installed_again(checkout: Path) -> None:
    stamp(checkout, "remote")
    assert "install.py" not in plan(checkout, "run")


def test_the_model_is_fetched_once(checkout: Path) -> None:
    stamp(checkout, "cpu")
    assert 'termcoder" models pull "auto"' in plan(checkout, "run")
    stamp(checkout, "model-auto")
    (only,) = plan(checkout, "run").splitlines()
    assert only.startswith("exec")


@pytest.mark.parametrize(
    "arguments",
    [["BACKEND=remote"], ["ARGS=--url http://127.0.0.1:8000/v1"], ["ARGS=--engine scripted"], ["ARGS=--model other"]],
)
def test_no_model_is_fetched_that_will_not_be_used(checkout: Path, arguments: list[str]) -> None:
    stamp(checkout, "remote" if "remote" in arguments[0] else "cpu")
    assert "models pull" not in plan(checkout, "run", *arguments)


def test_another_model_can_be_named(checkout: Path) -> None:
    stamp(checkout, "cpu", "model-auto")
    planned = plan(checkout, "run", "MODEL=owner/name")
    assert 'models pull "owner/name"' in planned
    assert '--model "owner/name"' in planned


def test_tests_need_the_development_tools_too(checkout: Path) -> None:
    stamp(checkout, "cpu")
    assert "requirements/install.py cpu dev\n" in plan(checkout, "test")
    stamp(checkout, "dev")
    assert "install.py" not in plan(checkout, "test")


def test_a_changed_list_is_installed(checkout: Path) -> None:
    stamp(checkout, "cpu", "dev")
    later = time.time() + 120
    os.utime(checkout / "requirements" / "cpu.txt", (later, later))
    assert "requirements/install.py cpu\n" in plan(checkout, "run")


def test_an_environment_whose_python_is_gone_is_installed_again(checkout: Path) -> None:
    stamp(checkout, "cpu")
    python = checkout / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to(checkout / "gone")
    assert "requirements/install.py cpu\n" in plan(checkout, "run")


def test_help_names_every_target(checkout: Path) -> None:
    command = ["make", "--no-print-directory", "help"]
    shown = subprocess.run(command, cwd=checkout, check=True, capture_output=True, text=True).stdout
    phony = next(line for line in (ROOT / "Makefile").read_text().splitlines() if line.startswith(".PHONY: run"))
    assert set(phony.split()[1:]) - {"help"} <= {line.split()[0] for line in shown.splitlines()}

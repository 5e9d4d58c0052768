"""A wheel holds the whole program, and runs where no checkout is."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import termcoder

ROOT = Path(__file__).parents[2]


def run(*command: str | Path, cwd: Path, env: dict[str, str] | None = None) -> str:
    """The standard output of a command that must succeed."""
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = "import sys, hatchling.build as build; print(build.build_wheel(sys.argv[1]))"
    return folder / run(sys.executable, "-c", build, folder, cwd=ROOT).split()[-1]


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with nothing but the unpacked wheel in it."""
    folder = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def in_wheel(installed: Path, *arguments: str) -> str:
    """Run Python where the unpacked wheel comes before the checkout."""
    return run(sys.executable, *arguments, cwd=installed.parent, env={**os.environ, "PYTHONPATH": str(installed)})


def test_it_is_the_wheel_that_runs(installed: Path) -> None:
    where = in_wheel(installed, "-c", "import termcoder; print(termcoder.__file__)")
    assert Path(where.strip()) == installed / "termcoder" / "__init__.py"


def test_the_program_starts(installed: Path) -> None:
    assert in_wheel(installed, "-m", "termcoder", "--version").strip() == f"termcoder {termcoder.__version__}"


@pytest.mark.parametrize(
    ("function", "folder", "pattern"), [("themes_dir", "themes", "*.toml"), ("prompts_dir", "prompts", "*.md")]
)
def test_it_brings_its_themes_and_prompts(installed: Path, function: str, folder: str, pattern: str) -> None:
    found = Path(in_wheel(installed, "-c", f"from termcoder import resources; print(resources.{function}())").strip())
    assert installed in found.parents
    shipped = {path.name: path.read_bytes() for path in (ROOT / folder).glob(pattern)}
    assert shipped
    assert {path.name: path.read_bytes() for path in found.glob(pattern)} == shipped


def test_every_file_of_the_package_is_in_it(wheel: Path) -> None:
    tracked = run("git", "ls-files", "termcoder", cwd=ROOT).split()
    there = [name for name in tracked if (ROOT / name).is_file()]
    with zipfile.ZipFile(wheel) as archive:
        assert not set(there) - set(archive.namelist())


def test_its_metadata_names_command_and_licence(installed: Path) -> None:
    (info,) = installed.glob("termcoder-*.dist-info")
    assert "termcoder = termcoder.cli:entry" in (info / "entry_points.txt").read_text()
    assert (info / "licenses" / "LICENSE").read_text() == (ROOT / "LICENSE").read_text()
    metadata = (info / "METADATA").read_text()
    assert [f"Provides-Extra: {extra}" in metadata for extra in ("cpu", "cuda", "remote")] == [True] * 3
    assert "===" not in metadata  # beside a marker, pip 23 can't read it

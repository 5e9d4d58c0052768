"""The set-up script: what it asks of the machine, what it hands from pip to uv, and that a stamp means done."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[2] / "requirements" / "install.py"


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script, working on an environment of its own, with pip as it is in this one and not configured."""
    spec = importlib.util.spec_from_file_location("install", SCRIPT)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(module, "UNFINISHED", tmp_path / ".venv" / ".unfinished")
    monkeypatch.setattr(module, "BIN", Path(sys.executable).parent)
    for name in list(os.environ):
        if name.startswith(("PIP_", "UV_")) or name == "SSL_CERT_FILE":
            monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    (tmp_path / "pip.conf").write_text("")
    module.VENV.mkdir()
    return module


def test_an_old_python_is_told_what_to_do(install: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 2, "final", 0))
    assert install.problem_of_this_python().startswith("Python 3.9.2 is too old, 3.11 or newer is needed")
    assert "PYTHON=" in install.problem_of_this_python()


def test_a_new_python_without_wheels_is_told_what_to_do(install: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 14, 0, "final", 0))
    assert "3.14.0 is too new" in install.problem_of_this_python()


def test_a_python_without_ensurepip_is_told_what_to_install(
    install: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    assert f"apt install python{sys.version_info[0]}.{sys.version_info[1]}-venv" in install.problem_of_this_python()


def test_this_python_will_do(install: ModuleType) -> None:
    assert install.problem_of_this_python() is None


@pytest.mark.parametrize(("backend", "told"), [("cpu", True), ("cuda", True), ("remote", False)])
def test_a_machine_without_wheels_is_told_what_to_do(
    install: ModuleType, monkeypatch: pytest.MonkeyPatch, backend: str, told: bool
) -> None:
    monkeypatch.setattr(install.platform, "machine", lambda: "riscv64")
    assert bool(install.problem_of_this_machine(backend)) is told


def test_a_full_disk_is_told_before_anything_is_written(
    install: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(install.shutil, "disk_usage", lambda _: install.shutil._ntuple_diskusage(9, 8, 1))
    monkeypatch.setattr(sys, "argv", ["install.py", "cpu"])
    install.VENV.rmdir()
    assert install.main() == 1
    assert "GiB are free on this disk" in capsys.readouterr().err
    assert not install.VENV.exists()


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.183.01  Sun May 12 19:39:15 UTC 2024\n", 535),
        ("NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  590.44.01  Release Build\n", 590),
        ("something else", 580),
        (None, 580),
    ],
)
def test_the_driver_version_is_read(
    install: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None, version: int
) -> None:
    monkeypatch.setattr(install, "DRIVER", tmp_path / "version")
    if text is not None:
        (tmp_path / "version").write_text(text)
    assert install.driver_version() == version


def test_uv_looks_where_a_configuration_file_tells_pip_to(install: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "pip.conf").write_text(
        "[global]\nindex-url = https://index.invalid/simple\nextra-index-url =\n  https://one.invalid\n"
        "  https://two.invalid\nfind-links = /first /second\ncert = /global.pem\n[install]\ncert = /install.pem\n"
    )
    env = install.uv_environment()
    assert env["UV_DEFAULT_INDEX"] == "https://index.invalid/simple"
    assert env["UV_INDEX"] == "https://one.invalid https://two.invalid"
    assert env["UV_FIND_LINKS"] == "/first,/second"
    assert env["SSL_CERT_FILE"] == "/install.pem"
    assert env["UV_INDEX_STRATEGY"] == "unsafe-best-match"


def test_pip_variables_win_over_its_files_and_uv_variables_over_both(
    install: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pip.conf").write_text("[global]\nfind-links = /file\nindex-url = https://file.invalid\n")
    monkeypatch.setenv("PIP_FIND_LINKS", "/variable")
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://mine.invalid")
    env = install.uv_environment()
    assert env["UV_FIND_LINKS"] == "/variable"
    assert env["UV_DEFAULT_INDEX"] == "https://mine.invalid"


def test_nothing_is_handed_over_where_pip_is_not_configured(
    install: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)  # pip then reads no file at all
    names = {name for name, _ in install.UV_NAMES.values()}
    assert names.isdisjoint(install.uv_environment().keys() - os.environ.keys())


@pytest.mark.parametrize("there", [True, False])
def test_torch_comes_from_the_configured_place_or_from_its_own_index(
    install: ModuleType, monkeypatch: pytest.MonkeyPatch, there: bool
) -> None:
    asked = []

    def fake_run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        asked.append(command)
        return subprocess.CompletedProcess(command, 0 if there else 1)

    monkeypatch.setattr(install.subprocess, "run", fake_run)
    assert install.torch_source({}) == ([] if there else ["--torch-backend=cpu"])
    assert asked[0][-1].startswith("torch==")
    assert "--dry-run" in asked[0]


def test_an_interrupted_installation_is_begun_again(install: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(install, "run", lambda *_, **__: None)
    monkeypatch.setattr(install, "uv_install", interrupted)
    monkeypatch.setattr(sys, "argv", ["install.py", "remote"])
    assert install.main() == 130
    assert [path.name for path in install.VENV.iterdir()] == [".unfinished"]


def test_a_failing_stage_is_named_and_leaves_no_stamp(
    install: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def failing(*_: object) -> None:
        raise subprocess.CalledProcessError(1, ["/x/uv", "pip", "install", "--no-deps"])

    monkeypatch.setattr(install, "run", lambda *_, **__: None)
    monkeypatch.setattr(install, "uv_install", failing)
    monkeypatch.setattr(sys, "argv", ["install.py", "remote"])
    assert install.main() == 1
    assert "uv pip install failed" in capsys.readouterr().err
    assert not (install.VENV / ".ready-remote").exists()


@pytest.fixture
def installed(install: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Installs nothing; lists what would have been: list names, and "termcoder"."""
    done: list[str] = []
    monkeypatch.setattr(install, "run", lambda *_, **__: None)
    monkeypatch.setattr(install, "torch_source", lambda _: [])
    monkeypatch.setattr(
        install, "uv_install", lambda _, option, path: done.append(path.stem if "req" in option else ".")
    )
    return done


def test_stamps_are_written_when_everything_is_installed(install: ModuleType, installed: list[str]) -> None:
    install.install("remote", None)
    assert installed == ["remote", "."]
    assert sorted(path.name for path in install.VENV.iterdir()) == [".ready-remote"]


def test_development_tools_are_added_to_what_is_there(install: ModuleType, installed: list[str]) -> None:
    (install.VENV / ".ready-cpu").touch()
    install.BIN = install.VENV  # where pip is looked for
    for name in ("pip", "python"):
        (install.VENV / name).touch()
    install.uv_environment = dict
    install.install("cpu", "dev")
    assert installed == ["dev"]
    assert (install.VENV / ".ready-dev").exists()


def test_after_an_interruption_development_tools_bring_the_backend_back(
    install: ModuleType, installed: list[str]
) -> None:
    (install.VENV / ".ready-cpu").touch()
    install.UNFINISHED.touch()
    install.install("cpu", "dev")
    assert installed == ["cpu", ".", "dev"]


@pytest.mark.parametrize("left", [".unfinished", ".ready-cuda"])
def test_an_environment_unfinished_or_of_another_backend_is_made_anew(
    install: ModuleType, monkeypatch: pytest.MonkeyPatch, left: str
) -> None:
    ran: list[tuple[object, ...]] = []
    monkeypatch.setattr(install, "run", lambda *command, **_: ran.append(command))
    (install.VENV / "pyvenv.cfg").touch()
    install.make_environment("cpu")
    assert (install.VENV / "pyvenv.cfg").exists()
    (install.VENV / left).touch()
    install.make_environment("cpu")
    assert not (install.VENV / "pyvenv.cfg").exists()
    assert (sys.executable, "-m", "venv", install.VENV) in ran

"""Fixtures of the models' tests: pip without a network, and a Hub on the loopback device."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from termcoder.models import packages
from tests.models.samples import Hub, model_files, serving

COPYING_PIP = Path(__file__).with_name("copying_pip.py")


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder where pip, cut off from everything else, finds its packages."""
    folder = tmp_path / "index"
    folder.mkdir()
    for name in list(os.environ):
        if name.startswith("PIP_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def copying_pip(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In place of pip, where only what is done with its packages is tested."""
    monkeypatch.setattr(packages, "_pip", lambda: [sys.executable, "-I", "-S", str(COPYING_PIP)])


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A Hub with one whole model, used in place of the real one."""
    with serving(Hub(files=model_files())) as running:
        monkeypatch.setenv("HF_ENDPOINT", running.url)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        yield running


@pytest.fixture
def no_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Hub that nobody answers for."""
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")

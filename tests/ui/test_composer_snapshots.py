"""What the composer looks like."""

from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual.pilot import Pilot

from termcoder.workspace import Workspace
from tests.ui.composer_host import ComposerHost, until

FILES = ["termcoder/app.py", "termcoder/ui/app.py", "tests/test_app.py", "docs/[red]map.md", "a p p/x.md", "Makefile"]
SENT = ("Why does this loop forever?", "Explain [red]the parser[/red] to me", "Write a test for it\nand run it")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in FILES:
        path = tmp_path / "project" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    return tmp_path / "project"


async def complete(pilot: Pilot[Any]) -> None:
    assert isinstance(pilot.app, ComposerHost)
    await pilot.press(*"Look at @app")
    await until(pilot, lambda: pilot.app.popup.is_open)  # type: ignore[attr-defined]
    await pilot.press("down")


async def write(pilot: Pilot[Any]) -> None:
    app = pilot.app
    assert isinstance(app, ComposerHost)
    app.composer.load_draft("Compare @termcoder/app.py:1-3 with @nothing.py and this:\n")
    app.composer.post_message(events.Paste("x\n" * 10_000))
    await pilot.press("ctrl+j", *"Then say what is wrong. [b]No markup[/b].")
    await until(pilot, lambda: app.composer.get_line(0).spans)


async def search(pilot: Pilot[Any]) -> None:
    await pilot.press(*"my draft", "ctrl+r", *"the")


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("state", [None, complete, write, search])
def test_looks(snap_compare: Any, project: Path, theme: str, state: Any) -> None:
    app = ComposerHost(project, SENT)
    app.theme = theme
    assert Workspace(project).files()
    assert snap_compare(app, terminal_size=(80, 18), run_before=state)

"""The screens that rewrite lines: what is chosen, what is shown, and what the keys do."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.app import App
from textual.pilot import Pilot
from textual.widgets import Input, OptionList, Static

from termcoder.engine.scripted import Script, ScriptedEngine
from termcoder.features.engine_host import EngineHost
from termcoder.features.refactor import Refactor
from termcoder.features.session_book import SessionBook
from termcoder.settings import RefactorSettings
from termcoder.ui.screens.refactor import Place, RefactorScreen, place_of
from termcoder.ui.screens.rewrite import FailedTests, RewriteScreen
from termcoder.ui.widgets.line_picker import LinePicker
from termcoder.ui.widgets.patch_view import PatchView
from termcoder.ui.widgets.source_view import SourceView
from termcoder.workspace import Workspace
from tests.refactoring.samples import SHOP, answer
from tests.ui.test_app import until

BETTER = answer("def load(path, default=None):\n    return json.load(open(path)) or default\n")
OTHER = answer("def load(path, default=None):\n    return default or json.load(open(path))\n")


class Host(App[None]):
    """Shows the screen, and keeps what it returned."""

    def __init__(self, project: Path, engine: ScriptedEngine, at: Place | None, **settings: Any) -> None:
        super().__init__()
        self.left: list[FailedTests | None] = []
        self.project, self.engine, self.at = project, engine, at
        self.host = EngineHost(lambda *_: engine, "scripted")
        self.feature = Refactor(Workspace(project), SessionBook(project, None), RefactorSettings(**settings))

    def on_mount(self) -> None:
        self.host.start()
        self.push_screen(RefactorScreen(self.feature, self.host, self.at), self.left.append)

    async def on_unmount(self) -> None:
        await self.host.stop()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "shop.py").write_text(SHOP)
    (folder / "other.py").write_text("x = 1\n")
    return folder


Shown = Callable[..., Any]


@asynccontextmanager
async def opened(
    project: Path, *replies: str, at: Place | None = None, script: Script | None = None, **settings: Any
) -> AsyncIterator[Pilot[None]]:
    engine = ScriptedEngine(script or Script(replies=replies or ("",)))
    app = Host(project, engine, at, **settings)
    async with app.run_test(size=(110, 36)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, RefactorScreen))
        yield pilot


def picker(pilot: Pilot[None]) -> LinePicker:
    return pilot.app.screen.query_one(LinePicker)


def shows(pilot: Pilot[None], step: str) -> bool:
    return isinstance(pilot.app.screen, RefactorScreen) and pilot.app.screen.has_class(f"-{step}")


def told(pilot: Pilot[None], name: str) -> str:
    return str(pilot.app.screen.query_one(f"#{name}", Static).render())


async def chosen_lines(pilot: Pilot[None]) -> None:
    """Choose the function `load`, up to the list of templates."""
    await until(pilot, lambda: shows(pilot, "lines"))
    await pilot.press("f", "enter")
    await until(pilot, lambda: shows(pilot, "template"))


async def rewritten(pilot: Pilot[None], template: str, words: str = "") -> RewriteScreen:
    """Choose `load` and a template, and wait for the patch."""
    await chosen_lines(pilot)
    names = [name for name, _ in pilot.app.feature.templates()]  # type: ignore[attr-defined]
    pilot.app.screen.query_one("#templates", OptionList).highlighted = names.index(template)
    await pilot.press("enter")
    await until(pilot, lambda: shows(pilot, "instruction"))
    pilot.app.screen.query_one("#instruction", Input).value = words
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(pilot.app.screen, RewriteScreen))
    screen = pilot.app.screen
    assert isinstance(screen, RewriteScreen)
    return screen


LOAD = Place("src/shop.py", 23)


async def test_a_file_is_found_by_a_few_letters(project: Path) -> None:
    async with opened(project) as pilot:
        files = pilot.app.screen.query_one("#files", OptionList)
        await until(pilot, lambda: files.option_count == 2)
        await pilot.press(*"shop")
        await until(pilot, lambda: files.option_count == 1)
        await pilot.press("enter")
        await until(pilot, lambda: shows(pilot, "lines"))
        assert picker(pilot).path == "src/shop.py" and picker(pilot).has_focus


async def test_lines_are_chosen_by_keys(project: Path) -> None:
    async with opened(project, at=Place("src/shop.py", 14)) as pilot:
        await until(pilot, lambda: shows(pilot, "lines"))
        assert picker(pilot).chosen == (14, 14)
        await pilot.press("v", "up", "up")
        assert picker(pilot).chosen == (12, 14)
        await pilot.press("v", "down")
        assert picker(pilot).chosen == (13, 13)
        await pilot.press("shift+down")
        assert picker(pilot).chosen == (13, 14)
        await pilot.press("f")
        assert picker(pilot).chosen == (8, 19)
        await pilot.press("f")
        assert picker(pilot).chosen == (6, 19)
        await pilot.press("A")
        assert picker(pilot).chosen == (1, 28)
        assert "src/shop.py:1-28" in told(pilot, "title")


async def test_a_cut_statement_is_widened_and_told(project: Path) -> None:
    async with opened(project, at=Place("src/shop.py", 23)) as pilot:
        await until(pilot, lambda: shows(pilot, "lines"))
        await pilot.press("enter")
        await until(pilot, lambda: shows(pilot, "template"))
        assert picker(pilot).chosen == (23, 24)
        assert "line 23 cuts through a statement" in told(pilot, "state")


async def test_escape_goes_back_step_by_step(project: Path) -> None:
    async with opened(project, at=LOAD) as pilot:
        await chosen_lines(pilot)
        await pilot.press("enter")
        for step in ("template", "lines", "file"):
            await pilot.press("escape")
            await until(pilot, lambda step=step: shows(pilot, step))
        await pilot.press("escape")
        assert pilot.app.left == [None]  # type: ignore[attr-defined]


async def test_a_rename_needs_no_model_and_is_applied_and_taken_back(project: Path) -> None:
    async with opened(project, at=LOAD) as pilot:
        screen = await rewritten(pilot, "rename", "file -> stream")
        await until(pilot, lambda: "no model was used" in told(pilot, "notes"))
        await pilot.press("a")
        await until(pilot, lambda: "Changed src/shop.py" in told(pilot, "activity"))
        assert "as stream:" in (project / "src" / "shop.py").read_text()
        await pilot.press("u")
        await until(pilot, lambda: "Taken back" in told(pilot, "activity"))
        assert (project / "src" / "shop.py").read_text() == SHOP
        assert not pilot.app.engine.requests and screen.is_current  # type: ignore[attr-defined]


async def test_alternatives_are_shown_by_number(project: Path) -> None:
    async with opened(project, BETTER, OTHER, "```\n```", at=LOAD) as pilot:
        screen = await rewritten(pilot, "simplify")
        await until(pilot, lambda: "1-2 shows another answer (1)" in told(pilot, "keys"))
        first = screen.query_one(PatchView).patch
        await until(pilot, lambda: "1 of 3 answers was dropped: held no code" in told(pilot, "notes"))
        await pilot.press("2")
        assert screen.query_one(PatchView).patch != first
        await pilot.press("a")
        await until(pilot, lambda: "Changed" in told(pilot, "activity"))
        assert "default or json.load" in (project / "src" / "shop.py").read_text()


async def test_hunks_that_are_left_out_are_not_applied(project: Path) -> None:
    async with opened(project, BETTER, at=LOAD) as pilot:
        await rewritten(pilot, "simplify")
        await until(pilot, lambda: "a applies" in told(pilot, "keys"))
        await pilot.press("space", "a")
        await until(pilot, lambda: "nothing to apply" in told(pilot, "activity"))
        assert (project / "src" / "shop.py").read_text() == SHOP


async def test_what_can_not_be_used_is_told(project: Path) -> None:
    async with opened(project, "```\n```", at=LOAD) as pilot:
        await rewritten(pilot, "simplify")
        await until(pilot, lambda: "No usable change" in told(pilot, "activity"))
        assert "3 of 3 answers were dropped: held no code (3)" in told(pilot, "notes")


async def test_escape_stops_the_model_then_leaves(project: Path) -> None:
    script = Script(replies=(BETTER,), tokens_per_second=1.0)
    async with opened(project, at=LOAD, script=script) as pilot:
        await rewritten(pilot, "simplify")
        await until(pilot, lambda: "writing 3 answers" in told(pilot, "activity"))
        await pilot.press("escape")
        await until(pilot, lambda: told(pilot, "activity") == "stopped")
        await pilot.press("escape")
        await until(pilot, lambda: shows(pilot, "lines"))


async def test_a_refusal_of_a_rule_is_told(project: Path) -> None:
    async with opened(project, at=LOAD) as pilot:
        await rewritten(pilot, "rename", "nothing -> x")
        await until(pilot, lambda: "There is no name 'nothing'" in told(pilot, "activity"))


async def test_tests_run_when_asked_and_their_failure_can_be_diagnosed(project: Path) -> None:
    command = "echo no luck; exit 3"
    async with opened(project, at=LOAD, test_command=command) as pilot:
        await rewritten(pilot, "rename", "file -> stream")
        await until(pilot, lambda: "a applies" in told(pilot, "keys"))
        await pilot.press("y")  # nothing is applied yet: no tests
        await pilot.press("a")
        await until(pilot, lambda: f"Run `{command}`? y" in told(pilot, "activity"))
        await pilot.press("y")
        await until(pilot, lambda: "The tests fail: exit code 3" in told(pilot, "activity"))
        assert "no luck" in told(pilot, "output")
        await pilot.press("d")
        await until(pilot, lambda: bool(pilot.app.left))  # type: ignore[attr-defined]
        assert pilot.app.left == [FailedTests("no luck\n", command)]  # type: ignore[attr-defined]


async def test_passing_tests_are_told(project: Path) -> None:
    async with opened(project, at=LOAD, test_command="grep -q stream src/shop.py") as pilot:
        await rewritten(pilot, "rename", "file -> stream")
        await until(pilot, lambda: "a applies" in told(pilot, "keys"))
        await pilot.press("a")
        await until(pilot, lambda: "Run" in told(pilot, "activity"))
        await pilot.press("y")
        await until(pilot, lambda: "The tests pass" in told(pilot, "activity"))


async def test_a_hostile_file_name_is_harmless(project: Path) -> None:
    (project / "[b]x\x1b[2J.py").write_text("x = 1\n")
    async with opened(project) as pilot:
        files = pilot.app.screen.query_one("#files", OptionList)
        await until(pilot, lambda: files.option_count == 3)
        texts = [str(files.get_option_at_index(at).prompt) for at in range(3)]
        assert any("[b]x" in text for text in texts) and not any("\x1b" in text for text in texts)


class Source(App[None]):
    def compose(self) -> Any:
        yield SourceView()


async def test_the_place_that_a_view_shows_is_known() -> None:
    async with Source().run_test() as pilot:
        view = pilot.app.query_one(SourceView)
        assert place_of(view) is None and place_of(None) is None
        view.show("a.py", "one\ntwo\n", 2)
        assert place_of(view) == Place("a.py", 2)

"""The models screen: what it shows, and what its keys do."""

import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.app import App
from textual.pilot import Pilot
from textual.widgets import DataTable, Input, Static

from termcoder import paths
from termcoder.engine.sizing import GIB, Machine
from termcoder.errors import CancelledError, DamagedModelError
from termcoder.models import catalogue, fit, store
from termcoder.models.progress import Listener, Progress
from termcoder.ui.screens.confirm import ConfirmScreen
from termcoder.ui.screens.models import HINT, ModelsScreen
from tests.models.samples import Hub, model_files, serving, write_model

NAME = "someone/model"
DEFAULT = "qwen2.5-coder-0.5b"


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small machine without a GPU, whatever this one is."""
    monkeypatch.setattr(fit, "read_machine", lambda: Machine(16 * GIB, 8 * GIB, 2, 2))


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with serving(Hub(files=model_files())) as running:
        monkeypatch.setenv("HF_ENDPOINT", running.url)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        yield running


class Host(App[None]):
    """Keeps what the screen returned."""

    answers: list[str | None]

    def __init__(self, current: str) -> None:
        super().__init__()
        self.answers = []
        self._current = current

    def on_mount(self) -> None:
        self.push_screen(ModelsScreen(self._current), self.answers.append)


@asynccontextmanager
async def opened(current: str = "auto", *, size: tuple[int, int] = (120, 36)) -> AsyncIterator[Pilot[Any]]:
    async with Host(current).run_test(size=size) as pilot:
        await until(pilot, lambda: table(pilot).row_count > 0)
        yield pilot


async def until(pilot: Pilot[Any], condition: Callable[[], bool]) -> None:
    while not condition():
        await pilot.pause(0.01)


def screen(pilot: Pilot[Any]) -> ModelsScreen:
    return next(item for item in pilot.app.screen_stack if isinstance(item, ModelsScreen))


def table(pilot: Pilot[Any]) -> DataTable[Any]:
    return screen(pilot).query_one(DataTable)


def rows(pilot: Pilot[Any]) -> dict[str, list[str]]:
    lines = [[str(cell) for cell in table(pilot).get_row_at(at)] for at in range(table(pilot).row_count)]
    return {line[1]: line for line in lines}


def details(pilot: Pilot[Any]) -> str:
    return str(screen(pilot).query_one("#details", Static).render())


async def go_to(pilot: Pilot[Any], name: str) -> None:
    table(pilot).move_cursor(row=list(rows(pilot)).index(name))
    await until(pilot, lambda: screen(pilot).chosen is not None and screen(pilot).chosen.model.name == name)  # type: ignore[union-attr]
    await pilot.pause()


def answers(pilot: Pilot[Any]) -> list[str | None]:
    assert isinstance(pilot.app, Host)
    return pilot.app.answers


def pulled() -> None:
    store.pull(NAME, lambda _: None, threading.Event())


async def test_it_shows_every_model_and_starts_at_the_one_in_use() -> None:
    async with opened() as pilot:
        assert list(rows(pilot)) == list(catalogue.catalogue())
        assert rows(pilot)[DEFAULT][0] == "in use"
        assert screen(pilot).chosen.model.name == DEFAULT  # type: ignore[union-attr]
        assert "Apache-2.0" in details(pilot)
        assert "needs 2.8 GB, 8.1 GB free" in details(pilot)


async def test_what_does_not_fit_says_so_in_words() -> None:
    async with opened() as pilot:
        assert rows(pilot)["qwen2.5-coder-32b"][3] == "needs 51.0 GB, 8.1 GB free"
        assert rows(pilot)[DEFAULT][3] == "2.8 GB"


async def test_a_fetched_model_is_marked_and_listed(hub: Hub) -> None:
    pulled()
    async with opened() as pilot:
        assert rows(pilot)[NAME][0] == "here"
        await go_to(pilot, NAME)
        assert str(paths.models_dir()) in details(pilot)


async def test_the_details_follow_the_cursor() -> None:
    async with opened() as pilot:
        await pilot.press("end", "j", "k", "down")
        await go_to(pilot, "llama-3-8b-instruct")
        await until(pilot, lambda: "Meta Llama 3 Community License" in details(pilot))


async def test_enter_uses_the_chosen_model() -> None:
    async with opened() as pilot:
        await go_to(pilot, "smollm2-135m")
        await pilot.press("enter")
        await until(pilot, lambda: answers(pilot) == ["smollm2-135m"])


async def test_another_name_can_be_typed(tmp_path: Path) -> None:
    async with opened() as pilot:
        await pilot.press("o", *"qqd")
        await pilot.press("enter")
        assert "No model is called 'qqd'" in screen(pilot).line
        await pilot.press("escape")
        assert screen(pilot).line == HINT
        await pilot.press("o", "end")
        screen(pilot).query_one(Input).value = f" {tmp_path} "
        await pilot.press("enter")
        await until(pilot, lambda: answers(pilot) == [str(tmp_path)])


@pytest.mark.parametrize("key", ["escape", "f3", "q"])
async def test_leaving_changes_nothing(key: str) -> None:
    async with opened() as pilot:
        await pilot.press(key)
        await until(pilot, lambda: answers(pilot) == [None])


async def test_p_fetches_and_stays(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = {
        "m": catalogue.Model(name="m", title="M", rank=1, min_cpu_cores=1, sources=catalogue.resolve(NAME).sources)
    }
    monkeypatch.setattr(catalogue, "catalogue", lambda: listed)
    async with opened("other/model") as pilot:
        await pilot.press("p")
        await until(pilot, lambda: screen(pilot).line == "m is here now.")
        await until(pilot, lambda: rows(pilot)["m"][0] == "here")
        await pilot.press("p")
        assert screen(pilot).line == "m is here already."
    assert answers(pilot) == []


def stub_pull(monkeypatch: pytest.MonkeyPatch, error: Exception | None = None) -> threading.Event:
    """A fetch that waits for its cancel; the event is set when it has begun."""
    begun = threading.Event()

    def pull(name: str, listener: Listener, cancel: threading.Event) -> Path:
        if error is not None:
            raise error
        listener(Progress("fetching", 120_000_000, 478_000_000, 0.25, 40.0))
        begun.set()
        cancel.wait()
        raise CancelledError("stopped")

    monkeypatch.setattr(store, "pull", pull)
    return begun


async def test_a_fetch_says_how_far_it_is_and_esc_stops_it(monkeypatch: pytest.MonkeyPatch) -> None:
    begun = stub_pull(monkeypatch)
    async with opened() as pilot:
        await pilot.press("p")
        await until(pilot, begun.is_set)
        expected = f"{DEFAULT}: fetching 25 %, 120 MB of 478 MB, 40 s left · Esc stops"
        await until(pilot, lambda: screen(pilot).line == expected)
        await pilot.press("enter")
        assert "is being fetched" in screen(pilot).line
        await pilot.press("escape")
        await until(pilot, lambda: screen(pilot).line == f"Stopped. p goes on with {DEFAULT} where it was.")
        assert answers(pilot) == []
        await pilot.press("escape")
        await until(pilot, lambda: answers(pilot) == [None])


async def test_closing_the_program_stops_a_fetch(monkeypatch: pytest.MonkeyPatch) -> None:
    begun = stub_pull(monkeypatch)
    async with opened() as pilot:
        await pilot.press("p")
        await until(pilot, begun.is_set)
        cancel = screen(pilot)._cancel
    assert cancel.is_set()


async def test_an_error_is_told_in_the_screen_and_nothing_in_it_is_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    stub_pull(monkeypatch, DamagedModelError("[bold]x[/nope] \x1b[2J broke.", remedy="Try."))
    async with opened() as pilot:
        await pilot.press("p")
        await until(pilot, lambda: "broke" in screen(pilot).line)
        assert screen(pilot).line == "[bold]x[/nope] ␛[2J broke. Try."


async def test_removing_is_asked_first(hub: Hub) -> None:
    pulled()
    async with opened() as pilot:
        await go_to(pilot, NAME)
        await pilot.press("d")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmScreen))
        await pilot.press("enter", "n")
        await until(pilot, lambda: pilot.app.screen is screen(pilot))
        assert store.installed()
        await pilot.press("d")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmScreen))
        await pilot.press("y")
        await until(pilot, lambda: NAME not in rows(pilot))
        assert "was removed" in screen(pilot).line
    assert store.installed() == []


async def test_the_model_in_use_is_never_removed(hub: Hub) -> None:
    pulled()
    async with opened(NAME) as pilot:
        await pilot.press("d")
        await pilot.pause()
        assert "is in use" in screen(pilot).line
        assert pilot.app.screen is screen(pilot)
    assert store.installed()


async def test_what_is_not_here_can_not_be_removed() -> None:
    async with opened() as pilot:
        await go_to(pilot, "qwen2.5-coder-7b")
        await pilot.press("d")
        await until(pilot, lambda: "Only a fetched model" in screen(pilot).line)


async def test_hostile_names_of_fetched_models_are_harmless() -> None:
    folder = paths.models_dir() / "x"
    folder.mkdir(parents=True)
    (folder / store.RECORD).write_text('{"name": "[red]a[/b]", "source": "[link=x]\\u001b[2J"}')
    async with opened() as pilot:
        assert "[red]a[/b]" in rows(pilot)
        await go_to(pilot, "[red]a[/b]")
        assert "\x1b" not in details(pilot)
        assert "[link=x]" in details(pilot)


@pytest.mark.parametrize("size", [(60, 20), (200, 60)])
async def test_it_fits_other_terminals(size: tuple[int, int]) -> None:
    async with opened(size=size) as pilot:
        box = screen(pilot).query_one("Vertical").region
        assert box.right <= size[0]
        assert box.bottom <= size[1]
        line = screen(pilot).query_one("#line").region
        assert line.bottom <= size[1]


async def test_a_model_of_ones_own_says_what_it_is_and_that_it_can_not_be_fetched_again() -> None:
    folder = write_model(paths.models_dir() / "mine")
    store.write_record(folder, "mine", "MIT", "AutoGPTQ 0.7.1, from Tiny", "1")
    figures = {"perplexity_before": 3.0, "perplexity_after": 3.3}
    record = {"origin": "Tiny [b]x[/]", "method": "AutoGPTQ 0.7.1", "figures": figures, "options": {"group_size": 64}}
    (folder / "quantized.json").write_text(json.dumps(record))
    async with opened() as pilot:
        await go_to(pilot, "mine")
        details = str(screen(pilot).query_one("#details", Static).render())
        assert "perplexity 3.000 -> 3.300 (+10.0 %)" in details
        assert "groups of 64" in details
        assert "Tiny [b]x[/]" in details
        await pilot.press("d")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmScreen))
        texts = [str(widget.render()) for widget in pilot.app.screen.query(Static)]
        assert any("has to be quantised anew" in text for text in texts)
        await pilot.press("escape")

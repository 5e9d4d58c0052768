"""What the status bar says, and that it ticks only while something starts."""

from textual.app import App, ComposeResult

from termcoder.engine.base import EngineState, EngineStatus
from termcoder.errors import EngineDiedError
from termcoder.ui.widgets.status_bar import StatusBar, StatusLine, parts


def starting(activity: str, fraction: float | None = None, since: float = 100.0) -> EngineStatus:
    return EngineStatus(EngineState.STARTING, activity, fraction, since)


def test_a_start_shows_activity_part_done_and_seconds() -> None:
    assert parts(StatusLine(starting("loading weights", 0.4)), now=112.3)[0] == "◌ loading weights 40 % · 12 s"


def test_everything_has_its_place() -> None:
    line = StatusLine(EngineStatus(EngineState.READY), "m-0.5b", 1234, 8192, True, 12.34, "main", 2)
    assert parts(line, 0.0) == ["● ready", "m-0.5b", "2 queued", "1,234 / 8,192 tokens", "12.3 tok/s", "⎇ main"]


def test_an_estimate_says_so() -> None:
    line = StatusLine(EngineStatus(EngineState.READY), used_tokens=5, context_tokens=10, exact=False)
    assert "~5 / 10 tokens" in parts(line, 0.0)


def test_a_hostile_branch_name_is_inert() -> None:
    shown = parts(StatusLine(branch="x\x1b[31m\n[red]"), 0.0)[-1]
    assert "\x1b" not in shown
    assert "\n" not in shown


class Host(App[None]):
    def compose(self) -> ComposeResult:
        yield StatusBar()


async def test_it_ticks_while_starting_and_never_otherwise() -> None:
    async with Host().run_test() as pilot:
        bar = pilot.app.query_one(StatusBar)
        assert bar._timer is None
        bar.change(engine=starting("importing vLLM"))
        assert bar._timer is not None
        bar.change(engine=EngineStatus(EngineState.FAILED, error=EngineDiedError("gone")))
        assert bar._timer is None


async def test_a_narrow_bar_keeps_the_state_and_drops_the_rest() -> None:
    async with Host().run_test(size=(20, 5)) as pilot:
        bar = pilot.app.query_one(StatusBar)
        bar.change(engine=EngineStatus(EngineState.READY), model="a-very-long-model-name", branch="main")
        text = bar.render()
        assert str(text).startswith("● ready")
        assert "a-very-long" not in str(text)

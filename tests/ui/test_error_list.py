"""The list of errors: what is painted, where the cursor goes, what is told."""

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from termcoder.diagnosis.incident import Incident, Step
from termcoder.tracebacks import Failure, Frame, LoggedError, Relation, Report
from termcoder.ui.widgets.error_list import ErrorList
from termcoder.workspace import Located


def own(path: str, line: int, function: str, *, exact: bool = True) -> Step:
    return Step(Frame(f"/app/{path}", line, function), Located(path, exact, 2))


def library(number: int) -> Step:
    return Step(Frame("/usr/lib/python3/json/decoder.py", number, "raw_decode", own=False))


NOWHERE = Step(Frame(function="<native>"))
STEPS = (
    (own("src/main.py", 3, "main"), *(library(n) for n in range(12)), own("src/shop/cart.py", 8, "total"), library(99)),
    (own("src/main.py", 9, "handle"), own("src/shop/日本.py", 5, "convert", exact=False), NOWHERE),
    (library(1), library(2), library(3)),
)
ERRORS = (
    LoggedError("KeyError", "'price'", relation=Relation.CAUSE, handled=True),
    LoggedError("ShopError", "no price\nitem 3\nitem 4\x1b[2J", relation=Relation.CONTEXT),
    LoggedError("RuntimeError", "[red]worker[/red] died", notes=("while working",)),
)


def incident(
    errors: Sequence[LoggedError] = ERRORS, steps: Sequence[Sequence[Step]] = STEPS, *, root: int | None = 0
) -> Incident:
    failure = Failure("python", "traceback", tuple(errors), 1, 40)
    report = Report((failure,), root) if errors else Report()
    return Incident("", report, tuple(map(tuple, steps)))


class ErrorHost(App[None]):
    def __init__(self, shown: Incident | None = None, chosen: int | None = None) -> None:
        super().__init__()
        self.incident = shown or incident()
        self.chosen = chosen
        self.told: list[tuple[int, int | None, bool]] = []
        self.copied: list[tuple[str, str]] = []

    def compose(self) -> ComposeResult:
        yield ErrorList()

    def on_mount(self) -> None:
        self.view.load(self.incident, chosen=self.chosen)

    @property
    def view(self) -> ErrorList:
        return self.query_one(ErrorList)

    def on_error_list_step_chosen(self, message: ErrorList.StepChosen) -> None:
        self.told.append((message.error, message.step, message.entered))

    def on_line_scroll_copy_requested(self, message: ErrorList.CopyRequested) -> None:
        self.copied.append((message.text, message.what))

    def rows(self) -> list[str]:
        rows = [self.view.render_line(y).text.rstrip(" ▐") for y in range(self.view.size.height)]
        return [row for row in rows if row]


@asynccontextmanager
async def shown(
    of: Incident | None = None, chosen: int | None = None, size: tuple[int, int] = (70, 20)
) -> AsyncIterator[tuple[ErrorHost, Pilot[None]]]:
    app = ErrorHost(of, chosen)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield app, pilot


async def acted(app: ErrorHost, pilot: Pilot[None], *names: str) -> list[tuple[int, int | None, bool]]:
    """What was told when these actions ran."""
    app.told.clear()
    for name in names:
        getattr(app.view, f"action_{name}")()
    await pilot.pause()
    return app.told.copy()


def squeezed(rows: Sequence[str]) -> list[str]:
    return [" ".join(row.split()) for row in rows]


async def test_the_root_is_open_at_its_culprit_with_library_frames_folded() -> None:
    async with shown() as (app, _):
        assert app.view.selection == (0, 13)
        assert app.told == []
        assert squeezed(app.rows()) == [
            "✗ KeyError: 'price' ▶ root cause · handled · cause of the next",
            "• main src/main.py:3",
            "· 12 library frames ▸",
            "▌ • total src/shop/cart.py:8",
            "· raw_decode /usr/lib/python3/json/decoder.py:99",
            "✗ ShopError: no price the next came while handling it",
            "… 2 more lines",
            "✗ RuntimeError: [red]worker[/red] died",
        ]


async def test_a_frame_found_by_its_tail_and_one_without_a_place_are_told_apart() -> None:
    async with shown(chosen=1) as (app, _):
        assert app.view.chosen == 1
        rows = squeezed(app.rows())
    assert "▌ • convert ≈ src/shop/日本.py:5" in rows
    assert "• <native>" in rows


async def test_a_run_is_unfolded_where_the_culprit_is_inside_and_folded_again() -> None:
    async with shown(chosen=2) as (app, pilot):
        assert app.view.selection == (2, 2)
        assert "· 3 library frames ▾" in squeezed(app.rows())
        assert await acted(app, pilot, "toggle_fold") == []
        assert app.view.selection == (2, None)
        assert squeezed(app.rows())[-1] == "▌ · 3 library frames ▸"
        await acted(app, pilot, "choose")
        assert squeezed(app.rows())[-1].startswith("· raw_decode")


async def test_the_cursor_goes_over_rows_and_tells_the_steps() -> None:
    async with shown() as (app, pilot):
        told = await acted(app, pilot, *["previous_step"] * 4, *["next_step"] * 8)
    errors_and_steps = [each[:2] for each in told]
    assert errors_and_steps == [(0, 0), (0, None), (0, 0), (0, 13), (0, 14), (1, None), (2, None)]


async def test_frames_are_one_s_own_and_all_where_none_is() -> None:
    async with shown() as (app, pilot):
        assert await acted(app, pilot, "previous_frame", "previous_frame", "next_frame", "next_frame") == [
            (0, 0, False),
            (0, 13, False),
        ]
        app.view.load(incident(), chosen=2)
        assert await acted(app, pilot, "previous_frame", "previous_frame", "previous_frame") == [
            (2, 1, False),
            (2, 0, False),
        ]


async def test_another_error_opens_at_its_culprit_and_is_told() -> None:
    async with shown() as (app, pilot):
        names = ("next_error", "next_error", "next_error", "previous_error")
        assert await acted(app, pilot, *names) == [(1, 1, False), (2, 2, False), (1, 1, False)]
        assert app.view.chosen == 1


async def test_enter_tells_a_frame_again_and_opens_a_closed_error() -> None:
    async with shown() as (app, pilot):
        assert await acted(app, pilot, "choose") == [(0, 13, True)]
        assert await acted(app, pilot, "last_line", "choose") == [(2, None, False), (2, 2, True)]


async def test_an_error_folds_and_unfolds() -> None:
    async with shown() as (app, pilot):
        await acted(app, pilot, "first_line", "toggle_fold")
        assert app.view.chosen is None
        assert len(app.rows()) == 4
        assert await acted(app, pilot, "toggle_fold") == [(0, None, False)]
        assert len(app.rows()) == 8


async def test_copying_gives_the_error_and_its_frames() -> None:
    async with shown(chosen=2) as (app, pilot):
        await acted(app, pilot, "copy")
    frames = "".join(f"\n/usr/lib/python3/json/decoder.py:{n} raw_decode" for n in (1, 2, 3))
    assert app.copied == [(f"RuntimeError: [red]worker[/red] died\nwhile working{frames}", "error")]


async def test_a_click_selects_a_frame() -> None:
    async with shown() as (app, pilot):
        await pilot.click(ErrorList, offset=(5, 1))
        await pilot.pause()
        assert app.told == [(0, 0, False)]


async def test_without_errors_there_are_words_and_no_action_fails() -> None:
    async with shown(incident((), (), root=None)) as (app, pilot):
        assert squeezed(app.rows()) == ["No error was found in this log."]
        names = [
            "next_step",
            "previous_step",
            "next_frame",
            "previous_frame",
            "next_error",
            "toggle_fold",
            "choose",
            "copy",
        ]
        assert await acted(app, pilot, *names) == []
        assert app.view.selection is None


@pytest.mark.parametrize("size", [(30, 5), (31, 12), (120, 30)])
async def test_every_row_is_as_wide_as_the_view(size: tuple[int, int]) -> None:
    long = LoggedError("日本" * 40, "wide 日本語 " * 30 + "\nmore", relation=Relation.SUPPRESSED)
    steps = (own("日本/" * 40 + "x.py", 12, "関数" * 40), Step(Frame("a\tb.py", None, None)))
    for chosen in (0, 1, 3):
        async with shown(incident((*ERRORS, long), (*STEPS, steps)), chosen, size) as (app, _):
            assert {app.view.render_line(y).cell_length for y in range(size[1])} == {size[0]}
            assert any(row.startswith("▌") for row in app.rows())


async def test_thousands_of_errors_and_frames_stay_quick() -> None:
    frames = tuple(library(n) if n % 3 else own("src/main.py", n + 1, "again") for n in range(2_000))
    errors = [LoggedError("KeyError", "'price'\nand more")] * 2_000
    many = incident(errors, [frames if n == 1_000 else STEPS[0] for n in range(2_000)], root=1_000)
    async with shown() as (app, pilot):
        app.view.load(many)
        assert app.view.selection == (1_000, 1_998)
        took = {}
        for name in ("previous_step", "toggle_fold", "next_frame", "previous_error", "next_error"):
            best = min(timed(app.view, name) for _ in range(2))
            took[name] = best
        await pilot.pause()
    print({name: f"{seconds * 1000:.1f} ms" for name, seconds in took.items()})
    assert max(took.values()) < 0.02 * 4  # 4: the machine may be busy


def timed(errors: ErrorList, name: str) -> float:
    began = time.perf_counter()
    getattr(errors, f"action_{name}")()
    return time.perf_counter() - began


def test_the_root_open(snap_compare: Any) -> None:
    assert snap_compare(ErrorHost(), terminal_size=(80, 14))


def test_narrow(snap_compare: Any) -> None:
    assert snap_compare(ErrorHost(chosen=1), terminal_size=(34, 12))

"""The diagnosis: wrapped, growing, with places that can be followed and others that can't."""

import time
from dataclasses import replace
from typing import Any

import pytest
from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.message import Message
from textual.pilot import Pilot

from termcoder.diagnosis.answer import Diagnosis
from termcoder.diagnosis.incident import Place
from termcoder.ui.widgets.diagnosis_view import NOTHING_SAID, DiagnosisView

PLACES = (Place("src/shop/cart.py", 42), Place("src/shop/cart.py", 4), Place("src/main.py", 7))
TOLD = Diagnosis(
    cause="total() divides by the number of items, and src/main.py:7 passes an empty cart to it.",
    place=PLACES[0],
    why="The list that load() returns is empty when the file is; nothing checks it before src/shop/cart.py:42 runs.",
)
NOTES = ("3 secrets were hidden from the model", "left out to fit the context: src/shop/long_name.py")


class Host(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Message] = []

    def compose(self) -> ComposeResult:
        yield DiagnosisView("Press d to diagnose this error.")

    @property
    def view(self) -> DiagnosisView:
        return self.query_one(DiagnosisView)

    def on_diagnosis_view_place_chosen(self, message: DiagnosisView.PlaceChosen) -> None:
        self.asked.append(message)

    def on_line_scroll_copy_requested(self, message: DiagnosisView.CopyRequested) -> None:
        self.asked.append(message)

    def places(self) -> list[tuple[str, int]]:
        return [(each.path, each.line) for each in self.asked if isinstance(each, DiagnosisView.PlaceChosen)]


def rows(view: DiagnosisView) -> list[str]:
    return [view.render_line(y).text.rstrip() for y in range(view.size.height)]


def underlined(view: DiagnosisView) -> list[str]:
    strips = [view.render_line(y) for y in range(view.size.height)]
    return [segment.text for strip in strips for segment in strip if segment.style and segment.style.underline]


async def test_labelled_paragraphs_are_wrapped_and_notes_stand_beneath() -> None:
    app = Host()
    async with app.run_test(size=(50, 16)):
        app.view.show(TOLD, notes=NOTES, places=PLACES)
        assert rows(app.view)[:11] == [
            " Cause  total() divides by the number of items,",
            "        and src/main.py:7 passes an empty cart to",
            "        it.",
            "▌Place  ▶ src/shop/cart.py:42",
            " Why    The list that load() returns is empty",
            "        when the file is; nothing checks it",
            "        before src/shop/cart.py:42 runs.",
            "",
            " · 3 secrets were hidden from the model",
            " · left out to fit the context:",
            "   src/shop/long_name.py",
        ]


async def test_only_given_places_are_links() -> None:
    app = Host()
    async with app.run_test(size=(90, 16)):
        cause = "a/src/main.py:7 src/main.py:77 other.py:3 src/shop/cart.py:4 src/shop/cart.py:42, src/main.py:7."
        app.view.show(Diagnosis(cause=cause), places=PLACES)
        assert underlined(app.view) == ["src/shop/cart.py:4", "src/shop/cart.py:42", "src/main.py:7"]
        app.view.show(Diagnosis(cause=cause), places=())
        assert underlined(app.view) == []


async def test_places_are_followed_by_key_and_by_mouse() -> None:
    app = Host()
    async with app.run_test(size=(90, 16)) as pilot:
        app.view.show(TOLD, places=PLACES)
        app.view.action_follow_place()
        first = rows(app.view)[0].index("src/main.py:7")
        await pilot.click(DiagnosisView, offset=(first + 3, 0))
        await pilot.click(DiagnosisView, offset=(2, 0))
        await pilot.click(DiagnosisView, offset=(first, 12))
        assert app.places() == [("src/shop/cart.py", 42), ("src/main.py", 7)]


async def test_a_link_broken_over_two_rows_can_be_clicked_on_both() -> None:
    app = Host()
    async with app.run_test(size=(24, 16)) as pilot:
        app.view.show(Diagnosis(cause="src/shop/cart.py:42"), places=PLACES)
        assert len(underlined(app.view)) == 2
        await pilot.click(DiagnosisView, offset=(9, 0))
        await pilot.click(DiagnosisView, offset=(9, 1))
        assert app.places() == [("src/shop/cart.py", 42)] * 2


async def test_while_it_is_written_only_new_rows_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    app = Host()
    async with app.run_test(size=(60, 16)) as pilot:
        app.view.show(replace(TOLD, why="The list that load() returns is"), streaming=True, places=PLACES)
        await pilot.pause()
        assert rows(app.view)[3].endswith("returns is▍")
        layouts: list[bool] = []
        drawn: list[Region] = []
        refresh = app.view.refresh

        def watched(*regions: Region, layout: bool = False, **more: Any) -> DiagnosisView:
            layouts.append(layout)
            drawn.extend(regions)
            return refresh(*regions, layout=layout, **more)

        monkeypatch.setattr(app.view, "refresh", watched)
        app.view.show(replace(TOLD, why="The list that load() returns is empty"), streaming=True, places=PLACES)
        assert drawn == [Region(0, 3, 60, 1)]
        assert not any(layouts)


async def test_growing_is_cheap() -> None:
    app = Host()
    places = [Place(f"src/module_{n}.py", n + 1) for n in range(300)]
    async with app.run_test(size=(60, 16)):
        words = [*("word " * 150 + "src/module_7.py:8 ") * 2][:1600]
        began = time.perf_counter()
        for end in range(0, len(words), 16):
            app.view.show(replace(TOLD, why="".join(words[:end])), streaming=True, places=places)
        assert (time.perf_counter() - began) / 100 < 0.033 / 2


async def test_states_in_place_of_a_diagnosis() -> None:
    app = Host()
    async with app.run_test(size=(40, 7)):
        assert "Press d to diagnose this error." in rows(app.view)[3]
        app.view.show_state("waiting for the model: loading weights", "waiting")
        assert "waiting for the model: loading weights" in rows(app.view)[3]
        app.view.show(TOLD)
        app.view.show_state("The engine died.\nF5 starts it again, with what was written until then.", "error")
        assert rows(app.view)[:3] == [
            "✗ The engine died.",
            "✗ F5 starts it again, with what was",
            "  written until then.",
        ]
        app.view.show(Diagnosis(), notes=["1 sentence was taken out"])
        assert rows(app.view)[0].startswith(" · " + NOTHING_SAID[:20])
        app.view.show(Diagnosis(), streaming=True)
        assert rows(app.view)[0] == " Cause  ▍"


async def test_hostile_text_stays_text_and_fits() -> None:
    app = Host()
    async with app.run_test(size=(30, 5)) as pilot:
        cause = "\x1b[31m[red]日本語" + "漢" * 40 + "\ttab" + "x" * 2000
        app.view.show(Diagnosis(cause, Place("目录/" * 20 + "\x1b.py", 3), "why\x07"), notes=["\x1b[2J"])
        await pilot.pause()
        assert all(app.view.render_line(y).cell_length == 30 for y in range(5))
        assert rows(app.view)[0].startswith(" Cause  ␛[31m[red]")
        app.view.action_last_line()
        assert "▶ " in "\n".join(rows(app.view)) or "␛[2J" in rows(app.view)[-1]
        await pilot.resize_terminal(4, 2)
        await pilot.resize_terminal(60, 12)


async def test_copying_gives_the_diagnosis_as_text() -> None:
    app = Host()
    async with app.run_test() as pilot:
        app.view.action_copy()
        app.view.show(TOLD)
        app.view.action_copy()
        await pilot.pause()
    assert [(each.text, each.what) for each in app.asked if isinstance(each, DiagnosisView.CopyRequested)] == [
        (f"Cause: {TOLD.cause}\nPlace: src/shop/cart.py:42\nWhy: {TOLD.why}", "diagnosis")
    ]


async def streamed(pilot: Pilot[Any]) -> None:
    app = pilot.app
    assert isinstance(app, Host)
    app.view.show(replace(TOLD, why="The list that load() returns is"), streaming=True, notes=NOTES, places=PLACES)


async def finished(pilot: Pilot[Any]) -> None:
    app = pilot.app
    assert isinstance(app, Host)
    app.view.show(TOLD, notes=NOTES, places=PLACES)
    app.view.focus()
    await pilot.pause()


def test_being_written(snap_compare: Any) -> None:
    assert snap_compare(Host(), terminal_size=(60, 14), run_before=streamed)


def test_written_and_focused(snap_compare: Any) -> None:
    assert snap_compare(Host(), terminal_size=(60, 14), run_before=finished)

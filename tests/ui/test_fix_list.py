"""The list of fixes: what is said about each, where the cursor stays, what is asked for."""

from dataclasses import replace
from typing import Any

from textual.app import App, ComposeResult
from textual.message import Message
from textual.pilot import Pilot

from termcoder.diagnosis.fixes import Fix, Origin, Trial
from termcoder.edits.patch import FileChange, Patch, unified
from termcoder.ui.widgets.fix_list import NO_FIXES, FixList


def fix(title: str, when: str = "", path: str = "src/app.py", **fields: Any) -> Fix:
    patch = Patch((FileChange(path, "a = 1\n", f"a = 2  # {title}\n"),))
    return Fix(title, when, **{"origin": Origin.MODEL, "patch": patch, **fields})


GUARD = fix("Return 0 for an empty cart", "an empty cart is allowed", origin=Origin.RULE)
RAISE = fix("Raise ValueError", "an empty cart is the caller's mistake", votes=3)
OTHER = fix("Change the template", "the template is wrong", path="web/page.xyz", checked=False)
FIXES = (GUARD, RAISE, OTHER)
DROPPED = (("would not compile", 1), ("changes nothing", 1))


class Host(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Message] = []

    def compose(self) -> ComposeResult:
        yield FixList()

    @property
    def view(self) -> FixList:
        return self.query_one(FixList)

    def on_fix_list_fix_chosen(self, message: FixList.FixChosen) -> None:
        self.asked.append(message)

    def on_fix_list_apply_requested(self, message: FixList.ApplyRequested) -> None:
        self.asked.append(message)

    def on_line_scroll_copy_requested(self, message: FixList.CopyRequested) -> None:
        self.asked.append(message)

    def chosen(self) -> list[Fix | None]:
        return [each.fix for each in self.asked if isinstance(each, FixList.FixChosen)]

    def rows(self) -> list[str]:
        return [self.view.render_line(y).text.rstrip() for y in range(self.view.size.height)]


async def test_each_fix_is_told_in_words() -> None:
    app = Host()
    async with app.run_test(size=(70, 14)):
        app.view.show(FIXES, dropped=DROPPED, busy="trying 2 of 3 …", samples=4)
        assert app.rows()[:11] == [
            "▌ 1 Return 0 for an empty cart",
            "▌   checked: applies and compiles · by rule",
            "▌   an empty cart is allowed",
            "  2 Raise ValueError",
            "    checked: applies and compiles · by the model, 3 of 4 samples",
            "    an empty cart is the caller's mistake",
            "  3 Change the template",
            "    applies; not checked (no grammar for .xyz here) · by the model, 1",
            "    of 4 samples",
            "    the template is wrong",
            "  · 2 more were dropped: 1 would not compile, 1 changes nothing",
        ]
        assert app.rows()[11] == "  · trying 2 of 3 …"


async def test_what_a_trial_showed() -> None:
    app = Host()
    async with app.run_test(size=(70, 14)):
        tried = (replace(GUARD, trial=Trial.PASSED), replace(RAISE, trial=Trial.FAILED))
        app.view.show(tried, command="pytest -x")
        text = "\n".join(app.rows())
        assert "✓ verified: `pytest -x` passes with it · by rule" in text
        assert "✗ `pytest -x` still fails with it · by the model, 3 samples" in text
        app.view.show(tried)
        assert "✗ the command still fails with it" in "\n".join(app.rows())


async def test_without_fixes() -> None:
    app = Host()
    async with app.run_test(size=(70, 5)) as pilot:
        assert NO_FIXES in app.rows()[2]
        app.view.show((), dropped=DROPPED[:1], busy="the model is writing fixes …")
        assert app.rows()[:2] == ["  · 1 was dropped: 1 would not compile", "  · the model is writing fixes …"]
        for action in ("next_fix", "previous_fix", "apply", "copy_fix"):
            getattr(app.view, f"action_{action}")()
        app.view.action_choose_number(1)
        await pilot.pause()
    assert app.asked == []


async def test_the_cursor_moves_by_fix_and_number() -> None:
    app = Host()
    async with app.run_test(size=(70, 14)) as pilot:
        app.view.show(FIXES)
        app.view.action_next_fix()
        app.view.action_choose_number(3)
        app.view.action_choose_number(9)
        app.view.action_next_fix()
        app.view.action_previous_fix()
        await pilot.click(FixList, offset=(5, 1))
        await pilot.pause()
    assert app.chosen() == [GUARD, RAISE, OTHER, RAISE, GUARD]


async def test_the_cursor_stays_on_its_fix() -> None:
    app = Host()
    async with app.run_test(size=(70, 14)) as pilot:
        app.view.show(FIXES[:2])
        app.view.action_next_fix()
        verified = replace(RAISE, trial=Trial.PASSED)
        app.view.show((verified, GUARD, OTHER))
        await pilot.pause()
        assert app.view.chosen is verified
        assert app.rows()[0].startswith("▌ 1 Raise")
        assert not app.rows()[3].startswith("▌")
        assert app.chosen() == [GUARD, RAISE]
        app.view.show((GUARD,))
        app.view.show(())
        await pilot.pause()
    assert app.chosen() == [GUARD, RAISE, GUARD, None]


async def test_applying_and_copying() -> None:
    app = Host()
    async with app.run_test(size=(70, 14)) as pilot:
        app.view.show(FIXES)
        app.view.action_choose_number(2)
        app.view.action_apply()
        app.view.action_copy_fix()
        await pilot.click(FixList, offset=(5, 4))
        await pilot.pause()
    applied = [each.fix for each in app.asked if isinstance(each, FixList.ApplyRequested)]
    copied = [(each.text, each.what) for each in app.asked if isinstance(each, FixList.CopyRequested)]
    assert applied == [RAISE, RAISE]
    assert copied == [(unified(RAISE.patch), "patch")]


async def test_a_small_view_follows_the_cursor_and_hostile_text_fits() -> None:
    app = Host()
    hostile = fix("\x1b[31m[red]漢字" * 9, "\ttab\x07" + "長" * 60, path="\x1b.\x1b[2J", checked=False)
    async with app.run_test(size=(30, 5)) as pilot:
        app.view.show((*FIXES, hostile), dropped=[("\x1b[1m", 2)])
        app.view.action_choose_number(3)
        assert app.rows()[0].startswith("▌ 3 Change the template")
        app.view.action_choose_number(4)
        assert app.rows()[0].startswith("▌ 4 ␛[31m[red]漢字")
        app.view.action_next_fix()
        assert app.rows()[4].startswith("  · 2 more were dropped") or "␛[1m" in app.rows()[4]
        assert all(app.view.render_line(y).cell_length == 30 for y in range(5))
        await pilot.resize_terminal(3, 3)
        await pilot.resize_terminal(80, 20)
        assert "▌ 4" in "\n".join(app.rows())


async def tried(pilot: Pilot[Any]) -> None:
    app = pilot.app
    assert isinstance(app, Host)
    trials = (replace(GUARD, trial=Trial.PASSED), replace(RAISE, trial=Trial.FAILED), OTHER)
    app.view.show(trials, dropped=DROPPED, busy="trying 3 of 3 …", command="pytest -x", samples=4)
    app.view.focus()
    await pilot.pause()


def test_every_mark(snap_compare: Any) -> None:
    assert snap_compare(Host(), terminal_size=(70, 14), run_before=tried)


def test_every_mark_where_it_is_narrow(snap_compare: Any) -> None:
    assert snap_compare(Host(), terminal_size=(32, 22), run_before=tried)

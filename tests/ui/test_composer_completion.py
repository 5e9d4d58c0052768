"""The list of files that opens while a mention is typed."""

import os
from pathlib import Path

import pytest
from textual import events

from termcoder.mentions import find_mentions
from termcoder.ui.template_commands import template_commands
from termcoder.ui.widgets.completion import shown_path
from tests.ui.composer_host import ComposerHost, until


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    for name in ("src/app.py", "src/core.py", "src/my file.py", "docs/guide.md", "README.md"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("x")
    return root


@pytest.fixture
def app(project: Path) -> ComposerHost:
    return ComposerHost(project)


def choices(app: ComposerHost) -> list[str]:
    return [hit.path for hit in app.popup.hits] if app.popup.is_open else []


async def test_tab_takes_the_best(app: ComposerHost) -> None:
    async with app.run_test() as pilot:
        await pilot.press(*"see @ap")
        await until(pilot, lambda: app.popup.is_open)
        assert choices(app)[0] == "src/app.py"
        await pilot.press("tab")
        assert app.composer.text == "see @src/app.py "
        assert not app.popup.is_open


async def test_arrows_choose_and_enter_takes(app: ComposerHost) -> None:
    async with app.run_test() as pilot:
        await pilot.press(*"@src/")
        await until(pilot, lambda: app.popup.is_open)
        await pilot.press("down", "enter")
        assert app.composer.text == "@src/core.py "
        assert app.sent == []


async def test_a_name_with_a_space_is_quoted_and_found_again(app: ComposerHost) -> None:
    async with app.run_test() as pilot:
        await pilot.press(*"@my")
        await until(pilot, lambda: app.popup.is_open)
        await pilot.press("enter")
        assert app.composer.text == '@"src/my file.py" '
        assert [mention.path for mention in find_mentions(app.composer.text)] == ["src/my file.py"]


async def test_a_folder_goes_on_inside(app: ComposerHost) -> None:
    async with app.run_test() as pilot:
        await pilot.press(*"@doc")
        await until(pilot, lambda: app.popup.is_open)
        await pilot.press("tab")
        assert app.composer.text == "@docs/"
        assert choices(app) == ["docs/guide.md"]


async def test_escape_closes_until_the_next_mention(app: ComposerHost) -> None:
    async with app.run_test() as pilot:
        await pilot.press(*"@a")
        await until(pilot, lambda: app.popup.is_open)
        await pilot.press("escape", "p")
        assert not app.popup.is_open
        await pilot.press("space", "@", "a")
        assert app.popup.is_open


@pytest.mark.parametrize("text", ["@app.route", "@src/app.py", "me@app", "@zzz", "@", "@ap "])
async def test_enter_sends_where_no_file_is_meant(app: ComposerHost, text: str) -> None:
    async with app.run_test() as pilot:
        await pilot.press("@")
        await until(pilot, lambda: app.popup.is_open)
        await pilot.press("backspace", *text, "enter")
        assert app.sent == [text]
        assert not app.popup.is_open


async def test_a_paste_opens_nothing(app: ComposerHost) -> None:
    async with app.run_test() as pilot:
        app.composer.post_message(events.Paste("@cached\ndef f(): ...\n@ap"))
        await pilot.press("ctrl+e")
        assert not app.popup.is_open


async def test_the_list_closes_with_the_focus(app: ComposerHost) -> None:
    async with app.run_test() as pilot:
        await pilot.press(*"@ap")
        await until(pilot, lambda: app.popup.is_open)
        app.screen.set_focus(None)
        await pilot.pause()
        assert not app.popup.is_open


async def test_a_new_file_is_found_at_the_next_mention(app: ComposerHost, project: Path) -> None:
    async with app.run_test() as pilot:
        await pilot.press("@")
        await until(pilot, lambda: app.popup.is_open)
        (project / "fresh.py").write_text("")
        app.composer._completers[0]._listed_at = 0.0  # long ago
        await pilot.press("backspace", *"@fre")
        await until(pilot, lambda: choices(app) == ["fresh.py"])


async def test_only_mentions_of_files_are_coloured(app: ComposerHost) -> None:
    async with app.run_test() as pilot:
        app.composer.load_draft("@src/app.py @nothing.py")
        await until(pilot, lambda: app.composer.get_line(0).spans)
        assert [(span.start, span.end) for span in app.composer.get_line(0).spans] == [(0, 11)]


HOSTILE = ["[red]bold[b]", "a\x1b[2Jb", "new\nline", "tab\tname", os.fsdecode(b"caf\xe9"), "x" * 200, "日本語" * 20]


async def test_hostile_names_are_inert_and_can_be_taken(project: Path) -> None:
    for name in HOSTILE:
        (project / name).write_text("")
    app = ComposerHost(project)
    async with app.run_test(size=(60, 30)) as pilot:
        await pilot.press("@")
        await until(pilot, lambda: app.popup.is_open)
        for name in HOSTILE:
            app.composer.load_draft(f"@{name[:1]}" if name[0].isalpha() else "@red")
            await pilot.press("ctrl+e", "backspace")
            rendered = app.popup.render().plain
            assert not any(ord(character) < 0x20 for character in rendered.replace("\n", ""))
            assert all(len(row) == len(rendered.split("\n")[0]) or not row.isascii() for row in rendered.split("\n"))
            assert rendered.encode()
        app.composer.load_draft("")
        await pilot.press(*"@caf")
        await until(pilot, lambda: choices(app) == [os.fsdecode(b"caf\xe9")])
        await pilot.press("tab")
        assert app.composer.text.encode()
        assert [mention.path for mention in find_mentions(app.composer.text)] == [os.fsdecode(b"caf\xe9")]


def test_a_shown_path_keeps_every_character_in_its_place() -> None:
    for name in HOSTILE:
        assert len(shown_path(name)) == len(name)
        assert shown_path(name).isprintable()


async def test_a_narrow_screen_keeps_the_list_inside(project: Path) -> None:
    app = ComposerHost(project)
    async with app.run_test(size=(34, 8)) as pilot:
        await pilot.press(*"a long beginning @src")
        await until(pilot, lambda: app.popup.is_open)
        await pilot.pause()
        region = app.popup.region
        assert region.x >= 0 and region.right <= 34 and region.y >= 0


# Templates


def offered(app: ComposerHost) -> list[str]:
    popup = app.composer._completers[1].popup
    return [hit.path for hit in popup.hits] if popup.is_open else []


async def test_a_slash_offers_the_templates(app: ComposerHost) -> None:
    async with app.run_test() as pilot:
        await pilot.press("/")
        await until(pilot, lambda: "explain" in offered(app))
        assert offered(app) == sorted(offered(app))
        assert choices(app) == []
        await pilot.press(*"exp", "tab")
        assert app.composer.text == "/explain "
        await pilot.press(*"@ap")
        await until(pilot, lambda: app.popup.is_open)
        assert offered(app) == []


async def test_a_template_is_found_by_what_it_does(app: ComposerHost) -> None:
    async with app.run_test() as pilot:
        await pilot.press(*"/traceback")
        await until(pilot, lambda: offered(app) == ["debug"])
        await pilot.press("enter")
        assert app.sent == ["/traceback"]  # it is no beginning of the name: the message says what is wrong


async def test_enter_takes_a_begun_name_and_sends_a_whole_one(app: ComposerHost) -> None:
    async with app.run_test() as pilot:
        await pilot.press(*"/sim")
        await until(pilot, lambda: offered(app))
        await pilot.press("enter")
        assert (app.composer.text, app.sent) == ("/simplify ", [])
        await pilot.press("backspace")
        await pilot.press("enter")
        assert app.sent == ["/simplify"]


async def test_the_list_scrolls_to_the_chosen_one(app: ComposerHost) -> None:
    async with app.run_test(size=(80, 14)) as pilot:
        await pilot.press("/")
        await until(pilot, lambda: offered(app))
        await pilot.press("up")
        popup = app.composer._completers[1].popup
        assert popup.hit.path == "type-hints"
        rows = popup.render().plain.splitlines()
        assert rows[-1].startswith("type-hints  ")
        assert len(rows) <= 8


async def test_a_slash_elsewhere_is_a_slash(app: ComposerHost) -> None:
    async with app.run_test() as pilot:
        await pilot.press(*"/", "escape", *"usr/bin ")
        await pilot.press(*"and /e")
        assert offered(app) == []
        await pilot.press("enter")
        assert app.sent == ["/usr/bin and /e"]


async def test_a_projects_template_says_so(app: ComposerHost, project: Path) -> None:
    folder = project / ".termcoder" / "prompts"
    folder.mkdir(parents=True)
    front = '+++\nname = "ours"\nfeature = "ask"\ndescription = "\\u001b[31mred"\n+++\n'
    (folder / "ours.md").write_text(front + "[system]\nx\n[user]\n$files\nDo it.\n")
    async with app.run_test() as pilot:
        await pilot.press(*"/our")
        await until(pilot, lambda: "ours" in offered(app))
        shown = app.composer._completers[1].popup.render().plain
        assert "[project]" in shown
        assert "\x1b" not in shown


async def test_a_broken_template_is_told_once(app: ComposerHost, project: Path) -> None:
    folder = project / ".termcoder" / "prompts"
    folder.mkdir(parents=True)
    (folder / "bad.md").write_text("nothing")
    async with app.run_test(notifications=True) as pilot:
        await until(pilot, lambda: app._notifications)
        (note,) = app._notifications
        assert "bad.md has no front matter" in note.message
        app.composer._completers[1]._listed_at = 0.0
        await pilot.press("/")
        await until(pilot, lambda: offered(app))
        assert len(app._notifications) == 1


async def test_the_palette_begins_a_message_with_a_template(app: ComposerHost, project: Path) -> None:
    async with app.run_test() as pilot:
        app.composer.load_draft("@src/app.py why?")
        commands = {each.title: each for each in template_commands(project, lambda: app.composer)}
        commands["Template: explain"].callback()
        await pilot.pause()
        assert app.composer.text == "/explain @src/app.py why?"
        assert app.composer.cursor_location == (0, len(app.composer.text))

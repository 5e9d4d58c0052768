"""Writing, sending, pasting and recalling."""

import pytest
from textual import events
from textual.widgets import OptionList

from termcoder.ui.widgets.composer import Composer
from termcoder.ui.widgets.history_search import HistorySearch
from tests.ui.composer_host import ComposerHost, until

LONG = "\n".join(f"line {number}" for number in range(10_000))


class TestKeys:
    async def test_enter_sends_and_empties(self) -> None:
        async with ComposerHost().run_test() as pilot:
            app = pilot.app
            assert isinstance(app, ComposerHost)
            await pilot.press(*"hi there", "enter")
            assert app.sent == ["hi there"]
            assert app.composer.text == ""
            await pilot.press("ctrl+z")
            assert app.composer.text == ""

    @pytest.mark.parametrize("key", ["ctrl+j", "shift+enter", "alt+enter", "ctrl+enter"])
    async def test_other_enters_make_a_newline(self, key: str) -> None:
        app = ComposerHost()
        async with app.run_test() as pilot:
            await pilot.press("a", key, "b", "enter")
            assert app.sent == ["a\nb"]

    async def test_both_keys_can_be_set(self) -> None:
        app = ComposerHost(send_key="ctrl+s", newline_key="f2")
        async with app.run_test() as pilot:
            await pilot.press("a", "enter", "b", "f2", "c")
            assert app.sent == []
            await pilot.press("ctrl+s")
            assert app.sent == ["a\nb\nc"]

    async def test_what_is_blank_is_not_sent(self) -> None:
        app = ComposerHost()
        async with app.run_test() as pilot:
            await pilot.press("enter", "space", "ctrl+j", "enter")
            assert app.sent == []

    async def test_leaving_and_editing_elsewhere_are_asked_for(self) -> None:
        app = ComposerHost()
        async with app.run_test() as pilot:
            await pilot.press("tab", "ctrl+g")
            kinds = [type(message) for message in app.messages]
            assert kinds == [Composer.FocusTranscriptRequested, Composer.EditExternallyRequested]

    async def test_the_programs_function_keys_stay_the_programs(self) -> None:
        app = ComposerHost()
        async with app.run_test():
            assert not {"f6", "f7"} & set(app.composer._bindings.key_to_bindings)


class TestDraft:
    async def test_changes_close_together_are_told_once(self) -> None:
        app = ComposerHost()
        async with app.run_test() as pilot:
            for letter in "abc":
                app.composer.insert(letter)
            await until(pilot, lambda: app.messages)
            assert [getattr(message, "text", None) for message in app.messages] == ["abc"]

    async def test_loading_can_be_undone(self) -> None:
        app = ComposerHost()
        async with app.run_test() as pilot:
            await pilot.press(*"mine")
            app.composer.load_draft("another")
            assert app.composer.text_to_send() == "another"
            await pilot.press("ctrl+z")
            assert app.composer.text_to_send() == "mine"

    async def test_it_grows_with_its_lines_up_to_a_limit(self) -> None:
        app = ComposerHost()
        async with app.run_test(size=(60, 40)) as pilot:
            heights = []
            for lines in (1, 4, 10, 60):
                app.composer.load_draft("x\n" * (lines - 1) + "x")
                await pilot.pause()
                heights.append(app.composer.size.height)
            assert heights == [1, 4, 10, 10]

    async def test_nothing_in_a_draft_commands_the_terminal(self) -> None:
        app = ComposerHost()
        async with app.run_test() as pilot:
            app.composer.load_draft("[red]\x1b[31m\x07\x9b")
            await pilot.pause()
            shown = "".join(segment.text for segment in app.composer.render_line(0))
            assert shown.strip() == "[red]␛[31m␇\N{REPLACEMENT CHARACTER}"
            assert app.composer.text_to_send() == "[red]\x1b[31m\x07\x9b"


class TestPaste:
    async def paste(self, app: ComposerHost, text: str) -> None:
        app.composer.post_message(events.Paste(text))

    async def test_a_paste_never_sends(self) -> None:
        app = ComposerHost()
        async with app.run_test() as pilot:
            await self.paste(app, "one\r\ntwo\rthree\n")
            await pilot.pause()
            assert app.sent == []
            assert app.composer.text == "one\ntwo\nthree\n"

    @pytest.mark.parametrize("text", ["a\tb\x0cc\x0bd\u2028e\x85f\x1cg", "  \n\n ", "\U0010f000]"])
    async def test_text_is_kept_exactly(self, text: str) -> None:
        app = ComposerHost()
        async with app.run_test() as pilot:
            await self.paste(app, "a" + text)
            await pilot.pause()
            assert app.composer.text_to_send() == "a" + text

    async def test_a_large_paste_is_one_label_and_sent_whole(self) -> None:
        app = ComposerHost()
        async with app.run_test() as pilot:
            await pilot.press("a")
            await self.paste(app, LONG)
            await pilot.press("b")
            assert len(app.composer.text) < 40
            assert app.composer.document.line_count == 1
            await pilot.press("enter")
            assert app.sent == [f"a{LONG}b"]

    async def test_a_label_goes_and_comes_back_as_one_character(self) -> None:
        app = ComposerHost()
        async with app.run_test() as pilot:
            await pilot.press("a")
            await self.paste(app, LONG)
            await pilot.press("b", "left", "left", "c")
            assert app.composer.text_to_send() == f"ac{LONG}b"
            await pilot.press("right", "backspace")
            assert app.composer.text_to_send() == "acb"
            await pilot.press("ctrl+z")
            assert app.composer.text_to_send() == f"ac{LONG}b"
            await pilot.press("ctrl+w")
            assert app.composer.text_to_send() == "acb"

    async def test_a_draft_from_an_editor_gets_its_labels_back(self) -> None:
        app = ComposerHost()
        async with app.run_test() as pilot:
            await self.paste(app, LONG)
            await pilot.pause()
            app.composer.load_draft(f"Explain:\n{LONG}\nThanks")
            assert app.composer.document.line_count == 3
            assert app.composer.text_to_send() == f"Explain:\n{LONG}\nThanks"

    async def test_a_huge_draft_is_folded_whole(self) -> None:
        app = ComposerHost()
        async with app.run_test():
            app.composer.load_draft(LONG)
            assert app.composer.document.line_count == 1
            assert app.composer.text_to_send() == LONG

    async def test_copying_a_label_copies_its_text(self) -> None:
        app = ComposerHost()
        async with app.run_test() as pilot:
            await self.paste(app, LONG)
            await pilot.pause()
            app.composer.select_all()
            app.composer.action_cut()
            assert app.clipboard == LONG
            app.composer.action_paste()
            assert app.composer.text_to_send() == LONG


class TestRecall:
    async def test_up_and_down_go_through_what_was_sent_and_back_to_the_draft(self) -> None:
        app = ComposerHost(sent=("first", "second"))
        async with app.run_test() as pilot:
            seen = []
            for key in ("up", "up", "up", "down", "down"):
                await pilot.press(key)
                seen.append(app.composer.text)
            assert seen == ["second", "first", "first", "second", ""]

    async def test_the_draft_comes_back(self) -> None:
        app = ComposerHost(sent=("first one", "second one"))
        async with app.run_test() as pilot:
            await pilot.press("f", "up")
            assert app.composer.text == "first one"
            await pilot.press("down")
            assert app.composer.text == "f"

    async def test_up_goes_through_the_lines_first(self) -> None:
        app = ComposerHost(sent=("old",))
        async with app.run_test() as pilot:
            await pilot.press("ctrl+j", "up")
            assert app.composer.text == "\n"
            assert app.composer.cursor_location == (0, 0)

    async def test_a_draft_left_behind_by_sending_an_old_message_is_in_the_history(self) -> None:
        app = ComposerHost(sent=("do it again",))
        async with app.run_test() as pilot:
            await pilot.press("d", "up", "enter")
            assert app.sent == ["do it again"]
            assert app.past.entries == ("do it again", "d", "do it again")

    async def test_a_changed_old_message_does_not_lose_the_draft(self) -> None:
        app = ComposerHost(sent=("do it again",))
        async with app.run_test() as pilot:
            await pilot.press("d", "up", "end", "!", "up", "ctrl+u", "up")
            assert app.composer.text == "d"

    async def test_a_large_message_is_recalled_folded(self) -> None:
        app = ComposerHost(sent=(LONG[:50_000],))
        async with app.run_test() as pilot:
            await pilot.press("up")
            assert app.composer.document.line_count == 1
            assert app.composer.text_to_send() == LONG[:50_000]


class TestSearch:
    SENT = ("explain the parser", "[red]fix\x1b the bug", "explain the lexer")

    async def test_enter_takes_the_newest_that_fits(self) -> None:
        app = ComposerHost(sent=self.SENT)
        async with app.run_test() as pilot:
            await pilot.press(*"draft", "ctrl+r", *"expl", "enter")
            assert app.composer.text == "explain the lexer"
            assert app.sent == []
            await pilot.press("ctrl+z")
            assert app.composer.text == "draft"

    async def test_ctrl_r_again_goes_further_back(self) -> None:
        app = ComposerHost(sent=self.SENT)
        async with app.run_test() as pilot:
            await pilot.press("ctrl+r", *"expl", "ctrl+r", "enter")
            assert app.composer.text == "explain the parser"

    async def test_escape_leaves_the_draft_and_the_cursor(self) -> None:
        app = ComposerHost(sent=self.SENT)
        async with app.run_test() as pilot:
            await pilot.press(*"draft", "left", "ctrl+r", *"expl", "escape")
            assert app.composer.text == "draft"
            assert app.composer.cursor_location == (0, 4)
            assert app.composer.has_focus

    async def test_nothing_fits(self) -> None:
        app = ComposerHost(sent=self.SENT)
        async with app.run_test() as pilot:
            await pilot.press(*"draft", "ctrl+r", *"zzz", "enter")
            assert app.composer.text == "draft"

    async def test_entries_are_inert(self) -> None:
        app = ComposerHost(sent=self.SENT)
        async with app.run_test() as pilot:
            await pilot.press("ctrl+r", *"fix")
            assert isinstance(app.screen, HistorySearch)
            prompt = app.screen.query_one(OptionList).get_option_at_index(0).prompt
            assert str(prompt) == "[red]fix␛ the bug"

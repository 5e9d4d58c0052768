"""Composer history: the file, two programs at once, search, up and down."""

import json
import multiprocessing
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from termcoder import history, paths
from termcoder.history import History, HistoryNavigator


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "history.jsonl"


def reread(file: Path) -> tuple[str, ...]:
    return History(file).load().entries


def test_what_was_added_is_there_in_the_next_run(file: Path) -> None:
    entries = ["first", "two\nlines", "smile 😀", "\udc80 not UTF-8", '"quoted" \\ \x00']
    kept = History(file).load()
    assert kept.entries == ()
    assert all(kept.add(entry) for entry in entries)
    assert reread(file) == kept.entries == tuple(entries)


def test_it_is_kept_in_the_state_folder_by_default() -> None:
    assert History().add("x")
    assert reread(paths.history_file()) == ("x",)


def test_the_file_is_private(file: Path) -> None:
    History(file).add("secret")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_blanks_and_repeats_are_not_kept(file: Path) -> None:
    kept = History(file)
    for entry in ["a", "a", "", " \n", "b", "a"]:
        assert kept.add(entry)
    assert reread(file) == kept.entries == ("a", "b", "a")


def test_repeats_written_by_two_programs_are_read_once(file: Path) -> None:
    History(file).add("same")
    History(file).add("same")
    assert len(file.read_text().splitlines()) == 2
    assert reread(file) == ("same",)


def test_damaged_lines_are_skipped(file: Path) -> None:
    History(file).add("before")
    with file.open("ab") as output:
        output.write(b'{"no": "text"}\n\xff\xfe\n12\nnull\n""\n' + b"[" * 100_000 + b'\n"cut sho')
    History(file).add("after")
    assert reread(file) == ("before", "after"), "an entry after a cut line is on a line of its own"


def test_a_long_entry_lives_only_in_this_run(file: Path) -> None:
    kept = History(file)
    assert not kept.add("x" * (history.MAX_ENTRY_CHARS + 1))
    assert len(kept.entries) == 1
    assert reread(file) == ()


def test_without_a_place_to_write_it_still_works(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    kept = History(tmp_path / "file" / "history.jsonl").load()
    assert not kept.add("x")
    assert kept.entries == ("x",)
    assert kept.navigator().up().text == "x"


def test_a_full_disk_keeps_what_was_there(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = History(file)
    kept.add("before")
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:3]))
    assert not kept.add("cut in the middle")
    monkeypatch.undo()
    assert History(file).add("after")
    assert reread(file) == ("before", "after")


def test_the_file_stays_bounded_and_keeps_the_newest(file: Path) -> None:
    kept = History(file, max_bytes=2000)
    for number in range(500):
        assert kept.add(f"entry number {number}")
        assert file.stat().st_size <= 2000
    newest = reread(file)
    assert newest == tuple(f"entry number {number}" for number in range(500 - len(newest), 500))
    assert sorted(path.name for path in file.parent.iterdir()) == [".history.jsonl.lock", "history.jsonl"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_at_most_so_many_entries_are_read(file: Path) -> None:
    kept = History(file, max_entries=5)
    for number in range(9):
        kept.add(str(number))
    assert kept.entries == History(file, max_entries=5).load().entries == ("4", "5", "6", "7", "8")


def _add_many(file: Path, name: str, count: int, max_bytes: int) -> None:
    kept = History(file, max_bytes=max_bytes)
    for number in range(count):
        kept.add(f"{name} {number} {'x' * (number % 50)}")


@pytest.mark.parametrize("max_bytes", [10_000_000, 4000])
def test_programs_at_once_lose_nothing_of_each_other(file: Path, max_bytes: int) -> None:
    context = multiprocessing.get_context("fork")
    programs = [context.Process(target=_add_many, args=(file, name, 150, max_bytes)) for name in ("a", "b", "c")]
    for program in programs:
        program.start()
    for program in programs:
        program.join()
    entries = reread(file)
    assert all(json.loads(line) in entries for line in file.read_text().splitlines()), "every line is whole"
    for name in ("a", "b", "c"):
        numbers = [int(entry.split()[1]) for entry in entries if entry.startswith(name)]
        assert numbers == sorted(numbers)
        if max_bytes > 4000:
            assert numbers == list(range(150))
    assert file.stat().st_size <= max_bytes


WRITER = """
import sys
from pathlib import Path
from termcoder.history import History
kept, number = History(Path(sys.argv[1]), max_bytes=3000), 0
while True:
    number += 1
    kept.add(f"entry {number} " + "x" * 40)
    print(number, flush=True)
"""


@pytest.mark.parametrize("lines", [1, 40, 63, 100])
def test_killed_at_any_moment_the_file_is_readable(file: Path, lines: int) -> None:
    with subprocess.Popen([sys.executable, "-c", WRITER, str(file)], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        for _ in range(lines):
            told = int(writer.stdout.readline())
        writer.send_signal(signal.SIGKILL)
        told = max([told, *(int(line) for line in writer.stdout if line.endswith("\n"))])
    newest = [int(entry.split()[1]) for entry in reread(file)]
    assert newest == list(range(newest[0], newest[-1] + 1))
    assert newest[-1] in (told, told + 1)


# Search


def test_search_finds_texts_first_and_newest_first() -> None:
    entries = ["fix the parser", "format code", "add parser tests", "plain answer, stern reply", "fix the parser"]
    assert history.search(entries, "parser") == ["fix the parser", "add parser tests", "plain answer, stern reply"]
    assert history.search(entries, "parser t") == ["add parser tests"]
    assert history.search(entries, "par ser") == ["fix the parser", "plain answer, stern reply", "add parser tests"]


def test_search_of_nothing_lists_everything_once_newest_first() -> None:
    assert history.search(["a", "b", "a", "c"], "") == ["c", "a", "b"]
    assert history.search(["a", "b", "a", "c"], "", limit=2) == ["c", "a"]


def test_a_capital_letter_makes_case_count() -> None:
    assert history.search(["make Makefile", "makefile"], "Make") == ["make Makefile"]
    assert history.search(["MAKE IT", "makefile"], "make") == ["makefile", "MAKE IT"]


@settings(deadline=None)
@given(entries=st.lists(st.text(max_size=20), max_size=20), query=st.text(max_size=5), limit=st.integers(1, 30))
def test_search_gives_entries_that_match_each_once(entries: list[str], query: str, limit: int) -> None:
    found = history.search(entries, query, limit)
    assert len(found) == len(set(found)) <= limit
    assert set(found) <= set(entries)
    holding = {entry for entry in entries if query in entry}
    assert holding <= set(found) or len(found) == limit


# Up and down


def test_up_and_down_keep_the_draft() -> None:
    here = HistoryNavigator(("one", "two"), "", 2, "")
    assert here.on_draft
    assert here.up().text == "two"
    assert here.up().up().text == "one"
    assert here.up().up().up().text == "one"
    assert here.up().up().down().text == "two"
    assert here.up().down() == here
    assert here.down() == here


def test_the_draft_is_a_prefix() -> None:
    here = HistoryNavigator(("git add", "ls", "git log", "git"), "git", 4, "git")
    assert [here.up().text, here.up().up().text, here.up().up().up().text] == ["git log", "git add", "git add"]
    assert here.up().up().down().down().text == "git"


def test_a_history_gives_its_navigator(file: Path) -> None:
    kept = History(file)
    kept.add("a")
    here = kept.navigator("")
    kept.add("b")
    assert here.up().text == "a", "a navigator is a value: it doesn't see later entries"
    assert kept.navigator("x").up() == kept.navigator("x")


class Navigation(RuleBasedStateMachine):
    """Up and down against a list with a finger on it."""

    @initialize(
        entries=st.lists(st.text("ab", max_size=3), max_size=8).map(tuple),
        draft=st.text("ab", max_size=2),
    )
    def begin(self, entries: tuple[str, ...], draft: str) -> None:
        self.visited = [entry for entry in entries if entry.startswith(draft)]
        self.draft = draft
        self.finger = len(self.visited)
        self.navigator = HistoryNavigator(entries, draft, len(entries), draft)

    @rule()
    def up(self) -> None:
        older = self.finger - 1
        while older >= 0 and self.visited[older] == self.navigator.text:
            older -= 1
        self.finger = older if older >= 0 else self.finger
        self.navigator = self.navigator.up()

    @rule()
    def down(self) -> None:
        newer = self.finger + 1
        while newer < len(self.visited) and self.visited[newer] == self.navigator.text:
            newer += 1
        self.finger = min(newer, len(self.visited))
        self.navigator = self.navigator.down()

    @invariant()
    def same_text(self) -> None:
        if hasattr(self, "navigator"):
            shown = [*self.visited, self.draft][self.finger]
            assert self.navigator.text == shown
            assert self.navigator.on_draft == (self.finger == len(self.visited))


TestNavigation = Navigation.TestCase
TestNavigation.settings = settings(max_examples=100, stateful_step_count=20, deadline=None)

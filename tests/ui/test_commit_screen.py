"""The commit screen: the draft by the model, the message, the hooks, and what a refused commit leaves."""

import asyncio
import threading
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from textual.app import App
from textual.pilot import Pilot
from textual.widgets import Static

from termcoder.diffs.model import ChangeSet, Scope
from termcoder.errors import EngineDiedError, GitError, GitStoppedError
from termcoder.repository.committing import Commit
from termcoder.ui.screens.commit import CommitScreen, Committing, Left
from tests.ui.diff_host import change_set
from tests.ui.test_app import until

MADE = Commit("1a2b3c4d5e6f", "Say why", ())


@dataclass
class Git:
    """Makes commits; `refuses` is what it says instead."""

    refuses: Exception | None = None
    waits: bool = False
    asked: list[tuple[str, bool]] = field(default_factory=list)

    def make(self, message: str, *, hooks: bool, cancel: threading.Event) -> Commit:
        self.asked.append((message, hooks))
        if self.waits:
            cancel.wait()
            raise GitStoppedError("Git was stopped.")
        if self.refuses is not None:
            raise self.refuses
        return MADE


class Model:
    """Writes drafts, each when it is told to."""

    def __init__(self, *drafts: str, error: Exception | None = None, ready: bool = True) -> None:
        self.drafts, self.error, self.ready = drafts, error, ready
        self.go = asyncio.Event()
        self.go.set()
        self.ended = 0

    def write(self, cancel: asyncio.Event) -> AsyncGenerator[str, None] | None:
        return self._write() if self.ready else None

    async def _write(self) -> AsyncGenerator[str, None]:
        try:
            for draft in self.drafts:
                await self.go.wait()
                yield draft
            if self.error:
                raise self.error
        finally:
            self.ended += 1


class Host(App[None]):
    """Shows one commit screen, and keeps what it was left with."""

    def __init__(self, work: Committing, draft: str = "", *, run_hooks: bool = False) -> None:
        super().__init__()
        self.work, self.draft, self.run_hooks = work, draft, run_hooks
        self.left: list[Left | None] = []

    def on_mount(self) -> None:
        self.push_screen(CommitScreen(self.work, self.draft, run_hooks=self.run_hooks), self.left.append)


def work(git: Git | None = None, model: Model | None = None, hooks: tuple[str, ...] = (), **fields: Any) -> Committing:
    model = model or Model(ready=False)
    return Committing(change_set(), hooks, (git or Git()).make, model.write, **fields)


@asynccontextmanager
async def shown(host: Host) -> AsyncIterator[tuple[Pilot[None], CommitScreen]]:
    async with host.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: isinstance(host.screen, CommitScreen))
        assert isinstance(host.screen, CommitScreen)
        yield pilot, host.screen


def text_of(screen: CommitScreen, name: str) -> str:
    return str(screen.query_one(f"#{name}", Static).render())


async def test_it_says_what_is_committed_and_what_is_open() -> None:
    notes = ChangeSet(Scope(), change_set().files, ("a merge is in progress",))
    given = Committing(notes, (), Git().make, Model(ready=False).write, "2 major findings are open.")
    async with shown(Host(given)) as (_, screen):
        assert text_of(screen, "title") == "Commit 5 files, +4 −3"
        warnings = [str(each.render()) for each in screen.query(".warning").results(Static)]
        assert warnings == ["2 major findings are open.", "A merge is in progress."]


async def test_the_draft_of_the_model_is_committed() -> None:
    git = Git()
    host = Host(work(git, Model("fix: say", "fix: say why\n\nBecause.")))
    async with shown(host) as (pilot, screen):
        await until(pilot, lambda: screen._area.text == "fix: say why\n\nBecause.")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: bool(host.left))
    assert git.asked == [("fix: say why\n\nBecause.", False)]
    assert host.left == [Left(MADE, "", False)]


async def test_typing_stops_the_model_and_loses_nothing() -> None:
    model = Model("fix", "fix: more", "fix: more and more")
    async with shown(Host(work(model=model))) as (pilot, screen):
        model.go.clear()
        await pilot.press("x")
        typed = screen._area.text
        assert typed.endswith("x")
        model.go.set()
        await until(pilot, lambda: model.ended == 1)
        assert screen._area.text in (typed, "fix: more and morex")


async def test_what_the_user_wrote_comes_back_with_one_undo() -> None:
    model = Model("one", "one two", "one two three")
    async with shown(Host(work(model=model), "mine")) as (pilot, screen):
        assert screen._area.text == "mine"
        await pilot.press("ctrl+r")
        await until(pilot, lambda: screen._area.text == "one two three")
        await until(pilot, lambda: model.ended == 1)
        await pilot.press("ctrl+z")
        assert screen._area.text == "mine"
        await pilot.press("ctrl+y")
        assert screen._area.text == "one two three"


async def test_without_a_model_it_says_so_and_the_user_writes() -> None:
    git = Git()
    async with shown(Host(work(git))) as (pilot, screen):
        await until(pilot, lambda: "No model is ready" in text_of(screen, "state"))
        await pilot.press("a", "enter", "b", "ctrl+s")
        await until(pilot, lambda: git.asked == [("a\nb", False)])


async def test_an_error_of_the_model_is_told() -> None:
    model = Model("half", error=EngineDiedError("The engine died."))
    async with shown(Host(work(model=model))) as (pilot, screen):
        await until(pilot, lambda: "The engine died." in text_of(screen, "state"))
        assert screen._area.text == "half"


async def test_a_long_subject_is_counted() -> None:
    async with shown(Host(work(), "x" * 73 + "\n\n" + "y" * 100)) as (pilot, screen):
        await until(pilot, lambda: text_of(screen, "hint") == "Subject: 73 characters; only 72 are seen in most lists")
        await pilot.press("ctrl+home", "delete")
        screen._area.show_text("x" * 72)
        await until(pilot, lambda: text_of(screen, "hint") == "Subject: 72 characters")


async def test_hooks_run_only_where_the_user_says_so() -> None:
    git = Git()
    host = Host(work(git, hooks=("pre-commit", "commit-msg")), "text")
    async with shown(host) as (pilot, screen):
        assert text_of(screen, "hooks") == "Hooks: pre-commit, commit-msg: [ ] not run, Ctrl+T changes it"
        await pilot.press("ctrl+t")
        assert "[x] run" in text_of(screen, "hooks")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: bool(host.left))
    assert git.asked == [("text", True)]
    assert host.left == [Left(MADE, "", True)]


async def test_without_hooks_the_key_does_nothing() -> None:
    git = Git()
    async with shown(Host(work(git), "text", run_hooks=True)) as (pilot, screen):
        assert not screen.query("#hooks")
        await pilot.press("ctrl+t", "ctrl+s")
        await until(pilot, lambda: git.asked == [("text", False)])


async def test_what_a_hook_says_is_shown_and_the_message_stays() -> None:
    error = GitError("git commit failed (1).", remedy="Try the same in a shell.")
    error.add_note("checking\n\x1b[31mcart.py:3: bad [style]\x07\n")
    git = Git(refuses=error)
    host = Host(work(git, hooks=("pre-commit",)), "text", run_hooks=True)
    async with shown(host) as (pilot, screen):
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "failed" in text_of(screen, "state"))
        assert text_of(screen, "state").splitlines()[1:] == ["checking", "␛[31mcart.py:3: bad [style]␇"]
        assert screen._area.text == "text"
        git.refuses = None
        await pilot.press("!", "ctrl+s")
        await until(pilot, lambda: bool(host.left))
    assert git.asked == [("text", True), ("text!", True)]


async def test_escape_stops_a_commit_then_leaves_and_keeps_the_text() -> None:
    git = Git(waits=True)
    host = Host(work(git), "text")
    async with shown(host) as (pilot, screen):
        await pilot.press("ctrl+s")
        await until(pilot, lambda: bool(git.asked))
        await pilot.press("ctrl+s", "ctrl+r", "escape")
        await until(pilot, lambda: "Git was stopped" in text_of(screen, "state"))
        assert host.left == []
        await pilot.press("escape")
        await until(pilot, lambda: bool(host.left))
    assert len(git.asked) == 1
    assert host.left == [Left(None, "text", False)]


async def test_leaving_the_program_stops_a_commit() -> None:
    git = Git(waits=True)
    async with shown(Host(work(git), "text")) as (pilot, screen):
        await pilot.press("ctrl+s")
        await until(pilot, lambda: bool(git.asked))
    assert screen._cancel_commit.is_set()


def test_looks(snap_compare: Any) -> None:
    given = work(hooks=("pre-commit", "commit-msg"), open_findings="1 critical and 2 major findings are open.")
    host = Host(given, "fix(cart): an empty cart has an average\n\nIt was a division by zero.")
    assert snap_compare(host, terminal_size=(80, 24))

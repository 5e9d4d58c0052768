"""Writes the message of a commit, with a first draft by the model, and makes the commit."""

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import Any

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static, TextArea

from termcoder.diffs.model import ChangeSet
from termcoder.errors import TermcoderError
from termcoder.repository.committing import Commit
from termcoder.ui.inert import inert, one_line
from termcoder.ui.widgets.draft_area import DraftArea
from termcoder.ui.widgets.review_line import clock, count

SUBJECT = 72
"""Characters of a subject that are seen wherever commits are listed."""
KEYS = "Ctrl+S commits · Ctrl+R lets the model write · Esc leaves and keeps the text"
PLACEHOLDER = "What the commit does, in a line; why, below an empty one"
_NO_MODEL = "No model is ready. Ctrl+R asks again."


@dataclass(frozen=True, slots=True)
class Committing:
    """What a commit is made of.

    - `hooks`: names of the repository's hooks. `open_findings`: a sentence about those, or "".
    - `make(message, hooks=..., cancel=...)`: makes the commit; blocks; raises TermcoderError.
    - `write(cancel)`: a message that grows, each text the whole so far; None while no model is ready.
    """

    staged: ChangeSet
    hooks: tuple[str, ...]
    make: Callable[..., Commit]
    write: Callable[[asyncio.Event], AsyncGenerator[str, None] | None]
    open_findings: str = ""


@dataclass(frozen=True, slots=True)
class Left:
    """How the screen was left. `draft`: the text, where there is no commit; `hooks`: whether they were to be run."""

    commit: Commit | None
    draft: str
    hooks: bool


class CommitScreen(ModalScreen[Left]):
    """A message, and below it what it is for. The user's typing stops the model's writing."""

    BINDINGS = [
        Binding("ctrl+s,ctrl+enter", "commit", "Commit", priority=True),
        Binding("ctrl+r", "write", "Write", priority=True),
        Binding("ctrl+t", "toggle_hooks", "Hooks", priority=True),
        Binding("escape", "leave", "Leave", priority=True),
    ]
    DEFAULT_CSS = """
    CommitScreen { align: center middle; }
    CommitScreen > Vertical {
        width: 100%; max-width: 96; height: auto; max-height: 100%;
        background: $surface; border: round $primary; padding: 0 1;
    }
    CommitScreen Static { height: auto; }
    CommitScreen #title { text-style: bold; }
    CommitScreen DraftArea { height: 12; min-height: 3; border: none; padding: 0 1; background: $background; }
    CommitScreen DraftArea:focus { border: none; }
    CommitScreen .warning { color: $text-warning; }
    CommitScreen VerticalScroll { display: none; height: auto; max-height: 8; }
    CommitScreen VerticalScroll.shown { display: block; }
    CommitScreen VerticalScroll.error { color: $text-error; }
    CommitScreen #keys { color: $text-muted; }
    """

    def __init__(self, work: Committing, draft: str = "", *, run_hooks: bool = False) -> None:
        super().__init__()
        self._work = work
        self._draft = draft
        self._run_hooks = run_hooks
        self._cancel_writing = asyncio.Event()
        self._cancel_commit = threading.Event()
        self._committing = False
        self._area = DraftArea(PLACEHOLDER, soft_wrap=True)
        self._hint = Static("", id="hint", markup=False)
        self._hooks = Static("", id="hooks", markup=False)
        self._state = Static("", id="state", markup=False)
        self._around = VerticalScroll(self._state)

    def compose(self) -> ComposeResult:
        """What is committed, the message, and what is to be known of it."""
        files = self._work.staged.files
        added, deleted = sum(file.added for file in files), sum(file.deleted for file in files)
        with Vertical():
            yield Static(f"Commit {count(len(files), 'file')}, +{added:,} −{deleted:,}", id="title", markup=False)
            for warning in self._warnings():
                yield Static(warning, classes="warning", markup=False)
            yield self._area
            yield self._hint
            if self._work.hooks:
                yield self._hooks
            yield self._around
            yield Static(KEYS, id="keys", markup=False)

    def _warnings(self) -> list[str]:
        notes = (f"{note[:1].upper()}{note[1:]}." for note in self._work.staged.notes)
        return [*filter(None, (self._work.open_findings, *map(one_line, notes)))]

    def on_mount(self) -> None:
        """Go on with the draft; without one, let the model begin."""
        self._area.focus()
        self._show_hooks()
        if self._draft:
            self._area.show_text(self._draft)
        else:
            self.action_write()

    def on_unmount(self) -> None:
        """End what runs."""
        self._cancel_writing.set()
        self._cancel_commit.set()

    def _show_hooks(self) -> None:
        done = "[x] run" if self._run_hooks else "[ ] not run"
        self._hooks.update(f"Hooks: {', '.join(self._work.hooks)}: {done}, Ctrl+T changes it")

    def action_toggle_hooks(self) -> None:
        """Run the hooks, or don't."""
        if self._work.hooks and not self._committing:
            self._run_hooks = not self._run_hooks
            self._show_hooks()

    # Writing

    def action_write(self) -> None:
        """Let the model write a message in the place of what is there; undo brings that back."""
        if not self._committing:
            self.run_worker(self._write(), group="commit-message", exclusive=True)

    async def _write(self) -> None:
        self._cancel_writing = cancel = asyncio.Event()
        drafts = self._work.write(cancel)
        if drafts is None:
            self._tell(_NO_MODEL)
            return
        began = time.monotonic()
        tell = partial(self._tell_reading, began)
        tell()
        ticking = self.set_interval(1, tell)
        try:
            async with aclosing(drafts):
                await self._follow(drafts)
            self._tell("")
        except TermcoderError as error:
            self._tell(str(error), "error")
        finally:
            ticking.stop()

    def _tell_reading(self, began: float) -> None:
        doing = "writes" if self._area.text else "reads the changes"
        self._tell(f"The model {doing} · {clock(time.monotonic() - began)}. Typing stops it.")

    async def _follow(self, drafts: AsyncGenerator[str, None]) -> None:
        """Show each draft in the place of the one before, so that one undo takes the whole back."""
        area = self._area
        before, shown = area.text, False
        async for draft in drafts:
            if area.text != before:  # the user goes on from here
                return
            if shown:
                area.undo()
            area.show_text(draft)
            before, shown = area.text, True

    @on(TextArea.Changed)
    def _count(self) -> None:
        """Say how long the subject is, where that matters."""
        subject = len(self._area.text_to_send().lstrip("\n").partition("\n")[0].rstrip())
        over = f"; only {SUBJECT} are seen in most lists" if subject > SUBJECT else ""
        self._hint.update(f"Subject: {count(subject, 'character')}{over}")
        self._hint.set_class(subject > SUBJECT, "warning")

    # Committing

    def action_commit(self) -> None:
        """Make the commit, of all that was typed before this key."""
        self._area.call_later(self._begin)

    def _begin(self) -> None:
        if not self._committing:
            self._committing = True
            self._cancel_writing.set()
            self.run_worker(self._commit(), group="commit")

    async def _commit(self) -> None:
        self._cancel_commit = threading.Event()
        runs_hooks = self._run_hooks and bool(self._work.hooks)
        self._tell("Committing. The hooks run; Esc stops them." if runs_hooks else "Committing.")
        message = self._area.text_to_send()
        try:
            make = self._work.make
            made = await asyncio.to_thread(make, message, hooks=runs_hooks, cancel=self._cancel_commit)
        except TermcoderError as error:
            self._committing = False
            self._tell("\n".join((str(error), *getattr(error, "__notes__", ()))), "error")
            self._area.focus()
            return
        self.dismiss(Left(made, "", self._run_hooks))

    def action_leave(self) -> None:
        """Stop a commit that is being made, else leave and keep the text."""
        if self._committing:
            self._cancel_commit.set()
            return
        self._cancel_writing.set()
        self.dismiss(Left(None, self._area.text_to_send(), self._run_hooks))

    def _tell(self, text: str, kind: str = "") -> None:
        self._state.update(inert(text.strip()))
        self._around.set_class(bool(text), "shown")
        self._around.set_class(kind == "error", "error")
        self._around.can_focus = kind == "error"  # to be scrolled
        if self._around.is_mounted:
            self._around.scroll_end(animate=False)

    def on_resize(self, event: events.Resize) -> None:
        """Leave the message what room there is."""
        self._area.styles.height = max(3, min(16, event.size.height - 10))

    def check_action(self, action: str, parameters: tuple[Any, ...]) -> bool | None:
        """While the commit is being made, the message stays as it is."""
        return not (action == "write" and self._committing)

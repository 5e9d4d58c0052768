"""What a user does with a change in the review pane: stage, take back, apply, dismiss, commit; and the way back."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from termcoder.diffs.model import ChangeSet, FileDiff, Scope, ScopeKind, Status
from termcoder.edits import Patch, UndoStore, apply
from termcoder.edits.files import swaps_of
from termcoder.engine.base import EngineState
from termcoder.errors import ChangedFileError, EditError, TermcoderError
from termcoder.repository import committing, staging
from termcoder.repository.repository import Repository
from termcoder.review.finding import Finding, Severity
from termcoder.ui.inert import one_line
from termcoder.ui.widgets.diff_view import Choice
from termcoder.ui.widgets.review_line import count

if TYPE_CHECKING:
    from termcoder.ui.panes.reviewing import Reviewing
    from termcoder.ui.screens.commit import Left

_SHORT = 8
_NO_LINE = "Go to a line that changes, to a hunk or to a file first."


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that was done and can be taken back. `finding`: the one that was dismissed."""

    what: str
    take_back: Callable[[], object]
    finding: Finding | None = None


class Acts:
    """Acts of one review pane, with the memory of those that can be taken back."""

    def __init__(self, reviewing: "Reviewing") -> None:
        self._reviewing = reviewing
        self._deeds: list[Deed] = []
        self._draft = ""  # of a commit message that wasn't used yet
        self._hooks = reviewing.feature.settings.hooks

    # Staging

    def stage(self) -> None:
        """Stage the chosen lines of the working tree; unstage those of the index."""
        self._reviewing.do(self._stage)

    async def _stage(self) -> None:
        kind = self._reviewing.scope.kind
        if kind not in (ScopeKind.STAGED, ScopeKind.WORKTREE):
            self._reviewing.say("Only what is on the disk can be staged. o goes to the working tree.")
            return
        if (found := self._chosen()) is None:
            return
        file, choice = found
        change = staging.stage if kind is ScopeKind.WORKTREE else staging.unstage
        verb = "Staged" if kind is ScopeKind.WORKTREE else "Unstaged"
        repository = await asyncio.to_thread(self._reviewing.feature.repository)
        changed = await asyncio.to_thread(change, repository, file, choice.rows)
        what = f"{verb} {_what(file, choice)}"
        self._deeds.append(Deed(what, partial(staging.revert, repository, changed)))
        await self._reviewing.reload()
        self._reviewing.say(f"{what}. u takes it back.")

    def _chosen(self) -> tuple[FileDiff, Choice] | None:
        pane = self._reviewing.pane
        choice = pane.diff.chosen
        if pane.files.has_focus and not pane.line.state.marked:
            choice = Choice(pane.files.file) if pane.files.file is not None else None
        if choice is None or (choice.rows is not None and not choice.rows):
            self._reviewing.say(_NO_LINE)
            return None
        return self._reviewing.changes.files[choice.file], choice

    # Files on the disk

    def discard(self) -> None:
        """Take the chosen lines of the working tree back, after a question."""
        self._reviewing.do(self._discard)

    async def _discard(self) -> None:
        from termcoder.ui.screens.confirm import ConfirmScreen

        if self._reviewing.scope.kind is not ScopeKind.WORKTREE:
            self._reviewing.say("Only what isn't staged can be taken back. o goes to the working tree.")
            return
        if (found := self._chosen()) is None:
            return
        file, choice = found
        repository = await asyncio.to_thread(self._reviewing.feature.repository)
        patch = await asyncio.to_thread(staging.discard, repository, file, choice.rows)
        what = _what(file, choice)
        removed = any(change.after is None for change in patch.changes) and file.status is not Status.RENAMED
        question = f"Take {what} back on the disk?" + (" The file goes." if removed else "")
        if await self._reviewing.pane.app.push_screen_wait(
            ConfirmScreen(f"{question} u brings it back.", "takes back")
        ):
            await self._change_files(patch, f"Discarded {what}")

    def apply(self, finding: Finding | None) -> None:
        """Show a finding's patch, then apply it to the file on the disk."""
        if finding is None:
            self._reviewing.say("There is no finding on this line. f goes to the next one.")
        elif finding.suggestion is None:
            self._reviewing.say("There is no patch for this finding. e opens the line in your editor.")
        else:
            on_disk = self._reviewing.scope.kind is ScopeKind.WORKTREE
            self._reviewing.do(partial(self._apply, finding.suggestion, finding.title), stops=on_disk)

    async def _apply(self, suggestion: Patch, title: str) -> None:
        from termcoder.ui.screens.apply import ApplyScreen

        await self._check_on_disk(suggestion)
        patch = await self._reviewing.pane.app.push_screen_wait(ApplyScreen(suggestion, title))
        if patch is not None:
            await self._change_files(patch, f"Applied “{one_line(title)}”")

    async def _check_on_disk(self, patch: Patch) -> None:
        """Raise ChangedFileError, in words about this scope, where the patch isn't for what is on the disk."""
        try:
            await asyncio.to_thread(swaps_of, self._reviewing.top, patch)
        except ChangedFileError as error:
            paths = ", ".join(one_line(change.path) for change in patch.changes)
            raise ChangedFileError(
                f"The patch is for {paths} as reviewed ({self._reviewing.scope}), and the disk has another text.",
                remedy="y copies the patch. Or review the working tree: t shows it.",
            ) from error

    async def _change_files(self, patch: Patch, what: str) -> None:
        top = self._reviewing.top
        store = UndoStore(top)
        await asyncio.to_thread(apply, top, patch, store, what)
        made = await asyncio.to_thread(store.last)
        if made is not None:
            self._deeds.append(Deed(what, partial(_restore, store, made.file)))
        hint = ""
        if self._reviewing.scope.kind is ScopeKind.WORKTREE:
            await self._reviewing.reload()
        else:
            hint = " It isn't staged yet: t shows it."
        self._reviewing.say(f"{what}. u takes it back.{hint}")

    # Findings

    def dismiss(self, finding: Finding | None) -> None:
        """Dismiss a finding: it is folded from now on, in other reviews, too."""
        if finding is None:
            self._reviewing.say("There is no finding on this line. f goes to the next one.")
        else:
            self._reviewing.do(partial(self._dismiss, finding), stops=False)

    async def _dismiss(self, finding: Finding) -> None:
        feature, review = self._reviewing.feature, self._reviewing.shown_review
        if review is None or finding not in review.findings:
            self._reviewing.say("This finding is folded already.")
            return
        await asyncio.to_thread(feature.dismiss, finding)
        what = f"Dismissed “{one_line(finding.title)}”"
        self._deeds.append(Deed(what, partial(feature.restore_dismissed, finding), finding))
        self._reviewing.fold(finding, folded=True)
        self._reviewing.say(f"{what}. u takes it back.")

    # The way back

    def undo(self) -> None:
        """Take back what was done last in this pane."""
        self._reviewing.do(self._undo, stops=bool(self._deeds) and self._deeds[-1].finding is None)

    async def _undo(self) -> None:
        if not self._deeds:
            self._reviewing.say("Nothing was done here that could be taken back.")
            return
        deed = self._deeds.pop()
        try:
            await asyncio.to_thread(deed.take_back)
        except EditError:
            raise  # it can't be taken back any longer: what was done before it can
        except TermcoderError:
            self._deeds.append(deed)
            raise
        if deed.finding is not None:
            self._reviewing.fold(deed.finding, folded=False)
        else:
            await self._reviewing.reload()
        self._reviewing.say(f"Taken back: {deed.what[:1].lower()}{deed.what[1:]}")

    # Committing

    def commit(self) -> None:
        """Ask for a message, and commit what is staged."""
        self._reviewing.do(self._commit, stops=False)

    async def _commit(self) -> None:
        from termcoder.ui.screens.commit import CommitScreen, Committing

        repository = await asyncio.to_thread(self._reviewing.feature.repository)
        staged = await asyncio.to_thread(repository.changes, Scope())
        if not staged.files and not staged.notes:
            self._reviewing.say("Nothing is staged. t shows what has changed on the disk, s stages there.")
            return
        hooks = await asyncio.to_thread(committing.hooks_of, repository)
        work = Committing(
            staged,
            hooks,
            make=partial(committing.commit, repository),
            write=partial(self._written, staged),
            open_findings=_serious(self._reviewing.open_findings(Scope())),
        )
        left = await self._reviewing.pane.app.push_screen_wait(CommitScreen(work, self._draft, run_hooks=self._hooks))
        await self._left(left, repository)

    def _written(self, staged: ChangeSet, cancel: asyncio.Event) -> AsyncGenerator[str, None] | None:
        """A message by the model, if one is ready."""
        host = self._reviewing.host
        if host.engine is None or host.status.state is not EngineState.READY:
            return None
        return self._reviewing.feature.write_message(host.engine, staged, cancel)

    async def _left(self, left: "Left", repository: Repository) -> None:
        self._draft, self._hooks = left.draft, left.hooks
        if left.commit is None:
            return
        what = f"Committed {left.commit.id[:_SHORT]} “{one_line(left.commit.subject)}”"
        self._deeds.append(Deed(what, partial(committing.uncommit, repository, left.commit)))
        await self._reviewing.stop()
        await self._reviewing.reload()
        self._reviewing.say(f"{what}. u takes it back.")


def _what(file: FileDiff, choice: Choice) -> str:
    """What was chosen, in words."""
    path = one_line(file.path)
    return f"all of {path}" if choice.rows is None else f"{count(len(choice.rows), 'line')} of {path}"


def _serious(findings: tuple[Finding, ...]) -> str:
    """How many findings are open that are worth a word before a commit."""
    parts = [(severity, sum(each.severity is severity for each in findings)) for severity in reversed(Severity)]
    told = [f"{number} {severity}" for severity, number in parts if number and severity >= Severity.MAJOR]
    total = sum(each.severity >= Severity.MAJOR for each in findings)
    return f"{' and '.join(told)} finding{'s are' if total > 1 else ' is'} open." if told else ""


def _restore(store: UndoStore, made: Path) -> None:
    """Take a change of files back. Raises EditError where another one was made since."""
    last = store.last()
    if last is None or last.file != made:
        raise EditError(
            "Files were changed since from another place.", remedy="u in the Traceback pane takes that back."
        )
    store.undo_last()

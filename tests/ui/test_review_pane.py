"""The review pane as a whole: what a user does, what is on the screen then, and what git says afterwards."""

from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual.pilot import Pilot

from termcoder.diffs.model import Scope, ScopeKind
from termcoder.edits import FileChange, Patch, UndoStore, apply
from termcoder.engine.base import EngineState
from termcoder.engine.scripted import Script, ScriptedEngine
from termcoder.features.review import ReviewFeature
from termcoder.review.finding import Severity
from termcoder.ui import clipboard, editor
from termcoder.ui.commands import commands_of
from termcoder.ui.panes.review import ReviewPane
from termcoder.ui.screens.apply import ApplyScreen
from termcoder.ui.screens.commit import CommitScreen
from termcoder.ui.screens.confirm import ConfirmScreen
from termcoder.ui.screens.scope import ScopeScreen
from tests.repository import samples
from tests.repository.samples import git, lines, put
from tests.ui.review_host import (
    CannedReview,
    Host,
    app_on,
    canned,
    finding,
    go_to_line,
    go_to_review,
    in_program,
    press,
    repository,
    running,
    said,
    shown_findings,
    told,
)
from tests.ui.test_app import app_of, until


@pytest.fixture(autouse=True)
def identity(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in samples.IDENTITY.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def staged(tmp_path: Path) -> Path:
    return repository(tmp_path / "project")


@pytest.fixture
def unstaged(tmp_path: Path) -> Path:
    return repository(tmp_path / "project", staged=False)


class ThreeFindings(CannedReview):
    found = (finding(10), finding(50, Severity.CRITICAL), finding(90, Severity.NIT))


class Held(ThreeFindings):
    holds = True


def index_of(project: Path) -> str:
    return git(project, "show", ":file").decode()


def disk_of(project: Path) -> str:
    return (project / "file").read_text(encoding="utf-8")


def errors(pilot: Pilot[Any]) -> str:
    return "\n".join(str(each.message) for each in pilot.app._notifications if each.severity == "error")


def host_of(pilot: Pilot[Any]) -> Host:
    assert isinstance(pilot.app, Host)
    return pilot.app


async def engine_ready(pilot: Pilot[Any]) -> None:
    await until(pilot, lambda: host_of(pilot).parts.host.status.state is EngineState.READY)


async def reviewed(pilot: Pilot[Any], pane: ReviewPane) -> None:
    runs = canned(pane).runs
    await press(pilot, "r")
    await until(pilot, lambda: canned(pane).runs > runs and not pane.busy)


# What is shown


async def test_what_is_staged_is_shown_when_the_pane_is_and_the_lists_go_together(staged: Path) -> None:
    put(staged, "another", "new\n")
    git(staged, "add", "-A")
    async with running(staged) as (pilot, pane):
        assert [file.path for file in pane.diff.change_set.files] == ["another", "file"]
        assert told(pane) == "4 hunks in 2 files to review. Press r."
        await press(pilot, "right_square_bracket")
        await until(pilot, lambda: pane.files.file == 1)
        pane.files.focus()
        await press(pilot, "up")
        await until(pilot, lambda: pane.diff.cursor_place is not None and pane.diff.cursor_place.file == 0)
        await press(pilot, "down", "enter")
        await until(pilot, lambda: pane.diff.has_focus and pane.diff.cursor_place.file == 1)


async def test_with_nothing_staged_it_says_what_the_disk_has_and_t_shows_that(unstaged: Path) -> None:
    put(unstaged, "untracked", "")
    async with running(unstaged) as (pilot, pane):
        assert (
            pane.diff.placeholder == "Nothing is staged.\n1 file differs on the disk: t shows what, and s stages there."
        )
        await press(pilot, "r")
        await until(pilot, lambda: "nothing to review" in said(pane))
        await press(pilot, "t")
        await until(pilot, lambda: pane.diff.row_count > 0)
        assert pane.diff.change_set.scope.kind is ScopeKind.WORKTREE
        assert pane.diff.change_set.notes == ("1 untracked file is not read",)
        await press(pilot, "t")
        await until(pilot, lambda: pane.diff.row_count == 0)


async def test_where_nothing_has_changed_other_scopes_are_offered(unstaged: Path) -> None:
    git(unstaged, "checkout", "-q", "file")
    async with running(unstaged) as (_pilot, pane):
        assert pane.diff.placeholder.splitlines() == [
            "Nothing is staged.",
            "Nothing on the disk differs, either.",
            "o offers a commit, a range or a branch.",
        ]


async def test_a_folder_without_a_repository_says_so(tmp_path: Path) -> None:
    folder = tmp_path / "plain"
    folder.mkdir()
    async with running(folder) as (pilot, pane):
        assert "This folder is in no git repository.\nStart in a repository" in pane.diff.placeholder
        for key in ("r", "s", "x", "a", "d", "u", "y", "i", "Z", "f"):
            await press(pilot, key)
        git(folder, "init", "-q")
        put(folder, "first", "one\n")
        git(folder, "add", "-A")
        await press(pilot, "R")
        await until(pilot, lambda: pane.diff.row_count > 0)


async def test_what_has_no_text_is_not_reviewed_and_says_so(unstaged: Path) -> None:
    git(unstaged, "checkout", "-q", "file")
    put(unstaged, "picture", bytes(range(256)))
    git(unstaged, "add", "-A")
    async with running(unstaged) as (pilot, pane):
        assert told(pane) == "Nothing here can be reviewed: 1 file without a line of text that changes."
        await press(pilot, "r")
        await until(pilot, lambda: "nothing to review" in said(pane))
        assert canned(pane).runs == 0


async def test_a_merge_in_progress_is_told(tmp_path: Path) -> None:
    async with running(samples.conflict(tmp_path / "project")) as (pilot, pane):
        assert "a merge is in progress" in pane.diff.change_set.notes
        await press(pilot, "s")
        await until(pilot, lambda: "conflict" in errors(pilot))


async def test_lines_between_hunks_are_fetched(staged: Path) -> None:
    async with running(staged) as (pilot, pane):
        before = pane.diff.row_count
        await press(pilot, "Z")
        await until(pilot, lambda: pane.diff.row_count > before + 50)


async def test_keys_of_the_diff_work_in_the_list_of_files(staged: Path) -> None:
    async with running(staged, feature=ThreeFindings) as (pilot, pane):
        await reviewed(pilot, pane)
        pane.files.focus()
        await press(pilot, "f")
        await until(pilot, lambda: pane.diff.current_finding is not None)
        await press(pilot, "w")
        await until(pilot, lambda: pane.diff.split)


async def test_another_index_is_read_when_the_terminal_is_used_again_and_the_same_is_not(staged: Path) -> None:
    async with in_program(staged) as (pilot, pane):
        opened = canned(pane).opened
        await press(pilot, "f2")
        await press(pilot, "f2", "f2")
        pilot.app.post_message(events.AppFocus())
        await pilot.pause()
        assert canned(pane).opened == opened
        put(staged, "another", "new\n")
        git(staged, "add", "-A")
        pilot.app.post_message(events.AppFocus())
        await until(pilot, lambda: len(pane.diff.change_set.files) == 2)
        git(staged, "reset", "-q")
        await press(pilot, "f2")
        await press(pilot, "f2", "f2")
        await until(pilot, lambda: pane.diff.row_count == 0)


async def test_files_on_the_disk_are_always_read_again(unstaged: Path) -> None:
    async with running(unstaged) as (pilot, pane):
        await press(pilot, "t")
        await until(pilot, lambda: pane.diff.row_count > 0)
        put(unstaged, "file", lines(1))
        pilot.app.post_message(events.AppFocus())
        await until(pilot, lambda: len(pane.diff.change_set.files[0].hunks) == 1)


async def test_another_scope_is_chosen(staged: Path) -> None:
    async with running(staged) as (pilot, pane):
        await press(pilot, "o")
        await until(pilot, lambda: isinstance(pilot.app.screen, ScopeScreen))
        await pilot.press("down", "down", "enter", "enter")
        await until(pilot, lambda: pane.diff.change_set.scope == Scope(ScopeKind.COMMIT, "HEAD"))
        await press(pilot, "s")
        await until(pilot, lambda: "Only what is on the disk can be staged" in said(pane))
        await press(pilot, "x")
        await until(pilot, lambda: "Only what isn't staged" in said(pane))
        await press(pilot, "t")
        await until(pilot, lambda: pane.diff.change_set.scope == Scope())


# Staging and the files on the disk


async def test_the_hunk_under_the_cursor_is_staged_then_the_next_and_each_is_taken_back(unstaged: Path) -> None:
    async with running(unstaged) as (pilot, pane):
        await press(pilot, "t")
        await until(pilot, lambda: pane.diff.row_count > 0)
        await press(pilot, "n", "s", "s")
        await until(pilot, lambda: index_of(unstaged) == lines(10, 50))
        await until(pilot, lambda: said(pane) == "Staged 2 lines of file. u takes it back.")
        await press(pilot, "u")
        await until(pilot, lambda: index_of(unstaged) == lines(10))
        await press(pilot, "u")
        await until(pilot, lambda: said(pane) == "Taken back: staged 2 lines of file" and index_of(unstaged) == lines())
        await press(pilot, "u")
        await until(pilot, lambda: said(pane) == "Nothing was done here that could be taken back.")
        assert disk_of(unstaged) == lines(10, 50, 90)


async def test_a_marked_line_is_staged_alone_and_escape_lets_marks_go(unstaged: Path) -> None:
    async with running(unstaged) as (pilot, pane):
        await press(pilot, "t")
        await until(pilot, lambda: pane.diff.row_count > 0)
        go_to_line(pane, 10)
        await press(pilot, "space")
        await until(pilot, lambda: told(pane).startswith("1 line chosen: s stages them"))
        await press(pilot, "escape")
        await until(pilot, lambda: "chosen" not in told(pane))
        await press(pilot, "space", "s")
        expected = lines().replace("line 10\n", "line 10\nchanged 10\n")
        await until(pilot, lambda: index_of(unstaged) == expected)


async def test_what_is_staged_is_unstaged(staged: Path) -> None:
    async with running(staged) as (pilot, pane):
        await press(pilot, "n", "n", "s")
        await until(pilot, lambda: index_of(staged) == lines(10, 90))
        await press(pilot, "home", "s")
        await until(pilot, lambda: index_of(staged) == lines())
        await until(pilot, lambda: said(pane) == "Unstaged all of file. u takes it back.")
        assert disk_of(staged) == lines(10, 50, 90)


async def test_with_the_keys_in_the_list_of_files_the_whole_file_is_meant(unstaged: Path) -> None:
    for name in ("one", "two"):
        put(unstaged, f"folder/{name}", "new\n")
    git(unstaged, "add", "--intent-to-add", "folder")
    async with running(unstaged) as (pilot, pane):
        await press(pilot, "t")
        await until(pilot, lambda: pane.diff.row_count > 0)
        await press(pilot, "n", "n")
        pane.files.focus()
        await press(pilot, "s")
        await until(pilot, lambda: index_of(unstaged) == lines(10, 50, 90))
        await until(pilot, lambda: said(pane).startswith("Staged all of file"))
        assert pane.files.file == pane.diff.cursor_place.file == 0
        await press(pilot, "up", "s")
        await until(pilot, lambda: said(pane).startswith("Go to a line that changes"))


async def test_an_index_that_has_changed_since_is_left_alone(staged: Path) -> None:
    async with running(staged) as (pilot, _pane):
        put(staged, "file", lines(1))
        git(staged, "add", "-A")
        await press(pilot, "s")
        await until(pilot, lambda: "can't be changed" in errors(pilot))
        assert index_of(staged) == lines(1)


async def test_a_change_on_the_disk_is_taken_back_only_after_a_question(unstaged: Path) -> None:
    async with running(unstaged) as (pilot, pane):
        await press(pilot, "x")
        await until(pilot, lambda: "Only what isn't staged" in said(pane))
        await press(pilot, "t")
        await until(pilot, lambda: pane.diff.row_count > 0)
        await press(pilot, "n", "x")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmScreen))
        await press(pilot, "n")
        await until(pilot, lambda: not isinstance(pilot.app.screen, ConfirmScreen))
        assert disk_of(unstaged) == lines(10, 50, 90)
        await press(pilot, "x")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmScreen))
        await press(pilot, "y")
        await until(pilot, lambda: disk_of(unstaged) == lines(50, 90))
        await until(pilot, lambda: said(pane) == "Discarded 2 lines of file. u takes it back.")
        await press(pilot, "u")
        await until(pilot, lambda: disk_of(unstaged) == lines(10, 50, 90))


async def test_the_editor_opens_the_line_and_what_was_written_is_read(
    unstaged: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    async def write(app: Any, file: Path, line: int) -> None:
        asked.append((file.name, line))
        put(unstaged, "file", lines(10, 50))

    monkeypatch.setattr(editor, "open_file", write)
    async with running(unstaged) as (pilot, pane):
        await press(pilot, "t")
        await until(pilot, lambda: pane.diff.row_count > 0)
        go_to_line(pane, 10)
        await press(pilot, "e")
        await until(pilot, lambda: len(pane.diff.change_set.files[0].hunks) == 2)
        assert asked == [("file", 10)]


# Reviewing


async def test_findings_come_one_by_one_with_the_progress(staged: Path) -> None:
    async with running(staged, feature=Held) as (pilot, pane):
        await press(pilot, "r")
        await until(pilot, lambda: pane.busy)
        canned(pane).go.set()
        await until(pilot, lambda: shown_findings(pane) == [(10, "Line 10 is wrong")])
        await until(pilot, lambda: "1 of 3 · reviewing · 1 finding" in told(pane))
        assert "━━━━━━╌╌" in told(pane)
        assert host_of(pilot).bar.line.activity == "reviewing 1/3 · 1 finding"
        for count in (2, 3):
            canned(pane).go.set()
            await until(pilot, lambda count=count: len(shown_findings(pane)) == count)
        await until(pilot, lambda: not pane.busy)
        assert told(pane).startswith(
            "3 findings: 1 critical, 1 major, 1 nit · 1 of 1 files read, 3 of 3 hunks · scripted"
        )
        assert host_of(pilot).bar.line.activity == ""


async def test_escape_stops_a_review_and_keeps_what_came_and_r_reviews_anew(staged: Path) -> None:
    async with running(staged, feature=Held) as (pilot, pane):
        await press(pilot, "r")
        await until(pilot, lambda: pane.busy)
        canned(pane).go.set()
        await until(pilot, lambda: len(shown_findings(pane)) == 1)
        await press(pilot, "escape")
        await until(pilot, lambda: not pane.busy)
        assert shown_findings(pane) == [(10, "Line 10 is wrong")]
        assert told(pane).startswith("Not finished · 1 finding: 1 major")
        await press(pilot, "r")
        await until(pilot, lambda: pane.busy)
        await press(pilot, "r")
        await until(pilot, lambda: "under way" in said(pane))
        await press(pilot, "escape")
        await until(pilot, lambda: not pane.busy)
        assert shown_findings(pane) == [(10, "Line 10 is wrong")], "a review that brought nothing takes nothing away"


async def test_staging_stops_a_review_and_keeps_findings_where_their_lines_are(staged: Path) -> None:
    async with running(staged, feature=Held) as (pilot, pane):
        await press(pilot, "r")
        for count in (1, 2):
            await until(pilot, lambda: pane.busy)
            canned(pane).go.set()
            await until(pilot, lambda count=count: len(shown_findings(pane)) == count)
        await press(pilot, "n", "s")
        await until(pilot, lambda: index_of(staged) == lines(50, 90) and not pane.busy)
        await until(pilot, lambda: shown_findings(pane) == [(50, "Line 50 is wrong")])
        assert "it has changed since" in told(pane)
        await press(pilot, "u")
        await until(pilot, lambda: len(shown_findings(pane)) == 2)
        assert "it has changed since" not in told(pane)


async def test_another_scope_stops_a_review_and_its_findings_are_there_again(staged: Path) -> None:
    put(staged, "file", lines(1, 10, 50, 90))
    async with running(staged, feature=Held) as (pilot, pane):
        await press(pilot, "r")
        await until(pilot, lambda: pane.busy)
        canned(pane).go.set()
        await until(pilot, lambda: len(shown_findings(pane)) == 1)
        await press(pilot, "t")
        await until(pilot, lambda: pane.diff.change_set.scope.kind is ScopeKind.WORKTREE)
        assert not pane.busy
        assert shown_findings(pane) == []
        await press(pilot, "t")
        await until(pilot, lambda: len(shown_findings(pane)) == 1)


async def test_the_palette_has_the_commands_of_the_pane(staged: Path) -> None:
    async with in_program(staged) as (pilot, pane):
        app = app_of(pilot)
        commands = {command.title: command.callback for command in app.get_system_commands(app.screen)}
        for command in commands_of("review"):
            assert command.title in commands
        await commands["Old and new side by side, or in one column"]()
        assert pane.diff.split
        await commands["Show what is staged, or what isn't yet"]()
        await until(pilot, lambda: pane.diff.change_set.scope.kind is ScopeKind.WORKTREE)


async def test_the_chat_answers_while_a_review_runs(staged: Path) -> None:
    engine = ScriptedEngine(Script(replies=["Yes."]))
    async with in_program(staged, engine, Held) as (pilot, pane):
        await press(pilot, "r")
        await until(pilot, lambda: pane.busy)
        await press(pilot, "f2")
        app = app_of(pilot)
        app.pane.composer.load_draft("Well?")
        await press(pilot, "enter")
        await until(pilot, lambda: [view.answer for view in app.pane.transcript.views] == ["Yes."])
        assert pane.busy
        (await pane.reviewing()).cancel()
        await until(pilot, lambda: not pane.busy)


async def test_waiting_for_the_model_shows_it_and_can_be_stopped(staged: Path) -> None:
    engine = ScriptedEngine()
    engine.hold()
    async with running(staged, engine, ThreeFindings) as (pilot, pane):
        await press(pilot, "r")
        await until(pilot, lambda: "waiting for the model: loading weights 50%" in told(pane))
        await press(pilot, "escape")
        await until(pilot, lambda: not pane.busy)
        assert canned(pane).runs == 0
        engine.release()


async def test_an_engine_that_does_not_start_is_told(staged: Path) -> None:
    engine = ScriptedEngine(Script(failing_starts=1))
    async with running(staged, engine, ThreeFindings) as (pilot, pane):
        await until(pilot, lambda: engine.status.state is EngineState.FAILED)
        await press(pilot, "r")
        await until(pilot, lambda: "The scripted start failed. Start the engine again." in told(pane))
        await host_of(pilot).parts.host.restart()
        await until(pilot, lambda: engine.status.state is EngineState.READY)
        await reviewed(pilot, pane)
        assert len(shown_findings(pane)) == 3
        assert "failed" not in told(pane)


async def test_what_was_found_is_there_at_the_next_start(staged: Path) -> None:
    async with running(staged, feature=ThreeFindings) as (pilot, pane):
        await reviewed(pilot, pane)
    async with running(staged, feature=ThreeFindings) as (pilot, pane):
        await until(pilot, lambda: len(shown_findings(pane)) == 3)
        assert canned(pane).runs == 0


async def test_the_real_review_runs_on_the_scripted_engine(unstaged: Path) -> None:
    put(unstaged, "run.py", "def run(code):\n    return eval(code)\n")
    git(unstaged, "add", "run.py")
    async with running(unstaged, feature=ReviewFeature) as (pilot, pane):
        await press(pilot, "r")
        await until(pilot, lambda: pane.line.state.review is not None and not pane.busy)
        assert "of 1 files read" in told(pane)


async def test_leaving_ends_a_review(staged: Path) -> None:
    app = app_on(staged, feature=Held)
    async with app.run_test(size=(120, 40)) as pilot:
        pane = await go_to_review(app, pilot)
        await press(pilot, "r")
        await until(pilot, lambda: pane.busy)
        await press(pilot, "ctrl+q")
        await until(pilot, lambda: app.return_code is not None)
    assert not pane.busy
    assert app.parts is not None
    await app.parts.host.stop()


# Findings


async def test_a_dismissed_finding_is_folded_shown_by_i_and_taken_back_by_u(staged: Path) -> None:
    async with running(staged, feature=ThreeFindings) as (pilot, pane):
        await reviewed(pilot, pane)
        await press(pilot, "d")
        await until(pilot, lambda: "There is no finding on this line" in said(pane))
        await press(pilot, "f", "d")
        await until(pilot, lambda: [line for line, _ in shown_findings(pane)] == [50, 90])
        assert said(pane) == "Dismissed “Line 10 is wrong”. u takes it back."
        assert "1 finding folded (i)" in told(pane)
        rows = pane.diff.row_count
        await press(pilot, "i")
        await until(pilot, lambda: pane.diff.row_count > rows)
        await press(pilot, "i")
        await until(pilot, lambda: pane.diff.row_count == rows)
        await reviewed(pilot, pane)
        await press(pilot, "u")
        await until(pilot, lambda: sorted(line for line, _ in shown_findings(pane)) == [10, 50, 90])


class WithPatch(CannedReview):
    found = (
        finding(10, suggestion=Patch((FileChange("file", lines(10, 50, 90), lines(50, 90)),))),
        finding(50),
    )


async def test_a_patch_is_looked_at_applied_on_the_disk_and_taken_back(staged: Path) -> None:
    async with running(staged, feature=WithPatch) as (pilot, pane):
        await reviewed(pilot, pane)
        await press(pilot, "f", "a")
        await until(pilot, lambda: isinstance(pilot.app.screen, ApplyScreen))
        await pilot.press("enter")
        await until(pilot, lambda: disk_of(staged) == lines(50, 90))
        await until(pilot, lambda: "It isn't staged yet" in said(pane))
        assert index_of(staged) == lines(10, 50, 90)
        await press(pilot, "u")
        await until(pilot, lambda: disk_of(staged) == lines(10, 50, 90))
        await until(pilot, lambda: said(pane).startswith("Taken back"))
        await press(pilot, "f", "a")
        await until(pilot, lambda: "no patch" in said(pane))


async def test_a_change_that_was_made_elsewhere_since_is_not_taken_back(staged: Path) -> None:
    async with running(staged, feature=WithPatch) as (pilot, pane):
        await reviewed(pilot, pane)
        await press(pilot, "f", "a")
        await until(pilot, lambda: isinstance(pilot.app.screen, ApplyScreen))
        await pilot.press("enter")
        await until(pilot, lambda: said(pane).startswith("Applied"))
        apply(staged, Patch((FileChange("new", None, "new\n"),)), UndoStore(staged), "elsewhere")
        await press(pilot, "u")
        await until(pilot, lambda: "changed since from another place" in errors(pilot))
        assert (staged / "new").exists()
        assert disk_of(staged) == lines(50, 90)


async def test_a_patch_for_another_text_than_the_disk_has_says_so(staged: Path) -> None:
    async with running(staged, feature=WithPatch) as (pilot, pane):
        await reviewed(pilot, pane)
        put(staged, "file", lines(1))
        await press(pilot, "f", "enter")
        await until(pilot, lambda: "as reviewed (staged), and the disk has another text" in errors(pilot))
        assert disk_of(staged) == lines(1)
        assert not isinstance(pilot.app.screen, ApplyScreen)


async def test_a_finding_is_copied_with_its_patch(staged: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copied: list[str] = []
    monkeypatch.setattr(clipboard, "copy", lambda app, text: copied.append(text) or "copied")
    async with running(staged, feature=WithPatch) as (pilot, pane):
        await reviewed(pilot, pane)
        await press(pilot, "f", "y")
        await until(pilot, lambda: bool(copied))
        assert copied[0].startswith("file:10: major: Line 10 is wrong\nWhen it runs, it fails.\n")
        assert "\n-changed 10\n" in copied[0]


# Committing, and the way back


async def test_a_commit_is_made_of_what_is_staged_and_taken_back(staged: Path) -> None:
    async with running(staged, feature=ThreeFindings) as (pilot, pane):
        await engine_ready(pilot)
        await reviewed(pilot, pane)
        await press(pilot, "C")
        await until(pilot, lambda: isinstance(pilot.app.screen, CommitScreen))
        screen = pilot.app.screen
        assert isinstance(screen, CommitScreen)
        assert screen._work.open_findings == "1 critical and 1 major findings are open."
        await until(pilot, lambda: screen._area.text == "Change three lines")
        await press(pilot, "ctrl+s")
        await until(pilot, lambda: git(staged, "log", "--format=%s").splitlines()[0] == b"Change three lines")
        await until(pilot, lambda: said(pane).startswith("Committed "))
        assert "“Change three lines”. u takes it back." in said(pane)
        assert pane.diff.row_count == 0
        await press(pilot, "u")
        await until(pilot, lambda: git(staged, "log", "--format=%s").splitlines() == [b"first"])
        await until(pilot, lambda: len(shown_findings(pane)) == 3)
        assert index_of(staged) == lines(10, 50, 90)


async def test_a_message_that_was_not_used_is_there_the_next_time(staged: Path) -> None:
    engine = ScriptedEngine()
    engine.hold()
    async with running(staged, engine) as (pilot, _pane):
        await press(pilot, "C")
        await until(pilot, lambda: isinstance(pilot.app.screen, CommitScreen))
        await pilot.press(*"mine", "escape")
        await until(pilot, lambda: not isinstance(pilot.app.screen, CommitScreen))
        await press(pilot, "C")
        await until(pilot, lambda: isinstance(pilot.app.screen, CommitScreen))
        await until(pilot, lambda: pilot.app.screen._area.text == "mine")  # type: ignore[attr-defined]
        engine.release()


async def test_with_nothing_staged_there_is_nothing_to_commit(unstaged: Path) -> None:
    async with running(unstaged) as (pilot, pane):
        await press(pilot, "C")
        await until(pilot, lambda: said(pane).startswith("Nothing is staged."))


async def test_deeds_are_taken_back_in_their_order(staged: Path) -> None:
    async with running(staged, feature=ThreeFindings) as (pilot, pane):
        await engine_ready(pilot)
        await reviewed(pilot, pane)
        await press(pilot, "f", "d")
        await until(pilot, lambda: len(shown_findings(pane)) == 2)
        await press(pilot, "p", "s")
        await until(pilot, lambda: index_of(staged) != lines(10, 50, 90))
        await until(pilot, lambda: said(pane).startswith("Unstaged"))
        await press(pilot, "C")
        await until(pilot, lambda: isinstance(pilot.app.screen, CommitScreen))
        await until(pilot, lambda: bool(pilot.app.screen._area.text))  # type: ignore[attr-defined]
        await press(pilot, "ctrl+s")
        await until(pilot, lambda: said(pane).startswith("Committed"))
        await press(pilot, "u")
        await until(pilot, lambda: said(pane).startswith("Taken back: committed"))
        await press(pilot, "u")
        await until(pilot, lambda: said(pane).startswith("Taken back: unstaged"))
        assert index_of(staged) == lines(10, 50, 90)
        await press(pilot, "u")
        await until(pilot, lambda: said(pane).startswith("Taken back: dismissed"))
        assert len(shown_findings(pane)) == 3


async def test_a_commit_that_others_built_on_stays(staged: Path) -> None:
    async with running(staged) as (pilot, pane):
        await engine_ready(pilot)
        await press(pilot, "C")
        await until(pilot, lambda: isinstance(pilot.app.screen, CommitScreen))
        await until(pilot, lambda: bool(pilot.app.screen._area.text))  # type: ignore[attr-defined]
        await press(pilot, "ctrl+s")
        await until(pilot, lambda: said(pane).startswith("Committed"))
        git(staged, "commit", "-q", "--allow-empty", "-m", "on top")
        await press(pilot, "u")
        await until(pilot, lambda: "isn't the last one any longer" in errors(pilot))
        assert len(git(staged, "log", "--format=%s").splitlines()) == 3


# Looks


async def _with_findings(pilot: Pilot[Any]) -> None:
    app = app_of(pilot)
    pane = await go_to_review(app, pilot)
    await until(pilot, lambda: app.parts is not None and app.parts.host.status.state is EngineState.READY)
    await reviewed(pilot, pane)
    app.bar.change(branch="main", used_tokens=0, context_tokens=0)
    await press(pilot, "f")
    await pilot.pause()


@pytest.mark.parametrize("size", [(120, 36), (80, 24)], ids=["wide", "narrow"])
def test_looks(snap_compare: Any, staged: Path, size: tuple[int, int]) -> None:
    put(staged, "notes/a.md", "One\nTwo\n")
    put(staged, "picture.png", bytes(range(256)))
    git(staged, "add", "-A")
    assert snap_compare(app_on(staged, feature=ThreeFindings), terminal_size=size, run_before=_with_findings)

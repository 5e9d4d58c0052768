"""`termcoder review` from the shell: reading alone with real git, reviewing with an engine that is a stand-in."""

import asyncio
import io
import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from termcoder import cli, composition, review_command
from termcoder.diffs.model import ChangeSet, FileDiff, Hunk, Kind, Scope, ScopeKind, Status
from termcoder.engine.base import EngineState, EngineStatus
from termcoder.errors import EngineDiedError, EngineStartError, ModelError, TermcoderError
from termcoder.features.engine_host import EngineHost
from termcoder.features.review import ReviewEnded, ReviewGrew, ReviewStarted
from termcoder.review.finding import Category, Coverage, Finding, Review, Severity
from termcoder.review.formats import FORMATS
from termcoder.settings import EngineSettings, ModelSettings, Settings

TERMCODER = (sys.executable, "-m", "termcoder", "--engine", "scripted")
FIELDS = [
    "path", "old_path", "status", "mode_old", "mode_new", "kind", "hunks", "added", "deleted", "skipped",
]  # fmt: skip

Done = subprocess.CompletedProcess[bytes]


def git(folder: Path, *words: str, **variables: str) -> bytes:
    settings = ["-c", "user.name=A", "-c", "user.email=a@b.c", "-c", "commit.gpgSign=false"]
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, **variables}
    command = ["git", *settings, *words]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=True).stdout


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository with one commit of a few files."""
    root = tmp_path / "shop"
    root.mkdir()
    git(root, "init", "-q", "-b", "main")
    (root / "app.py").write_text("one\ntwo\nthree\n")
    (root / "old name.py").write_text("".join(f"line {number}\n" for number in range(20)))
    (root / "gone.txt").write_text("gone\n")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "first")
    return root


def termcoder(folder: Path, *words: str, stdin: bytes = b"") -> Done:
    command = [*TERMCODER, "review", *words]
    return subprocess.run(command, cwd=folder, input=stdin, capture_output=True, check=False, timeout=60)


def parsed(folder: Path, *words: str, stdin: bytes = b"") -> Any:
    """The one JSON object on standard output, with nothing on standard error."""
    done = termcoder(folder, "--parse-only", "--json", *words, stdin=stdin)
    assert (done.returncode, done.stderr, done.stdout.count(b"\n")) == (0, b"", 1)
    assert done.stdout.isascii()
    return json.loads(done.stdout)


# Reading only


def test_parse_only_tells_every_staged_file(project: Path) -> None:
    (project / "app.py").write_text("one\n2\nthree\nfour\n")
    (project / "run.sh").write_text("exit\n")
    (project / "run.sh").chmod(0o755)
    (project / "picture").write_bytes(bytes(range(256)))
    (project / os.fsdecode(b"caf\xe9")).write_text("x\n")
    git(project, "mv", "old name.py", "new name.py")
    git(project, "rm", "-q", "gone.txt")
    git(project, "add", "-A")
    made = parsed(project)
    assert list(made) == ["scope", "files"]
    assert made["scope"] == "staged"
    assert [list(file) for file in made["files"]] == [FIELDS] * 6
    assert [tuple(file.values()) for file in made["files"]] == [
        ("app.py", None, "M", "100644", "100644", "text", 1, 2, 1, None),
        ("caf\udce9", None, "A", "000000", "100644", "text", 1, 1, 0, None),
        ("gone.txt", None, "D", "100644", "000000", "text", 1, 0, 1, "deleted file"),
        ("new name.py", "old name.py", "R", "100644", "100644", "text", 0, 0, 0, "only renamed"),
        ("picture", None, "A", "000000", "100644", "binary", 0, 0, 0, "binary file"),
        ("run.sh", None, "A", "000000", "100755", "text", 1, 1, 0, None),
    ]


def test_parse_only_for_people(project: Path) -> None:
    (project / "app.py").write_text("one\n2\nthree\n")
    (project / "x\x1b[2J.py").write_text("".join(f"{number}\n" for number in range(12)))
    git(project, "mv", "old name.py", "new name.py")
    git(project, "add", "-A")
    done = termcoder(project, "--parse-only")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode().splitlines() == [
        "M   +1  -1  app.py",
        "R   +0  -0  old name.py → new name.py  (only renamed)",
        "A  +12  -0  x\N{REPLACEMENT CHARACTER}[2J.py",
        "",
        "2 of 3 files to review, 2 hunks.",
    ]


def test_each_scope_is_read(project: Path) -> None:
    git(project, "switch", "-qc", "topic")
    (project / "app.py").write_text("one\n2\nthree\n")
    git(project, "commit", "-qam", "second")
    (project / "gone.txt").write_text("staged\n")
    git(project, "add", "-A")
    (project / "old name.py").write_text("on the disk\n")

    def paths(*words: str) -> tuple[str, list[str]]:
        made = parsed(project, *words)
        return made["scope"], [file["path"] for file in made["files"]]

    assert paths("--staged") == ("staged", ["gone.txt"])
    assert paths("--worktree") == ("worktree", ["old name.py"])
    assert paths("--commit", "HEAD~") == ("commit HEAD~", ["app.py", "gone.txt", "old name.py"])
    assert paths("--range", "main..topic") == ("range main..topic", ["app.py"])
    assert paths("--branch", "main") == ("branch main", ["app.py"])


def test_a_dash_reads_the_diff_that_is_piped_in(project: Path, tmp_path: Path) -> None:
    (project / "app.py").write_text("one\n2\nthree\n")
    diff = git(project, "diff")
    made = parsed(tmp_path, "-", stdin=diff)
    assert made["scope"] == "patch"
    assert [(file["path"], file["status"], file["added"], file["deleted"]) for file in made["files"]] == [
        ("app.py", "M", 1, 1)
    ]
    assert parsed(project, stdin=diff)["files"] == []
    assert parsed(project, "-", stdin=b"no diff\n")["files"] == []


def test_nothing_staged_is_fine(project: Path) -> None:
    assert parsed(project) == {"scope": "staged", "files": []}
    done = termcoder(project, "--parse-only")
    assert (done.returncode, done.stdout) == (0, b"Nothing is staged.\n")


def test_what_cannot_be_read_is_code_1(project: Path, tmp_path: Path) -> None:
    for folder, words in ((project, ("--commit", "nowhere")), (tmp_path, ())):
        done = termcoder(folder, "--parse-only", "--json", *words)
        assert (done.returncode, done.stdout) == (1, b"")
        assert done.stderr.startswith(b"termcoder: ")


@pytest.mark.parametrize(
    "words",
    [
        ("--staged", "--worktree"),
        ("-", "--staged"),
        ("--format", "html"),
        ("--fail-on", "bad"),
        ("file.diff",),
        ("--parse-only", "--format", "sarif"),
    ],
    ids=" ".join,
)
def test_wrong_usage_is_code_2(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["review", *words])
    assert ended.value.code == 2
    assert "usage: termcoder review" in capsys.readouterr().err


def test_parse_only_imports_nothing_heavy(project: Path) -> None:
    code = (
        "import sys; from termcoder.cli import main; main(['review', '--parse-only', '--json']);"
        "heavy = {'asyncio', 'textual', 'rich', 'openai', 'torch', 'vllm', 'tree_sitter', 'pygments',"
        " 'termcoder.composition', 'termcoder.diagnosis.fixes'};"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=project, capture_output=True, check=True)
    assert done.stderr == b"[]\n"


def test_the_words_of_the_command_line_are_those_of_the_review() -> None:
    assert list(FORMATS) == list(cli.FORMATS)
    assert [str(severity) for severity in sorted(Severity, reverse=True)] == list(cli.SEVERITIES)


# As a hook


def committed(project: Path, *words: str) -> list[str]:
    """The paths that a review in a hook sees as staged, when a commit is made with these words."""
    hook = project / ".git" / "hooks" / "pre-commit"
    hook.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m termcoder review --parse-only --json > .git/seen\n')
    hook.chmod(stat.S_IRWXU)
    git(project, "commit", "-qm", "second", *words, PYTHONPATH=str(Path(cli.__file__).parents[1]))
    return [file["path"] for file in json.loads((project / ".git" / "seen").read_text())["files"]]


def test_a_hook_sees_what_is_committed(project: Path) -> None:
    (project / "app.py").write_text("changed\n")
    (project / "gone.txt").write_text("changed\n")
    (project / "old name.py").write_text("changed\n")
    git(project, "add", "app.py")
    assert committed(project, "gone.txt") == ["gone.txt"]
    assert committed(project) == ["app.py"]
    assert committed(project, "-a") == ["old name.py"]


def test_only_a_staged_review_heeds_the_index_of_a_hook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert review_command.hook_index(Scope()) is None
    monkeypatch.setenv("GIT_INDEX_FILE", ".git/next-index.lock")
    assert review_command.hook_index(Scope()) == tmp_path / ".git" / "next-index.lock"
    assert review_command.hook_index(Scope(ScopeKind.WORKTREE)) is None


# Reviewing


Events = AsyncGenerator[ReviewStarted | ReviewGrew | ReviewEnded, None]

CHANGES = ChangeSet(
    Scope(),
    (
        FileDiff("app.py", Status.MODIFIED, hunks=(Hunk(1, 1, 1, 1, (("-", "a\n"), ("+", "b\n"))),)),
        FileDiff("a.png", Status.ADDED, Kind.BINARY, skipped="binary file"),
    ),
    ("a merge is in progress",),
)
FINDING = Finding("app.py", 1, "b\n", Severity.MAJOR, Category.BUG, "B is wrong", "When b, c happens.", 0.9)
PART = Review(Scope(), (FINDING,), coverage=Coverage(2, 1, 2, 1))
WHOLE = Review(Scope(), (FINDING,), (replace(FINDING, severity=Severity.CRITICAL),), Coverage(2, 1, 1, 1))


class Host:
    """An engine's host; `failing`: the engine doesn't start; `waiting`: it never gets ready."""

    def __init__(self, failing: bool = False, waiting: bool = False) -> None:
        self.failing = failing
        self.waiting = waiting
        self.started = False
        self.stopped = False
        self._show: Callable[[EngineStatus], None] = lambda status: None

    def subscribe(self, show: Callable[[EngineStatus], None]) -> None:
        self._show = show

    def start(self) -> None:
        self.started = True
        self._show(EngineStatus(EngineState.STARTING, "loading weights", 0.5))

    async def ready(self) -> object:
        if self.failing:
            raise EngineStartError("There is no model.", remedy="Fetch one.")
        if self.waiting:
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.Event().wait()
        return object()

    ready_unless = EngineHost.ready_unless

    async def stop(self) -> None:
        self.stopped = True


class Feature:
    """What reviews: `events` is called with the event that Ctrl+C sets."""

    def __init__(self, events: Callable[[asyncio.Event], Events]) -> None:
        self._events = events

    def run(self, engine: object, changes: ChangeSet, cancel: asyncio.Event) -> Events:
        assert changes is CHANGES
        return self._events(cancel)


async def whole(cancel: asyncio.Event) -> Events:
    yield ReviewStarted(1)
    yield ReviewGrew(PART, 1, 2, "asking about app.py\x1b[2J")
    yield ReviewEnded(WHOLE)


async def stopped_halfway(cancel: asyncio.Event) -> Events:
    yield ReviewGrew(PART, 1, 2, "")
    os.kill(os.getpid(), signal.SIGINT)
    await cancel.wait()
    yield ReviewEnded(replace(PART, interrupted=True))


async def dying(cancel: asyncio.Event) -> Events:
    yield ReviewEnded(PART, EngineDiedError("The engine died."))


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Review `CHANGES` with stand-ins: the exit code and what was printed."""
    monkeypatch.setattr(review_command, "read_changes", lambda asked: CHANGES)

    def run(events: Any = whole, host: Host | None = None, **asked: Any) -> tuple[int, str]:
        host = host or Host()
        monkeypatch.setattr(composition, "make_host", lambda settings: host)
        monkeypatch.setattr(composition, "make_review", lambda *args, **kwargs: Feature(events))
        out, err = asked.pop("out", io.StringIO()), asked.pop("err", io.StringIO())
        model = asked.pop("model", "")
        engine = EngineSettings(backend="vllm" if model else "scripted")
        settings = Settings(model=ModelSettings(model), engine=engine)
        try:
            given = review_command.Asked(tmp_path, Scope(), **asked)
            return review_command.review(settings, given, out, err), out.getvalue()
        finally:
            assert host.stopped or not host.started

    return run


def test_the_report_is_printed(run: Run) -> None:
    code, printed = run()
    assert code == 0
    assert printed.splitlines()[0] == "1 finding (staged): 1 major"


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_can_be_asked_for(run: Run, name: str) -> None:
    code, printed = run(format=name)
    assert code == 0
    assert printed.count("B is wrong") == (2 if name == "json" else 1)
    assert printed.endswith("\n")


@pytest.mark.parametrize(("severity", "code"), [("nit", 3), ("minor", 3), ("major", 3), ("critical", 0)])
def test_findings_that_are_bad_enough_are_code_3(run: Run, severity: str, code: int) -> None:
    assert run(fail_on=severity)[0] == code


def test_progress_is_shown_on_a_terminal_only(run: Run) -> None:
    err = Terminal()
    run(err=err)
    shown = err.getvalue().split("\r\x1b[K")
    assert shown[1] == "loading weights 50 %"
    assert shown[2].startswith("0 of 1 hunk reviewed, 0 findings")
    assert shown[3] == "1 of 2 hunks reviewed, 1 finding: asking about app.py\N{REPLACEMENT CHARACTER}[2J"
    assert shown[-1] == ""
    silent = io.StringIO()
    run(err=silent)
    assert silent.getvalue() == ""


def test_colours_need_a_terminal_and_no_wish_against_them(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b" in run(out=Terminal())[1]
    assert "\x1b" not in run(out=Terminal(), format="json")[1]
    assert "\x1b" not in run()[1]
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in run(out=Terminal())[1]


def test_ctrl_c_prints_what_has_come(run: Run) -> None:
    code, printed = run(stopped_halfway, format="json", fail_on="nit")
    made = json.loads(printed)
    assert (code, made["interrupted"], len(made["findings"])) == (130, True, 1)


def test_ctrl_c_while_the_engine_starts_prints_that_nothing_was_read(run: Run) -> None:
    code, printed = run(host=Host(waiting=True), format="json")
    made = json.loads(printed)
    assert (code, made["interrupted"], made["findings"]) == (130, True, [])
    assert made["coverage"] == {
        "files": 2,
        "files_read": 0,
        "hunks": 1,
        "hunks_read": 0,
        "skipped": [{"path": "a.png", "reason": "binary file"}],
        "left_out": [],
    }
    assert made["notes"] == ["a merge is in progress"]


def test_ctrl_c_is_python_s_own_again_afterwards(run: Run) -> None:
    before = signal.getsignal(signal.SIGINT)
    run()
    run(stopped_halfway)
    assert signal.getsignal(signal.SIGINT) is before


def test_an_engine_that_does_not_start_is_an_error_and_nothing_is_printed(run: Run) -> None:
    out = io.StringIO()
    with pytest.raises(EngineStartError):
        run(host=Host(failing=True), out=out)
    assert out.getvalue() == ""


def test_what_had_come_before_an_error_is_printed(run: Run) -> None:
    out = io.StringIO()
    with pytest.raises(EngineDiedError):
        run(dying, out=out)
    assert out.getvalue().startswith("Interrupted. 1 finding (staged): 1 major\n")


def test_a_model_is_not_fetched_where_nobody_sees_it(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("termcoder.engine.vllm_options.cuda_build", lambda: False)
    host = Host()
    with pytest.raises(ModelError, match="smollm2-135m is not on this machine yet") as raised:
        run(host=host, model="smollm2-135m")
    assert raised.value.remedy == "Fetch it first: termcoder models pull smollm2-135m"
    assert not host.started
    assert run(host=host, model="smollm2-135m", err=Terminal())[0] == 0


def test_a_report_that_cannot_be_written_is_an_error(run: Run) -> None:
    class Full(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(28, "No space left on device")

    with pytest.raises(TermcoderError, match="can't be written: No space left on device"):
        run(out=Full())


def test_where_nothing_is_to_be_read_no_engine_is_started(project: Path) -> None:
    git(project, "mv", "old name.py", "new name.py")
    done = termcoder(project, "--fail-on", "nit")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode().splitlines() == [
        "No findings (staged)",
        "",
        "0 of 1 files read, 0 of 0 hunks.",
        "Not read: new name.py (only renamed).",
    ]
    git(project, "reset", "-q", "--hard")
    assert json.loads(termcoder(project, "--json").stdout)["notes"] == ["nothing is staged"]


def test_rules_find_without_a_model(project: Path) -> None:
    (project / "app.py").write_text("one = 1\n\n\ndef add(item, items=[]):\n    items.append(item)\n    return items\n")
    git(project, "add", "-A")
    done = termcoder(project, "--rules-only", "--fail-on", "major", "--json")
    assert done.returncode == 3, done.stderr
    found = json.loads(done.stdout)
    assert [(each["path"], each["line"], each["origin"]) for each in found["findings"]] == [("app.py", 4, "rule")]
    assert "by rule only: no model was asked" in found["notes"]

import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from termcoder import scratch
from termcoder.edits import FileChange, Patch
from termcoder.errors import ChangedFileError, ScratchError
from termcoder.scratch import Outcome, Scratch


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    root = tmp_path / "My Project"
    root.mkdir()
    (root / "a.py").write_text("A = 1\n")
    (root / "b.sh").write_text("echo b\n")
    (root / "b.sh").chmod(0o755)
    return root


@pytest.fixture
def repository(plain: Path) -> Path:
    (plain / ".gitignore").write_text("ignored\n.venv\nnode_modules\n")
    git(plain, "init", "-q", "-b", "main")
    git(plain, "add", ".")
    git(plain, "commit", "-q", "-m", "first")
    (plain / "a.py").write_text("A = 2\n")
    (plain / "untracked.py").write_text("U = 1\n")
    (plain / "ignored").write_text("secret")
    (plain / "b.sh").unlink()
    return plain


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=Test", "-c", "user.email=test@example.org"]
    return subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout


def run(copy: Scratch, command: list[str] | str, timeout: float = 60, **env: str) -> Outcome:
    return copy.run(command, timeout=timeout, cancel=threading.Event(), env=env)


def state(root: Path) -> list[str]:
    commands = (["status", "--porcelain"], ["stash", "list"], ["worktree", "list"], ["for-each-ref"], ["branch", "-a"])
    listed = sorted(str(path) for path in root.rglob("*") if "objects" not in path.parts and path.name != "index")
    return [*(git(root, *command) for command in commands), *listed]


def test_a_copy_has_the_files_as_they_are_now_and_leaves_no_trace(repository: Path, temporary: Path) -> None:
    git(repository, "stash", "push", "-q", "-u")
    git(repository, "stash", "apply", "-q")
    before = state(repository)
    index = (repository / ".git" / "index").read_bytes()
    with Scratch.create(repository) as copy:
        names = sorted(path.name for path in copy.root.iterdir())
        assert names == [".git", ".gitignore", "a.py", "untracked.py"]
        assert (copy.root / "a.py").read_text() == "A = 2\n"
        assert copy.root.name == "My Project"
        assert run(copy, "git status --porcelain").output == " M a.py\n D b.sh\n?? untracked.py\n"
        run(copy, "echo changed > a.py; git add -A; git -c user.name=T -c user.email=t commit -qm x; chmod 500 .")
    assert os.listdir(temporary) == []
    assert (repository / ".git" / "index").read_bytes() == index
    assert state(repository) == before


def test_hooks_and_monitors_of_the_repository_are_not_run(repository: Path, tmp_path: Path) -> None:
    for name in ("post-checkout", "post-index-change", "reference-transaction"):
        hook = repository / ".git" / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\ntouch '{tmp_path}/ran'\n")
        hook.chmod(0o755)
    git(repository, "config", "core.fsmonitor", f"touch '{tmp_path}/ran'")
    (tmp_path / "ran").unlink(missing_ok=True)
    with Scratch.create(repository):
        pass
    assert not (tmp_path / "ran").exists()


def test_variables_of_another_repository_don_t_mislead(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    with Scratch.create(repository) as copy:
        assert run(copy, "git rev-parse --abbrev-ref HEAD").output == "HEAD\n"
        assert "GIT_DIR" not in run(copy, "env").output


@pytest.mark.parametrize("kind", ["plain", "unborn"])
def test_without_a_commit_a_copy_is_a_plain_folder(plain: Path, temporary: Path, kind: str) -> None:
    if kind == "unborn":
        git(plain, "init", "-q")
    with Scratch.create(plain) as copy:
        assert run(copy, "./b.sh").output == "b\n"
        assert not (copy.root / ".git").exists()
    assert os.listdir(temporary) == []


def test_a_folder_of_a_repository_has_its_place_in_the_copy(repository: Path) -> None:
    (repository / "inner").mkdir()
    (repository / "inner" / "c").write_text("c")
    with Scratch.create(repository / "inner") as copy:
        assert run(copy, "cat c ../a.py; pwd").output == f"cA = 2\n{repository}/inner\n"


def test_links_stay_inside_and_dependencies_are_reached(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("x")
    (repository / "in").symlink_to("a.py")
    (repository / "absolute").symlink_to(repository / "a.py")
    (repository / "out").symlink_to(tmp_path / "outside")
    (repository / "git").symlink_to(".git/config")
    (repository / "node_modules" / "m").mkdir(parents=True)
    with Scratch.create(repository) as copy:
        assert os.readlink(copy.root / "in") == "a.py"
        assert os.readlink(copy.root / "absolute") == "a.py"
        assert not os.path.lexists(copy.root / "out")
        assert not os.path.lexists(copy.root / "git")
        assert (copy.root / "node_modules" / "m").is_dir()
    assert (repository / "node_modules" / "m").is_dir()


def test_python_imports_the_copy_s_code(repository: Path) -> None:
    packages = repository / ".venv" / "lib" / "python3.11" / "site-packages"
    packages.mkdir(parents=True)
    (repository / "src").mkdir()
    (repository / "src" / "m.py").write_text("import sys; print(__file__)\n")
    (repository / "lib").mkdir()
    (packages / "_editable.pth").write_text(f"{repository}/src\n/usr/elsewhere\nimport os\n")
    (packages / "__editable___n_finder.py").write_text(f"MAPPING = {{'n': '{repository}/lib/n'}}\n")
    with Scratch.create(repository) as copy:
        shown = run(copy, "echo $PYTHONPATH; echo $PWD", PYTHONPATH=f"{repository}/tests:/other:rel").output
        copied = f"{repository}"  # as the output names it
        assert shown == f"{copied}/tests:/other:rel:{copied}/src:{copied}/lib\n{copied}\n"
        script = "import m, os; print(os.path.samefile(m.__file__, 'src/m.py'))"
        assert run(copy, [sys.executable, "-c", script]).output.endswith("True\n")


def test_a_patch_is_made_and_taken_back_whatever_happens(plain: Path) -> None:
    patch = Patch(
        (
            FileChange("a.py", "A = 1\n", "A = 3\n"),
            FileChange("n/new", None, "new"),
            FileChange("b.sh", "echo b\n", None),
        )
    )
    with Scratch.create(plain) as copy:
        for command in ("cat a.py n/new; ls", "rm a.py; echo x > n/new; echo y > b.sh"):
            with copy.with_patch(patch):
                output = run(copy, command).output
            assert (copy.root / "a.py").read_text() == "A = 1\n"
            assert (copy.root / "b.sh").read_text() == "echo b\n"
            assert not (copy.root / "n").exists()
            assert output in ("A = 3\nnewa.py\nn\n", "")
        wrong = Patch((FileChange("a.py", "A = 9\n", ""),))
        with pytest.raises(ChangedFileError), copy.with_patch(wrong):
            pass
    assert (plain / "a.py").read_text() == "A = 1\n"


def test_output_is_merged_and_its_end_kept(plain: Path) -> None:
    with Scratch.create(plain) as copy:
        outcome = run(copy, "echo out; echo err >&2; pwd; cat; exit 3")
        assert (outcome.code, outcome.output, outcome.timed_out) == (3, f"out\nerr\n{plain}\n", False)
        long = run(copy, "yes | head -c 3000000; echo; echo end").output
        assert len(long) == scratch.MAX_OUTPUT
        assert long.endswith("end\n")


def test_a_command_that_takes_too_long_is_ended_with_its_children(plain: Path, tmp_path: Path) -> None:
    with Scratch.create(plain) as copy:
        outcome = run(copy, "echo before; sleep 300 & echo $!; wait", timeout=0.5)
    assert outcome.timed_out
    assert outcome.code == -15
    assert outcome.output.startswith("before\n")
    assert_gone(int(outcome.output.split()[1]))


def test_a_command_that_ignores_being_asked_is_killed(plain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scratch, "_GRACE_SECONDS", 0.2)
    with Scratch.create(plain) as copy:
        outcome = run(copy, "trap '' TERM; echo $$; while :; do :; done", timeout=0.3)
    assert (outcome.code, outcome.timed_out) == (-9, True)


def test_a_command_is_cancelled(plain: Path) -> None:
    cancel = threading.Event()
    cancel.set()
    with Scratch.create(plain) as copy:
        outcome = copy.run(["sleep", "300"], timeout=300, cancel=cancel)
    assert (outcome.code, outcome.timed_out) == (-15, False)


def test_what_a_command_leaves_running_is_killed(plain: Path) -> None:
    with Scratch.create(plain) as copy:
        outcome = run(copy, "sleep 300 & echo $!")
        assert outcome.code == 0
        closed = run(copy, "exec >&- 2>&-; exit 4")
        assert (closed.code, closed.output) == (4, "")
    assert_gone(int(outcome.output))


def assert_gone(pid: int) -> None:
    """Nobody reaps an orphan in some containers: a zombie is gone too."""
    while True:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] in "ZX":
                return
        except (FileNotFoundError, ProcessLookupError):
            return


def test_a_command_that_isn_t_there_is_an_error(plain: Path) -> None:
    with Scratch.create(plain) as copy, pytest.raises(ScratchError, match="can't be started"):
        run(copy, ["no-such-program"])


@pytest.mark.parametrize(("name", "limit"), [("MAX_FILES", 1), ("MAX_BYTES", 5)])
def test_a_project_that_is_too_large_is_refused(
    plain: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch, name: str, limit: int
) -> None:
    monkeypatch.setattr(scratch, name, limit)
    with pytest.raises(ScratchError, match="at most"):
        Scratch.create(plain)
    assert os.listdir(temporary) == []


def test_a_failure_in_between_leaves_nothing(
    repository: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = state(repository)

    def no_room(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(scratch.shutil, "copyfile", no_room)
    with pytest.raises(ScratchError, match="No space left"):
        Scratch.create(repository)
    assert os.listdir(temporary) == []
    assert state(repository) == before


def test_copies_of_programs_that_are_gone_are_swept(repository: Path, temporary: Path) -> None:
    before = state(repository)
    ended = subprocess.Popen(["true"])
    ended.wait()
    left = Scratch.create(repository)
    old = left.home.with_name(f"termcoder-scratch-{ended.pid}-x")
    git(repository, "worktree", "move", str(left.top), str(temporary / "moved"))
    left.home.rename(old)
    git(repository, "worktree", "move", str(temporary / "moved"), str(old / left.top.name))
    alive = temporary / f"termcoder-scratch-{os.getpid()}-y"
    alive.mkdir()
    with Scratch.create(repository):
        assert not old.exists()
        assert alive.exists()
    assert state(repository) == before

import os
import socket
import subprocess
from pathlib import Path

import pytest

from termcoder.errors import WorkspaceError
from termcoder.mentions import find_mentions
from termcoder.workspace import MAX_ATTACHMENT_BYTES, Workspace, find_root


def git(folder: Path, *words: str) -> str:
    identity = ["-c", "user.name=A", "-c", "user.email=a@b.c", "-c", "protocol.file.allow=always"]
    done = subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def write(root: Path, **files: str) -> None:
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    root.mkdir()
    return root


@pytest.fixture
def repository(folder: Path) -> Path:
    git(folder, "init", "-q", "-b", "main")
    write(folder, a_dot_py="one\ntwo\nthree\n", src__b_dot_py="b", _dot_gitignore="*.log\nbuild/\n")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "first")
    return folder


class TestFiles:
    def test_git_lists_tracked_and_new_files_but_no_ignored_or_deleted_ones(self, repository: Path) -> None:
        write(repository, new_dot_py="", x_dot_log="", build__out="", gone_dot_py="")
        git(repository, "add", "gone.py")
        (repository / "gone.py").unlink()
        assert Workspace(repository).files() == [".gitignore", "a.py", "new.py", "src/b.py"]

    def test_without_git_every_gitignore_on_the_way_counts(self, folder: Path) -> None:
        write(
            folder,
            _dot_gitignore="*.log\nbuild/\n",
            a_dot_py="",
            x_dot_log="",
            build__out="",
            sub___dot_gitignore="!keep.log\n/only_here\n",
            sub__keep_dot_log="",
            sub__only_here="",
            sub__deep__only_here="",
            node_modules__x="",
        )
        expected = [".gitignore", "a.py", "sub/.gitignore", "sub/deep/only/here", "sub/keep.log"]
        listed = [path.replace("only_here", "only/here") for path in Workspace(folder).files()]
        assert listed == expected

    def test_a_submodule_and_a_nested_repository_are_looked_into(self, repository: Path, tmp_path: Path) -> None:
        other = tmp_path / "other"
        other.mkdir()
        git(other, "init", "-q")
        write(other, inner_dot_py="")
        git(other, "add", ".")
        git(other, "commit", "-qm", "x")
        git(repository, "submodule", "--quiet", "add", str(other), "vendor/lib")
        git(repository, "clone", "-q", str(other), "nested")
        files = Workspace(repository).files()
        assert "vendor/lib/inner.py" in files
        assert "nested/inner.py" in files
        assert "vendor/lib" not in files

    def test_odd_names_come_through(self, repository: Path) -> None:
        names = ["[red]x[b].py", 'q"uote.py', "new\nline.py", "tab\t.py", os.fsdecode(b"caf\xe9.py"), "ünï.py"]
        for name in names:
            (repository / name).write_text("x")
        assert set(names) <= set(Workspace(repository).files())

    def test_a_hostile_repository_runs_nothing(self, repository: Path, tmp_path: Path) -> None:
        trap = tmp_path / "trap"
        script = tmp_path / "script"
        script.write_text(f"#!/bin/sh\ntouch {trap}\n")
        script.chmod(0o755)
        git(repository, "config", "core.fsmonitor", str(script))
        git(repository, "config", "core.hooksPath", str(tmp_path))
        git(repository, "config", "alias.ls-files", f"!{script}")
        assert "a.py" in Workspace(repository).files()
        assert not trap.exists()

    def test_a_broken_repository_is_walked(self, folder: Path) -> None:
        (folder / ".git").mkdir()
        write(folder, a_dot_py="")
        assert Workspace(folder).files() == ["a.py"]


class TestRead:
    def test_whole_files_and_lines(self, repository: Path) -> None:
        workspace = Workspace(repository)
        assert workspace.read("a.py").text == "one\ntwo\nthree\n"
        part = workspace.read("a.py", 2, 3)
        assert (part.path, part.text) == ("a.py:2-3", "two\nthree\n")
        assert workspace.read("a.py", 3, 99).path == "a.py:3-3"
        [mention] = find_mentions("@a.py:2")
        assert workspace.read_attachment(mention).text == "two\n"

    @pytest.mark.parametrize(("first", "last"), [(9, 10), (3, 2), (0, 1)])
    def test_lines_that_are_not_there(self, repository: Path, first: int, last: int) -> None:
        with pytest.raises(WorkspaceError, match="line"):
            Workspace(repository).read("a.py", first, last)

    @pytest.mark.parametrize(
        "path",
        [
            "../secret",
            "/etc/passwd",
            "src/../../secret",
            "~/x",
            "",
            "a\0b",
            "link",
            "linked/secret",
            ".git/config",
            "\ud800",
        ],
    )
    def test_nothing_outside_the_project(self, repository: Path, path: str) -> None:
        (repository.parent / "secret").write_text("secret")
        (repository / "link").symlink_to("../secret")
        (repository / "linked").symlink_to("..")
        workspace = Workspace(repository)
        with pytest.raises(WorkspaceError):
            workspace.read(path)
        assert not workspace.is_file(path)

    def test_a_link_that_stays_inside_is_followed(self, repository: Path) -> None:
        (repository / "link").symlink_to("src/b.py")
        assert Workspace(repository).read("link").text == "b"

    def test_a_loop_of_links(self, repository: Path) -> None:
        (repository / "loop").symlink_to("loop")
        with pytest.raises(WorkspaceError):
            Workspace(repository).read("loop")

    def test_pipes_and_sockets_and_folders_are_refused_without_waiting(
        self, repository: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        os.mkfifo(repository / "pipe")
        monkeypatch.chdir(repository)
        with socket.socket(socket.AF_UNIX) as server:
            server.bind("socket")
            for path in ("pipe", "socket", "src", "gone"):
                with pytest.raises(WorkspaceError):
                    Workspace(repository).read(path)

    def test_binaries_are_refused(self, repository: Path) -> None:
        (repository / "x.bin").write_bytes(b"\x7fELF\0\0text\nmore\n")
        for lines in ((None, None), (1, 2)):
            with pytest.raises(WorkspaceError, match="no text"):
                Workspace(repository).read("x.bin", *lines)

    def test_a_large_file_is_refused_but_its_lines_are_not(self, repository: Path) -> None:
        (repository / "big.log").write_text("0123456789\n" * (MAX_ATTACHMENT_BYTES // 5))
        workspace = Workspace(repository)
        with pytest.raises(WorkspaceError, match="1 MiB") as caught:
            workspace.read("big.log")
        assert "lines" in caught.value.remedy
        assert workspace.read("big.log", 150_000, 150_001).text == "0123456789\n" * 2
        with pytest.raises(WorkspaceError, match="too much"):
            workspace.read("big.log", 1, 200_000)

    @pytest.mark.parametrize(
        ("data", "text", "encoding"),
        [
            ("é\r\n".encode(), "é\r\n", "utf-8"),
            (b"\xef\xbb\xbfx = 1\n", "x = 1\n", "utf-8"),
            ("é\nb\n".encode("utf-16"), "é\nb\n", "utf-16"),
            (b"caf\xe9 \x80\n", "café €\n", "windows-1252"),
            (b"\x81\n", "\x81\n", "latin-1"),
            (b"", "", "utf-8"),
        ],
    )
    def test_encodings(self, repository: Path, data: bytes, text: str, encoding: str) -> None:
        (repository / "f").write_bytes(data)
        loaded = Workspace(repository).load("f")
        assert (loaded.text, loaded.encoding) == (text, encoding)

    def test_lines_of_a_wide_encoding(self, repository: Path) -> None:
        (repository / "f").write_bytes("a\nb\nc\n".encode("utf-16"))
        assert Workspace(repository).read("f", 2, 3).text == "b\nc\n"


class TestBranch:
    def test_on_a_branch_detached_and_unborn(self, repository: Path, tmp_path: Path) -> None:
        workspace = Workspace(repository)
        assert workspace.branch() == "main"
        git(repository, "switch", "-qc", "feature/x")
        assert workspace.branch() == "feature/x"
        git(repository, "checkout", "-q", "--detach")
        assert workspace.branch() == git(repository, "rev-parse", "HEAD")[:8]
        unborn = tmp_path / "unborn"
        unborn.mkdir()
        git(unborn, "init", "-q", "-b", "fresh")
        assert Workspace(unborn).branch() == "fresh"

    def test_in_a_worktree_and_a_submodule(self, repository: Path, tmp_path: Path) -> None:
        git(repository, "worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
        assert Workspace(tmp_path / "side").branch() == "side"
        assert "a.py" in Workspace(tmp_path / "side").files()

    def test_no_git_or_a_hostile_one(self, folder: Path) -> None:
        assert Workspace(folder).branch() == ""
        (folder / ".git").mkdir()
        os.mkfifo(folder / ".git" / "HEAD")
        assert Workspace(folder).branch() == ""
        (folder / ".git" / "HEAD").unlink()
        (folder / ".git" / "HEAD").write_text("ref: refs/heads/a\x1b[31mb\n")
        assert Workspace(folder).branch() == "a[31mb"


class TestRoot:
    def test_the_top_of_the_working_tree_else_the_folder_itself(self, repository: Path, tmp_path: Path) -> None:
        assert find_root(repository / "src") == repository
        assert find_root(tmp_path) == tmp_path
        git(repository, "worktree", "add", "-q", str(tmp_path / "side"))
        assert find_root(tmp_path / "side" / "src") == tmp_path / "side"

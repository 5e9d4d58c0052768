"""Repositories made for tests: every kind of change, under every kind of name."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

IDENTITY = {
    "GIT_AUTHOR_NAME": "Tester",
    "GIT_AUTHOR_EMAIL": "tester@example.org",
    "GIT_COMMITTER_NAME": "Tester",
    "GIT_COMMITTER_EMAIL": "tester@example.org",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_SYSTEM": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
}

LINES = [f"line {number}\n" for number in range(1, 101)]
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:{0}\nsize 12\n"
LONG = "/".join(["long" * 30] * 5) + "/end"
NAMES = [
    b"with space",
    b" leading",
    b"trailing ",
    b'quo"te',
    b"back\\slash",
    b"tab\tname",
    b"new\nline",
    b"latin-\xe9",
    "ünïcode".encode(),
    b"-dash",
    b"--cached",
    b":colon",
    b":(glob)**",
    b"*.glob",
    b"[a]",
    b"a b/c d",
    b"x b/x",
    b"HEAD",
    LONG.encode(),
]


def git(folder: Path, *arguments: str | bytes, data: bytes = b"", code: int = 0) -> bytes:
    """Plain git, as a user has it, in a clean environment."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    options = ["-c", "init.defaultBranch=main", "-c", "core.quotePath=false", "-c", "protocol.file.allow=always"]
    done = subprocess.run(
        ["git", *options, *arguments], cwd=folder, env=kept | IDENTITY, input=data, capture_output=True, check=False
    )
    assert done.returncode == code, done.stderr.decode("utf-8", "replace")
    return done.stdout


def put(folder: Path, name: str | bytes, content: str | bytes) -> Path:
    path = Path(os.fsdecode(os.path.join(os.fsencode(folder), os.fsencode(name))))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def lines(*changed: int, of: list[str] | None = None) -> str:
    """The hundred lines, some of them changed."""
    new = list(of or LINES)
    for number in changed:
        new[number - 1] = f"changed {number}\n"
    return "".join(new)


def others(number: int) -> list[str]:
    """A hundred lines that no other file has."""
    return [f"{line[:-1]} of {number}\n" for line in LINES]


def build(folder: Path, *arguments: str) -> Path:
    """A repository with one commit, from which `change` makes every kind of change."""
    folder.mkdir(parents=True)
    git(folder, "init", "-q", *arguments)
    for name, content in _before():
        put(folder, name, content)
    put(folder, "mode", "m\n").chmod(0o644)
    put(folder, "mode and text", lines(of=others(103))).chmod(0o755)
    put(folder, "gone executable", "#!/bin/sh\n").chmod(0o755)
    for name, target in {"link": "several", "link to file": "several", "link gone": "nowhere"}.items():
        (folder / name).symlink_to(target)
    _submodule(folder / "sub", *arguments)
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "first")
    return folder


def change(folder: Path) -> Path:
    """Change the files on the disk in every way; nothing of it is staged."""
    for name, content in _after():
        put(folder, name, content)
    for name in ("gone", "gone empty", "gone executable", "link gone", "renamed from", "renamed and edited from"):
        (folder / name).unlink()
    (folder / "mode").chmod(0o755)
    put(folder, "mode and text", lines(50, of=others(103))).chmod(0o644)
    for name in ("link", "file to link", "link to file"):
        (folder / name).unlink()
    (folder / "link").symlink_to("edited")
    (folder / "file to link").symlink_to("several")
    (folder / "new link").symlink_to("several")
    put(folder, "link to file", "text\n")
    put(folder, "renamed to", "".join(reversed(LINES)))
    put(folder, "renamed and edited to", lines(3, of=LINES[20:]))
    shutil.rmtree(folder / "folder to file")
    put(folder, "folder to file", "now a file\n")
    (folder / "file to folder").unlink()
    put(folder, "file to folder/inner", "now in a folder\n")
    git(folder / "sub", "commit", "-q", "--allow-empty", "-m", "next")
    return folder


def mean(folder: Path) -> Path:
    """Tell git of the new files, without staging them."""
    git(folder, "add", "--intent-to-add", "--ignore-removal", ".")
    return folder


def copied(folder: Path, target: Path) -> Path:
    """A copy. What git never writes again isn't copied but linked."""
    shutil.copytree(folder, target, symlinks=True, copy_function=_copy)
    return target


def _copy(source: str, target: str) -> None:
    if "/.git/objects/" in source:
        os.link(source, target)
    else:
        shutil.copy2(source, target)


def conflict(folder: Path) -> Path:
    """A repository in which a merge has stopped: both changed, changed and deleted, added twice."""
    folder.mkdir(parents=True)
    git(folder, "init", "-q")
    for name in ("both", "theirs gone", "ours gone", "plain"):
        put(folder, name, lines())
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "base")
    git(folder, "checkout", "-q", "-b", "other")
    for name, text in {"both": lines(10), "ours gone": lines(5), "twice": "theirs\n", "plain": lines(90)}.items():
        put(folder, name, text)
    (folder / "theirs gone").unlink()
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "theirs")
    git(folder, "checkout", "-q", "main")
    for name, text in {"both": lines(of=[*LINES[:9], "ours\n", *LINES[10:]]), "theirs gone": lines(7)}.items():
        put(folder, name, text)
    put(folder, "twice", "ours\n")
    (folder / "ours gone").unlink()
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "ours")
    git(folder, "merge", "-q", "other", code=1)
    return folder


def _submodule(folder: Path, *arguments: str) -> None:
    folder.mkdir()
    git(folder, "init", "-q", *arguments)
    put(folder, "inner", "inner\n")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "inner")


def _before() -> Iterator[tuple[str | bytes, str | bytes]]:
    yield from ((name, lines(of=others(number))) for number, name in enumerate(NAMES))
    yield "several", lines()
    yield "edited", lines(of=others(100))
    yield "file to link", lines(of=others(101))
    yield "gone", lines(of=others(102))
    yield "gone empty", ""
    yield "emptied", "some\ntext\n"
    yield "filled", ""
    yield "renamed from", "".join(reversed(LINES))
    yield "renamed and edited from", "".join(LINES[20:])
    yield "loses its newline", "a\nb\nc\n"
    yield "gets a newline", "a\nb\nc"
    yield "has none", "a\nb\nc"
    yield "windows", lines(of=others(104)).replace("\n", "\r\n")
    yield "windows to unix", "a\r\nb\r\nc\r\n"
    yield "odd ends", "a\fb\n\vc\rd\x85\u2028e\n"
    yield "like a diff", "-- a/x\n++ b/x\n@@ -1 +1 @@\ndiff --git a/x b/x\n"
    yield "binary", bytes(range(256))
    yield "binary to text", b"\0\1\2"
    yield "not utf-8", b"caf\xe9\nna\xefve\n"
    yield "pointer", POINTER.format("a" * 64)
    yield "folder to file/inner", "inner\n"
    yield "file to folder", "a file\n"
    yield ".gitignore", "ignored\n"


def _after() -> Iterator[tuple[str | bytes, str | bytes]]:
    yield from ((name, lines(number + 1, number + 3, of=others(number))) for number, name in enumerate(NAMES))
    yield "several", lines(1, 20, 21, 40, 47, 54, 61, 100)
    yield "edited", lines(50, of=others(100))
    yield "copy of edited", lines(50, 60, of=others(100))
    yield "new", "fresh\n"
    yield "new without newline", "fresh"
    yield "new empty", ""
    yield "new empty too", ""
    yield "new binary", b"\0new"
    yield "new pointer", POINTER.format("c" * 64)
    yield "ignored", "ignored\n"
    yield "emptied", ""
    yield "filled", "some\ntext\n"
    yield "loses its newline", "a\nb\nc"
    yield "gets a newline", "a\nb\nc\n"
    yield "has none", "a\nB\nc\nd"
    yield "windows", lines(2, 99, of=others(104)).replace("\n", "\r\n")
    yield "windows to unix", "a\nb\nc\n"
    yield "odd ends", "a\fB\n\vc\rD\x85\u2028e\n"
    yield "like a diff", "-- a/x\n++ b/y\n--- b/x\n+++ z\n@@ -1 +1 @@\n"
    yield "binary", bytes(reversed(range(256)))
    yield "binary to text", "text\n"
    yield "not utf-8", b"cafe\nna\xefve\n\xff\n"
    yield "pointer", POINTER.format("b" * 64)

"""`termcoder sessions` from the shell: outputs and exit codes that scripts rely on."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from termcoder import cli
from termcoder.conversation import Turn
from termcoder.sessions.schema import Session, new_session
from termcoder.sessions.store import SessionStore
from tests.sessions.samples import turn

Capture = pytest.CaptureFixture[str]
ENTRY = ["id", "title", "project", "model", "created_at", "updated_at", "turns", "path"]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def make(project: Path) -> Callable[..., Session]:
    def make(name: str, *turns: Turn, **changes: Any) -> Session:
        session = replace(new_session(str(project)), id=name, **changes)
        for each in turns or (turn("Why is it slow?", "It sleeps."),):
            session = session.with_turn(each)
        return SessionStore().save(session)

    return make


def run(capsys: Capture, *words: str, code: int = 0) -> str:
    assert cli.main(["sessions", *words]) == code
    out, err = capsys.readouterr()
    assert not err or not out or code == 0
    return out if code == 0 else err


def test_the_list_is_what_sessions_alone_prints(make: Callable[..., Session], capsys: Capture) -> None:
    make("aaaa1111bbbb")
    for words in ([], ["list"], ["list", "--all"]):
        out = run(capsys, *words)
        assert out.splitlines()[0].startswith("ID        SAVED")
        assert "aaaa1111  today" in out
        assert "Why is it slow?" in out


def test_without_sessions(project: Path, capsys: Capture) -> None:
    assert run(capsys, "list") == "No sessions are saved here yet.\n"
    assert run(capsys, "list", "--deleted") == "The trash is empty.\n"
    assert json.loads(run(capsys, "list", "--json")) == {"sessions": [], "problems": []}


def test_the_list_for_programs(make: Callable[..., Session], project: Path, capsys: Capture) -> None:
    session = make("aaaa1111bbbb")
    made = json.loads(run(capsys, "list", "--json"))
    (entry,) = made["sessions"]
    assert list(entry) == ENTRY
    assert (entry["id"], entry["project"], entry["turns"]) == (session.id, str(project), 1)


def test_the_list_tells_of_damage(make: Callable[..., Session], capsys: Capture) -> None:
    path = SessionStore().path_of(make("aaaa"))
    path.write_bytes(b"{")
    cli.main(["sessions", "list"])
    out, err = capsys.readouterr()
    assert out == "No sessions are saved here yet.\n"
    assert "set aside" in err


def test_of_another_project(make: Callable[..., Session], tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "bank").mkdir()
    make("aaaa", project=str(tmp_path / "bank"), title="Bank")
    assert "No sessions" in run(capsys, "list")
    assert "Bank" in run(capsys, "list", "--project", str(tmp_path / "bank"))
    assert cli.main(["-C", str(tmp_path / "bank"), "sessions", "list"]) == 0
    assert "Bank" in capsys.readouterr().out
    assert "is no folder" in run(capsys, "list", "--project", str(tmp_path / "none"), code=1)


def test_show(make: Callable[..., Session], capsys: Capture) -> None:
    make("aaaa1111", turn("Why \x1b[31m?", "It \x9bsleeps."))
    out = run(capsys, "show", "aa")
    assert out.startswith("# ")
    assert "> It \N{REPLACEMENT CHARACTER}sleeps." in out
    assert "\x1b" not in out
    assert json.loads(run(capsys, "show", "aaaa", "--json"))["id"] == "aaaa1111"


def test_ids(make: Callable[..., Session], capsys: Capture) -> None:
    make("aaaa1111")
    make("aaaa2222")
    assert "2 sessions begin with 'aaaa'" in run(capsys, "show", "aaaa", code=1)
    assert "Did you mean aaaa" in run(capsys, "show", "aaab1111", code=1)


def test_search(make: Callable[..., Session], capsys: Capture) -> None:
    make("aaaa1111", turn("Lock", "The lock\nis never \x1b released."))
    make("bbbb2222", turn("Other", "no such thing"))
    out = run(capsys, "search", "lock", "released")
    assert out.splitlines()[0].startswith("aaaa1111  today")
    assert out.splitlines()[1] == "    chat: The lock is never \N{REPLACEMENT CHARACTER} released."
    (hit,) = json.loads(run(capsys, "search", "--json", "never released", "released"))["hits"]
    assert list(hit) == ["session", "pane", "turn", "excerpt", "spans"]
    assert list(hit["session"]) == ENTRY
    assert len(json.loads(run(capsys, "search", "o", "--json", "--most", "2"))["hits"]) == 2


def test_a_search_that_finds_nothing(make: Callable[..., Session], capsys: Capture) -> None:
    make("aaaa")
    assert run(capsys, "search", "absent", code=4) == "Nothing was found.\n"
    assert cli.main(["sessions", "search", "absent", "--json"]) == 4
    assert json.loads(capsys.readouterr().out) == {"hits": []}


@pytest.mark.parametrize(("name", "begin"), [("markdown", "# Why"), ("html", "<!doctype html>"), ("json", "{\n")])
def test_export(make: Callable[..., Session], project: Path, capsys: Capture, name: str, begin: str) -> None:
    make("aaaa1111")
    printed = run(capsys, "export", "aaaa", "--format", name)
    assert printed.startswith(begin)
    out = run(capsys, "export", "aaaa", "--format", name, "-o", "told")
    assert out == "Written to told\n"
    assert (project / "told").read_text() == printed
    assert "there already" in run(capsys, "export", "aaaa", "-o", "told", code=1)
    run(capsys, "export", "aaaa", "-o", "told", "--force")
    assert (project / "told").read_text().startswith("# ")
    assert "can't be written" in run(capsys, "export", "aaaa", "-o", "none/told", code=1)


def test_export_into_a_folder(make: Callable[..., Session], project: Path, capsys: Capture) -> None:
    make("aaaa1111")
    run(capsys, "export", "aaaa", "-o", ".")
    assert (project / "why-is-it-slow-aaaa11.md").exists()


def test_rm_and_restore(make: Callable[..., Session], capsys: Capture) -> None:
    make("aaaa1111")
    make("bbbb2222")
    assert "no session 'none'" in run(capsys, "rm", "aaaa", "none", code=1)
    assert len(json.loads(run(capsys, "list", "--json"))["sessions"]) == 2, "all or none"
    out = run(capsys, "rm", "aaaa", "bbbb")
    assert "Deleted aaaa1111  Why is it slow?" in out
    assert "termcoder sessions restore aaaa1111" in out
    deleted = json.loads(run(capsys, "list", "--deleted", "--json"))["deleted"]
    assert {each["id"] for each in deleted} == {"aaaa1111", "bbbb2222"}
    assert "Why is it slow?" in run(capsys, "list", "--deleted")
    assert run(capsys, "restore", "aaaa") == "Restored aaaa1111  Why is it slow?\n"
    assert [each["id"] for each in json.loads(run(capsys, "list", "--json"))["sessions"]] == ["aaaa1111"]


def test_rename(make: Callable[..., Session], capsys: Capture) -> None:
    make("aaaa1111")
    assert run(capsys, "rename", "aaaa", " New   title") == "Renamed aaaa1111  New title\n"
    assert run(capsys, "rename", "aaaa", "") == "Renamed aaaa1111  Why is it slow?\n"


def test_import(make: Callable[..., Session], project: Path, tmp_path: Path, capsys: Capture) -> None:
    make("aaaa1111")
    run(capsys, "export", "aaaa", "--format", "json", "-o", "told.json")
    out = run(capsys, "import", "told.json")
    assert out.endswith(f"It belongs to {project}\n")
    assert len(json.loads(run(capsys, "list", "--json"))["sessions"]) == 2
    (tmp_path / "bank").mkdir()
    assert str(tmp_path / "bank") in run(capsys, "import", "told.json", "--project", str(tmp_path / "bank"))
    (project / "other.json").write_text('{"messages": []}')
    assert "no termcoder session" in run(capsys, "import", "other.json", code=1)


def test_a_project_that_is_not_here(make: Callable[..., Session], capsys: Capture) -> None:
    make("aaaa1111", project="/nowhere/shop")
    run(capsys, "export", "aaaa", "--format", "json", "-o", "told.json")
    assert cli.main(["sessions", "import", "told.json"]) == 0
    out, err = capsys.readouterr()
    assert "/nowhere/shop" in out
    assert "isn't on this machine" in err


def test_in_a_pipe(make: Callable[..., Session], project: Path) -> None:
    make("aaaa1111", turn("日本語 \udcff", "ü"))
    command = [sys.executable, "-m", "termcoder", "sessions"]
    exported = subprocess.run(
        [*command, "export", "aaaa", "--format", "json"], capture_output=True, check=True, timeout=60
    ).stdout
    done = subprocess.run([*command, "import", "-"], input=exported, capture_output=True, check=True, timeout=60)
    assert b"Imported" in done.stdout
    assert done.stderr == b""


def test_help_says_what_there_is(capsys: Capture) -> None:
    with pytest.raises(SystemExit):
        cli.main(["sessions", "--help"])
    out = capsys.readouterr().out
    for word in ("list", "show", "search", "export", "rm", "restore", "rename", "import", "Exit code"):
        assert word in out


def test_wrong_usage(capsys: Capture) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(["sessions", "export", "a", "--format", "pdf"])
    assert caught.value.code == 2

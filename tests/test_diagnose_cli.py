"""`termcoder diagnose` and `termcoder run` from the shell, with the scripted engine."""

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

TERMCODER = (sys.executable, "-m", "termcoder", "--engine", "scripted")
APP = """def owner_of(order):
    return order["user_id"]


print(owner_of({"id": 7}))
"""
LOG = """Traceback (most recent call last):
  File "app.py", line 5, in <module>
    print(owner_of({"id": 7}))
  File "app.py", line 2, in owner_of
    return order["user_id"]
KeyError: 'user_id'
"""
NO_ERROR = "server started\nall is well\n"

Done = subprocess.CompletedProcess[bytes]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A git repository whose program fails."""
    root = tmp_path / "shop"
    root.mkdir()
    (root / "app.py").write_text(APP, encoding="utf-8")
    subprocess.run(["git", "init", "-q", "-b", "main", str(root)], check=True)
    return root


def termcoder(folder: Path, *words: str, stdin: bytes = b"", python: tuple[str, ...] = ()) -> Done:
    command = [TERMCODER[0], *python, *TERMCODER[1:], *words]
    return subprocess.run(command, cwd=folder, input=stdin, capture_output=True, check=False, timeout=120)


def only_object(done: Done) -> Any:
    """The one JSON object on standard output, with nothing on standard error."""
    assert done.stderr == b""
    made = json.loads(done.stdout)
    assert isinstance(made, dict)
    assert done.stdout.count(b"\n") == 1
    return made


def parsed(folder: Path, log: bytes) -> Any:
    done = termcoder(folder, "diagnose", "--parse-only", "--json", stdin=log)
    assert done.returncode == 0
    return only_object(done)


# Reading only


def test_parse_only_tells_what_a_file_holds(project: Path) -> None:
    (project / "log.txt").write_text(LOG)
    done = termcoder(project, "diagnose", "--parse-only", "--json", "log.txt")
    made = only_object(done)
    assert done.returncode == 0
    assert set(made) == {"language", "format", "is_build_error", "errors", "root"}
    assert (made["language"], made["is_build_error"], made["root"]) == ("python", False, 0)
    (error,) = made["errors"]
    assert (error["type"], error["message"], error["handled"]) == ("KeyError", "'user_id'", False)
    assert error["frames"] == [
        {"file": "app.py", "line": 5, "function": "<module>", "own": True},
        {"file": "app.py", "line": 2, "function": "owner_of", "own": True},
    ]


@pytest.mark.parametrize("place", [(), ("-",)], ids=["nothing", "a dash"])
def test_without_a_file_the_log_is_what_is_piped_in(project: Path, place: tuple[str, ...]) -> None:
    done = termcoder(project, "diagnose", "--parse-only", "--json", *place, stdin=LOG.encode())
    assert only_object(done)["errors"][0]["type"] == "KeyError"


@pytest.mark.parametrize("log", [NO_ERROR.encode(), b""], ids=["no error", "empty"])
def test_a_log_without_an_error_is_code_4_and_says_so(project: Path, log: bytes) -> None:
    done = termcoder(project, "diagnose", "--parse-only", "--json", stdin=log)
    assert done.returncode == 4
    assert only_object(done) == {"language": None, "format": None, "is_build_error": False, "errors": [], "root": None}
    told = termcoder(project, "diagnose", "--parse-only", stdin=log)
    assert told.returncode == 4
    assert told.stdout == f"No error was found in {len(log.splitlines())} lines.\n".encode()


def test_binary_garbage_is_read_without_a_complaint(project: Path) -> None:
    garbage = random.Random(3).randbytes(300_000)
    done = termcoder(project, "diagnose", "--parse-only", "--json", stdin=garbage)
    assert done.returncode == 4
    assert only_object(done)["root"] is None
    assert parsed(project, garbage[:1000] + b"\n" + LOG.encode() + garbage[:1000])["errors"][0]["type"] == "KeyError"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_log_of_a_windows_shell_is_read(project: Path, encoding: str) -> None:
    log = LOG.replace("user_id", "größe").replace("\n", "\r\n").encode(encoding)
    made = parsed(project, log)
    assert made["errors"][0]["message"] == "'größe'"
    assert len(made["errors"][0]["frames"]) == 2


def test_the_json_is_ascii_whatever_the_log(project: Path) -> None:
    done = termcoder(project, "diagnose", "--parse-only", "--json", stdin=LOG.replace("user_id", "größe 😀").encode())
    assert done.stdout.isascii()
    assert only_object(done)["errors"][0]["message"] == "'größe 😀'"


def test_as_text_the_root_cause_is_marked(project: Path) -> None:
    done = termcoder(project, "diagnose", "--parse-only", stdin=LOG.encode())
    assert done.stdout.decode().splitlines() == [
        "▶ KeyError: 'user_id'  [root cause]",
        "    • app.py:5  <module>",
        "    • app.py:2  owner_of",
    ]


@pytest.mark.parametrize(("name", "reason"), [("none.txt", "no such file"), (".", "is a directory")])
def test_a_file_that_cannot_be_read_is_an_error_in_one_line(project: Path, name: str, reason: str) -> None:
    done = termcoder(project, "diagnose", "--json", name)
    assert (done.returncode, done.stdout) == (1, b"")
    (line,) = done.stderr.decode().splitlines()
    assert f"'{name}' can't be read: {reason}" in line


def test_a_reader_that_has_gone_is_no_error(project: Path) -> None:
    log = "".join(LOG.replace("user_id", f"key {number}") for number in range(3_000))
    (project / "log.txt").write_text(log)
    command = [*TERMCODER, "diagnose", "--parse-only", "log.txt"]
    with subprocess.Popen(command, cwd=project, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline().startswith(b"\xe2\x96\xb6 KeyError")
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == 0


def test_reading_alone_imports_nothing_heavy(project: Path) -> None:
    done = termcoder(project, "diagnose", "--parse-only", "--json", stdin=LOG.encode(), python=("-X", "importtime"))
    assert done.returncode == 0
    imported = {line.rpartition(b"|")[2].strip().decode() for line in done.stderr.splitlines()}
    assert "termcoder.tracebacks" in imported
    heavy = {"textual", "rich", "openai", "vllm", "torch", "tree_sitter", "asyncio", "pygments"}
    ours = {"termcoder.composition", "termcoder.features", "termcoder.engine", "termcoder.sessions", "termcoder.ui"}
    assert not imported & (heavy | ours)


# The whole diagnosis


def test_a_diagnosis_is_one_json_object(project: Path) -> None:
    done = termcoder(project, "diagnose", "--json", stdin=LOG.encode())
    made = only_object(done)
    assert done.returncode == 0
    assert set(made) == {
        *("language", "format", "is_build_error", "errors", "root"),
        *("places", "diagnosis", "fixes", "dropped", "notes"),
    }
    assert made["places"] == [
        {"file": "app.py", "line": 5, "exact": True},
        {"file": "app.py", "line": 2, "exact": True},
    ]
    assert made["diagnosis"]["place"] == {"path": "app.py", "line": 2}
    assert made["diagnosis"]["cause"] and made["diagnosis"]["why"]
    for fix in made["fixes"]:
        assert set(fix) == {"title", "when", "origin", "checked", "votes", "patch"}
    assert [fix["origin"] for fix in made["fixes"]] == ["rule", "rule"]
    assert (project / "app.py").read_text() == APP


def test_every_patch_is_one_that_git_takes(project: Path) -> None:
    made = only_object(termcoder(project, "diagnose", "--json", stdin=LOG.encode()))
    assert made["fixes"]
    for fix in made["fixes"]:
        for options in ([], ["-R"]):
            apply = ["git", "apply", *options, "-"]
            done = subprocess.run(apply, cwd=project, input=fix["patch"], text=True, capture_output=True, check=False)
            assert (done.returncode, done.stderr) == (0, "")
            assert ((project / "app.py").read_text() == APP) is bool(options)


def test_where_there_is_no_error_no_model_is_asked(project: Path) -> None:
    done = termcoder(project, "--set", "engine.backend=openai", "diagnose", "--json", stdin=NO_ERROR.encode())
    made = only_object(done)
    assert done.returncode == 4
    assert (made["root"], made["fixes"], made["diagnosis"]["cause"]) == (None, [], "")


def test_without_the_program_a_diagnosis_is_text(project: Path) -> None:
    done = termcoder(project, "diagnose", "--no-tui", stdin=LOG.encode())
    text = done.stdout.decode()
    assert (done.returncode, done.stderr) == (0, b"")
    assert "▶ KeyError: 'user_id'  [root cause]" in text
    assert "Place  app.py:2\n" in text
    assert 'Fix 1  Use .get("user_id") (rule; applies and compiles)\n' in text
    assert '  +    return order.get("user_id")\n' in text
    assert "\x1b" not in text


def test_it_writes_no_session_and_nothing_into_the_project(project: Path, isolated_home: Path) -> None:
    termcoder(project, "diagnose", "--json", stdin=LOG.encode())
    assert sorted(path.name for path in project.iterdir()) == [".git", "app.py"]
    assert not list((isolated_home / ".local/share").rglob("*.json"))


# Running a command


def test_run_passes_output_and_code_through_and_opens_nothing_in_a_pipe(project: Path) -> None:
    bare = subprocess.run([sys.executable, "app.py"], cwd=project, capture_output=True, check=False)
    done = termcoder(project, "run", "--", sys.executable, "app.py")
    assert (done.returncode, done.stdout, done.stderr) == (1, bare.stdout, bare.stderr)
    assert b"KeyError" in done.stderr


@pytest.mark.parametrize("code", [0, 3, 255])
def test_run_ends_with_the_commands_code(project: Path, code: int) -> None:
    assert termcoder(project, "run", "--", "sh", "-c", f"exit {code}").returncode == code


def test_the_commands_own_flags_are_the_commands(project: Path) -> None:
    done = termcoder(project, "run", "--", "echo", "--json", "--", "-C", "x")
    assert (done.returncode, done.stdout) == (0, b"--json -- -C x\n")


def test_what_is_piped_into_run_reaches_the_command(project: Path) -> None:
    assert termcoder(project, "run", "--", "cat", stdin=b"\0\xff").stdout == b"\0\xff"


@pytest.mark.parametrize("words", [(), ("--",)])
def test_run_without_a_command_says_what_to_write(project: Path, words: tuple[str, ...]) -> None:
    done = termcoder(project, "run", *words)
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"There is no command." in done.stderr
    assert b"termcoder run -- pytest -x" in done.stderr


def test_run_says_which_command_there_is_not(project: Path) -> None:
    done = termcoder(project, "run", "--", "no-such-command-here")
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"'no-such-command-here' can't be run: no such file or directory." in done.stderr


def test_a_reader_of_run_that_goes_away_is_no_error(project: Path) -> None:
    command = [*TERMCODER, "run", "--", "yes"]
    with subprocess.Popen(command, cwd=project, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline() == b"y\n"
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == 141

"""A command runs as if termcoder were not there: in pipes, and on a real pseudo terminal."""

import fcntl
import json
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from termcoder.running import KEPT_BYTES

RUN = """
import json, sys
from termcoder import running
from termcoder.errors import TermcoderError
try:
    ran = running.run(sys.argv[2:])
    told = {"code": ran.code, "output": ran.output.hex()}
except TermcoderError as error:
    told = {"error": str(error)}
with open(sys.argv[1], "w") as file:
    json.dump(told, file)
"""


@dataclass(frozen=True)
class Told:
    """What `run` returned or raised."""

    code: int | None = None
    output: bytes = b""
    error: str = ""


def told_in(file: Path) -> Told:
    found = json.loads(file.read_text())
    return Told(found.get("code"), bytes.fromhex(found.get("output", "")), found.get("error", ""))


def runner(file: Path, *command: str) -> list[str]:
    """A command line that runs `command` through `run` and writes what came of it to `file`."""
    return [sys.executable, "-c", RUN, str(file), *command]


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


def piped(tmp_path: Path, *command: str, stdin: bytes = b"") -> tuple[Told, "subprocess.CompletedProcess[bytes]"]:
    file = tmp_path / "told.json"
    done = subprocess.run(runner(file, *command), input=stdin, capture_output=True, check=True)
    return told_in(file), done


class Terminal:
    """A pseudo terminal with a command in it that `run` runs. Its settings can be looked at before and after."""

    def __init__(self, tmp_path: Path) -> None:
        self._file = tmp_path / "told.json"
        self.master, self.slave = pty.openpty()
        self.seen = b""
        self.resize(30, 100)
        self.before = termios.tcgetattr(self.slave)
        self.process: subprocess.Popen[bytes] | None = None

    def run(self, *command: str, **streams: Any) -> "Terminal":
        places = {"stdin": self.slave, "stdout": self.slave, "stderr": self.slave} | streams
        self.process = subprocess.Popen(
            runner(self._file, *command),
            **places,
            start_new_session=True,
            preexec_fn=self._take,  # noqa: PLW1509 - no thread runs here
        )
        return self

    def _take(self) -> None:
        fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # a shell starts what is in its background without it

    def resize(self, rows: int, columns: int) -> None:
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, keys: bytes) -> None:
        os.write(self.master, keys)

    def wait_for(self, wanted: bytes, seconds: float = 60.0) -> bytes:
        """All that was printed, as soon as `wanted` is among it."""
        self._read_until(lambda: wanted in self.seen, seconds, f"{wanted!r}")
        return self.seen

    def end(self, seconds: float = 60.0) -> Told:
        """What `run` returned, as soon as it has; the terminal is as it was then."""
        process = self.process
        assert process is not None
        self._read_until(lambda: process.poll() is not None, seconds, "the end")
        while select.select([self.master], [], [], 0)[0]:
            self.seen += os.read(self.master, 65536)
        assert termios.tcgetattr(self.slave) == self.before
        return told_in(self._file)

    def _read_until(self, is_there: Any, seconds: float, what: str) -> None:
        end = time.monotonic() + seconds
        while not is_there():
            assert time.monotonic() < end, f"{what} didn't come in {seconds} s: {self.seen[-2000:]!r}"
            if select.select([self.master], [], [], 0.02)[0]:
                self.seen += os.read(self.master, 65536)

    def close(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        os.close(self.master)
        os.close(self.slave)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    opened = Terminal(tmp_path)
    yield opened
    opened.close()


DIES = "import signal; signal.signal(2, signal.SIG_DFL); print('ready', flush=True); signal.pause()"
"""A command that Ctrl+C ends."""


def expecting(number: int) -> str:
    """A command that ends with 7 by a signal that it expects; none that comes early is missed."""
    expects = f"pthread_sigmask(SIG_BLOCK, [{number}]); print('ready', flush=True); sigwait([{number}])"
    return f"from signal import *; {expects}; exit(7)"


ENDINGS = [("exit 0", 0), ("exit 3", 3), ("kill -TERM $$", 128 + signal.SIGTERM), ("kill -KILL $$", 128 + 9)]


# In pipes


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(out=st.binary(max_size=300), err=st.binary(max_size=300))
def test_in_a_pipe_both_streams_pass_through_byte_for_byte(tmp_path: Path, out: bytes, err: bytes) -> None:
    told, done = piped(tmp_path, *python(f"import os; os.write(1, {out!r}); os.write(2, {err!r})"))
    assert (done.stdout, done.stderr) == (out, err)
    assert told.output in (out + err, err + out)
    assert told.code == 0


@pytest.mark.parametrize(("script", "code"), ENDINGS)
def test_in_a_pipe_the_code_is_the_one_that_a_shell_tells(tmp_path: Path, script: str, code: int) -> None:
    told, _ = piped(tmp_path, "sh", "-c", script)
    assert told.code == code


@pytest.mark.parametrize("command", [("/nowhere/at-all",), ("/",), (__file__,)])
def test_a_command_that_cannot_be_started_is_an_error_with_a_reason(tmp_path: Path, command: tuple[str, ...]) -> None:
    told, done = piped(tmp_path, *command)
    assert told.error.startswith(f"{command[0]!r} can't be run: ")
    assert (done.stdout, done.stderr) == (b"", b"")


def test_of_a_long_output_all_passes_through_and_the_last_20_mb_are_kept(tmp_path: Path) -> None:
    lines = "".join(f"{number:09}\n" for number in range(2_500_000)).encode()
    told, done = piped(tmp_path, *python("for n in range(2_500_000): print(f'{n:09}')"))
    assert done.stdout == lines
    assert told.output == lines[-KEPT_BYTES:]


def test_what_is_piped_in_reaches_the_command(tmp_path: Path) -> None:
    told, done = piped(tmp_path, "cat", stdin=b"one\n\xff\0two")
    assert told.output == done.stdout == b"one\n\xff\0two"


def test_a_background_child_that_holds_the_pipes_is_not_waited_for(tmp_path: Path) -> None:
    told, done = piped(tmp_path, "sh", "-c", "sleep 300 & echo $!; exit 4")
    os.kill(int(told.output), signal.SIGTERM)
    assert told.code == 4
    assert done.stdout == told.output


def test_a_background_child_that_goes_on_printing_is_not_waited_for(tmp_path: Path) -> None:
    told, _ = piped(tmp_path, "sh", "-c", "(trap '' PIPE; yes) & echo; exit 4")
    assert told.code == 4


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_termcoder_alone_is_handed_on(tmp_path: Path, number: signal.Signals) -> None:
    file = tmp_path / "told.json"
    with subprocess.Popen(runner(file, *python(expecting(int(number)))), stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(number)
        assert process.wait(60) == 0
    assert told_in(file).code == 7


def test_a_reader_that_goes_away_ends_the_command_as_it_would_without_us(tmp_path: Path) -> None:
    file = tmp_path / "told.json"
    with subprocess.Popen(runner(file, "yes"), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline() == b"y\n"
        process.stdout.close()
        assert process.wait(60) == 0
        assert process.stderr.read() == b""
    assert told_in(file).code == 128 + signal.SIGPIPE


def test_ctrl_c_reaches_a_command_whose_output_is_piped(tmp_path: Path, terminal: Terminal) -> None:
    with (tmp_path / "out").open("wb") as out:
        terminal.run(*python("import os; os.dup2(2, 1); " + DIES), stdout=out)
    terminal.wait_for(b"ready")
    terminal.type(b"\x03")
    assert terminal.end().code == 130


def test_what_is_typed_reaches_a_command_whose_output_is_piped(tmp_path: Path, terminal: Terminal) -> None:
    with (tmp_path / "out").open("wb") as out:
        terminal.run("sh", "-c", "read line; echo got $line", stdout=out)
    terminal.type(b"hello\n")
    assert terminal.end().output == b"got hello\n"


# On a terminal


def test_on_a_terminal_the_output_passes_through_in_order(terminal: Terminal) -> None:
    wanted = b"".join(b"out %d\r\nerr %d\r\n" % (number, number) for number in range(200))
    code = "import os\nfor n in range(200):\n os.write(1, b'out %d\\n' % n); os.write(2, b'err %d\\n' % n)"
    told = terminal.run(*python(code)).end()
    assert terminal.seen == told.output == wanted


def test_on_a_terminal_every_byte_passes_through(terminal: Terminal) -> None:
    code = "import os, tty; tty.setraw(1); os.write(1, bytes(range(256)) * 50)"
    told = terminal.run(*python(code)).end()
    assert terminal.seen == told.output == bytes(range(256)) * 50


@pytest.mark.parametrize(("script", "code"), ENDINGS)
def test_on_a_terminal_the_code_is_the_one_that_a_shell_tells(terminal: Terminal, script: str, code: int) -> None:
    assert terminal.run("sh", "-c", script).end().code == code


def test_on_a_terminal_a_command_that_does_not_exist_is_an_error(terminal: Terminal) -> None:
    assert "can't be run: no such file or directory" in terminal.run("/nowhere/at-all").end().error


def test_on_a_terminal_the_last_20_mb_are_kept(terminal: Terminal) -> None:
    code = "import sys\nfor n in range(2_500): sys.stdout.write(f'{n:09}\\n' * 1000)"
    told = terminal.run(*python(code)).end()
    assert len(told.output) == KEPT_BYTES
    assert told.output.endswith(b"000002499\r\n")
    assert terminal.seen.count(b"\n") == 2_500_000


def test_the_command_finds_a_terminal_to_colour(terminal: Terminal) -> None:
    code = "import sys; print([s.isatty() for s in (sys.stdin, sys.stdout, sys.stderr)], '\\x1b[31mred\\x1b[0m')"
    told = terminal.run(*python(code)).end()
    assert told.output == b"[True, True, True] \x1b[31mred\x1b[0m\r\n"


def test_keys_reach_the_command_and_are_echoed_once(terminal: Terminal) -> None:
    terminal.run("sh", "-c", "echo ready; read line; echo got $line")
    terminal.wait_for(b"ready")
    terminal.type(b"hel")
    terminal.wait_for(b"hel")
    terminal.type(b"lo\r")
    assert terminal.end().output == b"ready\r\nhello\r\ngot hello\r\n"


def test_ctrl_d_ends_the_input(terminal: Terminal) -> None:
    terminal.run("sh", "-c", "echo ready; cat; echo done")
    terminal.wait_for(b"ready")
    terminal.type(b"\x04")
    assert terminal.end().code == 0
    assert b"done" in terminal.seen


def test_ctrl_c_reaches_the_command_and_termcoder_goes_on(terminal: Terminal) -> None:
    terminal.run(*python(DIES))
    terminal.wait_for(b"ready")
    terminal.type(b"\x03")
    assert terminal.end().code == 130


def test_a_command_may_have_a_use_of_its_own_for_ctrl_c(terminal: Terminal) -> None:
    terminal.run(*python(expecting(int(signal.SIGINT))))
    terminal.wait_for(b"ready")
    terminal.type(b"\x03")
    assert terminal.end().code == 7


def test_the_window_size_is_the_commands_and_its_changes_are(terminal: Terminal) -> None:
    script = "trap 'stty size; exit 0' WINCH; stty size; while :; do read line; done"
    terminal.run("bash", "-c", script)
    terminal.wait_for(b"30 100")
    terminal.resize(40, 133)
    terminal.type(b"\r")
    terminal.wait_for(b"40 133")
    assert terminal.end().code == 0


def test_a_background_child_that_holds_the_terminal_is_not_waited_for(terminal: Terminal) -> None:
    terminal.run("sh", "-c", "(trap '' HUP; sleep 300) & echo $!; exit 4")
    told = terminal.end()
    os.kill(int(told.output), signal.SIGTERM)
    assert told.code == 4


@pytest.mark.parametrize("printing", ["yes", "while :; do echo tick; sleep 0.05; done"])
def test_a_background_child_that_goes_on_printing_does_not_keep_the_terminal(terminal: Terminal, printing: str) -> None:
    assert terminal.run("sh", "-c", f"({printing}) & exit 4").end().code == 4


def test_a_command_that_reads_no_keys_still_shows_its_output(terminal: Terminal) -> None:
    code = (
        "import os, tty, sys; tty.setraw(0); print('ready', flush=True)\nwhile not os.path.exists(sys.argv[1]): pass\n"
    )
    flag = Path(os.environ["HOME"]) / "flag"
    terminal.run(*python(code + "for n in range(9_999): print(n, end=' ', flush=True)"), str(flag))
    terminal.wait_for(b"ready")
    os.set_blocking(terminal.master, False)
    try:
        while select.select([], [terminal.master], [], 0.5)[1]:
            terminal.type(b"x" * 1000)
    except BlockingIOError:
        pass
    flag.touch()
    terminal.wait_for(b"9998")
    assert terminal.process is not None
    os.set_blocking(terminal.master, True)


def test_a_command_that_closes_its_terminal_is_waited_for_and_can_be_interrupted(terminal: Terminal) -> None:
    code = "import os, signal; print('ready', flush=True); os.closerange(0, 3); signal.pause()"
    terminal.run(*python(code))
    terminal.wait_for(b"ready")
    while termios.tcgetattr(terminal.slave) != terminal.before:
        os.sched_yield()
    terminal.type(b"\x03")
    assert terminal.end().code == 130


def test_a_signal_to_termcoder_ends_the_command_and_leaves_the_terminal_as_it_was(terminal: Terminal) -> None:
    terminal.run(*python(DIES))
    terminal.wait_for(b"ready")
    assert terminal.process is not None
    terminal.process.send_signal(signal.SIGTERM)
    assert terminal.end().code == 128 + signal.SIGTERM


def test_what_the_command_does_to_its_terminal_is_not_done_to_ours(terminal: Terminal) -> None:
    assert terminal.run("stty", "raw", "-echo", "-isig").end().code == 0

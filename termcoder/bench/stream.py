"""How long a key press takes to be painted while a long answer is streamed into a long conversation.

The same keys are pressed before the stream: what those take is the machine's and the toolkit's share.

    python -m termcoder.bench.stream [--lines 2000] [--rate 300] [--turns 500] [--content mixed fence] [--quick]

A real program runs in a pseudo-terminal. Keys are pressed at random moments, each a letter that appears nowhere
else; the time runs from writing it to the terminal to reading the bytes that paint it.
"""

import argparse
import fcntl
import json
import os
import pty
import random
import select
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from dataclasses import dataclass, field
from typing import Any

from termcoder.bench.stream_app import CONTENTS, StreamApp

LETTERS = [chr(code) for code in range(0x0410, 0x0450)]
KEYS_A_LINE = 32
PAUSES = (0.04, 0.25)
WANTED_SECONDS = 0.050
QUIET_KEYS = 60
IDLE_SECONDS = 4.0
KEY_TIMEOUT = 20.0
CLEAR_LINE = b"\x15"  # Ctrl+U


@dataclass
class Result:
    """What one run showed; times in seconds."""

    load: float = 0.0
    streamed: float = 0.0
    tokens: int = 0
    cpu: float = 0.0
    idle_cpu: float = 0.0
    quiet_keys: list[float] = field(default_factory=list)
    keys: list[float] = field(default_factory=list)


class Terminal:
    """A pseudo-terminal with the program in it, and the pipe on which it tells what it does."""

    def __init__(self, arguments: list[str], env: dict[str, str]) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 45, 120, 0, 0))
        self.reports, report_fd = os.pipe()
        go_fd, self.go = os.pipe()
        child = ["--child", str(report_fd), str(go_fd)]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "termcoder.bench.stream", *child, *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=env,
            start_new_session=True,
            pass_fds=(report_fd, go_fd),
        )
        for descriptor in (slave, report_fd, go_fd):
            os.close(descriptor)
        self._reported = b""

    def read(self, seconds: float) -> bytes:
        """What is painted in the next moment, b"" if nothing is."""
        ready = select.select([self.master], [], [], max(0.0, seconds))[0]
        return os.read(self.master, 1 << 16) if ready else b""

    def next_report(self) -> dict[str, Any] | None:
        """The next fact from the program, if there is one."""
        if select.select([self.reports], [], [], 0)[0]:
            self._reported += os.read(self.reports, 1 << 16)
        line, found, rest = self._reported.partition(b"\n")
        if not found:
            return None
        self._reported = rest
        return dict(json.loads(line))

    def press(self, letter: str) -> float:
        """Seconds until the letter is painted."""
        began, wanted, seen = time.perf_counter(), letter.encode(), b""
        os.write(self.master, wanted)
        while wanted not in seen:
            seen = seen[-8:] + self.read(0.5)
            if time.perf_counter() - began > KEY_TIMEOUT:
                raise TimeoutError(f"a key was not painted within {KEY_TIMEOUT} s")
        return time.perf_counter() - began

    def idle(self, seconds: float) -> None:
        """Let the program go on for so long, reading what it paints."""
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            self.read(left)

    def cpu_seconds(self) -> float:
        """Processor time the program has taken (Linux)."""
        with open(f"/proc/{self.process.pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def close(self) -> None:
        """End the program."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        for descriptor in (self.master, self.reports, self.go):
            os.close(descriptor)


def measure(arguments: list[str], env: dict[str, str], seed: int) -> Result:
    """Run the program once."""
    terminal = Terminal(arguments, env)
    try:
        result = Result()
        result.load = _wait_for(terminal, "loaded")["seconds"]
        dice = random.Random(seed)
        for _ in range(QUIET_KEYS):
            _press(terminal, result.quiet_keys, dice)
        os.write(terminal.go, b"!")
        _wait_for(terminal, "streaming")
        while (report := terminal.next_report()) is None:
            _press(terminal, result.keys, dice)
        result.streamed, result.tokens, result.cpu = report["seconds"], report["tokens"], report["cpu"]
        terminal.idle(2.0)
        before = terminal.cpu_seconds()
        terminal.idle(IDLE_SECONDS)
        result.idle_cpu = (terminal.cpu_seconds() - before) / IDLE_SECONDS
        return result
    finally:
        terminal.close()


def _wait_for(terminal: Terminal, event: str, timeout: float = 60.0) -> dict[str, Any]:
    end = time.perf_counter() + timeout
    while time.perf_counter() < end:
        terminal.read(0.02)
        report = terminal.next_report()
        if report and report["event"] == event:
            return report
    raise TimeoutError(f"the program did not come to {event!r} within {timeout} s")


def _press(terminal: Terminal, times: list[float], dice: random.Random) -> None:
    terminal.idle(dice.uniform(*PAUSES))
    number = len(times)
    if number % KEYS_A_LINE == 0:
        os.write(terminal.master, CLEAR_LINE)
        terminal.idle(0.1)
    times.append(terminal.press(LETTERS[number % len(LETTERS)]))


def percentile(times: list[float], share: float) -> float:
    """The time that this share of all does not exceed."""
    return sorted(times)[min(len(times) - 1, int(len(times) * share))]


def show(name: str, result: Result) -> None:
    """Print one result."""
    slow = percentile(result.keys, 0.99)
    verdict = "ok" if slow <= WANTED_SECONDS else "TOO SLOW"
    rate = result.tokens / result.streamed
    print(f"{name}: loading {result.load * 1e3:.0f} ms; {result.tokens} tokens at {rate:.0f} tok/s")
    print(f"  keys before the stream  {_line(result.quiet_keys)}")
    print(
        f"  keys during the stream  {_line(result.keys)}  (99 % wanted within {WANTED_SECONDS * 1e3:.0f} ms: {verdict})"
    )
    share = result.cpu / result.streamed
    print(f"  processor: {share:.0%} of a core while streaming, {result.idle_cpu:.1%} when idle", flush=True)


def _line(times: list[float]) -> str:
    median, slow, worst = statistics.median(times), percentile(times, 0.99), max(times)
    return f"{len(times):4}  median {median * 1e3:5.1f} ms  99 % {slow * 1e3:5.1f} ms  worst {worst * 1e3:5.1f} ms"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Key presses painted while an answer is streamed.")
    parser.add_argument("--lines", type=int, default=2000, help="lines of the answer")
    parser.add_argument("--rate", type=float, default=300.0, help="tokens a second")
    parser.add_argument("--turns", type=int, default=500, help="turns loaded before")
    parser.add_argument("--content", nargs="+", choices=list(CONTENTS), default=["mixed", "fence"])
    parser.add_argument("--quick", action="store_true", help="200 lines")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--child", type=int, nargs=2, help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    """Measure and print."""
    arguments = _arguments()
    lines = 200 if arguments.quick else arguments.lines
    if arguments.child is not None:
        StreamApp(arguments.content[0], lines, arguments.rate, arguments.turns, *arguments.child).run()
        return
    with tempfile.TemporaryDirectory() as home:
        env = os.environ | {"HOME": home, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        for content in arguments.content:
            options = ["--content", content, "--lines", str(lines), "--rate", str(arguments.rate)]
            show(content, measure([*options, "--turns", str(arguments.turns)], env, arguments.seed))


if __name__ == "__main__":
    main()

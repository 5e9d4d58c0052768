"""How long a key press takes to be painted while a long answer is streamed into a long conversation.

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
    keys: list[float] = field(default_factory=list)


class Terminal:
    """A pseudo-terminal with the program in it, and the pipe on which it tells what it does."""

    def __init__(self, arguments: list[str], env: dict[str, str]) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 45, 120, 0, 0))
        self.reports, report_fd = os.pipe()
        command = [sys.executable, "-m", "termcoder.bench.stream", "--child", str(report_fd), *arguments]
        self.process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, env=env, start_new_session=True, pass_fds=(report_fd,)
        )
        os.close(slave)
        os.close(report_fd)
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
        os.close(self.master)
        os.close(self.reports)


def measure(arguments: list[str], env: dict[str, str], seed: int) -> Result:
    """Run the program once."""
    terminal = Terminal(arguments, env)
    try:
        result = Result()
        result.load = _wait_for(terminal, "loaded")["seconds"]
        _wait_for(terminal, "streaming")
        _press_while_streaming(terminal, result, random.Random(seed))
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


def _press_while_streaming(terminal: Terminal, result: Result, dice: random.Random) -> None:
    while (report := terminal.next_report()) is None:
        terminal.idle(dice.uniform(*PAUSES))
        number = len(result.keys)
        if number and number % KEYS_A_LINE == 0:
            os.write(terminal.master, CLEAR_LINE)
            terminal.idle(0.1)
        result.keys.append(terminal.press(LETTERS[number % len(LETTERS)]))
    result.streamed, result.tokens, result.cpu = report["seconds"], report["tokens"], report["cpu"]


def show(name: str, result: Result) -> None:
    """Print one result."""
    keys = sorted(result.keys)
    percentile = keys[min(len(keys) - 1, int(len(keys) * 0.99))]
    verdict = "ok" if percentile <= WANTED_SECONDS else "TOO SLOW"
    print(
        f"{name:10} {len(keys):4} keys  median {statistics.median(keys) * 1e3:5.1f} ms  99 % {percentile * 1e3:5.1f} ms"
        f"  worst {keys[-1] * 1e3:5.1f} ms  (wanted: 99 % within {WANTED_SECONDS * 1e3:.0f} ms: {verdict})\n"
        f"           loading {result.load * 1e3:.0f} ms; {result.tokens} tokens at {result.tokens / result.streamed:.0f}"
        f" tok/s took {result.cpu / result.streamed:.0%} of a core; idle {result.idle_cpu:.1%}"
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Key presses painted while an answer is streamed.")
    parser.add_argument("--lines", type=int, default=2000, help="lines of the answer")
    parser.add_argument("--rate", type=float, default=300.0, help="tokens a second")
    parser.add_argument("--turns", type=int, default=500, help="turns loaded before")
    parser.add_argument("--content", nargs="+", choices=list(CONTENTS), default=["mixed", "fence"])
    parser.add_argument("--quick", action="store_true", help="200 lines")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--child", type=int, help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    """Measure and print."""
    arguments = _arguments()
    lines = 200 if arguments.quick else arguments.lines
    if arguments.child is not None:
        StreamApp(arguments.content[0], lines, arguments.rate, arguments.turns, arguments.child).run()
        return
    with tempfile.TemporaryDirectory() as home:
        env = os.environ | {"HOME": home, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        for content in arguments.content:
            options = ["--content", content, "--lines", str(lines), "--rate", str(arguments.rate)]
            show(content, measure([*options, "--turns", str(arguments.turns)], env, arguments.seed))


if __name__ == "__main__":
    main()

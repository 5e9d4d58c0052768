"""How long until termcoder is on the screen, against an empty Textual program in the same run.

    python -m termcoder.bench.first_paint [--runs 9]

Each program is started in a pseudo-terminal of its own, in turn; the time runs from the start of the process to
the moment the bytes of its first frame have been read. The ratio is made pair by pair.
"""

import argparse
import fcntl
import os
import pty
import select
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time

EMPTY_APP = """
from textual.app import App
from textual.widgets import Footer, Static, TextArea
class Empty(App):
    def compose(self):
        yield Static("an empty program")
        yield TextArea()
        yield Footer()
if __name__ == "__main__":
    Empty().run()
"""
EMPTY_MARK = b"an empty program"
TERMCODER_MARK = b"Commands"


def first_paint(command: list[str], mark: bytes, env: dict[str, str], timeout: float = 60.0) -> float:
    """Seconds from the start of `command` until `mark` is on its terminal. The process group is ended after."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    begun = time.perf_counter()
    process = subprocess.Popen(
        command, stdin=slave, stdout=slave, stderr=slave, env=env, start_new_session=True, close_fds=True
    )
    os.close(slave)
    try:
        return _until(master, mark, begun, timeout)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        os.close(master)


def _until(master: int, mark: bytes, begun: float, timeout: float) -> float:
    seen = b""
    while time.perf_counter() - begun < timeout:
        if select.select([master], [], [], 0.5)[0]:
            try:
                seen += os.read(master, 65536)
            except OSError as error:  # the program has ended
                raise RuntimeError(f"it ended before {mark!r} was painted: {seen[-2000:].decode()}") from error
            if mark in seen:
                return time.perf_counter() - begun
    raise TimeoutError(f"{mark!r} was not painted within {timeout} s; the end of the output: {seen[-500:]!r}")


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description="First paint of termcoder against an empty Textual program.")
    arguments.add_argument("--runs", type=int, default=9)
    runs = arguments.parse_args().runs
    with tempfile.TemporaryDirectory() as home:
        env = os.environ | {"HOME": home, "TERM": "xterm-256color", "TERMCODER_ENGINE_BACKEND": "scripted"}
        env = {name: value for name, value in env.items() if not name.startswith("XDG_")}
        empty = [sys.executable, "-c", EMPTY_APP]
        ours = [sys.executable, "-m", "termcoder", "-C", home]
        first_paint(empty, EMPTY_MARK, env)
        first_paint(ours, TERMCODER_MARK, env)
        pairs = [(first_paint(empty, EMPTY_MARK, env), first_paint(ours, TERMCODER_MARK, env)) for _ in range(runs)]
    for name, times in (("empty Textual", [pair[0] for pair in pairs]), ("termcoder", [pair[1] for pair in pairs])):
        print(f"{name:14} median {statistics.median(times):.3f} s  min {min(times):.3f}  max {max(times):.3f}")
    ratios = [ours / empty for empty, ours in pairs]
    print(f"ratio          median {statistics.median(ratios):.2f}  (wanted: at most 1.30), {runs} pairs")


if __name__ == "__main__":
    main()

"""A child that reports as it goes."""

import os
import sys
import time
from pathlib import Path

import pytest

from termcoder.models.child import run_talking_child


class Stopped(Exception):
    pass


def talk(code: str, cwd: Path, heard: list[str], *, stop_at: str = "") -> tuple[int, str]:
    def tick() -> None:
        if stop_at and stop_at in heard:
            raise Stopped

    ended = run_talking_child([sys.executable, "-S", "-c", code], cwd, os.environ, heard.append, tick)
    return ended.code, ended.err


def test_lines_come_whole_and_in_order(tmp_path: Path) -> None:
    heard: list[str] = []
    parts = [b"on", b"e\ntwo\n", b"\xff\n", b"cut"]
    code = f"import os; [os.write(1, part) for part in {parts}]; os.write(2, b'why'); os._exit(3)"
    assert talk(code, tmp_path, heard) == (3, "why")
    assert heard == ["one", "two", "\N{REPLACEMENT CHARACTER}"]


def test_a_line_is_heard_before_the_child_ends_and_a_stop_ends_it(tmp_path: Path) -> None:
    heard: list[str] = []
    code = "import os, time; print(os.getpid(), flush=True); print('now', flush=True); time.sleep(60)"
    began = time.monotonic()
    with pytest.raises(Stopped):
        talk(code, tmp_path, heard, stop_at="now")
    assert time.monotonic() - began < 30
    with pytest.raises(ProcessLookupError):
        os.kill(int(heard[0]), 0)

"""Copying: to tmux where the program runs inside it, else through the terminal (OSC 52), long texts to a file.

A terminal never answers whether it took an OSC 52 sequence, so the sentences here say what was sent, not
what arrived. tmux ignores the sequence unless it is set up for it, but takes a buffer by command.
"""

import os
import shutil
import subprocess
from pathlib import Path

from textual.app import App

from termcoder import paths

LIMIT_BYTES = 74_994
"""The longest text sent as OSC 52: 100,000 bytes with its Base64, which is what common terminals take."""
TMUX_SECONDS = 2.0


def copy(app: App[object], text: str) -> str:
    """Copy `text`; returns a sentence for the user that claims no more than is known."""
    text = text.encode("utf-8", "replace").decode("utf-8")
    size = _size(text)
    if _to_tmux(text):
        return f"Copied to tmux's buffer ({size})"
    if len(text.encode("utf-8")) <= LIMIT_BYTES:
        app.copy_to_clipboard(text)
        return f"Sent to the terminal's clipboard ({size})"
    return _to_file(text, size)


def copy_file() -> Path:
    """Where a text goes that is too long for the terminal."""
    return paths.state_dir() / "copied.txt"


def _size(text: str) -> str:
    lines = text.count("\n") + 1
    return f"{lines:,} line{'s' if lines > 1 else ''}"


def _to_tmux(text: str) -> bool:
    """Whether tmux took the text; it hands it on to its own terminal as far as `set-clipboard` lets it."""
    tmux = shutil.which("tmux") if os.environ.get("TMUX") else None
    if tmux is None:
        return False
    try:
        done = subprocess.run(
            [tmux, "load-buffer", "-w", "-"],
            input=text.encode("utf-8"),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=TMUX_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _to_file(text: str, size: str) -> str:
    path = copy_file()
    try:
        paths.private_dir(path.parent)
        path.unlink(missing_ok=True)
        path.touch(mode=0o600, exist_ok=False)
        path.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        return f"Too long for the terminal's clipboard ({size}), and {path} can't be written: {error.strerror}"
    return f"Too long for the terminal's clipboard ({size}): written to {path}"

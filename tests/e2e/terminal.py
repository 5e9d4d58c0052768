"""A real terminal for tests: tmux on a socket of its own, keys in, the screen's text out."""

import os
import shlex
import shutil
import subprocess
import time
from pathlib import Path

import pytest


class Terminal:
    """One tmux server with one window that runs one command.

    `wait_for` polls the screen until it shows what is waited for: the test goes on the moment it does.
    """

    def __init__(self, socket: Path, width: int = 100, height: int = 30) -> None:
        if shutil.which("tmux") is None:
            pytest.skip("These tests drive a real terminal, and tmux isn't installed.")
        self._socket = socket
        self._size = (width, height)

    def run(self, command: list[str], cwd: Path, env: dict[str, str]) -> None:
        """Start `command`; its exit code is written on the screen when it ends."""
        shell = f"{shlex.join(command)}; echo EXIT=$?; exec sleep 600"
        assignments = [f"{name}={value}" for name, value in env.items()]
        width, height = self._size
        self._tmux(
            *("new-session", "-d", "-x", str(width), "-y", str(height), "-c", str(cwd)),
            *("env", "-i", *assignments, "sh", "-c", shell),
        )
        self._tmux("set-option", "-g", "set-clipboard", "on")

    def keys(self, *names: str) -> None:
        """Press keys by tmux's names ("Enter", "C-j", "Escape")."""
        self._tmux("send-keys", *names)

    def type(self, text: str) -> None:
        """Type text literally."""
        self._tmux("send-keys", "-l", text)

    def paste(self, text: str) -> None:
        """Paste as a terminal does: bracketed if the program asked for that."""
        subprocess.run(
            [*self._command(), "load-buffer", "-b", "test", "-"], input=text, text=True, check=True, env=self._env()
        )
        self._tmux("paste-buffer", "-p", "-b", "test")

    def screen(self, colours: bool = False) -> str:
        """What is on the screen now."""
        return self._tmux("capture-pane", "-p", *(["-e", "-N"] if colours else []))

    def clipboard(self, seconds: float = 60.0) -> str:
        """The newest paste buffer, as soon as there is one: what the program sent as OSC 52."""
        end = time.monotonic() + seconds
        while not self._tmux("list-buffers") and time.monotonic() < end:
            time.sleep(0.05)
        return self._tmux("show-buffer")

    def wait_until_restored(self, seconds: float = 60.0) -> str:
        """The screen, as soon as the program's own screen is left and the cursor is back."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self._tmux("display-message", "-p", "#{alternate_on} #{cursor_flag}").split() == ["0", "1"]:
                return self.screen()
            time.sleep(0.05)
        raise AssertionError(f"The terminal was not restored in {seconds} s:\n{self.screen()}")

    def pane_pid(self) -> int:
        """The process id of the shell in the window."""
        return int(self._tmux("display-message", "-p", "#{pane_pid}"))

    def wait_for(self, *wanted: str, gone: str = "", seconds: float = 60.0) -> str:
        """The screen, as soon as it shows all of `wanted` and not `gone`."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            screen = self.screen()
            if all(text in screen for text in wanted) and not (gone and gone in screen):
                return screen
            time.sleep(0.05)
        raise AssertionError(f"{wanted!r} (without {gone!r}) did not show in {seconds} s:\n{self.screen()}")

    def close(self) -> None:
        """End the window and its server."""
        subprocess.run([*self._command(), "kill-server"], capture_output=True, check=False, env=self._env())

    def _command(self) -> list[str]:
        return ["tmux", "-S", str(self._socket), "-f", "/dev/null"]

    @staticmethod
    def _env() -> dict[str, str]:
        return {name: value for name, value in os.environ.items() if name != "TMUX"} | {"LC_ALL": "C.UTF-8"}

    def _tmux(self, *arguments: str) -> str:
        done = subprocess.run(
            [*self._command(), *arguments], capture_output=True, text=True, check=True, env=self._env()
        )
        return done.stdout

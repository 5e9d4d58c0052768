"""Writes fixtures: a log, and beside it the truth about it in a short notation. Used by the make.py of languages.

A frame is written "file:line function", "file:line" or "- function" (no place); "~" before it says it is a library's.
"""

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FOLDER = "/srv/shop"  # where the logs say that the programs lie
_FRAME = re.compile(r"(?P<library>~?)(?:- |(?P<file>.+?)(?::(?P<line>\d+))?(?: |$))(?P<function>.+)?$")


@dataclass(frozen=True)
class Truth:
    """What a log tells: errors in the order they happened."""

    form: str
    errors: Sequence[dict[str, Any]]
    root: int | None = 0
    build: bool = False


@dataclass
class Fixtures:
    """The fixtures of a language; `programs` is the folder with its programs."""

    language: str
    programs: Path
    truths: dict[str, Truth] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        return self.programs.parent.parent / "fixtures" / self.language

    def run(self, name: str, command: str, about: str, truth: Truth) -> None:
        """Make a fixture of what a command prints in a folder with the programs."""
        with tempfile.TemporaryDirectory() as folder:
            for program in self.programs.iterdir():
                if program.is_file():
                    shutil.copy(program, folder)
            environment = {**os.environ, "HOME": folder, "LC_ALL": "C.UTF-8", "NO_COLOR": "1"}
            done = subprocess.run(
                ["bash", "-c", command],
                cwd=folder,
                env=environment,
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
            self.keep(name, (done.stdout + done.stderr).replace(folder, FOLDER), about, truth)

    def keep(self, name: str, log: str | None, about: str, truth: Truth) -> None:
        """Write a log, or keep the one that is there, and its truth."""
        path = self.folder / f"{name}.txt"
        if log is not None:
            path.write_text(log, encoding="utf-8", newline="")
        self.truths[name] = truth
        language = self.language if truth.errors else None
        report = {
            "about": about,
            "language": language,
            "format": truth.form if truth.errors else None,
            "is_build_error": truth.build,
            "errors": list(truth.errors),
            "root": truth.root if truth.errors else None,
        }
        path.with_suffix(".json").write_text(json.dumps(report, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")

    def log(self, name: str) -> str:
        """The log of a fixture made before."""
        return (self.folder / f"{name}.txt").read_text(encoding="utf-8")


def error(kind: str, message: str, *frames: str, handled: bool = False) -> dict[str, Any]:
    """An error of a truth, its frames outermost first."""
    return {"type": kind, "message": message, "handled": handled, "frames": [_frame(text) for text in frames]}


def _frame(text: str) -> dict[str, Any]:
    found = _FRAME.fullmatch(text)
    if found is None:
        raise ValueError(text)
    line = int(found["line"]) if found["line"] else None
    return {"file": found["file"], "line": line, "function": found["function"], "own": not found["library"]}


def prefixed(log: str, prefix: str) -> str:
    """Each line with a prefix."""
    return "".join(prefix + line for line in log.splitlines(keepends=True))


def wrapped(log: str, width: int) -> str:
    """Each line broken hard where a terminal of that width ends."""
    return "\n".join(
        "\n".join(line[at : at + width] for at in range(0, max(len(line), 1), width)) for line in log.split("\n")
    )


def fenced(log: str, before: str, after: str) -> str:
    """The log in a Markdown fence between two paragraphs."""
    return f"{before}\n\n```\n{log.rstrip()}\n```\n\n{after}\n"

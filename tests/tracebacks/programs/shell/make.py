"""Makes the logs of shells anew. Needs bash, dash and zsh (Debian's packages of these names)."""

import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
FIXTURES = HERE.parents[1] / "fixtures" / "shell"
DEPLOY = [("No such file or directory", "cd: /nonexistent", ("deploy.sh", 5, None))]
DEPLOY += [("command not found", "upload", ("deploy.sh", 6, None))]
DEPLOY += [("integer expression expected", "[: abc", ("deploy.sh", 9, None))]
DEPLOY += [("division by 0", '1 / 0 (error token is "0")', ("deploy.sh", 10, None))]
DEPLOY += [("Permission denied", "./data.txt", ("deploy.sh", 11, None))]
DEPLOY += [
    ("readonly variable", "X", ("deploy.sh", 13, None)),
    ("unbound variable", "MISSING", ("deploy.sh", 14, None)),
]

# name: (about, format, command, errors as (type, message, (file, line, function) or None), the root's index)
CASES = {
    "bash": ("bash, several errors of one script", "bash", "bash deploy.sh", DEPLOY, 0),
    "bash_syntax": ("bash's syntax error with its source line", "bash", "bash twice.sh",
        [("syntax error", "near unexpected token `fi'", ("twice.sh", 4, None))], 0),
    "bash_quote": ("a quote that is never closed", "bash", "bash open.sh",
        [("unexpected EOF", "while looking for matching `\"'", ("open.sh", 1, None))], 0),
    "bash_command": ("bash -c: a line, but no script", "bash", "bash -c upload",
        [("command not found", "upload", None)], 0),
    "dash": ("dash, which names no word for the line", "sh", "dash deploy.sh",
        [("can't cd to", "cd /nonexistent", ("deploy.sh", 5, None)),
         ("not found", "upload", ("deploy.sh", 6, None)), ("Illegal number", "[ abc", ("deploy.sh", 9, None)),
         ("division by zero", 'arithmetic expression "1 / 0"', ("deploy.sh", 10, None))], 0),
    "dash_syntax": ("dash's syntax error", "sh", "dash twice.sh",
        [("Syntax error", '"fi" unexpected', ("twice.sh", 4, None))], 0),
    "sh_command": ("sh -c, which is dash here", "sh", "sh -c upload", [("not found", "upload", None)], 0),
    "zsh": ("zsh, with lines that count from a function's head", "zsh", "zsh deploy.zsh",
        [("no such file or directory", "/nonexistent", (None, 2, "fetch")),
         ("command not found", "upload", (None, 3, "fetch")),
         ("integer expression expected", "abc", ("deploy.zsh", 9, None)),
         ("division by zero", "", ("deploy.zsh", 10, None))], 0),
    "zsh_syntax": ("zsh's parse error", "zsh", "zsh twice.sh",
        [("parse error", "near `fi'", ("twice.sh", 4, None))], 0),
    "trace": ("set -x with a PS4 that tells the place", "sh",
        "bash placed.sh", [("No such file or directory", "cat: prices.csv", ("placed.sh", 5, "prices"))], 0),
    "trace_plain": ("set -x as it is", "sh", "bash -x traced.sh",
        [("No such file or directory", "cat: prices.csv", (None, None, None))], 0),
    "trap": ("an ERR trap that names the line", "trap", "bash trapped.sh",
        [("error", "Error in deploy.sh on line 4: command exited with status 1", ("deploy.sh", 4, None))], 0),
}  # fmt: skip


def main() -> None:
    """Run every script, and write its log and the truth beside it."""
    FIXTURES.mkdir(parents=True, exist_ok=True)
    for name, (about, form, command, errors, root) in CASES.items():
        (FIXTURES / f"{name}.txt").write_text(log_of(command))

        truth = {"about": about, "language": "shell", "format": form, "is_build_error": False}
        truth |= {"errors": [error(*each) for each in errors], "root": root}
        (FIXTURES / f"{name}.json").write_text(json.dumps(truth, indent=2) + "\n")


def log_of(command: str) -> str:
    """What a command prints."""
    with tempfile.TemporaryDirectory() as folder:
        for file in HERE.iterdir():
            if file.is_file():
                shutil.copy(file, folder)
        done = subprocess.run(
            ["bash", "-c", f"{{ {command}; }} 2>&1"],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": "/usr/bin:/bin"},
        )
        return done.stdout.replace(folder, "/srv/shop")


def error(type_: str, message: str, place: tuple[str | None, int | None, str | None] | None) -> dict[str, Any]:
    """An error as the truth has it."""
    frames = [] if place is None else [dict(zip(("file", "line", "function"), place, strict=True)) | {"own": True}]
    return {"type": type_, "message": message, "handled": False, "frames": frames}


if __name__ == "__main__":
    main()

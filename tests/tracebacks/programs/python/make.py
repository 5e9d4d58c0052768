"""Runs the programs of this folder and writes what they print, with the truth about it, to fixtures/python.

Needs CPython 2.7, 3.8, 3.11, 3.12 and 3.13 (on PATH as pythonX.Y, or installed by pyenv), and, in the Python that
WEB_PYTHON names: pip install django flask uvicorn celery.

    python make.py          # all
    python make.py chain    # those whose name begins so

A truth is written here as frames that name a file, a text of its failing line, and a function: the line's number is
looked up in the program (or in the library), never in the log. The logs in `truths.py` marked `written` have no
program: they are forms of other systems, or logs that were cut, wrapped or prefixed afterwards.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import truths

HERE = Path(__file__).parent
OUT = HERE.parents[1] / "fixtures" / "python"
SHOP = Path("/srv/shop")
Case = dict[str, Any]


def python(version: str) -> str:
    if version == "web":
        return os.environ.get("WEB_PYTHON", "/tmp/webenv/bin/python")
    found = shutil.which(f"python{version}")
    pyenv = sorted(Path.home().glob(f".pyenv/versions/{version}*/bin/python"))
    return str(pyenv[-1]) if pyenv else found or f"python{version}"


def library(version: str) -> list[str]:
    code = "import json, os, site; print(os.path.dirname(json.__path__[0])); print(site.getsitepackages()[0])"
    if version == "2.7":
        return []
    return subprocess.run([python(version), "-c", code], capture_output=True, text=True, check=True).stdout.split()


def run(case: Case) -> str:
    if SHOP.exists():
        shutil.rmtree(SHOP)
    shutil.copytree(HERE, SHOP, ignore=shutil.ignore_patterns("__pycache__", "make.py", "truths.py"))
    for path in SHOP.glob("*.py_"):  # what a linter of today's Python can't read
        path.rename(path.with_suffix(".py"))
    folder = SHOP / case.get("folder", "")
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "TZ": "UTC", **case.get("env", {})}
    command = [python(case["python"]), *case["run"]]
    done = subprocess.run(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False
    )
    return neutral(done.stdout.decode(), case["python"])


def neutral(text: str, version: str) -> str:
    """The log without this machine's folders and addresses."""
    short = "2.7" if version == "2.7" else "3.12" if version == "web" else version
    text = re.sub(r"/\S*/\.pyenv/versions/[\d.]+/", "/usr/local/", text)
    text = text.replace("/tmp/webenv/", "/srv/venv/").replace("/srv/shop/keyerror/", "/srv/shop/")
    text = re.sub(
        r"0x[0-9a-f]{6,16}", lambda match: "0x" + "7f3c5a10"[: len(match[0]) - 2].ljust(len(match[0]) - 2, "0"), text
    )
    return text.replace("python3 ", f"python{short} ")


def line_of(path: Path, text: str) -> int:
    path = path if path.exists() else path.with_suffix(".py_")
    lines = path.read_text(encoding="utf-8").splitlines()
    found = [number for number, line in enumerate(lines, 1) if text in line]
    if len(found) != 1:
        raise SystemExit(f"{path}: {text!r} stands in lines {found}")
    return found[0]


def frame_json(frame: truths.Frame, case: Case) -> dict[str, Any]:
    file, text, function = frame
    if file.startswith(("lib:", "site:")):
        kind, _, name = file.partition(":")
        standard, site = library(case["python"])
        path = Path(standard if kind == "lib" else site) / name
        number = text if isinstance(text, int) else line_of(path, text)
        return {"file": neutral(str(path), case["python"]), "line": number, "function": function, "own": False}
    if isinstance(text, int):
        return {"file": file, "line": text, "function": function, "own": truths.owned(file)}
    path = HERE / case.get("folder", "") / file
    return {
        "file": f"/srv/shop/{file}" if not case.get("relative") else file,
        "line": line_of(path, text),
        "function": function,
        "own": True,
    }


def truth(case: Case) -> dict[str, Any]:
    errors = [
        {
            "type": kind,
            "message": message,
            "handled": bool(rest and rest[0]),
            "frames": [frame_json(frame, case) for frame in frames],
        }
        for kind, message, frames, *rest in case["errors"]
    ]
    return {
        "about": case["about"],
        "language": "python" if errors else None,
        "format": case.get("format", "traceback") if errors else None,
        "is_build_error": case.get("build", False),
        "errors": errors,
        "root": case.get("root", 0) if errors else None,
    }


def write(name: str, case: Case, made: dict[str, str]) -> None:
    if "from" in case:
        log = case["change"](made[case["from"]] if case["from"] in made else (OUT / f"{case['from']}.txt").read_text())
    else:
        log = case["written"] if "written" in case else run(case)
        log = case.get("after", lambda text: text)(log)
    made[name] = log
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / f"{name}.txt").write_bytes(log.encode())
    source = {**truths.CASES[case["from"]], **case} if "from" in case else case
    text = json.dumps(truth(source), indent=2, ensure_ascii=False)
    (OUT / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def main(begin: str = "") -> None:
    made = {}
    for name, case in truths.CASES.items():
        if name.startswith(begin):
            write(name, case, made)


if __name__ == "__main__":
    main(*sys.argv[1:])

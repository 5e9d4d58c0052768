"""How long logs of ten megabytes take to be read, and whether any log whatever makes the parsers raise.

    python -m termcoder.bench.parse [--megabytes 10] [--runs 5] [--fuzz 2000]

All logs are made here, from a fixed seed; "every language" and the mutated logs need the checkout's fixtures, and are
made of this module's own samples where there are none.
"""

import argparse
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from termcoder.tracebacks import parse
from termcoder.tracebacks.decoding import decode

SEED = 20_260
WANTED_SECONDS = 1.0
FIXTURES = Path(__file__).parents[2] / "tests" / "tracebacks" / "fixtures"
TRACEBACK = """Traceback (most recent call last):
  File "/srv/shop/app.py", line 41, in handle
    reply = answer(request)
            ^^^^^^^^^^^^^^^
  File "/srv/shop/orders.py", line 17, in answer
    return order["user_id"]
           ~~~~~^^^^^^^^^^^
KeyError: 'user_id'
"""
SAMPLES = (
    TRACEBACK,
    "TypeError: Cannot read properties of undefined (reading 'id')\n"
    "    at owner (/srv/shop/app.js:4:17)\n    at Object.<anonymous> (/srv/shop/app.js:9:1)\n",
    'Exception in thread "main" java.lang.NullPointerException: no order\n\tat com.acme.Shop.main(Shop.java:7)\n',
    "panic: runtime error: index out of range [3] with length 3\n\ngoroutine 1 [running]:\nmain.main()\n"
    "\t/srv/shop/main.go:8 +0x1d\nexit status 2\n",
    "main.c:5:12: error: 'total' undeclared (first use in this function)\nmake: *** [Makefile:3: main.o] Error 1\n",
)


def server_log(size: int) -> str:
    """What a server writes when nothing is wrong, and a traceback at its end."""
    chance = random.Random(SEED)
    paths = ("/", "/orders", "/orders/7", "/login", "/static/site.css", "/api/v2/items?limit=50")
    rows = ['2026-03-07 11:{:02}:{:02},{:03} INFO  [worker-{}] web.access: {}.{}.{}.{} "GET {} HTTP/1.1" {} {} {:.3f}']
    rows += ["2026-03-07 11:{:02}:{:02},{:03} DEBUG [worker-{}] db.pool: connection {}.{}.{}.{} reused for {} ({}, {})"]

    def row() -> str:
        numbers = [chance.randrange(60), chance.randrange(60), chance.randrange(1000), chance.randrange(16)]
        numbers += [chance.randrange(256) for _ in range(4)]
        end = (chance.choice(paths), chance.choice((200, 200, 200, 304, 404)), chance.randrange(90_000))
        return chance.choice(rows).format(*numbers, *end, chance.random())

    return _filled(size - len(TRACEBACK), lambda: row() + "\n") + TRACEBACK


def tracebacks(size: int) -> str:
    """Nothing but Python tracebacks, each a little different."""
    chance = random.Random(SEED)
    return _filled(size, lambda: TRACEBACK.replace("41", str(chance.randrange(1, 900))))


def every_language(size: int) -> str:
    """The logs of every language, mixed."""
    chance, texts = random.Random(SEED), fixtures()
    return _filled(size, lambda: chance.choice(texts) + "\n")


def random_bytes(size: int) -> str:
    """Not a log at all."""
    return decode(random.Random(SEED).randbytes(size))


def one_line(size: int) -> str:
    """One line without an end."""
    chance = random.Random(SEED)
    return _filled(size, lambda: chance.choice(("Error: at ", 'File "a.py", line 1', "\tat a.b(C.java:1) ", '{"a": [')))


def blank_lines(size: int) -> str:
    """Nothing, very often."""
    return "\n" * size


CASES: tuple[tuple[str, Callable[[int], str]], ...] = (
    ("server log, a traceback at its end", server_log),
    ("nothing but Python tracebacks", tracebacks),
    ("every language, mixed", every_language),
    ("random bytes", random_bytes),
    ("one line", one_line),
    ("blank lines", blank_lines),
)


def _filled(size: int, more: Callable[[], str]) -> str:
    """Pieces up to `size` characters; the last is cut."""
    pieces, length = [], 0
    while length < size:
        pieces.append(more())
        length += len(pieces[-1])
    return "".join(pieces)[: max(0, size)]


def fixtures() -> list[str]:
    """The checkout's logs of every language, else the samples of this module."""
    return [decode(file.read_bytes()) for file in sorted(FIXTURES.glob("*/*.txt"))] or list(SAMPLES)


# Logs that something has happened to


def _cut(text: str, chance: random.Random) -> str:
    start = chance.randrange(len(text) + 1)
    return text[start : start + chance.randrange(len(text) + 1)]


def _lines_swapped(text: str, chance: random.Random) -> str:
    lines = text.splitlines(keepends=True)
    chance.shuffle(lines)
    return "".join(lines)


def _lines_repeated(text: str, chance: random.Random) -> str:
    return "".join(line * chance.choice((0, 1, 1, 1, 2, 9)) for line in text.splitlines(keepends=True))


def _letters_changed(text: str, chance: random.Random) -> str:
    letters = list(text)
    for _ in range(1 + len(letters) // 50):
        letters[chance.randrange(len(letters))] = chance.choice("\0\t\r\n :;()[]{}<>\"'\\/.,0123456789Aa\x1b\ud800é😀")
    return "".join(letters)


def _prefixed(text: str, chance: random.Random) -> str:
    prefix = chance.choice(("> ", "web-1  | ", "[12:30:01] ", "2026-03-07T11:30:01Z stderr F ", "\x1b[31m", "E   "))
    return "".join(prefix + line for line in text.splitlines(keepends=True))


def _stretched(text: str, chance: random.Random) -> str:
    at = chance.randrange(len(text) + 1)
    return text[:at] + chance.choice((" ", "(", "at ", "  File ", ": ", "9", "^", "/a", "Error: ")) * 5_000 + text[at:]


_CHANGES = (_cut, _lines_swapped, _lines_repeated, _letters_changed, _prefixed, _stretched)


def mutated(count: int) -> Iterator[str]:
    """Logs that were cut, shuffled, repeated, written over, prefixed, stretched and put one after another."""
    chance, texts = random.Random(SEED), fixtures()
    for _ in range(count):
        text = "".join(chance.choices(texts, k=chance.choice((1, 1, 2))))
        for change in chance.choices(_CHANGES, k=chance.randrange(1, 4)):
            text = change(text or "\n", chance)
        yield text


# Measuring


@dataclass(frozen=True, slots=True)
class Fuzzed:
    """What came of the mutated logs: how many, the faults as text, and the slowest one's seconds and characters."""

    count: int
    faults: tuple[str, ...]
    slowest: float
    length: int


def seconds_of(log: str) -> float:
    """How long reading a log takes."""
    begun = time.perf_counter()
    parse(log)
    return time.perf_counter() - begun


def fuzzed(count: int) -> Fuzzed:
    """Read so many mutated logs."""
    faults: list[str] = []
    slowest, length = 0.0, 0
    for number, log in enumerate(mutated(count)):
        try:
            taken = seconds_of(log)
        except Exception as error:
            faults.append(f"log {number}: {type(error).__name__}: {error}")
            continue
        slowest, length = max((slowest, length), (taken, len(log)))
    return Fuzzed(count, tuple(faults), slowest, length)


def main() -> None:
    """Measure and print. Ends with 1 where a log made the parsers raise."""
    arguments = argparse.ArgumentParser(description="How long logs take to be read.")
    arguments.add_argument("--megabytes", type=float, default=10.0)
    arguments.add_argument("--runs", type=int, default=5)
    arguments.add_argument("--fuzz", type=int, default=2_000)
    options = arguments.parse_args()
    size = int(options.megabytes * 1e6)
    print(f"{options.megabytes:g} MB of (wanted: at most {WANTED_SECONDS:g} s)    median    worst, {options.runs} runs")
    for name, make in CASES:
        log = make(size)
        times = [seconds_of(log) for _ in range(options.runs)]
        print(f"{name:36} {statistics.median(times):8.2f} s  {max(times):6.2f} s", flush=True)
    found = fuzzed(options.fuzz)
    print(
        f"{found.count:,} mutated logs: {len(found.faults)} raised; "
        f"slowest {found.slowest:.2f} s ({found.length:,} characters)"
    )
    for fault in found.faults[:20]:
        print(f"  {fault}")
    sys.exit(1 if found.faults else 0)


if __name__ == "__main__":
    main()

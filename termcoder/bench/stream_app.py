"""The program that `termcoder.bench.stream` measures: a transcript, a plain text area, and a model that is a clock."""

import asyncio
import gc
import itertools
import json
import os
import time
from collections.abc import Iterator

from textual.app import App, ComposeResult
from textual.widgets import TextArea

from termcoder.conversation import Turn, Usage
from termcoder.ui.widgets.transcript import Transcript

CHARS_PER_TOKEN = 4

_PYTHON = '''
def window_{n}(values: list[float], size: int = {n}) -> list[float]:
    """Mean of each window of `size` values.

    Windows that reach over the end are left out.
    """
    total, means = 0.0, []
    for index, value in enumerate(values):  # one pass
        total += value
        if index >= size:
            total -= values[index - size]
        if index >= size - 1:
            means.append(total / size)
    return means
'''
_SECTION = """
## Step {n}: change the reader

The reader keeps **one buffer** for every file, so a second `open()` of the same path sees what the first has
read. See [the notes](https://example.org/{n}) for why that was chosen, and `reader.py` for where it is done.

1. Open the file once, and keep its descriptor.
2. Read with `os.pread`, which has no position of its own:
   - no lock is needed between readers
   - a short read is *not* an error
3. Close it in `__exit__`.

| call | before | after |
| :--- | -----: | ----: |
| open | {n} | 1 |
| read | 31.5 ms | 4.2 ms |

```python
{code}
```

> A reader that is never closed keeps its descriptor until the program ends.
"""


def _code() -> Iterator[str]:
    for number in itertools.count(1):
        yield from _PYTHON.strip("\n").format(n=number).split("\n")
        yield ""


def _mixed() -> Iterator[str]:
    for number in itertools.count(1):
        yield from _SECTION.format(n=number, code=_PYTHON.strip("\n").format(n=number)).split("\n")


def _items() -> Iterator[str]:
    for number in itertools.count(1):
        yield f"{number}. Item {number} of a list that goes on and on, with `code` and **strong** words in it."


def _rows() -> Iterator[str]:
    yield from ("| number | name | what it is |", "| ---: | --- | --- |")
    for number in itertools.count(1):
        yield f"| {number} | name_{number} | a row of a `table` |"


def _words() -> Iterator[str]:
    return itertools.repeat("words of a paragraph that has no end and no blank line anywhere, with `code` in it")


CONTENTS = {"mixed": _mixed, "fence": _code, "list": _items, "table": _rows, "paragraph": _words}


def answer(content: str, lines: int) -> str:
    """An answer of so many lines."""
    text = "\n".join(itertools.islice(CONTENTS[content](), lines))
    return f"```python\n{text}\n```\n" if content == "fence" else text + "\n"


class StreamApp(App[None]):
    """Loads old turns; told on one descriptor to go, it streams an answer. On the other it tells what it does."""

    CSS = "TextArea { height: 6; }"

    def __init__(self, content: str, lines: int, rate: float, turns: int, report_fd: int, go_fd: int) -> None:
        super().__init__()
        self._text = answer(content, lines)
        self._rate = rate
        self._turns = [Turn(str(n), f"Question {n}\nand its second line", answer("mixed", 40)) for n in range(turns)]
        self._report_fd, self._go_fd = report_fd, go_fd

    def compose(self) -> ComposeResult:
        """The conversation over the message."""
        yield Transcript()
        area = TextArea()
        area.cursor_blink = False
        yield area

    def on_mount(self) -> None:
        """Begin when the screen has been painted."""
        self.query_one(TextArea).focus()
        self.call_after_refresh(self._load)

    def _tell(self, **facts: float | str) -> None:
        os.write(self._report_fd, (json.dumps(facts) + "\n").encode())

    async def _load(self) -> None:
        began = time.perf_counter()
        await self.query_one(Transcript).load(self._turns)
        self.call_after_refresh(self._loaded, began)

    def _loaded(self, began: float) -> None:
        gc.freeze()  # as the program does once it is up: else each full collection looks at every module again
        self._tell(event="loaded", seconds=time.perf_counter() - began)
        self.run_worker(self._stream())

    async def _stream(self) -> None:
        await asyncio.to_thread(os.read, self._go_fd, 1)
        view = await self.query_one(Transcript).add_turn(Turn("new", "Stream, please"))
        self._tell(event="streaming")
        began, cpu = time.perf_counter(), time.process_time()
        for number, start in enumerate(range(0, len(self._text), CHARS_PER_TOKEN)):
            await view.append(self._text[start : start + CHARS_PER_TOKEN])
            await asyncio.sleep(max(0.0, began + number / self._rate - time.perf_counter()))
        seconds = time.perf_counter() - began
        tokens = number + 1
        await view.finish(Turn("new", "Stream, please", self._text, usage=Usage(10, tokens, 0, seconds)))
        self._tell(event="streamed", seconds=seconds, tokens=tokens, cpu=time.process_time() - cpu)

"""Syntax highlighting that keeps up with a stream: only the newest lines now, all of them once, in slices."""

import asyncio
import contextlib
import time
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

WINDOW = 40  # lines looked at around the newest ones while code arrives
AT_ONCE = 80  # code up to this many lines is done in one go
LONGEST_LINE = 1_000  # a longer line stays plain: some patterns take quadratic time
SLICE_SECONDS = 0.002
PAUSE_SECONDS = 0.004

Tokens = Sequence[tuple[Any, str]]


@lru_cache(maxsize=64)
def lexer_of(language: str, file_name: str = "") -> Any | None:
    """Pygments' lexer for a fence's language, else for its file name; None: shown plain."""
    from pygments.lexers import get_lexer_by_name, get_lexer_for_filename
    from pygments.util import ClassNotFound

    finders = ((get_lexer_by_name, language), (get_lexer_for_filename, file_name))
    for find, name in finders:
        try:
            if name:
                return find(name, stripnl=False, ensurenl=True)
        except ClassNotFound:
            continue
    return None


def tokens_of(lexer: Any, lines: Sequence[str]) -> Iterator[Tokens]:
    """The tokens of each line in turn; lexed as they are asked for."""
    code = "\n".join(line if len(line) <= LONGEST_LINE else "" for line in lines)
    found: list[tuple[Any, str]] = []
    for kind, text in _without_faults(lexer.get_tokens(code)):
        *ended, rest = text.split("\n")
        for piece in ended:
            if piece:
                found.append((kind, piece))
            yield found
            found = []
        if rest:
            found.append((kind, rest))


def _without_faults(tokens: Iterator[tuple[Any, str]]) -> Iterator[tuple[Any, str]]:
    """A fault of a lexer, set off by a model's code, leaves the rest plain and must not end the program."""
    with contextlib.suppress(Exception):
        yield from tokens


class CodeTokens:
    """Tokens of a growing list of lines. `self[i]` is None where line `i` is to be drawn plain."""

    def __init__(self, lexer: Any | None) -> None:
        self._lexer = lexer
        self._lines: list[Tokens | None] = []
        self.complete = lexer is None

    def __getitem__(self, index: int) -> Tokens | None:
        return self._lines[index] if index < len(self._lines) else None

    def follow(self, lines: Sequence[str], changed_from: int) -> None:
        """Lex the newest lines (from `changed_from` on) with some before them: right nearly always, and cheap."""
        del self._lines[changed_from:]
        if self._lexer is None or changed_from >= len(lines):
            return
        self.complete = False
        start = max(0, changed_from - WINDOW // 2, len(lines) - WINDOW)
        outer = (index for index in range(start, changed_from + 1) if lines[index][:1].strip())
        first = next(outer, start)  # a line that is not indented is seldom inside a string
        self._lines.extend([None] * (len(lines) - len(self._lines)))
        for index, tokens in enumerate(tokens_of(self._lexer, lines[first:]), first):
            if index < len(self._lines) and self._lines[index] is None:
                self._keep(lines, index, tokens)

    def finish_now(self, lines: Sequence[str]) -> None:
        """Lex everything at once."""
        for _ in self._all(lines):
            pass

    async def finish(self, lines: Sequence[str]) -> None:
        """Lex everything, in slices short enough for the keyboard."""
        began = time.perf_counter()
        for _ in self._all(lines):
            if time.perf_counter() - began > SLICE_SECONDS:
                await asyncio.sleep(PAUSE_SECONDS)
                began = time.perf_counter()

    def _all(self, lines: Sequence[str]) -> Iterator[None]:
        if self._lexer is None or self.complete:
            return
        self._lines.extend([None] * (len(lines) - len(self._lines)))
        for index, tokens in enumerate(tokens_of(self._lexer, lines)):
            self._keep(lines, index, tokens)
            yield
        self.complete = True

    def _keep(self, lines: Sequence[str], index: int, tokens: Tokens) -> None:
        if index < len(lines) and "".join(text for _, text in tokens) == lines[index]:
            self._lines[index] = tuple(tokens)

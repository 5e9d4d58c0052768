"""What a language adds: a parser, found by the marks that its logs have."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from termcoder.tracebacks.report import Failure

Parse = Callable[[Sequence[str]], Iterable[Failure]]


@dataclass(frozen=True, slots=True)
class Parser:
    """How to read one language's logs, or one tool's.

    - `marks`: texts, one of which every such log has; a log with none of them is not given to `parse`. They are what
      keeps ten megabytes of log under a second: choose rare ones.
    - `parse`: reads lines (without line ends, colours and prefixes) and gives the failures it finds, with the indexes
      of those lines. It never raises, whatever the lines are, and takes time in proportion to their length.
    """

    name: str
    marks: tuple[str, ...]
    parse: Parse

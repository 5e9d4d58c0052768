"""What is read out of an error log: errors with their frames, in the order they happened."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Any


class Relation(StrEnum):
    """What an error has to do with the others of its failure."""

    ALONE = "alone"
    """It is the failure, or what the failure ended as."""
    CAUSE = "cause"
    """The next error was raised because of it (`raise … from`, `Caused by`, `[cause]`)."""
    CONTEXT = "context"
    """The next error was raised while this one was being handled."""
    MEMBER = "member"
    """One of those that the failure's last error is a group of."""
    SUPPRESSED = "suppressed"
    """It happened while resources were closed because of another error."""


class Certainty(IntEnum):
    """How sure the reading of a failure is."""

    GUESS = 0  # a line that looks like an error, with nothing around it
    LIKELY = 1  # cut short, wrapped, or a form that other programs use too
    CERTAIN = 2  # the whole form is there


@dataclass(frozen=True, slots=True)
class Frame:
    """One place on the way to an error.

    - `file`: as the log writes it; None where the log names none. `line`, `column`: from 1.
    - `own`: False for libraries, runtimes and what the language itself brings.
    - `code`: the source line that the log shows, without its indentation.
    - `at`: the line of the log that names this place: while parsing, the index into the lines that the parser was
      given; in a `Report`, the line's number from 1.
    - `path`: a longer path than `file` where the log implies one (`com/acme/Shop.java` from Java's package).
    """

    file: str | None = None
    line: int | None = None
    function: str | None = None
    own: bool = True
    column: int | None = None
    code: str = ""
    at: int = 0
    path: str = ""


@dataclass(frozen=True, slots=True)
class LoggedError:
    """One error of the log. `frames` are outermost first; `at` is the line with its type, counted as in `Frame`.

    - `type`: as written (`KeyError`, `java.lang.NullPointerException`, `TS2304`, `panic`).
    - `message`: may have several lines; "" where there is none.
    - `handled`: the program caught it and went on.
    - `notes`: what was added to the message (Python's notes, a compiler's help and note lines).
    """

    type: str
    message: str = ""
    frames: tuple[Frame, ...] = ()
    at: int = 0
    relation: Relation = Relation.ALONE
    handled: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Failure:
    """What a parser found in one place: an error with those that led to it, in the order they happened.

    - `root`: which of `errors` it all began with. `first`, `last`: the lines it takes, counted as in `Frame`.
    - `build`: it comes from a compiler, linker or installer, not from a running program.
    - `ends_program`: True where the form shows that the program ended with it, False where it shows that the program
      caught it, None where the form doesn't tell.
    """

    language: str
    format: str
    errors: tuple[LoggedError, ...]
    first: int
    last: int
    root: int = 0
    build: bool = False
    certainty: Certainty = Certainty.CERTAIN
    ends_program: bool | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """All that a log tells. `failures` are in the order of the log, and so are their errors in `errors`.

    - `root`: the index in `errors` of the one to mend first; None where there is no error.
    - `skipped`: what was not read, in words (a form that was cut short, text that is no log).
    """

    failures: tuple[Failure, ...] = ()
    root: int | None = None
    lines: int = 0
    skipped: tuple[str, ...] = ()

    @property
    def errors(self) -> tuple[LoggedError, ...]:
        """Every error, in chronological order."""
        return tuple(error for failure in self.failures for error in failure.errors)

    def failure_of(self, index: int) -> Failure:
        """The failure that `errors[index]` is part of. Raises IndexError."""
        for failure in self.failures:
            if index < len(failure.errors):
                return failure
            index -= len(failure.errors)
        raise IndexError(index)

    @property
    def main(self) -> Failure | None:
        """The failure with the root error."""
        return None if self.root is None else self.failure_of(self.root)

    def as_json(self) -> dict[str, Any]:
        """The stable form that `termcoder diagnose --parse-only --json` prints."""
        main = self.main
        return {
            "language": main.language if main else None,
            "format": main.format if main else None,
            "is_build_error": main.build if main else False,
            "errors": [_error_json(error) for error in self.errors],
            "root": self.root,
        }


def _error_json(error: LoggedError) -> dict[str, Any]:
    frames = [{"file": f.file, "line": f.line, "function": f.function, "own": f.own} for f in error.frames]
    return {"type": error.type, "message": error.message, "handled": error.handled, "frames": frames}

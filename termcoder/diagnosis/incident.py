"""An error log beside the project it happened in: which frames lie in which project files."""

from dataclasses import dataclass, replace
from functools import cached_property

from termcoder.tracebacks import Failure, Frame, LoggedError, Report, parse
from termcoder.workspace import Located, Locator


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A line of a file: a project's, or one that the log names. Shown and read as `path:line`."""

    path: str
    line: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


@dataclass(frozen=True, slots=True)
class Step:
    """A frame of the log, and the project's file that it means, if there is one."""

    frame: Frame
    located: Located | None = None

    @property
    def place(self) -> Place | None:
        """Where it is: in the project's file, else in the file as the log writes it; None without a line."""
        path = self.located.path if self.located else self.frame.file
        return Place(path, self.frame.line) if path and self.frame.line else None

    @property
    def own(self) -> bool:
        """Whether it is the user's own code: a file of the project is, whatever its path looks like."""
        return self.located is not None or self.frame.own


@dataclass(frozen=True)
class Incident:
    """A log, what was read out of it, and where its frames are in the project."""

    log: str
    report: Report
    steps: tuple[tuple[Step, ...], ...]
    """The steps of each of `report.errors`, outermost first."""

    @property
    def root(self) -> int | None:
        """The error to mend first."""
        return self.report.root

    def error(self, index: int) -> LoggedError:
        """One of the errors. Raises IndexError."""
        return self.report.errors[index]

    def failure(self, index: int) -> Failure:
        """The failure that an error is part of."""
        return self.report.failure_of(index)

    def culprit(self, index: int) -> Step | None:
        """The step to look at first: the innermost in the project, else the innermost own one, else the innermost."""
        steps = [step for step in self.steps[index] if step.place]
        located = [step for step in steps if step.located]
        own = [step for step in steps if step.own]
        return next((some[-1] for some in (located, own, steps) if some), None)

    def related(self, index: int) -> range:
        """The indexes of the errors that make up one failure with this one."""
        start = 0
        for failure in self.report.failures:
            stop = start + len(failure.errors)
            if index < stop:
                return range(start, stop)
            start = stop
        raise IndexError(index)

    def lead(self, index: int) -> Step | None:
        """Where to look first: the error's culprit, or that of an error it led to where only that is in the project.

        A database's error is raised in a library; the one that wraps it went through the user's code.
        """
        culprit = self.culprit(index)
        others = [self.culprit(other) for other in reversed(self.related(index)) if other != index]
        led_to = next((step for step in others if step and step.located), None)
        return culprit if culprit and culprit.located else led_to or culprit

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """Every place that the log's frames name, each once, in the order of the log."""
        found = (step.place for steps in self.steps for step in steps)
        return tuple(dict.fromkeys(place for place in found if place))

    @cached_property
    def files(self) -> frozenset[str]:
        """Every file that the log's frames name, in the log's writing and as the project's."""
        steps = [step for steps in self.steps for step in steps]
        written = {step.frame.file for step in steps if step.frame.file}
        return frozenset(written | {step.located.path for step in steps if step.located})


def incident_of(log: str, locator: Locator) -> Incident:
    """Read a log and find its frames in the project. Never raises, whatever the text."""
    report = parse(log)
    steps = tuple(tuple(_step(frame, locator) for frame in error.frames) for error in report.errors)
    return Incident(log, report, steps)


def _step(frame: Frame, locator: Locator) -> Step:
    located = locator.find(frame.file, frame.path)
    if located is not None and not located.exact and located.shared < 2 and not frame.own:
        located = None  # a library's `utils.py` is not the project's
    return Step(replace(frame, own=True) if located else frame, located)

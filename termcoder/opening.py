"""What the program is opened with, beside the project."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Opening:
    """A log for the Traceback pane, and the command that reproduces its error ("" where there is none)."""

    log: str
    command: str = ""

"""The templates as commands of the palette: each begins a message with its name."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from textual.app import SystemCommand

from termcoder.ui.inert import one_line
from termcoder.ui.widgets.composer import Composer


def template_commands(root: Path, show: Callable[[], Composer]) -> Iterator[SystemCommand]:
    """A command for each template that a user picks. `show` brings the message into sight."""
    from termcoder import prompts

    for template in prompts.shelf(root).picked():
        begin = partial(_begin, show, template.name)
        yield SystemCommand(f"Template: {template.name}", one_line(template.description), begin)


def _begin(show: Callable[[], Composer], name: str) -> None:
    """Put the name before what has been typed already."""
    composer = show()
    composer.load_draft(f"/{name} {composer.text_to_send().lstrip()}")
    composer.move_cursor(composer.document.end)

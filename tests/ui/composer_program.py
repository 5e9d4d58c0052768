"""A program with a composer, run on a real terminal by the tests: what is sent goes to a file, as JSON lines.

As in the real one, descriptors 1 and 2 lead to a log file and Textual draws on a duplicate of the terminal.
"""

import json
import os
import sys
from pathlib import Path

from textual import on
from textual.app import App, ComposeResult

from termcoder.errors import TermcoderError
from termcoder.ui import editor, terminal_input
from termcoder.ui.widgets.composer import Composer


class Program(App[None]):
    """A composer and nothing else."""

    def __init__(self, record: Path) -> None:
        super().__init__()
        self.record = record

    def compose(self) -> ComposeResult:
        yield Composer()

    def on_mount(self) -> None:
        self.query_one(Composer).focus()
        self.note("ready", "")

    def note(self, kind: str, text: str) -> None:
        with self.record.open("a") as file:
            file.write(json.dumps([kind, text]) + "\n")

    @on(Composer.Submitted)
    def sent(self, event: Composer.Submitted) -> None:
        self.note("sent", event.text)

    @on(Composer.DraftChanged)
    def changed(self, event: Composer.DraftChanged) -> None:
        self.note("draft", event.text)

    @on(Composer.EditExternallyRequested)
    async def edit(self) -> None:
        composer = self.query_one(Composer)
        try:
            text = await editor.edit_text(self, composer.text_to_send())
        except TermcoderError as error:
            self.note("error", str(error))
            return
        if text is not None:
            composer.load_draft(text)
        self.note("edited", composer.text_to_send())


def main() -> None:
    terminal = os.dup(2)
    log = os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    sys.__stderr__ = sys.__stdout__ = os.fdopen(terminal, "w", encoding="utf-8")  # type: ignore[misc]
    terminal_input.install()
    Program(Path(sys.argv[1])).run()


if __name__ == "__main__":
    main()

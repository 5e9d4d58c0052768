"""Opens the program in the terminal: guards around it, the engine ended after it, whatever happens."""

import asyncio
import os
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from termcoder import logs, paths
from termcoder.errors import TermcoderError
from termcoder.opening import Opening
from termcoder.settings import Settings
from termcoder.ui import terminal_input
from termcoder.ui.app import TermcoderApp

if TYPE_CHECKING:
    from termcoder.features.parts import Parts

LEAVE_SECONDS = 5.0
"""How long a quit may take when the terminal was closed or the machine shuts down."""


def run(settings: Settings, folder: Path, opening: Opening | None = None) -> int:
    """Run until the user leaves. Returns the exit code. `opening`: the log to begin with."""

    def make_parts() -> "Parts":
        from termcoder import composition  # all the rest of the program: not before the first paint

        return composition.make_parts(settings, folder)

    logs.setup_logging()
    terminal_input.install()
    with logs.terminal_guard():
        code = asyncio.run(_run(TermcoderApp(settings, make_parts, opening)))
    if code != 0:  # Textual wrote its report to standard error, which led to the log
        raise TermcoderError(
            "The program ended by a fault of its own.", remedy=f"What was saved is safe; {paths.log_file()} says more."
        )
    return code


def _leave(app: TermcoderApp) -> None:
    """Quit; and end at once where that takes too long, as drawing on a terminal that has gone can."""
    app.call_later(app.action_quit)
    last_resort = threading.Timer(LEAVE_SECONDS, os._exit, [1])  # the engine's process ends with this one
    last_resort.daemon = True
    last_resort.start()


async def _run(app: TermcoderApp) -> int:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGHUP):  # the terminal was closed, or the machine shuts down
        loop.add_signal_handler(number, _leave, app)
    try:
        await app.run_async()
        return app.return_code or 0
    finally:
        if app.parts is not None:
            await app.parts.host.stop()

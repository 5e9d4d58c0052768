"""Opens the program in the terminal: guards around it, the engine ended after it, whatever happens."""

import asyncio
import signal
from pathlib import Path

from termcoder import composition, logs
from termcoder.history import History
from termcoder.settings import Settings
from termcoder.ui import terminal_input
from termcoder.ui.app import Parts, TermcoderApp


def run(settings: Settings, folder: Path) -> int:
    """Run until the user leaves. Returns the exit code."""
    logs.setup_logging()
    terminal_input.install()
    host, chat = composition.make_host(settings), composition.make_chat(settings, folder)
    with logs.terminal_guard():
        return asyncio.run(_run(TermcoderApp(Parts(settings, host, chat, History()))))


async def _run(app: TermcoderApp) -> int:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGHUP):  # the terminal was closed, or the machine shuts down
        loop.add_signal_handler(number, lambda: app.call_later(app.action_quit))
    try:
        await app.run_async()
        return app.return_code or 0
    finally:
        await app.parts.host.stop()

"""Opens the program in the terminal: guards around it, the engine ended after it, whatever happens."""

import asyncio
from pathlib import Path

from termcoder import composition
from termcoder.history import History
from termcoder.settings import Settings
from termcoder.ui.app import Parts, TermcoderApp


def run(settings: Settings, folder: Path) -> int:
    """Run until the user leaves. Returns the exit code."""
    host, chat = composition.make_host(settings), composition.make_chat(settings, folder)
    return asyncio.run(_run(TermcoderApp(Parts(settings, host, chat, History()))))


async def _run(app: TermcoderApp) -> int:
    try:
        return await app.run_async() or 0
    finally:
        await app.parts.host.stop()

"""Ctrl+C in commands that end what they do in order."""

import asyncio
import signal


def set_by_ctrl_c() -> asyncio.Event:
    """An event that the first Ctrl+C sets. The second ends the program as usual."""
    loop, stopped = asyncio.get_running_loop(), asyncio.Event()

    def stop() -> None:
        loop.remove_signal_handler(signal.SIGINT)
        stopped.set()

    loop.add_signal_handler(signal.SIGINT, stop)
    return stopped

"""A small program with an engine in it, for tests of what happens when programs end.

    python -m tests.engine.programs MODEL_DIR

Prints one JSON object a line: each status with the engine core's process id, then "answering", once, for each token.
"""

import asyncio
import json
import sys
from pathlib import Path

from termcoder import logs
from termcoder.conversation import Message, Role
from termcoder.engine.base import EngineStatus, Request, Sampling
from termcoder.engine.vllm import VllmEngine
from termcoder.settings import EngineSettings


def say(**what: object) -> None:
    """One line to where standard output led when the program began."""
    print(json.dumps(what), file=sys.__stdout__, flush=True)


async def run(model_dir: Path) -> None:
    """Start, then answer until the program is ended."""
    engine = VllmEngine(model_dir, "test", EngineSettings(context_tokens=1024, kv_cache_gib=0.25))

    def show(status: EngineStatus) -> None:
        say(activity=status.activity or str(status.state), core=engine.core_pid)

    engine.subscribe(show)
    await engine.start()
    request = Request((Message(Role.USER, "Count to a thousand."),), Sampling(max_tokens=900))
    async for _ in engine.stream(request):
        say(activity="answering", core=engine.core_pid)


if __name__ == "__main__":
    logs.setup_logging()
    with logs.terminal_guard():
        asyncio.run(run(Path(sys.argv[1])))

"""`termcoder ask`: one question, one answer, through the same pipeline as the chat pane."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from termcoder import composition
from termcoder.engine.base import EngineState, EngineStatus
from termcoder.errors import TermcoderError
from termcoder.features.base import (
    AnswerReady,
    SaveFailed,
    TextDelta,
    Translated,
    TranslationFailed,
    TurnFailed,
    TurnInterrupted,
    Working,
)
from termcoder.features.chat import Chat
from termcoder.features.engine_host import EngineHost
from termcoder.settings import Settings


def ask(settings: Settings, folder: Path, question: str, out: TextIO, err: TextIO) -> int:
    """Answer `question` on `out`. Returns the exit code.

    Progress goes to `err`, and only where that is a terminal. Raises TermcoderError.
    """
    host = composition.make_host(settings)
    chat = composition.make_chat(settings, folder, saved=False)
    return asyncio.run(_answer(host, chat, question, out, err))


def whole_question(words: Sequence[str], stdin: TextIO, template: str | None = None) -> str:
    """What is asked: the words, after what is piped in. Raises TermcoderError where there is neither.

    `template`: with this template, which puts them between its own delimiters.
    """
    piped = "" if stdin.isatty() else stdin.read()
    text = "" if list(words) == ["-"] else " ".join(words)
    if template:
        return f"/{template} {text}\n{piped}".rstrip()
    whole = f"```\n{piped.rstrip()}\n```\n\n{text}" if piped.strip() and text else piped or text
    if not whole.strip():
        raise TermcoderError("There is no question.", remedy='Write it as `termcoder ask "..."` or pipe it in.')
    return whole


async def _answer(host: EngineHost, chat: Chat, text: str, out: TextIO, err: TextIO) -> int:
    progress = Progress(err)
    host.subscribe(progress.show)
    try:
        turn, problems = chat.new_turn(text)
        for problem in problems:
            print(f"termcoder: not attached: {problem}", file=err)
        host.start()
        engine = await host.ready()
        progress.clear()
        code = 0
        async for event in chat.run(engine, turn, asyncio.Event()):
            match event:
                case TextDelta(piece):
                    progress.clear()
                    print(piece, end="", file=out, flush=True)
                case AnswerReady():
                    print(file=out, flush=True)
                case TurnFailed(_, error):
                    raise error
                case Working(activity):
                    progress.tell(activity)
                case Translated(done):
                    progress.clear()
                    print(f"\n{done.answer}", file=out, flush=True)
                case SaveFailed(_, error) | TranslationFailed(_, error):
                    print(f"termcoder: {error}", file=err)
                case TurnInterrupted():
                    code = 130
        return code
    finally:
        progress.clear()
        await host.stop()


class Progress:
    """One line on standard error that is written over, on a terminal only."""

    def __init__(self, err: TextIO) -> None:
        self._err = err
        self._shown = ""

    def show(self, status: EngineStatus) -> None:
        """Tell what an engine that starts is doing."""
        if status.state is EngineState.STARTING:
            percent = "" if status.fraction is None else f" {round(100 * status.fraction)} %"
            self.tell(f"{status.activity}{percent}")

    def tell(self, text: str) -> None:
        """Put this in the place of what the line says."""
        if self._err.isatty() and text != self._shown:
            print(f"\r\x1b[K{text}", end="", file=self._err, flush=True)
            self._shown = text

    def clear(self) -> None:
        """Take the line away."""
        if self._shown:
            print("\r\x1b[K", end="", file=self._err, flush=True)
            self._shown = ""

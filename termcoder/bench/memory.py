"""What a model still knows of twenty turns that don't fit its context: with the note, without it, and if all fits.

    python -m termcoder.bench.memory [--model qwen2.5-coder-0.5b] [--context 2048] [--answers] [--singly]

The conversation is that of `memory_talk`: each turn tells one thing beside a question about code. Then comes one
question that needs all twenty, and with `--singly` twenty that need one each. `--answers` lets the model answer all
turns itself, which takes long, in place of the answers that are written there. Nothing is saved.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from termcoder import paths
from termcoder.bench.memory_talk import ALL_AT_ONCE, TALK
from termcoder.conversation import Message, Turn
from termcoder.engine.base import Chunk, Engine, ModelInfo, Request, Sampling, TokenCount
from termcoder.features.base import ContextReady, TextDelta
from termcoder.features.chat import Chat
from termcoder.features.turn import Prompt, run_turn
from termcoder.sessions.schema import new_session
from termcoder.settings import ChatSettings, EngineSettings
from termcoder.workspace import Workspace

WHOLE_CONTEXT = 4608
"""Tokens: all turns, the question and its answer fit."""
LISTED_TOKENS, SINGLE_TOKENS, TURN_TOKENS = 320, 24, 100
"""The longest answer to the question that needs all, to one that needs one thing, and in the conversation."""


class Narrow:
    """An engine whose context is taken to be smaller than it is: one start serves all ways."""

    def __init__(self, engine: Engine, context_tokens: int) -> None:
        self._engine = engine
        self.model = ModelInfo(engine.model.name, context_tokens)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def stream(self, request: Request) -> AsyncIterator[Chunk]:
        """See `Engine.stream`."""
        return self._engine.stream(request)

    async def count_tokens(self, messages: Sequence[Message]) -> TokenCount:
        """See `Engine.count_tokens`."""
        return await self._engine.count_tokens(messages)


@dataclass(frozen=True, slots=True)
class Recall:
    """How a way did. `in_prompt`: values that stand in what the model reads; `singly` -1: not asked."""

    way: str
    prompt_tokens: int
    in_prompt: int
    at_once: int
    seconds: float
    singly: int = -1


def found(text: str) -> int:
    """How many of the twenty values stand in a text."""
    return sum(told.value.casefold() in text.casefold() for told in TALK)


async def recall(engine: Engine, chat: Chat, way: str, *, singly: bool) -> Recall:
    """Ask about a conversation; nothing of it changes."""
    began = time.monotonic()
    asked = chat.draft_prompt(ALL_AT_ONCE)
    tokens, listed = await _answer(engine, asked, LISTED_TOKENS)
    seconds = time.monotonic() - began
    single = -1
    if singly:
        questions = [chat.draft_prompt(f"{told.asked} Answer with the value only.") for told in TALK]
        answers = [(await _answer(engine, question, SINGLE_TOKENS))[1] for question in questions]
        right = (told.value.casefold() in said.casefold() for told, said in zip(TALK, answers, strict=True))
        single = sum(right)
    return Recall(way, tokens, await _in_prompt(engine, asked), found(listed), seconds, single)


async def _in_prompt(engine: Engine, prompt: Prompt) -> int:
    from termcoder.features.turn import fit_prompt

    fitted, _ = await fit_prompt(engine, replace(prompt, tail=()))
    return found("\n".join(message.content for message in fitted.messages))


async def _answer(engine: Engine, prompt: Prompt, longest: int) -> tuple[int, str]:
    """The prompt's tokens, and what comes."""
    sampling = Sampling(temperature=0.0, max_tokens=longest, seed=1)
    tokens, pieces = 0, []
    async for event in run_turn(engine, Turn("q", ""), prompt, sampling, lambda turn: None, asyncio.Event()):
        if isinstance(event, ContextReady):
            tokens = event.prompt_tokens
        elif isinstance(event, TextDelta):
            pieces.append(event.text)
    return tokens, "".join(pieces)


def _told(folder: Path) -> Chat:
    """The conversation as it is written in `memory_talk`."""
    chat = Chat(Workspace(folder), None, ChatSettings(temperature=0.0, max_answer_tokens=TURN_TOKENS, seed=1))
    turns = tuple(Turn(f"t{number}", told.question, told.answer) for number, told in enumerate(TALK, 1))
    chat.book.change(lambda old: replace(new_session(str(folder)), turns=turns))
    return chat


async def _answered(engine: Engine, folder: Path) -> Chat:
    """The conversation as this engine answers it, with the note that came about meanwhile."""
    chat = _told(folder)
    chat.start_new()
    for told in TALK:
        turn, _ = chat.new_turn(told.question)
        async for _ in chat.run(engine, turn, asyncio.Event()):
            pass
        await chat.tidy(engine)
    return chat


async def measure(engine: Engine, context: int, *, answers: bool, singly: bool) -> AsyncIterator[Recall]:
    """Each way in turn."""
    narrow = Narrow(engine, context)
    with tempfile.TemporaryDirectory() as folder:
        chat = await _answered(narrow, Path(folder)) if answers else _told(Path(folder))
        before = time.monotonic()
        await chat.tidy(narrow)
        print(f"folding took {1000 * (time.monotonic() - before):.0f} ms; the note:\n{chat.book.session.note.text}\n")
        yield await recall(narrow, chat, "with the note", singly=singly)
        chat.book.change(lambda session: replace(session, memory=()))
        yield await recall(narrow, chat, "oldest left out", singly=singly)
        yield await recall(Narrow(engine, WHOLE_CONTEXT), chat, "everything fits", singly=singly)


async def _run(options: argparse.Namespace) -> None:
    from termcoder.engine.vllm import VllmEngine

    settings = EngineSettings(context_tokens=WHOLE_CONTEXT, threads=options.threads)
    engine = VllmEngine(paths.models_dir() / options.model, options.model, settings)
    await engine.start()
    try:
        async for one in measure(engine, options.context, answers=options.answers, singly=options.singly):
            single = f", one by one {one.singly} of {len(TALK)}" if one.singly >= 0 else ""
            print(
                f"{one.way:16} prompt {one.prompt_tokens:5,} tokens, {one.in_prompt:2} values in it; "
                f"all at once {one.at_once:2} of {len(TALK)} ({one.seconds:.0f} s){single}",
                flush=True,
            )
    finally:
        await engine.stop()


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m termcoder.bench.memory", description=__doc__)
    parser.add_argument("--model", default="qwen2.5-coder-0.5b", help="a prepared model's name")
    parser.add_argument("--context", type=int, default=2048, help="tokens of the small context (default 2048)")
    parser.add_argument("--threads", type=int, default=0, help="threads of the engine (default: as the program does)")
    parser.add_argument("--answers", action="store_true", help="let the model answer the twenty turns itself")
    parser.add_argument("--singly", action="store_true", help="ask for each value by itself too")
    asyncio.run(_run(parser.parse_args(arguments)))
    return 0


if __name__ == "__main__":
    sys.exit(main())

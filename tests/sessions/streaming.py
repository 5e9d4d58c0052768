"""A program that answers scripted questions and is killed; what it had said by then, and what is left of it."""

import asyncio
import multiprocessing
import os
import random
import signal
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path

from termcoder.conversation import Turn, TurnState
from termcoder.engine.scripted import Script, ScriptedEngine
from termcoder.features.base import TextDelta, TurnSaved
from termcoder.features.chat import Chat
from termcoder.sessions.store import SessionStore
from termcoder.settings import ChatSettings
from termcoder.workspace import Workspace

SPEED = 250.0  # tokens a second
WORDS = (5, 150)  # of an answer: a tenth of a second to three


@dataclass
class Told:
    """What a program had shown when it was killed: finished turns, and the moment of each piece by turn.

    The pieces are (seconds, characters so far).
    """

    finished: dict[str, int] = field(default_factory=dict)
    pieces: dict[str, list[tuple[float, int]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Loss:
    """What one kill has cost: finished turns that are gone or cut, and seconds of the running stream."""

    turns: int
    seconds: float
    finished: int


def trials(folder: Path, delays: Sequence[float], at_once: int) -> Iterator[Loss]:
    """Start a program for each delay, kill it after so many seconds, and count what is lost."""
    waiting = list(enumerate(delays))
    while waiting:
        batch, waiting = waiting[:at_once], waiting[at_once:]
        yield from _batch(folder, batch)


def _batch(folder: Path, batch: Sequence[tuple[int, float]]) -> Iterator[Loss]:
    running = [(time.monotonic() + delay, *_start(folder / str(number), number), number) for number, delay in batch]
    told: dict[int, Told] = {}
    for moment, process, reader, number in sorted(running, key=lambda each: each[0]):
        time.sleep(max(0.0, moment - time.monotonic()))  # the moment is what is tried here
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        told[number] = _read(reader)
    for number, _ in batch:
        yield _loss(folder / str(number), told[number])


def _start(folder: Path, seed: int) -> tuple[BaseProcess, int]:
    (folder / "project").mkdir(parents=True)
    reader, writer = os.pipe()
    process = multiprocessing.get_context("fork").Process(target=_program, args=(folder, seed, writer), daemon=True)
    process.start()
    os.close(writer)
    return process, reader


def _program(folder: Path, seed: int, out: int) -> None:
    asyncio.run(_chat(folder, random.Random(seed), out))


async def _chat(folder: Path, chance: random.Random, out: int) -> None:
    def reply(_: object) -> str:
        return " ".join(f"word{number}\n\"'é" for number in range(chance.randint(*WORDS)))

    engine = ScriptedEngine(Script(replies=reply, tokens_per_second=SPEED, context_tokens=1_000_000))
    await engine.start()
    chat = Chat(Workspace(folder / "project"), SessionStore(folder / "sessions"), ChatSettings())
    while True:
        turn, _ = chat.new_turn("Tell me more.")
        length = 0
        async for event in chat.run(engine, turn, asyncio.Event()):
            match event:
                case TextDelta(text):
                    length += len(text)
                    os.write(out, f"piece {turn.id} {time.monotonic()} {length}\n".encode())
                case TurnSaved():
                    os.write(out, f"saved {turn.id} 0 {length}\n".encode())


def _read(reader: int) -> Told:
    told = Told()
    with open(reader, encoding="utf-8") as lines:
        for line in lines:
            kind, turn, moment, length = line.split()
            if kind == "saved":
                told.finished[turn] = int(length)
            else:
                told.pieces.setdefault(turn, []).append((float(moment), int(length)))
    return told


def _loss(folder: Path, told: Told) -> Loss:
    session = SessionStore(folder / "sessions").latest(folder / "project").session
    turns = {} if session is None else {turn.id: turn for turn in session.turns}
    lost = sum(not _is_whole(turns.get(turn), length) for turn, length in told.finished.items())
    running = [_seconds(turns.get(turn), told.pieces[turn]) for turn in told.pieces if turn not in told.finished]
    return Loss(lost, sum(running), len(told.finished))


def _is_whole(turn: Turn | None, length: int) -> bool:
    return turn is not None and turn.state is TurnState.COMPLETE and len(turn.answer) == length


def _seconds(turn: Turn | None, pieces: list[tuple[float, int]]) -> float:
    """Seconds of the stream, up to its last piece, that aren't in the turn."""
    there = 0 if turn is None else len(turn.answer)
    missing = [moment for moment, length in pieces if length > there]
    return pieces[-1][0] - missing[0] if missing else 0.0

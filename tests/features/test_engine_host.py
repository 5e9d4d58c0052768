"""The host of the engine: prepare, start, fail, restart, switch."""

import asyncio
import threading
from collections.abc import Callable

import pytest

from termcoder.engine.base import Engine, EngineState, EngineStatus
from termcoder.engine.scripted import Script, ScriptedEngine
from termcoder.errors import EngineStartError, NoNetworkError
from termcoder.features.engine_host import EngineHost, Report

Prepare = Callable[[str, Report, threading.Event], Engine]


def always(engine: ScriptedEngine) -> Prepare:
    return lambda name, report, cancel: engine


def statuses(host: EngineHost) -> list[EngineStatus]:
    seen: list[EngineStatus] = []
    host.subscribe(seen.append)
    return seen


async def test_ready_waits_for_the_start() -> None:
    engine = ScriptedEngine()
    host = EngineHost(always(engine), "m")
    host.start()
    assert await host.ready() is engine
    assert host.status.state is EngineState.READY


async def test_preparing_is_part_of_the_status() -> None:
    def prepare(name: str, report: Report, cancel: threading.Event) -> Engine:
        report(f"fetching {name}", 0.4)
        return ScriptedEngine()

    host = EngineHost(prepare, "m")
    seen = statuses(host)
    host.start()
    await host.ready()
    assert ("fetching m", 0.4) in [(status.activity, status.fraction) for status in seen]


async def test_a_model_that_cannot_be_fetched_is_told_and_can_be_tried_again() -> None:
    attempts = 0

    def prepare(name: str, report: Report, cancel: threading.Event) -> Engine:
        nonlocal attempts
        attempts += 1
        if attempts == 1:
            raise NoNetworkError("No source answers.", remedy="Connect first.")
        return ScriptedEngine()

    host = EngineHost(prepare, "m")
    host.start()
    with pytest.raises(EngineStartError, match="No source answers"):
        await host.ready()
    await host.restart()
    await host.ready()


async def test_a_death_is_followed_and_a_restart_brings_it_back() -> None:
    engine = ScriptedEngine()
    host = EngineHost(always(engine), "m")
    host.start()
    await host.ready()
    engine.die("Killed.")
    assert host.status.state is EngineState.FAILED
    await host.restart()
    assert await host.ready() is engine


async def test_a_failing_start_is_told() -> None:
    host = EngineHost(always(ScriptedEngine(Script(failing_starts=1))), "m")
    host.start()
    with pytest.raises(EngineStartError):
        await host.ready()


async def test_switching_stops_the_old_engine() -> None:
    engines = {name: ScriptedEngine(name=name) for name in ("a", "b")}
    host = EngineHost(lambda name, report, cancel: engines[name], "a")
    host.start()
    await host.ready()
    await host.switch("b")
    assert await host.ready() is engines["b"]
    assert engines["a"].status.state is EngineState.STOPPED


async def test_stop_while_preparing_cancels_the_preparation() -> None:
    entered, cancelled = threading.Event(), threading.Event()

    def prepare(name: str, report: Report, cancel: threading.Event) -> Engine:
        entered.set()
        if cancel.wait(30):
            cancelled.set()
        return ScriptedEngine()

    host = EngineHost(prepare, "m")
    host.start()
    await asyncio.to_thread(entered.wait, 30)
    await host.stop()
    assert await asyncio.to_thread(cancelled.wait, 30)
    assert host.status.state is EngineState.STOPPED

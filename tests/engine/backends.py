"""The backends the contract is tested with: how to make an engine of each, and what it runs on."""

import asyncio
import contextlib
import ctypes
import functools
import importlib.util
import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from termcoder import paths
from termcoder.engine.base import Engine, EngineStatus
from termcoder.engine.openai import OpenAIEngine
from termcoder.engine.scripted import Script, ScriptedEngine
from termcoder.engine.vllm import VllmEngine
from termcoder.engine.vllm_options import cpu_overrides, cuda_build
from termcoder.settings import EngineSettings

MODEL_NAME = "smollm2-135m"
MODEL_PLACES = (
    Path(os.environ.get("TERMCODER_TEST_CACHE") or paths.cache_dir()) / "models" / MODEL_NAME,
    paths.models_dir() / MODEL_NAME,
)  # found now: the tests themselves run in an empty HOME
MODEL = next((place for place in MODEL_PLACES if (place / "config.json").is_file()), MODEL_PLACES[0])

CONTEXT_TOKENS = 1024
KEY_VARIABLE = "CONTRACT_SERVER_KEY"
SERVER_START_SECONDS = 170
_LIBC = ctypes.CDLL(None)
SETTINGS = EngineSettings(context_tokens=CONTEXT_TOKENS, kv_cache_gib=0.5, max_streams=4)


@dataclass
class Backend:
    """One backend, started.

    `make`: another engine of the same kind, not started. `running`: how many answers its model works on; `produced`:
    how many tokens it has made so far, where that can be known.
    `thinks`: a model answers, so that an easy question gets its answer.
    `statuses`: what the first start went through, with the thread that each was told on.
    """

    make: Callable[[], Engine]
    running: Callable[[], Awaitable[int]]
    produced: Callable[[], Awaitable[int]]
    has_prefix_cache: bool = True
    thinks: bool = True
    statuses: list[tuple[EngineStatus, int]] = field(default_factory=list)
    engine: Engine = field(init=False)

    async def start(self) -> None:
        self.engine = self.make()
        unsubscribe = self.engine.subscribe(lambda status: self.statuses.append((status, threading.get_ident())))
        await self.engine.start()
        unsubscribe()


@contextlib.asynccontextmanager
async def scripted_backend(folder: Path) -> AsyncIterator[Backend]:
    yield Backend(
        lambda: ScriptedEngine(Script(context_tokens=CONTEXT_TOKENS)),
        _nothing,
        _nothing,
        has_prefix_cache=False,
        thinks=False,
    )


@contextlib.asynccontextmanager
async def vllm_backend(folder: Path) -> AsyncIterator[Backend]:
    require_model()

    async def running() -> int:
        return engine.running_requests if isinstance(engine := backend.engine, VllmEngine) else 0

    backend = Backend(lambda: VllmEngine(MODEL, MODEL_NAME, SETTINGS), running, _nothing)
    yield backend


@contextlib.asynccontextmanager
async def openai_backend(folder: Path) -> AsyncIterator[Backend]:
    """An engine of a real vLLM server on loopback, which asks for a key."""
    require_model()
    key, port = secrets.token_hex(8), _free_port()
    async with _server(port, key, folder / "server.log"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(KEY_VARIABLE, key)
            url = f"http://127.0.0.1:{port}"
            make = functools.partial(OpenAIEngine, url, KEY_VARIABLE, "auto", EngineSettings())
            running = functools.partial(asyncio.to_thread, _metric, url, "num_requests_(?:running|waiting)")
            produced = functools.partial(asyncio.to_thread, _metric, url, "generation_tokens_total")
            yield Backend(make, running, produced)


BACKENDS: Mapping[str, Callable[[Path], contextlib.AbstractAsyncContextManager[Backend]]] = {
    "scripted": scripted_backend,
    "openai": openai_backend,
    "vllm": vllm_backend,
}


def require_model() -> None:
    """Fail, saying how to get it, where the small model is missing; skip where nothing could run it."""
    if importlib.util.find_spec("vllm") is None:
        pytest.skip("this environment has no vLLM (it was installed for remote servers only)")
    if not (MODEL / "config.json").is_file():
        pytest.fail(f"{MODEL} is missing: `termcoder models pull {MODEL_NAME}` fetches it.", pytrace=False)


async def _nothing() -> int:
    return 0


@contextlib.asynccontextmanager
async def _server(port: int, key: str, log: Path) -> AsyncIterator[None]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            _server_command(port),
            stdout=output,
            stderr=output,
            env=_server_environment(key),
            start_new_session=True,
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509 - one call into libc
        )
    try:
        await _until_healthy(process, port, log)
        yield
    finally:
        await asyncio.to_thread(_end_group, process)


def _server_command(port: int) -> list[str]:
    # The module, since the CPU wheel's `vllm` command looks for the other wheel's metadata and ends.
    command = [sys.executable, "-W", "ignore", "-m", "vllm.entrypoints.openai.api_server"]
    command += ["--model", str(MODEL), "--served-model-name", MODEL_NAME, "--host", "127.0.0.1", "--port", str(port)]
    command += ["--max-model-len", str(CONTEXT_TOKENS), "--max-num-seqs", "4", "--enforce-eager"]
    command += ["--enable-prompt-tokens-details", "--dtype", "auto" if cuda_build() else "bfloat16"]
    command += ["--structured-outputs-config", '{"backend": "xgrammar", "disable_any_whitespace": true}']
    if cuda_build():
        return [*command, "--gpu-memory-utilization", "0.2"]
    return [*command, "--hf-overrides", json.dumps(cpu_overrides(MODEL)["hf_overrides"])]


def _server_environment(key: str) -> dict[str, str]:
    own = {
        "VLLM_API_KEY": key,
        "VLLM_CPU_OMP_THREADS_BIND": "nobind",
        "VLLM_ENABLE_V1_MULTIPROCESSING": "0",  # on a CPU one process less, which would import everything again
        "VLLM_CPU_KVCACHE_SPACE": "1",
        "VLLM_CACHE_ROOT": str(MODEL.parents[1] / "vllm"),  # what it found out about the model's class last time
        "VLLM_NO_USAGE_STATS": "1",
        "HF_HUB_OFFLINE": "1",
        "TORCHDYNAMO_DISABLE": "1",  # else it compiles a function at the first question for log-probabilities
        "OMP_NUM_THREADS": str(min(os.cpu_count() or 1, 8)),
    }
    return {**os.environ, **own}


async def _until_healthy(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    async with asyncio.timeout(SERVER_START_SECONDS):
        while not await asyncio.to_thread(_get, f"http://127.0.0.1:{port}/health"):
            if process.poll() is not None:
                pytest.fail("the server ended:\n" + log.read_text(errors="replace")[-3000:], pytrace=False)
            await asyncio.sleep(0.2)


def _get(url: str) -> str | None:
    """The body, "ok" where it is empty; None where nobody answers."""
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=10) as answer:
            return str(answer.read().decode() or "ok")
    except (urllib.error.URLError, OSError):
        return None


def _metric(url: str, name: str) -> int:
    metrics = _get(f"{url}/metrics") or ""
    found = re.findall(rf"^vllm:{name}\{{[^}}]*\}} (\S+)$", metrics, re.MULTILINE)
    assert found, f"the server doesn't tell {name}"
    return int(sum(float(number) for number in found))


def _die_with_parent() -> None:
    """Tell Linux to end this process when the tests are killed; its children end with it."""
    _LIBC.prctl(1, signal.SIGKILL)


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """End the server and the processes it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(20)
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])

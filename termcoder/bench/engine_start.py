"""How fast the engine starts, and how smooth the program stays meanwhile.

    python -m termcoder.bench.engine_start [--model DIR] [--rounds 3]

Starts a bare `vllm.LLM` and this program's engine in turn, each in a fresh process, with the same model and the same
memory, and prints medians: seconds from the start of the process until ready, how late the event loop was while the
engine started and while it generated, and how long a cancel took.
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from termcoder import paths
from termcoder.conversation import Message, Role
from termcoder.engine.base import Request, Sampling
from termcoder.settings import EngineSettings

DEFAULT_MODEL = "qwen2.5-coder-0.5b"
CONTEXT_TOKENS = 4096
TICK_SECONDS = 0.005
SLOW_MS, STALL_MS = 50, 250
CANCELS = 5
QUESTION = "Write a Python class for a bank account with deposit, withdraw and a history. Explain each method."


@dataclass(frozen=True, slots=True)
class Lateness:
    """How late the event loop woke, in milliseconds."""

    median: float
    p99: float
    worst: float
    over_50: int
    over_250: int
    samples: int

    @classmethod
    def of(cls, late: Sequence[float]) -> "Lateness":
        """Sum up single measurements, in milliseconds."""
        ordered = sorted(late) or [0.0]
        return cls(
            statistics.median(ordered),
            ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)],
            ordered[-1],
            sum(value > SLOW_MS for value in ordered),
            sum(value > STALL_MS for value in ordered),
            len(ordered),
        )


class Probe:
    """Measures, while it runs as a task, how late the event loop wakes it."""

    def __init__(self) -> None:
        self._late: list[float] = []

    async def run(self) -> None:
        """Wake every few milliseconds until cancelled."""
        while True:
            due = time.perf_counter() + TICK_SECONDS
            await asyncio.sleep(TICK_SECONDS)
            self._late.append(max(0.0, time.perf_counter() - due) * 1000)

    def take(self) -> Lateness:
        """What was measured since the last call."""
        late, self._late = self._late, []
        return Lateness.of(late)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark, or one of its child processes."""
    parser = argparse.ArgumentParser(prog="python -m termcoder.bench.engine_start", description=__doc__)
    parser.add_argument("--model", type=Path, default=paths.models_dir() / DEFAULT_MODEL, help="a prepared model")
    parser.add_argument("--rounds", type=int, default=3, help="starts of each kind (default 3)")
    parser.add_argument("--child", choices=CHILDREN, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.child:
        print(json.dumps(CHILDREN[options.child](options.model, float(os.environ["BENCH_BEGAN"]))))
        os.close(1)
        os._exit(0)  # vLLM's own processes are ended by their owners; a slow exit is not measured
    if not (options.model / "config.json").exists():
        parser.error(f"{options.model} holds no model; name one with --model")
    _show(options.model, [{kind: _in_child(kind, options.model) for kind in CHILDREN} for _ in range(options.rounds)])
    return 0


def _in_child(kind: str, model: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", __spec__.name if __spec__ else __name__, "--child", kind, "--model", str(model)]
    with tempfile.TemporaryFile() as noise:
        env = {**os.environ, "BENCH_BEGAN": str(time.monotonic())}
        done = subprocess.run(command, env=env, stdout=subprocess.PIPE, stderr=noise, check=False)
        lines = [line for line in done.stdout.decode().splitlines() if line.startswith("{")]
        if not lines:
            noise.seek(0)
            raise SystemExit(f"{kind} failed:\n{noise.read().decode(errors='replace')[-3000:]}")
    return dict(json.loads(lines[-1]))


def _bare(model: Path, began: float) -> dict[str, Any]:
    """`vllm.LLM` as a script would start it, with the same model, memory and threads."""
    from termcoder.engine.sizing import plan, read_machine, read_shape
    from termcoder.engine.vllm_options import cuda_build, engine_arguments

    on_gpu = cuda_build()
    settings = EngineSettings(context_tokens=CONTEXT_TOKENS)
    sized = plan(read_machine(use_gpu=on_gpu), read_shape(model), settings)
    os.environ |= {"HF_HUB_OFFLINE": "1", "VLLM_NO_USAGE_STATS": "1", "OMP_NUM_THREADS": str(sized.threads)}
    os.environ["VLLM_CPU_OMP_THREADS_BIND"] = "nobind"
    from vllm import LLM

    wanted = engine_arguments(model, model.name, sized, settings)
    LLM(**{name: value for name, value in wanted.items() if name not in ("scheduling_policy", "disable_log_stats")})
    return {"ready": time.monotonic() - began}


def _bare_single(model: Path, began: float) -> dict[str, Any]:
    """The same, with the model in the very process: what costs a server or a screen its smoothness."""
    os.environ["VLLM_ENABLE_V1_MULTIPROCESSING"] = "0"
    return _bare(model, began)


def _ours(model: Path, began: float) -> dict[str, Any]:
    return asyncio.run(_measured(model, began))


async def _measured(model: Path, began: float) -> dict[str, Any]:
    from termcoder.engine.vllm import VllmEngine

    engine = VllmEngine(model, model.name, EngineSettings(context_tokens=CONTEXT_TOKENS))
    probe = Probe()
    ticking = asyncio.create_task(probe.run())
    try:
        await engine.start()
        ready = time.monotonic() - began
        start = probe.take()
        request = Request((Message(Role.USER, QUESTION),), Sampling(temperature=0.0, max_tokens=100))
        usage = [chunk async for chunk in engine.stream(request)][-1].usage
        generation = probe.take()
        cancels = [await _cancel_ms(engine, request) for _ in range(CANCELS)]
    finally:
        ticking.cancel()
        await engine.stop()
    return {
        "ready": ready,
        "start": asdict(start),
        "generation": asdict(generation),
        "tokens_per_second": usage.tokens_per_second if usage else 0.0,
        "cancel_ms": max(cancels),
    }


async def _cancel_ms(engine: Any, request: Request) -> float:
    """Milliseconds from closing an answer until the engine has no request any more."""
    answer = engine.stream(request)
    await anext(answer)
    closed = time.perf_counter()
    await answer.aclose()
    while engine.running_requests:
        await asyncio.sleep(0)
    return (time.perf_counter() - closed) * 1000


CHILDREN = {"bare": _bare, "bare-single": _bare_single, "termcoder": _ours}


def _show(model: Path, rounds: Sequence[dict[str, dict[str, Any]]]) -> None:
    ready = {kind: statistics.median(one[kind]["ready"] for one in rounds) for kind in CHILDREN}
    print(f"{model.name}, {len(rounds)} starts each, {os.cpu_count()} cores, seconds until ready (median):")
    print(f"  vllm.LLM                 {ready['bare']:6.1f}")
    print(f"  vllm.LLM, one process    {ready['bare-single']:6.1f}")
    print(
        f"  termcoder's engine       {ready['termcoder']:6.1f}   {ready['termcoder'] / ready['bare']:.2f} x the first"
    )
    for name, key in (("while it starts", "start"), ("while it generates", "generation")):
        lates = [one["termcoder"][key] for one in rounds]
        print(f"event loop {name}, ms late (median of {len(rounds)} runs; worst of all):")
        print(
            f"  median {statistics.median(x['median'] for x in lates):.1f}, "
            f"99 % {statistics.median(x['p99'] for x in lates):.1f}, worst {max(x['worst'] for x in lates):.0f}; "
            f"over {SLOW_MS} ms {sum(x['over_50'] for x in lates)}, "
            f"over {STALL_MS} ms {sum(x['over_250'] for x in lates)} of {sum(x['samples'] for x in lates)}"
        )
    print(f"cancel, worst: {max(one['termcoder']['cancel_ms'] for one in rounds):.1f} ms")
    print(f"speed: {statistics.median(one['termcoder']['tokens_per_second'] for one in rounds):.1f} tokens/s")


if __name__ == "__main__":
    raise SystemExit(main())

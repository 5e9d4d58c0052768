"""How much of the machine a model gets: context, attention cache, threads, GPU share.

`plan()` is pure: it takes what the machine has (`Machine`), what the model is (`ModelShape`) and what the user
set, and says what the engine is started with. `read_machine()` and `read_shape()` are the thin readers.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from termcoder.errors import EngineStartError
from termcoder.settings import EngineSettings

GIB = 1 << 30
BLOCK_TOKENS = 32
"""Tokens of one page of the attention cache, the fewest that its CPU kernels take: only whole pages are shared by
prompts that begin alike, so small ones save reading (40 % of it for 20 questions about one file). The context is a
whole number of pages where it is chosen here."""

MIN_CONTEXT_TOKENS = 2048
CPU_CONTEXT_TOKENS = 32_768
"""Longest context chosen by itself on a CPU: reading that much already takes minutes there."""

CPU_ENGINE_BYTES = int(1.4 * GIB)
"""What the engine takes beside weights and cache: code of both processes and intermediate results."""

CPU_WEIGHT_FACTOR = 2.5
"""Peak memory of the weights in sizes of their files: the file itself, and what the kernels make of it."""

GPU_MARGIN_BYTES = GIB
"""Left free on a GPU: the driver's own context (some 0.5 GiB) and room for a desktop to grow."""

GPU_ENGINE_BYTES = int(1.2 * GIB)
GPU_CACHED_CONTEXTS = 4
"""Whole contexts that the cache has room for: prompts that share their beginning need less, and what is beyond
is left to other programs."""
CPU_STREAMS, GPU_STREAMS = 4, 16
SMALL_CPU_CORES = 4


@dataclass(frozen=True, slots=True)
class Machine:
    """What can be used now, in bytes. `cores`: logical cores this process may use, `physical` of the whole machine.

    `gpu_total` is 0 where no GPU will be used.
    """

    memory_total: int
    memory_free: int
    cores: int
    physical: int
    gpu_total: int = 0
    gpu_free: int = 0


@dataclass(frozen=True, slots=True)
class ModelShape:
    """What the memory need of a model depends on. `max_context_tokens`: what it was trained for."""

    weight_bytes: int
    cache_bytes_per_token: int
    max_context_tokens: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What the engine is started with. `cache_bytes` is for CPUs, `gpu_share` for GPUs; the other is 0."""

    context_tokens: int
    cache_bytes: int
    threads: int
    gpu_share: float
    max_streams: int

    @property
    def on_gpu(self) -> bool:
        """Whether the model runs on a GPU."""
        return self.gpu_share > 0


def plan(machine: Machine, shape: ModelShape, settings: EngineSettings) -> Plan:
    """Share out the machine; what the user set wins. Raises EngineStartError where the model can't fit."""
    return _gpu_plan(machine, shape, settings) if machine.gpu_total else _cpu_plan(machine, shape, settings)


def _cpu_plan(machine: Machine, shape: ModelShape, settings: EngineSettings) -> Plan:
    reserve = min(GIB // 2, machine.memory_total // 20)
    needed = CPU_ENGINE_BYTES + int(CPU_WEIGHT_FACTOR * shape.weight_bytes)
    room = machine.memory_free - reserve - needed
    context = _context(shape, settings, room, CPU_CONTEXT_TOKENS, needed, machine.memory_free - reserve)
    if settings.kv_cache_gib > 0:
        cache = int(settings.kv_cache_gib * GIB)
        _check(cache + needed, machine.memory_free - reserve)
    else:
        cache = min(room, shape.cache_bytes_per_token * (context * 3 // 2 + 2 * BLOCK_TOKENS))
    threads = settings.threads or _threads(machine)
    return Plan(context, cache, threads, 0.0, settings.max_streams or CPU_STREAMS)


def _gpu_plan(machine: Machine, shape: ModelShape, settings: EngineSettings) -> Plan:
    budget = max(0, machine.gpu_free - GPU_MARGIN_BYTES)
    if settings.gpu_share > 0:
        budget = int(settings.gpu_share * machine.gpu_total)
    needed = GPU_ENGINE_BYTES + shape.weight_bytes
    context = _context(shape, settings, budget - needed, shape.max_context_tokens, needed, budget)
    wanted = needed + GPU_CACHED_CONTEXTS * context * shape.cache_bytes_per_token
    share = settings.gpu_share or min(budget, wanted) / machine.gpu_total
    return Plan(context, 0, settings.threads or _threads(machine), share, settings.max_streams or GPU_STREAMS)


def _context(shape: ModelShape, settings: EngineSettings, room: int, longest: int, needed: int, free: int) -> int:
    """The context that fits into `room` bytes of cache; `needed` and `free` are for the message where none does."""
    per_token = shape.cache_bytes_per_token
    if wanted := settings.context_tokens:
        if wanted > shape.max_context_tokens:
            raise EngineStartError(
                f"A context of {wanted} tokens was asked for, and the model reads {shape.max_context_tokens} at most.",
                remedy="Set engine.context_tokens lower.",
            )
        _check(needed + per_token * (wanted + BLOCK_TOKENS), free)
        return wanted
    least = min(MIN_CONTEXT_TOKENS, shape.max_context_tokens)
    _check(needed + per_token * (least + BLOCK_TOKENS), free)
    fitting = (room // per_token - BLOCK_TOKENS) // BLOCK_TOKENS * BLOCK_TOKENS
    return min(max(least, fitting), shape.max_context_tokens, longest)


def _check(needed: int, free: int) -> None:
    if needed > free:
        raise EngineStartError(
            f"The model needs {needed / GIB:.1f} GB of memory to run here and {max(0, free) / GIB:.1f} GB can be used.",
            remedy="Close other programs, choose a smaller model, or set engine.context_tokens lower.",
        )


def _threads(machine: Machine) -> int:
    """All cores of a small machine; one thread a physical core of a larger one."""
    if machine.cores <= SMALL_CPU_CORES:
        return max(1, machine.cores)
    return max(SMALL_CPU_CORES, min(machine.cores, machine.physical))


def read_shape(model_dir: Path) -> ModelShape:
    """Read `config.json` and the sizes of the weight files. Raises EngineStartError where they make no sense."""
    config = read_config(model_dir)
    weights = sum(file.stat().st_size for file in model_dir.glob("*.safetensors"))
    text = config.get("text_config", config)
    try:
        heads = int(text["num_attention_heads"])
        kv_heads = int(text.get("num_key_value_heads") or heads)
        head_size = int(text.get("head_dim") or int(text["hidden_size"]) // heads)
        per_token = 2 * int(text["num_hidden_layers"]) * kv_heads * head_size * 2  # keys and values, 16 bits each
        longest = int(text.get("max_position_embeddings") or 4096)
    except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
        raise EngineStartError(f"{model_dir / 'config.json'} doesn't describe a language model: {error!r}.") from error
    if weights == 0 or per_token <= 0 or longest <= 0:
        raise EngineStartError(f"{model_dir} holds no model that can be run: there are no weights.")
    return ModelShape(weights, per_token, longest)


def read_config(model_dir: Path) -> Mapping[str, Any]:
    """The model's `config.json`. Raises EngineStartError."""
    try:
        config = json.loads((model_dir / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        remedy = "Fetch the model again, or choose another one."
        raise EngineStartError(f"{model_dir} holds no model: its config.json can't be read.", remedy=remedy) from error
    if not isinstance(config, dict):
        raise EngineStartError(f"{model_dir} holds no model: its config.json is no table.")
    return config


def read_machine(*, use_gpu: bool) -> Machine:
    """What this machine has free now, limits of its container included."""
    import psutil  # type: ignore[import-untyped,unused-ignore] # here: the first paint must not wait for it

    memory = psutil.virtual_memory()
    limits = [(memory.total, memory.available), *_cgroup_memory(), *_node_memory()]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    gpu_total, gpu_free = _gpu_memory() if use_gpu else (0, 0)
    return Machine(
        memory_total=min(total for total, _ in limits),
        memory_free=min(free for _, free in limits),
        cores=min(cores, _cgroup_cores() or cores),
        physical=psutil.cpu_count(logical=False) or cores,
        gpu_total=gpu_total,
        gpu_free=gpu_free,
    )


def _cgroup_memory() -> list[tuple[int, int]]:
    """(limit, free) of every level of this process's control group that has a limit."""
    found = []
    for base, limit_name, used_name in _cgroup_levels():
        limit, used = _read_int(base / limit_name), _read_int(base / used_name)
        if limit is not None and used is not None and limit < (1 << 60):
            cached = _stat_value(base / "memory.stat", "inactive_file") or 0
            found.append((limit, max(0, limit - used + cached)))
    return found


def _cgroup_levels() -> list[tuple[Path, str, str]]:
    levels = []
    for number, controllers, group in _cgroups():
        if number == "0":
            root, names = Path("/sys/fs/cgroup"), ("memory.max", "memory.current")
        elif "memory" in controllers:
            root, names = Path("/sys/fs/cgroup/memory"), ("memory.limit_in_bytes", "memory.usage_in_bytes")
        else:
            continue
        folder = root / group
        levels += [(level, *names) for level in (folder, *folder.parents) if level.is_relative_to(root)]
    return levels


def _cgroups() -> list[tuple[str, list[str], str]]:
    """(hierarchy, controllers, path below its root) of each control group this process is in."""
    try:
        lines = Path("/proc/self/cgroup").read_text(encoding="ascii").splitlines()
    except OSError:
        return []
    parts = [line.split(":", 2) for line in lines if line.count(":") >= 2]
    return [(number, controllers.split(","), path.lstrip("/")) for number, controllers, path in parts]


def _cgroup_cores() -> int | None:
    """Whole cores that the control group's quota allows; None where there is no quota."""
    for number, _, group in _cgroups():
        if number == "0":
            words = _read_text(Path("/sys/fs/cgroup") / group / "cpu.max").split()
            if len(words) == len(("quota", "period")) and words[0].isdigit():
                return max(1, int(words[0]) // int(words[1]))
    return None


def _node_memory() -> list[tuple[int, int]]:
    """(total, free) of the memory node of the first core: the engine binds its memory to it."""
    if not hasattr(os, "sched_getaffinity"):
        return []
    first = min(os.sched_getaffinity(0))
    nodes = list(Path(f"/sys/devices/system/cpu/cpu{first}").glob("node[0-9]*"))
    if not nodes:
        return []
    kilobytes = {}
    for line in _read_text(nodes[0] / "meminfo").splitlines():
        words = line.replace(":", " ").split()  # Node 0 MemTotal: 123 kB
        kilobytes[words[2]] = int(words[3])
    if "MemTotal" not in kilobytes:
        return []
    parts = ("MemFree", "Active(file)", "Inactive(file)", "SReclaimable")
    return [(kilobytes["MemTotal"] * 1024, sum(kilobytes.get(part, 0) for part in parts) * 1024)]


def _gpu_memory() -> tuple[int, int]:
    """(total, free) bytes of the GPU the engine will use. Raises EngineStartError where there is none."""
    try:
        import pynvml  # type: ignore[import-not-found,unused-ignore] # comes with the CUDA build of vLLM

        pynvml.nvmlInit()
        visible = os.environ.get("CUDA_VISIBLE_DEVICES", "0").split(",")[0]
        handle = (
            pynvml.nvmlDeviceGetHandleByIndex(int(visible))
            if visible.isdigit()
            else pynvml.nvmlDeviceGetHandleByUUID(visible)
        )
        memory = pynvml.nvmlDeviceGetMemoryInfo(handle)
        return int(memory.total), int(memory.free)
    except Exception as error:  # the library's errors have no common base
        raise EngineStartError(
            f"The NVIDIA GPU can't be used: {error}.", remedy="Check it with `nvidia-smi`."
        ) from error


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        return ""


def _read_int(path: Path) -> int | None:
    text = _read_text(path).strip()
    return int(text) if text.isdigit() else None


def _stat_value(path: Path, name: str) -> int | None:
    for line in _read_text(path).splitlines():
        if line.startswith(f"{name} "):
            return int(line.split()[1])
    return None

"""Whether a model fits into memory: told before it is loaded, by the rules the engine itself goes by."""

from dataclasses import dataclass
from pathlib import Path

from termcoder.engine import sizing
from termcoder.engine.sizing import Machine
from termcoder.engine.vllm_options import cuda_build
from termcoder.errors import EngineStartError, ModelTooBigError
from termcoder.models.disk import size_of
from termcoder.models.progress import size_text

LEAST_CONTEXT = sizing.MIN_CONTEXT_TOKENS
MAX_CACHE_PER_TOKEN = 1 << 40  # bytes; far more than any model takes
USEFUL_CONTEXT = 4096  # tokens: a question with a file, and its answer


@dataclass(frozen=True, slots=True)
class Needs:
    """What a model's memory hangs on, in bytes; 0: not known."""

    weights: int
    cache_per_token: int

    def on(self, machine: Machine, context: int = USEFUL_CONTEXT) -> int:
        """Bytes it takes on this machine, with a cache for `context` tokens; 0 where nothing is known."""
        if not self.weights:
            return 0
        cache = self.cache_per_token * (context + sizing.BLOCK_TOKENS)
        if machine.gpu_total:
            return sizing.GPU_ENGINE_BYTES + self.weights + cache
        return sizing.CPU_ENGINE_BYTES + int(sizing.CPU_WEIGHT_FACTOR * self.weights) + cache


def usable(machine: Machine) -> int:
    """Bytes a model may take now, where it would run: what is free, less what the engine leaves to others."""
    if machine.gpu_total:
        return max(0, machine.gpu_free - sizing.GPU_MARGIN_BYTES)
    return max(0, machine.memory_free - min(sizing.GIB // 2, machine.memory_total // 20))


def fits(needs: Needs, machine: Machine, context: int = USEFUL_CONTEXT) -> bool:
    """Whether the memory free now is enough."""
    return needs.on(machine, context) <= usable(machine)


def sentence(needs: Needs, machine: Machine, context: int = USEFUL_CONTEXT) -> str:
    """For people: "needs 1.9 GB, 1.2 GB free", with "on the GPU" where that is meant."""
    where = " on the GPU" if machine.gpu_total else ""
    return f"needs {size_text(needs.on(machine, context))}, {size_text(usable(machine))} free{where}"


def check(name: str, needs: Needs, machine: Machine) -> None:
    """Raise ModelTooBigError where the model can't be started with the memory that is free now."""
    if not fits(needs, machine, LEAST_CONTEXT):
        raise ModelTooBigError(
            f"{name} {sentence(needs, machine, LEAST_CONTEXT)}.",
            remedy="Close other programs, or choose a smaller model.",
        )


def folder_needs(folder: Path) -> Needs:
    """What the model in a folder takes, from its files and configuration; zeros for what they don't say.

    Never raises: it is asked about folders that nobody checked.
    """
    try:
        shape = sizing.read_shape(folder)
    except (EngineStartError, OSError, ArithmeticError, AttributeError, RecursionError):
        return Needs(sum(size_of(file) for file in folder.glob("*.safetensors")), 0)
    return Needs(shape.weight_bytes, min(shape.cache_bytes_per_token, MAX_CACHE_PER_TOKEN))


def read_machine() -> Machine:
    """This machine as it is now, with its GPU where the vLLM that is installed would use it."""
    try:
        return sizing.read_machine(use_gpu=cuda_build())
    except EngineStartError:  # no vLLM, or no GPU it can use: the engine says so when it starts
        return sizing.read_machine(use_gpu=False)

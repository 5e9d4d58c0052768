"""What vLLM is told, and that nothing of it leaves this machine."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from termcoder.engine.sizing import Plan
from termcoder.engine.vllm_options import core_environment, cpu_overrides, engine_arguments, environment
from termcoder.errors import EngineStartError
from termcoder.settings import EngineSettings

REPOSITORY = Path(__file__).parents[2]
ON_CPU = Plan(context_tokens=4096, cache_bytes=1 << 28, threads=2, gpu_share=0.0, max_streams=4)
ON_GPU = Plan(context_tokens=4096, cache_bytes=0, threads=2, gpu_share=0.8, max_streams=16)
GPTQ = {"quant_method": "gptq", "bits": 4, "group_size": 32, "sym": True, "desc_act": False}


def model(folder: Path, **quantization: object) -> Path:
    config = {"quantization_config": {**GPTQ, **quantization}}
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def test_a_gptq_model_on_a_cpu_goes_through_its_kernels(tmp_path: Path) -> None:
    arguments = engine_arguments(model(tmp_path), "m", ON_CPU, EngineSettings())
    quantization = arguments["hf_overrides"]["quantization_config"]
    assert quantization["quant_method"] == "auto-round"
    assert (quantization["bits"], quantization["group_size"], quantization["sym"]) == (4, 32, True)
    assert arguments["kv_cache_memory_bytes"] == ON_CPU.cache_bytes
    assert arguments["enforce_eager"]


@pytest.mark.parametrize("plan", [ON_CPU, ON_GPU])
def test_the_urgent_go_first_and_what_prompts_share_is_read_once(tmp_path: Path, plan: Plan) -> None:
    arguments = engine_arguments(model(tmp_path), "m", plan, EngineSettings())
    assert arguments["scheduling_policy"] == "priority"
    assert arguments["enable_prefix_caching"]


def test_on_a_gpu_the_checkpoint_is_left_alone(tmp_path: Path) -> None:
    arguments = engine_arguments(model(tmp_path), "m", ON_GPU, EngineSettings())
    assert "hf_overrides" not in arguments
    assert arguments["gpu_memory_utilization"] == 0.8


def test_rules_for_single_layers_hold_on_a_cpu_too(tmp_path: Path) -> None:
    rules = {r"+:.*\.self_attn\..*": {"bits": 8}, r"-:.*\.mlp\.down_proj": {}}
    found = cpu_overrides(model(tmp_path, dynamic=rules))["hf_overrides"]["quantization_config"]["extra_config"]
    assert found == {r"^(?:.*\.self_attn\..*)": {"bits": 8}, r"^(?:.*\.mlp\.down_proj)": {"bits": 16}}


@pytest.mark.parametrize("wrong", [{"bits": 8}, {"sym": False}, {"desc_act": True}, {"dynamic": {"+:.*": {"bits": 3}}}])
def test_a_checkpoint_the_cpu_can_not_run_is_refused(tmp_path: Path, wrong: dict[str, object]) -> None:
    with pytest.raises(EngineStartError, match="symmetric 4-bit"):
        cpu_overrides(model(tmp_path, **wrong))


def test_other_checkpoints_are_left_alone(tmp_path: Path) -> None:
    assert cpu_overrides(model(tmp_path, quant_method="awq")) == {}
    (tmp_path / "config.json").write_text("{}")
    assert cpu_overrides(tmp_path) == {}


@pytest.mark.parametrize("plan", [ON_CPU, ON_GPU])
def test_what_the_user_adds_is_passed_and_wins(tmp_path: Path, plan: Plan) -> None:
    speculation = {"method": "ngram", "num_speculative_tokens": 6, "prompt_lookup_max": 4}
    extra = {"speculative_config": speculation, "max_num_seqs": 1}
    arguments = engine_arguments(model(tmp_path), "m", plan, EngineSettings(extra=extra))
    assert arguments["speculative_config"] == speculation
    assert arguments["max_num_seqs"] == 1


@pytest.mark.parametrize("on_gpu", [True, False])
def test_nothing_is_sent_anywhere(tmp_path: Path, on_gpu: bool) -> None:
    told = environment(tmp_path, on_gpu=on_gpu)
    assert {told[name] for name in ("HF_HUB_OFFLINE", "VLLM_NO_USAGE_STATS", "DO_NOT_TRACK")} == {"1"}
    assert told["GLOO_SOCKET_IFNAME"] == "lo"
    assert told["VLLM_RPC_BASE_PATH"] == str(tmp_path)


def test_the_core_gets_its_threads_on_a_cpu_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert core_environment(tmp_path, ON_CPU)["OMP_NUM_THREADS"] == "2"
    assert "OMP_NUM_THREADS" not in core_environment(tmp_path, ON_GPU)


def test_importing_the_engine_imports_nothing_heavy() -> None:
    heavy = ("torch", "vllm", "transformers", "numpy", "psutil", "textual")
    check = f"import sys, termcoder.engine.vllm; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True, cwd=REPOSITORY)
    assert done.stdout.strip() == "[]"

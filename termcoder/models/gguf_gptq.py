"""GGUF -> GPTQ-INT4: the folder an engine loads, written layer by layer.

The large linear layers become int4 (symmetric, groups of 32, AutoGPTQ's layout); attention, embeddings, norms and
biases stay bfloat16. An output head equal to the embedding is stored once, taken from the more precise of the two.
"""

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from termcoder.errors import DamagedModelError, NotAModelError
from termcoder.models import calibrate, gptq
from termcoder.models.calibrate import Attention, Calibration, samples
from termcoder.models.gguf_file import GgufFile
from termcoder.models.gguf_tokenizer import build_tokenizer, generation_config, write_tokenizer
from termcoder.models.progress import Listener, Meter
from termcoder.models.safetensors_file import SafetensorsWriter

ARCHITECTURES = {"qwen2": "Qwen2ForCausalLM", "llama": "LlamaForCausalLM"}
LINEARS = {
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
NORMS = {"attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm"}

# What numpy and torch raise for shapes, numbers or lists that don't fit each other.
BROKEN = (ValueError, TypeError, LookupError, ArithmeticError, RuntimeError)
HEADER_ROOM = 160 * 4  # bytes of a safetensors header that one tensor of GGUF may become
SAMPLED_ROWS = 512

Tensors = dict[str, tuple[NDArray[Any], str]]  # a name, its values and the type where numpy has none


@dataclass(frozen=True, slots=True)
class Shape:
    """The numbers of a model that its tensors' layout hangs on."""

    architecture: str
    layers: int
    hidden: int
    feed_forward: int
    heads: int
    kv_heads: int
    head_size: int
    vocabulary: int
    tied: bool


def read_shape(file: GgufFile) -> Shape:
    """The model's shape. Raises NotAModelError for an architecture this program can't convert."""
    meta = file.metadata
    architecture = meta.get("general.architecture")
    if architecture not in ARCHITECTURES:
        raise NotAModelError(
            f"{file.path.name} holds a model of kind {architecture!r}, which can't be converted.",
            remedy=f"Kinds that can: {', '.join(ARCHITECTURES)}.",
        )
    heads, hidden = _number(meta, "attention.head_count"), _number(meta, "embedding_length")
    embedding = file.tensors["token_embd.weight"]
    return Shape(
        architecture=architecture,
        layers=_number(meta, "block_count"),
        hidden=hidden,
        feed_forward=_number(meta, "feed_forward_length"),
        heads=heads,
        kv_heads=_number(meta, "attention.head_count_kv", heads),
        head_size=_number(meta, "attention.key_length", hidden // max(heads, 1)),
        vocabulary=embedding.shape[0],
        tied=_is_tied(file),
    )


def _number(meta: Mapping[str, Any], key: str, default: int | None = None) -> int:
    value = meta.get(f"{meta['general.architecture']}.{key}", default)
    if not isinstance(value, int) or not 0 < value < 10_000_000:
        raise DamagedModelError(f"The GGUF file gives {value!r} as {key}.", remedy="Fetch the model again.")
    return value


def _is_tied(file: GgufFile) -> bool:
    """Whether the output head is the embedding: missing, or equal but for its quantisation (seen in some rows)."""
    if "output.weight" not in file.tensors:
        return True
    rows = file.tensors["output.weight"].shape[0]
    step = max(1, rows // SAMPLED_ROWS)
    if file.tensors["token_embd.weight"].shape != file.tensors["output.weight"].shape:
        return False
    head, embedding = (file.read(name, step) for name in ("output.weight", "token_embd.weight"))
    return bool(np.linalg.norm(head - embedding) < 0.1 * np.linalg.norm(head))


def config_json(file: GgufFile, shape: Shape) -> dict[str, Any]:
    """The model's config.json."""
    meta = file.metadata
    name = shape.architecture
    return {
        "architectures": [ARCHITECTURES[name]],
        "model_type": name,
        "dtype": "bfloat16",
        "torch_dtype": "bfloat16",
        "hidden_act": "silu",
        "hidden_size": shape.hidden,
        "intermediate_size": shape.feed_forward,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.kv_heads,
        "head_dim": shape.head_size,
        "vocab_size": shape.vocabulary,
        "max_position_embeddings": _number(meta, "context_length"),
        "rms_norm_eps": float(f"{meta[f'{name}.attention.layer_norm_rms_epsilon']:.6g}"),
        "rope_theta": _rope_base(meta),
        "tie_word_embeddings": shape.tied,
        "use_cache": True,
        "transformers_version": "4.57.0",  # the layout of this file; 5 and later read it too
        **generation_config(meta),
        "quantization_config": quantize_config(),
    }


def _rope_base(meta: Mapping[str, Any]) -> float:
    return float(meta.get(f"{meta['general.architecture']}.rope.freq_base", 10000.0))


def quantize_config() -> dict[str, Any]:
    """What AutoGPTQ writes about how a checkpoint was quantised; no damping, of which it takes less than 1."""
    return {
        "quant_method": "gptq",
        "bits": gptq.BITS,
        "group_size": gptq.GROUP_SIZE,
        "sym": True,
        "desc_act": False,
        "static_groups": False,
        "true_sequential": True,
        "lm_head": False,
        "checkpoint_format": "gptq",
        "dynamic": {r"-:.*\.self_attn\..*": {}},  # not quantised
    }


def write_model(path: Path, folder: Path, listener: Listener, cancel: threading.Event) -> None:
    """Write the model of the GGUF file `path` into `folder`, which must not exist yet.

    Raises NotAModelError, DamagedModelError, CancelledError, OSError; what is in `folder` is then no model.
    """
    folder.mkdir(parents=True)
    try:
        with GgufFile(path) as file:
            shape = read_shape(file)
            meter = Meter("converting", shape.layers + 1, listener, cancel, is_bytes=False)
            _write_configs(file, shape, folder)
            _write_weights(file, shape, folder / "model.safetensors", meter)
    except BROKEN as error:
        raise DamagedModelError(f"{path.name} is damaged: {error}.", remedy="Fetch the model again.") from error


def _write_configs(file: GgufFile, shape: Shape, folder: Path) -> None:
    write_tokenizer(file.metadata, folder)
    for name, content in {"config": config_json(file, shape), "quantize_config": quantize_config()}.items():
        (folder / f"{name}.json").write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _write_weights(file: GgufFile, shape: Shape, path: Path, meter: Meter) -> None:
    calibration = _calibration(file, shape)
    with SafetensorsWriter(path, HEADER_ROOM * len(file.tensors)) as out:
        for name, source in outer_tensors(file, shape).items():
            out.add(name, file.read_bfloat16(source), "bfloat16")
        meter.add(1)
        for index in range(shape.layers):
            for name, (values, kind) in _layer(file, shape, index, calibration).items():
                out.add(name, values, kind)
            meter.add(1)


def _calibration(file: GgufFile, shape: Shape) -> Calibration | None:
    """Samples of source, as the embedding gives them to the first layer; None where there are none."""
    tokenizer = build_tokenizer(file.metadata)
    encoded = [tokenizer.encode(text).ids[: calibrate.SAMPLE_TOKENS] for text in samples()]
    tokens = min((len(sample) for sample in encoded), default=0)
    if not tokens:
        return None
    ids = np.array([sample[:tokens] for sample in encoded])
    states = file.read_rows(outer_tensors(file, shape)["model.embed_tokens.weight"], ids.ravel())
    meta, name = file.metadata, shape.architecture
    attention = Attention(
        shape.heads, shape.kv_heads, shape.head_size, _rope_base(meta), meta[f"{name}.attention.layer_norm_rms_epsilon"]
    )
    return Calibration(states.reshape(*ids.shape, shape.hidden), attention)


def outer_tensors(file: GgufFile, shape: Shape) -> dict[str, str]:
    """Where the tensors outside the layers come from. Of a tied pair the head is taken: it is kept more precisely."""
    head = "output.weight"
    names = {"model.embed_tokens.weight": head if shape.tied and head in file.tensors else "token_embd.weight"}
    if not shape.tied:
        names["lm_head.weight"] = head
    return names | {"model.norm.weight": "output_norm.weight"}


def _layer(file: GgufFile, shape: Shape, index: int, calibration: Calibration | None) -> Tensors:
    weights = layer_weights(file, shape, index)
    tensors: Tensors = {}
    target = f"model.layers.{index}"
    for source, name in NORMS.items():
        tensors[f"{target}.{name}.weight"] = (gptq.to_bfloat16(weights[source]), "bfloat16")
    found = calibration.quantise_layer(weights) if calibration else _quantise_plainly(weights)
    for source, linear in LINEARS.items():
        layer = f"{target}.{linear}"
        if f"{source}.bias" in weights:
            tensors[f"{layer}.bias"] = (gptq.to_bfloat16(weights[f"{source}.bias"]), "bfloat16")
        if source in found:
            tensors |= {f"{layer}.{kind}": (values, "") for kind, values in gptq.pack(found[source]).items()}
        else:
            values = np.ascontiguousarray(weights[source].T)
            tensors[f"{layer}.weight"] = (gptq.to_bfloat16(values), "bfloat16")
    return tensors


def _quantise_plainly(weights: calibrate.Weights) -> dict[str, gptq.Quantised]:
    """For a machine without texts to calibrate with: more is lost."""
    return {name: gptq.quantise(weights[name]) for name in calibrate.LINEARS}


def layer_weights(file: GgufFile, shape: Shape, index: int) -> dict[str, NDArray[np.float32]]:
    """A layer's tensors under GGUF's short names, matrices as `[inputs, outputs]`."""
    prefix = f"blk.{index}"
    weights = {name: file.read(f"{prefix}.{name}.weight") for name in NORMS}
    for name in LINEARS:
        matrix = unpermuted(file.read(f"{prefix}.{name}.weight"), name, shape)
        weights[name] = np.ascontiguousarray(matrix.T)
        if f"{prefix}.{name}.bias" in file.tensors:
            weights[f"{name}.bias"] = unpermuted(file.read(f"{prefix}.{name}.bias"), name, shape)
    return weights


def unpermuted(values: NDArray[np.float32], source: str, shape: Shape) -> NDArray[np.float32]:
    """Rows in the order transformers has them: GGUF interleaves the two rotary halves of llama's queries and keys."""
    heads = {"attn_q": shape.heads, "attn_k": shape.kv_heads}.get(source)
    if shape.architecture != "llama" or heads is None:
        return values
    pairs = values.reshape(heads, values.shape[0] // heads // 2, 2, -1)
    return np.ascontiguousarray(pairs.swapaxes(1, 2)).reshape(values.shape)

"""Small random models as GGUF files, and an unpacker of GPTQ tensors that shares no code with the packer."""

from dataclasses import dataclass
from pathlib import Path

import gguf
import numpy as np

BYTES = [chr(c) for c in range(33, 127)]
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
TEMPLATE = "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"


def byte_alphabet() -> list[str]:
    """The 256 characters that byte-level BPE writes bytes with."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    letters = {byte: chr(byte) for byte in printable} | {byte: chr(256 + i) for i, byte in enumerate(others)}
    return [letters[byte] for byte in range(256)]


@dataclass
class Tiny:
    """The shape of a small model; `kind` is a GGUF quantisation of its linear layers."""

    architecture: str = "qwen2"
    layers: int = 2
    hidden: int = 64
    feed_forward: int = 128
    heads: int = 4
    kv_heads: int = 2
    separate_head: str = ""  # "", "equal" or "other"
    kind: gguf.GGMLQuantizationType = gguf.GGMLQuantizationType.Q8_0
    pre: str = ""
    seed: int = 0
    scale: float = 0.1


def write(path: Path, tiny: Tiny, claimed: Tiny | None = None) -> dict[str, np.ndarray]:
    """Write the file; returns the weights that it holds, dequantised, by their GGUF names.

    `claimed`: what its metadata says instead of the truth.
    """
    writer = gguf.GGUFWriter(str(path), tiny.architecture)
    _metadata(writer, claimed or tiny)
    weights = {}
    for name, values in _tensors(tiny).items():
        kind = tiny.kind if values.ndim == 2 else gguf.GGMLQuantizationType.F32
        data = gguf.quantize(values, kind)
        weights[name] = gguf.dequantize(data, kind).reshape(values.shape)
        writer.add_tensor(name, data, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return weights


def _metadata(writer: gguf.GGUFWriter, tiny: Tiny) -> None:
    tokens = [*byte_alphabet(), "ab", "abc", *SPECIAL, "[PAD0]"]
    writer.add_block_count(tiny.layers)
    writer.add_context_length(512)
    writer.add_embedding_length(tiny.hidden)
    writer.add_feed_forward_length(tiny.feed_forward)
    writer.add_head_count(tiny.heads)
    writer.add_head_count_kv(tiny.kv_heads)
    writer.add_rope_freq_base(10000.0)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(tiny.pre or ("qwen2" if tiny.architecture == "qwen2" else "smollm"))
    writer.add_token_list(tokens)
    writer.add_token_types([1] * 258 + [3] * 3 + [5])
    writer.add_token_merges(["a b", "ab c"])
    writer.add_eos_token_id(tokens.index("<|im_end|>"))
    writer.add_bos_token_id(tokens.index("<|endoftext|>"))
    writer.add_pad_token_id(tokens.index("<|endoftext|>"))
    writer.add_chat_template(TEMPLATE)


def _tensors(tiny: Tiny) -> dict[str, np.ndarray]:
    random = np.random.default_rng(tiny.seed)
    head_size = tiny.hidden // tiny.heads
    vocabulary = 262

    def matrix(rows: int, columns: int) -> np.ndarray:
        return (random.standard_normal((rows, columns)) * tiny.scale).astype(np.float32)

    tensors = {"token_embd.weight": matrix(vocabulary, tiny.hidden), "output_norm.weight": np.ones(tiny.hidden, "f4")}
    if tiny.separate_head:
        head = tensors["token_embd.weight"] if tiny.separate_head == "equal" else matrix(vocabulary, tiny.hidden)
        tensors["output.weight"] = head.copy()
    sizes = {
        "attn_q": (tiny.hidden, tiny.hidden),
        "attn_k": (tiny.kv_heads * head_size, tiny.hidden),
        "attn_v": (tiny.kv_heads * head_size, tiny.hidden),
        "attn_output": (tiny.hidden, tiny.hidden),
        "ffn_gate": (tiny.feed_forward, tiny.hidden),
        "ffn_up": (tiny.feed_forward, tiny.hidden),
        "ffn_down": (tiny.hidden, tiny.feed_forward),
    }
    for index in range(tiny.layers):
        for name, size in sizes.items():
            tensors[f"blk.{index}.{name}.weight"] = matrix(*size)
            if tiny.architecture == "qwen2" and name in ("attn_q", "attn_k", "attn_v"):
                tensors[f"blk.{index}.{name}.bias"] = matrix(1, size[0])[0]
        for name in ("attn_norm", "ffn_norm"):
            tensors[f"blk.{index}.{name}.weight"] = 1 + matrix(1, tiny.hidden)[0]
    return tensors


def unpack(qweight: np.ndarray, qzeros: np.ndarray, scales: np.ndarray, g_idx: np.ndarray) -> np.ndarray:
    """A layer's weight `[outputs, inputs]`, element by element as AutoGPTQ documents its layout."""
    inputs, outputs = qweight.shape[0] * 8, qweight.shape[1]
    weight = np.empty((outputs, inputs), np.float32)
    for row in range(inputs):
        group = int(g_idx[row])
        for column in range(outputs):
            code = (int(qweight[row // 8, column]) >> (4 * (row % 8))) & 15
            zero = ((int(qzeros[group, column // 8]) >> (4 * (column % 8))) & 15) + 1
            weight[column, row] = (code - zero) * float(scales[group, column])
    return weight

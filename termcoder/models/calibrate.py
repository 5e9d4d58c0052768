"""Int4 with regard to what flows through the model: each layer is quantised for the inputs that it really gets.

A little Python source runs through the model layer by layer. A layer's inputs, as the quantised layers before it
leave them, say which weights matter (`gptq.quantise`) and how an error made at one input can be made good at others
(`corrected`, the method of GPTQ in the form that needs no inverse). The attention's weights are left as they are:
an eighth of all, they would bring almost half of the loss.
"""

import sysconfig
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from termcoder.models import gptq
from termcoder.models.gptq import Quantised

# Files of Python's own library: real code with prose in it, on every machine. Those that
# `termcoder.bench.perplexity` measures with are others.
SAMPLES = (
    "shutil.py",
    "inspect.py",
    "threading.py",
    "unittest/mock.py",
    "tarfile.py",
    "subprocess.py",
    "ast.py",
    "http/client.py",
)
LINEARS = ("ffn_gate", "ffn_up", "ffn_down")  # what is quantised, by GGUF's names
SAMPLE_CHARACTERS = 12_000
SAMPLE_TOKENS = 384
DAMPING = 1.0  # of the mean: the less, the more the few samples are trusted; 0.1 fits their noise
LARGEST_BLOCK = 1536  # inputs whose errors are made good among each other; the cost grows with its third power
RUN = 128  # inputs handled between two large products
WORKERS = 2

Matrix = NDArray[np.float32]
Weights = Mapping[str, Matrix]


@dataclass(frozen=True, slots=True)
class Attention:
    """The numbers of the attention, and of the norms before it."""

    heads: int
    kv_heads: int
    head_size: int
    rope_base: float
    epsilon: float


def samples() -> list[str]:
    """Source texts to calibrate with; fewer, or none, where Python's library lies elsewhere."""
    library = Path(sysconfig.get_path("stdlib"))
    paths = [library / name for name in SAMPLES]
    return [path.read_text(encoding="utf-8")[:SAMPLE_CHARACTERS] for path in paths if path.is_file()]


class Calibration:
    """Carries the samples' hidden states, `states` `[samples, tokens, hidden]`, from layer to layer."""

    def __init__(self, states: NDArray[np.float32], attention: Attention) -> None:
        self.states = torch.from_numpy(states)
        self._attention = attention

    def quantise_layer(self, weights: Weights) -> dict[str, Quantised]:
        """Quantise the linear weights after the layer's attention, and move on to the layer's outputs.

        `weights` has GGUF's names without "blk.N." and ".weight": matrices `[inputs, outputs]`, norms, and biases
        as "attn_q.bias".
        """
        with torch.inference_mode():
            self.states = self.states + self._attention_outputs(weights)
            hidden = self._norm(weights["ffn_norm"])
            gate_up = quantise_for(np.concatenate([weights["ffn_gate"], weights["ffn_up"]], axis=1), _rows(hidden))
            gate, up = (hidden @ torch.from_numpy(gate_up.values())).chunk(2, dim=-1)
            inner = functional.silu(gate) * up
            down = quantise_for(weights["ffn_down"], _rows(inner))
            self.states = self.states + inner @ torch.from_numpy(down.values())
        middle = weights["ffn_gate"].shape[1]
        return {
            "ffn_gate": gate_up.columns(slice(0, middle)),
            "ffn_up": gate_up.columns(slice(middle, None)),
            "ffn_down": down,
        }

    def _attention_outputs(self, weights: Weights) -> Tensor:
        hidden = self._norm(weights["attn_norm"])
        query, key, value = (_linear(hidden, name, weights) for name in ("attn_q", "attn_k", "attn_v"))
        return _linear(_attend(query, key, value, self._attention), "attn_output", weights)

    def _norm(self, weight: NDArray[np.float32]) -> Tensor:
        mean = self.states.square().mean(-1, keepdim=True)
        return self.states * torch.rsqrt(mean + self._attention.epsilon) * torch.from_numpy(weight)


def _linear(inputs: Tensor, name: str, weights: Weights) -> Tensor:
    outputs = inputs @ torch.from_numpy(weights[name])
    bias = weights.get(f"{name}.bias")
    return outputs if bias is None else outputs + torch.from_numpy(bias)


def _rows(inputs: Tensor) -> Tensor:
    return inputs.flatten(0, 1)


def quantise_for(weights: Matrix, inputs: Tensor) -> Quantised:
    """Quantise `[inputs, outputs]` weights for the inputs `[tokens, inputs]` they get."""
    moments = _second_moments(inputs, _blocks(weights.shape[0]))
    orders, uppers = _factors(moments)
    importance = moments.diagonal(dim1=1, dim2=2)
    relative = importance / importance.mean(-1, keepdim=True).clamp_min(1e-20) + DAMPING
    by_input = relative.flatten().numpy()
    edges = np.linspace(0, weights.shape[1], WORKERS + 1).astype(int)

    def part(index: int) -> Quantised:
        columns = np.ascontiguousarray(weights[:, edges[index] : edges[index + 1]])
        return corrected(columns, gptq.quantise(columns, by_input), orders, uppers)

    with ThreadPoolExecutor(WORKERS) as pool:
        parts = list(pool.map(part, range(WORKERS)))
    return Quantised(
        np.concatenate([part.codes for part in parts], axis=1), np.concatenate([part.scales for part in parts], axis=1)
    )


def _factors(moments: Tensor) -> tuple[NDArray[np.int64], Matrix]:
    """Of each block: the order of rounding (inputs that carry most first), and the U of `corrected`."""
    strength = moments.diagonal(dim1=1, dim2=2)
    order = strength.argsort(-1, descending=True)
    at = torch.arange(moments.shape[0])[:, None]
    damped = moments + torch.eye(moments.shape[1]) * (DAMPING * strength.mean(-1)[:, None, None] + 1e-10)
    damped = damped[at[:, :, None], order[:, :, None], order[:, None, :]]
    upper = torch.linalg.cholesky(damped.flip(1, 2)).flip(1, 2)
    return order.numpy(), (upper / upper.diagonal(dim1=1, dim2=2)[:, None, :]).numpy()


def corrected(weights: Matrix, plain: Quantised, orders: NDArray[np.int64], uppers: Matrix) -> Quantised:
    """Choose the codes again, one input after the other, each making good the errors of those before it.

    The scales stay. With H the inputs' second moments and H = (U + I) D (U + I)^T, U strictly upper, the loss is
    least where input k is rounded from its weight plus the errors so far times U[:, k]. Blocks are independent.
    """
    codes = np.empty_like(plain.codes)
    size = orders.shape[1]
    for block, (order, upper) in enumerate(zip(orders, uppers, strict=True)):
        rows = order + block * size
        codes[rows] = _round_in_turn(weights[rows], plain.scales[rows // gptq.GROUP_SIZE], upper)
    return Quantised(codes, plain.scales)


def _round_in_turn(wanted: Matrix, steps: Matrix, upper: Matrix) -> Matrix:
    codes, errors = np.empty_like(wanted), np.zeros_like(wanted)
    for start in range(0, wanted.shape[0], RUN):
        run = slice(start, start + RUN)
        targets = wanted[run] + upper[:start, run].T @ errors[:start]
        own, inner = errors[run], np.ascontiguousarray(upper[run, run].T)
        for index in range(len(targets)):
            code, step = codes[start + index], steps[start + index]
            np.divide(targets[index] + inner[index, :index] @ own[:index], step, out=code)
            np.rint(code, out=code)
            np.maximum(code, -gptq.ZERO, out=code)
            np.minimum(code, gptq.ZERO - 1, out=code)
            np.subtract(wanted[start + index], code * step, out=own[index])
    return codes


def _second_moments(inputs: Tensor, blocks: int) -> Tensor:
    """`[blocks, size, size]`; no token counts for more than a middling one, or the first would drown the others."""
    power = inputs.square().sum(-1)
    share = (power.median() / power.clamp_min(1e-12)).clamp_max(1.0)
    parts = (inputs * share.sqrt()[:, None]).view(inputs.shape[0], blocks, -1).transpose(0, 1)
    return parts.transpose(1, 2) @ parts / inputs.shape[0]


def _blocks(inputs: int) -> int:
    """Into how many equal blocks of whole groups the inputs are cut."""
    groups = inputs // gptq.GROUP_SIZE
    return next(count for count in range(1, groups + 1) if groups % count == 0 and inputs // count <= LARGEST_BLOCK)


def _attend(query: Tensor, key: Tensor, value: Tensor, shape: Attention) -> Tensor:
    samples, tokens, _ = query.shape
    query = _turned(query.view(samples, tokens, shape.heads, -1).transpose(1, 2), shape)
    key = _turned(key.view(samples, tokens, shape.kv_heads, -1).transpose(1, 2), shape)
    value = value.view(samples, tokens, shape.kv_heads, -1).transpose(1, 2)
    mixed = functional.scaled_dot_product_attention(query, key, value, is_causal=True, enable_gqa=True)
    return mixed.transpose(1, 2).reshape(samples, tokens, -1)


def _turned(vectors: Tensor, shape: Attention) -> Tensor:
    """Rotary position embedding."""
    half = torch.arange(0, shape.head_size, 2).float() / shape.head_size
    angles = torch.outer(torch.arange(vectors.shape[2]).float(), shape.rope_base**-half)
    cosine, sine = angles.cos().repeat(1, 2), angles.sin().repeat(1, 2)
    first, second = vectors.chunk(2, dim=-1)
    return vectors * cosine + torch.cat((-second, first), -1) * sine

"""Int4 weights in AutoGPTQ's layout: symmetric, one scale for each group of inputs.

A weight matrix here is `[inputs, outputs]`, the transpose of what a linear layer holds, because that is how
the format lays it out and because sums over a group then run along memory.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BITS = 4
GROUP_SIZE = 32
ZERO = 8  # the stored code of the value 0: codes 0..15 stand for -8..7 times the scale
PER_WORD = 32 // BITS
BLOCK_COLUMNS = 2048  # outputs worked on at once: keeps a group's numbers in the CPU's cache
STEPS = tuple(range(-10, 10, 2))  # scales tried: the largest weight at code 7.0 to 8.8
TINY = np.float32(1e-8)

FloatArray = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Quantised:
    """Codes -8..7 `[inputs, outputs]` and the scale of each group `[groups, outputs]`."""

    codes: NDArray[np.int8]
    scales: FloatArray

    def values(self) -> FloatArray:
        """The weights these codes stand for."""
        steps = np.repeat(self.scales, self.codes.shape[0] // self.scales.shape[0], axis=0)
        return self.codes.astype(np.float32) * steps

    def columns(self, which: slice) -> "Quantised":
        """These outputs alone."""
        return Quantised(self.codes[:, which], self.scales[:, which])


def to_bfloat16(values: FloatArray) -> NDArray[np.uint16]:
    """The bits of each value rounded (half to even) to bfloat16."""
    bits = values.view(np.uint32)
    return ((bits + (0x7FFF + ((bits >> 16) & 1))) >> 16).astype(np.uint16)


def from_bfloat16(bits: NDArray[np.uint16]) -> FloatArray:
    """The values of bfloat16 bits."""
    return (bits.astype(np.uint32) << 16).view(np.float32)


def quantise(weights: FloatArray, importance: FloatArray | None = None, group: int = GROUP_SIZE) -> Quantised:
    """Round `weights` to the nearest codes under the scales that lose least.

    `importance` is each input's weight in that loss. Scales are bfloat16 values, so that float16 and bfloat16
    engines compute with the same ones.
    """
    inputs, outputs = weights.shape
    codes = np.empty((inputs, outputs), np.int8)
    scales = np.empty((inputs // group, outputs), np.float32)
    weight = np.ones(inputs, np.float32) if importance is None else importance
    for index in range(inputs // group):
        rows = slice(index * group, (index + 1) * group)
        for start in range(0, outputs, BLOCK_COLUMNS):
            columns = slice(start, start + BLOCK_COLUMNS)
            block = np.ascontiguousarray(weights[rows, columns])
            scale = best_scale(block, weight[rows, None])
            scales[index, columns] = scale
            codes[rows, columns] = np.clip(np.rint(block / scale), -ZERO, ZERO - 1)
    return Quantised(codes, scales)


def best_scale(block: FloatArray, importance: FloatArray) -> FloatArray:
    """One scale a column for a group `[rows, columns]`: the best of a few, each refined by least squares.

    A scale may be negative: the code -8 then serves the largest weight, whichever its sign.
    """
    largest = np.take_along_axis(block, np.abs(block).argmax(axis=0)[None], axis=0)[0]
    largest = np.where(np.abs(largest) < TINY, TINY, largest)
    weighted = block * importance
    best = np.full(block.shape[1], -1, np.float32)
    scale = -largest / ZERO
    codes, work = np.empty_like(block), np.empty_like(block)
    for step in STEPS:
        np.multiply(block, -(ZERO + step * 0.1) / largest, out=codes)
        np.rint(codes, out=codes)
        np.clip(codes, -ZERO, ZERO - 1, out=codes)
        cross = np.multiply(weighted, codes, out=work).sum(axis=0)
        np.multiply(codes, codes, out=codes)
        power = np.maximum(np.multiply(codes, importance, out=codes).sum(axis=0), TINY)
        gain = cross * cross / power
        better = gain > best
        best = np.where(better, gain, best)
        scale = np.where(better, cross / power, scale)
    scale = np.where(np.abs(scale) < TINY, TINY, scale)
    return from_bfloat16(to_bfloat16(scale.astype(np.float32)))


def pack(quantised: Quantised) -> dict[str, NDArray[np.int32] | NDArray[np.float16]]:
    """AutoGPTQ's four tensors of one linear layer: qweight, qzeros, scales, g_idx."""
    inputs, outputs = quantised.codes.shape
    groups = quantised.scales.shape[0]
    codes = (quantised.codes.astype(np.int16) + ZERO).astype(np.uint32).reshape(inputs // PER_WORD, PER_WORD, outputs)
    qweight = np.zeros((inputs // PER_WORD, outputs), np.uint32)
    for index in range(PER_WORD):
        qweight |= codes[:, index] << np.uint32(BITS * index)
    zero_word = sum((ZERO - 1) << (BITS * index) for index in range(PER_WORD))  # the format stores zero - 1
    return {
        "qweight": qweight.view(np.int32),
        "qzeros": np.full((groups, outputs // PER_WORD), zero_word, np.uint32).view(np.int32),
        "scales": quantised.scales.astype(np.float16),
        "g_idx": np.arange(inputs, dtype=np.int32) // np.int32(inputs // groups),
    }

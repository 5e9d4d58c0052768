"""Int4 codes, their scales and AutoGPTQ's layout."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from termcoder.models import gptq
from tests.models import tiny_gguf

GROUPS = st.integers(1, 3)
OUTPUTS = st.sampled_from([8, 16, 24])
SANE = st.floats(-100, 100, width=32)


@st.composite
def matrices(draw: st.DrawFn) -> np.ndarray:
    shape = (draw(GROUPS) * gptq.GROUP_SIZE, draw(OUTPUTS))
    return draw(arrays.arrays(np.float32, shape, elements=SANE, fill=SANE))


@st.composite
def quantised(draw: st.DrawFn) -> gptq.Quantised:
    groups, outputs = draw(GROUPS), draw(OUTPUTS)
    codes = draw(arrays.arrays(np.int8, (groups * gptq.GROUP_SIZE, outputs), elements=st.integers(-8, 7)))
    scales = draw(arrays.arrays(np.float32, (groups, outputs), elements=st.floats(-1, 1, width=16)))
    return gptq.Quantised(codes, scales)


@given(quantised())
@settings(max_examples=30, deadline=None)
def test_what_is_packed_comes_out_again(values: gptq.Quantised) -> None:
    packed = gptq.pack(values)
    found = tiny_gguf.unpack(packed["qweight"], packed["qzeros"], packed["scales"], packed["g_idx"])
    assert np.array_equal(found.T, values.values())


def test_the_tensors_have_autogptqs_shapes_and_types() -> None:
    packed = gptq.pack(gptq.quantise(np.ones((96, 16), np.float32)))
    described = {name: (values.shape, values.dtype.name) for name, values in packed.items()}
    assert described == {
        "qweight": ((12, 16), "int32"),
        "qzeros": ((3, 2), "int32"),
        "scales": ((3, 16), "float16"),
        "g_idx": ((96,), "int32"),
    }


@given(matrices())
@settings(max_examples=40, deadline=None)
def test_no_value_is_farther_away_than_the_plain_grid_would_put_it(weights: np.ndarray) -> None:
    found = gptq.quantise(weights)
    assert found.codes.min() >= -8
    assert found.codes.max() <= 7
    assert np.isfinite(found.scales).all()
    groups = weights.reshape(-1, gptq.GROUP_SIZE, weights.shape[1])
    plain = np.maximum(np.abs(groups).max(axis=1, keepdims=True) / 7, 1e-30)
    plain_error = np.linalg.norm(np.rint(groups / plain) * plain - groups)
    error = np.linalg.norm(found.values() - weights)
    rounding = 2**-8 * np.linalg.norm(weights)  # a bfloat16 scale is 2**-9 off at most
    assert error <= plain_error * 1.001 + rounding + 1e-6


def test_an_important_input_is_kept_more_precisely() -> None:
    weights = np.random.default_rng(1).standard_normal((32, 64)).astype(np.float32)
    importance = np.ones(32, np.float32)
    importance[5] = 1000
    plain = np.abs(gptq.quantise(weights).values() - weights)[5].mean()
    weighted = np.abs(gptq.quantise(weights, importance).values() - weights)[5].mean()
    assert weighted < 0.5 * plain


@given(arrays.arrays(np.float32, 20, elements=st.floats(-(2.0**100), 2.0**100, width=32)))
@settings(max_examples=50, deadline=None)
def test_bfloat16_rounds_as_torch_does(values: np.ndarray) -> None:
    import torch

    expected = torch.from_numpy(values).bfloat16().float().numpy()
    assert np.array_equal(gptq.from_bfloat16(gptq.to_bfloat16(values)), expected)


def test_scales_are_the_same_in_float16_and_bfloat16() -> None:
    import torch

    weights = np.random.default_rng(2).standard_normal((64, 32)).astype(np.float32) * 0.02
    scales = torch.from_numpy(gptq.pack(gptq.quantise(weights))["scales"])
    assert torch.equal(scales.bfloat16().float(), scales.float())

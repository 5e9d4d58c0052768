"""Guessing the next tokens of an answer that repeats its prompt, as a rewritten file does.

vLLM looks for the last tokens in what was read and written so far, and checks several guessed tokens in one step
(n-gram speculation). It is an engine-wide setting there; here it serves only the requests that ask for it
(`Request.copies`): on other answers it costs more than it gains. It is left to CPUs: a GPU writes a patch in a second
anyway, and an engine that guesses gives up scheduling ahead for all its answers. Under a grammar there are no guesses
either: faults of the two together are known (vLLM issues 52620 and 55313).
"""

from collections.abc import Mapping
from typing import Any

CONFIG: Mapping[str, Any] = {
    "method": "ngram",
    "num_speculative_tokens": 6,
    "prompt_lookup_max": 4,
    "prompt_lookup_min": 2,
}
"""`speculative_config` of vLLM's engine arguments. More or longer guesses gained nothing on a CPU."""

COPIES = "termcoder_copies"
"""The name under which a request's wish travels in `SamplingParams.extra_args`."""


def only_where_asked() -> None:
    """In the engine core, before it starts: drop the guesses for requests that don't ask for them."""
    from vllm.v1.structured_output import StructuredOutputManager

    validate = StructuredOutputManager.validate_tokens

    def validate_asked(self: Any, request: Any, spec_tokens: list[int]) -> list[int]:
        return list(validate(self, request, spec_tokens)) if _asks(request) else []

    StructuredOutputManager.validate_tokens = validate_asked


def _asks(request: Any) -> bool:
    parameters = request.sampling_params
    return bool(parameters and (parameters.extra_args or {}).get(COPIES) and not request.use_structured_output)


def mend_sampling_on_cpu() -> None:
    """In the engine core, before it starts: make guesses right for answers that are not greedy.

    vLLM 0.32 hands each request's temperature and top-p to its guessed tokens through a CPU kernel for whole numbers,
    whose result is thrown away for fractions: tokens were drawn at a temperature that was never set.
    """
    from vllm.v1.sample import rejection_sampler

    rejection_sampler.expand_batch_to_tokens = _expanded


def _expanded(values: Any, ends: Any, count: int, replace_from: int = 0, replace_to: int = 0) -> Any:
    """Each request's value once for each of its tokens; `ends` are the running sums of their numbers."""
    import torch

    starts = torch.cat((ends.new_zeros(1), ends[:-1]))
    expanded = values.repeat_interleave((ends - starts).to(torch.int64), output_size=count)
    return expanded if replace_from == replace_to else expanded.masked_fill(expanded == replace_from, replace_to)

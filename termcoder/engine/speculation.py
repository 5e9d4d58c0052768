"""Guessing the next tokens of an answer that repeats its prompt, as a rewritten file does.

vLLM looks for the last tokens in what was read and written so far, and checks several guessed tokens in one step
(n-gram speculation). It is an engine-wide setting there; here it serves only the requests that ask for it
(`Request.copies`): on other answers it costs more than it gains, and together with a grammar vLLM 0.32 gave broken
texts.
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

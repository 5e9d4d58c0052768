"""Guessing the next tokens of an answer that repeats its prompt, as a rewritten file does.

vLLM looks for the last tokens in what was read and written so far, and checks several guessed tokens in one step
(n-gram speculation). It is an engine-wide setting there; here it serves only the requests that ask for it
(`Request.copies`): on other answers it costs more than it gains. It is left to CPUs: a GPU writes a patch in a second
anyway, and an engine that guesses gives up scheduling ahead for all its answers. Under a grammar there are no guesses
either: faults of the two together are known (vLLM issues 52620 and 55313).
"""

from collections.abc import Mapping
from dataclasses import replace
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


def mend_log_probabilities_on_cpu() -> None:
    """In the engine core, before it starts: tell those of tokens asked for by number at all times, without a compiler.

    Where another request of the batch has guesses, vLLM 0.32 tells none of them. And it compiles a function to count
    ranks, which nobody asked for: that takes a C++ compiler, and seconds the first time.
    """
    from vllm.v1.sample import sampler
    from vllm.v1.sample.rejection_sampler import RejectionSampler

    sampler.batched_count_greater_than = lambda found, least: (found >= least).sum(-1)
    sample = RejectionSampler.forward

    def sample_and_tell(self: Any, metadata: Any, draft_probs: Any, logits: Any, sampling: Any) -> Any:
        if not sampling.logprob_token_ids:
            return sample(self, metadata, draft_probs, logits, sampling)
        first = _log_probabilities(self.sampler, metadata, logits)
        output = sample(self, metadata, draft_probs, logits, replace(sampling, logprob_token_ids=None))
        drawn = output.sampled_token_ids
        told = self.sampler.gather_specific_token_logprobs(first, sampling.logprob_token_ids, drawn[:, 0].long())
        return replace(output, logprobs_tensors=_for_each_token(told, drawn.shape[1]))

    RejectionSampler.forward = sample_and_tell


def _log_probabilities(sampler: Any, metadata: Any, logits: Any) -> Any:
    """Of the first token that each request draws now."""
    counts = logits.new_tensor(metadata.num_draft_tokens).long() + 1
    return sampler.compute_logprobs(logits[counts.cumsum(0) - counts])


def _for_each_token(told: Any, width: int) -> Any:
    """A row for each of the `width` tokens that a request may draw; whoever asks for these draws only one."""
    return type(told)(*(each.repeat_interleave(width, 0) for each in told[:3]))


def _expanded(values: Any, ends: Any, count: int, replace_from: int = 0, replace_to: int = 0) -> Any:
    """Each request's value once for each of its tokens; `ends` are the running sums of their numbers."""
    import torch

    starts = torch.cat((ends.new_zeros(1), ends[:-1]))
    expanded = values.repeat_interleave((ends - starts).to(torch.int64), output_size=count)
    return expanded if replace_from == replace_to else expanded.masked_fill(expanded == replace_from, replace_to)

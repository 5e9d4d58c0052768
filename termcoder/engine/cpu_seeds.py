"""Seeds on a CPU for prompts that are read in several pieces.

After a piece that isn't the last, vLLM 0.32 throws the sampled token away and winds the request's generator back by an
offset. Only CUDA's generators have offsets: on a CPU the engine core died of every seeded prompt longer than one
piece.
"""


def allow_long_prompts() -> None:
    """In the engine core, before it starts: give torch's CPU generators what vLLM asks of them."""
    import torch

    class RewindingGenerator(torch.Generator):
        """Winds back to its seed: nothing but a thrown-away token was drawn from it by then."""

        def get_offset(self) -> int:
            return 0

        def set_offset(self, offset: int) -> None:
            self.manual_seed(self.initial_seed())

    torch.Generator = RewindingGenerator

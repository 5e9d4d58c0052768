"""What the conversion to int4 costs: perplexity of a GPTQ folder against the GGUF file it was made from.

    python -m termcoder.bench.perplexity --gguf model.gguf --gptq folder

Both sets of weights run through the same float32 code (transformers, CPU) over the first tokens of modules
of the running interpreter's standard library, one window a module; the conversion calibrates on others.
"""

import argparse
import math
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

MODULES = (
    "argparse.py",
    "calendar.py",
    "configparser.py",
    "dataclasses.py",
    "json/decoder.py",
    "logging/handlers.py",
    "textwrap.py",
    "tokenize.py",
)
WINDOW = 1000
ALLOWED_LOSS = 0.03


def python_windows(tokenizer: Any, length: int = WINDOW) -> list[list[int]]:
    """The first `length` tokens of each module of `MODULES`."""
    library = Path(sysconfig.get_path("stdlib"))
    texts = [(library / name).read_text(encoding="utf-8")[: length * 10] for name in MODULES]
    return [tokenizer.encode(text, add_special_tokens=False)[:length] for text in texts]


def gguf_weights(path: Path) -> dict[str, Any]:
    """The GGUF file's weights as float32 tensors under transformers' names; the head as the file has it."""
    import torch

    from termcoder.models.gguf_file import GgufFile
    from termcoder.models.gguf_gptq import LINEARS, NORMS, read_shape, unpermuted

    with GgufFile(path) as file:
        shape = read_shape(file)
        head = "output.weight" if "output.weight" in file.tensors else "token_embd.weight"
        names = {
            "model.embed_tokens.weight": "token_embd.weight",
            "model.norm.weight": "output_norm.weight",
            "lm_head.weight": head,
        }
        weights = {name: file.read(source) for name, source in names.items()}
        for index in range(shape.layers):
            for source, name in (LINEARS | NORMS).items():
                for part in ("weight", "bias"):
                    if f"blk.{index}.{source}.{part}" in file.tensors:
                        values = unpermuted(file.read(f"blk.{index}.{source}.{part}"), source, shape)
                        weights[f"model.layers.{index}.{name}.{part}"] = values
    return {name: torch.from_numpy(values) for name, values in weights.items()}


def gptq_weights(folder: Path) -> dict[str, Any]:
    """The folder's weights as float32 tensors, int4 ones unpacked."""
    from safetensors.torch import load_file

    weights: dict[str, Any] = {}
    for file in sorted(folder.glob("*.safetensors")):
        weights |= load_file(file)
    layers = [name.removesuffix(".qweight") for name in weights if name.endswith(".qweight")]
    for layer in layers:
        parts = {part: weights.pop(f"{layer}.{part}") for part in ("qweight", "qzeros", "scales", "g_idx")}
        weights[f"{layer}.weight"] = unpack(**parts)
    weights.setdefault("lm_head.weight", weights["model.embed_tokens.weight"])
    return {name: values.float() for name, values in weights.items()}


def unpack(qweight: Any, qzeros: Any, scales: Any, g_idx: Any) -> Any:
    """A linear layer's weight `[outputs, inputs]` from AutoGPTQ's four tensors."""
    import torch

    bits = 32 * qweight.shape[0] // g_idx.shape[0]
    shifts, mask = torch.arange(0, 32, bits, dtype=torch.int32), (1 << bits) - 1
    codes = ((qweight[:, None, :] >> shifts[None, :, None]) & mask).reshape(-1, qweight.shape[1])
    zeros = ((qzeros[:, :, None] >> shifts) & mask).reshape(qzeros.shape[0], -1) + 1
    groups = g_idx.long()
    return ((codes - zeros[groups]).float() * scales.float()[groups]).T.contiguous()


def build_model(folder: Path, weights: Mapping[str, Any]) -> Any:
    """A float32 transformers model of the folder's config with these weights."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    config = AutoConfig.from_pretrained(folder, local_files_only=True)
    config.tie_word_embeddings = False
    del config.quantization_config
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    model.load_state_dict(weights, strict=True, assign=True)
    return model.eval()


def perplexity(model: Any, windows: Sequence[Sequence[int]]) -> float:
    """Exp of the mean negative log-likelihood of each window's tokens after its first."""
    import torch

    total, count = 0.0, 0
    with torch.inference_mode():
        for window in windows:
            tokens = torch.tensor([list(window)])
            logits = model(tokens[:, :-1]).logits[0]
            total += torch.nn.functional.cross_entropy(logits, tokens[0, 1:], reduction="sum").item()
            count += len(window) - 1
    return math.exp(total / count)


def main(argv: Sequence[str] | None = None) -> int:
    """Print both figures; exit 1 where the conversion costs more than is allowed."""
    from transformers import AutoTokenizer

    parser = argparse.ArgumentParser(prog="python -m termcoder.bench.perplexity", description=__doc__)
    parser.add_argument("--gguf", type=Path, required=True)
    parser.add_argument("--gptq", type=Path, required=True)
    args = parser.parse_args(argv)
    windows = python_windows(AutoTokenizer.from_pretrained(args.gptq, local_files_only=True))
    before = perplexity(build_model(args.gptq, gguf_weights(args.gguf)), windows)
    after = perplexity(build_model(args.gptq, gptq_weights(args.gptq)), windows)
    loss = after / before - 1
    print(f"tokens {sum(map(len, windows))}  gguf {before:.4f}  gptq {after:.4f}  worse by {loss:+.2%}")
    return 0 if loss <= ALLOWED_LOSS else 1


if __name__ == "__main__":
    sys.exit(main())

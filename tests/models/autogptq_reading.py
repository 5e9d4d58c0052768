"""Loads a checkpoint with AutoGPTQ; run by the Python of its environment: FOLDER PROMPT(JSON ids) OUT [MODULE ...].

Writes what AutoGPTQ computes with, each linear's weights, and the tokens it answers the prompt with, greedily.
MODULE: which kinds of linears the checkpoint has quantised, where that isn't all.
"""

import json
import sys
from pathlib import Path
from typing import Any

import torch
from auto_gptq import AutoGPTQForCausalLM
from auto_gptq.modeling import LlamaGPTQForCausalLM
from safetensors import safe_open
from safetensors.torch import save_file


def read_embedding(model: Any, folder: Path) -> None:
    """Read it again: AutoGPTQ leaves zeros where the file has the tied pair of embedding and head only once."""
    with safe_open(folder / "model.safetensors", framework="pt") as file:
        model.get_input_embeddings().weight.data.copy_(file.get_tensor("model.embed_tokens.weight"))


def main(folder: str, prompt: str, out: str, *modules: str) -> None:
    if modules:
        LlamaGPTQForCausalLM.inside_layer_modules = [list(modules)]
    options = {"inject_fused_attention": False, "inject_fused_mlp": False, "use_safetensors": True}
    model = AutoGPTQForCausalLM.from_quantized(folder, device="cpu", torch_dtype=torch.float32, **options)
    read_embedding(model.model, Path(folder))
    linears = {name: module for name, module in model.model.named_modules() if hasattr(module, "qweight")}
    with torch.inference_mode():
        weights = {name: module(torch.eye(module.infeatures)).T.contiguous() for name, module in linears.items()}
        ids = torch.tensor([json.loads(prompt)])
        answer = model.model.generate(ids, max_new_tokens=24, do_sample=False)[0, ids.shape[1] :].tolist()
    save_file(weights, Path(out, "weights.safetensors"))
    Path(out, "answer.json").write_text(json.dumps(answer))


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Quantises a model with AutoGPTQ, layer by layer. Run by the Python of AutoGPTQ's own environment: argument JOB.

It imports nothing of termcoder: the two live in different environments. JOB is a JSON file (see `Job`); on standard
output go JSON objects, one a line: {"done", "layer", "layers", "what"} as it goes, {"losses", "layer", "seconds"} after
each layer, {"result"} at the end, {"error", "kind"} where it fails. Everything else that is printed goes to standard
error.

AutoGPTQ's own `quantize()` wants the whole model in memory and a GPU, tells nobody how far it is, can't be taken up
again and packs at the very end. So the loop over the layers is written here, and what it calls is AutoGPTQ's: which
linears there are and in which order (`inside_layer_modules`), the solver (`GPTQ`), the scales (`Quantizer`) and the
packer (`QuantLinear.pack`). One layer is in memory at a time; each finished one is a file, with the hidden states
that the next begins from, so that a run that was ended goes on where it was.
"""

import gc
import json
import logging
import math
import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

BITS = 4
LEAST_SCALE = 6e-8  # below it float16, which scales are stored in, has only 0
LOGIT_ROWS = 128  # positions whose logits are in memory at once
STATE = "state.json"
OUTER = "outer.safetensors"
LOSS = re.compile(r"avg loss: (\S+)")


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be done. Token ids are given: tokenizers of other versions than this environment's are no matter.

    - `model`: the folder of the float safetensors. `config`: its config.json as transformers 4.46 reads it.
    - `work`: where finished layers go. `fingerprint`: of all that they hang on.
    - `samples`, `held_out`: windows of token ids, all of one length.
    - `device`: "cpu" or "cuda". `parent`: the process that waits; without it there is nothing to do.
    """

    model: str
    config: dict[str, Any]
    work: str
    fingerprint: str
    samples: list[list[int]]
    held_out: list[list[int]]
    group_size: int
    act_order: bool
    damp: float
    device: str
    threads: int
    parent: int


@dataclass(slots=True)
class States:
    """Hidden states `[windows, tokens, hidden]` between two layers.

    `samples` and `after` have gone through quantised layers, `before` through the original ones.
    """

    samples: Any
    before: Any
    after: Any


@dataclass(slots=True)
class Done:
    """The layers that are finished, with each one's losses and seconds."""

    layers: int = 0
    losses: list[dict[str, float]] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)


class Work:
    """The folder of finished layers. A layer counts once the state file says so, which is written last."""

    def __init__(self, folder: Path, fingerprint: str) -> None:
        self._folder, self._fingerprint = folder, fingerprint

    def read(self) -> Done:
        """What an earlier run of the same job finished."""
        try:
            state = json.loads((self._folder / STATE).read_text(encoding="utf-8"))
            done = Done(int(state["layers"]), list(state["losses"]), list(state["seconds"]))
        except (OSError, ValueError, KeyError, TypeError):
            return Done()
        whole = all(self.layer_file(index).exists() for index in range(done.layers)) and self._states(done).exists()
        return done if whole and state["fingerprint"] == self._fingerprint else Done()

    def load_states(self, done: Done) -> States:
        """The states after the last finished layer."""
        from safetensors.torch import load_file

        return States(**load_file(self._states(done)))

    def save(self, done: Done, tensors: Mapping[str, Any], states: States) -> None:
        """Keep a finished layer; `done` counts it already."""
        self.write(self.layer_file(done.layers - 1), tensors)
        parts = {name: getattr(states, name).cpu().contiguous() for name in ("samples", "before", "after")}
        self.write(self._states(done), parts)
        values = {"fingerprint": self._fingerprint, "layers": done.layers}
        values |= {"losses": done.losses, "seconds": done.seconds}
        fresh = self._folder / f"{STATE}.new"
        fresh.write_text(json.dumps(values), encoding="utf-8")
        os.replace(fresh, self._folder / STATE)
        self._states(Done(done.layers - 1)).unlink(missing_ok=True)

    def write(self, path: Path, tensors: Mapping[str, Any]) -> None:
        """Write a file of tensors, whole or not at all."""
        from safetensors.torch import save_file

        fresh = path.with_suffix(".new")
        save_file(dict(tensors), fresh)
        os.replace(fresh, path)

    def layer_file(self, index: int) -> Path:
        """Where a layer's packed tensors are."""
        return self._folder / f"layer-{index:04}.safetensors"

    def outer_file(self) -> Path:
        """Where the tensors outside the layers are."""
        return self._folder / OUTER

    def _states(self, done: Done) -> Path:
        return self._folder / f"states-{done.layers:04}.safetensors"


class Source:
    """The float model's tensors, read one at a time."""

    def __init__(self, folder: Path) -> None:
        from safetensors import safe_open

        self._files = [safe_open(path, framework="pt") for path in sorted(folder.glob("*.safetensors"))]
        self._of: dict[str, Any] = {name: file for file in self._files for name in _names(file)}

    def names(self) -> list[str]:
        """Every tensor's name."""
        return list(self._of)

    def below(self, prefix: str) -> dict[str, Any]:
        """The tensors whose names begin with `prefix` and a dot, under the rest of their names."""
        start = f"{prefix}."
        return {name[len(start) :]: self[name] for name in self._of if name.startswith(start)}

    def __contains__(self, name: str) -> bool:
        return name in self._of

    def __getitem__(self, name: str) -> Any:
        return self._of[name].get_tensor(name)


def _names(file: Any) -> list[str]:
    return list(file.keys())


class Quantising:
    """One run of a job."""

    def __init__(self, job: Job, tell: Callable[[Mapping[str, Any]], None]) -> None:
        import torch

        self._job, self._tell = job, tell
        self._device = torch.device("cuda:0" if job.device == "cuda" else "cpu")
        self._work = Work(Path(job.work), job.fingerprint)
        self._source = Source(Path(job.model))
        self._model, self._kind = build_model(job.config)
        self._layers = module_at(self._model, self._kind.layers_block_name)
        self._call: dict[str, Any] = {}  # what a layer is called with beside the states

    def run(self) -> dict[str, Any]:
        """Quantise what isn't quantised yet, and measure. Returns the figures."""
        done = self._work.read()
        states = self._first_states()
        if done.layers:
            states = self._moved(self._work.load_states(done))
        for index in range(done.layers, len(self._layers)):
            began = time.monotonic()
            tensors, losses = self._layer(index, states)
            done.layers, done.losses = index + 1, [*done.losses, losses]
            done.seconds.append(time.monotonic() - began)
            self._work.save(done, tensors, states)
            self._tell({"layer": index + 1, "losses": losses, "seconds": done.seconds[-1]})
        self._work.write(self._work.outer_file(), self._outer_tensors())
        return self._figures(done, states)

    def _first_states(self) -> States:
        """What the embedding gives to the first layer; remembers what else a layer is called with."""
        import torch

        caught: list[Any] = []
        base = getattr(self._model, self._model.base_model_prefix)
        embedding = base.get_input_embeddings()
        embedding.load_state_dict(self._weights(name_of(self._model, embedding)), assign=True)
        first, self._layers[0] = self._layers[0], catcher(caught)
        base.rotary_emb.to(self._device)
        windows = torch.tensor([*self._job.samples, *self._job.held_out])
        for window in windows:
            try:
                base(window[None].to(self._device), use_cache=False)
            except Caught:
                continue
        self._layers[0] = first
        embedding.to("meta")
        self._call = {name: value for name, value in caught[0][1].items() if name != "hidden_states"}
        hidden = torch.cat([states for states, _ in caught])
        count = len(self._job.samples)
        return States(hidden[:count], hidden[count:], hidden[count:].clone())

    def _layer(self, index: int, states: States) -> tuple[dict[str, Any], dict[str, float]]:
        """Quantise a layer and move `states` on; its tensors and each linear's loss."""
        layer = self._layers[index]
        prefix = f"{self._kind.layers_block_name}.{index}"
        stored = self._source.below(prefix)
        layer.load_state_dict({name: self._float(value) for name, value in stored.items()}, assign=True)
        self._forward(layer, states.before)
        linears = {name: module for name, module in layer.named_modules() if is_linear(module)}
        total, at = sum(module.weight.numel() for module in linears.values()), 0
        tensors = {f"{prefix}.{name}": to_16_bit(value) for name, value in stored.items()}
        losses = {}
        for names in self._kind.inside_layer_modules:
            together = {name: linears[name] for name in names if name in linears}
            for name, solver in self._solvers(layer, together, states.samples).items():
                self._progress(index, at / total, name)
                packed, losses[name] = self._solve(linears[name], solver)
                del tensors[f"{prefix}.{name}.weight"]
                tensors |= {f"{prefix}.{name}.{part}": value for part, value in packed.items()}
                at += linears[name].weight.numel()
        self._forward(layer, states.samples)
        self._forward(layer, states.after)
        layer.to("meta")
        gc.collect()
        return tensors, losses

    def _solvers(self, layer: Any, linears: Mapping[str, Any], samples: Any) -> dict[str, Any]:
        """AutoGPTQ's solver of each of these linears, having seen the inputs that the samples give it."""
        from auto_gptq.quantization import GPTQ

        solvers = {name: GPTQ(linear) for name, linear in linears.items()}
        for solver in solvers.values():
            solver.quantizer.configure(BITS, perchannel=True, sym=True, mse=False)

        def watching(name: str) -> Callable[[Any, Any, Any], None]:
            return lambda _, inputs, output: solvers[name].add_batch(inputs[0].data, output.data)

        hooks = [linear.register_forward_hook(watching(name)) for name, linear in linears.items()]
        for window in samples.split(1):
            layer(window, **self._call)
        for hook in hooks:
            hook.remove()
        return solvers

    def _solve(self, linear: Any, solver: Any) -> tuple[dict[str, Any], float]:
        """Quantise one linear in its place; its packed tensors and the loss that AutoGPTQ logs.

        Activation order always goes with static groups: the inputs that matter most are rounded first, and yet the
        groups stay where they are, so that every kernel can run the result.
        """
        import torch

        job = self._job
        static = job.act_order and job.group_size != -1
        with logged() as messages:
            scale, zero, g_idx = solver.fasterquant(
                percdamp=job.damp, group_size=job.group_size, actorder=job.act_order, static_groups=static
            )
        solver.free()
        group = linear.in_features if job.group_size == -1 else job.group_size
        if not torch.equal(g_idx.cpu().long(), torch.arange(linear.in_features) // group):
            raise RuntimeError("AutoGPTQ has moved a weight out of its group")
        return packed(linear, scale, zero, g_idx, group), loss_of(messages)

    def _forward(self, layer: Any, states: Any) -> None:
        """Replace each window's states by what the layer makes of them."""
        for index in range(len(states)):
            states[index] = layer(states[index : index + 1], **self._call)[0][0]

    def _outer_tensors(self) -> dict[str, Any]:
        """Everything outside the layers, 16 bits wide; of tied embedding and head only the embedding."""
        inside = f"{self._kind.layers_block_name}."
        names = [name for name in self._source.names() if not name.startswith(inside)]
        if self._model.config.tie_word_embeddings and len(names) > 2:
            names.remove(f"{self._kind.lm_head_name}.weight")
        return {name: to_16_bit(self._source[name]) for name in names}

    def _figures(self, done: Done, states: States) -> dict[str, Any]:
        import auto_gptq
        import torch
        import transformers

        norm_name = self._kind.outside_layer_modules[-1]
        norm = module_at(self._model, norm_name)
        norm.load_state_dict(self._weights(norm_name), assign=True)
        head = self._head()
        windows = torch.tensor(self._job.held_out, device=self._device)
        return {
            "perplexity_before": perplexity(norm(states.before), head, windows),
            "perplexity_after": perplexity(norm(states.after), head, windows),
            "held_out_tokens": windows.numel(),
            "losses": done.losses,
            "seconds": round(sum(done.seconds), 1),
            "layers": done.layers,
            "versions": {
                "auto-gptq": auto_gptq.__version__,
                "torch": torch.__version__,
                "transformers": transformers.__version__,
            },
        }

    def _head(self) -> Any:
        name = f"{self._kind.lm_head_name}.weight"
        if name not in self._source or self._model.config.tie_word_embeddings:
            name = f"{name_of(self._model, self._model.get_input_embeddings())}.weight"
        return self._float(self._source[name])

    def _weights(self, module: str) -> dict[str, Any]:
        return {name: self._float(value) for name, value in self._source.below(module).items()}

    def _float(self, tensor: Any) -> Any:
        return tensor.to(self._device).float()

    def _moved(self, states: States) -> States:
        return States(*(getattr(states, name).to(self._device) for name in ("samples", "before", "after")))

    def _progress(self, index: int, part: float, what: str) -> None:
        count = len(self._layers)
        self._tell({"done": (index + part) / count, "layer": index + 1, "layers": count, "what": what})


class Caught(Exception):
    """The first layer was reached."""


def catcher(caught: list[Any]) -> Any:
    """A module in the place of the first layer that keeps what it is called with and ends the call."""
    import torch

    class Catcher(torch.nn.Module):
        def forward(self, hidden: Any = None, **others: Any) -> None:
            caught.append((others["hidden_states"] if hidden is None else hidden, others))
            raise Caught

    return Catcher()


def build_model(config: Mapping[str, Any]) -> tuple[Any, Any]:
    """The model without its weights, and AutoGPTQ's class that knows its kind."""
    from accelerate import init_empty_weights
    from auto_gptq.modeling.auto import GPTQ_CAUSAL_LM_MODEL_MAP
    from transformers import AutoConfig, AutoModelForCausalLM

    values = {key: value for key, value in config.items() if key != "model_type"}
    made = AutoConfig.for_model(config["model_type"], **values)
    with init_empty_weights(include_buffers=False):
        model = AutoModelForCausalLM.from_config(made, attn_implementation="sdpa")
    return model.eval(), GPTQ_CAUSAL_LM_MODEL_MAP[config["model_type"]]


def packed(linear: Any, scale: Any, zero: Any, g_idx: Any, group: int) -> dict[str, Any]:
    """AutoGPTQ's tensors of a linear whose weights have been rounded: qweight, qzeros, scales, g_idx, maybe a bias."""
    import copy

    from auto_gptq.utils.import_utils import dynamically_import_QuantLinear

    kind = dynamically_import_QuantLinear(
        use_triton=False, desc_act=False, group_size=group, bits=BITS, disable_exllama=True, disable_exllamav2=True
    )
    plain = copy.deepcopy(linear).to("cpu").half()
    layer = kind(BITS, group, plain.in_features, plain.out_features, plain.bias is not None)
    layer.pack(plain, scale.cpu().clamp_min(LEAST_SCALE), zero.cpu(), g_idx.cpu())
    return {name: value.contiguous() for name, value in layer.state_dict().items()}


def perplexity(states: Any, head: Any, windows: Any) -> float:
    """Exp of the mean negative log-likelihood of each window's tokens after its first."""
    from torch.nn import functional

    total = 0.0
    for hidden, tokens in zip(states, windows, strict=True):
        for rows, wanted in zip(hidden[:-1].split(LOGIT_ROWS), tokens[1:].split(LOGIT_ROWS), strict=True):
            total += functional.cross_entropy(rows @ head.T, wanted, reduction="sum").item()
    return math.exp(total / (windows.numel() - len(windows)))


def is_linear(module: Any) -> bool:
    """Whether it is one of those that are quantised."""
    import torch

    return isinstance(module, torch.nn.Linear)


def to_16_bit(tensor: Any) -> Any:
    """As it is stored in the result."""
    import torch

    return tensor if tensor.dtype in (torch.float16, torch.bfloat16) else tensor.to(torch.bfloat16)


def module_at(model: Any, name: str) -> Any:
    """The module of that name."""
    return model.get_submodule(name)


def name_of(model: Any, wanted: Any) -> str:
    """The name of a module in the model."""
    return next(str(name) for name, module in model.named_modules() if module is wanted)


def loss_of(messages: Sequence[str]) -> float:
    """The loss that AutoGPTQ logged: the squared error of the outputs, summed, a sample."""
    found = [LOSS.search(message) for message in messages]
    return next((float(match[1]) for match in found if match), math.nan)


@contextmanager
def logged() -> Iterator[list[str]]:
    """What AutoGPTQ's solver logs meanwhile."""
    messages: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: messages.append(record.getMessage())  # type: ignore[method-assign]
    logger = logging.getLogger("auto_gptq.quantization.gptq")
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    try:
        yield messages
    finally:
        logger.removeHandler(handler)


def teller(out: TextIO, parent: int) -> Callable[[Mapping[str, Any]], None]:
    """Writes messages, and ends this process where nobody reads them any more."""

    def tell(message: Mapping[str, Any]) -> None:
        if os.getppid() != parent:
            os._exit(1)
        print(json.dumps(message), file=out, flush=True)

    return tell


def main(argv: Sequence[str]) -> int:
    """Do the job; 1 where it fails."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    job = Job(**json.loads(Path(argv[0]).read_text(encoding="utf-8")))
    tell = teller(out, job.parent)
    try:
        import torch

        torch.set_num_threads(job.threads)
        if job.device == "cpu":
            torch.cuda.synchronize = lambda *_: None  # AutoGPTQ calls it after every linear
        with torch.inference_mode():
            tell({"result": Quantising(job, tell).run()})
    except Exception as error:  # whatever it is: this program's other half tells it
        logging.exception("quantising failed")
        tell({"error": str(error)[:1000], "kind": type(error).__name__})
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

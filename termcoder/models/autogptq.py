"""Quantising a model with AutoGPTQ: from a float model and the user's own source to a model in the store.

AutoGPTQ runs in an environment and a process of its own (`autogptq_environment`, `autogptq_worker`). What is finished
lies in a work folder named after the result, so that a run that was ended goes on; the model appears in the store whole
or not at all.
"""

import hashlib
import json
import os
import shutil
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import termcoder
from termcoder import paths
from termcoder.engine.sizing import Machine
from termcoder.errors import CancelledError, ModelError, ModelTooBigError
from termcoder.models import autogptq_environment, autogptq_record, autogptq_source, catalogue, checks, fit, store
from termcoder.models import autogptq_texts as texts
from termcoder.models.autogptq_source import FloatModel
from termcoder.models.autogptq_texts import Drawn
from termcoder.models.child import Ended, run_talking_child
from termcoder.models.disk import ensure_room, remove, size_of, telling_errors
from termcoder.models.locking import held
from termcoder.models.progress import Listener, Progress, size_text
from termcoder.models.safetensors_file import join

METHOD = "AutoGPTQ 0.7.1"
WORKER = Path(__file__).with_name("autogptq_worker.py")
GROUP_SIZES = (32, 64, 128, -1)
BEGUN = "begun.json"
COPIED = ("tokenizer.json", "tokenizer_config.json", "generation_config.json", "special_tokens_map.json",
          "chat_template.jinja", "vocab.json", "merges.txt", "added_tokens.json", "tokenizer.model")  # fmt: skip
BASE_BYTES = 1_200_000_000  # Python, torch and AutoGPTQ without a model
SHARE_OF_FLOAT = 0.35  # bytes of int4 weights for those of 16 bits, at most
MAX_SAMPLES, TOKENS = 2048, range(64, 8193)

Hear = Callable[["LayerDone"], None]


@dataclass(frozen=True, slots=True)
class Options:
    """What the user chose.

    - `name`: of the result; "" for one made of the model's name and these options.
    - `calibration`: a project folder, or None for a little of Python's own library.
    - `group_size`: weights with one scale; -1: all of a row. `act_order`: the weightiest inputs are rounded first.
    - `samples` windows of `tokens` tokens; `damp`: of the mean, added to the inputs' moments.
    - `device`: "auto", "cpu" or "cuda". `fresh`: throw away what an earlier run finished.
    """

    name: str = ""
    calibration: Path | None = None
    group_size: int = 32
    act_order: bool = False
    samples: int = 32
    tokens: int = 512
    damp: float = 0.01
    device: str = "auto"
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class LayerDone:
    """A layer is finished: each linear's loss, as AutoGPTQ logs it, and the seconds it took."""

    layer: int
    losses: Mapping[str, float]
    seconds: float


@dataclass(frozen=True, slots=True)
class Made:
    """The model in the store, the figures that the worker measured, and whether an earlier run had begun it."""

    name: str
    folder: Path
    size: int
    figures: Mapping[str, Any]
    resumed_at: int


def quantise(model: str, options: Options, listener: Listener, cancel: threading.Event, hear: Hear) -> Made:
    """Quantise `model` (catalogue name, folder, Hub name or GGUF file) and put it into the store.

    Blocking, minutes to hours. Raises ModelError and its kinds: before anything heavy where the name is taken or the
    model, the memory or the disk doesn't fit; CancelledError where it was stopped, and the same call goes on then.
    """
    check_options(options)
    name = options.name or default_name(model, options)
    check_name(name)
    work = work_folder(name)
    with telling_errors(work.parent):
        paths.private_dir(work.parent)
        busy = f"Another termcoder is quantising {name}."
        with held(work.parent / f".{name}.lock", listener, cancel, busy=busy):
            return _Run(name, work, options, listener, cancel).run(model, hear)


def default_name(model: str, options: Options) -> str:
    """The result's name where the user gives none: "qwen2.5-coder-0.5b-own-g32"."""
    group = "rows" if options.group_size == -1 else f"g{options.group_size}"
    return f"{autogptq_source.short_name(model)}-own-{group}{'-act' if options.act_order else ''}"


def work_folder(name: str) -> Path:
    """Where the unfinished model of that name is."""
    return paths.cache_dir() / "quantising" / name


def check_name(name: str) -> None:
    """Raise ModelError where no model of the user's own can be called so, or one is already."""
    if not catalogue.OWN_NAME.fullmatch(name) or name.endswith((store.PARTIAL, store.REMOVED)):
        raise ModelError(f"{name!r} can't be a model's name.", remedy="Use small letters, digits, '.', '_' and '-'.")
    if name in catalogue.catalogue() or name == "auto":
        raise ModelError(f"{name} is a model of the catalogue.", remedy="Choose another name with --name.")
    if (paths.models_dir() / name).exists():
        remedy = f"Choose another name with --name, or remove it: termcoder models remove {name}."
        raise ModelError(f"There is a model called {name} already.", remedy=remedy)


def check_options(options: Options) -> None:
    """Raise ModelError for numbers that make no sense."""
    wrong = [
        ("--group-size", options.group_size in GROUP_SIZES, "32, 64, 128 or -1"),
        ("--samples", 1 <= options.samples <= MAX_SAMPLES, f"1 to {MAX_SAMPLES}"),
        ("--tokens", options.tokens in TOKENS, f"{TOKENS[0]} to {TOKENS[-1]}"),
        ("--damp", 0 < options.damp < 1, "between 0 and 1"),
        ("--device", options.device in ("auto", "cpu", "cuda"), "auto, cpu or cuda"),
    ]
    for flag, is_right, allowed in wrong:
        if not is_right:
            raise ModelError(f"{flag} must be {allowed}.", remedy="Leave it out for the usual.")


def memory_needed(config: Mapping[str, Any], tokens: int) -> int:
    """Bytes that quantising takes at its peak: one layer and what is solved for it, or the output head at the end."""
    hidden, middle, vocabulary = (int(config[key]) for key in ("hidden_size", "intermediate_size", "vocab_size"))
    layer = 4 * (4 * hidden * hidden + 3 * hidden * middle)
    largest = max(hidden, middle)
    solving = 4 * (4 * largest * largest + 6 * hidden * middle)
    return BASE_BYTES + 3 * 4 * tokens * hidden + max(layer * 2 + solving, 2 * 4 * vocabulary * hidden)


def disk_needed(weight_bytes: int, config: Mapping[str, Any], tokens: int) -> int:
    """Bytes of the finished layers and of the model that is joined from them, and of the states between two layers."""
    outer = 2 * 2 * int(config["vocab_size"]) * int(config["hidden_size"])
    model = int(SHARE_OF_FLOAT * weight_bytes) + outer
    return 2 * model + 2 * 3 * 4 * tokens * int(config["hidden_size"])


def config_for_worker(config: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration as transformers 4.46 reads it.

    Since transformers 5 the rotary base is in `rope_parameters`, which 4.46 passes over to take 10,000 instead.
    """
    rope = config.get("rope_parameters")
    kept = {key: value for key, value in config.items() if key not in ("rope_parameters", "dtype", "layer_types")}
    if not isinstance(rope, dict):
        return kept
    if rope.get("rope_theta"):
        kept["rope_theta"] = rope["rope_theta"]
    if rope.get("rope_type", "default") != "default":
        kept["rope_scaling"] = {key: value for key, value in rope.items() if key != "rope_theta"}
    return kept


def quantize_config(options: Options) -> dict[str, Any]:
    """What AutoGPTQ writes about a checkpoint.

    With static groups the order of rounding leaves no trace in the tensors, so `desc_act` is false: it would make
    engines look for one.
    """
    return {
        "quant_method": "gptq",
        "bits": 4,
        "group_size": options.group_size,
        "sym": True,
        "desc_act": False,
        "static_groups": options.act_order,
        "damp_percent": options.damp,
        "true_sequential": True,
        "lm_head": False,
        "is_marlin_format": False,
        "checkpoint_format": "gptq",
        "model_name_or_path": None,
        "model_file_base_name": "model",
    }


class _Run:
    """One run, with the lock of its work folder held."""

    def __init__(self, name: str, work: Path, options: Options, listener: Listener, cancel: threading.Event) -> None:
        self._name, self._work, self._options = name, work, options
        self._listener, self._cancel = listener, cancel
        self._machine = fit.read_machine()
        self._result: dict[str, Any] = {}
        self._failure: dict[str, Any] = {}

    def run(self, model: str, hear: Hear) -> Made:
        """From the source to the store."""
        if self._options.fresh:
            remove(self._work)
        paths.private_dir(self._work)
        device = self._device()
        source = autogptq_source.prepare(model, self._work, self._listener, self._cancel)
        config = source.config()
        autogptq_source.check_config(model, config, self._options.group_size)
        self._check_room(source, config, device)
        drawn, resumed_at = self._begin(source)
        python = autogptq_environment.prepare(device, self._listener, self._cancel)
        self._quantise(python, device, source, drawn, hear)
        folder = self._finish(source, config, drawn)
        return Made(self._name, folder, size_of(folder), self._result, resumed_at)

    def _device(self) -> str:
        if self._options.device == "cuda" and not self._machine.gpu_total:
            raise ModelError("There is no NVIDIA GPU that can be used here.", remedy="Leave --device out.")
        return "cuda" if self._machine.gpu_total and self._options.device != "cpu" else "cpu"

    def _check_room(self, source: FloatModel, config: Mapping[str, Any], device: str) -> None:
        tokens = self._options.samples * self._options.tokens * 3 // 2
        need = memory_needed(config, tokens)
        check_memory(self._name, need, self._machine, device)
        ensure_room(self._work, max(0, disk_needed(source.weight_bytes(), config, tokens) - self._layers_bytes()))

    def _layers_bytes(self) -> int:
        return sum(file.stat().st_size for file in self._work.glob("*-*.safetensors"))

    def _draw(self, source: FloatModel) -> Drawn:
        from tokenizers import Tokenizer

        self._listener(Progress("reading the texts to calibrate with"))
        tokenizer = Tokenizer.from_file(str(source.folder / "tokenizer.json"))

        def encode(text: str) -> list[int]:
            if self._cancel.is_set():
                raise CancelledError("Quantising was stopped.")
            return list(tokenizer.encode(text, add_special_tokens=False).ids)

        return texts.draw(self._options.calibration, encode, self._options.samples, self._options.tokens)

    def _begin(self, source: FloatModel) -> tuple[Drawn, int]:
        """The texts, and how many layers are finished with them already.

        The texts are drawn once and kept: the project may change before an ended run goes on. Raises ModelError where
        layers were made of something else: hours of work aren't thrown away unasked.
        """
        file, wanted = self._work / BEGUN, fingerprint(source, self._options)
        begun, layers = _read(file), int(_read(self._work / "state.json").get("layers", 0))
        if begun.get("fingerprint") == wanted:
            return Drawn(**begun["drawn"]), layers
        if layers:
            raise ModelError(
                f"{layers} layers of {self._name} are finished, from another model, other texts or other options.",
                remedy="Give the same ones to go on, another --name, or --fresh to begin anew.",
            )
        drawn = self._draw(source)
        fresh = file.with_suffix(".new")
        fresh.write_text(json.dumps({"fingerprint": wanted, "drawn": asdict(drawn)}), encoding="utf-8")
        os.replace(fresh, file)
        return drawn, 0

    def _quantise(self, python: Path, device: str, source: FloatModel, drawn: Drawn, hear: Hear) -> None:
        threads = max(1, self._machine.cores)
        options = self._options
        job = {
            "model": str(source.folder),
            "config": config_for_worker(source.config()),
            "work": str(self._work),
            "fingerprint": fingerprint(source, options),
            "samples": drawn.samples,
            "held_out": drawn.held_out,
            "group_size": options.group_size,
            "act_order": options.act_order,
            "damp": options.damp,
            "device": device,
            "threads": threads,
            "parent": os.getpid(),
        }
        file = self._work / "job.json"
        file.write_text(json.dumps(job), encoding="utf-8")
        self._listener(Progress("starting AutoGPTQ"))
        command = [str(python), "-P", str(WORKER), str(file)]
        ears = _Ears(self._listener, hear)
        ended = run_talking_child(
            command, self._work, autogptq_environment.child_environment(threads), ears.hear, self._tick
        )
        self._result = ears.result
        if not ears.result:
            raise failure(ears.failure, ended)

    def _tick(self) -> None:
        if self._cancel.is_set():
            raise CancelledError("Quantising was stopped.")

    def _finish(self, source: FloatModel, config: Mapping[str, Any], drawn: Drawn) -> Path:
        """Put the model together beside the store's, check it, and move it there in one step."""
        self._listener(Progress("putting the model together"))
        folder = self._work / "result"
        remove(folder)
        folder.mkdir()
        parts = [self._work / "outer.safetensors", *sorted(self._work.glob("layer-*.safetensors"))]
        join(parts, folder / "model.safetensors", self._tick)
        for name in COPIED:
            if (source.folder / name).exists():
                shutil.copyfile(source.folder / name, folder / name)
        how = quantize_config(self._options)
        rope = config_for_worker(config).get("rope_theta")
        whole = dict(config) | {"quantization_config": how} | ({"rope_theta": rope} if rope else {})
        _write(folder / "config.json", whole)
        _write(folder / "quantize_config.json", how)
        _write(folder / autogptq_record.RECORD, self._record(source, config, drawn))
        store.write_record(folder, self._name, source.licence, f"{METHOD}, from {source.origin}", source.fingerprint)
        checks.check_folder(folder)
        target = paths.private_dir(paths.models_dir()) / self._name
        os.replace(folder, target)
        remove(self._work)
        return target

    def _record(self, source: FloatModel, config: Mapping[str, Any], drawn: Drawn) -> dict[str, Any]:
        options = {key: value for key, value in asdict(self._options).items() if key not in ("calibration", "fresh")}
        return {
            "name": self._name,
            "licence": source.licence,
            "origin": source.origin,
            "origin_fingerprint": source.fingerprint,
            "method": METHOD,
            "made": time.strftime("%Y-%m-%d"),
            "termcoder": termcoder.__version__,
            "context_tokens": config.get("max_position_embeddings", 0),
            "options": options,
            "calibration": {
                "source": drawn.source,
                "files": drawn.files,
                "windows": len(drawn.samples),
                "tokens": sum(map(len, drawn.samples)),
                "secrets_removed": drawn.secrets,
                "seed": texts.SEED,
            },
            "figures": self._result,
        }


class _Ears:
    """What the worker says, line by line."""

    def __init__(self, listener: Listener, hear: Hear) -> None:
        self._listener, self._hear = listener, hear
        self._began = time.monotonic()
        self._first: float | None = None
        self.result: dict[str, Any] = {}
        self.failure: dict[str, Any] = {}

    def hear(self, line: str) -> None:
        """Pass it on."""
        try:
            message = json.loads(line)
        except ValueError:
            return
        match message:
            case {"done": float() | int() as done, "layer": layer, "layers": layers, "what": what}:
                step = f"quantising layer {layer} of {layers} ({what})"
                self._listener(Progress(step, fraction=done, seconds_left=self._seconds_left(done)))
            case {"losses": dict() as losses, "layer": int() as layer, "seconds": seconds}:
                self._hear(LayerDone(layer, losses, float(seconds)))
            case {"result": dict() as result}:
                self.result = result
            case {"error": str()}:
                self.failure = message

    def _seconds_left(self, done: float) -> float | None:
        """Of this run's speed: what an earlier one finished says nothing about it."""
        if self._first is None:
            self._first, self._began = done, time.monotonic()
        moved = done - self._first
        return (1 - done) * (time.monotonic() - self._began) / moved if moved > 0 else None


def check_memory(name: str, needed: int, machine: Machine, device: str) -> None:
    """Raise ModelTooBigError, with figures, where quantising would not fit into what is free now."""
    free = machine.gpu_free if device == "cuda" else fit.usable(machine)
    if needed > free:
        where = " on the GPU" if device == "cuda" else ""
        raise ModelTooBigError(
            f"Quantising {name} takes {size_text(needed)} of memory, {size_text(free)} are free{where}.",
            remedy="Close other programs, take fewer --samples or --tokens, or a smaller model.",
        )


def fingerprint(source: FloatModel, options: Options) -> str:
    """Of all that a finished layer hangs on."""
    chosen = asdict(options) | {"calibration": str(options.calibration), "name": "", "device": "", "fresh": False}
    said = {"model": source.fingerprint, "options": chosen, "seed": texts.SEED, "method": METHOD}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def failure(said: Mapping[str, Any], ended: Ended) -> ModelError:
    """What the worker met, and what can be done about it."""
    text = str(said.get("error") or "")
    if "memory" in text.lower() or ended.code == -9:
        return ModelTooBigError(
            "The memory ran out while the model was being quantised.",
            remedy="Close other programs, take fewer --samples or --tokens; the same command goes on.",
        )
    if "cholesky" in text.lower() or "LinAlg" in str(said.get("kind")):
        return ModelError(
            "AutoGPTQ can't solve a layer: the texts say too little about its inputs.",
            remedy="Raise --damp (0.05, 0.1), or take more --samples.",
        )
    lines = [line for line in ended.err.splitlines() if line.strip()] or [f"it ended with {ended.code}"]
    reason = (text or lines[-1]).splitlines()[0][:200]
    return ModelError(f"AutoGPTQ failed: {reason}.", remedy="The same command goes on with what is finished.")


def discard(name: str) -> int:
    """Remove the unfinished work on a model of that name; returns the bytes freed, 0 where there is none."""
    work = work_folder(name)
    if not catalogue.OWN_NAME.fullmatch(name) or not work.exists():
        return 0
    with held(work.parent / f".{name}.lock", lambda _: None, threading.Event(), busy=f"{name} is being quantised."):
        freed = size_of(work)
        remove(work)
    return freed


def _read(path: Path) -> dict[str, Any]:
    """A JSON table; an empty one where there is none."""
    with suppress(OSError, ValueError):
        found = json.loads(path.read_text(encoding="utf-8"))
        return found if isinstance(found, dict) else {}
    return {}


def _write(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")

"""`termcoder quantize`: a model of one's own, made with AutoGPTQ and calibrated on one's own source.

Progress goes to standard error, what came out to standard output. Exit codes: 0 done, 130 stopped by Ctrl+C (the same
command goes on).
"""

import argparse
import asyncio
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, cast

from termcoder import settings
from termcoder.ask import Progress as Waiting
from termcoder.conversation import Message, Role
from termcoder.engine.base import Request, Sampling
from termcoder.errors import CancelledError
from termcoder.models import autogptq
from termcoder.models.actions import ProgressLine, ctrl_c_sets
from termcoder.models.autogptq import LayerDone, Made, Options
from termcoder.models.autogptq_record import read
from termcoder.models.progress import duration, size_text
from termcoder.ui.inert import one_line

if TYPE_CHECKING:
    from termcoder.features.engine_host import EngineHost

STOPPED = 130
QUESTION = "Write a Python function that adds two numbers."
ANSWER_TOKENS = 48


def quantize(args: argparse.Namespace) -> int:
    """Quantise the model that the command line names."""
    options = Options(
        args.name or "",
        args.calibration.expanduser().resolve() if args.calibration else None,
        args.group_size,
        args.act_order,
        args.samples,
        args.tokens,
        args.damp,
        args.device,
        args.fresh,
    )
    line, cancel = ProgressLine(sys.stderr), threading.Event()
    log = _Log(line)
    try:
        with ctrl_c_sets(cancel):
            made = autogptq.quantise(args.source, options, line.show, cancel, log.layer)
    except CancelledError:
        line.end()
        print("Stopped. The same command goes on with the layers that are finished.", file=sys.stderr)
        return STOPPED
    finally:
        line.end()
    print(report(made), flush=True)
    if args.answer:
        print(f"It answers: {first_answer(made.name)}")
    return 0


def first_answer(name: str) -> str:
    """What the new model says to a small question, through the engine that it will run in. Raises TermcoderError."""
    from termcoder import composition, logs

    host = composition.make_host(settings.load(flags={"model.name": name, "engine.backend": "vllm"}))
    logs.setup_logging()
    with logs.terminal_guard():
        return one_line(asyncio.run(_ask(host, Waiting(cast(TextIO, sys.__stderr__)))))


async def _ask(host: "EngineHost", waiting: Waiting) -> str:
    request = Request((Message(Role.USER, QUESTION),), Sampling(temperature=0.0, max_tokens=ANSWER_TOKENS))
    host.subscribe(waiting.show)
    try:
        host.start()
        engine = await host.ready()
        return "".join([chunk.text async for chunk in engine.stream(request)])
    finally:
        waiting.clear()
        await host.stop()


def report(made: Made) -> str:
    """What came out, for people."""
    known = read(made.folder)
    figures = made.figures
    lines = [f"{made.name} is ready in {made.folder} ({size_text(made.size)})."]
    if known is not None:
        lines += [f"  {known.groups}, by {known.method}, from {known.origin}", f"  calibrated on {known.calibration}"]
        lines += [f"  {known.loss}, {figures.get('held_out_tokens', 0):,} tokens that it did not see"]
    if made.resumed_at:
        lines.append(f"  taken up again after layer {made.resumed_at}")
    lines.append(f"  {figures.get('layers')} layers in {duration(float(figures.get('seconds', 0)))}")
    lines.append(f"Use it: termcoder --model {made.name}")
    return "\n".join(lines)


class _Log:
    """AutoGPTQ's own figures, a line a layer."""

    def __init__(self, line: ProgressLine) -> None:
        self._line = line

    def layer(self, done: LayerDone) -> None:
        """Print a finished layer."""
        self._line.end()
        print(f"layer {done.layer}: {duration(done.seconds)}, loss {losses_text(done.losses)}", file=sys.stderr)


def losses_text(losses: Mapping[str, float]) -> str:
    """Each linear's loss under its short name: "q 0.41, k 0.27, ..."."""
    short = {name: name.rpartition(".")[2].removesuffix("_proj") for name in losses}
    return ", ".join(f"{short[name]} {loss:.3g}" for name, loss in losses.items())


def add_parser(commands: Any) -> None:
    """Add `quantize` to the subparsers of the command line."""
    parser = commands.add_parser(
        "quantize",
        help="make an int4 model of your own, calibrated on your source",
        description="Quantise a float model to int4 with AutoGPTQ, in an environment of its own that is made once. "
        "Stopped with Ctrl+C, the same command goes on where it was.",
    )
    parser.add_argument("source", metavar="MODEL", help="catalogue name, folder, Hub name or GGUF file")
    parser.add_argument(
        "--calibration", type=Path, metavar="DIR", help="a project of yours (default: Python's library)"
    )
    parser.add_argument("--name", metavar="NAME", help="of the result")
    parser.add_argument("--group-size", type=int, default=Options().group_size, metavar="N", help="32, 64, 128 or -1")
    parser.add_argument("--act-order", action="store_true", help="round the weightiest inputs first, in static groups")
    parser.add_argument("--samples", type=int, default=Options().samples, metavar="N", help="pieces of text")
    parser.add_argument("--tokens", type=int, default=Options().tokens, metavar="N", help="tokens of each piece")
    parser.add_argument("--damp", type=float, default=Options().damp, metavar="X", help="0.01; more for few samples")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto", help="what it is computed on")
    parser.add_argument("--fresh", action="store_true", help="begin anew, not where an earlier run ended")
    parser.add_argument("--no-answer", dest="answer", action="store_false", help="don't start it for a first answer")
    parser.set_defaults(run=quantize)

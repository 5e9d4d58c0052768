"""The child process that runs the model: what happens in it before vLLM's own engine core takes over.

It imports vLLM while the program imports it too, on another core of the machine, and then waits for its orders:
that wins back the time of a second import. It dies with the program, however that ends.
"""

import contextlib
import ctypes
import gc
import json
import logging
import multiprocessing
import os
import pickle
import queue
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Report = Callable[..., None]

PR_SET_PDEATHSIG = 1
LENGTH_BYTES = 8
LOG_FORMAT = "%(asctime)s %(levelname)s engine %(name)s: %(message)s"


def main(parent: int, orders_fd: int, reports_fd: int) -> None:
    """Run the engine core. `parent`: the program's process id; the descriptors are pipes from and to it."""
    die_with(parent)
    orders: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(orders_fd, orders), name="orders", daemon=True).start()
    logging.basicConfig(level=logging.INFO, format=LOG_FORMAT)
    multiprocessing.current_process().name = "EngineCore"
    report = reporter(reports_fd)
    gc.disable()
    import_everything()
    gc.freeze()
    gc.enable()
    order = orders.get()
    from vllm.v1.engine.core import EngineCoreProc

    from termcoder.engine import cpu_seeds, speculation, urgency

    _report_loading(report)
    if vllm_runs_on_cpu():
        cpu_seeds.allow_long_prompts()
        speculation.only_where_asked()
        speculation.mend_sampling_on_cpu()
        speculation.mend_log_probabilities_on_cpu()
        urgency.urgent_first()
    _stop_listening_when_ready()
    try:
        EngineCoreProc.run_engine_core(**pickle.loads(order))  # it comes from the program itself
    except Exception as error:
        report(failure=f"{type(error).__name__}: {error}")
        raise


def die_with(parent: int) -> None:
    """Have the kernel kill this process when the thread that made it ends, where the kernel can do that."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before the line above
        os._exit(1)


def _listen(orders_fd: int, orders: "queue.SimpleQueue[bytes]") -> None:
    """Hand on the one order, then wait for the pipe to close: the program has ended, and so must this process."""
    with open(orders_fd, "rb") as pipe:
        length = pipe.read(LENGTH_BYTES)
        if len(length) == LENGTH_BYTES:
            orders.put(pipe.read(int.from_bytes(length)))
            pipe.read()
    os.kill(os.getpid(), signal.SIGKILL)


def reporter(reports_fd: int) -> Report:
    """A function that tells the program what is being done, and what failed: one JSON list a line."""
    pipe = open(reports_fd, "w", encoding="utf-8", buffering=1)  # noqa: SIM115 - open as long as the process runs

    def report(activity: str = "", fraction: float | None = None, failure: str = "") -> None:
        pipe.write(json.dumps([activity, fraction, failure]) + "\n")

    return report


def vllm_runs_on_cpu() -> bool:
    """Whether the vLLM that is imported is the one for CPUs."""
    from vllm.platforms import current_platform

    return bool(current_platform.is_cpu())


def import_everything() -> None:
    """Import all that the engine core will need, so that it is there when the orders come."""
    import importlib

    names = ["vllm.v1.engine.core", "vllm.v1.executor.uniproc_executor", "vllm.model_executor.model_loader"]
    names += ["vllm.v1.structured_output.backend_xgrammar", "vllm.model_executor.layers.quantization.auto_gptq"]
    names += ["vllm.v1.worker.cpu_worker"] if vllm_runs_on_cpu() else ["vllm.v1.worker.gpu_worker"]
    for name in names:
        try:
            importlib.import_module(name)
        except ImportError:  # a head start only: what is needed is imported again, and its error seen, later
            logging.getLogger(__name__).warning("%s can't be imported ahead", name)


def _report_loading(report: Report) -> None:
    """Report how far the weights are read, in bytes of the weight files."""
    from vllm.model_executor.model_loader.default_loader import DefaultModelLoader

    read_all = DefaultModelLoader.get_all_weights

    def counted(self: Any, model_config: Any, model: Any) -> Iterator[Any]:
        total = sum(file.stat().st_size for file in Path(model_config.model).glob("*.safetensors")) or 1
        read, shown = 0, -5
        for name, tensor in read_all(self, model_config, model):
            if (percent := min(100, read * 100 // total)) >= shown + 5:
                report("loading weights", percent / 100)
                shown = percent
            yield name, tensor
            read += tensor.numel() * tensor.element_size()
        report("preparing memory")

    DefaultModelLoader.get_all_weights = counted


def _stop_listening_when_ready() -> None:
    """Close the ports that torch opens on the loopback interface to talk to other workers: there are none."""
    from vllm.v1.engine.core import EngineCoreProc

    run = EngineCoreProc.run_busy_loop

    def run_unreachable(self: Any) -> None:
        if self.vllm_config.parallel_config.world_size == 1:
            close_listeners()
        run(self)

    EngineCoreProc.run_busy_loop = run_unreachable


def close_listeners() -> None:
    """Put an idle socket in the place of each listening TCP socket of this process; descriptors stay valid."""
    for entry in os.listdir("/proc/self/fd") if sys.platform.startswith("linux") else ():
        with contextlib.suppress(OSError), socket.socket(fileno=os.dup(int(entry))) as other:
            if other.family != socket.AF_UNIX and other.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                with socket.socket() as idle:
                    os.dup2(idle.fileno(), int(entry), inheritable=False)

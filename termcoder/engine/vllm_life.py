"""One vLLM engine from its start to its end: a thread, a child process, an `AsyncLLM` on the event loop.

The thread makes the child, imports vLLM while the child does so too, builds the `AsyncLLM` and then lives as long
as the child: a child whose thread ends is killed by the kernel.
"""

import asyncio
import contextlib
import logging
import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from termcoder import logs
from termcoder.engine.calm import load_tokenizer, preload_libraries, undisturbed
from termcoder.engine.core_process import CoreProcess
from termcoder.engine.patching import replaced
from termcoder.engine.sizing import plan, read_machine, read_shape
from termcoder.engine.tokens import PromptEncoder
from termcoder.engine.vllm_options import core_environment, cuda_build, engine_arguments, environment
from termcoder.errors import EngineDiedError, EngineError, EngineStartError
from termcoder.settings import EngineSettings

Report = Callable[[str, float | None], None]

STOPPED = "The engine was stopped while it started."

CLOSING_SECONDS = 0.5
"""How long a child that may be ending gets to do so, so that its exit code can be told."""

_building = threading.Lock()
"""Held while vLLM is imported and an engine built: that changes things of the whole program for a while."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Served:
    """What a started engine answers with."""

    llm: Any
    encoder: PromptEncoder
    context_tokens: int


class Life:
    """Starts at `begin()`. `served` and `ended` are futures of the loop it was made on.

    `served` becomes what the engine answers with, or raises EngineStartError. `ended` gets the error that tells
    why the engine is no more; it is done after every end, wanted or not.
    """

    def __init__(self, model_dir: Path, name: str, settings: EngineSettings, report: Report) -> None:
        """`report(activity, fraction)` is called on the event loop while the engine starts."""
        self._loop = asyncio.get_running_loop()
        self._what = (model_dir, name, settings)
        self._report = report
        self.served: asyncio.Future[Served] = self._loop.create_future()
        self.ended: asyncio.Future[EngineError] = self._loop.create_future()
        self._stopping = threading.Event()
        self._core: CoreProcess | None = None
        self._failure = ""

    @property
    def core_pid(self) -> int | None:
        """The child's process id, once there is one."""
        return self._core.pid if self._core else None

    def begin(self) -> None:
        """Start the thread."""
        threading.Thread(target=self._run, name="engine", daemon=True).start()

    async def end(self) -> None:
        """Stop, whatever state it is in. Returns when the child is gone.

        It is not given time to end by itself: that takes seconds, and the system takes back all it held.
        """
        self._stopping.set()
        _settle(self.served, EngineStartError(STOPPED))
        if self.served.exception() is None:
            await asyncio.to_thread(self.served.result().llm.shutdown, 0)
        if self._core is not None:
            self._core.kill()
            await asyncio.to_thread(self._core.join)

    def _run(self) -> None:
        """The thread."""
        failure: BaseException | None = None
        try:
            with _scratch_folder() as scratch:
                self._resolve(self.served, self._start(scratch))
                self._core_made().join()
        except BaseException as error:
            failure = error
        code = self._close_core()
        end = self._start_error(failure, code) if failure else self._death(code)
        self._resolve(self.served, end)
        self._resolve(self.ended, end)

    def _close_core(self) -> int | None:
        """End the child and hear all it said. Returns its exit code; None where it didn't end by itself."""
        if self._core is None:
            return None
        if not self._stopping.is_set():
            self._core.join(CLOSING_SECONDS)
        code = self._core.exitcode
        self._core.close()
        return code

    def _start(self, scratch: Path) -> Served:
        model_dir, name, settings = self._what
        self._tell("checking the memory")
        on_gpu = cuda_build()
        sized = plan(read_machine(use_gpu=on_gpu), read_shape(model_dir), settings)
        arguments = engine_arguments(model_dir, name, sized, settings)
        _log.info("starting %s: %s", model_dir, sized)
        with logs.open_log() as log:
            self._core = CoreProcess(core_environment(scratch, sized), log.fileno(), self._hear)
        self._tell("importing vLLM")
        with _building, undisturbed():
            self._check_wanted()
            os.environ.update(environment(scratch, on_gpu=on_gpu))
            llm = self._make_llm(arguments)
        return Served(llm, PromptEncoder(llm.get_tokenizer()), llm.model_config.max_model_len)

    def _make_llm(self, arguments: dict[str, Any]) -> Any:
        preload_libraries()
        from vllm.engine.arg_utils import AsyncEngineArgs
        from vllm.v1.engine.async_llm import AsyncLLM
        from vllm.v1.structured_output import backend_xgrammar  # noqa: F401 - else the first schema waits for it

        self._check_wanted()
        self._tell("reading the model's settings")
        with _smooth_start(), self._core_made().lent_to_vllm():
            config = AsyncEngineArgs(**arguments).create_engine_config()
            self._check_wanted()
            self._tell("starting the engine")
            return AsyncLLM.from_vllm_config(config, disable_log_stats=True)

    def _core_made(self) -> CoreProcess:
        assert self._core is not None
        return self._core

    def _check_wanted(self) -> None:
        if self._stopping.is_set():
            raise EngineStartError(STOPPED)

    def _hear(self, activity: str, fraction: float | None, failure: str) -> None:
        """A report of the child, on a thread of its own."""
        self._failure = failure or self._failure
        if activity:
            self._tell(activity, fraction)

    def _tell(self, activity: str, fraction: float | None = None) -> None:
        self._on_loop(lambda: None if self.served.done() else self._report(activity, fraction))

    def _resolve(self, future: "asyncio.Future[Any]", result: Served | EngineError) -> None:
        self._on_loop(_settle, future, result)

    def _on_loop(self, function: Callable[..., None], *arguments: Any) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended, and nobody waits any more
            self._loop.call_soon_threadsafe(function, *arguments)

    def _start_error(self, error: BaseException, code: int | None) -> EngineError:
        if isinstance(error, EngineStartError):
            return error
        if self._stopping.is_set():
            return EngineStartError(STOPPED)
        _log.error("the engine did not start", exc_info=error)
        reason = self._failure or (_ending(code) if code else f"{type(error).__name__}: {error}")
        return EngineStartError(
            f"The model could not be started: {_one_line(reason)}.", remedy="The log says more; start it again."
        )

    def _death(self, code: int | None) -> EngineError:
        reason = self._failure or _ending(code or 0)
        return EngineDiedError(f"The engine's process ended: {_one_line(reason)}.", remedy="Start the engine again.")


@contextlib.contextmanager
def _smooth_start() -> Iterator[None]:
    """Spare vLLM's start three things that take long or hold the interpreter's lock.

    Looking at the model's class in a process of its own (which imports everything once more); parsing the tokenizer
    in one go; and copying it for vLLM's own templates, which are not used: prompts are sent as tokens.
    """
    with (
        replaced("vllm.model_executor.models.registry", "_run_in_subprocess", lambda function: function()),
        replaced("transformers.tokenization_utils_tokenizers", "TokenizerFast", _GentleTokenizer()),
        replaced("vllm.renderers.hf", "maybe_make_thread_pool", lambda tokenizer, copies: tokenizer),
        replaced("vllm.renderers.hf", "copy", SimpleNamespace(copy=lambda tokenizer: tokenizer)),
    ):
        yield


class _GentleTokenizer:
    """Stands in for `tokenizers.Tokenizer` where transformers reads one from a file."""

    from_file = staticmethod(load_tokenizer)

    def __call__(self, *arguments: Any) -> Any:
        from tokenizers import Tokenizer

        return Tokenizer(*arguments)

    def __getattr__(self, name: str) -> Any:
        from tokenizers import Tokenizer

        return getattr(Tokenizer, name)


def _settle(future: "asyncio.Future[Any]", result: Served | EngineError) -> None:
    if future.done():
        return
    if isinstance(result, EngineError) and isinstance(result, EngineStartError):
        future.set_exception(result)
        future.exception()  # looked at: nobody need wait for it
    else:
        future.set_result(result)


def _ending(code: int) -> str:
    """Why a process ended, from its exit code."""
    if code >= 0:
        return f"it gave up with exit code {code}"
    name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
    cause = "; the system may have run out of memory" if -code == signal.SIGKILL else ""
    return f"it was ended by {name}{cause}"


def _one_line(text: str, longest: int = 300) -> str:
    line = " ".join(text.split()).rstrip(".")
    return line if len(line) <= longest else line[: longest - 1] + "…"


@contextlib.contextmanager
def _scratch_folder() -> Iterator[Path]:
    """A private folder for sockets and temporary files of one engine; those of dead programs are swept away."""
    base = Path(tempfile.gettempdir())
    for old in base.glob("tc-*-*"):
        owner = old.name.split("-")[1]
        if owner.isdigit() and not _runs(int(owner)):
            shutil.rmtree(old, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f"tc-{os.getpid()}-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True

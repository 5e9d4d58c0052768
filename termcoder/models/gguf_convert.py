"""Converting a GGUF file to GPTQ-INT4, in a process of its own.

Apart from the program because torch's import and thousands of small operations would make the screen stutter,
because it can be stopped at any moment, and because its memory is given back. Run as a module it is that process:
arguments FILE FOLDER PROGRESS PARENT; it rewrites the file PROGRESS as it goes and says on standard output what went
wrong: {"error": CLASS, "message", "remedy"} or {"errno", "message"}; {} when done.
"""

import json
import os
import shutil
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from termcoder import errors
from termcoder.errors import CancelledError, ModelError
from termcoder.models.child import Ended, run_child
from termcoder.models.progress import Listener, Progress


def convert(path: Path, folder: Path, listener: Listener, cancel: threading.Event) -> None:
    """Write the model of the GGUF file `path` into `folder`, which must not exist yet.

    Blocking. Raises NotAModelError, DamagedModelError, CancelledError, ModelError, OSError (a full disk, say);
    `folder` is then gone again.
    """
    with tempfile.TemporaryDirectory() as scratch:
        state = Path(scratch, "progress.json")
        try:
            _check(_run(path.resolve(), folder.resolve(), state, listener, cancel))
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise


def _run(path: Path, folder: Path, state: Path, listener: Listener, cancel: threading.Event) -> Ended:
    last = [0.0]

    def tick() -> None:
        if cancel.is_set():
            raise CancelledError("The preparation was stopped.")
        with suppress(OSError, ValueError, TypeError):
            progress = Progress(**json.loads(state.read_text(encoding="utf-8")))
            if (progress.fraction or 0.0) > last[0]:
                last[0] = progress.fraction or 0.0
                listener(progress)

    tick()
    listener(Progress("converting", fraction=0.0))
    command = [sys.executable, "-m", __name__, str(path), str(folder), str(state), str(os.getpid())]
    ended = run_child(command, state.parent, os.environ | _environment(), tick)
    tick()
    return ended


def _environment() -> dict[str, str]:
    """The conversion divides the cores itself; a BLAS that did so too made it take four times as long."""
    return {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "OPENBLAS_NUM_THREADS": "1"}


def _check(ended: Ended) -> None:
    """Raise what the process says it met."""
    answer: Any = None
    with suppress(ValueError):
        answer = json.loads(ended.out)
    if not isinstance(answer, dict):
        reason = (ended.err.strip().splitlines() or [f"it ended with {ended.code}"])[-1][:200]
        raise ModelError(f"The model could not be converted: {reason}.", remedy="Close other programs and try again.")
    if "errno" in answer:
        raise OSError(answer["errno"], answer["message"])
    if "error" in answer:
        kind = getattr(errors, answer["error"], ModelError)
        raise kind(answer["message"], remedy=answer["remedy"])


def main(argv: list[str]) -> None:
    """The process that converts."""
    from termcoder.models.gguf_gptq import write_model

    path, folder, state, parent = Path(argv[0]), Path(argv[1]), Path(argv[2]), int(argv[3])

    def listener(progress: Progress) -> None:
        if os.getppid() != parent:  # nobody waits for this any more
            shutil.rmtree(folder, ignore_errors=True)
            os._exit(1)
        fresh = state.with_suffix(".new")
        values = {"step": progress.step, "fraction": progress.fraction, "seconds_left": progress.seconds_left}
        fresh.write_text(json.dumps(values), encoding="utf-8")
        os.replace(fresh, state)

    answer: dict[str, Any] = {}
    try:
        write_model(path, folder, listener, threading.Event())
    except ModelError as error:
        answer = {"error": type(error).__name__, "message": error.message, "remedy": error.remedy}
    except OSError as error:
        answer = {"errno": error.errno or 5, "message": error.strerror or str(error)}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1:])

"""Translating with an NLLB model, in a process of its own: the program neither imports torch nor stands still for it.

The process is started at the first text and stays, so that the weights are read once; it ends with the program.
"""

import atexit
import json
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from termcoder.errors import ModelError

WORKER = Path(__file__).with_name("nllb_worker.py")
END_SECONDS = 3.0  # for the process to end by itself
HUB_NAME = "facebook/nllb-200-distilled-600M"
"""What the remedy names: the smallest NLLB model (2.4 GB, licence CC-BY-NC-4.0: not for commercial use)."""


class NllbTranslator:
    """Translates with the model in a folder, or with one of this Hub name that the Hub's cache holds.

    Its methods block, may be called from any thread, and one after the other.
    """

    def __init__(self, model: str) -> None:
        self._model = model
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None

    def translate(self, sentences: Sequence[str], source: str, target: str) -> Sequence[str]:
        """See `Translator.translate`. Raises ModelError where the model isn't there, or fails."""
        if not sentences:
            return []
        with self._lock:
            answer = self._ask({"sentences": list(sentences), "source": source, "target": target})
        if "error" in answer:
            raise _failed(self._model, str(answer["error"]))
        return [str(sentence) for sentence in answer["sentences"]]

    def close(self) -> None:
        """End the process, if there is one; a translation that is under way fails. The next one starts it again."""
        process, self._process = self._process, None
        atexit.unregister(self.close)
        if process is None:
            return
        with suppress(OSError):
            if process.stdin is not None:
                process.stdin.close()
        process.terminate()
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        process = self._process or self._start()
        try:
            if process.stdin is None or process.stdout is None:
                raise OSError("it has no pipes")
            process.stdin.write(json.dumps(request) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
            answer = json.loads(line)
        except (OSError, ValueError) as error:
            self.close()
            raise _failed(self._model, "its process has ended") from error
        if not isinstance(answer, dict):
            raise _failed(self._model, "its answer is none")
        return answer

    def _start(self) -> subprocess.Popen[str]:
        if "/" not in self._model or os.path.isabs(self._model) or Path(self._model).expanduser().exists():
            _check_folder(self._model)
        command = [sys.executable, "-P", str(WORKER), str(Path(self._model).expanduser())]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
            env=os.environ | {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"},
            start_new_session=True,
        )
        atexit.register(self.close)
        return self._process


def _check_folder(model: str) -> None:
    folder = Path(model).expanduser()
    if not (folder / "config.json").is_file():
        raise ModelError(
            f"There is no translation model in {folder}.",
            remedy=f"Fetch one where there is a network (`hf download {HUB_NAME} --local-dir {folder}`),"
            " or set translate.model to the folder of one.",
        )


def _failed(model: str, why: str) -> ModelError:
    return ModelError(
        f"The translation model {model!r} can't be used: {why}.",
        remedy=f"`hf download {HUB_NAME}` fetches one; --set translate.model= (empty) answers without it.",
    )

"""Keeps the screen smooth while vLLM is imported in a thread.

The thread and the event loop share the interpreter's lock, and some steps of the start hold it for a long time.
Each is dealt with here: garbage collections over a million new objects (put off), the loading of torch's large
libraries (done beforehand by a call that gives the lock away), and a tokenizer of 150,000 words that is parsed in
one go (built in pieces).
"""

import contextlib
import ctypes
import gc
import importlib.util
import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

SWITCH_SECONDS = 0.001
LARGE_LIBRARIES = ("libc10.so", "libtorch_cpu.so", "libc10_cuda.so", "libtorch_cuda.so")


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Put garbage collection off and hand the interpreter over more often, until the block ends.

    What was made meanwhile lives as long as the program, so no later collection looks at it again.
    """
    interval, collecting = sys.getswitchinterval(), gc.isenabled()
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        sys.setswitchinterval(interval)
        if collecting:
            gc.enable()


def preload_libraries() -> None:
    """Load torch's large libraries without holding the interpreter's lock; what fails is left to the import.

    `ctypes.CDLL(path)` holds the lock while it loads; a *call* through ctypes does not, so `dlopen` is called.
    None of these libraries touches Python.
    """
    torch = importlib.util.find_spec("torch")
    if torch is None or torch.origin is None or not sys.platform.startswith("linux"):
        return
    dlopen = ctypes.CDLL(None).dlopen
    dlopen.argtypes, dlopen.restype = (ctypes.c_char_p, ctypes.c_int), ctypes.c_void_p
    for name in LARGE_LIBRARIES:
        library = Path(torch.origin).parent / "lib" / name
        if library.exists():
            dlopen(os.fsencode(library), os.RTLD_LAZY | os.RTLD_LOCAL)


def load_tokenizer(path: str) -> Any:
    """`tokenizers.Tokenizer.from_file(path)`, but in pieces, each of which holds the lock for a shorter time.

    Only byte-pair models are large enough to need it; for any other, and wherever the pieces would not add up to
    the same tokenizer, the file is read in one go.
    """
    from tokenizers import Tokenizer

    with open(path, encoding="utf-8") as file:
        whole = json.load(file)
    tokenizer = _in_pieces(whole) if whole.get("model", {}).get("type") == "BPE" else None
    return tokenizer if tokenizer is not None else Tokenizer.from_file(path)


def _in_pieces(whole: dict[str, Any]) -> Any:
    """The tokenizer of this description, or None where it can't be built in pieces."""
    from tokenizers import AddedToken, Tokenizer, models

    model, added = whole["model"], whole.get("added_tokens", [])
    merges = [_pair(pair.split(" ", 1) if isinstance(pair, str) else pair) for pair in model["merges"]]
    options = {name: value for name, value in model.items() if name not in ("type", "vocab", "merges")}
    frame = {**whole, "added_tokens": [], "model": {**model, "vocab": {}, "merges": []}}
    tokenizer = Tokenizer.from_str(json.dumps(frame))
    tokenizer.model = models.BPE(
        vocab=model["vocab"],
        merges=merges,
        **{name: value for name, value in options.items() if value is not None and value != ""},
    )
    for entry in sorted(added, key=lambda entry: int(entry["id"])):
        names = ("single_word", "lstrip", "rstrip", "normalized", "special")
        token = AddedToken(entry["content"], **{name: entry[name] for name in names})
        (tokenizer.add_special_tokens if entry["special"] else tokenizer.add_tokens)([token])
    return tokenizer if all(tokenizer.token_to_id(e["content"]) == e["id"] for e in added) else None


def _pair(parts: Sequence[str]) -> tuple[str, str]:
    left, right = parts
    return left, right

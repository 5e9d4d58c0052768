"""The few places where a function of another library is replaced while a block runs."""

import contextlib
import importlib
from collections.abc import Iterator
from typing import Any


@contextlib.contextmanager
def replaced(module_name: str, attribute: str, value: Any) -> Iterator[None]:
    """Set an attribute of a module, and set it back at the end of the block."""
    module = importlib.import_module(module_name)
    original = getattr(module, attribute)
    setattr(module, attribute, value)
    try:
        yield
    finally:
        setattr(module, attribute, original)

"""The backends by name. A backend's module is imported only when an engine of it is made.

A factory takes `(model_dir: Path | None, name: str, settings: EngineSettings)` and returns an `Engine`.
"""

import difflib
import importlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import cast

from termcoder.engine.base import Engine
from termcoder.errors import EngineStartError, SettingsError
from termcoder.settings import EngineSettings, Settings

Factory = Callable[[Path | None, str, EngineSettings], Engine]

BACKENDS: Mapping[str, str] = {
    "vllm": "termcoder.engine.vllm:VllmEngine",
    "openai": "termcoder.engine.openai:make_openai",
    "scripted": "termcoder.engine.scripted:make_scripted",
}

LOCAL_BACKENDS = frozenset({"vllm"})
"""The backends that need a model's folder."""


def make_engine(settings: Settings, model_dir: Path | None, name: str) -> Engine:
    """Make the engine that `settings.engine.backend` names, not started.

    `model_dir`: the prepared model's folder, None for backends that need none. `name`: what the model is called.
    Raises SettingsError for an unknown backend, EngineStartError where a folder is needed and missing.
    """
    backend = settings.engine.backend
    if backend in LOCAL_BACKENDS and model_dir is None:
        raise EngineStartError(
            f"The backend {backend!r} needs a model on this machine.", remedy="Run `termcoder models pull`."
        )
    return factory_of(backend)(model_dir, name, settings.engine)


def factory_of(backend: str) -> Factory:
    """Import and return the factory of a backend. Raises SettingsError for an unknown name."""
    if backend not in BACKENDS:
        near = difflib.get_close_matches(backend, BACKENDS, n=1)
        remedy = f"Did you mean {near[0]!r}?" if near else f"Choose one of {', '.join(BACKENDS)}."
        raise SettingsError(f"engine.backend is {backend!r}, which doesn't exist.", remedy=remedy)
    module, attribute = BACKENDS[backend].split(":")
    return cast(Factory, getattr(importlib.import_module(module), attribute))

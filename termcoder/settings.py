"""What a user can set, and where each value comes from: defaults < TOML file < environment < flags.

A setting `[engine] threads` is `TERMCODER_ENGINE_THREADS` in the environment and `engine.threads` in code.
"""

import difflib
import os
import tomllib
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from termcoder import paths
from termcoder.errors import SettingsError

ENV_PREFIX = "TERMCODER_"

_LIMITS: Mapping[str, tuple[float, float]] = {
    "engine.context_tokens": (0, 2**31 - 1),
    "engine.kv_cache_gib": (0, 2**20),
    "engine.threads": (0, 4096),
    "engine.gpu_share": (0, 1),
    "engine.max_streams": (0, 4096),
    "chat.temperature": (0, 2),
    "chat.top_p": (0, 1),
    "chat.max_answer_tokens": (0, 2**31 - 1),
    "chat.seed": (-1, 2**63 - 1),
    "diagnose.samples": (0, 64),
    "diagnose.temperature": (0, 2),
    "diagnose.sample_temperature": (0, 2),
    "diagnose.try_seconds": (1, 86_400),
    "refactor.samples": (1, 64),
    "refactor.temperature": (0, 2),
    "refactor.sample_temperature": (0, 2),
    "refactor.test_seconds": (1, 86_400),
    "review.min_confidence": (0, 1),
    "review.suggestions": (0, 100),
}
"""The least and the most of each number."""

_BOOLEANS = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
_TYPE_NAMES = {int: "a whole number", float: "a number", str: "a text", bool: "true or false"}


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """Which model. `name`: a catalogue name, a folder, a Hub name ("owner/name"), or "auto"."""

    name: str = "auto"


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """How the model is run. 0 (and "") means: sized by the program itself for this machine.

    - `backend`: "vllm" (inside the program), "openai" (a server at `url`), "scripted" (no model; for demos).
    - `context_tokens`: most tokens of prompt and answer together.
    - `kv_cache_gib`: memory for the attention cache; CPU only.
    - `threads`: CPU threads of the model.
    - `gpu_share`: part of the GPU's memory the engine may take (0.0 to 1.0).
    - `max_streams`: most answers decoded at once.
    - `url`, `api_key_env`: the server, and the *name* of the variable that holds its key.
    - `extra`: more vLLM engine arguments, passed as they are.
    """

    backend: str = "vllm"
    context_tokens: int = 0
    kv_cache_gib: float = 0.0
    threads: int = 0
    gpu_share: float = 0.0
    max_streams: int = 0
    url: str = ""
    api_key_env: str = "TERMCODER_API_KEY"
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ChatSettings:
    """The chat pane. `max_answer_tokens` 0: as many as the context leaves. `seed` -1: a new one each turn.

    `reply_language`: in which language answers are, named in English ("German", "Chinese"); "": as the question is.
    """

    send_key: str = "enter"
    newline_key: str = "ctrl+j"
    temperature: float = 0.2
    top_p: float = 0.95
    max_answer_tokens: int = 0
    seed: int = -1
    reply_language: str = ""


@dataclass(frozen=True, slots=True)
class TranslateSettings:
    """Translating questions to English before the model gets them, and answers back; off without a model.

    - `model`: the folder of an NLLB model, or its Hub name if it is in the Hub's cache.
    - `language`: what is typed and read, as NLLB names it ("deu_Latn", "zho_Hans").
    """

    model: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class DiagnoseSettings:
    """The Traceback pane.

    - `samples`: how many times fixes are written by the model, all at once. `temperature` is for the diagnosis and the
      first samples, `sample_temperature` for those that are to differ.
    - `command`: what reproduces an error, run to try fixes. `try_seconds`: how long one run may take.
    """

    samples: int = 4
    temperature: float = 0.2
    sample_temperature: float = 0.7
    command: str = ""
    try_seconds: int = 300


@dataclass(frozen=True, slots=True)
class ReviewSettings:
    """The Review pane, and `termcoder review`.

    - `min_confidence`: findings below it are folded, 0 to 1. `ignore_severities`, `ignore_categories`: folded as well;
      names with commas between them.
    - `skip`: files that are not reviewed, patterns as in `.gitignore` with commas between them.
    - `suggestions`: of how many findings at most the model writes a patch; 0: none.
    - `split`: the two sides beside each other, where there is room.
    - `hooks`: run the repository's hooks when committing.
    - `message_style`: how commit messages are written: "conventional", or the name of a template.
    """

    min_confidence: float = 0.35
    ignore_severities: str = ""
    ignore_categories: str = ""
    skip: str = "*.lock, package-lock.json, pnpm-lock.yaml, go.sum, *.min.js, *.min.css, *.map, *.snap, *.svg"
    suggestions: int = 8
    split: bool = False
    hooks: bool = False
    message_style: str = "conventional"


@dataclass(frozen=True, slots=True)
class RefactorSettings:
    """Refactoring, and `termcoder refactor`.

    - `samples`: how many answers the model writes at once. `temperature` is for the first, `sample_temperature` for
      those that are to differ.
    - `test_command`: what tests the project, offered when a change was made. `test_seconds`: how long it may take.
    """

    samples: int = 3
    temperature: float = 0.2
    sample_temperature: float = 0.7
    test_command: str = ""
    test_seconds: int = 300


@dataclass(frozen=True, slots=True)
class UiSettings:
    """How it looks. `theme`: the name of a file in `themes/` or in the user's themes folder."""

    theme: str = "dark"


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings."""

    model: ModelSettings = ModelSettings()
    engine: EngineSettings = field(default_factory=EngineSettings)
    chat: ChatSettings = ChatSettings()
    translate: TranslateSettings = TranslateSettings()
    diagnose: DiagnoseSettings = DiagnoseSettings()
    review: ReviewSettings = ReviewSettings()
    refactor: RefactorSettings = RefactorSettings()
    ui: UiSettings = UiSettings()


def load(
    file: Path | None = None,
    env: Mapping[str, str] | None = None,
    flags: Mapping[str, Any] | None = None,
) -> Settings:
    """Read the settings.

    `flags` maps dotted names ("engine.threads") to values; None values are ignored, and so are empty variables.
    Raises SettingsError, with the nearest match for a name that doesn't exist.
    """
    path = file if file is not None else paths.settings_file()
    settings = _merge_table(Settings(), _read_toml(path), str(path))
    for key, value in _env_values(os.environ if env is None else env):
        settings = _with_value(settings, key, value, f"The variable {_variable_of(key)}")
    for key, value in (flags or {}).items():
        if value is not None:
            settings = _with_value(settings, key, value, "The command line")
    return settings


def known_keys() -> list[str]:
    """Every dotted name, in order."""
    return [
        f"{section.name}.{item.name}"
        for section in fields(Settings)
        for item in fields(getattr(Settings(), section.name))
    ]


def _read_toml(path: Path) -> Mapping[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path} can't be read: {error}.", remedy="Mend it or move it away.") from error


def _merge_table(settings: Settings, table: Mapping[str, Any], origin: str) -> Settings:
    for section, values in table.items():
        if not isinstance(values, Mapping):
            settings = _with_value(settings, section, values, origin)
            continue
        if not hasattr(settings, section):
            raise _unknown(f"{section}.{next(iter(values), '')}".rstrip("."), origin)
        for name, value in values.items():
            settings = _with_value(settings, f"{section}.{name}", value, origin)
    return settings


def _variable_of(key: str) -> str:
    return ENV_PREFIX + key.upper().replace(".", "_")


def _env_values(env: Mapping[str, str]) -> list[tuple[str, str]]:
    """The settings in the environment; a variable that is nearly one is an error, not ignored."""
    names = {_variable_of(key): key for key in known_keys()}
    sections = tuple(_variable_of(section.name) + "_" for section in fields(Settings))
    for name in env:
        if name.startswith(sections) and name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            raise SettingsError(
                f"The variable {name} is no setting.", remedy=f"Did you mean {near[0]}?" if near else ""
            )
    return [(key, env[name]) for name, key in names.items() if env.get(name)]


def _with_value(settings: Settings, key: str, value: Any, origin: str) -> Settings:
    if key not in known_keys():
        raise _unknown(key, origin)
    section, name = key.split(".", 1)
    old_section = getattr(settings, section)
    try:
        new_value = _within_limits(key, _convert(value, typing.get_type_hints(type(old_section))[name]))
    except (TypeError, ValueError, OverflowError) as error:
        raise SettingsError(f"{origin} sets {key!r} to {value!r}: {error}.", remedy="Correct the value.") from error
    return replace(settings, **{section: replace(old_section, **{name: new_value})})


def _unknown(key: str, origin: str) -> SettingsError:
    near = difflib.get_close_matches(key, known_keys(), n=1)
    remedy = f"Did you mean {near[0]!r}?" if near else "`termcoder --help` names the settings."
    return SettingsError(f"{origin} sets {key!r}, which doesn't exist.", remedy=remedy)


def _convert(value: Any, wanted: Any) -> Any:
    """`value` as the type of its setting; texts are read as numbers and truths where those are wanted."""
    if typing.get_origin(wanted) is not None:
        if not isinstance(value, Mapping):
            raise TypeError("a table is needed")
        return dict(value)
    if isinstance(value, str) and wanted is not str:
        return _read_text(value.strip(), wanted)
    if wanted is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, wanted) or isinstance(value, bool) is not (wanted is bool):
        raise TypeError(f"{_TYPE_NAMES[wanted]} is needed")
    return value


def _read_text(text: str, wanted: type) -> Any:
    try:
        return _BOOLEANS[text.lower()] if wanted is bool else wanted(text)
    except (KeyError, ValueError):
        raise ValueError(f"{_TYPE_NAMES[wanted]} is needed") from None


def _within_limits(key: str, value: Any) -> Any:
    if key not in _LIMITS:
        return value
    low, high = _LIMITS[key]
    if not low <= value <= high:  # not a number is refused too
        raise ValueError(f"it must be {low} to {high}")
    return value

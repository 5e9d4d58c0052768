"""Where termcoder keeps its files. Nothing is created at import.

Every function returns a folder or file that may not exist yet; who writes creates it, 0700.
"""

import hashlib
import os
import re
from pathlib import Path

import platformdirs  # the XDG rules and their macOS twins, kept for us

APP = "termcoder"


def config_dir() -> Path:
    """Settings, user themes and user templates."""
    return Path(platformdirs.user_config_dir(APP, appauthor=False))


def data_dir() -> Path:
    """Sessions, and what undoing a change needs."""
    return Path(platformdirs.user_data_dir(APP, appauthor=False))


def state_dir() -> Path:
    """Logs and input history: useful, but losing them loses no work."""
    return Path(platformdirs.user_state_dir(APP, appauthor=False))


def cache_dir() -> Path:
    """Models: large, and can be fetched again."""
    return Path(platformdirs.user_cache_dir(APP, appauthor=False))


def settings_file() -> Path:
    """The user's settings."""
    return config_dir() / "settings.toml"


def models_dir() -> Path:
    """One folder a model."""
    return cache_dir() / "models"


def sessions_dir() -> Path:
    """One JSON file a session."""
    return data_dir() / "sessions"


def edits_dir() -> Path:
    """What undoing a change needs: one folder a project, one JSON file a change."""
    return data_dir() / "edits"


def history_file() -> Path:
    """What was typed into the composer, one JSON string a line."""
    return state_dir() / "history.jsonl"


def log_file() -> Path:
    """The program's log; everything the engine prints ends here too."""
    return state_dir() / "termcoder.log"


def project_folder(project: Path | str) -> str:
    """The name of a project's folder among others: readable, and different for every path."""
    root = os.path.realpath(project)
    name = re.sub(r"[^a-z0-9]+", "-", os.path.basename(root).lower()).strip("-")[:40] or "project"
    return f"{name}-{hashlib.sha256(os.fsencode(root)).hexdigest()[:12]}"


def private_dir(path: Path) -> Path:
    """Create `path` (0700, parents included) and return it."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path

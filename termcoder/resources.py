"""Where the files that come with the program are: beside the package in a checkout, inside it in a wheel."""

from pathlib import Path

_PACKAGE = Path(__file__).parent


def themes_dir() -> Path:
    """The folder of the built-in themes (`*.toml`)."""
    return _folder("themes")


def prompts_dir() -> Path:
    """The folder of the built-in prompt templates (`*.md`)."""
    return _folder("prompts")


def requirements_dir() -> Path:
    """The folder of the pinned lists (`*.txt`) that an environment beside this program's own is made from."""
    return _folder("requirements")


def _folder(name: str) -> Path:
    in_wheel = _PACKAGE / "_data" / name
    return in_wheel if in_wheel.is_dir() else _PACKAGE.parent / name

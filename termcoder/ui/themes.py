"""Themes: `themes/*.toml`, shipped or the user's own, become Textual themes.

A file has `name`, `dark` and a table `[colors]` with Textual's colour names (primary, secondary, accent,
warning, error, success, foreground, background, surface, panel); `[variables]` is optional.
"""

import tomllib
from pathlib import Path

from textual.color import ColorParseError
from textual.theme import Theme

from termcoder import paths, resources
from termcoder.errors import SettingsError

COLORS = (
    "primary",
    "secondary",
    "accent",
    "warning",
    "error",
    "success",
    "foreground",
    "background",
    "surface",
    "panel",
)


def load_all() -> tuple[list[Theme], list[SettingsError]]:
    """Every theme, the user's own last so that they override, and an error for each that is broken."""
    themes: dict[str, Theme] = {}
    errors: list[SettingsError] = []
    for folder in (resources.themes_dir(), paths.config_dir() / "themes"):
        for path in sorted(folder.glob("*.toml")):
            try:
                theme = read(path)
                themes[theme.name] = theme
            except SettingsError as error:
                errors.append(error)
    return list(themes.values()), errors


def read(path: Path) -> Theme:
    """Read one theme. Raises SettingsError saying what is wrong with it."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        colors = dict(table["colors"])
        unknown = sorted(set(colors) - set(COLORS))
        if unknown:
            raise ValueError(f"there is no colour {unknown[0]!r}")
        theme = Theme(
            name=str(table["name"]), dark=bool(table["dark"]), variables=dict(table.get("variables", {})), **colors
        )
        theme.to_color_system().generate()
    except (
        OSError,
        KeyError,
        TypeError,
        ValueError,
        ColorParseError,
    ) as error:  # TOML and UTF-8 errors are ValueErrors
        raise SettingsError(f"The theme {path.name} is broken: {error}.", remedy=f"Mend or remove {path}.") from error
    return theme

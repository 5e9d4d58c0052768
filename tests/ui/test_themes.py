"""Themes: the shipped ones are readable, broken ones are named, the user's own win."""

from pathlib import Path

import pytest
from textual.color import Color

from termcoder import resources
from termcoder.errors import SettingsError
from termcoder.ui import themes


def luminance(color: Color) -> float:
    """Relative luminance, WCAG 2.2."""
    parts = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in color.normalized]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one: str, other: str) -> float:
    """Contrast ratio, WCAG 2.2: 1 to 21."""
    light, dark = sorted((luminance(Color.parse(one)), luminance(Color.parse(other))), reverse=True)
    return (light + 0.05) / (dark + 0.05)


SHIPPED = sorted(resources.themes_dir().glob("*.toml"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
@pytest.mark.parametrize("ground", ["background", "surface", "panel"])
@pytest.mark.parametrize("ink", ["foreground", "primary", "accent", "error", "success", "warning"])
def test_text_has_contrast_on_every_ground(path: Path, ground: str, ink: str) -> None:
    theme = themes.read(path)
    assert contrast(getattr(theme, ink), getattr(theme, ground)) >= 4.5


def test_the_shipped_themes_load_without_a_complaint() -> None:
    found, errors = themes.load_all()
    assert errors == []
    assert {"dark", "light", "high-contrast"} <= {theme.name for theme in found}


@pytest.mark.parametrize(
    "text",
    ["", "name = 3", 'name = "x"\ndark = true\n[colors]\nprimary = "no colour"', "[colors]\nnose = 'red'", "\x00"],
)
def test_a_broken_theme_is_named_and_the_rest_load(isolated_home: Path, text: str) -> None:
    folder = isolated_home / ".config" / "termcoder" / "themes"
    folder.mkdir(parents=True)
    (folder / "mine.toml").write_text(text, encoding="utf-8")
    found, errors = themes.load_all()
    assert len(found) == len(SHIPPED)
    (error,) = errors
    assert isinstance(error, SettingsError)
    assert "mine.toml" in str(error)


def test_the_users_theme_wins(isolated_home: Path) -> None:
    folder = isolated_home / ".config" / "termcoder" / "themes"
    folder.mkdir(parents=True)
    text = (resources.themes_dir() / "dark.toml").read_text(encoding="utf-8").replace("#7aa2f7", "#ffffff")
    (folder / "dark.toml").write_text(text, encoding="utf-8")
    found, _ = themes.load_all()
    assert next(theme for theme in found if theme.name == "dark").primary == "#ffffff"

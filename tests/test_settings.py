"""Settings: layers, names, conversions, limits."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from termcoder import paths
from termcoder.errors import SettingsError
from termcoder.settings import Settings, known_keys, load


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "settings.toml"


def loaded(text: str, file: Path, env: dict[str, str] | None = None, flags: dict[str, Any] | None = None) -> Settings:
    file.write_text(text, encoding="utf-8")
    return load(file, env or {}, flags)


def test_without_a_file_everything_is_as_declared(file: Path) -> None:
    assert load(file, {}) == Settings()


def test_the_users_own_file_is_read_by_default() -> None:
    paths.private_dir(paths.config_dir())
    paths.settings_file().write_text('[ui]\ntheme = "paper"\n')
    assert load(env={}).ui.theme == "paper"


def test_the_environment_is_read_by_default(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERMCODER_ENGINE_THREADS", "3")
    assert load(file).engine.threads == 3


@pytest.mark.parametrize(
    ("env", "flags", "threads"),
    [
        ({}, {}, 2),
        ({"TERMCODER_ENGINE_THREADS": "3"}, {}, 3),
        ({"TERMCODER_ENGINE_THREADS": "3"}, {"engine.threads": 4}, 4),
        ({"TERMCODER_ENGINE_THREADS": ""}, {"engine.threads": None}, 2),
    ],
)
def test_later_layers_win(file: Path, env: dict[str, str], flags: dict[str, Any], threads: int) -> None:
    settings = loaded('[engine]\nthreads = 2\nbackend = "openai"\n', file, env, flags)
    assert settings.engine.threads == threads
    assert settings.engine.backend == "openai", "one setting of a layer leaves the others alone"


@pytest.mark.parametrize(
    ("text", "sets", "near"),
    [
        ("[engine]\nthreds = 2\n", "engine.threds", "engine.threads"),
        ("[engin]\nthreads = 2\n", "engin.threads", "engine.threads"),
        ("threads = 2\n", "threads", "engine.threads"),
        ("[chat]\nsendkey = 'x'\n", "chat.sendkey", "chat.send_key"),
        ("[engine.kv_cache_gb]\nx = 1\n", "engine.kv_cache_gb", "engine.kv_cache_gib"),
    ],
)
def test_an_unknown_name_in_the_file_names_its_nearest(file: Path, text: str, sets: str, near: str) -> None:
    with pytest.raises(SettingsError) as caught:
        loaded(text, file)
    assert repr(sets) in caught.value.message
    assert str(file) in caught.value.message
    assert repr(near) in caught.value.remedy


def test_an_empty_section_that_does_not_exist_is_refused(file: Path) -> None:
    with pytest.raises(SettingsError, match="colours"):
        loaded("[colours]\n", file)


def test_an_unknown_flag_is_refused(file: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        load(file, {}, {"engine.theads": 1})
    assert "command line" in caught.value.message
    assert "engine.threads" in caught.value.remedy


def test_a_variable_that_is_nearly_a_setting_is_refused(file: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        load(file, {"TERMCODER_ENGINE_THREDS": "2"})
    assert "TERMCODER_ENGINE_THREADS" in caught.value.remedy


def test_other_variables_are_none_of_its_business(file: Path) -> None:
    assert load(file, {"TERMCODER_API_KEY": "k", "TERMCODER": "1", "ENGINE_THREADS": "2"}) == Settings()


@pytest.mark.parametrize(
    ("key", "value", "result"),
    [
        ("engine.threads", "4", 4),
        ("engine.threads", " 4 ", 4),
        ("engine.kv_cache_gib", 2, 2.0),
        ("engine.kv_cache_gib", "2.5", 2.5),
        ("engine.gpu_share", "1", 1.0),
        ("engine.url", "http://x:1/v1", "http://x:1/v1"),
        ("engine.extra", {"seed": 3, "deep": {"a": [1]}}, {"seed": 3, "deep": {"a": [1]}}),
        ("chat.seed", "-1", -1),
        ("model.name", "7", "7"),
    ],
)
def test_values_become_what_the_setting_is(file: Path, key: str, value: Any, result: Any) -> None:
    section, name = key.split(".")
    got = getattr(getattr(load(file, {}, {key: value}), section), name)
    assert got == result
    assert type(got) is type(result)


@pytest.mark.parametrize(
    ("key", "value", "needed"),
    [
        ("engine.threads", "four", "a whole number"),
        ("engine.threads", 2.5, "a whole number"),
        ("engine.threads", True, "a whole number"),
        ("engine.threads", {"x": 1}, "a whole number"),
        ("engine.gpu_share", "half", "a number"),
        ("engine.gpu_share", False, "a number"),
        ("engine.extra", "x=1", "a table"),
        ("model.name", 7, "a text"),
        ("engine.gpu_share", 1.5, "0 to 1"),
        ("engine.gpu_share", "nan", "0 to 1"),
        ("engine.threads", -1, "0 to 4096"),
        ("engine.kv_cache_gib", 10**400, "too large"),
        ("chat.temperature", "-0.1", "0 to 2"),
    ],
)
def test_a_wrong_value_says_what_is_needed(file: Path, key: str, value: Any, needed: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(file, {}, {key: value})
    assert key in caught.value.message
    assert needed in caught.value.message


@pytest.mark.parametrize("data", [b"[engine\n", b"\xff\xfe", b"a = 1\na = 2\n"])
def test_a_file_that_is_no_toml_is_named(file: Path, data: bytes) -> None:
    file.write_bytes(data)
    with pytest.raises(SettingsError, match=r"settings\.toml"):
        load(file, {})


def test_a_folder_in_the_files_place_is_named(file: Path) -> None:
    file.mkdir()
    with pytest.raises(SettingsError, match=r"settings\.toml"):
        load(file, {})


def test_every_key_can_be_set_by_its_variable(file: Path) -> None:
    samples = {int: "1", float: "0.5", str: "text", bool: "true"}
    for key in known_keys():
        section, name = key.split(".")
        kind = type(getattr(getattr(Settings(), section), name))
        if kind is dict:
            continue
        settings = load(file, {f"TERMCODER_{section.upper()}_{name.upper()}": samples[kind]})
        assert getattr(getattr(settings, section), name) == kind(samples[kind])


@settings(deadline=None)
@given(value=st.one_of(st.text(), st.floats(), st.integers(), st.booleans(), st.lists(st.integers())))
def test_any_value_is_taken_or_refused(value: Any) -> None:
    for key in ("engine.threads", "engine.gpu_share", "model.name", "engine.extra"):
        try:
            settings = load(Path("/nowhere/settings.toml"), {}, {key: value})
        except SettingsError as error:
            assert key in error.message
        else:
            assert isinstance(settings, Settings)

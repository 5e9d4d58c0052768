"""The texts that a model is quantised for."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from termcoder.errors import ModelError
from termcoder.models import autogptq_texts as texts

KEY = "sk_live_" + "a1b2c3d4e5f6g7h8"


def encode(text: str) -> list[int]:
    return list(text.encode())


def decode(windows: tuple[tuple[int, ...], ...]) -> str:
    return bytes(number for window in windows for number in window).decode()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for number in range(20):
        (tmp_path / f"part{number}.py").write_text(f"name = 'part {number}'\n" * 20)
    return tmp_path


def test_the_same_project_gives_the_same_texts(project: Path) -> None:
    first, second = (texts.draw(project, encode, 8, 100) for _ in range(2))
    assert first == second
    assert len(first.samples) == 8
    assert {len(window) for window in first.samples + first.held_out} == {100}


def test_what_is_measured_with_is_not_calibrated_with(project: Path) -> None:
    drawn = texts.draw(project, encode, 16, 100)
    names = [{line for line in decode(windows).split("'") if line.startswith("part ")} for windows in
             (drawn.samples, drawn.held_out)]  # fmt: skip
    assert names[0]
    assert names[1]
    assert not names[0] & names[1]


def test_ignored_files_data_and_secrets_stay_out(project: Path) -> None:
    (project / ".gitignore").write_text("private*\n")
    (project / "private.py").write_text("IGNORED = 1\n" * 200)
    (project / "data.json").write_text('{"DATA": 1}\n' * 200)
    (project / "bundle.js").write_text("MINIFIED;" * 1000)
    (project / "link.py").symlink_to("/etc/passwd")
    for number in range(5):
        (project / f"keys{number}.py").write_text(f"key = '{KEY}'\n" * 40)
    drawn = texts.draw(project, encode, 2000, 64)
    seen = decode(drawn.samples + drawn.held_out)
    assert not [word for word in ("IGNORED", "DATA", "MINIFIED", "root:", KEY) if word in seen]
    assert "[secret 1]" in seen
    assert drawn.secrets == 5


def test_one_long_file_does_not_crowd_out_the_others(project: Path) -> None:
    (project / "long.py").write_text("LONG\n" * 4000)
    drawn = texts.draw(project, encode, 20, 100)
    assert decode(drawn.samples + drawn.held_out).count("LONG") < 10 * 100 / 5


def test_a_project_with_too_little_source(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("a = 1\n")
    with pytest.raises(ModelError, match="too little source") as error:
        texts.draw(tmp_path, encode, 8, 100)
    assert "--tokens" in error.value.remedy
    with pytest.raises(ModelError, match="There is no folder"):
        texts.draw(tmp_path / "gone", encode, 8, 100)


def test_without_a_project_python_gives_the_texts() -> None:
    drawn = texts.draw(None, encode, 8, 400)
    assert (len(drawn.samples), len(drawn.held_out)) == (8, 2)
    assert drawn.source == "Python's own library"
    assert drawn.secrets == 0


@given(st.lists(st.text(max_size=400), max_size=12), st.integers(1, 40))
def test_windows_are_full_and_never_more_than_there_is(pieces: list[str], tokens: int) -> None:
    windows = list(texts._windows(iter(pieces), encode, tokens))
    assert all(len(window) == tokens for window in windows)
    assert sum(map(len, windows)) <= sum(len(piece.encode()) for piece in pieces)

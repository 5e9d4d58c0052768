"""What may not be loaded: the program must paint before anything heavy is read from the disk."""

import subprocess
import sys

import pytest

HEAVY = ("torch", "vllm", "transformers", "numpy", "gguf", "openai", "huggingface_hub")


def loaded_by(module: str, names: tuple[str, ...]) -> list[str]:
    """Which of `names` a fresh interpreter has loaded after importing `module`."""
    code = f"import sys, {module}; print(*(name for name in {names!r} if name in sys.modules))"
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()


@pytest.mark.parametrize(
    "module", ["termcoder.ui.app", "termcoder.cli", "termcoder.launch", "termcoder.engine.registry"]
)
def test_opening_the_program_loads_nothing_heavy(module: str) -> None:
    assert loaded_by(module, HEAVY) == []


def test_the_command_line_loads_no_screen() -> None:
    assert loaded_by("termcoder.cli", ("textual", "rich")) == []


def test_the_check_itself_sees_a_loaded_module() -> None:
    assert loaded_by("json", ("json", "torch")) == ["json"]

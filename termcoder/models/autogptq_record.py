"""What is known about a model that the user quantised: a `quantized.json` beside its tensors."""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RECORD = "quantized.json"


@dataclass(frozen=True, slots=True)
class Quantised:
    """A model of the user's own making. Texts are safe for a terminal; the figures are 0 where they aren't known."""

    origin: str
    method: str
    calibration: str
    group_size: int
    act_order: bool
    before: float
    after: float
    context_tokens: int
    licence: str

    @property
    def loss(self) -> str:
        """What it cost: "perplexity 3.41 -> 3.55 (+4.1 %)"; "" where it was not measured."""
        if not (self.before and self.after):
            return ""
        return f"perplexity {self.before:.3f} -> {self.after:.3f} ({(self.after / self.before - 1) * 100:+.1f} %)"

    @property
    def groups(self) -> str:
        """How the weights are grouped."""
        size = "whole rows" if self.group_size == -1 else f"groups of {self.group_size}"
        return f"int4, {size}{', activation order' if self.act_order else ''}"


def read(folder: Path) -> Quantised | None:
    """The record in a model's folder; None where there is none, or none that can be read. Never raises."""
    record: Any = None
    with suppress(OSError, ValueError, RecursionError):
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    if not isinstance(record, dict):
        return None
    options, figures = _table(record, "options"), _table(record, "figures")
    return Quantised(
        origin=_text(record.get("origin")),
        method=_text(record.get("method")),
        calibration=_text(_table(record, "calibration").get("source")),
        group_size=int(_number(options.get("group_size"))),
        act_order=options.get("act_order") is True,
        before=_number(figures.get("perplexity_before")),
        after=_number(figures.get("perplexity_after")),
        context_tokens=int(_number(record.get("context_tokens"))),
        licence=_text(record.get("licence")),
    )


def _table(record: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = record.get(key)
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return "".join(letter for letter in str(value or "") if letter.isprintable())[:500]


def _number(value: object) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e12
    return float(value) if is_number else 0.0  # type: ignore[arg-type]

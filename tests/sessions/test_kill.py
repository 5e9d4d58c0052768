"""A program that is killed in the middle loses no finished turn, and at most a second of the one it was writing."""

import random
import sys
from pathlib import Path

import pytest

from tests.sessions.streaming import trials

LONGEST = 1.0
"""Seconds of a stream that may be lost."""


def test_killed_at_random_moments(tmp_path: Path) -> None:
    chance = random.Random(1)
    losses = list(trials(tmp_path, [chance.uniform(0.1, 1.6) for _ in range(10)], at_once=5))
    assert sum(loss.turns for loss in losses) == 0
    assert max(loss.seconds for loss in losses) <= LONGEST
    assert sum(loss.finished for loss in losses) > 0, "it has finished turns at all"


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_killed_a_thousand_times(tmp_path: Path) -> None:
    chance = random.Random(2)
    losses = list(trials(tmp_path, [chance.uniform(0.05, 4.0) for _ in range(1000)], at_once=10))
    seconds = sorted(loss.seconds for loss in losses)
    finished, lost = (sum(values) for values in zip(*((loss.finished, loss.turns) for loss in losses), strict=True))
    told = f"{finished} finished turns, {lost} lost; seconds lost: median {seconds[500]:.2f}, most {seconds[-1]:.2f}"
    print(told, file=sys.stderr)
    assert (lost, seconds[-1] <= LONGEST) == (0, True), told

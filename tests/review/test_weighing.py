"""Answers of Yes and No become a confidence."""

import math

from hypothesis import given
from hypothesis import strategies as st

from termcoder.review.weighing import confidence, log_odds, mean

odds = st.floats(-24, 24)


def test_odds_are_of_the_answer_asked_about() -> None:
    assert math.isclose(log_odds({"Yes": 0.8, "No": 0.2}), math.log(4))
    assert math.isclose(log_odds({"Yes": 0.8, "No": 0.2}, "No"), -math.log(4))


def test_without_probabilities_nothing_is_known() -> None:
    assert log_odds(None) == 0.0
    assert mean([]) == 0.0


@given(st.floats(0, 1))
def test_odds_are_finite(chance: float) -> None:
    assert math.isfinite(log_odds({"Yes": chance, "No": 1 - chance}))


@given(odds, odds, odds, st.floats(0.1, 5))
def test_every_sign_against_a_change_counts(doubt: float, kind: float, holds: float, more: float) -> None:
    usual = confidence(doubt, kind, holds)
    assert 0 <= usual <= 1
    assert confidence(doubt + more, kind, holds) >= usual
    assert confidence(doubt, kind + more, holds) >= usual
    assert confidence(doubt, kind, holds + more) >= usual

"""Choices: what can be chosen from, how the chances are shared out, what a text means."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from termcoder.conversation import Message, Role
from termcoder.engine.base import Grammar, Request
from termcoder.engine.choices import check_choices, likeliest, meant, shared_out, spellings
from termcoder.errors import RequestError

QUESTION = (Message(Role.USER, "Does it hold?"),)
CHOICES = ("yes", "no", "maybe")
tellings = st.lists(st.tuples(st.sampled_from(CHOICES), st.floats(-2000, 0) | st.just(-math.inf)), max_size=12)


@pytest.mark.parametrize("choices", [(), ("yes", "no"), ("only",), tuple("abcdefghijklmnop")])
def test_choices_that_can_be_chosen_from(choices: tuple[str, ...]) -> None:
    check_choices(Request(QUESTION, choices=choices))


@pytest.mark.parametrize(
    "request_",
    [
        Request(QUESTION, choices=("yes", "no"), schema={"type": "string"}),
        Request(QUESTION, choices=("yes", "no"), grammar=Grammar('root ::= "yes"', "yes")),
        Request(QUESTION, choices=("yes", " ")),
        Request(QUESTION, choices=("yes", "yes")),
        Request(QUESTION, choices=tuple("abcdefghijklmnopq")),
    ],
)
def test_others_are_refused(request_: Request) -> None:
    with pytest.raises(RequestError, match="refused"):
        check_choices(request_)


def test_a_schema_alone_is_fine() -> None:
    check_choices(Request(QUESTION, schema={"type": "string"}))


def test_spellings_begin_with_the_choice_itself() -> None:
    assert spellings("yes") == ("yes", "Yes", "YES", " yes", " Yes", " YES")
    assert spellings("No")[0] == "No"


def test_spellings_of_a_choice_add_up() -> None:
    told = [("yes", math.log(0.2)), ("no", math.log(0.3)), ("yes", math.log(0.4))]
    assert shared_out(told, CHOICES) == pytest.approx({"yes": 2 / 3, "no": 1 / 3, "maybe": 0.0})


def test_very_small_probabilities_are_told_apart() -> None:
    chances = shared_out([("yes", -1500.0), ("no", -1501.0)], ("yes", "no"))
    assert chances == pytest.approx({"yes": 1 / (1 + math.exp(-1)), "no": 1 / (1 + math.e)})


@given(tellings)
def test_chances_sum_to_one_in_the_order_of_the_choices(told: list[tuple[str, float]]) -> None:
    chances = shared_out(told, CHOICES)
    if all(value == -math.inf for _, value in told):
        assert chances is None
        return
    assert chances is not None
    assert tuple(chances) == CHOICES
    assert sum(chances.values()) == pytest.approx(1.0)
    assert all(0.0 <= chance <= 1.0 for chance in chances.values())


def test_of_two_alike_the_first_is_the_likeliest() -> None:
    assert likeliest({"no": 0.5, "yes": 0.5}) == "no"


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("yes", "yes"),
        (" Yes.", "yes"),
        ("YES, because it is", "yes"),
        ("y", "yes"),
        ("no", "no"),
        ("No\nway", "no"),
        ("not", None),
        ("n", None),  # "no" or "none"
        ("none", "none"),
        ("", None),
        ("perhaps", None),
    ],
)
def test_what_a_text_means(text: str, choice: str | None) -> None:
    assert meant(text, ("yes", "no", "none")) == choice

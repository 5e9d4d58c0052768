"""Answers that are one of a few short texts, and how likely the model finds each of them.

An answer is chosen by how it begins. Backends hand in what the model says of its first token, and get the chances of
the choices back; the answer is the likeliest one, so that it never contradicts them.
"""

import math
from collections.abc import Iterable, Mapping, Sequence

from termcoder.engine.base import Request
from termcoder.errors import RequestError

MOST_CHOICES = 16
"""What vLLM can tell the probabilities of in one answer, each choice in all its spellings."""


def check_choices(request: Request) -> None:
    """Raise RequestError where the request's choices can't be chosen from."""
    choices, problem = request.choices, ""
    if request.schema is not None or request.grammar is not None:
        problem = "an answer under a schema or a grammar has no choices"
    elif len(choices) > MOST_CHOICES:
        problem = f"there are {len(choices)} choices, {MOST_CHOICES} are the most"
    elif not all(choice.strip() for choice in choices):
        problem = "a choice is empty"
    elif len(set(choices)) < len(choices):
        problem = "a choice is there twice"
    if choices and problem:
        raise RequestError(f"The engine refused the request: {problem}.")


def spellings(choice: str) -> tuple[str, ...]:
    """Ways to write a choice, itself first: other capitals, a space before it."""
    written = (choice, choice.lower(), choice.capitalize(), choice.upper())
    return tuple(dict.fromkeys((*written, *(f" {each}" for each in written))))


def shared_out(told: Iterable[tuple[str, float]], choices: Sequence[str]) -> dict[str, float] | None:
    """The chance of each choice among the choices; they sum to 1.

    `told`: choices with the natural logarithm of a probability; those of one choice add up, and a choice of which
    nothing is told has none. None where nothing is told of any.
    """
    known = [(choice, value) for choice, value in told if value > -math.inf]
    if not known:
        return None
    highest = max(value for _, value in known)
    weights = dict.fromkeys(choices, 0.0)
    for choice, value in known:
        weights[choice] += math.exp(value - highest)
    total = sum(weights.values())
    return {choice: weight / total for choice, weight in weights.items()}


def likeliest(chances: Mapping[str, float]) -> str:
    """The choice with the highest chance; of several the first."""
    return max(chances, key=lambda choice: chances[choice])


def meant(text: str, choices: Sequence[str]) -> str | None:
    """The one choice that `text` says, begins, or begins with, whatever the capitals; None where none or several."""
    said = text.strip().casefold()
    found = [choice for choice in choices if said and _fits(said, choice.strip().casefold())]
    exact = [choice for choice in found if choice.strip().casefold() == said]
    found = exact or found
    return found[0] if len(found) == 1 else None


def _fits(said: str, choice: str) -> bool:
    """Whether `said` is a beginning of the choice, or the choice is the first word of it."""
    return choice.startswith(said) or (said.startswith(choice) and not said[len(choice)].isalnum())

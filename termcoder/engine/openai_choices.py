"""Answers that are one of a few short texts, from servers: what is asked for, and what is made of what they tell."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from termcoder.engine.base import Chunk, Request, Sampling
from termcoder.engine.choices import likeliest, meant, shared_out

TOP_LOGPROBS = 20
"""The most that OpenAI's API tells for one token."""

SPARE_TOKENS = 4  # a space or a quotation mark before the answer


def as_chosen(request: Request) -> Request:
    """The same request, drawn so that its first choice of words is the likeliest, with room for the longest choice."""
    longest = max(len(choice.encode("utf-8", "replace")) for choice in request.choices)
    return replace(request, sampling=Sampling(0.0, 1.0, longest + SPARE_TOKENS))


class ChoiceReader:
    """Reads an answer that is to be one of the request's choices."""

    def __init__(self, request: Request) -> None:
        self._choices = request.choices
        self._text = ""
        self._told: list[tuple[str, float]] = []  # what the first word could have been

    def read(self, piece: Any) -> None:
        """Take in one event's part of the answer."""
        self._text += piece.delta.content or ""
        for token in getattr(piece.logprobs, "content", None) or ():
            if not self._told and token.token.strip():
                self._told = list(_alternatives(token))

    def chosen(self, last: Chunk) -> Chunk:
        """The one chunk of the answer, made from the `last` one of the stream."""
        known = [(choice, value) for said, value in self._told if (choice := meant(said, self._choices))]
        chances = shared_out(known, self._choices) or self._taken_at_its_word()
        return replace(last, text=likeliest(chances) if chances else self._text, chances=chances)

    def _taken_at_its_word(self) -> dict[str, float] | None:
        chosen = meant(self._text.strip().strip("\"'`*"), self._choices)
        return {choice: float(choice == chosen) for choice in self._choices} if chosen else None


def _alternatives(token: Any) -> Iterator[tuple[str, float]]:
    """The token and those that could have stood in its place, each once, with its log-probability."""
    told = {token.token: token.logprob}
    told.update((other.token, other.logprob) for other in token.top_logprobs or ())
    yield from told.items()

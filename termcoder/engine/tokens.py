"""Turning messages into the model's tokens, with what was counted once remembered."""

import functools
import re
from collections.abc import Sequence
from typing import Any

from termcoder.conversation import Message, Role
from termcoder.engine.choices import spellings

REMEMBERED_PIECES = 1024

_PROBE = (
    Message(Role.SYSTEM, "You are brief."),
    Message(Role.USER, "  def f(x):\n\treturn 'naïve 猫 🐈'\n\n"),
    Message(Role.ASSISTANT, "Fine.\n"),
    Message(Role.USER, "\nAnd now?"),
)


class PromptEncoder:
    """The prompt that messages become, in tokens: the model's own template and tokenizer.

    A prompt is cut at the model's special tokens, and the pieces between are encoded one by one and remembered,
    so that one more key in a long conversation costs one short piece. Where a tokenizer doesn't work piece by piece
    (it is tried once), prompts are encoded whole. Safe to use from several threads.
    """

    def __init__(self, tokenizer: Any) -> None:
        """`tokenizer`: a fast Hugging Face tokenizer with a chat template. Raises ValueError where it has none."""
        self._tokenizer = tokenizer
        self._backend = tokenizer.backend_tokenizer
        self._piece = functools.lru_cache(REMEMBERED_PIECES)(self._encode)
        added = self._backend.get_added_tokens_decoder()
        self._ids = {token.content: number for number, token in added.items()}
        plain = not any(t.lstrip or t.rstrip or t.single_word or t.normalized for t in added.values() if t.special)
        names = sorted((t.content for t in added.values() if t.special), key=len, reverse=True)
        self._names = re.compile(f"({'|'.join(map(re.escape, names))})") if names else None
        self._special = self._names if plain else None
        probe = self.render(_PROBE)
        if self._special is not None and self._by_pieces(probe) != list(self._encode(probe)):
            self._special = None
        self._header = self._special.split(probe)[-1] if self._special is not None else ""

    def render(self, messages: Sequence[Message]) -> str:
        """The prompt's text. Raises ValueError where the model's template refuses these messages."""
        turns = [{"role": str(message.role), "content": self._inert(message.content)} for message in messages]
        try:
            return str(self._tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True))
        except Exception as error:  # templates raise errors of their own
            raise ValueError(f"the model's chat template refuses the messages: {error}") from error

    def _inert(self, text: str) -> str:
        """`text` with the names of special tokens split by a space: a file can't end its message and begin another."""
        return self._names.sub(lambda match: f"{match[0][0]} {match[0][1:]}", text) if self._names else text

    def encode(self, messages: Sequence[Message]) -> list[int]:
        """The prompt's tokens. Takes a while for a long prompt: call it in a thread."""
        return self._by_pieces(self.render(messages))

    def beginnings(self, choices: Sequence[str]) -> dict[int, str]:
        """The tokens that an answer can begin with, and the choice that each of them means.

        A choice is known by its first token. Another spelling of it ("Yes", " yes") counts where it is a token of its
        own, which can't begin anything else. Raises ValueError where two choices begin alike.
        """
        own: dict[int, str] = {}
        for choice in choices:
            token = self._after_header(choice)[0]
            if token in own:
                raise ValueError(f"the choices {own[token]!r} and {choice!r} begin alike for the model")
            own[token] = choice
        others: dict[int, set[str]] = {}
        for choice in choices:
            for written in spellings(choice):
                if len(tokens := self._after_header(written)) == 1:
                    others.setdefault(tokens[0], set()).add(choice)
        return {token: meant.pop() for token, meant in others.items() if len(meant) == 1} | own

    def _after_header(self, text: str) -> tuple[int, ...]:
        """The tokens of `text` as an answer, behind what the template puts before it."""
        header, both = self._piece(self._header), self._piece(self._header + text)
        return both[len(header) :] if both[: len(header)] == header and both != header else self._piece(text)

    def _by_pieces(self, text: str) -> list[int]:
        if self._special is None:
            return list(self._piece(text))
        tokens: list[int] = []
        for place, piece in enumerate(self._special.split(text)):
            if place % 2:
                tokens.append(self._ids[piece])
            elif piece:
                tokens.extend(self._piece(piece))
        return tokens

    def _encode(self, text: str) -> tuple[int, ...]:
        return tuple(self._backend.encode(text, add_special_tokens=False).ids)

"""Which parts of a prompt fit the model's context. Nothing is left out without a name for it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from termcoder.conversation import Message

CountTokens = Callable[[Sequence[Message]], Awaitable[int]]


@dataclass(frozen=True, slots=True)
class ContextItem:
    """Messages that stay or go together. `name` is what a user is told when they go."""

    name: str
    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Fitted:
    """A prompt that fits: its messages, the tokens they take, and the names of what was left out."""

    messages: tuple[Message, ...]
    tokens: int
    dropped: tuple[str, ...] = ()


async def fit(
    head: Sequence[Message],
    items: Sequence[ContextItem],
    tail: Sequence[Message],
    budget: int,
    count_tokens: CountTokens,
    step: int = 4,
) -> Fitted:
    """Keep `head` and `tail`, and of `items` the newest that fit into `budget` tokens.

    Items go oldest first, and `step` at a time: the prompt's beginning then stays the same for several
    turns, so that the engine's prefix cache still serves it. If not even head and tail fit, they are
    returned all the same, with all items dropped: the caller compares `tokens` to its budget.
    Neighbouring messages of one role become one: models are trained on speakers that take turns.
    """
    start = 0
    while True:
        messages = joined((*head, *(message for item in items[start:] for message in item.messages), *tail))
        tokens = await count_tokens(messages)
        if tokens <= budget or start >= len(items):
            return Fitted(messages, tokens, tuple(item.name for item in items[:start]))
        start = min(start + step, len(items))


def joined(messages: Sequence[Message]) -> tuple[Message, ...]:
    """The messages, neighbours of one role put together with an empty line between them."""
    result: list[Message] = []
    for message in messages:
        if result and result[-1].role is message.role:
            result[-1] = Message(message.role, f"{result[-1].content.rstrip()}\n\n{message.content}")
        else:
            result.append(message)
    return tuple(result)

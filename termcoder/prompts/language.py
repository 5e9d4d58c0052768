"""In which language answers are: a line in the fixed part of a prompt."""

from collections.abc import Sequence
from dataclasses import replace

from termcoder.conversation import Message, Role


def reply_line(language: str) -> str:
    """The sentence that asks for answers in `language`, a name in English such as "German"; "" for "".

    Small models reason better in English than in Chinese, so there they are told to do the one before the other.
    """
    name = " ".join(language.split())
    if not name:
        return ""
    thinking = "Think in English, answer in Chinese." if name.lower().startswith("chinese") else f"Answer in {name}."
    return f"{thinking} Leave code, names and paths as they are."


def answered_in(head: Sequence[Message], language: str) -> tuple[Message, ...]:
    """`head` with that sentence at the end of its system message."""
    line = reply_line(language)
    if not line or not head or head[0].role is not Role.SYSTEM:
        return tuple(head)
    return (replace(head[0], content=f"{head[0].content.rstrip()}\n\n{line}\n"), *head[1:])

"""What a conversation is made of: frozen values that every part of the program shares."""

from dataclasses import dataclass, field
from enum import StrEnum


class Role(StrEnum):
    """Who speaks."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"


@dataclass(frozen=True, slots=True)
class Message:
    """One message as the model's chat template takes it."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Usage:
    """Exact token counts of one answer, as the engine reports them.

    `cached_tokens` is the part of `prompt_tokens` that the prefix cache served; `seconds` is the time
    from the first to the last token of the answer, `first_token_seconds` the wait before the first.
    """

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    seconds: float = 0.0
    first_token_seconds: float = 0.0

    @property
    def total_tokens(self) -> int:
        """Prompt and answer together."""
        return self.prompt_tokens + self.completion_tokens

    @property
    def tokens_per_second(self) -> float:
        """Decode speed; 0.0 where there are too few tokens to tell."""
        if self.completion_tokens < 2 or self.seconds <= 0:
            return 0.0
        return (self.completion_tokens - 1) / self.seconds


class TurnState(StrEnum):
    """How a turn ended."""

    COMPLETE = "complete"
    LENGTH = "length"  # the answer hit its token limit
    INTERRUPTED = "interrupted"  # cancelled, or the program ended
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A project file the user attached: its path below the project's root, and its text when sent."""

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class Turn:
    """A question and its answer.

    `id` is unique in its session. `question` is what the user typed, `@file` marks included; `sent` is what the model
    gets in place of it and of the files, where that differs, and `template` the name of what it was made with.
    `written` is the answer as the model wrote it, where `answer` is a translation.
    `started_at` is an ISO 8601 time in UTC. `error` is for `FAILED` turns: what went wrong.
    """

    id: str
    question: str
    answer: str = ""
    state: TurnState = TurnState.COMPLETE
    attachments: tuple[Attachment, ...] = ()
    usage: Usage = field(default_factory=Usage)
    model: str = ""
    seed: int | None = None
    started_at: str = ""
    error: str = ""
    template: str = ""
    sent: str = ""
    written: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """What the model is told of older turns in place of them.

    `text` is plain text, a line for each thing. `through` is the id of the last turn it stands for, "" where it stands
    for none yet. `edited`: the user has changed it.
    """

    text: str = ""
    through: str = ""
    edited: bool = False

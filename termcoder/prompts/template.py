"""What a template is: who says what to the model, with variables in the places of what is only known later."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from termcoder.conversation import Message, Role
from termcoder.errors import PromptError
from termcoder.prompts.delimiters import fill, names_in
from termcoder.prompts.regular import ebnf_of_choices, ebnf_of_regex

SPEAKERS = {f"[{role.value}]": role for role in Role}
"""The lines that begin a section of a body."""

OFFERED: Mapping[str, str] = {
    "files": "the attached files, each in a tag of its own with its path",
    "path": "the path of the first attached file",
    "language": "its language, as a fence names it",
    "code": "its text, or the lines of it that were named",
    "context": "the lines around those lines",
    "question": "what was typed after the template's name",
    "instruction": "the same as $question",
}
"""What a template that a user picks can use."""


class Place(StrEnum):
    """Where a template comes from. A later place wins over those before it."""

    SHIPPED = "shipped"
    USER = "user"
    PROJECT = "project"


@dataclass(frozen=True, slots=True)
class PromptSampling:
    """How answers are drawn, where a template says so. None: as the settings say."""

    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What an answer can be: any text, or what one of these admits.

    `regex` must match the whole answer, as `example` shows.
    """

    schema: Mapping[str, object] | None = None
    regex: str = ""
    choices: tuple[str, ...] = ()
    example: str = ""

    @property
    def is_text(self) -> bool:
        """Whether any text will do."""
        return self.schema is None and not self.ebnf

    @property
    def ebnf(self) -> str:
        """A grammar for the answer; "" where a schema is it, or any text will do. Raises ValueError."""
        if self.regex:
            return ebnf_of_regex(self.regex)
        return ebnf_of_choices(self.choices) if self.choices else ""


@dataclass(frozen=True, slots=True)
class PromptTemplate:
    """One template.

    - `declared`: what its author says of each variable. `inline`: those that are short and of one line, which need no
      delimiters.
    - `origin`: where it was read, for messages. `trial`: what was tried, and with which result.
    """

    name: str
    feature: str
    description: str
    body: str
    origin: str
    declared: Mapping[str, str] = field(default_factory=dict)
    inline: frozenset[str] = frozenset()
    sampling: PromptSampling = PromptSampling()
    answer: Answer = Answer()
    trial: str = ""
    place: Place = Place.SHIPPED

    @property
    def variables(self) -> frozenset[str]:
        """The names that `render` needs."""
        return names_in(self.body)

    @property
    def sections(self) -> tuple[Message, ...]:
        """Who says what, before anything is filled in; empty where the body has no speakers."""
        return tuple(_sections(self.body))

    @property
    def is_picked(self) -> bool:
        """Whether a user picks it by its name: it has a fixed part and a task. Others are pieces of a feature."""
        roles = [section.role for section in self.sections]
        return len(roles) > 1 and roles[0] is Role.SYSTEM and roles[-1] is Role.USER

    @property
    def head(self) -> tuple[Message, ...]:
        """What stays the same from turn to turn: all but the task."""
        return self.sections[:-1]

    def task(self, **values: str) -> str:
        """The last section, filled in: what is sent as the question. Raises PromptError as `render` does."""
        if not self.is_picked:
            raise PromptError(f"The template {self.name!r} has no task.", remedy=f"See {self.origin}.")
        return self._filled(self.sections[-1].content, values)

    def messages(self, **values: str) -> tuple[Message, ...]:
        """The whole prompt: `head`, then the task. Raises PromptError as `render` does."""
        return (*self.head, Message(Role.USER, self.task(**values)))

    def render(self, **values: str) -> str:
        """Fill the body in. Raises PromptError naming the first missing variable.

        A value can't end the delimiters it stands in, and a paragraph whose variables are all empty is left out.
        """
        return self._filled(self.body, values)

    def _filled(self, text: str, values: Mapping[str, str]) -> str:
        try:
            return fill(text, values)
        except KeyError as missing:
            raise PromptError(
                f"The template {self.name!r} needs a value for ${missing.args[0]}.", remedy=f"See {self.origin}."
            ) from missing


def _sections(body: str) -> list[Message]:
    lines = body.splitlines()
    if not lines or lines[0] not in SPEAKERS:
        return []
    starts = [at for at, line in enumerate(lines) if line in SPEAKERS]
    ends = [*starts[1:], len(lines)]
    return [
        Message(SPEAKERS[lines[start]], "\n".join(lines[start + 1 : end]).strip("\n") + "\n")
        for start, end in zip(starts, ends, strict=True)
    ]
